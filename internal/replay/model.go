package replay

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"sagescale/internal/schedule"
	"sagescale/internal/trace"
)

const minute = time.Minute

// Model is the endpoint that a load is replayed on. InstanceCapacity is how many
// requests one instance serves in a minute; the times are counted in whole minutes,
// what is begun counting as one.
type Model struct {
	InstanceCapacity float64
	Limits           schedule.Limits
	Provisioning     time.Duration // from a scale-out until it serves
	ScaleIn          time.Duration // how long a scale-in keeps the endpoint busy
	MetricDelay      time.Duration // from the beginning of a minute until it is seen
}

// check says what is wrong with a model.
func (m Model) check() error {
	switch {
	case !(m.InstanceCapacity > 0) || math.IsInf(m.InstanceCapacity, 0):
		return fmt.Errorf("instance capacity %v is not a finite number above 0", m.InstanceCapacity)
	case m.Provisioning <= 0:
		return fmt.Errorf("provisioning time %s is not above 0", m.Provisioning)
	case m.ScaleIn < 0:
		return fmt.Errorf("scale-in time %s is negative", m.ScaleIn)
	case m.MetricDelay < 0:
		return fmt.Errorf("metric delay %s is negative", m.MetricDelay)
	case m.Limits.Min < 1 || m.Limits.Max < m.Limits.Min:
		return fmt.Errorf("limits %d to %d are none", m.Limits.Min, m.Limits.Max)
	}
	return nil
}

// steps counts a time in steps, one at least.
func steps(d time.Duration) int { return max(1, int((d+minute-1)/minute)) }

// need is how many instances serve so many requests a minute.
func (m Model) need(requests float64) int { return whole(requests / m.InstanceCapacity) }

// whole returns the whole instances that so much of one needs. What floating point adds
// to a whole number does not make another.
func whole(instances float64) int { return int(math.Ceil(instances - 1e-9)) }

// Scaler is what decides in a replay. Decide returns the capacity that is to be
// desired; it is asked only when the endpoint takes a change.
type Scaler interface {
	Name() string
	Decide(View) (int, error)
}

// View is what a scaler may know at a step.
//
// Requests are those of the steps from 0 on whose datapoint is there. InService has the
// instances of every step through this one. Changes are all changes so far, oldest
// first; none is under way.
type View struct {
	Start     time.Time
	Step      int
	Requests  []float64
	InService []int
	Desired   int
	Changes   []Change
	Model     Model
}

// Now is the time of the step.
func (v View) Now() time.Time { return at(v.Start, v.Step) }

func at(start time.Time, step int) time.Time { return start.Add(time.Duration(step) * minute) }

// Change is a change of the desired capacity: decided at step At, in effect, in service
// or out of it, at step Effect, with the endpoint free for another at step Free.
type Change struct{ From, To, At, Effect, Free int }

// ScaleOut reports whether the change adds capacity.
func (c Change) ScaleOut() bool { return c.To > c.From }

// Row is one step of a timeline.
type Row struct {
	Requests  float64
	Desired   int // at the end of the step
	InService int
	Billed    int
	Lost      float64 // requests
}

// Timeline is what a scaler has done with a load, step by step from Start on. Target is
// the share of what an instance serves that the scaler kept on one, where it was chosen
// for this load; else 0.
type Timeline struct {
	Name    string
	Target  float64
	Start   time.Time
	Rows    []Row
	Changes []Change
}

// Run lets a scaler meet a load, which is taken by the minute. Progress, if there is
// one, is told of every day. It fails when the model makes no sense, when the scaler
// does, or when ctx ends.
func Run(ctx context.Context, m Model, load trace.Trace, s Scaler, progress func(done, total int)) (Timeline, error) {
	if err := m.check(); err != nil {
		return Timeline{}, fmt.Errorf("replay: %w", err)
	}
	load = load.Minutes()
	if len(load.Requests) == 0 {
		return Timeline{}, errors.New("replay: the load has no minute")
	}
	e := newEndpoint(m, load)
	out := Timeline{Name: s.Name(), Start: load.Start, Rows: make([]Row, 0, len(load.Requests))}
	for t := range load.Requests {
		if t%day == 0 {
			if err := ctx.Err(); err != nil {
				return Timeline{}, fmt.Errorf("replay %s at %s: %w", s.Name(), at(load.Start, t).Format(time.RFC3339), err)
			}
			if progress != nil {
				progress(t, len(load.Requests))
			}
		}
		row, err := e.step(t, s)
		if err != nil {
			return Timeline{}, fmt.Errorf("replay %s at %s: %w", s.Name(), at(load.Start, t).Format(time.RFC3339), err)
		}
		out.Rows = append(out.Rows, row)
	}
	out.Changes = e.view.Changes
	return out, nil
}

// day is how many steps a day has.
const day = 24 * 60

// endpoint is an endpoint in a replay.
type endpoint struct {
	model    Model
	requests []float64
	view     View
	serving  int
	delay    int
}

func newEndpoint(m Model, load trace.Trace) *endpoint {
	n := min(max(m.need(load.Requests[0]), m.Limits.Min), m.Limits.Max)
	return &endpoint{
		model: m, requests: load.Requests, serving: n, delay: steps(m.MetricDelay),
		view: View{Start: load.Start, Desired: n, Model: m, InService: make([]int, 0, len(load.Requests))},
	}
}

// step is step t, in the order of the model.
func (e *endpoint) step(t int, s Scaler) (Row, error) {
	v := &e.view
	if n := len(v.Changes); n > 0 && v.Changes[n-1].Effect == t {
		e.serving = v.Changes[n-1].To
	}
	v.Step, v.InService = t, append(v.InService, e.serving)
	v.Requests = e.requests[:max(0, t-e.delay+1)]
	if n := len(v.Changes); n == 0 || v.Changes[n-1].Free <= t {
		desired, err := s.Decide(*v)
		if err != nil {
			return Row{}, err
		}
		e.change(t, desired)
	}
	lost := max(0, e.requests[t]-float64(e.serving)*e.model.InstanceCapacity)
	return Row{e.requests[t], v.Desired, e.serving, max(e.serving, v.Desired), lost}, nil
}

// change changes the desired capacity.
func (e *endpoint) change(t, to int) {
	v := &e.view
	if to == v.Desired {
		return
	}
	c := Change{From: v.Desired, To: to, At: t, Effect: t + 1, Free: t + steps(e.model.ScaleIn)}
	if c.ScaleOut() {
		c.Effect = t + steps(e.model.Provisioning)
		c.Free = c.Effect
	}
	v.Changes = append(v.Changes, c)
	v.Desired = to
}
