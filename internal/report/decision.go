package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/plain"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

const (
	// shown is how many values of a metric and how many activities an explanation
	// lists, and shownMetrics how many metrics.
	shown        = 5
	shownMetrics = 100
	// longestRemark is how much is shown of one text, in characters: several times
	// what sagescale itself says of anything.
	longestRemark = 2000
)

// Decision writes a decision as an on-call engineer reads it, and may paste it
// into an incident channel: what comes of it, what was seen, which rule moved the
// capacity in which order, what held it back, and what was done before. Lines are
// less than 80 columns wide, but for a word that is longer. It is plain and of bounded
// length, whatever stands in names, causes and messages.
func Decision(w io.Writer, in scaling.Input, d scaling.Decision) error {
	return Explanation{Input: in, Decision: d}.Text(w)
}

// outcome says in a few words what comes of d.
func outcome(in scaling.Input, d scaling.Decision) string {
	verb := "scales"
	if in.Target.DryRun {
		verb = "is a dry run and would scale"
	}
	switch present := from(d); {
	case d.DesiredCapacity > present:
		return fmt.Sprintf("%s out from %d to %d", verb, present, d.DesiredCapacity)
	case d.DesiredCapacity < present:
		return fmt.Sprintf("%s in from %d to %d", verb, present, d.DesiredCapacity)
	}
	return fmt.Sprintf("stays at %d", d.DesiredCapacity)
}

// from returns the capacity that a decision began with.
func from(d scaling.Decision) int {
	if len(d.Steps) > 0 {
		return d.Steps[0].From
	}
	return d.DesiredCapacity
}

// section writes a paragraph under a label.
func section(b *strings.Builder, label, text string) {
	const indent = "            "
	lines := wrap(plain.Cut(plain.Text(text), longestRemark), indent)
	fmt.Fprintf(b, "  %-9s %s", label, lines[len(indent):])
}

// limited says which limits are in force, and what has set them if it was not the policy.
func limited(in scaling.Input, d scaling.Decision) string {
	text := fmt.Sprintf("%d to %d", d.MinCapacity, d.MaxCapacity)
	_, minBy, maxBy := in.Limits()
	minBy, maxBy = setter(minBy), setter(maxBy)
	switch {
	case minBy == "" && maxBy == "":
		return text
	case minBy == maxBy:
		return text + ", by " + minBy
	case minBy == "":
		return text + ", the maximum by " + maxBy
	case maxBy == "":
		return text + ", the minimum by " + minBy
	}
	return fmt.Sprintf("%s, the minimum by %s, the maximum by %s", text, minBy, maxBy)
}

// setter names what has set a limit; the override is told of by itself.
func setter(by string) string {
	if strings.HasPrefix(by, "the override") {
		return "the override"
	}
	return by
}

// seen says what SageMaker showed.
func seen(o scaling.Observation) string {
	text := fmt.Sprintf("%s, %d in service", o.Status, o.CurrentCapacity)
	if o.DesiredCapacity != o.CurrentCapacity {
		text += fmt.Sprintf(", %d asked for", o.DesiredCapacity)
	}
	return text
}

// overridden says what an override sets aside.
func overridden(o policy.Override) string {
	var parts []string
	switch o.Pause {
	case policy.Both:
		parts = append(parts, "nothing is scaled")
	case policy.In, policy.Out:
		parts = append(parts, fmt.Sprintf("no scale-%s", o.Pause))
	}
	if o.Min != nil {
		parts = append(parts, fmt.Sprintf("at least %d", *o.Min))
	}
	if o.Max != nil {
		parts = append(parts, fmt.Sprintf("at most %d", *o.Max))
	}
	return strings.Join(parts, ", ") + ": " + o.String()
}

