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

// readTraces reads a trace, or those of a directory in the order of their names.
func readTraces(path string) (report.Backtests, error) {
	if !isDirectory(path) {
		t, err := readTrace(path)
		return report.Backtests{Runs: []report.Backtest{{Load: path, Trace: t}}}, err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return report.Backtests{}, fmt.Errorf("read trace directory: %w", err)
	}
	all := report.Backtests{From: path}
	for _, e := range entries {
		name, found := strings.CutSuffix(e.Name(), ".csv")
		if !found || strings.HasPrefix(name, ".") || e.IsDir() {
			continue
		}
		t, err := readTrace(filepath.Join(path, e.Name()))
		if err != nil {
			return report.Backtests{}, err
		}
		all.Runs = append(all.Runs, report.Backtest{Load: name, Trace: t})
	}
	if len(all.Runs) == 0 {
		return all, invalid(fmt.Errorf("--trace %s is a directory without *.csv", path))
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
