// Package guard says whether a decision may be carried out now, and if not
// which not-scaled reason holds it back. It is pure.
//
// # Cooldowns
//
// They are those of Application Auto Scaling and begin when the change is in
// service. What a scale-out has added is credited against the next one: target
// tracking sizes by the load of all instances, so what it asks for is a capacity
// and not a difference, and only what is still lacking is added. So no cooldown
// holds a scale-out. A scale-in is held back by its own cooldown and, where AWS is
// silent, by the scale-out cooldown too: what was just added is not removed. A
// scale-out ends the scale-in cooldown. Limits are not held back by cooldowns.
package guard

import (
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/scaling"
)

// Check returns d as it may be carried out now: DesiredCapacity is what the
// target may be set to, the present capacity when nothing may be done, and every
// hold is a step and a reason. backoffs are those of the target, zero for none.
func Check(in scaling.Input, d scaling.Decision, backoffs activity.Backoffs) scaling.Decision {
	present := in.Present()
	if d.DesiredCapacity == present {
		return d
	}
	if code, message := blocked(in, d, backoffs); code != "" {
		d.Hold(code, present, "%s", message)
		return d
	}
	// What the limits alone would do, cooldowns do not hold back.
	if d.DesiredCapacity < min(max(present, d.MinCapacity), d.MaxCapacity) {
		scaleInCooldown(in, &d)
	}
	in.Limit(&d)
	if in.Target.DryRun && d.DesiredCapacity != present {
		d.Refuse(scaling.DryRun, "dryRun is set: the capacity stays at %d", present)
	}
	return d
}

// scaleInCooldown holds back a scale-in within a cooldown.
func scaleInCooldown(in scaling.Input, d *scaling.Decision) {
	lastOut, hasOut := lastSuccessful(in, true)
	lastIn, hasIn := lastSuccessful(in, false)
	if until := lastOut.EndTime.Add(in.Target.ScaleOutCooldown); hasOut && in.Now.Before(until) {
		d.Hold(scaling.ScaleOutCooldown, in.Present(),
			"the scale-out from %d to %d is in service since %s; no scale-in until %s",
			lastOut.From, lastOut.To, clock(lastOut.EndTime), clock(until))
		return
	}
	ended := hasOut && lastOut.EndTime.After(lastIn.EndTime)
	if until := lastIn.EndTime.Add(in.Target.ScaleInCooldown); hasIn && !ended && in.Now.Before(until) {
		d.Hold(scaling.ScaleInCooldown, in.Present(),
			"the scale-in from %d to %d was done at %s; no other until %s",
			lastIn.From, lastIn.To, clock(lastIn.EndTime), clock(until))
	}
}

// lastSuccessful returns the activity in that direction whose capacity came into
// service last. One that is said to end in the future is left out: no cooldown
// may last for longer than the policy says because a clock was wrong.
func lastSuccessful(in scaling.Input, out bool) (last activity.Activity, ok bool) {
	for _, a := range in.Activities {
		known := a.Status == activity.Successful && !a.EndTime.After(in.Now.Add(activity.ClockSkew))
		if known && a.ScaleOut() == out && (!ok || !a.EndTime.Before(last.EndTime)) {
			last, ok = a, true
		}
	}
	return last, ok
}

// clock writes a time as an on-call engineer reads it.
func clock(t time.Time) string { return t.UTC().Format("15:04:05Z") }
