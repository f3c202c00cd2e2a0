package policyfile_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"sagescale/internal/policy"
	"sagescale/internal/policyfile"
	"sagescale/internal/schedule"
)

// head begins a policy file whose one target ends where more can be added.
const head = `version: 1
targets:
- endpoint: chat-llm
  variant: AllTraffic
  minCapacity: 1
  maxCapacity: 8
`

func ExampleParse() {
	_, err := policyfile.Parse("scaling.yaml", []byte(`version: 1
targets:
- endpoint: chat-llm
  variant: AllTraffic
  minCapacity: 0
  maxCapcity: 8
  scaleOutCooldown: 300
`))
	fmt.Println(err)
	// Output:
	// scaling.yaml:5:16: targets[0].minCapacity: 0: must be a whole number from 1 to 2147483647
	// scaling.yaml:6:3: targets[0].maxCapcity: is not a known field: did you mean maxCapacity?
	// scaling.yaml:7:21: targets[0].scaleOutCooldown: 300: must be a duration such as 300s: write the unit
}

// TestSamples: the samples are valid, for the schema too, and have every field.
func TestSamples(t *testing.T) {
	for _, name := range []string{"testdata/minimal.yaml", "testdata/full.yaml"} {
		p, err := policyfile.Load(name)
		if err != nil || p == nil {
			t.Errorf("Load(%s): %v", name, err)
		}
		if err := validate(t, mustRead(t, name)); err != nil {
			t.Errorf("schema on %s: %v", name, err)
		}
	}
}

// TestFullHasEveryField: the sample shows each field that is supported, somewhere.
func TestFullHasEveryField(t *testing.T) {
	var root yaml.Node
	if err := yaml.Load(mustRead(t, "testdata/full.yaml"), &root); err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	show(root.Content[0], reflect.TypeFor[policy.Spec](), shown)
	for field, shown := range shown {
		if !shown {
			t.Errorf("%s is missing", field)
		}
	}
	if len(shown) < 60 {
		t.Errorf("%d fields", len(shown))
	}
}

// show notes the fields of a type, true for those that stand at n.
func show(n *yaml.Node, of reflect.Type, shown map[string]bool) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind == yaml.SequenceNode && of.Kind() == reflect.Slice {
		for _, item := range n.Content {
			show(item, of.Elem(), shown)
		}
		return
	}
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct || n.Kind != yaml.MappingNode {
		return
	}
	for f := range of.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous {
			show(n, f.Type, shown)
		}
		if name == "" || name == "-" {
			continue
		}
		field := of.Name() + "." + name
		shown[field] = shown[field] || false
		for j := 0; j < len(n.Content); j += 2 {
			if n.Content[j].Value == name {
				shown[field] = true
				show(n.Content[j+1], f.Type, shown)
			}
		}
	}
}

func TestLoadMinimal(t *testing.T) {
	p := mustLoad(t, "testdata/minimal.yaml")
	got, ok := p.Find("chat-llm", "AllTraffic")
	if !ok || len(p.Targets) != 1 {
		t.Fatalf("targets %+v", p.Targets)
	}
	if want := (schedule.Limits{Min: 1, Max: 8}); got.Limits != want {
		t.Errorf("limits %+v, want %+v", got.Limits, want)
	}
	if got.ScaleOutCooldown != policy.DefaultCooldown || got.DryRun || got.DisableScaleIn {
		t.Errorf("defaults missing: %+v", got)
	}
	if tracking := got.TargetTracking; len(tracking) != 1 || tracking[0].TargetValue != 700 {
		t.Errorf("target tracking %+v", tracking)
	}
}

