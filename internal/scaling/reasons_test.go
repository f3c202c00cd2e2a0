package scaling_test

import (
	"strings"
	"testing"
	"time"

	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/schedule"
)

// The words are what an on-call engineer has of a decision: they name the policy
// and every number that it went by, whatever else they say.
func TestReasons(t *testing.T) {
	latency := steps("latency", policy.GreaterOrEqual, 50, between(0, 10, 2), from(10, 25))
	with := func(change func(*policy.StepScaling)) policy.Target { s := latency; change(&s); return stepping(s) }
	guarded := func(treat string) policy.Target {
		x := target(tracking(perInstance, 100))
		x.ScaleInGuards = []policy.ScaleInGuard{below("errors", 0.01)}
		x.ScaleInGuards[0].TreatMissingData = treat
		return x
	}
	behaved := func(b policy.Behavior) policy.Target {
		x := target(tracking(perInstance, 100))
		x.Behavior = b
		return x
	}
	outOnly := tracking(perInstance, 100)
	outOnly.DisableScaleIn = true

	tests := []struct {
		name   string
		target policy.Target
		series []scaling.Series
		want   []string // reasons of the steps, then of what was not done
	}{
		{"a change", stepping(latency), []scaling.Series{series("latency", 57.5, 52, 54)},
			[]string{"latency: … 3 of 3 … >= 50 … average … 54.5 … +2 … 12"}},
		{"a percentage", with(func(s *policy.StepScaling) {
			s.AdjustmentType, s.Alarm, s.Aggregation = policy.PercentChangeInCapacity, window(2, 3), policy.Maximum
		}), []scaling.Series{series("latency", 70, 20, 90)},
			[]string{"latency: … 2 of 3 … >= 50 … maximum … 90 … +25 % … 12"}},
		{"an exact capacity", with(func(s *policy.StepScaling) {
			s.AdjustmentType, s.Comparison, s.Aggregation = policy.ExactCapacity, policy.Greater, policy.Minimum
		}), []scaling.Series{steady("latency", 60.25, 3)},
			[]string{"latency: … 3 of 3 … > 50 … minimum … 60.25 … exact … 25"}},
		{"a step down", stepping(quiet("load")), []scaling.Series{steady("load", 12, 3)},
			[]string{"load: … 3 of 3 … < 20 … average … 12 … -1 … 9"}},
		{"a step down, at most", stepping(steps("load", policy.LessOrEqual, 20, upTo(0, -4))), []scaling.Series{steady("load", 12, 3)},
			[]string{"load: … 3 of 3 … <= 20 … average … 12 … -4 … 6"}},
		{"no alarm", stepping(latency), []scaling.Series{series("latency", 70, 20, 90)},
			[]string{"AlreadyAtDesiredCapacity: latency: … 2 of 3 … >= 50 … 3 make an alarm"}},
		{"no step", stepping(steps("latency", policy.Greater, 50, from(5, 1))), []scaling.Series{steady("latency", 52, 3)},
			[]string{"AlreadyAtDesiredCapacity: latency: … 3 of 3 … > 50 … 52 … no step"}},
		{"a step of nothing", stepping(steps("latency", policy.Greater, 50, from(0, 0))), []scaling.Series{steady("latency", 52, 3)},
			[]string{"AlreadyAtDesiredCapacity: latency: … 3 of 3 … > 50 … 52 … +0 … 10"}},
		{"a step's missing data", stepping(latency), []scaling.Series{series("latency", 20, gap, 20)},
			[]string{"MissingData: latency: … missing … 3 … 3m … 1 … nothing is removed"}},
		{"not measured", stepping(latency), nil,
			[]string{"MissingData: latency: … missing … 3 … 3m … 3 … not measured … nothing is removed"}},
		{"neither out nor in", target(tracking(perInstance, 100)), nil,
			[]string{"MissingData: InvocationsPerInstance: … missing … 15 … 15m … 15 … not measured … nothing is removed … nothing is added … 8m"}},
		{"tracking out with a tolerance", behaved(policy.Behavior{ScaleOut: policy.Movement{Tolerance: 0.05}}), []scaling.Series{steady(perInstance, 120, 15)},
			[]string{"InvocationsPerInstance: … 3 of 3 … above … 100 … 5 % … 1200 … 100 … 12"}},
		{"tracking in with a tolerance", behaved(policy.Behavior{ScaleIn: policy.Movement{Tolerance: 0.25}}), []scaling.Series{steady(perInstance, 70, 15)},
			[]string{"InvocationsPerInstance: … 15 of 15 … below … 75 … 700 … 100 … 7"}},
		{"a policy's disableScaleIn", target(outOnly), []scaling.Series{steady(perInstance, 70, 15)},
			[]string{"ScaleInDisabled: InvocationsPerInstance … disableScaleIn"}},
		{"a guard", guarded(policy.TreatBreaching), []scaling.Series{steady(perInstance, 70, 15), series("errors", 0, 0.5, 0, 0.25, 0)},
			[]string{"InvocationsPerInstance: … 90 … 700 … 7",
				"errors: … 2 of 5 … above … 0.01",
				"ScaleInGuarded: errors: … 2 of 5 … above … 0.01"}},
		{"a guard's missing data", guarded(policy.TreatBreaching), []scaling.Series{steady(perInstance, 70, 15), series("errors", 0, 0)},
			[]string{"InvocationsPerInstance: … 90 … 700 … 7",
				"errors: … missing … 5 … 5m … 3 … nothing is removed",
				"MissingData: errors: … missing … 5 … 5m … 3 … nothing is removed"}},
		{"a window, in", recommending(0, 5*time.Minute), []scaling.Series{series(policy.Invocations, 3, 4, 7, 4, 3)},
			[]string{"InvocationsPerInstance: … 1 of 1 … below … 3",
				"the most … 5m … 7", "StabilizationWindow: … most … 5m … 7"}},
		{"a window, out", recommending(90*time.Second, 0), []scaling.Series{series(policy.Invocations, 30, 14)},
			[]string{"InvocationsPerInstance: … 1 of 1 … above … 30",
				"the least … 1m30s … 14", "StabilizationWindow: … least … 1m30s … 14"}},
		{"a number of many digits", stepping(steps("latency", policy.Greater, 50, from(0, 1))), []scaling.Series{steady("latency", 123456.789, 3)},
			[]string{"latency: … > 50 … 123457 … +1 … 11"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := decide(tt.target, observe(10, tt.series...))
			var got []string
			for _, s := range d.Steps {
				got = append(got, s.Reason)
			}
			for _, r := range d.NotScaledReasons {
				got = append(got, string(r.Code)+": "+r.Message)
			}
			same(t, got, tt.want)
		})
	}
}

