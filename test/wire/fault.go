package wire

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
)

// Fault is what the wire does to one call. What is named after has the service carry the
// call out first.
type Fault string

// The faults. Without one the answer goes back as it came.
const (
	None         Fault = ""
	Throttled    Fault = "throttled"    // the service says to come back later; not carried out
	FailedBefore Fault = "500 before"   // the service says that it failed, and did nothing
	FailedAfter  Fault = "500 after"    // the service says that it failed, and did it
	ResetBefore  Fault = "reset before" // the connection breaks before the service hears of it
	ResetAfter   Fault = "reset after"  // the connection breaks before the answer is sent
	Truncated    Fault = "truncated"    // the connection breaks within the answer
	Slow         Fault = "slow"         // the answer comes after a while
	Late         Fault = "late"         // the answer does not come while its client waits
	Crashed      Fault = "crashed"      // the process that called dies before it hears the answer
)

// forwards reports whether the service gets to see the call.
func (f Fault) forwards() bool {
	return f != Throttled && f != FailedBefore && f != ResetBefore
}

// Faults returns all faults, in the order of a table's columns.
func Faults() []Fault {
	return []Fault{Throttled, FailedBefore, FailedAfter, ResetBefore, ResetAfter, Truncated, Slow, Late, Crashed}
}

// Rule is what a plan does to the calls of one operation: each of the faults strikes once in
// so many calls as there are faults and Spared together, and so on.
type Rule struct {
	Faults []Fault
	Spared int
}

// Plan chooses which fault strikes which call, and counts. The same seed and the same calls
// in the same order give the same faults. The faults of an operation come like cards from a
// shuffled deck with blanks in it, so that none is left out. Operations without a rule are
// never struck. Its methods may be called from several goroutines.
type Plan struct {
	rules map[string]Rule

	mu     sync.Mutex
	random *rand.Rand
	over   bool
	decks  map[string][]Fault
	forced map[string]Fault
	counts map[string]map[Fault]int // None: not struck
}

// NewPlan returns a plan with a rule for each operation.
func NewPlan(seed uint64, rules map[string]Rule) *Plan {
	return &Plan{
		rules:  rules,
		random: rand.New(rand.NewPCG(seed, 0)),
		decks:  map[string][]Fault{},
		forced: map[string]Fault{},
		counts: map[string]map[Fault]int{},
	}
}

// Choose returns the fault for the next call of an operation and counts it.
func (p *Plan) Choose(operation string) Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.choose(operation)
	if p.counts[operation] == nil {
		p.counts[operation] = map[Fault]int{}
	}
	p.counts[operation][f]++
	return f
}

func (p *Plan) choose(operation string) Fault {
	if f, ok := p.forced[operation]; ok {
		delete(p.forced, operation)
		return f
	}
	rule, ok := p.rules[operation]
	if p.over || !ok {
		return None
	}
	deck := p.decks[operation]
	if len(deck) == 0 {
		deck = append(slices.Clone(rule.Faults), slices.Repeat([]Fault{None}, rule.Spared)...)
		p.random.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
	}
	p.decks[operation] = deck[1:]
	return deck[0]
}

// Force has a fault strike the next call of an operation, whatever its rule says.
func (p *Plan) Force(operation string, f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forced[operation] = f
}

// Stop ends the faults, also those that were forced and did not strike.
func (p *Plan) Stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	clear(p.forced)
}

// Count returns how many calls of an operation a fault has struck.
func (p *Plan) Count(operation string, f Fault) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts[operation][f]
}

// Unstruck returns the faults that the rules announce and that never struck.
func (p *Plan) Unstruck() []string {
	var out []string
	for _, operation := range slices.Sorted(maps.Keys(p.rules)) {
		for _, f := range p.rules[operation].Faults {
			if p.Count(operation, f) == 0 {
				out = append(out, fmt.Sprintf("%s: %s", operation, f))
			}
		}
	}
	return out
}

// Table returns the counts as a table for people.
func (p *Plan) Table() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "operation\tcalls\t")
	for _, f := range Faults() {
		fmt.Fprintf(w, "%s\t", f)
	}
	fmt.Fprintln(w)
	for _, operation := range slices.Sorted(maps.Keys(p.counts)) {
		calls := 0
		for _, n := range p.counts[operation] {
			calls += n
		}
		fmt.Fprintf(w, "%s\t%d\t", operation, calls)
		for _, f := range Faults() {
			fmt.Fprintf(w, "%d\t", p.counts[operation][f])
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush() // a strings.Builder takes everything
	return text.String()
}
