package dashboard

import "fmt"

// columns is how wide CloudWatch's grid is.
const columns = 24

// board is a dashboard that is being filled, row by row from the top.
type board struct {
	region  string
	widgets []placed
	bottom  int
}

// placed is a widget at its place in the grid.
type placed struct {
	Type       string         `json:"type"`
	X          int            `json:"x"`
	Y          int            `json:"y"`
	Width      int            `json:"width"`
	Height     int            `json:"height"`
	Properties map[string]any `json:"properties"`
}

// widget is what stands in a place.
type widget struct {
	kind       string
	properties map[string]any
}

// row places widgets beside each other, all of one width.
func (b *board) row(height int, widgets ...widget) {
	if len(widgets) == 0 {
		return
	}
	width := columns / len(widgets)
	for i, w := range widgets {
		if w.kind == "metric" || w.kind == "log" {
			w.properties["region"] = b.region
		}
		b.widgets = append(b.widgets, placed{w.kind, i * width, b.bottom, width, height, w.properties})
	}
	b.bottom += height
}

// heading is text in Markdown.
func heading(format string, args ...any) widget {
	return widget{"text", map[string]any{"markdown": fmt.Sprintf(format, args...)}}
}

// alarms shows the states of alarms, in words and by their names, those that are off
// first. CloudWatch takes up to a hundred.
func alarms(title string, arns []string) widget {
	return widget{"alarm", map[string]any{"title": title, "alarms": arns, "sortBy": "stateUpdatedTimestamp"}}
}

// graph shows series over time, from zero on. unit names what the axis counts.
func graph(title, unit string, lines ...series) widget {
	entries := make([]any, len(lines))
	for i, s := range lines {
		entries[i] = s.entry()
	}
	return widget{"metric", map[string]any{
		"title": title, "view": "timeSeries", "stacked": false, "period": 60, "metrics": entries,
		"yAxis": map[string]any{"left": map[string]any{"min": 0, "label": unit, "showUnits": false}},
	}}
}

// series is one line of a graph: a metric, or an expression of those before it. One that
// is hidden is there for expressions alone.
type series struct {
	namespace, metric string
	dimensions        []string // names and values in turn
	stat              string
	id                string
	expression        string
	label             string
	hidden            bool
}

// entry writes the series as a dashboard has it.
func (s series) entry() []any {
	options := map[string]any{}
	if s.id != "" {
		options["id"] = s.id
	}
	if s.label != "" {
		options["label"] = s.label
	}
	if s.hidden {
		options["visible"] = false
	}
	if s.expression != "" {
		options["expression"] = s.expression
		return []any{options}
	}
	options["stat"] = s.stat
	entry := []any{s.namespace, s.metric}
	for _, d := range s.dimensions {
		entry = append(entry, d)
	}
	return append(entry, options)
}

// hide returns the metric as the input of expressions, by an id.
func (s series) hide(id string) series {
	s.id, s.hidden = id, true
	return s
}

// computed is a line of an expression.
func computed(label, format string, args ...any) series {
	return series{label: label, expression: fmt.Sprintf(format, args...)}
}

// perMinute is the expression of a sum as a rate, whatever the period.
func perMinute(id string) string { return fmt.Sprintf("60 * %s / PERIOD(%[1]s)", id) }
