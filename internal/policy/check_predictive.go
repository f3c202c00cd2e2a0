package policy

const unsupported = "is not supported yet: leave it out"

// predictive checks what nothing decides by yet, and refuses it.
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
	f.add(path, nil, unsupported)
}
