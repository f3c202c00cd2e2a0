package policy_test

import (
	"testing"

	"sagescale/internal/policy"
)

func TestRulesOfPredictive(t *testing.T) {
	const blind = ": needs a targetTracking of InvocationsPerInstance: it is that load which is forecast"
	at := "targets[0].predictive"
	one := func(p policy.PredictiveSpec) func(*policy.Spec, *policy.TargetSpec) {
		return func(_ *policy.Spec, t *policy.TargetSpec) {
			t.Predictive = &p
			t.TargetTracking = []policy.TargetTrackingSpec{{
				Metric: &policy.MetricSpec{Predefined: policy.InvocationsPerInstance}, TargetValue: new(70.0),
			}}
		}
	}
	checkRules(t, []rule{
		{"off", one(policy.PredictiveSpec{Mode: new("Off"), ServiceObjective: new(0.999)}), nil},
		{"valid", one(policy.PredictiveSpec{Mode: new("ForecastAndScale"), ServiceObjective: new(0.999)}), nil},
		{"empty", one(policy.PredictiveSpec{}), []string{at + ".mode: is required"}},
		{"values", one(policy.PredictiveSpec{Mode: new("On"), InstanceCapacity: new(0.0), ServiceObjective: new(1.0)}), []string{
			at + `.mode: "On": must be one of Off, ForecastOnly, ForecastAndScale`,
			at + ".instanceCapacity: 0: must be a finite number above 0",
			at + ".serviceObjective: 1: must be above 0 and below 1",
		}},
		{"no objective", one(policy.PredictiveSpec{Mode: new("ForecastOnly"), ServiceObjective: new(0.0)}), []string{
			at + ".serviceObjective: 0: must be above 0 and below 1",
		}},
		{"another metric", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.Predictive = &policy.PredictiveSpec{Mode: new("ForecastOnly")}
			t.TargetTracking = []policy.TargetTrackingSpec{{
				Metric: &policy.MetricSpec{Predefined: policy.ConcurrentRequestsPerModel}, TargetValue: new(5.0),
			}}
		}, []string{at + blind}},
	})
}

func TestCompilePredictive(t *testing.T) {
	spec := func(p *policy.PredictiveSpec) policy.Spec {
		return policy.Spec{Version: new(1), Defaults: &policy.ScalingSpec{Predictive: p}, Targets: []policy.TargetSpec{{
			Endpoint: new("chat"), Variant: new("AllTraffic"),
			ScalingSpec: policy.ScalingSpec{
				MinCapacity: new(1), MaxCapacity: new(2),
				TargetTracking: []policy.TargetTrackingSpec{{
					Metric: &policy.MetricSpec{Predefined: policy.InvocationsPerInstance}, TargetValue: new(70.0),
				}},
			},
		}}}
	}
	for name, c := range map[string]struct {
		spec *policy.PredictiveSpec
		want policy.Predictive
	}{
		"none":     {nil, policy.Predictive{}},
		"off":      {&policy.PredictiveSpec{Mode: new("Off"), InstanceCapacity: new(5.0)}, policy.Predictive{}},
		"defaults": {&policy.PredictiveSpec{Mode: new("ForecastOnly")}, policy.Predictive{Mode: policy.ForecastOnly, InstanceCapacity: 70, ServiceObjective: 0.999}},
		"all": {
			&policy.PredictiveSpec{Mode: new("ForecastAndScale"), InstanceCapacity: new(100.0), ServiceObjective: new(0.99)},
			policy.Predictive{Mode: policy.ForecastAndScale, InstanceCapacity: 100, ServiceObjective: 0.99},
		},
	} {
		p, faults := policy.Compile(spec(c.spec))
		if faults != nil {
			t.Fatalf("%s: %v", name, faults)
		}
		if got := p.Targets[0].Predictive; got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	if _, faults := policy.Compile(spec(&policy.PredictiveSpec{Mode: new("On")})); len(faults) != 1 {
		t.Errorf("got %v", faults)
	}
	blind := spec(&policy.PredictiveSpec{Mode: new("ForecastOnly")})
	blind.Targets[0].TargetTracking[0].Metric.Predefined = policy.ConcurrentRequestsPerModel
	if _, faults := policy.Compile(blind); len(faults) != 1 || faults[0].Rule != "needs a targetTracking of InvocationsPerInstance: it is that load which is forecast" {
		t.Errorf("got %v", faults)
	}
}
