package autoscaler_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

func TestEvaluateClaimsBeforeItActs(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 2)
	if err := w.tick(w.evaluator(nil)); err != nil {
		t.Fatal(err)
	}
	w.wantUpdates("chat/v1=5")
	want := []string{"load", "describe", "read", "conflict", "save", "describe", "update", "save"}
	if !slices.Equal(w.calls, want) {
		t.Errorf("calls %v, want %v", w.calls, want)
	}
	r := w.last()
	if r.Activity == nil || r.Activity.Status != activity.InProgress || r.Policy != "d1" || r.Decision.DesiredCapacity != 5 {
		t.Errorf("record %+v does not show the activity", r)
	}
	if open := w.states["chat"].Open; open == nil || open.From != 2 || open.To != 5 || !strings.Contains(open.Cause, "450") {
		t.Errorf("stored intent %+v", open)
	}
}

func TestEvaluateFollowsTheLoadOutAndIn(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 2)
	e := w.evaluator(nil)
	w.tick(e)
	w.load["chat"] = 900
	w.tick(e)
	w.wantCode(scaling.Unscalable)
	w.load["chat"] = 450
	w.finish()
	w.tick(e)
	if s := w.last().Settled; s == nil || s.Status != activity.Successful || s.Took() != 2*time.Minute {
		t.Fatalf("settled %+v, want a success after two minutes", s)
	}
	w.load["chat"] = 90
	for range 4 {
		w.tick(e)
		w.wantCode(scaling.ScaleOutCooldown)
		w.wantUpdates("chat/v1=5")
	}
	w.tick(e)
	w.wantUpdates("chat/v1=5", "chat/v1=1")
	if len(w.archive) != 1 || len(w.states["chat"].Provisioning["v1"]) != 1 {
		t.Errorf("archive %+v, provisioning %v", w.archive, w.states["chat"].Provisioning)
	}
}

func TestEvaluateRefusals(t *testing.T) {
	tests := []struct {
		name  string
		set   func(*world)
		alter func(*policy.Target)
		code  scaling.Code
		err   bool
	}{
		{"endpoint does not exist", func(w *world) { delete(w.endpoints, "chat") }, nil, scaling.NotFound, false},
		{"variant does not exist", func(w *world) { w.endpoints["chat"].Variants[0].Name = "other" }, nil, scaling.NotFound, false},
		{"variant is of another kind", func(w *world) { w.endpoints["chat"].Variants[0].Unsupported = "serverless" }, nil, scaling.Unsupported, false},
		{"endpoint is updating", func(w *world) { w.endpoints["chat"].Status = "Updating" }, nil, scaling.Unscalable, false},
		{"dry run", nil, func(t *policy.Target) { t.DryRun = true }, scaling.DryRun, false},
		{"store does not answer", func(w *world) { w.fault = failing("load", "before") }, nil, scaling.EvaluationFailed, true},
		{"claim is not written", func(w *world) { w.fault = failing("save", "before") }, nil, scaling.EvaluationFailed, true},
		{"claim's answer is lost", func(w *world) { w.fault = failing("save", "after") }, nil, scaling.EvaluationFailed, true},
		{"SageMaker does not answer", func(w *world) { w.fault = failing("describe", "before") }, nil, scaling.EvaluationFailed, true},
		{"metrics do not answer", func(w *world) { w.fault = failing("read", "before") }, nil, scaling.MissingData, true},
		{"somebody claims first", func(w *world) { w.fault = onCall("save", func() { w.states["chat"] = activity.State{Version: 9} }) }, nil, scaling.ClaimedElsewhere, false},
		{"endpoint changes after the claim", func(w *world) { w.fault = onCall("save", func() { w.endpoints["chat"].Status = "Updating" }) }, nil, scaling.ChangedMeanwhile, false},
		{"capacity changes after the claim", func(w *world) { w.fault = onCall("save", func() { w.endpoints["chat"].Variants[0].Desired = 3 }) }, nil, scaling.ChangedMeanwhile, false},
		{"endpoint is created anew after the claim", func(w *world) { w.fault = onCall("save", func() { w.endpoints["chat"].CreationTime = w.now }) }, nil, scaling.ChangedMeanwhile, false},
		{"worker is held up after its claim", func(w *world) { w.fault = onCall("save", func() { w.now = w.now.Add(activity.ClaimTTL) }) }, nil, scaling.ChangedMeanwhile, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.add("chat", 450, 2)
			e := w.evaluator(tt.alter)
			if tt.set != nil {
				tt.set(w)
			}
			if err := w.tick(e); (err != nil) != tt.err {
				t.Errorf("error %v, want one: %v", err, tt.err)
			}
			w.wantUpdates()
			w.wantCode(tt.code)
			if r := w.last(); r.Activity != nil || (r.Error != "") != tt.err && tt.code != scaling.MissingData {
				t.Errorf("record %+v", r)
			}
		})
	}
}

