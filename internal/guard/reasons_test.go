package guard_test

import (
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/guard"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// The words are what an on-call engineer has of a hold: every one names what it went
// by, and times are in UTC. The step back has the same words as the reason.
func TestReasons(t *testing.T) {
	in := func(change func(*scaling.Input)) scaling.Input { in := input(4); change(&in); return in }
	elsewhere := time.FixedZone("Kathmandu", 5*3600+45*60)
	open := activity.Activity{From: 2, To: 4, Status: activity.Pending, StartTime: now().Add(-90 * time.Second).In(elsewhere)}
	wait := activity.Backoff{Failures: 3, Until: now().Add(time.Minute).In(elsewhere)}
	disabled := policy.Movement{Select: policy.SelectDisabled}
	tests := []struct {
		name     string
		in       scaling.Input
		wish     int
		backoffs activity.Backoffs
		want     string
	}{
		{"another scaler", in(func(in *scaling.Input) { in.Observation.Conflict = "100 %d by Application Auto Scaling" }), 6, activity.Backoffs{},
			"100 %d by Application Auto Scaling"},
		{"failed", in(func(in *scaling.Input) { in.Observation.Status = activity.Broken }), 6, activity.Backoffs{},
			"the endpoint has failed: it can only be deleted"},
		{"updating", in(func(in *scaling.Input) { in.Observation.Status = "Updating" }), 6, activity.Backoffs{},
			"the endpoint is Updating: SageMaker takes no change"},
		{"updating for too long", in(func(in *scaling.Input) {
			in.Observation.Status, in.Observation.BusySince = "Updating", now().Add(-activity.LongestUnderWay).In(elsewhere)
		}), 6, activity.Backoffs{},
			"the endpoint is Updating since 2026-11-23T09:00:00Z, for longer than 1h: SageMaker takes no other change"},
		{"open", in(func(in *scaling.Input) { in.Activities = []activity.Activity{done(1, 2, time.Hour), open} }), 6, activity.Backoffs{},
			"the change from 2 to 4 of 09:58:30Z waits for its outcome"},
		{"asked for by others", in(func(in *scaling.Input) { in.Observation.DesiredCapacity = 8 }), 3, activity.Backoffs{},
			"4 instances serve and somebody else asked SageMaker for 8: nothing is removed"},
		{"backing off", input(4), 6, activity.Backoffs{Out: wait},
			"SageMaker refused it or did not carry it out, times in a row: 3; next try at 10:01:00Z"},
		{"after a scale-out", input(4, done(2, 4, time.Minute)), 3, activity.Backoffs{},
			"the scale-out from 2 to 4 is in service since 09:59:00Z; no scale-in until 10:04:00Z"},
		{"after a scale-in", input(4, done(6, 4, time.Minute)), 3, activity.Backoffs{},
			"the scale-in from 6 to 4 was done at 09:59:00Z; no other until 10:04:00Z"},
		{"scale-outs disabled", in(func(in *scaling.Input) { in.Target.Behavior.ScaleOut = disabled }), 6, activity.Backoffs{},
			"behavior.scaleOut has selectPolicy Disabled"},
		{"scale-ins disabled", in(func(in *scaling.Input) { in.Target.Behavior.ScaleIn = disabled }), 3, activity.Backoffs{},
			"behavior.scaleIn has selectPolicy Disabled"},
		{"scale-outs paused", in(func(in *scaling.Input) { in.Override = paused(policy.Both, time.Hour) }), 6, activity.Backoffs{},
			"scale-outs are paused: override of anna until 2026-11-23T11:00:00Z (incident 4711)"},
		{"scale-ins paused", in(func(in *scaling.Input) { in.Override = paused(policy.Both, time.Hour) }), 3, activity.Backoffs{},
			"scale-ins are paused: override of anna until 2026-11-23T11:00:00Z (incident 4711)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := guard.Check(tt.in, wish(tt.in, tt.wish), tt.backoffs)
			if len(d.NotScaledReasons) != 1 || d.NotScaledReasons[0].Message != tt.want {
				t.Errorf("got %+v, want one that says\n%s", d.NotScaledReasons, tt.want)
			}
			if last := len(d.Steps) - 1; d.Steps[last].Reason != tt.want || d.Steps[last].To != tt.in.Present() {
				t.Errorf("the last step is %+v, want one back to %d with the same words", d.Steps[last], tt.in.Present())
			}
		})
	}
}

// dryRun moves nothing back: the decision shows what would be done.
func TestReasonOfDryRun(t *testing.T) {
	in := input(4)
	in.Target.DryRun = true
	d := guard.Check(in, wish(in, 6), activity.Backoffs{})
	check(t, in, d, 6, scaling.DryRun)
	if got, want := d.NotScaledReasons[0].Message, "dryRun is set: the capacity stays at 4"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A status is written as it is when it is a plain word, and quoted and cut off when
// it is not: what SageMaker is said to answer stands in logs and terminals.
func TestStatusInMessages(t *testing.T) {
	for status, want := range map[string]string{
		"az":                     "az",
		"AZ":                     "AZ",
		"RollingBack":            "RollingBack",
		"":                       "of unknown status",
		"Rolling Back":           `"Rolling Back"`,
		"`a":                     "\"`a\"",
		"{":                      `"{"`,
		"@":                      `"@"`,
		"[":                      `"["`,
		"é":                      `"é"`,
		"\x1b[31mInService":      `"\x1b[31mInService"`,
		strings.Repeat("x ", 50): `"` + strings.Repeat("x ", 20) + `"`,
	} {
		in := input(4)
		in.Observation.Status = status
		d := guard.Check(in, wish(in, 6), activity.Backoffs{})
		if got, want := d.NotScaledReasons[0].Message, "the endpoint is "+want+": SageMaker takes no change"; got != want {
			t.Errorf("%q: got %q, want %q", status, got, want)
		}
	}
}
