// Package autoscaler is the order in which an evaluation goes:
//
//	targets -> observe -> settle -> decide -> guard -> claim -> act -> settle -> record
//
// What woke it is a hint that names targets. What is done depends only on the
// policy, on what AWS says now, on the stored state and on the time, so a lost,
// late, doubled or forged event changes nothing but latency.
//
// # The claim
//
// SageMaker's update takes no precondition and no token, so the fence is ours.
// The intent is written to the endpoint's state before the update is sent, on
// the condition that nobody wrote it meanwhile: first writer wins. The update is
// then sent once. If its answer is lost, or says that the endpoint is busy, the
// intent stays open, and whichever evaluation comes next settles it by what
// SageMaker shows. A worker that was held up sends nothing once its claim is half
// way to the time at which others may give it up. What cannot be fenced is the
// last instant between that check and the call: one update, inside the limits.
//
// The state table must answer for anything to be changed: without it nobody
// knows what was done before. A state that cannot be understood is replaced, and
// told; what it forgot is made up by SageMaker's time of the last modification.
package autoscaler

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"sync"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// How long the phases of an evaluation may take for one endpoint, so that one of
// which nothing is heard keeps no other waiting. Together they leave a function
// time to say how it went.
const (
	observeTimeout = 15 * time.Second
	// observePhase bounds the observing of all endpoints to less than half of a
	// function's time: where there are many, or SageMaker is slow, those that were seen
	// are changed, and the others are first another time.
	observePhase   = 25 * time.Second
	measureTimeout = 12 * time.Second
	actTimeout     = 20 * time.Second
	// askTimeout bounds the question who else scales a target: to go without its
	// answer is better than to run out of time to act.
	askTimeout = 4 * time.Second
)

// ErrNoTarget says that the policy has no target of the names in a trigger.
var ErrNoTarget = errors.New("no such target in the policy")

// endpoints is what an evaluation asks of SageMaker. Describe fails with
// activity.ErrNotFound when there is no such endpoint. SetCapacity sends one
// update and never repeats it; an error that wraps none of activity.ErrThrottled,
// ErrLimitExceeded, ErrRefused and ErrNotFound leaves open whether it was applied.
type endpoints interface {
	Describe(ctx context.Context, endpoint string) (activity.Endpoint, error)
	SetCapacity(ctx context.Context, endpoint, variant string, instances int) error
}

// metrics reads the datapoints of several metrics up to now. The answer has one
// series for each query, in the same order.
type metrics interface {
	Read(ctx context.Context, queries []scaling.Query, now time.Time) ([]scaling.Series, error)
}

// scalers knows who else may scale a variant. Conflict says it in words, empty for
// nobody.
type scalers interface {
	Conflict(ctx context.Context, endpoint, variant string) (string, error)
}

// store keeps the state of endpoints. Load returns a state of version 0 for an
// endpoint that has none, and the overrides of its variants. Save writes s if the
// stored version is still s.Version, and with it the activities that it closes, for
// people to read; it returns the state with its new version. It fails with
// activity.ErrConflict if somebody else wrote. A Save whose answer was lost and that
// is found to have been applied succeeds.
type store interface {
	Load(ctx context.Context, endpoint string) (activity.State, map[string]policy.Override, error)
	Save(ctx context.Context, s activity.State, closed ...activity.Activity) (activity.State, error)
}

// Evaluator evaluates the targets of one policy. All fields must be set, Forecasts only
// where a target forecasts.
type Evaluator struct {
	Policy    *policy.Policy
	Endpoints endpoints
	Metrics   metrics
	Scalers   scalers
	Store     store
	Forecasts forecasts
	// Record takes one record for every target of every evaluation, in the order
	// of the policy.
	Record func(context.Context, Record)
	Now    func() time.Time
	// Parallel is how many endpoints are worked on at once, at least 1.
	Parallel int
}

// Trigger is what woke an evaluation. Endpoint and Variant narrow it down; empty
// means all. The rest is for the record only.
//
// Invocation tells two evaluations apart that the same event woke: it is part of
// the name of the activity that they claim.
type Trigger struct {
	Kind       string `json:"kind"`
	ID         string `json:"id,omitempty"`
	Name       string `json:"name,omitempty"`
	Invocation string `json:"invocation,omitempty"`
	Endpoint   string `json:"-"`
	Variant    string `json:"-"`
}

// Record is the account of one evaluation of one target: what was seen, what was
// decided and why, and what came of it. Policy is the digest of the policy.
type Record struct {
	Time        time.Time           `json:"time"`
	Endpoint    string              `json:"endpoint"`
	Variant     string              `json:"variant"`
	Policy      string              `json:"policyDigest"`
	Trigger     Trigger             `json:"trigger"`
	Observation scaling.Observation `json:"observation"`
	Decision    scaling.Decision    `json:"decision"`
	// Override is the one in force.
	Override *policy.Override `json:"override,omitempty"`
	// Settled is the activity that this evaluation found to have ended, Outside are
	// the changes that it found somebody else to have made, Activity is the one that
	// it started.
	Settled  *activity.Activity  `json:"settled,omitempty"`
	Outside  []activity.Activity `json:"outside,omitempty"`
	Activity *activity.Activity  `json:"activity,omitempty"`
	Error    string              `json:"error,omitempty"`
	// Held says that the target is counted as such: see Summary.
	Held bool `json:"-"`
}

