package policy_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"sagescale/internal/policy"
)

// step returns a valid step policy, new each time.
func step() policy.StepScalingSpec {
	return policy.StepScalingSpec{
		Name: new("latency"), Metric: &policy.MetricSpec{Predefined: policy.InvocationsPerInstance}, Threshold: new(50.0),
		Comparison: new("GreaterThanThreshold"), AdjustmentType: new("ChangeInCapacity"),
		StepAdjustments: []policy.StepAdjustmentSpec{{LowerBound: new(0.0), Adjustment: new(1)}},
	}
}

// steps gives the base policy a step policy with a change.
func steps(change func(*policy.StepScalingSpec)) func(*policy.Spec, *policy.TargetSpec) {
	return func(_ *policy.Spec, t *policy.TargetSpec) {
		s := step()
		change(&s)
		t.StepScaling = []policy.StepScalingSpec{s}
	}
}

// infinite stands for a bound that is left out.
func infinite() float64 { return math.Inf(1) }

// bound returns an adjustment of 1 from low to high.
func bound(low, high float64) policy.StepAdjustmentSpec {
	out := policy.StepAdjustmentSpec{Adjustment: new(1)}
	if low != infinite() {
		out.LowerBound = &low
	}
	if high != infinite() {
		out.UpperBound = &high
	}
	return out
}

func TestRulesOfSteps(t *testing.T) {
	at := "targets[0].stepScaling[0]"
	const name = "must be 1 to 64 letters, digits, dots, hyphens and underscores"
	named := func(names ...string) func(*policy.Spec, *policy.TargetSpec) {
		return func(_ *policy.Spec, t *policy.TargetSpec) {
			for _, name := range names {
				s := step()
				s.Name = &name
				t.StepScaling = append(t.StepScaling, s)
			}
		}
	}
	checkRules(t, []rule{
		{"valid", steps(func(*policy.StepScalingSpec) {}), nil},
		{"none", func(_ *policy.Spec, t *policy.TargetSpec) { t.StepScaling = []policy.StepScalingSpec{} }, nil},
		{"empty", steps(func(s *policy.StepScalingSpec) { *s = policy.StepScalingSpec{} }), []string{
			at + ".name: is required", at + ".metric: is required", at + ".threshold: is required", at + ".comparison: is required",
			at + ".adjustmentType: is required", at + ".stepAdjustments: is required",
		}},
		{"in the defaults", func(s *policy.Spec, _ *policy.TargetSpec) {
			s.Defaults = &policy.ScalingSpec{StepScaling: []policy.StepScalingSpec{step(), {}}}
			s.Defaults.StepScaling[1] = step()
			s.Defaults.StepScaling[0].Threshold = nil
		}, []string{
			"defaults.stepScaling[0].threshold: is required",
			`defaults.stepScaling[1].name: "latency": is the name of another step policy: defaults.stepScaling[0]`,
		}},
		{"names", named("", "a b", strings.Repeat("x", 65), strings.Repeat("x", 64), "A.1_b-c"), []string{
			at + `.name: "": ` + name, `targets[0].stepScaling[1].name: "a b": ` + name,
			`targets[0].stepScaling[2].name: "` + strings.Repeat("x", 65) + `": ` + name,
		}},
		{"name twice", named("a", "b", "a", "A", "a"), []string{
			`targets[0].stepScaling[2].name: "a": is the name of another step policy: ` + at,
			`targets[0].stepScaling[4].name: "a": is the name of another step policy: ` + at,
		}},
		{"two without a name are not the same", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.StepScaling = []policy.StepScalingSpec{step(), step()}
			t.StepScaling[0].Name, t.StepScaling[1].Name = nil, nil
		}, []string{at + ".name: is required", "targets[0].stepScaling[1].name: is required"}},
		{"words", steps(func(s *policy.StepScalingSpec) {
			s.Comparison, s.AdjustmentType, s.MetricAggregationType, s.TreatMissingData = new("Above"), new("Percent"), new("Sum"), new("Missing")
		}), []string{
			at + `.comparison: "Above": must be one of GreaterThanOrEqualToThreshold, GreaterThanThreshold, LessThanThreshold, LessThanOrEqualToThreshold`,
			at + `.adjustmentType: "Percent": must be one of ChangeInCapacity, PercentChangeInCapacity, ExactCapacity`,
			at + `.metricAggregationType: "Sum": must be one of Average, Minimum, Maximum`,
			at + `.treatMissingData: "Missing": must be one of missing, ignore, breaching, notBreaching`,
		}},
		{"metric", steps(func(s *policy.StepScalingSpec) { s.Metric.Predefined = "x" }),
			[]string{at + `.metric: "x": must be one of InvocationsPerInstance, ConcurrentRequestsPerModel`}},
		{"threshold NaN", steps(func(s *policy.StepScalingSpec) { s.Threshold = new(math.NaN()) }),
			[]string{at + ".threshold: NaN: must be a finite number"}},
		{"threshold infinite", steps(func(s *policy.StepScalingSpec) { s.Threshold = new(math.Inf(-1)) }),
			[]string{at + ".threshold: -Inf: must be 0 or more: a negative datapoint counts as missing"}},
		{"threshold negative", steps(func(s *policy.StepScalingSpec) { s.Threshold = new(-0.5) }),
			[]string{at + ".threshold: -0.5: must be 0 or more: a negative datapoint counts as missing"}},
		{"threshold 0", steps(func(s *policy.StepScalingSpec) { s.Threshold = new(0.0) }), nil},
		{"cooldown below none", steps(func(s *policy.StepScalingSpec) { s.Cooldown = duration(-time.Second) }),
			[]string{at + `.cooldown: "-1s": must be whole seconds from 0s to 24h`}},
		{"no cooldown", steps(func(s *policy.StepScalingSpec) { s.Cooldown = duration(0) }), nil},
		{"longest cooldown", steps(func(s *policy.StepScalingSpec) { s.Cooldown = duration(24 * time.Hour) }), nil},
		{"cooldown beyond", steps(func(s *policy.StepScalingSpec) { s.Cooldown = duration(24*time.Hour + time.Second) }),
			[]string{at + `.cooldown: "24h0m1s": must be whole seconds from 0s to 24h`}},
	})
	for _, word := range []string{"GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"} {
		checkRules(t, []rule{{word, steps(func(s *policy.StepScalingSpec) { s.Comparison = &word }), nil}})
	}
	for _, word := range []string{"ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity"} {
		checkRules(t, []rule{{word, steps(func(s *policy.StepScalingSpec) { s.AdjustmentType = &word }), nil}})
	}
	for _, word := range []string{"Average", "Minimum", "Maximum"} {
		checkRules(t, []rule{{word, steps(func(s *policy.StepScalingSpec) { s.MetricAggregationType = &word }), nil}})
	}
	for _, word := range []string{"missing", "ignore", "breaching", "notBreaching"} {
		checkRules(t, []rule{{word, steps(func(s *policy.StepScalingSpec) { s.TreatMissingData = &word }), nil}})
	}
}

