package dynamodb_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/dynamodb"
)

// What a write of the state closes is in the same transaction.
//
// Faults: C6
func TestSaveAndClose(t *testing.T) {
	s := serve(t, ok(object{}))
	a := full().Recent[0]
	a.StartTime = a.StartTime.In(time.FixedZone("elsewhere", 3600))
	got, err := s.store().Save(bounded(t), full(), a)
	want := full()
	want.Version = 8
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, %v, want %+v", got, err, want)
	}
	body, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	calls := s.seen()
	if len(calls) != 1 || calls[0].target != "DynamoDB_20120810.TransactWriteItems" {
		t.Fatalf("calls %+v", calls)
	}
	token, _ := calls[0].request["ClientRequestToken"].(string)
	delete(calls[0].request, "ClientRequestToken")
	if token == "" {
		t.Error("the transaction has no token: a second try of it could not be told from another")
	}
	check(t, "request", calls[0].request, object{"TransactItems": []any{
		object{"Put": object{
			"TableName": "sagescale-state", "Item": itemOf(t, want),
			"ConditionExpression":                 "#version = :read",
			"ExpressionAttributeNames":            object{"#version": "version"},
			"ExpressionAttributeValues":           object{":read": number("7")},
			"ReturnValuesOnConditionCheckFailure": "ALL_OLD",
		}},
		object{"Put": object{"TableName": "sagescale-state", "Item": object{
			"pk": text("chat-llm"), "sk": text("activity#2026-11-23T09:00:00.000000000Z#a0"), "activity": text(string(body)),
			"expires": number(strconv.FormatInt(a.EndTime.AddDate(0, 0, 42).Unix(), 10)),
		}}},
	}})
}

// cancelled answers that a transaction was not carried out, for the reasons of its two
// items. The state that is stored is made of the one that was to be written.
func cancelled(state, activity string, stored func(written object) object) answer {
	return func(request object) (int, object) {
		first, _ := request["TransactItems"].([]any)[0].(map[string]any)
		put, _ := first["Put"].(map[string]any)
		item, _ := put["Item"].(map[string]any)
		return 400, object{
			"__type":  "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
			"Message": "Transaction cancelled",
			"CancellationReasons": []any{
				object{"Code": state, "Item": stored(item)}, object{"Code": activity},
			},
		}
	}
}

// Faults: C3 C4
func TestSaveAndCloseThatIsCancelled(t *testing.T) {
	nothing := func(object) object { return nil }
	itself := func(written object) object { return written }
	other := func(object) object { return object{"state": text(`{"endpoint":"chat-llm"}`)} }
	for name, tt := range map[string]struct {
		answer   answer
		ours     bool
		conflict bool
	}{
		"somebody else wrote":        {cancelled("ConditionalCheckFailed", "None", other), false, true},
		"it is gone":                 {cancelled("ConditionalCheckFailed", "None", nothing), false, true},
		"somebody else is writing":   {cancelled("TransactionConflict", "None", nothing), false, true},
		"the history is written to":  {cancelled("None", "TransactionConflict", nothing), false, true},
		"it was applied before":      {cancelled("ConditionalCheckFailed", "None", itself), true, false},
		"there is no room for it":    {cancelled("ItemCollectionSizeLimitExceeded", "None", nothing), false, false},
		"there are too many of them": {cancelled("None", "ThrottlingError", nothing), false, false},
	} {
		got, err := serve(t, tt.answer).store().Save(bounded(t), full(), full().Recent[0])
		if (err == nil) != tt.ours || errors.Is(err, activity.ErrConflict) != tt.conflict || tt.ours != (got.Version == 8) {
			t.Errorf("%s: version %d, %v", name, got.Version, err)
		}
	}
}

// A transaction on the same item is a conflict for a write of the state alone, too.
func TestSaveBesideATransaction(t *testing.T) {
	s := serve(t, fault(400, "TransactionConflictException"))
	if _, err := s.store().Save(bounded(t), full()); !errors.Is(err, activity.ErrConflict) {
		t.Errorf("got %v, want %v", err, activity.ErrConflict)
	}
}

// The answer to the first try is lost and the SDK tries again, with the very same
// token.
//
// Faults: C4
func TestSaveAndCloseSurvivesALostAnswer(t *testing.T) {
	s := serve(t, reset, ok(object{}))
	if got, err := s.store().Save(bounded(t), full(), full().Recent[0]); err != nil || got.Version != 8 {
		t.Errorf("got version %d, %v", got.Version, err)
	}
	calls := s.seen()
	if len(calls) != 2 {
		t.Fatalf("%d calls, want 2", len(calls))
	}
	check(t, "the second try", calls[1].request, calls[0].request)
}

// To close an activity again writes the same key, also when it was read back from the
// table in between.
func TestClosedTwiceIsOneItem(t *testing.T) {
	first := full().Recent[0]
	again := first
	again.EndTime = first.EndTime.Add(time.Minute)
	body, err := json.Marshal(first)
	if err != nil {
		t.Fatal(err)
	}
	var read activity.Activity
	if err := json.Unmarshal(body, &read); err != nil {
		t.Fatal(err)
	}
	if keys := slices.Compact(archivedAs(t, first, again, read)); len(keys) != 1 {
		t.Errorf("keys %q, want one", keys)
	}
}

