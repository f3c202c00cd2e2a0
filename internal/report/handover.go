package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"sagescale/internal/plain"
	"sagescale/internal/shell"
)

// HandOver is how a variant goes from Application Auto Scaling to sagescale, or Back, step
// by step. CarriedOut says that the steps were not only looked at. On is where the commands
// that are shown work.
type HandOver struct {
	Endpoint   string         `json:"endpoint"`
	Variant    string         `json:"variant"`
	Region     string         `json:"region"`
	Stack      string         `json:"stack"`
	Back       bool           `json:"back"`
	CarriedOut bool           `json:"carriedOut"`
	Steps      []HandOverStep `json:"steps"`
	On         shell.Place    `json:"-"`
}

// HandOverStep is one step: what, why, by which call, and how it stands. Detail says what
// was found; a call may take several lines.
type HandOverStep struct {
	What   string    `json:"what"`
	Why    string    `json:"why"`
	Call   string    `json:"call"`
	State  StepState `json:"state"`
	Detail string    `json:"detail,omitempty"`
}

// StepState is how a step stands.
type StepState string

// The states of a step.
const (
	StepOK      StepState = "ok"
	StepDone    StepState = "done"
	StepBefore  StepState = "already done"
	StepToDo    StepState = "to do"
	StepYours   StepState = "yours to do"
	StepRefused StepState = "refused"
	StepFailed  StepState = "failed" // what it has changed is not known
)

// Refused reports whether a step could not be taken, which ends the hand-over.
func (h HandOver) Refused() bool { return h.has(StepRefused) }

// has reports whether a step is in a state.
func (h HandOver) has(state StepState) bool {
	return slices.ContainsFunc(h.Steps, func(s HandOverStep) bool { return s.State == state })
}

// JSON writes the hand-over for machines.
func (h HandOver) JSON(w io.Writer) error { return writeJSON(w, h) }

// Text writes it for people.
func (h HandOver) Text(w io.Writer) error {
	from, to := "Application Auto Scaling", "sagescale"
	if h.Back {
		from, to = to, from
	}
	var b strings.Builder
	b.WriteString(wrap(fmt.Sprintf("%s/%s in %s goes from %s to %s, stack %s.", h.Endpoint, h.Variant, h.Region, from,
		to, h.Stack), ""))
	for i, s := range h.Steps {
		fmt.Fprintf(&b, "\n%d. %s: %s\n", i+1, s.What, s.State)
		section(&b, "why", s.Why)
		fmt.Fprintf(&b, "  %-9s %s\n", "call", strings.ReplaceAll(s.Call, "\n", "\n              "))
		if s.Detail != "" {
			section(&b, "found", s.Detail)
		}
	}
	b.WriteString("\n" + h.end())
	_, err := io.WriteString(w, plain.Text(b.String()))
	return err
}

// end says how it stands as a whole, and what to do next.
func (h HandOver) end() string {
	back, forth := " --back", ""
	if h.Back {
		back, forth = forth, back
	}
	command := func(flags string) string {
		return pasted("  ", h.On, fmt.Sprintf("sagescale hand-over %s/%s%s", h.Endpoint, h.Variant, flags))
	}
	switch {
	case h.has(StepFailed):
		return wrap("What the last step has changed is not known. Mend what it says, and look again:",
			"") + command(forth)
	case h.Refused() && h.has(StepDone):
		return wrap("It is not complete. Mend what the last step says, and begin again: what is done is "+
			"not done twice.", "")
	case h.Refused():
		return wrap("Nothing was changed. Mend what the last step says first.", "")
	case h.has(StepToDo):
		return "Nothing was changed. To carry it out:\n" + command(forth+" --yes")
	case h.has(StepYours):
		return "The rest is yours to do.\n"
	}
	return "It is done. The way back:\n" + command(back)
}
