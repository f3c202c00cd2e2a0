package guard

import (
	"fmt"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// Cooling is a cooldown that holds back scale-ins: until when, by which code and why. The
// zero Cooling is none.
type Cooling struct {
	Until  time.Time
	Code   scaling.Code
	Reason string
}

// Cooldown returns the cooldown that a target is in, by the cooldowns of the policy that
// asks for a scale-in.
func Cooldown(in scaling.Input, of scaling.Cooldown) Cooling {
	done := activity.InEffect(in.Activities, in.Now)
	lastOut, hasOut := activity.Last(done, true)
	lastIn, hasIn := activity.Last(done, false)
	if until := lastOut.EndTime.Add(cooldown(lastOut, of)); hasOut && in.Now.Before(until) {
		return Cooling{until, scaling.ScaleOutCooldown, fmt.Sprintf(
			"the scale-out from %d to %d is in service since %s; no scale-in until %s",
			lastOut.From, lastOut.From+lastOut.Change(), policy.Clock(lastOut.EndTime), policy.Clock(until))}
	}
	touched := in.Observation.Touched
	until := touched.Add(max(of.Out, of.In))
	if in.Now.Before(until) && !touched.After(in.Now.Add(activity.ClockSkew)) {
		return Cooling{until, scaling.ScaleInCooldown, fmt.Sprintf(
			"what changed the endpoint at %s is not known; no scale-in until %s", policy.Clock(touched), policy.Clock(until))}
	}
	ended := hasOut && lastOut.EndTime.After(lastIn.EndTime)
	if until := lastIn.EndTime.Add(cooldown(lastIn, of)); hasIn && !ended && in.Now.Before(until) {
		return Cooling{until, scaling.ScaleInCooldown, fmt.Sprintf(
			"the scale-in from %d to %d was done at %s; no other until %s",
			lastIn.From, lastIn.From+lastIn.Change(), policy.Clock(lastIn.EndTime), policy.Clock(until))}
	}
	return Cooling{}
}

// scaleInCooldown holds back a scale-in within a cooldown.
func scaleInCooldown(in scaling.Input, d *scaling.Decision) {
	if c := Cooldown(in, d.Cooldown); c.Code != "" {
		d.Hold(c.Code, in.Present(), "%s", c.Reason)
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
