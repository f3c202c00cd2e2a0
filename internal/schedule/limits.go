package schedule

import (
	"cmp"
	"slices"
	"time"
)

// Limits are the smallest and the largest capacity that a target may have, in
// instances. Min <= Max.
type Limits struct {
	Min int `json:"minCapacity"`
	Max int `json:"maxCapacity"`
}

// Action is a scheduled action: from each firing of Schedule it puts Min, Max
// or both in force. A nil limit is left as it was.
//
// Without a Duration the limits stay until another action changes them, as in
// Application Auto Scaling. With one they revert when it has passed.
type Action struct {
	Name     string
	Schedule Schedule
	Min, Max *int
	Duration time.Duration
}

// Firing is an action whose limits are in force, and since when. Min and Max say which
// of the limits it has set.
type Firing struct {
	Action   string    `json:"action"`
	Since    time.Time `json:"since"`
	Min, Max bool      `json:"-"`
}

// InForce returns the limits in force at now and the firings that set them,
// oldest first. It looks at nothing but its arguments: a firing counts from its
// time on, whether or not anybody was woken by it, so a lost event loses
// nothing.
//
// Firings apply to base in the order of their times (actions that fire together
// in the order given), the later over the earlier, limit by limit. For
// Min <= Max to hold the actions must have passed policy validation, which
// refuses one-sided actions that could contradict a limit of base or of another
// action.
func InForce(base Limits, actions []Action, now time.Time) (Limits, []Firing) {
	type firing struct {
		at     time.Time
		action Action
	}
	var fired []firing
	for _, a := range actions {
		at, ok := a.Schedule.Previous(now)
		if ok && (a.Duration == 0 || now.Before(at.Add(a.Duration))) {
			fired = append(fired, firing{at, a})
		}
	}
	slices.SortStableFunc(fired, func(a, b firing) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	firings := make([]Firing, 0, len(fired))
	for _, f := range fired {
		if f.action.Min != nil {
			base.Min = *f.action.Min
		}
		if f.action.Max != nil {
			base.Max = *f.action.Max
		}
		firings = append(firings, Firing{f.action.Name, f.at, f.action.Min != nil, f.action.Max != nil})
	}
	return base, firings
}
