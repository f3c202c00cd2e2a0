package event_test

import (
	"encoding/json"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sagescale/internal/event"
)

const dir = "../../events"

// origin is where the samples come from.
func origin() event.Origin {
	return event.Origin{Account: "111122223333", Region: "eu-west-1", AlarmPrefix: "sagescale"}
}

type decoder func([]byte, event.Origin) ([]event.Event, error)

// decoders are the three functions' decoders in one form.
func decoders() map[string]decoder {
	return map[string]decoder{
		"schedule": single(event.DecodeSchedule),
		"alarm":    event.DecodeAlarm,
		"settle":   single(event.DecodeEndpointState),
	}
}

func single(decode func([]byte, event.Origin) (event.Event, error)) decoder {
	return func(raw []byte, from event.Origin) ([]event.Event, error) {
		e, err := decode(raw, from)
		if err != nil {
			if e != (event.Event{}) {
				return []event.Event{e}, errors.Join(err, errors.New("event beside an error"))
			}
			return nil, err
		}
		return []event.Event{e}, nil
	}
}

type sample struct {
	file     string
	function string
	want     event.Event
}

func samples() []sample {
	tick := func(id string) event.Event {
		return event.Event{Kind: event.Tick, ID: id}
	}
	alarm := func(id, name, state string) event.Event {
		return event.Event{
			Kind: event.Alarm, ID: id, Name: "sagescale/chat-llm/AllTraffic/" + name,
			Endpoint: "chat-llm", Variant: "AllTraffic", AlarmState: state,
		}
	}
	status := func(id, status string) event.Event {
		return event.Event{
			Kind: event.EndpointState, ID: id, Name: status, Endpoint: "chat-llm", Status: status,
		}
	}
	action := event.Event{
		Kind: event.ScheduledAction, ID: "d7f1c05ab29e4e83", Name: "office-hours",
		Endpoint: "chat-llm", Variant: "AllTraffic",
	}
	return []sample{
		{"manual", "schedule", tick("")},
		{"tick", "schedule", tick("")},
		{"forecast", "schedule", event.Event{Kind: event.Forecast}},
		{"tick-scheduled-event", "schedule", tick("0a6d1f9b-4e53-4d0e-9a3c-6f2b8c7d5e09")},
		{"tick-scheduler-default", "schedule", tick("b7c3e2a8-5d14-4f6b-8c9a-1e0f2d3b4c10")},
		{"scheduled-action", "schedule", action},
		{"alarm-direct-metric", "alarm", alarm("", "load-high", "ALARM")},
		{"alarm-direct-math", "alarm", alarm("", "in-flight", "ALARM")},
		{"alarm-direct-composite", "alarm", alarm("", "overload", "ALARM")},
		{
			"alarm-eventbridge-alarm", "alarm",
			alarm("6b8a3d52-2b7e-4c1f-9a57-4f0d3c1be801", "load-high", "ALARM"),
		},
		{
			"alarm-eventbridge-ok", "alarm",
			alarm("a40fb6d7-0d5e-4b0b-8f5c-d9ff1b7f8e02", "load-high", "OK"),
		},
		{
			"alarm-eventbridge-insufficient-data", "alarm",
			alarm("1f7d5f0e-55c3-45a9-9d0a-0c6b8f2f7a03", "load-high", "INSUFFICIENT_DATA"),
		},
		{
			"alarm-eventbridge-math", "alarm",
			alarm("c2e4b8a1-7d90-4a3e-b6f4-2a9f5e6d1c04", "in-flight", "ALARM"),
		},
		{
			"alarm-eventbridge-composite", "alarm",
			alarm("e9a1c7f3-3b52-4f86-8d1b-7c0e4a2b9d05", "overload", "ALARM"),
		},
		{
			"alarm-sns", "alarm",
			alarm("3c5d9f10-8b1a-5e0c-b2a4-c41f7e6d5b06", "load-high", "ALARM"),
		},
		{
			"alarm-sns-math", "alarm",
			alarm("8e7a2c44-6f3b-5d91-a0c8-9b5e1d4f2a07", "in-flight", "ALARM"),
		},
		{
			"alarm-sns-composite", "alarm",
			alarm("5b0f6d83-1c9e-5a77-8e12-f3d4c6b7a908", "overload", "ALARM"),
		},
		{
			"endpoint-updating", "settle",
			status("4d2e6c9f-8a07-4b35-9e1d-0c5f7a3b2d11", "UPDATING"),
		},
		{
			"endpoint-in-service", "settle",
			status("9f5b0a7e-2c68-4d91-b3e4-6a8d1c0f5e12", "IN_SERVICE"),
		},
		{
			"endpoint-rolling-back", "settle",
			status("2a8c4e6d-0f1b-4937-8d5a-e7b9c3f1a613", "ROLLING_BACK"),
		},
		{
			"endpoint-failed", "settle",
			status("7e1d3b5f-9c2a-4860-a4f7-d8e0b6c2f414", "FAILED"),
		},
		{
			"endpoint-deployment", "settle",
			status("f3c9a1d7-6e4b-4052-8b7c-5a0d2e9f1c15", "UPDATING"),
		},
	}
}

