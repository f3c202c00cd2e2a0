package scaling_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/schedule"
)

// metric is one of a minute's period under that name.
func metric(name string) policy.Metric {
	return policy.Metric{Name: name, Namespace: "Custom", MetricName: name, Statistic: "Average", Period: time.Minute, Devices: 1}
}

// steps is a step policy of that name on the metric of that name, with the
// defaults of the policy file.
func steps(name string, c policy.Comparison, threshold float64, ladder ...policy.StepAdjustment) policy.StepScaling {
	return policy.StepScaling{
		Name: name, Metric: metric(name), Threshold: threshold, Comparison: c,
		AdjustmentType: policy.ChangeInCapacity, Aggregation: policy.Average, MinAdjustment: 1, Cooldown: policy.DefaultCooldown,
		Alarm: window(3, 3), TreatMissingData: policy.TreatMissing, Adjustments: ladder,
	}
}

// from, upTo and between are steps by their bounds.
func from(lower float64, adjustment int) policy.StepAdjustment {
	return policy.StepAdjustment{Lower: new(lower), Adjustment: adjustment}
}

func upTo(upper float64, adjustment int) policy.StepAdjustment {
	return policy.StepAdjustment{Upper: new(upper), Adjustment: adjustment}
}

func between(lower, upper float64, adjustment int) policy.StepAdjustment {
	return policy.StepAdjustment{Lower: new(lower), Upper: new(upper), Adjustment: adjustment}
}

// stepping is a target with step policies only.
func stepping(s ...policy.StepScaling) policy.Target {
	x := target()
	x.StepScaling = s
	return x
}

// decide decides at now.
func decide(x policy.Target, o scaling.Observation) scaling.Decision {
	return scaling.Decide(scaling.Input{Now: now(), Target: x, Observation: o})
}

// expect fails unless d is for want instances, refused for these codes, and goes
// there step by step.
func expect(t *testing.T, present int, d scaling.Decision, want int, refused ...scaling.Code) {
	t.Helper()
	if d.DesiredCapacity != want {
		t.Errorf("DesiredCapacity = %d, want %d: %+v", d.DesiredCapacity, want, d)
	}
	if got := codes(d); !slices.Equal(got, refused) {
		t.Errorf("codes = %v, want %v: %+v", got, refused, d)
	}
	checkSteps(t, present, d)
}

