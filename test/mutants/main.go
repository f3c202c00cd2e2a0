// Mutants changes the packages that it is given in small ways, one way at a
// time, and reports the changes that no test notices.
//
//	go run ./test/mutants ./internal/scaling ./internal/guard
//
// It compiles a package once, with all its mutants in it: each function begins
// with a switch that runs the mutant of it that an environment variable chooses.
// What stands outside of functions is compiled anew for each mutant. A mutant
// meets the tests of its own package and, when it lives, those of packages that
// use it. Property tests run with a fixed seed, and what bounds a mutant that
// never ends is time on the processor and not on the clock, so a result repeats.
//
// A survivor is a fault of the tests, unless it behaves as the original does.
// Those are listed in equivalent.txt, with the reason; any other is an error, and
// so is an entry of the list that stands for no survivor.
//
//	go run ./test/mutants -broken test/faults/broken.txt
//
// This tries the broken builds of a list: faults that a scaler may have, and that
// the tests beside the list must find. What the table in the page beside the list says
// has found one before is tried first; else its random runs are given one seed after the
// other.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"text/tabwriter"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// run tries the mutants of the packages in args, which are folders below the
// module's root, the working folder, or the broken builds of a list, of which args
// may name some.
func run(ctx context.Context, args []string, out io.Writer) (err error) {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	workers := flags.Int("workers", runtime.GOMAXPROCS(0), "how many mutants to try at a time")
	list := flags.String("equivalent", "test/mutants/equivalent.txt", "the survivors that are accepted")
	broken := flags.String("broken", "", "a list of broken builds to try on the tests beside it, in the place of small changes")
	update := flags.Bool("update", false, "write the table of the broken builds into the page beside their list")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("read flags: %w", err)
	}
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if *broken != "" {
		return runBroken(ctx, dir, *broken, flags.Args(), *workers, *update, out)
	}
	return runSmall(ctx, dir, *list, flags.Args(), *workers, out)
}

// runSmall tries all small changes of packages.
func runSmall(ctx context.Context, dir, list string, packages []string, workers int, out io.Writer) error {
	accepted, err := readAccepted(list)
	if err != nil {
		return err
	}
	sources, err := parsePackages(packages)
	if err != nil {
		return err
	}
	l, err := newLab(ctx, dir, sources)
	if err != nil {
		return err
	}
	for _, m := range l.mutants {
		m.accepted = accepted.has(m)
	}
	if err := each(ctx, workers, l.mutants, l.try, out); err != nil {
		return err
	}
	return report(out, l, accepted.stale(l.mutants))
}

// each tries all mutants, so many at a time.
func each[T any](ctx context.Context, workers int, all []T, try func(context.Context, T) error, out io.Writer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan T)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for m := range queue {
				if err := try(ctx, m); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i, m := range all {
		if i%200 == 0 {
			fmt.Fprintf(out, "%d of %d mutants\n", i, len(all))
		}
		queue <- m
	}
	close(queue)
	group.Wait()
	return context.Cause(ctx)
}

// report writes the survivors and the table; an error when there are any, or
// entries of the list that stand for none.
func report(out io.Writer, l *lab, stale []change) error {
	for _, m := range l.mutants {
		if m.verdict == survivor && !m.accepted {
			fmt.Fprintf(out, "\n%s:%d:\n%s", m.file, m.line, m.change)
		}
	}
	for _, c := range stale {
		fmt.Fprintf(out, "\nlisted as equivalent, but killed or not there:\n%s", c)
	}
	fmt.Fprintln(out)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "package\tmutants\tkilled\tequivalent\tsurvived\tshare\t")
	for _, dir := range l.packages() {
		count(l.mutants, dir).write(table, dir)
	}
	all := count(l.mutants, "")
	all.write(table, "all")
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	fmt.Fprintf(out, "machine time: %s\n", time.Duration(l.spent.Load()).Round(time.Second))
	if all.survived > 0 || len(stale) > 0 {
		return fmt.Errorf("%d mutants survive that are not listed as equivalent, %d entries are stale", all.survived, len(stale))
	}
	return nil
}

// tally is how the mutants of a package fared.
type tally struct{ killed, equivalent, survived int }

// count counts the mutants of a package, or of all.
func count(mutants []*mutant, dir string) tally {
	var t tally
	for _, m := range mutants {
		switch {
		case dir != "" && m.dir() != dir:
		case m.verdict == killed:
			t.killed++
		case m.verdict == survivor && m.accepted:
			t.equivalent++
		case m.verdict == survivor:
			t.survived++
		}
	}
	return t
}

// write writes a row of the table. The share is of the mutants that a test can
// kill.
func (t tally) write(table io.Writer, name string) {
	share := 100 * float64(t.killed) / float64(max(1, t.killed+t.survived))
	fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%.1f %%\t\n",
		name, t.killed+t.equivalent+t.survived, t.killed, t.equivalent, t.survived, share)
}
