package policy_test

import (
	"math"
	"reflect"
	"testing"
	"time"

	"sagescale/internal/policy"
)

func TestRulesOfBehavior(t *testing.T) {
	both := map[string]func(policy.BehaviorRuleSpec) *policy.BehaviorSpec{
		"scaleOut": func(b policy.BehaviorRuleSpec) *policy.BehaviorSpec { return &policy.BehaviorSpec{ScaleOut: &b} },
		"scaleIn":  func(b policy.BehaviorRuleSpec) *policy.BehaviorSpec { return &policy.BehaviorSpec{ScaleIn: &b} },
	}
	const size = "must be a whole number from 1 to 2147483647"
	for direction, behavior := range both {
		at := "targets[0].behavior." + direction
		one := func(b policy.BehaviorRuleSpec) func(*policy.Spec, *policy.TargetSpec) {
			return func(_ *policy.Spec, t *policy.TargetSpec) { t.Behavior = behavior(b) }
		}
		window := func(d time.Duration) func(*policy.Spec, *policy.TargetSpec) {
			return one(policy.BehaviorRuleSpec{StabilizationWindow: duration(d)})
		}
		tolerance := func(v float64) func(*policy.Spec, *policy.TargetSpec) {
			return one(policy.BehaviorRuleSpec{Tolerance: &v})
		}
		velocity := func(kind string, v int, period time.Duration) func(*policy.Spec, *policy.TargetSpec) {
			return one(policy.BehaviorRuleSpec{Policies: []policy.VelocitySpec{{Type: &kind, Value: &v, Period: duration(period)}}})
		}
		checkRules(t, []rule{
			{"empty", one(policy.BehaviorRuleSpec{}), nil},
			{"no window", window(0), nil},
			{"longest window", window(time.Hour), nil},
			{"window too long", window(time.Hour + time.Second), []string{at + `.stabilizationWindow: "1h0m1s": must be whole seconds from 0s to 1h`}},
			{"window below none", window(-time.Second), []string{at + `.stabilizationWindow: "-1s": must be whole seconds from 0s to 1h`}},
			{"window of a split second", window(time.Millisecond), []string{at + `.stabilizationWindow: "1ms": must be whole seconds from 0s to 1h`}},
			{"no tolerance", tolerance(0), nil},
			{"much tolerance", tolerance(0.99), nil},
			{"tolerance below 0", tolerance(-0.1), []string{at + ".tolerance: -0.1: must be a finite number, 0 or more"}},
			{"tolerance NaN", tolerance(math.NaN()), []string{at + ".tolerance: NaN: must be a finite number, 0 or more"}},
			{"tolerance infinite", tolerance(math.Inf(1)), []string{at + ".tolerance: +Inf: must be a finite number, 0 or more"}},
			{"Max", one(policy.BehaviorRuleSpec{SelectPolicy: new("Max")}), nil},
			{"Min", one(policy.BehaviorRuleSpec{SelectPolicy: new("Min")}), nil},
			{"Disabled", one(policy.BehaviorRuleSpec{SelectPolicy: new("Disabled")}), nil},
			{"Least", one(policy.BehaviorRuleSpec{SelectPolicy: new("Least")}), []string{at + `.selectPolicy: "Least": must be one of Max, Min, Disabled`}},
			{"no policies", one(policy.BehaviorRuleSpec{Policies: []policy.VelocitySpec{}}),
				[]string{at + ".policies: 0: must list at least one policy: leave it out for none"}},
			{"empty policy", one(policy.BehaviorRuleSpec{Policies: make([]policy.VelocitySpec, 1)}), []string{
				at + ".policies[0].type: is required", at + ".policies[0].value: is required", at + ".policies[0].period: is required",
			}},
			{"every policy", one(policy.BehaviorRuleSpec{Policies: []policy.VelocitySpec{
				{Type: new("Percent"), Value: new(100), Period: duration(time.Minute)}, {Type: new("Instances"), Value: new(1)},
			}}), []string{at + ".policies[1].period: is required"}},
			{"least velocity", velocity("Instances", 1, time.Second), nil},
			{"greatest velocity", velocity("Percent", math.MaxInt32, time.Hour), nil},
			{"velocity of Pods", velocity("Pods", 1, time.Second), []string{at + `.policies[0].type: "Pods": must be one of Instances, Percent`}},
			{"no velocity", velocity("Percent", 0, time.Second), []string{at + ".policies[0].value: 0: " + size}},
			{"velocity beyond SageMaker's", velocity("Percent", math.MaxInt32+1, time.Second), []string{at + ".policies[0].value: 2147483648: " + size}},
			{"no period", velocity("Percent", 1, 0), []string{at + `.policies[0].period: "0s": must be whole seconds from 1s to 1h`}},
			{"period too long", velocity("Percent", 1, time.Hour+time.Second), []string{at + `.policies[0].period: "1h0m1s": must be whole seconds from 1s to 1h`}},
		})
	}
	checkRules(t, []rule{
		{"none", func(_ *policy.Spec, t *policy.TargetSpec) { t.Behavior = &policy.BehaviorSpec{} }, nil},
		{"tolerance of 1 out", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.Behavior = both["scaleOut"](policy.BehaviorRuleSpec{Tolerance: new(1.0)})
		}, nil},
		{"tolerance of 1 in", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.Behavior = both["scaleIn"](policy.BehaviorRuleSpec{Tolerance: new(1.0)})
		}, []string{"targets[0].behavior.scaleIn.tolerance: 1: must be below 1: no load is further below its target"}},
		{"in the defaults", func(s *policy.Spec, _ *policy.TargetSpec) {
			s.Defaults = &policy.ScalingSpec{Behavior: both["scaleOut"](policy.BehaviorRuleSpec{SelectPolicy: new("None")})}
		}, []string{`defaults.behavior.scaleOut.selectPolicy: "None": must be one of Max, Min, Disabled`}},
	})
}

func TestBehavior(t *testing.T) {
	s := base()
	s.Targets[0].Behavior = &policy.BehaviorSpec{
		ScaleOut: &policy.BehaviorRuleSpec{SelectPolicy: new("Max"), Tolerance: new(0.0), StabilizationWindow: duration(0)},
		ScaleIn: &policy.BehaviorRuleSpec{
			StabilizationWindow: duration(5 * time.Minute), Tolerance: new(0.1), SelectPolicy: new("Min"),
			Policies: []policy.VelocitySpec{
				{Type: new("Instances"), Value: new(2), Period: duration(time.Minute)},
				{Type: new("Percent"), Value: new(50), Period: duration(time.Hour)},
			},
		},
	}
	want := policy.Behavior{ScaleIn: policy.Movement{
		Stabilization: 5 * time.Minute, Tolerance: 0.1, Select: policy.SelectMin,
		Velocities: []policy.Velocity{{Type: policy.Instances, Value: 2, Period: time.Minute}, {Type: policy.Percent, Value: 50, Period: time.Hour}},
	}}
	if got := mustCompile(t, s).Targets[0].Behavior; !reflect.DeepEqual(got, want) {
		t.Errorf("behavior %+v, want %+v", got, want)
	}
	s.Targets[0].Behavior.ScaleOut.SelectPolicy, s.Targets[0].Behavior.ScaleIn = new("Disabled"), nil
	want = policy.Behavior{ScaleOut: policy.Movement{Select: policy.SelectDisabled}}
	if got := mustCompile(t, s).Targets[0].Behavior; !reflect.DeepEqual(got, want) {
		t.Errorf("behavior %+v, want %+v", got, want)
	}
}
