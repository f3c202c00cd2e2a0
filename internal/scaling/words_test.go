package scaling_test

import (
	"slices"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/schedule"
)

// words are the reasons of a decision: of its steps, then of what was not done.
func words(d scaling.Decision) []string {
	var out []string
	for _, s := range d.Steps {
		out = append(out, s.Reason)
	}
	for _, r := range d.NotScaledReasons {
		out = append(out, string(r.Code)+": "+r.Message)
	}
	return out
}

// Word for word, so that nothing is said that is not so: no tolerance, no missing
// datapoint and no scheduled action where there is none.
func TestWordsOfTracking(t *testing.T) {
	tracked := tracking(perInstance, 100)
	tracked.ScaleOut, tracked.ScaleIn = window(2, 3), window(4, 5)
	with := func(change func(*policy.Target)) policy.Target { x := target(tracked); change(&x); return x }
	tests := []struct {
		name    string
		target  policy.Target
		present int
		series  scaling.Series
		want    []string
	}{
		{"out", target(tracked), 10, series(perInstance, 150, 10, 170), []string{
			"InvocationsPerInstance: 2 of 3 datapoints are above the target of 100; a load of 1600 at 100 per instance needs 16",
		}},
		{"out by fewer", target(tracked), 10, series(perInstance, 150), []string{
			"InvocationsPerInstance: 1 of 3 datapoints are above the target of 100, 2 missing; a load of 1500 at 100 per instance needs 15",
		}},
		{"out beyond a tolerance", with(func(x *policy.Target) { x.Behavior.ScaleOut.Tolerance = 0.05 }), 10, steady(perInstance, 120, 5), []string{
			"InvocationsPerInstance: 3 of 3 datapoints are above the target of 100 by more than 5 %; a load of 1200 at 100 per instance needs 12",
		}},
		{"in", target(tracked), 10, series(perInstance, 20, 20, 95, 20, 45), []string{
			"InvocationsPerInstance: 4 of 5 datapoints are below the scale-in threshold of 90; a load of 450 at 100 per instance needs 5",
		}},
		{"in beyond a tolerance", with(func(x *policy.Target) { x.Behavior.ScaleIn.Tolerance = 0.25 }), 10, steady(perInstance, 70, 5), []string{
			"InvocationsPerInstance: 4 of 5 datapoints are below the scale-in threshold of 75; a load of 700 at 100 per instance needs 7",
		}},
		{"neither", target(tracked), 10, steady(perInstance, 95, 5), []string{
			"AlreadyAtDesiredCapacity: InvocationsPerInstance: for 10 instances neither 2 of 3 datapoints are above the target of 100 nor 4 of 5 below the scale-in threshold of 90",
		}},
		{"neither, within a tolerance", with(func(x *policy.Target) { x.Behavior.ScaleOut.Tolerance = 0.05 }), 10, steady(perInstance, 105, 5), []string{
			"AlreadyAtDesiredCapacity: InvocationsPerInstance: for 10 instances neither 2 of 3 datapoints are above the target of 100 by more than 5 % nor 4 of 5 below the scale-in threshold of 90",
		}},
		{"flapping", target(tracked), 2, steady(perInstance, 75, 5), []string{
			"AutoScalingAnticipatedFlapping: InvocationsPerInstance: with fewer than 2 instances it would be above its target of 100 at once",
		}},
		{"flapping above the minimum", with(func(x *policy.Target) { x.Limits.Min = 2 }), 3, steady(perInstance, 80, 5), []string{
			"AutoScalingAnticipatedFlapping: InvocationsPerInstance: with fewer than 3 instances it would be above its target of 100 at once",
		}},
		{"low at the minimum", with(func(x *policy.Target) { x.Limits.Min = 2 }), 2, steady(perInstance, 75, 5), []string{
			"AlreadyAtMinCapacity: InvocationsPerInstance is low and the capacity is at its minimum of 2",
		}},
		{"would be less than the minimum", with(func(x *policy.Target) { x.Limits.Min = 4 }), 4, steady(perInstance, 10, 5), []string{
			"InvocationsPerInstance: 4 of 5 datapoints are below the scale-in threshold of 90; a load of 40 at 100 per instance needs 1",
			"the minimum in force is 4",
			"AlreadyAtMinCapacity: 1 would do and the capacity is at its minimum of 4",
		}},
		{"would be more than the maximum", with(func(x *policy.Target) { x.Limits.Max = 4 }), 4, steady(perInstance, 200, 5), []string{
			"InvocationsPerInstance: 3 of 3 datapoints are above the target of 100; a load of 800 at 100 per instance needs 8",
			"the maximum in force is 4",
			"AlreadyAtMaxCapacity: 8 are wanted and the capacity is at its maximum of 4",
		}},
		{"disabled", with(func(x *policy.Target) { x.DisableScaleIn = true }), 10, steady(perInstance, 70, 5), []string{
			"ScaleInDisabled: disableScaleIn is set; InvocationsPerInstance: 4 of 5 datapoints are below the scale-in threshold of 90; a load of 700 at 100 per instance needs 7",
		}},
		{"some are missing", target(tracked), 10, series(perInstance, gap, gap, gap, 10, 10), []string{
			"MissingData: InvocationsPerInstance: missing of the 5 datapoints of the last 5m: 3; missing is not zero, so nothing is removed",
		}},
		{"not measured", target(tracked), 10, steady("other", 1, 5), []string{
			"MissingData: InvocationsPerInstance: missing of the 5 datapoints of the last 5m: 5 (it was not measured); missing is not zero, so nothing is removed; nothing is added either: none came in the last 8m",
		}},
		{"no policy", target(), 10, steady("other", 1, 5), []string{
			"AlreadyAtDesiredCapacity: no rule asks for another capacity than 10",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := words(decide(tt.target, observe(tt.present, tt.series))); !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestWordsOfSteps(t *testing.T) {
	tests := []struct {
		name          string
		latency, load []float64
		history       []activity.Activity
		want          string
	}{
		{"out", []float64{57.5, 52, 54}, []float64{30, 30, 30}, nil,
			"latency: 3 of 3 datapoints of ms are >= 50; their average is 54.5: +2 on 10 makes 12"},
		{"out, credited", []float64{70, 70, 70}, []float64{30, 30, 30}, []activity.Activity{served(4, 10, time.Minute)},
			"latency: 3 of 3 datapoints of ms are >= 50; their average is 70: +25 on 4 makes 29; it counts from the capacity before the scale-outs of its cooldown, which lasts until 10:04:00Z"},
		{"out, credited to nothing", []float64{52, 52, 52}, []float64{30, 30, 30}, []activity.Activity{served(4, 10, time.Minute)},
			"ScaleOutCooldown: latency: 3 of 3 datapoints of ms are >= 50; their average is 52: +2 on 4 makes 6; it counts from the capacity before the scale-outs of its cooldown, which lasts until 10:04:00Z"},
		{"in", []float64{10, 10, 10}, []float64{15, 12, 12}, nil,
			"load: 3 of 3 datapoints of load are < 20; their average is 13: -1 on 10 makes 9"},
		{"neither", []float64{10, 60, 10}, []float64{30, 30, 30}, nil,
			"AlreadyAtDesiredCapacity: latency: 1 of 3 datapoints of ms are >= 50, of which 3 make an alarm"},
		{"missing", []float64{10, 10, 10}, []float64{15, gap, 12}, nil,
			"MissingData: load: missing of the 3 datapoints of the last 3m: 1; missing is not zero, so nothing is removed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			latency := renamed(steps("latency", policy.GreaterOrEqual, 50, between(0, 10, 2), from(10, 25)), "ms")
			in := scaling.Input{
				Now: now(), Target: stepping(latency, quiet("load")),
				Observation: observe(10, series("ms", tt.latency...), series("load", tt.load...)), Activities: tt.history,
			}
			if got, want := words(scaling.Decide(in)), []string{tt.want}; !slices.Equal(got, want) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

// Where the datapoints due and the newest ask for the same, the newest are named.
func TestWordsOfAStepByTheNewest(t *testing.T) {
	load := series("load", 12, 12, 15, 15, 15)
	load.DueThrough = now().Add(-2 * time.Minute)
	got := words(decide(stepping(quiet("load")), observe(10, load)))
	if want := []string{"load: 3 of 3 datapoints of load are < 20; their average is 13: -1 on 10 makes 9"}; !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// Missing is not zero in words either: a step that adds when a value is low has seen
// no low value.
func TestWordsOfAStepWithMissingData(t *testing.T) {
	s := steps("free", policy.Less, 20, upTo(0, 2))
	s.Alarm, s.TreatMissingData = window(2, 3), policy.TreatNotBreaching
	got := words(decide(stepping(s), observe(10, series("free", 30, gap, gap))))
	if want := []string{"AlreadyAtDesiredCapacity: free: 0 of 3 datapoints of free are < 20, of which 2 make an alarm"}; !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// Not only the numbers of a hold are said, but that it is a whole answer.
func TestWordsOfHolds(t *testing.T) {
	guarded := recommending(0, 0)
	guarded.ScaleInGuards = []policy.ScaleInGuard{below("errors", 0.01)}
	insisting := stepping(steps("latency", policy.GreaterOrEqual, 50, from(0, 10)), quiet("load"))
	insisting.StepScaling[0].AdjustmentType = policy.ExactCapacity
	tests := []struct {
		name   string
		target policy.Target
		series []scaling.Series
		want   string
	}{
		{"a guard", guarded, []scaling.Series{series(policy.Invocations, 3), series("errors", 0, 1, 0, 1, 0)},
			"ScaleInGuarded: errors: 2 of 5 datapoints are above the maximum of 0.01: a service in trouble is not shrunk"},
		{"a guard without data", guarded, []scaling.Series{series(policy.Invocations, 3), series("errors", 0)},
			"MissingData: errors: missing of the 5 datapoints of the last 5m: 4; missing is not zero, so nothing is removed"},
		{"a window, in", recommending(0, 5*time.Minute), []scaling.Series{series(policy.Invocations, 3, 4, 7, 4, 3)},
			"StabilizationWindow: the most asked for at any time of the last 5m is 7"},
		{"a window, in, with missing data", recommending(0, 5*time.Minute), []scaling.Series{series(policy.Invocations, 3, 4, gap, 4, 3)},
			"StabilizationWindow: datapoints are missing, for which nothing is removed; the most asked for at any time of the last 5m is 10"},
		{"a window, out", recommending(90*time.Second, 0), []scaling.Series{series(policy.Invocations, 30, 14)},
			"StabilizationWindow: the least asked for at any time of the last 1m30s is 14"},
		{"disagreement", target(tracking(perInstance, 100), tracking("gpu", 50)), []scaling.Series{steady(perInstance, 10, 15), steady("gpu", 47, 15)},
			"ScaleInNotAgreed: InvocationsPerInstance would scale in, gpu would not: gpu: for 10 instances neither 3 of 3 datapoints are above the target of 50 nor 15 of 15 below the scale-in threshold of 45"},
		{"disagreement of steps", insisting, []scaling.Series{steady("latency", 60, 3), steady("load", 15, 3)},
			"ScaleInNotAgreed: load would scale in, latency would not: latency: 3 of 3 datapoints of latency are >= 50; their average is 60: that asks for exactly 10"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := words(decide(tt.target, observe(10, tt.series...)))
			if last := got[len(got)-1]; last != tt.want {
				t.Errorf("got  %q\nwant %q", last, tt.want)
			}
		})
	}
}

// Limits are said with who set them, if it was not the policy itself.
func TestWordsOfLimits(t *testing.T) {
	e, err := schedule.Parse("cron(0 8 ? * MON-FRI *)")
	if err != nil {
		t.Fatal(err)
	}
	weekdays := schedule.Schedule{Expression: e}
	tests := []struct {
		name     string
		actions  []schedule.Action
		override policy.Override
		present  int
		want     string
	}{
		{"minimum", nil, policy.Override{}, 1, "the minimum in force is 2"},
		{"maximum", nil, policy.Override{}, 30, "the maximum in force is 20"},
		{"minimum by actions", []schedule.Action{{Name: "office", Schedule: weekdays, Min: new(4)}, {Name: "quiet", Schedule: weekdays, Max: new(6)}},
			policy.Override{}, 1, "the minimum in force is 4 by scheduled action office since 2026-11-23T08:00:00Z"},
		{"maximum by actions", []schedule.Action{{Name: "office", Schedule: weekdays, Min: new(4)}, {Name: "quiet", Schedule: weekdays, Max: new(6)}},
			policy.Override{}, 30, "the maximum in force is 6 by scheduled action quiet since 2026-11-23T08:00:00Z"},
		{"minimum by an override", nil, policy.Override{Min: new(5), By: "anna"}, 1,
			"the minimum in force is 5 by the override of anna until 2026-11-23T11:00:00Z"},
		{"the minimum of the policy, by an override", nil, policy.Override{Min: new(2), By: "anna"}, 1,
			"the minimum in force is 2 by the override of anna until 2026-11-23T11:00:00Z"},
		{"maximum beside it", nil, policy.Override{Min: new(5), By: "anna"}, 30, "the maximum in force is 20"},
		{"maximum that the minimum pulls along", nil, policy.Override{Min: new(25), By: "anna"}, 30,
			"the maximum in force is 25 by the override of anna until 2026-11-23T11:00:00Z"},
		{"maximum by an override", nil, policy.Override{Max: new(9), By: "anna"}, 30,
			"the maximum in force is 9 by the override of anna until 2026-11-23T11:00:00Z"},
		{"the maximum of the policy, by an override", nil, policy.Override{Max: new(20), By: "anna"}, 30,
			"the maximum in force is 20 by the override of anna until 2026-11-23T11:00:00Z"},
		{"minimum beside it", nil, policy.Override{Max: new(9), By: "anna"}, 1, "the minimum in force is 2"},
		{"minimum that the maximum pulls along", nil, policy.Override{Max: new(1), By: "anna"}, 0,
			"the minimum in force is 1 by the override of anna until 2026-11-23T11:00:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := target()
			x.Limits, x.ScheduledActions = schedule.Limits{Min: 2, Max: 20}, tt.actions
			tt.override.Until = now().Add(time.Hour)
			d := scaling.Decide(scaling.Input{Now: now(), Target: x, Observation: observe(tt.present), Override: tt.override})
			if got, want := words(d), []string{tt.want}; !slices.Equal(got, want) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}
