package trace_test

import (
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"sagescale/internal/trace"
)

func TestRead(t *testing.T) {
	monday := trace.Epoch()
	if monday.Weekday() != time.Monday {
		t.Fatalf("the epoch is a %s", monday.Weekday())
	}
	for _, c := range []struct {
		name, text string
		want       trace.Trace
	}{
		{"dates", "timestamp,requests\n2026-05-10T00:01:00+01:00,3\n2026-05-10T00:02:00+01:00,4.5\n",
			trace.Trace{Start: time.Date(2026, 5, 9, 23, 1, 0, 0, time.UTC), Step: time.Minute, Requests: []float64{3, 4.5}}},
		{"seconds, 10 s", "timestamp,requests\n0,1\n10,2\n20,1e3\n",
			trace.Trace{Start: monday, Step: 10 * time.Second, Requests: []float64{1, 2, 1000}}},
		{"5 min, not from 0", "timestamp,requests\n300,1\n600,2\n",
			trace.Trace{Start: monday.Add(5 * time.Minute), Step: 5 * time.Minute, Requests: []float64{1, 2}}},
		{"other columns, order, byte order mark, CRLF, quotes", "\xef\xbb\xbfa,requests,\"timestamp\"\r\nx,1,0\r\ny,2,60\r\n",
			trace.Trace{Start: monday, Step: time.Minute, Requests: []float64{1, 2}}},
		{"one row", "timestamp,requests\n0,7", trace.Trace{Start: monday, Step: time.Minute, Requests: []float64{7}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := trace.Read("load.csv", strings.NewReader(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if !got.Start.Equal(c.want.Start) || got.Step != c.want.Step || !slices.Equal(got.Requests, c.want.Requests) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestReadFaults(t *testing.T) {
	const head = "timestamp,requests\n"
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "load.csv:1:1: the file is empty: it must begin with the header timestamp,requests"},
		{"header only", head, "load.csv:1:1: the trace has no row after its header"},
		{"no header", "0,1\n60,2\n", `load.csv:1:1: header: "0,1": must have one column timestamp`},
		{"column twice", "timestamp,requests,requests\n", `load.csv:1:1: header: "timestamp,requests,requests": must have one column requests`},
		{"ragged", head + "0,1\n60\n", "load.csv:3:1: wrong number of fields"},
		{"quote", head + "0,1\n60,\"2\n", `load.csv:3:7: extraneous or missing " in quoted-field`},
		{"no time", head + "yesterday,1\n", `load.csv:2:1: timestamp: "yesterday": must be as in RFC 3339, such as 2026-11-23T00:00:00Z, or whole seconds from the start, all rows alike`},
		{"no zone", head + "2026-11-23T00:00:00,1\n", `load.csv:2:1: timestamp: "2026-11-23T00:00:00": must be as in`},
		{"negative time", head + "-60,1\n", `load.csv:2:1: timestamp: "-60": must be as in`},
		{"mixed", head + "2026-11-23T00:00:00Z,1\n60,1\n", `load.csv:3:1: timestamp: "60": must be a time of 1970 to 2199`},
		{"year", head + "0001-01-01T00:00:00Z,1\n", "must be a time of 1970 to 2199"},
		{"unsorted", head + "0,1\n120,1\n60,1\n", `load.csv:4:1: timestamp: "60": must be after the one before, 2026-11-23T00:02:00Z`},
		{"twice", head + "0,1\n0,1\n", `load.csv:3:1: timestamp: "0": must be after`},
		{"uneven", head + "0,1\n60,1\n121,1\n", `load.csv:4:1: timestamp: "121": is 1m1s after the one before: all steps must be 1m0s as the first`},
		{"odd step", head + "0,1\n7,1\n", `load.csv:3:1: timestamp: "7": is 7s after the one before: a step must divide a minute or be whole minutes up to an hour`},
		{"90 s", head + "0,1\n90,1\n", "is 1m30s after the one before: a step must"},
		{"2 h", head + "0,1\n7200,1\n", "is 2h0m0s after the one before: a step must"},
		{"parts of a second", head + "2026-11-23T00:00:00Z,1\n2026-11-23T00:00:00.5Z,1\n", "is 500ms after the one before"},
		{"no number", head + "0,many\n", `load.csv:2:3: requests: "many": must be a decimal number`},
		{"nothing", head + "0,\n", `load.csv:2:3: requests: "": must be a decimal number`},
		{"hexadecimal", head + "0,0x10p0\n", "must be a decimal number"},
		{"negative", head + "0,1\n60,-3\n", `load.csv:3:4: requests: "-3": must be a number from 0 to 1e12`},
		{"NaN", head + "0,NaN\n", `load.csv:2:3: requests: "NaN": must be a number from 0 to 1e12`},
		{"infinite", head + "0,Inf\n", "must be a number from 0 to 1e12"},
		{"absurd", head + "0,1e13\n", "must be a number from 0 to 1e12"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := trace.Read("load.csv", strings.NewReader(c.text))
			var fault *trace.Fault
			if !errors.As(err, &fault) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestReadTooLarge(t *testing.T) {
	_, err := trace.Read("load.csv", io.MultiReader(strings.NewReader("timestamp,requests\n0,"), endless{}))
	if err == nil || !strings.Contains(err.Error(), "larger than 64 MiB") {
		t.Errorf("got %v", err)
	}
	long := strings.NewReader("timestamp,requests\n" + strings.Repeat("\n", 10))
	if _, err := trace.Read("load.csv", long); err == nil {
		t.Error("a trace of empty lines is read")
	}
}

// endless is a file that never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '1'
	}
	return len(p), nil
}

func TestReadFails(t *testing.T) {
	broken := io.MultiReader(strings.NewReader("timestamp,requests\n0,1\n"), iotest.ErrReader(io.ErrClosedPipe))
	_, err := trace.Read("load.csv", broken)
	var fault *trace.Fault
	if !errors.Is(err, io.ErrClosedPipe) || errors.As(err, &fault) {
		t.Errorf("got %v, want the error of the reader", err)
	}
}

// FuzzRead checks that whatever is read is a trace: even, finite, and with
// something in it.
func FuzzRead(f *testing.F) {
	f.Add("timestamp,requests\n0,1\n60,2\n")
	f.Add("timestamp,requests\n2026-11-23T00:00:00Z,1\n2026-11-23T00:00:10Z,0\n")
	f.Add("\xef\xbb\xbfrequests,timestamp\r\n\"1\",0\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := trace.Read("load.csv", strings.NewReader(text))
		if err != nil {
			if msg := err.Error(); !strings.HasPrefix(msg, "load.csv:") {
				t.Errorf("no place in %q", msg)
			}
			return
		}
		if len(got.Requests) == 0 || len(got.Minutes().Requests) == 0 || got.Start.IsZero() || got.Step < time.Second {
			t.Errorf("got %v", got)
		}
		for _, r := range got.Requests {
			if !(r >= 0) || math.IsInf(r, 0) {
				t.Errorf("%v requests", r)
			}
		}
	})
}

func TestMinutesKeepTheTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		load := trace.Trace{
			Start:    trace.Epoch().Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "offset")) * time.Second),
			Step:     rapid.SampledFrom([]time.Duration{time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, time.Hour}).Draw(t, "step"),
			Requests: rapid.SliceOfN(rapid.Float64Range(0, 1000), 1, 100).Draw(t, "requests"),
		}
		got := load.Minutes()
		if math.Abs(got.Total()-load.Total()) > 1e-6 || got.Step != time.Minute || got.Start.Unix()%60 != 0 {
			t.Fatalf("%v became %v", load, got)
		}
		minutes := (time.Duration(len(load.Requests))*load.Step + time.Minute - 1) / time.Minute
		if len(got.Requests) != int(minutes) {
			t.Fatalf("%d minutes, want %d", len(got.Requests), minutes)
		}
	})
}

