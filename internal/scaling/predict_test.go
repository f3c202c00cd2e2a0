package scaling_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"sagescale/internal/forecast"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// dawn is a load that rises every day from 200 to 1000 requests a minute in the quarter
// of an hour after ten, stays there until noon, and falls back.
func dawn(at time.Time) float64 {
	minute := float64(at.Sub(at.Truncate(24*time.Hour))/time.Minute) - 600
	switch {
	case minute < 0 || minute >= 120:
		return 200
	case minute < 15:
		return 200 + 800*minute/15
	}
	return 1000
}

// foreseen is a case of a target whose load has been dawn, with a little noise, for four
// days before a time, and whose instances serve 100 requests a minute.
func foreseen(at time.Time, capacity int) scaling.Input {
	r := rand.New(rand.NewPCG(5, 0))
	from := at.AddDate(0, 0, -4)
	l := forecast.NewLearner(from)
	s := scaling.Series{Metric: policy.Invocations}
	for t := from; t.Before(at); t = t.Add(time.Minute) {
		load := math.Round(dawn(t) * (1 + 0.02*r.NormFloat64()))
		l.Observe(load)
		if at.Sub(t) <= time.Hour {
			s.Datapoints = append(s.Datapoints, scaling.Datapoint{Time: t, Value: load})
		}
	}
	model := l.Model()
	x := target(tracking(perInstance, 70))
	x.Predictive = policy.Predictive{Mode: policy.ForecastAndScale, InstanceCapacity: 100, ServiceObjective: 0.999}
	return scaling.Input{Now: at, Target: x, Observation: observe(capacity, s), Forecast: &model}
}

// Before the load rises the capacity does, so that it serves when it is needed.
func TestPredictAheadOfARise(t *testing.T) {
	d := scaling.Decide(foreseen(now(), 3))
	if d.DesiredCapacity < 8 || d.DesiredCapacity > 13 || d.Steps[0].Rule != scaling.RulePredictive {
		t.Errorf("got %+v", d)
	}
	in := foreseen(now(), 3)
	in.Forecast = nil
	if d := scaling.Decide(in); d.DesiredCapacity != 3 {
		t.Errorf("without a forecast: %+v", d)
	}
}

// What will be needed within minutes is not removed.
func TestPredictHoldsAScaleIn(t *testing.T) {
	in := foreseen(now().Add(-2*time.Minute), 8)
	if d := scaling.Decide(in); d.DesiredCapacity < 8 || d.NotScaledReasons[0].Code != scaling.AlreadyAtDesired {
		t.Errorf("got %+v", d)
	}
	in.Forecast = nil
	if d := scaling.Decide(in); d.DesiredCapacity != 3 {
		t.Errorf("without a forecast: %+v", d)
	}
}

// Headroom follows what may come, and not the target value: 200 requests a minute are
// two instances and a little.
func TestPredictScalesIn(t *testing.T) {
	in := foreseen(now().Add(5*time.Hour), 9)
	if d := scaling.Decide(in); d.DesiredCapacity != 3 || d.Steps[0].Rule != scaling.RulePredictive {
		t.Errorf("got %+v", d)
	}
	in.Target.Predictive.InstanceCapacity = 250
	if d := scaling.Decide(in); d.DesiredCapacity != 1 {
		t.Errorf("of 250 each: %+v", d)
	}
	in.Target.Limits.Min = 4
	if d := scaling.Decide(in); d.DesiredCapacity != 4 {
		t.Errorf("below the minimum: %+v", d)
	}
}

// A longer provisioning time looks further ahead.
func TestPredictByTheProvisioningTime(t *testing.T) {
	in := foreseen(now().Add(-20*time.Minute), 3)
	if d := scaling.Decide(in); d.DesiredCapacity != 3 {
		t.Errorf("20 minutes before the rise: %+v", d)
	}
	in.Provisioning = 16*time.Minute + time.Second
	if d := scaling.Decide(in); d.DesiredCapacity < 8 {
		t.Errorf("20 minutes before the rise, and 17 to start: %+v", d)
	}
}

