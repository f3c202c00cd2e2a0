package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/guard"
	"sagescale/internal/plain"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/shell"
)

// TickOverdue is after how long without an evaluation something is wrong.
const TickOverdue = 3 * time.Minute

// Screen is where a text is shown: how many columns wide, 0 for any, and whether in colour.
type Screen struct {
	Width  int
	Colour bool
}

// Status is how a deployment does. Deployed is when that was last done. Tick is when its
// functions last evaluated, zero when that was too long ago to be seen; TickError says why
// it could not be seen, or what went wrong with that evaluation. On is where the commands
// that it names are to work.
type Status struct {
	Outlook
	Deployed  time.Time
	Tick      time.Time
	TickError string
	On        shell.Place
}

// standing is what a status says of one target to machines.
type standing struct {
	Endpoint  string `json:"endpoint"`
	Variant   string `json:"variant"`
	Healthy   bool   `json:"healthy"`
	NeedsHelp string `json:"needsHelp,omitempty"`
	// Held is why nothing is removed of what may be too much: data is missing.
	Held string `json:"held,omitempty"`

	Status     string             `json:"status"`
	Current    *int               `json:"currentCapacity"`
	Desired    *int               `json:"desiredCapacity"`
	Min        int                `json:"minCapacity"`
	Max        int                `json:"maxCapacity"`
	DryRun     bool               `json:"dryRun,omitempty"`
	Last       *activity.Activity `json:"lastActivity,omitempty"`
	CoolUntil  time.Time          `json:"noScaleInUntil,omitzero"`
	Override   *policy.Override   `json:"override,omitempty"`
	Forecast   *scaling.Forecast  `json:"forecast,omitempty"`
	HeldBy     []scaling.Reason   `json:"notScaledReasons"`
	WouldScale bool               `json:"wouldScale"`
}

// standing gathers what is said of a target.
func (e evaluated) standing() standing {
	d, o := e.record.Decision, e.record.Observation
	out := standing{
		Endpoint: e.target.Endpoint, Variant: e.target.Variant, Healthy: e.ails() == "", NeedsHelp: e.ails(),
		Status: o.Status, Current: e.count(o.CurrentCapacity), Desired: e.count(o.DesiredCapacity), Min: d.MinCapacity, Max: d.MaxCapacity,
		DryRun: e.target.DryRun, Override: e.record.Override, Forecast: d.Forecast, HeldBy: d.NotScaledReasons, WouldScale: e.changes(),
	}
	if e.record.Held && out.Healthy {
		out.Held = e.reason(func(c scaling.Code) bool { return c == scaling.MissingData })
	}
	if all := e.activities(); len(all) > 0 {
		out.Last = &all[len(all)-1]
	}
	out.CoolUntil = guard.Cooldown(e.input(), e.cooldowns()).Until
	return out
}

// cooldowns are the longest of the target's policies: which of them will ask for the next
// scale-in nobody knows.
func (e evaluated) cooldowns() (c scaling.Cooldown) {
	for _, t := range e.target.TargetTracking {
		c = scaling.Cooldown{Out: max(c.Out, t.ScaleOutCooldown), In: max(c.In, t.ScaleInCooldown)}
	}
	for _, s := range e.target.StepScaling {
		c = scaling.Cooldown{Out: max(c.Out, s.Cooldown), In: max(c.In, s.Cooldown)}
	}
	return c
}

// standings are those of all targets, what is unhealthy first.
func (s Status) standings() []standing {
	out := []standing{}
	for _, e := range s.targets() {
		out = append(out, e.standing())
	}
	slices.SortStableFunc(out, func(a, b standing) int { return rank(a) - rank(b) })
	return out
}

func rank(s standing) int {
	if s.Healthy {
		return 1
	}
	return 0
}

// Healthy reports whether nobody must look after anything.
func (s Status) Healthy() bool {
	return !s.late() && !slices.ContainsFunc(s.standings(), func(t standing) bool { return !t.Healthy })
}

// late reports whether the functions have not evaluated for too long.
func (s Status) late() bool { return s.Now.Sub(s.Tick) > TickOverdue && !s.fresh() }

// fresh reports whether it was deployed so lately that no tick need have come.
func (s Status) fresh() bool { return s.Now.Sub(s.Deployed) <= TickOverdue }

// JSON writes the status for machines.
func (s Status) JSON(w io.Writer) error {
	return writeJSON(w, struct {
		Stack   string     `json:"stack"`
		Region  string     `json:"region"`
		Time    time.Time  `json:"time"`
		Digest  string     `json:"policyDigest"`
		Healthy bool       `json:"healthy"`
		Tick    time.Time  `json:"lastTick,omitzero"`
		Error   string     `json:"lastTickError,omitempty"`
		Targets []standing `json:"targets"`
	}{s.Stack, s.Region, s.Now.UTC(), s.Policy.Digest, s.Healthy(), s.Tick, s.TickError, s.standings()})
}

// Text writes the status for people: a line for each target, what is unhealthy first, with
// a mark, and then what is wrong with it.
func (s Status) Text(w io.Writer, on Screen) error {
	all := s.standings()
	var b strings.Builder
	b.WriteString(wrap(s.head(all), ""))
	b.WriteString(wrap(s.tick(), ""))
	b.WriteString("\n")
	b.WriteString(tabulate(s.rows(all), on.Width))
	for _, t := range all {
		if remark := t.NeedsHelp + t.Held; remark != "" {
			b.WriteString("\n")
			b.WriteString(wrap(plain.Cut(t.key()+": "+remark, longestRemark), ""))
			b.WriteString(pasted("  ", s.On, "sagescale explain "+t.key()))
		}
	}
	_, err := io.WriteString(w, on.paint(plain.Text(b.String())))
	return err
}

