package guard_test

import (
	"math"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/guard"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/schedule"
)

// spread returns past changes, spread evenly over the last two minutes as the
// Kubernetes HPA's test does, the oldest first.
func spread(changes ...int) []activity.Activity {
	var out []activity.Activity
	segment := 2 * time.Minute / time.Duration(len(changes))
	for i, c := range changes {
		out = append(out, began(max(0, -c), max(0, c), 2*time.Minute-segment*time.Duration(i)-segment/2))
	}
	return out
}

// began is a change that was asked for so long ago and came into service at once.
func began(from, to int, ago time.Duration) activity.Activity {
	at := now().Add(-ago)
	return activity.Activity{From: from, To: to, Status: activity.Successful, StartTime: at, EndTime: at}
}

// rules are velocities of so many instances and of so much percent, none for 0,
// the larger change of which counts.
func rules(instances int, instancesIn time.Duration, percent int, percentIn time.Duration) policy.Movement {
	var m policy.Movement
	if instances != 0 {
		m.Velocities = append(m.Velocities, policy.Velocity{Type: policy.Instances, Value: instances, Period: instancesIn})
	}
	if percent != 0 {
		m.Velocities = append(m.Velocities, policy.Velocity{Type: policy.Percent, Value: percent, Period: percentIn})
	}
	return m
}

func smallest(m policy.Movement) policy.Movement { m.Select = policy.SelectMin; return m }

// moved is what becomes of a wish for so many instances, within wide limits and
// without cooldowns.
func moved(present, to int, b policy.Behavior, history ...activity.Activity) (scaling.Input, scaling.Decision) {
	in := input(present, history...)
	in.Target.Limits = schedule.Limits{Min: 1, Max: 2000}
	in.Target.ScaleOutCooldown, in.Target.ScaleInCooldown = 0, 0
	in.Target.Behavior = b
	return in, guard.Check(in, wish(in, to), activity.Backoffs{})
}

