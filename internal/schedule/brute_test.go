package schedule_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sagescale/internal/schedule"
)

// The brute-force evaluator shares no code and no idea with the package: it
// looks at every minute of a period, reads the clock on the wall, and asks of
// each field whether it allows what the clock shows.

// bruteCron is a cron as tables of what it allows.
type bruteCron struct {
	minute, hour, month, year []bool
	date, weekday             string
	dates, weekdays           []bool // nil for the forms with L, W, # and ?
}

func newBruteCron(text string) *bruteCron {
	f := strings.Fields(strings.TrimSuffix(strings.TrimPrefix(strings.ToUpper(text), "CRON("), ")"))
	b := &bruteCron{
		minute: bruteField(f[0], 0, 59), hour: bruteField(f[1], 0, 23),
		month: bruteField(f[3], 1, 12), year: bruteField(f[5], 1970, 2199),
		date: f[2], weekday: f[4],
	}
	if !strings.ContainsAny(b.date, "?LW") {
		b.dates = bruteField(b.date, 1, 31)
	}
	if !strings.ContainsAny(b.weekday, "?L#") {
		b.weekdays = bruteField(b.weekday, 1, 7)
	}
	return b
}

func bruteField(text string, low, high int) []bool {
	allowed := make([]bool, high+1)
	for n := low; n <= high; n++ {
		for part := range strings.SplitSeq(text, ",") {
			if bruteAllows(part, n, low, high) {
				allowed[n] = true
			}
		}
	}
	return allowed
}

func bruteAllows(part string, n, low, high int) bool {
	every := 1
	if slash := strings.Index(part, "/"); slash >= 0 {
		every = bruteNumber(part[slash+1:])
		if part = part[:slash]; !strings.ContainsAny(part, "-*") {
			part += "-" + strconv.Itoa(high)
		}
	}
	if part == "*" {
		return (n-low)%every == 0
	}
	ends := strings.Split(part, "-")
	from, to := bruteNumber(ends[0]), bruteNumber(ends[len(ends)-1])
	return n >= from && n <= to && (n-from)%every == 0
}

func bruteNumber(text string) int {
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	names := map[string]int{
		"JAN": 1, "FEB": 2, "MAR": 3, "APR": 4, "MAY": 5, "JUN": 6, "JUL": 7, "AUG": 8, "SEP": 9, "OCT": 10, "NOV": 11, "DEC": 12,
		"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7,
	}
	n, known := names[text]
	if !known {
		panic(text + " is neither a number nor a name")
	}
	return n
}

// allowsDay reports whether the cron matches on a day, given as its midnight in UTC.
func (b *bruteCron) allowsDay(day time.Time) bool {
	if day.Year() >= len(b.year) || !b.year[day.Year()] || !b.month[int(day.Month())] {
		return false
	}
	weekday := int(day.Weekday()) + 1
	switch {
	case b.dates != nil:
		return b.dates[day.Day()]
	case b.weekdays != nil:
		return b.weekdays[weekday]
	case b.date == "L":
		return day.AddDate(0, 0, 1).Day() == 1
	case b.date == "LW":
		return bruteWorkday(day) && !slices.ContainsFunc([]int{1, 2, 3}, func(later int) bool {
			next := day.AddDate(0, 0, later)
			return next.Month() == day.Month() && bruteWorkday(next)
		})
	case strings.HasSuffix(b.date, "W"):
		n := bruteNumber(strings.TrimSuffix(b.date, "W"))
		return max(day.Day()-n, n-day.Day()) < 3 && day.Equal(bruteNearest(day, n))
	case b.weekday == "L":
		return weekday == 7
	case strings.HasSuffix(b.weekday, "L"):
		return weekday == bruteNumber(strings.TrimSuffix(b.weekday, "L")) && day.AddDate(0, 0, 7).Month() != day.Month()
	}
	parts := strings.Split(b.weekday, "#")
	return weekday == bruteNumber(parts[0]) && (day.Day()+6)/7 == bruteNumber(parts[1])
}

func bruteWorkday(day time.Time) bool {
	return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday
}

// bruteNearest returns the working day of the month that is the fewest days
// away from the n-th; the zero time when the month has no n-th.
func bruteNearest(month time.Time, n int) time.Time {
	var best time.Time
	fewest := 99
	exists := false
	for d := 1; d <= 31; d++ {
		day := time.Date(month.Year(), month.Month(), d, 0, 0, 0, 0, time.UTC)
		if day.Month() != month.Month() {
			break
		}
		exists = exists || d == n
		if away := max(d-n, n-d); bruteWorkday(day) && away < fewest {
			best, fewest = day, away
		}
	}
	if !exists {
		return time.Time{}
	}
	return best
}