// measured describes the metrics that were measured: their newest values, and how
// much of the past there is.
func measured(in scaling.Input) []string {
	var out []string
	for i, s := range in.Observation.Metrics {
		if i == shownMetrics {
			return append(out, fmt.Sprintf("and %d more", len(in.Observation.Metrics)-i))
		}
		points := slices.Clone(s.Datapoints)
		slices.SortStableFunc(points, func(a, b scaling.Datapoint) int { return a.Time.Compare(b.Time) })
		out = append(out, fmt.Sprintf("%s%s: %s", s.Metric, meant(in.Target, s.Metric), values(s, points)))
	}
	return out
}

// values writes datapoints, oldest first, by their newest.
func values(s scaling.Series, points []scaling.Datapoint) string {
	if len(points) == 0 {
		return strings.TrimSuffix("no datapoints, "+s.Incomplete, ", ")
	}
	var list []string
	for _, p := range points[max(0, len(points)-shown):] {
		list = append(list, value(p.Value))
	}
	text := fmt.Sprintf("%s until %s", strings.Join(list, ", "), policy.Clock(points[len(points)-1].Time))
	if len(points) > shown {
		text += fmt.Sprintf("; %d datapoints since %s", len(points), policy.Clock(points[0].Time))
	}
	if s.Incomplete != "" {
		text += "; incomplete: " + s.Incomplete
	}
	return text
}

// value writes a datapoint's value, and says when it is none.
func value(v float64) string {
	if !(v >= 0) || math.IsInf(v, 0) {
		return fmt.Sprintf("%v (missing)", v)
	}
	return number(v)
}

// meant says what the policy does with a metric.
func meant(t policy.Target, metric string) string {
	var uses []string
	for _, x := range t.TargetTracking {
		if x.Metric.Name == metric || x.Metric.Measured().Name == metric {
			uses = append(uses, fmt.Sprintf("%starget %s per instance%s", total(metric), number(x.TargetValue), devices(x.Metric)))
		}
	}
	for _, x := range t.StepScaling {
		if x.Metric.Name == metric {
			uses = append(uses, fmt.Sprintf("step policy %s at %s%s", x.Name, number(x.Threshold), devices(x.Metric)))
		}
	}
	for _, x := range t.ScaleInGuards {
		if x.Metric.Name == metric {
			uses = append(uses, fmt.Sprintf("no scale-in above %s%s", number(x.Maximum), devices(x.Metric)))
		}
	}
	if uses == nil {
		return ""
	}
	return " (" + strings.Join(uses, "; ") + ")"
}

// total says that a metric is the load of all instances, if it is.
func total(metric string) string {
	if metric == policy.Invocations {
		return "of all instances; "
	}
	return ""
}

// devices says that a metric is a sum, if it is one.
func devices(m policy.Metric) string {
	if m.Devices < 2 {
		return ""
	}
	return fmt.Sprintf(" for each of %d devices", m.Devices)
}

// steps writes the rules that moved the capacity, in their order, and the reasons
// that are not among them.
func steps(b *strings.Builder, d scaling.Decision) {
	capacity := from(d)
	var said []string
	for _, s := range d.Steps {
		section(b, fmt.Sprintf("%d -> %d", s.From, s.To), fmt.Sprintf("%s: %s", s.Rule, s.Reason))
		said = append(said, s.Reason)
		capacity = s.To
	}
	for _, r := range d.NotScaledReasons {
		if !slices.Contains(said, r.Message) {
			section(b, fmt.Sprintf("= %d", capacity), fmt.Sprintf("%s: %s", r.Code, r.Message))
		}
	}
}

// latest describes the last activities, the newest first.
func latest(all []activity.Activity) []string {
	var out []string
	for _, a := range slices.Backward(all) {
		if len(out) == shown {
			break
		}
		text := fmt.Sprintf("%s  %d -> %d %s", instant(a.StartTime), a.From, a.To, a.Status)
		if !a.Open() {
			text += " at " + policy.Clock(a.EndTime)
		}
		if a.Cause != "" {
			text += ": " + a.Cause
		}
		out = append(out, text)
	}
	return out
}

// instant writes a time with its day.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }
