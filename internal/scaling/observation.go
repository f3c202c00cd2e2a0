package scaling

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// Observation is what was measured of one target: what SageMaker says of the
// variant, and the datapoints of its metrics with their own times.
type Observation struct {
	// Status is the endpoint's status in SageMaker's spelling, such as InService.
	Status string `json:"status"`
	// CurrentCapacity is the number of instances that serve, DesiredCapacity the
	// number that SageMaker was last asked for.
	CurrentCapacity int      `json:"currentCapacity"`
	DesiredCapacity int      `json:"desiredCapacity"`
	Metrics         []Series `json:"metrics"`
	// Conflict says who else scales the variant, or is empty.
	Conflict string `json:"conflict,omitempty"`
	// LastModified is when SageMaker says that the endpoint was last changed, zero
	// when it does not say. Touched is the last such time that no activity accounts for,
	// BusySince since when a change is known to be under way.
	LastModified time.Time `json:"lastModifiedTime,omitzero"`
	Touched      time.Time `json:"touchedTime,omitzero"`
	BusySince    time.Time `json:"busySinceTime,omitzero"`
}

// Series are the datapoints of one metric, in any order.
//
// Metric is the name of a metric of the policy, or Invocations: the load of all
// instances, which serves a policy on InvocationsPerInstance.
type Series struct {
	Metric     string      `json:"metric"`
	Datapoints []Datapoint `json:"datapoints"`
	// DueThrough is the time through which datapoints are due: one that is
	// missing before it is a gap, one after it may still be on its way. The zero
	// time means now.
	DueThrough time.Time `json:"dueThrough,omitzero"`
	// Incomplete says why CloudWatch did not answer in full, or is empty. An
	// incomplete series never removes capacity.
	Incomplete string `json:"incomplete,omitempty"`
}

// Datapoint is one value of a metric. Time is the beginning of its period. A
// value that is NaN, infinite or negative counts as missing.
type Datapoint struct {
	Time  time.Time `json:"time"`
	Value float64   `json:"value"`
}

// UnmarshalJSON reads a datapoint. A value that is null or left out is missing,
// not zero.
func (d *Datapoint) UnmarshalJSON(text []byte) error {
	var raw struct {
		Time  *time.Time `json:"time"`
		Value *float64   `json:"value"`
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&raw); err != nil {
		return fmt.Errorf("read datapoint: %w", err)
	}
	if raw.Time == nil {
		return fmt.Errorf("read datapoint: time is required")
	}
	d.Time, d.Value = *raw.Time, math.NaN()
	if raw.Value != nil {
		d.Value = *raw.Value
	}
	return nil
}

// MarshalJSON writes the datapoint, a value that JSON cannot hold as null.
func (d Datapoint) MarshalJSON() ([]byte, error) {
	raw := struct {
		Time  time.Time `json:"time"`
		Value *float64  `json:"value"`
	}{Time: d.Time}
	if !math.IsNaN(d.Value) && !math.IsInf(d.Value, 0) {
		raw.Value = &d.Value
	}
	return json.Marshal(raw)
}

// valid reports whether the value can be a measurement.
func (d Datapoint) valid() bool {
	return d.Value >= 0 && !math.IsInf(d.Value, 0)
}
