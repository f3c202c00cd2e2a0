package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdkcloudwatch "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	sdkdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	sdkeventbridge "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/cloudwatch"
	"sagescale/internal/config"
	"sagescale/internal/dynamodb"
	"sagescale/internal/event"
	"sagescale/internal/eventbridge"
	"sagescale/internal/function"
	"sagescale/internal/notify"
	"sagescale/internal/plain"
	"sagescale/internal/scaling"
)

// quantity is one of the things that are counted.
type quantity int

// The quantities: of the functions, of the tables that they read and write, in units and
// bytes, and of their logs.
const (
	invocations quantity = iota
	scheduleCalls
	otherCalls
	metricsRead
	readUnits
	writeUnits
	eventsPut
	logBytes
	historyBytes
	stateBytes
	quantities
)

// counts are the quantities of some time.
type counts [quantities]float64

// What CloudWatch counts of a line of a log beside its text, and what Lambda writes of
// every invocation: the lines START, END and REPORT.
const (
	lineOverhead   = 26
	lambdaLines    = 3
	lambdaLogBytes = 290
)

// meter counts what a simulated account is charged for: what the ticks have in common, and
// what belongs to an endpoint.
type meter struct {
	simulation  *simulation
	schedule    bool // the function under way is schedule, which looks at all endpoints
	learning    bool // and it learns, of one load after the other
	shared, own counts
	logged      map[string]bool // custom metrics, with their dimensions
	items       map[string]map[string]map[string]types.AttributeValue
}

// measure runs the functions over the loads of a policy, with the adapters of DynamoDB and
// CloudWatch between them and the account, and returns what was counted.
func measure(t *testing.T, c Config) *meter {
	t.Helper()
	m := &meter{logged: map[string]bool{}, items: map[string]map[string]map[string]types.AttributeValue{}}
	log := slog.New(slog.NewJSONHandler(plain.JSON(m), nil))
	record := function.LogRecord(log)
	c.Log = log
	c.Record = func(r autoscaler.Record) error { record(t.Context(), r); return nil }
	c.Lost = func(kind event.Kind, _ time.Time) bool { m.invoked(kind); return false }
	s, err := newSimulation(c)
	if err != nil {
		t.Fatal(err)
	}
	m.simulation = s
	store := dynamodb.New(m, "table")
	e := s.schedule.Evaluator.(*autoscaler.Evaluator)
	e.Endpoints, e.Metrics, e.Scalers, e.Store, e.Forecasts = counted{m}, counted{m}, counted{m}, store, store
	f := s.schedule.Forecaster.(*autoscaler.Forecaster)
	f.Metrics, f.Forecasts = counted{m}, store
	told := notify.Notifier{Stack: "sagescale", Bus: eventbridge.New(m), Memories: store}
	s.schedule.Notifier, s.alarm.Notifier, s.settle.Notifier = told, told, told
	for i := range s.steps {
		s.step(t.Context(), i)
		if s.err != nil {
			t.Fatal(s.err)
		}
	}
	if s.finish(t.Context()); s.result.Errors > 0 {
		t.Fatalf("%d evaluations failed", s.result.Errors)
	}
	m.weigh()
	return m
}

// invoked counts an invocation.
func (m *meter) invoked(kind event.Kind) {
	m.schedule = kind != event.Alarm && kind != event.EndpointState
	m.learning = kind == event.Forecast
	common := &m.own
	if m.schedule {
		common = &m.shared
	}
	common[invocations]++
	common[logBytes] += lambdaLogBytes + lambdaLines*lineOverhead
}

// called counts a call, of an endpoint's own or not.
func (m *meter) called(of *counts) {
	switch {
	case !m.schedule:
		m.own[otherCalls]++
	case m.learning:
		m.own[scheduleCalls]++
	default:
		of[scheduleCalls]++
	}
}

// Write takes a line of the log, counts it, and the custom metrics that it makes.
func (m *meter) Write(line []byte) (int, error) {
	var read struct {
		Msg string `json:"msg"`
		AWS struct {
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name string }
			}
		} `json:"_aws"`
	}
	all := map[string]any{}
	if err := errors.Join(json.Unmarshal(line, &read), json.Unmarshal(line, &all)); err != nil {
		return 0, err
	}
	common := &m.own
	if m.schedule && read.Msg == "invocation" {
		common = &m.shared
	}
	common[logBytes] += float64(len(bytes.TrimSuffix(line, []byte("\n"))) + lineOverhead)
	for _, directive := range read.AWS.CloudWatchMetrics {
		for _, dimensions := range directive.Dimensions {
			of := directive.Namespace
			for _, d := range dimensions {
				of += fmt.Sprint(" ", d, "=", all[d])
			}
			for _, metric := range directive.Metrics {
				m.logged[of+" "+metric.Name] = true
			}
		}
	}
	return len(line), nil
}

// counted is the account by its ports, with what is asked of it counted.
type counted struct{ *meter }

func (c counted) Describe(ctx context.Context, name string) (activity.Endpoint, error) {
	c.called(&c.own)
	return c.simulation.sageMaker.Describe(ctx, name)
}

func (c counted) SetCapacity(ctx context.Context, endpoint, variant string, n int) error {
	c.called(&c.own)
	return c.simulation.sageMaker.SetCapacity(ctx, endpoint, variant, n)
}