// bruteForce holds all firings of crons in a zone within a period, by looking
// at each of its minutes. Times are Unix seconds.
type bruteForce struct {
	from, to time.Time
	firings  [][]int64 // of each cron
	changes  []int64   // when the zone changed its offset
}

func newBruteForce(texts []string, loc *time.Location, from, to time.Time) bruteForce {
	crons := make([]*bruteCron, len(texts))
	for i, text := range texts {
		crons[i] = newBruteCron(text)
	}
	b := bruteForce{from: from, to: to, firings: make([][]int64, len(texts))}
	start := from.Add(-48 * time.Hour).Truncate(time.Minute)
	_, before := start.In(loc).Zone()
	latest, today := int64(math.MinInt64), int64(math.MinInt64) // that a clock has shown
	allowed := make([]int, 0, len(texts))                       // today
	for at := start.Unix(); at <= to.Unix(); at += 60 {
		_, offset := time.Unix(at, 0).In(loc).Zone()
		if offset != before {
			before, b.changes = offset, append(b.changes, at)
		}
		shown := at + int64(offset)
		if shown <= latest {
			continue // shown before
		}
		latest = shown
		if shown < 0 {
			continue // before the first year
		}
		if day := shown / 86400; day != today {
			today, allowed = day, allowed[:0]
			for i, cron := range crons {
				if cron.allowsDay(time.Unix(day*86400, 0).UTC()) {
					allowed = append(allowed, i)
				}
			}
		}
		minute, hour := shown/60%60, shown/3600%24
		for _, i := range allowed {
			if crons[i].hour[hour] && crons[i].minute[minute] && at >= from.Unix() {
				b.firings[i] = append(b.firings[i], at)
			}
		}
	}
	return b
}

// reporter is what *testing.T and *rapid.T have in common.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// compare reports where Next or Previous at a time is not what the list says.
func (b bruteForce) compare(t reporter, s schedule.Schedule, firings []int64, at time.Time) {
	t.Helper()
	after, _ := slices.BinarySearchFunc(firings, at.Add(1), func(firing int64, t time.Time) int {
		return time.Unix(firing, 0).Compare(t)
	})
	next, ok := s.Next(at)
	switch {
	case after < len(firings) && (!ok || !next.Equal(time.Unix(firings[after], 0))):
		t.Errorf("%s in %s after %s: next %s (%t), brute force %d", s.Expression, s.Location, at, next, ok, firings[after])
	case after == len(firings) && ok && !next.After(b.to):
		t.Errorf("%s in %s after %s: next %s, brute force none", s.Expression, s.Location, at, next)
	}
	previous, ok := s.Previous(at)
	switch {
	case after > 0 && (!ok || !previous.Equal(time.Unix(firings[after-1], 0))):
		t.Errorf("%s in %s at %s: previous %s (%t), brute force %d", s.Expression, s.Location, at, previous, ok, firings[after-1])
	case after == 0 && ok && !previous.Before(b.from):
		t.Errorf("%s in %s at %s: previous %s, brute force none", s.Expression, s.Location, at, previous)
	}
}

// walk follows Next through a period, and Previous back, and reports where they
// see other firings than those listed. It returns how many it has compared.
func (b bruteForce) walk(t reporter, s schedule.Schedule, firings []int64, from, to time.Time) int {
	t.Helper()
	first, _ := slices.BinarySearch(firings, from.Unix())
	end, _ := slices.BinarySearch(firings, to.Unix()+1)
	between := firings[first:end]
	at := from.Add(-1)
	for _, unix := range between {
		next, ok := s.Next(at)
		if !ok || next.Unix() != unix {
			t.Errorf("%s in %s after %s: next %s (%t), brute force %d", s.Expression, s.Location, at, next, ok, unix)
			return 0
		}
		at = next
	}
	if next, ok := s.Next(at); ok && !next.After(to) {
		t.Errorf("%s in %s after %s: next %s, brute force none", s.Expression, s.Location, at, next)
	}
	at = to
	for _, unix := range slices.Backward(between) {
		previous, ok := s.Previous(at)
		if !ok || previous.Unix() != unix {
			t.Errorf("%s in %s at %s: previous %s (%t), brute force %d", s.Expression, s.Location, at, previous, ok, unix)
			return 0
		}
		at = previous.Add(-1)
	}
	if previous, ok := s.Previous(at); ok && !previous.Before(from) {
		t.Errorf("%s in %s at %s: previous %s, brute force none", s.Expression, s.Location, at, previous)
	}
	return 2 * len(between)
}

