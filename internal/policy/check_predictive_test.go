package policy_test

import (
	"testing"

	"sagescale/internal/policy"
)

func TestRulesOfPredictive(t *testing.T) {
	const later = "is not supported yet: leave it out"
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
		{"no objective", one(policy.PredictiveSpec{Mode: new("ForecastOnly"), ServiceObjective: new(0.0)}), []string{
			at + ".serviceObjective: 0: must be above 0 and below 1", at + ": " + later,
		}},
		{"in the defaults", func(s *policy.Spec, _ *policy.TargetSpec) {
			s.Defaults = &policy.ScalingSpec{Predictive: &policy.PredictiveSpec{Mode: new("ForecastAndScale")}}
		}, []string{"defaults.predictive: " + later}},
	})
}
