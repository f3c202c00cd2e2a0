package autoscaler_test

import (
	"context"
	"errors"
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

func TestEvaluateByAnOverride(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 2)
	e := w.evaluator(nil)
	until := w.now.Add(2 * time.Minute)
	w.overrides = map[string]policy.Override{
		"v1": {Pause: policy.Out, Until: until, By: "anna", Reason: "incident 4711"},
		"v2": {Pause: policy.Both, Until: w.now}, // of a variant that is no target, and over
	}
	for range 2 {
		w.tick(e)
		w.wantCode(scaling.Paused)
		if o := w.last().Override; o == nil || o.By != "anna" {
			t.Errorf("record shows the override %+v", o)
		}
	}
	w.wantUpdates()
	w.tick(e)
	w.wantUpdates("chat/v1=5")
	if w.last().Override != nil {
		t.Errorf("record shows an override that is over: %+v", w.last().Override)
	}
}

func TestEvaluateHoldsACapacity(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 2)
	w.overrides = map[string]policy.Override{"v1": {Min: new(30), Max: new(30), Until: w.now.Add(time.Hour)}}
	w.tick(w.evaluator(nil))
	w.wantUpdates("chat/v1=30")
}

// Whoever cannot be understood holds the endpoint.
func TestEvaluateHoldsAnEndpointWhoseStoreDoesNotAnswer(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 2)
	w.fault = failing("load", "before")
	if err := w.tick(w.evaluator(nil)); !errors.Is(err, errLost) {
		t.Errorf("got %v", err)
	}
	w.wantUpdates()
	w.wantCode(scaling.EvaluationFailed)
}

func TestEvaluateRefusesToFightAnotherScaler(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 2, 2)
	w.conflict = "Application Auto Scaling scales the variant too"
	s, err := w.evaluator(nil).Evaluate(t.Context(), autoscaler.Trigger{})
	if s.Stuck != 2 || err != nil {
		t.Errorf("%d targets need help, %v; want 2", s.Stuck, err)
	}
	w.wantUpdates()
	w.wantCode(scaling.ScalingConflict)
	for _, r := range w.records {
		if r.Decision.DesiredCapacity != 2 || r.Observation.Conflict != w.conflict {
			t.Errorf("record %+v does not show the conflict", r)
		}
	}
}

// Who asks for nothing is not asked who else scales; who is scaled by SageMaker
// itself is known without.
func TestEvaluateOfAVariantThatSageMakerScales(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 2)
	w.endpoints["chat"].Variants[0].Conflict = "SageMaker scales it"
	if s, err := w.evaluator(nil).Evaluate(t.Context(), autoscaler.Trigger{}); s.Stuck != 1 || err != nil {
		t.Errorf("%d targets need help, %v; want 1", s.Stuck, err)
	}
	w.wantUpdates()
	w.wantCode(scaling.ScalingConflict)
	for _, call := range w.calls {
		if call == "conflict" {
			t.Error("asked although nothing was to be done")
		}
	}
}

// Not to know who else scales leaves no endpoint short, and is told.
func TestEvaluateGoesOnWhenItCannotAskForOtherScalers(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 2)
	w.fault = failing("conflict", "before")
	if err := w.tick(w.evaluator(nil)); !errors.Is(err, errLost) {
		t.Errorf("got %v", err)
	}
	w.wantUpdates("chat/v1=5")
	if !strings.Contains(w.last().Error, "who else scales chat/v1") {
		t.Errorf("record says %q", w.last().Error)
	}
}

// A change by hand is in the history, and a cooldown follows it as ours.
func TestEvaluateAdoptsAManualChange(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 5)
	e := w.evaluator(nil)
	w.tick(e)
	by := &w.endpoints["chat"].Variants[0]
	by.Current, by.Desired = 8, 8
	for range 5 {
		w.tick(e)
		w.wantCode(scaling.ScaleOutCooldown)
	}
	if len(w.archive) != 1 || w.states["chat"].Known["v1"].Capacity != 8 {
		t.Errorf("archive %+v, known %v", w.archive, w.states["chat"].Known)
	}
	if a := w.records[1].Outside; len(a) != 1 || a[0].From != 5 || a[0].To != 8 || !strings.HasPrefix(a[0].Cause, "somebody else") {
		t.Errorf("the record shows %+v", a)
	}
	if w.records[0].Outside != nil || w.records[2].Outside != nil {
		t.Error("another record shows it too")
	}
	w.wantUpdates()
	w.tick(e)
	w.wantUpdates("chat/v1=5")
}

