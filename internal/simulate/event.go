package simulate

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"

	"sagescale/internal/activity"
	"sagescale/internal/event"
)

// Where the simulated account is.
const (
	account     = "123456789012"
	region      = "us-east-1"
	alarmPrefix = "sagescale"
)

// envelope is what EventBridge puts around every event.
type envelope struct {
	Version    string   `json:"version"`
	ID         string   `json:"id"`
	DetailType string   `json:"detail-type"`
	Source     string   `json:"source"`
	Account    string   `json:"account"`
	Time       string   `json:"time"`
	Region     string   `json:"region"`
	Resources  []string `json:"resources"`
	Detail     any      `json:"detail"`
}

// Origin is what the functions of the simulated account believe.
func Origin() event.Origin {
	return event.Origin{Account: account, Region: region, AlarmPrefix: alarmPrefix}
}

type alarmDetail struct {
	AlarmName     string      `json:"alarmName"`
	State         alarmState  `json:"state"`
	PreviousState alarmState  `json:"previousState"`
	Configuration alarmConfig `json:"configuration"`
}

type alarmState struct {
	Value     string `json:"value"`
	Timestamp string `json:"timestamp,omitempty"`
}

type alarmConfig struct {
	Description string `json:"description"`
}

type endpointDetail struct {
	EndpointName   string
	EndpointArn    string
	EndpointStatus string
	CreationTime   int64
}

// AlarmEvent is the event of an alarm that has changed its state.
func AlarmEvent(id, name, previous, state string, now time.Time) (json.RawMessage, error) {
	return wrap(envelope{
		ID:         id,
		DetailType: "CloudWatch Alarm State Change",
		Source:     "aws.cloudwatch",
		Time:       now.UTC().Format(time.RFC3339),
		Resources:  []string{arn("cloudwatch", "alarm:"+name)},
		Detail: alarmDetail{
			AlarmName:     name,
			State:         alarmState{Value: state, Timestamp: now.UTC().Format("2006-01-02T15:04:05.000-0700")},
			PreviousState: alarmState{Value: previous},
			Configuration: alarmConfig{Description: "the load of a target is above its target value"},
		},
	})
}

// EndpointEvent is the event of an endpoint that has changed its status. As on
// AWS, its ARN is in lower case and its status in upper snake case.
func EndpointEvent(id string, e activity.Endpoint, now time.Time) (json.RawMessage, error) {
	resource := arn("sagemaker", "endpoint/"+strings.ToLower(e.Name))
	return wrap(envelope{
		ID:         id,
		DetailType: "SageMaker Endpoint State Change",
		Source:     "aws.sagemaker",
		Time:       fmt.Sprint(now.UnixMilli()),
		Resources:  []string{resource},
		Detail: endpointDetail{
			EndpointName:   e.Name,
			EndpointArn:    resource,
			EndpointStatus: snake(e.Status),
			CreationTime:   e.CreationTime.UnixMilli(),
		},
	})
}

// snake writes the name of a status as events do: IN_SERVICE.
func snake(status string) string {
	var b strings.Builder
	for i, r := range status {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String()
}

// tickEvent is what the tick rule gives to its function.
func tickEvent() json.RawMessage { return json.RawMessage(event.TickInput()) }

// forecastEvent is what the rule for forecasts gives to its function.
func forecastEvent() json.RawMessage { return json.RawMessage(event.ForecastInput()) }

// actionEvent is what the schedule of a scheduled action gives to its function,
// with the id that EventBridge Scheduler fills in.
func actionEvent(id, endpoint, variant, action string) json.RawMessage {
	input := event.ActionInput(endpoint, variant, action)
	return json.RawMessage(strings.ReplaceAll(input, "<aws.scheduler.execution-id>", id))
}

func wrap(e envelope) (json.RawMessage, error) {
	e.Version, e.Account, e.Region = "0", account, region
	text, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("marshal event: %w", err)
	}
	return text, nil
}

func arn(service, resource string) string {
	return strings.Join([]string{"arn:aws", service, region, account, resource}, ":")
}