// A change that is smaller than the tolerance is not worth one.
func TestPredictWithinTheTolerance(t *testing.T) {
	rise, night := now(), now().Add(5*time.Hour)
	wanted := scaling.Decide(foreseen(rise, 3)).DesiredCapacity // of a rise to 1000
	tests := []struct {
		name     string
		at       time.Time
		capacity int
		out, in  float64
		want     int
	}{
		{"out by more than it", rise, wanted - 2, 1 / float64(wanted-2), 0, wanted},
		{"out by just as much", rise, wanted - 1, 1 / float64(wanted-1), 0, wanted - 1},
		{"out by less than one beyond measure", rise, 1, 1e300, 0, 1},
		{"in by more than it", night, 5, 0, 0.3, 3},
		{"in by just as much", night, 5, 0, 0.4, 5},
		{"in by just as much in floating point", night, 10, 0, 0.7, 10},
		{"not of the other direction", night, 5, 0.9, 0, 3},
	}
	for _, tt := range tests {
		in := foreseen(tt.at, tt.capacity)
		in.Target.Behavior.ScaleOut.Tolerance, in.Target.Behavior.ScaleIn.Tolerance = tt.out, tt.in
		if d := scaling.Decide(in); d.DesiredCapacity != tt.want {
			t.Errorf("%s: %d -> %d, want %d: %+v", tt.name, tt.capacity, d.DesiredCapacity, tt.want, d)
		}
	}
}

// What every one of the last minutes needed is held to the tolerance too.
func TestPredictServesTheLoadOfNowWithinTheTolerance(t *testing.T) {
	in := foreseen(now().Add(5*time.Hour), 10)
	datapoints := in.Observation.Metrics[0].Datapoints
	for i := range datapoints[len(datapoints)-3:] {
		datapoints[len(datapoints)-3+i].Value = 1100
	}
	in.Target.Behavior.ScaleOut.Tolerance = 5
	if d := scaling.Decide(in); d.DesiredCapacity != 10 {
		t.Errorf("got %+v", d)
	}
}

func TestPredictByTheServiceObjective(t *testing.T) {
	before := 0
	for _, objective := range []float64{0.9, 0.99, 0.999, 0.9999, 0.99999} {
		in := foreseen(now().Add(7*time.Minute), 1)
		in.Target.Predictive.ServiceObjective = objective
		d := scaling.Decide(in)
		if d.DesiredCapacity < before || d.DesiredCapacity < 8 {
			t.Errorf("%v: %+v after %d", objective, d, before)
		}
		before = d.DesiredCapacity
	}
	in := foreseen(now().Add(7*time.Minute), 1)
	in.Target.Limits.Max = 6
	if d := scaling.Decide(in); d.DesiredCapacity != 6 {
		t.Errorf("above the maximum: %+v", d)
	}
}

