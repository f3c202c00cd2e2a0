package autoscaler

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/forecast"
	"sagescale/internal/plain"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// view is what one evaluation knows of one endpoint.
type view struct {
	endpoint  activity.Endpoint
	state     activity.State
	overrides map[string]policy.Override // by variant
	forecasts map[string]forecast.Model  // by variant
	// noForecast says why forecasts are missing, or is empty.
	noForecast string
	cases      []*evaluation
	settled    *activity.Activity
	outside    []activity.Activity
	// hold says why nothing may be done on the endpoint, or has no code.
	hold scaling.Reason
	err  error
}

// busySince returns since when a change of the endpoint is known to be under way, zero
// for none.
func (v *view) busySince() time.Time {
	if v.state.Open != nil {
		return v.state.Open.StartTime
	}
	return v.state.BusySince
}

// evaluation is the evaluation of one target.
type evaluation struct {
	target   policy.Target
	series   []scaling.Series
	present  int // the capacity that the decision starts from
	decision scaling.Decision
	record   Record
}

// wants reports whether the decision is to be carried out.
func (c *evaluation) wants() bool {
	return c.decision.DesiredCapacity != c.present && !c.target.DryRun
}

// fail keeps the errors of a view and holds everything on its endpoint.
func (v *view) fail(err error) {
	v.err = errors.Join(v.err, err)
	v.hold = scaling.Reason{Code: scaling.EvaluationFailed, Message: say(err)}
}

// longestSaid bounds, in characters, what is kept of an error: AWS and whoever stands
// between may answer anything, and a state that is too large for its table would hold
// its endpoint for ever.
const longestSaid = 500

// say returns what is kept of an error.
func say(err error) string { return plain.Cut(plain.Text(err.Error()), longestSaid) }

// observe asks SageMaker and the store about the endpoint, and settles its open
// activity before anything new is decided.
func (e *Evaluator) observe(ctx context.Context, v *view) {
	name := v.endpoint.Name
	if err := ctx.Err(); err != nil {
		v.fail(fmt.Errorf("evaluate endpoint %s: ran out of time before it was looked at: %w", name, err))
		return
	}
	state, overrides, err := e.Store.Load(ctx, name)
	if err != nil {
		v.fail(fmt.Errorf("load state of endpoint %s: %w", name, err))
		return
	}
	described, err := e.Endpoints.Describe(ctx, name)
	switch {
	case errors.Is(err, activity.ErrNotFound):
		v.hold = scaling.Reason{Code: scaling.NotFound, Message: "there is no endpoint of that name"}
	case err != nil:
		v.fail(fmt.Errorf("describe endpoint %s: %w", name, err))
		return
	}
	described.Name = name // the policy's, by which its state is kept, whatever case SageMaker says
	v.endpoint, v.state, v.overrides = described, state, overrides
	if state.Damage != "" {
		v.fail(fmt.Errorf("the state of endpoint %s is lost: %s", name, state.Damage))
		return
	}
	e.settle(ctx, v)
}

// observeAll observes the endpoint and takes note of what somebody else has done to
// it. The state is saved first, so that of two evaluations that see it only one
// tells. A state that is damaged is replaced, and nothing more is done until the next
// evaluation.
func (e *Evaluator) observeAll(ctx context.Context, v *view) {
	e.observe(ctx, v)
	if v.endpoint.Status != "" {
		e.recall(ctx, v)
	}
	if v.hold.Code != "" && v.state.Damage == "" {
		return
	}
	variants := e.variants(v.endpoint.Name)
	for _, variant := range slices.Sorted(maps.Keys(v.overrides)) {
		if !slices.Contains(variants, variant) && v.overrides[variant].InForce(e.Now()) {
			v.fail(fmt.Errorf("override of variant %q of endpoint %s: the policy has no such variant", variant, v.endpoint.Name))
			return
		}
	}
	next, outside, changed := v.state.Adopt(v.endpoint, variants, e.Now())
	v.state = next
	if changed && e.save(ctx, v, next, outside...) {
		v.outside = outside
	}
}

// variants returns the names of all targets of an endpoint.
func (e *Evaluator) variants(endpoint string) []string {
	var out []string
	for _, t := range e.Policy.Targets {
		if t.Endpoint == endpoint {
			out = append(out, t.Variant)
		}
	}
	return out
}

// settle ends the open activity if SageMaker shows how it ended, and notes that
// an update whose answer was lost was taken.
func (e *Evaluator) settle(ctx context.Context, v *view) {
	if v.state.Open == nil {
		return
	}
	if outcome, ok := v.state.Settle(v.endpoint, e.Now()); ok {
		e.end(ctx, v, outcome)
		return
	}
	if !v.state.Visible(v.endpoint) {
		return
	}
	accepted, err := v.state.Accept()
	if err != nil {
		v.fail(err)
		return
	}
	e.save(ctx, v, accepted)
}

// end closes the open activity with an outcome.
func (e *Evaluator) end(ctx context.Context, v *view, o activity.Outcome) {
	closed, ended, err := v.state.Close(o, e.Now())
	if err != nil {
		v.fail(err)
		return
	}
	if e.save(ctx, v, closed, ended) {
		v.settled = &ended
	}
}

// save writes the state, with the activities that this closes, and keeps its new
// version. Losing a race is no error:
// the other evaluation goes on, this one does nothing more.
func (e *Evaluator) save(ctx context.Context, v *view, s activity.State, closed ...activity.Activity) bool {
	saved, err := e.Store.Save(ctx, s, closed...)
	switch {
	case errors.Is(err, activity.ErrConflict):
		v.hold = scaling.Reason{
			Code:    scaling.ClaimedElsewhere,
			Message: "another evaluation wrote the state of the endpoint first",
		}
		return false
	case err != nil:
		v.fail(fmt.Errorf("save state of endpoint %s: %w", v.endpoint.Name, err))
		return false
	}
	v.state = saved
	return true
}

// measure reads the metrics of all targets of the invocation together. When that
// fails the targets are decided without: limits still hold, nothing is removed.
func (e *Evaluator) measure(ctx context.Context, views []*view, now time.Time) {
	var queries []scaling.Query
	var into []*evaluation
	for _, v := range views {
		if v.endpoint.Status == "" {
			continue
		}
		for _, c := range v.cases {
			for _, q := range scaling.Queries(c.target, now) {
				queries = append(queries, q)
				into = append(into, c)
			}
		}
	}
	if len(queries) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, measureTimeout)
	defer cancel()
	var series []scaling.Series
	err := safely(func() (err error) {
		series, err = e.Metrics.Read(ctx, queries, now)
		return err
	})
	if err == nil && len(series) != len(queries) {
		err = fmt.Errorf("%d series for %d metrics", len(series), len(queries))
	}
	if err != nil {
		views[0].err = errors.Join(views[0].err, fmt.Errorf("read metrics: %w", err))
		series = unread(queries, err)
	}
	for i, c := range into {
		c.series = append(c.series, series[i])
	}
}

// unread returns the series of metrics that could not be read.
func unread(queries []scaling.Query, err error) []scaling.Series {
	out := make([]scaling.Series, len(queries))
	for i, q := range queries {
		out[i] = scaling.Series{Metric: q.Metric.Name, Incomplete: say(err)}
	}
	return out
}
