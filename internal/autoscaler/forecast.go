package autoscaler

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"sagescale/internal/forecast"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

const (
	// relearn is after how long a forecast is learned anew.
	relearn = 55 * time.Minute
	// learnTimeout is for how long one is learned, so that none takes the time of all.
	learnTimeout = 15 * time.Second
)

// forecasts keeps what has been learned of loads, by variant. What cannot be understood
// of it is left out and told of in an error beside the rest.
type forecasts interface {
	Forecasts(ctx context.Context, endpoint string) (map[string]forecast.Model, error)
	SaveForecast(ctx context.Context, endpoint, variant string, m forecast.Model) error
}

// recall reads what has been learned of the loads of an endpoint. Without it target
// tracking decides, so it holds nothing.
func (e *Evaluator) recall(ctx context.Context, v *view) {
	if !slices.ContainsFunc(v.cases, func(c *evaluation) bool { return c.target.Predictive.Mode.Forecasts() }) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	models, err := e.Forecasts.Forecasts(ctx, v.endpoint.Name)
	if err != nil {
		v.noForecast = "forecasts could not be read: " + say(err)
	}
	v.forecasts = models
}

// Foresight is what an evaluation says of the forecasts of its targets: how many targets
// have one to go by, how many above their minimum have none and are scaled by what was,
// the age of the oldest and the largest error.
type Foresight struct {
	Forecast, Reactive int
	Age                time.Duration
	Error              float64
}

// count counts a target that has been evaluated. One at its minimum may have no load to
// forecast.
func (s *Foresight) count(c *evaluation) {
	switch f := c.decision.Forecast; {
	case f == nil:
	case f.Unused != "" && c.present <= c.decision.MinCapacity:
	case f.Unused != "":
		s.Reactive++
	default:
		s.Forecast++
		s.Age = max(s.Age, time.Duration(f.AgeSeconds)*time.Second)
		s.Error = max(s.Error, f.Error)
	}
}

// Add returns both together.
func (s Foresight) Add(o Foresight) Foresight {
	return Foresight{s.Forecast + o.Forecast, s.Reactive + o.Reactive, max(s.Age, o.Age), max(s.Error, o.Error)}
}

// Forecaster learns of the loads of the targets of one policy that forecast. All fields
// must be set.
type Forecaster struct {
	Policy    *policy.Policy
	Metrics   metrics
	Forecasts forecasts
	Now       func() time.Time
}

// Learned is what came of learning of the load of one target: of so many minutes, of
// which so many were not measured, with the error that its forecasts would have had of
// late. Fault says why nothing was learned, or is empty.
type Learned struct {
	Endpoint string  `json:"endpoint"`
	Variant  string  `json:"variant"`
	Minutes  int     `json:"minutes"`
	Missing  int     `json:"missingMinutes"`
	Error    float64 `json:"error"`
	Fault    string  `json:"fault,omitempty"`
}

// pupil is a target of whose load is to be learned, and through when it was.
type pupil struct {
	target  policy.Target
	query   scaling.Query
	through time.Time
}

// Learn learns anew of the loads of which that was last done an hour ago, those first
// that have waited longest, until all are done or ctx ends: who was not reached is first
// the next time. A fault of one keeps no other from being learned of.
func (f *Forecaster) Learn(ctx context.Context) ([]Learned, error) {
	pupils, err := f.due(ctx, f.Now())
	out := make([]Learned, 0, len(pupils))
	for _, p := range pupils {
		if ctx.Err() != nil {
			break
		}
		l, fault := f.learnFor(ctx, p)
		if ctx.Err() != nil {
			break
		}
		l.Endpoint, l.Variant = p.target.Endpoint, p.target.Variant
		if fault != nil {
			l.Fault = say(fault)
			err = errors.Join(err, fmt.Errorf("learn of the load of %s: %w", p.target.Key(), fault))
		}
		out = append(out, l)
	}
	return out, err
}

