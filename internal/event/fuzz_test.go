package event_test

import (
	"errors"
	"fmt"
	"regexp"
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

// fuzz decodes anything, beginning with the samples. Decoding twice gives the
// same, and what the JSON has beside an object's members never matters.
func fuzz(f *testing.F, decode decoder) {
	for _, file := range files(f) {
		f.Add(read(f, file))
	}
	f.Add([]byte(`{"alarmData":{},"AlarmData":{}}`)) // names in two cases
	f.Add([]byte(`{"detail":{"a":[[[[[]]]]]}} `))    // trailing space
	f.Add([]byte("{\"\xff\":\"\\ud800\"}"))          // broken encodings
	f.Fuzz(func(t *testing.T, raw []byte) {
		events, err := decode(raw, origin())
		checkEvents(t, events)
		if err != nil {
			checkMessage(t, err)
		} else if len(events) == 0 {
			t.Error("neither an event nor an error")
		}
		again, _ := decode(append([]byte(" \n"), raw...), origin())
		if len(raw) < 200<<10 && len(again) != len(events) {
			t.Errorf("got %v, with space before it %v", events, again)
		}
	})
}

func FuzzDecodeSchedule(f *testing.F) { fuzz(f, decoders()["schedule"]) }

func FuzzDecodeAlarm(f *testing.F) { fuzz(f, decoders()["alarm"]) }

func FuzzDecodeEndpointState(f *testing.F) { fuzz(f, decoders()["settle"]) }

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