// The cases of the Kubernetes HPA, TestScalingWithRules and the two tests of its
// limits; where its behavior has a default here it is written out.
func TestVelocityOfTheHPA(t *testing.T) {
	const s, m = time.Second, time.Minute
	tests := []struct {
		name    string
		history []activity.Activity
		out, in policy.Movement
		present int
		wish    int
		want    int
		code    scaling.Code
	}{
		{"scaleUp with default behavior", nil, rules(4, 15*s, 100, 15*s), policy.Movement{}, 10, 50, 20, scaling.VelocityLimit},
		{"scaleUp with default behavior, few", nil, rules(4, 15*s, 100, 15*s), policy.Movement{}, 2, 50, 6, scaling.VelocityLimit},
		{"scaleUpLimit with user policies", nil, rules(0, 0, 1, m), policy.Movement{}, 3, 1000, 4, scaling.VelocityLimit},
		{"scaleDownLimit with user policies", nil, policy.Movement{}, rules(20, m, 0, 0), 1000, 3, 980, scaling.VelocityLimit},
		{"pods larger than percent", nil, rules(100, m, 100, m), policy.Movement{}, 10, 500, 110, scaling.VelocityLimit},
		{"percent larger than pods", nil, rules(2, m, 100, m), policy.Movement{}, 10, 500, 20, scaling.VelocityLimit},
		{"large pods policy", nil, rules(100, m, 0, 0), policy.Movement{}, 10, 50, 50, ""},
		{"pods limitation", nil, rules(30, m, 0, 0), policy.Movement{}, 10, 50, 40, scaling.VelocityLimit},
		{"percent limitation", nil, rules(0, 0, 200, m), policy.Movement{}, 10, 50, 30, scaling.VelocityLimit},
		{"scaleDown, percent larger than pods", nil, policy.Movement{}, rules(20, m, 1, m), 100, 2, 80, scaling.VelocityLimit},
		{"scaleDown, pods larger than percent", nil, policy.Movement{}, rules(2, m, 1, m), 100, 2, 98, scaling.VelocityLimit},
		{"scaleDown, pods limitation", nil, policy.Movement{}, rules(5, m, 0, 0), 10, 2, 5, scaling.VelocityLimit},
		{"scaleDown, percent limitation", nil, policy.Movement{}, rules(0, 0, 50, m), 10, 5, 5, ""},
		{"scaleUp, a lot of recent events", spread(1, 5, 9), rules(5, 2*m, 0, 0), policy.Movement{}, 100, 500, 100, scaling.VelocityLimit},
		{"scaleUp, pods and previous events", spread(1, 5, 9), rules(150, 2*m, 0, 0), policy.Movement{}, 100, 500, 235, scaling.VelocityLimit},
		{"scaleUp, percent and previous events", spread(1, 5, 9), rules(0, 0, 200, 2*m), policy.Movement{}, 100, 500, 255, scaling.VelocityLimit},
		{"scaleUp, percent and events up and down", spread(4, -2), rules(0, 0, 300, 5*m), policy.Movement{}, 6, 24, 16, scaling.VelocityLimit},
		{"scaleDown, default and previous events", spread(-1, -5, -9), policy.Movement{}, policy.Movement{}, 10, 5, 5, ""},
		{"scaleDown, pods and previous events", spread(-1, -5, -9), policy.Movement{}, rules(5, 2*m, 0, 0), 100, 2, 100, scaling.VelocityLimit},
		{"scaleDown, percent and previous events", spread(-2, -4, -6), policy.Movement{}, rules(0, 0, 50, 2*m), 100, 1, 56, scaling.VelocityLimit},
		{"scaleDown, percent and events up and down", spread(2, -4), policy.Movement{}, rules(0, 0, 50, 3*m), 10, 1, 6, scaling.VelocityLimit},
		{"scaleDown, events preventing more", spread(-10, -10, -10), policy.Movement{}, rules(0, 0, 10, 2*m), 100, 1, 100, scaling.VelocityLimit},
		{"scaleDown, more than all", spread(-10, -10, -10), policy.Movement{}, rules(0, 0, 1000, 2*m), 10, 5, 5, ""},
		{"scaleUp, outdated events", spread(8, 12, 9, 11), rules(30, m, 0, 0), policy.Movement{}, 100, 200, 110, scaling.VelocityLimit},
		{"scaleUp limit, min", nil, smallest(rules(2, m, 50, m)), policy.Movement{}, 1, 50, 2, scaling.VelocityLimit},
		{"scaleDown limit, min", nil, policy.Movement{}, smallest(rules(2, m, 50, m)), 5, 1, 3, scaling.VelocityLimit},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in, d := moved(tt.present, tt.wish, policy.Behavior{ScaleOut: tt.out, ScaleIn: tt.in}, tt.history...)
			check(t, in, d, tt.want, tt.code)
			if last := len(d.Steps) - 1; tt.code != "" && d.Steps[last].Rule != scaling.Rule(scaling.VelocityLimit) {
				t.Errorf("the last step is %+v, want the velocity's", d.Steps[last])
			}
		})
	}
}

// A percentage is rounded up on the way out and, as it counts what is left, on the
// way in too: 10 % of 72 are 8, by the documentation of the HPA.
func TestVelocityRounding(t *testing.T) {
	tests := []struct{ percent, present, wish, want int }{
		{10, 80, 1, 72}, {10, 72, 1, 64}, {10, 64, 1, 57}, {10, 1, 0, 1}, {1, 1, 9, 2}, {10, 72, 500, 80}, {10, 70, 500, 77}, {10, 71, 500, 79},
		{99, 100, 1, 1}, {100, 100, 1, 1}, {1, 3, 1, 2}, {29, 100, 500, 129}, {29, 100, 1, 71},
	}
	for _, tt := range tests {
		b := policy.Behavior{ScaleOut: rules(0, 0, tt.percent, time.Minute), ScaleIn: rules(0, 0, tt.percent, time.Minute)}
		if _, d := moved(tt.present, tt.wish, b); d.DesiredCapacity != tt.want {
			t.Errorf("%d %% of %d on the way to %d: %d, want %d: %+v", tt.percent, tt.present, tt.wish, d.DesiredCapacity, tt.want, d)
		}
	}
}

