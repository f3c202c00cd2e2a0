package trace_test

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sagescale/internal/trace"
)

// shape returns the mean of some minutes of a made-up load, from a day and hour on.
func shape(t *testing.T, name string) func(day, hour, minutes int) float64 {
	t.Helper()
	all := trace.Shapes(1)
	i := slices.IndexFunc(all, func(s trace.Shape) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("no shape %s", name)
	}
	return func(day, hour, minutes int) float64 {
		from := (day*24 + hour) * 60
		return trace.Trace{Requests: all[i].Trace.Requests[from : from+minutes]}.Total() / float64(minutes)
	}
}

func TestShapes(t *testing.T) {
	all := trace.Shapes(1)
	if !reflect.DeepEqual(all, trace.Shapes(1)) || reflect.DeepEqual(all, trace.Shapes(2)) {
		t.Error("a shape does not hang on its seed alone")
	}
	for _, s := range all {
		if len(s.Trace.Requests) != 14*24*60 || s.Trace.Quantile(0.999) < 1000 || slices.Min(s.Trace.Requests) < 0 {
			t.Errorf("%s has %d minutes, the busiest with %v requests", s.Name, len(s.Trace.Requests), s.Trace.Quantile(0.999))
		}
	}
	daily, weekly, shift := shape(t, "daily"), shape(t, "weekly"), shape(t, "shift")
	if daily(5, 10, 60) < 5*daily(5, 3, 60) {
		t.Error("daily has no night")
	}
	if weekly(4, 10, 60) < 2*weekly(5, 10, 60) || weekly(6, 10, 60) > 0.5*weekly(7, 10, 60) {
		t.Error("weekly has no weekend")
	}
	if before, after := shift(5, 10, 60), shift(5, 11, 60); after < 2*before || shift(10, 14, 60) > 0.7*shift(10, 13, 60) {
		t.Errorf("shift does not: %v, %v", before, after)
	}
}

// Jobs are on or off, spikes come within a minute, and bursts are rare.
func TestSuddenShapes(t *testing.T) {
	all := map[string]trace.Trace{}
	jumps := map[string]int{}
	for _, s := range trace.Shapes(1) {
		all[s.Name] = s.Trace
		for i, r := range s.Trace.Requests[1:] {
			if r > 1.7*s.Trace.Requests[i]+200 {
				jumps[s.Name]++
			}
		}
	}
	if jumps["daily"]+jumps["weekly"] > 0 || jumps["spikes"] < 20 || jumps["on-off"] < 20 || jumps["bursts"] < 20 {
		t.Errorf("jumps: %v", jumps)
	}
	if onOff := all["on-off"]; onOff.Quantile(0.3) > 100 || onOff.Quantile(0.7) < 2000 {
		t.Errorf("on-off is in between: %v, %v", onOff.Quantile(0.3), onOff.Quantile(0.7))
	}
	if b := all["bursts"]; b.Quantile(0.5) > 0.3*b.Quantile(0.999) {
		t.Errorf("bursts are no exception: %v of %v", b.Quantile(0.5), b.Quantile(0.999))
	}
}

func TestWriteIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		load := trace.Trace{
			Start:    trace.Epoch(),
			Step:     rapid.SampledFrom([]time.Duration{time.Minute, 5 * time.Minute}).Draw(t, "step"),
			Requests: rapid.SliceOfN(rapid.Float64Range(0, 1e9), 2, 50).Draw(t, "requests"),
		}
		var text bytes.Buffer
		if err := trace.Write(&text, load); err != nil {
			t.Fatal(err)
		}
		got, err := trace.Read("load.csv", &text)
		if err != nil || !reflect.DeepEqual(got, load) {
			t.Fatalf("%v became %v: %v", load, got, err)
		}
	})
}

func TestWriteFails(t *testing.T) {
	_, w := io.Pipe()
	w.CloseWithError(io.ErrClosedPipe)
	if err := trace.Write(w, trace.Day(1)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}