// TestRulesOfMinAdjustmentMagnitude: it raises a percentage, so nothing else may
// have it.
func TestRulesOfMinAdjustmentMagnitude(t *testing.T) {
	at := "targets[0].stepScaling[0].minAdjustmentMagnitude"
	const size, only = "must be a whole number from 1 to 2147483647", "is for adjustmentType PercentChangeInCapacity only"
	one := func(kind *string, v int) func(*policy.Spec, *policy.TargetSpec) {
		return steps(func(s *policy.StepScalingSpec) { s.AdjustmentType, s.MinAdjustmentMagnitude = kind, &v })
	}
	percent := new("PercentChangeInCapacity")
	checkRules(t, []rule{
		{"none", one(percent, 0), []string{at + ": 0: " + size}},
		{"least", one(percent, 1), nil},
		{"most", one(percent, math.MaxInt32), nil},
		{"beyond SageMaker's", one(percent, math.MaxInt32+1), []string{at + ": 2147483648: " + size}},
		{"of a change", one(new("ChangeInCapacity"), 2), []string{at + ": 2: " + only}},
		{"of a capacity", one(new("ExactCapacity"), 0), []string{at + ": 0: " + size, at + ": 0: " + only}},
		{"of who knows what", one(nil, 2), []string{"targets[0].stepScaling[0].adjustmentType: is required"}},
	})
	s := base()
	one(new("ExactCapacity"), 2)(&s, &s.Targets[0])
	checkRelated(t, s, "targets[0].stepScaling[0].adjustmentType")
}

