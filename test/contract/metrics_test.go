//go:build local

package contract

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"sagescale/internal/cloudwatch"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/test/localaccount"
)

// metrics is the port of package autoscaler.
type metrics interface {
	Read(ctx context.Context, queries []scaling.Query, now time.Time) ([]scaling.Series, error)
}

// sample is one measurement of a metric, in minutes after the window's begin.
type sample struct {
	minute float64
	value  float64
}

// window is the time that is read: twenty whole minutes.
type window struct{ from, now time.Time }

// at is when a sample was taken, to the second.
func (w window) at(s sample) time.Time {
	return w.from.Add(time.Duration(s.minute * float64(time.Minute)).Round(time.Second))
}

// metricsSubject is the port and what is needed to test it.
type metricsSubject struct {
	metrics
	window
	// put measures.
	put func(ctx context.Context, of policy.Metric, samples ...sample) error
}

func ministackMetrics(account *localaccount.Account) implementation[metricsSubject] {
	client := sdk.NewFromConfig(account.AWSConfig())
	now := time.Now().UTC().Truncate(time.Minute)
	w := window{now.Add(-20 * time.Minute), now}
	return implementation[metricsSubject]{name: "MiniStack", subject: metricsSubject{
		metrics: cloudwatch.New(client),
		window:  w,
		put: func(ctx context.Context, of policy.Metric, samples ...sample) error {
			return put(ctx, client, w, of, samples)
		},
	}, skip: map[string]string{computesExpressions: "MiniStack's GetMetricData has no metric math: it answers expressions with InternalError"}}
}

// put puts metric data.
func put(ctx context.Context, client *sdk.Client, w window, of policy.Metric, samples []sample) error {
	var dimensions []types.Dimension
	for _, d := range of.Dimensions {
		dimensions = append(dimensions, types.Dimension{Name: &d.Name, Value: &d.Value})
	}
	in := &sdk.PutMetricDataInput{Namespace: &of.Namespace}
	for _, s := range samples {
		in.MetricData = append(in.MetricData, types.MetricDatum{
			MetricName: &of.MetricName, Dimensions: dimensions, Timestamp: aws.Time(w.at(s)), Value: &s.value,
		})
	}
	if _, err := client.PutMetricData(ctx, in, once); err != nil {
		return fmt.Errorf("put metric data: %w", err)
	}
	return nil
}

// once sends a request a single time, on a connection that nobody has begun to close:
// what is put twice, because the answer was lost, adds up.
func once(o *sdk.Options) {
	o.Retryer = aws.NopRetryer{}
	o.HTTPClient = awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) { t.DisableKeepAlives = true })
}

// computesExpressions is a behaviour that no implementation here can show.
const computesExpressions = "an expression has a value for every minute but those of a division by zero"

