package scaling_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/schedule"
)

// now is a Monday; minute n is n minutes before it, n periods of datapoints are
// closed at it.
func now() time.Time { return time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) }

// tracking is target tracking on a metric with Application Auto Scaling's windows.
func tracking(metric string, target float64) policy.TargetTracking {
	return policy.TargetTracking{
		Metric:      policy.Metric{Name: metric, Namespace: "AWS/SageMaker", MetricName: metric, Statistic: "Sum", Period: time.Minute},
		TargetValue: target,
		ScaleOut:    policy.Window{Datapoints: 3, Periods: 3},
		ScaleIn:     policy.Window{Datapoints: 15, Periods: 15},
		Threshold:   0.9,
	}
}

func window(m, n int) policy.Window { return policy.Window{Datapoints: m, Periods: n} }

// target has the limits 1 to 100 and the given policies.
func target(t ...policy.TargetTracking) policy.Target {
	return policy.Target{Endpoint: "chat-llm", Variant: "AllTraffic", Limits: schedule.Limits{Min: 1, Max: 100}, TargetTracking: t}
}

// series has values at the minutes before now, the newest first. A negative
// value is a gap.
func series(metric string, values ...float64) scaling.Series {
	s := scaling.Series{Metric: metric}
	for i, v := range values {
		if v >= 0 {
			s.Datapoints = append(s.Datapoints, scaling.Datapoint{Time: now().Add(-time.Duration(i+1) * time.Minute), Value: v})
		}
	}
	return s
}

func steady(metric string, value float64, n int) scaling.Series {
	return series(metric, slices.Repeat([]float64{value}, n)...)
}

func observe(capacity int, s ...scaling.Series) scaling.Observation {
	return scaling.Observation{Status: activity.InService, CurrentCapacity: capacity, DesiredCapacity: capacity, Metrics: s}
}

const perInstance = policy.InvocationsPerInstance

// gap marks a missing datapoint in a series.
const gap = -1

func codes(d scaling.Decision) []scaling.Code {
	out := []scaling.Code{}
	for _, r := range d.NotScaledReasons {
		out = append(out, r.Code)
	}
	return out
}

