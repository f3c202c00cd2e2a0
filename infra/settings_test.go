package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"sagescale/infra/bundle"
	"sagescale/internal/policyfile"
)

// A wrong policy file fails the synth by the words of policyfile, which are those
// of `sagescale validate`.
//
// Faults: G1, G2
func TestWrongPolicyFile(t *testing.T) {
	path := write(t, "version: 1\ntargets:\n- endpoint: a\n  variant: b\n  minCapacity: 0\n  maxCapacity: x\n")
	_, expected := policyfile.Load(path)
	if expected == nil {
		t.Fatal("the policy is right")
	}
	_, err := synth(t.TempDir(), map[string]any{contextPolicy: path})
	if err == nil || err.Error() != expected.Error() {
		t.Errorf("synth fails with\n%v\nwant\n%v", err, expected)
	}
}

// Faults: G11
func TestSettingsFaults(t *testing.T) {
	long := strings.Repeat("x", 250)
	tests := []struct {
		name   string
		values map[string]any
		want   []string
	}{
		{"no policy file", map[string]any{contextPolicy: "none.yaml"}, []string{"none.yaml"}},
		{"all at once", map[string]any{
			contextArchitecture: "mips", contextLogRetention: "2", contextStackName: "a b", contextAlarmTopic: "topic", contextPolicy: "none.yaml",
			contextMetrics: "yes", contextNotify: "yes",
		}, []string{
			`context targetMetrics: "yes" is not true or false`,
			`context architecture: "mips" is not one of arm64, x86_64`,
			`context logRetentionDays: "2"`, `context stackName: "a b"`, `context alarmTopicArn: "topic"`, `context notifications: "yes" is not true or false`, "none.yaml",
		}},
		{"unknown", map[string]any{"polcy": "x"}, []string{"context polcy: unknown; known are alarmTopicArn, architecture"}},
		{"alarm name", map[string]any{contextPolicy: write(t, policyOf("e", "{name: "+long+", namespace: N, metricName: M, statistic: Sum}"))}, []string{"CloudWatch allows 255"}},
		{"step alarm name", map[string]any{
			contextStackName: strings.Repeat("s", 128),
			contextPolicy:    write(t, strings.Replace(stepsOf(step(long[:64], "ConcurrentRequestsPerModel", 3)), ": e\n", ": "+long[:63]+"\n", 1)),
		}, []string{"/v/" + long[:64] + "-step: the name has 264 characters, CloudWatch allows 255"}},
		{"many alarms", map[string]any{contextPolicy: write(t, stepsOf(manySteps(449)...)+trackingOf("m", "n"))}, []string{"policy has 451 alarms and 0 scheduled actions", "the 450 that fit one stack"}},
		{"many endpoints", map[string]any{contextPolicy: write(t, manyEndpoints(90))}, []string{"policy has 90 endpoints", "split it"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			values := map[string]any{contextPolicy: testPolicy}
			maps.Copy(values, test.values)
			_, err := loadSettings(values)
			if err == nil {
				t.Fatal("no error")
			}
			for _, w := range test.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error %q, want %q in it", err, w)
				}
			}
		})
	}
}

func TestSettingsOfTheCDK(t *testing.T) {
	_, err := loadSettings(map[string]any{
		contextPolicy: testPolicy, contextLogRetention: 30.0, "@aws-cdk/core:x": true, "aws:cdk:enable-path-metadata": true, "cli-telemetry": false,
	})
	if err != nil {
		t.Error(err)
	}
}

