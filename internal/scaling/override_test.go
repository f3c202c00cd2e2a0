package scaling_test

import (
	"strings"
	"testing"
	"time"

	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/schedule"
)

// An override's limits take the place of those in force; one that would cross the
// other pulls it along.
func TestOverrideLimits(t *testing.T) {
	later := now().Add(time.Hour)
	tests := []struct {
		name     string
		override policy.Override
		load     float64
		want     int
		low, top int
		rule     scaling.Rule
	}{
		{"a minimum", policy.Override{Min: new(14), Until: later}, 950, 14, 14, 20, scaling.RuleMinCapacity},
		{"a minimum that lets more be", policy.Override{Min: new(4), Until: later}, 300, 4, 4, 20, scaling.RuleMinCapacity},
		{"a minimum below that of the policy", policy.Override{Min: new(1), Until: later}, 90, 1, 1, 20, ""},
		{"a minimum above the maximum", policy.Override{Min: new(30), Until: later}, 950, 30, 30, 30, scaling.RuleMinCapacity},
		{"a maximum", policy.Override{Max: new(9), Until: later}, 950, 9, 2, 9, scaling.RuleMaxCapacity},
		{"a maximum above that of the policy", policy.Override{Max: new(25), Until: later}, 2400, 24, 2, 25, ""},
		{"a maximum below the minimum", policy.Override{Max: new(1), Until: later}, 950, 1, 1, 1, scaling.RuleMaxCapacity},
		{"hold at 7", policy.Override{Min: new(7), Max: new(7), Until: later}, 950, 7, 7, 7, scaling.RuleMaxCapacity},
		{"hold at 12", policy.Override{Min: new(12), Max: new(12), Until: later}, 300, 12, 12, 12, scaling.RuleMinCapacity},
		{"a pause is no limit", policy.Override{Pause: policy.Both, Until: later}, 1500, 15, 2, 20, ""},
		{"one second left", policy.Override{Min: new(14), Until: now().Add(time.Second)}, 950, 14, 14, 20, scaling.RuleMinCapacity},
		{"over", policy.Override{Min: new(14), Until: now()}, 950, 10, 2, 20, ""},
		{"long over", policy.Override{Max: new(1), Until: now().Add(-time.Hour)}, 950, 10, 2, 20, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := target(tracking(perInstance, 100))
			x.Limits = schedule.Limits{Min: 2, Max: 20}
			tt.override.By, tt.override.Reason = "anna", "incident 4711"
			in := scaling.Input{Now: now(), Target: x, Observation: observe(10, steady(policy.Invocations, tt.load, 15)), Override: tt.override}
			d := scaling.Decide(in)
			if d.DesiredCapacity != tt.want || d.MinCapacity != tt.low || d.MaxCapacity != tt.top {
				t.Errorf("got %d of %d to %d, want %d of %d to %d: %+v", d.DesiredCapacity, d.MinCapacity, d.MaxCapacity, tt.want, tt.low, tt.top, d)
			}
			checkSteps(t, 10, d)
			if tt.rule == "" {
				return
			}
			last := d.Steps[len(d.Steps)-1]
			if last.Rule != tt.rule || !strings.Contains(last.Reason, "override of anna until ") || !strings.Contains(last.Reason, "incident 4711") {
				t.Errorf("the last step is %+v, want one of %s that names the override", last, tt.rule)
			}
		})
	}
}

// An override's limits go before those of scheduled actions.
func TestOverrideOfAScheduledAction(t *testing.T) {
	e, err := schedule.Parse("cron(0 8 ? * MON-FRI *)")
	if err != nil {
		t.Fatal(err)
	}
	x := target()
	x.ScheduledActions = []schedule.Action{{Name: "office", Schedule: schedule.Schedule{Expression: e}, Min: new(4), Max: new(6)}}
	in := scaling.Input{Now: now(), Target: x, Observation: observe(5), Override: policy.Override{Min: new(8), Until: now().Add(time.Minute)}}
	d := scaling.Decide(in)
	expect(t, 5, d, 8)
	if d.MaxCapacity != 8 || strings.Contains(d.Steps[0].Reason, "office") {
		t.Errorf("got %+v, want a maximum of 8 by the override alone", d)
	}
	// The limit that it leaves alone is still the action's.
	in.Override = policy.Override{Max: new(20), Until: now().Add(time.Minute), By: "anna"}
	in.Observation = observe(2)
	if d := scaling.Decide(in); d.DesiredCapacity != 4 || !strings.Contains(d.Steps[0].Reason, "office") || strings.Contains(d.Steps[0].Reason, "anna") {
		t.Errorf("got %+v, want the minimum of 4 by the scheduled action", d)
	}
	in.Observation = observe(25)
	if d := scaling.Decide(in); d.DesiredCapacity != 20 || !strings.Contains(d.Steps[0].Reason, "anna") || strings.Contains(d.Steps[0].Reason, "office") {
		t.Errorf("got %+v, want the maximum of 20 by the override", d)
	}
	in.Override = policy.Override{Pause: policy.In, Until: now().Add(time.Minute)}
	in.Observation = observe(9)
	if d := scaling.Decide(in); d.MaxCapacity != 6 || !strings.Contains(d.Steps[0].Reason, "office") {
		t.Errorf("got %+v, want the maximum of 6 by the scheduled action", d)
	}
}