// The examples and the rounding are those of the step scaling guide of
// Application Auto Scaling; where it is silent, the arithmetic of int32 must not
// wrap.
func TestStepAdjustmentTypes(t *testing.T) {
	const change, percent, exact = policy.ChangeInCapacity, policy.PercentChangeInCapacity, policy.ExactCapacity
	tests := []struct {
		name       string
		kind       string
		adjustment int
		least      int
		present    int
		want       int
	}{
		{"3 and 5 are 8", change, 5, 1, 3, 8},
		{"a change of nothing", change, 0, 1, 3, 3},
		{"a change down", change, -2, 1, 3, 1},
		{"never below zero", change, -5, 1, 3, 0},
		{"the largest change", change, math.MaxInt32, 1, math.MaxInt32, math.MaxInt32},
		{"the smallest change", change, math.MinInt32, 1, math.MaxInt32, 0},
		{"exactly 5", exact, 5, 1, 3, 5},
		{"exactly less", exact, 1, 1, 3, 1},
		{"exactly what there is", exact, 3, 1, 3, 3},
		{"exactly none", exact, 0, 1, 3, 0},
		{"exactly all", exact, math.MaxInt32, 1, 3, math.MaxInt32},
		{"10 % of 10 are one", percent, 10, 1, 10, 11},
		{"12.7 are 12", percent, 10, 1, 127, 139},
		{"0.67 is 1", percent, 1, 1, 67, 68},
		{"-0.58 is -1", percent, -1, 1, 58, 57},
		{"-6.67 are -6", percent, -23, 1, 29, 23},
		{"exactly 1", percent, 1, 1, 100, 101},
		{"exactly -1", percent, -1, 1, 100, 99},
		{"just above 1", percent, 1, 1, 199, 200},
		{"just below -1", percent, -1, 1, 199, 198},
		{"1 % of one is one", percent, 1, 1, 1, 2},
		{"-1 % of one is one", percent, -1, 1, 1, 0},
		{"0 % is nothing", percent, 0, 1, 100, 100},
		{"any share of nothing is nothing", percent, 50, 1, 0, 0},
		{"100 % less", percent, -100, 1, 7, 0},
		{"more than all", percent, -250, 1, 7, 0},
		{"25 % of 4, at least 2", percent, 25, 2, 4, 6}, // AWS: the guide's example of MinAdjustmentMagnitude
		{"-25 % of 4, at least 2", percent, -25, 2, 4, 2},
		{"a magnitude that is reached anyway", percent, 50, 2, 10, 15},
		{"a magnitude does not make something of 0 %", percent, 0, 5, 10, 10},
		{"the largest percentage", percent, math.MaxInt32, 1, math.MaxInt32, math.MaxInt32},
		{"the smallest percentage", percent, math.MinInt32, 1, math.MaxInt32, 0},
		{"the largest magnitude", percent, 1, math.MaxInt32, math.MaxInt32, math.MaxInt32},
		{"the largest magnitude down", percent, -1, math.MaxInt32, 5, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := steps("latency", policy.GreaterOrEqual, 50, from(0, tt.adjustment))
			s.AdjustmentType, s.MinAdjustment = tt.kind, tt.least
			x := stepping(s)
			x.Limits = schedule.Limits{Min: 0, Max: math.MaxInt32}
			var refused []scaling.Code
			if tt.want == tt.present {
				refused = []scaling.Code{scaling.AlreadyAtDesired}
			}
			d := decide(x, observe(tt.present, steady("latency", 50, 3)))
			expect(t, tt.present, d, tt.want, refused...)
			if len(d.Steps) > 1 {
				t.Errorf("steps = %+v, want that of the policy alone", d.Steps)
			}
		})
	}
}

// The rows are those of CloudWatch's table of how missing data is treated: the
// oldest datapoint first, X beyond the threshold, 0 within, - missing. Where
// CloudWatch keeps the state that an alarm was in, and where there is no value at
// all, nothing moves here.
func TestStepAlarmTreatsMissingDataAsCloudWatch(t *testing.T) {
	type row struct {
		pattern                                  string
		missing, ignore, breaching, notBreaching bool
	}
	for m, rows := range map[int][]row{
		3: {
			{"0-X-X", false, false, false, false},
			{"0----", false, false, false, false},
			{"-----", false, false, false, false}, // breaching is an alarm in CloudWatch, without a value to choose a step by
			{"0XX-X", true, true, true, true},
			{"--X--", true, false, true, false},
			{"XXXXX", true, true, true, true},
		},
		2: {
			{"0-X-X", true, true, true, true},
			{"00X0X", true, true, true, true},
			{"0-X--", false, false, true, false},
			{"----0", false, false, true, false},
			{"---X-", true, false, true, false},
			{"-X--X", true, true, true, true},
		},
	} {
		for _, r := range rows {
			for treat, alarm := range map[string]bool{
				policy.TreatMissing: r.missing, policy.TreatIgnore: r.ignore,
				policy.TreatBreaching: r.breaching, policy.TreatNotBreaching: r.notBreaching,
			} {
				t.Run(fmt.Sprintf("%d of 3/%s/%s", m, r.pattern, treat), func(t *testing.T) {
					// One step for whatever value: what counts is the alarm.
					s := steps("latency", policy.GreaterOrEqual, 50, upTo(0, 1), from(0, 1))
					s.Alarm, s.TreatMissingData = window(m, 3), treat
					want := 4
					if alarm {
						want = 5
					}
					if d := decide(stepping(s), observe(4, pattern("latency", r.pattern))); d.DesiredCapacity != want {
						t.Errorf("DesiredCapacity = %d, want %d: %+v", d.DesiredCapacity, want, d)
					}
				})
			}
		}
	}
}

