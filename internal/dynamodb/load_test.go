package dynamodb_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"sagescale/internal/activity"
	"sagescale/internal/policy"
)

// page answers a query with its last page.
func page(items ...object) answer { return ok(object{"Items": items, "Count": len(items)}) }

// pageBefore answers a query with a page that is not the last.
func pageBefore(next object, items ...object) answer {
	return ok(object{"Items": items, "Count": len(items), "LastEvaluatedKey": next})
}

func keyOf(sort string) object { return object{"pk": text("chat-llm"), "sk": text(sort)} }

// queried is the request for everything of an endpoint but its history.
func queried(from any) object {
	request := object{
		"TableName": "sagescale-state", "ConsistentRead": true,
		"KeyConditionExpression":    "#pk = :endpoint AND #sk >= :from",
		"ExpressionAttributeNames":  object{"#pk": "pk", "#sk": "sk"},
		"ExpressionAttributeValues": object{":endpoint": text("chat-llm"), ":from": text("override#")},
	}
	if from != nil {
		request["ExclusiveStartKey"] = from
	}
	return request
}

// wantLoaded loads what a server has and checks it.
func wantLoaded(t *testing.T, s *server, state activity.State, overrides map[string]policy.Override) {
	t.Helper()
	got, set, err := s.store().Load(bounded(t), "chat-llm")
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, state) {
		t.Errorf("got state  %+v\nwant %+v", got, state)
	}
	if len(set) != len(overrides) || len(set) > 0 && !reflect.DeepEqual(set, overrides) {
		t.Errorf("got overrides %+v\nwant %+v", set, overrides)
	}
}

// wantNotLoaded checks that a load fails with an error that has the texts, and
// returns nothing with it.
func wantNotLoaded(t *testing.T, s *server, texts ...string) {
	t.Helper()
	state, overrides, err := s.store().Load(bounded(t), "chat-llm")
	if err == nil {
		t.Fatalf("loaded %+v, %+v", state, overrides)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("got %v, want an error with %q", err, text)
		}
	}
	if !reflect.DeepEqual(state, activity.State{}) || overrides != nil {
		t.Errorf("got %+v, %+v with the error", state, overrides)
	}
}

// Faults: C5
func TestLoad(t *testing.T) {
	s := serve(t, page(overrideOf(t, "AllTraffic", held()), overrideOf(t, "Shadow", paused()), itemOf(t, full())))
	wantLoaded(t, s, full(), map[string]policy.Override{"AllTraffic": held(), "Shadow": paused()})
	calls := s.seen()
	if len(calls) != 1 || calls[0].target != "DynamoDB_20120810.Query" {
		t.Fatalf("calls %+v", calls)
	}
	check(t, "request", calls[0].request, queried(nil))
}

func TestLoadOfNothing(t *testing.T) {
	for name, answer := range map[string]answer{"no items": ok(object{}), "an empty list": page(), "an empty key": pageBefore(object{})} {
		t.Run(name, func(t *testing.T) {
			wantLoaded(t, serve(t, answer), activity.State{Endpoint: "chat-llm"}, nil)
		})
	}
}

// An override may be there before there is any state.
func TestLoadOfOverridesAlone(t *testing.T) {
	s := serve(t, page(overrideOf(t, "AllTraffic", held())))
	wantLoaded(t, s, activity.State{Endpoint: "chat-llm"}, map[string]policy.Override{"AllTraffic": held()})
}

// A page may be empty and not be the last.
func TestLoadFollowsPages(t *testing.T) {
	first, second, third := keyOf("override#AllTraffic"), keyOf("override#Other"), keyOf("override#Shadow")
	s := serve(t,
		pageBefore(first, overrideOf(t, "AllTraffic", held())),
		pageBefore(second),
		pageBefore(third, overrideOf(t, "Shadow", paused())),
		page(itemOf(t, full())),
	)
	wantLoaded(t, s, full(), map[string]policy.Override{"AllTraffic": held(), "Shadow": paused()})
	calls := s.seen()
	if len(calls) != 4 {
		t.Fatalf("%d calls, want 4", len(calls))
	}
	for i, from := range []any{nil, first, second, third} {
		check(t, "request", calls[i].request, queried(from))
	}
}

