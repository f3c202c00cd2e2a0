package event

import (
	"encoding/json"
	"strings"

	"sagescale/internal/config"
)

// input is what our rule and our schedules hand to the schedule function. Nothing
// is around it: a target with an input gets that input and no envelope.
type input struct {
	DetailType string `json:"detail-type"`
	ID         string `json:"id,omitempty"`
	Endpoint   string `json:"endpoint,omitempty"`
	Variant    string `json:"variant,omitempty"`
	Action     string `json:"action,omitempty"`
}

// TickInput is the input that the tick rule gives to the schedule function.
func TickInput() string {
	return encode(input{DetailType: config.DetailTypeTick})
}

// ForecastInput is the input that the rule for forecasts gives to the schedule function.
func ForecastInput() string {
	return encode(input{DetailType: config.DetailTypeForecast})
}

// ActionInput is the input that the schedule of a scheduled action gives to the
// schedule function. EventBridge Scheduler puts the id of the execution into it,
// so that the record of an evaluation can be found from the schedule.
func ActionInput(endpoint, variant, action string) string {
	return encode(input{
		DetailType: config.DetailTypeAction,
		ID:         "<aws.scheduler.execution-id>",
		Endpoint:   endpoint,
		Variant:    variant,
		Action:     action,
	})
}

func encode(in input) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // the scheduler looks for <aws.scheduler...> as it is written
	_ = e.Encode(in)       // texts encode, and a builder takes all
	return strings.TrimSpace(b.String())
}

// DecodeSchedule decodes what wakes functions/schedule: TickInput, ForecastInput,
// ActionInput, the empty object of somebody who invokes the function by hand, which is a tick,
// and the envelope that EventBridge or its Scheduler sends for a rule or schedule
// that was made without an input, which is a tick too.
func DecodeSchedule(raw []byte, from Origin) (Event, error) {
	root, err := parse(raw)
	switch {
	case err != nil:
		return Event{}, err
	case len(root.members) == 0:
		return Event{Kind: Tick}, nil
	case root.has("source"):
		return decodeScheduledEvent(root, from)
	}
	switch t := root.text("detail-type"); t {
	case config.DetailTypeTick:
		return Event{Kind: Tick, ID: root.note("id")}, nil
	case config.DetailTypeForecast:
		return Event{Kind: Forecast, ID: root.note("id")}, nil
	case config.DetailTypeAction:
		return decodeAction(root)
	case "":
		return Event{}, root.err()
	default:
		return Event{}, refusal("detail-type %s", quote(t))
	}
}

// decodeScheduledEvent does not look at the detail, which is an empty object from
// EventBridge and the text "{}" from its Scheduler.
func decodeScheduledEvent(root object, from Origin) (Event, error) {
	source := "aws.events"
	if root.optional("source") == "aws.scheduler" {
		source = "aws.scheduler"
	}
	if err := from.checkEnvelope(root, source, "Scheduled Event"); err != nil {
		return Event{}, err
	}
	return Event{Kind: Tick, ID: root.note("id")}, nil
}

func decodeAction(root object) (Event, error) {
	endpoint, variant := root.text("endpoint"), root.text("variant")
	action := root.text("action")
	if err := root.err(); err != nil {
		return Event{}, err
	}
	if !isName(endpoint) || !isName(variant) {
		return Event{}, refusal("target %s/%s has no valid name", quote(endpoint), quote(variant))
	}
	return Event{
		Kind:     ScheduledAction,
		ID:       root.note("id"),
		Name:     clean(action),
		Endpoint: endpoint,
		Variant:  variant,
	}, nil
}
