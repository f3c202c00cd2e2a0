package scaling_test

import (
	"testing"
	"time"

	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// A look back over metrics of different periods finds no gaps where there are none:
// at whatever second and whatever the delay of publication, a low load is removed.
func TestStabilizationOverDifferentPeriods(t *testing.T) {
	periods := [][]time.Duration{
		{5 * time.Minute, time.Minute}, {time.Hour, time.Minute}, {5 * time.Minute, 10 * time.Second}, {time.Minute, 10 * time.Second},
	}
	for _, pair := range periods {
		for _, delay := range []time.Duration{0, time.Minute, 119 * time.Second} {
			x := target(low("slow", pair[0]), low("quick", pair[1]))
			x.Behavior.ScaleIn.Stabilization = 5 * time.Minute
			for second := range 40 {
				at := now().Add(time.Duration(second*97) * time.Second)
				in := scaling.Input{Now: at, Target: x, Observation: observe(10, published("slow", pair[0], at, delay), published("quick", pair[1], at, delay))}
				if d := scaling.Decide(in); d.DesiredCapacity != 1 {
					t.Fatalf("%v, delay %s, at %s: %+v", pair, delay, at, d)
				}
			}
		}
	}
}

// low is a policy on a metric of a period that scales in by one datapoint.
func low(name string, period time.Duration) policy.TargetTracking {
	x := tracking(name, 100)
	x.Metric.Period, x.ScaleOut, x.ScaleIn = period, window(1, 1), window(1, 1)
	return x
}

// published is a low metric as far as it is published at a time.
func published(name string, period time.Duration, at time.Time, delay time.Duration) scaling.Series {
	s := scaling.Series{Metric: name, DueThrough: at.Add(-delay)}
	for start := at.Add(-6 * time.Hour).Truncate(period); !start.Add(period + delay).After(at); start = start.Add(period) {
		s.Datapoints = append(s.Datapoints, scaling.Datapoint{Time: start, Value: 1})
	}
	return s
}

// A period that was still open at an earlier time says nothing of what would have been
// asked for then. At 10:09 that of 9:50 is the newest, at 9:59 it had not ended.
func TestStabilizationDoesNotLookAhead(t *testing.T) {
	const period = 10 * time.Minute
	x := target(low("slow", period))
	x.TargetTracking[0].ScaleIn = window(1, 2)
	x.Behavior.ScaleIn.Stabilization = period + time.Second
	s := scaling.Series{Metric: "slow"}
	for i, value := range []float64{80, 30, 30} {
		s.Datapoints = append(s.Datapoints, scaling.Datapoint{Time: now().Add(-time.Duration(i+1) * period), Value: value})
	}
	for minute := range 10 {
		in := scaling.Input{Now: now().Add(time.Duration(minute) * time.Minute), Target: x, Observation: observe(10, s)}
		if d := scaling.Decide(in); d.DesiredCapacity != 3 {
			t.Errorf("at minute %d: DesiredCapacity = %d, want 3: %+v", minute, d.DesiredCapacity, d)
		}
	}
}

// A scale-out looks no further back than its window and five minutes, whatever the
// period: what is older says nothing of now.
func TestScaleOutGoesByNothingOld(t *testing.T) {
	x := target(low("slow", time.Hour))
	tests := []struct {
		minute  int // past 10:00
		ended   time.Duration
		want    int
		because string
	}{
		{2, 9 * time.Hour, 15, "the newest may come late"},
		{2, 10 * time.Hour, 15, "it is there"},
		{59, 10 * time.Hour, 15, "it is the newest all through the hour"},
		{5, 9 * time.Hour, 10, "the newest is no longer late but missing"},
		{59, 9 * time.Hour, 10, "two hours are too old"},
	}
	for _, tt := range tests {
		day := now().Truncate(24 * time.Hour)
		at := day.Add(10*time.Hour + time.Duration(tt.minute)*time.Minute)
		s := scaling.Series{Metric: "slow", Datapoints: []scaling.Datapoint{{Time: day.Add(tt.ended - time.Hour), Value: 150}}}
		if d := scaling.Decide(scaling.Input{Now: at, Target: x, Observation: observe(10, s)}); d.DesiredCapacity != tt.want {
			t.Errorf("at %s the period that ended at %s: %d, want %d: %s", at, tt.ended, d.DesiredCapacity, tt.want, tt.because)
		}
	}
}

// A series whose datapoints were due long ago is read as quickly as any other.
func TestSeriesOfLongAgo(t *testing.T) {
	x := target(low("quick", 10*time.Second))
	s := published("quick", 10*time.Second, now(), 0)
	s.DueThrough = time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC)
	for i := range 3 {
		s.Datapoints = append(s.Datapoints, scaling.Datapoint{Time: s.DueThrough.Add(-time.Duration(i+1) * 10 * time.Second), Value: 1})
	}
	expect(t, 10, decide(x, observe(10, s)), 1)
	s.Datapoints[10].Value = 95 // not due yet then: it may hold a scale-in
	expect(t, 10, decide(x, observe(10, s)), 10, scaling.AlreadyAtDesired)
}

// Datapoints beyond measure ask for the highest step and not for none.
func TestStepBeyondMeasure(t *testing.T) {
	x := stepping(steps("latency", policy.GreaterOrEqual, 50, between(0, 10, 1), from(10, 5)))
	expect(t, 10, decide(x, observe(10, steady("latency", 1e308, 3))), 15)
}

// The newest datapoint is where a look back begins, however long its period is and
// however long ago it ended.
func TestStabilizationOfALongPeriod(t *testing.T) {
	x := low("slow", 10*time.Minute)
	y := target(x)
	y.Behavior.ScaleOut.Stabilization = 10*time.Minute + time.Second
	for minute := range 10 {
		at := now().Add(time.Duration(minute) * time.Minute)
		s := scaling.Series{Metric: "slow"}
		for i, v := range []float64{300, 140, 140} {
			s.Datapoints = append(s.Datapoints, scaling.Datapoint{Time: now().Add(-time.Duration(i+1) * 10 * time.Minute), Value: v})
		}
		if d := scaling.Decide(scaling.Input{Now: at, Target: y, Observation: observe(10, s)}); d.DesiredCapacity != 14 {
			t.Errorf("at %s: %+v", at, d)
		}
	}
}
