package report

import (
	"fmt"
	"io"
	"strings"

	"sagescale/internal/plain"
	"sagescale/internal/scaling"
)

// Plan is what would be done now. Prices are those of an instance hour in US dollars, by
// endpoint/variant, where they are known.
type Plan struct {
	Outlook
	Prices map[string]float64
}

// planned is what a plan says of one target to machines.
type planned struct {
	Endpoint    string           `json:"endpoint"`
	Variant     string           `json:"variant"`
	Status      string           `json:"status"`
	Current     *int             `json:"currentCapacity"`
	Desired     *int             `json:"desiredCapacity"`
	Recommended *int             `json:"recommendedCapacity"`
	Planned     *int             `json:"plannedCapacity"`
	Changes     bool             `json:"changes"`
	Min         int              `json:"minCapacity"`
	Max         int              `json:"maxCapacity"`
	MinBy       string           `json:"minCapacityBy"`
	MaxBy       string           `json:"maxCapacityBy"`
	Override    string           `json:"override,omitempty"`
	Next        *limitsChange    `json:"nextScheduledAction,omitempty"`
	Hourly      *hourly          `json:"pricePerHour,omitempty"`
	Steps       []scaling.Step   `json:"steps"`
	Reasons     []scaling.Reason `json:"notScaledReasons"`
	NeedsHelp   string           `json:"needsHelp,omitempty"`
}

// hourly is what is paid in an hour.
type hourly struct {
	Before float64 `json:"before"`
	After  float64 `json:"after"`
}

// planned gathers what is said of a target.
func (p Plan) planned(e evaluated) planned {
	d, o := e.record.Decision, e.record.Observation
	_, minBy, maxBy := e.input().Limits()
	out := planned{
		Endpoint: e.record.Endpoint, Variant: e.record.Variant, Status: o.Status,
		Current: e.count(o.CurrentCapacity), Desired: e.count(o.DesiredCapacity),
		Recommended: e.count(d.Recommended()), Planned: e.count(e.after()), Changes: e.changes(),
		Min: d.MinCapacity, Max: d.MaxCapacity, MinBy: setBy(minBy), MaxBy: setBy(maxBy),
		Steps: d.Steps, Reasons: d.NotScaledReasons, NeedsHelp: e.ails(),
	}
	if e.record.Override != nil {
		out.Override = overridden(*e.record.Override)
	}
	if f, ok := e.next(p.Now); ok {
		out.Next = &f
	}
	if price, ok := p.Prices[e.target.Key()]; ok && e.known() {
		out.Hourly = &hourly{price * float64(e.present()), price * float64(e.after())}
	}
	return out
}

// after is the capacity that the target would be set to.
func (e evaluated) after() int {
	if !e.changes() {
		return e.present()
	}
	return e.record.Decision.DesiredCapacity
}

// setBy says what has set a limit.
func setBy(what string) string {
	if what == "" {
		return "the policy"
	}
	return what
}

// Changes is how many targets would be changed, and NeedHelp of how many somebody must
// look after.
func (p Plan) Changes() (changes, needHelp int) {
	for _, e := range p.targets() {
		if e.changes() {
			changes++
		}
		if e.ails() != "" {
			needHelp++
		}
	}
	return changes, needHelp
}

// dry is how many targets would be changed, were they no dry runs.
func (p Plan) dry() (n int) {
	for _, e := range p.targets() {
		if e.target.DryRun && e.record.Decision.DesiredCapacity != e.present() {
			n++
		}
	}
	return n
}

// JSON writes the plan for machines.
func (p Plan) JSON(w io.Writer) error {
	changes, help := p.Changes()
	out := struct {
		Stack   string    `json:"stack"`
		Region  string    `json:"region"`
		Time    string    `json:"time"`
		Digest  string    `json:"policyDigest"`
		Changes int       `json:"changes"`
		Help    int       `json:"needHelp"`
		Hourly  *hourly   `json:"pricePerHour,omitempty"`
		Targets []planned `json:"targets"`
	}{Stack: p.Stack, Region: p.Region, Time: p.Now.UTC().Format("2006-01-02T15:04:05Z"), Digest: p.Policy.Digest, Changes: changes, Help: help}
	for _, e := range p.targets() {
		out.Targets = append(out.Targets, p.planned(e))
	}
	if sum, of := p.sum(out.Targets); of > 0 {
		out.Hourly = &sum
	}
	return writeJSON(w, out)
}

// sum adds up what is paid, and says of how many targets that is known.
func (p Plan) sum(of []planned) (sum hourly, known int) {
	for _, t := range of {
		if t.Hourly != nil {
			sum.Before += t.Hourly.Before
			sum.After += t.Hourly.After
			known++
		}
	}
	return sum, known
}

// Text writes the plan for people: for each target what would be done and why, and what
// it comes to in all.
func (p Plan) Text(w io.Writer) error {
	var b strings.Builder
	var all []planned
	for _, e := range p.targets() {
		t := p.planned(e)
		all = append(all, t)
		p.target(&b, e, t)
		b.WriteString("\n")
	}
	b.WriteString(wrap(p.verdict(all), ""))
	_, err := io.WriteString(w, plain.Text(b.String()))
	return err
}

// target writes what would be done with one target.
func (p Plan) target(b *strings.Builder, e evaluated, t planned) {
	fmt.Fprintf(b, "%s %s\n", e.target.Key(), e.outcome())
	if e.known() {
		section(b, "seen", seen(e.record.Observation))
	}
	section(b, "limits", t.limits())
	if t.Override != "" {
		section(b, "override", t.Override)
	}
	if t.Next != nil {
		section(b, "next", t.Next.String())
	}
	if t.Hourly != nil {
		section(b, "an hour", t.Hourly.String())
	}
	if e.known() {
		steps(b, e.record.Decision)
	} else {
		section(b, "why", e.ails())
	}
	if e.record.Error != "" {
		section(b, "error", e.record.Error)
	}
}

// outcome says in a few words what would be done.
func (e evaluated) outcome() string {
	d := e.record.Decision
	switch {
	case !e.known():
		return "cannot be scaled"
	case e.target.DryRun && d.DesiredCapacity != e.present(), e.changes():
		return outcome(e.input(), d)
	}
	return fmt.Sprintf("stays at %d", e.present())
}

// limits says what the limits in force are, and what has set them.
func (t planned) limits() string {
	text := fmt.Sprintf("%d to %d by %s", t.Min, t.Max, t.MinBy)
	if t.MinBy != t.MaxBy {
		text = fmt.Sprintf("%d by %s, to %d by %s", t.Min, t.MinBy, t.Max, t.MaxBy)
	}
	return text
}

// String writes what is paid before and after.
func (m hourly) String() string {
	if m.Before == m.After {
		return fmt.Sprintf("$%.2f", m.Before)
	}
	return fmt.Sprintf("$%.2f -> $%.2f", m.Before, m.After)
}

// verdict says what the plan comes to.
func (p Plan) verdict(all []planned) string {
	changes, help := p.Changes()
	text := fmt.Sprintf("%d of %s would be changed now, by policy %s of stack %s in %s. Nothing was written.",
		changes, plural(len(all), "target"), p.Policy.Digest, p.Stack, p.Region)
	if dry := p.dry(); dry > 0 {
		text += fmt.Sprintf(" %d more would be, were it no dry run.", dry)
	}
	if sum, known := p.sum(all); known > 0 {
		text += fmt.Sprintf(" An hour of %s costs %s.", plural(known, "target"), sum)
	}
	if help > 0 {
		text += fmt.Sprintf(" Somebody must look after %d: sagescale doctor says what to do.", help)
	}
	return text
}