func TestRulesOfStepAdjustments(t *testing.T) {
	list := "targets[0].stepScaling[0].stepAdjustments"
	at := list + "[0]"
	adjustment := func(kind string, v *int) func(*policy.Spec, *policy.TargetSpec) {
		return steps(func(s *policy.StepScalingSpec) { s.AdjustmentType, s.StepAdjustments[0].Adjustment = &kind, v })
	}
	only := func(low, high float64) func(*policy.Spec, *policy.TargetSpec) {
		return steps(func(s *policy.StepScalingSpec) { s.StepAdjustments = []policy.StepAdjustmentSpec{bound(low, high)} })
	}
	ladder := func(n int) func(*policy.Spec, *policy.TargetSpec) {
		return steps(func(s *policy.StepScalingSpec) {
			s.StepAdjustments = []policy.StepAdjustmentSpec{}
			for i := range n {
				s.StepAdjustments = append(s.StepAdjustments, bound(float64(i), float64(i+1)))
			}
			if n > 0 {
				s.StepAdjustments[n-1].UpperBound = nil
			}
		})
	}
	const whole = "must be a whole number from -2147483648 to 2147483647"
	const both = "must have lowerBound, upperBound or both, as in Application Auto Scaling"
	checkRules(t, []rule{
		{"no steps", ladder(0), []string{list + ": 0: must be 1 to 20 steps"}},
		{"one step", ladder(1), nil},
		{"20 steps", ladder(20), nil},
		{"21 steps", ladder(21), []string{list + ": 21: must be 1 to 20 steps"}},
		{"no adjustment", adjustment("ChangeInCapacity", nil), []string{at + ".adjustment: is required"}},
		{"an adjustment of nothing", adjustment("ChangeInCapacity", new(0)), nil},
		{"lowest adjustment", adjustment("ChangeInCapacity", new(math.MinInt32)), nil},
		{"highest adjustment", adjustment("PercentChangeInCapacity", new(math.MaxInt32)), nil},
		{"adjustment too low", adjustment("ChangeInCapacity", new(math.MinInt32-1)), []string{at + ".adjustment: -2147483649: " + whole}},
		{"adjustment too high", adjustment("PercentChangeInCapacity", new(math.MaxInt32+1)), []string{at + ".adjustment: 2147483648: " + whole}},
		{"capacity 0", adjustment("ExactCapacity", new(0)), nil},
		{"capacity below 0", adjustment("ExactCapacity", new(-1)),
			[]string{at + ".adjustment: -1: must be 0 or more for adjustmentType ExactCapacity"}},
		{"capacity far below 0", adjustment("ExactCapacity", new(math.MinInt32-1)), []string{at + ".adjustment: -2147483649: " + whole}},
		{"percent below 0", adjustment("PercentChangeInCapacity", new(-1)), nil},
		{"no bounds", only(infinite(), infinite()), []string{at + ": " + both}},
		{"bounds NaN", only(math.NaN(), math.NaN()), []string{at + ".lowerBound: NaN: must be a finite number", at + ".upperBound: NaN: must be a finite number"}},
		{"bounds infinite", steps(func(s *policy.StepScalingSpec) {
			s.StepAdjustments[0].LowerBound, s.StepAdjustments[0].UpperBound = new(math.Inf(-1)), new(math.Inf(1))
		}), []string{at + ".lowerBound: -Inf: must be a finite number", at + ".upperBound: +Inf: must be a finite number"}},
		{"bounds equal", only(0, 0), []string{at + ".upperBound: 0: must be above lowerBound (0)"}},
		{"bounds reversed", only(5, -2.5), []string{at + ".upperBound: -2.5: must be above lowerBound (5)"}},
		{"an unsound step is not fitted", steps(func(s *policy.StepScalingSpec) {
			s.StepAdjustments = []policy.StepAdjustmentSpec{bound(5, 5), bound(0, 7), bound(-3, infinite())}
		}), []string{at + ".upperBound: 5: must be above lowerBound (5)"}},
		{"an unsound step is not fitted, though it comes last", steps(func(s *policy.StepScalingSpec) {
			s.StepAdjustments = []policy.StepAdjustmentSpec{bound(0, 7), bound(5, 5)}
		}), []string{list + "[1].upperBound: 5: must be above lowerBound (5)"}},
		{"an adjustment too high does not hide how steps fit", steps(func(s *policy.StepScalingSpec) {
			s.StepAdjustments = []policy.StepAdjustmentSpec{bound(0, 7)}
			s.StepAdjustments[0].Adjustment = nil
		}), []string{at + ".adjustment: is required",
			at + ".upperBound: 7: is positive and the highest: one step must go up without an upperBound"}},
	})
	s := base()
	only(infinite(), infinite())(&s, &s.Targets[0])
	checkRelated(t, s, at+".lowerBound", at+".upperBound")
}