func read(tb testing.TB, name string) []byte {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, name+".json"))
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// files are the names of the samples in the folder.
func files(tb testing.TB) []string {
	tb.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(paths) == 0 {
		tb.Fatalf("no samples in %s: %v", dir, err)
	}
	for i, p := range paths {
		paths[i] = strings.TrimSuffix(filepath.Base(p), ".json")
	}
	slices.Sort(paths)
	return paths
}

func expectEvent(t *testing.T, decode decoder, raw []byte, want event.Event) {
	t.Helper()
	got, err := decode(raw, origin())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, []event.Event{want}) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestSamples(t *testing.T) {
	var tested []string
	for _, s := range samples() {
		tested = append(tested, s.file)
		t.Run(s.file, func(t *testing.T) {
			expectEvent(t, decoders()[s.function], read(t, s.file), s.want)
		})
	}
	slices.Sort(tested)
	if all := files(t); !slices.Equal(tested, all) {
		t.Errorf("tested %v\nthere are %v", tested, all)
	}
}

// The other two functions refuse what is not for them.
func TestSampleGivenToWrongFunction(t *testing.T) {
	for _, s := range samples() {
		for name, decode := range decoders() {
			if name == s.function {
				continue
			}
			got, err := decode(read(t, s.file), origin())
			if !errors.Is(err, event.ErrRefused) || got != nil {
				t.Errorf("%s given to %s: got %v, error %v", s.file, name, got, err)
			}
		}
	}
}

// Only what names no origin passes a function that was not told its own.
func TestZeroOriginRefuses(t *testing.T) {
	bare := []string{"manual", "tick", "forecast", "scheduled-action"}
	for _, s := range samples() {
		_, err := decoders()[s.function](read(t, s.file), event.Origin{})
		if passes := slices.Contains(bare, s.file); passes != (err == nil) {
			t.Errorf("%s: %v", s.file, err)
		}
	}
}

func TestReadmeListsTheSamples(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]string{}
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		if len(cells) == 6 && strings.Contains(cells[1], ".json") {
			name := strings.Trim(cells[1], " `")
			listed[strings.TrimSuffix(name, ".json")] = strings.TrimSpace(cells[3])
		}
	}
	want := map[string]string{}
	for _, s := range samples() {
		want[s.file] = s.function
	}
	if !maps.Equal(listed, want) {
		t.Errorf("README lists %v\nwant %v", listed, want)
	}
}

// The inputs that infra hands to EventBridge decode into what they mean.
func TestInputs(t *testing.T) {
	expectEvent(t, decoders()["schedule"], []byte(event.TickInput()), event.Event{Kind: event.Tick})
	expectEvent(t, decoders()["schedule"], []byte(event.ForecastInput()), event.Event{Kind: event.Forecast})
	input := event.ActionInput("chat-llm", "AllTraffic", "office-hours")
	fired := strings.Replace(input, "<aws.scheduler.execution-id>", "d7f1c05ab29e4e83", 1)
	expectEvent(t, decoders()["schedule"], []byte(fired), event.Event{
		Kind: event.ScheduledAction, ID: "d7f1c05ab29e4e83", Name: "office-hours",
		Endpoint: "chat-llm", Variant: "AllTraffic",
	})
	sameJSON(t, []byte(event.TickInput()), read(t, "tick"))
	sameJSON(t, []byte(event.ForecastInput()), read(t, "forecast"))
	sameJSON(t, []byte(fired), read(t, "scheduled-action"))
}

func sameJSON(t *testing.T, a, b []byte) {
	t.Helper()
	var x, y map[string]string
	if err := errors.Join(json.Unmarshal(a, &x), json.Unmarshal(b, &y)); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(x, y) {
		t.Errorf("%s\nis not %s", a, b)
	}
}

// AWS adds members without notice, and JSON has no order.
//
// Faults: A11
func TestSamplesWithStrangeMembersInAnyOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, s := range samples() {
		if s.file == "manual" {
			continue // it is known by being empty
		}
		for range 20 {
			var v any
			if err := json.Unmarshal(read(t, s.file), &v); err != nil {
				t.Fatal(err)
			}
			t.Run(s.file, func(t *testing.T) {
				expectEvent(t, decoders()[s.function], []byte(shuffled(t, v, rng)), s.want)
			})
		}
	}
}

// shuffled encodes v with a new member in every object and the members in random
// order, also in the message that SNS carries as a text.
func shuffled(t *testing.T, v any, rng *rand.Rand) string {
	t.Helper()
	var parts []string
	switch v := v.(type) {
	case map[string]any:
		parts = append(parts, `"addedLater": {"nested": [1, null, {"a": "b"}]}`)
		for name, value := range v {
			parts = append(parts, quoted(t, name)+": "+shuffledMember(t, name, value, rng))
		}
		slices.Sort(parts)
		rng.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		for _, value := range v {
			parts = append(parts, shuffled(t, value, rng))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return quoted(t, v)
}

func shuffledMember(t *testing.T, name string, v any, rng *rand.Rand) string {
	t.Helper()
	text, ok := v.(string)
	if name != "Message" || !ok {
		return shuffled(t, v, rng)
	}
	var message any
	if err := json.Unmarshal([]byte(text), &message); err != nil {
		t.Fatal(err)
	}
	return quoted(t, shuffled(t, message, rng))
}

func quoted(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
