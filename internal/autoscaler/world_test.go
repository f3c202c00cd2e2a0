package autoscaler_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/schedule"
)

// world is SageMaker, CloudWatch and the state table in one, with a fault that
// strikes at one port call, before it takes effect or after.
type world struct {
	t         *testing.T
	now       time.Time
	endpoints map[string]*activity.Endpoint
	load      map[string]float64 // per minute, by endpoint
	states    map[string]activity.State
	overrides map[string]policy.Override // by variant
	conflict  string
	archive   map[string]activity.Activity
	updates   []string
	calls     []string
	records   []autoscaler.Record
	// fault is called at every port call, "before" and "after" its effect; an
	// error is the answer of the call.
	fault func(call, when string) error
}

var errLost = errors.New("answer lost")

func newWorld(t *testing.T) *world {
	return &world{
		t:         t,
		now:       time.Date(2026, 11, 23, 10, 0, 30, 0, time.UTC),
		endpoints: map[string]*activity.Endpoint{},
		load:      map[string]float64{},
		states:    map[string]activity.State{},
		archive:   map[string]activity.Activity{},
	}
}

// add creates an endpoint whose variants have the given numbers of instances, as
// its state knows.
func (w *world) add(name string, load float64, instances ...int) {
	e := &activity.Endpoint{Name: name, Status: activity.InService, Config: "v1", CreationTime: w.now.Add(-time.Hour)}
	for i, n := range instances {
		e.Variants = append(e.Variants, activity.Variant{Name: fmt.Sprintf("v%d", i+1), Current: n, Desired: n})
	}
	w.endpoints[name] = e
	w.load[name] = load
	state, _, _ := activity.State{Endpoint: name}.Adopt(*e, []string{"v1", "v2"}, w.now)
	w.states[name] = state
}

// call runs effect as the port call of that name, with the fault around it.
func (w *world) call(name string, effect func() error) error {
	w.calls = append(w.calls, name)
	if w.fault != nil {
		if err := w.fault(name, "before"); err != nil {
			return err
		}
	}
	err := effect()
	if w.fault != nil {
		if lost := w.fault(name, "after"); lost != nil {
			return lost
		}
	}
	return err
}

func (w *world) Describe(_ context.Context, name string) (out activity.Endpoint, err error) {
	err = w.call("describe", func() error {
		e, ok := w.endpoints[name]
		if !ok {
			return fmt.Errorf("describe: %w", activity.ErrNotFound)
		}
		out = *e
		out.Variants = slices.Clone(e.Variants)
		return nil
	})
	return out, err
}

func (w *world) SetCapacity(_ context.Context, name, variant string, n int) error {
	return w.call("update", func() error {
		e := w.endpoints[name]
		if e.Status != activity.InService {
			return fmt.Errorf("update: %w", activity.ErrBusy)
		}
		w.updates = append(w.updates, fmt.Sprintf("%s/%s=%d", name, variant, n))
		e.Status = "Updating"
		for i := range e.Variants {
			if e.Variants[i].Name == variant {
				e.Variants[i].Desired = n
			}
		}
		return nil
	})
}

func (w *world) Read(_ context.Context, queries []scaling.Query, now time.Time) (out []scaling.Series, err error) {
	err = w.call("read", func() error {
		for _, q := range queries {
			s := scaling.Series{Metric: q.Metric.Name}
			for at := now.Truncate(time.Minute).Add(-time.Minute); !at.Before(q.From); at = at.Add(-time.Minute) {
				s.Datapoints = append(s.Datapoints, scaling.Datapoint{Time: at, Value: w.load[q.Metric.Dimensions[0].Value]})
			}
			out = append(out, s)
		}
		return nil
	})
	return out, err
}

func (w *world) Load(_ context.Context, name string) (out activity.State, overrides map[string]policy.Override, err error) {
	err = w.call("load", func() error {
		out = w.states[name]
		out.Endpoint, overrides = name, w.overrides
		return nil
	})
	return out, overrides, err
}

func (w *world) Conflict(context.Context, string, string) (out string, err error) {
	err = w.call("conflict", func() error {
		out = w.conflict
		return nil
	})
	return out, err
}

func (w *world) Save(_ context.Context, s activity.State, closed ...activity.Activity) (out activity.State, err error) {
	err = w.call("save", func() error {
		if s.Version != w.states[s.Endpoint].Version {
			return fmt.Errorf("save: %w", activity.ErrConflict)
		}
		s.Version++
		w.states[s.Endpoint] = s
		for _, a := range closed {
			w.archive[a.ID] = a
		}
		out = s
		return nil
	})
	return out, err
}

// finish lets SageMaker bring every update into service.
func (w *world) finish() {
	for _, e := range w.endpoints {
		e.Status = activity.InService
		for i := range e.Variants {
			e.Variants[i].Current = e.Variants[i].Desired
		}
	}
}

// evaluator has a target for every variant, 100 requests a minute and instance,
// limits 1 to 20. change may change them.
func (w *world) evaluator(change func(*policy.Target)) *autoscaler.Evaluator {
	p := &policy.Policy{Digest: "d1"}
	for _, name := range slices.Sorted(maps.Keys(w.endpoints)) {
		for _, v := range w.endpoints[name].Variants {
			t := policy.Target{
				Endpoint: name, Variant: v.Name, Limits: schedule.Limits{Min: 1, Max: 20},
				ScaleOutCooldown: 5 * time.Minute, ScaleInCooldown: 5 * time.Minute,
				TargetTracking: []policy.TargetTracking{{
					Metric: policy.Metric{
						Name: policy.InvocationsPerInstance, MetricName: policy.InvocationsPerInstance, Namespace: "AWS/SageMaker",
						Statistic: "Sum", Period: time.Minute, Dimensions: []policy.Dimension{{Name: "EndpointName", Value: name}},
					},
					TargetValue: 100, Threshold: 0.9, ScaleOutCooldown: 5 * time.Minute, ScaleInCooldown: 5 * time.Minute,
					ScaleOut: policy.Window{Datapoints: 3, Periods: 3}, ScaleIn: policy.Window{Datapoints: 15, Periods: 15},
				}},
			}
			if change != nil {
				change(&t)
			}
			p.Targets = append(p.Targets, t)
		}
	}
	return &autoscaler.Evaluator{
		Policy: p, Endpoints: w, Metrics: w, Scalers: w, Store: w, Parallel: 1,
		Record: func(_ context.Context, r autoscaler.Record) { w.records = append(w.records, r) },
		Now:    func() time.Time { return w.now },
	}
}

// tick evaluates everything and moves the clock on by a minute. A crash of the
// worker ends the tick.
func (w *world) tick(e *autoscaler.Evaluator) error {
	defer func() { w.now = w.now.Add(time.Minute) }()
	_, err := e.Evaluate(w.t.Context(), autoscaler.Trigger{Kind: "Tick"})
	return err
}

// last returns the last record.
func (w *world) last() autoscaler.Record { return w.records[len(w.records)-1] }

// wantCode fails unless the last record was refused for code among others.
func (w *world) wantCode(code scaling.Code) {
	w.t.Helper()
	for _, r := range w.last().Decision.NotScaledReasons {
		if r.Code == code && r.Message != "" {
			return
		}
	}
	w.t.Errorf("no reason %s in %+v", code, w.last().Decision)
}

// wantUpdates fails unless exactly these updates reached SageMaker.
func (w *world) wantUpdates(want ...string) {
	w.t.Helper()
	if !slices.Equal(w.updates, want) {
		w.t.Errorf("updates %v, want %v", w.updates, want)
	}
}
