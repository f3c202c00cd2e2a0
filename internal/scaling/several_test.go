package scaling_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

func TestSeveralStepPolicies(t *testing.T) {
	up := func(name string, adjustment int) policy.StepScaling {
		return steps(name, policy.GreaterOrEqual, 50, from(0, adjustment))
	}
	down := func(name string, adjustment int) policy.StepScaling {
		return steps(name, policy.Less, 20, upTo(0, adjustment))
	}
	tests := []struct {
		name     string
		policies []policy.StepScaling
		metrics  []scaling.Series
		want     int
		refused  []scaling.Code
	}{
		{"the larger scale-out wins", []policy.StepScaling{up("a", 2), up("b", 3)}, []scaling.Series{steady("a", 60, 3), steady("b", 60, 3)}, 13, nil},
		{"also when it stands first", []policy.StepScaling{up("a", 3), up("b", 2)}, []scaling.Series{steady("a", 60, 3), steady("b", 60, 3)}, 13, nil},
		{"one is enough", []policy.StepScaling{up("a", 2), up("b", 3)}, []scaling.Series{steady("a", 60, 3), steady("b", 10, 3)}, 12, nil},
		{"one is enough although the other is missing", []policy.StepScaling{up("a", 2), up("b", 3)}, []scaling.Series{steady("a", 60, 3)}, 12,
			[]scaling.Code{scaling.MissingData}},
		{"out goes before in", []policy.StepScaling{down("a", -4), up("b", 1)}, []scaling.Series{steady("a", 5, 3), steady("b", 60, 3)}, 11, nil},
		{"the smaller scale-in wins", []policy.StepScaling{down("a", -4), down("b", -1)}, []scaling.Series{steady("a", 5, 3), steady("b", 5, 3)}, 9, nil},
		{"one in no alarm has no say", []policy.StepScaling{down("a", -4), down("b", -1)}, []scaling.Series{steady("a", 5, 3), steady("b", 30, 3)}, 6, nil},
		{"one with missing data holds", []policy.StepScaling{down("a", -4), up("b", 1)}, []scaling.Series{steady("a", 5, 3), series("b", 10, gap, 10)}, 10,
			[]scaling.Code{scaling.MissingData}},
		{"none in alarm", []policy.StepScaling{down("a", -4), up("b", 1)}, []scaling.Series{steady("a", 30, 3), steady("b", 30, 3)}, 10,
			[]scaling.Code{scaling.AlreadyAtDesired}},
		{"two on one metric, out", []policy.StepScaling{up("a", 2), renamed(down("b", -1), "a")}, []scaling.Series{steady("a", 60, 3)}, 12, nil},
		{"two on one metric, in", []policy.StepScaling{up("a", 2), renamed(down("b", -1), "a")}, []scaling.Series{steady("a", 5, 3)}, 9, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			expect(t, 10, decide(stepping(tt.policies...), observe(10, tt.metrics...)), tt.want, tt.refused...)
		})
	}
}

// renamed is s on the metric of that name.
func renamed(s policy.StepScaling, name string) policy.StepScaling { s.Metric = metric(name); return s }

