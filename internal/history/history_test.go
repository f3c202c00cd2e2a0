package history_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"sagescale/internal/history"
	"sagescale/internal/scaling"
)

func now() time.Time { return time.Date(2026, 11, 23, 10, 3, 17, 0, time.UTC) }

// due is through when datapoints are there.
func due() time.Time { return now().Add(-2 * time.Minute) }

// account has datapoints by their periods, and keeps them as long as CloudWatch does.
type account struct {
	t          *testing.T
	value      func(at time.Time, period time.Duration) float64 // NaN for none
	incomplete string
	err        error
}

func (a account) Read(_ context.Context, queries []scaling.Query, now time.Time) ([]scaling.Series, error) {
	var out []scaling.Series
	for _, q := range queries {
		kept := 15 * 24 * time.Hour
		if q.Metric.Period == 5*time.Minute {
			kept = 63 * 24 * time.Hour
		}
		if now.Sub(q.From) >= kept || q.From.Unix()%300 != 0 {
			a.t.Errorf("datapoints of %s from %s are asked for", q.Metric.Period, q.From)
		}
		s := scaling.Series{Metric: q.Metric.Name, DueThrough: due(), Incomplete: a.incomplete}
		for at := q.From; at.Before(now); at = at.Add(q.Metric.Period) {
			if v := a.value(at, q.Metric.Period); !math.IsNaN(v) {
				s.Datapoints = append(s.Datapoints, scaling.Datapoint{Time: at, Value: v})
			}
		}
		slices.Reverse(s.Datapoints) // in any order
		out = append(out, s)
	}
	return out, a.err
}

// perMinute has a value for every minute that is over, but where missing says.
func perMinute(missing func(minute int) bool) func(time.Time, time.Duration) float64 {
	return func(at time.Time, period time.Duration) float64 {
		m := int(at.Sub(due().Truncate(time.Minute)) / time.Minute)
		if m >= 0 || missing(m) {
			return math.NaN()
		}
		return period.Minutes() * float64(at.Day())
	}
}

func read(t *testing.T, a account, days int) history.Load {
	t.Helper()
	a.t = t
	got, err := history.Read(t.Context(), a, "chat", "v", days, now())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func never(int) bool { return false }

func TestRead(t *testing.T) {
	for _, days := range []int{1, 14, 15} {
		got := read(t, account{value: perMinute(never)}, days)
		end := got.Trace.Start.Add(time.Duration(len(got.Trace.Requests)) * time.Minute)
		if !end.Equal(due().Truncate(time.Minute)) || got.Missing+got.Zero+got.Coarse != 0 || got.Trace.Step != time.Minute {
			t.Errorf("%d days: %d minutes to %s, %+v", days, len(got.Trace.Requests), end, got)
		}
		if n := len(got.Trace.Requests); n < days*1440-15 || n > days*1440 {
			t.Errorf("%d days have %d minutes", days, n)
		}
	}
}

// What is older than fifteen days is known by five minutes.
func TestReadLongAgo(t *testing.T) {
	got := read(t, account{value: perMinute(never)}, 63)
	if got.Coarse != 48*1440 || len(got.Trace.Requests) < 63*1440-15 || got.Missing != 0 {
		t.Errorf("%d minutes, %d of them by five, %d missing", len(got.Trace.Requests), got.Coarse, got.Missing)
	}
	for i, r := range got.Trace.Requests {
		if at := got.Trace.Start.Add(time.Duration(i) * time.Minute); r != float64(at.Day()) {
			t.Fatalf("%s has %v requests", at, r)
		}
	}
}

func TestGaps(t *testing.T) {
	for _, c := range []struct {
		name          string
		missing       func(m int) bool // minutes before the end, as negative numbers
		gone, zero, n int
	}{
		{"five minutes", func(m int) bool { return m >= -20 && m < -15 }, 5, 0, 1435},
		{"six minutes", func(m int) bool { return m >= -20 && m < -14 }, 6, 6, 1435},
		{"both", func(m int) bool { return m == -9 || m >= -400 && m < -300 }, 101, 100, 1435},
		{"before the first and after the last", func(m int) bool { return m < -100 || m >= -3 }, 0, 0, 97},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := read(t, account{value: perMinute(c.missing)}, 1)
			if n := len(got.Trace.Requests); got.Missing != c.gone || got.Zero != c.zero || n > c.n || n < c.n-10 {
				t.Errorf("%d missing, %d zero, %d minutes", got.Missing, got.Zero, n)
			}
			zeros := 0
			for _, r := range got.Trace.Requests {
				if math.IsNaN(r) {
					t.Fatal("a minute is unknown")
				}
				if r == 0 {
					zeros++
				}
			}
			if zeros != c.zero {
				t.Errorf("%d minutes without requests", zeros)
			}
		})
	}
}

