package cloudwatchlogs_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"sagescale/internal/cloudwatchlogs"
)

// query is of an hour of some log groups.
func query(groups ...string) cloudwatchlogs.Query {
	return cloudwatchlogs.Query{Groups: groups, From: begin(), Through: begin().Add(time.Hour), Pattern: `{ $.msg = "evaluation" }`}
}

// read returns what is given of a query.
func read(t *testing.T, l *cloudwatchlogs.Logs, q cloudwatchlogs.Query) ([]string, error) {
	t.Helper()
	var out []string
	err := l.Read(t.Context(), q, func(m cloudwatchlogs.Message) {
		out = append(out, m.Time.Format("05 ")+m.Text)
	})
	return out, err
}

// An empty page that is not the last ends nothing, and a group that is not there has
// nothing.
func TestReadFollowsPages(t *testing.T) {
	l, s := serve(t, map[string][]answer{
		"schedule": {page("1", 0, "a", "b"), page("2", 0), page("", 7, "c")},
		"alarm":    {page("", 5, "d")},
	})
	got, err := read(t, l, query("schedule", "none", "alarm"))
	if want := []string{"00 a", "01 b", "07 c", "05 d"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	first := object{
		"logGroupName": "schedule", "filterPattern": `{ $.msg = "evaluation" }`,
		"startTime": float64(begin().UnixMilli()), "endTime": float64(begin().Add(time.Hour).UnixMilli()),
	}
	if !reflect.DeepEqual(s.requests[0], first) {
		t.Errorf("asked for %v, want %v", s.requests[0], first)
	}
	for i, want := range []any{nil, "1", "2", nil, nil} {
		if token := s.requests[i]["nextToken"]; token != want {
			t.Errorf("request %d has the token %v, want %v", i, token, want)
		}
	}
}

func TestReadThatIsDenied(t *testing.T) {
	l, s := serve(t, map[string][]answer{"schedule": {fault(400, "AccessDeniedException")}, "alarm": {page("", 0, "a")}})
	got, err := read(t, l, query("schedule", "alarm"))
	if err == nil || errors.Is(err, cloudwatchlogs.ErrTooMany) || !strings.Contains(err.Error(), "AccessDenied") || got != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if len(s.requests) != 1 {
		t.Errorf("%d requests", len(s.requests))
	}
}

// Pages that never end are no reason to wait for ever, nor to withhold what there is.
func TestReadOfEndlessPages(t *testing.T) {
	l, s := serve(t, map[string][]answer{"schedule": {page("1", 0, "a"), page("1", 2, "b"), page("1", 0)}, "alarm": {page("", 5, "d")}})
	got, err := read(t, l, query("schedule", "alarm"))
	if !errors.Is(err, cloudwatchlogs.ErrTooMany) || !strings.Contains(err.Error(), "log group schedule") || !strings.Contains(err.Error(), "until 2026-11-23T21:00:02Z") {
		t.Errorf("got %v", err)
	}
	if want := []string{"00 a", "02 b", "05 d"}; !slices.Equal(got, want) || len(s.requests) != 2001 {
		t.Errorf("got %q by %d requests, want %q", got, len(s.requests), want)
	}
}
