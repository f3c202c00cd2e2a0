package dynamodb_test

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/policy"
)

// held is an override with everything in it.
func held() policy.Override {
	return policy.Override{
		Pause: policy.In, Min: new(2), Max: new(4), Until: now().Add(90 * time.Minute),
		By: "ops@example.com", Reason: "load test <7> & \"more\": a\\b, 100 % of it",
	}
}

// paused is an override of one field, over for weeks.
func paused() policy.Override {
	return policy.Override{Pause: policy.Both, Until: now().AddDate(0, 0, -40).Add(time.Nanosecond)}
}

// overrideOf is the item that an override is written as.
func overrideOf(t *testing.T, variant string, o policy.Override) object {
	t.Helper()
	body, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return object{
		"pk": text("chat-llm"), "sk": text("override#" + variant), "override": text(string(body)),
		"schema": number("1"), "expires": number(strconv.FormatInt(o.Until.Unix()+86_400, 10)),
	}
}

func TestSaveOverride(t *testing.T) {
	s := serve(t, ok(object{}))
	store := s.store()
	elsewhere := held()
	elsewhere.Until = elsewhere.Until.In(time.FixedZone("elsewhere", 3600))
	for _, o := range []policy.Override{held(), held(), paused(), elsewhere} {
		if err := store.SaveOverride(bounded(t), "chat-llm", "AllTraffic", o); err != nil {
			t.Fatal(err)
		}
	}
	calls := s.seen()
	if len(calls) != 4 {
		t.Fatalf("%d calls, want 4", len(calls))
	}
	for i, o := range []policy.Override{held(), held(), paused(), elsewhere} {
		if calls[i].target != "DynamoDB_20120810.PutItem" {
			t.Errorf("called %s", calls[i].target)
		}
		check(t, "request", calls[i].request, object{"TableName": "sagescale-state", "Item": overrideOf(t, "AllTraffic", o)})
	}
}

// The documented form, in which an operator may write it by hand.
func TestOverrideIsKeptAsDocumented(t *testing.T) {
	o := policy.Override{Max: new(3), Until: now(), By: "ops"}
	s := serve(t, ok(object{}))
	if err := s.store().SaveOverride(bounded(t), "chat-llm", "AllTraffic", o); err != nil {
		t.Fatal(err)
	}
	item := object{
		"pk": text("chat-llm"), "sk": text("override#AllTraffic"), "schema": number("1"), "expires": number("1795514400"),
		"override": text(`{"maxCapacity":3,"until":"2026-11-23T10:00:00Z","by":"ops"}`),
	}
	check(t, "request", s.seen()[0].request, object{"TableName": "sagescale-state", "Item": item})
	wantLoaded(t, serve(t, page(item)), activity.State{Endpoint: "chat-llm"}, map[string]policy.Override{"AllTraffic": o})
}

func TestDeleteOverride(t *testing.T) {
	s := serve(t, ok(object{}))
	if err := s.store().DeleteOverride(bounded(t), "chat-llm", "AllTraffic"); err != nil {
		t.Fatal(err)
	}
	calls := s.seen()
	if len(calls) != 1 || calls[0].target != "DynamoDB_20120810.DeleteItem" {
		t.Fatalf("calls %+v", calls)
	}
	check(t, "request", calls[0].request, object{"TableName": "sagescale-state", "Key": keyOf("override#AllTraffic")})
}

