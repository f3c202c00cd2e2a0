package policy

import "slices"

// Mode is what forecasts are for.
type Mode string

// The modes of predictive scaling. ForecastOnly says what would be done, and
// ForecastAndScale does it.
const (
	Off              Mode = "Off"
	ForecastOnly     Mode = "ForecastOnly"
	ForecastAndScale Mode = "ForecastAndScale"
)

// Forecasts reports whether forecasts are made.
func (m Mode) Forecasts() bool { return m == ForecastOnly || m == ForecastAndScale }

// DefaultServiceObjective is the share of requests to serve in time when none is given.
const DefaultServiceObjective = 0.999

// countsRequests reports whether t tracks the load that can be forecast.
func (t TargetTracking) countsRequests() bool { return t.Metric.Name == InvocationsPerInstance }

// Predictive is how a target scales ahead of its load: InstanceCapacity is the load that
// one instance serves in time, in the unit of the target value, and ServiceObjective the
// share of requests to serve in time, which sets the headroom.
type Predictive struct {
	Mode             Mode    `json:"mode"`
	InstanceCapacity float64 `json:"instanceCapacity,omitempty"`
	ServiceObjective float64 `json:"serviceObjective,omitempty"`
}

// compile fills in the defaults. Without a capacity the target value is taken for it.
func (p *PredictiveSpec) compile(targets []TargetTracking) Predictive {
	if p == nil || value(p.Mode, "") == string(Off) {
		return Predictive{}
	}
	capacity := 0.0
	if t := slices.IndexFunc(targets, TargetTracking.countsRequests); t >= 0 {
		capacity = targets[t].TargetValue
	}
	return Predictive{Mode(value(p.Mode, "")), value(p.InstanceCapacity, capacity), value(p.ServiceObjective, DefaultServiceObjective)}
}

// PredictiveSpec scales ahead of the load.
type PredictiveSpec struct {
	// Whether forecasts are made, and followed: ForecastOnly shows what it would do.
	Mode *string `json:"mode" jsonschema:"enum=Off,enum=ForecastOnly,enum=ForecastAndScale"`
	// Load that one instance serves in time, in the unit of targetValue: requests a
	// minute. When absent: targetValue.
	InstanceCapacity *float64 `json:"instanceCapacity,omitempty" jsonschema:"exclusiveMinimum=0"`
	// Share of requests to serve in time. How much spare capacity is kept follows from
	// this, and not from targetValue.
	ServiceObjective *float64 `json:"serviceObjective,omitempty" jsonschema:"exclusiveMinimum=0,exclusiveMaximum=1,default=0.999"`
}
