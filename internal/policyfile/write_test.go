package policyfile_test

import (
	"strings"
	"testing"
	"time"

	"sagescale/internal/policy"
	"sagescale/internal/policyfile"
)

// sample is a policy with a field of every type.
func sample() policy.Spec {
	metric := policy.MetricSpec{
		Name: new("yes"), Namespace: new("Mine"), MetricName: new("010"), Statistic: new("Average"),
		Dimensions: map[string]string{"no": "null", "VariantName": "AllTraffic", "e": "1e3", "a: b": "# {x}"},
		Period:     new(policy.Duration(5 * time.Minute)),
	}
	math := policy.MetricSpec{Name: new("rate"), Expression: new(`FILL(a, 0) / b`), Metrics: []policy.MetricInputSpec{
		{ID: new("a"), Namespace: new("AWS/SageMaker"), MetricName: new("Invocation5XXErrors"), Statistic: new("Sum")},
		{ID: new("b"), Namespace: new("AWS/SageMaker"), MetricName: new("Invocations"), Statistic: new("Sum"), Dimensions: map[string]string{}},
	}}
	start := time.Date(2026, 12, 1, 8, 0, 0, 5e8, time.FixedZone("", 3600))
	return policy.Spec{Version: new(1), Targets: []policy.TargetSpec{{
		Endpoint: new("chat-llm"), Variant: new("AllTraffic"),
		ScalingSpec: policy.ScalingSpec{
			MinCapacity: new(1), MaxCapacity: new(8), ScaleInCooldown: new(policy.Duration(90 * time.Second)), DryRun: new(true),
			TargetTracking: []policy.TargetTrackingSpec{
				{Metric: &policy.MetricSpec{Predefined: policy.InvocationsPerInstance}, TargetValue: new(700.5)},
				{Metric: &metric, TargetValue: new(1e-7), DisableScaleIn: new(true)},
			},
			StepScaling: []policy.StepScalingSpec{{
				Name: new("1"), Metric: &math, Threshold: new(1e30), Comparison: new("GreaterThanThreshold"),
				AdjustmentType: new("ChangeInCapacity"), WindowSpec: policy.WindowSpec{Datapoints: new(2), Periods: new(3)},
				StepAdjustments: []policy.StepAdjustmentSpec{{LowerBound: new(0.0), UpperBound: new(2.5), Adjustment: new(1)}, {LowerBound: new(2.5), Adjustment: new(-2)}},
			}},
			Behavior: &policy.BehaviorSpec{ScaleOut: &policy.BehaviorRuleSpec{SelectPolicy: new("Disabled")}},
		},
		ScheduledActions: []policy.ScheduledActionSpec{{
			Name: new("off"), Schedule: new("cron(0 8 ? * MON-FRI *)"), Timezone: new("Europe/Paris"), StartTime: &start, MinCapacity: new(2),
		}},
	}}}
}

const sampleText = `# What this is.

version: 1
targets:
# Hostile: a: ` + "\ufffd" + ` b ` + "\ufffd" + `[31m
# and a second line
- endpoint: chat-llm
  variant: AllTraffic
  minCapacity: 1
  maxCapacity: 8
  scaleInCooldown: 1m30s
  dryRun: true
  targetTracking:
  # policy "mine"
  - metric: InvocationsPerInstance
    targetValue: 700.5
`

// What is written reads well, means what was meant, and quotes what YAML would take for
// something else.
func TestFormat(t *testing.T) {
	got, err := policyfile.Format(sample(), map[string]string{
		"": "What this is.", "targets[0]": "Hostile: a: \u2028 b \x1b[31m\nand a second line", "targets[0].targetTracking[0]": `policy "mine"`,
	})
	if err != nil || !strings.HasPrefix(string(got), sampleText) {
		t.Errorf("%v\n%s", err, got)
	}
	p, err := policyfile.Parse("f", got)
	if err != nil {
		t.Fatalf("%v\n%s", err, got)
	}
	want, faults := policy.Compile(sample())
	if faults != nil || p.Digest != want.Digest {
		t.Errorf("%v: compiles to another policy:\n%s", faults, got)
	}
	for _, quoted := range []string{"name: 'yes'", "'no': 'null'", "metricName: '010'", "name: '1'", "name: 'off'"} {
		if !strings.Contains(string(got), quoted) {
			t.Errorf("not quoted: %s:\n%s", quoted, got)
		}
	}
	again, err := policyfile.Format(sample(), map[string]string{})
	if err != nil || strings.Contains(string(again), "#  ") {
		t.Errorf("%v\n%s", err, again)
	}
}

// A long comment is folded.
func TestFormatFoldsComments(t *testing.T) {
	got, err := policyfile.Format(sample(), map[string]string{"targets[0]": strings.Repeat("word ", 60)})
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(got)) {
		if strings.HasPrefix(line, "#") && len(line) > 78 {
			t.Errorf("long line: %s", line)
		}
	}
	if n := strings.Count(string(got), "word"); n != 60 {
		t.Errorf("%d words", n)
	}
}
