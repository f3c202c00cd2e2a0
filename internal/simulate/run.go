package simulate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/event"
	"sagescale/internal/policy"
)

// Run simulates the account from the start to the end of the loads. It ends
// early with an error when ctx does, when a record cannot be taken, or when a
// function fails in a way that Lambda would retry.
func Run(ctx context.Context, c Config) (Result, error) {
	s, err := newSimulation(c)
	if err != nil {
		return Result{}, err
	}
	for t := range s.steps {
		if err := ctx.Err(); err != nil {
			return Result{}, fmt.Errorf("simulate minute %d of %d: %w", t, s.steps, err)
		}
		s.step(ctx, t)
		if s.err != nil {
			return Result{}, fmt.Errorf("simulate minute %d of %d: %w", t, s.steps, s.err)
		}
		if s.Progress != nil {
			s.Progress(t+1, s.steps)
		}
	}
	return s.finish(ctx), nil
}

// step is one minute, in the order of the replay model.
func (s *simulation) step(ctx context.Context, t int) {
	s.now = s.Start.Add(time.Duration(t) * minute)
	s.sageMaker.Advance()
	s.serve(ctx, t)
	s.wake(ctx)
	s.bill(ctx)
}

// serve lets the capacity in service serve the requests of minute t.
func (s *simulation) serve(ctx context.Context, t int) {
	for i := range s.result.Targets {
		target := &s.result.Targets[i]
		now := s.describe(ctx, target)
		load := s.metrics.variants[target.Key()]
		load.instances = append(load.instances, now.Current)
		target.Rows = append(target.Rows, Row{
			Time:      s.now,
			Requests:  load.Requests[t],
			InService: now.Current,
			Lost:      max(0, load.Requests[t]-float64(now.Current)*load.InstanceCapacity),
		})
	}
}

// bill notes what is asked for at the end of the step, and what it costs.
func (s *simulation) bill(ctx context.Context) {
	for i := range s.result.Targets {
		target := &s.result.Targets[i]
		row := &target.Rows[len(target.Rows)-1]
		row.Desired = s.describe(ctx, target).Desired
		row.Billed = max(row.InService, row.Desired)
	}
}

// wake delivers the events of a step.
func (s *simulation) wake(ctx context.Context) {
	s.settleChanged(ctx)
	s.updateByOthers(ctx)
	s.override(ctx)
	s.fireActions(ctx)
	s.fireAlarms(ctx)
	if s.now.Sub(s.Start)%learnEvery == 0 && slices.ContainsFunc(s.Policy.Targets, forecasts) {
		s.deliver(ctx, event.Forecast, forecastEvent())
	}
	if s.now.Sub(s.Start)%s.Tick == 0 {
		s.result.Ticks++
		s.deliver(ctx, event.Tick, tickEvent())
		s.settleChanged(ctx)
	}
}

// learnEvery is the time between two events of the rule for forecasts.
const learnEvery = 10 * time.Minute

func forecasts(t policy.Target) bool { return t.Predictive.Mode.Forecasts() }

// settleChanged delivers the events of the endpoints whose status has changed,
// until there is none.
func (s *simulation) settleChanged(ctx context.Context) {
	for len(s.queue) > 0 {
		e := s.queue[0]
		s.queue = s.queue[1:]
		raw, err := EndpointEvent(s.id(), e, s.now)
		s.send(ctx, event.EndpointState, raw, err)
	}
}

// send delivers an event that may have failed to be made.
func (s *simulation) send(ctx context.Context, kind event.Kind, raw json.RawMessage, err error) {
	if err != nil {
		s.err = err
		return
	}
	s.deliver(ctx, kind, raw)
}

// updateByOthers sends the updates of others that are due. One that SageMaker
// refuses is lost, as theirs would be.
func (s *simulation) updateByOthers(ctx context.Context) {
	for len(s.Updates) > 0 && !s.Updates[0].At.After(s.now) {
		u := s.Updates[0]
		s.Updates = s.Updates[1:]
		if err := s.sageMaker.SetCapacity(ctx, u.Endpoint, u.Variant, u.Instances); err != nil {
			s.Log.InfoContext(ctx, "update by others refused", "error", err.Error())
		}
		s.settleChanged(ctx)
	}
}

// override stores the overrides that are due.
func (s *simulation) override(ctx context.Context) {
	for len(s.Overrides) > 0 && !s.Overrides[0].At.After(s.now) {
		o := s.Overrides[0]
		s.Overrides = s.Overrides[1:]
		if err := s.table.SaveOverride(ctx, o.Endpoint, o.Variant, o.Override); err != nil {
			s.err = errors.Join(s.err, err)
		}
	}
}

// fireActions delivers the scheduled actions that are due.
func (s *simulation) fireActions(ctx context.Context) {
	for _, a := range s.actions {
		if !a.armed || a.next.After(s.now) {
			continue
		}
		s.deliver(ctx, event.ScheduledAction, actionEvent(s.id(), a.endpoint, a.variant, a.action.Name))
		s.settleChanged(ctx)
		a.next, a.armed = a.action.Schedule.Next(s.now)
	}
}

// fireAlarms delivers the alarms that have gone off.
func (s *simulation) fireAlarms(ctx context.Context) {
	for _, a := range s.alarms {
		previous := a.state
		changed, err := a.evaluate(ctx, s.metrics, s.now)
		if err != nil {
			s.err = fmt.Errorf("evaluate alarm %s: %w", a.name, err)
			return
		}
		if !changed || a.state != stateAlarm {
			continue
		}
		raw, err := AlarmEvent(s.id(), a.name, previous, a.state, s.now)
		s.send(ctx, event.Alarm, raw, err)
		s.settleChanged(ctx)
	}
}

// describe returns what SageMaker shows of a target. It is there: nobody deletes
// endpoints.
func (s *simulation) describe(ctx context.Context, t *TargetResult) activity.Variant {
	e, err := s.sageMaker.Describe(ctx, t.Endpoint)
	if err != nil {
		s.err = err
	}
	v, _ := e.Variant(t.Variant)
	return v
}
