package guard_test

import (
	"fmt"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/guard"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/schedule"
)

// What an operator has paused is not carried out, and the decision says so.
func ExampleCheck() {
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	in := scaling.Input{
		Now:         at,
		Target:      policy.Target{Endpoint: "chat-llm", Variant: "AllTraffic", Limits: schedule.Limits{Min: 1, Max: 20}},
		Observation: scaling.Observation{Status: activity.InService, CurrentCapacity: 9, DesiredCapacity: 9},
		Override:    policy.Override{Pause: policy.In, Until: at.Add(time.Hour), By: "anna", Reason: "rollout"},
	}
	d := scaling.Undecided(in)
	d.Move(scaling.RuleTargetTracking, 4, "the load needs 4")
	d = guard.Check(in, d, activity.Backoffs{})
	fmt.Println(d.DesiredCapacity, d.NotScaledReasons[0].Code, d.NotScaledReasons[0].Message)
	// Output:
	// 9 Paused scale-ins are paused: override of anna until 2026-11-23T11:00:00Z (rollout)
}
