package guard_test

import (
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/guard"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/schedule"
)

// The cooldowns are those of the policy that is followed, which the decision
// brings along, not those of the target.
func TestCooldownsOfThePolicyFollowed(t *testing.T) {
	const m = time.Minute
	tests := []struct {
		name     string
		cooldown scaling.Cooldown
		history  activity.Activity
		code     scaling.Code
	}{
		{"a longer one after a scale-out", scaling.Cooldown{Out: 20 * m, In: m}, done(2, 4, 19*m), scaling.ScaleOutCooldown},
		{"a longer one after a scale-out, over", scaling.Cooldown{Out: 20 * m, In: m}, done(2, 4, 20*m), ""},
		{"a shorter one after a scale-out", scaling.Cooldown{Out: m, In: 20 * m}, done(2, 4, m), ""},
		{"a longer one after a scale-in", scaling.Cooldown{Out: m, In: 20 * m}, done(6, 4, 19*m), scaling.ScaleInCooldown},
		{"a longer one after a scale-in, over", scaling.Cooldown{Out: m, In: 20 * m}, done(6, 4, 20*m), ""},
		{"a shorter one after a scale-in", scaling.Cooldown{Out: 20 * m, In: m}, done(6, 4, m), ""},
		{"none", scaling.Cooldown{}, done(6, 4, 0), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := input(4, tt.history)
			d := wish(in, 3)
			d.Cooldown = tt.cooldown
			want := 3
			if tt.code != "" {
				want = 4
			}
			check(t, in, guard.Check(in, d, activity.Backoffs{}), want, tt.code)
		})
	}
}

// A step that removes waits for its own cooldown, after a scale-in and after a
// scale-out; one that adds does not wait.
func TestCooldownOfAStep(t *testing.T) {
	step := func(comparison policy.Comparison, adjustment int, history ...activity.Activity) scaling.Input {
		in := input(4, history...)
		s := policy.StepScaling{
			Name: "load", Metric: policy.Metric{Name: "load", Period: time.Minute}, Threshold: 20, Comparison: comparison,
			AdjustmentType: policy.ChangeInCapacity, Aggregation: policy.Average, MinAdjustment: 1, Cooldown: 2 * time.Minute,
			Alarm: policy.Window{Datapoints: 1, Periods: 1}, TreatMissingData: policy.TreatMissing,
			Adjustments: []policy.StepAdjustment{{Upper: new(0.0), Adjustment: adjustment}, {Lower: new(0.0), Adjustment: adjustment}},
		}
		in.Target.StepScaling = []policy.StepScaling{s}
		in.Observation.Metrics = []scaling.Series{{Metric: "load", Datapoints: []scaling.Datapoint{{Time: now().Add(-time.Minute), Value: 20}}}}
		return in
	}
	tests := []struct {
		name string
		in   scaling.Input
		want int
		code scaling.Code
	}{
		{"in, within the cooldown of a scale-in", step(policy.LessOrEqual, -1, done(5, 4, time.Minute)), 4, scaling.ScaleInCooldown},
		{"in, within the cooldown of a scale-out", step(policy.LessOrEqual, -1, done(3, 4, time.Minute)), 4, scaling.ScaleOutCooldown},
		{"in, after it", step(policy.LessOrEqual, -1, done(5, 4, 2*time.Minute)), 3, ""},
		{"out, within the cooldown of a scale-in", step(policy.GreaterOrEqual, 2, done(5, 4, time.Minute)), 6, ""},
		{"out, the cooldown of a scale-out is credited", step(policy.GreaterOrEqual, 2, done(3, 4, time.Minute)), 5, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, tt.in, guard.Check(tt.in, scaling.Decide(tt.in), activity.Backoffs{}), tt.want, tt.code)
		})
	}
}

// Nor does one hold a policy that asks for no more than the limits do.
func TestCooldownDoesNotHoldWhatTheLimitsAskForToo(t *testing.T) {
	in := input(12, done(6, 12, time.Minute))
	in.Target.Limits = schedule.Limits{Min: 1, Max: 10}
	check(t, in, guard.Check(in, wish(in, 10), activity.Backoffs{}), 10, "")
}

// What an override's limits ask for no cooldown holds.
func TestCooldownDoesNotHoldAnOverride(t *testing.T) {
	in := input(10, done(4, 10, time.Minute))
	in.Target.Limits = schedule.Limits{Min: 1, Max: 20}
	in.Override = policy.Override{Max: new(6), Until: now().Add(time.Hour)}
	check(t, in, guard.Check(in, scaling.Decide(in), activity.Backoffs{}), 6, "")
}
