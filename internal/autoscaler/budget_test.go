package autoscaler_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// parallel is how many endpoints a function works on at once, and allowed the time
// that it has.
const (
	parallel = 8
	allowed  = 58 * time.Second
)

// slow is a world that several ask at once, with a SageMaker that takes its time for
// every answer.
type slow struct {
	*world
	takes time.Duration
	mu    sync.Mutex
}

// crowd is a slow world of n endpoints that need 5 instances each and have 2, and its
// evaluator by the clock of a bubble.
func crowd(t *testing.T, n int, takes time.Duration) (*slow, *autoscaler.Evaluator) {
	t.Helper()
	s := &slow{world: newWorld(t), takes: takes}
	s.now = time.Now()
	for i := range n {
		s.add(fmt.Sprintf("e%03d", i), 450, 2)
	}
	e := s.evaluator(nil)
	e.Endpoints, e.Scalers, e.Store, e.Parallel, e.Now = s, s, s, parallel, time.Now
	return s, e
}

// answer waits for an answer of SageMaker's.
func (s *slow) answer(ctx context.Context) error {
	select {
	case <-time.After(s.takes):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *slow) Describe(ctx context.Context, name string) (activity.Endpoint, error) {
	if err := s.answer(ctx); err != nil {
		return activity.Endpoint{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.world.Describe(ctx, name)
}

func (s *slow) SetCapacity(ctx context.Context, name, variant string, n int) error {
	if err := s.answer(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.world.SetCapacity(ctx, name, variant, n)
}

func (s *slow) Load(ctx context.Context, name string) (activity.State, map[string]policy.Override, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.world.Load(ctx, name)
}

func (s *slow) Save(ctx context.Context, state activity.State, closed ...activity.Activity) (activity.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return activity.State{}, err
	}
	return s.world.Save(ctx, state, closed...)
}

func (s *slow) Conflict(ctx context.Context, endpoint, variant string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.world.Conflict(ctx, endpoint, variant)
}

// minute evaluates everything within the time that a function has, lets SageMaker
// finish, and waits for the next minute. It fails unless the function ended in time
// and every target has its record, in the order of the policy.
func (s *slow) minute(e *autoscaler.Evaluator) {
	s.t.Helper()
	s.records = nil
	began := time.Now()
	ctx, cancel := context.WithTimeout(s.t.Context(), allowed)
	defer cancel()
	_, _ = e.Evaluate(ctx, autoscaler.Trigger{}) // of those that came too late
	if took := time.Since(began); took > allowed {
		s.t.Errorf("the evaluation took %s", took)
	}
	var of []string
	for _, r := range s.records {
		of = append(of, r.Endpoint)
		if len(r.Decision.Steps) == 0 && len(r.Decision.NotScaledReasons) == 0 {
			s.t.Errorf("record %+v says nothing", r)
		}
	}
	if len(of) != len(s.endpoints) || !slices.IsSorted(of) {
		s.t.Errorf("records of %v", of)
	}
	s.finish()
	time.Sleep(time.Until(began.Add(time.Minute)))
}

// wantAll fails unless every endpoint was changed, and once.
func (s *slow) wantAll() {
	s.t.Helper()
	slices.Sort(s.updates)
	if len(s.updates) != len(s.endpoints) || len(slices.Compact(s.updates)) != len(s.endpoints) {
		s.t.Errorf("%d endpoints, updates %v", len(s.endpoints), s.updates)
	}
}

// Where the time does not suffice for all, it is used for some, and each has its turn.
//
// Faults: B14, I5, I6
func TestEvaluateOfMoreThanThereIsTimeFor(t *testing.T) {
	for _, tt := range []struct {
		endpoints, minutes int
		late               bool // some are not even looked at in the first minute
	}{{40, 5, false}, {100, 10, true}} {
		t.Run(fmt.Sprint(tt.endpoints, " endpoints"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, e := crowd(t, tt.endpoints, 6*time.Second)
				s.minute(e)
				if n := len(s.updates); n < 2*parallel {
					t.Errorf("%d updates in the first minute, want some rounds", n)
				}
				late := slices.ContainsFunc(s.records, func(r autoscaler.Record) bool {
					return strings.Contains(r.Error, "ran out of time before it was looked at") &&
						r.Decision.NotScaledReasons[0].Code == scaling.EvaluationFailed
				})
				if late != tt.late {
					t.Errorf("records say that the time ran out: %t", late)
				}
				for range tt.minutes - 1 {
					s.minute(e)
				}
				s.wantAll()
			})
		})
	}
}

// Of a SageMaker that answers nobody in time nothing is changed; once it answers again
// everything is.
//
// Faults: I6
func TestEvaluateEndsInTimeWithoutAnyAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, e := crowd(t, 100, 30*time.Second)
		s.minute(e)
		s.wantUpdates()
		s.takes = 100 * time.Millisecond
		s.minute(e)
		s.wantAll()
	})
}

// Five hundred endpoints in the same minute, and a SageMaker that answers: all of them
// are changed at once, by one reading of their metrics.
//
// Faults: I5
func TestEvaluateOfFiveHundredEndpoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, e := crowd(t, 500, 100*time.Millisecond)
		s.minute(e)
		s.wantAll()
		reads := slices.DeleteFunc(slices.Clone(s.calls), func(call string) bool { return call != "read" })
		if len(reads) != 1 {
			t.Errorf("%d readings of metrics, want one", len(reads))
		}
	})
}