// mark begins the lines of what is unhealthy.
const mark = "! "

// paint colours the lines that are marked.
func (s Screen) paint(text string) string {
	if !s.Colour {
		return text
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, mark) {
			line = "\x1b[1;31m" + strings.TrimSuffix(line, "\n") + "\x1b[0m\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

// head says how the deployment does as a whole.
func (s Status) head(all []standing) string {
	ill := 0
	for _, t := range all {
		ill += 1 - rank(t)
	}
	text := fmt.Sprintf("Stack %s in %s, policy %s: %s, ", s.Stack, s.Region, s.Policy.Digest, plural(len(all), "target"))
	switch ill {
	case 0:
		if s.late() && s.TickError == "" {
			return text + "which nobody evaluates."
		}
		return text + "none needs help."
	case 1:
		return text + "1 needs help."
	}
	return text + fmt.Sprintf("%d need help.", ill)
}

// tick says when the functions last evaluated.
func (s Status) tick() string {
	switch {
	case s.fresh() && s.Tick.Before(s.Deployed):
		return fmt.Sprintf("It was deployed %s ago: the first tick comes within a minute or two.", since(s.Now.Sub(s.Deployed)))
	case s.Tick.IsZero() && s.TickError != "":
		return mark + "When it last ticked is not known: " + s.TickError
	case s.Tick.IsZero():
		return mark + "No tick was seen of late: nothing scales. sagescale doctor says why."
	case s.late():
		return fmt.Sprintf("%sThe last tick was %s ago: nothing scales. sagescale doctor says why.", mark, since(s.Now.Sub(s.Tick)))
	case s.TickError != "":
		return fmt.Sprintf("The last tick was %s ago, with an error: %s", since(s.Now.Sub(s.Tick)), plain.Cut(s.TickError, longestRemark))
	}
	return fmt.Sprintf("The last tick was %s ago.", since(s.Now.Sub(s.Tick)))
}

// rows are the table of the targets. What no target has, has no column.
func (s Status) rows(all []standing) [][]string {
	overrides := slices.ContainsFunc(all, func(t standing) bool { return t.Override != nil })
	forecasts := slices.ContainsFunc(all, func(t standing) bool { return t.Forecast != nil })
	head := []string{"  TARGET", "STATUS", "NOW", "LIMITS", "LAST CHANGE", "COOLDOWN"}
	if overrides {
		head = append(head, "OVERRIDE")
	}
	if forecasts {
		head = append(head, "FORECAST")
	}
	rows := [][]string{head}
	for _, t := range all {
		row := []string{t.name(), t.status(), t.capacity(), fmt.Sprintf("%d-%d", t.Min, t.Max), t.last(s.Now), t.cooling(s.Now)}
		if overrides {
			row = append(row, t.override(s.Now))
		}
		if forecasts {
			row = append(row, t.foreseen())
		}
		rows = append(rows, row)
	}
	return rows
}

func (t standing) key() string { return t.Endpoint + "/" + t.Variant }

// name is the target's, marked when somebody must look after it.
func (t standing) name() string {
	if t.Healthy {
		return "  " + t.key()
	}
	return mark + t.key()
}

// status is the endpoint's, as SageMaker says it.
func (t standing) status() string {
	switch {
	case t.Status == "":
		return "not seen"
	case t.DryRun:
		return t.Status + " (dry run)"
	}
	return t.Status
}

// capacity is what serves, and what is asked for where that is another.
func (t standing) capacity() string {
	switch {
	case t.Current == nil:
		return none
	case *t.Current == *t.Desired:
		return fmt.Sprint(*t.Current)
	}
	return fmt.Sprintf("%d>%d", *t.Current, *t.Desired)
}

// last says what the last activity was, how it ended unless well, and how long ago.
func (t standing) last(now time.Time) string {
	if t.Last == nil {
		return none
	}
	a := *t.Last
	text := fmt.Sprintf("%d>%d", a.From, a.To)
	switch {
	case a.Open():
		return text + " since " + since(now.Sub(a.StartTime))
	case a.Status != activity.Successful:
		text += " " + string(a.Status)
	}
	return text + " " + since(now.Sub(a.EndTime)) + " ago"
}

// none is shown where there is nothing.
const none = "-"

// cooling says for how much longer nothing is removed.
func (t standing) cooling(now time.Time) string {
	if t.CoolUntil.IsZero() {
		return none
	}
	return since(t.CoolUntil.Sub(now))
}

// override says in a few words what an operator has set, and for how much longer.
func (t standing) override(now time.Time) string {
	if t.Override == nil {
		return none
	}
	o := *t.Override
	var parts []string
	switch o.Pause {
	case policy.Both:
		parts = append(parts, "paused")
	case policy.In, policy.Out:
		parts = append(parts, string(o.Pause)+" paused")
	}
	switch {
	case o.Min != nil && o.Max != nil && *o.Min == *o.Max:
		parts = append(parts, fmt.Sprintf("hold %d", *o.Min))
	case o.Min != nil || o.Max != nil:
		parts = append(parts, "limits")
	}
	return strings.Join(parts, ",") + " " + since(o.Until.Sub(now))
}

// foreseen says how old the forecast is, and how far off it was of late.
func (t standing) foreseen() string {
	switch f := t.Forecast; {
	case f == nil:
		return none
	case f.Unused != "":
		return "unused"
	default:
		return fmt.Sprintf("%s %.0f%%", since(time.Duration(f.AgeSeconds)*time.Second), 100*f.Error)
	}
}

// since writes how long ago something was, by its two largest units at most.
func since(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 48*time.Hour:
		return policy.Brief(d.Truncate(time.Minute))
	}
	return fmt.Sprintf("%dd", d/(24*time.Hour))
}
