package dashboard

import (
	"fmt"
	"strings"

	"sagescale/internal/config"
	"sagescale/internal/policy"
)

// query asks the log groups with decision records for something. See function.LogRecord,
// which writes their lines, and the fields that are asked for.
func (d Deployment) query(steps ...string) string {
	var sources []string
	for _, f := range d.Functions {
		if f.Records != "" {
			sources = append(sources, fmt.Sprintf("SOURCE '%s'", f.Records))
		}
	}
	return strings.Join(append(sources, steps...), "\n| ")
}

// isRecord picks the decision records out of a log.
func isRecord() string { return fmt.Sprintf("filter msg = %q", config.MessageRecord) }

// only picks the decision records of a target.
func only(t policy.Target) string {
	return fmt.Sprintf("%s and %s = %q and %s = %q",
		isRecord(), config.FieldEndpoint, t.Endpoint, config.FieldVariant, t.Variant)
}

// records shows what a query comes to: as a table, or over time as timeSeries.
func records(title, view, query string) widget {
	return widget{"log", map[string]any{"title": title, "view": view, "query": query}}
}

// newest is a table of what the last evaluation of each target said.
func (d Deployment) newest() widget {
	latest := func(field, name string) string { return "latest(" + field + ") as " + name }
	return records("Every target by its newest decision record", "table", d.query(
		isRecord(),
		"stats "+strings.Join([]string{
			latest(config.MetricInService, "in_service"),
			latest(config.MetricDesired, "desired"),
			latest(config.MetricRecommended, "recommended"),
			latest(config.MetricMinimum, "minimum"),
			latest(config.MetricMaximum, "maximum"),
			latest(config.FieldReason, "reason"),
			latest("time", "evaluated"),
		}, ", ")+" by "+config.FieldEndpoint+", "+config.FieldVariant,
		"sort "+config.FieldEndpoint+" asc, "+config.FieldVariant+" asc",
	))
}

// decided are the capacities of a target over time, by its decision records.
func (d Deployment) decided(t policy.Target) widget {
	var shown []string
	for _, c := range capacities() {
		shown = append(shown, fmt.Sprintf("%s(%s) as %s", c.extreme, c.name, strings.ReplaceAll(c.label, " ", "_")))
	}
	return records(title("Instances wanted, by the decision records").of(t), "timeSeries",
		d.query(only(t), "stats "+strings.Join(shown, ", ")+" by bin(5m)"))
}

// foreseen is the forecast of a target over time, by its decision records.
func (d Deployment) foreseen(t policy.Target) widget {
	return records(expectation.of(t), "timeSeries", d.query(only(t), fmt.Sprintf(
		"stats max(%s) as expected, max(%s) as upper_bound by bin(5m)",
		config.MetricForecastLoad, config.MetricForecastUpper)))
}

// reasons is a table of what came of the evaluations of a target.
func (d Deployment) reasons(t policy.Target) widget {
	return records(title("Evaluations by what came of them").of(t), "table", d.query(only(t), fmt.Sprintf(
		"stats count(*) as evaluations, latest(time) as newest by %s", config.FieldReason),
		"sort evaluations desc"))
}