func TestDecideTargetTracking(t *testing.T) {
	withWindows := func(out, in policy.Window) policy.Target {
		tt := tracking(perInstance, 100)
		tt.ScaleOut, tt.ScaleIn = out, in
		return target(tt)
	}
	tests := []struct {
		name   string
		target policy.Target
		obs    scaling.Observation
		want   int
		codes  []scaling.Code
	}{
		{
			name:   "half as much again needs half as many again", // AWS: EC2 Auto Scaling guide, scaling based on SQS
			target: target(tracking(perInstance, 100)),
			obs:    observe(10, steady(perInstance, 150, 3)),
			want:   15,
		},
		{
			name:   "1.5 instances more are 2 more", // AWS: Application Auto Scaling guide, target tracking
			target: target(tracking(perInstance, 100)),
			obs:    observe(10, steady(perInstance, 115, 3)),
			want:   12,
		},
		{
			name:   "1.5 instances fewer are 1 fewer",
			target: target(tracking(perInstance, 50)),
			obs:    observe(4, steady(perInstance, 31.25, 15)),
			want:   3,
		},
		{
			name:   "half an instance fewer is none fewer", // AWS: Application Auto Scaling guide, target tracking
			target: target(tracking(perInstance, 100)),
			obs:    observe(2, steady(perInstance, 75, 15)),
			want:   2,
			codes:  []scaling.Code{scaling.AnticipatedFlapping},
		},
		{
			name:   "the maximum caps",
			target: func() policy.Target { x := target(tracking(perInstance, 5)); x.Limits.Max = 4; return x }(),
			obs:    observe(1, steady(perInstance, 130, 3)),
			want:   4,
		},
		{
			name:   "at the maximum",
			target: func() policy.Target { x := target(tracking(perInstance, 5)); x.Limits.Max = 4; return x }(),
			obs:    observe(4, steady(perInstance, 130, 3)),
			want:   4,
			codes:  []scaling.Code{scaling.AlreadyAtMax},
		},
		{
			name:   "at the minimum",
			target: target(tracking(perInstance, 100)),
			obs:    observe(1, steady(perInstance, 3, 15)),
			want:   1,
			codes:  []scaling.Code{scaling.AlreadyAtMin},
		},
		{
			name:   "zero load goes to the minimum",
			target: target(tracking(perInstance, 100)),
			obs:    observe(7, steady(perInstance, 0, 15)),
			want:   1,
		},
		{
			name:   "minimum above what the load needs",
			target: func() policy.Target { x := target(tracking(perInstance, 100)); x.Limits.Min = 5; return x }(),
			obs:    observe(5, steady(perInstance, 10, 15)),
			want:   5,
			codes:  []scaling.Code{scaling.AlreadyAtMin},
		},
		{
			name:   "exactly the target is no breach",
			target: target(tracking(perInstance, 100)),
			obs:    observe(10, steady(perInstance, 100, 15)),
			want:   10,
			codes:  []scaling.Code{scaling.AlreadyAtDesired},
		},
		{
			name:   "exactly the scale-in threshold is no breach", // AWS: the managed alarm is LessThanThreshold
			target: target(tracking(perInstance, 1500)),
			obs:    observe(10, steady(perInstance, 1350, 15)),
			want:   10,
			codes:  []scaling.Code{scaling.AlreadyAtDesired},
		},
		{
			name:   "just below the scale-in threshold",
			target: target(tracking(perInstance, 100)),
			obs:    observe(10, steady(perInstance, 89, 15)),
			want:   9,
		},
		{
			name:   "float noise adds no instance",
			target: target(tracking(perInstance, 0.9)),
			obs:    observe(3, steady(perInstance, 0.3*3, 15)),
			want:   3,
			codes:  []scaling.Code{scaling.AlreadyAtDesired},
		},
		{
			name:   "13 exactly",
			target: target(tracking(perInstance, 70)),
			obs:    observe(7, steady(perInstance, 130, 3)),
			want:   13,
		},
		{
			name:   "2 of 3 do not make 3 of 3",
			target: target(tracking(perInstance, 100)),
			obs:    observe(10, series(perInstance, 150, 100, 150, 95, 95, 95, 95, 95, 95, 95, 95, 95, 95, 95, 95)),
			want:   10,
			codes:  []scaling.Code{scaling.AlreadyAtDesired},
		},
		{
			name:   "2 of 3 make 2 of 3 and size by those two",
			target: withWindows(window(2, 3), window(15, 15)),
			obs:    observe(10, series(perInstance, 150, 10, 170)),
			want:   16,
		},
		{
			name:   "3 of 3 that are above size 2 of 3 by the two highest",
			target: withWindows(window(2, 3), window(15, 15)),
			obs:    observe(10, series(perInstance, 150, 110, 170)),
			want:   16,
		},
		{
			name:   "3 of 3 size by their mean",
			target: target(tracking(perInstance, 100)),
			obs:    observe(10, series(perInstance, 110, 120, 160)),
			want:   13,
		},
		{
			name:   "a late newest datapoint is waited for, not counted", // AWS: CloudWatch alarms, evaluation range
			target: target(tracking(perInstance, 100)),
			obs:    observe(10, series(perInstance, 150, gap, 150, 150)),
			want:   15,
		},
		{
			name:   "data of ten minutes ago says nothing of now",
			target: target(tracking(perInstance, 100)),
			obs:    observe(10, series(perInstance, gap, gap, gap, gap, gap, gap, gap, gap, gap, 150, 150, 150)),
			want:   10,
			codes:  []scaling.Code{scaling.MissingData},
		},
		{
			name:   "one gap holds the scale-in",
			target: target(tracking(perInstance, 100)),
			obs:    observe(10, series(perInstance, 10, 10, 10, 10, 10, 10, 10, gap, 10, 10, 10, 10, 10, 10, 10)),
			want:   10,
			codes:  []scaling.Code{scaling.MissingData},
		},
		{
			name:   "14 low datapoints are not 15",
			target: target(tracking(perInstance, 100)),
			obs:    observe(10, steady(perInstance, 10, 14)),
			want:   10,
			codes:  []scaling.Code{scaling.MissingData},
		},
		{
			name:   "scale-in by the highest of the window",
			target: target(tracking(perInstance, 100)),
			obs:    observe(10, series(perInstance, 10, 10, 10, 10, 10, 45, 10, 10, 10, 10, 10, 10, 10, 10, 10)),
			want:   5,
		},
		{
			name:   "3 of 5 in, by the third lowest",
			target: withWindows(window(3, 3), window(3, 5)),
			obs:    observe(10, series(perInstance, 95, 20, 30, 10, 95)),
			want:   3,
		},
		{
			name:   "nothing measured",
			target: target(tracking(perInstance, 100)),
			obs:    observe(10),
			want:   10,
			codes:  []scaling.Code{scaling.MissingData},
		},
		{
			name:   "the load of all instances, whatever the capacity",
			target: target(tracking(perInstance, 100)),
			obs:    observe(2, steady(policy.Invocations, 1500, 3)),
			want:   15,
		},
		{
			name:   "no policy, inside the limits",
			target: target(),
			obs:    observe(3),
			want:   3,
			codes:  []scaling.Code{scaling.AlreadyAtDesired},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := scaling.Decide(scaling.Input{Now: now(), Target: tt.target, Observation: tt.obs})
			if d.DesiredCapacity != tt.want {
				t.Errorf("DesiredCapacity = %d, want %d: %+v", d.DesiredCapacity, tt.want, d)
			}
			if got := codes(d); !slices.Equal(got, tt.codes) {
				t.Errorf("codes = %v, want %v: %+v", got, tt.codes, d)
			}
			checkSteps(t, tt.obs.DesiredCapacity, d)
		})
	}
}

