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

func now() time.Time { return time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) }

// done is a change that came into service so long ago.
func done(from, to int, ago time.Duration) activity.Activity {
	end := now().Add(-ago)
	return activity.Activity{Variant: "AllTraffic", From: from, To: to, Status: activity.Successful, StartTime: end.Add(-6 * time.Minute), EndTime: end}
}

func ended(a activity.Activity, s activity.Status) activity.Activity { a.Status = s; return a }

func input(present int, history ...activity.Activity) scaling.Input {
	return scaling.Input{
		Now: now(),
		Target: policy.Target{
			Endpoint: "chat-llm", Variant: "AllTraffic", Limits: schedule.Limits{Min: 1, Max: 20},
			ScaleOutCooldown: 5 * time.Minute, ScaleInCooldown: 5 * time.Minute,
		},
		Observation: scaling.Observation{Status: activity.InService, CurrentCapacity: present, DesiredCapacity: present},
		Activities:  history,
	}
}

// wish is a decision of target tracking for so many instances.
func wish(in scaling.Input, to int) scaling.Decision {
	d := scaling.Undecided(in)
	d.Cooldown = scaling.Cooldown{Out: in.Target.ScaleOutCooldown, In: in.Target.ScaleInCooldown}
	d.Move(scaling.RuleTargetTracking, to, "load")
	return d
}

func TestCheckCooldowns(t *testing.T) {
	tests := []struct {
		name    string
		history []activity.Activity
		present int
		wish    int
		want    int
		code    scaling.Code
	}{
		{"no history", nil, 4, 6, 6, ""},
		{"scale-out after a scale-out has cooled down", []activity.Activity{done(2, 4, 6*time.Minute)}, 4, 6, 6, ""},
		{"a larger scale-out passes the cooldown", []activity.Activity{done(2, 4, time.Minute)}, 4, 5, 5, ""},
		{"what was taken away by others comes back at once", []activity.Activity{done(2, 6, time.Minute)}, 4, 6, 6, ""},
		{"scale-in waits for a scale-in", []activity.Activity{done(6, 4, 2*time.Minute)}, 4, 3, 4, scaling.ScaleInCooldown}, // AWS: target tracking guide
		{"scale-in after its cooldown", []activity.Activity{done(6, 4, 5*time.Minute)}, 4, 3, 3, ""},
		{"scale-in a moment before its end", []activity.Activity{done(6, 4, 5*time.Minute-time.Second)}, 4, 3, 4, scaling.ScaleInCooldown},
		{"scale-in waits for a scale-out", []activity.Activity{done(2, 4, 2*time.Minute)}, 4, 3, 4, scaling.ScaleOutCooldown}, // AWS is silent
		{"scale-out within a scale-in cooldown", []activity.Activity{done(6, 4, time.Minute)}, 4, 6, 6, ""},                   // AWS: target tracking guide
		{"a scale-out ends the scale-in cooldown", []activity.Activity{done(6, 4, 4*time.Minute), done(4, 6, time.Second)}, 6, 5, 6, scaling.ScaleOutCooldown},
		{"of two cooldowns that of the scale-out is named", []activity.Activity{done(2, 5, 2*time.Minute), done(5, 4, time.Minute)}, 4, 3, 4, scaling.ScaleOutCooldown},
		{"a change that ends in the future starts no cooldown", []activity.Activity{done(6, 4, -time.Hour)}, 4, 3, 3, ""},
		{"a failed change starts no cooldown", []activity.Activity{ended(done(4, 2, time.Minute), activity.Failed)}, 4, 3, 3, ""},
		{"an overridden change starts no cooldown", []activity.Activity{ended(done(4, 6, time.Minute), activity.Overridden)}, 4, 3, 3, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := input(tt.present, tt.history...)
			check(t, in, guard.Check(in, wish(in, tt.wish), activity.Backoffs{}), tt.want, tt.code)
		})
	}
}

