package policy_test

import (
	"strings"
	"testing"
	"time"

	"sagescale/internal/policy"
)

// sum changes what the metric "gpu" means.
func sum(m *policy.MetricSpec) { m.Statistic = new("Sum") }

func same(*policy.MetricSpec) {}

// stepOf returns a step policy of a metric called "gpu".
func stepOf(name string, change func(*policy.MetricSpec)) policy.StepScalingSpec {
	s := step()
	s.Name, s.Metric = &name, custom(change)[0].Metric
	return s
}

// guardOf returns a guard of a metric called "gpu".
func guardOf(change func(*policy.MetricSpec)) policy.ScaleInGuardSpec {
	return policy.ScaleInGuardSpec{Metric: custom(change)[0].Metric, Maximum: new(90.0)}
}

// TestOneMeaning: datapoints are known by the name of their metric, so a name
// means one metric wherever it stands.
func TestOneMeaning(t *testing.T) {
	fault := func(where, first string) string {
		return where + `.metric.name: "gpu": is the name of another metric: ` + first + ".metric"
	}
	tracking, steps, guards := "targets[0].targetTracking[0]", "targets[0].stepScaling[0]", "targets[0].scaleInGuards[0]"
	checkRules(t, []rule{
		{"the same everywhere", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking = custom(same)
			t.StepScaling = []policy.StepScalingSpec{stepOf("a", same), stepOf("b", same)}
			t.ScaleInGuards = []policy.ScaleInGuardSpec{guardOf(same), guardOf(same)}
		}, nil},
		{"a predefined metric everywhere", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.StepScaling = []policy.StepScalingSpec{step()}
			t.ScaleInGuards = []policy.ScaleInGuardSpec{{Metric: step().Metric, Maximum: new(1.0)}}
		}, nil},
		{"the same expression everywhere", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking = computed(same)
			t.ScaleInGuards = []policy.ScaleInGuardSpec{{Metric: computed(same)[0].Metric, Maximum: new(90.0)}}
		}, nil},
		{"without an expression its metrics mean nothing", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking = computed(func(m *policy.MetricSpec) { m.Expression = nil })
			t.ScaleInGuards = []policy.ScaleInGuardSpec{{Maximum: new(90.0), Metric: computed(func(m *policy.MetricSpec) {
				m.Expression, m.Metrics = nil, m.Metrics[:1]
			})[0].Metric}}
		}, []string{tracking + ".metric.expression: is required", guards + ".metric.expression: is required"}},
		{"the same, a default written out", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking = custom(same)
			t.StepScaling = []policy.StepScalingSpec{stepOf("a", func(m *policy.MetricSpec) {
				m.Period, m.Devices = duration(time.Minute), new(1)
			})}
		}, nil},
		{"the same, its dimensions written out", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking = custom(same)
			t.StepScaling = []policy.StepScalingSpec{stepOf("a", func(m *policy.MetricSpec) {
				m.Dimensions = map[string]string{"EndpointName": *t.Endpoint, "VariantName": *t.Variant}
			})}
		}, nil},
		{"tracking and steps", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking, t.StepScaling = custom(same), []policy.StepScalingSpec{stepOf("a", sum)}
		}, []string{fault(steps, tracking)}},
		{"tracking and guards", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking, t.ScaleInGuards = custom(same), []policy.ScaleInGuardSpec{guardOf(sum)}
		}, []string{fault(guards, tracking)}},
		{"steps and guards", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.StepScaling, t.ScaleInGuards = []policy.StepScalingSpec{stepOf("a", same)}, []policy.ScaleInGuardSpec{guardOf(sum)}
		}, []string{fault(guards, steps)}},
		{"steps", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.StepScaling = []policy.StepScalingSpec{stepOf("a", same), stepOf("b", sum), stepOf("c", same)}
		}, []string{fault("targets[0].stepScaling[1]", steps)}},
		{"guards", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.ScaleInGuards = []policy.ScaleInGuardSpec{guardOf(same), guardOf(sum), guardOf(sum)}
		}, []string{fault("targets[0].scaleInGuards[1]", guards), fault("targets[0].scaleInGuards[2]", guards)}},
		{"of target tracking only once", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking = append(custom(same), custom(sum)...)
		}, []string{`targets[0].targetTracking[1].metric: "gpu": has a policy already: ` + tracking}},
		{"without a name nothing is the same", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking = append(t.TargetTracking, policy.TargetTrackingSpec{TargetValue: new(1.0)})
			t.ScaleInGuards = []policy.ScaleInGuardSpec{
				guardOf(func(m *policy.MetricSpec) { m.Name = nil }), guardOf(func(m *policy.MetricSpec) { m.Name = nil; sum(m) }),
			}
		}, []string{
			"targets[0].targetTracking[1].metric: is required",
			guards + ".metric.name: is required", "targets[0].scaleInGuards[1].metric.name: is required",
		}},
		{"another target may mean something else", func(s *policy.Spec, t *policy.TargetSpec) {
			second := *t
			t.TargetTracking = custom(same)
			second.Variant, second.TargetTracking = new("second"), custom(sum)
			s.Targets = append(s.Targets, second)
		}, nil},
	})
	for name, change := range map[string]func(*policy.MetricSpec){
		"namespace":  func(m *policy.MetricSpec) { m.Namespace = new("x") },
		"metricName": func(m *policy.MetricSpec) { m.MetricName = new("x") },
		"statistic":  sum,
		"dimensions": func(m *policy.MetricSpec) { m.Dimensions = map[string]string{"a": "b"} },
		"period":     func(m *policy.MetricSpec) { m.Period = duration(10 * time.Second) },
		"devices":    func(m *policy.MetricSpec) { m.Devices = new(4) },
	} {
		checkRules(t, []rule{{"another " + name, func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking, t.ScaleInGuards = custom(same), []policy.ScaleInGuardSpec{guardOf(change)}
		}, []string{fault(guards, tracking)}}})
	}
	for name, change := range inputChanges() {
		checkRules(t, []rule{{"another " + name + " of an expression", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking = computed(same)
			t.ScaleInGuards = []policy.ScaleInGuardSpec{{Metric: computed(change)[0].Metric, Maximum: new(90.0)}}
		}, []string{strings.ReplaceAll(fault(guards, tracking), "gpu", "error-rate")}}})
	}
}

