package autoscaler_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/forecast"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// library keeps forecasts, by endpoint and variant.
type library struct {
	models map[string]map[string]forecast.Model
	asked  []string
	saved  []string
	fault  error // of reading
	broken error // of writing
}

func (l *library) Forecasts(_ context.Context, endpoint string) (map[string]forecast.Model, error) {
	l.asked = append(l.asked, endpoint)
	if l.models[endpoint] == nil && l.fault == nil {
		return map[string]forecast.Model{}, nil
	}
	return l.models[endpoint], l.fault
}

func (l *library) SaveForecast(_ context.Context, endpoint, variant string, m forecast.Model) error {
	if l.broken != nil {
		return l.broken
	}
	l.keep(endpoint, variant, m)
	l.saved = append(l.saved, endpoint+"/"+variant)
	return nil
}

func (l *library) keep(endpoint, variant string, m forecast.Model) {
	if l.models == nil {
		l.models = map[string]map[string]forecast.Model{}
	}
	if l.models[endpoint] == nil {
		l.models[endpoint] = map[string]forecast.Model{}
	}
	l.models[endpoint][variant] = m
}

// foreseeing is a world with the endpoint chat, whose load is known to be level, and an
// evaluator whose targets forecast.
func foreseeing(t *testing.T, load float64, instances ...int) (*world, *autoscaler.Evaluator, *library) {
	t.Helper()
	w := newWorld(t)
	w.add("chat", load, instances...)
	l := &library{}
	learner := forecast.NewLearner(w.now.Truncate(time.Minute).Add(-10 * time.Hour))
	for range 600 {
		learner.Observe(load)
	}
	l.keep("chat", "v1", learner.Model())
	e := w.evaluator(func(t *policy.Target) {
		t.Predictive = policy.Predictive{Mode: policy.ForecastAndScale, InstanceCapacity: 100, ServiceObjective: 0.999}
		t.TargetTracking[0].TargetValue = 70
	})
	e.Forecasts = l
	return w, e, l
}

// A forecast of the table is what the decision goes by: of a level load it allows more on
// an instance than the target value does.
func TestEvaluateByAForecast(t *testing.T) {
	w, e, l := foreseeing(t, 480, 2)
	s, err := e.Evaluate(t.Context(), autoscaler.Trigger{})
	if err != nil {
		t.Fatal(err)
	}
	w.wantUpdates("chat/v1=5")
	d := w.last().Decision
	if d.Steps[0].Rule != scaling.RulePredictive || d.Forecast == nil || !d.Forecast.Followed || d.Forecast.Capacity != 5 {
		t.Errorf("decision %+v, forecast %+v", d, d.Forecast)
	}
	if s.Foresight.Forecast != 1 || s.Foresight.Reactive != 0 || s.Foresight.Age != 30*time.Second || s.Foresight.Error != d.Forecast.Error {
		t.Errorf("foresight %+v", s.Foresight)
	}
	if !slices.Equal(l.asked, []string{"chat"}) {
		t.Errorf("asked for the forecasts of %v", l.asked)
	}
}

// Without its forecast a target is scaled all the same, by its target value, and that is
// told.
func TestEvaluateWithoutAForecast(t *testing.T) {
	for name, c := range map[string]struct {
		spoil  func(*library)
		unused string
		failed bool
	}{
		"there is none":     {func(l *library) { l.models = nil }, "there is none yet", false},
		"another variant":   {func(l *library) { delete(l.models["chat"], "v1") }, "there is none yet", false},
		"no answer":         {func(l *library) { l.models, l.fault = nil, errLost }, "could not be read: answer lost", false},
		"damaged":           {func(l *library) { delete(l.models["chat"], "v1"); l.fault = errLost }, "could not be read: answer lost", false},
		"learned of little": {func(l *library) { l.keep("chat", "v1", forecast.Model{Mean: 480}) }, "held to 0 minutes", false},
		"old": {func(l *library) {
			m := l.models["chat"]["v1"]
			m.Through = m.Through.Add(-25 * time.Hour)
			l.keep("chat", "v1", m)
		}, "25h0m0s ago", false},
	} {
		t.Run(name, func(t *testing.T) {
			w, e, l := foreseeing(t, 480, 2)
			c.spoil(l)
			s, err := e.Evaluate(t.Context(), autoscaler.Trigger{})
			if (err != nil) != c.failed {
				t.Errorf("error %v, want one: %v", err, c.failed)
			}
			w.wantUpdates("chat/v1=7")
			r := w.last()
			if f := r.Decision.Forecast; f == nil || !strings.Contains(f.Unused, c.unused) {
				t.Errorf("forecast %+v, want %q", f, c.unused)
			}
			if s.Foresight != (autoscaler.Foresight{Reactive: 1}) || (r.Error != "") != c.failed {
				t.Errorf("foresight %+v, error %q", s.Foresight, r.Error)
			}
		})
	}
}

