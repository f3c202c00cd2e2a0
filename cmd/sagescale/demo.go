package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"sagescale/internal/autoscaler"
	"sagescale/internal/plain"
	"sagescale/internal/policy"
	"sagescale/internal/policyfile"
	"sagescale/internal/report"
	"sagescale/internal/simulate"
	"sagescale/internal/trace"
)

const (
	// daySeed is that of the made-up day. The demo shows the same one every time.
	daySeed = 1
	// dayCapacity is how many requests a minute an instance serves in the made-up
	// day.
	dayCapacity = 1000
	// headroom is the share of an instance's capacity that a target value is taken
	// to be.
	headroom = 0.7
	// busyInstances is how many instances a trace is taken to need at its 99.9th
	// percentile, when nothing says what one serves.
	busyInstances = 20
)

// demoPolicy is the policy where none is given, with its maximum and its target
// value left open.
const demoPolicy = `version: 1
targets:
- endpoint: demo
  variant: AllTraffic
  minCapacity: 1
  maxCapacity: %d
  targetTracking:
  - metric: InvocationsPerInstance
    targetValue: %s # requests per minute and instance
`

// demoOptions are the flags of the command.
type demoOptions struct {
	trace, policy, records string
	format                 *string
	capacity               float64
	endpointTimes
}

func demoCommand(now func() time.Time) *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Watch a simulated account scale",
		Long: `Run the functions on this machine, with a simulated account in virtual time: the
real handlers, evaluator and decisions, and doubles of SageMaker, CloudWatch,
EventBridge and DynamoDB. Nothing is installed and no AWS service is called.

Without --trace the load is a made-up day, sized for the policy's maximum. A
trace is CSV with the columns timestamp (RFC 3339, or seconds from the start) and
requests; every target of the policy gets its load. Steps other than a minute are
added up, or spread evenly.

Without --policy the minimum is 1 and the target value is 70 % of what an
instance serves. Without --instance-capacity an instance serves so much that the
policy's target value is 70 % of it; if there is no policy either, so much that
the trace's 99.9th percentile needs 20 instances.

--metric-delay counts from the beginning of a minute to the moment when its
datapoint is seen, so 1m is the least.`,
		Example: `  sagescale demo
  sagescale demo --trace load.csv --policy scaling.yaml --instance-capacity 900`,
		Args: usage(cobra.NoArgs),
	}
	f := cmd.Flags()
	f.StringVar(&o.trace, "trace", "", "CSV `file` with the load; a made-up day when left out")
	f.StringVar(&o.policy, "policy", "", "policy `file`; a small one when left out")
	f.StringVar(&o.records, "records", "sagescale-demo.jsonl", "`file` for the decision records, one JSON object a line")
	f.Float64Var(&o.capacity, "instance-capacity", 0, "`requests` that one instance serves in a minute")
	o.flags(cmd)
	o.format = formatFlag(cmd, "text")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return demo(cmd, o, now) }
	return cmd
}

// demo prepares, simulates and reports. The records take their place when all is
// done, and not otherwise.
func demo(cmd *cobra.Command, o demoOptions, now func() time.Time) error {
	if err := o.check(cmd); err != nil {
		return err
	}
	run, err := o.prepare()
	if err != nil {
		return err
	}
	records, err := create(o.records)
	if err != nil {
		return err
	}
	defer records.Discard()
	encoder := json.NewEncoder(plain.JSON(records))
	encoder.SetEscapeHTML(false)
	run.Config.Record = func(r autoscaler.Record) error { return encoder.Encode(r) }
	warnings := &slog.HandlerOptions{Level: slog.LevelWarn}
	run.Config.Log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), warnings))
	p := newProgress(cmd.ErrOrStderr(), now)
	run.Config.Progress = p.step
	run.Result, err = simulate.Run(cmd.Context(), run.Config)
	p.end()
	if err != nil {
		return err
	}
	if err := records.Commit(); err != nil {
		return err
	}
	if *o.format == "json" {
		return run.JSON(cmd.OutOrStdout())
	}
	return run.Text(cmd.OutOrStdout())
}

// check refuses values that make no sense.
func (o demoOptions) check(cmd *cobra.Command) error {
	if err := checkFormat(*o.format); err != nil {
		return err
	}
	if err := o.endpointTimes.check(); err != nil {
		return err
	}
	if err := spares("records", o.records, o.trace, o.policy); err != nil {
		return err
	}
	return checkCapacity(cmd, o.capacity)
}

// checkCapacity refuses what no instance serves, if it is given.
func checkCapacity(cmd *cobra.Command, capacity float64) error {
	if cmd.Flags().Changed("instance-capacity") && !(capacity > 0 && capacity <= 1e12) {
		return invalid(fmt.Errorf("--instance-capacity %v is not above 0 and at most 1e12", capacity))
	}
	return nil
}

// endpointTimes are the flags that say how long an endpoint takes.
type endpointTimes struct {
	provisioning, scaleIn, delay time.Duration
}

func (o *endpointTimes) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.DurationVar(&o.provisioning, "provisioning", 6*time.Minute, "from a scale-out until its instances serve")
	f.DurationVar(&o.scaleIn, "scale-in", 2*time.Minute, "how long a scale-in keeps the endpoint busy")
	f.DurationVar(&o.delay, "metric-delay", time.Minute, "from the beginning of a minute until its datapoint is seen")
}

// check refuses times that make no sense.
func (o endpointTimes) check() error {
	const longest = 24 * time.Hour
	for _, d := range []struct {
		flag          string
		value, lowest time.Duration
	}{
		{"provisioning", o.provisioning, time.Second},
		{"scale-in", o.scaleIn, 0},
		{"metric-delay", o.delay, time.Minute},
	} {
		if d.value < d.lowest || d.value > longest {
			return invalid(fmt.Errorf("--%s %s is not from %s to %s", d.flag, d.value, d.lowest, longest))
		}
	}
	return nil
}