// AWS: of several policies the one that gives the largest capacity is followed, out
// and in; to scale in all target-tracking policies must agree, step policies need
// not.
func TestStepsBesideTracking(t *testing.T) {
	up, down := steps("latency", policy.GreaterOrEqual, 50, from(0, 4)), steps("latency", policy.Less, 20, upTo(0, -2))
	tests := []struct {
		name    string
		step    policy.StepScaling
		metrics []scaling.Series // of gpu, the target is 50 for 10 instances, and latency
		want    int
		rule    scaling.Rule
		refused []scaling.Code
	}{
		{"out, the step is larger", up, []scaling.Series{steady("gpu", 60, 15), steady("latency", 60, 3)}, 14, scaling.RuleStepScaling, nil},
		{"out, tracking is larger", up, []scaling.Series{steady("gpu", 90, 15), steady("latency", 60, 3)}, 18, scaling.RuleTargetTracking, nil},
		{"out by the step while tracking would scale in", up, []scaling.Series{steady("gpu", 10, 15), steady("latency", 60, 3)}, 14, scaling.RuleStepScaling, nil},
		{"out by tracking while the step would scale in", down, []scaling.Series{steady("gpu", 60, 15), steady("latency", 5, 3)}, 12, scaling.RuleTargetTracking, nil},
		{"out by the step while tracking has no data", up, []scaling.Series{steady("latency", 60, 3)}, 14, scaling.RuleStepScaling, []scaling.Code{scaling.MissingData}},
		{"in by both, tracking is larger", down, []scaling.Series{steady("gpu", 44, 15), steady("latency", 5, 3)}, 9, scaling.RuleTargetTracking, nil},
		{"in by both, the step is larger", down, []scaling.Series{steady("gpu", 10, 15), steady("latency", 5, 3)}, 8, scaling.RuleStepScaling, nil},
		{"in by the step while tracking holds", down, []scaling.Series{steady("gpu", 49, 15), steady("latency", 5, 3)}, 8, scaling.RuleStepScaling, nil},
		{"in by tracking while the step has no say", down, []scaling.Series{steady("gpu", 10, 15), steady("latency", 30, 3)}, 2, scaling.RuleTargetTracking, nil},
		{"the step's missing data holds tracking", down, []scaling.Series{steady("gpu", 10, 15), series("latency", 5, gap, 5)}, 10, "",
			[]scaling.Code{scaling.MissingData}},
		{"tracking's missing data holds the step", down, []scaling.Series{steady("gpu", 10, 14), steady("latency", 5, 3)}, 10, "",
			[]scaling.Code{scaling.MissingData}},
		{"both missing are both named", down, nil, 10, "", []scaling.Code{scaling.MissingData, scaling.MissingData}},
		{"both at rest: tracking says why", down, []scaling.Series{steady("gpu", 49, 15), steady("latency", 30, 3)}, 10, "", []scaling.Code{scaling.AlreadyAtDesired}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := target(tracking("gpu", 50))
			x.StepScaling = []policy.StepScaling{tt.step}
			d := decide(x, observe(10, tt.metrics...))
			expect(t, 10, d, tt.want, tt.refused...)
			if tt.rule != "" && (len(d.Steps) != 1 || d.Steps[0].Rule != tt.rule) {
				t.Errorf("steps = %+v, want one of %s", d.Steps, tt.rule)
			}
		})
	}
}

// disableScaleIn of the target holds step policies too.
func TestDisableScaleInHoldsSteps(t *testing.T) {
	x := stepping(quiet("load"))
	x.DisableScaleIn = true
	expect(t, 10, decide(x, observe(10, steady("load", 5, 3))), 10, scaling.ScaleInDisabled)
	x = stepping(steps("latency", policy.GreaterOrEqual, 50, from(0, 4)))
	x.DisableScaleIn = true
	expect(t, 10, decide(x, observe(10, steady("latency", 60, 3))), 14)
}

// A policy with disableScaleIn adds and has no say in what is removed, as in
// Application Auto Scaling.
func TestDisableScaleInOfOnePolicyAbstains(t *testing.T) {
	outOnly := tracking("gpu", 50)
	outOnly.DisableScaleIn = true
	tests := []struct {
		name          string
		gpu, requests float64
		want          int
		refused       []scaling.Code
	}{
		{"it holds and the other scales in", 49, 10, 1, nil},
		{"it is low too", 10, 10, 1, nil},
		{"it adds", 100, 10, 20, nil},
		{"it is low alone", 10, 95, 10, []scaling.Code{scaling.AlreadyAtDesired}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := target(outOnly, tracking(perInstance, 100))
			expect(t, 10, decide(x, observe(10, steady("gpu", tt.gpu, 15), steady(perInstance, tt.requests, 15))), tt.want, tt.refused...)
		})
	}
	expect(t, 10, decide(target(outOnly), observe(10, steady("gpu", 10, 15))), 10, scaling.ScaleInDisabled)
	expect(t, 10, decide(target(outOnly), observe(10, steady("gpu", 49, 15))), 10, scaling.AlreadyAtDesired)

	x := target(outOnly)
	x.StepScaling = []policy.StepScaling{quiet("load")}
	expect(t, 10, decide(x, observe(10, steady("gpu", 49, 15), steady("load", 15, 3))), 9)

	// Nobody knows what it would have said: had it asked for more, nothing would
	// be removed.
	x = target(outOnly, tracking(perInstance, 100))
	expect(t, 10, decide(x, observe(10, steady(perInstance, 10, 15))), 10, scaling.MissingData)
}

