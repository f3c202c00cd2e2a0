package activity

import (
	"slices"
	"time"
)

// InEffect returns the activities of a history that have changed the capacity, as they
// asked or in part, in the order in which it came into service. One that is said to end in the future is left out: no
// cooldown may last for longer than the policy says because a clock was wrong.
func InEffect(history []Activity, now time.Time) []Activity {
	var out []Activity
	for _, a := range history {
		if a.inEffect() && !a.EndTime.After(now.Add(ClockSkew)) {
			out = append(out, a)
		}
	}
	slices.SortStableFunc(out, func(a, b Activity) int { return a.EndTime.Compare(b.EndTime) })
	return out
}

// Last returns the last scale-out, or the last scale-in, of activities in effect.
func Last(inEffect []Activity, out bool) (last Activity, ok bool) {
	for _, a := range inEffect {
		if a.ScaleOut() == out {
			last, ok = a, true
		}
	}
	return last, ok
}

// Credit returns how many instances the scale-outs within a cooldown have added,
// and until when that counts: the last one, the one within whose cooldown that
// began, and so on. A scale-in ends such a chain.
func Credit(inEffect []Activity, now time.Time, cooldown time.Duration) (added int, until time.Time) {
	reach := now
	for _, a := range slices.Backward(inEffect) {
		ends := a.EndTime.Add(cooldown)
		if !a.ScaleOut() || !reach.Before(ends) {
			break
		}
		if added == 0 {
			until = ends
		}
		added += a.Change()
		reach = a.StartTime
		if a.ByOthers {
			reach = a.EndTime // when it began nobody knows
		}
	}
	return added, until
}
