package dashboard

import (
	"slices"
	"strconv"
	"strings"

	"sagescale/internal/config"
	"sagescale/internal/policy"
)

// alarmsEach is how many alarms CloudWatch shows in one widget.
const alarmsEach = 100

// title is what a widget shows of a target.
type title string

// of titles a widget: what it shows first, which a narrow one does not cut off.
func (t title) of(target policy.Target) string { return string(t) + ": " + target.Key() }

// expectation is the title of a forecast. What is asked for now serves after the
// provisioning time.
const expectation title = "Forecast for when a scale-out would serve, a minute"

// target shows one target: its alarms, what is measured of it, and what was decided.
func (d Deployment) target(b *board, t policy.Target) {
	words := ""
	if t.DryRun {
		words = ", dry run: nothing is changed"
	}
	b.row(1, heading("## %s: %d to %d instances by its policy%s", t.Key(), t.Limits.Min, t.Limits.Max, words))
	for arns := range slices.Chunk(d.TargetAlarms[t.Key()], alarmsEach) {
		b.row(2, alarms(title("Alarms that wake its evaluation").of(t), arns))
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

// over are lines behind those of the requests that they are computed of.
func over(t policy.Target, lines ...series) []series {
	inputs := slices.DeleteFunc(requests(t), func(in series) bool {
		return !slices.ContainsFunc(lines, func(s series) bool { return strings.Contains(s.expression, in.id) })
	})
	return append(inputs, lines...)
}

// load shows the requests, and how many could be served in time where that is known.
func load(t policy.Target) widget {
	lines := []series{computed("requests", "%s", perMinute("requests"))}
	if c := t.Predictive.InstanceCapacity; c > 0 {
		lines = append(lines, computed("served in time by what is in service", "%s * requests / each", number(c)))
	}
	return graph(title("Load, requests a minute").of(t), "requests a minute", over(t, lines...)...)
}

// lost shows the estimate of the requests beyond what is in service.
func lost(t policy.Target) widget {
	capacity := number(t.Predictive.InstanceCapacity)
	beyond := computed("beyond "+capacity+" for each instance in service", "IF(%s > %s, %[1]s - %[2]s, 0)",
		perMinute("requests"), capacity+" * requests / each")
	return graph(title("Lost requests a minute, estimated").of(t), "requests a minute", over(t, beyond)...)
}

// instances shows the capacity in service, what the load needs and, with metrics of the
// target, what is wanted.
func (d Deployment) instances(t policy.Target) widget {
	shown, lines := title("Instances in service and needed"), []series{computed("in service, by the requests", "requests / each")}
	if d.TargetMetrics {
		shown, lines = "Instances in service, needed and wanted", wanted(t)
	}
	i := slices.IndexFunc(t.TargetTracking, func(x policy.TargetTracking) bool {
		return x.Metric.Predefined() && x.Metric.Name == policy.InvocationsPerInstance
	})
	if i >= 0 {
		lines = append(lines, computed("needed by the load at the target value", "%s / %s",
			perMinute("requests"), number(t.TargetTracking[i].TargetValue)))
	}
	return graph(shown.of(t), "instances", over(t, lines...)...)
}

// wanted are the capacities of a target by its own metrics.
func wanted(t policy.Target) []series {
	var lines []series
	for _, c := range capacities() {
		stat := map[string]string{"max": "Maximum", "min": "Minimum"}[c.extreme]
		lines = append(lines, own(c.name, stat, c.label).on(t))
	}
	return lines
}

// forecast shows what is expected of the load, and its upper bound.
func (d Deployment) forecast(t policy.Target) widget {
	if !d.TargetMetrics {
		return d.foreseen(t)
	}
	return graph(expectation.of(t), "requests a minute", over(t,
		computed("requests", "%s", perMinute("requests")),
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
