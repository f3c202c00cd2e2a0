package scaling

import (
	"math"
	"slices"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/policy"
)

// maxNeed bounds a need in instances before it becomes an integer: the result of
// converting a larger float is not the same on every processor.
const maxNeed = math.MaxInt32

// load returns the series that t is judged by: the load of all instances where it
// was measured, else the metric itself.
func (in Input) load(t policy.TargetTracking) Series {
	if total := t.Metric.Measured().Name; in.measured(total) {
		return in.series(total)
	}
	return in.series(t.Metric.Name)
}

// needs returns the need of every closed period of r, at least and at most: the
// instances that its load needs to be at the target value, load / targetValue.
//
// A value of a metric that is measured per instance is turned into load by the
// instances that were in service when it was measured, so that a need does not
// depend on the capacity of the moment. Where it is not known how many they were, a
// scale-out goes by the fewest and a scale-in by the most.
func (in Input) needs(t policy.TargetTracking, r reading, perInstance bool) (least, most reading) {
	least, most = r, r
	least.values, most.values = make(map[int64]float64, len(r.values)), make(map[int64]float64, len(r.values))
	for n, v := range r.values {
		few, many := 1, 1
		if perInstance {
			few, many = in.inService(startOf(n, r.period), startOf(n+1, r.period))
		}
		need := min(v/t.TargetValue, maxNeed)
		least.values[n] = min(need*float64(few), maxNeed)
		most.values[n] = min(need*float64(many), maxNeed)
	}
	return least, most
}

// inService returns the fewest and the most instances that may have served between
// from and to, by the activities that changed the capacity. Between its start and
// its end an activity may have brought all, some or none of them: the end is when
// it was seen. One that ends before it began, by the clocks of two workers, has
// brought all.
func (in Input) inService(from, to time.Time) (fewest, most int) {
	fewest = math.MaxInt
	include := func(capacity int) { fewest, most = min(fewest, capacity), max(most, capacity) }
	capacity := in.Observation.CurrentCapacity
	for _, a := range slices.Backward(in.Activities) {
		if a.Status != activity.Successful && a.Status != activity.Unfulfilled {
			continue
		}
		over := !a.EndTime.After(from)
		if a.StartTime.Before(to) || over {
			include(capacity)
		}
		if over {
			return fewest, most
		}
		capacity = a.From
	}
	include(capacity)
	return fewest, most
}

// instances returns the whole instances that a need asks for. What floating
// point adds to a whole number does not make another instance.
func instances(need float64) int {
	need = min(need, maxNeed)
	return int(math.Ceil(need - 1e-9*max(1, need)))
}
