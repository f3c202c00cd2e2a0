package report

import (
	"slices"
	"strings"

	"sagescale/internal/plain"
	"sagescale/internal/scaling"
)

// Log keeps what sagescale decided in a replay: every decision that changed what it
// asked for, and of those between, which say the same minute after minute, the first
// of each stretch.
type Log struct {
	notes  []note
	limits []limitsFrom
}

// note is a decision, and how long the ones after it said the same.
type note struct {
	step, end int // from step on, before end
	desired   int
	changed   bool
	codes     string
	decision  scaling.Decision
}

// limitsFrom are the limits in force from a step on.
type limitsFrom struct{ step, lowest, highest int }

// Add notes the decision of a step. Steps come in their order.
func (l *Log) Add(step int, d scaling.Decision) {
	if n := len(l.limits); n == 0 || l.limits[n-1].lowest != d.MinCapacity || l.limits[n-1].highest != d.MaxCapacity {
		l.limits = append(l.limits, limitsFrom{step, d.MinCapacity, d.MaxCapacity})
	}
	next := note{step: step, end: step + 1, desired: d.DesiredCapacity, codes: codes(d), decision: d}
	if n := len(l.notes); n > 0 {
		before := &l.notes[n-1]
		next.changed = before.desired != next.desired
		if !before.changed && !next.changed && before.codes == next.codes && before.end == step {
			before.end++
			return
		}
	}
	l.notes = append(l.notes, next)
}

// codes names the reasons of a decision.
func codes(d scaling.Decision) string {
	var all []string
	for _, r := range d.NotScaledReasons {
		all = append(all, string(r.Code))
	}
	return strings.Join(all, " ")
}

// explained are the rules that moved the capacity in a decision, and the reasons that
// are not among them.
func explained(d scaling.Decision) (rules []scaling.Step, reasons []scaling.Reason) {
	var said []string
	for _, s := range d.Steps {
		s.Reason = plain.Cut(plain.Text(s.Reason), longestRemark)
		rules = append(rules, s)
		said = append(said, s.Reason)
	}
	for _, r := range d.NotScaledReasons {
		r.Message = plain.Cut(plain.Text(r.Message), longestRemark)
		if !slices.Contains(said, r.Message) {
			reasons = append(reasons, r)
		}
	}
	return rules, reasons
}
