package scaling_test

import (
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/schedule"
)

// TestRemovedInstances has a load of 20 requests in flight that an update from 8
// to 4 instances has just begun to be served by 4: what is measured per instance
// doubles before the update ends, and no load has come.
func TestRemovedInstances(t *testing.T) {
	at := func(m int) time.Time { return time.Date(2026, 11, 23, 10, m, 0, 0, time.UTC) }
	in := scaling.Input{
		Now: at(7),
		Target: policy.Target{
			Limits: schedule.Limits{Min: 1, Max: 10},
			TargetTracking: []policy.TargetTracking{{
				Metric:      policy.Metric{Name: "inflight", Period: time.Minute},
				TargetValue: 6,
				ScaleOut:    policy.Window{Datapoints: 1, Periods: 1},
				ScaleIn:     policy.Window{Datapoints: 3, Periods: 3},
				Threshold:   0.9,
			}},
		},
		Observation: scaling.Observation{
			Status: activity.InService, CurrentCapacity: 4, DesiredCapacity: 4,
			Metrics: []scaling.Series{{Metric: "inflight", Datapoints: []scaling.Datapoint{
				{Time: at(4), Value: 2.5}, {Time: at(5), Value: 2.5}, {Time: at(6), Value: 5},
			}}},
		},
		Activities: []activity.Activity{{From: 8, To: 4, Status: activity.Successful, StartTime: at(5), EndTime: at(7)}},
	}
	if d := scaling.Decide(in); d.DesiredCapacity != 4 {
		t.Errorf("a scale-in makes a scale-out to %d: %v", d.DesiredCapacity, d.Steps)
	}
	in.Observation.Metrics[0].Datapoints[2].Value = 8
	if d := scaling.Decide(in); d.DesiredCapacity != 6 {
		t.Errorf("a load for 6 instances makes %d: %v", d.DesiredCapacity, d.Steps)
	}
	in.Observation.Metrics[0].Datapoints[2].Value = 2.5
	if d := scaling.Decide(in); d.DesiredCapacity != 4 {
		t.Errorf("while it is open how many served, nothing more is removed: %d, %v", d.DesiredCapacity, d.Steps)
	}
}
