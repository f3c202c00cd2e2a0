package dynamodb_test

import (
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
)

func now() time.Time { return time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) }

// full is a state with everything in it.
func full() activity.State {
	open := activity.Activity{
		ID: "20261123T100000.000Z-AllTraffic-abc", Variant: "AllTraffic", From: 2, To: 5, Status: activity.Pending,
		Cause: "tick; a load of 3500 at 700 per instance needs 5 & more <than> \"2\"\n", PolicyDigest: "0123456789abcdef",
		StartTime: now().Add(123456789),
	}
	closed := activity.Activity{
		ID: "a0", Variant: "AllTraffic", From: 3, To: 2, Status: activity.Successful, StatusMessage: "2 instances are in service",
		StartTime: now().Add(-time.Hour), EndTime: now().Add(-50 * time.Minute),
	}
	return activity.State{
		Endpoint:     "chat-llm",
		Version:      7,
		CreationTime: now().AddDate(0, -1, 0),
		Config:       "chat-llm-config-3",
		Known:        map[string]activity.Known{"AllTraffic": {Capacity: 2, At: now()}, "Shadow": {Capacity: 1, At: now().Add(-time.Hour)}},
		Open:         &open,
		Recent:       []activity.Activity{closed},
		Provisioning: map[string][]time.Duration{"AllTraffic": {6 * time.Minute, 7*time.Minute + time.Nanosecond}},
		Backoffs:     map[string]activity.Backoffs{"AllTraffic": {Out: activity.Backoff{Failures: 2, Until: now().Add(time.Minute)}}},
	}
}

// itemOf is the item that a state is written as.
func itemOf(t *testing.T, s activity.State) object {
	t.Helper()
	body, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	version, err := json.Marshal(s.Version)
	if err != nil {
		t.Fatal(err)
	}
	return object{
		"pk": text(s.Endpoint), "sk": text("state"), "state": text(string(body)),
		"version": number(string(version)), "schema": number("1"),
	}
}

// The version is that of its own attribute, which the condition is on.
func TestLoadTakesTheVersionThatCounts(t *testing.T) {
	item := itemOf(t, full())
	item["version"] = number("12")
	item["note"] = text("somebody's own attribute")
	want := full()
	want.Version = 12
	wantLoaded(t, serve(t, page(item)), want, nil)
}

// A damaged item remembers nothing and says why. Its version, where it has one that
// counts, is what the next write is conditional on.
//
// Faults: C8
func TestLoadOfDamagedItems(t *testing.T) {
	set := func(name string, value any) func(object) { return func(o object) { o[name] = value } }
	remove := func(name string) func(object) { return func(o object) { delete(o, name) } }
	tests := map[string]struct {
		damage func(object)
		want   string
	}{
		"no version":           {remove("version"), "version is no number"},
		"version of text":      {set("version", text("7")), "version is no number"},
		"version is null":      {set("version", object{"NULL": true}), "version is no number"},
		"version 0":            {set("version", number("0")), "version is 0"},
		"version below 0":      {set("version", number("-7")), "version is -7"},
		"no schema":            {remove("schema"), "schema is no number"},
		"schema of text":       {set("schema", text("1")), "schema is no number"},
		"schema 0":             {set("schema", number("0")), "schema is 0"},
		"no state":             {remove("state"), "state is no string"},
		"state of bytes":       {set("state", object{"B": "e30="}), "state is no string"},
		"state of a map":       {set("state", object{"M": object{}}), "state is no string"},
		"empty state":          {set("state", text("")), "unmarshal state"},
		"cut off":              {set("state", text(`{"endpoint":"chat-llm","open":{"id":`)), "unmarshal state"},
		"a list":               {set("state", text(`[]`)), "unmarshal state"},
		"null":                 {set("state", text(`null`)), `of endpoint ""`},
		"nothing in it":        {set("state", text(`{}`)), `of endpoint ""`},
		"of another endpoint":  {set("state", text(`{"endpoint":"other"}`)), `of endpoint "other"`},
		"a count of text":      {set("state", text(`{"endpoint":"chat-llm","open":{"fromCapacity":"2"}}`)), "unmarshal state"},
		"a time that is none":  {set("state", text(`{"endpoint":"chat-llm","creationTime":"yesterday"}`)), "unmarshal state"},
		"a duration too long":  {set("state", text(`{"endpoint":"chat-llm","provisioning":{"v":[1e30]}}`)), "unmarshal state"},
		"only keys are stored": {func(o object) { clear(o); o["pk"], o["sk"] = text("chat-llm"), text("state") }, "schema is no number"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			item := itemOf(t, full())
			test.damage(item)
			got, _, err := serve(t, page(item)).store().Load(bounded(t), "chat-llm")
			if err != nil || !strings.Contains(got.Damage, test.want) || len(got.Damage) > 320 {
				t.Fatalf("loaded damage %q, %v; want it to say %q", got.Damage, err, test.want)
			}
			want := activity.State{Endpoint: "chat-llm", Version: 7, Damage: got.Damage}
			if strings.Contains(test.want, "version") || name == "only keys are stored" {
				want.Version = 0
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("loaded %+v, want %+v", got, want)
			}
		})
	}
}

