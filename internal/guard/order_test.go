package guard_test

import (
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/guard"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/schedule"
)

// Somebody else who scales the variant is said first and whatever the decision is:
// two scalers undo each other.
func TestConflict(t *testing.T) {
	for _, to := range []int{3, 4, 6} {
		in := input(4)
		in.Observation.Conflict = "Application Auto Scaling scales it too"
		in.Observation.Status = activity.Broken
		in.Override = paused(policy.Both, time.Hour)
		in.Target.DryRun = true
		d := guard.Check(in, wish(in, to), activity.Backoffs{})
		check(t, in, d, 4, scaling.ScalingConflict)
		if got := d.NotScaledReasons[0].Message; got != in.Observation.Conflict {
			t.Errorf("message %q, want who it is", got)
		}
	}
	in := input(4)
	in.Observation.Conflict = "Application Auto Scaling scales it too"
	in.Target.Limits = schedule.Limits{Min: 6, Max: 20}
	check(t, in, guard.Check(in, scaling.Decide(in), activity.Backoffs{}), 4, scaling.ScalingConflict)
}

// Of several holds the first in this order is named; each that is taken away shows
// the next.
func TestOrderOfHolds(t *testing.T) {
	wait := activity.Backoff{Failures: 1, Until: now().Add(time.Minute)}
	open := activity.Activity{From: 4, To: 4, Status: activity.Pending, StartTime: now()}
	in := input(4, done(6, 4, time.Minute), open)
	in.Observation.Conflict, in.Observation.Status = "somebody else", "Updating"
	in.Override = paused(policy.Both, time.Hour)
	in.Target.Behavior.ScaleIn = policy.Movement{Select: policy.SelectDisabled}
	backoffs := activity.Backoffs{In: wait}
	next := func(code scaling.Code, without func()) {
		t.Helper()
		check(t, in, guard.Check(in, wish(in, 2), backoffs), 4, code)
		without()
	}
	next(scaling.ScalingConflict, func() { in.Observation.Conflict = "" })
	next(scaling.Unscalable, func() { in.Observation.Status = activity.InService })
	next(scaling.ActivityInProgress, func() { in.Activities = in.Activities[:1] })
	next(scaling.BackingOff, func() { backoffs = activity.Backoffs{} })
	next(scaling.ScaleInCooldown, func() { in.Activities = nil })
	next(scaling.ScaleInDisabled, func() { in.Target.Behavior.ScaleIn = policy.Movement{} })
	next(scaling.Paused, func() { in.Override = policy.Override{} })
	check(t, in, guard.Check(in, wish(in, 2), backoffs), 2, "")
}

// A cooldown holds a scale-in whole, so its velocity has nothing left to say; a
// velocity lets a part through, which a pause holds.
func TestHoldsThatFollowEachOther(t *testing.T) {
	in := input(10)
	in.Target.Behavior.ScaleOut = rules(4, 5*time.Minute, 0, 0)
	check(t, in, guard.Check(in, wish(in, 18), activity.Backoffs{}), 14, scaling.VelocityLimit)
	in.Override = paused(policy.Out, time.Hour)
	d := guard.Check(in, wish(in, 18), activity.Backoffs{})
	if d.DesiredCapacity != 10 || len(d.NotScaledReasons) != 2 || d.NotScaledReasons[1].Code != scaling.Paused {
		t.Errorf("got %+v, want the velocity's hold and then the pause", d)
	}
}

// dryRun says so where something would be done, and only there.
func TestDryRunComesLast(t *testing.T) {
	in := input(10)
	in.Target.DryRun = true
	check(t, in, guard.Check(in, wish(in, 12), activity.Backoffs{}), 12, scaling.DryRun)
	in.Override = paused(policy.Both, time.Hour)
	check(t, in, guard.Check(in, wish(in, 12), activity.Backoffs{}), 10, scaling.Paused)
	in.Override = policy.Override{}
	in.Target.Behavior.ScaleOut = policy.Movement{Select: policy.SelectDisabled}
	check(t, in, guard.Check(in, wish(in, 12), activity.Backoffs{}), 10, scaling.ScaleOutDisabled)
}