// checkSteps fails if the steps do not lead from the present capacity to the
// desired one.
func checkSteps(t interface{ Errorf(string, ...any) }, present int, d scaling.Decision) {
	at := present
	for _, s := range d.Steps {
		if s.From != at || s.To == s.From || s.Reason == "" {
			t.Errorf("step %+v does not go on from %d", s, at)
		}
		at = s.To
	}
	if at != d.DesiredCapacity {
		t.Errorf("steps lead to %d, not to %d: %+v", at, d.DesiredCapacity, d)
	}
	if at == present && len(d.NotScaledReasons) == 0 {
		t.Errorf("not scaled without a reason: %+v", d)
	}
}

func TestDecideSeveralMetrics(t *testing.T) {
	gpu := func(target float64) policy.TargetTracking { return tracking("gpu", target) }
	tests := []struct {
		name    string
		metrics []scaling.Series
		want    int
		codes   []scaling.Code
	}{
		{"the larger scale-out wins", []scaling.Series{steady(perInstance, 200, 3), steady("gpu", 80, 3)}, 6, nil},
		{"one is enough to scale out", []scaling.Series{steady(perInstance, 10, 15), steady("gpu", 80, 15)}, 5, nil},
		{"one is enough although the other is missing", []scaling.Series{steady("gpu", 80, 15)}, 5, []scaling.Code{scaling.MissingData}},
		{"the larger scale-in wins", []scaling.Series{steady(perInstance, 30, 15), steady("gpu", 30, 15)}, 2, nil},
		{"all must agree to scale in", []scaling.Series{steady(perInstance, 10, 15), steady("gpu", 49, 15)}, 3, []scaling.Code{scaling.ScaleInNotAgreed}},
		{"a missing one does not agree", []scaling.Series{steady(perInstance, 10, 15)}, 3, []scaling.Code{scaling.MissingData}},
		{"both in between", []scaling.Series{steady(perInstance, 95, 15), steady("gpu", 49, 15)}, 3, []scaling.Code{scaling.AlreadyAtDesired}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := scaling.Input{Now: now(), Target: target(tracking(perInstance, 100), gpu(50)), Observation: observe(3, tt.metrics...)}
			d := scaling.Decide(in)
			if d.DesiredCapacity != tt.want || !slices.Equal(codes(d), tt.codes) && len(tt.codes) > 0 {
				t.Errorf("got %d %v, want %d %v: %+v", d.DesiredCapacity, codes(d), tt.want, tt.codes, d)
			}
			checkSteps(t, 3, d)
		})
	}
}

