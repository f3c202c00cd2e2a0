package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sagescale/internal/report"
)

const (
	// defaultInstances is how many instances the traces of a directory are scaled to
	// need.
	defaultInstances = busyInstances
	// maxInstances is far beyond what an endpoint may have.
	maxInstances = 100_000
	// scaledBy is the percentile of the requests of a minute that scaling goes by.
	scaledBy = 0.999
)

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// loads reads the trace, or those of the directory in the order of their names.
func (o *backtestOptions) loads() (report.Backtests, error) {
	if !isDirectory(o.trace) {
		t, err := readTrace(o.trace)
		return report.Backtests{Runs: []report.Backtest{{Load: o.trace, Trace: t}}}, err
	}
	entries, err := os.ReadDir(o.trace)
	if err != nil {
		return report.Backtests{}, fmt.Errorf("read trace directory: %w", err)
	}
	all := report.Backtests{From: o.trace}
	for _, e := range entries {
		name, found := strings.CutSuffix(e.Name(), ".csv")
		if !found || strings.HasPrefix(name, ".") || e.IsDir() {
			continue
		}
		t, err := readTrace(filepath.Join(o.trace, e.Name()))
		if err != nil {
			return report.Backtests{}, err
		}
		all.Runs = append(all.Runs, report.Backtest{Load: name, Trace: t})
	}
	if len(all.Runs) == 0 {
		return all, invalid(fmt.Errorf("--trace %s is a directory without *.csv", o.trace))
	}
	return all, nil
}

// scaleTo scales the load of a run until its busiest minutes need the instances that
// are wanted.
func scaleTo(run *report.Backtest) error {
	busy := run.Trace.Minutes().Quantile(scaledBy)
	if busy == 0 {
		return invalid(fmt.Errorf("trace %s has too few requests to be scaled: the 99.9th percentile of its minutes is 0", run.Load))
	}
	run.Trace = run.Trace.Scale(float64(run.Instances) * run.Model.InstanceCapacity / busy)
	return nil
}