func TestVelocitySelect(t *testing.T) {
	const m = time.Minute
	both := rules(4, m, 10, m)
	turned := policy.Movement{Velocities: []policy.Velocity{both.Velocities[1], both.Velocities[0]}}
	for name, tt := range map[string]struct {
		movement policy.Movement
		out, in  int
	}{
		"largest":                    {both, 34, 26},
		"largest, in another order":  {turned, 34, 26},
		"smallest":                   {smallest(both), 33, 27},
		"smallest, in another order": {smallest(turned), 33, 27},
	} {
		t.Run(name, func(t *testing.T) {
			in, d := moved(30, 100, policy.Behavior{ScaleOut: tt.movement})
			check(t, in, d, tt.out, scaling.VelocityLimit)
			in, d = moved(30, 1, policy.Behavior{ScaleIn: tt.movement})
			check(t, in, d, tt.in, scaling.VelocityLimit)
		})
	}
}

func TestVelocityDisabled(t *testing.T) {
	disabled := policy.Movement{Select: policy.SelectDisabled, Velocities: rules(4, time.Minute, 0, 0).Velocities}
	for _, m := range []policy.Movement{disabled, {Select: policy.SelectDisabled}} {
		in, d := moved(10, 12, policy.Behavior{ScaleOut: m})
		check(t, in, d, 10, scaling.ScaleOutDisabled)
		in, d = moved(10, 8, policy.Behavior{ScaleOut: m})
		check(t, in, d, 8, "")
		in, d = moved(10, 8, policy.Behavior{ScaleIn: m})
		check(t, in, d, 10, scaling.ScaleInDisabled)
		in, d = moved(10, 12, policy.Behavior{ScaleIn: m})
		check(t, in, d, 12, "")
	}
}

// A change counts from when it was asked for, and counts no longer when its period
// has passed to the second.
func TestVelocityPeriod(t *testing.T) {
	started := func(ago time.Duration, s activity.Status) activity.Activity {
		return activity.Activity{From: 10, To: 14, Status: s, StartTime: now().Add(-ago), EndTime: now().Add(-time.Second)}
	}
	tests := []struct {
		name   string
		change activity.Activity
		want   int
	}{
		{"within", started(time.Minute, activity.Successful), 14},
		{"a second within", started(5*time.Minute-time.Second, activity.Successful), 14},
		{"exactly as long ago", started(5*time.Minute, activity.Successful), 18},
		{"before, though it ended within", started(6*time.Minute, activity.Successful), 18},
		{"with fewer than asked for", activity.Activity{From: 10, To: 20, Came: 12, Status: activity.Unfulfilled, StartTime: now().Add(-time.Minute)}, 16},
		{"failed", started(time.Minute, activity.Failed), 18},
		{"overridden", started(time.Minute, activity.Overridden), 18},
		{"by a clock that is a little ahead", started(-time.Minute, activity.Successful), 14},
		{"by a clock that is ahead by all that is allowed", started(-activity.ClockSkew, activity.Successful), 14},
		{"by a clock that is a second further ahead", started(-activity.ClockSkew-time.Second, activity.Successful), 18},
		{"by a clock that is wrong", started(-time.Hour, activity.Successful), 18},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, d := moved(14, 100, policy.Behavior{ScaleOut: rules(4, 5*time.Minute, 0, 0)}, tt.change)
			if d.DesiredCapacity != tt.want {
				t.Errorf("DesiredCapacity = %d, want %d: %+v", d.DesiredCapacity, tt.want, d)
			}
		})
	}
}