func TestDecideBadDatapointsAreMissing(t *testing.T) {
	for name, bad := range map[string]float64{"NaN": math.NaN(), "+Inf": math.Inf(1), "-Inf": math.Inf(-1), "negative": -0.5} {
		t.Run(name, func(t *testing.T) {
			low, high := steady(perInstance, 10, 15), steady(perInstance, 500, 3)
			low.Datapoints[7].Value = bad
			for i := range high.Datapoints {
				high.Datapoints[i].Value = bad
			}
			for _, s := range []scaling.Series{low, high} {
				d := scaling.Decide(scaling.Input{Now: now(), Target: target(tracking(perInstance, 100)), Observation: observe(10, s)})
				if d.DesiredCapacity != 10 || !slices.Equal(codes(d), []scaling.Code{scaling.MissingData}) {
					t.Errorf("got %d %v, want to stay at 10 for missing data", d.DesiredCapacity, codes(d))
				}
			}
		})
	}
}

func TestDecideAbsurdLoadIsCapped(t *testing.T) {
	d := scaling.Decide(scaling.Input{Now: now(), Target: target(tracking(perInstance, 1e-9)), Observation: observe(10, steady(perInstance, 1e300, 3))})
	if d.DesiredCapacity != 100 {
		t.Errorf("DesiredCapacity = %d, want the maximum 100", d.DesiredCapacity)
	}
}

func TestDecideIncompleteSeriesNeverScalesIn(t *testing.T) {
	s := steady(perInstance, 10, 15)
	s.Incomplete = "CloudWatch answered with status InternalError"
	d := scaling.Decide(scaling.Input{Now: now(), Target: target(tracking(perInstance, 100)), Observation: observe(10, s)})
	if d.DesiredCapacity != 10 || !strings.Contains(d.NotScaledReasons[0].Message, "InternalError") {
		t.Errorf("got %+v, want to stay at 10 and say why", d)
	}
}

// What is not due yet may hold a scale-in back and never makes one.
func TestDecideDatapointsNotDueYet(t *testing.T) {
	quiet := make([]float64, 17)
	for i := range quiet {
		quiet[i] = 10
	}
	due := now().Add(-2 * time.Minute)
	tests := []struct {
		name   string
		newest []float64
		want   int
	}{
		{"two on their way", []float64{gap, gap}, 1},
		{"both there and low", []float64{10, 10}, 1},
		{"one there and high", []float64{gap, 95}, 10},
		{"one there and in between", []float64{45, gap}, 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := series(perInstance, append(slices.Clone(tt.newest), quiet[2:]...)...)
			s.DueThrough = due
			d := scaling.Decide(scaling.Input{Now: now(), Target: target(tracking(perInstance, 100)), Observation: observe(10, s)})
			if d.DesiredCapacity != tt.want {
				t.Errorf("DesiredCapacity = %d, want %d: %+v", d.DesiredCapacity, tt.want, d)
			}
		})
	}
}

// The open minute and the future are no datapoints.
func TestDecideIgnoresOpenPeriods(t *testing.T) {
	s := steady(perInstance, 95, 15)
	for i := range 3 {
		s.Datapoints = append(s.Datapoints, scaling.Datapoint{Time: now().Add(time.Duration(i)*time.Minute - 30*time.Second), Value: 500})
	}
	d := scaling.Decide(scaling.Input{Now: now().Add(20 * time.Second), Target: target(tracking(perInstance, 100)), Observation: observe(10, s)})
	if d.DesiredCapacity != 10 {
		t.Errorf("DesiredCapacity = %d, want 10: only one period of the three is closed", d.DesiredCapacity)
	}
	x := tracking(perInstance, 100)
	x.ScaleOut = window(1, 1)
	for at, want := range map[time.Duration]int{59 * time.Second: 10, time.Minute: 50} {
		s := steady(perInstance, 95, 15)
		s.Datapoints = append(s.Datapoints, scaling.Datapoint{Time: now(), Value: 500})
		if d := scaling.Decide(scaling.Input{Now: now().Add(at), Target: target(x), Observation: observe(10, s)}); d.DesiredCapacity != want {
			t.Errorf("%s into the period: %d, want %d", at, d.DesiredCapacity, want)
		}
	}
}