func TestLoadFull(t *testing.T) {
	p := mustLoad(t, "testdata/full.yaml")
	chat, _ := p.Find("chat-llm", "AllTraffic")
	if chat.ScaleOutCooldown != 90*time.Second || chat.ScaleInCooldown != 90*time.Minute || !chat.DisableScaleIn || chat.DryRun {
		t.Errorf("chat-llm %+v", chat)
	}
	gpu := chat.TargetTracking[1]
	if gpu.TargetValue != 62.5 || gpu.Threshold != 0.75 || gpu.Metric.Period != time.Minute || len(gpu.Metric.Dimensions) != 2 {
		t.Errorf("gpu %+v", gpu)
	}
	if want := (policy.Window{Datapoints: 2, Periods: 3}); chat.TargetTracking[0].ScaleOut != want {
		t.Errorf("scale-out window %+v", chat.TargetTracking[0].ScaleOut)
	}
	if gpu.Metric.Devices != 4 || !gpu.DisableScaleIn || gpu.ScaleOutCooldown != 90*time.Second || gpu.ScaleInCooldown != 90*time.Minute {
		t.Errorf("gpu %+v", gpu)
	}
	if got := chat.TargetTracking[0]; got.ScaleOutCooldown != 0 || got.ScaleInCooldown != 24*time.Hour || got.DisableScaleIn {
		t.Errorf("invocations %+v", got)
	}
	office := chat.Actions[0]
	if office.Timezone != "Europe/Paris" || *office.Min != 4 || *office.Max != 8 || office.Duration != 10*time.Hour {
		t.Errorf("office-hours %+v", office)
	}
	if want := time.Date(2027, 11, 30, 23, 0, 0, 0, time.UTC); !office.EndTime.Equal(want) {
		t.Errorf("endTime %s, want %s", office.EndTime, want)
	}
	green, _ := p.Find("embeddings", "green")
	if !green.DryRun || green.ScaleInCooldown != 10*time.Minute || green.TargetTracking[0].Metric.Name != policy.ConcurrentRequestsPerModel {
		t.Errorf("embeddings takes no defaults: %+v", green)
	}
	if len(green.StepScaling) != 1 || len(green.ScaleInGuards) != 1 || green.Behavior.ScaleIn.Stabilization != 5*time.Minute {
		t.Errorf("embeddings takes no defaults: %+v", green)
	}
}

func TestLoadSteps(t *testing.T) {
	chat, _ := mustLoad(t, "testdata/full.yaml").Find("chat-llm", "AllTraffic")
	latency, idle := chat.StepScaling[0], chat.StepScaling[1]
	want := policy.StepScaling{
		Name: "latency", Metric: latency.Metric, Threshold: 2e6, Comparison: policy.GreaterOrEqual,
		AdjustmentType: policy.PercentChangeInCapacity, Aggregation: policy.Maximum, MinAdjustment: 2, Cooldown: 10 * time.Minute,
		Alarm: policy.Window{Datapoints: 2, Periods: 3}, TreatMissingData: policy.TreatIgnore,
		Adjustments: []policy.StepAdjustment{{Lower: new(0.0), Upper: new(1e6), Adjustment: 10}, {Lower: new(1e6), Adjustment: 50}},
	}
	if !reflect.DeepEqual(latency, want) || latency.Metric.MetricName != "ModelLatency" {
		t.Errorf("latency %+v", latency)
	}
	if step, ok := idle.Step(-50.5); !ok || step != 1 || idle.Comparison != policy.LessOrEqual || idle.AdjustmentType != policy.ExactCapacity {
		t.Errorf("idle %+v: step %d, %t", idle, step, ok)
	}
	if want := (policy.Window{Datapoints: 3, Periods: 3}); idle.Alarm != want || idle.Cooldown != policy.DefaultCooldown {
		t.Errorf("idle %+v", idle)
	}
}

func TestLoadGuardsAndBehavior(t *testing.T) {
	chat, _ := mustLoad(t, "testdata/full.yaml").Find("chat-llm", "AllTraffic")
	errors, latency := chat.ScaleInGuards[0], chat.ScaleInGuards[1]
	if want := (policy.Window{Datapoints: 2, Periods: 10}); errors.Window != want || errors.Maximum != 0 || errors.TreatMissingData != policy.TreatNotBreaching {
		t.Errorf("errors %+v", errors)
	}
	if want := (policy.Window{Datapoints: 1, Periods: 5}); latency.Window != want || latency.Maximum != 5e6 || latency.TreatMissingData != policy.TreatBreaching {
		t.Errorf("latency %+v", latency)
	}
	if !reflect.DeepEqual(latency.Metric, chat.StepScaling[0].Metric) {
		t.Errorf("latency is %+v and %+v", latency.Metric, chat.StepScaling[0].Metric)
	}
	want := policy.Behavior{
		ScaleOut: policy.Movement{Tolerance: 0.1, Velocities: []policy.Velocity{
			{Type: policy.Instances, Value: 2, Period: time.Minute}, {Type: policy.Percent, Value: 100, Period: time.Minute},
		}},
		ScaleIn: policy.Movement{Stabilization: time.Hour, Tolerance: 0.05, Select: policy.SelectMin, Velocities: []policy.Velocity{
			{Type: policy.Instances, Value: 1, Period: 5 * time.Minute},
		}},
	}
	if !reflect.DeepEqual(chat.Behavior, want) {
		t.Errorf("behavior %+v, want %+v", chat.Behavior, want)
	}
}

