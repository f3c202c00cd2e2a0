//go:build local

package contract

import (
	"context"
	"math"
	"reflect"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/forecast"
)

// learned is what has been learned of three days of a load.
func learned(mean float64) forecast.Model {
	l := forecast.NewLearner(begin())
	for i := range 3 * 24 * 60 {
		l.Observe(mean * (1 + 0.5*math.Sin(2*math.Pi*float64(i)/1440)) * (1 + 0.1*float64(i%5)))
	}
	return l.Model()
}

func forecastBehaviours() []behaviour[storeSubject] {
	return []behaviour[storeSubject]{
		{"no forecasts are none", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			wantForecasts(ctx, t, s, endpoint, map[string]forecast.Model{})
		}},
		{"what was learned is there, and the last word counts", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			first, second, other := learned(100), learned(200), learned(300)
			s.learn(ctx, t, endpoint, "a", first)
			s.learn(ctx, t, endpoint, "b", other)
			wantForecasts(ctx, t, s, endpoint, map[string]forecast.Model{"a": first, "b": other})
			s.learn(ctx, t, endpoint, "a", second)
			wantForecasts(ctx, t, s, endpoint, map[string]forecast.Model{"a": second, "b": other})
			wantForecasts(ctx, t, s, endpoint+"-other", map[string]forecast.Model{})
		}},
		{"forecasts, state, overrides and history are apart", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			model := learned(100)
			s.learn(ctx, t, endpoint, "AllTraffic", model)
			wantState(t, s.load(ctx, t, endpoint), activity.State{Endpoint: endpoint})
			s.set(ctx, t, endpoint, "AllTraffic", held())
			s.archive(ctx, t, endpoint, closed("a1", time.Minute))
			wantForecasts(ctx, t, s, endpoint, map[string]forecast.Model{"AllTraffic": model})
			wantArchived(ctx, t, s, endpoint, closed("a1", time.Minute))
		}},
	}
}

func (s storeSubject) learn(ctx context.Context, t *testing.T, endpoint, variant string, m forecast.Model) {
	t.Helper()
	if err := s.SaveForecast(ctx, endpoint, variant, m); err != nil {
		t.Fatal(err)
	}
}

func wantForecasts(ctx context.Context, t *testing.T, s storeSubject, endpoint string, want map[string]forecast.Model) {
	t.Helper()
	got, err := s.Forecasts(ctx, endpoint)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%d forecasts, want %d, or other ones", len(got), len(want))
	}
}
