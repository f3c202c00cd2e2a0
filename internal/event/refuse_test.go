package event_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"sagescale/internal/event"
)

// swap replaces text of a sample, every time that it occurs.
func swap(t *testing.T, file, old, with string) []byte {
	t.Helper()
	raw := string(read(t, file))
	if !strings.Contains(raw, old) {
		t.Fatalf("%s has no %s", file, old)
	}
	return []byte(strings.ReplaceAll(raw, old, with))
}

// expectRefusal wants an ErrRefused for the reason, with no event beside it.
func expectRefusal(t *testing.T, decode decoder, raw []byte, reason string) {
	t.Helper()
	got, err := decode(raw, origin())
	if !errors.Is(err, event.ErrRefused) || got != nil {
		t.Fatalf("got %v, error %v, want a refusal", got, err)
	}
	if !strings.Contains(err.Error(), reason) {
		t.Errorf("refused because %q, want %q", err, reason)
	}
}

// What is wrong with the JSON is wrong for every function.
//
// Faults: A15
func TestRefuseMalformed(t *testing.T) {
	deep := strings.Repeat(`{"a":[`, 20) + strings.Repeat(`]}`, 20)
	tests := []struct {
		name, raw, reason string
	}{
		{"nothing", "", "not a JSON object"},
		{"null", "null", "not a JSON object"},
		{"list", "[{}]", "not a JSON object"},
		{"number", "7", "not a JSON object"},
		{"text", `"{}"`, "not a JSON object"},
		{"byte order mark", "\ufeff{}", "not a JSON object"},
		{"huge", `{"a":"` + strings.Repeat("x", 256<<10) + `"}`, "at most 262144"},
		{"deep", `{"a":` + deep + `}`, "nested deeper"},
		{"deep and cut", strings.Repeat("[", 100_000), "nested deeper"},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", "not UTF-8"},
		{"trailing object", `{} {}`, "something follows"},
		{"trailing brace", `{}}`, "something follows"},
		{"trailing word", `{"a":1}x`, "something follows"},
		{"not closed", `{"a":1`, "not closed"},
		{"closed otherwise", `{"a":1]`, "malformed"},
		{"comma at the end", `{"a":1,}`, "malformed"},
		{"no comma", `{"a":1 "b":2}`, "malformed"},
		{"no colon", `{"a" 1}`, "malformed"},
		{"name without quotes", `{a:1}`, "malformed"},
		{"number as name", `{1:1}`, "malformed"},
		{"broken value", `{"a":{"b":nul}}`, "malformed"},
		{"control character", "{\"a\":\"\n\"}", "malformed"},
		{"doubled name", `{"a":1,"a":1}`, `member named "a"`},
		{"name in two cases", `{"alarmData":{},"AlarmData":{}}`, `member named "AlarmData"`},
		{"escaped double", `{"source":1,"s\u006furce":1}`, `member named "source"`},
		{"Kelvin sign", `{"k":1,"\u212a":1}`, `member named`},
		{"long s", `{"source":1,"\u017fource":1}`, `member named`},
	}
	for _, tt := range tests {
		for function, decode := range decoders() {
			t.Run(tt.name+"/"+function, func(t *testing.T) {
				expectRefusal(t, decode, []byte(tt.raw), tt.reason)
			})
		}
	}
}

// change is one spot of a sample that is spoilt, and why that is refused.
type change struct {
	file, old, with, reason string
}

func expectRefusals(t *testing.T, function string, changes []change) {
	t.Helper()
	for _, c := range changes {
		t.Run(c.file+"/"+c.with, func(t *testing.T) {
			raw := swap(t, c.file, c.old, c.with)
			expectRefusal(t, decoders()[function], raw, c.reason)
		})
	}
}

