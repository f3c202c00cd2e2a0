package schedule

import (
	"errors"
	"fmt"
	"time"
)

// Schedule is an expression in a zone between two times.
type Schedule struct {
	Expression Expression
	Location   *time.Location // nil is UTC
	Start, End time.Time      // zero is unbounded; both are inclusive
}

// Next returns the first firing strictly after a time; false when there is
// none. A cron or a rate with a Start also fires at Start.
func (s Schedule) Next(after time.Time) (time.Time, bool) {
	if s.starts() && after.Before(s.Start) {
		if s.Expression.kind != At {
			return s.opening()
		}
		after = s.Start.Add(-1)
	}
	next, ok := s.Expression.Next(after, s.Location, s.Start)
	return orZero(next, ok && !s.ended(next))
}

// Previous returns the last firing at or before a time; false when there is
// none. It is the mirror of Next: for each firing f, Previous(f) is f.
func (s Schedule) Previous(at time.Time) (time.Time, bool) {
	if s.ended(at) {
		at = s.End
	}
	if s.starts() && at.Before(s.Start) {
		return time.Time{}, false
	}
	previous, ok := s.Expression.Previous(at, s.Location, s.Start)
	if !s.starts() || ok && !previous.Before(s.Start) {
		return previous, ok
	}
	if s.Expression.kind == At {
		return time.Time{}, false
	}
	return s.opening()
}

// Check returns what is wrong with the schedule whatever the time is now: an
// End that is not after Start, an at(...) that clocks in the zone skip, or an
// expression that does not fire once from Start to End. Next and Previous do
// not depend on it.
func (s Schedule) Check() error {
	zone := locationOr(s.Location)
	if s.Expression.kind == 0 {
		return errors.New("no expression")
	}
	if s.starts() && !s.End.IsZero() && !s.End.After(s.Start) {
		return fmt.Errorf("end %s is not after start %s", stamp(s.End), stamp(s.Start))
	}
	if !s.Expression.exists(zone) {
		return fmt.Errorf("%s does not exist in %s: clocks are put forward over it", s.Expression, zone)
	}
	if !s.fires() {
		return fmt.Errorf("%s in %s never fires%s", s.Expression, zone, s.bounds())
	}
	return nil
}

// fires reports whether the expression itself fires between Start and End. The
// firing at Start does not count: it would hide a cron that can never match.
func (s Schedule) fires() bool {
	from := s.Start
	if s.starts() {
		from = s.Start.Add(-1)
	}
	first, ok := s.Expression.Next(from, s.Location, s.Start)
	return ok && !s.ended(first)
}

// bounds returns Start and End as the end of a sentence.
func (s Schedule) bounds() string {
	text := ""
	if s.starts() {
		text = " from " + stamp(s.Start)
	}
	if !s.End.IsZero() {
		text += " until " + stamp(s.End)
	}
	return text
}

// opening returns the firing at Start.
func (s Schedule) opening() (time.Time, bool) {
	return orZero(s.Start.In(locationOr(s.Location)), !s.ended(s.Start))
}

func (s Schedule) starts() bool { return !s.Start.IsZero() }

func (s Schedule) ended(t time.Time) bool { return !s.End.IsZero() && t.After(s.End) }

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