// What was removed is room on the way out again, and what was added on the way in.
func TestVelocityCountsBothDirections(t *testing.T) {
	b := policy.Behavior{ScaleOut: rules(4, 5*time.Minute, 0, 0), ScaleIn: rules(4, 5*time.Minute, 0, 0)}
	in, d := moved(6, 100, b, began(10, 6, time.Minute))
	check(t, in, d, 14, scaling.VelocityLimit)
	in, d = moved(14, 1, b, began(10, 14, time.Minute))
	check(t, in, d, 6, scaling.VelocityLimit)
	// Each policy has a period of its own: of the last minute nothing is known.
	b.ScaleOut = policy.Movement{Velocities: []policy.Velocity{
		{Type: policy.Instances, Value: 4, Period: 5 * time.Minute}, {Type: policy.Instances, Value: 3, Period: time.Minute},
	}}
	in, d = moved(14, 100, b, began(10, 14, 2*time.Minute))
	check(t, in, d, 17, scaling.VelocityLimit)
	b.ScaleOut.Select = policy.SelectMin
	in, d = moved(14, 100, b, began(10, 14, 2*time.Minute))
	check(t, in, d, 14, scaling.VelocityLimit)
}

// Where more was added than there is now, somebody else has removed it: the period
// began with nothing, not with less.
func TestVelocityBeginsWithNothingAtLeast(t *testing.T) {
	in, d := moved(2, 100, policy.Behavior{ScaleOut: rules(4, 5*time.Minute, 0, 0)}, began(4, 14, time.Minute))
	check(t, in, d, 4, scaling.VelocityLimit)
}

// To allow nothing is to allow less than anything else: a share of a period that
// began with nothing on the way out, and to keep nothing on the way in.
func TestVelocitySelectsNothing(t *testing.T) {
	shareFirst := policy.Movement{Velocities: []policy.Velocity{
		{Type: policy.Percent, Value: 100, Period: 5 * time.Minute}, {Type: policy.Instances, Value: 4, Period: 5 * time.Minute},
	}}
	grown := began(0, 2, time.Minute)
	in, d := moved(2, 100, policy.Behavior{ScaleOut: shareFirst}, grown)
	check(t, in, d, 4, scaling.VelocityLimit)
	in, d = moved(2, 100, policy.Behavior{ScaleOut: smallest(shareFirst)}, grown)
	check(t, in, d, 2, scaling.VelocityLimit)
	in, d = moved(10, 1, policy.Behavior{ScaleIn: shareFirst})
	check(t, in, d, 1, "")
	in, d = moved(10, 1, policy.Behavior{ScaleIn: smallest(shareFirst)})
	check(t, in, d, 6, scaling.VelocityLimit)
}

// Where the limits let all be removed, a velocity that allows as much or more does
// too.
func TestVelocityRemovesAll(t *testing.T) {
	for _, m := range []policy.Movement{rules(3, time.Minute, 0, 0), rules(5, time.Minute, 0, 0), rules(0, 0, 100, time.Minute), rules(0, 0, 250, time.Minute)} {
		in := input(3)
		in.Target.Limits = schedule.Limits{Min: 0, Max: 20}
		in.Target.Behavior = policy.Behavior{ScaleIn: m}
		check(t, in, guard.Check(in, wish(in, 0), activity.Backoffs{}), 0, "")
	}
}

