package guard

import (
	"fmt"
	"math"

	"sagescale/internal/activity"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// velocity holds a change to what the policy's behavior allows in its direction.
// The formulas are those of the Kubernetes HPA; the changes in a period are the
// stored activities, so a cold start forgets none.
func velocity(in scaling.Input, d *scaling.Decision) {
	switch present := in.Present(); {
	case d.DesiredCapacity > present:
		velocityOut(in, d, in.Target.Behavior.ScaleOut)
	case d.DesiredCapacity < present:
		velocityIn(in, d, in.Target.Behavior.ScaleIn)
	}
}

func velocityOut(in scaling.Input, d *scaling.Decision, m policy.Movement) {
	if m.Select == policy.SelectDisabled {
		d.Hold(scaling.ScaleOutDisabled, in.Present(), "behavior.scaleOut has selectPolicy %s", policy.SelectDisabled)
		return
	}
	if len(m.Velocities) == 0 {
		return
	}
	var decides policy.Velocity
	allowed := int64(-1)
	for _, v := range m.Velocities {
		start := startOf(in, v)
		r := start + int64(v.Value)
		if v.Type == policy.Percent {
			r = start + (start*int64(v.Value)+99)/100 // rounded up
		}
		if allowed < 0 || (r > allowed) == (m.Select != policy.SelectMin) {
			decides, allowed = v, r
		}
	}
	allowed = max(allowed, int64(in.Present()))
	if allowed < int64(d.DesiredCapacity) {
		d.Hold(scaling.VelocityLimit, int(allowed), "no more than %s may be added within %s; there were %d at its beginning",
			amount(decides), policy.Brief(decides.Period), startOf(in, decides))
	}
}

func velocityIn(in scaling.Input, d *scaling.Decision, m policy.Movement) {
	if m.Select == policy.SelectDisabled {
		d.Hold(scaling.ScaleInDisabled, in.Present(), "behavior.scaleIn has selectPolicy %s", policy.SelectDisabled)
		return
	}
	var decides policy.Velocity
	allowed := int64(-1)
	for _, v := range m.Velocities {
		start := startOf(in, v)
		r := max(0, start-int64(v.Value))
		if v.Type == policy.Percent {
			r = max(0, start*(100-int64(v.Value))/100) // cut off
		}
		if allowed < 0 || (r < allowed) == (m.Select != policy.SelectMin) {
			decides, allowed = v, r
		}
	}
	allowed = min(allowed, int64(in.Present()))
	if allowed > int64(d.DesiredCapacity) {
		d.Hold(scaling.VelocityLimit, int(allowed), "no more than %s may be removed within %s; there were %d at its beginning",
			amount(decides), policy.Brief(decides.Period), startOf(in, decides))
	}
}

// startOf returns the capacity that the period of v began with: the present one
// less what was added in it and with what was removed.
func startOf(in scaling.Input, v policy.Velocity) int64 {
	start := int64(in.Present())
	for _, a := range in.Activities {
		if a.StartTime.After(in.Now.Add(-v.Period)) && !a.StartTime.After(in.Now.Add(activity.ClockSkew)) {
			start -= int64(a.Change())
		}
	}
	return min(max(0, start), math.MaxInt32)
}

// amount writes what a velocity allows.
func amount(v policy.Velocity) string {
	if v.Type == policy.Percent {
		return fmt.Sprintf("%d %%", v.Value)
	}
	return fmt.Sprintf("%d instances", v.Value)
}
