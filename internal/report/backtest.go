package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"sagescale/internal/plain"
	"sagescale/internal/policy"
	"sagescale/internal/replay"
	"sagescale/internal/trace"
)

// Backtest is a replay to report on: the scores of scalers that met one load. Load
// names the trace, Trace is as it was replayed. Instances is how many its 99.9th
// percentile was scaled to need, 0 when it was not. Notes say what must be known of the
// load. Price is that of an instance hour, 0 when it is not known.
type Backtest struct {
	Load      string
	Trace     trace.Trace
	Target    string
	Model     replay.Model
	Instances int
	Notes     []string
	Price     float64
	Scores    []replay.Score
}

// answer is what machines get of a replay. Name is left out where there is one trace.
type answer struct {
	Name    string   `json:"name,omitempty"`
	Trace   load     `json:"trace"`
	Notes   []string `json:"notes,omitempty"`
	Results []result `json:"results"`
}

type result struct {
	replay.Score
	Cost *float64 `json:"cost,omitempty"`
}

// JSON writes the scores for machines.
func (b Backtest) JSON(w io.Writer) error { return writeJSON(w, b.answer("")) }

func (b Backtest) answer(name string) answer {
	out := answer{Name: name, Trace: loadOf(b.Trace), Notes: b.Notes, Results: []result{}}
	for _, s := range b.Scores {
		r := result{Score: s}
		if b.Price > 0 {
			cost := b.cost(s)
			r.Cost = &cost
		}
		out.Results = append(out.Results, r)
	}
	return out
}

// cost is what the instances of a score cost, to the cent.
func (b Backtest) cost(s replay.Score) float64 { return math.Round(100*b.Price*s.InstanceHours) / 100 }

// Text writes the scores for people, as a table with what its columns are. It is plain,
// whatever the trace is called.
func (b Backtest) Text(w io.Writer) error {
	var out strings.Builder
	minutes := b.Trace.Minutes()
	head := fmt.Sprintf("%s of %s: %s minutes from %s, %s requests, of which an instance serves %s a minute.",
		b.Target, b.Load, whole(float64(len(minutes.Requests))), stamp(minutes.Start), whole(b.Trace.Total()), number(b.Model.InstanceCapacity))
	if b.Instances > 0 {
		head += fmt.Sprintf(" They are scaled so that the 99.9th percentile of a minute needs %d instances.", b.Instances)
	}
	out.WriteString(wrap(head, ""))
	for _, note := range b.Notes {
		out.WriteString(wrap(note, ""))
	}
	out.WriteString(wrap(b.times(), ""))
	out.WriteString("\n")
	if err := b.table(&out); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	out.WriteString("\n")
	out.WriteString(wrap(columnsMean, ""))
	out.WriteString(b.bestIs())
	_, err := io.WriteString(w, plain.Text(out.String()))
	return err
}

// columnsMean says what the columns of a table are.
const columnsMean = "lost: requests beyond what served. over oracle: the instance hours paid for, over those of who knows the future. " +
	"J(10), J(100): that, with 10 or 100 instance minutes added for each that was lacking; less is better. " +
	"a day: changes; reversals: those in the other direction than the one before."

// times says how long what takes.
func (b Backtest) times() string {
	return fmt.Sprintf("Added instances serve after %s, the endpoint is busy for %s after a scale-in, "+
		"and a metric is seen %s after the beginning of its minute.",
		policy.Brief(b.Model.Provisioning), policy.Brief(b.Model.ScaleIn), policy.Brief(b.Model.MetricDelay))
}

// days is how long the load is.
func (b Backtest) days() float64 { return float64(len(b.Trace.Requests)) * b.Trace.Step.Hours() / 24 }

// shortBest stands for replay.BestName in tables, which are narrow.
const shortBest = "aas-best"

// label is the name of a scaler in a table, with the target where it was chosen for
// the load.
func label(s replay.Score) string {
	if s.Name == replay.BestName {
		return fmt.Sprintf("%s at %.0f %%", shortBest, 100*s.Target)
	}
	return s.Name
}

// bestIs says who the best peer is, where it is among the scores.
func (b Backtest) bestIs() string {
	if !slices.ContainsFunc(b.Scores, func(s replay.Score) bool { return s.Name == replay.BestName }) {
		return ""
	}
	return wrap(shortBest+": "+replay.BestName+", Application Auto Scaling at the target, a share of "+
		"what an instance serves, that has the least J(10) for the load in hindsight.", "")
}

// table writes a line for every score.
func (b Backtest) table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "%s\t scaler\n", strings.Join(b.columns(), "\t"))
	for _, s := range b.Scores {
		fmt.Fprintf(t, "%s\t %s\n", strings.Join(b.cells(s), "\t"), label(s))
	}
	return t.Flush()
}

// columns are what is said of every score.
func (b Backtest) columns() []string {
	paid := "hours"
	if b.Price > 0 {
		paid = "cost"
	}
	return []string{"lost", paid, "over oracle", "J(10)", "J(100)", "a day", "reversals"}
}

// cells are the columns of a score.
func (b Backtest) cells(s replay.Score) []string {
	paid := s.InstanceHours
	if b.Price > 0 {
		paid = b.cost(s)
	}
	return []string{
		fmt.Sprintf("%.3f %%", 100*s.LostFraction), whole(paid), fmt.Sprintf("%.3f", s.CostOverOracle),
		fmt.Sprintf("%.3f", s.J(10)), fmt.Sprintf("%.3f", s.J(100)),
		fmt.Sprintf("%.0f", float64(s.ScaleOuts+s.ScaleIns)/b.days()), strconv.Itoa(s.Reversals),
	}
}

// Timeline writes a timeline as CSV: time, requests, desired, in service and billed
// instances, a line for every step.
func Timeline(w io.Writer, t replay.Timeline) error {
	if _, err := io.WriteString(w, "time,requests,desired,in_service,billed\n"); err != nil {
		return fmt.Errorf("write the timeline: %w", err)
	}
	for i, r := range t.Rows {
		at := t.Start.Add(time.Duration(i) * time.Minute).Format(time.RFC3339)
		if _, err := fmt.Fprintf(w, "%s,%s,%d,%d,%d\n", at, strconv.FormatFloat(r.Requests, 'f', -1, 64), r.Desired, r.InService, r.Billed); err != nil {
			return fmt.Errorf("write the timeline: %w", err)
		}
	}
	return nil
}