// The cooldowns of a decision are those of the policy that is followed.
func TestCooldownOfThePolicyFollowed(t *testing.T) {
	quick, slow := tracking("gpu", 50), tracking(perInstance, 100)
	quick.ScaleOutCooldown, quick.ScaleInCooldown = time.Minute, 2*time.Minute
	slow.ScaleOutCooldown, slow.ScaleInCooldown = 10*time.Minute, 20*time.Minute
	x := target(quick, slow)
	for _, tt := range []struct {
		gpu, requests float64
		out           time.Duration
	}{{100, 50, time.Minute}, {25, 200, 10 * time.Minute}, {25, 20, time.Minute}, {10, 50, 10 * time.Minute}} {
		d := decide(x, observe(10, steady("gpu", tt.gpu, 15), steady(perInstance, tt.requests, 15)))
		if want := (scaling.Cooldown{Out: tt.out, In: 2 * tt.out}); d.Cooldown != want {
			t.Errorf("gpu %v, requests %v: cooldown %+v, want %+v: %+v", tt.gpu, tt.requests, d.Cooldown, want, d)
		}
	}
}

// Of several policies that ask for the same the first in the policy file is followed.
func TestTheFirstOfEqualAsksIsFollowed(t *testing.T) {
	first, second := tracking("gpu", 50), tracking(perInstance, 100)
	first.ScaleOutCooldown, second.ScaleOutCooldown = time.Minute, 10*time.Minute
	for _, share := range []float64{2, 0.5} {
		for name, x := range map[string]policy.Target{"gpu: ": target(first, second), perInstance + ": ": target(second, first)} {
			d := decide(x, observe(10, steady("gpu", 50*share, 15), steady(perInstance, 100*share, 15)))
			expect(t, 10, d, int(10*share))
			if want := x.TargetTracking[0].ScaleOutCooldown; d.Cooldown.Out != want || !strings.HasPrefix(d.Steps[0].Reason, name) {
				t.Errorf("cooldown %+v by %q, want %s by %q", d.Cooldown, d.Steps[0].Reason, want, name)
			}
		}
	}
}

// A metric that is a sum over the devices of an instance is judged per device.
func TestDevices(t *testing.T) {
	x := target(tracking("gpu", 50))
	x.TargetTracking[0].Metric.Devices = 4
	expect(t, 10, decide(x, observe(10, steady("gpu", 240, 15))), 12)
	expect(t, 10, decide(x, observe(10, steady("gpu", 190, 15))), 10, scaling.AlreadyAtDesired)
	expect(t, 10, decide(x, observe(10, steady("gpu", 100, 15))), 5)

	s := steps("gpu", policy.GreaterOrEqual, 50, between(0, 10, 1), from(10, 4))
	s.Metric.Devices = 4
	expect(t, 10, decide(stepping(s), observe(10, steady("gpu", 236, 3))), 11)
	expect(t, 10, decide(stepping(s), observe(10, steady("gpu", 196, 3))), 10, scaling.AlreadyAtDesired)

	guarded := target(tracking(perInstance, 100))
	guarded.ScaleInGuards = []policy.ScaleInGuard{below("gpu", 80)}
	guarded.ScaleInGuards[0].Metric.Devices = 4
	requests := steady(perInstance, 10, 15)
	expect(t, 10, decide(guarded, observe(10, requests, steady("gpu", 320, 5))), 1)
	expect(t, 10, decide(guarded, observe(10, requests, steady("gpu", 324, 5))), 10, scaling.ScaleInGuarded)
}

