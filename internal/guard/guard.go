// Package guard says whether a decision may be carried out now, and if not
// which not-scaled reason holds it back. It is pure.
//
// # Cooldowns
//
// They are those of Application Auto Scaling and begin when the change is in
// service. No cooldown holds a scale-out: what the last ones have added is credited
// where a policy sizes its scale-out, in package scaling. A scale-in is held back by
// its own cooldown and, where AWS is silent, by the scale-out cooldown too: what was
// just added is not removed. A scale-out ends the scale-in cooldown. The cooldowns
// are those of the policy that is followed.
//
// # What holds what
//
// Cooldowns and velocity hold what a policy asks for beyond the limits in force;
// the limits themselves they do not hold, as in Application Auto Scaling and the
// Kubernetes HPA. A pause holds those too: who pauses wants nothing to move.
package guard

import (
	"sagescale/internal/activity"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// Check returns d as it may be carried out now: DesiredCapacity is what the
// target may be set to, the present capacity when nothing may be done, and every
// hold is a step and a reason. backoffs are those of the target, zero for none.
func Check(in scaling.Input, d scaling.Decision, backoffs activity.Backoffs) scaling.Decision {
	present := in.Present()
	if in.Observation.Conflict != "" {
		d.Hold(scaling.ScalingConflict, present, "%s", in.Observation.Conflict)
		return d
	}
	if d.DesiredCapacity == present {
		// There is nothing to hold. But whoever waits for help must be heard, also while
		// nobody wants anything, as without metrics nobody does.
		if code, message := unscalable(in); code.NeedsHelp() {
			d.Refuse(code, "%s", message)
		}
		return d
	}
	if code, message := blocked(in, d, backoffs); code != "" {
		d.Hold(code, present, "%s", message)
		return d
	}
	// What the limits alone would do, nothing but a pause holds back.
	limited := min(max(present, d.MinCapacity), d.MaxCapacity)
	if d.DesiredCapacity < limited {
		scaleInCooldown(in, &d)
	}
	if d.DesiredCapacity != limited {
		velocity(in, &d)
	}
	in.Limit(&d)
	smaller(in, &d, backoffs.Out)
	pause(in, &d)
	if in.Target.DryRun && d.DesiredCapacity != present {
		d.Refuse(scaling.DryRun, "dryRun is set: the capacity stays at %d", present)
	}
	return d
}

// smaller asks for less than SageMaker could lately not provide: half of the step after
// one time, a quarter after two, one instance in the end. Where there is room for some,
// some come, also where the minimum is more than can be had.
func smaller(in scaling.Input, d *scaling.Decision, b activity.Backoff) {
	present := in.Present()
	step := d.DesiredCapacity - present
	if b.Short < 1 || step < 2 || b.Over(in.Now) {
		return
	}
	less := max(1, step>>b.Short)
	d.Hold(scaling.BackingOff, present+less, "SageMaker could not provide more, times in a row: %d; so it is asked for %d more and not for %d",
		b.Short, less, step)
}

// pause holds a change in a direction that an operator has paused.
func pause(in scaling.Input, d *scaling.Decision) {
	present, o := in.Present(), in.Override
	if !o.InForce(in.Now) {
		return
	}
	switch out, into := d.DesiredCapacity > present, d.DesiredCapacity < present; {
	case out && o.Holds(policy.Out):
		d.Hold(scaling.Paused, present, "scale-outs are paused: %s", o)
	case into && o.Holds(policy.In):
		d.Hold(scaling.Paused, present, "scale-ins are paused: %s", o)
	}
}
