package dashboard_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every field that a query names is one of a decision record as it is logged, in front
// of the record: Logs Insights knows no more than the first 200.
func TestQueriesNameFieldsOfRecords(t *testing.T) {
	p := parse(t, two)
	first, _, _ := strings.Cut(logs(t, p, false)["schedule"], "\n")
	front, _, _ := strings.Cut(first, `,"record":`)
	var fields map[string]any
	if err := json.Unmarshal([]byte(front+"}"), &fields); err != nil || fields["msg"] != "evaluation" {
		t.Fatalf("%v: %s", err, first)
	}
	asked := map[string]bool{}
	for _, targetMetrics := range []bool{false, true} {
		for _, b := range boards(t, deployment(p, targetMetrics)) {
			for _, w := range b.Widgets {
				if w.Type != "log" {
					continue
				}
				for _, field := range fieldsOf(w.Properties["query"].(string)) {
					asked[field] = true
					if fields[field] == nil {
						t.Errorf("%v asks for %s, which a record has not in front: %s", w.Properties["title"], field, front)
					}
				}
			}
		}
	}
	if len(asked) != len(fields)-1 { // all but the level of the line
		t.Errorf("asked is for %v; a record has %v", asked, fields)
	}
}

// fieldsOf are the fields that a query names: its words but for texts, commands,
// functions, and the names that it gives itself.
func fieldsOf(query string) []string {
	known := []string{"SOURCE", "filter", "and", "stats", "by", "sort", "asc", "desc", "latest", "max", "min", "count", "bin"}
	query = regexp.MustCompile(`'[^']*'|"[^"]*"`).ReplaceAllString(query, "")
	for _, m := range regexp.MustCompile(`\bas (\w+)`).FindAllStringSubmatch(query, -1) {
		known = append(known, m[1], "as")
	}
	var fields []string
	for _, word := range regexp.MustCompile(`[\w.@]+`).FindAllString(query, -1) {
		if !slices.Contains(known, word) && !strings.ContainsAny(word[:1], "0123456789") {
			fields = append(fields, word)
		}
	}
	return fields
}

// The test above does look: a field that no record has is found.
func TestFieldsOf(t *testing.T) {
	const query = "SOURCE '/a/b'\n| filter msg = \"evaluation\" and Endpoint = \"e\"\n| stats max(Nonsense) as most, count(*) as n by bin(5m)\n| sort most desc"
	if got := fmt.Sprint(fieldsOf(query)); got != "[msg Endpoint Nonsense]" {
		t.Errorf("fields %s", got)
	}
}

// A query reads the logs of the functions that write records, and no other.
func TestQueriesReadRecordsOfAllWhoWrite(t *testing.T) {
	for _, b := range boards(t, deployment(parse(t, two), false)) {
		for _, w := range b.Widgets {
			if w.Type != "log" {
				continue
			}
			query := w.Properties["query"].(string)
			if !strings.HasPrefix(query, "SOURCE 'schedule-logs'\n| SOURCE 'alarm-logs'\n| filter msg = \"evaluation\"") {
				t.Errorf("%v: %s", w.Properties["title"], query)
			}
		}
	}
	for _, f := range functions() {
		writes := strings.Contains(logs(t, parse(t, two), false)[f.Name], `"msg":"evaluation"`)
		if writes != (f.Records != "") {
			t.Errorf("function %s writes records: %t", f.Name, writes)
		}
	}
}
