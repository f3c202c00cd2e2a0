package cloudwatch

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// batch gathers the answer to one call from its pages.
type batch struct {
	metrics []policy.Metric
	// index is the place of each metric, by the id of its query.
	index map[string]int
	// periods is how many datapoints a series can have.
	periods int
	out     []scaling.Series
	// status is the last status code of each metric: PartialData on a page that
	// another follows becomes Complete on the last.
	status  []types.StatusCode
	message string
}

func newBatch(of []policy.Metric, periods int, dueThrough time.Time) *batch {
	b := &batch{
		metrics: of, index: map[string]int{}, periods: periods,
		out: make([]scaling.Series, len(of)), status: make([]types.StatusCode, len(of)),
	}
	for i, m := range of {
		b.index[queryID(i, m)] = i
		b.out[i] = scaling.Series{Metric: m.Name, DueThrough: dueThrough}
	}
	return b
}

func (b *batch) queries() []types.MetricDataQuery {
	out := make([]types.MetricDataQuery, 0, len(b.metrics))
	for i, m := range b.metrics {
		query := types.MetricDataQuery{Id: aws.String(queryID(i, m))}
		if m.Computed() {
			query.Expression, query.Period = aws.String(m.Expression), seconds(m.Period)
		} else {
			query.MetricStat = stat(policy.MetricInput{
				Namespace: m.Namespace, MetricName: m.MetricName, Statistic: m.Statistic, Dimensions: m.Dimensions,
			}, m.Period)
		}
		out = append(out, query)
		for _, in := range m.Inputs {
			out = append(out, types.MetricDataQuery{
				Id: aws.String(in.ID), MetricStat: stat(in, m.Period), ReturnData: aws.Bool(false),
			})
		}
	}
	return out
}

func stat(of policy.MetricInput, period time.Duration) *types.MetricStat {
	metric := &types.Metric{Namespace: aws.String(of.Namespace), MetricName: aws.String(of.MetricName)}
	for _, d := range of.Dimensions {
		metric.Dimensions = append(metric.Dimensions, types.Dimension{Name: aws.String(d.Name), Value: aws.String(d.Value)})
	}
	return &types.MetricStat{Metric: metric, Period: seconds(period), Stat: aws.String(of.Statistic)}
}

func seconds(period time.Duration) *int32 { return aws.Int32(int32(period / time.Second)) }

// queryID names the query of metric i of a call, unlike any that the user chose for
// an input of it. Names of endpoints would not do: an id begins with a lower-case
// letter and has no hyphens.
func queryID(i int, m policy.Metric) string { return m.FreeID(fmt.Sprintf("m%d", i)) }

// add takes in one page.
func (b *batch) add(page *cloudwatch.GetMetricDataOutput) {
	for _, msg := range page.Messages {
		b.message = fmt.Sprintf("CloudWatch says %s: %.200s", aws.ToString(msg.Code), aws.ToString(msg.Value))
	}
	for _, r := range page.MetricDataResults {
		i, ok := b.index[aws.ToString(r.Id)]
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
		s := &b.out[i]
		switch {
		case b.metrics[i].Computed() && several(s.Datapoints):
			// Which of them the user means nobody knows.
			s.Datapoints, s.Incomplete = nil, "CloudWatch answered several series for the expression, which must make one"
		case len(s.Datapoints) > b.periods:
			s.Incomplete = fmt.Sprintf("CloudWatch answered %d datapoints for %d periods", len(s.Datapoints), b.periods)
			s.Datapoints = nil
		case b.message != "":
			s.Incomplete = b.message
		case b.status[i] == "":
			s.Incomplete = "CloudWatch did not answer for the metric"
		case b.status[i] != types.StatusCodeComplete:
			s.Incomplete = fmt.Sprintf("CloudWatch answered with status %s", b.status[i])
		}
	}
	return b.out
}

// several reports whether datapoints are of several series: one has a value for a
// time.
func several(all []scaling.Datapoint) bool {
	times := make([]int64, len(all))
	for i, d := range all {
		times[i] = d.Time.UnixNano()
	}
	slices.Sort(times)
	return len(slices.Compact(times)) < len(all)
}
