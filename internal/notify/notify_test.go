package notify_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/health"
	"sagescale/internal/notice"
	"sagescale/internal/scaling"
)

// stuck is the record of an evaluation that SageMaker did not answer.
func stuck(minute int) autoscaler.Record {
	return record(minute, because(scaling.EvaluationFailed, "call DescribeEndpoint: ThrottlingException"))
}

// Every activity that a record has is told, in the order of what happened, under a name of
// its own, and of the variant that it is of.
func TestEvaluatedTellsActivities(t *testing.T) {
	r := begun()
	ended, err := scaleOut(activity.InProgress).Close(activity.Failed, at(1), "the endpoint has failed")
	if err != nil {
		t.Fatal(err)
	}
	ended.ID, ended.Variant = "earlier", "Shadow"
	r.Settled, r.Outside = &ended, byOthers().Outside
	var got []string
	for _, e := range newWorld(t).evaluate(r, record(0)) {
		d := e.Detail.(notice.ActivityDetail)
		got = append(got, fmt.Sprintf("%s %s %v", d.ID, d.Variant, d.Limits != nil))
	}
	want := []string{
		"chat-llm/earlier/ended Shadow false",
		"chat-llm/20261123T103000.000Z-AllTraffic-others/ended AllTraffic true",
		"chat-llm/20261123T100000.000Z-AllTraffic-0123456789ab/begun AllTraffic true",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// What is not known is not there: it is not zero.
func TestEvaluatedLeavesOutWhatIsNotKnown(t *testing.T) {
	for name, c := range map[string]struct {
		change           func(*autoscaler.Record)
		capacity, limits bool
	}{
		"in service":      {func(*autoscaler.Record) {}, true, true},
		"not described":   {func(r *autoscaler.Record) { r.Observation = scaling.Observation{} }, false, false},
		"no such variant": {func(r *autoscaler.Record) { r.Decision.NotScaledReasons = []scaling.Reason{{Code: scaling.NotFound}} }, false, true},
		"no instances": {func(r *autoscaler.Record) {
			r.Decision.NotScaledReasons = []scaling.Reason{{Code: scaling.Unsupported}}
		}, false, true},
		"settled only":     {nil, false, false},
		"no steps, either": {func(r *autoscaler.Record) { r.Decision.Steps = nil }, true, true},
	} {
		w := newWorld(t)
		r := begun()
		if c.change == nil {
			if err := w.notifier().Settled(t.Context(), "chat-llm", scaleOut(activity.InProgress)); err != nil {
				t.Fatal(err)
			}
		} else {
			c.change(&r)
			w.evaluate(r)
		}
		d := only(t, w.sent).Detail.(notice.ActivityDetail)
		if (d.Capacity != nil) != c.capacity || (d.Limits != nil) != c.limits {
			t.Errorf("%s: capacity %v, limits %v", name, d.Capacity, d.Limits)
		}
		text, err := json.Marshal(d)
		if err != nil || strings.Contains(string(text), "null") || strings.Contains(string(text), `"capacity"`) != c.capacity {
			t.Errorf("%s: %v, %s", name, err, text)
		}
	}
}

func TestSettledTells(t *testing.T) {
	w := newWorld(t)
	closed, err := scaleOut(activity.InProgress).Close(activity.Successful, at(6), "5 instances are in service")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.notifier().Settled(t.Context(), "chat-llm", closed); err != nil {
		t.Fatal(err)
	}
	if got := message(t, only(t, w.sent)); got != "chat-llm/AllTraffic has scaled out from 3 to 5, which took 6m" {
		t.Errorf("message %q", got)
	}
	if w.reads+w.writes > 0 {
		t.Error("the health of a target is not known by a closed activity")
	}
}

// Of two evaluations at the same time one tells; who loses tells nothing, and no error.
func TestEvaluatedTellsOnce(t *testing.T) {
	w := newWorld(t)
	w.evaluate(stuck(0))
	other := newWorld(t)
	other.memories = w.memories
	w.meanwhile = func() {
		if n := len(other.evaluate(stuck(3))); n != 1 {
			t.Errorf("the first tells %d events", n)
		}
	}
	if events := w.evaluate(stuck(3)); len(events) > 0 {
		t.Errorf("the second tells %+v", events)
	}
}

// What the bus did not take is owed, and told when it takes it, under the same name. What
// is over by then is told as over.
func TestEvaluatedTellsAtLeastOnce(t *testing.T) {
	w := newWorld(t)
	w.evaluate(stuck(0))
	w.busDown = errors.New("down")
	for minute := 3; minute <= 9; minute++ {
		err := w.notifier().Evaluated(t.Context(), []autoscaler.Record{stuck(minute)})
		if tries := minute%2 == 1; tries != errors.Is(err, w.busDown) {
			t.Errorf("minute %d: %v", minute, err)
		}
	}
	w.busDown = nil
	w.evaluate(stuck(10))
	d := only(t, w.evaluate(stuck(11))).Detail.(notice.HealthDetail)
	if d.ID != "chat-llm/AllTraffic/2026-11-23T10:00:00Z/StuckEvaluationFailed" || !strings.Contains(d.Message, "not scaled for 11m") {
		t.Errorf("%+v", d.Target)
	}
	for minute := 12; minute < 20; minute++ {
		if events := w.evaluate(stuck(minute)); len(events) > 0 {
			t.Errorf("minute %d: told again: %+v", minute, events)
		}
	}
}

// An evaluation that dies after it has sent an event leaves it owed: it is told twice, by
// one name, which is better than not at all.
func TestEvaluatedTellsAgainAfterACrash(t *testing.T) {
	w := newWorld(t)
	w.evaluate(stuck(0))
	var crashed bool
	w.meanwhile = func() {
		w.meanwhile = func() { crashed, w.writesFail = true, errors.New("crashed") }
	}
	first := len(w.sent)
	if err := w.notifier().Evaluated(t.Context(), []autoscaler.Record{stuck(3)}); !crashed || err == nil {
		t.Fatalf("crashed %v, %v", crashed, err)
	}
	w.writesFail = nil
	w.evaluate(stuck(4))
	w.evaluate(stuck(5))
	events := w.sent[first:]
	if len(events) != 2 || events[0].Detail.(notice.HealthDetail).ID != events[1].Detail.(notice.HealthDetail).ID {
		t.Errorf("told %+v", events)
	}
}

// Without the table nobody knows what was told: nothing of health is, but activities are.
func TestEvaluatedWithoutTheTable(t *testing.T) {
	boom := errors.New("down")
	for name, broken := range map[string]*world{"read": {tableDown: boom}, "write": {writesFail: boom}} {
		broken.t, broken.memories = t, map[string]map[string]health.Memory{}
		r := begun()
		r.Decision.NotScaledReasons = stuck(0).Decision.NotScaledReasons
		other := stuck(0)
		other.Endpoint = "other"
		err := broken.notifier().Evaluated(t.Context(), []autoscaler.Record{r, other})
		if !errors.Is(err, boom) || strings.Count(err.Error(), "down") != 2 {
			t.Errorf("%s: %v", name, err)
		}
		if e := only(t, broken.sent); !strings.Contains(message(t, e), "scales out") {
			t.Errorf("%s: told %+v", name, e)
		}
	}
}

// An evaluation that another was ahead of says nothing of the target.
func TestEvaluatedKnowsNothing(t *testing.T) {
	w := newWorld(t)
	w.evaluate(stuck(0))
	w.evaluate(record(1, because(scaling.ClaimedElsewhere, "another evaluation wrote the state first")))
	if events := w.evaluate(stuck(3)); len(events) != 1 {
		t.Errorf("told %+v", events)
	}
}

// The variants of an endpoint are read together and fare apart.
func TestEvaluatedKeepsVariantsApart(t *testing.T) {
	w := newWorld(t)
	both := func(minute int) []autoscaler.Record {
		fine := record(minute)
		fine.Variant = "Shadow"
		return []autoscaler.Record{stuck(minute), fine}
	}
	w.evaluate(both(0)...)
	events := w.evaluate(both(3)...)
	if w.reads != 2 || !strings.HasPrefix(message(t, only(t, events)), "chat-llm/AllTraffic needs help: not scaled for 3m, EvaluationFailed: ") {
		t.Errorf("%d reads, told %+v", w.reads, events)
	}
	if known := slices.Collect(maps.Keys(w.memories["chat-llm"])); !slices.Equal(known, []string{"AllTraffic"}) {
		t.Errorf("remembered are %v", known)
	}
}

// What telling costs in a month of thirty days: for each endpoint a read at every tick,
// which is 21,600 units of half-price reads and less than a cent, and no write while all
// is well. Two changes that are told cost six writes and two events.
func TestCostOfAMonth(t *testing.T) {
	const minutes, endpoints = 30 * 24 * 60, 3
	w := newWorld(t)
	for minute := range minutes {
		var records []autoscaler.Record
		for i := range endpoints {
			r := record(minute)
			if i == 0 && minute >= 1000 && minute < 2000 {
				r = stuck(minute)
			}
			r.Endpoint = fmt.Sprint("endpoint-", i)
			records = append(records, r)
		}
		w.evaluate(records...)
	}
	if w.reads != minutes*endpoints || w.writes != 6 || len(w.sent) != 2 {
		t.Errorf("%d reads, %d writes, %d events", w.reads, w.writes, len(w.sent))
	}
}

// Whatever others have written is plain and short in an event, and its message fits a
// template that escapes nothing.
//
// Faults: H5
func TestHostileTexts(t *testing.T) {
	hostile := "\x1b[31m\r\n\"},{\\\"x\\\": 1}\u202e\xff <!channel> " + strings.Repeat("<\x00\U0001f4a5\n", 1<<18)
	r := begun()
	r.Activity.Cause, r.Activity.StatusMessage, r.Activity.ID = hostile, hostile, hostile
	r.Decision.Steps, r.Decision.NotScaledReasons = nil, nil
	for range 200 {
		r.Decision.Steps = append(r.Decision.Steps, scaling.Step{Rule: scaling.RuleStepScaling, Reason: hostile})
		r.Decision.NotScaledReasons = append(r.Decision.NotScaledReasons, because(scaling.EvaluationFailed, hostile))
	}
	closed, err := r.Activity.Close(activity.Overridden, at(1), hostile)
	if err != nil {
		t.Fatal(err)
	}
	others := closed
	others.ByOthers = true
	r.Settled, r.Outside = &closed, []activity.Activity{others}
	w := newWorld(t)
	w.evaluate(r)
	r.Time = at(3)
	w.evaluate(r)
	if len(w.sent) != 7 {
		t.Fatalf("%d events", len(w.sent))
	}
	for _, e := range w.sent {
		text, err := json.Marshal(e.Detail)
		if err != nil || len(text) > 100<<10 || !utf8.Valid(text) || strings.ContainsFunc(string(text), func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%v: %d bytes: %.300q", err, len(text), text)
		}
		if m := message(t, e); utf8.RuneCountInString(m) > 420 || strings.ContainsAny(m, "\"\\<>\n\r") {
			t.Errorf("message %q", m)
		}
	}
	for _, m := range w.memories["chat-llm"] {
		if text, err := json.Marshal(m); err != nil || len(text) > 10<<10 {
			t.Errorf("remembered %v, %d bytes", err, len(text))
		}
	}
}

// The sentences of what takes long, and of what nobody knows the beginning of.
func TestMessages(t *testing.T) {
	for want, m := range map[string]health.Memory{
		"e/v needs help: not scaled for 2h15m, TargetNotFound: gone": {Told: health.Condition{Status: health.Stuck, Code: scaling.NotFound, Reason: "gone", Since: at(-135)}},
		"e/v needs help: not scaled for 26h, TargetNotFound: gone":   {Told: health.Condition{Status: health.Stuck, Code: scaling.NotFound, Reason: "gone", Since: at(-26 * 60)}},
		"e/v is held: nothing is removed for 30m, MissingData: gone": {Told: health.Condition{Status: health.Held, Code: scaling.MissingData, Reason: "gone", Since: at(-30)}},
		"e/v is healthy again": {Told: health.Condition{Status: health.Healthy, Since: at(-3)}},
		"e/v is healthy again, after 1h30m of ScalingConflict": {
			Told: health.Condition{Status: health.Healthy, Since: at(-3)}, Before: health.Condition{Status: health.Stuck, Code: scaling.ScalingConflict, Since: at(-93)},
		},
	} {
		if got := message(t, notice.OfHealth(notice.Target{Endpoint: "e", Variant: "v"}, m, nil, begin())); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	quick := scaleOut(activity.Successful)
	quick.From, quick.To, quick.EndTime = 5, 3, quick.StartTime.Add(12345*time.Millisecond)
	if got := message(t, notice.OfActivity(notice.Target{Endpoint: "e", Variant: "v"}, quick)); got != "e/v has scaled in from 5 to 3, which took 12s" {
		t.Errorf("got %s", got)
	}
}
