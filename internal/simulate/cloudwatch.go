package simulate

import (
	"context"
	"fmt"
	"time"

	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// CloudWatch is a double of the service: it answers with what is published by
// the time it is asked, and no sooner. It has no metric math.
type CloudWatch struct {
	// Delay is from the end of a period to the publication of its datapoint.
	Delay time.Duration
	// Gap reports that nothing was measured in the minute that begins then; nil is
	// no gap.
	Gap func(time.Time) bool

	start    time.Time
	variants map[string]*served // by endpoint/variant
}

// served is what a variant has served, minute by minute.
type served struct {
	Load
	instances []int
}

// Read returns the datapoints that the queries ask for, as far as they are
// published by now, one series for each, in their order.
func (c *CloudWatch) Read(_ context.Context, queries []scaling.Query, now time.Time) ([]scaling.Series, error) {
	out := make([]scaling.Series, len(queries))
	for i, q := range queries {
		out[i] = scaling.Series{
			Metric:     q.Metric.Name,
			Datapoints: c.datapoints(q.Metric, q.From, now),
			DueThrough: now.Add(-c.Delay),
		}
	}
	return out, nil
}

// datapoints returns the published datapoints of a metric, oldest first; none
// for a metric that has not the dimensions of a variant.
func (c *CloudWatch) datapoints(m policy.Metric, from, now time.Time) []scaling.Datapoint {
	s := c.variants[variantOf(m)]
	if s == nil {
		return nil
	}
	published := now.Add(-c.Delay)
	first := aligned(from.Add(m.Period-1), m.Period)
	if first.Before(c.start) {
		first = aligned(c.start, m.Period)
	}
	var out []scaling.Datapoint
	for t := first; !t.Add(m.Period).After(published); t = t.Add(m.Period) {
		if v, ok := c.value(m, s, t); ok {
			out = append(out, scaling.Datapoint{Time: t, Value: v})
		}
	}
	return out
}

// computable says which metric of a target the double does not have, or nil.
func computable(t policy.Target) error {
	var all []policy.Metric
	for _, x := range t.TargetTracking {
		all = append(all, x.Metric)
	}
	for _, x := range t.StepScaling {
		all = append(all, x.Metric)
	}
	for _, x := range t.ScaleInGuards {
		all = append(all, x.Metric)
	}
	for _, m := range all {
		if m.Computed() {
			return fmt.Errorf("metric %s is an expression, which the simulated account cannot compute", m.Name)
		}
	}
	return nil
}

// aligned returns the beginning of the period that t lies in. Periods count from
// the Unix epoch.
func aligned(t time.Time, period time.Duration) time.Time {
	return t.Add(-time.Duration(t.UnixNano() % int64(period)))
}

// value returns the statistic of the period that begins at a time; false when
// nothing was measured in it.
func (c *CloudWatch) value(m policy.Metric, s *served, from time.Time) (float64, bool) {
	var values []float64
	for t := from.Truncate(minute); t.Before(from.Add(m.Period)); t = t.Add(minute) {
		u := int(t.Sub(c.start) / minute)
		if t.Before(c.start) || u >= len(s.instances) || c.Gap != nil && c.Gap(t) {
			continue
		}
		values = append(values, s.measure(m, u))
	}
	if len(values) == 0 {
		return 0, false
	}
	return statistic(m.Statistic, values), true
}

// measure returns what the metric says of minute u, or of the part of it that
// lies in the metric's period.
func (s *served) measure(m policy.Metric, u int) float64 {
	instances := float64(max(1, s.instances[u]))
	part := min(float64(m.Period)/float64(minute), 1)
	switch m.MetricName {
	case policy.Invocations:
		return s.Requests[u] * part
	case policy.InvocationsPerInstance:
		return s.Requests[u] * part / instances
	case policy.ConcurrentRequestsPerModel:
		return s.Requests[u] / 60 / instances
	}
	return m.AllDevices(min(100, 100*s.Requests[u]/(instances*s.InstanceCapacity)))
}

// statistic puts the values of a period's minutes together.
func statistic(name string, values []float64) float64 {
	least, most, sum := values[0], values[0], 0.0
	for _, v := range values {
		least, most, sum = min(least, v), max(most, v), sum+v
	}
	switch name {
	case "Sum":
		return sum
	case "Minimum":
		return least
	case "Maximum":
		return most
	case "SampleCount":
		return float64(len(values))
	}
	return sum / float64(len(values))
}

// variantOf returns the endpoint and the variant that a metric is of, by its
// dimensions.
func variantOf(m policy.Metric) string {
	var endpoint, variant string
	for _, d := range m.Dimensions {
		switch d.Name {
		case "EndpointName":
			endpoint = d.Value
		case "VariantName":
			variant = d.Value
		}
	}
	return endpoint + "/" + variant
}
