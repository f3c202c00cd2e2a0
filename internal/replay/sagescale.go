package replay

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/forecast"
	"sagescale/internal/guard"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// ErrNotMeasured says that a policy goes by a metric that requests a minute do not tell.
var ErrNotMeasured = errors.New("requests a minute do not tell the metric")

// Sagescale is sagescale itself: the decisions and the guard that run in the account,
// on what they would have seen. Decisions has what it decided at every step at which
// the endpoint took a change, nil to keep none.
type Sagescale struct {
	Target    policy.Target
	Decisions func(step int, d scaling.Decision)

	learner *forecast.Learner
	learned int // minutes
	model   forecast.Model
}

// Name returns sagescale.
func (*Sagescale) Name() string { return "sagescale" }

// Decide returns what the policy asks for, as far as it may be done now.
func (s *Sagescale) Decide(v View) (int, error) {
	in := scaling.Input{
		Now:    v.Now(),
		Target: s.Target,
		Observation: scaling.Observation{
			Status:          activity.InService,
			CurrentCapacity: v.Desired,
			DesiredCapacity: v.Desired,
		},
		Activities: activities(v),
	}
	s.learn(&in, v)
	for _, q := range scaling.Queries(s.Target, in.Now) {
		series, err := measure(v, q)
		if err != nil {
			return 0, err
		}
		in.Observation.Metrics = append(in.Observation.Metrics, series)
	}
	d := guard.Check(in, scaling.Decide(in), activity.Backoffs{})
	if s.Decisions != nil {
		s.Decisions(v.Step, d)
	}
	return d.DesiredCapacity, nil
}

// refresh is after how many minutes a forecast is learned anew, as in the account.
const refresh = 60

// learn lets the decision have the forecast that it would have in the account.
func (s *Sagescale) learn(in *scaling.Input, v View) {
	if !s.Target.Predictive.Mode.Forecasts() {
		return
	}
	if s.learner == nil {
		s.learner = forecast.NewLearner(v.Start)
	}
	for ; s.learned < len(v.Requests); s.learned++ {
		s.learner.Observe(v.Requests[s.learned])
		if (s.learned+1)%refresh == 0 {
			s.model = s.learner.Model()
		}
	}
	in.Forecast = &s.model
	for _, c := range slices.Backward(v.Changes) {
		if c.ScaleOut() {
			in.Provisioning = time.Duration(c.Effect-c.At) * minute
			return
		}
	}
}

// remembered is how many changes a state keeps of a variant, as in the account.
const remembered = 32

// activities returns the last changes as the scaling activities that they were.
func activities(v View) []activity.Activity {
	last := v.Changes[max(0, len(v.Changes)-remembered):]
	out := make([]activity.Activity, len(last))
	for i, c := range last {
		out[i] = activity.Activity{
			From: c.From, To: c.To, DesiredBefore: c.From, Status: activity.Successful,
			StartTime: at(v.Start, c.At), EndTime: at(v.Start, c.Free),
		}
	}
	return out
}

// measure returns the datapoints that a query asks for, as far as they are there.
func measure(v View, q scaling.Query) (scaling.Series, error) {
	m := q.Metric
	known := m.MetricName == policy.Invocations || m.MetricName == policy.InvocationsPerInstance
	if !known || m.Computed() || m.Period != minute {
		return scaling.Series{}, fmt.Errorf("%w: %s", ErrNotMeasured, m.Name)
	}
	seen := len(v.Requests)
	out := scaling.Series{Metric: m.Name, DueThrough: at(v.Start, seen)}
	first := max(0, int((q.From.Sub(v.Start)+minute-1)/minute))
	for i := first; i < seen; i++ {
		value := v.Requests[i]
		if m.MetricName == policy.InvocationsPerInstance {
			value /= float64(v.InService[i])
		}
		out.Datapoints = append(out.Datapoints, scaling.Datapoint{Time: v.Start.Add(time.Duration(i) * minute), Value: value})
	}
	return out, nil
}
