package wire

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// drawn returns the faults of the first calls of an operation.
func drawn(p *Plan, operation string, calls int) []Fault {
	var out []Fault
	for range calls {
		out = append(out, p.Choose(operation))
	}
	return out
}

func TestPlanIsThatOfItsSeed(t *testing.T) {
	rules := map[string]Rule{"Put": {Faults(), 11}}
	first := drawn(NewPlan(7, rules), "Put", 200)
	if again := drawn(NewPlan(7, rules), "Put", 200); !reflect.DeepEqual(first, again) {
		t.Errorf("the same seed gave\n%q\nand\n%q", first, again)
	}
	if other := drawn(NewPlan(8, rules), "Put", 200); reflect.DeepEqual(first, other) {
		t.Error("another seed gave the same faults")
	}
	counts := map[Fault]int{}
	for _, f := range first {
		counts[f]++
	}
	for _, f := range Faults() {
		if counts[f] != 10 {
			t.Errorf("%q struck %d of 200 calls, want one in 20", f, counts[f])
		}
	}
}

func TestPlanStrikesByItsRulesAlone(t *testing.T) {
	p := NewPlan(1, map[string]Rule{"Put": {Faults: []Fault{Slow}}, "Get": {Spared: 1}})
	for operation, want := range map[string]Fault{"Put": Slow, "Get": None, "Other": None} {
		if got := p.Choose(operation); got != want {
			t.Errorf("%s: %q, want %q", operation, got, want)
		}
	}
	p.Force("Get", Late)
	p.Force("Put", Crashed)
	if got := drawn(p, "Get", 2); got[0] != Late || got[1] != None {
		t.Errorf("forced: %q", got)
	}
	p.Stop()
	if got := p.Choose("Put"); got != None {
		t.Errorf("%q after the end", got)
	}
}

func TestPlanCounts(t *testing.T) {
	p := NewPlan(1, map[string]Rule{"Put": {Faults: []Fault{Slow, Late}}, "Get": {Faults: []Fault{Slow}}})
	drawn(p, "Put", 4)
	drawn(p, "Other", 3)
	if slow, late := p.Count("Put", Slow), p.Count("Put", Late); slow != 2 || late != 2 {
		t.Errorf("%d slow and %d late, want 2 and 2", slow, late)
	}
	if got := p.Unstruck(); !slices.Equal(got, []string{"Get: slow"}) {
		t.Errorf("unstruck %q", got)
	}
	lines := strings.Split(p.Table(), "\n")
	for i, want := range [][]string{
		{"operation", "calls", "throttled", "500", "before", "500", "after", "reset", "before", "reset", "after", "truncated", "slow", "late", "crashed"},
		{"Other", "3", "0", "0", "0", "0", "0", "0", "0", "0", "0"},
		{"Put", "4", "0", "0", "0", "0", "0", "0", "2", "2", "0"},
	} {
		if got := strings.Fields(lines[i]); !slices.Equal(got, want) {
			t.Errorf("line %d of the table: %q, want %q", i, got, want)
		}
	}
}
