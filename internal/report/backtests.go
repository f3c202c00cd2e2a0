package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"sagescale/internal/plain"
	"sagescale/internal/policy"
	"sagescale/internal/replay"
)

// Backtests are replays of one policy over several loads, by the same scalers in the
// same order, as many as there are in the first.
type Backtests struct {
	From string // where the loads are from
	Runs []Backtest
}

// reference is whom the means are compared with.
const reference = "application-auto-scaling"

// mean is what a scaler comes to over all loads. The ratios are to the reference: of the
// means, and the highest of a single load; nil when it was not replayed.
type mean struct {
	Name           string   `json:"name"`
	CostOverOracle float64  `json:"cost_over_oracle"`
	LostFraction   float64  `json:"lost_fraction"`
	J10            float64  `json:"j10"`
	J100           float64  `json:"j100"`
	J10Ratio       *float64 `json:"j10_over_aas,omitempty"`
	J100Ratio      *float64 `json:"j100_over_aas,omitempty"`
	WorstJ10Ratio  *float64 `json:"worst_j10_over_aas,omitempty"`
}

// means adds the runs up, by scaler.
func (b Backtests) means() []mean {
	out := make([]mean, len(b.Runs[0].Scores))
	n := float64(len(b.Runs))
	for i := range out {
		out[i].Name = b.Runs[0].Scores[i].Name
		for _, run := range b.Runs {
			s := run.Scores[i]
			out[i].CostOverOracle += s.CostOverOracle / n
			out[i].LostFraction += s.LostFraction / n
			out[i].J10 += s.J(10) / n
			out[i].J100 += s.J(100) / n
		}
	}
	is := func(m mean) bool { return m.Name == reference }
	if r := slices.IndexFunc(out, is); r >= 0 {
		for i := range out {
			out[i].J10Ratio = new(out[i].J10 / out[r].J10)
			out[i].J100Ratio = new(out[i].J100 / out[r].J100)
			out[i].WorstJ10Ratio = new(b.worst(i, r))
		}
	}
	return out
}

// worst is the highest ratio of the J(10) of two scalers on one load.
func (b Backtests) worst(scaler, reference int) float64 {
	highest := 0.0
	for _, run := range b.Runs {
		highest = max(highest, run.Scores[scaler].J(10)/run.Scores[reference].J(10))
	}
	return highest
}

// JSON writes the scores and their means for machines.
func (b Backtests) JSON(w io.Writer) error {
	out := struct {
		Traces []answer `json:"traces"`
		Means  []mean   `json:"means"`
	}{Means: b.means()}
	for _, run := range b.Runs {
		out.Traces = append(out.Traces, run.answer(run.Load))
	}
	return writeJSON(w, out)
}

// Text writes the scores and their means for people. It is plain, whatever the traces
// are called.
func (b Backtests) Text(w io.Writer) error {
	var out strings.Builder
	first := b.Runs[0]
	out.WriteString(wrap(fmt.Sprintf("%s of %d traces in %s, each scaled so that the 99.9th percentile of a minute needs "+
		"%d instances, which serve %s requests a minute each.",
		first.Target, len(b.Runs), b.From, first.Instances, number(first.Model.InstanceCapacity)), ""))
	out.WriteString(wrap(first.times(), ""))
	out.WriteString("\n")
	fmt.Fprintf(&out, "%-26s %8s %11s %6s %7s %5s %9s\n", "", "lost", "over oracle", "J(10)", "J(100)", "a day", "reversals")
	for _, run := range b.Runs {
		run.rows(&out)
	}
	out.WriteString("\n")
	b.meanTable(&out)
	out.WriteString("\n")
	out.WriteString(wrap(columnsMean, ""))
	if b.means()[0].J10Ratio != nil {
		out.WriteString(wrap("over "+reference+": the means over its means; worst: the highest ratio of J(10) on one trace.", ""))
	}
	out.WriteString(first.bestIs())
	b.spread(&out)
	_, err := io.WriteString(w, plain.Text(out.String()))
	return err
}

// rows writes a line for the trace and one for each scaler that met it.
func (b Backtest) rows(out *strings.Builder) {
	fmt.Fprintln(out, b.Load)
	for _, s := range b.Scores {
		fmt.Fprintf(out, "  %-24s %8s %11.3f %6.3f %7.3f %5.0f %9d\n", label(s), thousandths(s.LostFraction),
			s.CostOverOracle, s.J(10), s.J(100), float64(s.ScaleOuts+s.ScaleIns)/b.days(), s.Reversals)
	}
}

// meanTable writes a line for each scaler.
func (b Backtests) meanTable(out *strings.Builder) {
	title := fmt.Sprintf("mean of %d traces", len(b.Runs))
	head := fmt.Sprintf("%-24s %8s %11s %6s %7s", "", "lost", "over oracle", "J(10)", "J(100)")
	means := b.means()
	if means[0].J10Ratio != nil {
		title += fmt.Sprintf("%*s", lineWidth-len(title), "over "+reference)
		head += fmt.Sprintf(" %5s %6s %5s", "J(10)", "J(100)", "worst")
	}
	fmt.Fprintf(out, "%s\n%s\n", title, head)
	for _, m := range means {
		name := m.Name
		if name == replay.BestName {
			name = shortBest
		}
		fmt.Fprintf(out, "%-24s %8s %11.3f %6.3f %7.3f", name, thousandths(m.LostFraction), m.CostOverOracle, m.J10, m.J100)
		if m.J10Ratio != nil {
			fmt.Fprintf(out, " %5.3f %6.3f %5.3f", *m.J10Ratio, *m.J100Ratio, *m.WorstJ10Ratio)
		}
		out.WriteString("\n")
	}
}

func thousandths(share float64) string { return fmt.Sprintf("%.3f %%", 100*share) }

// spread says which traces tell less than every minute.
func (b Backtests) spread(out *strings.Builder) {
	for _, run := range b.Runs {
		if run.Trace.Step > time.Minute {
			out.WriteString(wrap(fmt.Sprintf("%s has steps of %s, which are spread evenly over their minutes: what was within them is lost.",
				run.Load, policy.Brief(run.Trace.Step)), ""))
		}
	}
}