func TestRefuseSchedule(t *testing.T) {
	expectRefusals(t, "schedule", []change{
		{"tick", "sagescale tick", "sagescale tock", `detail-type "sagescale tock"`},
		{"tick", `"sagescale tick"`, `""`, "detail-type is missing"},
		{"tick", `"sagescale tick"`, `null`, "detail-type is missing"},
		{"tick", `"sagescale tick"`, `{}`, "detail-type is missing"},
		{"tick", `detail-type`, `Detail-Type`, "detail-type is missing"},
		{"tick", `"detail-type"`, `"source": null, "detail-type"`, "source is missing"},
		{"scheduled-action", `"endpoint"`, `"Endpoint"`, "endpoint is missing"},
		{"scheduled-action", `"variant"`, `"other"`, "variant is missing"},
		{"scheduled-action", `"office-hours"`, `""`, "action is missing"},
		{"scheduled-action", `"AllTraffic"`, `7`, "variant is missing or not a text"},
		{"scheduled-action", "chat-llm", "chat_llm", "no valid name"},
		{"scheduled-action", "chat-llm", "-chat", "no valid name"},
		{"scheduled-action", "chat-llm", "chat/llm", "no valid name"},
		{"scheduled-action", "AllTraffic", "AllTraffic-", "no valid name"},
		{"scheduled-action", "AllTraffic", `All\u001b[31m`, "no valid name"},
		{"scheduled-action", "AllTraffic", strings.Repeat("a", 64), "no valid name"},
		{"scheduled-action", `"variant"`, `"ENDPOINT": "b", "variant"`, `member named "ENDPOINT"`},
		{"tick-scheduled-event", `"111122223333"`, `"444455556666"`, `account "444455556666"`},
		{"tick-scheduled-event", `"eu-west-1"`, `"us-east-1"`, `region "us-east-1"`},
		{"tick-scheduled-event", "aws.events", "my.events", `source "my.events"`},
		{"tick-scheduled-event", "Scheduled Event", "Something", `detail-type "Something"`},
		{"tick-scheduled-event", `"account"`, `"konto"`, "account is missing"},
		{"tick-scheduler-default", `"111122223333"`, `"444455556666"`, `account "444455556666"`},
		{"tick-scheduler-default", `"eu-west-1"`, `"us-east-1"`, `region "us-east-1"`},
	})
}

// Faults: A11, A15, H1
func TestRefuseDirectAlarm(t *testing.T) {
	const file = "alarm-direct-metric"
	const arn = `"alarmArn": "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:`
	expectRefusals(t, "alarm", []change{
		{file, `"source": "aws.cloudwatch"`, `"source": "aws.events"`, `source "aws.events"`},
		{file, `"accountId": "111122223333"`, `"accountId": "444455556666"`, "from account"},
		{file, `"region": "eu-west-1"`, `"region": "us-east-1"`, "from region"},
		{file, arn, strings.Replace(arn, "1111", "4444", 1), `account "444422223333"`},
		{file, arn, strings.Replace(arn, "eu-west-1", "us-east-1", 1), `region "us-east-1"`},
		{file, arn, strings.Replace(arn, ":aws:", ":azure:", 1), "not an ARN of cloudwatch"},
		{file, arn, strings.Replace(arn, "cloudwatch", "events", 1), "not an ARN of cloudwatch"},
		{file, arn, strings.Replace(arn, ":alarm:", ":dashboard:", 1), "does not name alarm:"},
		{file, arn, `"alarmArn": "`, "not an ARN of cloudwatch"},
		{file, arn, `"alarmArn": "x`, "not an ARN of cloudwatch"},
		{file, arn, arn + "x", "has the ARN of"},
		{file, `"alarmName": "sagescale`, `"alarmName": "other`, "has the ARN of"},
		{file, "sagescale/chat-llm", "theirs/chat-llm", "not named after a target"},
		{file, "/chat-llm/AllTraffic/", "-chat-llm-AllTraffic-", "not named after a target"},
		{file, "/chat-llm/AllTraffic/", "//AllTraffic/", "not named after a target"},
		{file, "/chat-llm/AllTraffic/", "/chat llm/AllTraffic/", "not named after a target"},
		{file, "/chat-llm/AllTraffic/", "/chat-llm/All*/", "not named after a target"},
		{file, `"value": "ALARM"`, `"value": "PANIC"`, `alarm state "PANIC"`},
		{file, `"value": "ALARM"`, `"value": "alarm"`, `alarm state "alarm"`},
		{file, `"value": "ALARM"`, `"value": null`, "alarmData.state.value is missing"},
		{file, `"state"`, `"State"`, "alarmData.state is missing"},
		{file, `"state": {`, `"state": [], "x": {`, "not a JSON object"},
		{file, `"alarmData"`, `"AlarmData"`, "alarmData is missing"},
		{file, `"alarmData"`, `"AlarmData": {}, "alarmData"`, `member named "alarmData"`},
		{file, `"alarmData"`, `"alarmData": {}, "alarmData"`, `member named "alarmData"`},
		{file, `"alarmName"`, `"ALARMNAME": "x", "alarmName"`, `member named "alarmName"`},
		{file, `"value": "ALARM"`, `"value": "OK", "value": "ALARM"`, `member named "value"`},
	})
}

