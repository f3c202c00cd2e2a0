package eventbridge_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sagescale/internal/notice"
)

// note is an event that says a text.
func note(text string) notice.Event {
	return notice.Event{
		Time: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), DetailType: "Scaling Activity State Change",
		Detail: notice.ActivityDetail{Target: notice.Target{Version: "1", Message: text}},
	}
}

// notes are so many events.
func notes(n int) []notice.Event {
	var out []notice.Event
	for i := range n {
		out = append(out, note(fmt.Sprintf("note %d.", i)))
	}
	return out
}

// said are the numbers of the notes of each request.
func said(s *server) string {
	var out []string
	for _, request := range s.seen() {
		var numbers []string
		for _, e := range request {
			_, rest, _ := strings.Cut(e.Detail, "note ")
			number, _, _ := strings.Cut(rest, ".")
			numbers = append(numbers, number)
		}
		out = append(out, strings.Join(numbers, " "))
	}
	return strings.Join(out, " | ")
}

func TestPut(t *testing.T) {
	s := serve(t, taking())
	if err := s.bus().Put(bounded(t), notes(1)); err != nil {
		t.Fatal(err)
	}
	e := s.seen()[0][0]
	if e.Source != "sagescale" || e.DetailType != "Scaling Activity State Change" || e.Time != 1795428000 || e.EventBusName != "" || e.Resources != nil {
		t.Errorf("sent %+v", e)
	}
	if !strings.HasPrefix(e.Detail, `{"version":"1","id":"","message":"note 0.",`) {
		t.Errorf("detail %s", e.Detail)
	}
}

// A call takes ten entries, and 256 KB of them.
func TestPutInBatches(t *testing.T) {
	large := slices.Repeat([]notice.Event{note("note L." + strings.Repeat("x", 100<<10))}, 5)
	for name, c := range map[string]struct {
		events []notice.Event
		want   string
	}{
		"none":        {nil, ""},
		"ten":         {notes(10), "0 1 2 3 4 5 6 7 8 9"},
		"eleven":      {notes(11), "0 1 2 3 4 5 6 7 8 9 | 10"},
		"twenty-one":  {notes(21), "0 1 2 3 4 5 6 7 8 9 | 10 11 12 13 14 15 16 17 18 19 | 20"},
		"large":       {large, "L L | L L | L"},
		"small, then": {append(notes(3), large[:3]...), "0 1 2 L L | L"},
	} {
		s := serve(t, taking())
		if err := s.bus().Put(bounded(t), c.events); err != nil || said(s) != c.want {
			t.Errorf("%s: sent %s, %v; want %s", name, said(s), err, c.want)
		}
	}
}

// An event that cannot be sent keeps no other from it.
func TestPutOfWhatCannotBeSent(t *testing.T) {
	s := serve(t, taking())
	events := append(notes(1), note(strings.Repeat("x", 256<<10)), notice.Event{DetailType: "odd", Detail: math.NaN()})
	err := s.bus().Put(bounded(t), append(events, notes(1)...))
	if err == nil || !strings.Contains(err.Error(), "bytes are too many") || !strings.Contains(err.Error(), "marshal odd: ") || said(s) != "0 0" {
		t.Errorf("sent %s, %v", said(s), err)
	}
}

// What was not taken beside others is sent once more, alone; what then fails again is told
// by its codes.
func TestPutAgain(t *testing.T) {
	short := func([]entry) (int, any) {
		return http.StatusOK, map[string]any{"FailedEntryCount": 0, "Entries": []any{map[string]string{"EventId": "e"}}}
	}
	for name, c := range map[string]struct {
		answers []answer
		want    string
		err     string
	}{
		"then taken":        {[]answer{taking("", "ThrottlingException"), taking()}, "0 1 2 | 1", ""},
		"not again":         {[]answer{taking("InternalFailure", "", "ThrottlingException"), taking("InternalFailure")}, "0 1 2 | 0 2", "1 events were not taken: InternalFailure"},
		"for two reasons":   {[]answer{taking("B", "A", "B")}, "0 1 2 | 0 1 2", "3 events were not taken: A, B"},
		"without an answer": {[]answer{short, taking()}, "0 1 2 | 1 2", ""},
		"never an answer":   {[]answer{short, short}, "0 1 2 | 1 2", "1 events were not taken: no answer"},
	} {
		s := serve(t, c.answers...)
		err := s.bus().Put(bounded(t), notes(3))
		if said(s) != c.want || (err == nil) != (c.err == "") || err != nil && err.Error() != "call PutEvents: "+c.err {
			t.Errorf("%s: sent %s, %v; want %s, %s", name, said(s), err, c.want, c.err)
		}
	}
}

// A batch that fails keeps no other from being sent.
func TestFaults(t *testing.T) {
	for kind, c := range map[string]struct {
		answer answer
		calls  int // before the next batch
		want   string
	}{
		"AccessDeniedException":   {fault(400, "AccessDeniedException"), 1, "allow events:PutEvents on the default event bus for the source sagescale: "},
		"ValidationException":     {fault(400, "ValidationException"), 1, "ValidationException"},
		"ThrottlingException":     {fault(400, "ThrottlingException"), 3, "ThrottlingException"},
		"InternalException":       {fault(500, "InternalException"), 3, "InternalException"},
		"a connection that broke": {func([]entry) (int, any) { return 0, nil }, 3, "EOF"},
	} {
		answers := append(slices.Repeat([]answer{c.answer}, c.calls), taking())
		s := serve(t, answers...)
		err := s.bus().Put(bounded(t), notes(11))
		if err == nil || !strings.HasPrefix(err.Error(), "call PutEvents: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", kind, err)
		}
		if requests := s.seen(); len(requests) != c.calls+1 || len(requests[c.calls]) != 1 {
			t.Errorf("%s: sent %s", kind, said(s))
		}
	}
}

func TestContextEnds(t *testing.T) {
	s := serve(t, taking())
	ctx, cancel := context.WithCancel(bounded(t))
	cancel()
	if err := s.bus().Put(ctx, notes(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}
