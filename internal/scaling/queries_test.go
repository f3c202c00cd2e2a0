package scaling_test

import (
	"reflect"
	"testing"
	"time"

	"sagescale/internal/forecast"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// What is measured reaches back as far as anything looks: the longest of the
// windows of a metric, five minutes for what is late, and the stabilization
// window. Every metric is asked for once, in the order of the policy file.
func TestQueries(t *testing.T) {
	type query struct {
		name string
		back time.Duration
	}
	quick := steps("queue", policy.Greater, 1, from(0, 1))
	quick.Metric.Period, quick.Alarm = 10*time.Second, window(6, 6)
	deep := steps("b", policy.Greater, 1, from(0, 1))
	deep.Metric, deep.Alarm = metric("gpu"), window(30, 30)
	errors := below("errors", 0)
	latency := below("latency", 0)
	latency.Window = window(1, 8)
	gpu := tracking("gpu", 50)
	gpu.ScaleOut, gpu.ScaleIn = window(20, 20), window(10, 10)
	onInstances := steps("per", policy.Greater, 1, from(0, 1))
	onInstances.Metric = tracking(perInstance, 1).Metric

	tests := []struct {
		name    string
		change  func(*policy.Target)
		queries []query
	}{
		{"nothing", func(*policy.Target) {}, nil},
		{"the load of all instances for that of one", func(x *policy.Target) { x.TargetTracking = []policy.TargetTracking{tracking(perInstance, 100)} },
			[]query{{policy.Invocations, 20 * time.Minute}}},
		{"the longer of the two windows", func(x *policy.Target) { x.TargetTracking = []policy.TargetTracking{gpu} },
			[]query{{"gpu", 25 * time.Minute}}},
		{"a metric of ten seconds", func(x *policy.Target) { x.StepScaling = []policy.StepScaling{quick} },
			[]query{{"queue", 6 * time.Minute}}},
		{"a guard", func(x *policy.Target) { x.ScaleInGuards = []policy.ScaleInGuard{errors} },
			[]query{{"errors", 10 * time.Minute}}},
		{"everything, in order", func(x *policy.Target) {
			x.TargetTracking = []policy.TargetTracking{gpu, tracking(perInstance, 100)}
			x.StepScaling = []policy.StepScaling{quick, steps("latency", policy.Greater, 1, from(0, 1))}
			x.ScaleInGuards = []policy.ScaleInGuard{errors}
		}, []query{{"gpu", 25 * time.Minute}, {policy.Invocations, 20 * time.Minute}, {"queue", 6 * time.Minute}, {"latency", 8 * time.Minute}, {"errors", 10 * time.Minute}}},
		{"one metric of several uses, by the longest", func(x *policy.Target) {
			x.TargetTracking = []policy.TargetTracking{gpu}
			x.StepScaling = []policy.StepScaling{deep, steps("latency", policy.Greater, 1, from(0, 1))}
			x.ScaleInGuards = []policy.ScaleInGuard{latency, below("gpu", 90)}
		}, []query{{"gpu", 35 * time.Minute}, {"latency", 13 * time.Minute}}},
		{"a step on requests per instance reads those", func(x *policy.Target) {
			x.TargetTracking = []policy.TargetTracking{tracking(perInstance, 100)}
			x.StepScaling = []policy.StepScaling{onInstances}
		}, []query{{policy.Invocations, 20 * time.Minute}, {perInstance, 8 * time.Minute}}},
		{"the longer stabilization window", func(x *policy.Target) {
			x.StepScaling, x.ScaleInGuards = []policy.StepScaling{quick}, []policy.ScaleInGuard{errors}
			x.Behavior.ScaleOut.Stabilization, x.Behavior.ScaleIn.Stabilization = 5*time.Minute, 10*time.Minute
		}, []query{{"queue", 16 * time.Minute}, {"errors", 20 * time.Minute}}},
		{"the stabilization window of a scale-out", func(x *policy.Target) {
			x.StepScaling = []policy.StepScaling{quick}
			x.Behavior.ScaleOut.Stabilization = 45 * time.Second
		}, []query{{"queue", 6*time.Minute + 50*time.Second}}}, // a whole period more
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := target()
			tt.change(&x)
			var got []query
			for _, q := range scaling.Queries(x, now()) {
				got = append(got, query{q.Metric.Name, now().Sub(q.From)})
			}
			if !reflect.DeepEqual(got, tt.queries) {
				t.Errorf("got %v, want %v", got, tt.queries)
			}
		})
	}
}

// A query begins with a period, so that CloudWatch returns whole ones, and lacks
// nothing that a decision looks at.
func TestQueriesBeginWithAPeriod(t *testing.T) {
	s := steps("queue", policy.Greater, 1, from(0, 1))
	s.Metric.Period = 5 * time.Minute
	at := now().Add(4*time.Minute + 59*time.Second)
	q := scaling.Queries(stepping(s), at)
	if want := now().Add(-20 * time.Minute); len(q) != 1 || !q[0].From.Equal(want) {
		t.Errorf("got %+v, want one from %s: three periods and one for late datapoints", q, want)
	}
}

// A forecast is learned of the load of all instances, where there is to be one.
func TestHistory(t *testing.T) {
	learned := target(tracking("gpu", 50), tracking(perInstance, 70))
	learned.Predictive.Mode = policy.ForecastOnly
	q, ok := scaling.History(learned, now())
	if want := (scaling.Query{Metric: learned.TargetTracking[1].Metric.Measured(), From: now().Add(-forecast.Lookback)}); !ok || !reflect.DeepEqual(q, want) {
		t.Errorf("got %+v, %v, want %+v", q, ok, want)
	}
	off, other := learned, target(tracking("gpu", 50))
	off.Predictive.Mode = policy.Off
	other.Predictive.Mode = policy.ForecastOnly
	for name, x := range map[string]policy.Target{"Off": off, "another metric": other} {
		if q, ok := scaling.History(x, now()); ok || !reflect.DeepEqual(q, scaling.Query{}) {
			t.Errorf("%s: %+v", name, q)
		}
	}
}
