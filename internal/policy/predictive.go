package policy

// PredictiveSpec scales ahead of the load. It is read and checked, but a policy
// that has it is refused: nothing decides by it yet.
type PredictiveSpec struct {
	// Whether forecasts are made, and followed.
	Mode *string `json:"mode" jsonschema:"enum=Off,enum=ForecastOnly,enum=ForecastAndScale"`
	// Load that one instance serves in time, in the unit of targetValue.
	InstanceCapacity *float64 `json:"instanceCapacity,omitempty" jsonschema:"exclusiveMinimum=0"`
	// Share of requests to serve in time.
	ServiceObjective *float64 `json:"serviceObjective,omitempty" jsonschema:"exclusiveMinimum=0,exclusiveMaximum=1"`
}