func TestLoadExpression(t *testing.T) {
	chat, _ := mustLoad(t, "testdata/full.yaml").Find("chat-llm", "AllTraffic")
	want := policy.Metric{
		Name: "error-rate", Period: 5 * time.Minute, Devices: 1, Expression: "failed / FILL(requests, 1)",
		Inputs: []policy.MetricInput{
			{ID: "failed", Namespace: "AWS/SageMaker", MetricName: "Invocation4XXErrors", Statistic: "Sum",
				Dimensions: []policy.Dimension{{Name: "VariantName", Value: "AllTraffic"}}},
			{ID: "requests", Namespace: "AWS/SageMaker", MetricName: "Invocations", Statistic: "Sum",
				Dimensions: []policy.Dimension{{Name: "EndpointName", Value: "chat-llm"}, {Name: "VariantName", Value: "AllTraffic"}}},
		},
	}
	if got := chat.ScaleInGuards[2].Metric; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// Faults: G3
func TestLoadErrors(t *testing.T) {
	dir := t.TempDir()
	large := filepath.Join(dir, "large.yaml")
	if err := os.WriteFile(large, []byte(strings.Repeat("#", policyfile.MaxSize+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing.yaml")
	for name, want := range map[string]string{
		missing: "open policy file: open " + missing,
		dir:     "read policy file: read " + dir,
		large:   large + ":1:1: is too large: must have at most 1048576 bytes",
	} {
		p, err := policyfile.Load(name)
		if p != nil || err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("Load(%s) = %v, %v; want %s", name, p, err, want)
		}
	}
	if _, err := policyfile.Load(missing); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file is %v", err)
	}
}

// TestText: what must hold before YAML can be read.
//
// Faults: G2
func TestText(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"latin 1", "version: 1 # caf\xe9\n", "f:1:17: is not UTF-8: byte 0xe9"},
		{"UTF-16", "\xff\xfev\x00", "f:1:1: is not UTF-8: byte 0xff"},
		{"cut short", "a: é\nb: \xe2\x82", "f:2:4: is not UTF-8: byte 0xe2"},
		{"NUL", "version: 1\nté: \x00\n", "f:2:5: has a character that YAML does not allow: U+0000"},
		{"escape", "a: \x1b[31m\n", "f:1:4: has a character that YAML does not allow: U+001B"},
		{"C1", "a: \u0080\n", "f:1:4: has a character that YAML does not allow: U+0080"},
		{"no character", "a: \uffff\n", "f:1:4: has a character that YAML does not allow: U+FFFF"},
		{"blank", " \n\n", "f:1:1: is empty: a policy is a mapping of fields"},
		{"directive", "%YAML 3.0\n---\na: 1\n", "f:1:1: is not YAML: found incompatible YAML document"},
		{"deep", "a: " + strings.Repeat("[", 100), "f:1:68: is not YAML: exceeded max depth of 64, while increasing flow level"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := policyfile.Parse("f", []byte(c.text))
			if p != nil || err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// TestSameText: none of this changes what a file means.
func TestSameText(t *testing.T) {
	minimal := string(mustRead(t, "testdata/minimal.yaml"))
	want := mustLoad(t, "testdata/minimal.yaml").Digest
	for name, text := range map[string]string{
		"byte order mark": "\ufeff" + minimal,
		"CRLF":            strings.ReplaceAll(minimal, "\n", "\r\n"),
		"document marks":  "---\n" + minimal + "...\n",
		"comments":        "# é\u0085\n" + strings.ReplaceAll(minimal, "\n", " # c\n"),
		"aliases": "version: 1\ntargets:\n- endpoint: &e chat-llm\n  variant: AllTraffic\n  minCapacity: &one 1\n" +
			"  maxCapacity: 8\n  targetTracking: [{metric: InvocationsPerInstance, targetValue: 7e2}]\n" +
			"  scaleIn" + "Cooldown: 5m\n",
		"JSON": "{\n\t\"targets\": [\n\t\t{\"maxCapacity\": 8, \"minCapacity\": 1, \"variant\": \"AllTraffic\"," +
			"\"endpoint\": \"chat-llm\",\n\t\t\"targetTracking\": [{\"targetValue\": 700.0, \"metric\": \"InvocationsPerInstance\"}]}\n\t],\n\t\"version\": 1\n}\n",
	} {
		p, err := policyfile.Parse("f", []byte(text))
		if err != nil || p.Digest != want {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

func TestAliases(t *testing.T) {
	p, err := policyfile.Parse("f", []byte(`version: 1
targets:
- endpoint: chat-llm
  variant: &name AllTraffic
  minCapacity: &n 2
  maxCapacity: *n
  targetTracking: &tracking
  - metric: InvocationsPerInstance
    targetValue: 700
- endpoint: embeddings
  variant: *name
  minCapacity: *n
  maxCapacity: *n
  targetTracking: *tracking
`))
	if err != nil {
		t.Fatal(err)
	}
	got, _ := p.Find("embeddings", "AllTraffic")
	if got.Limits.Max != 2 || got.TargetTracking[0].Metric.Dimensions[0].Value != "embeddings" {
		t.Errorf("embeddings %+v", got)
	}
}

// TestAliasFaults: the place of an alias for itself, that of the anchor for what
// it holds.
func TestAliasFaults(t *testing.T) {
	_, err := policyfile.Parse("f", []byte(head+`  dryRun: &no 0
  disableScaleIn: *no
  targetTracking:
  - &t {metric: InvocationsPerInstance, targetValue: 0}
- {endpoint: a, variant: b, minCapacity: 1, maxCapacity: 1, targetTracking: [*t]}
- &self {endpoint: a, variant: c, minCapacity: 1, maxCapacity: 1, targetTracking: [*self]}
- {endpoint: a, variant: d, minCapacity: 1, maxCapacity: 1, *no : 1}
`))
	want := `f:7:11: targets[0].dryRun: 0: must be true or false, is a whole number
f:8:19: targets[0].disableScaleIn: 0: must be true or false, is a whole number
f:10:54: targets[0].targetTracking[0].targetValue: 0: must be a finite number above 0
f:10:54: targets[1].targetTracking[0].targetValue: 0: must be a finite number above 0
f:12:10: targets[2].targetTracking[0].endpoint: is not a known field
f:12:23: targets[2].targetTracking[0].variant: is not a known field
f:12:35: targets[2].targetTracking[0].minCapacity: is not a known field
f:12:51: targets[2].targetTracking[0].maxCapacity: is not a known field
f:12:67: targets[2].targetTracking[0].targetTracking: is not a known field
f:12:84: targets[2].targetTracking[0].metric: is required
f:12:84: targets[2].targetTracking[0].targetValue: is required
f:13:61: targets[3]: 0: has a key that is not a plain text: quote it`
	if err == nil || err.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}
}

// TestAliasBombs: a small file that stands for a huge one is refused before it is one.
//
// Faults: G2, G3
func TestAliasBombs(t *testing.T) {
	many := func(s string, n int) string { return strings.TrimSuffix(strings.Repeat(s+", ", n), ", ") }
	for name, text := range map[string]string{
		"values": "version: 1\ntargets:\n- &t {endpoint: a, variant: b, targetTracking: &l [" + many("{}", 1000) + "]}\n" +
			strings.Repeat("- *t\n", 1000),
		"lists": "version: 1\ndefaults: {stepScaling: [{stepAdjustments: &l [" + many("{}", 5000) + "]}]}\n" +
			"targets:\n- stepScaling: [" + many("{stepAdjustments: *l}", 5000) + "]\n",
		"names": "version: 1\ntargets:\n- &t {a0: 1" + names(5000) + "}\n" + strings.Repeat("- *t\n", 5000),
		"long":  "version: 1\ntargets: [" + many("0", 200_000) + "]\n",
	} {
		_, err := policyfile.Parse("f", []byte(text))
		if err == nil || !strings.Contains(err.Error(), "is too large: has more than 100000 names and values") {
			t.Errorf("%s: %.200v", name, err)
		}
	}
}

func names(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ", f%d: 1", i)
	}
	return b.String()
}

func TestParseTarget(t *testing.T) {
	for _, text := range []string{
		"minCapacity: 1\nmaxCapacity: 3\n",
		`{"minCapacity": 1, "maxCapacity": 3, "endpoint": "endpoint"}`,
	} {
		got, err := policyfile.ParseTarget("case.json", []byte(text))
		if err != nil || got.Key() != "endpoint/AllTraffic" || got.Limits != (schedule.Limits{Min: 1, Max: 3}) {
			t.Errorf("ParseTarget(%s) = %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"":               "case.json:1:1: is empty: a policy is a mapping of fields",
		"5":              "case.json:1:1: 5: must be a mapping, is a whole number",
		"maxCapacity: 1": "case.json:1:1: minCapacity: is required",
		"{endpoint: 5, minCapacity: 2, maxCapacity: 1}": "case.json:1:12: endpoint: 5: must be a text, is a whole number: quote it\n" +
			"case.json:1:28: minCapacity: 2: must be at most maxCapacity (1)",
	} {
		got, err := policyfile.ParseTarget("case.json", []byte(text))
		if err == nil || err.Error() != want || got.Key() != "/" {
			t.Errorf("ParseTarget(%s) = %+v, %v; want %s", text, got, err, want)
		}
	}
}

// TestSuggestions: only what is close is suggested.
func TestSuggestions(t *testing.T) {
	for name, want := range map[string]string{
		"disableScalein":  ": did you mean disableScaleIn?",
		"dry-run":         ": did you mean dryRun?",
		"dryrunn":         ": did you mean dryRun?",
		"scaleOutCoolDwn": ": did you mean scaleOutCooldown?",
		"targetTrackings": ": did you mean targetTracking?",
		"minimumCapacity": "",
		"max":             "",
		"minCapacity2":    "", // there is one already
		"x":               "",
	} {
		_, err := policyfile.Parse("f", []byte(head+"  "+name+": 1\n"))
		if want := "f:7:3: targets[0]." + name + ": is not a known field" + want; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestTimes(t *testing.T) {
	for text, valid := range map[string]bool{
		"2026-12-01T00:00:00Z":           true,
		"'2026-12-01T00:00:00Z'":         true,
		"2026-12-01T00:00:00+05:30":      true,
		"2026-12-01T00:00:00.5Z":         true,
		"2026-12-01t00:00:00z":           false,
		"2026-12-01 00:00:00Z":           false,
		"2026-12-01T00:00:00":            false,
		"2026-02-30T00:00:00Z":           false,
		"2026-12-01T24:00:00Z":           false,
		"2026-12-01T00:00:00+25:00":      false,
		"1796083200":                     false,
		"[2026-12-01T00:00:00Z]":         false,
		"2026-12-01T00:00:00Europe/Oslo": false,
	} {
		_, err := policyfile.Parse("f", []byte(head+
			"  scheduledActions: [{name: a, schedule: rate(1 day), maxCapacity: 8, startTime: "+text+"}]\n"))
		if (err == nil) != valid || err != nil && !strings.Contains(err.Error(), "must be a time with its zone") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestZones: zones come with the binary; the files beside them do not count.
func TestZones(t *testing.T) {
	for zone, valid := range map[string]bool{
		"UTC": true, "Europe/Paris": true, "America/Argentina/Buenos_Aires": true, "Etc/GMT+5": true,
		"Local": false, "local": false, "''": false, "europe/paris": false, "posix/UTC": false,
		"localtime": false, "../etc/passwd": false, "Europe/Atlantis": false, "/UTC": false,
	} {
		_, err := policyfile.Parse("f", []byte(head+
			"  scheduledActions: [{name: a, schedule: rate(1 day), maxCapacity: 8, timezone: "+zone+"}]\n"))
		if (err == nil) != valid || err != nil && !strings.Contains(err.Error(), "must be an IANA time zone") {
			t.Errorf("%s: %v", zone, err)
		}
	}
}

func mustRead(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func mustLoad(t *testing.T, name string) *policy.Policy {
	t.Helper()
	p, err := policyfile.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
