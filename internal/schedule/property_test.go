package schedule_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sagescale/internal/schedule"
)

// drawField draws a field of values, ranges, steps and lists of them.
func drawField(t *rapid.T, name string, low, high int, steps bool) string {
	element := rapid.Custom(func(t *rapid.T) string {
		from := rapid.IntRange(low, high).Draw(t, "from")
		to := rapid.IntRange(from, high).Draw(t, "to")
		text := rapid.SampledFrom([]string{"*", "*", fmt.Sprint(from), fmt.Sprintf("%d-%d", from, to)}).Draw(t, "span")
		if steps && rapid.Bool().Draw(t, "stepped") {
			text += fmt.Sprintf("/%d", rapid.IntRange(1, high-low+1).Draw(t, "step"))
		}
		return text
	})
	return strings.Join(rapid.SliceOfN(element, 1, 3).Draw(t, name), ",")
}

// drawDays draws day-of-month and day-of-week.
func drawDays(t *rapid.T) (date, weekday string) {
	n := rapid.IntRange(1, 31).Draw(t, "date")
	day := rapid.SampledFrom([]string{"1", "2", "3", "4", "5", "6", "7", "SUN", "mon", "Sat"}).Draw(t, "weekday")
	switch rapid.IntRange(0, 7).Draw(t, "rule") {
	case 0:
		return "L", "?"
	case 1:
		return "LW", "?"
	case 2:
		return fmt.Sprintf("%dW", n), "?"
	case 3:
		return "?", day + "L"
	case 4:
		return "?", fmt.Sprintf("%s#%d", day, rapid.IntRange(1, 5).Draw(t, "nth"))
	case 5:
		return "?", drawField(t, "days of the week", 1, 7, false)
	}
	return drawField(t, "days of the month", 1, 31, true), "?"
}

func drawCron(t *rapid.T) string {
	date, weekday := drawDays(t)
	years := rapid.SampledFrom([]string{"*", "*", "2000-2199", "1970/2", "2026,2027"}).Draw(t, "years")
	return fmt.Sprintf("cron(%s %s %s %s %s %s)",
		drawField(t, "minutes", 0, 59, true), drawField(t, "hours", 0, 23, true), date,
		drawField(t, "months", 1, 12, true), weekday, years)
}

// drawMoment draws a time between 1970 and 2199, often near a change of the clocks.
func drawMoment(t *rapid.T) time.Time {
	changes := []int64{
		1325239200, // Samoa skips a day
		1772953200, // spring in New York
		1792890000, // autumn in Paris
		1791039600, // spring on Lord Howe
		1775358000, // autumn in Santiago
		2240568000, // the last day of a leap year
	}
	if rapid.Bool().Draw(t, "near a change") {
		return time.Unix(rapid.SampledFrom(changes).Draw(t, "change"), 0)
	}
	return time.Unix(rapid.Int64Range(500000, 7257600000).Draw(t, "seconds"), 0).Truncate(time.Minute)
}

func drawZone(t *rapid.T) *time.Location {
	loc, err := time.LoadLocation(rapid.SampledFrom([]string{
		"UTC", "America/New_York", "Europe/Paris", "Australia/Lord_Howe", "America/Santiago",
		"Africa/Casablanca", "Asia/Kolkata", "Pacific/Apia", "America/St_Johns",
	}).Draw(t, "zone"))
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestRandomCronsAgreeWithBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, loc, middle := drawCron(t), drawZone(t), drawMoment(t)
		e, err := schedule.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		s := schedule.Schedule{Expression: e, Location: loc}
		b := newBruteForce([]string{text}, loc, middle.Add(-24*time.Hour), middle.Add(36*time.Hour))
		for range 20 {
			after := rapid.Int64Range(0, int64(60*time.Hour)).Draw(t, "after")
			b.compare(t, s, b.firings[0], b.from.Add(time.Duration(after)))
		}
		for _, unix := range b.firings[0][:min(20, len(b.firings[0]))] {
			firing := time.Unix(unix, 0)
			b.compare(t, s, b.firings[0], firing)
			b.compare(t, s, b.firings[0], firing.Add(-1))
		}
	})
}

func TestNextAndPreviousAreMirrors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawCron(t)
		if rapid.IntRange(0, 3).Draw(t, "rate") == 0 {
			text = fmt.Sprintf("rate(%d hours)", rapid.IntRange(2, 100000).Draw(t, "hours"))
		}
		e, err := schedule.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		s := schedule.Schedule{Expression: e, Location: drawZone(t)}
		at := drawMoment(t)
		if rapid.Bool().Draw(t, "bounded") {
			s.Start = at.Add(time.Duration(rapid.Int64Range(-1e18, 1e18).Draw(t, "start")))
			s.End = s.Start.Add(time.Duration(rapid.Int64Range(0, 1e18).Draw(t, "length")))
		}
		expectMirror(t, s, at)
	})
}

// expectMirror checks what must hold between Next and Previous at any time.
func expectMirror(t *rapid.T, s schedule.Schedule, at time.Time) {
	next, ok := s.Next(at)
	if ok {
		if !next.After(at) {
			t.Fatalf("next %s is not after %s", next, at)
		}
		if back, ok := s.Previous(next); !ok || !back.Equal(next) {
			t.Fatalf("previous of firing %s is %s (%t)", next, back, ok)
		}
		if again, ok := s.Next(next.Add(-1)); !ok || !again.Equal(next) {
			t.Fatalf("next just before firing %s is %s (%t)", next, again, ok)
		}
	}
	previous, okBack := s.Previous(at)
	if !okBack {
		return
	}
	if previous.After(at) {
		t.Fatalf("previous %s is after %s", previous, at)
	}
	if same, okSame := s.Next(previous); okSame != ok || !same.Equal(next) {
		t.Fatalf("next after previous firing %s is %s (%t), after %s it is %s (%t)", previous, same, okSame, at, next, ok)
	}
}
