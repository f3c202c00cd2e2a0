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
	"sagescale/internal/health"
	"sagescale/internal/scaling"
)

// remembered is a memory with everything in it.
func remembered() health.Memory {
	stuck := health.Condition{Status: health.Stuck, Code: scaling.BackingOff, Reason: "because \"of\" it", Since: now()}
	return health.Memory{
		Version: 7, Told: stuck, Before: health.Condition{Status: health.Healthy, Since: now().Add(-time.Hour)},
		Seen: health.Condition{Status: health.Healthy, Since: now().Add(time.Minute)}, Owed: now().Add(time.Second), Teller: "request-1",
	}
}

// healthOf is the item that a memory is written as.
func healthOf(t *testing.T, variant string, m health.Memory) object {
	t.Helper()
	body, errBody := json.Marshal(m)
	version, errVersion := json.Marshal(m.Version)
	if errBody != nil || errVersion != nil {
		t.Fatal(errBody, errVersion)
	}
	return object{
		"pk": text("chat-llm"), "sk": text("health#" + variant), "health": text(string(body)),
		"version": number(string(version)), "schema": number("1"),
	}
}

// It is read at half the price, and not with what the evaluator reads.
func TestHealth(t *testing.T) {
	s := serve(t, pageBefore(keyOf("health#a"), healthOf(t, "a", remembered())), page(healthOf(t, "b", health.Memory{Version: 1})))
	got, err := s.store().Health(bounded(t), "chat-llm")
	if want := map[string]health.Memory{"a": remembered(), "b": {Version: 1}}; err != nil || !maps.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	calls := s.seen()
	if len(calls) != 2 || calls[0].target != "DynamoDB_20120810.Query" {
		t.Fatalf("calls %+v", calls)
	}
	check(t, "request", calls[0].request, object{
		"TableName": "sagescale-state", "ConsistentRead": false,
		"KeyConditionExpression":    "#pk = :endpoint AND begins_with(#sk, :from)",
		"ExpressionAttributeNames":  object{"#pk": "pk", "#sk": "sk"},
		"ExpressionAttributeValues": object{":endpoint": text("chat-llm"), ":from": text("health#")},
	})
	if from := queried(nil)["ExpressionAttributeValues"].(object)[":from"].(object)["S"].(string); "health#~" >= from {
		t.Errorf("Load, which begins at %s, reads it too", from)
	}
	none, err := serve(t, page()).store().Health(bounded(t), "chat-llm")
	if err != nil || none == nil || len(none) != 0 {
		t.Errorf("of nothing: %v, %v", none, err)
	}
	if all, err := serve(t, fault(500, "InternalServerError")).store().Health(bounded(t), "chat-llm"); err == nil || all != nil {
		t.Errorf("without an answer: %v, %v", all, err)
	}
}

func TestSaveHealth(t *testing.T) {
	for name, c := range map[string]struct {
		read      int64
		condition string
		values    object
	}{
		"a later one": {7, "#version = :read", object{":read": number("7")}},
		"the first":   {0, "NOT attribute_type(#version, :number) OR #version < :one", object{":number": text("N"), ":one": number("1")}},
	} {
		s := serve(t, ok(object{}))
		m := remembered()
		m.Version = c.read
		saved, err := s.store().SaveHealth(bounded(t), "chat-llm", "AllTraffic", m)
		want := m
		want.Version++
		if err != nil || saved != want {
			t.Errorf("%s: saved %+v, %v", name, saved, err)
		}
		check(t, name, s.seen()[0].request, object{
			"TableName": "sagescale-state", "Item": healthOf(t, "AllTraffic", want), "ConditionExpression": c.condition,
			"ExpressionAttributeNames": object{"#version": "version"}, "ExpressionAttributeValues": c.values,
			"ReturnValuesOnConditionCheckFailure": "ALL_OLD",
		})
	}
}

// Who is late tells nothing; who wrote and did not hear of it does.
func TestSaveHealthThatFails(t *testing.T) {
	other := remembered()
	other.Version, other.Teller = 8, "request-2"
	for name, c := range map[string]struct {
		answers []answer
		saved   bool
		lost    bool
	}{
		"another was first":    {[]answer{failed(func(object) object { return healthOf(t, "AllTraffic", other) })}, false, true},
		"another is writing":   {[]answer{fault(400, "TransactionConflictException")}, false, true},
		"the answer was lost":  {[]answer{reset, failed(func(written object) object { return written })}, true, false},
		"not allowed":          {[]answer{fault(400, "AccessDeniedException")}, false, false},
		"no answer after all":  {[]answer{fault(500, "InternalServerError")}, false, false},
		"throttled, then done": {[]answer{fault(400, "ThrottlingException"), ok(object{})}, true, false},
	} {
		_, err := serve(t, c.answers...).store().SaveHealth(bounded(t), "chat-llm", "AllTraffic", remembered())
		if (err == nil) != c.saved || errors.Is(err, activity.ErrConflict) != c.lost {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What cannot be understood is replaced by the next write, on the version that it has.
func TestHealthThatCannotBeUnderstood(t *testing.T) {
	set := func(name string, value any) func(object) { return func(o object) { o[name] = value } }
	for name, c := range map[string]struct {
		spoil func(object)
		want  health.Memory
	}{
		"no health":      {func(o object) { delete(o, "health") }, health.Memory{Version: 7}},
		"no JSON":        {set("health", text("{")), health.Memory{Version: 7}},
		"a status":       {set("health", text(`{"told":{"status":"Fine"}}`)), health.Memory{Version: 7}},
		"a time":         {set("health", text(`{"told":{"since":"now"}}`)), health.Memory{Version: 7}},
		"no schema":      {func(o object) { delete(o, "schema") }, health.Memory{Version: 7}},
		"no version":     {func(o object) { delete(o, "version") }, health.Memory{}},
		"version 0":      {set("version", number("0")), health.Memory{}},
		"nothing but it": {func(o object) { maps.DeleteFunc(o, func(k string, _ any) bool { return k != "sk" }) }, health.Memory{}},
	} {
		t.Run(name, func(t *testing.T) {
			item := healthOf(t, "a", remembered())
			c.spoil(item)
			got, err := serve(t, page(item, healthOf(t, "b", remembered()))).store().Health(bounded(t), "chat-llm")
			if want := map[string]health.Memory{"a": c.want, "b": remembered()}; err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// What a newer deployment has written is left alone, and what has no name.
func TestHealthOfOthers(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(object)
		want  string
	}{
		"a newer schema":     {func(o object) { o["schema"] = number("2") }, "newer"},
		"no sort key":        {func(o object) { delete(o, "sk") }, "sk"},
		"a part of a number": {func(o object) { o["version"] = number("7.5") }, "version"},
	} {
		item := healthOf(t, "a", remembered())
		c.spoil(item)
		got, err := serve(t, page(item, healthOf(t, "b", remembered()))).store().Health(bounded(t), "chat-llm")
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "chat-llm") {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
		if _, there := got["b"]; len(got) != 1 || !there {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}
