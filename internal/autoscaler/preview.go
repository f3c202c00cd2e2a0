package autoscaler

import (
	"context"
	"sync"

	"sagescale/internal/activity"
	"sagescale/internal/policy"
)

// Preview is what an evaluation would do now: the records that it would leave, in the
// order of the policy, and the states of the endpoints as it would leave them.
type Preview struct {
	Records []Record
	States  map[string]activity.State
}

// Preview evaluates the targets that t names by the code of Evaluate, and changes nothing:
// no state is written and no update is sent. A record with an Activity is of a target that
// would be changed.
//
// Its error is that of Evaluate; the records are those of all targets all the same.
func (e Evaluator) Preview(ctx context.Context, t Trigger) (Preview, error) {
	var out Preview
	kept := &unwritten{store: e.Store, states: map[string]activity.State{}}
	e.Store, e.Endpoints = kept, unsent{e.Endpoints}
	e.Record = func(_ context.Context, r Record) { out.Records = append(out.Records, r) }
	_, err := e.Evaluate(ctx, t)
	out.States = kept.states
	return out, err
}

// unwritten is a store that keeps what is to be written for itself.
type unwritten struct {
	store
	mu     sync.Mutex
	states map[string]activity.State
}

func (u *unwritten) Load(ctx context.Context, endpoint string) (activity.State, map[string]policy.Override, error) {
	s, overrides, err := u.store.Load(ctx, endpoint)
	if err == nil {
		u.keep(s)
	}
	return s, overrides, err
}

func (u *unwritten) Save(_ context.Context, s activity.State, _ ...activity.Activity) (activity.State, error) {
	s.Version++
	u.keep(s)
	return s, nil
}

func (u *unwritten) keep(s activity.State) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.states[s.Endpoint] = s
}

// unsent are endpoints to which no update is sent.
type unsent struct{ endpoints }

func (unsent) SetCapacity(context.Context, string, string, int) error { return nil }
