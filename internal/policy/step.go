package policy

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// StepScalingSpec changes the capacity by steps, as far as a metric is from a
// threshold.
type StepScalingSpec struct {
	// Name of your choice, unique among the step policies of the target; used in
	// records and reasons.
	Name *string `json:"name" jsonschema:"pattern=^[0-9a-zA-Z_.-]{1\\,64}$"`
	// A predefined metric by its name, or a metric of your own as a mapping.
	Metric *MetricSpec `json:"metric"`
	// Value of the metric that the bounds of the steps are relative to.
	Threshold *float64 `json:"threshold" jsonschema:"minimum=0"`
	// How the metric is compared with the threshold, as in CloudWatch.
	Comparison *string `json:"comparison" jsonschema:"enum=GreaterThanOrEqualToThreshold,enum=GreaterThanThreshold,enum=LessThanThreshold,enum=LessThanOrEqualToThreshold"`
	// What the adjustment of a step is: instances to add, percent of the present
	// capacity, or the capacity itself.
	AdjustmentType *string `json:"adjustmentType" jsonschema:"enum=ChangeInCapacity,enum=PercentChangeInCapacity,enum=ExactCapacity"`
	// How the datapoints that made the alarm become the value that a step is
	// chosen by.
	MetricAggregationType *string `json:"metricAggregationType,omitempty" jsonschema:"enum=Average,enum=Minimum,enum=Maximum,default=Average"`
	// Least number of instances that a percentage changes.
	MinAdjustmentMagnitude *int `json:"minAdjustmentMagnitude,omitempty" jsonschema:"minimum=1,maximum=2147483647,default=1"`
	// For this long after a scale-out is in service, what it added is credited
	// against the next; after a scale-in no other follows; at most 24h.
	Cooldown *Duration `json:"cooldown,omitempty" jsonschema:"default=5m"`
	// How many datapoints beyond the threshold make the alarm. When absent: 3 of 3.
	WindowSpec `json:",inline"`
	// What a missing datapoint counts for, as in CloudWatch. Capacity is never
	// removed by it.
	TreatMissingData *string `json:"treatMissingData,omitempty" jsonschema:"enum=missing,enum=ignore,enum=breaching,enum=notBreaching,default=missing"`
	// The steps, without gaps and overlaps: {lowerBound: 0, adjustment: 1} adds one
	// above the threshold, {upperBound: 0, adjustment: -1} removes one below it.
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

// Comparison is how a metric is compared with a threshold, in CloudWatch's words.
type Comparison string

// The comparisons.
const (
	GreaterOrEqual Comparison = "GreaterThanOrEqualToThreshold"
	Greater        Comparison = "GreaterThanThreshold"
	Less           Comparison = "LessThanThreshold"
	LessOrEqual    Comparison = "LessThanOrEqualToThreshold"
)

// Above reports whether the comparison looks for high values rather than low
// ones.
func (c Comparison) Above() bool { return c == GreaterOrEqual || c == Greater }

// Holds reports whether a value compares so with a threshold.
func (c Comparison) Holds(value, threshold float64) bool {
	switch c {
	case GreaterOrEqual:
		return value >= threshold
	case Greater:
		return value > threshold
	case Less:
		return value < threshold
	default:
		return value <= threshold
	}
}

// What an adjustment is.
const (
	ChangeInCapacity        = "ChangeInCapacity"
	PercentChangeInCapacity = "PercentChangeInCapacity"
	ExactCapacity           = "ExactCapacity"
)

// How datapoints are aggregated.
const (
	Average = "Average"
	Minimum = "Minimum"
	Maximum = "Maximum"
)

// What a missing datapoint counts for.
const (
	TreatMissing      = "missing"
	TreatIgnore       = "ignore"
	TreatBreaching    = "breaching"
	TreatNotBreaching = "notBreaching"
)

// StepScaling changes the capacity by the step that the aggregated metric lies
// in, when Alarm.Datapoints of the last Alarm.Periods compare with Threshold.
type StepScaling struct {
	Name             string           `json:"name"`
	Metric           Metric           `json:"metric"`
	Threshold        float64          `json:"threshold"`
	Comparison       Comparison       `json:"comparison"`
	AdjustmentType   string           `json:"adjustmentType"`
	Aggregation      string           `json:"metricAggregationType"`
	MinAdjustment    int              `json:"minAdjustmentMagnitude"`
	Cooldown         time.Duration    `json:"cooldown"`
	Alarm            Window           `json:"alarm"`
	TreatMissingData string           `json:"treatMissingData"`
	Adjustments      []StepAdjustment `json:"stepAdjustments"`
}

// StepAdjustment is one step, its bounds relative to the threshold. A nil bound is
// infinite.
type StepAdjustment struct {
	Lower      *float64 `json:"lowerBound,omitempty"`
	Upper      *float64 `json:"upperBound,omitempty"`
	Adjustment int      `json:"adjustment"`
}

// Step returns the adjustment for a value of the metric, by its difference from the
// threshold; ok is false where no step has it. With a comparison for high values the
// lower bound belongs to a step, with one for low values the upper bound. What
// floating point adds or takes away does not move a value off a bound.
func (s StepScaling) Step(v float64) (adjustment int, ok bool) {
	epsilon := 1e-9 * max(math.Abs(v), math.Abs(s.Threshold))
	difference := v - s.Threshold
	for _, a := range s.Adjustments {
		low, high := value(a.Lower, math.Inf(-1)), value(a.Upper, math.Inf(1))
		inside := low-epsilon <= difference && difference < high-epsilon
		if !s.Comparison.Above() {
			inside = low+epsilon < difference && difference <= high+epsilon
		}
		if inside {
			return a.Adjustment, true
		}
	}
	return 0, false
}

func compileStep(spec StepScalingSpec, endpoint, variant string) StepScaling {
	out := StepScaling{
		Name:             value(spec.Name, ""),
		Threshold:        value(spec.Threshold, 0),
		Comparison:       Comparison(value(spec.Comparison, "")),
		AdjustmentType:   value(spec.AdjustmentType, ""),
		Aggregation:      value(spec.MetricAggregationType, Average),
		MinAdjustment:    value(spec.MinAdjustmentMagnitude, 1),
		Cooldown:         time.Duration(value(spec.Cooldown, Duration(DefaultCooldown))),
		Alarm:            spec.compile(Window{DefaultScaleOutDatapoints, DefaultScaleOutDatapoints}),
		TreatMissingData: value(spec.TreatMissingData, TreatMissing),
	}
	if spec.Metric != nil {
		out.Metric = compileMetric(*spec.Metric, endpoint, variant)
	}
	for _, a := range spec.StepAdjustments {
		out.Adjustments = append(out.Adjustments, StepAdjustment{a.LowerBound, a.UpperBound, value(a.Adjustment, 0)})
	}
	slices.SortStableFunc(out.Adjustments, func(a, b StepAdjustment) int {
		return cmp.Compare(value(a.Lower, math.Inf(-1)), value(b.Lower, math.Inf(-1)))
	})
	return out
}
