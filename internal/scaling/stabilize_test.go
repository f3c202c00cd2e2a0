package scaling_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/schedule"
)

// recommending asks for as many instances as the newest datapoint of Invocations
// says, so that a series of them is a list of recommendations.
func recommending(out, in time.Duration) policy.Target {
	tt := tracking(perInstance, 1)
	tt.ScaleOut, tt.ScaleIn, tt.Threshold = window(1, 1), window(1, 1), 1
	x := target(tt)
	x.Limits = schedule.Limits{Min: 1, Max: 1000}
	x.Behavior.ScaleOut.Stabilization, x.Behavior.ScaleIn.Stabilization = out, in
	return x
}

// The named cases are those of the Kubernetes HPA, of its test of
// stabilizeRecommendationWithBehaviors and of its enhancement proposal 853. There
// the newest recommendation stands last.
func TestStabilization(t *testing.T) {
	const m = time.Minute
	tests := []struct {
		name    string
		out, in time.Duration
		present int
		asked   []float64 // newest first
		want    int
		held    bool
	}{
		{"HPA: simple scale down stabilization", 0, 3 * m, 100, []float64{3, 5, 4}, 5, true},
		{"HPA: simple scale up stabilization", 5 * m, 0, 1, []float64{7, 5, 4, 4, 4}, 4, true},
		{"HPA: no scale down stabilization", 5 * m, 0, 100, []float64{3, 2, 1}, 3, false},
		{"HPA: no scale up stabilization", 0, 5 * m, 1, []float64{3, 5, 4}, 3, false},
		{"HPA: scale down stabilization, obsolete recommendations", 0, 3 * m, 100, []float64{3, 4, 5, 9, 10}, 5, true},
		{"HPA: scale up stabilization, obsolete recommendations", 5 * m, 0, 1, []float64{100, 6, 5, 9, 9, 1}, 5, true},
		{"HPA: no scale up when it goes down", 5 * m, 5 * m, 2, []float64{1, 2, 2, 3, 3}, 2, true},
		{"HPA: no scale down when it goes up", 5 * m, 5 * m, 2, []float64{3, 2, 2, 1, 1}, 2, true},
		{"KEP 853: the tenth minute", 0, 10 * m, 10, []float64{8, 9, 8, 9, 8, 9, 9, 8, 9, 10}, 10, true},
		{"KEP 853: the eleventh minute", 0, 10 * m, 10, []float64{7, 8, 9, 8, 9, 8, 9, 9, 8, 9, 10}, 9, true},
		{"nothing else was ever asked for", 5 * m, 5 * m, 10, []float64{4, 4, 4, 4, 4}, 4, false},
		{"now asks for most", 0, 3 * m, 10, []float64{5, 4, 3}, 5, false},
		{"now asks for least", 3 * m, 0, 1, []float64{5, 6, 7}, 5, false},
		{"more than the present once, in", 0, 3 * m, 10, []float64{3, 50, 3}, 10, true},
		{"less than the present once, out", 3 * m, 0, 10, []float64{30, 3, 30}, 10, true},
		{"a window of one period is none", m, m, 10, []float64{4, 50}, 4, false},
		{"a second longer than a period looks back one", 0, m + time.Second, 10, []float64{4, 7, 9}, 7, true},
		{"what is exactly as old as the window is too old", 0, 2 * m, 10, []float64{4, 5, 9}, 5, true},
		{"a second longer looks back at it too", 0, 2*m + time.Second, 10, []float64{4, 5, 9}, 9, true},
		{"missing within holds, in", 0, 3 * m, 10, []float64{3, 3, gap, 3}, 10, true},
		{"missing before does not, in", 0, 3 * m, 10, []float64{3, 3, 3, gap}, 3, false},
		{"missing within is left out, out", 3 * m, 0, 10, []float64{30, gap, 20}, 20, true},
		{"late within is waited for, out", 4 * m, 0, 10, []float64{30, 30, 30, gap, gap, gap, gap, gap, 12}, 12, true},
		{"too old within is left out, out", 4 * m, 0, 10, []float64{30, 30, 30, gap, gap, gap, gap, gap, gap, 12}, 30, false},
		{"the newest is late and was not seen before, out", 2 * m, 0, 10, []float64{gap, gap, 30, 12}, 12, true},
		{"missing all through is left out, out", 5 * m, 0, 10, []float64{30}, 30, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := decide(recommending(tt.out, tt.in), observe(tt.present, series(policy.Invocations, tt.asked...)))
			// A late datapoint stands in for one that is missing in a scale-out; a
			// stay of the present capacity is a step there and back.
			if d.DesiredCapacity != tt.want {
				t.Errorf("DesiredCapacity = %d, want %d: %+v", d.DesiredCapacity, tt.want, d)
			}
			if held := slices.Contains(codes(d), scaling.StabilizationWindow); held != tt.held {
				t.Errorf("held: %t, want %t: %+v", held, tt.held, d)
			}
			if last := len(d.Steps) - 1; tt.held && d.Steps[last].Rule != scaling.Rule(scaling.StabilizationWindow) {
				t.Errorf("the last step is %+v, want the window's", d.Steps[last])
			}
			checkSteps(t, tt.present, d)
		})
	}
}