// Of the scale-outs that come into service the longest is told, once.
func TestEvaluateTellsTheTimeToInService(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 2)
	w.add("other", 450, 2)
	e := w.evaluator(nil)
	evaluate := func() time.Duration {
		s, err := e.Evaluate(t.Context(), autoscaler.Trigger{})
		if err != nil {
			t.Fatal(err)
		}
		return s.TimeToInService
	}
	if took := evaluate(); took != 0 {
		t.Errorf("%s for what has only begun", took)
	}
	w.now = w.now.Add(7 * time.Minute)
	w.finish()
	if first, again := evaluate(), evaluate(); first != 7*time.Minute || again != 0 {
		t.Errorf("%s, then %s, want 7m once", first, again)
	}
}

// failing lets every call of that name fail.
func failing(call, when string) func(string, string) error {
	return func(c, w string) error {
		if c == call && w == when {
			return errLost
		}
		return nil
	}
}

// onCall does something just before the first call of that name.
func onCall(call string, do func()) func(string, string) error {
	done := false
	return func(c, when string) error {
		if c == call && when == "before" && !done {
			done = true
			do()
		}
		return nil
	}
}

func TestEvaluateDryRunWritesNothing(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 2)
	w.tick(w.evaluator(func(t *policy.Target) { t.DryRun = true }))
	if slices.Contains(w.calls, "save") || slices.Contains(w.calls, "update") {
		t.Errorf("a dry run made the calls %v", w.calls)
	}
	if d := w.last().Decision; d.DesiredCapacity != 5 {
		t.Errorf("decision %+v, want the 5 of a live run", d)
	}
}

// "In progress" may be the answer to the copy of an update that was taken: whether it
// was, the next evaluation finds out, and no second one is sent.
//
// Faults: B8 E1
func TestEvaluateLeavesABusyEndpointOpen(t *testing.T) {
	for _, taken := range []bool{true, false} {
		w := newWorld(t)
		w.add("chat", 450, 2)
		e := w.evaluator(nil)
		when := map[bool]string{true: "after", false: "before"}[taken]
		w.fault = func(call, at string) error {
			if call == "update" && at == when {
				return fmt.Errorf("update: %w", activity.ErrBusy)
			}
			return nil
		}
		if err := w.tick(e); err != nil {
			t.Errorf("an endpoint that is busy became the error %v", err)
		}
		w.wantCode(scaling.OutcomeUnknown)
		w.fault = nil
		w.finish()
		w.tick(e)
		w.wantUpdates(map[bool][]string{true: {"chat/v1=5"}}[taken]...)
		w.tick(e)
		w.tick(e)
		w.wantUpdates("chat/v1=5")
		if recent := w.states["chat"].Recent; taken && (len(recent) != 1 || recent[0].Status != activity.Successful) {
			t.Errorf("recent %+v, want the update that was taken", recent)
		}
	}
}

func TestEvaluateKnownRefusalsOfTheUpdate(t *testing.T) {
	for _, tt := range []struct {
		err     error
		code    scaling.Code
		backoff bool
	}{
		{activity.ErrNotFound, scaling.ChangedMeanwhile, false},
		{activity.ErrThrottled, scaling.UpdateRefused, false},
		{activity.ErrRefused, scaling.UpdateRefused, true},
		{activity.ErrLimitExceeded, scaling.UpdateRefused, true},
	} {
		w := newWorld(t)
		w.add("chat", 450, 2)
		e := w.evaluator(nil)
		w.fault = func(call, when string) error {
			if call == "update" && when == "before" {
				return fmt.Errorf("update: %w", tt.err)
			}
			return nil
		}
		if err := w.tick(e); err != nil {
			t.Errorf("%v: a refusal became the error %v", tt.err, err)
		}
		w.wantCode(tt.code)
		s := w.states["chat"]
		if s.Open != nil || len(s.Recent) != 1 || s.Recent[0].Status != activity.Failed || (len(s.Backoffs) == 1) != tt.backoff {
			t.Errorf("%v: state %+v", tt.err, s)
		}
		w.fault = nil
		w.tick(e)
		if tt.backoff {
			w.wantCode(scaling.BackingOff)
			w.wantUpdates()
		} else {
			w.wantUpdates("chat/v1=5")
		}
	}
}