// check fails unless d is for want instances and refused for code only.
func check(t *testing.T, in scaling.Input, d scaling.Decision, want int, code scaling.Code) {
	t.Helper()
	if d.DesiredCapacity != want {
		t.Errorf("DesiredCapacity = %d, want %d: %+v", d.DesiredCapacity, want, d)
	}
	var codes []scaling.Code
	for _, r := range d.NotScaledReasons {
		codes = append(codes, r.Code)
	}
	if code == "" && codes != nil || code != "" && !slices.Equal(codes, []scaling.Code{code}) {
		t.Errorf("codes = %v, want %q", codes, code)
	}
	at := in.Present()
	for _, s := range d.Steps {
		if s.From != at {
			t.Errorf("step %+v does not go on from %d", s, at)
		}
		at = s.To
	}
	if at != d.DesiredCapacity {
		t.Errorf("steps lead to %d, not to %d", at, d.DesiredCapacity)
	}
}

// With a scale-out cooldown of its own shorter than the scale-in cooldown, the
// end of the scale-in cooldown by a scale-out shows.
func TestCheckScaleOutEndsScaleInCooldown(t *testing.T) {
	in := input(6, done(8, 4, 4*time.Minute), done(4, 6, 2*time.Minute))
	in.Target.ScaleOutCooldown = time.Minute
	check(t, in, guard.Check(in, wish(in, 5), activity.Backoffs{}), 5, "")
	in.Activities = []activity.Activity{done(8, 4, 2*time.Minute), done(4, 6, 2*time.Minute)}
	check(t, in, guard.Check(in, wish(in, 5), activity.Backoffs{}), 6, scaling.ScaleInCooldown) // it must come after
	in.Activities = in.Activities[:1]
	check(t, in, guard.Check(in, wish(in, 5), activity.Backoffs{}), 6, scaling.ScaleInCooldown)
}

// Of what others did only the outcome is known: the longer cooldown follows, and so after
// a scale-in that ended with another count than was asked for.
func TestCheckCooldownOfWhatIsHalfKnown(t *testing.T) {
	in := input(5)
	in.Target.ScaleOutCooldown, in.Target.ScaleInCooldown = 10*time.Minute, time.Minute
	ours, theirs, short := done(8, 5, 2*time.Minute), done(8, 5, 2*time.Minute), ended(done(8, 4, 2*time.Minute), activity.Unfulfilled)
	theirs.ByOthers, short.Came = true, 5
	for _, c := range []struct {
		of   activity.Activity
		want int
		code scaling.Code
	}{{ours, 4, ""}, {theirs, 5, scaling.ScaleInCooldown}, {short, 5, scaling.ScaleInCooldown}} {
		in.Activities = []activity.Activity{c.of}
		check(t, in, guard.Check(in, wish(in, 4), activity.Backoffs{}), c.want, c.code)
	}
	in.Target.ScaleOutCooldown, in.Target.ScaleInCooldown = time.Minute, 10*time.Minute
	theirs = done(3, 5, 2*time.Minute)
	for _, byOthers := range []bool{false, true} {
		theirs.ByOthers = byOthers
		in.Activities = []activity.Activity{theirs}
		want, code := 4, scaling.Code("")
		if byOthers {
			want, code = 5, scaling.ScaleOutCooldown
		}
		check(t, in, guard.Check(in, wish(in, 4), activity.Backoffs{}), want, code)
	}
}

// Scheduled limits are not held back by cooldowns; what a metric wants beyond
// them is.
func TestCheckLimitsPassCooldowns(t *testing.T) {
	in := input(2, done(6, 2, time.Minute), done(1, 2, time.Minute))
	in.Target.Limits = schedule.Limits{Min: 4, Max: 20}
	d := scaling.Undecided(in)
	d.Move(scaling.RuleMinCapacity, 4, "minimum")
	check(t, in, guard.Check(in, d, activity.Backoffs{}), 4, "")

	in = input(12, done(6, 12, time.Minute))
	in.Target.Limits = schedule.Limits{Min: 1, Max: 10}
	d = guard.Check(in, wish(in, 7), activity.Backoffs{})
	check(t, in, d, 10, scaling.ScaleOutCooldown)
	if last := d.Steps[len(d.Steps)-1]; last.Rule != scaling.RuleMaxCapacity {
		t.Errorf("the last step is %+v, want the maximum", last)
	}
	// Of a change that a cooldown has held whole no velocity has anything to say.
	disabled := policy.Movement{Select: policy.SelectDisabled}
	in.Target.Behavior = policy.Behavior{ScaleOut: disabled, ScaleIn: disabled}
	check(t, in, guard.Check(in, wish(in, 7), activity.Backoffs{}), 10, scaling.ScaleOutCooldown)
}

