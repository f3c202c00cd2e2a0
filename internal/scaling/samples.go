package scaling

import (
	"cmp"
	"slices"
	"time"

	"sagescale/internal/forecast"
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
		span := time.Duration(periods)*m.Period + lateness + back
		from := startOf(periodOf(now.Add(-span), m.Period), m.Period)
		i := slices.IndexFunc(out, func(q Query) bool { return q.Metric.Name == m.Name })
		if i < 0 {
			out = append(out, Query{m, from})
		} else if from.Before(out[i].From) {
			out[i].From = from
		}
	}
	for _, tt := range t.TargetTracking {
		periods := max(tt.ScaleOut.Periods, tt.ScaleIn.Periods)
		if t.Predictive.Mode.Forecasts() && tt.Metric.Measured().Name == policy.Invocations {
			periods = max(periods, forecast.Recent)
		}
		need(tt.Metric.Measured(), periods)
	}
	for _, s := range t.StepScaling {
		need(s.Metric, s.Alarm.Periods)
	}
	for _, g := range t.ScaleInGuards {
		need(g.Metric, g.Window.Periods)
	}
	return out
}

// History returns what has to be measured for a forecast of a target's load to be
// learned at a time, false where none is to be.
func History(t policy.Target, now time.Time) (Query, bool) {
	if !t.Predictive.Mode.Forecasts() {
		return Query{}, false
	}
	i := slices.IndexFunc(t.TargetTracking, func(t policy.TargetTracking) bool { return t.Metric.Name == policy.InvocationsPerInstance })
	if i < 0 {
		return Query{}, false
	}
	return Query{t.TargetTracking[i].Metric.Measured(), now.Add(-forecast.Lookback)}, true
}

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
