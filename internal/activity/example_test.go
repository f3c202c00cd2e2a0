package activity_test

import (
	"fmt"
	"time"

	"sagescale/internal/activity"
)

// An activity whose endpoint is in service again with the old count was rolled back.
func ExampleState_Settle() {
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	s, err := activity.State{Endpoint: "chat-llm"}.Claim(activity.Activity{
		Variant: "AllTraffic", From: 2, To: 5, DesiredBefore: 2, Status: activity.InProgress, StartTime: at,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	outcome, ok := s.Settle(activity.Endpoint{
		Name: "chat-llm", Status: activity.InService,
		Variants: []activity.Variant{{Name: "AllTraffic", Current: 2, Desired: 2}},
	}, at.Add(10*time.Minute))
	fmt.Println(ok, outcome.Status, outcome.Message)
	// Output:
	// true Failed SageMaker rolled back to 2 instances
}