// pattern is a series of the minutes before now, the oldest first: X is 60, 0 is
// 10, - is missing.
func pattern(name, p string) scaling.Series {
	var values []float64
	for _, c := range slices.Backward([]byte(p)) {
		values = append(values, map[byte]float64{'X': 60, '0': 10, '-': gap}[c])
	}
	return series(name, values...)
}

// CloudWatch reads more datapoints than the alarm has periods, because some are
// late; what is older than five minutes more says nothing of now.
func TestStepAlarmLooksFiveMinutesFurtherBack(t *testing.T) {
	tests := []struct {
		pattern string
		want    int
	}{
		{"XXX-----", 5},
		{"XXX------", 4},
		{"X-X-X---", 5},
		{"X-X-X----", 4},
	}
	for _, tt := range tests {
		t.Run(tt.pattern, func(t *testing.T) {
			s := steps("latency", policy.GreaterOrEqual, 50, from(0, 1))
			s.TreatMissingData = policy.TreatNotBreaching
			if d := decide(stepping(s), observe(4, pattern("latency", tt.pattern))); d.DesiredCapacity != tt.want {
				t.Errorf("DesiredCapacity = %d, want %d: %+v", d.DesiredCapacity, tt.want, d)
			}
		})
	}
}

func TestStepAggregation(t *testing.T) {
	tests := []struct {
		how  string
		want int
	}{
		{policy.Average, 5}, // 50: just on the lowest step
		{policy.Minimum, 4}, // 20: below every step
		{policy.Maximum, 7}, // 70
	}
	for _, tt := range tests {
		t.Run(tt.how, func(t *testing.T) {
			s := steps("latency", policy.GreaterOrEqual, 50, between(0, 10, 1), from(10, 3))
			s.Alarm, s.Aggregation = window(2, 3), tt.how
			if d := decide(stepping(s), observe(4, series("latency", 60, 20, 70))); d.DesiredCapacity != tt.want {
				t.Errorf("DesiredCapacity = %d, want %d: %+v", d.DesiredCapacity, tt.want, d)
			}
		})
	}
}

// A bound belongs to the step on its far side from the threshold, as in the step
// scaling guide of Application Auto Scaling.
func TestStepBounds(t *testing.T) {
	high := []policy.StepAdjustment{between(0, 10, 1), between(10, 20, 2), from(20, 3)}
	low := []policy.StepAdjustment{upTo(-20, 3), between(-20, -10, 2), between(-10, 0, 1)}
	tests := []struct {
		comparison policy.Comparison
		value      float64
		want       int
	}{
		{policy.GreaterOrEqual, 49.9, 4},
		{policy.GreaterOrEqual, 50, 5},
		{policy.GreaterOrEqual, 59.9, 5},
		{policy.GreaterOrEqual, 60, 6},
		{policy.GreaterOrEqual, 70, 7},
		{policy.GreaterOrEqual, 1e9, 7},
		{policy.Greater, 50, 4},
		{policy.Greater, 50.1, 5},
		{policy.Greater, 60, 6},
		{policy.Less, 50, 4},
		{policy.Less, 49.9, 5},
		{policy.Less, 40, 6},
		{policy.Less, 30, 7},
		{policy.Less, 0, 7},
		{policy.LessOrEqual, 50.1, 4},
		{policy.LessOrEqual, 50, 5},
		{policy.LessOrEqual, 40.1, 5},
		{policy.LessOrEqual, 40, 6},
		{policy.LessOrEqual, 30, 7},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %v", tt.comparison, tt.value), func(t *testing.T) {
			ladder := low
			if tt.comparison.Above() {
				ladder = high
			}
			d := decide(stepping(steps("x", tt.comparison, 50, ladder...)), observe(4, steady("x", tt.value, 3)))
			if d.DesiredCapacity != tt.want {
				t.Errorf("DesiredCapacity = %d, want %d: %+v", d.DesiredCapacity, tt.want, d)
			}
		})
	}
}

