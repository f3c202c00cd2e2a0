package scaling_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/forecast"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// The experts that a simple model goes by.
const (
	byLastThree = 0
	byThirty    = 3
	byTrend     = 4
)

// simple is a model that goes by one expert alone and errs by next to nothing, but for
// a share of the minutes: these have 37 to 40 times its mean more.
func simple(expert int, mean, share float64) *forecast.Model {
	m := forecast.Model{Form: 1, Through: now(), Judged: 61, Mean: mean, Losses: [3]float64{1, 1, 0}}
	for i := range m.Errors {
		m.Errors[i] = 1
	}
	m.Errors[expert] = 1e-6
	for u := range m.Tails {
		for i := range m.Tails[u] {
			m.Tails[u][i].Counts[37], m.Tails[u][i].Counts[95] = 1-share, share
		}
	}
	return &m
}

// simply is a case of a target that goes by a simple model, whose instances serve 100
// requests a minute and are there in three minutes. Its load is a function of how many
// minutes ago it was; NaN is a gap.
func simply(capacity int, m *forecast.Model, load func(ago int) float64) scaling.Input {
	s := scaling.Series{Metric: policy.Invocations}
	for ago := 60; ago > 0; ago-- {
		s.Datapoints = append(s.Datapoints, scaling.Datapoint{Time: now().Add(-time.Duration(ago) * time.Minute), Value: load(ago)})
	}
	x := target(tracking(perInstance, 70))
	x.Predictive = policy.Predictive{Mode: policy.ForecastAndScale, InstanceCapacity: 100, ServiceObjective: 0.999}
	return scaling.Input{Now: now(), Target: x, Observation: observe(capacity, s), Forecast: m, Provisioning: 3 * time.Minute}
}

// Loads whose last minute has 1000; five more or less every minute, of which the trend
// carries on 3.5.
func level(int) float64       { return 1000 }
func rising(ago int) float64  { return 1000 - 5*float64(ago-1) }
func falling(ago int) float64 { return 1000 + 5*float64(ago-1) }

// What is asked for, and why, in words.
func TestPredictSaysWhy(t *testing.T) {
	of := func(capacity float64) func(*scaling.Input) {
		return func(in *scaling.Input) { in.Target.Predictive.InstanceCapacity = capacity }
	}
	trend, steady := simple(byTrend, 1, 0), simple(byLastThree, 1, 0)
	often := simple(byLastThree, 10, 0.1) // one of ten minutes has 1400
	for name, c := range map[string]struct {
		capacity int
		model    *forecast.Model
		load     func(int) float64
		change   func(*scaling.Input)
		want     int
		code     scaling.Code // of the reason to stay
		message  string
	}{
		"what comes": {3, trend, rising, of(100), 11, "",
			"a load of 1010.5 to 1021 is expected, for which 11 instances of 100 are enough in 87.5 % of such minutes"},
		"what comes, and falls": {3, trend, falling, of(100), 10, "",
			"a load of 979 to 989.5 is expected, for which 10 instances of 100 are enough in 87.5 % of such minutes"},
		"what comes in a quarter of an hour": {3, trend, rising, func(in *scaling.Input) { in.Provisioning = 7 * time.Minute }, 11, "",
			"a load of 1024.5 to 1049 is expected, for which 11 instances of 100 are enough in 87.5 % of such minutes"},
		"more was there for three minutes": {3, trend, falling, of(99), 11, "",
			"each of the last 3 minutes had a load of 1000 or more, which needs 11 instances of 99"},
		"and there is enough for it": {11, trend, falling, of(99), 11, scaling.AlreadyAtDesired,
			"InvocationsPerInstance: a load of 1010 in the last minutes needs 11 instances of 99"},
		"more was there, of two minutes alone": {10, simple(byThirty, 1, 0), func(ago int) float64 {
			switch {
			case ago <= 2:
				return 1030
			case ago <= 10:
				return math.NaN()
			}
			return 1000
		}, of(101.5), 10, scaling.MissingData, "missing of the 15 datapoints of the last 15m: 8;"},
		"one of ten minutes needs it": {14, often, level, of(100), 14, scaling.AlreadyAtDesired,
			"InvocationsPerInstance: a load of 1000 to 1000 is expected, for which 14 instances of 100 are enough in 93.75 % of such minutes"},
		"it is not added for one of ten": {11, often, level, of(100), 11, scaling.AlreadyAtDesired,
			"InvocationsPerInstance: a load of 1000 to 1000 is expected, for which 14 instances of 100 are enough in 93.75 % of such minutes"},
		"more than it needs": {16, often, level, of(100), 14, "",
			"InvocationsPerInstance: a load of 1000 to 1000 is expected, for which 14 instances of 100 are enough in 93.75 % of such minutes"},
		"more than it needs, until it could be asked for again": {20, trend, rising, func(in *scaling.Input) { in.Provisioning = 7 * time.Minute }, 11, "",
			"InvocationsPerInstance: a load of 1010.5 to 1049 is expected, for which 11 instances of 100 are enough in 93.75 % of such minutes"},
		"no more than the last minutes needed": {5, trend, rising, of(600), 2, "",
			"InvocationsPerInstance: a load of 1010.5 to 1021 is expected, for which 2 instances of 600 are enough in 93.75 % of such minutes"},
		"next to nothing": {2, steady, func(int) float64 { return 0.1 }, of(0.25), 1, "",
			"InvocationsPerInstance: a load of 0.1 to 0.1 is expected, for which 1 instances of 0.25 are enough in 93.75 % of such minutes"},
		"the minimum": {16, often, level, func(in *scaling.Input) { in.Target.Limits.Min = 16 }, 16, scaling.AlreadyAtMin,
			"InvocationsPerInstance is low and the capacity is at its minimum of 16"},
		"disableScaleIn": {16, often, level, func(in *scaling.Input) { in.Target.TargetTracking[0].DisableScaleIn = true }, 16, scaling.ScaleInDisabled,
			"InvocationsPerInstance is low and has disableScaleIn"},
	} {
		in := simply(c.capacity, c.model, c.load)
		c.change(&in)
		d := scaling.Decide(in)
		code, message := scaling.Code(""), ""
		if len(d.Steps) > 0 {
			message = d.Steps[0].Reason
		} else {
			code, message = d.NotScaledReasons[0].Code, d.NotScaledReasons[0].Message
		}
		if d.DesiredCapacity != c.want || code != c.code || !strings.Contains(message, c.message) {
			t.Errorf("%s: %d, %s %q, want %d, %s %q", name, d.DesiredCapacity, code, message, c.want, c.code, c.message)
		}
	}
}

