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

func flags() (seeds, from *uint64, seed *int64, shrunk, rewrite *bool, depth *int) {
	return flag.Uint64("seeds", 40, "how many seeds to run"), flag.Uint64("from", 1, "the first of them"),
		flag.Int64("seed", -1, "one seed to run again and tell the story of"),
		flag.Bool("shrink", true, "leave out the faults that its failure does not need"),
		flag.Bool("update", false, "rewrite the generated parts of README.md"),
		flag.Int("depth", 0, "of the search of all orders: 0 takes a second, 1 some, 2 minutes")
}

var seeds, first, seed, shrunk, rewrite, depth = flags()

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
	if t.runs%500 == 0 {
		fmt.Fprintf(os.Stdout, "%d seeds\n", t.runs)
	}
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
		for _, i := range invariants() {
			if i.by == "" && i.not == "" && all.checked[i.id] == 0 {
				t.Errorf("no run checked %s", i.id)
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
		without = shrink(t, seed, options{}, r)
	}
	r = run(t, seed, options{listen: true, without: without})
	fmt.Fprintf(os.Stdout, "seed %d, with as few faults as will do: %s\n%s\n", seed, strings.Join(r.injected, "; "), r.tale)
	t.Errorf("seed %d: %v", seed, r.violation)
}

// shrink returns the faults of a failing run that can be left out without making it
// pass. To leave one out may bring others: it goes on until nothing more can go.
func shrink(t *testing.T, seed uint64, o options, failed result) map[string]bool {
	o.without = map[string]bool{}
	for left := len(failed.injected) + 1; len(failed.injected) < left; {
		left = len(failed.injected)
		for size := left; size > 0; size /= 2 {
			for i := 0; i < len(failed.injected); i += size {
				with := o.without
				o.without = maps.Clone(with)
				for _, id := range failed.injected[i:min(i+size, len(failed.injected))] {
					o.without[id] = true
				}
				r := run(t, seed, o)
				if r.violation == nil || r.violation.invariant != failed.violation.invariant || len(r.injected) >= len(failed.injected) {
					o.without = with
					continue
				}
				failed = r
				i -= size
			}
		}
	}
	return o.without
}

// A run depends on its seed alone, also where a worker does several things at once.
func TestSeedsRepeat(t *testing.T) {
	for seed := range uint64(6) {
		first, second := run(t, seed, options{listen: true}), run(t, seed, options{listen: true})
		if first.tale != second.tale || first.requests == 0 {
			t.Errorf("seed %d tells two stories", seed)
		}
	}
}

// What a failure does not need is left out of its story.
func TestShrink(t *testing.T) {
	had := func(injected []string, kind string) bool {
		return slices.ContainsFunc(injected, func(id string) bool { return strings.HasPrefix(id, kind) })
	}
	needs := func(injected []string) bool { return had(injected, "event twice") && had(injected, "slow") }
	for seed := range uint64(100) {
		o := options{trip: needs}
		failed := run(t, seed, o)
		if failed.violation == nil {
			continue
		}
		o.without = shrink(t, seed, o, failed)
		r := run(t, seed, o)
		if r.violation == nil || len(r.injected) != 2 || !needs(r.injected) {
			t.Errorf("seed %d: %d faults are left of %d: %v", seed, len(r.injected), len(failed.injected), r.injected)
		}
		return
	}
	t.Error("no seed had both")
}