// Faults: A11, H1, H4
func TestRefuseAlarmOfEventBridge(t *testing.T) {
	const file = "alarm-eventbridge-alarm"
	expectRefusals(t, "alarm", []change{
		{file, `"aws.cloudwatch"`, `"my.cloudwatch"`, `source "my.cloudwatch"`},
		{file, `Alarm State Change"`, `Alarm Configuration Change"`, "detail-type"},
		{file, `"account": "111122223333"`, `"account": "444455556666"`, "from account"},
		{file, `"region": "eu-west-1"`, `"region": "us-east-1"`, "from region"},
		{file, `:111122223333:`, `:444455556666:`, `account "444455556666"`},
		{file, `:eu-west-1:`, `:us-east-1:`, `region "us-east-1"`},
		{file, `"resources": [`, `"resources": ["arn",`, "not a list of 1 to 1"},
		{file, `"resources": [`, `"resources": [], "x": [`, "not a list of 1 to 1"},
		{file, `"resources": [`, `"resources": [{}], "x": [`, "something else than a text"},
		{file, `"alarmName": "sagescale`, `"alarmName": "other`, "has the ARN of"},
		{file, "sagescale/", "theirs/", "not named after a target"},
		{file, `"detail": {`, `"detail": "{}", "x": {`, "not a JSON object"},
	})
}

// Faults: H1
func TestRefuseAlarmOfTopic(t *testing.T) {
	const file = "alarm-sns"
	const topic = `"TopicArn": "arn:aws:sns:eu-west-1:111122223333:`
	expectRefusals(t, "alarm", []change{
		{file, "aws:sns", "aws:sqs", `EventSource "aws:sqs"`},
		{file, `"Records": [`, `"Records": null, "x": [`, "Records is not a list"},
		{file, `"Records": [`, `"Records": [], "x": [`, "Records is not a list"},
		{file, `"Records": [`, `"Records": {}, "x": [`, "Records is not a list"},
		{file, `"Records": [`, `"Records": [` + strings.Repeat("0,", 16), "list of 1 to 16"},
		{file, `"Records": [`, `"Records": ["x"], "x": [`, "record 0: event refused: not a JSON object"},
		{file, `"Sns": {`, `"SNS": {`, "Sns is missing"},
		{file, `"Message":`, `"message":`, "Sns.Message is missing"},
		{file, `"Message": "{`, `"Message": "`, "message: event refused: not a JSON object"},
		{file, `}}"`, `}"`, "message: event refused: malformed JSON"},
		{file, topic, strings.Replace(topic, "1111", "4444", 1), "topic: event refused: from account"},
		{file, topic, strings.Replace(topic, "eu-", "us-", 1), "topic: event refused: from region"},
		{file, topic, strings.Replace(topic, "sns", "sqs", 1), "not an ARN of sns"},
		{file, topic + "scaling-alarms", topic, "topic: event refused: "},
		{file, `AWSAccountId\":\"1111`, `AWSAccountId\":\"4444`, "message: event refused: from account"},
		{file, `AWSAccountId`, `awsAccountId`, "AWSAccountId is missing"},
		{file, `AWSAccountId`, `AlarmName`, `member named "AlarmName"`},
		{file, `\"AlarmName`, `\"alarmname\":\"x\",\"AlarmName`, `member named "AlarmName"`},
		{file, `cloudwatch:eu-west-1`, `cloudwatch:us-east-1`, `from region "us-east-1"`},
		{file, `\"AlarmName\":\"sagescale`, `\"AlarmName\":\"other`, "has the ARN of"},
		{file, `NewStateValue\":\"ALARM`, `NewStateValue\":\"`, "NewStateValue is missing"},
	})
}

