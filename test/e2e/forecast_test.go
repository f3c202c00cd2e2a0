//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"

	"sagescale/internal/scaling"
)

// served is the load of ahead: of instances that serve 1000 requests a minute it needs
// two, at the target value of 700 it needs three.
func served(at time.Duration) float64 { return 1900 + float64(at/time.Minute%7) }

// knows publishes five hours of load, up to the half hour that serve publishes.
func (s *stage) knows(t *testing.T, endpoint string, load func(ago time.Duration) float64) {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Minute)
	past := map[time.Time]float64{}
	for m := 32; m <= 300; m++ {
		past[now.Add(-time.Duration(m)*time.Minute)] = load(time.Duration(m) * time.Minute)
	}
	if err := s.publish(t.Context(), endpoint, past); err != nil {
		t.Fatal(err)
	}
}

// hastens lets the deployed rule for forecasts fire every minute, and not every ten.
func (s *stage) hastens(t *testing.T) {
	var rules struct {
		Rules []struct{ Name, ScheduleExpression, State, Description string }
	}
	if err := s.account.Call(t.Context(), "events", "AWSEvents.ListRules", struct{}{}, &rules); err != nil {
		t.Fatal(err)
	}
	for _, rule := range rules.Rules {
		if rule.ScheduleExpression != "rate(10 minutes)" {
			continue
		}
		rule.ScheduleExpression = "rate(1 minute)"
		if err := s.account.Call(t.Context(), "events", "AWSEvents.PutRule", rule, nil); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("no rule for forecasts is deployed: %+v", rules)
}

// foresees waits until the forecast that its rule has learned is in the table, is in the
// record of a tick, and has removed the instance that the target value keeps.
func (s *stage) foresees(t *testing.T) {
	within(t, 4*time.Minute, func() (bool, string) {
		n := s.capacity(t, ahead)
		return n == 2, fmt.Sprintf("%d instances", n)
	})
	models, err := s.store(t).Forecasts(t.Context(), ahead)
	if m := models["AllTraffic"]; err != nil || m.Minutes < 290 || m.Mean < 1890 || m.Mean > 1910 {
		t.Errorf("learned of %d minutes with a mean of %v, %v", m.Minutes, m.Mean, err)
	}
	for _, r := range s.records(t, "Schedule", ahead) {
		d := r.Decision
		if len(d.Steps) == 0 || d.DesiredCapacity != 2 || r.Activity == nil {
			continue
		}
		if d.Steps[0].Rule != scaling.RulePredictive || d.Forecast == nil || !d.Forecast.Followed || d.Forecast.Capacity != 2 ||
			d.Forecast.Upper < 1890 || d.Forecast.Upper > 2000 || d.Forecast.AgeSeconds < 0 {
			t.Errorf("the tick decided %+v by %+v", d, d.Forecast)
		}
		return
	}
	t.Error("no record of a tick says how two instances came about")
}
