package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/shell"
	"sagescale/internal/whatif"
)

// Explanation is a decision and what is to be said of it. Record is nil for one that was
// made offline; Changes is nil where it is not known what would change the decision, and
// Lifts are empty where that is not asked. Notes are what else somebody must know, who
// reads it. On is where the commands of Lifts are to work.
type Explanation struct {
	Input    scaling.Input
	Decision scaling.Decision
	Record   *autoscaler.Record
	Changes  *whatif.Answer
	Lifts    []whatif.Lift
	Notes    []string
	On       shell.Place
}

// Text writes the explanation as Decision does.
func (e Explanation) Text(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", e.Input.Target.Key(), outcome(e.Input, e.Decision))
	section(&b, "at", instant(e.Input.Now))
	if r := e.Record; r != nil {
		section(&b, "woken by", woken(r.Trigger))
	}
	section(&b, "seen", seen(e.Input.Observation))
	section(&b, "limits", limited(e.Input, e.Decision))
	e.override(&b)
	for _, m := range measured(e.Input) {
		section(&b, "metric", m)
	}
	if f := e.Decision.Forecast; f != nil {
		section(&b, "forecast", foreseen(*f))
	}
	b.WriteString("\n")
	steps(&b, e.Decision)
	e.came(&b)
	for _, n := range e.Notes {
		section(&b, "note", n)
	}
	end := b.Len()
	e.changes(&b)
	earlier := latest(e.Input.Activities)
	if len(earlier) > 0 && b.Len() > end {
		b.WriteString("\n")
	}
	for _, a := range earlier {
		section(&b, "earlier", a)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// JSON writes what was recorded and what would change it, in plain characters: activities
// are those of the time of the decision, changes is null where it is not known.
func (e Explanation) JSON(w io.Writer) error {
	return writeJSON(w, struct {
		Record     *autoscaler.Record  `json:"record"`
		Activities []activity.Activity `json:"activities"`
		Changes    *whatif.Answer      `json:"changes"`
		Lifts      []whatif.Lift       `json:"lifts"`
		Notes      []string            `json:"notes"`
	}{
		e.Record, append([]activity.Activity{}, e.Input.Activities...), e.Changes,
		e.placed(), append([]string{}, e.Notes...),
	})
}

// override says what an operator has set aside.
func (e Explanation) override(b *strings.Builder) {
	switch o := e.Input.Override; {
	case o.InForce(e.Input.Now):
		section(b, "override", overridden(o))
	case !o.Until.IsZero():
		section(b, "override", "is over: "+o.String())
	}
}

// woken says what woke an evaluation.
func woken(t autoscaler.Trigger) string {
	text := strings.TrimSpace(t.Kind + " " + t.Name)
	if t.Invocation != "" {
		text += ", invocation " + t.Invocation
	}
	return text
}

// foreseen says what was known of the load to come.
func foreseen(f scaling.Forecast) string {
	if f.Unused != "" {
		return "none to go by: " + f.Unused
	}
	text := fmt.Sprintf("a load of %s is expected from %s to %s, and up to %s allowed for, which %d instances serve; "+
		"learned %s before, off by %s of the mean load of late",
		number(f.Expected), policy.Clock(f.From), policy.Clock(f.Through), number(f.Upper), f.Capacity,
		policy.Brief(time.Duration(f.AgeSeconds)*time.Second), share(f.Error))
	if !f.Followed {
		text += "; it is shown alone: the target value decides"
	}
	return text
}

// came says what came of the decision, and what the evaluation found to have ended.
func (e Explanation) came(b *strings.Builder) {
	r := e.Record
	if r == nil {
		return
	}
	if r.Activity != nil {
		section(b, "started", fmt.Sprintf("%d -> %d %s", r.Activity.From, r.Activity.To, r.Activity.Status))
	}
	if r.Settled != nil {
		section(b, "ended", ended(*r.Settled))
	}
	for _, a := range r.Outside {
		section(b, "by others", ended(a))
	}
	if r.Error != "" {
		section(b, "error", r.Error)
	}
}

// ended says how an activity ended.
func ended(a activity.Activity) string {
	text := fmt.Sprintf("%d -> %d of %s %s", a.From, a.To, policy.Clock(a.StartTime), a.Status)
	if a.StatusMessage != "" {
		text += ": " + a.StatusMessage
	}
	return text
}

// changes says what would change the decision.
func (e Explanation) changes(b *strings.Builder) {
	lifts := e.lifts()
	if e.Changes == nil && len(lifts) == 0 {
		return
	}
	b.WriteString("\nWhat would change it\n")
	if c := e.Changes; c != nil {
		if text := later(e, c.Later); text != "" {
			section(b, "time", text)
		}
		for _, l := range c.Loads {
			section(b, "load", loadWords(e.Input.Target, l))
		}
		if d := e.Decision; d.MinCapacity == d.MaxCapacity {
			section(b, "load", fmt.Sprintf("none: the limits in force hold %d", d.MinCapacity))
		}
	}
	for _, l := range lifts {
		section(b, "to lift", fmt.Sprintf("%s: %s", l.Code, l.What))
		for _, command := range l.Commands {
			b.WriteString(pasted("              ", e.On, command))
		}
	}
}

// placed are all lifts, with the commands as they are on the place.
func (e Explanation) placed() []whatif.Lift {
	out := append([]whatif.Lift{}, e.Lifts...)
	for i, l := range out {
		out[i].Commands = nil
		for _, command := range l.Commands {
			out[i].Commands = append(out[i].Commands, e.On.Put(command))
		}
	}
	return out
}

// lifts are those that are shown: where the capacity is right there is nothing to lift, and
// the loads say when it is not.
func (e Explanation) lifts() []whatif.Lift {
	return slices.DeleteFunc(slices.Clone(e.Lifts), func(l whatif.Lift) bool {
		return e.Changes != nil && (l.Code == scaling.AlreadyAtDesired || l.Code == scaling.AnticipatedFlapping)
	})
}

// later says what time alone would change.
func later(e Explanation, l *whatif.Later) string {
	switch {
	case l == nil && e.Decision.DesiredCapacity != from(e.Decision):
		return "" // it was changed
	case l == nil:
		return fmt.Sprintf("nothing for %s, if the load stays as it is", policy.Brief(whatif.Horizon))
	}
	direction := "scale-out"
	if l.To < l.From {
		direction = "scale-in"
	}
	text := fmt.Sprintf("a %s to %d at %s, if the load stays as it is", direction, l.To, l.At.UTC().Format("15:04Z"))
	if l.Done {
		text += " and the change that is under way is in service now"
	}
	if l.Held != "" {
		text += fmt.Sprintf("; until then %s", l.Held)
	}
	return text
}

// loadWords says at which values of a metric the capacity would be changed.
func loadWords(t policy.Target, l whatif.Load) string {
	unit := ""
	if l.Measured == policy.Invocations {
		unit = " requests a minute"
	}
	return fmt.Sprintf("%s%s: %s; %s", l.Metric, meansOf(t, l.Metric), bound("adds", unit, l.Adds), bound("removes", unit, l.Removes))
}

// meansOf says that a metric is of each device.
func meansOf(t policy.Target, metric string) string {
	for _, x := range t.TargetTracking {
		if x.Metric.Name == metric && x.Metric.Devices > 1 {
			return " of each device"
		}
	}
	return ""
}

// bound says from where on, or up to where, something is done.
func bound(what, unit string, b whatif.Bound) string {
	if b.None != nil {
		text := "no value " + what
		if b.None.Code != "" {
			text += fmt.Sprintf(" (%s)", b.None.Code)
		}
		return text
	}
	value := whole(b.Value)
	if b.Value != float64(int64(b.Value)) {
		value = number(b.Value)
	}
	where := fmt.Sprintf("from %s%s on", value, unit)
	if b.UpTo {
		where = fmt.Sprintf("at %s%s or less", value, unit)
	}
	text := fmt.Sprintf("%s for %s it %s, to %d", where, policy.Brief(time.Duration(b.Seconds)*time.Second), what, b.Capacity)
	if b.Held != "" {
		text += fmt.Sprintf(" (held now by %s)", b.Held)
	}
	return text
}