// What the first pages have is nothing without the others.
func TestLoadOfAPageThatFails(t *testing.T) {
	s := serve(t, pageBefore(keyOf("state"), itemOf(t, full())), fault(400, "AccessDeniedException"))
	wantNotLoaded(t, s, "call Query: ", "AccessDeniedException")
}

func TestLoadOfEndlessPages(t *testing.T) {
	s := serve(t, pageBefore(keyOf("override#AllTraffic"), overrideOf(t, "AllTraffic", held())))
	wantNotLoaded(t, s, "call Query: the answer has too many pages")
	if n := len(s.seen()); n != 10 {
		t.Errorf("%d calls, want 10", n)
	}
}

// A newer deployment may keep more beside the state: whatever form it has, it is
// none of ours.
func TestLoadIgnoresOtherItems(t *testing.T) {
	var items []object
	for _, sort := range []string{"override", "override!", "override$AllTraffic", "overrides#AllTraffic", "plan#1", "stat", "state#1", "state2", "zone", "\U0010ffff"} {
		items = append(items, object{"pk": text("chat-llm"), "sk": text(sort), "schema": number("9"), "override": text("{"), "state": text("{")})
	}
	wantLoaded(t, serve(t, page(items...)), activity.State{Endpoint: "chat-llm"}, nil)
	items = append(items, itemOf(t, full()), overrideOf(t, "AllTraffic", held()))
	wantLoaded(t, serve(t, page(items...)), full(), map[string]policy.Override{"AllTraffic": held()})
}

func TestLoadOfAnItemWithoutAKey(t *testing.T) {
	for name, item := range map[string]object{"no key": {"pk": text("chat-llm")}, "a number": {"sk": number("1")}} {
		t.Run(name, func(t *testing.T) {
			wantNotLoaded(t, serve(t, page(item)), "endpoint chat-llm", "sk is no string")
		})
	}
}

// An error of the service that is no failed condition is passed on: it is no
// conflict, and its outcome is open.
//
// Faults: C1 C2 C11
func TestFaults(t *testing.T) {
	operations := map[string]func(context.Context, *server) error{
		"load": func(ctx context.Context, s *server) error { _, _, err := s.store().Load(ctx, "chat-llm"); return err },
		"save": func(ctx context.Context, s *server) error { _, err := s.store().Save(ctx, full()); return err },
		"save and close": func(ctx context.Context, s *server) error {
			_, err := s.store().Save(ctx, full(), full().Recent[0])
			return err
		},
		"save override": func(ctx context.Context, s *server) error {
			return s.store().SaveOverride(ctx, "chat-llm", "AllTraffic", held())
		},
		"delete override": func(ctx context.Context, s *server) error {
			return s.store().DeleteOverride(ctx, "chat-llm", "AllTraffic")
		},
	}
	faults := map[string]struct {
		answer answer
		calls  int
	}{
		"ResourceNotFoundException":              {fault(400, "ResourceNotFoundException"), 1},
		"AccessDeniedException":                  {fault(400, "AccessDeniedException"), 1},
		"ValidationException":                    {fault(400, "ValidationException"), 1},
		"ProvisionedThroughputExceededException": {fault(400, "ProvisionedThroughputExceededException"), 3},
		"ThrottlingException":                    {fault(400, "ThrottlingException"), 3},
		"InternalServerError":                    {fault(500, "InternalServerError"), 3},
		"":                                       {reset, 3},
	}
	for operation, work := range operations {
		for kind, f := range faults {
			t.Run(operation+"/"+kind, func(t *testing.T) {
				s := serve(t, f.answer)
				err := work(bounded(t), s)
				if err == nil || errors.Is(err, activity.ErrConflict) || !strings.Contains(err.Error(), kind) {
					t.Errorf("got %v", err)
				}
				if n := len(s.seen()); n != f.calls {
					t.Errorf("%d calls, want %d", n, f.calls)
				}
			})
		}
	}
}
