package faults

import (
	"fmt"
	"strings"
	"time"
)

// family says where a kind of fault strikes.
type family int

const (
	calls    family = iota // one call of a worker
	events                 // one event
	episodes               // a service, for a time
	moments                // something that happens once
	others                 // what follows from others
)

// kind is a kind of fault: where it strikes, how likely, and which rows of the
// catalogue it covers.
type kind struct {
	name   string
	family family
	// rate is how often it strikes where it may: of the calls or events, or how many
	// times in a run.
	rate float64
	rows string
	// only says which calls or events it strikes, by a part of their names; empty is
	// all.
	only string
}

// kinds are all kinds of faults.
func kinds() []kind {
	return []kind{
		{"throttled", calls, 0.02, "C1 D15 E17", ""},
		{"server error", calls, 0.02, "C2", ""},
		{"server error after it was done", calls, 0.02, "B7 C3", ""},
		{"connection lost before it arrived", calls, 0.02, "B9", ""},
		{"connection lost after it was done", calls, 0.03, "B7 C3 C4 C6", ""},
		{"no answer, never arrived", calls, 0.01, "B9 C2", ""},
		{"no answer, though done", calls, 0.01, "B7 C4", ""},
		{"slow", calls, 0.05, "B14 I6", ""},
		{"very slow", calls, 0.01, "B14 I6", ""},
		{"crash before the call", calls, 0.005, "B4 B5 B13", ""},
		{"crash after the call", calls, 0.01, "B6 B13", ""},
		{"crash, and the request lands later", calls, 0.005, "B11", ""},
		{"frozen", calls, 0.005, "B10", ""},
		{"panic", calls, 0.005, "B12", ""},
		{"update applied, answer lost", calls, 0.1, "B7 B8", opUpdate},
		{"update comes twice", calls, 0.05, "B8", opUpdate},
		{"crash after the claim", calls, 0.02, "B5 B6", opPut},

		{"event twice", events, 0.1, "A1 A2 A6 A8", ""},
		{"event lost", events, 0.1, "A4 A10", ""},
		{"event late", events, 0.1, "A3 A6 F6", ""},
		{"forged event", events, 0.05, "H1 H2 H4", ""},
		{"malformed event", events, 0.05, "A11 A15", ""},
		{"invoked by hand", events, 0.02, "A16", "tick"},
		{"alarm set by a stranger", events, 0.05, "H3 A12 A13", "tick"},

		{"ticks missing", episodes, 0.7, "A7 I10", ""},
		{"ticks held back, then all at once", episodes, 0.7, "A6 I1", ""},
		{"store down", episodes, 0.7, "C2 I1", ""},
		{"store throttles", episodes, 0.7, "C1", ""},
		{"newer schema", episodes, 0.3, "B13 G7", ""},
		{"no metrics at all", episodes, 1, "D2 I2", ""},
		{"one metric missing", episodes, 1, "D3", ""},
		{"gaps in the metrics", episodes, 1, "D4", ""},
		{"published late", episodes, 1, "D4 D5", ""},
		{"newest minute in part", episodes, 2, "D4", ""},
		{"newest minute missing", episodes, 2, "D4", ""},
		{"rewritten later", episodes, 1, "D5", ""},
		{"not a number", episodes, 1, "D6", ""},
		{"negative", episodes, 1, "D8", ""},
		{"absurdly large", episodes, 0.5, "D9", ""},
		{"no load", episodes, 0.7, "D7 I3", ""},
		{"load three times as high", episodes, 1, "I2", ""},
		{"one minute's peak", episodes, 1, "D10", ""},
		{"clients fail", episodes, 1, "D18", ""},
		{"answered in part", episodes, 1, "D11", ""},
		{"internal error for a metric", episodes, 1, "D12", ""},
		{"forbidden", episodes, 0.5, "D12", ""},
		{"a message beside the data", episodes, 0.7, "D12", ""},
		{"invalid token", episodes, 0.5, "D13", ""},
		{"endless pages", episodes, 0.3, "D13", ""},
		{"results in another order", episodes, 0.7, "D14", ""},
		{"more times than values", episodes, 0.7, "D14", ""},
		{"datapoints of the future", episodes, 0.7, "D16", ""},
		{"no capacity to be had", episodes, 1, "E4 E15", ""},
		{"capacity in part", episodes, 0.7, "E16", ""},
		{"instances take half an hour", episodes, 0.5, "E1", ""},
		{"quota", episodes, 1, "E14 I4", ""},
		{"access denied", episodes, 0.5, "E22", ""},
		{"status shown late", episodes, 1, "E18", ""},
		{"registered with Application Auto Scaling", episodes, 0.5, "E20", ""},
		{"clocks differ", episodes, 1, "F1 F2 F3", ""},
		{"paused", episodes, 0.7, "I8 I9", ""},

		{"deployed", moments, 0.7, "E2", ""},
		{"deployed, count reset", moments, 0.7, "E2 E13", ""},
		{"system update", moments, 0.5, "E3", ""},
		{"rollback of a deployment fails", moments, 0.3, "E7", ""},
		{"set by hand", moments, 0.7, "E11 E19", ""},
		{"set by hand, outside the limits", moments, 0.5, "E12", ""},
		{"deleted and made anew", moments, 0.4, "E6 E8 E9", ""},
		{"state lost", moments, 0.5, "C7 C12 G8", ""},
		{"table restored from a backup", moments, 0.5, "C7", ""},
		{"state damaged", moments, 0.5, "C8", ""},
		{"state edited by hand", moments, 0.3, "C9", ""},
		{"policy deployed", moments, 0.7, "G5 G6 B13", ""},

		{"retry by the SDK", others, 0, "C4 B8", ""},
		{"retry by Lambda", others, 0, "A9", ""},
		{"a clock jumps back", others, 0, "F4", ""},
		{"two workers at once", others, 0, "B1 B2", ""},
		{"two variants of one endpoint want changes", others, 0, "B3", ""},
	}
}

