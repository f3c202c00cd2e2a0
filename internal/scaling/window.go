package scaling

import (
	"math"
	"slices"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/policy"
)

// lateness is how much further back than its periods a scale-out looks for
// datapoints, because CloudWatch publishes them with a delay of minutes. What is
// older says nothing of now.
const lateness = 5 * time.Minute

// maxNeed bounds a need in instances before it becomes an integer: the result of
// converting a larger float is not the same on every processor.
const maxNeed = math.MaxInt32

// Query is what has to be measured for a target-tracking policy: a metric, from a
// time to now.
type Query struct {
	Metric policy.Metric
	From   time.Time
}

// QueryFor returns what t is judged by at a time.
func QueryFor(t policy.TargetTracking, now time.Time) Query {
	period := t.Metric.Period
	periods := int64(max(t.ScaleOut.Periods, t.ScaleIn.Periods)) + late(period)
	return Query{Metric: t.Metric.Measured(), From: startOf(periodOf(now, period)-periods, period)}
}

// late is the number of further periods that a scale-out looks back.
func late(period time.Duration) int64 { return int64((lateness + period - 1) / period) }

// needs maps the number of a period, counted from the Unix epoch, to the
// instances that its load needs to be at the target value: load / targetValue.
type needs map[int64]float64

// needs returns the need of every closed period of s, at least and at most. Of
// several datapoints of one period the highest counts.
//
// A datapoint of a metric that is measured per instance is turned into load by
// the instances that were in service when it was measured, so that a need does
// not depend on the capacity of the moment. Where it is not known how many they
// were, a scale-out goes by the fewest and a scale-in by the most.
func (in Input) needs(t policy.TargetTracking, s Series) (least, most needs) {
	least, most = needs{}, needs{}
	period := t.Metric.Period
	total := s.Metric == policy.Invocations
	for _, d := range s.Datapoints {
		n := periodOf(d.Time, period)
		if !d.valid() || in.Now.Before(startOf(n+1, period)) {
			continue
		}
		few, many := 1, 1
		if !total {
			few, many = in.inService(startOf(n, period), startOf(n+1, period))
		}
		need := min(d.Value/t.TargetValue, maxNeed)
		least[n] = min(max(least[n], need*float64(few)), maxNeed)
		most[n] = min(max(most[n], need*float64(many)), maxNeed)
	}
	return least, most
}

// inService returns the fewest and the most instances that may have served between
// from and to, by the activities that changed the capacity. Between its start and
// its end an activity may have brought all, some or none of them: the end is when
// it was seen.
func (in Input) inService(from, to time.Time) (fewest, most int) {
	fewest = math.MaxInt
	include := func(capacity int) { fewest, most = min(fewest, capacity), max(most, capacity) }
	capacity := in.Observation.CurrentCapacity
	for _, a := range slices.Backward(in.Activities) {
		if a.Status != activity.Successful && a.Status != activity.Unfulfilled {
			continue
		}
		if a.StartTime.Before(to) {
			include(capacity)
		}
		if !a.EndTime.After(from) {
			return fewest, most
		}
		capacity = a.From
	}
	include(capacity)
	return fewest, most
}

// newest returns the needs of the n newest periods that have a datapoint, among
// those that a scale-out looks at, in falling order. There may be fewer.
func (w needs) newest(n int, period time.Duration, now time.Time) []float64 {
	last := periodOf(now, period) - 1
	oldest := last - int64(n) + 1 - late(period)
	var out []float64
	for p := last; p >= oldest && len(out) < n; p-- {
		if need, ok := w[p]; ok {
			out = append(out, need)
		}
	}
	slices.Sort(out)
	slices.Reverse(out)
	return out
}

// due returns the needs of the n periods that end at the last one due, in rising
// order, and how many of them have no datapoint.
func (w needs) due(n int, period time.Duration, through time.Time) (sorted []float64, missing int) {
	last := periodOf(through, period) - 1
	for p := last - int64(n) + 1; p <= last; p++ {
		need, ok := w[p]
		if !ok {
			missing++
			continue
		}
		sorted = append(sorted, need)
	}
	slices.Sort(sorted)
	return sorted, missing
}

// after returns the highest need of the closed periods after the last one due,
// 0 if there is none.
func (w needs) after(period time.Duration, through, now time.Time) float64 {
	highest := 0.0
	for p := periodOf(through, period); p < periodOf(now, period); p++ {
		highest = max(highest, w[p])
	}
	return highest
}

// periodOf returns the number of the period that t lies in.
func periodOf(t time.Time, period time.Duration) int64 {
	s, p := t.Unix(), int64(period/time.Second)
	n := s / p
	if s%p < 0 {
		n--
	}
	return n
}

// startOf returns the beginning of period n.
func startOf(n int64, period time.Duration) time.Time {
	return time.Unix(n*int64(period/time.Second), 0).UTC()
}

// instances returns the whole instances that a need asks for. What floating
// point adds to a whole number does not make another instance.
func instances(need float64) int {
	return int(math.Ceil(min(need, maxNeed) - 1e-9*max(1, need)))
}