// Summary counts the targets of an evaluation of which somebody must be told. Stuck are
// those that cannot be scaled until somebody does something: see scaling.Code.NeedsHelp.
// Held are those above their minimum of which data is missing: a scale-in may be due,
// and nobody sees it. That is told only when it lasts, because data that comes late
// mends itself.
//
// Foresight is of the targets that forecast. TimeToInService is the longest that a
// scale-out of ours took which was seen to have come into service, zero for none.
type Summary struct {
	Stuck, Held     int
	Foresight       Foresight
	TimeToInService time.Duration
}

// Evaluate evaluates the targets that t names, and says of how many of them somebody
// must be told. A fault of one endpoint is recorded, joined into the error, and keeps
// no other from being evaluated.
func (e *Evaluator) Evaluate(ctx context.Context, t Trigger) (Summary, error) {
	views := e.views(t)
	if len(views) == 0 {
		return Summary{}, fmt.Errorf("evaluate %s/%s: %w", t.Endpoint, t.Variant, ErrNoTarget)
	}
	now := e.Now()
	turns := inTurn(views, now)
	observing, cancel := context.WithTimeout(ctx, observePhase)
	defer cancel()
	e.each(observing, observeTimeout, turns, e.observeAll)
	e.measure(ctx, views, now)
	e.each(ctx, actTimeout, turns, func(ctx context.Context, v *view) { e.conclude(ctx, v, t, now) })
	return e.record(ctx, views)
}

// Settle closes the open activity of the endpoint that t names, if SageMaker
// shows how it ended, and starts nothing. It returns the activity that it closed,
// nil for none.
func (e *Evaluator) Settle(ctx context.Context, t Trigger) (*activity.Activity, error) {
	views := e.views(Trigger{Endpoint: t.Endpoint})
	if t.Endpoint == "" || len(views) == 0 {
		return nil, fmt.Errorf("settle endpoint %q: %w", t.Endpoint, ErrNoTarget)
	}
	v := views[0]
	e.each(ctx, observeTimeout, views, e.observe)
	return v.settled, v.err
}

// views groups the targets that t names by endpoint, in the order of the policy.
func (e *Evaluator) views(t Trigger) []*view {
	var views []*view
	byEndpoint := map[string]*view{}
	for _, target := range e.Policy.Targets {
		if t.Endpoint != "" && target.Endpoint != t.Endpoint || t.Variant != "" && target.Variant != t.Variant {
			continue
		}
		v := byEndpoint[target.Endpoint]
		if v == nil {
			v = &view{endpoint: activity.Endpoint{Name: target.Endpoint}}
			byEndpoint[target.Endpoint] = v
			views = append(views, v)
		}
		v.cases = append(v.cases, &evaluation{target: target})
	}
	return views
}

// inTurn returns the views in the order in which they are worked on. Each minute begins
// elsewhere, so that the time does not always run out for the same ones. From minute to
// minute the beginning moves on by the golden ratio of the whole: however many views one
// minute suffices for, such beginnings are so evenly spread that none waits for long.
func inTurn(views []*view, now time.Time) []*view {
	const golden = 0x9E3779B97F4A7C15 // 2^64 divided by the golden ratio
	first, _ := bits.Mul64(uint64(now.Unix()/60)*golden, uint64(len(views)))
	return slices.Concat(views[first:], views[:first])
}

// each works on the views, Parallel at once, each for no longer than the limit. A
// panic becomes the error of its view, so that it harms no other.
func (e *Evaluator) each(ctx context.Context, limit time.Duration, views []*view, work func(context.Context, *view)) {
	slots := make(chan struct{}, max(1, e.Parallel))
	var wg sync.WaitGroup
	for _, v := range views {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			ctx, cancel := context.WithTimeout(ctx, limit)
			defer cancel()
			if err := safely(func() error { work(ctx, v); return nil }); err != nil {
				v.fail(fmt.Errorf("evaluate endpoint %s: %w", v.endpoint.Name, err))
			}
		})
	}
	wg.Wait()
}

// safely runs work and makes an error of its panic.
func safely(work func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return work()
}

// record writes every record in the order of the policy, counts the targets of which
// somebody must be told and joins the errors.
func (e *Evaluator) record(ctx context.Context, views []*view) (s Summary, err error) {
	for _, v := range views {
		v.complete()
		for _, c := range v.cases {
			c.record.Held = c.held()
			e.Record(ctx, c.record)
			s.count(c)
		}
		if v.settled != nil {
			s.TimeToInService = max(s.TimeToInService, v.settled.TimeToInService())
		}
		err = errors.Join(err, v.err)
	}
	return s, err
}

// count counts a target that has been evaluated.
func (s *Summary) count(c *evaluation) {
	s.Foresight.count(c)
	if c.refused(scaling.Code.NeedsHelp) {
		s.Stuck++
	}
	if c.record.Held {
		s.Held++
	}
}

// held reports whether data is missing of a target that may have more than it needs.
func (c *evaluation) held() bool {
	missing := func(code scaling.Code) bool { return code == scaling.MissingData }
	return c.present > c.decision.MinCapacity && c.target.ScalesIn() && c.refused(missing)
}

// refused reports whether one of the reasons of the decision is of such a code.
func (c *evaluation) refused(such func(scaling.Code) bool) bool {
	return slices.ContainsFunc(c.decision.NotScaledReasons, func(r scaling.Reason) bool { return such(r.Code) })
}
