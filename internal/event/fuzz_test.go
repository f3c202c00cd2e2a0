package event_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"sagescale/internal/event"
)

const maxText = 256

// name is SageMaker's own pattern, written unlike the code that it checks.
var name = regexp.MustCompile(`^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$`)

// checkEvents holds events to what the type promises.
func checkEvents(t *testing.T, events []event.Event) {
	t.Helper()
	for _, e := range events {
		for _, s := range []string{e.Endpoint, e.Variant} {
			if s != "" && (len(s) > 63 || !name.MatchString(s)) {
				t.Errorf("name %q in %+v", s, e)
			}
		}
		for _, s := range []string{string(e.Kind), e.ID, e.Name, e.Status, e.AlarmState} {
			if len(s) > maxText || strings.IndexFunc(s, unprintable) >= 0 {
				t.Errorf("text %q in %+v", s, e)
			}
		}
		if e.Kind == "" || e.Variant != "" && e.Endpoint == "" {
			t.Errorf("incomplete: %+v", e)
		}
	}
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// checkMessage holds a refusal to a size and to characters fit for a log.
func checkMessage(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, event.ErrRefused) {
		t.Fatalf("error %v does not wrap ErrRefused", err)
	}
	for line := range strings.Lines(err.Error()) {
		line = strings.TrimSuffix(line, "\n")
		if len(line) > 5*maxText || strings.IndexFunc(line, unprintable) >= 0 {
			t.Errorf("message %q", line)
		}
	}
}

// fuzz decodes anything, beginning with the samples. What is decoded is complete
// and of the kinds that the function is for, and names what the event names to
// another reader of JSON; the same event from somewhere else is refused; and what
// stands beside the members that count never matters.
func fuzz(f *testing.F, decode decoder, kinds ...event.Kind) {
	for _, file := range files(f) {
		f.Add(read(f, file))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		events, err := decode(raw, origin())
		checkEvents(t, events)
		if err != nil {
			checkMessage(t, err)
		} else if len(events) == 0 {
			t.Error("neither an event nor an error")
		}
		for _, e := range events {
			checkNames(t, e, kinds)
		}
		checkClaims(t, raw, events)
		checkForeigners(t, raw, decode, events)
		checkSurroundings(t, raw, decode, events)
	})
}

// checkNames holds an event to a kind that the function is for, and to targets
// that an event of this kind may name.
func checkNames(t *testing.T, e event.Event, kinds []event.Kind) {
	t.Helper()
	if !slices.Contains(kinds, e.Kind) {
		t.Errorf("kind of %+v", e)
	}
	oneTarget := e.Kind == event.Alarm || e.Kind == event.ScheduledAction
	if named := e.Variant != ""; named != oneTarget {
		t.Errorf("variant of %+v", e)
	}
	if named := e.Endpoint != ""; named != (oneTarget || e.Kind == event.EndpointState) {
		t.Errorf("endpoint of %+v", e)
	}
	if prefix := "sagescale/" + e.Endpoint + "/" + e.Variant + "/"; e.Kind == event.Alarm && !strings.HasPrefix(e.Name, prefix) {
		t.Errorf("alarm of another target: %+v", e)
	}
}

// claims are what encoding/json finds in an event: without regard to case, the
// last of doubled members. A reader before us may be made like that.
type claims struct {
	Endpoint, Variant, ARN, AlarmArn string
	AlarmData                        struct{ AlarmName string }
	Detail                           struct{ AlarmName, EndpointName string }
	Records                          []struct{ Sns struct{ Message string } }
}

// alarms are the names of the alarms that an event tells of.
func (c claims) alarms() []string {
	names := []string{c.AlarmData.AlarmName, c.Detail.AlarmName}
	for _, record := range c.Records {
		var message struct{ AlarmName string }
		_ = json.Unmarshal([]byte(record.Sns.Message), &message) // broken ones name nothing
		names = append(names, message.AlarmName)
	}
	return names
}

