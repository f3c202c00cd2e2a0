package scaling_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

func TestNeedsHelp(t *testing.T) {
	for code, want := range map[scaling.Code]bool{
		scaling.ScalingConflict: true, scaling.EndpointFailed: true, scaling.UpdateOverdue: true, scaling.Unscalable: false, scaling.BackingOff: true, scaling.EvaluationFailed: true, scaling.CapacityNotInService: true,
		scaling.Paused: false, scaling.ScaleInGuarded: false, scaling.VelocityLimit: false, scaling.StabilizationWindow: false,
		scaling.MissingData: false, scaling.ScaleOutDisabled: false, scaling.AlreadyAtMax: false,
	} {
		if got := code.NeedsHelp(); got != want {
			t.Errorf("%s needs help: %t", code, got)
		}
	}
}

// To move where one is already is no step, and to hold there is only a reason.
func TestMoveToWhereItIs(t *testing.T) {
	d := scaling.Undecided(scaling.Input{Now: now(), Target: target(), Observation: observe(4)})
	d.Move(scaling.RuleStepScaling, 4, "nothing")
	d.Hold(scaling.Paused, 4, "held at %d", 4)
	if len(d.Steps) != 0 || len(d.NotScaledReasons) != 1 || d.NotScaledReasons[0].Message != "held at 4" {
		t.Errorf("got %+v, want one reason and no step", d)
	}
	d.Move(scaling.RuleStepScaling, 6, "more")
	d.Hold(scaling.Paused, 4, "held at %d", 4)
	if len(d.Steps) != 2 || d.Steps[1] != (scaling.Step{Rule: "Paused", From: 6, To: 4, Reason: "held at 4"}) {
		t.Errorf("got %+v, want a step there and one back", d)
	}
}

func TestRecommended(t *testing.T) {
	for name, tt := range map[string]struct {
		decide func(*scaling.Decision)
		want   int
	}{
		"no rule":       {func(*scaling.Decision) {}, 4},
		"no rule, held": {func(d *scaling.Decision) { d.Hold(scaling.MissingData, 4, "gap") }, 4},
		"not seen":      {func(d *scaling.Decision) { d.DesiredCapacity = 0 }, 0},
		"a rule":        {func(d *scaling.Decision) { d.Move(scaling.RuleStepScaling, 6, "more") }, 6},
		"a rule, held": {func(d *scaling.Decision) {
			d.Move(scaling.RuleStepScaling, 6, "more")
			d.Hold(scaling.Paused, 4, "held")
		}, 6},
		"a rule, held in part": {func(d *scaling.Decision) {
			d.Move(scaling.RuleStepScaling, 6, "more")
			d.Hold(scaling.VelocityLimit, 5, "held")
		}, 6},
		"above the maximum": {func(d *scaling.Decision) {
			d.Move(scaling.RuleTargetTracking, 900, "more")
			d.Move(scaling.RuleMaxCapacity, 100, "limit")
		}, 100},
		"below the minimum": {func(d *scaling.Decision) {
			d.Move(scaling.RuleTargetTracking, 0, "less")
			d.Move(scaling.RuleMinCapacity, 1, "limit")
		}, 1},
		"the limits alone": {func(d *scaling.Decision) { d.MinCapacity = 7; d.Move(scaling.RuleMinCapacity, 7, "limit") }, 7},
		"the limits, and a hold": {func(d *scaling.Decision) {
			d.MinCapacity = 7
			d.Move(scaling.RuleMinCapacity, 7, "limit")
			d.Hold(scaling.Paused, 4, "held")
		}, 7},
	} {
		d := scaling.Undecided(scaling.Input{Now: now(), Target: target(), Observation: observe(4)})
		tt.decide(&d)
		if got := d.Recommended(); got != tt.want {
			t.Errorf("%s: %d is recommended, want %d: %+v", name, got, tt.want, d)
		}
	}
}

// A decision without steps or reasons has empty lists of them in JSON, not null.
func TestUndecidedJSON(t *testing.T) {
	text, err := json.Marshal(scaling.Undecided(scaling.Input{Now: now(), Target: target(), Observation: observe(4)}))
	if want := `{"desiredCapacity":4,"minCapacity":1,"maxCapacity":100,"steps":[],"notScaledReasons":[]}`; err != nil || string(text) != want {
		t.Errorf("got %s, %v; want %s", text, err, want)
	}
}

// Who else scales the variant is part of a case, and left out where nobody does.
func TestConflictJSON(t *testing.T) {
	var o scaling.Observation
	if err := json.Unmarshal([]byte(`{"status":"InService","conflict":"Application Auto Scaling"}`), &o); err != nil || o.Conflict != "Application Auto Scaling" {
		t.Errorf("got %+v, %v", o, err)
	}
	if text, err := json.Marshal(observe(3)); err != nil || strings.Contains(string(text), "conflict") {
		t.Errorf("got %s, %v", text, err)
	}
}

// What a whole number of a datapoint is written as, it is read as.
func TestDatapointJSONKeepsValues(t *testing.T) {
	for _, value := range []float64{0, 1.5, math.MaxFloat64} {
		text, err := json.Marshal(scaling.Datapoint{Time: now(), Value: value})
		var d scaling.Datapoint
		if err == nil {
			err = json.Unmarshal(text, &d)
		}
		if err != nil || d.Value != value || !d.Time.Equal(now()) {
			t.Errorf("%v became %s became %+v: %v", value, text, d, err)
		}
	}
}

// Before 1970 time goes on as after it: periods are counted with their sign.
func TestDecideBefore1970(t *testing.T) {
	for _, year := range []int{1, 1969, 1970, 9999} {
		at := time.Date(year, 6, 1, 10, 0, 30, 0, time.UTC)
		low, high := scaling.Series{Metric: perInstance}, scaling.Series{Metric: perInstance}
		for i := range 20 {
			low.Datapoints = append(low.Datapoints, scaling.Datapoint{Time: at.Add(-time.Duration(i)*time.Minute - 90*time.Second), Value: 10})
			high.Datapoints = append(high.Datapoints, scaling.Datapoint{Time: at.Add(-time.Duration(i)*time.Minute - 90*time.Second), Value: 200})
		}
		x := target(tracking(perInstance, 100))
		x.Behavior.ScaleIn.Stabilization, x.Behavior.ScaleOut.Stabilization = 3*time.Minute, 3*time.Minute
		for s, want := range map[*scaling.Series]int{&low: 1, &high: 20} {
			d := scaling.Decide(scaling.Input{Now: at, Target: x, Observation: observe(10, *s)})
			if d.DesiredCapacity != want {
				t.Errorf("year %d: DesiredCapacity = %d, want %d: %+v", year, d.DesiredCapacity, want, d)
			}
		}
	}
}

// How many served when a datapoint was measured is not known beyond the oldest
// activity: what there was before it counts.
func TestDecideCountsBackThroughScaleIns(t *testing.T) {
	in := scaling.Input{
		Now: now(), Target: target(tracking(perInstance, 100)), Observation: observe(4, steady(perInstance, 50, 15)),
		Activities: []activity.Activity{served(12, 8, 20*time.Minute), ended(served(8, 2, 8*time.Minute), activity.Failed), served(8, 4, time.Minute)},
	}
	// Eight served for most of the window: their load needs the four that are left.
	expect(t, 4, scaling.Decide(in), 4, scaling.AlreadyAtDesired)
	in.Observation.Metrics = []scaling.Series{steady(policy.Invocations, 200, 15)}
	expect(t, 4, scaling.Decide(in), 2)
}