func metricsBehaviours() []behaviour[metricsSubject] {
	return []behaviour[metricsSubject]{
		{"sums have the time of their minute's begin", func(ctx context.Context, t *testing.T, s metricsSubject, endpoint string) {
			m := invocations(endpoint, "a")
			s.measure(ctx, t, m, sample{1, 3}, sample{1.25, 4}, sample{1.9, 5}, sample{2, 100}, sample{3.5, 7})
			s.want(ctx, t, []policy.Metric{m}, []sample{{1, 12}, {2, 100}, {3, 7}})
		}},
		{"a gap stays a gap, zero stays zero", func(ctx context.Context, t *testing.T, s metricsSubject, endpoint string) {
			m := invocations(endpoint, "a")
			s.measure(ctx, t, m, sample{1, 3}, sample{2, 0}, sample{5, 4})
			s.want(ctx, t, []policy.Metric{m}, []sample{{1, 3}, {2, 0}, {5, 4}})
		}},
		{"a metric that nobody measures is complete and empty", func(ctx context.Context, t *testing.T, s metricsSubject, endpoint string) {
			s.measure(ctx, t, invocations(endpoint, "a"), sample{1, 3})
			s.want(ctx, t, []policy.Metric{invocations(endpoint, "z")}, nil)
		}},
		{"no metrics, no series", func(ctx context.Context, t *testing.T, s metricsSubject, endpoint string) {
			s.measure(ctx, t, invocations(endpoint, "a"), sample{1, 3})
			s.want(ctx, t, nil)
		}},
		{"several metrics keep their order", func(ctx context.Context, t *testing.T, s metricsSubject, endpoint string) {
			a, b, z := invocations(endpoint, "a"), invocations(endpoint, "b"), invocations(endpoint, "z")
			s.measure(ctx, t, a, sample{1, 1}, sample{2, 2})
			s.measure(ctx, t, b, sample{1, 10}, sample{2, 20})
			s.want(ctx, t, []policy.Metric{b, z, a, b}, []sample{{1, 10}, {2, 20}}, nil, []sample{{1, 1}, {2, 2}}, []sample{{1, 10}, {2, 20}})
		}},
		{"more metrics than a call takes", func(ctx context.Context, t *testing.T, s metricsSubject, endpoint string) {
			m := invocations(endpoint, "a")
			s.measure(ctx, t, m, sample{1, 1})
			of, want := make([]policy.Metric, 501), make([][]sample, 501)
			for i := range of {
				of[i], want[i] = m, []sample{{1, 1}}
			}
			of[499], want[499] = invocations(endpoint, "z"), nil
			s.want(ctx, t, of, want...)
		}},
		{"the begin is in the window, the end is not", func(ctx context.Context, t *testing.T, s metricsSubject, endpoint string) {
			m := invocations(endpoint, "a")
			s.measure(ctx, t, m, sample{-2, 1}, sample{-0.5, 2}, sample{0, 3}, sample{19, 4}, sample{20, 5}, sample{21, 6})
			s.want(ctx, t, []policy.Metric{m}, []sample{{0, 3}, {19, 4}})
		}},
		{"all dimensions must be equal", func(ctx context.Context, t *testing.T, s metricsSubject, endpoint string) {
			m := invocations(endpoint, "a")
			s.measure(ctx, t, m, sample{1, 3})
			fewer, other := m, m
			fewer.Dimensions = m.Dimensions[:1]
			other.Dimensions = []policy.Dimension{{Name: "EndpointName", Value: "other"}, m.Dimensions[1]}
			s.want(ctx, t, []policy.Metric{fewer, other}, nil, nil)
		}},
		{"a maximum of ten seconds", func(ctx context.Context, t *testing.T, s metricsSubject, endpoint string) {
			m := invocations(endpoint, "a")
			m.Name, m.MetricName = policy.ConcurrentRequestsPerModel, policy.ConcurrentRequestsPerModel
			m.Statistic, m.Period = "Maximum", 10*time.Second
			var samples []sample
			for i := range 12 {
				samples = append(samples, sample{1 + float64(i)/6, 8})
			}
			s.measure(ctx, t, m, samples...)
			s.want(ctx, t, []policy.Metric{m}, samples)
		}},
		{computesExpressions, func(ctx context.Context, t *testing.T, s metricsSubject, endpoint string) {
			a, b := invocations(endpoint, "a"), invocations(endpoint, "b")
			s.measure(ctx, t, a, sample{1, 1}, sample{2, 3}, sample{3, 5})
			s.measure(ctx, t, b, sample{1, 4}, sample{2, 0}, sample{3, 2})
			s.want(ctx, t, []policy.Metric{share(a, b), share(b, a)},
				[]sample{{1, 0.25}, {3, 2.5}}, []sample{{1, 4}, {2, 0}, {3, 0.4}})
		}},
		{"a datapoint due later than the window is not waited for", func(ctx context.Context, t *testing.T, s metricsSubject, endpoint string) {
			m := invocations(endpoint, "a")
			s.measure(ctx, t, m, sample{1, 3})
			for _, series := range s.read(ctx, t, []policy.Metric{m}) {
				if series.DueThrough.After(s.now) || series.DueThrough.Before(s.now.Add(-5*time.Minute)) {
					t.Errorf("due through %s at %s", series.DueThrough, s.now)
				}
			}
		}},
	}
}

// invocations is the load of a variant.
func invocations(endpoint, variant string) policy.Metric {
	return policy.Metric{
		Name: "load-" + variant, Namespace: "contract", MetricName: policy.Invocations, Statistic: "Sum", Period: time.Minute,
		Dimensions: []policy.Dimension{{Name: "EndpointName", Value: endpoint}, {Name: "VariantName", Value: variant}},
	}
}

// share is an expression: one metric divided by another.
func share(part, whole policy.Metric) policy.Metric {
	input := func(id string, m policy.Metric) policy.MetricInput {
		return policy.MetricInput{ID: id, Namespace: m.Namespace, MetricName: m.MetricName, Statistic: m.Statistic, Dimensions: m.Dimensions}
	}
	return policy.Metric{
		Name: part.Name + "-of-" + whole.Name, Period: part.Period, Expression: "part / whole",
		Inputs: []policy.MetricInput{input("part", part), input("whole", whole)},
	}
}

func (s metricsSubject) measure(ctx context.Context, t *testing.T, of policy.Metric, samples ...sample) {
	t.Helper()
	if err := s.put(ctx, of, samples...); err != nil {
		t.Fatal(err)
	}
}

func (s metricsSubject) read(ctx context.Context, t *testing.T, of []policy.Metric) []scaling.Series {
	t.Helper()
	queries := make([]scaling.Query, len(of))
	for i, m := range of {
		queries[i] = scaling.Query{Metric: m, From: s.from}
	}
	got, err := s.Read(ctx, queries, s.now)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(of) {
		t.Fatalf("%d series for %d metrics", len(got), len(of))
	}
	return got
}

// want checks that every metric is complete and has these datapoints.
func (s metricsSubject) want(ctx context.Context, t *testing.T, of []policy.Metric, want ...[]sample) {
	t.Helper()
	for i, series := range s.read(ctx, t, of) {
		var points []scaling.Datapoint
		for _, p := range want[i] {
			points = append(points, scaling.Datapoint{Time: s.at(p), Value: p.value})
		}
		if series.Metric != of[i].Name || series.Incomplete != "" || !reflect.DeepEqual(series.Datapoints, points) {
			t.Errorf("metric %d, %s:\ngot  %+v\nwant %+v", i, of[i].Name, series, points)
		}
	}
}
