package scaling_test

import (
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/schedule"
)

// served is a change of three minutes that came into service so long ago.
func served(from, to int, ago time.Duration) activity.Activity {
	end := now().Add(-ago)
	return activity.Activity{From: from, To: to, Status: activity.Successful, StartTime: end.Add(-3 * time.Minute), EndTime: end}
}

func ended(a activity.Activity, s activity.Status) activity.Activity { a.Status = s; return a }

// AWS, API reference of StepScalingPolicyConfiguration: what a scale-out has added
// within the cooldown counts towards the next; +2 and then +3 add one more. A
// percentage is of the capacity before them.
func TestStepCountsWhatItsCooldownAdded(t *testing.T) {
	const m = time.Minute
	const change, percent, exact = policy.ChangeInCapacity, policy.PercentChangeInCapacity, policy.ExactCapacity
	tests := []struct {
		name       string
		kind       string
		adjustment int
		present    int
		history    []activity.Activity
		want       int
	}{
		{"nothing before", change, 3, 6, nil, 9},
		{"AWS: +2 and then +3 is +1 more", change, 3, 6, []activity.Activity{served(4, 6, m)}, 7},
		{"the same again is held", change, 2, 6, []activity.Activity{served(4, 6, m)}, 6},
		{"a smaller one is held", change, 1, 6, []activity.Activity{served(4, 6, m)}, 6},
		{"a second before its end", change, 3, 6, []activity.Activity{served(4, 6, 5*m-time.Second)}, 7},
		{"exactly at its end", change, 3, 6, []activity.Activity{served(4, 6, 5*m)}, 9},
		{"a chain of two", change, 6, 9, []activity.Activity{served(4, 6, 7*m), served(6, 9, m)}, 10},
		// The second began four minutes after the first had ended, three before its own end.
		{"a chain of two, just within", change, 6, 9, []activity.Activity{served(4, 6, 9*m-time.Second), served(6, 9, m)}, 10},
		{"a chain of two, exactly apart", change, 6, 9, []activity.Activity{served(4, 6, 9*m), served(6, 9, m)}, 12},
		{"an escalation", change, 10, 11, []activity.Activity{served(1, 2, 12*m), served(2, 5, 8*m), served(5, 11, 4*m)}, 11},
		{"an escalation goes on", change, 12, 11, []activity.Activity{served(1, 2, 12*m), served(2, 5, 8*m), served(5, 11, 4*m)}, 13},
		{"a scale-in ends a chain", change, 3, 7, []activity.Activity{served(4, 8, 4*m), served(8, 7, m)}, 10},
		{"a scale-in within a chain ends it", change, 3, 9, []activity.Activity{served(4, 8, 4*m), served(8, 7, 3*m), served(7, 9, m)}, 10},
		{"the order is that in which they ended", change, 3, 9, []activity.Activity{served(7, 9, m), served(8, 7, 3*m), served(4, 8, 4*m)}, 10},
		{"a failed one added nothing", change, 3, 4, []activity.Activity{ended(served(4, 6, m), activity.Failed)}, 7},
		{"an overridden one neither", change, 3, 4, []activity.Activity{ended(served(4, 6, m), activity.Overridden)}, 7},
		{"one that ends in the future is no fact", change, 3, 6, []activity.Activity{served(4, 6, -time.Hour)}, 9},
		{"a clock that is a little ahead", change, 3, 6, []activity.Activity{served(4, 6, -time.Minute)}, 7},
		{"more was added than there is now", change, 3, 2, []activity.Activity{served(4, 9, m)}, 3},
		{"an exact capacity is no change", exact, 9, 6, []activity.Activity{served(4, 6, m)}, 9},
		{"a percentage, credited to nothing", percent, 50, 6, []activity.Activity{served(4, 6, m)}, 6},
		{"a larger percentage", percent, 100, 6, []activity.Activity{served(4, 6, m)}, 8},
		{"AWS: 10 % and then 30 % are 30 %", percent, 30, 110, []activity.Activity{served(100, 110, m)}, 130},
		{"a percentage after the cooldown", percent, 50, 6, []activity.Activity{served(4, 6, 5*m)}, 9},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := steps("latency", policy.GreaterOrEqual, 50, from(0, tt.adjustment))
			s.AdjustmentType = tt.kind
			x := stepping(s)
			x.Limits.Max = 200
			in := scaling.Input{Now: now(), Target: x, Observation: observe(tt.present, steady("latency", 60, 3)), Activities: tt.history}
			d := scaling.Decide(in)
			if tt.want == tt.present {
				expect(t, tt.present, d, tt.want, scaling.ScaleOutCooldown)
				return
			}
			expect(t, tt.present, d, tt.want)
		})
	}
}

// Each step policy has a cooldown of its own, and none is none.
func TestStepCooldownsOfTheirOwn(t *testing.T) {
	short, long := steps("a", policy.GreaterOrEqual, 50, from(0, 3)), steps("b", policy.GreaterOrEqual, 50, from(0, 4))
	short.Cooldown, long.Cooldown = time.Minute, 10*time.Minute
	in := scaling.Input{
		Now: now(), Target: stepping(short, long), Observation: observe(6, steady("a", 60, 3), steady("b", 60, 3)),
		Activities: []activity.Activity{served(2, 6, 2*time.Minute)},
	}
	d := scaling.Decide(in)
	expect(t, 6, d, 9)
	if d.Cooldown.Out != time.Minute {
		t.Errorf("cooldown %+v, want that of the policy that adds", d.Cooldown)
	}
	in.Activities[0] = served(2, 6, time.Second)
	expect(t, 6, scaling.Decide(in), 6, scaling.ScaleOutCooldown, scaling.ScaleOutCooldown)
	in.Target.StepScaling[1].Cooldown = 0
	expect(t, 6, scaling.Decide(in), 10)
}

