// Command bench scores the policy of its folder over several loads, beside other
// scalers, and again with one thing changed at a time: how long an instance takes to
// start, how much is to be served in time, how large the endpoint is, without forecasts,
// and without one idea of the forecasts or the decisions by them. The loads are made up, and the same every time, unless a directory is named.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"sagescale/internal/trace"
)

// The made-up loads are put here, made with this seed.
const (
	madeUp = "build/made-up-loads"
	seed   = 1
)

func main() {
	traces := flag.String("traces", "", "`directory` of loads; made-up ones when left out")
	command := flag.String("sagescale", "bin/sagescale", "`file` of the command line")
	policy := flag.String("policy", "test/bench/scaling.yaml", "policy `file`")
	readme := flag.String("readme", "", "`file` whose tables to write, over the made-up loads, in place of all else")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	var err error
	switch {
	case *readme == "":
		err = bench(ctx, os.Stdout, *command, *policy, *traces, ablations())
	case *traces != "":
		err = errors.New("-readme is of the made-up loads: leave -traces out")
	default:
		err = writePage(ctx, *readme, *command, *policy)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// variation is the policy or the endpoint with one thing changed.
type variation struct {
	title   string
	changes []change
	flags   []string
}

// change is a text of the policy, which is there once, and what takes its place.
type change struct{ old, new string }

func variations() []variation {
	return []variation{
		{"An instance takes 258 s to start", nil, []string{"--provisioning", "258s"}},
		{"An instance takes 525 s to start", nil, []string{"--provisioning", "525s"}},
		{"The busiest minutes need 4 instances", nil, []string{"--instances", "4"}},
		{"99 % are to be served in time", []change{objective("0.99")}, nil},
		{"99.99 % are to be served in time", []change{objective("0.9999")}, nil},
		{"99.999 % are to be served in time", []change{objective("0.99999")}, nil},
		{"A scale-in tolerates a tenth of the instances", []change{tolerance("0.1")}, nil},
		{withoutForecasts, []change{mode("Off")}, nil},
	}
}

// withoutForecasts is the title of that variation.
const withoutForecasts = "Without forecasts"

func objective(to string) change {
	return change{"serviceObjective: 0.999", "serviceObjective: " + to}
}

func tolerance(in string) change {
	const before = "maxCapacity: 60\n"
	return change{before, before + "  behavior: {scaleIn: {tolerance: " + in + "}}\n"}
}

func mode(to string) change { return change{"mode: ForecastAndScale", "mode: " + to} }

// bench writes all tables to w, with those of ablations.
func bench(ctx context.Context, w io.Writer, command, policy, traces string, without []ablation) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // it is of no use to anybody
	if traces == "" {
		traces = filepath.FromSlash(madeUp)
		if err := writeShapes(traces); err != nil {
			return err
		}
	}
	base := backtest(traces)
	text, err := output(ctx, command, append(slices.Clip(base), "--policy", policy, "--peers", allPeers)...)
	if err != nil {
		return err
	}
	fmt.Fprint(w, text)
	base = slices.Clip(append(base, "--peers", "application-auto-scaling"))
	for _, v := range variations() {
		changed, err := v.apply(policy, dir)
		if err != nil {
			return err
		}
		if err := writeMeans(ctx, w, v.title, command, append(append(base, "--policy", changed), v.flags...)); err != nil {
			return err
		}
	}
	for _, a := range without {
		built, err := a.build(ctx, dir)
		if err != nil {
			return err
		}
		if err := writeMeans(ctx, w, a.title, built, append(base, "--policy", policy)); err != nil {
			return err
		}
	}
	return nil
}

// writeMeans runs a command line and writes the means of its answer to w, under a title.
func writeMeans(ctx context.Context, w io.Writer, title, command string, args []string) error {
	text, err := output(ctx, command, args...)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "\n%s:\n\n%s", title, means(text))
	return err
}

// instanceCapacity is what an instance serves in a minute, and allPeers who else meets
// the loads.
const (
	instanceCapacity = 1000
	allPeers         = "application-auto-scaling,hpa,kpa,application-auto-scaling-best,oracle"
)

// backtest is the command line of every replay, without the policy and the peers.
func backtest(traces string) []string {
	return []string{"backtest", "--trace", traces, "--instance-capacity", fmt.Sprint(instanceCapacity)}
}

// writeShapes writes the made-up loads into a folder, over those that are there.
func writeShapes(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	for _, s := range trace.Shapes(seed) {
		file, err := os.Create(filepath.Join(dir, s.Name+".csv"))
		if err != nil {
			return fmt.Errorf("create trace: %w", err)
		}
		if err := errors.Join(trace.Write(file, s.Trace), file.Close()); err != nil {
			return err
		}
	}
	return nil
}

// apply writes the policy as it is changed to a folder and returns its path.
func (v variation) apply(policy, dir string) (string, error) {
	text, err := os.ReadFile(policy)
	if err != nil {
		return "", fmt.Errorf("read policy: %w", err)
	}
	changed := string(text)
	for _, c := range v.changes {
		if changed, err = c.apply(policy, changed); err != nil {
			return "", err
		}
	}
	path := filepath.Join(dir, "scaling.yaml")
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		return "", fmt.Errorf("write policy: %w", err)
	}
	return path, nil
}

// output runs the command line and returns what it answers.
func output(ctx context.Context, command string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, command, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("run %s %s: %w", command, strings.Join(args, " "), err)
	}
	return string(out), nil
}

// means cuts the table of the means out of an answer.
func means(text string) string {
	_, after, _ := strings.Cut(text, "\nmean ")
	table, _, _ := strings.Cut(after, "\n\n")
	return "mean " + table + "\n"
}
