package records_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/cloudwatchlogs"
	"sagescale/internal/function"
	"sagescale/internal/policy"
	"sagescale/internal/records"
	"sagescale/internal/scaling"
)

// lines is a log. Like a local account it heeds no pattern.
type lines struct {
	all   []cloudwatchlogs.Message
	asked []cloudwatchlogs.Query
	err   error
}

func (l *lines) Read(_ context.Context, q cloudwatchlogs.Query, each func(cloudwatchlogs.Message)) error {
	l.asked = append(l.asked, q)
	for _, m := range l.all {
		if !m.Time.Before(q.From) && !m.Time.After(q.Through) {
			each(m)
		}
	}
	return l.err
}

func now() time.Time { return time.Date(2026, 11, 23, 21, 3, 0, 123456789, time.UTC) }

// record is one with everything in it.
func record(at time.Time) autoscaler.Record {
	d := scaling.Decision{DesiredCapacity: 4, MinCapacity: 1, MaxCapacity: 8}
	d.Move(scaling.RuleTargetTracking, 3, "a load of <1500> needs 3")
	d.Hold(scaling.ScaleInCooldown, 4, "no other until 21:05:00Z")
	d.Forecast = &scaling.Forecast{Expected: 1400, Upper: 1600, Capacity: 3, From: at, Through: at.Add(time.Hour)}
	closed := activity.Activity{ID: "a", Variant: "AllTraffic", From: 3, To: 4, Status: activity.Successful, StartTime: at.Add(-time.Hour), EndTime: at}
	return autoscaler.Record{
		Time: at, Endpoint: "chat-llm", Variant: "AllTraffic", Policy: "0123456789abcdef",
		Trigger: autoscaler.Trigger{Kind: "Tick", ID: "e", Invocation: "i"},
		Observation: scaling.Observation{Status: "InService", CurrentCapacity: 4, DesiredCapacity: 4, Metrics: []scaling.Series{{
			Metric: "Invocations", Datapoints: []scaling.Datapoint{{Time: at.Add(-time.Minute), Value: 1500}}, DueThrough: at,
		}}},
		Decision: d, Override: &policy.Override{Pause: policy.Out, Until: at.Add(time.Hour)}, Settled: &closed,
	}
}

// logged is what the functions log of a record.
func logged(t *testing.T, r autoscaler.Record) cloudwatchlogs.Message {
	t.Helper()
	var b bytes.Buffer
	function.LogRecord(slog.New(slog.NewJSONHandler(&b, nil)))(t.Context(), r)
	return cloudwatchlogs.Message{Time: r.Time.Add(3 * time.Second), Text: b.String()}
}

func query() records.Query {
	return records.Query{Groups: []string{"a", "b"}, Endpoint: "chat-llm", Variant: "AllTraffic", From: now().Add(-time.Hour), Through: now()}
}

// What the functions log is read as it was.
func TestReadWhatIsLogged(t *testing.T) {
	want := record(now())
	l := &lines{all: []cloudwatchlogs.Message{logged(t, want)}}
	var got []autoscaler.Record
	unreadable, err := records.Read(t.Context(), l, query(), func(r autoscaler.Record) { got = append(got, r) })
	if err != nil || unreadable != 0 || len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("got %+v, %d unreadable, %v\nwant %+v", got, unreadable, err, want)
	}
	asked := l.asked[0]
	const pattern = `{ $.msg = "evaluation" && $.record.endpoint = "chat-llm" && $.record.variant = "AllTraffic" }`
	if asked.Pattern != pattern || !slices.Equal(asked.Groups, []string{"a", "b"}) || !asked.From.Equal(query().From) {
		t.Errorf("asked for %+v", asked)
	}
}

// Where no endpoint is named, the records of all are read.
func TestReadOfAllEndpoints(t *testing.T) {
	other := record(now())
	other.Endpoint, other.Variant = "embedder", "blue"
	l := &lines{all: []cloudwatchlogs.Message{logged(t, record(now())), logged(t, other)}}
	q := query()
	q.Endpoint, q.Variant = "", ""
	var got []string
	unreadable, err := records.Read(t.Context(), l, q, func(r autoscaler.Record) { got = append(got, r.Endpoint+"/"+r.Variant) })
	if err != nil || unreadable != 0 || !slices.Equal(got, []string{"chat-llm/AllTraffic", "embedder/blue"}) {
		t.Errorf("got %q, %d unreadable, %v", got, unreadable, err)
	}
	if asked := l.asked[0].Pattern; asked != `{ $.msg = "evaluation" }` {
		t.Errorf("asked for %s", asked)
	}
}

// A value that JSON has no number for is missing, as it was.
func TestReadOfAMissingValue(t *testing.T) {
	r := record(now())
	r.Observation.Metrics[0].Datapoints[0].Value = math.NaN()
	l := &lines{all: []cloudwatchlogs.Message{logged(t, r)}}
	_, err := records.Read(t.Context(), l, query(), func(r autoscaler.Record) {
		if v := r.Observation.Metrics[0].Datapoints[0].Value; !math.IsNaN(v) {
			t.Errorf("got %v", v)
		}
	})
	if err != nil || len(l.asked) != 1 {
		t.Error(err)
	}
}