// What is credited is taken off what the step asks for, not off what the maximum
// leaves of it.
func TestStepIsCreditedBeforeTheLimits(t *testing.T) {
	x := stepping(steps("latency", policy.GreaterOrEqual, 50, from(0, 4)))
	x.Limits = schedule.Limits{Min: 1, Max: 8}
	in := scaling.Input{Now: now(), Target: x, Observation: observe(6, steady("latency", 60, 3)), Activities: []activity.Activity{served(4, 6, time.Minute)}}
	expect(t, 6, scaling.Decide(in), 8)
}

// Tracking asks for a capacity: there is nothing to credit.
func TestTrackingIsNotCredited(t *testing.T) {
	in := scaling.Input{
		Now: now(), Target: target(tracking(perInstance, 100)), Observation: observe(6, steady(policy.Invocations, 900, 15)),
		Activities: []activity.Activity{served(4, 6, time.Minute)},
	}
	expect(t, 6, scaling.Decide(in), 9)
}

// Tracking that adds wins over a step that is credited to nothing, and the step
// still says why it adds nothing where nobody does.
func TestCreditedStepBesideTracking(t *testing.T) {
	x := target(tracking(perInstance, 100))
	x.StepScaling = []policy.StepScaling{steps("latency", policy.GreaterOrEqual, 50, from(0, 2))}
	at := func(load float64) scaling.Decision {
		return scaling.Decide(scaling.Input{
			Now: now(), Target: x, Observation: observe(6, steady(policy.Invocations, load, 15), steady("latency", 60, 3)),
			Activities: []activity.Activity{served(4, 6, time.Minute)},
		})
	}
	expect(t, 6, at(700), 7)
	expect(t, 6, at(590), 6, scaling.ScaleOutCooldown)
	// While its alarm goes on, what it has added is not removed.
	expect(t, 6, at(10), 6, scaling.ScaleOutCooldown, scaling.ScaleInNotAgreed)
}

// A step that asks for exactly what there is insists on it as long as its alarm
// goes on, unlike one that asks for no change.
func TestExactCapacityInsists(t *testing.T) {
	x := target(tracking(perInstance, 100))
	exact := steps("latency", policy.GreaterOrEqual, 50, from(0, 10))
	exact.AdjustmentType = policy.ExactCapacity
	x.StepScaling = []policy.StepScaling{exact}
	low := steady(perInstance, 10, 15)
	expect(t, 10, decide(x, observe(10, low, steady("latency", 60, 3))), 10, scaling.ScaleInNotAgreed)
	expect(t, 10, decide(x, observe(10, low, steady("latency", 40, 3))), 1)
	expect(t, 6, decide(x, observe(6, low, steady("latency", 60, 3))), 10)
	x.StepScaling = append(x.StepScaling, quiet("load"))
	expect(t, 10, decide(x, observe(10, low, steady("latency", 60, 3), steady("load", 5, 3))), 10, scaling.ScaleInNotAgreed)
	x.StepScaling[0].AdjustmentType, x.StepScaling[0].Adjustments[0].Adjustment = policy.ChangeInCapacity, 0
	expect(t, 10, decide(x, observe(10, low, steady("latency", 60, 3), steady("load", 30, 3))), 1)
}

func TestCreditIsSaid(t *testing.T) {
	s := steps("latency", policy.GreaterOrEqual, 50, from(0, 3))
	in := scaling.Input{Now: now(), Target: stepping(s), Observation: observe(6, steady("latency", 60, 3)), Activities: []activity.Activity{served(4, 6, time.Minute)}}
	same(t, []string{scaling.Decide(in).Steps[0].Reason}, []string{"latency: … 60 … +3 … 7 … cooldown … 10:04:00Z"})
	in.Target.StepScaling[0].Adjustments[0].Adjustment = 2
	same(t, []string{scaling.Decide(in).NotScaledReasons[0].Message}, []string{"latency: … 60 … +2 … 6 … cooldown … 10:04:00Z"})
	in.Target.StepScaling[0].AdjustmentType, in.Target.StepScaling[0].Adjustments[0].Adjustment = policy.ExactCapacity, 9
	if got := scaling.Decide(in).Steps[0].Reason; strings.Contains(got, "cooldown") {
		t.Errorf("an exact capacity is not credited, and says %q", got)
	}
}

// A stabilization window looks at what the metric asked for, not at what had been
// added by then: 3 more than the present then, 5 more than the 4 of before now.
func TestStabilizationKnowsNoCredit(t *testing.T) {
	s := steps("latency", policy.GreaterOrEqual, 50, between(0, 10, 3), from(10, 5))
	s.Alarm = window(1, 1)
	x := stepping(s)
	x.Behavior.ScaleOut.Stabilization = 3 * time.Minute
	in := scaling.Input{Now: now(), Target: x, Observation: observe(6, series("latency", 70, 55, 55)), Activities: []activity.Activity{served(4, 6, time.Minute)}}
	expect(t, 6, scaling.Decide(in), 9)
	in.Activities = nil
	expect(t, 6, scaling.Decide(in), 9, scaling.StabilizationWindow)
}
