package policy

import "slices"

func (f *faults) predictive(path Path, p *PredictiveSpec) {
	if p == nil {
		return
	}
	f.required(path, "mode", p.Mode != nil)
	f.oneOf(path, "mode", p.Mode, "Off", "ForecastOnly", "ForecastAndScale")
	f.positive(path, "instanceCapacity", p.InstanceCapacity)
	if v := p.ServiceObjective; v != nil && (!(*v > 0) || !(*v < 1)) {
		f.add(path.with("serviceObjective"), *v, "must be above 0 and below 1")
	}
}

// forecastable checks that what is to be forecast is measured.
func (f *faults) forecastable(path Path, s ScalingSpec) {
	counts := func(t TargetTrackingSpec) bool {
		return t.Metric != nil && t.Metric.Predefined == InvocationsPerInstance
	}
	if p := s.Predictive; p != nil && Mode(value(p.Mode, "")).Forecasts() && !slices.ContainsFunc(s.TargetTracking, counts) {
		f.add(path.with("predictive"), nil, "needs a targetTracking of InvocationsPerInstance: it is that load which is forecast").
			Related = []Path{{"defaults", "predictive"}}
	}
}