// The tolerance is the HPA's: no change while the metric is within that share of
// its target; the threshold of the policy holds beside it.
func TestTolerance(t *testing.T) {
	tests := []struct {
		name    string
		out, in float64
		value   float64 // of a target of 100 for 10 instances
		want    int
		refused []scaling.Code
	}{
		{"none", 0, 0, 101, 11, nil},
		{"within, out", 0.1, 0, 109, 10, []scaling.Code{scaling.AlreadyAtDesired}},
		{"exactly, out", 0.1, 0, 110, 10, []scaling.Code{scaling.AlreadyAtDesired}},
		{"beyond, out", 0.1, 0, 111, 12, nil},
		{"far beyond, by the whole need", 0.5, 0, 200, 20, nil},
		{"of more than the target itself", 1.5, 0, 250, 10, []scaling.Code{scaling.AlreadyAtDesired}},
		{"of more than the target itself, beyond", 1.5, 0, 251, 26, nil},
		{"within, in", 0, 0.3, 71, 10, []scaling.Code{scaling.AlreadyAtDesired}},
		{"exactly, in", 0, 0.3, 70, 10, []scaling.Code{scaling.AlreadyAtDesired}},
		{"beyond, in", 0, 0.3, 69, 7, nil},
		{"the threshold is the wider", 0, 0.05, 91, 10, []scaling.Code{scaling.AlreadyAtDesired}},
		{"the threshold is the wider, beyond", 0, 0.05, 89, 9, nil},
		{"of the other direction, out", 0, 0.3, 101, 11, nil},
		{"of the other direction, in", 0.3, 0, 89, 9, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := target(tracking(perInstance, 100))
			x.Behavior.ScaleOut.Tolerance, x.Behavior.ScaleIn.Tolerance = tt.out, tt.in
			expect(t, 10, decide(x, observe(10, steady(perInstance, tt.value, 15))), tt.want, tt.refused...)
		})
	}
}

// Every one of the M datapoints must be beyond the tolerance; a step policy has
// its own bounds and none.
func TestToleranceOfEachDatapointAndOfTrackingOnly(t *testing.T) {
	x := target(tracking(perInstance, 100))
	x.Behavior.ScaleOut.Tolerance = 0.1
	values := slices.Concat([]float64{500, 105, 500}, slices.Repeat([]float64{95}, 12))
	expect(t, 10, decide(x, observe(10, series(perInstance, values...))), 10, scaling.AlreadyAtDesired)

	y := stepping(steps("latency", policy.Greater, 50, from(0, 1)))
	y.Behavior.ScaleOut.Tolerance = 0.9
	expect(t, 10, decide(y, observe(10, steady("latency", 50.1, 3))), 11)
}

// What was measured in parts is one series: the latest time from which something
// is due is the earliest of the parts, and one incomplete part is enough.
func TestSeriesInParts(t *testing.T) {
	x := target(tracking(perInstance, 100))
	whole := steady(perInstance, 10, 17)
	head, tail := whole, whole
	head.Datapoints, tail.Datapoints = whole.Datapoints[:5], whole.Datapoints[5:]
	expect(t, 10, decide(x, observe(10, head, tail)), 1)
	expect(t, 10, decide(x, observe(10, tail, head)), 1)

	head.Datapoints = head.Datapoints[2:]
	expect(t, 10, decide(x, observe(10, head, tail)), 10, scaling.MissingData)
	tail.DueThrough = now().Add(-2 * time.Minute)
	expect(t, 10, decide(x, observe(10, head, tail)), 1)

	tail.Incomplete = "CloudWatch answered with status PartialData"
	d := decide(x, observe(10, head, tail))
	expect(t, 10, d, 10, scaling.MissingData)
	if !strings.Contains(d.NotScaledReasons[0].Message, "PartialData") {
		t.Errorf("message %q does not say why", d.NotScaledReasons[0].Message)
	}
}

// A time beyond now in which something would be due does not make anything due
// before its time.
func TestNothingIsDueInTheFuture(t *testing.T) {
	s := steady(perInstance, 10, 15)
	s.DueThrough = now().Add(time.Hour)
	expect(t, 10, decide(target(tracking(perInstance, 100)), observe(10, s)), 1)
}
