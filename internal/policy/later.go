package policy

// The fields of this file are read and checked, but a policy that uses them is
// refused: nothing decides by them yet.

// StepScalingSpec changes the capacity by steps, as far as a metric is from a
// threshold.
type StepScalingSpec struct {
	// Name of your choice, used in records and reasons.
	Name *string `json:"name" jsonschema:"pattern=^[0-9a-zA-Z_.-]{1\\,64}$"`
	// A predefined metric by its name, or a CloudWatch metric as a mapping.
	Metric *MetricSpec `json:"metric"`
	// Value of the metric that the bounds of the steps are relative to.
	Threshold *float64 `json:"threshold"`
	// How the metric is compared with the threshold, as in CloudWatch.
	Comparison *string `json:"comparison" jsonschema:"enum=GreaterThanOrEqualToThreshold,enum=GreaterThanThreshold,enum=LessThanThreshold,enum=LessThanOrEqualToThreshold"`
	// What the adjustment of a step is.
	AdjustmentType *string `json:"adjustmentType" jsonschema:"enum=ChangeInCapacity,enum=PercentChangeInCapacity,enum=ExactCapacity"`
	// How datapoints are aggregated.
	MetricAggregationType *string `json:"metricAggregationType,omitempty" jsonschema:"enum=Average,enum=Minimum,enum=Maximum"`
	// Least number of instances that a percentage changes.
	MinAdjustmentMagnitude *int `json:"minAdjustmentMagnitude,omitempty" jsonschema:"minimum=1,maximum=2147483647"`
	// After a step only a larger one may follow for this long, at most 24h.
	Cooldown *Duration `json:"cooldown,omitempty"`
	// The steps.
	StepAdjustments []StepAdjustmentSpec `json:"stepAdjustments" jsonschema:"minItems=1,maxItems=20"`
}

// StepAdjustmentSpec is one step. Its bounds are relative to the threshold; a
// nil bound is infinite.
type StepAdjustmentSpec struct {
	// Lower bound, relative to the threshold. When absent: none.
	LowerBound *float64 `json:"lowerBound,omitempty"`
	// Upper bound, relative to the threshold. When absent: none.
	UpperBound *float64 `json:"upperBound,omitempty"`
	// Change, in the sense of adjustmentType.
	Adjustment *int `json:"adjustment" jsonschema:"minimum=-2147483648,maximum=2147483647"`
}

// BehaviorSpec limits how the capacity moves, as in the Kubernetes HPA.
type BehaviorSpec struct {
	// Behavior when capacity is added.
	ScaleOut *BehaviorRuleSpec `json:"scaleOut,omitempty"`
	// Behavior when capacity is removed.
	ScaleIn *BehaviorRuleSpec `json:"scaleIn,omitempty"`
}

// BehaviorRuleSpec is the behavior in one direction.
type BehaviorRuleSpec struct {
	// Look back this long, at most 1h, and take the most cautious capacity.
	StabilizationWindow *Duration `json:"stabilizationWindow,omitempty"`
	// Do nothing as long as the metric is this share from its target.
	Tolerance *float64 `json:"tolerance,omitempty" jsonschema:"minimum=0"`
	// Which of the policies decides.
	SelectPolicy *string `json:"selectPolicy,omitempty" jsonschema:"enum=Max,enum=Min,enum=Disabled"`
	// How fast the capacity may change.
	Policies []VelocitySpec `json:"policies,omitempty"`
}

// VelocitySpec allows a change of so much in a period.
type VelocitySpec struct {
	// What value counts.
	Type *string `json:"type" jsonschema:"enum=Instances,enum=Percent"`
	// Change allowed in a period.
	Value *int `json:"value" jsonschema:"minimum=1,maximum=2147483647"`
	// The period, 1s to 1h.
	Period *Duration `json:"period"`
}

// PredictiveSpec scales ahead of the load.
type PredictiveSpec struct {
	// Whether forecasts are made, and followed.
	Mode *string `json:"mode" jsonschema:"enum=Off,enum=ForecastOnly,enum=ForecastAndScale"`
	// Load that one instance serves in time, in the unit of targetValue.
	InstanceCapacity *float64 `json:"instanceCapacity,omitempty" jsonschema:"exclusiveMinimum=0"`
	// Share of requests to serve in time.
	ServiceObjective *float64 `json:"serviceObjective,omitempty" jsonschema:"exclusiveMinimum=0,exclusiveMaximum=1"`
}
