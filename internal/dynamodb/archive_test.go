package dynamodb_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
)

func TestArchive(t *testing.T) {
	s := serve(t, ok(object{}))
	a := full().Recent[0]
	a.StartTime = a.StartTime.In(time.FixedZone("elsewhere", 3600))
	if err := s.store().Archive(bounded(t), "chat-llm", a); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	calls := s.seen()
	if len(calls) != 1 || calls[0].target != "DynamoDB_20120810.PutItem" {
		t.Fatalf("calls %+v", calls)
	}
	check(t, "request", calls[0].request, object{
		"TableName": "sagescale-state",
		"Item": object{
			"pk": text("chat-llm"), "sk": text("activity#2026-11-23T09:00:00.000000000Z#a0"), "activity": text(string(body)),
			"expires": number(strconv.FormatInt(a.EndTime.AddDate(0, 0, 42).Unix(), 10)),
		},
	})
}

// To archive an activity again writes the same key, also when it was closed anew
// after a crash, or read back from the table in between.
func TestArchiveTwiceIsOneItem(t *testing.T) {
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
	keys := slices.Compact(archivedAs(t, first, again, read))
	if len(keys) != 1 {
		t.Errorf("keys %q, want one", keys)
	}
}

func TestArchiveSortsByTime(t *testing.T) {
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

func TestArchiveOfWhatCannotBeWritten(t *testing.T) {
	s := serve(t, ok(object{}))
	a := full().Recent[0]
	a.EndTime = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := s.store().Archive(bounded(t), "chat-llm", a); err == nil {
		t.Error("no error")
	}
	if calls := s.seen(); len(calls) > 0 {
		t.Errorf("sent %+v", calls)
	}
}

// archivedAs returns the sort keys that the activities are archived under.
func archivedAs(t *testing.T, all ...activity.Activity) []string {
	t.Helper()
	s := serve(t, ok(object{}))
	for _, a := range all {
		if err := s.store().Archive(bounded(t), "chat-llm", a); err != nil {
			t.Fatal(err)
		}
	}
	var keys []string
	for _, c := range s.seen() {
		item, _ := c.request["Item"].(map[string]any)
		key, _ := item["sk"].(map[string]any)
		sort, _ := key["S"].(string)
		keys = append(keys, sort)
	}
	return keys
}
