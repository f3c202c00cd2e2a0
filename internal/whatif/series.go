package whatif

import (
	"math"
	"slices"
	"time"

	"sagescale/internal/scaling"
)

// period returns the period of a metric of the target, 0 for one that it does not have.
func (c Case) period(metric string) time.Duration {
	for _, q := range scaling.Queries(c.Target, c.Now) {
		if q.Metric.Name == metric {
			return q.Metric.Period
		}
	}
	for _, t := range c.Target.TargetTracking {
		if t.Metric.Name == metric { // measured for each instance
			return t.Metric.Period
		}
	}
	return 0
}

// since returns from when on a metric of the target is measured.
func (c Case) since(metric string) time.Time {
	first := c.Now
	for _, q := range scaling.Queries(c.Target, c.Now) {
		if q.Metric.Name == metric || q.From.Before(first) && c.measured(metric) {
			first = q.From
		}
	}
	return first
}

// measured reports whether a metric is among those that were observed.
func (c Case) measured(metric string) bool {
	return slices.ContainsFunc(c.Observation.Metrics, func(s scaling.Series) bool { return s.Metric == metric })
}

// index returns the number of the period that a time lies in.
func index(t time.Time, period time.Duration) int64 {
	return int64(math.Floor(float64(t.Unix()) / period.Seconds()))
}

// beginning returns the beginning of a period.
func beginning(n int64, period time.Duration) time.Time {
	return time.Unix(n*int64(period/time.Second), 0).UTC()
}

// due returns the last period of a series that is due at a time.
func due(s scaling.Series, now time.Time, period time.Duration) int64 {
	if s.DueThrough.IsZero() || s.DueThrough.After(now) {
		return index(now, period) - 1
	}
	return index(s.DueThrough, period) - 1
}

// valid reports whether a datapoint can be a measurement of a period that is over.
func valid(d scaling.Datapoint, now time.Time, period time.Duration) bool {
	return d.Value >= 0 && !math.IsInf(d.Value, 0) && index(d.Time, period) < index(now, period)
}

// newest returns the last datapoint through a period, false if there is none.
func newest(s scaling.Series, now time.Time, period time.Duration, through int64) (last scaling.Datapoint, ok bool) {
	for _, d := range s.Datapoints {
		if valid(d, now, period) && index(d.Time, period) <= through && (!ok || d.Time.After(last.Time)) {
			last, ok = d, true
		}
	}
	return last, ok
}

// lasting returns a series as it would be a while after now if it went on with the last
// value that was due. One without a value stays without.
func lasting(s scaling.Series, now time.Time, ahead, period time.Duration) scaling.Series {
	end := due(s, now, period)
	if !s.DueThrough.IsZero() {
		s.DueThrough = s.DueThrough.Add(ahead)
	}
	last, ok := newest(s, now, period, math.MaxInt64)
	if !ok {
		return s
	}
	value := last.Value
	if d, ok := newest(s, now, period, end); ok {
		value = d.Value
	}
	s.Datapoints = slices.Clone(s.Datapoints)
	first, n := index(last.Time, period)+1, int64(ahead/period)
	for i := range n {
		s.Datapoints = append(s.Datapoints, scaling.Datapoint{Time: beginning(first+i, period), Value: value})
	}
	return s
}

// steady returns a series whose newest n periods have a value, of all that are due and that
// there are.
func steady(s scaling.Series, now time.Time, period time.Duration, value float64, n int64) scaling.Series {
	end := due(s, now, period)
	if last, ok := newest(s, now, period, math.MaxInt64); ok {
		end = max(end, index(last.Time, period))
	}
	var points []scaling.Datapoint
	for _, d := range s.Datapoints {
		if index(d.Time, period) <= end-n {
			points = append(points, d)
		}
	}
	for i := end - n + 1; i <= end; i++ {
		points = append(points, scaling.Datapoint{Time: beginning(i, period), Value: value})
	}
	s.Datapoints, s.Incomplete = points, ""
	return s
}