// A short gap has the mean of its neighbours.
func TestGapIsFilled(t *testing.T) {
	end := due().Truncate(time.Minute)
	values := map[time.Time]float64{end.Add(-5 * time.Minute): 10, end.Add(-2 * time.Minute): 30, end.Add(-time.Minute): -1, end.Add(-4 * time.Minute): math.Inf(1)}
	got := read(t, account{value: func(at time.Time, _ time.Duration) float64 {
		if v, ok := values[at]; ok {
			return v
		}
		return math.NaN()
	}}, 1)
	if !slices.Equal(got.Trace.Requests, []float64{10, 20, 20, 30}) || got.Missing != 2 {
		t.Errorf("got %v, %d missing", got.Trace.Requests, got.Missing)
	}
}

func TestReadFails(t *testing.T) {
	nothing := func(time.Time, time.Duration) float64 { return math.NaN() }
	broken := errors.New("broken")
	for _, c := range []struct {
		name string
		a    account
		want error
		text string
	}{
		{"no datapoint", account{value: nothing}, history.ErrNone, ""},
		{"incomplete", account{value: perMinute(never), incomplete: "CloudWatch says no"}, nil, "read the load: CloudWatch says no"},
		{"no answer", account{value: nothing, err: broken}, broken, "read the load: broken"},
	} {
		c.a.t = t
		_, err := history.Read(t.Context(), c.a, "chat", "v", 20, now())
		if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}

// A minute of which nothing is known stays so, wherever it lies.
func TestBetween(t *testing.T) {
	missing := func(m int) bool { return m == -5 || m == -10 }
	a := account{t: t, value: perMinute(missing)}
	start := time.Date(2026, 11, 23, 9, 41, 30, 0, time.UTC)
	got, err := history.Between(t.Context(), unaligned{a}, "chat", "blue", start, now(), now())
	if err != nil || !got.Start.Equal(start.Truncate(time.Minute)) || got.Step != time.Minute || len(got.Requests) != 22 {
		t.Fatalf("got %+v, %v", got, err)
	}
	for i, v := range got.Requests {
		at := got.Start.Add(time.Duration(i) * time.Minute)
		m := int(at.Sub(due().Truncate(time.Minute)) / time.Minute)
		if want := m < 0 && !missing(m); want != (v == 23) || want == math.IsNaN(v) {
			t.Errorf("%s: %v", at, v)
		}
	}
}

// What is older than two weeks is known by five minutes, and what is older than CloudWatch
// keeps is not known.
func TestBetweenOfLongAgo(t *testing.T) {
	a := account{t: t, value: perMinute(func(int) bool { return false })}
	day := 24 * time.Hour
	for _, tt := range []struct {
		start, end time.Duration // before now
		known      int
	}{
		{20 * day, 10 * day, 14400},
		{20 * day, 19 * day, 1440},
		{70 * day, 60 * day, 4320 - 8},
	} {
		start := now().Add(-tt.start).Truncate(time.Hour).Add(2 * time.Minute)
		got, err := history.Between(t.Context(), unaligned{a}, "chat", "blue", start, start.Add(tt.start-tt.end), now())
		known := 0
		for i, v := range got.Requests {
			if math.IsNaN(v) {
				continue
			}
			known++
			// Five minutes from midnight on are of one day.
			if want := float64(got.Start.Add(time.Duration(i) * time.Minute).Day()); v != want {
				t.Fatalf("%s ago: %v at minute %d, want %v", tt.start, v, i, want)
			}
		}
		if err != nil || known != tt.known {
			t.Errorf("%s ago: %d of %d minutes are known, want %d; %v", tt.start, known, len(got.Requests), tt.known, err)
		}
	}
}

// unaligned is an account that is asked for any minute.
type unaligned struct{ account }

func (u unaligned) Read(ctx context.Context, queries []scaling.Query, end time.Time) ([]scaling.Series, error) {
	var aligned []scaling.Query
	for _, q := range queries {
		q.From = q.From.Truncate(5 * time.Minute)
		aligned = append(aligned, q)
	}
	return u.account.Read(ctx, aligned, end)
}

func TestBetweenOfWhatIsIncomplete(t *testing.T) {
	a := account{t: t, value: perMinute(func(int) bool { return false }), incomplete: "too much"}
	_, err := history.Between(t.Context(), unaligned{a}, "chat", "blue", now().Add(-time.Hour), now(), now())
	if err == nil || !strings.Contains(err.Error(), "read the load: too much") {
		t.Errorf("got %v", err)
	}
}