// Of what else is in a log nothing is given, and only what says to be a record is told of.
func TestReadPassesOver(t *testing.T) {
	other := func(change func(*autoscaler.Record)) string {
		r := record(now())
		change(&r)
		return logged(t, r).Text
	}
	good := other(func(*autoscaler.Record) {})
	for name, tt := range map[string]struct {
		text       string
		unreadable int
	}{
		"Lambda's":            {"START RequestId: 1 Version: $LATEST", 0},
		"another message":     {`{"msg":"invocation","Evaluations":1}`, 0},
		"a text about it":     {`{"msg":"refused","error":"no \"evaluation\""}`, 0},
		"an empty one":        {`{"msg":"evaluation"}`, 0},
		"another endpoint":    {other(func(r *autoscaler.Record) { r.Endpoint = "other" }), 0},
		"another variant":     {other(func(r *autoscaler.Record) { r.Variant = "Shadow" }), 0},
		"one before":          {other(func(r *autoscaler.Record) { r.Time = now().Add(-61 * time.Minute) }), 0},
		"one after":           {other(func(r *autoscaler.Record) { r.Time = now().Add(time.Nanosecond) }), 0},
		"half a line":         {good[:len(good)/2], 1},
		"another form":        {`{"msg":"evaluation","record":{"time":7}}`, 1},
		"no time":             {other(func(r *autoscaler.Record) { r.Time = time.Time{} }), 1},
		"no target":           {other(func(r *autoscaler.Record) { r.Endpoint = "" }), 1},
		"capacities of less":  {other(func(r *autoscaler.Record) { r.Observation.CurrentCapacity = -1 }), 1},
		"capacities of more":  {other(func(r *autoscaler.Record) { r.Decision.MaxCapacity = math.MaxInt32 + 1 }), 1},
		"steps with a gap":    {other(func(r *autoscaler.Record) { r.Decision.Steps[0].To = 2 }), 1},
		"steps to elsewhere":  {other(func(r *autoscaler.Record) { r.Decision.DesiredCapacity = 5 }), 1},
		"an unknown activity": {other(func(r *autoscaler.Record) { r.Settled.Status = "Done" }), 1},
	} {
		l := &lines{all: []cloudwatchlogs.Message{{Time: now(), Text: tt.text}}}
		unreadable, err := records.Read(t.Context(), l, query(), func(r autoscaler.Record) { t.Errorf("%s: given %+v", name, r) })
		if err != nil || unreadable != tt.unreadable {
			t.Errorf("%s: %d unreadable, %v, want %d", name, unreadable, err, tt.unreadable)
		}
	}
}

// A newer version may say more.
func TestReadOfANewerVersion(t *testing.T) {
	var line map[string]any
	if err := json.Unmarshal([]byte(logged(t, record(now())).Text), &line); err != nil {
		t.Fatal(err)
	}
	line["record"].(map[string]any)["mood"] = "good"
	text, err := json.Marshal(line)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	l := &lines{all: []cloudwatchlogs.Message{{Time: now(), Text: string(text)}}}
	unreadable, err := records.Read(t.Context(), l, query(), func(autoscaler.Record) { n++ })
	if n != 1 || unreadable != 0 || err != nil {
		t.Errorf("%d records, %d unreadable, %v", n, unreadable, err)
	}
}

// What was read before a failure is given with it.
func TestReadThatFails(t *testing.T) {
	n := 0
	l := &lines{all: []cloudwatchlogs.Message{logged(t, record(now()))}, err: errors.New("denied")}
	_, err := records.Read(t.Context(), l, query(), func(autoscaler.Record) { n++ })
	if n != 1 || err == nil || !strings.Contains(err.Error(), "read the decision records: denied") {
		t.Errorf("%d records, %v", n, err)
	}
}

// The last record is found however long ago it is, within a day, and none after the time.
func TestLast(t *testing.T) {
	ago := func(d time.Duration) cloudwatchlogs.Message { return logged(t, record(now().Add(-d))) }
	for _, tt := range []struct {
		all   []cloudwatchlogs.Message
		want  time.Duration
		ok    bool
		calls int
	}{
		{[]cloudwatchlogs.Message{ago(time.Minute), ago(0), ago(2 * time.Minute), ago(-time.Minute)}, 0, true, 1},
		{[]cloudwatchlogs.Message{ago(50 * time.Minute), ago(40 * time.Minute)}, 40 * time.Minute, true, 2},
		{[]cloudwatchlogs.Message{ago(23 * time.Hour), ago(20 * time.Hour)}, 20 * time.Hour, true, 3},
		{[]cloudwatchlogs.Message{ago(25 * time.Hour), ago(-time.Minute)}, 0, false, 3},
	} {
		l := &lines{all: tt.all}
		got, ok, _, err := records.Last(t.Context(), l, query())
		if err != nil || ok != tt.ok || ok && !got.Time.Equal(now().Add(-tt.want)) || len(l.asked) != tt.calls {
			t.Errorf("%d calls, got %t, %s, %v, want %s", len(l.asked), ok, got.Time, err, tt.want)
		}
	}
}
