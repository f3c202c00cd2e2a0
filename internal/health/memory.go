package health

import (
	"errors"
	"fmt"
	"time"
)

// Memory is what is remembered of a target's health. The zero Memory is that of a target
// of which nothing was ever told: it counts as Healthy.
type Memory struct {
	// Version counts the writes, 0 for what was never written.
	Version int64 `json:"-"`
	// Told is what was told last, Before what it was before that.
	Told   Condition `json:"told"`
	Before Condition `json:"before"`
	// Seen is what is seen instead of Told, since when, before it has lasted. It has no
	// status while nothing else is seen.
	Seen Condition `json:"seen,omitzero"`
	// Owed is when it was begun to tell of Told, by Teller, zero once that is done.
	Owed   time.Time `json:"owed,omitzero"`
	Teller string    `json:"teller,omitempty"`
}

// Advance returns what is to be remembered when c is seen now, m itself when nothing
// changes, and whether Told is to be told: after the memory was saved, and by whoever saved
// it. What teller is called tells its write from that of another.
func (m Memory) Advance(c Condition, now time.Time, teller string) (next Memory, tell bool) {
	now = now.UTC().Round(0)
	next = m.see(c, now)
	switch {
	case next.Seen.Status != "" && now.Sub(next.Seen.Since) >= c.lasts():
		c.Since = next.Seen.Since
		next.Before, next.Told, next.Seen = m.Told, c, Condition{}
	case m.Owed.IsZero() || now.Sub(m.Owed).Abs() < unheard:
		return next, false
	}
	next.Owed, next.Teller = now, teller
	return next, true
}

// see takes note of c. While a target that was told to be healthy is stuck, for whatever
// reasons in turn, it is stuck since the first of them. A time in the future was written
// by a clock that was wrong.
func (m Memory) see(c Condition, now time.Time) Memory {
	another := m.Seen.Status != c.Status || m.Told.status() == c.Status && m.Seen.Code != c.Code
	switch {
	case c.same(m.Told):
		m.Seen = Condition{}
	case another || m.Seen.Since.After(now):
		m.Seen = c
	}
	return m
}

// Done returns the memory after what it owes was told.
func (m Memory) Done() Memory {
	m.Owed, m.Teller = time.Time{}, ""
	return m
}

// Check says what is wrong with a memory that was read.
func (m Memory) Check() error {
	for _, c := range []Condition{m.Told, m.Before, m.Seen} {
		switch c.Status {
		case "", Healthy, Stuck, Held:
		default:
			return fmt.Errorf("status %.40q is none", c.Status)
		}
	}
	if m.Seen.Status != "" && m.Seen.Since.IsZero() {
		return errors.New("what was seen has no time")
	}
	return nil
}