func TestRefuseEndpointState(t *testing.T) {
	const file = "endpoint-in-service"
	const arn = `"EndpointArn": "arn:aws:sagemaker:eu-west-1:111122223333:endpoint/`
	expectRefusals(t, "settle", []change{
		{file, `"aws.sagemaker"`, `"my.sagemaker"`, `source "my.sagemaker"`},
		{file, "SageMaker Endpoint State", "SageMaker Model State", "detail-type"},
		{file, `"account": "111122223333"`, `"account": "444455556666"`, "from account"},
		{file, `"region": "eu-west-1"`, `"region": "us-east-1"`, "from region"},
		{file, arn, strings.Replace(arn, "1111", "4444", 1), `account "444422223333"`},
		{file, arn, strings.Replace(arn, "eu-west-1", "us-east-1", 1), `region "us-east-1"`},
		{file, arn, strings.Replace(arn, "endpoint/", "endpoint-config/", 1), "does not name endpoint/"},
		{file, arn, arn + "x", "has the ARN of"},
		{file, `"resources": [`, `"resources": ["arn:aws:x"], "x": [`, "not an ARN of sagemaker"},
		{file, `"resources"`, `"Resources"`, "resources is not a list"},
		{file, `"EndpointName": "chat-llm"`, `"EndpointName": "other"`, "has the ARN of"},
		{file, `"EndpointName": "chat-llm"`, `"EndpointName": "chat.llm"`, "not a valid name"},
		{file, `"EndpointName"`, `"endpointName"`, "detail.EndpointName is missing"},
		{file, `"EndpointName"`, `"endpointname": "x", "EndpointName"`, `member named "EndpointName"`},
		{file, `"EndpointStatus"`, `"Status"`, "detail.EndpointStatus is missing"},
		{file, `"detail": {`, `"detail": null, "x": {`, "not a JSON object"},
	})
}

// A record that is refused takes no other with it.
//
// Faults: H1
func TestAlarmRecordsAreJudgedOneByOne(t *testing.T) {
	record := string(read(t, "alarm-sns"))
	record = strings.TrimSpace(record[strings.Index(record, "[")+1 : strings.LastIndex(record, "]")])
	foreign := strings.ReplaceAll(record, "111122223333", "444455556666")
	raw := `{"Records":[` + record + "," + foreign + "," + record + `]}`
	got, err := event.DecodeAlarm([]byte(raw), origin())
	if len(got) != 2 || got[0] != got[1] || got[0].Endpoint != "chat-llm" {
		t.Errorf("got %+v", got)
	}
	if !errors.Is(err, event.ErrRefused) || !strings.Contains(err.Error(), "record 1: ") {
		t.Errorf("error %v", err)
	}
}

// The dimensions in an alarm point where they like: its name counts.
//
// Faults: H2
func TestDimensionsAreIgnored(t *testing.T) {
	raw := swap(t, "alarm-direct-metric", `"EndpointName": "chat-llm"`, `"EndpointName": "victim"`)
	got, err := event.DecodeAlarm(raw, origin())
	if err != nil || len(got) != 1 || got[0].Endpoint != "chat-llm" {
		t.Errorf("got %+v, error %v", got, err)
	}
}

func TestOtherPartitions(t *testing.T) {
	raw := swap(t, "alarm-direct-metric", "arn:aws:", "arn:aws-cn:")
	if _, err := event.DecodeAlarm(raw, origin()); err != nil {
		t.Error(err)
	}
}

