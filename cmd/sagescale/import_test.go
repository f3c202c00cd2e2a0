package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"sagescale/internal/activity"
	"sagescale/internal/policyfile"
)

// office is a scheduled action.
func office() map[string]any {
	return map[string]any{"ScheduledActionName": "office", "ResourceId": blue, "Schedule": "cron(0 8 ? * MON-FRI *)", "Timezone": "Europe/Paris",
		"ScalableTargetAction": map[string]any{"MinCapacity": 1, "MaxCapacity": 8}}
}

// What people see of an import: the policy, what differs, and what machines get.
func TestImport(t *testing.T) {
	whole := func() *registrar {
		a := registeredChat(2050)
		a.policies = []map[string]any{requestsPolicy(700)}
		a.actions = []map[string]any{office()}
		return a
	}
	for name, tt := range map[string]struct {
		account func() *registrar
		args    []string
	}{
		"complete": {whole, []string{"import chat-llm", "import chat-llm/AllTraffic --out scaling.yaml", "import chat-llm --format json"}},
		"left-out": {func() *registrar {
			a := whole()
			a.policies = append(a.policies, slowPolicy())
			a.alarms = []cbor.Map{slowAlarm("p90")}
			return a
		}, []string{"import chat-llm", "import chat-llm --out scaling.yaml"}},
		"several": {func() *registrar {
			a := whole()
			a.endpoints["chat-llm"].Variants = append(a.endpoints["chat-llm"].Variants, activity.Variant{Name: "Shadow", Current: 1, Desired: 1})
			a.endpoints["embed"] = &activity.Endpoint{Status: "InService", Variants: []activity.Variant{{Name: "green", Current: 1, Desired: 1}}}
			a.targets = append(a.targets, map[string]any{"ResourceId": "endpoint/embed/variant/green", "MinCapacity": 0, "MaxCapacity": 2, "SuspendedState": suspension(true, true, true)})
			return a
		}, []string{"import chat-llm embed --out scaling.yaml", "import chat-llm embed --out scaling.yaml --force"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := tt.account()
			a.use(t)
			golden, err := filepath.Abs(filepath.Join("testdata", "import", name+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir(t.TempDir())
			transcript(t, golden, tt.args...)
			if text, err := os.ReadFile("scaling.yaml"); err == nil {
				if _, err := policyfile.Parse("scaling.yaml", text); err != nil {
					t.Errorf("%v\n%s", err, text)
				}
			}
			for _, operation := range a.asked {
				if !strings.HasPrefix(operation, "Describe") {
					t.Errorf("import calls %s", operation)
				}
			}
		})
	}
}

// daily is a load that rises and falls within a day, by up to eight instances.
func daily(_ string, at time.Time) float64 {
	return math.Round(4000 + 3600*math.Sin(2*math.Pi*float64(at.Unix()%86400)/86400))
}

// Both meet the same load: sagescale by the new policy, Application Auto Scaling at what
// is registered, which its scores follow.
func TestImportBacktest(t *testing.T) {
	replayed := func(change func(*registrar), args ...string) (code int, out, errs string) {
		a := registeredChat(0)
		a.load = daily
		a.policies = []map[string]any{requestsPolicy(700)}
		change(a)
		a.use(t)
		t.Chdir(t.TempDir())
		return operate(t, append([]string{"import", "chat-llm/AllTraffic", "--backtest", "--days", "2", "--instance-capacity", "1000"}, args...)...)
	}
	type scored struct {
		Complete bool
		Backtest struct {
			Notes   []string
			Results []struct {
				Name          string
				LostFraction  float64 `json:"lost_fraction"`
				InstanceHours float64 `json:"instance_hours"`
				ScaleIns      int     `json:"scale_ins"`
			}
		}
	}
	read := func(change func(*registrar)) scored {
		code, out, errs := replayed(change, "--format", "json")
		var got scored
		if err := json.Unmarshal([]byte(out), &got); code != exitDone || err != nil || len(got.Backtest.Results) != 3 || got.Backtest.Results[1].Name != "application-auto-scaling" {
			t.Fatalf("exit code %d, %v: %s%s", code, err, out, errs)
		}
		return got
	}
	same := func(*registrar) {}
	base := read(same)
	denser := read(func(a *registrar) { a.policies = []map[string]any{requestsPolicy(900)} })
	if base.Backtest.Results[1].InstanceHours <= denser.Backtest.Results[1].InstanceHours {
		t.Errorf("the registered target is not replayed: %+v, %+v", base, denser)
	}
	configuration := func(a *registrar) map[string]any {
		return a.policies[0]["TargetTrackingScalingPolicyConfiguration"].(map[string]any)
	}
	out := read(func(a *registrar) { configuration(a)["DisableScaleIn"] = true })
	for _, r := range out.Backtest.Results[:2] {
		if r.ScaleIns != 0 {
			t.Errorf("a scale-in that is disabled: %+v", r)
		}
	}
	slow := read(func(a *registrar) { configuration(a)["ScaleInCooldown"] = 36000 })
	if slow.Backtest.Results[1].ScaleIns >= base.Backtest.Results[1].ScaleIns {
		t.Errorf("the registered cooldown is not replayed: %+v, %+v", base, slow)
	}
	suspended := read(func(a *registrar) { a.targets[0]["SuspendedState"] = suspension(true, true, true) })
	if n := len(suspended.Backtest.Notes); suspended.Backtest.Results[0].ScaleIns == 0 || !slices.ContainsFunc(suspended.Backtest.Notes, func(s string) bool { return strings.Contains(s, "as if no scaling were suspended") }) {
		t.Errorf("%d notes: %+v", n, suspended)
	}

	stepped := read(func(a *registrar) {
		a.policies = append(a.policies, slowPolicy())
		alarm := slowAlarm("p90")
		delete(alarm, "ExtendedStatistic")
		alarm["Statistic"] = cbor.String("Maximum")
		a.alarms = []cbor.Map{alarm}
	})
	if !slices.ContainsFunc(stepped.Backtest.Notes, func(s string) bool { return strings.HasSuffix(s, "the metrics of other policies (1).") }) {
		t.Errorf("a policy without a say: %+v", stepped)
	}

	code, text, errs := replayed(same, "--out", "scaling.yaml", "--report", "out.html")
	for _, want := range []string{"application-auto-scaling", "oracle", "replayed at what is registered: 700 requests a minute on an instance, limits 1 to 8.", "The policy is in scaling.yaml."} {
		if code != exitDone || !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
			t.Errorf("exit code %d: no %q in %s%s", code, want, text, errs)
		}
	}
	page, err := os.ReadFile("out.html")
	if err != nil || !strings.Contains(string(page), "sagescale import --backtest=true --days 2 --instance-capacity 1000 --out scaling.yaml --report out.html chat-llm/AllTraffic") {
		t.Errorf("%v: no command in the report", err)
	}
}

// Whatever is wrong is said in a line or two, with what to do; no file is written.
func TestImportRefusals(t *testing.T) {
	for _, tt := range []struct {
		args, denies, want string
		code               int
		change             func(*registrar)
	}{
		{args: "import", want: "requires at least 1 arg(s), only received 0; see sagescale import --help", code: exitInvalid},
		{args: "import chat_llm", want: `"chat_llm" is not the name of an endpoint; see sagescale import --help`, code: exitInvalid},
		{args: "import chat-lm", want: "there is no endpoint chat-lm in eu-west-1", code: exitInvalid},
		{args: "import chat-llm chat-llm/AllTraffic", want: "chat-llm and chat-llm/AllTraffic name a variant twice: give one of the two", code: exitInvalid},
		{args: "import chat-llm/AllTraffic embed chat-llm", want: "chat-llm/AllTraffic and chat-llm name a variant twice", code: exitInvalid},
		{args: "import chat-llm/AllTraffic chat-llm/AllTraffic", want: "name a variant twice", code: exitInvalid},
		{args: "import chat-llm/AllTraffic chat-llm/Other", want: "endpoint chat-llm has no variant Other", code: exitInvalid},
		{args: "import Chat-LLM", want: "SageMaker calls endpoint Chat-LLM chat-llm: write the name as it does", code: exitInvalid},
		{args: "import chat-llm/Alltraffic", want: "endpoint chat-llm has no variant Alltraffic: it has AllTraffic", code: exitInvalid},
		{args: "import chat-llm --format xml", want: `--format "xml" is neither text nor json`, code: exitInvalid},
		{args: "import chat-llm --out exists.yaml", want: "exists.yaml exists: give another --out, or --force to write over it", code: exitInvalid},
		{args: "import chat-llm --out . --force", want: "not a regular file", code: exitInvalid},
		{args: "import chat-llm --days 3", want: "--days is for --backtest, which is not given", code: exitInvalid},
		{args: "import chat-llm --backtest", want: "give --out FILE, or --format json", code: exitInvalid},
		{args: "import chat-llm --backtest --out a --days 64", want: "--days 64 is not from 1 to 63", code: exitInvalid},
		{args: "import chat-llm --backtest --out a --devices 0", want: "--devices 0 is not from 1 to 1024", code: exitInvalid},
		{args: "import chat-llm --backtest --out a --price 0", want: "--price 0 is not above 0", code: exitInvalid},
		{args: "import chat-llm --backtest --out a --instance-capacity -1", want: "--instance-capacity -1 is not above 0", code: exitInvalid},
		{args: "import chat-llm --backtest --out a --provisioning 0s", want: "--provisioning 0s is not from", code: exitInvalid},
		{args: "import chat-llm --backtest --out a --report a", want: "--report and --out are the same file, a", code: exitInvalid},
		{args: "import chat-llm --backtest --out a", want: "--backtest needs a policy that tracks InvocationsPerInstance", code: exitInvalid, change: func(a *registrar) { a.policies = nil }},
		{args: "import chat-llm --backtest --out a", want: "CloudWatch has no Invocations of endpoint chat-llm, variant AllTraffic in eu-west-1", code: exitInvalid,
			change: func(a *registrar) { a.load = func(string, time.Time) float64 { return math.NaN() } }},
		{args: "import chat-llm embed --backtest --out a", want: "--backtest replays one variant, and 2 are registered: name it, as chat-llm/AllTraffic", code: exitInvalid},
		{args: "import shadow", want: "nothing is registered with Application Auto Scaling for shadow/b in eu-west-1, so there is nothing to import: look in another Region by --region", code: exitFailed},
		{args: "import chat-llm", denies: "DescribeEndpoint", want: "these credentials lack the IAM action sagemaker:DescribeEndpoint", code: exitFailed},
		{args: "import chat-llm", denies: "DescribeScalableTargets", want: "these credentials lack the IAM action application-autoscaling:DescribeScalableTargets", code: exitFailed},
		{args: "import chat-llm", denies: "DescribeScalingPolicies", want: "these credentials lack the IAM action application-autoscaling:DescribeScalingPolicies", code: exitFailed},
		{args: "import chat-llm", denies: "DescribeScheduledActions", want: "these credentials lack the IAM action application-autoscaling:DescribeScheduledActions", code: exitFailed},
		{args: "import chat-llm", denies: "DescribeAlarms", want: "these credentials lack the IAM action cloudwatch:DescribeAlarms", code: exitFailed,
			change: func(a *registrar) { a.policies = append(a.policies, slowPolicy()) }},
		{args: "import chat-llm --backtest --out a", denies: "GetMetricData", want: "cloudwatch:GetMetricData", code: exitFailed},
		{args: "import chat-llm", want: "not \ufffd[31mtoday", code: exitFailed, change: func(a *registrar) { a.failing = "DescribeScalableTargets" }},
		{args: "import chat-llm", want: "make a policy of the registration of chat-llm/AllTraffic: minCapacity: 9: must be at most maxCapacity (8)", code: exitFailed,
			change: func(a *registrar) { a.targets[0]["MinCapacity"] = 9 }},
	} {
		a := registeredChat(2050)
		a.policies = []map[string]any{requestsPolicy(700)}
		a.endpoints["shadow"] = &activity.Endpoint{Status: "InService", Variants: []activity.Variant{{Name: "b"}}}
		a.endpoints["embed"] = &activity.Endpoint{Status: "InService", Variants: []activity.Variant{{Name: "green"}}}
		a.targets = append(a.targets, map[string]any{"ResourceId": "endpoint/embed/variant/green", "MinCapacity": 1, "MaxCapacity": 2})
		if tt.change != nil {
			tt.change(a)
		}
		a.denies = tt.denies
		a.use(t)
		t.Chdir(t.TempDir())
		write(t, "exists.yaml", "mine\n")
		code, out, errs := operate(t, strings.Fields(tt.args)...)
		if code != tt.code || out != "" || !strings.Contains(errs, tt.want) {
			t.Errorf("%s: exit code %d, output %q, said %q, want %q", tt.args, code, out, errs, tt.want)
		}
		if files, err := os.ReadDir("."); err != nil || len(files) != 1 {
			t.Errorf("%s: %v leaves %v", tt.args, err, files)
		}
	}
}

// A variant that is not scaled by its instances is refused with the reason.
func TestImportOfAServerlessVariant(t *testing.T) {
	a := registeredChat(0)
	a.endpoints["chat-llm"].Variants[0].Unsupported = "serverless"
	a.use(t)
	code, _, errs := operate(t, "import", "chat-llm")
	if code != exitFailed || !strings.Contains(errs, "sagescale does not scale chat-llm: the variant is serverless") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

// The commands that the README shows do what it says.
func TestReadmeMoves(t *testing.T) {
	_, text, _ := strings.Cut(openReadme(t).text, "## Moving from Application Auto Scaling\n")
	text, _, _ = strings.Cut(text, "\n## ")
	a := registeredChat(2050)
	a.policies, a.actions = []map[string]any{requestsPolicy(700)}, []map[string]any{office()}
	a.use(t)
	t.Chdir(t.TempDir())
	done := 0
	for line := range strings.Lines(text) {
		command, found := strings.CutPrefix(line, "    bin/sagescale ")
		if !found {
			continue
		}
		command, _, _ = strings.Cut(command, " #")
		if code, out, errs := operate(t, strings.Fields(command)...); code != exitDone {
			t.Errorf("%s: exit code %d: %s%s", command, code, out, errs)
		}
		done++
	}
	if done != 4 || !slices.Contains(a.asked, "RegisterScalableTarget") {
		t.Errorf("README.md shows %d commands", done)
	}
	if state := a.targets[0]["SuspendedState"].(map[string]any); state["DynamicScalingInSuspended"] != false {
		t.Errorf("there and back: %v", state)
	}
}