// TestRulesOfLadders: the steps of a policy have neither gaps nor overlaps, in
// whatever order they stand, and leave the threshold without end.
func TestRulesOfLadders(t *testing.T) {
	list := "targets[0].stepScaling[0].stepAdjustments"
	at := func(i string) string { return list + "[" + i + "]" }
	const down = "is negative and the lowest: one step must go down without a lowerBound"
	const up = "is positive and the highest: one step must go up without an upperBound"
	ladder := func(all ...policy.StepAdjustmentSpec) func(*policy.Spec, *policy.TargetSpec) {
		return steps(func(s *policy.StepScalingSpec) { s.StepAdjustments = all })
	}
	open := infinite()
	checkRules(t, []rule{
		{"both ways", ladder(bound(open, -10), bound(-10, 0), bound(0, 10), bound(10, open)), nil},
		{"up only", ladder(bound(0, 10), bound(10, open)), nil},
		{"up from above the threshold", ladder(bound(5, 10), bound(10, open)), nil},
		{"down only", ladder(bound(open, -10), bound(-10, 0)), nil},
		{"down from below the threshold", ladder(bound(open, -10)), nil},
		{"across the threshold", ladder(bound(open, 5), bound(5, open)), nil},
		{"in another order", ladder(bound(10, open), bound(open, -10), bound(0, 10), bound(-10, 0)), nil},
		{"gap", ladder(bound(0, 10), bound(20, open)), []string{at("1") + ": leaves a gap after " + at("0") + ", from 10 to 20"}},
		{"gap, in another order", ladder(bound(20, open), bound(0, 10)), []string{at("0") + ": leaves a gap after " + at("1") + ", from 10 to 20"}},
		{"gap around the threshold", ladder(bound(open, -1), bound(1, open)), []string{at("1") + ": leaves a gap after " + at("0") + ", from -1 to 1"}},
		{"overlap", ladder(bound(0, 10), bound(9.5, open)), []string{at("1") + ": overlaps " + at("0")}},
		{"two without an upper bound", ladder(bound(0, open), bound(10, open)), []string{at("1") + ": overlaps " + at("0")}},
		{"two without a lower bound", ladder(bound(open, 0), bound(open, -10)), []string{at("0") + ": overlaps " + at("1")}},
		{"step twice", ladder(bound(0, open), bound(0, open)), []string{at("1") + ": overlaps " + at("0")}},
		{"one start, the longer first", ladder(bound(open, 5), bound(open, 0), bound(5, open)), []string{at("0") + ": overlaps " + at("1")}},
		{"every fault", ladder(bound(-5, -1), bound(0, 2), bound(1, 3)), []string{
			at("1") + ": leaves a gap after " + at("0") + ", from -1 to 0", at("2") + ": overlaps " + at("1"),
			at("0") + ".lowerBound: -5: " + down, at("2") + ".upperBound: 3: " + up,
		}},
		{"one within another", ladder(bound(0, open), bound(5, 10)), []string{at("1") + ": overlaps " + at("0")}},
		{"one within another, and a third goes on", ladder(bound(0, 100), bound(5, 10), bound(100, open)), []string{at("1") + ": overlaps " + at("0")}},
		{"two that end together, and a third in both", ladder(bound(0, 10), bound(5, 10), bound(7, open)),
			[]string{at("1") + ": overlaps " + at("0"), at("2") + ": overlaps " + at("0")}},
		{"ends below", ladder(bound(-0.5, 0)), []string{at("0") + ".lowerBound: -0.5: " + down}},
		{"ends below, though above goes on", ladder(bound(0, open), bound(-0.5, 0)), []string{at("1") + ".lowerBound: -0.5: " + down}},
		{"ends above", ladder(bound(0, 0.5)), []string{at("0") + ".upperBound: 0.5: " + up}},
		{"ends above, though below goes on", ladder(bound(0, 0.5), bound(open, 0)), []string{at("0") + ".upperBound: 0.5: " + up}},
		{"starts and ends at the threshold", ladder(bound(open, 0)), nil},
		{"starts at the threshold", ladder(bound(0, open)), nil},
	})
	for name, all := range map[string][]policy.StepAdjustmentSpec{
		"gap":     {bound(0, 10), bound(20, open)},
		"overlap": {bound(0, 10), bound(5, open)},
		"below":   {bound(-5, 0)},
		"above":   {bound(0, 5)},
	} {
		t.Run(name, func(t *testing.T) {
			s := base()
			ladder(all...)(&s, &s.Targets[0])
			checkRelated(t, s, list)
		})
	}
}

// TestRulesOfAlarms: M of N stands flat in a step policy.
func TestRulesOfAlarms(t *testing.T) {
	at := "targets[0].stepScaling[0]"
	checkWindow(t, at, func(t *policy.TargetSpec, m *policy.MetricSpec, w policy.WindowSpec) {
		s := step()
		s.Metric, s.WindowSpec = m, w
		t.StepScaling = []policy.StepScalingSpec{s}
	})
}