// learnFor learns of one load for as long as that may take.
func (f *Forecaster) learnFor(ctx context.Context, p pupil) (l Learned, err error) {
	ctx, cancel := context.WithTimeout(ctx, learnTimeout)
	defer cancel()
	err = safely(func() (err error) {
		l, err = f.learn(ctx, p)
		return err
	})
	return l, err
}

// due returns the targets of whose loads is to be learned, who has waited longest first.
func (f *Forecaster) due(ctx context.Context, now time.Time) ([]pupil, error) {
	var out []pupil
	var faults error
	known := map[string]map[string]forecast.Model{}
	for _, t := range f.Policy.Targets {
		query, ok := scaling.History(t, now)
		if !ok {
			continue
		}
		if _, asked := known[t.Endpoint]; !asked {
			models, err := f.Forecasts.Forecasts(ctx, t.Endpoint)
			if err != nil {
				faults = errors.Join(faults, fmt.Errorf("load forecasts of endpoint %s: %w", t.Endpoint, err))
			}
			known[t.Endpoint] = models
		}
		if known[t.Endpoint] == nil {
			continue // what is learned could not be kept either
		}
		// One that was learned in the future was so by a wrong clock.
		if m := known[t.Endpoint][t.Variant]; now.Sub(m.Through) >= relearn || m.Through.After(now) {
			out = append(out, pupil{t, query, m.Through})
		}
	}
	slices.SortStableFunc(out, func(a, b pupil) int { return a.through.Compare(b.through) })
	return out, faults
}

// learn reads the load of a target, learns of it and keeps what it has learned.
func (f *Forecaster) learn(ctx context.Context, p pupil) (Learned, error) {
	now := f.Now()
	series, err := f.Metrics.Read(ctx, []scaling.Query{p.query}, now)
	switch {
	case err != nil:
		return Learned{}, fmt.Errorf("read metrics: %w", err)
	case len(series) != 1:
		return Learned{}, fmt.Errorf("%d series for one metric", len(series))
	case series[0].Incomplete != "":
		return Learned{}, fmt.Errorf("read metrics: %s", series[0].Incomplete)
	}
	from, loads := minutes(series[0], now)
	if len(loads) == 0 {
		return Learned{Fault: "no load was measured"}, nil // there is nothing that could be mended
	}
	learner := forecast.NewLearner(from)
	out := Learned{Minutes: len(loads)}
	for i, load := range loads {
		if i%1440 == 0 && ctx.Err() != nil {
			return out, ctx.Err()
		}
		if math.IsNaN(load) {
			out.Missing++
		}
		learner.Observe(load)
	}
	m := learner.Model()
	out.Error = m.Error
	return out, f.Forecasts.SaveForecast(ctx, p.target.Endpoint, p.target.Variant, m)
}

// minutes returns the loads of a series minute by minute from the first one measured to
// the last one due, NaN where none was measured. Of several of one minute the highest
// counts.
func minutes(s scaling.Series, now time.Time) (from time.Time, loads []float64) {
	through := now
	if !s.DueThrough.IsZero() && s.DueThrough.Before(now) {
		through = s.DueThrough
	}
	through = through.Truncate(time.Minute)
	valid := func(d scaling.Datapoint) bool { return d.Value >= 0 && d.Time.Before(through) }
	of := slices.DeleteFunc(slices.Clone(s.Datapoints), func(d scaling.Datapoint) bool { return !valid(d) })
	if len(of) == 0 {
		return time.Time{}, nil
	}
	from = slices.MinFunc(of, func(a, b scaling.Datapoint) int { return a.Time.Compare(b.Time) }).Time.Truncate(time.Minute)
	loads = make([]float64, through.Sub(from)/time.Minute)
	for i := range loads {
		loads[i] = math.NaN()
	}
	for _, d := range of {
		i := d.Time.Sub(from) / time.Minute
		if !(loads[i] >= d.Value) {
			loads[i] = d.Value
		}
	}
	return from, loads
}
