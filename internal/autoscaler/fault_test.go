package autoscaler_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// rollBack ends the update of an endpoint without any of its instances; SageMaker
// may leave the desired count as it was asked for.
func (w *world) rollBack(name string) {
	w.endpoints[name].Status = activity.InService
}

// A rollback that leaves the desired count high is no capacity: it is tried again,
// with a growing wait, for as long as the load needs it.
func TestEvaluateTriesAgainAfterARollback(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 600, 2)
	e := w.evaluator(nil)
	w.tick(e)
	for range 60 {
		w.rollBack("chat")
		w.tick(e)
	}
	if n := len(w.updates); n < 3 || n > 5 {
		t.Errorf("%d updates within an hour of rollbacks, want a few: %v", n, w.updates)
	}
	w.wantCode(scaling.BackingOff)
	for range 70 {
		w.finish()
		w.tick(e)
	}
	if v := w.endpoints["chat"].Variants[0]; v.Current != 6 || w.states["chat"].Open != nil {
		t.Errorf("capacity %+v, open %+v; want 6 in service", v, w.states["chat"].Open)
	}
}

// A scale-in that was rolled back with its desired count left is no capacity
// either: what serves is not taken for a scale-out to less.
func TestEvaluateNeverRemovesWhatServesWithoutData(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 600, 6)
	w.endpoints["chat"].Variants[0].Desired = 2
	w.fault = failing("read", "before")
	w.tick(w.evaluator(func(t *policy.Target) { t.Limits.Min = 3 }))
	w.wantUpdates()
}

// An endpoint of which nothing is heard keeps no other waiting.
func TestEvaluateGoesOnWithoutASilentEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.add("a", 450, 2)
		w.add("b", 450, 2)
		e := w.evaluator(nil)
		e.Endpoints = silent{w, "a"}
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute-2*time.Second)
		defer cancel()
		if _, err := e.Evaluate(ctx, autoscaler.Trigger{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the silence of a", err)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("the evaluation took %s, want the time for one endpoint", took)
		}
		w.wantUpdates("b/v1=5")
		if r := w.records[0]; r.Endpoint != "a" || r.Error == "" {
			t.Errorf("record %+v does not tell of the silence", r)
		}
	})
}

// silent says nothing of one endpoint until the context ends.
type silent struct {
	*world
	name string
}

func (s silent) Describe(ctx context.Context, name string) (activity.Endpoint, error) {
	if name != s.name {
		return s.world.Describe(ctx, name)
	}
	if _, ok := ctx.Deadline(); !ok {
		s.t.Error("the call has no deadline")
	}
	<-ctx.Done()
	return activity.Endpoint{}, ctx.Err()
}

// A target that SageMaker refuses to change is not asked for in every minute, and
// somebody is told.
func TestEvaluateTellsOfRefusals(t *testing.T) {
	for _, capacity := range []int{2, 9} {
		w := newWorld(t)
		w.add("chat", 450, capacity)
		e := w.evaluator(nil)
		asked, told := 0, 0
		w.fault = func(call, when string) error {
			if call == "update" && when == "before" {
				asked++
				return fmt.Errorf("update: %w: access denied", activity.ErrRefused)
			}
			return nil
		}
		for range 60 {
			s, err := e.Evaluate(t.Context(), autoscaler.Trigger{})
			if err != nil {
				t.Fatal(err)
			}
			told += s.Stuck
			w.now = w.now.Add(time.Minute)
		}
		if asked < 3 || asked > 5 || told != 60 {
			t.Errorf("from %d instances: asked %d times in an hour, told %d times; want a few and 60", capacity, asked, told)
		}
	}
}

func TestEvaluateCountsTargetsThatNeedHelp(t *testing.T) {
	tests := map[string]func(*world){
		"gone":   func(w *world) { delete(w.endpoints, "chat") },
		"failed": func(w *world) { w.endpoints["chat"].Status = "Failed" },
		"calm and updating for an hour": func(w *world) {
			s := w.states["chat"]
			s.BusySince, w.load["chat"] = w.now.Add(-time.Hour), 150
			w.states["chat"] = s
			w.endpoints["chat"].Status = "Updating"
		},
		"unsupported": func(w *world) { w.endpoints["chat"].Variants[0].Unsupported = "serverless" },
	}
	for name, set := range tests {
		w := newWorld(t)
		w.add("chat", 450, 2)
		w.add("other", 450, 5)
		e := w.evaluator(nil)
		set(w)
		if s, err := e.Evaluate(t.Context(), autoscaler.Trigger{}); s.Stuck != 1 || err != nil {
			t.Errorf("%s: %d, %v; want 1 target that needs help", name, s.Stuck, err)
		}
	}
}

// lacking is a CloudWatch without a datapoint, and why.
type lacking string

func (l lacking) Read(_ context.Context, queries []scaling.Query, _ time.Time) ([]scaling.Series, error) {
	var out []scaling.Series
	for _, q := range queries {
		out = append(out, scaling.Series{Metric: q.Metric.Name, Incomplete: string(l)})
	}
	return out, nil
}

