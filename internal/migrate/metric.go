package migrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"sagescale/internal/policy"
)

// metrics names the metrics of a target: one that is used twice has one name.
type metrics struct {
	taken names
	known map[string]string // names by content
}

func newMetrics() *metrics {
	// Those of the predefined metrics are taken.
	taken := names{policy.InvocationsPerInstance: true, policy.ConcurrentRequestsPerModel: true, policy.Invocations: true}
	return &metrics{taken, map[string]string{}}
}

// spec returns the metric that queries make, with a name, or why the policy file has
// none. period is that of a metric that does not say its own; base is the name of an
// expression.
func (m *metrics) spec(all []Query, period time.Duration, base string) (policy.MetricSpec, error) {
	returned := slices.IndexFunc(all, func(q Query) bool { return q.Returned })
	if returned < 0 {
		return policy.MetricSpec{}, errors.New("it returns no series")
	}
	if slices.ContainsFunc(all, func(q Query) bool { return q.Account != "" }) {
		return policy.MetricSpec{}, errors.New("its metric is one of another account, and only those of its own are read")
	}
	spec, base, err := source(all, all[returned], base)
	if err != nil {
		return policy.MetricSpec{}, err
	}
	if period, err = commonPeriod(all, period); err != nil {
		return policy.MetricSpec{}, err
	}
	if period != policy.DefaultPeriod {
		spec.Period = new(policy.Duration(period))
	}
	return m.name(spec, base)
}

// source returns where the values come from, and a name for them.
func source(all []Query, returned Query, base string) (policy.MetricSpec, string, error) {
	if returned.Metric != nil {
		in := input(*returned.Metric)
		return policy.MetricSpec{
			Namespace: in.Namespace, MetricName: in.MetricName, Statistic: in.Statistic, Dimensions: in.Dimensions,
		}, returned.Metric.Name, nil
	}
	text, used, err := inline(all, returned)
	if err != nil {
		return policy.MetricSpec{}, "", err
	}
	spec := policy.MetricSpec{Expression: &text}
	for _, q := range used {
		in := input(*q.Metric)
		in.ID = new(q.ID)
		spec.Metrics = append(spec.Metrics, in)
	}
	return spec, base, nil
}

// commonPeriod is the period of all metrics, or absent where none says one.
func commonPeriod(all []Query, absent time.Duration) (time.Duration, error) {
	out := time.Duration(0)
	for _, q := range all {
		switch {
		case q.Period == 0 || q.Period == out:
		case out != 0:
			return 0, fmt.Errorf("its series have several periods, of %s and %s, and an expression has one here",
				policy.Brief(out), policy.Brief(q.Period))
		default:
			out = q.Period
		}
	}
	if out == 0 {
		return absent, nil
	}
	return out, nil
}

// name gives a metric its name: the one that it has already where it is used twice.
func (m *metrics) name(spec policy.MetricSpec, base string) (policy.MetricSpec, error) {
	content, err := json.Marshal(spec)
	if err != nil {
		return spec, fmt.Errorf("marshal metric: %w", err)
	}
	name, known := m.known[string(content)]
	if !known {
		name = m.taken.metric(base)
		m.known[string(content)] = name
	}
	spec.Name = &name
	return spec, nil
}

// input is one metric as the policy file has it. A metric without dimensions has none
// here too, and not those of the variant.
func input(m Metric) policy.MetricInputSpec {
	out := policy.MetricInputSpec{Namespace: &m.Namespace, MetricName: &m.Name, Statistic: &m.Statistic,
		Dimensions: m.Dimensions}
	if out.Dimensions == nil {
		out.Dimensions = map[string]string{}
	}
	return out
}

// units lists the units that are asked for, which the policy file has no field for.
func units(all []Query) []string {
	var out []string
	for _, q := range all {
		if q.Metric != nil && q.Metric.Unit != "" && q.Metric.Unit != "None" && !slices.Contains(out, q.Metric.Unit) {
			out = append(out, q.Metric.Unit)
		}
	}
	return out
}
