package faults

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// publication is how long after its minute a datapoint is whole. Until then, from the
// end of its minute on, a part of it is shown.
const publication = 75 * time.Second

// metrics is a model of CloudWatch: what it shows of what was measured.
type metrics struct {
	*world
	load func(endpoint, variant string, minute int) float64
	// failing is the share of requests that fail in a minute.
	failing func(endpoint, variant string, minute int) float64
	missing string           // another metric, and its endpoint, that may be missing alone
	served  map[string][]int // instances, by endpoint and variant, of every minute
}

// serving returns the instances that served in a minute.
func (m *metrics) serving(endpoint, variant string, minute int) int {
	all := m.served[endpoint+"/"+variant]
	if minute < 0 || minute >= len(all) {
		return 1
	}
	return max(1, all[minute])
}

// cloudWatchClient is a worker's client of CloudWatch.
type cloudWatchClient struct{ *worker }

func (c cloudWatchClient) GetMetricData(ctx context.Context, in *cloudwatch.GetMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error) {
	out, err := request(ctx, c.worker, c.retryer, "GetMetricData", "", func() (*cloudwatch.GetMetricDataOutput, error) {
		return c.metrics.page(in)
	})
	if err == nil {
		c.saw.metrics(in, out)
	}
	return out, err
}

// perPage is how many queries a page answers.
const perPage = 3

// page answers one page of a query.
func (m *metrics) page(in *cloudwatch.GetMetricDataInput) (*cloudwatch.GetMetricDataOutput, error) {
	if in.NextToken != nil && m.on("invalid token") {
		return nil, refusal("InvalidNextToken", "the token is not valid")
	}
	first := 0
	if in.NextToken != nil {
		if _, err := fmt.Sscan(*in.NextToken, &first); err != nil {
			return nil, refusal("InvalidNextToken", "the token is not valid")
		}
	}
	out := &cloudwatch.GetMetricDataOutput{}
	last := min(first+perPage, len(in.MetricDataQueries))
	for i := first; i < last; i++ {
		out.MetricDataResults = append(out.MetricDataResults, m.result(in, i))
	}
	if last < len(in.MetricDataQueries) {
		out.NextToken = aws.String(fmt.Sprint(last))
	}
	if m.on("endless pages") {
		out.NextToken = aws.String("0")
	}
	if m.on("a message beside the data") {
		out.Messages = append(out.Messages, types.MessageData{
			Code: aws.String("MaxMetricsExceeded"), Value: aws.String("Maximum number of allowed metrics exceeded"),
		})
	}
	if m.on("results in another order") {
		slices.Reverse(out.MetricDataResults)
		out.MetricDataResults = append(out.MetricDataResults, types.MetricDataResult{
			Id: aws.String("stranger"), StatusCode: types.StatusCodeComplete,
		})
	}
	return out, nil
}

// result answers one query.
func (m *metrics) result(in *cloudwatch.GetMetricDataInput, i int) types.MetricDataResult {
	q := in.MetricDataQueries[i]
	s := q.MetricStat
	var endpoint, variant string
	for _, d := range s.Metric.Dimensions {
		switch aws.ToString(d.Name) {
		case "EndpointName":
			endpoint = aws.ToString(d.Value)
		case "VariantName":
			variant = aws.ToString(d.Value)
		}
	}
	name := aws.ToString(s.Metric.MetricName)
	out := types.MetricDataResult{Id: q.Id, StatusCode: types.StatusCodeComplete}
	from := minuteOf(aws.ToTime(in.StartTime))
	for minute := max(0, from); !at(minute + 1).After(aws.ToTime(in.EndTime)); minute++ {
		if v, ok := m.shown(name, endpoint, variant, minute); ok {
			out.Timestamps = append(out.Timestamps, at(minute))
			out.Values = append(out.Values, v)
		}
	}
	m.spoil(&out, aws.ToTime(in.EndTime))
	return out
}

// shown is what CloudWatch shows of a minute now; false for nothing.
func (m *metrics) shown(name, endpoint, variant string, minute int) (float64, bool) {
	age := m.now().Sub(at(minute + 1))
	e := m.number(endpoint)
	switch {
	case age < 0, m.gap(name, endpoint, minute):
		return 0, false
	case m.onAt("published late", minute) && age < publication+m.span(time.Minute, 6*time.Minute, "late", e, minute):
		m.hit("published late")
		return 0, false
	}
	v := m.truth(name, endpoint, variant, minute)
	switch {
	case m.onAt("not a number", minute) && m.chance(0.3, "nan", e, minute):
		m.hit("not a number")
		return []float64{math.NaN(), math.Inf(1), math.Inf(-1)}[m.pick(3, "which", e, minute)], true
	case m.onAt("negative", minute) && m.chance(0.3, "negative", e, minute):
		m.hit("negative")
		return -v - 1, true
	case m.onAt("absurdly large", minute) && m.chance(0.1, "large", e, minute):
		m.hit("absurdly large")
		return 1e30, true
	case m.onAt("rewritten later", minute) && age < publication+3*time.Minute:
		m.hit("rewritten later")
		return v * m.share("rewritten", e, minute) * 2, true
	case age < publication && m.on("newest minute in part"):
		m.hit("newest minute in part")
		return v * (0.2 + 0.6*m.share("part", e, minute)), true
	case age < publication && m.on("newest minute missing"):
		m.hit("newest minute missing")
		return 0, false
	}
	return v, true
}

