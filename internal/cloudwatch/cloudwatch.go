// Package cloudwatch reads metrics from Amazon CloudWatch. It is the only
// importer of CloudWatch's SDK.
package cloudwatch

import (
	"context"
	"errors"
	"fmt"
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

// New returns Metrics on a client: the SDK's, or what behaves like it.
func New(client api) *Metrics { return &Metrics{client} }

// Read returns the datapoints that the queries ask for up to now, one series for
// each, in their order. All metrics of one period are asked for together: a call
// takes up to 500, and CloudWatch charges by the metric. Those of another period have
// a call of their own, because CloudWatch counts periods from the start time of the
// call; it is put at the beginning of a period. So has every expression: CloudWatch
// may refuse a whole call for one that it does not understand, which must cost no
// other metric.
//
// A metric that CloudWatch did not answer in full, by its status code or by a
// message of the answer, and an expression whose call failed, has a series that says
// why it is Incomplete. So has one with more datapoints than there are periods, which
// has none of them. An error means that nothing was read.
func (m *Metrics) Read(ctx context.Context, queries []scaling.Query, now time.Time) ([]scaling.Series, error) {
	out := make([]scaling.Series, len(queries))
	for _, call := range calls(queries) {
		from := now
		batch := make([]policy.Metric, len(call))
		for j, i := range call {
			batch[j] = queries[i].Metric
			if queries[i].From.Before(from) {
				from = queries[i].From
			}
		}
		series, err := m.readBatch(ctx, batch, start(from, batch[0].Period), now)
		switch {
		case err != nil && batch[0].Computed():
			series = []scaling.Series{{Metric: batch[0].Name, Incomplete: fmt.Sprintf("%.500s", err)}}
		case err != nil:
			return nil, err
		}
		for j, i := range call {
			out[i] = series[j]
		}
	}
	return out, nil
}

// calls groups the indexes of queries by the call that asks for them, those of
// expressions last: a slow one must not take the time of the others.
func calls(of []scaling.Query) [][]int {
	var metrics, expressions [][]int
	last := map[time.Duration]int{} // the last call for each period
	for i, q := range of {
		if q.Metric.Computed() {
			expressions = append(expressions, []int{i})
			continue
		}
		c, ok := last[q.Metric.Period]
		if !ok || len(metrics[c]) == maxQueries {
			c = len(metrics)
			last[q.Metric.Period] = c
			metrics = append(metrics, nil)
		}
		metrics[c] = append(metrics[c], i)
	}
	return append(metrics, expressions...)
}

// start returns the beginning of the period that a time lies in, counted from the
// Unix epoch.
func start(t time.Time, period time.Duration) time.Time {
	s := int64(period / time.Second)
	return time.Unix(t.Unix()-t.Unix()%s, 0).UTC()
}

func (m *Metrics) readBatch(ctx context.Context, of []policy.Metric, from, now time.Time) ([]scaling.Series, error) {
	b := newBatch(of, int(now.Sub(from)/of[0].Period)+1, now.Add(-PublicationDelay))
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