// checkClaims: no event names what another reader of the same bytes does not see.
func checkClaims(t *testing.T, raw []byte, events []event.Event) {
	t.Helper()
	var c claims
	_ = json.Unmarshal(raw, &c) // what has another type than ours is left out
	for _, e := range events {
		told := true
		switch e.Kind {
		case event.ScheduledAction:
			told = c.Endpoint == e.Endpoint && c.Variant == e.Variant
		case event.EndpointState:
			told = c.Detail.EndpointName == e.Endpoint
		case event.Alarm:
			told = slices.ContainsFunc(c.alarms(), func(name string) bool {
				return strings.HasPrefix(name, "sagescale/"+e.Endpoint+"/"+e.Variant+"/")
			})
		}
		if !told {
			t.Errorf("%+v is not told by %+v", e, c)
		}
	}
}

// checkForeigners: what is an event for us is none for another account, region or
// prefix. A delivery of SNS may have records for both, but none for two.
func checkForeigners(t *testing.T, raw []byte, decode decoder, events []event.Event) {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || members["source"] == nil && members["Records"] == nil {
		return // our own inputs name no origin
	}
	var c claims
	_ = json.Unmarshal(raw, &c)
	for _, from := range []event.Origin{
		{},
		{Account: "444455556666", Region: "eu-west-1", AlarmPrefix: "sagescale"},
		{Account: "111122223333", Region: "us-east-1", AlarmPrefix: "sagescale"},
	} {
		foreign, _ := decode(raw, from)
		if len(foreign)+len(events) > max(1, len(c.Records)) {
			t.Errorf("%+v, and from %+v %+v", events, from, foreign)
		}
	}
	from := origin()
	from.AlarmPrefix = "theirs"
	if theirs, _ := decode(raw, from); slices.ContainsFunc(theirs, func(e event.Event) bool {
		return e.Kind == event.Alarm && slices.Contains(events, e)
	}) {
		t.Errorf("%+v under another prefix too", theirs)
	}
}

// checkSurroundings: neither space nor a member that AWS adds changes an event.
func checkSurroundings(t *testing.T, raw []byte, decode decoder, events []event.Event) {
	t.Helper()
	if len(raw) > 200<<10 {
		return // more of it would be too large
	}
	variants := []string{" \n" + string(raw) + "\t\r\n"}
	body, isObject := strings.CutPrefix(strings.TrimLeft(string(raw), " \t\r\n"), "{")
	if len(events) > 0 && isObject && !strings.Contains(body, "addedLater") && strings.TrimSpace(body) != "}" {
		variants = append(variants, `{"addedLater": {"nested": [1, null]}, `+body)
	}
	for _, text := range variants {
		if again, _ := decode([]byte(text), origin()); !slices.Equal(again, events) {
			t.Errorf("%s gives %+v, not %+v", text, again, events)
		}
	}
}

func FuzzDecodeSchedule(f *testing.F) {
	fuzz(f, decoders()["schedule"], event.Tick, event.Forecast, event.ScheduledAction)
}

func FuzzDecodeAlarm(f *testing.F) { fuzz(f, decoders()["alarm"], event.Alarm) }

func FuzzDecodeEndpointState(f *testing.F) { fuzz(f, decoders()["settle"], event.EndpointState) }

func BenchmarkDecodeAlarm(b *testing.B) {
	for _, file := range []string{"alarm-direct-metric", "alarm-eventbridge-alarm", "alarm-sns"} {
		raw := read(b, file)
		b.Run(file, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := event.DecodeAlarm(raw, origin()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Nearly the largest event that is read at all, of as many members as fit.
func BenchmarkDecodeLargest(b *testing.B) {
	var raw strings.Builder
	for i := range 16_000 {
		fmt.Fprintf(&raw, `,"%d":[[]]`, i)
	}
	largest := []byte("{" + raw.String()[1:] + "}")
	b.SetBytes(int64(len(largest)))
	for b.Loop() {
		if _, err := event.DecodeAlarm(largest, origin()); !errors.Is(err, event.ErrRefused) {
			b.Fatal(err)
		}
	}
}