// compareAll compares a cron in all of the period: firing by firing, of one that
// fires all the time those around the changes of the clocks; and at moments that
// are no firings. It returns how many firings it has compared.
func (b bruteForce) compareAll(t reporter, s schedule.Schedule, firings []int64, random *rand.Rand) int {
	t.Helper()
	compared := 0
	if len(firings) <= 9000 { // hourly
		compared += b.walk(t, s, firings, b.from, b.to)
	} else {
		for _, change := range b.changes {
			from, to := time.Unix(change, 0).Add(-3*time.Hour), time.Unix(change, 0).Add(3*time.Hour)
			compared += b.walk(t, s, firings, later(from, b.from), earlier(to, b.to))
		}
	}
	moments := b.moments(firings, random)
	for _, at := range moments {
		b.compare(t, s, firings, at)
	}
	return compared + 2*len(moments)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// moments returns the times to compare at: beside firings, around each change of
// the clocks, and anywhere.
func (b bruteForce) moments(firings []int64, random *rand.Rand) []time.Time {
	var moments []time.Time
	for _, unix := range b.changes {
		change := time.Unix(unix, 0)
		for range 30 {
			moments = append(moments, change.Add(time.Duration(random.Int64N(int64(16*time.Hour)))-8*time.Hour))
		}
		moments = append(moments, change.Add(-1), change, change.Add(1))
	}
	for range min(len(firings), 30) {
		firing := time.Unix(firings[random.IntN(len(firings))], 0)
		moments = append(moments, firing.Add(-1), firing, firing.Add(1))
	}
	for range 30 {
		moments = append(moments, b.from.Add(time.Duration(random.Int64N(int64(b.to.Sub(b.from))))))
	}
	return slices.DeleteFunc(moments, func(m time.Time) bool { return m.Before(b.from) || m.After(b.to) })
}

// clockRule says how clocks change in a year of a zone, such as "second Sunday
// March 02:00 +1h0m0s, first Sunday November 02:00 -1h0m0s". Years of the same rule
// say the same.
func clockRule(loc *time.Location, year int) string {
	var changes []string
	for at := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() == year; at = at.AddDate(0, 0, 1) {
		_, before := at.In(loc).Zone()
		if _, after := at.AddDate(0, 0, 1).In(loc).Zone(); after == before {
			continue
		}
		for change := at; change.Before(at.AddDate(0, 0, 1)); change = change.Add(time.Minute) {
			_, offset := change.In(loc).Zone()
			if offset == before {
				continue
			}
			shown := change.Add(time.Duration(before) * time.Second)
			forward := time.Duration(offset-before) * time.Second
			changes = append(changes, fmt.Sprintf("%s %s %s", weekOf(shown), shown.Format("Monday January 15:04"), forward))
			before = offset
		}
	}
	return strings.Join(changes, ", ")
}

// weekOf says which of its weekdays a day is in its month: the last before the
// fourth.
func weekOf(day time.Time) string {
	if day.AddDate(0, 0, 7).Month() != day.Month() {
		return "last"
	}
	return []string{"first", "second", "third", "fourth"}[(day.Day()-1)/7]
}

// yearsOfEveryRule returns the first year of each rule that a zone has, and the
// years of odd lengths.
func yearsOfEveryRule(loc *time.Location) []int {
	years := []int{
		2000, // a leap year, though a century
		2040, // a leap year, beyond the changes that the zone database lists one by one
		2100, // a century, and no leap year
	}
	seen := map[string]bool{}
	for year := 1970; year < 2200; year++ {
		if rule := clockRule(loc, year); !seen[rule] {
			seen[rule], years = true, append(years, year)
		}
	}
	slices.Sort(years)
	return slices.Compact(years)
}

// handPickedCrons has every form of every field.
func handPickedCrons() []string {
	return []string{
		"cron(* * * * ? *)",
		"cron(0/15 * * * ? *)",
		"cron(30 2 * * ? *)",
		"cron(30 1 ? * SUN *)",
		"cron(0/20 0-3,23 * * ? *)",
		"cron(0 0 * * ? *)",
		"cron(0/5 8-17 ? * MON-FRI *)",
		"cron(7-50/9 1-3,23 */9 3,10-12 ? 1971-2199/3)",
		"cron(*/25 */7 5/6,31 JAN-mar,Sep/2 ? *)",
		"cron(0 12 ? 3-5,SEP-NOV 1,7 2000/4)",
		"cron(0 12 29 FEB ? *)",
		"cron(0 12 30-31 4,6,12 ? *)",
		"cron(0 0 1 1 ? *)",
		"cron(59 23 31 12 ? *)",
		"cron(59 23 L * ? *)",
		"cron(0 2 L 2 ? *)",
		"cron(0 8 LW * ? *)",
		"cron(0 8 1W * ? *)",
		"cron(0 8 15W JAN-JUN ? *)",
		"cron(0 8 29W * ? *)",
		"cron(0 8 31W * ? *)",
		"cron(15 10 ? * L *)",
		"cron(15 10 ? * 6L *)",
		"cron(0 2 ? * SUNL *)",
		"cron(0 9 ? * 2#1 *)",
		"cron(0 2 ? MAR,nov sun#2 *)",
		"cron(5 3 ? * SAT#5 *)",
		"cron(5 3 ? FEB TUE#5 *)",
	}
}

// dayForms are the choices of days that no zone is needed for: each form of L, W
// and #, the ends of months, leap days, and years far apart.
func dayForms() []string {
	forms := []string{
		"L * ? *", "LW * ? *", "? * L *", "? * MON-FRI *", "29 2 ? *", "31 * ? *", "29-31 1-3 ? *",
		"1 1 ? 1970,2033,2034,2199", "L FEB ? 2000-2199/100", "28/3 2 ? 1972/8", "? FEB SUN#5 *", "LW 2 ? 1999,2099",
		"1 7 ? 2199", "31 12 ? 1970", "*/15 */5 ? 1970/64",
	}
	for _, n := range []int{1, 2, 3, 14, 28, 29, 30, 31} {
		forms = append(forms, fmt.Sprintf("%dW * ? *", n))
	}
	for weekday := 1; weekday <= 7; weekday++ {
		forms = append(forms, fmt.Sprintf("? * %dL *", weekday))
		for k := 1; k <= 5; k++ {
			forms = append(forms, fmt.Sprintf("? * %d#%d *", weekday, k))
		}
	}
	return forms
}

// All days from the first year to the last, so all lengths of months, all
// weekdays that they begin with, and the leap years but 2100.
//
// Faults: F5
func TestAllDaysAgreeWithBruteForce(t *testing.T) {
	from := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	to := time.Date(2199, 12, 31, 23, 59, 0, 0, time.UTC)
	texts := dayForms()
	crons, days := make([]*bruteCron, len(texts)), make([][]int64, len(texts))
	for i, form := range texts {
		texts[i] = "cron(30 6 " + form + ")"
		crons[i] = newBruteCron(texts[i])
	}
	for unix := from.Unix(); unix < to.Unix(); unix += 86400 {
		day := time.Unix(unix, 0).UTC()
		for i, cron := range crons {
			if cron.allowsDay(day) {
				days[i] = append(days[i], unix+6*3600+30*60)
			}
		}
	}
	b, firings, compared := bruteForce{from: from, to: to}, 0, 0
	for i, text := range texts {
		s := schedule.Schedule{Expression: expression(t, text)}
		firings += len(days[i])
		compared += b.walk(t, s, days[i], from, to)
		for at := from; at.Before(to); at = at.AddDate(1, 3, 3) {
			b.compare(t, s, days[i], at)
			compared += 2
		}
	}
	t.Logf("%d crons: %d firings, %d answers compared", len(texts), firings, compared)
}

// The zones differ in all that clocks may do; the years of each are the first of
// every rule that it has had since 1970.
//
//   - New York: last Sunday of April until 1986, but January 6, 1974 and February
//     23, 1975; first Sunday of April from 1987, second of March from 2007.
//   - Paris: none until 1976, with its own days until 1980, to the last Sunday of
//     September until 1995, of October since.
//   - Santiago: southern, at midnight, by eighteen rules; none in 2015.
//   - Lord Howe: southern; one hour from 1981, half an hour from 1985.
//   - Apia: none, then southern from 2010, the day of December 30, 2011 left out,
//     none again from 2021.
//
// Casablanca, which puts its clocks back in Ramadan, has a rule of its own in nearly
// every year: random crons go there.
//
// Faults: F5
func TestYearsOfEveryRuleAgreeWithBruteForce(t *testing.T) {
	texts := handPickedCrons()
	for _, tt := range []struct {
		zone  string
		rules int // at least
	}{
		{"America/New_York", 5},
		{"Europe/Paris", 6},
		{"America/Santiago", 18},
		{"Australia/Lord_Howe", 11},
		{"Pacific/Apia", 5},
	} {
		t.Run(tt.zone, func(t *testing.T) {
			loc := zone(t, tt.zone)
			years, firings, compared := yearsOfEveryRule(loc), 0, 0
			if len(years) < tt.rules {
				t.Errorf("years %v for %d rules", years, tt.rules)
			}
			if testing.Short() {
				years = years[len(years)-2:]
			}
			for _, year := range years {
				from := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
				b := newBruteForce(texts, loc, from, from.AddDate(1, 0, 0))
				random := rand.New(rand.NewPCG(1, uint64(year)))
				for i, text := range texts {
					s := schedule.Schedule{Expression: expression(t, text), Location: loc}
					firings += len(b.firings[i])
					compared += b.compareAll(t, s, b.firings[i], random)
				}
			}
			t.Logf("%d crons in the years %v: %d firings, %d answers compared", len(texts), years, firings, compared)
		})
	}
}
