package schedule_test

import (
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
}

func newBruteCron(text string) *bruteCron {
	f := strings.Fields(strings.TrimSuffix(strings.TrimPrefix(strings.ToUpper(text), "CRON("), ")"))
	return &bruteCron{
		minute: bruteField(f[0], 0, 59), hour: bruteField(f[1], 0, 23),
		month: bruteField(f[3], 1, 12), year: bruteField(f[5], 1970, 2199),
		date: f[2], weekday: f[4],
	}
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
	names := map[string]int{
		"JAN": 1, "FEB": 2, "MAR": 3, "APR": 4, "MAY": 5, "JUN": 6, "JUL": 7, "AUG": 8, "SEP": 9, "OCT": 10, "NOV": 11, "DEC": 12,
		"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7,
	}
	if n, ok := names[text]; ok {
		return n
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return n
}

// allowsDay reports whether the cron matches on a day, given as its midnight in UTC.
func (b *bruteCron) allowsDay(day time.Time) bool {
	if !b.year[day.Year()] || !b.month[int(day.Month())] {
		return false
	}
	weekday := int(day.Weekday()) + 1
	switch {
	case b.date == "L":
		return day.AddDate(0, 0, 1).Day() == 1
	case b.date == "LW":
		return bruteWorkday(day) && !slices.ContainsFunc([]int{1, 2, 3}, func(later int) bool {
			next := day.AddDate(0, 0, later)
			return next.Month() == day.Month() && bruteWorkday(next)
		})
	case strings.HasSuffix(b.date, "W"):
		return day.Equal(bruteNearest(day, bruteNumber(strings.TrimSuffix(b.date, "W"))))
	case b.date != "?":
		return bruteField(b.date, 1, 31)[day.Day()]
	case b.weekday == "L":
		return weekday == 7
	case strings.HasSuffix(b.weekday, "L"):
		return weekday == bruteNumber(strings.TrimSuffix(b.weekday, "L")) && day.AddDate(0, 0, 7).Month() != day.Month()
	case strings.Contains(b.weekday, "#"):
		parts := strings.Split(b.weekday, "#")
		return weekday == bruteNumber(parts[0]) && (day.Day()+6)/7 == bruteNumber(parts[1])
	}
	return bruteField(b.weekday, 1, 7)[weekday]
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
	start := from.Add(-48 * time.Hour)
	_, before := start.In(loc).Zone()
	var latest, today int64 // that a clock has shown
	allowed := make([]bool, len(texts))
	for at := start.Unix(); at <= to.Unix(); at += 60 {
		_, offset := time.Unix(at, 0).In(loc).Zone()
		if offset != before {
			before, b.changes = offset, append(b.changes, at)
		}
		shown := at + int64(offset)
		if shown <= latest && at > start.Unix() {
			continue // shown before
		}
		latest = shown
		if day := shown / 86400; day != today {
			today = day
			for i, cron := range crons {
				allowed[i] = cron.allowsDay(time.Unix(day*86400, 0).UTC())
			}
		}
		minute, hour := shown/60%60, shown/3600%24
		for i, cron := range crons {
			if allowed[i] && cron.hour[hour] && cron.minute[minute] && at >= from.Unix() {
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

// moments returns the times to compare at: beside firings, around each change of
// the clocks, and anywhere.
func (b bruteForce) moments(firings []int64, random *rand.Rand) []time.Time {
	var moments []time.Time
	for _, unix := range b.changes {
		change := time.Unix(unix, 0)
		for range 60 {
			moments = append(moments, change.Add(time.Duration(random.Int64N(int64(16*time.Hour)))-8*time.Hour))
		}
		moments = append(moments, change.Add(-1), change, change.Add(1))
	}
	for i := range min(len(firings), 150) {
		if len(firings) > 150 {
			i = random.IntN(len(firings))
		}
		firing := time.Unix(firings[i], 0)
		moments = append(moments, firing.Add(-1), firing, firing.Add(1))
	}
	for range 50 {
		moments = append(moments, b.from.Add(time.Duration(random.Int64N(int64(b.to.Sub(b.from))))))
	}
	return slices.DeleteFunc(moments, func(m time.Time) bool { return m.Before(b.from) || m.After(b.to) })
}

func TestWholeYearsAgreeWithBruteForce(t *testing.T) {
	texts := []string{
		"cron(* * * * ? *)",
		"cron(0/15 * * * ? *)",
		"cron(30 2 * * ? *)",
		"cron(0 0 * * ? *)",
		"cron(59 23 L * ? *)",
		"cron(0 8 1W * ? *)",
		"cron(0 8 31W * ? *)",
		"cron(0 8 15W JAN-JUN ? *)",
		"cron(0 8 LW * ? *)",
		"cron(30 1 ? * SUN *)",
		"cron(15 10 ? * 6L *)",
		"cron(15 10 ? * L *)",
		"cron(0 9 ? * 2#1 *)",
		"cron(5 3 ? * SAT#5 *)",
		"cron(0 12 29 FEB ? *)",
		"cron(0/5 8-17 ? * MON-FRI *)",
		"cron(7-50/9 1-3,23 */9 3,10-12 ? 1971-2199/3)",
	}
	years := []struct {
		zone string
		year int
	}{
		{"America/New_York", 2026},
		{"Europe/Paris", 2024},
		{"Australia/Lord_Howe", 2027},
		{"America/Santiago", 2026},
		{"Africa/Casablanca", 2025},
		{"Asia/Kolkata", 2100},
		{"Pacific/Apia", 2011},
		{"Europe/Warsaw", 2040}, // a leap year after the last change in the zone database
	}
	for _, tt := range years {
		t.Run(tt.zone, func(t *testing.T) {
			loc := zone(t, tt.zone)
			from := time.Date(tt.year, 1, 1, 0, 0, 0, 0, time.UTC)
			b := newBruteForce(texts, loc, from, from.AddDate(1, 0, 0))
			random := rand.New(rand.NewPCG(1, uint64(tt.year)))
			for i, text := range texts {
				s := schedule.Schedule{Expression: expression(t, text), Location: loc}
				for _, at := range b.moments(b.firings[i], random) {
					b.compare(t, s, b.firings[i], at)
				}
			}
		})
	}
}
