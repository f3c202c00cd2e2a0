package policy_test

import (
	"math"
	"testing"
	"time"

	"sagescale/internal/policy"
)

const later = "is not supported yet: leave it out"

func step() policy.StepScalingSpec {
	return policy.StepScalingSpec{
		Name: new("latency"), Metric: &policy.MetricSpec{Predefined: policy.InvocationsPerInstance}, Threshold: new(50.0),
		Comparison: new("GreaterThanThreshold"), AdjustmentType: new("ChangeInCapacity"),
		StepAdjustments: []policy.StepAdjustmentSpec{{Adjustment: new(1)}},
	}
}

func TestRulesOfSteps(t *testing.T) {
	at := "targets[0].stepScaling[0]"
	one := func(change func(*policy.StepScalingSpec)) func(*policy.Spec, *policy.TargetSpec) {
		s := step()
		change(&s)
		return func(_ *policy.Spec, t *policy.TargetSpec) { t.StepScaling = []policy.StepScalingSpec{s} }
	}
	last := "targets[0].stepScaling: " + later
	checkRules(t, []rule{
		{"valid", one(func(*policy.StepScalingSpec) {}), []string{last}},
		{"none", func(_ *policy.Spec, t *policy.TargetSpec) { t.StepScaling = []policy.StepScalingSpec{} }, []string{last}},
		{"empty", one(func(s *policy.StepScalingSpec) { *s = policy.StepScalingSpec{} }), []string{
			at + ".name: is required", at + ".metric: is required", at + ".threshold: is required", at + ".comparison: is required",
			at + ".adjustmentType: is required", at + ".stepAdjustments: is required", last,
		}},
		{"words", one(func(s *policy.StepScalingSpec) {
			s.Comparison, s.AdjustmentType, s.MetricAggregationType = new("Above"), new("Percent"), new("Sum")
		}), []string{
			at + `.comparison: "Above": must be one of GreaterThanOrEqualToThreshold, GreaterThanThreshold, LessThanThreshold, LessThanOrEqualToThreshold`,
			at + `.adjustmentType: "Percent": must be one of ChangeInCapacity, PercentChangeInCapacity, ExactCapacity`,
			at + `.metricAggregationType: "Sum": must be one of Average, Minimum, Maximum`, last,
		}},
		{"numbers", one(func(s *policy.StepScalingSpec) {
			s.MinAdjustmentMagnitude, s.Cooldown, s.StepAdjustments = new(0), duration(25*time.Hour), make([]policy.StepAdjustmentSpec, 1)
		}), []string{
			at + ".minAdjustmentMagnitude: 0: must be a whole number from 1 to 2147483647",
			at + `.cooldown: "25h": must be whole seconds from 0s to 24h`,
			at + ".stepAdjustments[0].adjustment: is required", last,
		}},
		{"no steps", one(func(s *policy.StepScalingSpec) { s.StepAdjustments = []policy.StepAdjustmentSpec{} }),
			[]string{at + ".stepAdjustments: 0: must be 1 to 20 steps", last}},
		{"metric", one(func(s *policy.StepScalingSpec) { s.Metric.Predefined = "x" }),
			[]string{at + `.metric: "x": must be one of InvocationsPerInstance, ConcurrentRequestsPerModel`, last}},
	})
}

func TestRulesOfBehavior(t *testing.T) {
	at := "targets[0].behavior.scaleIn"
	one := func(b policy.BehaviorRuleSpec) func(*policy.Spec, *policy.TargetSpec) {
		return func(_ *policy.Spec, t *policy.TargetSpec) { t.Behavior = &policy.BehaviorSpec{ScaleIn: &b} }
	}
	last := "targets[0].behavior: " + later
	checkRules(t, []rule{
		{"valid", one(policy.BehaviorRuleSpec{Tolerance: new(0.1), SelectPolicy: new("Max"), Policies: []policy.VelocitySpec{
			{Type: new("Percent"), Value: new(100), Period: duration(time.Minute)},
		}}), []string{last}},
		{"values", one(policy.BehaviorRuleSpec{
			StabilizationWindow: duration(2 * time.Hour), Tolerance: new(-0.1), SelectPolicy: new("Least"),
			Policies: []policy.VelocitySpec{{}, {Type: new("Pods"), Value: new(0), Period: duration(0)}},
		}), []string{
			at + `.stabilizationWindow: "2h": must be whole seconds from 0s to 1h`,
			at + ".tolerance: -0.1: must be a finite number, 0 or more",
			at + `.selectPolicy: "Least": must be one of Max, Min, Disabled`,
			at + ".policies[0].type: is required", at + ".policies[0].value: is required", at + ".policies[0].period: is required",
			at + `.policies[1].type: "Pods": must be one of Instances, Percent`,
			at + ".policies[1].value: 0: must be a whole number from 1 to 2147483647",
			at + `.policies[1].period: "0s": must be whole seconds from 1s to 1h`, last,
		}},
		{"infinite", one(policy.BehaviorRuleSpec{Tolerance: new(math.Inf(1))}),
			[]string{at + ".tolerance: +Inf: must be a finite number, 0 or more", last}},
	})
}

func TestRulesOfPredictive(t *testing.T) {
	at := "targets[0].predictive"
	one := func(p policy.PredictiveSpec) func(*policy.Spec, *policy.TargetSpec) {
		return func(_ *policy.Spec, t *policy.TargetSpec) { t.Predictive = &p }
	}
	checkRules(t, []rule{
		{"valid", one(policy.PredictiveSpec{Mode: new("Off"), ServiceObjective: new(0.999)}), []string{at + ": " + later}},
		{"empty", one(policy.PredictiveSpec{}), []string{at + ".mode: is required", at + ": " + later}},
		{"values", one(policy.PredictiveSpec{Mode: new("On"), InstanceCapacity: new(0.0), ServiceObjective: new(1.0)}), []string{
			at + `.mode: "On": must be one of Off, ForecastOnly, ForecastAndScale`,
			at + ".instanceCapacity: 0: must be a finite number above 0",
			at + ".serviceObjective: 1: must be above 0 and below 1", at + ": " + later,
		}},
	})
}
