package autoscaler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// view is what one evaluation knows of one endpoint.
type view struct {
	endpoint activity.Endpoint
	state    activity.State
	cases    []*evaluation
	settled  *activity.Activity
	// hold says why nothing may be done on the endpoint, or has no code.
	hold scaling.Reason
	err  error
}

// evaluation is the evaluation of one target.
type evaluation struct {
	target   policy.Target
	series   []scaling.Series
	decision scaling.Decision
	record   Record
}

// fail keeps the first error of a view and holds everything on its endpoint.
func (v *view) fail(err error) {
	v.err = errors.Join(v.err, err)
	v.hold = scaling.Reason{Code: scaling.EvaluationFailed, Message: err.Error()}
}

// observe asks SageMaker and the store about the endpoint, and settles its open
// activity before anything new is decided.
func (e *Evaluator) observe(ctx context.Context, v *view, now time.Time) {
	name := v.endpoint.Name
	state, err := e.Store.Load(ctx, name)
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
	described.Name = name
	v.endpoint, v.state = described, state
	e.settle(ctx, v, now)
	if v.state.Open == nil && described.Status != "" {
		v.state = v.state.Adopt(described)
	}
}

// settle ends the open activity if SageMaker shows how it ended, and notes that
// an update whose answer was lost was taken.
func (e *Evaluator) settle(ctx context.Context, v *view, now time.Time) {
	if v.state.Open == nil {
		return
	}
	if outcome, ok := v.state.Settle(v.endpoint, now); ok {
		e.end(ctx, v, outcome, now)
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

// end closes the open activity with an outcome. It is archived before the close
// is committed: a crash between the two leaves it open, and whoever closes it
// next archives it anew under the same key.
func (e *Evaluator) end(ctx context.Context, v *view, o activity.Outcome, now time.Time) {
	closed, ended, err := v.state.Close(o, now)
	if err != nil {
		v.fail(err)
		return
	}
	if err := e.Store.Archive(ctx, v.endpoint.Name, ended); err != nil {
		v.fail(fmt.Errorf("archive activity %s of endpoint %s: %w", ended.ID, v.endpoint.Name, err))
		return
	}
	if e.save(ctx, v, closed) {
		v.settled = &ended
	}
}

// save writes the state and keeps its new version. Losing a race is no error:
// the other evaluation goes on, this one does nothing more.
func (e *Evaluator) save(ctx context.Context, v *view, s activity.State) bool {
	saved, err := e.Store.Save(ctx, s)
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
	var of []policy.Metric
	var into []*evaluation
	lookback := time.Duration(0)
	for _, v := range views {
		if v.endpoint.Status == "" {
			continue
		}
		for _, c := range v.cases {
			for _, t := range c.target.TargetTracking {
				of = append(of, t.Metric.Measured())
				into = append(into, c)
				lookback = max(lookback, scaling.Lookback(t))
			}
		}
	}
	if len(of) == 0 {
		return
	}
	var series []scaling.Series
	err := safely(func() (err error) {
		series, err = e.Metrics.Read(ctx, of, now.Add(-lookback), now)
		return err
	})
	if err == nil && len(series) != len(of) {
		err = fmt.Errorf("%d series for %d metrics", len(series), len(of))
	}
	if err != nil {
		views[0].err = errors.Join(views[0].err, fmt.Errorf("read metrics: %w", err))
		series = unread(of, err)
	}
	for i, c := range into {
		c.series = append(c.series, series[i])
	}
}

// unread returns the series of metrics that could not be read.
func unread(of []policy.Metric, err error) []scaling.Series {
	out := make([]scaling.Series, len(of))
	for i, m := range of {
		out[i] = scaling.Series{Metric: m.Name, Incomplete: err.Error()}
	}
	return out
}