// The window of one direction does not bind the other.
func TestStabilizationOfTheOtherDirection(t *testing.T) {
	asked := series(policy.Invocations, 30, 3, 3)
	expect(t, 10, decide(recommending(0, 5*time.Minute), observe(10, asked)), 30)
	asked = series(policy.Invocations, 3, 30, 30)
	expect(t, 10, decide(recommending(5*time.Minute, 0), observe(10, asked)), 3)
}

// Limits are put in force whatever was asked for in the window.
func TestStabilizationDoesNotHoldLimits(t *testing.T) {
	asked := series(policy.Invocations, 3, 9, 3, 3, 3)
	x := recommending(0, 5*time.Minute)
	x.Limits = schedule.Limits{Min: 1, Max: 6}
	d := decide(x, observe(10, asked))
	expect(t, 10, d, 6, scaling.StabilizationWindow)
	if last := d.Steps[len(d.Steps)-1]; last.Rule != scaling.RuleMaxCapacity || last.From != 9 {
		t.Errorf("the last step is %+v, want the maximum from 9", last)
	}
	x = recommending(5*time.Minute, 0)
	x.Limits = schedule.Limits{Min: 15, Max: 1000}
	expect(t, 10, decide(x, observe(10, series(policy.Invocations, 30, 11, 30, 30, 30))), 15, scaling.StabilizationWindow)
}

// Where datapoints come late, the past is seen as late as the present is: what is
// due and what is newest move back together.
func TestStabilizationSeesThePastAsLateAsThePresent(t *testing.T) {
	due := now().Add(-2 * time.Minute)
	tests := []struct {
		name  string
		asked []float64
		want  int
	}{
		{"the newest is the last one due", []float64{gap, gap, 3, 4, 5, 9}, 5},
		{"one is newer and low", []float64{gap, 3, 3, 4, 5, 9}, 5},
		{"one is newer and high", []float64{gap, 7, 3, 4, 5, 9}, 7},
		// A minute ago the newest was the third, and four and five were asked for.
		{"all are there", []float64{3, 3, 3, 4, 5, 9}, 5},
		{"one due in the window is missing", []float64{gap, gap, 3, gap, 5, 9}, 10},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := series(policy.Invocations, tt.asked...)
			s.DueThrough = due
			d := decide(recommending(0, 3*time.Minute), observe(10, s))
			if d.DesiredCapacity != tt.want {
				t.Errorf("DesiredCapacity = %d, want %d: %+v", d.DesiredCapacity, tt.want, d)
			}
		})
	}
}

// A series in parts is moved back as a whole.
func TestStabilizationOfASeriesInParts(t *testing.T) {
	whole := series(policy.Invocations, 3, 3, 7, 3)
	for _, whereSplit := range []int{1, 2, 3} {
		head, tail := whole, whole
		head.Datapoints, tail.Datapoints = whole.Datapoints[:whereSplit], whole.Datapoints[whereSplit:]
		for _, parts := range [][]scaling.Series{{head, tail}, {tail, head}} {
			expect(t, 10, decide(recommending(0, 3*time.Minute), observe(10, parts...)), 7, scaling.StabilizationWindow)
		}
	}
}

