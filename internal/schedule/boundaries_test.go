package schedule_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sagescale/internal/schedule"
)

func TestParseRefusesWhatIsJustBeyond(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a tab in front", "\tcron(0 8 * * ? *)", "is not at(...), rate(...) or cron(...)"},
		{"the last printable character in front", "~cron(0 8 * * ? *)", `"~cron" is not at, rate or cron`},
		{"a step by one more than the days of the longest month", "cron(0 0 */32 * ? *)", `"*/32" has a step that is not in 1-31`},
		{"the weekday before the first", "cron(0 0 ? * 3#0 *)", `"3#0" has a number after # that is not in 1-5`},
		{"a rate in another base", "rate(1a hours)", `rate field value: "1a" is not a positive integer`},
		{"two in the singular", "rate(2 hour)", "write rate(2 hours)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := schedule.Parse(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestParseAcceptsWhatIsJustWithin(t *testing.T) {
	for _, text := range []string{
		"rate(106751 days)", // 292 years
		"rate(1 minute)",
		"rate(1 minutes)", // as EventBridge Scheduler does
		"cron(*/60 */24 */31 */12 ? */230)",
		"cron(59 23 ? * SAT#5 *)",
	} {
		expression(t, text)
	}
}

func TestRateOfTwoDigits(t *testing.T) {
	s := schedule.Schedule{Expression: expression(t, "rate(10 minutes)")}
	expectFirings(t, s, "2026-11-23T10:00:00Z", "2026-11-23T10:10:00Z", "2026-11-23T10:20:00Z")
}

// Each year is reached from every distance, by itself and among all others.
func TestEveryYearFires(t *testing.T) {
	yearly := expression(t, "cron(0 0 1 1 ? *)")
	for year := 1970; year <= 2199; year++ {
		want := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		if next, ok := yearly.Next(want.Add(-1), nil, time.Time{}); !ok || !next.Equal(want) {
			t.Errorf("every year: the firing of %d is %s (%t)", year, next, ok)
		}
		once := expression(t, fmt.Sprintf("cron(0 0 1 1 ? %d)", year))
		for from := 1960; from <= 2260; from++ {
			at := time.Date(from, 7, 1, 0, 0, 0, 0, time.UTC)
			if next, ok := once.Next(at, nil, time.Time{}); ok != (from < year) || ok && !next.Equal(want) {
				t.Errorf("only in %d: after %d it fires at %s (%t)", year, from, next, ok)
			}
			if previous, ok := once.Previous(at, nil, time.Time{}); ok != (from >= year) || ok && !previous.Equal(want) {
				t.Errorf("only in %d: before %d it fired at %s (%t)", year, from, previous, ok)
			}
		}
	}
}

// A bound is missed by a nanosecond, and met by it.
func TestBoundsCountNanoseconds(t *testing.T) {
	const justAfter = "2026-11-23T00:00:00.000000001Z"
	for _, text := range []string{"at(2026-11-23T00:00:00)", "cron(0 0 23 11 ? 2026)"} {
		s := bounded(t, text, "UTC", justAfter, "")
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), "never fires") {
			t.Errorf("%s, started a nanosecond after it: %v", text, err)
		}
	}
	expectFirings(t, bounded(t, "at(2026-11-23T00:00:00)", "UTC", justAfter, ""), "2026-01-01T00:00:00Z", "none")

	last := instant(t, "2199-12-31T23:59:59.999999999Z")
	rate := schedule.Schedule{Expression: expression(t, "rate(1 hour)"), Start: last.Add(-time.Hour)}
	expectPrevious(t, rate, instant(t, "2200-01-01T00:00:00Z"), last)
}