func TestClosedSortByTime(t *testing.T) {
	start := time.Date(2026, 11, 23, 9, 59, 59, 0, time.UTC)
	var all []activity.Activity
	for i, after := range []time.Duration{
		0, 1, 90, 100_000_000, 100_000_001, 120_000_000, 999_999_999, time.Second, time.Second + 500*time.Millisecond, time.Hour,
	} {
		a := full().Recent[0]
		a.ID, a.StartTime = "z"+strconv.Itoa(100-i), start.Add(after)
		all = append(all, a)
	}
	if keys := archivedAs(t, all...); !slices.IsSorted(keys) {
		t.Errorf("not in order:\n%s", strings.Join(keys, "\n"))
	}
}

func TestCloseOfWhatCannotBeWritten(t *testing.T) {
	s := serve(t, ok(object{}))
	a := full().Recent[0]
	a.EndTime = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)
	if _, err := s.store().Save(bounded(t), full(), a); err == nil {
		t.Error("no error")
	}
	if calls := s.seen(); len(calls) > 0 {
		t.Errorf("sent %+v", calls)
	}
}

// archivedAs returns the sort keys that the activities are kept under.
func archivedAs(t *testing.T, all ...activity.Activity) []string {
	t.Helper()
	s := serve(t, ok(object{}))
	for _, a := range all {
		if _, err := s.store().Save(bounded(t), full(), a); err != nil {
			t.Fatal(err)
		}
	}
	var keys []string
	for _, c := range s.seen() {
		second, _ := c.request["TransactItems"].([]any)[1].(map[string]any)
		put, _ := second["Put"].(map[string]any)
		item, _ := put["Item"].(map[string]any)
		key, _ := item["sk"].(map[string]any)
		sort, _ := key["S"].(string)
		keys = append(keys, sort)
	}
	return keys
}

// archivedItem is the item of a closed activity of that body.
func archivedItem(t *testing.T, a activity.Activity) object {
	t.Helper()
	body, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	sort := "activity#" + a.StartTime.UTC().Format("2006-01-02T15:04:05.000000000Z") + "#" + a.ID
	return object{"pk": text("chat-llm"), "sk": text(sort), "activity": text(string(body)), "expires": number("1799000000")}
}

func TestActivities(t *testing.T) {
	first, second := full().Recent[0], full().Recent[0]
	second.ID, second.StartTime, second.EndTime = "second", first.StartTime.Add(time.Hour), first.EndTime.Add(time.Hour)
	s := serve(t, pageBefore(keyOf("activity#1"), archivedItem(t, first)), pageBefore(keyOf("activity#2")), page(archivedItem(t, second)))
	from := time.Date(2026, 11, 23, 10, 0, 0, 0, time.FixedZone("elsewhere", 3600))
	got, err := s.store().Activities(bounded(t), "chat-llm", from, from.Add(24*time.Hour))
	if err != nil || !reflect.DeepEqual(got, []activity.Activity{first, second}) {
		t.Errorf("got %+v, %v", got, err)
	}
	calls := s.seen()
	if len(calls) != 3 {
		t.Fatalf("%d calls, want 3", len(calls))
	}
	check(t, "request", calls[2].request, object{
		"TableName": "sagescale-state", "ConsistentRead": true,
		"KeyConditionExpression":   "#pk = :endpoint AND #sk BETWEEN :from AND :to",
		"ExpressionAttributeNames": object{"#pk": "pk", "#sk": "sk"},
		"ExpressionAttributeValues": object{
			":endpoint": text("chat-llm"),
			":from":     text("activity#2026-11-23T09:00:00.000000000Z"), ":to": text("activity#2026-11-24T09:00:00.000000000Z$"),
		},
		"ExclusiveStartKey": keyOf("activity#2"),
	})
}

// What cannot be understood is told of, and keeps nobody from reading the rest.
func TestActivitiesThatCannotBeUnderstood(t *testing.T) {
	good := full().Recent[0]
	open, lost := good, good
	open.Status, open.EndTime = activity.InProgress, time.Time{}
	lost.To = -1
	newer, blank := archivedItem(t, good), archivedItem(t, good)
	newer["schema"] = number("2")
	delete(blank, "activity")
	broken := archivedItem(t, good)
	broken["activity"] = text(`{"status": 7}`)
	for name, tt := range map[string]struct {
		item object
		want string
	}{
		"one that is open":      {archivedItem(t, open), "it is InProgress"},
		"one that cannot be":    {archivedItem(t, lost), "capacity -1 is out of range"},
		"one of a later schema": {newer, "its schema 2 is newer than 1"},
		"one without a body":    {blank, "attribute activity is no string"},
		"one of another form":   {broken, "unmarshal activity"},
	} {
		s := serve(t, page(archivedItem(t, good), tt.item))
		got, err := s.store().Activities(bounded(t), "chat-llm", time.Time{}, good.StartTime)
		if !errors.Is(err, dynamodb.ErrNotUnderstood) || !strings.Contains(err.Error(), "1 of 2, the first because "+tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
		if !reflect.DeepEqual(got, []activity.Activity{good}) {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

func TestActivitiesThatMayNotBeRead(t *testing.T) {
	s := serve(t, fault(400, "AccessDeniedException"))
	got, err := s.store().Activities(bounded(t), "chat-llm", time.Time{}, time.Time{})
	if err == nil || errors.Is(err, dynamodb.ErrNotUnderstood) || got != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}
