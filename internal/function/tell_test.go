package function_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/event"
	"sagescale/internal/function"
)

// audience notes what it is told.
type audience struct {
	told     []string
	deadline time.Time
	err      error
	panics   bool
}

func (a *audience) Evaluated(ctx context.Context, records []autoscaler.Record) error {
	var names []string
	for _, r := range records {
		names = append(names, r.Endpoint)
	}
	return a.tell(ctx, "evaluated "+strings.Join(names, " "))
}

func (a *audience) Settled(ctx context.Context, endpoint string, closed activity.Activity) error {
	return a.tell(ctx, "settled "+endpoint+" "+closed.ID)
}

func (a *audience) tell(ctx context.Context, what string) error {
	a.deadline, _ = ctx.Deadline()
	a.told = append(a.told, what)
	if a.panics {
		panic("nobody listens")
	}
	return a.err
}

// closing is an evaluator that closes an activity, or finds none that is open.
type closing struct {
	*spy
	closed *activity.Activity
}

func (c closing) Settle(context.Context, autoscaler.Trigger) (*activity.Activity, error) {
	return c.closed, c.err
}

// Each evaluation is told by itself, with all its records, also those of one that failed.
func TestFunctionsTellOfEvaluations(t *testing.T) {
	f, _, _ := evaluating(t)
	a := &audience{}
	f.Notifier = a
	if err := f.Schedule(t.Context(), json.RawMessage(event.TickInput())); err != nil {
		t.Fatal(err)
	}
	if err := f.Alarm(t.Context(), twoAlarms(t)); err != nil {
		t.Fatal(err)
	}
	if want := []string{"evaluated chat-llm victim", "evaluated chat-llm", "evaluated chat-llm"}; !slices.Equal(a.told, want) {
		t.Errorf("told %q, want %q", a.told, want)
	}
}

// A change of status is told of where it closed an activity.
func TestFunctionTellsOfWhatItSettled(t *testing.T) {
	raw, err := os.ReadFile("../../events/endpoint-in-service.json")
	if err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	for name, c := range map[string]struct {
		closed *activity.Activity
		err    error
		want   string
	}{
		"closed":       {&activity.Activity{ID: "a1"}, nil, "settled chat-llm a1"},
		"nothing open": {nil, nil, ""},
		"failed":       {nil, boom, ""},
	} {
		f, s, _ := harness(c.err)
		a := &audience{}
		f.Notifier, f.Evaluator = a, closing{s, c.closed}
		if err := f.Settle(t.Context(), raw); !errors.Is(err, c.err) {
			t.Errorf("%s: %v", name, err)
		}
		if got := strings.Join(a.told, ", "); got != c.want {
			t.Errorf("%s: told %q, want %q", name, got, c.want)
		}
	}
}

// That nobody could be told is in the log, on one line of a bounded length, and changes
// nothing else: neither the answer nor the metrics.
func TestTellingFailsAlone(t *testing.T) {
	closed := &activity.Activity{ID: "a1"}
	settle, err := os.ReadFile("../../events/endpoint-in-service.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, a := range map[string]*audience{
		"an error": {err: errors.New("boom\n" + strings.Repeat("x", 1<<20))}, "a panic": {panics: true},
	} {
		f, s, log := harness(nil)
		f.Notifier, f.Evaluator = a, closing{s, closed}
		for _, work := range []func() error{
			func() error { return f.Schedule(t.Context(), json.RawMessage(`{}`)) },
			func() error { return f.Alarm(t.Context(), twoAlarms(t)) },
			func() error { return f.Settle(t.Context(), settle) },
		} {
			if err := work(); err != nil {
				t.Errorf("%s: answered %v", name, err)
			}
		}
		if len(a.told) != 4 || strings.Count(log.String(), `"level":"ERROR","msg":"not told"`) != 4 ||
			strings.Count(log.String(), `"Errors":0`) != 3 || log.Len() > 40<<10 {
			t.Errorf("%s: told %q, log %.2000s", name, a.told, log)
		}
	}
}

// Telling takes no more than ten seconds, and none of the time in which the function says
// how it went.
func TestTellingEndsInTime(t *testing.T) {
	for left, want := range map[time.Duration]time.Duration{time.Minute: 10 * time.Second, 9 * time.Second: 7 * time.Second} {
		f, _, _ := harness(nil)
		a := &audience{}
		f.Notifier = a
		began := time.Now()
		ctx, cancel := context.WithDeadline(t.Context(), began.Add(left))
		defer cancel()
		if err := f.Schedule(ctx, json.RawMessage(`{}`)); err != nil {
			t.Fatal(err)
		}
		if got := a.deadline.Sub(began); got < want-time.Second || got > want+time.Second {
			t.Errorf("with %s left it may take %s, want %s", left, got, want)
		}
	}
}

// A recorder outside an evaluation has nobody to keep records for.
func TestLogRecordKeepsNothingForNobody(t *testing.T) {
	f, _, log := harness(nil)
	function.LogRecord(f.Log)(t.Context(), autoscaler.Record{Endpoint: "chat-llm"})
	if !strings.Contains(log.String(), "chat-llm") {
		t.Errorf("log %s", log)
	}
}