// Everything about an endpoint that AWS writes in more than one way.
func TestEndpointSpellings(t *testing.T) {
	tests := []struct {
		name, old, with, endpoint, status string
	}{
		{"time as a number", `"1795429274530"`, `1795429274530`, "chat-llm", "IN_SERVICE"},
		{"time of RFC 3339", `"1795429274530"`, `"2026-11-23T10:21:14Z"`, "chat-llm", "IN_SERVICE"},
		{"no time", `"time"`, `"when"`, "chat-llm", "IN_SERVICE"},
		{"name with capitals", `Name": "chat-llm"`, `Name": "Chat-LLM"`, "Chat-LLM", "IN_SERVICE"},
		{"status of the API", `"IN_SERVICE"`, `"InService"`, "chat-llm", "IN_SERVICE"},
		{"long status of the API", "IN_SERVICE", "SystemUpdating", "chat-llm", "SYSTEM_UPDATING"},
		{"unknown status", `"IN_SERVICE"`, `"ON_FIRE"`, "chat-llm", "ON_FIRE"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := event.DecodeEndpointState(swap(t, "endpoint-in-service", tt.old, tt.with), origin())
			if err != nil || e.Endpoint != tt.endpoint || e.Status != tt.status {
				t.Errorf("got %+v, error %v", e, err)
			}
		})
	}
}

// hostile is how a text in JSON may try to spoil a log, a page or a spreadsheet.
var hostile = `\u001b[31m\n\u202e=cmd|\u0000 ` + strings.Repeat("é", 1000)

// Hostile texts come out short and printable, in events and in messages.
//
// Faults: H5
func TestTextsAreCleaned(t *testing.T) {
	for _, s := range samples() {
		for _, text := range []string{s.want.ID, "office-hours"} {
			raw := string(read(t, s.file))
			if text == "" || !strings.Contains(raw, text) {
				continue
			}
			got, err := decoders()[s.function]([]byte(strings.ReplaceAll(raw, text, hostile)), origin())
			if err != nil {
				t.Fatal(err)
			}
			checkEvents(t, got)
		}
	}
}

// Faults: H5
func TestAlarmNamesAreCleaned(t *testing.T) {
	names := map[string]string{
		"alarm-direct-metric":  hostile,
		"alarm-eventbridge-ok": hostile,
		"alarm-sns":            strings.ReplaceAll(hostile, `\`, `\\`),
	}
	for file, name := range names {
		raw := string(swap(t, file, "load-high", name))
		got, err := event.DecodeAlarm([]byte(raw), origin())
		if err != nil {
			t.Fatal(err)
		}
		checkEvents(t, got)
		if want := "sagescale/chat-llm/AllTraffic/[31m=cmd| éé"; !strings.HasPrefix(got[0].Name, want) {
			t.Errorf("%s: name %q", file, got[0].Name)
		}
		_, err = event.DecodeAlarm([]byte(strings.ReplaceAll(raw, "sagescale/", "theirs/")), origin())
		checkMessage(t, err)
	}
}

// Faults: H5
func TestStatusIsCleaned(t *testing.T) {
	raw := swap(t, "endpoint-in-service", "IN_SERVICE", hostile)
	e, err := event.DecodeEndpointState(raw, origin())
	if err != nil {
		t.Fatal(err)
	}
	checkEvents(t, []event.Event{e})
}

// Only brackets outside of texts nest.
func TestBracketsInTexts(t *testing.T) {
	for _, text := range []string{"", `\"`, `\\`, `\\\"`} {
		text += strings.Repeat("[{", 100)
		raw := `{"x": "` + text + `", "detail-type": "sagescale tick"}`
		if _, err := event.DecodeSchedule([]byte(raw), origin()); err != nil {
			t.Errorf("text %.8s...: %v", text, err)
		}
	}
}

// Names may be as long as SageMaker allows.
func TestLongestNames(t *testing.T) {
	name := strings.Repeat("a", 62) + "9"
	e, err := event.DecodeSchedule([]byte(event.ActionInput(name, name, "x")), origin())
	if err != nil || !slices.Equal([]string{e.Endpoint, e.Variant}, []string{name, name}) {
		t.Errorf("got %+v, error %v", e, err)
	}
}
