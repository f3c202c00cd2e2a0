package records_test

import (
	"encoding/json"
	"testing"
	"time"

	"sagescale/internal/autoscaler"
	"sagescale/internal/policy"
	"sagescale/internal/policyfile"
	"sagescale/internal/records"
	"sagescale/internal/scaling"
	"sagescale/internal/simulate"
	"sagescale/internal/trace"
)

// eventful is a day in which all kinds of things happen.
const eventful = `
version: 1
targets:
- endpoint: chat
  variant: main
  minCapacity: 1
  maxCapacity: 6
  targetTracking: [{metric: InvocationsPerInstance, targetValue: 700}]
  stepScaling:
  - name: hot
    metric: {name: gpu, namespace: /aws/sagemaker/Endpoints, metricName: GPUUtilization, statistic: Average}
    threshold: 90
    comparison: GreaterThanThreshold
    adjustmentType: ChangeInCapacity
    stepAdjustments: [{lowerBound: 0, adjustment: 1}]
  behavior:
    scaleOut: {policies: [{type: Instances, value: 3, period: 10m}]}
    scaleIn: {stabilizationWindow: 5m, policies: [{type: Instances, value: 2, period: 5m}]}
  scheduledActions:
  - {name: lunch, schedule: cron(0 12 ? * * *), timezone: UTC, minCapacity: 4, duration: 1h}
`

// simulated is a simulated day of eventful: its records and what is known at its end.
func simulated(t *testing.T) ([]autoscaler.Record, records.Past) {
	t.Helper()
	p, err := policyfile.Parse("policy.yaml", []byte(eventful))
	if err != nil {
		t.Fatal(err)
	}
	load := trace.Day(3)
	hour := func(h int) time.Time { return load.Start.Add(time.Duration(h) * time.Hour) }
	var all []autoscaler.Record
	result, err := simulate.Run(t.Context(), simulate.Config{
		Policy: p, Start: load.Start, Provisioning: 6 * time.Minute, ScaleIn: 2 * time.Minute,
		Loads:   map[string]simulate.Load{"chat/main": {Requests: load.Scale(0.5).Requests, InstanceCapacity: 1000}},
		Record:  func(r autoscaler.Record) error { all = append(all, r); return nil },
		Updates: []simulate.Update{{At: hour(3), Endpoint: "chat", Variant: "main", Instances: 5}},
		Overrides: []simulate.Override{{At: hour(8), Endpoint: "chat", Variant: "main", Override: policy.Override{
			Pause: policy.Both, Until: hour(9), By: "anna",
		}}},
		Gap: func(at time.Time) bool { return at.Hour() == 5 && at.Minute() < 20 },
	})
	if err != nil {
		t.Fatal(err)
	}
	target, _ := p.Find("chat", "main")
	return all, records.Past{Target: target, Archived: result.Targets[0].Activities}
}

// Of every record of a day what it was decided by is found again: decided again it says the
// same, word for word.
func TestEveryDecisionIsMadeAgain(t *testing.T) {
	all, past := simulated(t)
	codes := map[scaling.Code]int{}
	changes := 0
	for i, r := range all {
		for _, reason := range r.Decision.NotScaledReasons {
			codes[reason.Code]++
		}
		if r.Activity != nil {
			changes++
		}
		// In the simulation no time passes between the evaluations of a minute.
		sameMinute := i+1 < len(all) && all[i+1].Time.Equal(r.Time)
		if c := past.Case(r); !sameMinute && !c.Makes(r.Decision) {
			got, _ := json.Marshal(c.Decide())
			want, _ := json.Marshal(r.Decision)
			t.Fatalf("%s: decides\n%s\nrecorded is\n%s\nby %+v", r.Time, got, want, c.Activities)
		}
	}
	for _, code := range []scaling.Code{
		scaling.MissingData, scaling.Paused, scaling.VelocityLimit, scaling.Unscalable, scaling.ScaleInCooldown,
		scaling.ScaleOutCooldown, scaling.StabilizationWindow, scaling.AlreadyAtMin, scaling.AlreadyAtMax,
	} {
		if codes[code] == 0 {
			t.Errorf("no record of the day has %s: %v", code, codes)
		}
	}
	if changes < 10 || len(all) < 1440 {
		t.Errorf("%d changes in %d records", changes, len(all))
	}
}
