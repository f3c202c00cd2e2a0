package schedule_test

import (
	"testing"
	"time"

	"sagescale/internal/schedule"
)

// FuzzParse: no text makes Parse panic, and what it accepts parses again to the
// same expression and fires after the time asked for, the same both ways.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"",                              // nothing
		"at(",                           // cut off
		"cron()",                        // no fields
		"at(2028-02-29T23:59:59)",       // a leap day
		"at(2026-03-08T02:30:00)",       // skipped in New York
		"rate(1 day)",                   // singular
		"rate(106751 days)",             // the longest
		"rate(9223372036854775807 s)",   // overflow
		"cron(0/15 8-17 ? * MON-FRI *)", // names, ranges, steps
		"cron(5,35 14 1W,2 JAN ? *)",    // W in a list
		"cron(0 0 ? * 3#5 1970-2199/7)", // a weekday by number
		"cron(0 0 ? * l *)",             // small letters
		"cron(0 0 31 2 ? *)",            // never
		"cron(0 0 \x00 2 ? *)",          // a null byte
		"cron(0 0 ٣ 2 ? *)",             // a digit that is not ASCII
	} {
		f.Add(seed, int64(1772955000), int64(0))
	}
	f.Fuzz(func(t *testing.T, text string, seconds, anchor int64) {
		e, err := schedule.Parse(text)
		if err != nil {
			return
		}
		if again, err := schedule.Parse(e.String()); err != nil || again != e {
			t.Fatalf("%q parsed again: %v", text, err)
		}
		at, start := time.Unix(seconds%1e11, 0), time.Unix(anchor%1e11, 0)
		loc := zone(t, "America/New_York")
		next, ok := e.Next(at, loc, start)
		if ok && !next.After(at) {
			t.Fatalf("%s after %s: %s", e, at, next)
		}
		if back, okBack := e.Previous(next, loc, start); ok && (!okBack || !back.Equal(next)) {
			t.Fatalf("%s: previous of firing %s is %s (%t)", e, next, back, okBack)
		}
		if previous, ok := e.Previous(at, loc, start); ok && previous.After(at) {
			t.Fatalf("%s at %s: previous %s", e, at, previous)
		}
	})
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