// The managed alarms of Application Auto Scaling leave missing data as missing:
// where some are missing, the others make the alarm if all of them are above.
func TestDecideScalesOutByWhatThereIs(t *testing.T) {
	tests := []struct {
		name   string
		window policy.Window
		values []float64
		want   int
	}{
		{"one alone", window(3, 3), []float64{150}, 15},
		{"two of three, by their mean", window(3, 3), []float64{gap, 140, gap, gap, gap, gap, gap, 160}, 15},
		{"one of them is not above", window(3, 3), []float64{150, 100}, 10},
		{"enough are above although one is not", window(2, 3), []float64{150, 100, gap, 170}, 16},
		{"one is enough", window(1, 5), []float64{90, 150}, 15},
		{"too old", window(3, 3), []float64{gap, gap, gap, gap, gap, gap, gap, gap, 150}, 10},
		{"none", window(3, 3), nil, 10},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tracked := tracking(perInstance, 100)
			tracked.ScaleOut = tt.window
			d := decide(target(tracked), observe(10, series(perInstance, tt.values...)))
			if d.DesiredCapacity != tt.want {
				t.Errorf("DesiredCapacity = %d, want %d: %+v", d.DesiredCapacity, tt.want, d)
			}
			checkSteps(t, 10, d)
		})
	}
}

// A value per instance is load by the instances that served when it was measured.
func TestDecideCountsCapacityInServiceWhenMeasured(t *testing.T) {
	out := activity.Activity{From: 4, To: 8, Status: activity.Successful, StartTime: now().Add(-10 * time.Minute), EndTime: now().Add(-3 * time.Minute)}
	tests := []struct {
		name   string
		values []float64
		want   int
	}{
		{"all measured after", []float64{200, 200, 200}, 16},
		{"measured before counts the four of then", []float64{gap, gap, gap, 150, 150, 150}, 8},
		{"the minute of the change counts as the larger", []float64{gap, gap, gap, 250, 250, 250}, 10},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := scaling.Input{
				Now:         now(),
				Target:      target(tracking(perInstance, 100)),
				Observation: observe(8, series(perInstance, tt.values...)),
				Activities:  []activity.Activity{out},
			}
			if d := scaling.Decide(in); d.DesiredCapacity != tt.want {
				t.Errorf("DesiredCapacity = %d, want %d: %+v", d.DesiredCapacity, tt.want, d)
			}
		})
	}
}

// The clocks of two workers may make a change end before it began. Then it has brought
// what it brought, and nothing is counted by instances that nobody has.
//
// Faults: F3
func TestDecideOfAChangeThatEndsBeforeItBegins(t *testing.T) {
	for _, ago := range []time.Duration{time.Minute, 5 * time.Minute, time.Hour} {
		end := now().Add(-ago)
		d := scaling.Decide(scaling.Input{
			Now: now(), Target: target(tracking(perInstance, 100)), Observation: observe(6, series(perInstance, 60, 60, 60, 60)),
			Activities: []activity.Activity{{From: 6, To: 4, Status: activity.Successful, StartTime: end.Add(2 * time.Minute), EndTime: end}},
		})
		if d.DesiredCapacity > 6 {
			t.Errorf("ended %s ago: DesiredCapacity = %d, want no more than the 6 that serve", ago, d.DesiredCapacity)
		}
	}
}

// The minute before a change began had all that were there before and no other; the
// minute that it began in may have had both.
func TestDecideCountsCapacityUpToTheChange(t *testing.T) {
	for minute, want := range map[int]int{9: 8, 10: 8, 11: 6, 12: 6} {
		values := slices.Repeat([]float64{10}, 15)
		values[minute-1] = 150
		d := scaling.Decide(scaling.Input{
			Now: now(), Target: target(tracking(perInstance, 100)), Observation: observe(8, series(perInstance, values...)),
			Activities: []activity.Activity{{From: 4, To: 8, Status: activity.Successful, StartTime: now().Add(-10 * time.Minute), EndTime: now().Add(-3 * time.Minute)}},
		})
		if d.DesiredCapacity != want {
			t.Errorf("%d minutes ago: DesiredCapacity = %d, want %d: %+v", minute, d.DesiredCapacity, want, d)
		}
	}
}

