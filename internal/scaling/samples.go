package scaling

import (
	"cmp"
	"math"
	"slices"
	"time"

	"sagescale/internal/policy"
)

// lateness is how much further back than its periods a scale-out looks for
// datapoints, because CloudWatch publishes them with a delay of minutes. What is
// older says nothing of now.
const lateness = 5 * time.Minute

// Query is what has to be measured for a policy: a metric, from a time to now.
type Query struct {
	Metric policy.Metric
	From   time.Time
}

// Queries returns what has to be measured at a time for a target, every metric
// once, in the order of the policy file.
func Queries(t policy.Target, now time.Time) []Query {
	back := max(t.Behavior.ScaleOut.Stabilization, t.Behavior.ScaleIn.Stabilization)
	var out []Query
	need := func(m policy.Metric, periods int) {
		span := time.Duration(int64(periods)+late(m.Period)) * m.Period
		from := startOf(periodOf(now.Add(-span-back), m.Period), m.Period)
		i := slices.IndexFunc(out, func(q Query) bool { return q.Metric.Name == m.Name })
		if i < 0 {
			out = append(out, Query{m, from})
		} else if from.Before(out[i].From) {
			out[i].From = from
		}
	}
	for _, tt := range t.TargetTracking {
		need(tt.Metric.Measured(), max(tt.ScaleOut.Periods, tt.ScaleIn.Periods))
	}
	for _, s := range t.StepScaling {
		need(s.Metric, s.Alarm.Periods)
	}
	for _, g := range t.ScaleInGuards {
		need(g.Metric, g.Window.Periods)
	}
	return out
}

// late is the number of further periods that a scale-out looks back.
func late(period time.Duration) int64 { return int64((lateness + period - 1) / period) }

// series returns the datapoints of a metric. What was measured in parts is put
// together.
func (in Input) series(metric string) Series {
	out := Series{Metric: metric, DueThrough: in.Now}
	if !in.measured(metric) {
		out.Incomplete = "it was not measured"
		return out
	}
	for _, s := range in.Observation.Metrics {
		if s.Metric != metric {
			continue
		}
		out.Datapoints = append(out.Datapoints, s.Datapoints...)
		out.Incomplete = cmp.Or(out.Incomplete, s.Incomplete)
		if !s.DueThrough.IsZero() && s.DueThrough.Before(out.DueThrough) {
			out.DueThrough = s.DueThrough
		}
	}
	return out
}

func (in Input) measured(metric string) bool {
	return slices.ContainsFunc(in.Observation.Metrics, func(s Series) bool { return s.Metric == metric })
}

// samples maps the number of a closed period, counted from the Unix epoch, to a
// value.
type samples map[int64]float64

// samples returns what m was, for one device, in every closed period of s. Of
// several datapoints of one period the highest counts.
func (in Input) samples(m policy.Metric, s Series) samples {
	out := samples{}
	for _, d := range s.Datapoints {
		if n, ok := in.closed(d, m.Period); ok {
			v := m.PerDevice(d.Value)
			if was, seen := out[n]; !seen || v > was {
				out[n] = v
			}
		}
	}
	return out
}

// closed returns the number of the period of a datapoint that can be a measurement
// and whose period is over.
func (in Input) closed(d Datapoint, period time.Duration) (n int64, ok bool) {
	n = periodOf(d.Time, period)
	return n, d.valid() && !in.Now.Before(startOf(n+1, period))
}

// newest returns the values of the n newest periods that have a datapoint, among
// those that a scale-out looks at, the newest first. There may be fewer.
func (w samples) newest(n int, period time.Duration, now time.Time) []float64 {
	last := periodOf(now, period) - 1
	oldest := last - int64(n) + 1 - late(period)
	var out []float64
	for p := last; p >= oldest && len(out) < n; p-- {
		if v, ok := w[p]; ok {
			out = append(out, v)
		}
	}
	return out
}

// due returns the values of the n periods that end at the last one due, the newest
// first, and how many of them have no datapoint.
func (w samples) due(n int, period time.Duration, through time.Time) (values []float64, missing int) {
	last := periodOf(through, period) - 1
	for p := last; p > last-int64(n); p-- {
		v, ok := w[p]
		if !ok {
			missing++
			continue
		}
		values = append(values, v)
	}
	return values, missing
}

// after returns the values of the closed periods after the last one due.
func (w samples) after(period time.Duration, through, now time.Time) []float64 {
	var out []float64
	for p := periodOf(through, period); p < periodOf(now, period); p++ {
		if v, ok := w[p]; ok {
			out = append(out, v)
		}
	}
	return out
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

// falling sorts values from the highest to the lowest.
func falling(values []float64) []float64 {
	slices.Sort(values)
	slices.Reverse(values)
	return values
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// asOf returns in as it was a while before, as far as today's datapoints tell:
// nothing newer than the newest datapoint of now less that while is in it. The
// capacities and the activities stay those of now.
func (in Input) asOf(back time.Duration) Input {
	periods := map[string]time.Duration{}
	for _, q := range Queries(in.Target, in.Now) {
		periods[q.Metric.Name] = q.Metric.Period
	}
	newest := map[string]int64{}
	for _, s := range in.Observation.Metrics {
		for _, d := range s.Datapoints {
			if n, ok := in.closed(d, cmp.Or(periods[s.Metric], policy.DefaultPeriod)); ok {
				newest[s.Metric] = max(n, cmp.Or(newest[s.Metric], math.MinInt64))
			}
		}
	}
	earlier := make([]Series, len(in.Observation.Metrics))
	for i, s := range in.Observation.Metrics {
		period := cmp.Or(periods[s.Metric], policy.DefaultPeriod)
		cut := startOf(newest[s.Metric]+1, period).Add(-back)
		s.Datapoints = slices.DeleteFunc(slices.Clone(s.Datapoints), func(d Datapoint) bool {
			return startOf(periodOf(d.Time, period)+1, period).After(cut)
		})
		if !s.DueThrough.IsZero() {
			s.DueThrough = s.DueThrough.Add(-back)
		}
		earlier[i] = s
	}
	in.Now, in.past = in.Now.Add(-back), true
	in.Observation.Metrics = earlier
	return in
}