// What would hold the endpoint when it is read is not written.
func TestSaveOverrideRefuses(t *testing.T) {
	with := func(change func(*policy.Override)) policy.Override {
		o := held()
		change(&o)
		return o
	}
	tests := map[string]struct {
		variant  string
		override policy.Override
		want     string
	}{
		"nothing":            {"AllTraffic", policy.Override{}, "pause: is required, or minCapacity or maxCapacity"},
		"no end":             {"AllTraffic", with(func(o *policy.Override) { o.Until = time.Time{} }), "until: is required"},
		"another direction":  {"AllTraffic", with(func(o *policy.Override) { o.Pause = "up" }), "pause: "},
		"a minimum of 0":     {"AllTraffic", with(func(o *policy.Override) { o.Min = new(0) }), "minCapacity"},
		"crossed limits":     {"AllTraffic", with(func(o *policy.Override) { o.Max = new(1) }), "minCapacity: 2"},
		"a line break":       {"AllTraffic", with(func(o *policy.Override) { o.Reason = "a\nb" }), "reason: "},
		"a long name":        {"AllTraffic", with(func(o *policy.Override) { o.By = strings.Repeat("x", 257) }), "by: "},
		"a year of 5 digits": {"AllTraffic", with(func(o *policy.Override) { o.Until = o.Until.AddDate(10_000, 0, 0) }), "marshal override: "},
		"no variant":         {"", held(), "names no variant"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, ok(object{}))
			err := s.store().SaveOverride(bounded(t), "chat-llm", test.variant, test.override)
			for _, want := range []string{test.want, "endpoint chat-llm", strconv.Quote(test.variant)} {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want an error with %q", err, want)
				}
			}
			if calls := s.seen(); len(calls) > 0 {
				t.Errorf("sent %+v", calls)
			}
		})
	}
}

// An override that is not understood holds the endpoint, whatever else is there:
// to go on without it would undo what an operator did.
func TestLoadRefusesOverridesItDoesNotUnderstand(t *testing.T) {
	set := func(name string, value any) func(object) { return func(o object) { o[name] = value } }
	remove := func(name string) func(object) { return func(o object) { delete(o, name) } }
	body := func(s string) func(object) { return set("override", text(s)) }
	until := `"until":"2026-11-23T11:30:00Z"`
	tests := map[string]struct {
		damage func(object)
		want   string
	}{
		"no schema":             {remove("schema"), "schema is no number"},
		"schema of text":        {set("schema", text("1")), "schema is no number"},
		"schema 0":              {set("schema", number("0")), "schema is 0"},
		"newer schema":          {set("schema", number("2")), "schema 2 is newer than 1"},
		"newer, in other words": {func(o object) { o["schema"] = number("2"); delete(o, "override") }, "schema 2 is newer than 1"},
		"no override":           {remove("override"), "override is no string"},
		"override of bytes":     {set("override", object{"B": "e30="}), "override is no string"},
		"override of a map":     {set("override", object{"M": object{"pause": text("in")}}), "override is no string"},
		"empty":                 {body(""), "unmarshal override: "},
		"blank":                 {body(" "), "unmarshal override: "},
		"no JSON":               {body("pause: in"), "unmarshal override: "},
		"cut off":               {body(`{"pause":"in",` + until), "unmarshal override: "},
		"a list":                {body(`[]`), "unmarshal override: "},
		"a text":                {body(`"in"`), "unmarshal override: "},
		"null":                  {body(`null`), "pause: is required"},
		"nothing in it":         {body(`{}`), "pause: is required"},
		"a misspelt field":      {body(`{"pause":"in","maxCapcity":3,` + until + `}`), `unknown field "maxCapcity"`},
		"two in one":            {body(`{"pause":"in",` + until + `}{"pause":"out",` + until + `}`), "something follows"},
		"a bracket too many":    {body(`{"pause":"in",` + until + `}}`), "something follows"},
		"a count of text":       {body(`{"maxCapacity":"3",` + until + `}`), "unmarshal override: "},
		"a part of a count":     {body(`{"maxCapacity":3.5,` + until + `}`), "unmarshal override: "},
		"a count of 0":          {body(`{"maxCapacity":0,` + until + `}`), "maxCapacity"},
		"crossed limits":        {body(`{"minCapacity":5,"maxCapacity":3,` + until + `}`), "minCapacity: 5"},
		"another direction":     {body(`{"pause":"IN",` + until + `}`), "pause: "},
		"no end":                {body(`{"pause":"in"}`), "until: is required"},
		"an end that is null":   {body(`{"pause":"in","until":null}`), "until: is required"},
		"an end that is none":   {body(`{"pause":"in","until":"tomorrow"}`), "unmarshal override: "},
		"an end in seconds":     {body(`{"pause":"in","until":1795512600}`), "unmarshal override: "},
		"an end without a zone": {body(`{"pause":"in","until":"2026-11-23T11:30:00"}`), "unmarshal override: "},
		"a line break":          {body(`{"pause":"in","by":"a\nb",` + until + `}`), "by: "},
		"a reason too long":     {body(`{"pause":"in","reason":"` + strings.Repeat("x", 257) + `",` + until + `}`), "reason: "},
		"over, and corrupt":     {body(`{"pause":"up","until":"2020-01-01T00:00:00Z"}`), "pause: "},
		"only keys are stored":  {func(o object) { maps.DeleteFunc(o, func(name string, _ any) bool { return name != "sk" }) }, "schema is no number"},
		"no variant":            {set("sk", text("override#")), "names no variant"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			item := overrideOf(t, "Shadow", held())
			test.damage(item)
			variant := strings.TrimPrefix(item["sk"].(object)["S"].(string), "override#")
			s := serve(t, page(overrideOf(t, "AllTraffic", held()), item, itemOf(t, full())))
			wantNotLoaded(t, s, test.want, "endpoint chat-llm", "variant "+strconv.Quote(variant))
		})
	}
}