// Who does not forecast asks for no forecasts, and says nothing of them.
func TestEvaluateAsksForForecastsOnlyWhereOneIs(t *testing.T) {
	w, e, l := foreseeing(t, 480, 2)
	e.Policy.Targets[0].Predictive = policy.Predictive{}
	s, err := e.Evaluate(t.Context(), autoscaler.Trigger{})
	if err != nil || l.asked != nil || s.Foresight != (autoscaler.Foresight{}) || w.last().Decision.Forecast != nil {
		t.Errorf("asked %v, foresight %+v, %v", l.asked, s.Foresight, err)
	}
}

// How far ahead is looked follows from the scale-outs that were seen.
func TestEvaluateByTheProvisioningTimeThatWasSeen(t *testing.T) {
	w, e, _ := foreseeing(t, 480, 2)
	state := w.states["chat"]
	state.Provisioning = map[string][]time.Duration{"v1": {9 * time.Minute, 40 * time.Minute, 8 * time.Minute, 7 * time.Minute, 11 * time.Minute}}
	w.states["chat"] = state
	w.tick(e)
	if f := w.last().Decision.Forecast; !f.From.Equal(w.last().Time.Add(11 * time.Minute)) {
		t.Errorf("a scale-out of now serves at %s, it is %s", f.From, w.last().Time)
	}
}

// past is a CloudWatch that has a load, minute by minute until a while ago.
type past struct {
	load       func(at time.Time) float64 // NaN where nothing was published
	incomplete string
	fault      error
	asked      []scaling.Query
}

func (p *past) Read(_ context.Context, queries []scaling.Query, now time.Time) ([]scaling.Series, error) {
	p.asked = append(p.asked, queries...)
	out := make([]scaling.Series, len(queries))
	for i, q := range queries {
		out[i] = scaling.Series{Metric: q.Metric.Name, DueThrough: now.Add(-2 * time.Minute), Incomplete: p.incomplete}
		for at := q.From.Truncate(time.Minute); at.Before(now); at = at.Add(time.Minute) {
			if v := p.load(at); !math.IsNaN(v) {
				out[i].Datapoints = append(out[i].Datapoints, scaling.Datapoint{Time: at, Value: v})
			}
		}
	}
	return out, p.fault
}

// school is a forecaster over the policy of a world.
func school(t *testing.T, load func(time.Time) float64) (*autoscaler.Forecaster, *world, *past, *library) {
	t.Helper()
	w, e, l := foreseeing(t, 480, 2)
	l.models = nil
	p := &past{load: load}
	return &autoscaler.Forecaster{Policy: e.Policy, Metrics: p, Forecasts: l, Now: e.Now}, w, p, l
}

func level(time.Time) float64 { return 480 }

// What is learned is the load of all instances of the last two weeks, minute by minute,
// through the last minute that is due.
func TestLearn(t *testing.T) {
	f, w, p, l := school(t, func(at time.Time) float64 {
		if at.Minute() == 17 {
			return math.NaN()
		}
		return float64(at.Minute())
	})
	learned, err := f.Learn(t.Context())
	if err != nil || len(learned) != 1 {
		t.Fatalf("%+v, %v", learned, err)
	}
	q := p.asked[0]
	if len(p.asked) != 1 || q.Metric.Name != policy.Invocations || q.Metric.Statistic != "Sum" || !q.From.Equal(w.now.AddDate(0, 0, -14)) {
		t.Errorf("asked %+v", p.asked)
	}
	got := learned[0]
	if got.Endpoint != "chat" || got.Variant != "v1" || got.Minutes != 14*1440-2 || got.Missing != 14*24 || got.Fault != "" || got.Error <= 0 {
		t.Errorf("learned %+v", got)
	}
	m := l.models["chat"]["v1"]
	if !m.Through.Equal(w.now.Truncate(time.Minute).Add(-2*time.Minute)) || math.Abs(m.Mean-29.7) > 0.1 || m.Error != got.Error {
		t.Errorf("learned through %s of a mean of %v", m.Through, m.Mean)
	}
}

// What was learned an hour ago is learned anew, and not before.
func TestLearnEveryHour(t *testing.T) {
	f, w, p, l := school(t, level)
	for range 19 {
		if _, err := f.Learn(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(10 * time.Minute)
	}
	if len(p.asked) != 4 || len(l.saved) != 4 {
		t.Errorf("in three hours asked %d times, learned %d times; want 4", len(p.asked), len(l.saved))
	}
}

// A fault of one keeps no other from being learned of, and what was learned before stays.
func TestLearnFaults(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*past, *library)
		want  string
	}{
		"no answer":   {func(p *past, _ *library) { p.fault = errLost }, "answer lost"},
		"incomplete":  {func(p *past, _ *library) { p.incomplete = "InternalError" }, "InternalError"},
		"panic":       {func(p *past, _ *library) { p.load = func(time.Time) float64 { panic("a bug") } }, "panic: a bug"},
		"not written": {func(_ *past, l *library) { l.broken = errLost }, "answer lost"},
	} {
		t.Run(name, func(t *testing.T) {
			f, _, p, l := school(t, level)
			old := forecast.Model{Minutes: 7}
			l.keep("chat", "v1", old)
			c.spoil(p, l)
			learned, err := f.Learn(t.Context())
			if err == nil || !strings.Contains(err.Error(), "chat/v1") || !strings.Contains(learned[0].Fault, c.want) {
				t.Errorf("learned %+v, %v; want %q", learned, err, c.want)
			}
			if l.models["chat"]["v1"].Minutes != 7 {
				t.Error("what was learned before is gone")
			}
		})
	}
}