// A change that did not come into service says nothing of what served.
func TestDecideCountsCapacityByWhatCameIntoService(t *testing.T) {
	for status, want := range map[activity.Status]int{activity.Successful: 8, activity.Unfulfilled: 8, activity.Failed: 12, activity.Overridden: 12} {
		d := scaling.Decide(scaling.Input{
			Now: now(), Target: target(tracking(perInstance, 100)), Observation: observe(8, series(perInstance, gap, gap, gap, 150, 150, 150)),
			Activities: []activity.Activity{ended(served(4, 8, 3*time.Minute), status)},
		})
		if d.DesiredCapacity != want {
			t.Errorf("%s: DesiredCapacity = %d, want %d: %+v", status, d.DesiredCapacity, want, d)
		}
	}
}

// Of several datapoints of one period the highest counts, whichever comes first.
func TestDecideByTheHighestOfAPeriod(t *testing.T) {
	high, low := steady(perInstance, 150, 3), steady(perInstance, 20, 15)
	for i := range high.Datapoints {
		high.Datapoints[i].Time = high.Datapoints[i].Time.Add(30 * time.Second)
	}
	x := target(tracking(perInstance, 100))
	expect(t, 10, decide(x, observe(10, high, low)), 15)
	expect(t, 10, decide(x, observe(10, low, high)), 15)
}

// What floating point adds to a whole number grows with the number.
func TestDecideLargeLoadWithFloatNoise(t *testing.T) {
	x := target(tracking(perInstance, 1))
	x.Limits.Max = 2_000_000
	expect(t, 1_000_000, decide(x, observe(1_000_000, steady(policy.Invocations, 1_000_000.00001, 15))), 1_000_000, scaling.AlreadyAtDesired)
	expect(t, 1_000_000, decide(x, observe(1_000_000, steady(policy.Invocations, 1_000_000.01, 15))), 1_000_001)
}

func TestDecideLimits(t *testing.T) {
	at := func(expression string) schedule.Schedule {
		e, err := schedule.Parse(expression)
		if err != nil {
			t.Fatal(err)
		}
		return schedule.Schedule{Expression: e}
	}
	four, two := 4, 2
	tests := []struct {
		name    string
		limits  schedule.Limits
		actions []schedule.Action
		present int
		want    int
		rule    scaling.Rule
	}{
		{"below the minimum", schedule.Limits{Min: 3, Max: 9}, nil, 1, 3, scaling.RuleMinCapacity},
		{"above the maximum", schedule.Limits{Min: 1, Max: 10}, nil, 12, 10, scaling.RuleMaxCapacity},
		{"inside", schedule.Limits{Min: 1, Max: 10}, nil, 5, 5, ""},
		{"a scheduled action raises the minimum", schedule.Limits{Min: 1, Max: 9},
			[]schedule.Action{{Name: "office", Schedule: at("cron(0 8 ? * MON-FRI *)"), Min: &four}}, 1, 4, scaling.RuleMinCapacity},
		{"one with a duration has reverted", schedule.Limits{Min: 1, Max: 9},
			[]schedule.Action{{Name: "office", Schedule: at("cron(0 8 ? * MON-FRI *)"), Min: &four, Duration: time.Hour}}, 1, 1, ""},
		{"a scheduled action lowers the maximum", schedule.Limits{Min: 1, Max: 9},
			[]schedule.Action{{Name: "quiet", Schedule: at("at(2026-11-23T09:00:00)"), Max: &two}}, 5, 2, scaling.RuleMaxCapacity},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := target()
			x.Limits, x.ScheduledActions = tt.limits, tt.actions
			d := scaling.Decide(scaling.Input{Now: now(), Target: x, Observation: observe(tt.present)})
			if d.DesiredCapacity != tt.want {
				t.Errorf("DesiredCapacity = %d, want %d", d.DesiredCapacity, tt.want)
			}
			if tt.rule != "" && (len(d.Steps) != 1 || d.Steps[0].Rule != tt.rule) {
				t.Errorf("steps = %+v, want one of %s", d.Steps, tt.rule)
			}
			if tt.actions != nil && tt.rule != "" && !strings.Contains(d.Steps[0].Reason, tt.actions[0].Name) {
				t.Errorf("reason %q does not name the action", d.Steps[0].Reason)
			}
			checkSteps(t, tt.present, d)
		})
	}
}