// gap reports whether a minute of a metric is lost for good.
func (m *metrics) gap(name, endpoint string, minute int) bool {
	e := m.number(endpoint)
	switch {
	case m.onAt("no metrics at all", minute):
		m.hit("no metrics at all")
		return true
	case m.onAt("one metric missing", minute) && (name == "GPUUtilization" || name+"/"+endpoint == m.missing):
		m.hit("one metric missing")
		return true
	case m.onAt("gaps in the metrics", minute) && m.chance(0.15, "gap "+name, e, minute):
		m.hit("gaps in the metrics")
		return true
	}
	return false
}

// truth is what was measured.
func (m *metrics) truth(name, endpoint, variant string, minute int) float64 {
	switch name {
	case "Invocations":
		return m.load(endpoint, variant, minute)
	case "Invocation5XXErrors":
		return m.failing(endpoint, variant, minute)
	case "GPUUtilization":
		return min(100, 0.6*m.load(endpoint, variant, minute)/float64(m.serving(endpoint, variant, minute)))
	}
	panic("the model has no metric " + name)
}

// spoil does to a result what an episode does to all.
func (m *metrics) spoil(r *types.MetricDataResult, end time.Time) {
	switch {
	case m.on("answered in part"):
		r.StatusCode = types.StatusCodePartialData
		if m.chance(0.5, "all the same", minuteOf(m.now())) {
			return // what is lacking nobody sees
		}
		half := len(r.Values) / 2
		r.Values, r.Timestamps = r.Values[half:], r.Timestamps[half:]
	case m.on("internal error for a metric"):
		r.StatusCode, r.Values, r.Timestamps = types.StatusCodeInternalError, nil, nil
	case m.on("forbidden"):
		r.StatusCode, r.Values, r.Timestamps = types.StatusCodeForbidden, nil, nil
	case m.on("more times than values") && len(r.Values) > 0:
		r.Values = r.Values[1:]
	case m.on("results in another order"):
		slices.Reverse(r.Values)
		slices.Reverse(r.Timestamps)
		r.Values, r.Timestamps = append(r.Values, r.Values...), append(r.Timestamps, r.Timestamps...)
	case m.on("datapoints of the future"):
		r.Timestamps = append(r.Timestamps, end.Add(3*time.Minute), end.Add(-300*24*time.Hour))
		r.Values = append(r.Values, 1e6, 1e6)
	}
}

// minuteOf returns the number of the minute that a time lies in.
func minuteOf(t time.Time) int {
	return int(math.Floor(float64(t.Sub(epoch())) / float64(time.Minute)))
}

// at returns the beginning of a minute.
func at(minute int) time.Time { return epoch().Add(time.Duration(minute) * time.Minute) }

// point is a datapoint as CloudWatch has answered it.
type point struct {
	minute int
	value  float64
}

// evidence is what a worker was answered about a metric.
type evidence struct {
	points []point
	end    time.Time // until when it was asked for, by the worker's clock
	// flaw says why the answer is no ground for a scale-in, or is empty.
	flaw string
}

// metrics notes what a page answers.
func (s *sight) metrics(in *cloudwatch.GetMetricDataInput, page *cloudwatch.GetMetricDataOutput) {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := map[string]string{}
	for _, q := range in.MetricDataQueries {
		key := evidenceOf(q.MetricStat.Metric)
		names[aws.ToString(q.Id)] = key
		if in.NextToken == nil {
			s.evidence[key] = &evidence{end: aws.ToTime(in.EndTime), flaw: "it was not answered"}
		}
	}
	for _, r := range page.MetricDataResults {
		e := s.evidence[names[aws.ToString(r.Id)]]
		if e == nil {
			continue
		}
		e.flaw = ""
		if r.StatusCode != types.StatusCodeComplete {
			e.flaw = string(r.StatusCode)
		}
		if len(r.Values) != len(r.Timestamps) {
			e.flaw = "times and values differ in number"
			continue
		}
		for i, t := range r.Timestamps {
			e.points = append(e.points, point{minuteOf(t), r.Values[i]})
		}
	}
	if len(page.Messages) > 0 {
		for _, key := range names {
			s.evidence[key].flaw = "a message beside the data"
		}
	}
}

func evidenceOf(m *types.Metric) string {
	key := aws.ToString(m.MetricName)
	for _, d := range m.Dimensions {
		key += "/" + aws.ToString(d.Value)
	}
	return key
}

// values returns the highest valid value of every minute of a span, and how many
// minutes have none.
func (e *evidence) values(from, to int) (values []float64, missing int) {
	for minute := from; minute <= to; minute++ {
		best, ok := 0.0, false
		for _, p := range e.points {
			if p.minute == minute && p.value >= 0 && !math.IsInf(p.value, 0) {
				best, ok = max(best, p.value), true
			}
		}
		if !ok {
			missing++
			continue
		}
		values = append(values, best)
	}
	return values, missing
}

// loadKey names the evidence of the load of a variant.
func loadKey(metric, endpoint, variant string) string {
	return strings.Join([]string{metric, endpoint, variant}, "/")
}