// Of an endpoint without load there is nothing to be learned, and nothing to be mended.
func TestLearnOfNoLoad(t *testing.T) {
	for _, nothing := range []float64{math.NaN(), -1} {
		f, _, _, l := school(t, func(time.Time) float64 { return nothing })
		learned, err := f.Learn(t.Context())
		if err != nil || len(learned) != 1 || learned[0].Fault != "no load was measured" || l.saved != nil {
			t.Errorf("learned %+v, %v; saved %v", learned, err, l.saved)
		}
	}
}

// What was learned by a clock that was wrong is not waited for.
func TestLearnAgainWhatWasLearnedInTheFuture(t *testing.T) {
	f, w, _, l := school(t, level)
	l.keep("chat", "v1", forecast.Model{Through: w.now.Add(time.Hour)})
	if _, err := f.Learn(t.Context()); err != nil || len(l.saved) != 1 {
		t.Errorf("saved %v, %v", l.saved, err)
	}
}

// Where the table does not answer nothing is read; where an item of it is damaged, it is
// learned anew.
func TestLearnWithoutTheTable(t *testing.T) {
	f, _, p, l := school(t, level)
	l.fault = errLost
	if learned, err := f.Learn(t.Context()); !errors.Is(err, errLost) || len(learned) != 0 || p.asked != nil {
		t.Errorf("learned %+v, %v; asked %v", learned, err, p.asked)
	}
	l.models = map[string]map[string]forecast.Model{"chat": {}}
	if _, err := f.Learn(t.Context()); !errors.Is(err, errLost) || len(l.saved) != 1 {
		t.Errorf("saved %v, %v", l.saved, err)
	}
}

// Who has waited longest is first, and who is not reached in time the first the next
// time.
func TestLearnInTurn(t *testing.T) {
	w := newWorld(t)
	l := &library{}
	for i := range 5 {
		name := fmt.Sprintf("e%d", i)
		w.add(name, 480, 2)
		if i > 0 {
			l.keep(name, "v1", forecast.Model{Through: w.now.Add(-time.Duration(60+i) * time.Minute)})
		}
	}
	e := w.evaluator(func(t *policy.Target) { t.Predictive.Mode = policy.ForecastOnly })
	ctx, cancel := context.WithCancel(t.Context())
	reads := 0
	p := &past{load: func(at time.Time) float64 { return 5 }}
	f := &autoscaler.Forecaster{Policy: e.Policy, Forecasts: l, Now: e.Now, Metrics: reader(func(ctx context.Context, q []scaling.Query, now time.Time) ([]scaling.Series, error) {
		if reads++; reads == 3 {
			cancel()
		}
		return p.Read(ctx, q, now)
	})}
	if learned, err := f.Learn(ctx); err != nil || len(learned) != 2 {
		t.Errorf("learned %+v, %v; want the two that there was time for", learned, err)
	}
	if _, err := f.Learn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := []string{"e0/v1", "e4/v1", "e3/v1", "e2/v1", "e1/v1"}; !slices.Equal(l.saved, want) {
		t.Errorf("learned %v, want %v", l.saved, want)
	}
}

type reader func(context.Context, []scaling.Query, time.Time) ([]scaling.Series, error)

func (r reader) Read(ctx context.Context, q []scaling.Query, now time.Time) ([]scaling.Series, error) {
	return r(ctx, q, now)
}

// A frozen or damaged state holds the endpoint with a forecast as without.
func TestEvaluateByAForecastWithinTheRules(t *testing.T) {
	for name, set := range map[string]func(*world, *policy.Target){
		"updating": func(w *world, _ *policy.Target) { w.endpoints["chat"].Status = "Updating" },
		"paused": func(w *world, _ *policy.Target) {
			w.overrides = map[string]policy.Override{"v1": {Pause: policy.Both, Until: w.now.Add(time.Hour)}}
		},
		"dry run":    func(_ *world, t *policy.Target) { t.DryRun = true },
		"at its max": func(_ *world, t *policy.Target) { t.Limits.Max = 2 },
		"backing off": func(w *world, _ *policy.Target) {
			s := w.states["chat"]
			s.Backoffs = map[string]activity.Backoffs{"v1": {Out: activity.Backoff{Failures: 1, Until: w.now.Add(time.Minute)}}}
			w.states["chat"] = s
		},
		"ForecastOnly": func(w *world, t *policy.Target) { t.Predictive.Mode, w.load["chat"] = policy.ForecastOnly, 138 },
	} {
		t.Run(name, func(t *testing.T) {
			w, e, _ := foreseeing(t, 480, 2)
			set(w, &e.Policy.Targets[0])
			w.tick(e)
			w.wantUpdates()
			if f := w.last().Decision.Forecast; f == nil || f.Capacity == 0 {
				t.Errorf("the forecast is not shown: %+v", w.last().Decision)
			}
		})
	}
}
