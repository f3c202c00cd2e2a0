// Package whatif finds out what would change a decision: it makes the decision again, by
// the very code that made it, as it would be later or at another load. It is pure.
//
// # What is taken to stay as it is
//
// Of a later time: the load, at its last value that was due, and whatever else was
// observed. Of another load: the time, the other metrics and what was done before; the load
// is taken to have been the same for as long as anything looks back.
//
// A load that is found is a boundary of what the code does: at it the capacity is changed,
// and one unit beside it is not. Where a rule changes with the load more than once, as a step
// policy may that adds on both sides, it is the boundary of one of the changes.
package whatif

import (
	"slices"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/guard"
	"sagescale/internal/scaling"
)

// Case is all that a decision and its guard depend on.
type Case struct {
	scaling.Input
	Backoffs activity.Backoffs
}

// Decide makes the decision, guard included.
func (c Case) Decide() scaling.Decision {
	return guard.Check(c.Input, scaling.Decide(c.Input), c.Backoffs)
}

// Makes reports whether the case makes a decision that was recorded, up to what an
// evaluation holds back after its guard. One that does not lacks something, or was decided by
// another version: what it would do tells nothing of the record.
func (c Case) Makes(recorded scaling.Decision) bool {
	d := c.Decide()
	return d.MinCapacity == recorded.MinCapacity && d.MaxCapacity == recorded.MaxCapacity &&
		begins(recorded.Steps, d.Steps) && begins(recorded.NotScaledReasons, d.NotScaledReasons) &&
		(len(d.Steps) > 0 || len(recorded.Steps) > 0 || d.DesiredCapacity == recorded.DesiredCapacity)
}

// begins reports whether all begin with some.
func begins[T comparable](all, some []T) bool {
	return len(all) >= len(some) && slices.Equal(all[:len(some)], some)
}

// Answer is what would change a decision. Later is nil where time alone would change
// nothing within Horizon.
type Answer struct {
	Later *Later `json:"later"`
	Loads []Load `json:"loads"`
}

// Horizon is how far ahead Later is looked for.
const Horizon = time.Hour

// Ask returns what would change the decision of a case.
func Ask(c Case) Answer {
	out := Answer{Loads: c.loads()}
	if l, ok := c.later(); ok {
		out.Later = &l
	}
	return out
}

// Later is the next change of the capacity if the load stays as it is: from From to To at the
// evaluation of At. Held is what holds it back until then. Done says that the change which is
// under way is taken to have come into service at the time of the decision.
type Later struct {
	At   time.Time    `json:"at"`
	From int          `json:"fromCapacity"`
	To   int          `json:"toCapacity"`
	Held scaling.Code `json:"heldBy"`
	Done bool         `json:"afterChangeUnderWay,omitempty"`
}

// later looks for the first minute at which the capacity would be changed. There is none
// where it is changed now.
func (c Case) later() (Later, bool) {
	before := c.Decide()
	if before.DesiredCapacity != c.Present() {
		return Later{}, false
	}
	now, underWay := c.settled()
	for ahead := time.Duration(0); ahead <= Horizon; ahead += time.Minute {
		then := now.after(ahead)
		d := then.Decide()
		if present := then.Present(); d.DesiredCapacity != present {
			return Later{At: then.Now, From: present, To: d.DesiredCapacity, Held: last(before), Done: underWay}, true
		}
		before = d
	}
	return Later{}, false
}

// last is the code of the last reason of a decision.
func last(d scaling.Decision) scaling.Code {
	if n := len(d.NotScaledReasons); n > 0 {
		return d.NotScaledReasons[n-1].Code
	}
	return ""
}

// settled returns the case with what is under way on the endpoint taken to be in service,
// and whether anything is.
func (c Case) settled() (Case, bool) {
	underWay := c.Observation.Status != activity.InService && c.Observation.Status != activity.Broken
	c.Activities = slices.Clone(c.Activities)
	for i, a := range c.Activities {
		if a.Open() {
			a.Status, a.EndTime, underWay = activity.Successful, c.Now, true
			c.Activities[i] = a
		}
	}
	if underWay {
		c.Observation.Status = activity.InService
		c.Observation.CurrentCapacity = c.Observation.DesiredCapacity
		c.Observation.BusySince = time.Time{}
	}
	return c, underWay
}

// after returns the case a while later, with every metric as it was last.
func (c Case) after(ahead time.Duration) Case {
	c.Observation.Metrics = slices.Clone(c.Observation.Metrics)
	for i, s := range c.Observation.Metrics {
		if period := c.period(s.Metric); period > 0 {
			c.Observation.Metrics[i] = lasting(s, c.Now, ahead, period)
		}
	}
	c.Now = c.Now.Add(ahead)
	return c
}