func (c counted) Conflict(context.Context, string, string) (string, error) {
	c.called(&c.own)
	return "", nil
}

// Read asks by the adapter, for what it asks of CloudWatch, and answers with what the
// simulated one has.
func (c counted) Read(ctx context.Context, queries []scaling.Query, now time.Time) ([]scaling.Series, error) {
	if _, err := cloudwatch.New(c.meter).Read(ctx, queries, now); err != nil {
		return nil, err
	}
	return c.simulation.metrics.Read(ctx, queries, now)
}

// GetMetricData counts the metrics that it is asked for.
func (m *meter) GetMetricData(_ context.Context, in *sdkcloudwatch.GetMetricDataInput, _ ...func(*sdkcloudwatch.Options)) (*sdkcloudwatch.GetMetricDataOutput, error) {
	m.called(&m.shared)
	out := &sdkcloudwatch.GetMetricDataOutput{}
	for _, q := range in.MetricDataQueries {
		if q.MetricStat != nil {
			m.own[metricsRead]++
		}
		out.MetricDataResults = append(out.MetricDataResults, cwtypes.MetricDataResult{Id: q.Id, StatusCode: cwtypes.StatusCodeComplete})
	}
	return out, nil
}

// PutEvents counts the events that it takes. Those of the functions are far below the 64 KB
// that count as one.
func (m *meter) PutEvents(_ context.Context, in *sdkeventbridge.PutEventsInput, _ ...func(*sdkeventbridge.Options)) (*sdkeventbridge.PutEventsOutput, error) {
	m.called(&m.own)
	m.own[eventsPut] += float64(len(in.Entries))
	out := &sdkeventbridge.PutEventsOutput{}
	for range in.Entries {
		out.Entries = append(out.Entries, ebtypes.PutEventsResultEntry{EventId: aws.String("00000000-0000-4000-8000-000000000000")})
	}
	return out, nil
}

// Query answers with the items of a partition from a sort key on, or those that begin
// with it. A unit reads 4 KB, consistently.
func (m *meter) Query(_ context.Context, in *sdkdynamodb.QueryInput, _ ...func(*sdkdynamodb.Options)) (*sdkdynamodb.QueryOutput, error) {
	m.called(&m.own)
	from := content(in.ExpressionAttributeValues[":from"])
	begins := strings.Contains(*in.KeyConditionExpression, "begins_with")
	partition := m.items[content(in.ExpressionAttributeValues[":endpoint"])]
	out, bytes := &sdkdynamodb.QueryOutput{}, 0
	for _, sort := range slices.Sorted(maps.Keys(partition)) {
		if begins && strings.HasPrefix(sort, from) || !begins && sort >= from {
			out.Items = append(out.Items, partition[sort])
			bytes += size(partition[sort])
		}
	}
	units := max(1, math.Ceil(float64(bytes)/4096))
	if in.ConsistentRead == nil || !*in.ConsistentRead {
		units /= 2
	}
	m.own[readUnits] += units
	return out, nil
}

// PutItem keeps an item. A unit writes 1 KB. The condition holds: nobody else writes.
func (m *meter) PutItem(_ context.Context, in *sdkdynamodb.PutItemInput, _ ...func(*sdkdynamodb.Options)) (*sdkdynamodb.PutItemOutput, error) {
	m.called(&m.own)
	m.own[writeUnits] += m.put(in.Item)
	return &sdkdynamodb.PutItemOutput{}, nil
}

// TransactWriteItems keeps items; in a transaction a unit counts twice.
func (m *meter) TransactWriteItems(_ context.Context, in *sdkdynamodb.TransactWriteItemsInput, _ ...func(*sdkdynamodb.Options)) (*sdkdynamodb.TransactWriteItemsOutput, error) {
	m.called(&m.own)
	for _, w := range in.TransactItems {
		m.own[writeUnits] += 2 * m.put(w.Put.Item)
	}
	return &sdkdynamodb.TransactWriteItemsOutput{}, nil
}

// DeleteItem is not of the functions.
func (m *meter) DeleteItem(context.Context, *sdkdynamodb.DeleteItemInput, ...func(*sdkdynamodb.Options)) (*sdkdynamodb.DeleteItemOutput, error) {
	return nil, fmt.Errorf("delete item: %w", activity.ErrRefused)
}

func (m *meter) put(item map[string]types.AttributeValue) (units float64) {
	partition := content(item[config.KeyPartition])
	if m.items[partition] == nil {
		m.items[partition] = map[string]map[string]types.AttributeValue{}
	}
	m.items[partition][content(item[config.KeySort])] = item
	return math.Ceil(float64(size(item)) / 1024)
}

// content is a string or the digits of a number.
func content(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	}
	return ""
}

// size is what an item counts: the bytes of its names and values.
func size(item map[string]types.AttributeValue) int {
	n := 0
	for name, v := range item {
		n += len(name) + len(content(v))
	}
	return n
}

// weigh counts what the table holds in the end.
func (m *meter) weigh() {
	for _, partition := range m.items {
		for sort, item := range partition {
			of := stateBytes
			if strings.HasPrefix(sort, "activity#") {
				of = historyBytes
			}
			m.own[of] += float64(size(item))
		}
	}
}
