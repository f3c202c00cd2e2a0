// Package guard says whether a decision may be carried out now, and if not
// which not-scaled reason holds it back. It is pure.
//
// # Cooldowns
//
// They are those of Application Auto Scaling and begin when the change is in
// service. Within the scale-out cooldown what was added counts as part of what
// the next scale-out asks for, so only a larger one passes, by what it is larger.
// A scale-in is held back entirely, by its own cooldown and, where AWS is
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
// hold is a step and a reason. backoff is that of the target, zero for none.
func Check(in scaling.Input, d scaling.Decision, backoff activity.Backoff) scaling.Decision {
	present := in.Observation.DesiredCapacity
	if d.DesiredCapacity == present {
		return d
	}
	if code, message := blocked(in, d, backoff); code != "" {
		d.Hold(code, present, "%s", message)
		return d
	}
	// What the limits alone would do: cooldowns do not hold that back.
	limited := min(max(present, d.MinCapacity), d.MaxCapacity)
	if d.DesiredCapacity > limited {
		scaleOutCooldown(in, &d, limited)
	}
	if d.DesiredCapacity < limited {
		scaleInCooldown(in, &d, limited)
	}
	if in.Target.DryRun && d.DesiredCapacity != present {
		d.Refuse(scaling.DryRun, "dryRun is set: the capacity stays at %d", present)
	}
	return d
}

// scaleOutCooldown holds back to limited a scale-out that is no larger than what
// the last one, still cooling down, has asked for.
func scaleOutCooldown(in scaling.Input, d *scaling.Decision, limited int) {
	last, ok := lastSuccessful(in.Activities, true)
	until := last.EndTime.Add(in.Target.ScaleOutCooldown)
	if !ok || !in.Now.Before(until) || d.DesiredCapacity > last.To {
		return
	}
	d.Hold(scaling.ScaleOutCooldown, limited,
		"the scale-out from %d to %d in service since %s has asked for as much; cooldown until %s",
		last.From, last.To, clock(last.EndTime), clock(until))
}

// scaleInCooldown holds back to limited a scale-in within a cooldown.
func scaleInCooldown(in scaling.Input, d *scaling.Decision, limited int) {
	lastOut, hasOut := lastSuccessful(in.Activities, true)
	lastIn, hasIn := lastSuccessful(in.Activities, false)
	if until := lastOut.EndTime.Add(in.Target.ScaleOutCooldown); hasOut && in.Now.Before(until) {
		d.Hold(scaling.ScaleInCooldown, limited,
			"the scale-out from %d to %d is in service since %s; no scale-in until %s",
			lastOut.From, lastOut.To, clock(lastOut.EndTime), clock(until))
		return
	}
	ended := hasOut && lastOut.EndTime.After(lastIn.EndTime)
	if until := lastIn.EndTime.Add(in.Target.ScaleInCooldown); hasIn && !ended && in.Now.Before(until) {
		d.Hold(scaling.ScaleInCooldown, limited,
			"the scale-in from %d to %d was done at %s; no other until %s",
			lastIn.From, lastIn.To, clock(lastIn.EndTime), clock(until))
	}
}

// lastSuccessful returns the activity in that direction whose capacity came into
// service last.
func lastSuccessful(all []activity.Activity, out bool) (last activity.Activity, ok bool) {
	for _, a := range all {
		if a.Status == activity.Successful && a.ScaleOut() == out && (!ok || !a.EndTime.Before(last.EndTime)) {
			last, ok = a, true
		}
	}
	return last, ok
}

// clock writes a time as an on-call engineer reads it.
func clock(t time.Time) string { return t.UTC().Format("15:04:05Z") }