// What a newer deployment has written, and a version that no write could be
// conditional on, is not overwritten.
//
// Faults: B13 G7
func TestLoadRefusesWhatIsNotItsOwn(t *testing.T) {
	set := func(name string, value any) func(object) { return func(o object) { o[name] = value } }
	tests := map[string]struct {
		change func(object)
		want   string
	}{
		"newer schema":      {set("schema", number("2")), "schema 2 is newer than 1"},
		"version is a part": {set("version", number("7.5")), "version: "},
		"version is huge":   {set("version", number("1E+30")), "version: "},
		"newer, in another form": {func(o object) {
			clear(o)
			o["pk"], o["sk"], o["schema"] = text("chat-llm"), text("state"), number("2")
		}, "schema 2 is newer than 1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			item := itemOf(t, full())
			test.change(item)
			wantNotLoaded(t, serve(t, page(item)), "endpoint chat-llm", test.want)
		})
	}
}

func TestSaveCreates(t *testing.T) {
	s := serve(t, ok(object{}))
	state := full()
	state.Version = 0
	got, err := s.store().Save(bounded(t), state)
	want := state
	want.Version = 1
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	calls := s.seen()
	if len(calls) != 1 || calls[0].target != "DynamoDB_20120810.PutItem" {
		t.Fatalf("calls %+v", calls)
	}
	check(t, "request", calls[0].request, object{
		"TableName": "sagescale-state", "Item": itemOf(t, want),
		"ConditionExpression":                 "NOT attribute_type(#version, :number) OR #version < :one",
		"ExpressionAttributeNames":            object{"#version": "version"},
		"ExpressionAttributeValues":           object{":number": text("N"), ":one": number("1")},
		"ReturnValuesOnConditionCheckFailure": "ALL_OLD",
	})
}

func TestSaveReplaces(t *testing.T) {
	s := serve(t, ok(object{}))
	got, err := s.store().Save(bounded(t), full())
	want := full()
	want.Version = 8
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	check(t, "request", s.seen()[0].request, object{
		"TableName": "sagescale-state", "Item": itemOf(t, want),
		"ConditionExpression":                 "#version = :read",
		"ExpressionAttributeNames":            object{"#version": "version"},
		"ExpressionAttributeValues":           object{":read": number("7")},
		"ReturnValuesOnConditionCheckFailure": "ALL_OLD",
	})
}

// What a write comes to when its condition fails: it is our own, applied before
// its answer was lost, or somebody else was first.
func TestSaveWhenTheConditionFails(t *testing.T) {
	itself := func(written object) object { return written }
	with := func(name string, value any) func(object) object {
		return func(written object) object {
			out := maps.Clone(written)
			out[name] = value
			return out
		}
	}
	tests := map[string]struct {
		stored func(written object) object
		ours   bool
	}{
		"ours":            {itself, true},
		"ours and a note": {with("note", text("somebody's own attribute")), true},
		"other content":   {with("state", text(`{"endpoint":"chat-llm","version":8}`)), false},
		"another type":    {with("state", number("8")), false},
		"no state":        {func(object) object { return object{"pk": text("chat-llm")} }, false},
		"no item":         {func(object) object { return nil }, false},
	}
	for name, test := range tests {
		for _, version := range []int64{0, 7} {
			state := full()
			state.Version = version
			s := serve(t, failed(test.stored))
			got, err := s.store().Save(bounded(t), state)
			want := activity.State{}
			if test.ours {
				want = state
				want.Version++
			}
			if (err == nil) != test.ours || err != nil && !errors.Is(err, activity.ErrConflict) {
				t.Errorf("%s, version %d: got %v", name, version, err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s, version %d: got %+v, want %+v", name, version, got, want)
			}
			if n := len(s.seen()); n != 1 {
				t.Errorf("%s, version %d: %d calls, want 1", name, version, n)
			}
		}
	}
}

// The answer to the first try is lost and the SDK tries again, with the very
// same item.
func TestSaveSurvivesALostAnswer(t *testing.T) {
	for name, lost := range map[string]answer{"500": fault(500, "InternalServerError"), "reset": reset} {
		s := serve(t, lost, failed(func(written object) object { return written }))
		got, err := s.store().Save(bounded(t), full())
		if err != nil || got.Version != 8 {
			t.Errorf("%s: got version %d, %v", name, got.Version, err)
		}
		calls := s.seen()
		if len(calls) != 2 {
			t.Fatalf("%s: %d calls, want 2", name, len(calls))
		}
		check(t, name+": the second try", calls[1].request, calls[0].request)
	}
}

func TestSaveOfWhatCannotBeWritten(t *testing.T) {
	s := serve(t, ok(object{}))
	state := full()
	state.CreationTime = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)
	if got, err := s.store().Save(bounded(t), state); err == nil || !reflect.DeepEqual(got, activity.State{}) {
		t.Errorf("got %+v, %v, want an error", got, err)
	}
	if calls := s.seen(); len(calls) > 0 {
		t.Errorf("sent %+v", calls)
	}
}

func TestRoundTrip(t *testing.T) {
	states := map[string]activity.State{
		"full":  full(),
		"empty": {Endpoint: "chat-llm"},
	}
	for name, state := range states {
		store := serve(t, stored()).store()
		saved, err := store.Save(bounded(t), state)
		if err != nil {
			t.Fatal(err)
		}
		loaded, _, err := store.Load(bounded(t), "chat-llm")
		if err != nil || !reflect.DeepEqual(loaded, saved) {
			t.Errorf("%s:\nloaded %+v, %v\nsaved  %+v", name, loaded, err, saved)
		}
		if loaded.Version != state.Version+1 {
			t.Errorf("%s: version %d after %d", name, loaded.Version, state.Version)
		}
	}
}
