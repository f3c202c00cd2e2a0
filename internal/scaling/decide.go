// Package scaling decides: from a policy, an observation, the activities so far
// and the time it makes the capacity that the target should have, and says which
// rules moved it there. It is pure and deterministic: equal inputs give equal
// decisions, byte for byte.
//
// # How a capacity is sized
//
// Every datapoint becomes a need: the instances that its load needs to be at the
// target value. A load is measured as a whole (Invocations) where the metric
// allows it, else it is the value per instance times the instances in service
// when it was measured. A need does not depend on the capacity of the moment, so
// instances that are on their way are never counted twice, and what a scale-out
// has just added is credited against the next by itself.
//
// The formula is the one that Application Auto Scaling's published examples
// follow, ceil(load / targetValue); AWS does not publish its own. As there, the
// scale-out comparison is strictly above the target, the scale-in comparison
// strictly below the threshold's share of it.
//
// # What a step adds
//
// A step policy asks for a change and not for a capacity, so what the scale-outs
// within its cooldown have added is credited: the step counts from the capacity
// before them, and asks for nothing unless it goes further than they went. AWS says
// so of a policy's own scale-outs and is silent on others'; here all count, and the
// base of a percentage is the capacity before them, as in EC2 Auto Scaling's
// example.
//
// # What is missing
//
// Missing is not zero. A scale-in needs every datapoint that is due; a value
// that is not a number, infinite or negative is missing. To take datapoints that
// are due away from an observation never lowers its decision below the present
// capacity; those that are not due yet can only raise it.
//
// # What is not decided here
//
// Whether a decision may be carried out now: package guard.
package scaling

import (
	"fmt"
	"slices"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/forecast"
	"sagescale/internal/policy"
	"sagescale/internal/schedule"
)

// Input is everything that a decision depends on. Activities are those of the
// target, oldest first. Override is the target's, the zero one for none; it counts
// as long as it is in force.
//
// Forecast is what has been learned of the target's load, nil for nothing: NoForecast then
// says why, where that is known. Provisioning is how long its scale-outs take, 0 when none was seen.
type Input struct {
	Now          time.Time
	Target       policy.Target
	Observation  Observation
	Activities   []activity.Activity
	Override     policy.Override
	Forecast     *forecast.Model
	NoForecast   string
	Provisioning time.Duration
}

// Present returns the capacity that a decision starts from and holds on to: what
// SageMaker was last asked for while a change is under way, and what serves once
// none is. A count that was asked for and never came into service, as after a
// rollback, is no capacity: to go by it would leave the endpoint short for ever.
func (in Input) Present() int {
	open := slices.ContainsFunc(in.Activities, activity.Activity.Open)
	if in.Observation.Status != activity.InService || open {
		return in.Observation.DesiredCapacity
	}
	return in.Observation.CurrentCapacity
}

// Decide returns the capacity that the policy asks for. It is never outside the
// limits in force and differs from the present one only by the steps that the
// decision lists.
func Decide(in Input) Decision {
	d := Undecided(in)
	asks := in.asks(d.MinCapacity)
	in.recommend(&d, asks(0))
	in.stabilize(&d, asks)
	in.guardScaleIn(&d)
	in.Limit(&d)
	if d.DesiredCapacity != in.Present() {
		d.NotScaledReasons = slices.DeleteFunc(d.NotScaledReasons, func(r Reason) bool { return stays(r.Code) })
	}
	if len(d.Steps) == 0 && len(d.NotScaledReasons) == 0 {
		d.Refuse(AlreadyAtDesired, "no rule asks for another capacity than %d", d.DesiredCapacity)
	}
	return d
}

// stays reports whether a code says that the present capacity is right, which is
// no reason where the limits moved it all the same.
func stays(c Code) bool {
	return c == AnticipatedFlapping || c == AlreadyAtMin || c == AlreadyAtDesired
}

// Undecided returns the decision that leaves the capacity as it is, with the
// limits in force and no reason yet.
func Undecided(in Input) Decision {
	limits, _, _ := in.Limits()
	return Decision{
		DesiredCapacity:  in.Present(),
		MinCapacity:      limits.Min,
		MaxCapacity:      limits.Max,
		Steps:            []Step{},
		NotScaledReasons: []Reason{},
	}
}

// Limit moves d into the limits in force. They hold at once and whatever the
// metrics say, as in Application Auto Scaling.
func (in Input) Limit(d *Decision) {
	present := in.Present()
	_, minBy, maxBy := in.Limits()
	wanted := d.DesiredCapacity
	switch {
	case wanted > d.MaxCapacity:
		d.Move(RuleMaxCapacity, d.MaxCapacity, "the maximum in force is %d%s", d.MaxCapacity, by(maxBy))
		if d.DesiredCapacity == present {
			d.Refuse(AlreadyAtMax, "%d are wanted and the capacity is at its maximum of %d%s", wanted, present, by(maxBy))
		}
	case wanted < d.MinCapacity:
		d.Move(RuleMinCapacity, d.MinCapacity, "the minimum in force is %d%s", d.MinCapacity, by(minBy))
		if d.DesiredCapacity == present {
			d.Refuse(AlreadyAtMin, "%d would do and the capacity is at its minimum of %d%s", wanted, present, by(minBy))
		}
	}
}

// Limits returns the limits in force, and what has set each of them: nothing for the
// policy's own, else in words the last scheduled action that did, or the override.
func (in Input) Limits() (limits schedule.Limits, minBy, maxBy string) {
	limits, firings := schedule.InForce(in.Target.Limits, in.Target.ScheduledActions, in.Now)
	for _, f := range firings {
		by := fmt.Sprintf("scheduled action %s since %s", f.Action, f.Since.UTC().Format(time.RFC3339))
		if f.Min {
			minBy = by
		}
		if f.Max {
			maxBy = by
		}
	}
	if !in.Override.InForce(in.Now) {
		return limits, minBy, maxBy
	}
	set := in.Override.Limit(limits)
	if in.Override.Min != nil || set.Min != limits.Min {
		minBy = "the " + in.Override.String()
	}
	if in.Override.Max != nil || set.Max != limits.Max {
		maxBy = "the " + in.Override.String()
	}
	return set, minBy, maxBy
}

// by says what has set a limit, if it was not the policy.
func by(what string) string {
	if what == "" {
		return ""
	}
	return " by " + what
}
