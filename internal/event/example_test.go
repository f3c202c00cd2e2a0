package event_test

import (
	"fmt"
	"strings"

	"sagescale/internal/event"
)

func ExampleDecodeAlarm() {
	from := event.Origin{Account: "111122223333", Region: "eu-west-1", AlarmPrefix: "sagescale"}
	const name = "sagescale/chat-llm/AllTraffic/load-high"
	const raw = `{"source": "aws.cloudwatch", "accountId": %q, "region": "eu-west-1",
		"alarmArn": "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:` + name + `",
		"alarmData": {"alarmName": "` + name + `", "state": {"value": "ALARM"}}}`

	for _, account := range []string{"111122223333", "444455556666"} {
		events, err := event.DecodeAlarm(fmt.Appendf(nil, raw, account), from)
		if err != nil {
			fmt.Println(err)
		}
		for _, e := range events {
			fmt.Println(e.Kind, e.Endpoint, e.Variant, e.AlarmState)
		}
	}
	// Output:
	// Alarm chat-llm AllTraffic ALARM
	// event refused: from account "444455556666"
}

func ExampleActionInput() {
	input := event.ActionInput("chat-llm", "AllTraffic", "office-hours")
	fmt.Println(strings.ReplaceAll(input, ",", ",\n "))
	// Output:
	// {"detail-type":"sagescale scheduled action",
	//  "id":"<aws.scheduler.execution-id>",
	//  "endpoint":"chat-llm",
	//  "variant":"AllTraffic",
	//  "action":"office-hours"}
}
