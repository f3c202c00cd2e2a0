// Package cloudwatch reads metrics from Amazon CloudWatch. It is the only
// importer of CloudWatch's SDK.
package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

const (
	// maxQueries is how many metrics one call of GetMetricData takes.
	maxQueries = 500
	// maxPages bounds the pages of one call: a token that never ends must not
	// keep a function busy.
	maxPages = 100
)

// PublicationDelay is how long after its period's end a datapoint is due. AWS
// promises no time; SageMaker's metrics are observed to take one to two minutes.
const PublicationDelay = 2 * time.Minute

type api interface {
	GetMetricData(context.Context, *cloudwatch.GetMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error)
}

// Metrics reads metrics.
type Metrics struct{ client api }

// New returns Metrics on a client.
func New(client *cloudwatch.Client) *Metrics { return &Metrics{client} }

// Read returns the datapoints that the queries ask for up to now, one series for
// each, in their order. All metrics of one period are asked for together: a call
// takes up to 500, and CloudWatch charges by the metric. Those of another period
// have a call of their own, because CloudWatch counts periods from the start time
// of the call; it is put at the beginning of a period.
//
// A metric that CloudWatch did not answer in full, by its status code or by a
// message of the answer, has a series that says why it is Incomplete. An error
// means that nothing was read.
func (m *Metrics) Read(ctx context.Context, queries []scaling.Query, now time.Time) ([]scaling.Series, error) {
	out := make([]scaling.Series, len(queries))
	for _, indexes := range byPeriod(queries) {
		for chunk := range slices.Chunk(indexes, maxQueries) {
			from := now
			batch := make([]policy.Metric, len(chunk))
			for j, i := range chunk {
				batch[j] = queries[i].Metric
				if queries[i].From.Before(from) {
					from = queries[i].From
				}
			}
			series, err := m.readBatch(ctx, batch, start(from, batch[0].Period), now)
			if err != nil {
				return nil, err
			}
			for j, i := range chunk {
				out[i] = series[j]
			}
		}
	}
	return out, nil
}

// byPeriod groups the indexes of queries by period, the periods in the order in
// which they first appear.
func byPeriod(of []scaling.Query) [][]int {
	var groups [][]int
	group := map[time.Duration]int{}
	for i, q := range of {
		g, ok := group[q.Metric.Period]
		if !ok {
			g = len(groups)
			group[q.Metric.Period] = g
			groups = append(groups, nil)
		}
		groups[g] = append(groups[g], i)
	}
	return groups
}

// start returns the beginning of the period that a time lies in, counted from the
// Unix epoch.
func start(t time.Time, period time.Duration) time.Time {
	s := int64(period / time.Second)
	return time.Unix(t.Unix()-t.Unix()%s, 0).UTC()
}

func (m *Metrics) readBatch(ctx context.Context, of []policy.Metric, from, now time.Time) ([]scaling.Series, error) {
	b := newBatch(of, now.Add(-PublicationDelay))
	input := &cloudwatch.GetMetricDataInput{
		MetricDataQueries: b.queries(),
		StartTime:         aws.Time(from),
		EndTime:           aws.Time(now),
		ScanBy:            types.ScanByTimestampAscending,
	}
	for range maxPages {
		page, err := m.client.GetMetricData(ctx, input)
		if err != nil {
			return nil, fmt.Errorf("call GetMetricData: %w", err)
		}
		b.add(page)
		if aws.ToString(page.NextToken) == "" {
			return b.series(), nil
		}
		input.NextToken = page.NextToken
	}
	return nil, errors.New("call GetMetricData: the answer has too many pages")
}

// batch gathers the answer to one call from its pages.
type batch struct {
	metrics []policy.Metric
	out     []scaling.Series
	// status is the last status code of each metric: PartialData on a page that
	// another follows becomes Complete on the last.
	status  []types.StatusCode
	message string
}

func newBatch(of []policy.Metric, dueThrough time.Time) *batch {
	b := &batch{metrics: of, out: make([]scaling.Series, len(of)), status: make([]types.StatusCode, len(of))}
	for i, m := range of {
		b.out[i] = scaling.Series{Metric: m.Name, DueThrough: dueThrough}
	}
	return b
}

func (b *batch) queries() []types.MetricDataQuery {
	out := make([]types.MetricDataQuery, len(b.metrics))
	for i, m := range b.metrics {
		metric := &types.Metric{Namespace: aws.String(m.Namespace), MetricName: aws.String(m.MetricName)}
		for _, d := range m.Dimensions {
			metric.Dimensions = append(metric.Dimensions, types.Dimension{Name: aws.String(d.Name), Value: aws.String(d.Value)})
		}
		out[i] = types.MetricDataQuery{
			Id: aws.String(queryID(i)),
			MetricStat: &types.MetricStat{
				Metric: metric,
				Period: aws.Int32(int32(m.Period / time.Second)),
				Stat:   aws.String(m.Statistic),
			},
		}
	}
	return out
}

// queryID names the query of metric i. Names of endpoints would not do: an id
// begins with a lower-case letter and has no hyphens.
func queryID(i int) string { return fmt.Sprintf("m%d", i) }

// query returns the metric whose query has the id.
func (b *batch) query(id string) (i int, ok bool) {
	i, err := strconv.Atoi(strings.TrimPrefix(id, "m"))
	return i, err == nil && i >= 0 && i < len(b.out) && id == queryID(i)
}

// add takes in one page.
func (b *batch) add(page *cloudwatch.GetMetricDataOutput) {
	for _, msg := range page.Messages {
		b.message = fmt.Sprintf("CloudWatch says %s: %.200s", aws.ToString(msg.Code), aws.ToString(msg.Value))
	}
	for _, r := range page.MetricDataResults {
		i, ok := b.query(aws.ToString(r.Id))
		if !ok {
			b.message = fmt.Sprintf("CloudWatch answered a query that was not asked: %.40q", aws.ToString(r.Id))
			continue
		}
		b.status[i] = r.StatusCode
		if len(r.Timestamps) != len(r.Values) {
			b.message = fmt.Sprintf("CloudWatch answered %d times and %d values", len(r.Timestamps), len(r.Values))
			continue
		}
		for j, t := range r.Timestamps {
			b.out[i].Datapoints = append(b.out[i].Datapoints, scaling.Datapoint{Time: t.UTC(), Value: r.Values[j]})
		}
	}
}

// series returns the datapoints, and marks what is incomplete.
func (b *batch) series() []scaling.Series {
	for i := range b.out {
		switch {
		case b.message != "":
			b.out[i].Incomplete = b.message
		case b.status[i] == "":
			b.out[i].Incomplete = "CloudWatch did not answer for the metric"
		case b.status[i] != types.StatusCodeComplete:
			b.out[i].Incomplete = fmt.Sprintf("CloudWatch answered with status %s", b.status[i])
		}
	}
	return b.out
}