// Of whom nobody knows whether less would do, that is told: what is at its minimum
// would not be scaled in anyway.
//
// Faults: D2, D12
func TestEvaluateCountsTargetsThatMissingDataHolds(t *testing.T) {
	tests := []struct {
		name    string
		missing bool
		why     string
		least   int
		never   bool
		want    int
	}{
		{"all data is there", false, "", 1, false, 0},
		{"no datapoints", true, "", 1, false, 2},
		{"access denied", true, "Forbidden", 1, false, 2},
		{"at the minimum in force", true, "", 5, false, 1},
		{"nothing would be removed anyway", true, "", 1, true, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.add("chat", 500, 5)
			w.add("other", 600, 6)
			w.add("small", 50, 1)
			w.overrides = map[string]policy.Override{"v1": {Min: &tt.least, Pause: policy.Both, Until: w.now.Add(time.Hour)}}
			e := w.evaluator(func(t *policy.Target) { t.DisableScaleIn = tt.never })
			if tt.missing {
				e.Metrics = lacking(tt.why)
			}
			s, err := e.Evaluate(t.Context(), autoscaler.Trigger{})
			if s != (autoscaler.Summary{Held: tt.want}) || err != nil {
				t.Errorf("got %+v, %v; want %d targets held", s, err, tt.want)
			}
		})
	}
}

// The activity of a variant that is not evaluated is in a record all the same.
func TestEvaluateRecordsWhatItSettled(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 5, 2)
	e := w.evaluator(nil)
	w.tick(e)
	w.wantUpdates("chat/v2=5")
	w.finish()
	if _, err := e.Evaluate(t.Context(), autoscaler.Trigger{Endpoint: "chat", Variant: "v1"}); err != nil {
		t.Fatal(err)
	}
	if s := w.last().Settled; s == nil || s.Variant != "v2" {
		t.Errorf("settled %+v, want the activity of v2", s)
	}
}

// A panic while acting leaves a record with the decision and the error.
func TestEvaluateRecordsAPanic(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 2)
	w.fault = onCall("update", func() { panic("boom") })
	w.tick(w.evaluator(nil))
	r := w.last()
	if !strings.Contains(r.Error, "boom") || len(r.Decision.Steps) == 0 {
		t.Errorf("record %+v does not show what happened", r)
	}
}

// An activity ends when it is seen to, not when the evaluation began.
func TestEvaluateSettlesByTheClock(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 2)
	e := w.evaluator(nil)
	began := w.now
	w.fault = func(call, when string) error {
		if call == "update" && when == "before" {
			w.now = w.now.Add(30 * time.Second)
			return fmt.Errorf("update: %w", activity.ErrNotFound)
		}
		return nil
	}
	if _, err := e.Evaluate(t.Context(), autoscaler.Trigger{}); err != nil {
		t.Fatal(err)
	}
	recent := w.states["chat"].Recent
	if len(recent) != 1 || !recent[0].EndTime.Equal(began.Add(30*time.Second)) {
		t.Errorf("recent %+v, want an end 30 s after %s", recent, began)
	}
}

func TestSettleFailsWithItsStore(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 2)
	e := w.evaluator(nil)
	w.tick(e)
	w.finish()
	for _, call := range []string{"load", "save"} {
		w.fault = failing(call, "before")
		if a, err := e.Settle(t.Context(), autoscaler.Trigger{Endpoint: "chat"}); !errors.Is(err, errLost) || a != nil {
			t.Errorf("%s fails: settled %+v, %v", call, a, err)
		}
	}
	w.fault = nil
	if a, err := e.Settle(t.Context(), autoscaler.Trigger{Endpoint: "chat"}); err != nil || a == nil {
		t.Errorf("settled %+v, %v once everything answers", a, err)
	}
	if !slices.Equal(w.updates, []string{"chat/v1=5"}) {
		t.Errorf("updates %v", w.updates)
	}
}

// A state that cannot be understood is told, and replaced; nothing is done until it is.
//
// Faults: C8
func TestEvaluateReplacesADamagedState(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 2)
	e := w.evaluator(nil)
	w.states["chat"] = activity.State{Endpoint: "chat", Version: 7, Damage: "unmarshal state: unexpected end"}
	s, err := e.Evaluate(t.Context(), autoscaler.Trigger{})
	if err == nil || !strings.Contains(err.Error(), "unexpected end") || s.Stuck != 1 {
		t.Errorf("%d targets need help, %v; want 1 and the damage", s.Stuck, err)
	}
	w.wantUpdates()
	w.wantCode(scaling.EvaluationFailed)
	if s := w.states["chat"]; s.Version != 8 || s.Damage != "" || s.Known["v1"].Capacity != 2 {
		t.Errorf("the state is %+v, want one in place of version 7", s)
	}
	w.tick(e)
	w.wantUpdates("chat/v1=5")
}

// A panic of one kind of invocation is an error as that of the others.
//
// Faults: B12
func TestSettleRecoversFromAPanic(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 2)
	e := w.evaluator(nil)
	w.fault = onCall("describe", func() { panic("boom") })
	if _, err := e.Settle(t.Context(), autoscaler.Trigger{Endpoint: "chat"}); err == nil || !strings.Contains(err.Error(), "boom") {
		t.Errorf("got %v, want the panic", err)
	}
}

// What others say is kept in part: a state that is too large for its table would hold
// its endpoint for ever.
//
// Faults: C10 H5
func TestEvaluateKeepsNoMoreThanItCanOfAnError(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 2)
	e := w.evaluator(nil)
	hostile := errors.New("\x1b[2J\u202e" + strings.Repeat("x", 1<<20))
	for _, call := range []string{"update", "load", "read"} {
		w.fault = func(at, when string) error {
			if at == call && when == "before" {
				return fmt.Errorf("call: %w: %w", activity.ErrRefused, hostile)
			}
			return nil
		}
		w.tick(e)
		text, err := json.Marshal([]any{w.last(), w.states["chat"]})
		if err != nil || len(text) > 20_000 || strings.ContainsAny(string(text), "\x1b\u202e") || !strings.Contains(string(text), "xxx") {
			t.Errorf("%s: %d bytes of record and state, %v", call, len(text), err)
		}
		w.now = w.now.Add(time.Hour)
	}
}