// A shortage that is just as likely as the objective allows is allowed.
func TestPredictJustAllowed(t *testing.T) {
	in := simply(3, simple(byLastThree, 100, 0.5), level) // every other minute has 4700
	in.Target.Predictive.ServiceObjective = 0.9           // which allows for every other minute
	if f := scaling.Decide(in).Forecast; f.Capacity != 11 || f.Upper > 1010 {
		t.Errorf("got %+v", f)
	}
}

// The upper load is looked for by halves, from the expected one doubled as often as it
// takes, to a part in a thousand. Every other minute has 37 to 40 times the mean more, so
// one of eight has 39.27 times that: 999.4, 980 and 2.482.
func TestUpperLoad(t *testing.T) {
	for name, c := range map[string]struct {
		level, mean, share float64
		want               float64
	}{
		"halves of 1024": {512, 12.41, 0.5, 1000},
		"halves of 1400": {700, 7.13, 0.5, 980.3},
		"halves of 3":    {1.5, 0.025, 0.5, 2.481},
		"beyond measure": {1e15 / 1024, 1e18, 1, 1e15},
	} {
		in := simply(3, simple(byLastThree, c.mean, c.share), func(int) float64 { return c.level })
		if got := scaling.Decide(in).Forecast.Upper; got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// What is shown is by the newest load; where the last one that is due asks for no more,
// that changes nothing.
func TestForecastByTheNewestLoad(t *testing.T) {
	missing := func(last int, load func(int) float64) func(int) float64 {
		return func(ago int) float64 {
			if ago <= last {
				return math.NaN()
			}
			return load(ago)
		}
	}
	for name, c := range map[string]struct {
		load     func(int) float64
		due      int // minutes ago
		capacity float64
		want     float64
	}{
		"all is there":              {rising, 0, 100, 1021},
		"two minutes are not due":   {rising, 2, 100, 1021},
		"two minutes did not come":  {missing(2, falling), 0, 1, 992.5},
		"four minutes did not come": {missing(4, rising), 0, 100, 1015},
		"five minutes did not come": {missing(5, rising), 0, 100, 0},
	} {
		in := simply(3, simple(byTrend, 1, 0), c.load)
		in.Target.Limits.Max, in.Target.Predictive.InstanceCapacity = 5000, c.capacity
		in.Observation.Metrics[0].DueThrough = now().Add(-time.Duration(c.due) * time.Minute)
		if f := scaling.Decide(in).Forecast; f.Expected != c.want || (f.Unused == "") != (c.want > 0) {
			t.Errorf("%s: %+v, want %v", name, f, c.want)
		}
	}
}

// A minute without a datapoint is not one without load.
func TestForecastWithGaps(t *testing.T) {
	in := simply(3, simple(byThirty, 1, 0), func(ago int) float64 {
		if ago > 5 && ago < 15 {
			return math.NaN()
		}
		return 1000
	})
	if f := scaling.Decide(in).Forecast; f.Expected != 1000 {
		t.Errorf("got %+v", f)
	}
}

// Part of a minute until instances serve is a whole one.
func TestForecastFromWhenInstancesServe(t *testing.T) {
	for provisioning, want := range map[time.Duration]time.Duration{
		0:               scaling.Unlearned,
		1:               time.Minute,
		time.Minute:     time.Minute,
		time.Minute + 1: 2 * time.Minute,
	} {
		in := simply(3, simple(byTrend, 1, 0), rising)
		in.Provisioning = provisioning
		if f := scaling.Decide(in).Forecast; f.From != now().Add(want) || f.Through != now().Add(2*want) {
			t.Errorf("%s: %+v", provisioning, f)
		}
	}
}

// Where no estimate is so large, it is shown all the same.
func TestForecastBeyondMeasure(t *testing.T) {
	in := simply(3, simple(byTrend, 1, 0), rising)
	in.Forecast.Error = math.MaxFloat64 // with four digits it is more than there is
	if f := scaling.Decide(in).Forecast; f.Error != math.MaxFloat64 {
		t.Errorf("got %+v", f)
	}
}

// Clocks differ by as much as is allowed for.
func TestForecastByAnotherClock(t *testing.T) {
	in := simply(3, simple(byTrend, 1, 0), rising)
	in.Forecast.Through = now().Add(activity.ClockSkew)
	if f := scaling.Decide(in).Forecast; f.Unused != "" {
		t.Errorf("got %+v", f)
	}
}
