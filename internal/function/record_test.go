package function_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/function"
	"sagescale/internal/scaling"
)

// recorded is the record of an evaluation that wanted 6 instead of 4 and was held.
func recorded() autoscaler.Record {
	d := scaling.Decision{DesiredCapacity: 4, MinCapacity: 1, MaxCapacity: 8}
	d.Move(scaling.RuleTargetTracking, 6, "more load")
	d.Refuse(scaling.MissingData, "a gap elsewhere")
	d.Hold(scaling.Paused, 4, "held")
	return autoscaler.Record{
		Time: time.UnixMilli(1795429508431), Endpoint: "chat-llm", Variant: "AllTraffic", Decision: d,
		Observation: scaling.Observation{Status: "InService", CurrentCapacity: 3, DesiredCapacity: 4},
	}
}

// line is what a recorder logs of a record.
func line(t *testing.T, recorder func(*slog.Logger) func(context.Context, autoscaler.Record), r autoscaler.Record) string {
	t.Helper()
	var log bytes.Buffer
	recorder(slog.New(slog.NewJSONHandler(&log, nil)))(t.Context(), r)
	return log.String()
}

// What a record comes to stands before it, for the 200 fields that Logs Insights sees.
func TestLogRecordSaysInFrontWhatItComesTo(t *testing.T) {
	front := func(reason, numbers string) string {
		return fmt.Sprintf(`"msg":"evaluation","Endpoint":"chat-llm","Variant":"AllTraffic","Reason":%q,%s"record":{`, reason, numbers)
	}
	const seen = `"InServiceCapacity":3,"DesiredCapacity":4,"RecommendedCapacity":6,"MinCapacity":1,"MaxCapacity":8,`
	for name, tt := range map[string]struct {
		alter func(*autoscaler.Record)
		want  string
	}{
		"held":          {func(*autoscaler.Record) {}, front("Paused", seen)},
		"not seen":      {func(r *autoscaler.Record) { r.Observation = scaling.Observation{} }, front("Paused", "")},
		"never decided": {func(r *autoscaler.Record) { *r = autoscaler.Record{Endpoint: r.Endpoint, Variant: r.Variant} }, front("EvaluationFailed", "")},
		"scaled out": {
			func(r *autoscaler.Record) { r.Activity = &activity.Activity{From: 4, To: 6} },
			front("ScaleOut", strings.Replace(seen, `"DesiredCapacity":4`, `"DesiredCapacity":6`, 1)),
		},
		"scaled in": {
			func(r *autoscaler.Record) { r.Activity = &activity.Activity{From: 4, To: 2} },
			front("ScaleIn", strings.Replace(seen, `"DesiredCapacity":4`, `"DesiredCapacity":2`, 1)),
		},
		"a forecast": {
			func(r *autoscaler.Record) { r.Decision.Forecast = &scaling.Forecast{Expected: 700.5, Upper: 901} },
			front("Paused", seen+`"ForecastLoad":700.5,"ForecastUpper":901,`),
		},
		"no forecast to go by": {
			func(r *autoscaler.Record) { r.Decision.Forecast = &scaling.Forecast{Unused: "there is none yet"} },
			front("Paused", seen),
		},
	} {
		r := recorded()
		tt.alter(&r)
		if got := line(t, function.LogRecord, r); !strings.Contains(got, tt.want) || strings.Contains(got, "_aws") {
			t.Errorf("%s: %s\nwant %s", name, got, tt.want)
		}
	}
}

// The metrics of a target are the numbers that stand in front of its record, at its
// time; a target that was not seen has none.
func TestMeasureRecord(t *testing.T) {
	r := recorded()
	r.Decision.Forecast = &scaling.Forecast{Expected: 700.5, Upper: 901}
	var entry struct {
		AWS struct {
			Timestamp         int64
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name, Unit string }
			}
		} `json:"_aws"`
		Record json.RawMessage
	}
	text := line(t, function.MeasureRecord, r)
	if err := json.Unmarshal([]byte(text), &entry); err != nil || len(entry.AWS.CloudWatchMetrics) != 1 || len(entry.Record) < 100 {
		t.Fatalf("%v: %s", err, text)
	}
	m := entry.AWS.CloudWatchMetrics[0]
	if entry.AWS.Timestamp != 1795429508431 || m.Namespace != "Sagescale" || fmt.Sprint(m.Dimensions) != "[[Endpoint Variant]]" {
		t.Errorf("%d, %+v", entry.AWS.Timestamp, m)
	}
	const want = "[{InServiceCapacity Count} {DesiredCapacity Count} {RecommendedCapacity Count} {MinCapacity Count} {MaxCapacity Count} " +
		"{ForecastLoad Count} {ForecastUpper Count}]"
	if fmt.Sprint(m.Metrics) != want {
		t.Errorf("metrics %v, want %s", m.Metrics, want)
	}
	r.Observation = scaling.Observation{}
	if text := line(t, function.MeasureRecord, r); strings.Contains(text, "_aws") || strings.Contains(text, "DesiredCapacity") {
		t.Errorf("metrics of what was not seen: %s", text)
	}
}
