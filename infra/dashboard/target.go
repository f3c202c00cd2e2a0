package dashboard

import (
	"slices"
	"strconv"

	"sagescale/internal/config"
	"sagescale/internal/policy"
)

// alarmsEach is how many alarms CloudWatch shows in one widget.
const alarmsEach = 100

// expectation continues the title of a forecast.
const expectation = ": load expected when a scale-out of now would serve, requests a minute"

// target shows one target: its alarms, what is measured of it, and what was decided.
func (d Deployment) target(b *board, t policy.Target) {
	words := ""
	if t.DryRun {
		words = ", dry run: nothing is changed"
	}
	b.row(1, heading("## %s: %d to %d instances by its policy%s", t.Key(), t.Limits.Min, t.Limits.Max, words))
	for arns := range slices.Chunk(d.TargetAlarms[t.Key()], alarmsEach) {
		b.row(2, alarms(t.Key()+": alarms that wake its evaluation", arns))
	}
	measured := []widget{load(t), d.instances(t)}
	if t.Predictive.InstanceCapacity > 0 {
		measured = append(measured, lost(t))
	}
	b.row(6, measured...)
	var decided []widget
	if !d.TargetMetrics {
		decided = append(decided, d.decided(t))
	}
	if t.Predictive.Mode.Forecasts() {
		decided = append(decided, d.forecast(t))
	}
	b.row(6, append(decided, d.reasons(t))...)
}

// requests are the two metrics of AWS that all else is computed of: all requests, and
// the sum of what each adds to those of an instance.
func requests(t policy.Target) []series {
	metric := func(name string) series {
		return series{
			namespace: "AWS/SageMaker", metric: name, stat: "Sum",
			dimensions: []string{"EndpointName", t.Endpoint, "VariantName", t.Variant},
		}
	}
	return []series{
		metric(policy.Invocations).hide("requests"),
		metric(policy.InvocationsPerInstance).hide("each"),
	}
}

// load shows the requests, and how many could be served in time where that is known.
func load(t policy.Target) widget {
	lines := append(requests(t), computed("requests", "%s", perMinute("requests")))
	if c := t.Predictive.InstanceCapacity; c > 0 {
		lines = append(lines, computed("served in time by what is in service", "%s * requests / each", number(c)))
	}
	return graph(t.Key()+": load, requests a minute", "a minute", lines...)
}

// lost shows the estimate of the requests beyond what is in service.
func lost(t policy.Target) widget {
	rate, served := perMinute("requests"), number(t.Predictive.InstanceCapacity)+" * requests / each"
	return graph(t.Key()+": lost requests a minute, estimated", "a minute", append(requests(t),
		computed("beyond "+number(t.Predictive.InstanceCapacity)+" for each instance in service",
			"IF(%s > %s, %[1]s - %[2]s, 0)", rate, served))...)
}

// instances shows the capacity in service, what the load needs and, with metrics of the
// target, what is wanted.
func (d Deployment) instances(t policy.Target) widget {
	lines := requests(t)
	i := slices.IndexFunc(t.TargetTracking, func(x policy.TargetTracking) bool {
		return x.Metric.Predefined() && x.Metric.Name == policy.InvocationsPerInstance
	})
	if i >= 0 {
		lines = append(lines, computed("needed by the load at the target value", "%s / %s",
			perMinute("requests"), number(t.TargetTracking[i].TargetValue)))
	}
	if !d.TargetMetrics {
		lines = append(lines, computed("in service, by the requests", "requests / each"))
		return graph(t.Key()+": instances in service and needed", "instances", lines...)
	}
	lines = slices.DeleteFunc(lines, func(s series) bool { return s.id == "each" }) // nothing is computed of it here
	for _, c := range capacities() {
		stat := "Maximum"
		if c.extreme == "min" {
			stat = "Minimum"
		}
		lines = append(lines, own(c.name, stat, c.label).on(t))
	}
	return graph(t.Key()+": instances in service, needed and wanted", "instances", lines...)
}

// forecast shows what is expected of the load, and its upper bound.
func (d Deployment) forecast(t policy.Target) widget {
	if !d.TargetMetrics {
		return d.foreseen(t)
	}
	return graph(t.Key()+expectation, "a minute",
		append(requests(t)[:1], computed("requests", "%s", perMinute("requests")),
			own(config.MetricForecastLoad, "Maximum", "expected").on(t),
			own(config.MetricForecastUpper, "Maximum", "upper bound").on(t))...)
}

// on is a metric of a target.
func (s series) on(t policy.Target) series {
	s.dimensions = []string{config.FieldEndpoint, t.Endpoint, config.FieldVariant, t.Variant}
	return s
}

// capacity is one of the capacities that a decision record tells of, and which of
// several values within a period is shown.
type capacity struct{ name, extreme, label string }

// capacities are all of them, from the highest to the lowest as they mostly lie.
func capacities() []capacity {
	return []capacity{
		{config.MetricMaximum, "max", "maximum in force"},
		{config.MetricRecommended, "max", "recommended"},
		{config.MetricDesired, "max", "desired"},
		{config.MetricInService, "max", "in service"},
		{config.MetricMinimum, "min", "minimum in force"},
	}
}

// number writes a number as metric math takes it: without an exponent.
func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