// What is written by hand is read if it can be: spaces, another order, other
// attributes, no time to live.
func TestLoadOfOverridesWrittenByHand(t *testing.T) {
	item := overrideOf(t, "AllTraffic", held())
	item["override"] = text(" {\"until\" : \"2026-11-23T12:30:00+01:00\",\n\t\"maxCapacity\": 4, \"pause\": null} \n")
	item["note"] = text("somebody's own attribute")
	delete(item, "expires")
	_, got, err := serve(t, page(item)).store().Load(bounded(t), "chat-llm")
	if err != nil {
		t.Fatal(err)
	}
	o := got["AllTraffic"]
	if len(got) != 1 || o.Max == nil || *o.Max != 4 || o.Min != nil || o.Pause != "" || !o.Until.Equal(now().Add(90*time.Minute)) {
		t.Errorf("got %+v", got)
	}
}

// Names and texts of any kind come back as they are, and an error that tells of
// one stays on its line and short.
func TestOverrideOfHostileTexts(t *testing.T) {
	hostile := []string{
		"state", "override#", "#", "##", "a#b", "..", "AllTraffic ", `";DROP`, "{}", "\x00", "a\nb", "\u202eabc", "é", "e\u0301", "\U0001f4a5",
		strings.Repeat("x", 1000),
	}
	for _, variant := range hostile {
		s := serve(t, stored())
		o := held()
		o.By, o.Reason = `{"pause":"out"}`, `"},{"maxCapacity":1} </script> \u0000 ${x} é`
		if err := s.store().SaveOverride(bounded(t), "chat-llm", variant, o); err != nil {
			t.Fatal(err)
		}
		wantLoaded(t, s, activity.State{Endpoint: "chat-llm"}, map[string]policy.Override{variant: o})

		item := overrideOf(t, variant, o)
		item["schema"] = number("2")
		_, _, err := serve(t, page(item)).store().Load(bounded(t), "chat-llm")
		if err == nil || strings.ContainsAny(err.Error(), "\n\x00\u202e") || len(err.Error()) > 300 {
			t.Errorf("variant %q: got %v", variant, err)
		}
	}
}

// The SDK tries again when an answer is lost, with the very same request.
func TestOverridesSurviveALostAnswer(t *testing.T) {
	for name, lost := range map[string]answer{"500": fault(500, "InternalServerError"), "reset": reset} {
		s := serve(t, lost, ok(object{}), lost, ok(object{}))
		if err := s.store().SaveOverride(bounded(t), "chat-llm", "AllTraffic", held()); err != nil {
			t.Errorf("%s: save: %v", name, err)
		}
		if err := s.store().DeleteOverride(bounded(t), "chat-llm", "AllTraffic"); err != nil {
			t.Errorf("%s: delete: %v", name, err)
		}
		calls := s.seen()
		if len(calls) != 4 {
			t.Fatalf("%s: %d calls, want 4", name, len(calls))
		}
		check(t, name+": the second try to save", calls[1].request, calls[0].request)
		check(t, name+": the second try to delete", calls[3].request, calls[2].request)
	}
}
