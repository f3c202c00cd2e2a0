package event

import (
	"encoding/json"
	"errors"
	"fmt"

	"sagescale/internal/config"
)

// maxRecords bounds one delivery of SNS, which brings a single record today.
const maxRecords = 16

// alarm is what each of the three shapes tells of an alarm.
type alarm struct {
	id, arn, name, state string
}

// DecodeAlarm decodes what wakes functions/alarm: an alarm's state change, brought
// by CloudWatch itself, by EventBridge or by SNS. Metric alarms, metric math and
// composite alarms look the same to it. An OK or INSUFFICIENT_DATA is an event
// like an ALARM: what it means is for the evaluation to find out.
//
// SNS may bring several records. Those that are fine are returned even when
// others are refused, so use the events before looking at the error.
func DecodeAlarm(raw []byte, from Origin) ([]Event, error) {
	root, err := parse(raw)
	if err != nil {
		return nil, err
	}
	if root.has("Records") {
		return decodeRecords(root, from)
	}
	decode := decodeDirect
	if root.has("detail-type") {
		decode = decodeStateChange
	}
	a, err := decode(root, from)
	if err != nil {
		return nil, err
	}
	e, err := a.event(from)
	if err != nil {
		return nil, err
	}
	return []Event{e}, nil
}

// decodeDirect reads what CloudWatch gives to a function that is the action of an
// alarm. It has no id.
func decodeDirect(root object, from Origin) (alarm, error) {
	source := root.text("source")
	account, region := root.text("accountId"), root.text("region")
	data := root.child("alarmData")
	a := alarm{
		arn:   root.text("alarmArn"),
		name:  data.text("alarmName"),
		state: data.child("state").text("value"),
	}
	if err := root.err(); err != nil {
		return alarm{}, err
	}
	if source != "aws.cloudwatch" {
		return alarm{}, refusal("source %s", quote(source))
	}
	return a, from.check(account, region)
}

func decodeStateChange(root object, from Origin) (alarm, error) {
	err := from.checkEnvelope(root, "aws.cloudwatch", "CloudWatch Alarm State Change")
	if err != nil {
		return alarm{}, err
	}
	detail := root.child("detail")
	return alarm{
		id:    root.note("id"),
		arn:   root.only("resources"),
		name:  detail.text("alarmName"),
		state: detail.child("state").text("value"),
	}, root.err()
}

func decodeRecords(root object, from Origin) ([]Event, error) {
	records := root.list("Records", maxRecords)
	if err := root.err(); err != nil {
		return nil, err
	}
	var events []Event
	var refused []error
	for i, raw := range records {
		e, err := decodeRecord(raw, from)
		if err != nil {
			refused = append(refused, fmt.Errorf("record %d: %w", i, err))
			continue
		}
		events = append(events, e)
	}
	return events, errors.Join(refused...)
}

// decodeRecord believes a topic of our own account and region only: whoever may
// publish to a topic writes its messages.
func decodeRecord(raw json.RawMessage, from Origin) (Event, error) {
	record, err := parse(raw)
	if err != nil {
		return Event{}, err
	}
	sns := record.child("Sns")
	source, topic := record.text("EventSource"), sns.text("TopicArn")
	id, message := sns.note("MessageId"), sns.text("Message")
	if err := record.err(); err != nil {
		return Event{}, err
	}
	if source != "aws:sns" {
		return Event{}, refusal("EventSource %s", quote(source))
	}
	if _, err := from.resource(topic, "sns", ""); err != nil {
		return Event{}, fmt.Errorf("topic: %w", err)
	}
	a, err := decodeMessage(message, from)
	if err != nil {
		return Event{}, fmt.Errorf("message: %w", err)
	}
	a.id = id
	return a.event(from)
}

// decodeMessage takes the region from the ARN: the member Region is a name for
// people, such as "EU (Ireland)".
func decodeMessage(text string, from Origin) (alarm, error) {
	m, err := parse([]byte(text))
	if err != nil {
		return alarm{}, err
	}
	account := m.text("AWSAccountId")
	a := alarm{
		arn:   m.text("AlarmArn"),
		name:  m.text("AlarmName"),
		state: m.text("NewStateValue"),
	}
	if err := m.err(); err != nil {
		return alarm{}, err
	}
	return a, from.check(account, from.Region)
}

// event refuses an alarm that is not ours. Its target is the one that it is named
// after, whatever metric and dimensions it watches.
func (a alarm) event(from Origin) (Event, error) {
	name, err := from.resource(a.arn, "cloudwatch", "alarm:")
	if err != nil {
		return Event{}, err
	}
	if name != a.name {
		return Event{}, refusal("alarm %s has the ARN of %s", quote(a.name), quote(name))
	}
	endpoint, variant, ok := config.AlarmTarget(from.AlarmPrefix, name)
	if !ok || !isName(endpoint) || !isName(variant) {
		return Event{}, refusal("alarm %s is not named after a target", quote(name))
	}
	switch a.state {
	case "ALARM", "OK", "INSUFFICIENT_DATA":
	default:
		return Event{}, refusal("alarm state %s", quote(a.state))
	}
	return Event{
		Kind:       Alarm,
		ID:         a.id,
		Name:       clean(name),
		Endpoint:   endpoint,
		Variant:    variant,
		AlarmState: a.state,
	}, nil
}
