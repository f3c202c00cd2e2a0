package whatif_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sagescale/internal/activity"
	"sagescale/internal/forecast"
	"sagescale/internal/policy"
	"sagescale/internal/policyfile"
	"sagescale/internal/scaling"
	"sagescale/internal/whatif"
)

func now() time.Time { return time.Date(2026, 11, 23, 21, 3, 0, 0, time.UTC) }

// target is one of 1 to 8 instances at 700 requests a minute, with more fields.
func target(t testing.TB, more string) policy.Target {
	t.Helper()
	text := "endpoint: chat-llm\nvariant: AllTraffic\nminCapacity: 1\nmaxCapacity: 8\n" + more
	out, err := policyfile.ParseTarget("policy", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const tracking = "targetTracking: [{metric: InvocationsPerInstance, targetValue: 700}]\n"

// series has a value in each of the last minutes that are due, the newest last.
func series(metric string, values ...float64) scaling.Series {
	s := scaling.Series{Metric: metric, DueThrough: now().Add(-2 * time.Minute)}
	for i, v := range values {
		at := s.DueThrough.Add(time.Duration(i-len(values)) * time.Minute)
		s.Datapoints = append(s.Datapoints, scaling.Datapoint{Time: at, Value: v})
	}
	return s
}

// level is a steady load of half an hour.
func level(v float64) []float64 { return slices.Repeat([]float64{v}, 30) }

// serving is a case of so many instances in service.
func serving(n int, t policy.Target, metrics ...scaling.Series) whatif.Case {
	return whatif.Case{Input: scaling.Input{Now: now(), Target: t, Observation: scaling.Observation{
		Status: activity.InService, CurrentCapacity: n, DesiredCapacity: n, Metrics: metrics,
	}}}
}

// done is a change that ended a while before now.
func done(from, to int, ago time.Duration) activity.Activity {
	return activity.Activity{
		ID: "a", Variant: "AllTraffic", From: from, To: to, Status: activity.Successful,
		StartTime: now().Add(-ago - 2*time.Minute), EndTime: now().Add(-ago),
	}
}

// What time alone changes, if the load stays as it is.
func TestLater(t *testing.T) {
	cooling := serving(4, target(t, tracking), series("Invocations", level(1900)...))
	cooling.Activities = []activity.Activity{done(5, 4, 90*time.Second)}
	falling := serving(4, target(t, tracking), series("Invocations", append(level(2700), 1900, 1900, 1900, 1900)...))
	late := series("Invocations", level(1900)...)
	late.Datapoints = late.Datapoints[:len(late.Datapoints)-1] // the last one is late, and stays so
	paused := serving(4, target(t, tracking), series("Invocations", level(3500)...))
	paused.Override = policy.Override{Pause: policy.Out, Until: now().Add(20*time.Minute + time.Second)}
	growing := serving(4, target(t, tracking), series("Invocations", level(3500)...))
	growing.Activities = []activity.Activity{{
		ID: "b", Variant: "AllTraffic", From: 4, To: 5, Status: activity.InProgress, StartTime: now().Add(-time.Minute),
	}}
	growing.Observation.Status, growing.Observation.DesiredCapacity = "Updating", 5
	shrinking := growing
	shrinking.Observation.Metrics = []scaling.Series{series("Invocations", level(1400)...)}
	action := serving(4, target(t, tracking+"scheduledActions: [{name: night, schedule: cron(30 21 * * ? *), timezone: UTC, minCapacity: 6, startTime: 2026-11-23T21:30:00Z}]\n"),
		series("Invocations", level(2700)...))
	backing := serving(4, target(t, tracking), series("Invocations", level(3500)...))
	backing.Backoffs.Out = activity.Backoff{Failures: 1, Until: now().Add(4 * time.Minute)}
	for name, tt := range map[string]struct {
		of   whatif.Case
		want string
	}{
		"a cooldown ends":              {cooling, "4 to 3 in 4m0s, held by ScaleInCooldown"},
		"a window fills":               {falling, "4 to 3 in 11m0s, held by AlreadyAtDesiredCapacity"},
		"a datapoint stays late":       {serving(4, target(t, tracking), late), ""},
		"a pause ends":                 {paused, "4 to 5 in 21m0s, held by Paused"},
		"a change comes, and suffices": {growing, ""},
		"a change comes":               {shrinking, "5 to 2 in 5m0s, held by ScaleOutCooldown, after the change"},
		"an action comes":              {action, "4 to 6 in 27m0s, held by AlreadyAtDesiredCapacity"},
		"a backoff ends":               {backing, "4 to 5 in 4m0s, held by BackingOff"},
		"it is changed now":            {serving(4, target(t, tracking), series("Invocations", level(3500)...)), ""},
		"there are no data":            {serving(4, target(t, tracking), series("Invocations")), ""},
		"nothing changes":              {serving(4, target(t, tracking), series("Invocations", level(2700)...)), ""},
	} {
		got := ""
		if l := whatif.Ask(tt.of).Later; l != nil {
			got = fmt.Sprintf("%d to %d in %s, held by %s", l.From, l.To, l.At.Sub(now()), l.Held)
			if l.Done {
				got += ", after the change"
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// said writes a bound.
func said(b whatif.Bound) string {
	if b.None != nil {
		return "none: " + string(b.None.Code)
	}
	text := fmt.Sprintf("%v makes %d in %s", b.Value, b.Capacity, time.Duration(b.Seconds)*time.Second)
	if b.UpTo {
		text = "up to " + text
	}
	if b.Held != "" {
		text += ", held by " + string(b.Held)
	}
	return text
}

func TestLoads(t *testing.T) {
	loads := series("Invocations", level(2700)...)
	cooling := serving(4, target(t, tracking), loads)
	cooling.Activities = []activity.Activity{done(5, 4, 90*time.Second)}
	paused := serving(4, target(t, tracking), loads)
	paused.Override = policy.Override{Pause: policy.Both, Until: now().Add(time.Hour)}
	const latency = "stepScaling: [{name: slow, metric: {name: latency, namespace: AWS/SageMaker, metricName: ModelLatency, statistic: Average}, " +
		"threshold: 800000, comparison: %s, adjustmentType: ChangeInCapacity, stepAdjustments: [{%s: 0, adjustment: %d}]}]\n"
	above := target(t, tracking+fmt.Sprintf(latency, "GreaterThanOrEqualToThreshold", "lowerBound", 2))
	below := target(t, fmt.Sprintf(latency, "LessThanThreshold", "upperBound", -1))
	times := series("latency", level(700000)...)
	gpu := target(t, "targetTracking: [{metric: {name: gpu, namespace: /aws/sagemaker/Endpoints, metricName: GPUUtilization, statistic: Average, devices: 4}, targetValue: 70}]\n")
	held := serving(4, target(t, tracking), series("Invocations", append(level(2700), math.NaN())...))
	two := target(t, tracking+"behavior: {scaleIn: {stabilizationWindow: 10m}}\n")
	for name, tt := range map[string]struct {
		of   whatif.Case
		want []string // what adds, what removes, of each metric
	}{
		"a plain target":     {serving(4, target(t, tracking), loads), []string{"2801 makes 5 in 3m0s", "up to 2100 makes 3 in 15m0s"}},
		"a cooldown":         {cooling, []string{"2801 makes 5 in 3m0s", "up to 2100 makes 3 in 15m0s, held by ScaleInCooldown"}},
		"a pause":            {paused, []string{"2801 makes 5 in 3m0s, held by Paused", "up to 2100 makes 3 in 15m0s, held by Paused"}},
		"the maximum":        {serving(8, target(t, tracking), loads), []string{"none: AlreadyAtMaxCapacity", "up to 4900 makes 7 in 15m0s"}},
		"the minimum":        {serving(1, target(t, tracking), loads), []string{"701 makes 2 in 3m0s", "none: AlreadyAtMinCapacity"}},
		"what was missing":   {held, []string{"2801 makes 5 in 3m0s", "up to 2100 makes 3 in 15m0s"}},
		"a look back":        {serving(4, two, loads), []string{"2801 makes 5 in 3m0s", "up to 2100 makes 3 in 24m0s"}},
		"several devices":    {serving(4, gpu, series("gpu", level(200)...)), []string{"70.01 makes 5 in 3m0s", "up to 52.5 makes 3 in 15m0s"}},
		"nothing measured":   {serving(4, target(t, tracking)), nil},
		"steps up":           {serving(4, above, loads, times), []string{"2801 makes 5 in 3m0s", "up to 2100 makes 3 in 15m0s", "800000 makes 6 in 3m0s", "none: AlreadyAtDesiredCapacity"}},
		"steps down":         {serving(4, below, times), []string{"none: AlreadyAtDesiredCapacity", "up to 799900 makes 3 in 3m0s"}},
		"outside the limits": {serving(9, target(t, tracking), loads), []string{"none: ", "0 makes 1 in 1m0s"}},
	} {
		var got []string
		for _, l := range whatif.Ask(tt.of).Loads {
			got = append(got, said(l.Adds), said(l.Removes))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

// steadily is a case with its load put to a value.
func steadily(c whatif.Case, v float64) whatif.Case {
	c.Observation.Metrics = []scaling.Series{series("Invocations", slices.Repeat([]float64{v}, 60)...)}
	return c
}

// At a bound the code changes the capacity as it is said, and one request beside it does not.
func TestLoadsAreBoundaries(t *testing.T) {
	policies := []policy.Target{
		target(t, tracking),
		target(t, tracking+"behavior: {scaleIn: {stabilizationWindow: 5m, tolerance: 0.2}, scaleOut: {tolerance: 0.1, policies: [{type: Percent, value: 50, period: 5m}]}}\n"),
		target(t, strings.Replace(tracking, "700", "33.3", 1)),
		target(t, strings.Replace(tracking, "700", "700, scaleOut: {datapoints: 2, periods: 5}, scaleIn: {datapoints: 5, periods: 20, threshold: 0.5}", 1)),
	}
	rapid.Check(t, func(t *rapid.T) {
		present := rapid.IntRange(1, 8).Draw(t, "present")
		values := rapid.SliceOfN(rapid.Float64Range(0, 7000), 30, 30).Draw(t, "load")
		c := serving(present, rapid.SampledFrom(policies).Draw(t, "policy"), series("Invocations", values...))
		if ago := rapid.IntRange(0, 20).Draw(t, "minutes since a change"); ago > 0 {
			from := rapid.IntRange(1, 8).Draw(t, "from")
			c.Activities = []activity.Activity{done(from, present, time.Duration(ago)*time.Minute)}
		}
		l := whatif.Ask(c).Loads[0]
		changes := func(v float64, held bool) int {
			d := scaling.Decide(steadily(c, v).Input)
			if !held {
				d = steadily(c, v).Decide()
			}
			return d.DesiredCapacity
		}
		if b := l.Adds; b.None == nil {
			if got := changes(b.Value, b.Held != ""); got != b.Capacity || got <= present {
				t.Errorf("adds at %v: %d, said is %+v", b.Value, got, b)
			}
			if got := changes(b.Value-1, b.Held != ""); b.Value > 0 && got > present {
				t.Errorf("adds already at %v: %d", b.Value-1, got)
			}
		}
		if b := l.Removes; b.None == nil {
			if got := changes(b.Value, b.Held != ""); got != b.Capacity || got >= present {
				t.Errorf("removes at %v: %d, said is %+v", b.Value, got, b)
			}
			if got := changes(b.Value+1, b.Held != ""); got < present {
				t.Errorf("removes still at %v: %d", b.Value+1, got)
			}
		}
		if l.Adds.None != nil && changes(1e9, true) > present || l.Removes.None != nil && changes(0, true) < present {
			t.Errorf("said is %+v", l)
		}
	})
}

// To ask changes nothing of what is asked about.
func TestAskLeavesTheCase(t *testing.T) {
	c := serving(4, target(t, tracking), series("Invocations", level(1900)...))
	c.Activities = []activity.Activity{{ID: "b", Variant: "AllTraffic", From: 4, To: 5, Status: activity.InProgress, StartTime: now()}}
	before := fmt.Sprintf("%+v", c)
	first, second := whatif.Ask(c), whatif.Ask(c)
	if after := fmt.Sprintf("%+v", c); after != before {
		t.Errorf("it was\n%s\nit is\n%s", before, after)
	}
	if fmt.Sprintf("%+v", first.Loads) != fmt.Sprintf("%+v", second.Loads) {
		t.Errorf("answered %+v, then %+v", first, second)
	}
}

func TestMakes(t *testing.T) {
	c := serving(4, target(t, tracking), series("Invocations", level(3500)...))
	made := c.Decide()
	held := c.Decide()
	held.Hold(scaling.ClaimedElsewhere, 4, "another evaluation wrote first")
	other := serving(4, target(t, tracking), series("Invocations", level(1900)...)).Decide()
	limited := c.Decide()
	limited.MaxCapacity = 7
	worded := c.Decide()
	worded.Steps = slices.Clone(worded.Steps)
	worded.Steps[0].Reason = "because"
	idle := serving(4, target(t, tracking), series("Invocations", level(2700)...))
	elsewhere := idle.Decide()
	elsewhere.DesiredCapacity = 5
	for name, tt := range map[string]struct {
		of       whatif.Case
		recorded scaling.Decision
		want     bool
	}{
		"itself":                {c, made, true},
		"what was held later":   {c, held, true},
		"another load":          {c, other, false},
		"other limits":          {c, limited, false},
		"other words":           {c, worded, false},
		"idle":                  {idle, idle.Decide(), true},
		"idle at another count": {idle, elsewhere, false},
	} {
		if got := tt.of.Makes(tt.recorded); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// Where a forecast decides, the bounds are those of the forecast.
func TestLoadsOfAForecast(t *testing.T) {
	x := target(t, tracking+"predictive: {mode: ForecastAndScale, instanceCapacity: 1000}\n")
	l := forecast.NewLearner(now().Add(-72 * time.Hour))
	for m := range 72 * 60 {
		l.Observe(2000 + float64(m*7919%200))
	}
	model := l.Model()
	c := serving(4, x, series("Invocations", slices.Repeat([]float64{2100}, 60)...))
	c.Forecast = &model
	d := c.Decide()
	if d.Forecast == nil || !d.Forecast.Followed || d.Forecast.Unused != "" {
		t.Fatalf("no forecast decides: %+v", d.Forecast)
	}
	bounds := whatif.Ask(c).Loads[0]
	for _, b := range []whatif.Bound{bounds.Adds, bounds.Removes} {
		if b.None != nil || b.Value < 500 || b.Value > 4000 {
			t.Fatalf("said is %+v", bounds)
		}
		beside := b.Value - 1
		if b.UpTo {
			beside = b.Value + 1
		}
		at, near := steadily(c, b.Value).Decide().DesiredCapacity, steadily(c, beside).Decide().DesiredCapacity
		if at != b.Capacity || (at > 4) != (!b.UpTo) || at == 4 || (near > 4) == (!b.UpTo) && near != 4 {
			t.Errorf("at %v %d, at %v %d, said is %+v", b.Value, at, beside, near, b)
		}
	}
	if bounds.Adds.Value <= bounds.Removes.Value {
		t.Errorf("adds from %v on, removes at %v or less", bounds.Adds.Value, bounds.Removes.Value)
	}
}

// No load moves a capacity that is held.
func TestAskOfAHold(t *testing.T) {
	c := whatif.Case{Input: scaling.Input{
		Now: now(), Target: target(t, tracking),
		Observation: scaling.Observation{Status: activity.InService, CurrentCapacity: 4, DesiredCapacity: 4,
			Metrics: []scaling.Series{series(policy.Invocations, 2800, 2800, 2800)}},
		Override: policy.Override{Min: new(4), Max: new(4), Until: now().Add(time.Hour)},
	}}
	if got := whatif.Ask(c); len(got.Loads) != 0 {
		t.Errorf("loads %+v", got.Loads)
	}
	c.Override = policy.Override{}
	if got := whatif.Ask(c); len(got.Loads) != 1 {
		t.Errorf("loads %+v", got.Loads)
	}
}