// create begins a file that a flag names.
func create(path string) (*report.File, error) {
	file, err := report.Create(path)
	if errors.Is(err, report.ErrNotAFile) {
		return nil, invalid(err)
	}
	return file, err
}

// save writes a text to a file, whole or not at all.
func save(path, text string) error {
	file, err := create(path)
	if err != nil {
		return err
	}
	defer file.Discard()
	if _, err := io.WriteString(file, text); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return file.Commit()
}

// spares refuses an output that is one of the inputs; what was not given is none.
func spares(flag, output string, inputs ...string) error {
	for _, input := range inputs {
		if sameFile(input, output) {
			return invalid(fmt.Errorf("--%s %s would overwrite what is read", flag, output))
		}
	}
	return nil
}

// sameFile reports whether two paths lead to one file that exists.
func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// prepare reads the load and the policy and fits them together.
func (o demoOptions) prepare() (report.Run, error) {
	run := report.Run{Load: "A made-up day", Trace: trace.Day(daySeed), RecordsFile: o.records}
	var err error
	if o.trace != "" {
		run.Load = o.trace
		if run.Trace, err = readTrace(o.trace); err != nil {
			return run, err
		}
	}
	load := run.Trace.Minutes()
	p, err := o.loadPolicy(load)
	if err != nil {
		return run, err
	}
	run.Config = simulate.Config{
		Policy:       p,
		Start:        load.Start,
		Loads:        map[string]simulate.Load{},
		Provisioning: o.provisioning,
		ScaleIn:      o.scaleIn,
		Delay:        o.delay - time.Minute,
	}
	for _, t := range p.Targets {
		run.Config.Loads[t.Key()] = o.load(t, load)
	}
	return run, nil
}

// readTrace reads a trace file.
func readTrace(path string) (trace.Trace, error) {
	file, err := os.Open(path)
	if err != nil {
		return trace.Trace{}, fmt.Errorf("open trace: %w", err)
	}
	defer file.Close()
	t, err := trace.Read(path, file)
	if _, ok := errors.AsType[*trace.Fault](err); ok {
		return t, invalid(err)
	}
	return t, err
}

// loadPolicy loads the policy, or makes one for the load.
func (o demoOptions) loadPolicy(load trace.Trace) (*policy.Policy, error) {
	if o.policy != "" {
		return policyfile.Load(o.policy)
	}
	most := 60
	if o.trace == "" {
		most = busyInstances
	}
	capacity := o.capacityOf(load)
	if capacity == 0 {
		return nil, invalid(fmt.Errorf(
			"trace %s has too few requests to size instances by: give --instance-capacity", o.trace))
	}
	target := strconv.FormatFloat(headroom*capacity, 'f', 3, 64)
	return policyfile.Parse("demo policy", fmt.Appendf(nil, demoPolicy, most, target))
}

// capacityOf is what an instance serves in a minute when no policy says it.
func (o demoOptions) capacityOf(load trace.Trace) float64 {
	switch {
	case o.capacity > 0:
		return o.capacity
	case o.trace == "":
		return dayCapacity
	}
	return load.Quantile(0.999) / busyInstances
}

// load returns what a target has to serve, and what one instance of it serves.
func (o demoOptions) load(t policy.Target, all trace.Trace) simulate.Load {
	capacity := o.capacityOf(all)
	if o.policy != "" && o.capacity == 0 {
		capacity = impliedCapacity(t, capacity)
	}
	if o.trace == "" && o.policy != "" {
		// A day for this policy: at its peak it needs four fifths of the maximum.
		all = all.Scale(0.8 * float64(t.Limits.Max) * capacity / all.Quantile(0.999))
	}
	return simulate.Load{Requests: all.Requests, InstanceCapacity: capacity}
}

// impliedCapacity is what an instance serves in a minute if the target value of
// a predefined metric leaves the usual headroom, else otherwise.
func impliedCapacity(t policy.Target, otherwise float64) float64 {
	for _, tracking := range t.TargetTracking {
		switch {
		case !tracking.Metric.Predefined():
		case tracking.Metric.Name == policy.InvocationsPerInstance:
			return tracking.TargetValue / headroom
		default:
			return 60 * tracking.TargetValue / headroom // a request takes a second
		}
	}
	return otherwise
}

// progress says on standard error how far a long simulation is: in one line that
// is written over on a terminal, else in a line now and then. A quick one says
// nothing.
type progress struct {
	out      io.Writer
	now      func() time.Time
	terminal bool
	next     time.Time
	shown    bool
}

func newProgress(out io.Writer, now func() time.Time) *progress {
	p := &progress{out: out, now: now, terminal: isTerminal(out)}
	p.next = now().Add(p.every())
	return p
}

// every is the time between two messages.
func (p *progress) every() time.Duration {
	if p.terminal {
		return 200 * time.Millisecond
	}
	return 2 * time.Second
}

func (p *progress) step(done, total int) {
	now := p.now()
	if now.Before(p.next) {
		return
	}
	p.next = now.Add(p.every())
	p.shown = true
	format := "simulated %d of %d minutes (%d %%)\n"
	if p.terminal {
		format = "\rsimulated %d of %d minutes (%d %%)"
	}
	fmt.Fprintf(p.out, format, done, total, 100*done/total)
}

// end wipes the line on a terminal.
func (p *progress) end() {
	if p.terminal && p.shown {
		fmt.Fprintf(p.out, "\r%60s\r", "")
	}
}
