// Package health knows how a target fares, and when a change of that is worth telling.
// It is pure.
//
// One evaluation says little: a call that was throttled, or data that comes late, is over
// a minute later. So a change is told when it has lasted, in both directions, and what
// was seen meanwhile is remembered from one evaluation to the next, in a Memory.
//
// # At least once
//
// What is to be told is remembered as owed before it is sent, and as done afterwards. An
// evaluation that dies in between leaves it owed, and a later one tells it again: somebody
// who waits for word of a fault must get it, and may get it twice. Two evaluations at the
// same time do not tell twice, because only one of them can write the memory.
package health

import (
	"cmp"
	"time"

	"sagescale/internal/scaling"
)

// Status is how a target fares.
type Status string

// The statuses.
const (
	Healthy Status = "Healthy" // it is scaled as its policy says
	Stuck   Status = "Stuck"   // it is not scaled until somebody, or AWS, does something about it
	Held    Status = "Held"    // data is missing, so nothing is removed of what may be too much
)

// How long a change lasts before it is told. Data that comes late mends itself: what is
// held for want of it is told when the alarm STACK-held would go off.
const (
	lasting     = 3 * time.Minute
	lastingHeld = 30 * time.Minute
	// unheard is after how long what is owed is told again: whoever owes it may run for
	// a minute, and its clock may differ by another.
	unheard = 2 * time.Minute
)

// Condition is how a target fares, since when, and why. Code and Reason are those of a
// not-scaled reason, empty while it is Healthy.
type Condition struct {
	Status Status       `json:"status"`
	Code   scaling.Code `json:"code,omitempty"`
	Reason string       `json:"reason,omitempty"`
	Since  time.Time    `json:"since,omitzero"`
}

// Of returns how a target fares by what kept an evaluation at that time from scaling it.
// held says that data is missing of a target that may have too much. ok is false when the
// evaluation says nothing about it, because another one was at work on the endpoint.
func Of(reasons []scaling.Reason, held bool, at time.Time) (c Condition, ok bool) {
	c, ok = Condition{Status: Healthy, Since: at.UTC().Round(0)}, true
	for _, r := range reasons {
		switch {
		case r.Code.NeedsHelp():
			c.Status, c.Code, c.Reason = Stuck, r.Code, r.Message
			return c, true
		case r.Code == scaling.MissingData && held && c.Status == Healthy:
			c.Status, c.Code, c.Reason = Held, r.Code, r.Message
		case r.Code == scaling.ClaimedElsewhere:
			ok = false
		}
	}
	return c, ok
}

// status is Healthy for a Condition that nobody has set: of what is not remembered
// nothing else has been told.
func (c Condition) status() Status { return cmp.Or(c.Status, Healthy) }

// same reports whether two conditions differ in nothing that is told as a change.
func (c Condition) same(d Condition) bool { return c.status() == d.status() && c.Code == d.Code }

// lasts is for how long it must be seen before it is told.
func (c Condition) lasts() time.Duration {
	if c.Status == Held {
		return lastingHeld
	}
	return lasting
}
