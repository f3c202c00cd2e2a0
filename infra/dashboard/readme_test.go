package dashboard_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"sagescale/infra/dashboard"
	"sagescale/internal/autoscaler"
	"sagescale/internal/function"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/test/page"
	"sagescale/test/price"
)

const (
	minutesOfMonth = 730 * 60
	gigabyte       = 1e9
)

// priceList has what AWS takes.
const priceList = "../../test/price/prices.csv"

const readme = "../../README.md"

// What the README says of the dashboard's cost is counted: from what the functions write,
// and from what the queries read.
func TestReadmeDashboard(t *testing.T) {
	list := price.Read(t, priceList)
	page.Shows(t, readme, "dashboard-metrics", metricsTable(t, list), *update)
	page.Shows(t, readme, "dashboard-looks", looksTable(t, list.USD(t, "log searched")), *update)
}

// metricsTable says what is written by the month.
func metricsTable(t *testing.T, list price.List) string {
	t.Helper()
	one, seer := parse(t, plain), many(t, 1)
	own := len(written(t, one, false))
	seers := len(written(t, seer, false)) - own
	target := len(written(t, one, true)) - own
	forecast := len(written(t, seer, true)) - own - seers - target
	metric, ingested := list.USD(t, "custom metric"), list.USD(t, "log taken in")
	month := func(count int) string { return fmt.Sprintf("| %d | $%.2f |\n", count, float64(count)*metric) }
	record, measured := usual(t, one.Targets[0], function.LogRecord), usual(t, one.Targets[0], function.MeasureRecord)
	logged := func(line int) string {
		bytes := float64(line * minutesOfMonth)
		return fmt.Sprintf("| %.1f kB a minute, %.2f GB | $%.2f |\n", float64(line)/1000, bytes/gigabyte, bytes/gigabyte*ingested)
	}
	var b strings.Builder
	b.WriteString("| what | count | a month |\n| --- | ---: | ---: |\n")
	b.WriteString("| custom metrics of sagescale itself " + month(own))
	b.WriteString("| further, where a target forecasts " + month(seers))
	b.WriteString("| with `targetMetrics=true`, for each target " + month(target))
	b.WriteString("| further, for each target that forecasts " + month(forecast))
	b.WriteString("| decision records in the log, for each target " + logged(record))
	b.WriteString("| further with `targetMetrics=true`, for each target " + logged(measured-record))
	fmt.Fprintf(&b, "| dashboards, for each %d targets | 1 | $%.2f beyond the third of the account |\n",
		dashboard.TargetsEach, list.USD(t, "dashboard"))
	return b.String()
}

// recorder is LogRecord or MeasureRecord of package function.
type recorder = func(*slog.Logger) func(context.Context, autoscaler.Record)

// usual is how long the log line of an evaluation of t mostly is: every metric has all its
// datapoints, and nothing is to be done.
func usual(t *testing.T, target policy.Target, recorder recorder) int {
	t.Helper()
	now := time.Date(2026, 11, 23, 10, 0, 30, 123456789, time.UTC)
	seen := scaling.Observation{Status: "InService", CurrentCapacity: 4, DesiredCapacity: 4, LastModified: now.Add(-time.Hour)}
	for _, q := range scaling.Queries(target, now) {
		s := scaling.Series{Metric: q.Metric.Name, DueThrough: now.Add(-2 * time.Minute).Truncate(time.Minute)}
		for at := q.From; at.Before(now); at = at.Add(q.Metric.Period) {
			s.Datapoints = append(s.Datapoints, scaling.Datapoint{Time: at, Value: 2600})
		}
		seen.Metrics = append(seen.Metrics, s)
	}
	var log bytes.Buffer
	// The clock's nanoseconds are written without the zeros at their end.
	clock := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Time(slog.TimeKey, now)
		}
		return a
	}
	handler := slog.NewJSONHandler(&log, &slog.HandlerOptions{ReplaceAttr: clock})
	recorder(slog.New(handler))(t.Context(), autoscaler.Record{
		Time: now, Endpoint: target.Endpoint, Variant: target.Variant, Policy: "0123456789abcdef",
		Trigger:     autoscaler.Trigger{Kind: "Tick", Invocation: "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"},
		Observation: seen, Decision: scaling.Decide(scaling.Input{Now: now, Target: target, Observation: seen}),
	})
	return log.Len()
}

// searching is what it costs to search so many bytes, at so much a GB.
func searching(bytes, each float64) string {
	if usd := bytes / gigabyte * each; usd >= 0.001 {
		return fmt.Sprintf("$%.3f", usd)
	}
	return "under $0.001"
}

// looksTable says what it costs to look at the first dashboard as it opens, at three
// hours: every query reads the records of all targets.
func looksTable(t *testing.T, searched float64) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| targets | dashboards | queries of the first | they read | a look at it | with `targetMetrics=true` |\n" +
		"| ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, n := range []int{1, 10, 25, 100} {
		p := many(t, n)
		read := func(targetMetrics bool, recorder recorder) (queries int, bytes float64) {
			body := boards(t, deployment(p, targetMetrics))[0].body
			queries = strings.Count(body, `"type":"log"`)
			return queries, float64(queries * n * 180 * usual(t, p.Targets[0], recorder))
		}
		queries, plainly := read(false, function.LogRecord)
		_, measured := read(true, function.MeasureRecord)
		fmt.Fprintf(&b, "| %d | %d | %d | %.3f GB | %s | %s |\n", n, dashboard.Count(n), queries, plainly/gigabyte,
			searching(plainly, searched), searching(measured, searched))
	}
	return b.String()
}
