package records

import (
	"slices"
	"time"

	"sagescale/internal/autoscaler"
	"sagescale/internal/scaling"
)

// Stretch are decisions in a row that say the same of a target: that it stays at Capacity,
// for the reasons of Codes. Message is that of the last reason of the last one, Wanted the
// capacity that its rules asked for first. One without decisions is a time of which there
// is no record.
type Stretch struct {
	From      time.Time      `json:"from"`
	Through   time.Time      `json:"through"`
	Decisions int            `json:"decisions"`
	Capacity  int            `json:"capacity,omitempty"`
	Wanted    int            `json:"wanted,omitempty"`
	Codes     []scaling.Code `json:"codes,omitempty"`
	Message   string         `json:"message,omitempty"`
}

// Calm reports whether the decisions say no more than that the capacity is right.
func (s Stretch) Calm() bool {
	return s.Decisions > 0 && !slices.ContainsFunc(s.Codes, func(c scaling.Code) bool { return !calm(c) })
}

// calm reports whether a code says that the present capacity is right.
func calm(c scaling.Code) bool {
	return c == scaling.AlreadyAtDesired || c == scaling.AlreadyAtMin || c == scaling.AnticipatedFlapping
}

// silence is how long no decision may be recorded until that is told of: a tick or two may
// be lost.
const silence = 5 * time.Minute

// Stretches returns the stretches of a target's records, oldest first, between two times of
// which all records are there. A record of a change begins none, and ends the one before.
func Stretches(all []autoscaler.Record, from, through time.Time) []Stretch {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b autoscaler.Record) int { return a.Time.Compare(b.Time) })
	out := []Stretch{}
	var open *Stretch // the last of out, while it may go on
	seen := from
	for _, r := range all {
		if r.Time.Sub(seen) > silence {
			out, open = append(out, Stretch{From: seen, Through: r.Time}), nil
		}
		seen = r.Time
		next := stretchOf(r)
		switch {
		case r.Activity != nil:
			open = nil
		case open != nil && open.says(next):
			open.Through, open.Message, open.Wanted = r.Time, next.Message, next.Wanted
			open.Decisions++
		default:
			out = append(out, next)
			open = &out[len(out)-1]
		}
	}
	if through.Sub(seen) > silence {
		out = append(out, Stretch{From: seen, Through: through})
	}
	return out
}

// says reports whether two stretches say the same. Why a capacity is right is none of what
// they say.
func (s Stretch) says(other Stretch) bool {
	return s.Capacity == other.Capacity && (s.Calm() && other.Calm() || slices.Equal(s.Codes, other.Codes))
}

// stretchOf is the stretch of one record.
func stretchOf(r autoscaler.Record) Stretch {
	d := r.Decision
	s := Stretch{From: r.Time, Through: r.Time, Decisions: 1, Capacity: d.DesiredCapacity, Wanted: d.Recommended()}
	for _, reason := range d.NotScaledReasons {
		if !slices.Contains(s.Codes, reason.Code) {
			s.Codes = append(s.Codes, reason.Code)
		}
		s.Message = reason.Message
	}
	if len(d.Steps) > 0 && slices.Contains(s.Codes, scaling.DryRun) {
		s.Capacity = d.Steps[0].From // what is decided is not done
	}
	return s
}