// The limits are put in force at once; only what a policy wants beyond them is
// slow.
func TestVelocityDoesNotHoldLimits(t *testing.T) {
	b := policy.Behavior{ScaleOut: rules(1, time.Hour, 0, 0), ScaleIn: rules(1, time.Hour, 0, 0)}
	disabled := policy.Movement{Select: policy.SelectDisabled}
	tests := []struct {
		name     string
		limits   schedule.Limits
		behavior policy.Behavior
		wish     int
		want     int
		code     scaling.Code
	}{
		{"minimum", schedule.Limits{Min: 15, Max: 20}, b, 15, 15, ""},
		{"minimum, disabled", schedule.Limits{Min: 15, Max: 20}, policy.Behavior{ScaleOut: disabled}, 15, 15, ""},
		{"maximum", schedule.Limits{Min: 1, Max: 5}, b, 5, 5, ""},
		{"maximum, disabled", schedule.Limits{Min: 1, Max: 5}, policy.Behavior{ScaleIn: disabled}, 5, 5, ""},
		{"beyond the minimum", schedule.Limits{Min: 15, Max: 20}, b, 18, 15, scaling.VelocityLimit},
		{"beyond the minimum, disabled", schedule.Limits{Min: 15, Max: 20}, policy.Behavior{ScaleOut: disabled}, 18, 15, scaling.ScaleOutDisabled},
		{"beyond the maximum", schedule.Limits{Min: 1, Max: 5}, b, 2, 5, scaling.VelocityLimit},
		{"beyond the maximum, disabled", schedule.Limits{Min: 1, Max: 5}, policy.Behavior{ScaleIn: disabled}, 2, 5, scaling.ScaleInDisabled},
		{"a little beyond what the maximum does", schedule.Limits{Min: 1, Max: 9}, b, 8, 9, scaling.VelocityLimit},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := input(10)
			in.Target.Limits, in.Target.Behavior = tt.limits, tt.behavior
			check(t, in, guard.Check(in, wish(in, tt.wish), activity.Backoffs{}), tt.want, tt.code)
		})
	}
}

func TestVelocityIsSaid(t *testing.T) {
	for _, tt := range []struct {
		to   int
		b    policy.Behavior
		want string
	}{
		{100, policy.Behavior{ScaleOut: rules(4, 5*time.Minute, 0, 0)}, "no more than 4 instances may be added within 5m; there were 10 at its beginning"},
		{100, policy.Behavior{ScaleOut: rules(0, 0, 10, 90*time.Second)}, "no more than 10 % may be added within 1m30s; there were 10 at its beginning"},
		// Of two that allow the same the first is named.
		{100, policy.Behavior{ScaleOut: rules(1, time.Hour, 10, 5*time.Minute)}, "no more than 1 instances may be added within 1h; there were 10 at its beginning"},
		{1, policy.Behavior{ScaleIn: rules(1, time.Hour, 10, 5*time.Minute)}, "no more than 1 instances may be removed within 1h; there were 10 at its beginning"},
		{1, policy.Behavior{ScaleIn: rules(1, time.Hour, 20, 5*time.Minute)}, "no more than 20 % may be removed within 5m; there were 10 at its beginning"},
		{1, policy.Behavior{ScaleIn: smallest(rules(1, time.Hour, 20, 5*time.Minute))}, "no more than 1 instances may be removed within 1h; there were 10 at its beginning"},
	} {
		_, d := moved(10, tt.to, tt.b)
		if got := d.NotScaledReasons[0].Message; got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// The largest numbers that a policy takes do not wrap.
func TestVelocityOfTheLargestNumbers(t *testing.T) {
	const most = math.MaxInt32
	huge := rules(most, time.Hour, most, time.Hour)
	in := input(most-1, began(0, most-1, time.Minute))
	in.Target.Limits = schedule.Limits{Min: 1, Max: most}
	in.Target.Behavior = policy.Behavior{ScaleOut: huge, ScaleIn: huge}
	check(t, in, guard.Check(in, wish(in, most), activity.Backoffs{}), most, "")
	in.Activities = nil
	check(t, in, guard.Check(in, wish(in, most), activity.Backoffs{}), most, "")
	check(t, in, guard.Check(in, wish(in, 1), activity.Backoffs{}), 1, "")
}

// However much was removed in a period, what may be added again is no less.
func TestVelocityBeyondMeasure(t *testing.T) {
	var history []activity.Activity
	for range 3 {
		history = append(history, activity.Activity{From: math.MaxInt32, To: 1, Status: activity.Successful, StartTime: now().Add(-time.Minute), EndTime: now()})
	}
	m := policy.Movement{Velocities: []policy.Velocity{{Type: policy.Percent, Value: math.MaxInt32, Period: time.Hour}}}
	in, d := moved(10, 20, policy.Behavior{ScaleOut: m}, history...)
	check(t, in, d, 20, "")
}
