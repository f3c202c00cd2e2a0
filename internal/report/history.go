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
	"sagescale/internal/records"
	"sagescale/internal/scaling"
	"sagescale/internal/shell"
)

// History is what came of one target between two times. Load are the requests and Capacity
// the instances in service of every minute from From on, NaN where they are not known.
// PerInstance is how many requests a minute one instance is to have, 0 where that is not
// known.
//
// Read says that the decision records were read: Decisions are their stretches, Records
// how many there were, and Unreadable counts those that could not be understood. Notes are
// what else somebody must know, who reads it. On is where the commands that are shown work.
type History struct {
	Endpoint, Variant string
	From, To          time.Time
	Load, Capacity    []float64
	PerInstance       float64
	Activities        []activity.Activity
	Read              bool
	Decisions         []records.Stretch
	Records           int
	Unreadable        int
	Notes             []string
	On                shell.Place
}

func (h History) key() string { return h.Endpoint + "/" + h.Variant }

// Histories writes histories to people: of each the load and the capacity as a plot, the
// activities, what held the capacity back, and how to see more. Lines are less than 80
// columns wide, but for a word that is longer, without colour, and plain.
func Histories(w io.Writer, all []History) error {
	var b strings.Builder
	for i, h := range all {
		if i > 0 {
			b.WriteString("\n")
		}
		h.text(&b)
	}
	_, err := io.WriteString(w, plain.Text(b.String()))
	return err
}

func (h History) text(b *strings.Builder) {
	b.WriteString(wrap(fmt.Sprintf("%s from %s to %s", h.key(), stamp(h.From), stamp(h.To)), ""))
	b.WriteString("\n")
	h.plots(b)
	b.WriteString("\nScaling activities\n")
	activities(b, h.Activities, "none", "see --format json, or a shorter time")
	h.held(b)
	for _, n := range h.Notes {
		b.WriteString("\n" + wrap("Note: "+plain.Cut(n, longestRemark), ""))
	}
	if h.Records > 0 {
		b.WriteString("\nOne decision in words, as of this moment:\n")
		b.WriteString(pasted("  ", h.On, "sagescale explain "+h.key()+" --at "+h.moment().UTC().Format(time.RFC3339)))
	}
}

// moment is one that somebody may want to have explained: when the capacity was last held
// back, or else the end.
func (h History) moment() time.Time {
	for _, s := range slices.Backward(h.Decisions) {
		if s.Decisions > 0 && !s.Calm() {
			at := s.Through.Add(time.Second).Truncate(time.Second) // the record may be of a part of it
			if at.Before(h.To) {
				return at
			}
		}
	}
	return h.To
}

// plots draws the load and the capacity in one plot where the load can be said in
// instances, else in two.
func (h History) plots(b *strings.Builder) {
	load, capacity := known(h.Load), known(h.Capacity)
	const ofLoad, ofCapacity = "••• load, in requests a minute", "─── instances in service"
	switch {
	case load && capacity && h.PerInstance > 0:
		fmt.Fprintf(b, "    ••• load, as the instances that it needs    %s\n\n", ofCapacity)
		need := slices.Clone(h.Load)
		for i := range need {
			need[i] = math.Ceil(need[i] / h.PerInstance)
		}
		b.WriteString(Course{h.From, need, h.Capacity}.Plot())
		b.WriteString("\n" + wrap(fmt.Sprintf("One instance is to have %s requests a minute.", number(h.PerInstance)), ""))
		return
	case load:
		fmt.Fprintf(b, "    %s\n\n%s", ofLoad, Course{Start: h.From, Load: h.Load}.Plot())
	case len(h.Load) > 0:
		b.WriteString("No load is known: CloudWatch has no Invocations of this time.\n")
	default:
		b.WriteString("No load is known.\n")
	}
	if capacity {
		fmt.Fprintf(b, "\n    %s\n\n%s", ofCapacity, Course{Start: h.From, Capacity: h.Capacity}.Plot())
	} else {
		b.WriteString("\nNo capacity is known of this time.\n")
	}
}

// known reports whether one of the values is known.
func known(values []float64) bool {
	return slices.ContainsFunc(values, func(v float64) bool { return !math.IsNaN(v) })
}