// TestOneMeaningWithDefaults: a target is checked with the lists that it takes
// from the defaults.
func TestOneMeaningWithDefaults(t *testing.T) {
	fault := func(where, first string) string {
		return where + `.metric.name: "gpu": is the name of another metric: ` + first + ".metric"
	}
	defaults := func(d policy.ScalingSpec) func(*policy.Spec, *policy.TargetSpec) {
		return func(s *policy.Spec, _ *policy.TargetSpec) { s.Defaults = &d }
	}
	steps, guards := []policy.StepScalingSpec{stepOf("a", same)}, []policy.ScaleInGuardSpec{guardOf(sum)}
	checkRules(t, []rule{
		{"among the defaults, that no target takes", func(s *policy.Spec, t *policy.TargetSpec) {
			defaults(policy.ScalingSpec{StepScaling: steps, ScaleInGuards: guards})(s, t)
			t.ScalingSpec = policy.ScalingSpec{
				MinCapacity: new(1), MaxCapacity: new(8), TargetTracking: t.TargetTracking,
				StepScaling: []policy.StepScalingSpec{}, ScaleInGuards: []policy.ScaleInGuardSpec{},
			}
		}, []string{fault("defaults.scaleInGuards[0]", "defaults.stepScaling[0]")}},
		{"among the defaults, that every target takes", func(s *policy.Spec, t *policy.TargetSpec) {
			defaults(policy.ScalingSpec{StepScaling: steps, ScaleInGuards: guards})(s, t)
			t.TargetTracking = nil
		}, []string{fault("defaults.scaleInGuards[0]", "defaults.stepScaling[0]")}},
		{"among the defaults, beside a list of the target", defaults(policy.ScalingSpec{StepScaling: steps, ScaleInGuards: guards}),
			[]string{fault("defaults.scaleInGuards[0]", "defaults.stepScaling[0]")}},
		{"a guard of the target", func(s *policy.Spec, t *policy.TargetSpec) {
			defaults(policy.ScalingSpec{StepScaling: steps})(s, t)
			t.ScaleInGuards = guards
		}, []string{fault("targets[0].scaleInGuards[0]", "defaults.stepScaling[0]")}},
		{"steps of the target", func(s *policy.Spec, t *policy.TargetSpec) {
			defaults(policy.ScalingSpec{TargetTracking: custom(sum)})(s, t)
			t.TargetTracking, t.StepScaling = nil, steps
		}, []string{fault("targets[0].stepScaling[0]", "defaults.targetTracking[0]")}},
		{"target tracking of the target", func(s *policy.Spec, t *policy.TargetSpec) {
			defaults(policy.ScalingSpec{ScaleInGuards: guards})(s, t)
			t.TargetTracking = custom(same)
		}, []string{fault("targets[0].targetTracking[0]", "defaults.scaleInGuards[0]")}},
		{"the same in both", func(s *policy.Spec, t *policy.TargetSpec) {
			defaults(policy.ScalingSpec{StepScaling: steps})(s, t)
			t.TargetTracking, t.ScaleInGuards = custom(same), []policy.ScaleInGuardSpec{guardOf(same)}
		}, nil},
		{"a list of the target hides that of the defaults", func(s *policy.Spec, t *policy.TargetSpec) {
			defaults(policy.ScalingSpec{ScaleInGuards: guards})(s, t)
			t.TargetTracking, t.ScaleInGuards = custom(same), []policy.ScaleInGuardSpec{}
		}, nil},
	})
	s := base()
	s.Defaults = &policy.ScalingSpec{StepScaling: steps}
	s.Targets[0].ScaleInGuards = guards
	checkRelated(t, s, "defaults.stepScaling[0].metric", "targets[0].scaleInGuards[0].metric")
}
