package records_test

import (
	"context"
	"testing"
	"time"

	"sagescale/internal/autoscaler"
	"sagescale/internal/cloudwatchlogs"
	"sagescale/internal/policy"
	"sagescale/internal/records"
	"sagescale/internal/schedule"
)

// Whatever stands in a log, what is given as a record is one: it is of the target and the
// time asked for, and can be decided again.
func FuzzRead(f *testing.F) {
	for _, text := range []string{
		"", "START RequestId", `{"msg":"evaluation"}`, `{"msg":"evaluation","record":null}`, `{"msg":"evaluation","record":{"time":7}}`,
		`{"msg":"evaluation","record":{"time":"2026-11-23T21:03:00Z","endpoint":"chat-llm","variant":"AllTraffic","observation":` +
			`{"status":"InService","currentCapacity":4,"desiredCapacity":4,"metrics":[{"metric":"Invocations","datapoints":[{"time":"2026-11-23T21:02:00Z","value":1500}]}]},` +
			`"decision":{"desiredCapacity":4,"minCapacity":1,"maxCapacity":8,"steps":[{"rule":"x","from":4,"to":4}],"notScaledReasons":[]},"settled":{"status":"Failed"}}}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q := query()
		l := &lines{all: []cloudwatchlogs.Message{{Time: now(), Text: text}}}
		given := 0
		unreadable, err := records.Read(context.Background(), l, q, func(r autoscaler.Record) {
			given++
			if r.Endpoint != q.Endpoint || r.Variant != q.Variant || r.Time.Before(q.From) || r.Time.After(q.Through) {
				t.Errorf("given %+v", r)
			}
			past := records.Past{Target: policy.Target{Limits: schedule.Limits{Min: 1, Max: 8}}}
			past.Case(r).Makes(r.Decision)
			records.Stretches([]autoscaler.Record{r}, r.Time, r.Time.Add(time.Minute))
		})
		if err != nil || given+unreadable > 1 {
			t.Errorf("%d given, %d unreadable, %v", given, unreadable, err)
		}
	})
}
