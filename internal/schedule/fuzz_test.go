package schedule_test

import (
	"strings"
	"testing"
	"time"
	"unicode"

	"sagescale/internal/schedule"
)

// firstMoment and lastMoment bound the times at which the brute-force evaluator
// is asked: two days within the years that a cron knows, in every zone.
const (
	firstMoment = 2 * 86400
	lastMoment  = 7258118400 - 4*86400
)

// FuzzParse: no text makes Parse panic. What it refuses it refuses in one
// printable line. What it accepts it accepts again, in a zone and between two
// times Next and Previous see the same firings, Check agrees with them, and a
// cron fires when the brute-force evaluator says so.
//
// at is a moment in seconds since 1970; start likewise, zero is none; end
// is in seconds after the moment, zero is none.
func FuzzParse(f *testing.F) {
	f.Add("", uint8(0), int64(1772955000), int64(0), int64(0))
	f.Fuzz(func(t *testing.T, text string, where uint8, at, start, end int64) {
		e, err := schedule.Parse(text)
		if err != nil {
			checkRefusal(t, e, err)
			return
		}
		checkParsed(t, e, text)
		names := zoneNames()
		s := schedule.Schedule{Expression: e, Location: zone(t, names[int(where)%len(names)])}
		moment := time.Unix(max(firstMoment, positive(at)%lastMoment), 0)
		checkSpelling(t, s, moment)
		checkAgainstBruteForce(t, s, moment)
		if start != 0 {
			s.Start = time.Unix(positive(start)%lastMoment, 0)
		}
		if end != 0 {
			s.End = moment.Add(time.Duration(end%1e9) * time.Second)
		}
		expectMirror(t, s, moment)
		expectMirror(t, s, s.Start)
		checkBounds(t, s, moment)
		checkCheck(t, s)
	})
}

// positive is the absolute value, without the overflow of the least integer.
func positive(n int64) int64 { return max(n, -(n + 1)) }

// checkRefusal holds an error to one printable line, and to no expression beside.
func checkRefusal(t *testing.T, e schedule.Expression, err error) {
	t.Helper()
	if e != (schedule.Expression{}) {
		t.Errorf("expression %s beside error %v", e, err)
	}
	if strings.ContainsFunc(err.Error(), func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Errorf("message %q", err)
	}
}

// checkParsed holds an expression to its text.
func checkParsed(t *testing.T, e schedule.Expression, text string) {
	t.Helper()
	if again, err := schedule.Parse(e.String()); err != nil || again != e {
		t.Errorf("%q parsed again: %v", text, err)
	}
	if e.String() != text || !strings.HasPrefix(text, e.Kind().String()+"(") {
		t.Errorf("%q became %q, of kind %s", text, e, e.Kind())
	}
}

// checkSpelling: neither the case of a cron nor its spaces matter.
func checkSpelling(t *testing.T, s schedule.Schedule, at time.Time) {
	t.Helper()
	if s.Expression.Kind() != schedule.Cron {
		return
	}
	fields := strings.TrimPrefix(s.Expression.String(), "cron(")
	for _, text := range []string{
		"cron(" + strings.ToLower(fields),
		"cron(" + strings.ToUpper(fields),
		"cron( " + strings.ReplaceAll(fields, " ", "  "),
	} {
		other := schedule.Schedule{Expression: expression(t, text), Location: s.Location}
		next, ok := s.Next(at)
		if same, okSame := other.Next(at); okSame != ok || !same.Equal(next) {
			t.Errorf("%s after %s: %s (%t), %s: %s (%t)", s.Expression, at, next, ok, text, same, okSame)
		}
	}
}

// checkAgainstBruteForce compares a cron on the day of a moment with what the
// clock on the wall shows then.
func checkAgainstBruteForce(t *testing.T, s schedule.Schedule, at time.Time) {
	t.Helper()
	if s.Expression.Kind() != schedule.Cron {
		return
	}
	b := newBruteForce([]string{s.Expression.String()}, s.Location, at.Add(-12*time.Hour), at.Add(12*time.Hour))
	b.compare(t, s, b.firings[0], at)
	for _, unix := range b.firings[0][:min(8, len(b.firings[0]))] {
		b.compare(t, s, b.firings[0], time.Unix(unix, 0))
		b.compare(t, s, b.firings[0], time.Unix(unix, -1))
	}
}

// checkBounds: nothing fires before the start or after the end.
func checkBounds(t *testing.T, s schedule.Schedule, at time.Time) {
	t.Helper()
	next, hasNext := s.Next(at)
	previous, hasPrevious := s.Previous(at)
	for _, f := range []struct {
		at time.Time
		ok bool
	}{{next, hasNext}, {previous, hasPrevious}} {
		early := !s.Start.IsZero() && f.at.Before(s.Start)
		late := !s.End.IsZero() && f.at.After(s.End)
		if f.ok && (early || late || f.at.Location() != s.Location) {
			t.Errorf("%s from %s until %s fires at %s", s.Expression, s.Start, s.End, f.at)
		}
		if !f.ok && !f.at.IsZero() {
			t.Errorf("%s: no firing, at %s", s.Expression, f.at)
		}
	}
}

// checkCheck: a schedule that Check accepts fires. One that it refuses fires at
// most at its start, which the start does and not the expression.
func checkCheck(t *testing.T, s schedule.Schedule) {
	t.Helper()
	err := s.Check()
	first, fires := s.Next(time.Time{})
	if err == nil && !fires {
		t.Errorf("%s in %s from %s until %s passes and never fires", s.Expression, s.Location, s.Start, s.End)
	}
	ordered := s.End.IsZero() || s.Start.IsZero() || s.End.After(s.Start)
	if err != nil && ordered && fires && !first.Equal(s.Start) {
		t.Errorf("%s fires at %s, and is refused: %v", s.Expression, first, err)
	}
}

func BenchmarkNext(b *testing.B)     { benchmark(b, schedule.Expression.Next) }
func BenchmarkPrevious(b *testing.B) { benchmark(b, schedule.Expression.Previous) }

func benchmark(b *testing.B, search func(schedule.Expression, time.Time, *time.Location, time.Time) (time.Time, bool)) {
	benchmarks := []struct{ name, text, zone, at string }{
		{"dense", "cron(* * * * ? *)", "Europe/Paris", "2026-11-23T10:00:00Z"},
		{"weekdays", "cron(0 8 ? * MON-FRI *)", "Europe/Paris", "2026-11-23T10:00:00Z"},
		{"leap day", "cron(0 0 29 2 ? *)", "Europe/Paris", "2096-11-23T10:00:00Z"},
		{"doubled hour", "cron(* * * * ? *)", "Europe/Paris", "2026-10-25T01:00:00Z"},
		{"skipped day of Samoa", "cron(* * 30 12 ? 2011-2012)", "Pacific/Apia", "2011-12-30T09:59:00Z"},
		{"never", "cron(0 0 31 2 ? *)", "Europe/Paris", "2026-11-23T10:00:00Z"},
		{"rate", "rate(5 minutes)", "Europe/Paris", "2026-11-23T10:00:00Z"},
	}
	for _, bb := range benchmarks {
		b.Run(bb.name, func(b *testing.B) {
			e, loc, at := expression(b, bb.text), zone(b, bb.zone), instant(b, bb.at)
			for b.Loop() {
				search(e, at, loc, time.Time{})
			}
		})
	}
}