// faults are those of a run: what it may have, what it had.
type faults struct {
	spans    map[string][]episode
	may      map[string]kind
	without  map[string]bool // the faults to leave out, by their names
	injected []string
	hits     map[string]int
	stopped  bool
	before   map[string]shownBefore
	pauses   map[string][]episode // by endpoint and variant
}

// episode is a fault that lasts.
type episode struct {
	from, until time.Time
}

func newFaults() faults {
	return faults{
		spans: map[string][]episode{}, may: map[string]kind{}, hits: map[string]int{}, without: map[string]bool{},
		before: map[string]shownBefore{}, pauses: map[string][]episode{},
	}
}

// hit counts a fault that has struck.
func (w *world) hit(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hits[name]++
}

// strikes reports whether a fault that this run may have strikes here, unless it is
// left out.
func (w *world) strikes(name, what string, of ...int) bool {
	k, ok := w.may[name]
	if !ok || w.stopped || k.only != "" && !strings.Contains(what, k.only) || !w.chance(k.rate, name, of...) {
		return false
	}
	return w.inject(fmt.Sprintf("%s %v", name, of), name)
}

// inject notes a fault by its own name, unless it is left out.
func (w *world) inject(id, name string) bool {
	if w.without[id] {
		return false
	}
	w.injected = append(w.injected, id)
	w.hit(name)
	return true
}

// on reports whether an episode of a kind is on.
func (w *world) on(name string) bool {
	on := w.during(name, w.now())
	if on {
		w.hit(name)
	}
	return on
}

// onAt reports whether an episode of a kind is on in a minute.
func (w *world) onAt(name string, minute int) bool { return w.during(name, at(minute)) }

func (w *world) during(name string, t time.Time) bool {
	for _, e := range w.spans[name] {
		if !t.Before(e.from) && t.Before(e.until) {
			return true
		}
	}
	return false
}