// A deployment that resets the count is made good at once.
func TestEvaluateMakesGoodWhatADeploymentReset(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 5)
	e := w.evaluator(nil)
	w.tick(e)
	endpoint := w.endpoints["chat"]
	endpoint.Config, endpoint.Status = "v2", "Updating"
	w.tick(e)
	endpoint.Status = activity.InService
	endpoint.Variants[0].Current, endpoint.Variants[0].Desired = 1, 1
	w.tick(e)
	w.wantUpdates("chat/v1=5")
	if a := w.last().Outside; len(a) != 1 || !strings.Contains(a[0].Cause, "deployment of endpoint configuration v2") {
		t.Errorf("the record shows %+v", a)
	}
}

// What cannot be written down is not gone by, and told only once.
func TestEvaluateHoldsWhenItCannotAdopt(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 2)
	by := &w.endpoints["chat"].Variants[0]
	by.Current, by.Desired = 3, 3
	w.fault = failing("save", "before")
	if err := w.tick(w.evaluator(nil)); !errors.Is(err, errLost) {
		t.Errorf("got %v", err)
	}
	w.wantUpdates()
	w.wantCode(scaling.EvaluationFailed)
	w.fault = nil
	w.tick(w.evaluator(nil))
	w.wantUpdates("chat/v1=5")
	if len(w.archive) != 1 || w.last().Outside == nil {
		t.Errorf("archived %+v", w.archive)
	}
}

// A change by others begins when the capacity was last known, and not when a change
// of ours ended that they had overridden: it may have served for all of that time.
func TestEvaluateKnowsSinceWhenOthersMayHaveChanged(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 750, 4)
	began := w.now
	e := w.evaluator(nil)
	w.tick(e)
	w.now = w.now.Add(20 * time.Minute)
	v := &w.endpoints["chat"].Variants[0]
	w.endpoints["chat"].Status, v.Current, v.Desired = activity.InService, 10, 10
	w.tick(e)
	outside := w.last().Outside
	if len(outside) != 1 || outside[0].From != 4 || outside[0].To != 10 || !outside[0].StartTime.Equal(began) {
		t.Errorf("outside %+v, want 4 to 10 since %s", outside, began)
	}
}

// What came late of our own change is said to be that.
func TestEvaluateAdoptsWhatCameLate(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 750, 4)
	e := w.evaluator(nil)
	w.tick(e)
	v := &w.endpoints["chat"].Variants[0]
	w.endpoints["chat"].Status, v.Current = activity.InService, 5
	w.now = w.now.Add(activity.ClaimTTL)
	w.tick(e)
	w.endpoints["chat"].Status, v.Current = activity.InService, 8
	w.tick(e)
	if a := w.last().Outside; len(a) != 1 || a[0].From != 5 || a[0].To != 8 || !strings.Contains(a[0].Cause, "came late") {
		t.Errorf("outside %+v", a)
	}
}

// What others did to a variant that is not evaluated is told all the same, once and
// with its cause.
func TestEvaluateTellsOfEveryVariant(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 150, 2, 2)
	e := w.evaluator(nil)
	w.endpoints["chat"].Config = "v2"
	v := &w.endpoints["chat"].Variants[1]
	v.Current, v.Desired = 7, 7
	if _, err := e.Evaluate(t.Context(), autoscaler.Trigger{Endpoint: "chat", Variant: "v1"}); err != nil {
		t.Fatal(err)
	}
	if a := w.last().Outside; len(a) != 1 || a[0].Variant != "v2" || !strings.Contains(a[0].Cause, "deployment") {
		t.Errorf("outside %+v", a)
	}
	w.tick(e)
	if slices.ContainsFunc(w.records[1:], func(r autoscaler.Record) bool { return r.Outside != nil }) {
		t.Errorf("told twice: %+v", w.records[1:])
	}
}

// An override of a variant that is no target was meant for another: nothing is done
// until it is put right.
func TestEvaluateRefusesAnOverrideOfNoTarget(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 2)
	w.overrides = map[string]policy.Override{"V1": {Pause: policy.Both, Until: w.now.Add(time.Minute)}}
	e := w.evaluator(nil)
	if err := w.tick(e); err == nil || !strings.Contains(err.Error(), `override of variant "V1"`) {
		t.Errorf("got %v", err)
	}
	w.wantUpdates()
	w.wantCode(scaling.EvaluationFailed)
	w.tick(e)
	w.wantUpdates("chat/v1=5")
}

// mute is an Application Auto Scaling that never answers.
type mute struct{}

func (mute) Conflict(ctx context.Context, _, _ string) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

// hasty is a SageMaker that does not take what comes too late.
type hasty struct{ *world }

func (h hasty) SetCapacity(ctx context.Context, endpoint, variant string, n int) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return h.world.SetCapacity(ctx, endpoint, variant, n)
}

// A service that is not needed to act takes no time away from acting.
func TestEvaluateActsWithoutTheAnswerOfOtherScalers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.add("chat", 450, 2)
		e := w.evaluator(nil)
		e.Scalers, e.Endpoints = mute{}, hasty{w}
		if err := w.tick(e); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		w.wantUpdates("chat/v1=5")
	})
}
