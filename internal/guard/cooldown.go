package guard

import (
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// scaleInCooldown holds back a scale-in within a cooldown.
func scaleInCooldown(in scaling.Input, d *scaling.Decision) {
	done := activity.InEffect(in.Activities, in.Now)
	lastOut, hasOut := activity.Last(done, true)
	lastIn, hasIn := activity.Last(done, false)
	if until := lastOut.EndTime.Add(cooldown(lastOut, d.Cooldown)); hasOut && in.Now.Before(until) {
		d.Hold(scaling.ScaleOutCooldown, in.Present(),
			"the scale-out from %d to %d is in service since %s; no scale-in until %s",
			lastOut.From, lastOut.From+lastOut.Change(), policy.Clock(lastOut.EndTime), policy.Clock(until))
		return
	}
	touched := in.Observation.Touched
	until := touched.Add(max(d.Cooldown.Out, d.Cooldown.In))
	if in.Now.Before(until) && !touched.After(in.Now.Add(activity.ClockSkew)) {
		d.Hold(scaling.ScaleInCooldown, in.Present(),
			"what changed the endpoint at %s is not known; no scale-in until %s", policy.Clock(touched), policy.Clock(until))
		return
	}
	ended := hasOut && lastOut.EndTime.After(lastIn.EndTime)
	if until := lastIn.EndTime.Add(cooldown(lastIn, d.Cooldown)); hasIn && !ended && in.Now.Before(until) {
		d.Hold(scaling.ScaleInCooldown, in.Present(),
			"the scale-in from %d to %d was done at %s; no other until %s",
			lastIn.From, lastIn.From+lastIn.Change(), policy.Clock(lastIn.EndTime), policy.Clock(until))
	}
}

// cooldown is how long nothing is removed after a change. Of what others have done only
// the outcome was seen: the last of it may have gone the other way. So it is when a
// scale-in ended with another count than was asked for, which SageMaker does not do.
func cooldown(a activity.Activity, c scaling.Cooldown) time.Duration {
	switch {
	case a.ByOthers, a.Status == activity.Unfulfilled && !a.ScaleOut():
		return max(c.Out, c.In)
	case a.ScaleOut():
		return c.Out
	}
	return c.In
}