// An update that was applied and whose answer was lost is recognised by what
// SageMaker shows, and not sent again.
func TestEvaluateLostAnswerOfAnAppliedUpdate(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 2)
	e := w.evaluator(nil)
	w.fault = failing("update", "after")
	if err := w.tick(e); !errors.Is(err, errLost) {
		t.Errorf("error %v, want that of the update", err)
	}
	w.wantCode(scaling.OutcomeUnknown)
	w.fault = nil
	w.tick(e)
	if open := w.states["chat"].Open; open == nil || open.Status != activity.InProgress {
		t.Errorf("open activity %+v, want it seen InProgress", open)
	}
	w.finish()
	w.tick(e)
	w.wantUpdates("chat/v1=5")
	if s := w.last().Settled; s == nil || s.Status != activity.Successful {
		t.Errorf("settled %+v", s)
	}
}

// An update that never arrived is given up when its claim has run out, starts no
// cooldown, and is decided anew.
func TestEvaluateLostUpdate(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 2)
	e := w.evaluator(nil)
	w.fault = failing("update", "before")
	w.tick(e)
	w.fault = nil
	w.tick(e)
	w.wantCode(scaling.ActivityInProgress)
	w.wantUpdates()
	w.tick(e)
	w.wantUpdates("chat/v1=5")
	if s := w.last().Settled; s == nil || s.Status != activity.Failed {
		t.Errorf("settled %+v, want Failed", s)
	}
}

// A worker that dies at any port call, before or after its effect, leaves one
// effect behind, whatever comes next.
func TestEvaluateCrashPoints(t *testing.T) {
	clean := newWorld(t)
	clean.add("chat", 450, 2)
	clean.tick(clean.evaluator(nil))
	for n := range clean.calls {
		for _, when := range []string{"before", "after"} {
			t.Run(fmt.Sprintf("%s call %d %s", when, n+1, clean.calls[n]), func(t *testing.T) {
				w := newWorld(t)
				w.add("chat", 450, 2)
				e := w.evaluator(nil)
				dead := false
				w.fault = func(_, at string) error {
					dead = dead || len(w.calls) == n+1 && at == when
					if dead {
						panic("killed")
					}
					return nil
				}
				w.tick(e)
				w.fault = nil
				for minute := range 8 {
					if minute == 4 {
						w.finish()
					}
					w.tick(e)
				}
				w.finish()
				w.tick(e)
				w.wantUpdates("chat/v1=5")
				if s := w.states["chat"]; s.Open != nil {
					t.Errorf("still open: %+v", s.Open)
				}
			})
		}
	}
}

func TestEvaluateTwoWorkersOneEffect(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 2)
	e := w.evaluator(nil)
	// The second worker runs whole while the first is about to claim.
	w.fault = onCall("save", func() { w.tick(w.evaluator(nil)) })
	w.tick(e)
	w.wantUpdates("chat/v1=5")
	w.wantCode(scaling.ClaimedElsewhere)
}

func TestEvaluateOneVariantAtATime(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 10, 2)
	e := w.evaluator(nil)
	w.tick(e)
	w.wantUpdates("chat/v2=5") // the scale-out before the scale-in
	if r := w.records[0]; r.Variant != "v1" || r.Decision.DesiredCapacity != 10 || r.Decision.NotScaledReasons[0].Code != scaling.ActivityInProgress {
		t.Errorf("the other variant's record: %+v", r)
	}
	w.finish()
	w.tick(e)
	w.wantUpdates("chat/v2=5", "chat/v1=5")
}

func TestEvaluateIsolatesEndpoints(t *testing.T) {
	w := newWorld(t)
	w.add("a", 450, 2)
	w.add("b", 450, 2)
	e := w.evaluator(nil)
	w.fault = onCall("load", func() { panic("boom") })
	if err := w.tick(e); err == nil || !strings.Contains(err.Error(), "boom") {
		t.Errorf("error %v, want the panic", err)
	}
	w.wantUpdates("b/v1=5")
	if len(w.records) != 2 || w.records[0].Endpoint != "a" {
		t.Errorf("%d records, want one for each target", len(w.records))
	}
}

func TestEvaluateNamedTargetsOnly(t *testing.T) {
	w := newWorld(t)
	w.add("a", 450, 2, 2)
	w.add("b", 450, 2)
	e := w.evaluator(nil)
	if _, err := e.Evaluate(t.Context(), autoscaler.Trigger{Endpoint: "a", Variant: "v2"}); err != nil {
		t.Fatal(err)
	}
	w.wantUpdates("a/v2=5")
	for _, unknown := range []autoscaler.Trigger{{Endpoint: "c"}, {Endpoint: "a", Variant: "v3"}} {
		if _, err := e.Evaluate(t.Context(), unknown); !errors.Is(err, autoscaler.ErrNoTarget) {
			t.Errorf("trigger %+v: %v, want ErrNoTarget", unknown, err)
		}
	}
	w.wantUpdates("a/v2=5")
}

