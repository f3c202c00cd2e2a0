package scaling_test

import (
	"fmt"
	"time"

	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/schedule"
)

// Three minutes of 1500 requests are more than two instances serve at 600 each.
func ExampleDecide() {
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	in := scaling.Input{
		Now: at,
		Target: policy.Target{
			Endpoint: "chat-llm", Variant: "AllTraffic",
			Limits: schedule.Limits{Min: 1, Max: 20},
			TargetTracking: []policy.TargetTracking{{
				Metric:      policy.Metric{Name: policy.InvocationsPerInstance, MetricName: policy.InvocationsPerInstance, Namespace: "AWS/SageMaker", Period: time.Minute},
				TargetValue: 600, Threshold: 0.9,
				ScaleOut: policy.Window{Datapoints: 3, Periods: 3}, ScaleIn: policy.Window{Datapoints: 15, Periods: 15},
			}},
		},
		Observation: scaling.Observation{Status: "InService", CurrentCapacity: 2, DesiredCapacity: 2, Metrics: []scaling.Series{{
			Metric: policy.Invocations,
			Datapoints: []scaling.Datapoint{
				{Time: at.Add(-3 * time.Minute), Value: 1500}, {Time: at.Add(-2 * time.Minute), Value: 1500}, {Time: at.Add(-time.Minute), Value: 1500},
			},
		}}},
	}
	for _, s := range scaling.Decide(in).Steps {
		fmt.Printf("%d -> %d %s: %s\n", s.From, s.To, s.Rule, s.Reason)
	}
	// Output:
	// 2 -> 3 TargetTracking: InvocationsPerInstance: 3 of 3 datapoints are above the target of 600; a load of 1500 at 600 per instance needs 3
}
