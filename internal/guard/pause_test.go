package guard_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/guard"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/schedule"
)

func paused(d policy.Direction, left time.Duration) policy.Override {
	return policy.Override{Pause: d, Until: now().Add(left), By: "anna", Reason: "incident 4711"}
}

func TestPause(t *testing.T) {
	tests := []struct {
		name     string
		override policy.Override
		wish     int
		want     int
		code     scaling.Code
	}{
		{"out holds a scale-out", paused(policy.Out, time.Hour), 6, 4, scaling.Paused},
		{"out lets a scale-in be", paused(policy.Out, time.Hour), 3, 3, ""},
		{"in holds a scale-in", paused(policy.In, time.Hour), 3, 4, scaling.Paused},
		{"in lets a scale-out be", paused(policy.In, time.Hour), 6, 6, ""},
		{"both hold a scale-out", paused(policy.Both, time.Hour), 6, 4, scaling.Paused},
		{"both hold a scale-in", paused(policy.Both, time.Hour), 3, 4, scaling.Paused},
		{"a second is left", paused(policy.Both, time.Second), 6, 4, scaling.Paused},
		{"expired", paused(policy.Both, 0), 6, 6, ""},
		{"long expired", paused(policy.Both, -time.Hour), 3, 3, ""},
		{"an override without a pause", policy.Override{Max: new(20), Until: now().Add(time.Hour)}, 6, 6, ""},
		{"none", policy.Override{}, 6, 6, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := input(4)
			in.Override = tt.override
			d := guard.Check(in, wish(in, tt.wish), activity.Backoffs{})
			check(t, in, d, tt.want, tt.code)
			if tt.code == "" {
				return
			}
			last := d.Steps[len(d.Steps)-1]
			if last.Rule != scaling.Rule(scaling.Paused) || !strings.Contains(last.Reason, "anna") || !strings.Contains(last.Reason, "incident 4711") {
				t.Errorf("the last step is %+v, want the pause's with who and why", last)
			}
		})
	}
}

// Who pauses wants nothing to move: not even the limits move anything, neither
// those of the policy nor those of the override itself.
func TestPauseHoldsLimits(t *testing.T) {
	tests := []struct {
		name     string
		limits   schedule.Limits
		override policy.Override
		want     int
	}{
		{"minimum", schedule.Limits{Min: 8, Max: 20}, paused(policy.Out, time.Hour), 4},
		{"minimum, the other direction is paused", schedule.Limits{Min: 8, Max: 20}, paused(policy.In, time.Hour), 8},
		{"maximum", schedule.Limits{Min: 1, Max: 2}, paused(policy.In, time.Hour), 4},
		{"maximum, the other direction is paused", schedule.Limits{Min: 1, Max: 2}, paused(policy.Out, time.Hour), 2},
		{"its own minimum", schedule.Limits{Min: 1, Max: 20}, policy.Override{Pause: policy.Both, Min: new(6), Until: now().Add(time.Hour)}, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := input(4)
			in.Target.Limits, in.Override = tt.limits, tt.override
			d := guard.Check(in, scaling.Decide(in), activity.Backoffs{})
			if d.DesiredCapacity != tt.want {
				t.Errorf("DesiredCapacity = %d, want %d: %+v", d.DesiredCapacity, tt.want, d)
			}
			if held := slices.ContainsFunc(d.NotScaledReasons, func(r scaling.Reason) bool { return r.Code == scaling.Paused }); held != (tt.want == 4) {
				t.Errorf("paused: %t: %+v", held, d)
			}
		})
	}
}

// Nothing is paused where nothing would move.
func TestPauseWithoutAWish(t *testing.T) {
	in := input(4)
	in.Override = paused(policy.Both, time.Hour)
	d := scaling.Undecided(in)
	d.Refuse(scaling.AlreadyAtDesired, "as it should be")
	check(t, in, guard.Check(in, d, activity.Backoffs{}), 4, scaling.AlreadyAtDesired)
}
