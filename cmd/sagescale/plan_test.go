package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
)

// tracked is a policy of one target that is kept at 700 requests a minute and instance.
const tracked = `version: 1
targets:
- endpoint: chat-llm
  variant: AllTraffic
  minCapacity: 1
  maxCapacity: 8
  targetTracking:
  - {metric: InvocationsPerInstance, targetValue: 700}
`

// scheduled is tracked by a minimum from eight in the morning on.
const scheduled = tracked + `  scheduledActions:
  - {name: office-hours, schedule: cron(0 8 ? * MON-FRI *), minCapacity: 2, maxCapacity: 8, duration: 10h}
`

func TestPlan(t *testing.T) {
	for name, tt := range map[string]struct {
		account func() *deployed
		args    []string
	}{
		"scales-out": {func() *deployed { return chat(scheduled, 3150) }, []string{"plan --price 7.09", "plan --exit-code", "plan --format json --price 7.09"}},
		"stays":      {func() *deployed { return chat(tracked, 2050) }, []string{"plan", "plan --exit-code"}},
		"held": {func() *deployed {
			a := chat(tracked, 3150)
			a.endpoints["chat-llm"].Status = "Updating"
			a.remember(activity.State{Endpoint: "chat-llm", Version: 4, Known: map[string]activity.Known{"AllTraffic": {Capacity: 3, At: today().Add(-time.Hour)}},
				CreationTime: a.endpoints["chat-llm"].CreationTime, Config: "chat-llm-1"})
			return a
		}, []string{"plan --exit-code"}},
		"needs-help": {func() *deployed {
			a := chat(tracked, 3150)
			a.scalers = map[string]bool{"endpoint/chat-llm/variant/AllTraffic": true}
			return a
		}, []string{"plan --exit-code"}},
		"no-endpoint": {func() *deployed {
			a := chat(tracked, 3150)
			delete(a.endpoints, "chat-llm")
			return a
		}, []string{"plan --price chat-llm/AllTraffic=7.09"}},
		"override": {func() *deployed {
			a := chat(tracked, 3150)
			a.put("chat-llm", "override#AllTraffic", map[string]any{"override": map[string]any{
				"S": `{"minCapacity":6,"maxCapacity":6,"until":"2026-11-23T12:00:00Z","by":"user/anna","reason":"launch"}`}})
			return a
		}, []string{"plan"}},
		"dry-run": {func() *deployed { return chat(tracked+"  dryRun: true\n", 3150) }, []string{"plan --exit-code"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := tt.account()
			a.use(t)
			transcript(t, "plan/"+name+".txt", tt.args...)
			for _, operation := range a.asked {
				if strings.HasPrefix(operation, "Put") || strings.HasPrefix(operation, "Update") || strings.HasPrefix(operation, "Transact") {
					t.Errorf("plan calls %s", operation)
				}
			}
		})
	}
}

// A file takes the place of the deployed policy, which is not even read.
func TestPlanOfAFile(t *testing.T) {
	a := chat("nonsense", 3150)
	a.use(t)
	file := filepath.Join(t.TempDir(), "scaling.yaml")
	if err := os.WriteFile(file, []byte(strings.Replace(tracked, "700", "350", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	code, out, errs := operate(t, "plan", "--policy", file, "--exit-code")
	if code != exitChanges || !strings.Contains(out, "chat-llm/AllTraffic scales out from 3 to 8") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}

// many are so many targets of a policy file.
func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "- {endpoint: e%d, variant: v}\n", i)
	}
	return b.String()
}

// Whatever is wrong is said in a line or two, and names what to do.
func TestPlanRefusals(t *testing.T) {
	for _, tt := range []struct {
		args, policy, denies, want string
		code                       int
	}{
		{"plan chat-lm", tracked, "", "the policy has no target chat-lm: it has chat-llm/AllTraffic; did you mean chat-llm?", exitInvalid},
		{"plan chat-llm/Alltrafic", tracked, "", "it has chat-llm/AllTraffic; did you mean chat-llm/AllTraffic?", exitInvalid},
		{"plan nobody", "version: 1\ndefaults: {minCapacity: 1, maxCapacity: 2}\ntargets:\n" + many(8), "",
			"the policy has no target nobody: it has e0/v, e1/v, e2/v, e3/v, e4/v and 3 more\n", exitInvalid},
		{"plan chat-llm/Blue", tracked, "", "the policy has no target chat-llm/Blue: it has chat-llm/AllTraffic", exitInvalid},
		{"plan chat_llm", tracked, "", `"chat_llm" is not the name of an endpoint; see sagescale plan --help`, exitInvalid},
		{"plan --price free", tracked, "", `--price "free" is not a price in US dollars such as 7.09`, exitInvalid},
		{"plan --price chat=7", tracked, "", `--price "chat" is not the name of an endpoint, a slash`, exitInvalid},
		{"plan --price NaN", tracked, "", `--price "NaN" is not a price`, exitInvalid},
		{"plan --format xml", tracked, "", `--format "xml" is neither text nor json`, exitInvalid},
		{"plan --policy none.yaml", tracked, "", "none.yaml", exitInvalid},
		{"plan --stack none", tracked, "", "name it by --stack", exitInvalid},
		{"plan", "version: 1\n", "", "read the deployed policy, which this version does not understand", exitInvalid},
		{"plan", tracked, "GetFunction", "these credentials lack the IAM action lambda:GetFunction", exitFailed},
		{"plan", tracked, "DescribeStacks", "these credentials lack the IAM action cloudformation:DescribeStacks", exitFailed},
		{"plan", tracked, "Query", "these credentials lack the IAM action dynamodb:Query", exitFailed},
		{"plan", tracked, "DescribeEndpoint", "these credentials lack the IAM action sagemaker:DescribeEndpoint", exitFailed},
	} {
		a := chat(tt.policy, 3150)
		a.denies = tt.denies
		a.use(t)
		code, out, errs := operate(t, strings.Fields(tt.args)...)
		if code != tt.code || out != "" || !strings.Contains(errs, tt.want) {
			t.Errorf("%s: exit code %d, output %q, said %q, want %q", tt.args, code, out, errs, tt.want)
		}
	}
}