// Missing is not zero, here too, and old is not now.
func TestPredictWithoutData(t *testing.T) {
	later := now().Add(5 * time.Hour)
	for name, c := range map[string]struct {
		change func(*scaling.Series)
		want   int
	}{
		"a gap":                             {func(s *scaling.Series) { s.Datapoints[55].Value = math.NaN() }, 9},
		"CloudWatch did not answer in full": {func(s *scaling.Series) { s.Incomplete = "throttled" }, 9},
		"the last ten minutes":              {func(s *scaling.Series) { s.Datapoints = s.Datapoints[:50] }, 9},
		"nothing":                           {func(s *scaling.Series) { s.Datapoints = nil }, 9},
		"a gap that is long over":           {func(s *scaling.Series) { s.Datapoints[30].Value = math.NaN() }, 3},
	} {
		in := foreseen(later, 9)
		c.change(&in.Observation.Metrics[0])
		d := scaling.Decide(in)
		if d.DesiredCapacity != c.want || c.want == 9 && d.NotScaledReasons[0].Code != scaling.MissingData {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// Without a forecast, or with one that is not to be followed, the target value decides.
func TestPredictOnlyWhereItIsTo(t *testing.T) {
	for _, at := range []time.Time{now().Add(-2 * time.Minute), now().Add(10 * time.Minute), now().Add(5 * time.Hour)} {
		known := foreseen(at, 1)
		for capacity := 1; capacity < 16; capacity += 2 {
			known.Observation.CurrentCapacity, known.Observation.DesiredCapacity = capacity, capacity
			plain := known
			plain.Target.Predictive, plain.Forecast = policy.Predictive{}, nil
			want := text(t, scaling.Decide(plain))
			for name, change := range map[string]func(*scaling.Input){
				"no forecast":     func(in *scaling.Input) { in.Forecast = nil },
				"nothing learned": func(in *scaling.Input) { in.Forecast = &forecast.Model{} },
				"ForecastOnly":    func(in *scaling.Input) { in.Target.Predictive.Mode = policy.ForecastOnly },
				"Off":             func(in *scaling.Input) { in.Target.Predictive = policy.Predictive{} },
			} {
				in := known
				change(&in)
				if got := text(t, scaling.Decide(in)); got != want {
					t.Errorf("%s, %d at %s:\n%s, want\n%s", name, capacity, at, got, want)
				}
			}
		}
	}
}

// text is all of a decision but the forecast that it shows.
func text(t *testing.T, d scaling.Decision) string {
	t.Helper()
	d.Forecast = nil
	out, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestPredictDisableScaleIn(t *testing.T) {
	in := foreseen(now().Add(5*time.Hour), 9)
	in.Target.TargetTracking[0].DisableScaleIn = true
	if d := scaling.Decide(in); d.DesiredCapacity != 9 {
		t.Errorf("got %+v", d)
	}
	in.Target.TargetTracking[0].DisableScaleIn, in.Target.DisableScaleIn = false, true
	if d := scaling.Decide(in); d.DesiredCapacity != 9 || d.NotScaledReasons[0].Code != scaling.ScaleInDisabled {
		t.Errorf("got %+v", d)
	}
}

// A forecast and another metric: the larger capacity wins, and both must agree to a
// scale-in.
func TestPredictBesideAnotherMetric(t *testing.T) {
	in := foreseen(now().Add(5*time.Hour), 9)
	in.Target.TargetTracking = append(in.Target.TargetTracking, tracking("gpu", 50))
	gpu := func(value float64) scaling.Series {
		s := steady("gpu", value, 20)
		for i := range s.Datapoints {
			s.Datapoints[i].Time = s.Datapoints[i].Time.Add(5 * time.Hour)
		}
		return s
	}
	for value, want := range map[float64]int{49: 9, 80: 15, 5: 3} {
		in := in
		in.Observation.Metrics = append(in.Observation.Metrics[:1:1], gpu(value))
		if d := scaling.Decide(in); d.DesiredCapacity != want {
			t.Errorf("gpu at %v: %+v, want %d", value, d, want)
		}
	}
}

// The forecast of a moment ago is another than that of now: a stabilization window looks
// back over forecasts too.
func TestPredictInAStabilizationWindow(t *testing.T) {
	at := now().Add(2*time.Hour + 3*time.Minute) // the load has fallen
	in := foreseen(at, 12)
	if d := scaling.Decide(in); d.DesiredCapacity > 5 {
		t.Fatalf("got %+v", d)
	}
	in.Target.Behavior.ScaleIn.Stabilization = 20 * time.Minute
	if d := scaling.Decide(in); d.DesiredCapacity < 10 {
		t.Errorf("within 20 minutes: %+v", d)
	}
}

// What is forecast is in the decision, followed or not.
func TestForecastIsShown(t *testing.T) {
	in := foreseen(now(), 3)
	in.Provisioning = 5*time.Minute + time.Second
	followed := scaling.Decide(in).Forecast
	in.Target.Predictive.Mode = policy.ForecastOnly
	shown := scaling.Decide(in).Forecast
	if followed == nil || shown == nil || !followed.Followed || shown.Followed {
		t.Fatalf("followed %+v, shown %+v", followed, shown)
	}
	shown.Followed = true
	if *followed != *shown {
		t.Errorf("followed %+v, shown %+v", followed, shown)
	}
	in.Target.Predictive.Mode = policy.ForecastAndScale
	if d := scaling.Decide(in); d.DesiredCapacity != shown.Capacity {
		t.Errorf("%d are shown, %d are asked for", shown.Capacity, d.DesiredCapacity)
	}
	if !shown.From.Equal(now().Add(6*time.Minute)) || !shown.Through.Equal(now().Add(12*time.Minute)) || shown.Unused != "" {
		t.Errorf("6 minutes after %s: %+v", now(), shown)
	}
	if e := shown.Expected; e < 700 || e > 1000 || shown.Upper < e || shown.Upper > 1300 || shown.Capacity != int(math.Ceil(shown.Upper/100)) {
		t.Errorf("a load of 800 or so and up to 1000 comes: %+v", shown)
	}
	if shown.Error < 0.01 || shown.Error > 0.05 || shown.AgeSeconds != 0 {
		t.Errorf("by a noise of 2 %%: %+v", shown)
	}
	in.Forecast.Through = in.Forecast.Through.Add(-90 * time.Minute)
	if d := scaling.Decide(in); d.Forecast.AgeSeconds != 5400 {
		t.Errorf("an hour and a half later: %+v", d.Forecast)
	}
}

// Why a forecast is not used is in the decision.
func TestForecastThatIsNotUsed(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*scaling.Input)
		want   string
	}{
		"none":       {func(in *scaling.Input) { in.Forecast = nil }, "there is none yet"},
		"unlearned":  {func(in *scaling.Input) { in.Forecast = &forecast.Model{} }, "learned of no load"},
		"old":        {func(in *scaling.Input) { in.Forecast.Through = in.Now.Add(-25 * time.Hour) }, "25h0m0s ago"},
		"bad":        {func(in *scaling.Input) { in.Forecast.Misses = 0.31 }, "31 % of the minutes"},
		"no data":    {func(in *scaling.Input) { in.Observation.Metrics[0].Datapoints = nil }, "in the last 5m"},
		"other data": {func(in *scaling.Input) { in.Observation.Metrics[0].Metric = perInstance }, "load of all instances"},
		"by seconds": {func(in *scaling.Input) { in.Target.TargetTracking[0].Metric.Period = 10 * time.Second }, "every 10s"},
	} {
		in := foreseen(now(), 3)
		c.change(&in)
		d := scaling.Decide(in)
		if d.Forecast == nil || !strings.Contains(d.Forecast.Unused, c.want) || d.Forecast.Followed || d.Forecast.Capacity != 0 {
			t.Errorf("%s: %+v, want %q", name, d.Forecast, c.want)
		}
		if len(d.Steps) > 0 && d.Steps[0].Rule != scaling.RuleTargetTracking {
			t.Errorf("%s: %+v", name, d.Steps)
		}
	}
	in := foreseen(now(), 3)
	in.Target.Predictive = policy.Predictive{}
	if d := scaling.Decide(in); d.Forecast != nil {
		t.Errorf("without predictive: %+v", d.Forecast)
	}
}

// absurd is what has been learned of another load, of so many requests a minute.
func absurd(at time.Time, load float64) *forecast.Model {
	l := forecast.NewLearner(at.Add(-5 * time.Hour))
	for range 300 {
		l.Observe(load)
	}
	m := l.Model()
	for u := range m.Tails { // which says that less always comes
		for i := range m.Tails[u] {
			m.Tails[u][i] = forecast.Histogram{}
			m.Tails[u][i].Counts[0] = 1e6
		}
	}
	return &m
}

// Whatever is forecast, the load of now is served: as many are added as each of the last
// minutes needed, and none is removed that they leave no place for.
func TestPredictServesTheLoadOfNow(t *testing.T) {
	in := foreseen(now().Add(30*time.Minute), 3)
	in.Forecast = absurd(in.Now, 1)
	if d := scaling.Decide(in); d.DesiredCapacity < 9 || d.DesiredCapacity > 11 || d.Steps[0].Rule != scaling.RulePredictive {
		t.Errorf("for a load of 1000: %+v", d)
	}
	in.Observation.CurrentCapacity, in.Observation.DesiredCapacity = 14, 14
	if d := scaling.Decide(in); d.DesiredCapacity < 10 {
		t.Errorf("for a load of 1000: %+v", d)
	}
}

// A load beyond measure is no reason to remove anything.
func TestPredictKeepsUnderAnAbsurdLoad(t *testing.T) {
	for _, load := range []float64{1e12, 1e30, 1e300} {
		in := foreseen(now().Add(5*time.Hour), 9)
		s := in.Observation.Metrics[0].Datapoints
		s[len(s)-2].Value = load
		if d := scaling.Decide(in); d.DesiredCapacity < 9 {
			t.Errorf("%v: %+v", load, d)
		}
	}
}

// What is learned of a time to come is of a wrong clock.
func TestPredictNotByAForecastOfTheFuture(t *testing.T) {
	in := foreseen(now(), 3)
	in.Forecast.Through = in.Now.Add(6 * time.Minute)
	if d := scaling.Decide(in); !strings.Contains(d.Forecast.Unused, "which is to come") {
		t.Errorf("got %+v", d.Forecast)
	}
	in.Forecast, in.NoForecast = nil, "the table is out"
	if d := scaling.Decide(in); d.Forecast.Unused != "the table is out" {
		t.Errorf("got %+v", d.Forecast)
	}
}

// A datapoint that is not due yet may be a part of one: it makes nothing smaller.
func TestPredictByWhatIsNotDue(t *testing.T) {
	for _, at := range []time.Time{now(), now().Add(30 * time.Minute), now().Add(5 * time.Hour)} {
		known := foreseen(at, 1)
		for capacity := 1; capacity < 14; capacity++ {
			in := known
			in.Observation = observe(capacity, known.Observation.Metrics...)
			in.Observation.Metrics = slices.Clone(in.Observation.Metrics)
			s := &in.Observation.Metrics[0]
			s.DueThrough = at.Add(-2 * time.Minute)
			all := s.Datapoints
			s.Datapoints = slices.Clone(all[:len(all)-2])
			want := scaling.Decide(in).DesiredCapacity
			for _, part := range []float64{0, 0.3, 1} {
				s.Datapoints = slices.Clone(all)
				s.Datapoints[len(all)-1].Value *= part
				if got := scaling.Decide(in); got.DesiredCapacity < want {
					t.Errorf("%d at %s: %d, and with %v of what is not due %d", capacity, at.Format("15:04"), want, part, got.DesiredCapacity)
				}
			}
		}
	}
}
