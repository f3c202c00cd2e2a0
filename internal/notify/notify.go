// Package notify tells others, by events, what evaluations have changed: activities that
// begin and end, and the health of targets.
//
// It comes after an evaluation, and its faults are its own: nothing that it does or fails
// to do changes a capacity or a record.
//
// An activity is told at most once: by the evaluation that began or ended it, which has no
// second try, because the history in the table has it anyway. A change of health is told at
// least once: see package health.
package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/health"
	"sagescale/internal/notice"
	"sagescale/internal/scaling"
)

// bus takes events. An error leaves open which of them arrived.
type bus interface {
	Put(ctx context.Context, events []notice.Event) error
}

// memories keep what is remembered of the health of an endpoint's variants. Health leaves
// out those of which nothing is remembered; with an error it returns what could be read.
// SaveHealth writes m if the stored version is still m.Version, and returns it with its new
// one; it fails with activity.ErrConflict if somebody else wrote.
type memories interface {
	Health(ctx context.Context, endpoint string) (map[string]health.Memory, error)
	SaveHealth(ctx context.Context, endpoint, variant string, m health.Memory) (health.Memory, error)
}

// Notifier tells what the evaluations of a deployment, by the name of its stack, have
// changed.
type Notifier struct {
	Stack    string
	Bus      bus
	Memories memories
}

// Settled tells of an activity that was closed without an evaluation.
func (n Notifier) Settled(ctx context.Context, endpoint string, closed activity.Activity) error {
	t := notice.Target{Stack: n.Stack, Endpoint: endpoint, Variant: closed.Variant}
	return n.put(ctx, []notice.Event{notice.OfActivity(t, closed)})
}

// Evaluated tells what one evaluation has changed, by all its records.
func (n Notifier) Evaluated(ctx context.Context, records []autoscaler.Record) error {
	var events []notice.Event
	for _, r := range records {
		events = append(events, n.activities(r)...)
	}
	faults := n.put(ctx, events) // first: they have no second try
	changes, err := n.changes(ctx, records)
	faults = errors.Join(faults, err)
	events = nil
	for _, c := range changes {
		events = append(events, notice.OfHealth(n.target(c.record), c.memory, c.record.Decision.NotScaledReasons, c.record.Time))
	}
	if err := n.put(ctx, events); err != nil {
		return errors.Join(faults, err) // what is owed stays so
	}
	for _, c := range changes {
		faults = errors.Join(faults, n.done(ctx, c))
	}
	return faults
}

func (n Notifier) put(ctx context.Context, events []notice.Event) error {
	if len(events) == 0 {
		return nil
	}
	if err := n.Bus.Put(ctx, events); err != nil {
		return fmt.Errorf("send %d events: %w", len(events), err)
	}
	return nil
}

// activities are the events of the activities in a record, in the order in which they
// happened.
func (n Notifier) activities(r autoscaler.Record) []notice.Event {
	var events []notice.Event
	about := func(a activity.Activity) notice.Target {
		t := n.target(r)
		if a.Variant != "" && a.Variant != r.Variant { // of one that was not evaluated
			t = notice.Target{Stack: n.Stack, Endpoint: r.Endpoint, Variant: a.Variant, PolicyDigest: r.Policy}
		}
		return t
	}
	if r.Settled != nil {
		events = append(events, notice.OfActivity(about(*r.Settled), *r.Settled))
	}
	for _, a := range r.Outside {
		events = append(events, notice.OfActivity(about(a), a))
	}
	if r.Activity != nil {
		events = append(events, notice.OfBeginning(about(*r.Activity), *r.Activity, r.Decision))
	}
	return events
}

// target is what the events of a record say of its target. Where SageMaker has not said how
// the endpoint is, the capacity is not known, and maybe not what an operator has set; a
// variant that is not there, or is no matter of instances, has none.
func (n Notifier) target(r autoscaler.Record) notice.Target {
	t := notice.Target{Stack: n.Stack, Endpoint: r.Endpoint, Variant: r.Variant, PolicyDigest: r.Policy}
	if r.Observation.Status == "" {
		return t
	}
	t.Limits = &notice.Limits{Min: r.Decision.MinCapacity, Max: r.Decision.MaxCapacity}
	uncounted := func(r scaling.Reason) bool { return r.Code == scaling.NotFound || r.Code == scaling.Unsupported }
	if !slices.ContainsFunc(r.Decision.NotScaledReasons, uncounted) {
		t.Capacity = &notice.Capacity{Current: r.Observation.CurrentCapacity, Desired: r.Observation.DesiredCapacity}
	}
	return t
}