func TestStepWithoutAMatchChangesNothing(t *testing.T) {
	s := steps("latency", policy.GreaterOrEqual, 50, between(5, 10, 1), from(10, 2))
	for _, value := range []float64{50, 54.9} {
		expect(t, 4, decide(stepping(s), observe(4, steady("latency", value, 3))), 4, scaling.AlreadyAtDesired)
	}
	expect(t, 4, decide(stepping(s), observe(4, steady("latency", 55, 3))), 5)
}

// quiet is a step policy that removes one instance below 20 and three from 10
// down.
func quiet(name string) policy.StepScaling {
	return steps(name, policy.Less, 20, upTo(-10, -3), between(-10, 0, -1))
}

// Missing is not zero: a step that removes capacity needs every datapoint that is
// due, whatever the alarm makes of missing ones; one that adds does not.
func TestStepRemovesOnlyWithCompleteData(t *testing.T) {
	tests := []struct {
		name    string
		alarm   policy.Window
		values  []float64
		want    int
		noAlarm bool // where missing is not breaching
		refused []scaling.Code
	}{
		{"complete", window(3, 3), []float64{15, 15, 15}, 9, false, nil},
		{"deep", window(3, 3), []float64{5, 5, 5}, 7, false, nil},
		{"not below", window(3, 3), []float64{20, 15, 15}, 10, false, []scaling.Code{scaling.AlreadyAtDesired}},
		{"one of two that are enough is missing", window(2, 3), []float64{15, gap, 15}, 10, false, []scaling.Code{scaling.MissingData}},
		{"one is missing, an older one is there", window(3, 3), []float64{15, gap, 15, 15}, 10, false, []scaling.Code{scaling.MissingData}},
		{"the newest is missing", window(3, 3), []float64{gap, 15, 15, 15}, 10, false, []scaling.Code{scaling.MissingData}},
		{"one is missing and none is older", window(3, 3), []float64{15, 15}, 10, true, []scaling.Code{scaling.MissingData}},
		{"all are missing", window(3, 3), nil, 10, true, []scaling.Code{scaling.MissingData}},
		{"two of three", window(2, 3), []float64{15, 21, 15}, 9, false, nil},
		{"two of three, their mean is no longer low", window(2, 3), []float64{15, 40, 15}, 10, false, []scaling.Code{scaling.AlreadyAtDesired}},
	}
	for _, tt := range tests {
		for _, treat := range []string{policy.TreatMissing, policy.TreatIgnore, policy.TreatBreaching, policy.TreatNotBreaching} {
			t.Run(tt.name+"/"+treat, func(t *testing.T) {
				s := quiet("load")
				s.Alarm, s.TreatMissingData = tt.alarm, treat
				refused := tt.refused
				if treat == policy.TreatNotBreaching && tt.noAlarm {
					refused = []scaling.Code{scaling.AlreadyAtDesired} // nothing is missing where it counts for no alarm
				}
				expect(t, 10, decide(stepping(s), observe(10, series("load", tt.values...))), tt.want, refused...)
			})
		}
	}
}

func TestStepNeverRemovesByAnIncompleteSeries(t *testing.T) {
	low, high := steady("load", 5, 3), steady("latency", 60, 3)
	low.Incomplete, high.Incomplete = "CloudWatch answered with status InternalError", "CloudWatch answered with status InternalError"
	expect(t, 10, decide(stepping(quiet("load")), observe(10, low)), 10, scaling.MissingData)
	x := stepping(steps("latency", policy.GreaterOrEqual, 50, from(0, 2)))
	expect(t, 10, decide(x, observe(10, high)), 12)
	expect(t, 10, decide(x, observe(10)), 10, scaling.MissingData)
}

