//go:build local

package contract

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sagescale/internal/autoscaler"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/schedule"
	"sagescale/internal/simulate"
)

// replayed is CloudWatch of package simulate. That is filled by a simulation
// alone, so what it reads is what the evaluator of a simulation reads: a policy
// on the metrics is simulated, over the load that was measured, and the
// observation taken from its record.
type replayed struct {
	window
	loads map[string]map[time.Time]float64 // by endpoint/variant and minute
	// measured has the minutes that are no gaps.
	measured map[time.Time]bool
}

func simulatedMetrics() implementation[metricsSubject] {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	r := &replayed{window: window{now.Add(-20 * time.Minute), now}}
	return implementation[metricsSubject]{name: "simulate", subject: metricsSubject{
		metrics: r, window: r.window, put: r.measure,
	}, skip: map[string]string{computesExpressions: "the double has no metric math: a simulation refuses policies with expressions"}}
}

// measure adds samples up to the load of a variant. The double takes the load of
// a second for the concurrency. Another endpoint begins anew, because gaps are
// those of the whole account; the first variant of each is a.
func (r *replayed) measure(_ context.Context, of policy.Metric, samples ...sample) error {
	key := of.Dimensions[0].Value + "/" + of.Dimensions[1].Value
	if _, known := r.loads[of.Dimensions[0].Value+"/a"]; !known {
		r.loads, r.measured = map[string]map[time.Time]float64{}, map[time.Time]bool{}
	}
	r.loads[key] = map[time.Time]float64{}
	for _, s := range samples {
		minute := r.at(s).Truncate(time.Minute)
		r.measured[minute] = true
		if of.MetricName == policy.ConcurrentRequestsPerModel {
			r.loads[key][minute] = 60 * s.value
			continue
		}
		r.loads[key][minute] += s.value
	}
	return nil
}

// Read simulates a target that tracks the metrics, until now.
func (r *replayed) Read(ctx context.Context, queries []scaling.Query, now time.Time) ([]scaling.Series, error) {
	start := r.from.Add(-5 * time.Minute)
	c := simulate.Config{
		Policy:       &policy.Policy{},
		Start:        start,
		Loads:        map[string]simulate.Load{},
		Provisioning: time.Minute,
		Gap:          func(at time.Time) bool { return !r.measured[at] },
	}
	for key, load := range r.loads {
		endpoint, variant, _ := strings.Cut(key, "/")
		target := policy.Target{Endpoint: endpoint, Variant: variant, Limits: schedule.Limits{Min: 1, Max: 1}}
		if variant == "a" {
			target.TargetTracking = tracking(queries, now)
		}
		c.Policy.Targets = append(c.Policy.Targets, target)
		c.Loads[target.Key()] = simulate.Load{Requests: minutes(load, start, now), InstanceCapacity: 1e9}
	}
	var found []scaling.Series
	seen := false
	c.Record = func(record autoscaler.Record) error {
		if record.Time.Equal(now) && record.Variant == "a" {
			found, seen = record.Observation.Metrics, true
		}
		return nil
	}
	if _, err := simulate.Run(ctx, c); err != nil {
		return nil, err
	}
	if !seen || len(found) != len(queries) {
		return nil, fmt.Errorf("%d series in the record of the last minute", len(found))
	}
	for i := range found {
		found[i].Metric = queries[i].Metric.Name
	}
	return found, nil
}

// tracking tracks the metrics so that the evaluator makes these queries, which
// begin a few minutes before now at least.
func tracking(queries []scaling.Query, now time.Time) []policy.TargetTracking {
	var out []policy.TargetTracking
	for i, q := range queries {
		t := policy.TargetTracking{Metric: q.Metric, TargetValue: 1e9, Threshold: 0.9}
		t.Metric.Name = fmt.Sprintf("m%d", i) // the metrics of a target have names of their own
		latest := scaling.Queries(policy.Target{TargetTracking: []policy.TargetTracking{t}}, now)[0].From
		t.ScaleIn.Periods = int(latest.Sub(q.From) / q.Metric.Period)
		t.ScaleIn.Datapoints = t.ScaleIn.Periods
		t.ScaleOut = policy.Window{Datapoints: 1, Periods: 1}
		out = append(out, t)
	}
	return out
}

// minutes returns the load of every minute from start to end, both included.
func minutes(load map[time.Time]float64, start, end time.Time) []float64 {
	var out []float64
	for at := start; !at.After(end); at = at.Add(time.Minute) {
		out = append(out, load[at])
	}
	return out
}
