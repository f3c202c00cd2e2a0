// Package report shows what came of a simulation, to people and to machines.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/plain"
	"sagescale/internal/policy"
	"sagescale/internal/simulate"
	"sagescale/internal/trace"
)

// shownActivities is how many activities are shown of the first and of the last.
const shownActivities = 12

// Run is a simulation to report on. Load names the trace; Trace is as it was
// read, before it was brought onto minutes.
type Run struct {
	Load   string
	Trace  trace.Trace
	Config simulate.Config
	Result simulate.Result
	// RecordsFile has the decision records, one JSON object a line.
	RecordsFile string
}

// JSON writes the totals and the activities of every target, in plain characters.
func (r Run) JSON(w io.Writer) error {
	type target struct {
		Name             string  `json:"name"`
		InstanceCapacity float64 `json:"instance_capacity"`
		simulate.Totals
		Activities []activity.Activity `json:"activities"`
	}
	out := struct {
		Trace       load     `json:"trace"`
		Results     []target `json:"results"`
		Ticks       int      `json:"ticks"`
		Records     int      `json:"decision_records"`
		Errors      int      `json:"errors"`
		RecordsFile string   `json:"records_file"`
	}{
		Trace:       loadOf(r.Trace),
		Ticks:       r.Result.Ticks,
		Records:     r.Result.Records,
		Errors:      r.Result.Errors,
		RecordsFile: r.RecordsFile,
	}
	for _, t := range r.Result.Targets {
		capacity := r.Config.Loads[t.Key()].InstanceCapacity
		all := append([]activity.Activity{}, t.Activities...)
		out.Results = append(out.Results, target{t.Key(), capacity, t.Totals(), all})
	}
	return writeJSON(w, out)
}

// load is what the JSON says of a trace.
type load struct {
	Steps       int     `json:"steps"`
	StepSeconds float64 `json:"step_seconds"`
	Requests    float64 `json:"requests"`
}

func loadOf(t trace.Trace) load { return load{len(t.Requests), t.Step.Seconds(), t.Total()} }

// writeJSON writes a value in plain characters, with two spaces a level.
func writeJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(plain.JSON(w))
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// Text writes the same for people: what was simulated, a plot, the activities
// and the totals of every target, and how to go on. It is plain, whatever the files
// are called and the activities say of themselves.
func (r Run) Text(w io.Writer) error {
	var b strings.Builder
	rows := r.Result.Targets[0].Rows
	head := fmt.Sprintf("%s: %s minutes from %s", r.Load, whole(float64(len(rows))), stamp(rows[0].Time))
	b.WriteString(wrap(head, ""))
	b.WriteString(wrap(fmt.Sprintf("Virtual time. Added instances serve after %s, "+
		"the endpoint is busy for %s after a scale-in, "+
		"and a metric is seen %s after the beginning of its minute.",
		policy.Brief(r.Config.Provisioning), policy.Brief(r.Config.ScaleIn), policy.Brief(r.Config.Delay+time.Minute)), ""))
	for _, t := range r.Result.Targets {
		r.target(&b, t)
	}
	r.footer(&b)
	_, err := io.WriteString(w, plain.Text(b.String()))
	return err
}

// target is the part of the text about one target.
func (r Run) target(b *strings.Builder, t simulate.TargetResult) {
	capacity := r.Config.Loads[t.Key()].InstanceCapacity
	fmt.Fprintf(b, "\n%s: one instance serves %s requests a minute\n\n", t.Key(), number(capacity))
	b.WriteString("    ••• load, as the instances that it needs    ─── instances in service\n\n")
	b.WriteString(Plot(t.Rows, capacity))
	b.WriteString("\nScaling activities\n")
	activities(b, t.Activities, "none: the capacity was not changed; the records say why", "in the decision records")
	totals(b, t)
}

// activities lists the first and the last of all. none is said where there is none, and
// more is where the others are.
func activities(b *strings.Builder, all []activity.Activity, none, more string) {
	if len(all) == 0 {
		b.WriteString(wrap(none, "  "))
	}
	if left := len(all) - 2*shownActivities; left > 0 {
		list(b, all[:shownActivities])
		fmt.Fprintf(b, "  ... %d more, %s ...\n", left, more)
		all = all[shownActivities+left:]
	}
	list(b, all)
}

func list(b *strings.Builder, all []activity.Activity) {
	for _, a := range all {
		took := "-"
		if !a.Open() && !a.ByOthers { // when others began nobody knows
			took = policy.Brief(a.Took().Round(time.Second))
		}
		at := a.StartTime.UTC().Format("Jan _2 15:04")
		fmt.Fprintf(b, "  %s  %3d -> %-3d  took %-5s %s\n", at, a.From, a.To, took, a.Status)
		if a.Status != activity.Successful && a.StatusMessage != "" {
			b.WriteString(wrap(plain.Cut(a.StatusMessage, longestRemark), "      "))
		}
		b.WriteString(wrap(plain.Cut(a.Cause, longestRemark), "      "))
	}
}

// totals are the sums of one target.
func totals(b *strings.Builder, t simulate.TargetResult) {
	sum := t.Totals()
	b.WriteString("\nTotals\n")
	for _, line := range [][2]string{
		{"requests", whole(sum.Requests)},
		{"lost requests", fmt.Sprintf("%s (%s), in %d minutes",
			whole(sum.Lost), share(sum.LostFraction), sum.ViolationMinutes)},
		{"instance hours", number(sum.InstanceHours)},
		{"scale-outs", fmt.Sprint(sum.ScaleOuts)},
		{"scale-ins", fmt.Sprint(sum.ScaleIns)},
		{"reversals", fmt.Sprint(sum.Reversals)},
	} {
		fmt.Fprintf(b, "  %-16s %s\n", line[0], line[1])
	}
}

// footer says where the decision records are.
func (r Run) footer(b *strings.Builder) {
	fmt.Fprintf(b, "  %-16s %s\n", "ticks", whole(float64(r.Result.Ticks)))
	fmt.Fprintf(b, "  %-16s %s, in %s\n", "decision records", whole(float64(r.Result.Records)), r.RecordsFile)
	if r.Result.Errors > 0 {
		fmt.Fprintf(b, "  %-16s %d\n", "errors", r.Result.Errors)
	}
	b.WriteString("\nEvery decision is explained there. The first, and those that changed something:\n")
	fmt.Fprintf(b, "  head -n 1 %s\n  jq -c 'select(.activity) | .decision.steps' %s\n", r.RecordsFile, r.RecordsFile)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04Z") }