// What blocks every change blocks what the limits ask for too.
func TestCheckBlockedOutsideTheLimits(t *testing.T) {
	for present, limits := range map[int]schedule.Limits{2: {Min: 4, Max: 20}, 12: {Min: 1, Max: 10}} {
		in := input(present)
		in.Target.Limits = limits
		in.Observation.Status = "Updating"
		check(t, in, guard.Check(in, scaling.Decide(in), activity.Backoffs{}), present, scaling.Unscalable)
	}
}

func TestCheckBlocked(t *testing.T) {
	open := activity.Activity{Variant: "AllTraffic", From: 2, To: 4, Status: activity.Pending, StartTime: now().Add(-time.Second)}
	abandoned := input(4)
	abandoned.Observation.DesiredCapacity = 8
	abandoned.Observation.LastModified = now().Add(-activity.LongestUnderWay)
	wait := activity.Backoff{Failures: 2, Until: now().Add(time.Minute)}
	longest := activity.Backoff{Failures: 9, Until: now().Add(activity.MaxBackoff + activity.ClockSkew - time.Second)}
	status := func(s string) scaling.Input { in := input(4); in.Observation.Status = s; return in }
	asked := input(4)
	asked.Observation.DesiredCapacity = 8
	long := asked
	long.Activities = []activity.Activity{ended(done(4, 8, time.Hour), activity.Failed), done(8, 4, 10*time.Minute)}
	tests := []struct {
		name     string
		in       scaling.Input
		wish     int
		backoffs activity.Backoffs
		code     scaling.Code
	}{
		{"endpoint updating", status("Updating"), 6, activity.Backoffs{}, scaling.Unscalable},
		{"endpoint rolling back", status("RollingBack"), 3, activity.Backoffs{}, scaling.Unscalable},
		{"endpoint failed", status("Failed"), 6, activity.Backoffs{}, scaling.EndpointFailed},
		{"status with tricks", status("\x1b[31mInService"), 3, activity.Backoffs{}, scaling.Unscalable},
		{"status missing", status(""), 3, activity.Backoffs{}, scaling.Unscalable},
		{"open activity", input(4, open), 6, activity.Backoffs{}, scaling.ActivityInProgress},
		{"open activity, scale-in", input(4, open), 3, activity.Backoffs{}, scaling.ActivityInProgress},
		{"somebody else asked for more", asked, 3, activity.Backoffs{}, scaling.CapacityNotInService},
		{"somebody else asked for what we did long ago", long, 3, activity.Backoffs{}, scaling.CapacityNotInService},
		{"backing off outwards", input(4), 6, activity.Backoffs{Out: wait}, scaling.BackingOff},
		{"backing off inwards", input(4), 3, activity.Backoffs{In: wait}, scaling.BackingOff},
		{"the longest backoff, by a clock that is ahead", input(4), 6, activity.Backoffs{Out: longest}, scaling.BackingOff},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := guard.Check(tt.in, wish(tt.in, tt.wish), tt.backoffs)
			check(t, tt.in, d, 4, tt.code)
			if strings.Contains(d.NotScaledReasons[0].Message, "\x1b") {
				t.Errorf("message has an escape sequence: %q", d.NotScaledReasons[0].Message)
			}
		})
	}
}

// A change that takes longer than ours do is told from one that is under way, whatever the
// decision is: nothing can be scaled until somebody has ended it. So is an endpoint
// that has failed.
//
// Faults: E1, E3
func TestCheckTellsOfAnOverdueUpdate(t *testing.T) {
	tests := []struct {
		name   string
		status string
		ago    time.Duration // since it is known to be busy, 0 for not known
		busy   scaling.Code  // of a decision that wants something
		idle   scaling.Code  // of one that wants nothing
	}{
		{"under way", "Updating", activity.LongestUnderWay - time.Second, scaling.Unscalable, ""},
		{"overdue", "Updating", activity.LongestUnderWay, scaling.UpdateOverdue, scaling.UpdateOverdue},
		{"overdue of SageMaker's own", "SystemUpdating", 3 * activity.LongestUnderWay, scaling.UpdateOverdue, scaling.UpdateOverdue},
		{"not known since when", "Updating", 0, scaling.Unscalable, ""},
		{"changed by a clock that is ahead", "Updating", -time.Hour, scaling.Unscalable, ""},
		{"failed", activity.Broken, 3 * activity.LongestUnderWay, scaling.EndpointFailed, scaling.EndpointFailed},
		{"in service", activity.InService, 3 * activity.LongestUnderWay, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := input(4)
			in.Observation.Status = tt.status
			if tt.ago != 0 {
				in.Observation.BusySince = now().Add(-tt.ago)
			}
			in.Observation.LastModified = now().AddDate(0, -1, 0) // SageMaker may move it at the end only
			for to, code := range map[int]scaling.Code{3: tt.busy, 4: tt.idle, 6: tt.busy} {
				want := 4
				if code == "" {
					want = to
				}
				check(t, in, guard.Check(in, wish(in, to), activity.Backoffs{}), want, code)
			}
		})
	}
}

func TestCheckLetsThrough(t *testing.T) {
	short := input(4)
	short.Observation.DesiredCapacity = 8
	rolledBack := short
	rolledBack.Activities = []activity.Activity{ended(done(4, 8, time.Minute), activity.Failed)}
	neverSent := short
	neverSent.Activities = []activity.Activity{ended(done(4, 8, 10*time.Minute), activity.Failed), ended(done(4, 3, time.Minute), activity.Failed)}
	abandoned := input(4)
	abandoned.Observation.DesiredCapacity = 8
	abandoned.Observation.LastModified = now().Add(-activity.LongestUnderWay)
	wait := activity.Backoff{Failures: 2, Until: now().Add(time.Minute)}
	tests := []struct {
		name     string
		in       scaling.Input
		wish     int
		backoffs activity.Backoffs
	}{
		{"a scale-out beyond what somebody asked for", short, 9, activity.Backoffs{}},
		{"a scale-out to what somebody asked for and did not get", short, 8, activity.Backoffs{}},
		{"a scale-in after our own change was rolled back", rolledBack, 3, activity.Backoffs{}},
		{"a scale-in after another that never reached SageMaker", neverSent, 3, activity.Backoffs{}},
		{"a scale-in when nothing has moved for an hour", abandoned, 3, activity.Backoffs{}},
		{"a scale-in while backing off outwards", input(4), 3, activity.Backoffs{Out: wait}},
		{"a scale-out when the backoff is over", input(4), 5, activity.Backoffs{Out: activity.Backoff{Failures: 1, Short: 1, Until: now()}}},
		{"a backoff that is longer than any", input(4), 5, activity.Backoffs{
			Out: activity.Backoff{Failures: 1, Short: 1, Until: now().Add(activity.MaxBackoff + activity.ClockSkew)},
		}},
		{"a backoff that a wrong clock wrote", input(4), 5, activity.Backoffs{Out: activity.Backoff{Failures: 1, Short: 1, Until: now().Add(24 * time.Hour)}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, tt.in, guard.Check(tt.in, wish(tt.in, tt.wish), tt.backoffs), tt.wish, "")
		})
	}
}

// What SageMaker could not provide is asked for in smaller steps, also on the way to the
// minimum. What it refused for another reason, and what is long ago, says nothing of how
// much it can provide.
//
// Faults: E14 E15 E22
func TestCheckAsksForLessAfterAFailure(t *testing.T) {
	for _, tt := range []struct {
		short, min, wish, want int
		ago                    time.Duration
	}{
		{0, 1, 14, 14, 0},
		{1, 1, 14, 9, 0},
		{2, 1, 14, 6, 0},
		{3, 1, 14, 5, 0},
		{4, 1, 14, 5, 0},
		{500, 1, 14, 5, 0},
		{1, 1, 5, 5, 0},
		{1, 1, 3, 3, 0},
		{-1, 1, 14, 14, 0},
		{2, 12, 14, 6, 0},
		{2, 12, 12, 6, 0},
		{2, 1, 14, 6, activity.MaxBackoff - 1},
		{2, 1, 14, 14, activity.MaxBackoff},
	} {
		in := input(4)
		in.Target.Limits.Min = tt.min
		backoffs := activity.Backoffs{Out: activity.Backoff{Failures: 9, Short: tt.short, Until: now().Add(-tt.ago)}}
		d := guard.Check(in, wish(in, tt.wish), backoffs)
		codes := slices.ContainsFunc(d.NotScaledReasons, func(r scaling.Reason) bool { return r.Code == scaling.BackingOff })
		if d.DesiredCapacity != tt.want || codes != (tt.want < max(tt.wish, tt.min)) {
			t.Errorf("%+v: asked for %d, %+v", tt, d.DesiredCapacity, d.NotScaledReasons)
		}
	}
}

// What changed the endpoint is not known, so it may have been what a cooldown follows.
//
// A time in the future was written by a clock that was wrong, and holds nothing.
//
// Faults: C7 C8 E2
func TestCheckAfterAChangeThatNothingAccountsFor(t *testing.T) {
	for ago, want := range map[time.Duration]int{0: 4, 8*time.Minute - 1: 4, 8 * time.Minute: 3} {
		in := input(4)
		in.Target.ScaleOutCooldown = 8 * time.Minute
		in.Observation.Touched = now().Add(-ago)
		code := scaling.Code("")
		if want == 4 {
			code = scaling.ScaleInCooldown
		}
		held := guard.Check(in, wish(in, 3), activity.Backoffs{})
		check(t, in, held, want, code)
		if until := policy.Clock(in.Observation.Touched.Add(8 * time.Minute)); code != "" && !strings.HasSuffix(held.NotScaledReasons[0].Message, until) {
			t.Errorf("the message %q does not end with %s", held.NotScaledReasons[0].Message, until)
		}
		in.Observation.Touched = now().Add(activity.ClockSkew + 1)
		check(t, in, guard.Check(in, wish(in, 3), activity.Backoffs{}), 3, "")
		in.Observation.Touched = now().Add(activity.ClockSkew)
		check(t, in, guard.Check(in, wish(in, 3), activity.Backoffs{}), 4, scaling.ScaleInCooldown)
		in.Observation.Touched = now().Add(-ago)
		in.Activities = []activity.Activity{done(6, 4, time.Minute)}
		if d := guard.Check(in, wish(in, 3), activity.Backoffs{}); len(d.NotScaledReasons) != 1 {
			t.Errorf("it is held %d times: %+v", len(d.NotScaledReasons), d.NotScaledReasons)
		}
		if d := guard.Check(in, wish(in, 6), activity.Backoffs{}); d.DesiredCapacity != 6 {
			t.Errorf("%s after it a scale-out is held at %d", ago, d.DesiredCapacity)
		}
	}
}

func TestCheckDryRun(t *testing.T) {
	in := input(4)
	in.Target.DryRun = true
	check(t, in, guard.Check(in, wish(in, 6), activity.Backoffs{}), 6, scaling.DryRun)
}

func TestCheckLeavesARefusalAlone(t *testing.T) {
	in := input(4)
	d := scaling.Undecided(in)
	d.Refuse(scaling.AlreadyAtDesired, "as it should be")
	check(t, in, guard.Check(in, d, activity.Backoffs{}), 4, scaling.AlreadyAtDesired)
	// Where nothing would be done nothing has to be held.
	in.Observation.Status = "Updating"
	check(t, in, guard.Check(in, d, activity.Backoffs{}), 4, scaling.AlreadyAtDesired)
}