// What a metric says of the present capacity is no reason where the limits move it.
func TestDecideLimitsMoveWhatAMetricWouldLeave(t *testing.T) {
	for _, load := range []float64{3, 95} {
		x := target(tracking(perInstance, 100))
		x.Limits.Min = 3
		d := scaling.Decide(scaling.Input{Now: now(), Target: x, Observation: observe(1, steady(perInstance, load, 15))})
		if d.DesiredCapacity != 3 || len(d.NotScaledReasons) != 0 {
			t.Errorf("load %g: got %+v, want 3 and no reason against it", load, d)
		}
	}
}

// A decision starts from what serves. What was asked for counts only while it is
// on its way.
func TestDecideStartsFromWhatServes(t *testing.T) {
	open := []activity.Activity{{From: 2, To: 6, Status: activity.InProgress, StartTime: now()}}
	tests := []struct {
		name       string
		status     string
		activities []activity.Activity
		want       int
	}{
		{"asked for and never came", activity.InService, nil, 2},
		{"asked for a moment ago", activity.InService, open, 6},
		{"on its way", "Updating", open, 6},
		{"on its way, by somebody else", "Updating", nil, 6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := scaling.Input{Now: now(), Target: target(), Activities: tt.activities, Observation: scaling.Observation{
				Status: tt.status, CurrentCapacity: 2, DesiredCapacity: 6,
			}}
			if d := scaling.Decide(in); d.DesiredCapacity != tt.want {
				t.Errorf("DesiredCapacity = %d, want %d", d.DesiredCapacity, tt.want)
			}
		})
	}
}

func TestDecideScaleInDisabled(t *testing.T) {
	x := target(tracking(perInstance, 100))
	x.DisableScaleIn = true
	d := scaling.Decide(scaling.Input{Now: now(), Target: x, Observation: observe(10, steady(perInstance, 10, 15))})
	if d.DesiredCapacity != 10 || !slices.Equal(codes(d), []scaling.Code{scaling.ScaleInDisabled}) {
		t.Errorf("got %+v, want to stay at 10 for ScaleInDisabled", d)
	}
}

func TestDecideHighResolution(t *testing.T) {
	x := tracking(policy.ConcurrentRequestsPerModel, 5)
	x.Metric.Period, x.ScaleIn = 10*time.Second, window(90, 90)
	s := scaling.Series{Metric: x.Metric.Name}
	for i := range 3 {
		s.Datapoints = append(s.Datapoints, scaling.Datapoint{Time: now().Add(-time.Duration(i+1) * 10 * time.Second), Value: 9})
	}
	d := scaling.Decide(scaling.Input{Now: now(), Target: target(x), Observation: observe(2, s)})
	if d.DesiredCapacity != 4 {
		t.Errorf("DesiredCapacity = %d, want 4 after 30 s: %+v", d.DesiredCapacity, d)
	}
}

// A datapoint of a long period is late too.
func TestDecideLongPeriods(t *testing.T) {
	x := tracking("queue", 5)
	x.Metric.Period = 5 * time.Minute
	s := scaling.Series{Metric: "queue"}
	for i := range 3 {
		s.Datapoints = append(s.Datapoints, scaling.Datapoint{Time: now().Add(-time.Duration(i+2) * 5 * time.Minute), Value: 9})
	}
	d := scaling.Decide(scaling.Input{Now: now(), Target: target(x), Observation: observe(2, s)})
	if d.DesiredCapacity != 4 {
		t.Errorf("DesiredCapacity = %d, want 4 although the newest datapoint is still on its way: %+v", d.DesiredCapacity, d)
	}
}

func TestDatapointJSON(t *testing.T) {
	var d scaling.Datapoint
	if err := json.Unmarshal([]byte(`{"time":"2026-11-23T09:59:00Z","value":null}`), &d); err != nil || !math.IsNaN(d.Value) {
		t.Errorf("null became %v, %v; want NaN: missing is not zero", d.Value, err)
	}
	for _, none := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		d.Value = none
		if text, err := json.Marshal(d); err != nil || string(text) != `{"time":"2026-11-23T09:59:00Z","value":null}` {
			t.Errorf("%v became %s, %v; want null", none, text, err)
		}
	}
	for _, bad := range []string{`{"value":1}`, `{"time":"2026-11-23T09:59:00Z","vale":1}`, `{"time":"x","value":1}`} {
		if err := json.Unmarshal([]byte(bad), &d); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}