// held lists what held the capacity back, and when nothing was decided.
func (h History) held(b *strings.Builder) {
	b.WriteString("\nWhy it was not scaled\n")
	if !h.Read {
		b.WriteString("  the decision records could not be read\n")
		return
	}
	var shown []records.Stretch
	right := 0
	for _, s := range h.Decisions {
		if s.Calm() {
			right += s.Decisions
			continue
		}
		shown = append(shown, s)
	}
	if left := len(shown) - 2*shownActivities; left > 0 {
		stretches(b, shown[:shownActivities])
		fmt.Fprintf(b, "  ... %d more, see --format json, or a shorter time ...\n", left)
		shown = shown[shownActivities+left:]
	}
	stretches(b, shown)
	b.WriteString(wrap(fmt.Sprintf("decisions that found the capacity right: %s of %s", whole(float64(right)), whole(float64(h.Records))), "  "))
	if h.Unreadable > 0 {
		b.WriteString(wrap(fmt.Sprintf("records that could not be understood, and are left out: %d", h.Unreadable), "  "))
	}
}

// stretches lists stretches: when, at which capacity, why, and how often that was said.
func stretches(b *strings.Builder, all []records.Stretch) {
	for _, s := range all {
		when := span(s)
		if s.Decisions == 0 {
			fmt.Fprintf(b, "  %s  no decision was recorded\n", when)
			continue
		}
		instead := ""
		if s.Wanted != s.Capacity {
			instead = fmt.Sprintf(" instead of %d", s.Wanted)
		}
		fmt.Fprintf(b, "  %s  held at %d%s (%s)\n", when, s.Capacity, instead, times(s.Decisions))
		b.WriteString(wrap(names(s.Codes)+": "+plain.Cut(s.Message, longestRemark), "      "))
	}
}

// span is when a stretch was: its end with the day where that is another, and only where it
// is another minute.
func span(s records.Stretch) string {
	const minute = "Jan _2 15:04"
	from, through := s.From.UTC(), s.Through.UTC()
	switch {
	case from.Format(minute) == through.Format(minute):
		return from.Format(minute)
	case from.YearDay() == through.YearDay():
		return from.Format(minute) + " to " + through.Format("15:04")
	}
	return from.Format(minute) + " to " + through.Format(minute)
}

// names lists codes.
func names(all []scaling.Code) string {
	var out []string
	for _, c := range all {
		out = append(out, string(c))
	}
	return strings.Join(out, ", ")
}

// times counts decisions.
func times(n int) string {
	if n == 1 {
		return "1 decision"
	}
	return whole(float64(n)) + " decisions"
}

// HistoriesJSON writes the same to machines, and all of it. A number that is not known is
// null, and so are the decisions where the records were not read.
func HistoriesJSON(w io.Writer, all []History) error {
	type minute struct {
		Time      time.Time `json:"time"`
		Requests  *float64  `json:"requests"`
		InService *int      `json:"inService"`
	}
	type target struct {
		Endpoint    string              `json:"endpoint"`
		Variant     string              `json:"variant"`
		From        time.Time           `json:"from"`
		To          time.Time           `json:"to"`
		PerInstance *float64            `json:"requestsPerInstance"`
		Minutes     []minute            `json:"minutes"`
		Activities  []activity.Activity `json:"activities"`
		Decisions   []records.Stretch   `json:"decisions"`
		Records     int                 `json:"records"`
		Unreadable  int                 `json:"unreadableRecords"`
		Notes       []string            `json:"notes"`
	}
	out := struct {
		Targets []target `json:"targets"`
	}{[]target{}}
	for _, h := range all {
		t := target{
			Endpoint: h.Endpoint, Variant: h.Variant, From: h.From.UTC(), To: h.To.UTC(), Minutes: []minute{},
			Activities: append([]activity.Activity{}, h.Activities...), Decisions: h.Decisions,
			Records: h.Records, Unreadable: h.Unreadable, Notes: append([]string{}, h.Notes...),
		}
		if h.PerInstance > 0 {
			t.PerInstance = &h.PerInstance
		}
		for i := range max(len(h.Load), len(h.Capacity)) {
			m := minute{Time: h.From.Add(time.Duration(i) * time.Minute).UTC()}
			if i < len(h.Load) && !math.IsNaN(h.Load[i]) {
				m.Requests = &h.Load[i]
			}
			if i < len(h.Capacity) && !math.IsNaN(h.Capacity[i]) {
				n := int(h.Capacity[i])
				m.InService = &n
			}
			t.Minutes = append(t.Minutes, m)
		}
		out.Targets = append(out.Targets, t)
	}
	return writeJSON(w, out)
}