// The policy that is deployed by default is a right one.
func TestSamplePolicy(t *testing.T) {
	s, err := loadSettings(nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.PolicyFile != "infra/scaling.yaml" || s.Architecture != "arm64" || s.StackName != "sagescale" || s.LogRetention != 365 || s.TargetMetrics {
		t.Errorf("defaults %+v", s)
	}
	if len(s.Policy.Targets) != 1 || len(s.Policy.Targets[0].Actions) != 1 {
		t.Errorf("sample policy %+v", s.Policy)
	}
}

// A policy with as much as a stack holds is accepted.
func TestFullStack(t *testing.T) {
	path := write(t, stepsOf(manySteps(446)...)+trackingOf("m", "n")+twoActions)
	if _, err := loadSettings(map[string]any{contextPolicy: path}); err != nil {
		t.Error(err)
	}
}

// What a stack has besides the alarms and schedules of its policy is no more than
// is reckoned with.
func TestResourcesRest(t *testing.T) {
	p, err := policyfile.Load(testPolicy)
	if err != nil {
		t.Fatal(err)
	}
	a := standard(t)
	rest := len(a.Resources) - len(targetAlarms("sagescale", p)) - len(a.ids("AWS::Scheduler::Schedule"))
	if rest > resourcesRest {
		t.Errorf("%d resources besides the alarms and schedules of the policy, reckoned with are %d", rest, resourcesRest)
	}
}

// The dashboards beyond the first are reckoned with.
func TestDashboardsCount(t *testing.T) {
	p, err := policyfile.Load(testPolicy)
	if err != nil {
		t.Fatal(err)
	}
	for targets, most := range map[int]int{25: 450, 26: 449, 76: 447} {
		p.Targets = slices.Repeat(p.Targets[1:2], targets)
		for i := range p.Targets {
			p.Targets[i].Actions = nil
		}
		if fits, more := resourcesFit(most, p), resourcesFit(most+1, p); fits != nil || more == nil {
			t.Errorf("%d targets with %d alarms: %v; with one more: %v", targets, most, fits, more)
		}
	}
}

func manyEndpoints(n int) string {
	var b strings.Builder
	b.WriteString("version: 1\ntargets:\n")
	for i := range n {
		b.WriteString("- {endpoint: " + "some-endpoint-" + strings.Repeat("x", i+1) + ", variant: v, minCapacity: 1, maxCapacity: 2}\n")
	}
	return strings.ReplaceAll(b.String(), strings.Repeat("x", 40), "y")
}

func policyOf(endpoint, metric string) string {
	return "version: 1\ntargets:\n- endpoint: " + endpoint +
		"\n  variant: v\n  minCapacity: 1\n  maxCapacity: 2\n  targetTracking:\n  - metric: " + metric + "\n    targetValue: 1\n"
}

// stepsOf is a policy of one target with step policies.
func stepsOf(steps ...string) string {
	return "version: 1\ntargets:\n- endpoint: e\n  variant: v\n  minCapacity: 1\n  maxCapacity: 2\n  stepScaling:\n" + strings.Join(steps, "")
}

// step is a step policy with a window of so many periods.
func step(name, metric string, periods int) string {
	return fmt.Sprintf("  - {name: %s, metric: %s, threshold: 1, comparison: GreaterThanThreshold, adjustmentType: ChangeInCapacity, "+
		"datapoints: 1, periods: %d, stepAdjustments: [{lowerBound: 0, adjustment: 1}]}\n", name, metric, periods)
}

// twoActions continues a target with scheduled actions.
const twoActions = `  scheduledActions:
  - {name: a, schedule: rate(1 day), minCapacity: 1}
  - {name: b, schedule: rate(1 day), minCapacity: 2}
`

func manySteps(n int) []string {
	var steps []string
	for i := range n {
		steps = append(steps, step(fmt.Sprint("s", i), "ConcurrentRequestsPerModel", 3))
	}
	return steps
}

// trackingOf continues a target with metrics to track.
func trackingOf(metrics ...string) string {
	var b strings.Builder
	b.WriteString("  targetTracking:\n")
	for _, name := range metrics {
		b.WriteString("  - {metric: {name: " + name + ", namespace: N, metricName: M, statistic: Sum}, targetValue: 1}\n")
	}
	return b.String()
}

func write(t *testing.T, policy string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "scaling.yaml")
	if err := os.WriteFile(path, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The names of others that a policy may have reach the template as they are: a text is
// neither a reference nor a token there, and no character of it is more than text.
//
// Faults: H5
func TestHostileNamesInTheTemplate(t *testing.T) {
	const hostile = `"><script>${AWS::AccountId}</script>\u202e'=1+1 %s {"Ref":"AWS::Region"}`
	bundles := bundle.Bundles{Root: t.TempDir(), Architecture: bundle.ARM64}
	fakeBundles(t, bundles)
	metric := fmt.Sprintf("{name: m, namespace: %q, metricName: %[1]q, statistic: Sum, dimensions: {%[1]q: %[1]q}}", "x"+hostile)
	a := synthFake(t, bundles, map[string]any{contextPolicy: write(t, policyOf("e", metric))})
	alarm := byName(a)["sagescale/e/v/m-scale-out"]
	want(t, "alarm", alarm, "x"+hostile, "Namespace")
	want(t, "alarm", alarm, "x"+hostile, "MetricName")
	want(t, "alarm", alarm, "x"+hostile, "Dimensions", 0, "Name")
	want(t, "alarm", alarm, "x"+hostile, "Dimensions", 0, "Value")
	if strings.ContainsFunc(string(a.text), func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
		t.Errorf("not plain: %s", a.text)
	}
	for _, name := range []string{"a b", "a\x1b[31m", "a\u202e", "a/b", "../a", strings.Repeat("a", 64)} {
		quoted := fmt.Sprintf("%q", name)
		if _, err := loadSettings(map[string]any{contextPolicy: write(t, policyOf(quoted, "InvocationsPerInstance"))}); err == nil {
			t.Errorf("endpoint %q is accepted", name)
		}
	}
}