func TestEvaluateReadsAllMetricsAtOnce(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		w.add(fmt.Sprint("e", i), 100, 1, 1)
	}
	w.tick(w.evaluator(nil))
	reads := 0
	for _, c := range w.calls {
		if c == "read" {
			reads++
		}
	}
	if reads != 1 {
		t.Errorf("%d reads of metrics for ten targets, want 1", reads)
	}
}

func TestEvaluateLimitsHoldWithoutMetrics(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 2)
	w.fault = failing("read", "before")
	w.tick(w.evaluator(func(t *policy.Target) { t.Limits.Min = 4 }))
	w.wantUpdates("chat/v1=4")
}

func TestEvaluateEndpointCreatedAnew(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 2)
	e := w.evaluator(nil)
	w.tick(e)
	w.add("chat", 450, 2)
	w.endpoints["chat"].CreationTime = w.now
	w.tick(e)
	w.wantUpdates("chat/v1=5", "chat/v1=5")
}

func TestSettle(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 450, 2)
	e := w.evaluator(nil)
	w.tick(e)
	settle := func() *activity.Activity {
		t.Helper()
		a, err := e.Settle(context.Background(), autoscaler.Trigger{Endpoint: "chat"})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if a := settle(); a != nil {
		t.Errorf("settled %+v while updating", a)
	}
	w.finish()
	if a := settle(); a == nil || a.Status != activity.Successful {
		t.Errorf("settled %+v, want a success", a)
	}
	if a := settle(); a != nil {
		t.Errorf("settled %+v twice", a)
	}
	w.wantUpdates("chat/v1=5")
	for _, name := range []string{"", "other"} {
		if _, err := e.Settle(t.Context(), autoscaler.Trigger{Endpoint: name}); !errors.Is(err, autoscaler.ErrNoTarget) {
			t.Errorf("settle %q: %v, want ErrNoTarget", name, err)
		}
	}
}

// A step in alarm that has got what it asked for keeps it, however low the load of
// a tracked metric is: else both would go on for ever, in turns.
func TestEvaluateDoesNotTakeAwayWhatAStepInAlarmHasAdded(t *testing.T) {
	steps := map[string]policy.StepScaling{
		"an exact capacity": {AdjustmentType: policy.ExactCapacity, Adjustments: []policy.StepAdjustment{{Lower: new(0.0), Adjustment: 10}}},
		"a change":          {AdjustmentType: policy.ChangeInCapacity, Adjustments: []policy.StepAdjustment{{Lower: new(0.0), Adjustment: 2}}},
	}
	for name, step := range steps {
		w := newWorld(t)
		w.add("chat", 150, 2)
		step.Name, step.Comparison, step.Threshold, step.Aggregation = "busy", policy.GreaterOrEqual, 1, policy.Average
		step.Alarm, step.Cooldown, step.TreatMissingData = policy.Window{Datapoints: 3, Periods: 3}, time.Hour, policy.TreatMissing
		e := w.evaluator(func(t *policy.Target) {
			step.Metric = t.TargetTracking[0].Metric
			step.Metric.Name = "busy"
			t.StepScaling = []policy.StepScaling{step}
		})
		for range 50 {
			w.tick(e)
			w.finish()
		}
		if len(w.updates) != 1 {
			t.Errorf("%s: updates %v, want one", name, w.updates)
		}
	}
}

// A change of ours that fell short is not taken for somebody else's because another
// one, later, never reached SageMaker.
func TestEvaluateGoesOnAfterAFailedClaim(t *testing.T) {
	w := newWorld(t)
	w.add("chat", 750, 4)
	e := w.evaluator(nil)
	w.tick(e)
	w.wantUpdates("chat/v1=8")
	v := &w.endpoints["chat"].Variants[0]
	w.endpoints["chat"].Status, v.Current = activity.InService, 5
	w.now = w.now.Add(activity.ClaimTTL)
	w.load["chat"] = 150
	w.tick(e)
	w.wantCode(scaling.ScaleOutCooldown) // what came of it has one too
	w.now = w.now.Add(5 * time.Minute)
	calls := 0
	w.fault = func(call, when string) error {
		if call == "describe" && when == "before" {
			if calls++; calls == 2 {
				return errLost
			}
		}
		return nil
	}
	w.tick(e)
	w.fault = nil
	if recent := w.states["chat"].Recent; len(recent) != 2 || recent[0].Status != activity.Unfulfilled || recent[0].Came != 5 || recent[1].Status != activity.Failed {
		t.Fatalf("recent %+v", recent)
	}
	w.tick(e)
	w.wantUpdates("chat/v1=8", "chat/v1=2")
}
