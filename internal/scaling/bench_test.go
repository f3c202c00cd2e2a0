package scaling_test

import (
	"fmt"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/guard"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/schedule"
)

// plain is one target as most are: one tracked metric and a day of rest behind it.
func plain() scaling.Input {
	return scaling.Input{
		Now: now(), Target: target(tracking(perInstance, 100)), Observation: observe(10, late(steady(policy.Invocations, 700, 22))),
		Activities: []activity.Activity{served(8, 10, 3*time.Hour), served(10, 12, 2*time.Hour), served(12, 10, time.Hour)},
	}
}

// full is one target with everything: two step policies, stabilization both ways,
// velocities, a guard and an override. It scales in, which looks at all of it.
func full() scaling.Input {
	in := plain()
	x := &in.Target
	x.StepScaling = []policy.StepScaling{
		steps("latency", policy.GreaterOrEqual, 50, between(0, 10, 1), from(10, 3)),
		steps("queue", policy.GreaterOrEqual, 5, between(0, 5, 10), from(5, 50)),
	}
	x.StepScaling[1].AdjustmentType = policy.PercentChangeInCapacity
	x.Behavior = policy.Behavior{ScaleOut: policy.Movement{
		Stabilization: time.Minute,
		Velocities:    []policy.Velocity{{Type: policy.Instances, Value: 4, Period: 5 * time.Minute}, {Type: policy.Percent, Value: 100, Period: 5 * time.Minute}},
	}, ScaleIn: policy.Movement{
		Stabilization: 5 * time.Minute, Tolerance: 0.2,
		Velocities: []policy.Velocity{{Type: policy.Percent, Value: 10, Period: 5 * time.Minute}},
	}}
	x.ScaleInGuards = []policy.ScaleInGuard{below("errors", 0.01)}
	in.Override = policy.Override{Max: new(50), Until: now().Add(time.Hour)}
	in.Observation.Metrics = append(in.Observation.Metrics,
		late(steady("latency", 20, 18)), late(steady("queue", 1, 18)), late(steady("errors", 0, 18)))
	in.Observation.Metrics[0] = late(steady(policy.Invocations, 700, 25))
	return in
}

// late is s with the delay that CloudWatch has.
func late(s scaling.Series) scaling.Series {
	s.DueThrough = now().Add(-2 * time.Minute)
	return s
}

// many is in for so many endpoints.
func many(in scaling.Input, n int) []scaling.Input {
	out := make([]scaling.Input, n)
	for i := range out {
		out[i] = in
		out[i].Target.Endpoint = fmt.Sprintf("endpoint-%04d", i)
		out[i].Target.Limits = schedule.Limits{Min: 1, Max: 20 + i%50}
	}
	return out
}

// TestBenchmarksScaleIn: a benchmark of a decision that ends early is none.
func TestBenchmarksScaleIn(t *testing.T) {
	if d := checked(plain()); d.DesiredCapacity != 7 {
		t.Errorf("plain goes to %d, want 7: %+v", d.DesiredCapacity, d)
	}
	if d := checked(full()); d.DesiredCapacity != 9 {
		t.Errorf("full goes to %d, want 9 by its velocity: %+v", d.DesiredCapacity, d)
	}
}

func BenchmarkDecide(b *testing.B) {
	for _, of := range []struct {
		name string
		in   scaling.Input
	}{{"plain", plain()}, {"full", full()}} {
		name, in := of.name, of.in
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				scaling.Decide(in)
			}
		})
		b.Run(name+" and check", func(b *testing.B) { benchmarkTargets(b, []scaling.Input{in}) })
		b.Run(name+" and check of 1000 targets", func(b *testing.B) { benchmarkTargets(b, many(in, 1000)) })
	}
}

// BenchmarkDecideLongestWindow is as long as a decision can take: a metric of ten
// seconds through a window of an hour.
func BenchmarkDecideLongestWindow(b *testing.B) {
	tt := tracking("inflight", 5)
	tt.Metric.Period, tt.ScaleIn = 10*time.Second, window(90, 90)
	x := target(tt)
	x.Behavior.ScaleIn.Stabilization = time.Hour
	s := scaling.Series{Metric: "inflight"}
	for i := range 500 {
		s.Datapoints = append(s.Datapoints, scaling.Datapoint{Time: now().Add(-time.Duration(i+1) * 10 * time.Second), Value: 2})
	}
	benchmarkTargets(b, []scaling.Input{{Now: now(), Target: x, Observation: observe(10, s)}})
}

// benchmarkTargets decides and checks every input once per round.
func benchmarkTargets(b *testing.B, inputs []scaling.Input) {
	b.ReportAllocs()
	for b.Loop() {
		for _, in := range inputs {
			guard.Check(in, scaling.Decide(in), activity.Backoffs{})
		}
	}
}