func TestQuantile(t *testing.T) {
	load := trace.Trace{Requests: []float64{4, 1, 3, 2}}
	for q, want := range map[float64]float64{0.001: 1, 0.25: 1, 0.26: 2, 0.5: 2, 0.999: 4, 1: 4} {
		if got := load.Quantile(q); got != want {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	if got := (trace.Trace{}).Quantile(0.5); got != 0 {
		t.Errorf("the quantile of nothing is %v", got)
	}
}

func TestDay(t *testing.T) {
	day := trace.Day(1)
	if !slices.Equal(day.Requests, trace.Day(1).Requests) || slices.Equal(day.Requests, trace.Day(2).Requests) {
		t.Error("a day does not hang on its seed alone")
	}
	hour := func(h int) float64 { return trace.Trace{Requests: day.Requests[h*60 : h*60+60]}.Total() / 60 }
	if len(day.Requests) != 1440 || hour(3) > 500 || hour(10) < 5000 || hour(12) > 0.7*hour(10) || hour(15) < 1.5*hour(12) {
		t.Errorf("no quiet night and two peaks: %v %v %v %v", hour(3), hour(10), hour(12), hour(15))
	}
	if before, crowd := day.Requests[20*60+14], day.Requests[20*60+20]; crowd < 2.5*before {
		t.Errorf("no crowd: %v after %v", crowd, before)
	}
	if double := day.Scale(2); double.Total() != 2*day.Total() || double.Start != day.Start {
		t.Error("a scaled day is another day")
	}
}
