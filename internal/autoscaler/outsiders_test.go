package autoscaler_test

import (
	"errors"
	"strings"
	"testing"
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
		"v2": {Pause: policy.Both, Until: until.Add(time.Hour)},
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
	stuck, err := w.evaluator(nil).Evaluate(t.Context(), autoscaler.Trigger{})
	if stuck != 2 || err != nil {
		t.Errorf("%d targets need help, %v; want 2", stuck, err)
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
	if stuck, err := w.evaluator(nil).Evaluate(t.Context(), autoscaler.Trigger{}); stuck != 1 || err != nil {
		t.Errorf("%d targets need help, %v; want 1", stuck, err)
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
	if len(w.archive) != 1 || w.states["chat"].Known["v1"] != 8 {
		t.Errorf("archive %+v, known %v", w.archive, w.states["chat"].Known)
	}
	if a := w.records[1].Outside; a == nil || a.From != 5 || a.To != 8 || !strings.HasPrefix(a.Cause, "somebody else") {
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
	if a := w.last().Outside; a == nil || !strings.Contains(a.Cause, "deployment of endpoint configuration v2") {
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

// That history is short of a line holds nothing, and is told.
func TestEvaluateGoesOnWhenItCannotArchiveWhatOthersDid(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 2)
	by := &w.endpoints["chat"].Variants[0]
	by.Current, by.Desired = 3, 3
	w.fault = failing("archive", "before")
	if err := w.tick(w.evaluator(nil)); !errors.Is(err, errLost) {
		t.Errorf("got %v", err)
	}
	w.wantUpdates("chat/v1=5")
}