// What is not due yet can only speak against a step that removes capacity.
func TestStepDatapointsNotDueYet(t *testing.T) {
	tests := []struct {
		name   string
		alarm  policy.Window
		values []float64
		want   int
	}{
		{"on their way", window(3, 3), []float64{gap, gap, 5, 5, 5}, 7},
		{"there and low", window(3, 3), []float64{5, 5, 5, 5, 5}, 7},
		{"the newest is high", window(3, 3), []float64{60, gap, 5, 5, 5}, 10},
		{"the newest pull the mean up to a smaller step", window(3, 3), []float64{19, 19, 5, 5, 5}, 9},
		{"the newest pull the mean up beyond the steps", window(2, 3), []float64{60, gap, 5, 5, 5}, 10},
		{"low ones make no step that those due do not make", window(3, 3), []float64{5, 5, 5, 25, 5}, 10},
		{"low ones make no larger step", window(3, 3), []float64{5, 5, 15, 15, 15}, 9},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := quiet("load")
			s.Alarm = tt.alarm
			measured := series("load", tt.values...)
			measured.DueThrough = now().Add(-2 * time.Minute)
			d := decide(stepping(s), observe(10, measured))
			if d.DesiredCapacity != tt.want {
				t.Errorf("DesiredCapacity = %d, want %d: %+v", d.DesiredCapacity, tt.want, d)
			}
			checkSteps(t, 10, d)
		})
	}
}

// To add capacity the newest datapoints must speak for it: what was due before them
// adds nothing.
func TestStepDoesNotAddByWhatIsOver(t *testing.T) {
	measured := series("latency", 10, 10, 60, 60, 60)
	measured.DueThrough = now().Add(-2 * time.Minute)
	x := stepping(steps("latency", policy.GreaterOrEqual, 50, from(0, 2)))
	expect(t, 10, decide(x, observe(10, measured)), 10, scaling.AlreadyAtDesired)
}

// A step down is a step down whatever its metric is compared by.
func TestStepRemovesByHighValuesToo(t *testing.T) {
	x := stepping(steps("idle", policy.Greater, 80, from(0, -2)))
	expect(t, 10, decide(x, observe(10, steady("idle", 90, 3))), 8)
	expect(t, 10, decide(x, observe(10, series("idle", 90, gap, 90, 90))), 10, scaling.MissingData)
}

func TestStepOfTenSeconds(t *testing.T) {
	s := steps("queue", policy.GreaterOrEqual, 50, from(0, 2))
	s.Metric.Period = 10 * time.Second
	measured := scaling.Series{Metric: "queue"}
	for i := range 3 {
		measured.Datapoints = append(measured.Datapoints, scaling.Datapoint{Time: now().Add(-time.Duration(i+1) * 10 * time.Second), Value: 60})
	}
	expect(t, 4, decide(stepping(s), observe(4, measured)), 6)
}

// What a step asks for stays inside the limits.
func TestStepLimits(t *testing.T) {
	up, down := steps("latency", policy.GreaterOrEqual, 50, from(0, 10)), quiet("load")
	x := stepping(up)
	x.Limits = schedule.Limits{Min: 2, Max: 6}
	expect(t, 4, decide(x, observe(4, steady("latency", 60, 3))), 6)
	expect(t, 6, decide(x, observe(6, steady("latency", 60, 3))), 6, scaling.AlreadyAtMax)
	x.StepScaling[0] = down
	expect(t, 4, decide(x, observe(4, steady("load", 5, 3))), 2)
	expect(t, 2, decide(x, observe(2, steady("load", 5, 3))), 2, scaling.AlreadyAtMin)
}

// The cooldown of a decision is that of the policy that is followed.
func TestStepCooldown(t *testing.T) {
	s := steps("latency", policy.GreaterOrEqual, 50, from(0, 100))
	s.Cooldown = 7 * time.Minute
	d := decide(stepping(s), observe(4, steady("latency", 60, 3)))
	if want := (scaling.Cooldown{Out: 7 * time.Minute, In: 7 * time.Minute}); d.Cooldown != want {
		t.Errorf("cooldown %+v, want %+v", d.Cooldown, want)
	}
	if d := decide(stepping(quiet("load")), observe(4, steady("load", 20, 3))); d.Cooldown != (scaling.Cooldown{}) {
		t.Errorf("nothing asked for has the cooldown %+v", d.Cooldown)
	}
}