// Windows are looked through in steps of the shortest period: a metric of ten
// seconds beside one of a minute.
func TestStabilizationWithTwoPeriods(t *testing.T) {
	x := recommending(0, time.Minute)
	quick := tracking("queue", 1)
	quick.Metric.Period, quick.ScaleOut, quick.ScaleIn, quick.Threshold = 10*time.Second, window(1, 1), window(1, 1), 1
	x.TargetTracking = append(x.TargetTracking, quick)
	queue := func(values ...float64) scaling.Series {
		s := scaling.Series{Metric: "queue"}
		for i, v := range values {
			s.Datapoints = append(s.Datapoints, scaling.Datapoint{Time: now().Add(-time.Duration(i+1) * 10 * time.Second), Value: v / 10})
		}
		return s
	}
	requests := series(policy.Invocations, 2, 2, 2)
	expect(t, 10, decide(x, observe(10, requests, queue(3, 3, 3, 3, 3, 3, 9))), 3)
	expect(t, 10, decide(x, observe(10, requests, queue(3, 3, 3, 3, 3, 6, 9))), 6, scaling.StabilizationWindow)
	// A window that reaches a minute back sees the minute before.
	x.Behavior.ScaleIn.Stabilization += time.Second
	expect(t, 10, decide(x, observe(10, series(policy.Invocations, 2, 8, 2), queue(3, 3, 3, 3, 3, 3, 3))), 8, scaling.StabilizationWindow)
}

// Between two periods of the longer metric nothing of it is missing.
func TestStabilizationWithTwoPeriodsAtAnySecond(t *testing.T) {
	x := recommending(0, 3*time.Minute)
	quick := tracking("queue", 1)
	quick.Metric.Period, quick.ScaleOut, quick.ScaleIn, quick.Threshold = 10*time.Second, window(1, 1), window(1, 1), 1
	x.TargetTracking = append(x.TargetTracking, quick)
	for second := range 60 {
		at := now().Add(time.Duration(second) * time.Second)
		queue := scaling.Series{Metric: "queue"}
		for i := range 40 {
			queue.Datapoints = append(queue.Datapoints, scaling.Datapoint{Time: at.Truncate(10 * time.Second).Add(-time.Duration(i+1) * 10 * time.Second), Value: 0.1})
		}
		d := scaling.Decide(scaling.Input{Now: at, Target: x, Observation: observe(10, steady(policy.Invocations, 2, 10), queue)})
		if d.DesiredCapacity != 2 {
			t.Errorf("at second %d: DesiredCapacity = %d, want 2: %+v", second, d.DesiredCapacity, d)
		}
	}
}

// A step is stabilized like a tracked metric.
func TestStabilizationOfSteps(t *testing.T) {
	x := stepping(steps("latency", policy.GreaterOrEqual, 50, between(0, 10, 1), from(10, 5)), quiet("load"))
	x.StepScaling[0].Alarm, x.StepScaling[1].Alarm = window(1, 1), window(1, 1)
	x.Behavior.ScaleOut.Stabilization, x.Behavior.ScaleIn.Stabilization = 3*time.Minute, 3*time.Minute
	idle := steady("load", 30, 5)
	expect(t, 10, decide(x, observe(10, series("latency", 70, 55, 70), idle)), 11, scaling.StabilizationWindow)
	expect(t, 10, decide(x, observe(10, series("latency", 70, 45, 70), idle)), 10, scaling.StabilizationWindow)
	expect(t, 10, decide(x, observe(10, series("latency", 70), idle)), 15) // nobody knows what was before
	expect(t, 10, decide(x, observe(10, steady("latency", 30, 5), series("load", 5, 15, 5))), 9, scaling.StabilizationWindow)
	expect(t, 10, decide(x, observe(10, steady("latency", 30, 5), series("load", 5, 5, 5, 25))), 7)
}

// A scale-in guard judges what the window leaves of a scale-in.
func TestScaleInGuardAfterStabilization(t *testing.T) {
	x := recommending(0, 3*time.Minute)
	x.ScaleInGuards = []policy.ScaleInGuard{below("errors", 0.01)}
	d := decide(x, observe(10, series(policy.Invocations, 3, 5, 4), steady("errors", 1, 5)))
	expect(t, 10, d, 10, scaling.StabilizationWindow, scaling.ScaleInGuarded)
	d = decide(x, observe(10, series(policy.Invocations, 3, 50, 4), steady("errors", 1, 5)))
	expect(t, 10, d, 10, scaling.StabilizationWindow)
}

// An incomplete answer holds at every time of the window, and says so once.
func TestStabilizationOfAnIncompleteSeries(t *testing.T) {
	s := series(policy.Invocations, 3, 3, 3, 3)
	s.Incomplete = "CloudWatch answered with status InternalError"
	d := decide(recommending(0, 3*time.Minute), observe(10, s))
	expect(t, 10, d, 10, scaling.MissingData)
	if !strings.Contains(d.NotScaledReasons[0].Message, "InternalError") {
		t.Errorf("message %q does not say why", d.NotScaledReasons[0].Message)
	}
}
