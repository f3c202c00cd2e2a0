package schedule_test

import (
	"fmt"
	"math/rand/v2"
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

// zoneNames are zones that differ in how and when they change their clocks. The
// corpus of FuzzParse counts on their order.
func zoneNames() []string {
	return []string{
		"UTC", "America/New_York", "Europe/Paris", "Australia/Lord_Howe", "America/Santiago",
		"Africa/Casablanca", "Asia/Kolkata", "Pacific/Apia", "America/St_Johns", "Asia/Tehran",
	}
}

func drawZone(t *rapid.T) *time.Location {
	loc, err := time.LoadLocation(rapid.SampledFrom(zoneNames()).Draw(t, "zone"))
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

// Two months of any year, so that months end and, in many, clocks change; with
// -rapid.checks=10000 all zones are met in nearly all years.
func TestRandomCronsAgreeWithBruteForceForMonths(t *testing.T) {
	crons, firings, compared := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		loc := drawZone(t)
		from := time.Date(rapid.IntRange(1970, 2199).Draw(t, "year"), 1, 1, 0, 0, 0, 0, time.UTC).
			AddDate(0, 0, rapid.IntRange(0, 303).Draw(t, "day"))
		texts := rapid.SliceOfN(rapid.Custom(drawCron), 3, 3).Draw(t, "crons")
		b := newBruteForce(texts, loc, from, from.AddDate(0, 0, 62))
		random := rand.New(rand.NewPCG(1, rapid.Uint64().Draw(t, "seed")))
		for i, text := range texts {
			e, err := schedule.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			crons++
			firings += len(b.firings[i])
			compared += b.compareAll(t, schedule.Schedule{Expression: e, Location: loc}, b.firings[i], random)
		}
	})
	t.Logf("%d crons: %d firings, %d answers compared", crons, firings, compared)
}

// An at is a cron of one minute in one year: it fires when that does, the first
// time where the clocks repeat it and never where they skip it.
func TestAtAgreesWithCron(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		loc, middle := drawZone(t), drawMoment(t)
		local := middle.In(loc).Add(time.Duration(rapid.IntRange(-180, 180).Draw(t, "minutes")) * time.Minute)
		local = local.Add(time.Duration(rapid.SampledFrom([]int{0, 0, 30, 60, 1440}).Draw(t, "forward")) * time.Minute)
		shown := time.Date(local.Year(), local.Month(), local.Day(), local.Hour()+rapid.IntRange(-2, 2).Draw(t, "hours"), local.Minute(), 0, 0, time.UTC)
		at, errAt := schedule.Parse(shown.Format("at(2006-01-02T15:04:05)"))
		cron, errCron := schedule.Parse(shown.Format("cron(4 15 2 1 ? 2006)"))
		if errAt != nil || errCron != nil {
			t.Fatal(errAt, errCron)
		}
		before := shown.Add(-72 * time.Hour)
		got, ok := at.Next(before, loc, time.Time{})
		want, okCron := cron.Next(before, loc, time.Time{})
		if ok != okCron || !got.Equal(want) {
			t.Fatalf("%s in %s fires at %s (%t), %s at %s (%t)", at, loc, got, ok, cron, want, okCron)
		}
		if err := (schedule.Schedule{Expression: at, Location: loc}).Check(); (err == nil) != ok {
			t.Fatalf("%s in %s fires: %t, and Check: %v", at, loc, ok, err)
		}
	})
}

// A rate is as many intervals after its start as can be counted.
func TestRatesAgreeWithCounting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unit := rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, 24 * time.Hour}).Draw(t, "unit")
		n := rapid.IntRange(1, 500).Draw(t, "n")
		words := map[time.Duration]string{time.Minute: "minutes", time.Hour: "hours", 24 * time.Hour: "days"}
		e, err := schedule.Parse(fmt.Sprintf("rate(%d %s)", n, words[unit]))
		if err != nil {
			t.Fatal(err)
		}
		start := drawMoment(t).Add(time.Duration(rapid.Int64Range(0, 6e10).Draw(t, "second")))
		s := schedule.Schedule{Expression: e, Location: drawZone(t), Start: start}
		every := time.Duration(n) * unit
		at := start.Add(time.Duration(rapid.Int64Range(0, int64(50*every)).Draw(t, "after")))
		previous, next := start, start
		for !next.After(at) {
			previous, next = next, next.Add(every)
		}
		if got, ok := s.Next(at); next.Year() < 2199 && (!ok || !got.Equal(next)) {
			t.Fatalf("%s from %s after %s: next %s (%t), counted %s", e, start, at, got, ok, next)
		}
		if got, ok := s.Previous(at); previous.Year() < 2199 && (!ok || !got.Equal(previous)) {
			t.Fatalf("%s from %s at %s: previous %s (%t), counted %s", e, start, at, got, ok, previous)
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
func expectMirror(t reporter, s schedule.Schedule, at time.Time) {
	t.Helper()
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
