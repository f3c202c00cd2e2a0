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
	// maxQueries is how many metrics and expressions one call of GetMetricData takes.
	maxQueries = 500
	// maxID is the length that the id of one may have.
	maxID = 255
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
// takes up to 500, those of expressions counted, and CloudWatch charges by the
// metric. Those of another period have a call of their own, because CloudWatch
// counts periods from the start time of the call; it is put at the beginning of a
// period.
//
// A metric that CloudWatch did not answer in full, by its status code or by a
// message of the answer, has a series that says why it is Incomplete. An error
// means that nothing was read.
func (m *Metrics) Read(ctx context.Context, queries []scaling.Query, now time.Time) ([]scaling.Series, error) {
	out := make([]scaling.Series, len(queries))
	for _, indexes := range byPeriod(queries) {
		for _, chunk := range calls(queries, indexes) {
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

// calls groups indexes of queries so that each group, its expressions with all
// their metrics, fits into one call.
func calls(of []scaling.Query, indexes []int) [][]int {
	var groups [][]int
	room := 0
	for _, i := range indexes {
		need := 1 + len(of[i].Metric.Inputs)
		if need > room {
			groups, room = append(groups, nil), maxQueries
		}
		room -= need
		groups[len(groups)-1] = append(groups[len(groups)-1], i)
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
