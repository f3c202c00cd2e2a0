package faults

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

func flags() (seeds, from *uint64, seed *int64, shrunk, deep *bool) {
	return flag.Uint64("seeds", 60, "how many seeds to run"), flag.Uint64("from", 1, "the first of them"),
		flag.Int64("seed", -1, "one seed to run again and tell the story of"),
		flag.Bool("shrink", true, "leave out the faults that its failure does not need"),
		flag.Bool("deep", false, "search all orders of all faults together, which takes minutes")
}

var seeds, first, seed, shrunk, deep = flags()

// total adds up what runs came to.
type total struct {
	mu     sync.Mutex
	runs   int
	failed []string
	result
}

func (t *total) add(seed uint64, r result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.runs++
	t.virtual += r.virtual
	t.requests += r.requests
	t.updates += r.updates
	for name, n := range r.hits {
		t.hits[name] += n
	}
	for name, n := range r.checked {
		t.checked[name] += n
	}
	if r.violation != nil {
		t.failed = append(t.failed, fmt.Sprintf("seed %d: %v", seed, r.violation))
	}
}

// workers share the seeds.
const shards = 2

func TestSeeds(t *testing.T) {
	if *seed >= 0 {
		retell(t, uint64(*seed))
		return
	}
	all := &total{result: result{hits: map[string]int{}, checked: map[string]int{}}}
	t.Run("all", func(t *testing.T) {
		for shard := range uint64(shards) {
			t.Run(fmt.Sprint(shard), func(t *testing.T) {
				t.Parallel()
				for n := *first + shard; n < *first+*seeds && len(all.failed) < 5; n += shards {
					all.add(n, run(t, n, options{}))
				}
			})
		}
	})
	t.Logf("%s", all)
	for _, f := range all.failed {
		t.Error(f)
	}
	if all.runs >= 500 {
		for _, k := range kinds() {
			if all.hits[k.name] == 0 {
				t.Errorf("no run had this fault: %s", k.name)
			}
		}
	}
}

// String is the account of all runs.
func (t *total) String() string {
	var b strings.Builder
	years := t.virtual.Hours() / 24 / 365
	fmt.Fprintf(&b, "%d seeds, %.1f simulated years, %d calls, %d updates that reached SageMaker\n", t.runs, years, t.requests, t.updates)
	fmt.Fprintln(&b, "faults:")
	for _, name := range slices.Sorted(maps.Keys(t.hits)) {
		fmt.Fprintf(&b, "  %9d %s\n", t.hits[name], name)
	}
	fmt.Fprintln(&b, "checks:")
	for _, name := range slices.Sorted(maps.Keys(t.checked)) {
		fmt.Fprintf(&b, "  %9d %s\n", t.checked[name], name)
	}
	return b.String()
}

// retell runs one seed again, leaves out what its failure does not need, and tells
// what happened.
func retell(t *testing.T, seed uint64) {
	r := run(t, seed, options{listen: true})
	if r.violation == nil {
		t.Logf("seed %d\n%s\nnothing is violated; faults: %s", seed, r.tale, strings.Join(r.injected, "; "))
		return
	}
	without := map[string]bool{}
	if *shrunk {
		without = shrink(t, seed, r)
	}
	r = run(t, seed, options{listen: true, without: without})
	fmt.Fprintf(os.Stdout, "seed %d, with as few faults as will do: %s\n%s\n", seed, strings.Join(r.injected, "; "), r.tale)
	t.Errorf("seed %d: %v", seed, r.violation)
}

// shrink returns the faults of a failing run that can be left out without making it
// pass.
func shrink(t *testing.T, seed uint64, failed result) map[string]bool {
	without := map[string]bool{}
	candidates := slices.Clone(failed.injected)
	for size := len(candidates); size > 0; size /= 2 {
		for i := 0; i < len(candidates); i += size {
			try := maps.Clone(without)
			for _, name := range candidates[i:min(i+size, len(candidates))] {
				try[name] = true
			}
			if r := run(t, seed, options{without: try}); r.violation != nil && r.violation.invariant == failed.violation.invariant {
				without = try
			}
		}
	}
	return without
}