// same fails unless every line has its pattern: fragments, in order, between
// ellipses.
func same(t *testing.T, lines, patterns []string) {
	t.Helper()
	for i := range max(len(lines), len(patterns)) {
		switch {
		case i >= len(lines):
			t.Errorf("missing: %s", patterns[i])
		case i >= len(patterns):
			t.Errorf("too much: %s", lines[i])
		case !has(lines[i], strings.Split(patterns[i], "…")):
			t.Errorf("got:  %s\nwant: %s", lines[i], patterns[i])
		}
	}
}

// has reports whether a line begins with the first of the fragments and has the
// others after it, in order.
func has(line string, fragments []string) bool {
	for i, f := range fragments {
		at := strings.Index(line, strings.TrimSpace(f))
		if at < 0 || i == 0 && at != 0 {
			return false
		}
		line = line[at+len(strings.TrimSpace(f)):]
	}
	return true
}

// What one metric would do and another does not let is said with both.
func TestReasonsOfDisagreement(t *testing.T) {
	x := target(tracking(perInstance, 100), tracking("gpu", 50))
	d := decide(x, observe(10, steady(perInstance, 10, 15), steady("gpu", 47, 15)))
	same(t, []string{d.NotScaledReasons[0].Message}, []string{
		"InvocationsPerInstance would scale in, gpu would not … 10 … 3 of 3 … above … 50 … 15 of 15 … below … 45",
	})
	x.DisableScaleIn = true
	d = decide(x, observe(10, steady(perInstance, 10, 15), steady("gpu", 10, 15)))
	same(t, []string{d.NotScaledReasons[0].Message}, []string{
		"disableScaleIn … gpu: … 15 of 15 … below … 45 … 100 … 50 … 2",
	})
}

// Limits are named with the number that was wanted.
func TestReasonsOfLimits(t *testing.T) {
	x := target(tracking(perInstance, 100))
	x.Limits = schedule.Limits{Min: 10, Max: 10}
	d := decide(x, observe(10, steady(perInstance, 200, 15)))
	same(t, []string{d.NotScaledReasons[0].Message}, []string{"20 … maximum … 10"})
	y := stepping(quiet("load"))
	y.Limits = x.Limits
	d = decide(y, observe(10, steady("load", 5, 3)))
	same(t, []string{d.NotScaledReasons[0].Message}, []string{"7 … minimum … 10"})
}
