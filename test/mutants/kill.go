package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// How many seeds a broken build meets before the other tests, and in all, and the
// limits of one run, in seconds on the processor.
const (
	fewSeeds  = 30
	allSeeds  = 1000
	seedLimit = 20  // of one seed, which takes a quarter of a second
	testLimit = 120 // of another test, which takes up to half a minute
)

// simulation tries broken builds on the tests of a package.
type simulation struct {
	*lab
	pkg    string
	tests  []string         // beside the one that runs seeds
	known  map[string]trial // by broken build, what has seen it the last time
	intact sync.Map         // of trial to func() error: whether it passes without a mutant
}

// trial is one run of the tests: of one seed, or of one test.
type trial struct {
	seed int
	test string
}

func (t trial) String() string { return cmp.Or(t.test, "seed "+strconv.Itoa(t.seed)) }

// runBroken tries the broken builds of a list, of which args may name some.
func runBroken(ctx context.Context, dir, list string, args []string, workers int, update bool, out io.Writer) error {
	builds, err := readBroken(list)
	if err != nil {
		return err
	}
	unknown := slices.DeleteFunc(slices.Clone(args), func(name string) bool {
		return slices.ContainsFunc(builds, func(b *broken) bool { return b.name == name })
	})
	if len(unknown) > 0 {
		return fmt.Errorf("there is no broken build %s", strings.Join(unknown, ", "))
	}
	page, err := readPage(path.Join(path.Dir(list), "README.md"))
	if err != nil {
		return err
	}
	s, err := newSimulation(ctx, dir, path.Dir(list), builds)
	if err != nil {
		return err
	}
	s.known = page.seenBy()
	chosen := slices.DeleteFunc(builds, func(b *broken) bool { return len(args) > 0 && !slices.Contains(args, b.name) })
	if err := each(ctx, workers, chosen, s.try, out); err != nil {
		return err
	}
	fmt.Fprintf(out, "%smachine time: %s\n", tableOf(chosen), time.Duration(s.spent.Load()).Round(time.Second))
	survivors := slices.DeleteFunc(slices.Clone(chosen), func(b *broken) bool { return b.by != "" })
	if len(survivors) > 0 {
		return fmt.Errorf("%d broken builds survive", len(survivors))
	}
	if len(args) > 0 {
		return nil
	}
	return page.show(tableOf(chosen), update)
}

// newSimulation compiles the tests of a package with all broken builds in them that
// change functions only.
func newSimulation(ctx context.Context, dir, pkg string, builds []*broken) (*simulation, error) {
	sources, err := parsePackages(folders(builds))
	if err != nil {
		return nil, err
	}
	s := &simulation{lab: &lab{dir: dir, sources: sources}, pkg: pkg}
	for _, b := range builds {
		err = errors.Join(err, b.locate(sources))
		s.mutants = append(s.mutants, b.parts...)
	}
	if err != nil {
		return nil, err
	}
	// Together the mutants of a function stand in the order in which it does.
	slices.SortStableFunc(s.mutants, func(a, b *mutant) int { return cmp.Compare(a.edit.from, b.edit.from) })
	if bad, complaint, err := s.build(ctx); err != nil {
		return nil, err
	} else if complaint != nil {
		for _, b := range builds {
			if bad[b.id] {
				err = errors.Join(err, fmt.Errorf("%s: %w", b.name, errInvalid))
			}
		}
		return nil, fmt.Errorf("compile the broken builds: %w\n%s", cmp.Or(err, errInvalid), complaint)
	}
	if err := s.compile(ctx, pkg, dir); err != nil {
		return nil, err
	}
	_, names, err := s.execute(ctx, pkg, dir, 0, testLimit, "-test.list=^Test")
	s.tests = slices.DeleteFunc(strings.Fields(string(names)), func(name string) bool {
		switch name {
		case "TestSeeds", "TestSeedsRepeat", "TestShrink": // they run seeds, which are trials of their own
			return true
		}
		return strings.HasPrefix(name, "TestReadme") // which look at the page alone
	})
	return s, err
}

// try finds what kills a broken build.
func (s *simulation) try(ctx context.Context, b *broken) (err error) {
	dir := s.dir
	if alone := b.parts[0]; alone.in == nil {
		if dir, err = s.alone(alone); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		if err := s.compile(ctx, s.pkg, dir); err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
	}
	for _, t := range s.trials(b) {
		passed, out, err := s.run(ctx, t, dir, b.id)
		if err != nil {
			return err
		}
		if !passed {
			b.cause, b.by = cause(out), t.String()
			return s.passes(ctx, t)
		}
	}
	return nil
}

// trials returns what a broken build meets, in order: first what has seen it before.
func (s *simulation) trials(b *broken) []trial {
	var all []trial
	if known, ok := s.known[b.name]; ok && (known.test == "" || slices.Contains(s.tests, known.test)) {
		all = append(all, known)
	}
	seeds := func(from, to int) {
		for n := from; n <= to; n++ {
			all = append(all, trial{seed: n})
		}
	}
	seeds(1, fewSeeds)
	for _, name := range s.tests {
		all = append(all, trial{test: name})
	}
	seeds(fewSeeds+1, allSeeds)
	return all
}

// run runs one trial of the tests that were compiled to dir.
func (s *simulation) run(ctx context.Context, t trial, dir string, mutant int) (passed bool, out []byte, err error) {
	if t.test != "" {
		return s.execute(ctx, s.pkg, dir, mutant, testLimit, "-test.timeout=15m", "-test.run=^"+t.test+"$")
	}
	return s.execute(ctx, s.pkg, dir, mutant, seedLimit,
		"-test.timeout=15m", "-test.run=^TestSeeds$", "-seeds=1", "-from="+strconv.Itoa(t.seed))
}

// passes sees that a trial that has killed a broken build lets the product pass.
func (s *simulation) passes(ctx context.Context, t trial) error {
	once, _ := s.intact.LoadOrStore(t, sync.OnceValue(func() error {
		passed, out, err := s.run(ctx, t, s.dir, 0)
		if err == nil && !passed {
			err = fmt.Errorf("run %s of %s without a mutant: it fails:\n%s", t, s.pkg, out)
		}
		return err
	}))
	return once.(func() error)()
}

var (
	violation = regexp.MustCompile(`(?m)^\s+\w+\.go:\d+: (?:seed \d+: )?([A-Z]\d+): `)
	deadlock  = regexp.MustCompile(`(?m)^(panic|fatal error): .*\bdeadlock\b`)
	crash     = regexp.MustCompile(`(?m)^(panic|fatal error): `)
	failure   = regexp.MustCompile(`(?m)^\s*--- FAIL: `)
)

// cause says by the output of a run that failed what is wrong: an invariant that it
// names, or how it ended.
func cause(out []byte) string {
	var invariants []string
	for _, match := range violation.FindAllSubmatch(out, -1) {
		invariants = append(invariants, string(match[1]))
	}
	switch {
	case invariants != nil:
		return slices.Min(invariants)
	case deadlock.Match(out):
		return "deadlock"
	case crash.Match(out):
		return "crash"
	case failure.Match(out):
		return "wrong"
	}
	return "no end"
}
