package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sagescale/internal/policy"
	"sagescale/internal/policyfile"
	"sagescale/internal/replay"
	"sagescale/internal/report"
)

// backtestOptions are the flags of the command.
type backtestOptions struct {
	policy, trace, target, timeline string
	report                          string
	peers                           []string
	account                         accountOptions
	capacity, price                 float64
	instances                       int
	endpointTimes
	cloudwatch cloudWatchOptions
	// registered is what Application Auto Scaling is set to, where that is known; nil for
	// the load on an instance that the policy keeps, and AWS's defaults.
	registered *replay.Tracking
}

// oracleName is that of the bound among the peers.
const oracleName = "oracle"

// knownPeers are those that --peers takes. The best one is not among those that it has
// when left out.
func knownPeers() []string { return append(replay.PeerNames(), replay.BestName, oracleName) }

func backtestCommand(now func() time.Time) *cobra.Command {
	var o backtestOptions
	cmd := &cobra.Command{
		Use:   "backtest",
		Short: "Replay a policy over a load of the past, beside other scalers",
		Long: `Replay a policy over a load in virtual time: what it would have done, lost and
cost, beside what Application Auto Scaling and others would have. The decisions are
those of the functions. No AWS service is called, but by --from-cloudwatch.

A trace is CSV with the columns timestamp (RFC 3339, or seconds from the start) and
requests. Steps other than a minute are added up, or spread evenly. One instance
serves --instance-capacity requests a minute in time, and what comes beyond it is
lost: there is no queue.

--from-cloudwatch reads the load of an endpoint's variant from CloudWatch, with the
credentials that the AWS CLI would take. They need the IAM action
cloudwatch:GetMetricData. Without --instance-capacity, and without one in the
policy, the capacity is estimated: by how much of its GPUs or CPUs an instance used, of
which --devices says how many it has, else by what it served at least.

Of a directory every *.csv is replayed, and the means over them are given. Its loads
are brought to one size by --instances N: an instance serves 1/N of what the busiest
minutes bring, by the trace's 99.9th percentile. A policy has absolute numbers, so it
is the trace that is scaled, until that percentile is N times the instance capacity;
to scale the policy's numbers to the trace would give the same.

The peers keep the same load on an instance as the policy, and its limits:
application-auto-scaling, with 3 of 3 datapoints out and 15 of 15 in; hpa, the
Kubernetes autoscaler; kpa, Knative's; and the oracle, who knows the future. Give
some of them, separated by commas, or none. Only when it is named there is
application-auto-scaling-best: at the target from 30 % to 100 % of an instance's
capacity that does best, by J(10), for this load in hindsight.`,
		Example: `  sagescale backtest --policy scaling.yaml --trace load.csv
  sagescale backtest --policy scaling.yaml --trace load.csv \
    --instance-capacity 1000 --price 1.41 --report out.html --timeline out.csv
  sagescale backtest --policy scaling.yaml --trace loads/ --instances 20
  sagescale backtest --policy scaling.yaml --days 28 \
    --from-cloudwatch chat-llm/AllTraffic`,
		Args: usage(cobra.NoArgs),
	}
	o.define(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return backtest(cmd, o, now) }
	return cmd
}

// define adds the flags to the command.
func (o *backtestOptions) define(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.policy, "policy", "", "policy `file`")
	f.StringVar(&o.trace, "trace", "", "CSV `file` with the load, or a directory of them")
	f.Float64Var(&o.capacity, "instance-capacity", 0, "`requests` that one instance serves in a minute; the policy's predictive.instanceCapacity when left out")
	f.IntVar(&o.instances, "instances", defaultInstances, "`number` of instances that the 99.9th percentile of a trace is scaled to need; left out, only those of a directory are scaled")
	f.StringVar(&o.target, "target", "", "`target` of the policy, ENDPOINT/VARIANT; its only one when left out")
	f.Float64Var(&o.price, "price", 0, "price of an instance hour, in `USD`")
	f.StringSliceVar(&o.peers, "peers", append(replay.PeerNames(), oracleName), "who else meets the load, or none")
	f.StringVar(&o.report, "report", "", "HTML `file` that shows the replay and every decision")
	f.StringVar(&o.timeline, "timeline", "", "CSV `file` for what sagescale did, minute by minute")
	o.flags(cmd)
	o.cloudwatch.flags(cmd)
	o.account.flags(cmd)
}

// backtest reads, replays and reports. The report and the timeline take their places when
// all is done, and not otherwise.
func backtest(cmd *cobra.Command, o backtestOptions, now func() time.Time) error {
	if err := o.check(cmd); err != nil {
		return err
	}
	t, all, err := o.prepare(cmd.Context(), now())
	if err != nil {
		return err
	}
	if err := o.replay(cmd, now, t, all.Runs); err != nil {
		return err
	}
	var answer interface {
		JSON(io.Writer) error
		Text(io.Writer) error
	} = all.Runs[0]
	if all.From != "" {
		answer = all
	}
	if *o.account.format == "json" {
		return answer.JSON(cmd.OutOrStdout())
	}
	return answer.Text(cmd.OutOrStdout())
}

// replay lets the scalers meet the loads, gives the runs their scores, and writes the files
// that are asked for.
func (o *backtestOptions) replay(cmd *cobra.Command, now func() time.Time, t policy.Target, runs []report.Backtest) error {
	p := newProgress(cmd.ErrOrStderr(), now)
	log := &report.Log{}
	timelines, err := replayAll(cmd.Context(), runs, o.contenders(t, runs[0].Model, log), p.step)
	p.end()
	if err != nil {
		return err
	}
	if o.report != "" {
		if err := o.writeReport(cmd, now, t, report.Page{Backtest: runs[0], Timelines: timelines, Log: log}); err != nil {
			return err
		}
	}
	if o.timeline != "" {
		return writeTimeline(o.timeline, timelines[0])
	}
	return nil
}

// check refuses flags that make no sense.
func (o *backtestOptions) check(cmd *cobra.Command) error {
	if err := checkFormat(*o.account.format); err != nil {
		return err
	}
	if err := o.checkInputs(cmd); err != nil {
		return err
	}
	if err := errors.Join(o.endpointTimes.check(), checkCapacity(cmd, o.capacity)); err != nil {
		return err
	}
	if err := o.checkPrice(cmd); err != nil {
		return err
	}
	if o.instances < 1 || o.instances > maxInstances {
		return invalid(fmt.Errorf("--instances %d is not from 1 to %d", o.instances, maxInstances))
	}
	if !cmd.Flags().Changed("instances") && !isDirectory(o.trace) {
		o.instances = 0 // the trace is taken as it is
	}
	if err := o.checkOutputs(); err != nil {
		return err
	}
	return o.checkPeers()
}

// checkPrice refuses a price that is none.
func (o *backtestOptions) checkPrice(cmd *cobra.Command) error {
	if cmd.Flags().Changed("price") && !(o.price > 0 && o.price <= 1e6) {
		return invalid(fmt.Errorf("--price %v is not above 0 and at most 1e6", o.price))
	}
	return nil
}

// checkOutputs refuses files to write that cannot be, or that would overwrite another.
func (o *backtestOptions) checkOutputs() error {
	if o.timeline != "" && isDirectory(o.trace) {
		return invalid(fmt.Errorf("--timeline needs a single trace: --trace %s is a directory", o.trace))
	}
	if o.timeline != "" && o.timeline == o.cloudwatch.save {
		return invalid(fmt.Errorf("--timeline and --save-trace are the same file, %s", o.timeline))
	}
	if err := spares("timeline", o.timeline, o.trace, o.policy); err != nil {
		return err
	}
	if err := o.checkReport(); err != nil {
		return err
	}
	return spares("save-trace", o.cloudwatch.save, o.policy)
}

// checkInputs refuses a command line without a policy or without one source of the load.
func (o *backtestOptions) checkInputs(cmd *cobra.Command) error {
	given := cmd.Flags().Changed
	switch {
	case !given("policy"):
		return invalid(errors.New("--policy is required; see sagescale backtest --help"))
	case given("trace") && given("from-cloudwatch"):
		return invalid(errors.New("--trace and --from-cloudwatch are two loads: give one"))
	case !given("trace") && !given("from-cloudwatch"):
		return invalid(errors.New("--trace or --from-cloudwatch is required; see sagescale backtest --help"))
	case given("from-cloudwatch") && o.cloudwatch.from == "":
		return invalid(errors.New(`--from-cloudwatch "" names no endpoint and variant`))
	}
	return o.cloudwatch.check(cmd)
}

// checkPeers refuses peers that there are not, and takes none at its word.
func (o *backtestOptions) checkPeers() error {
	if slices.Equal(o.peers, []string{"none"}) {
		o.peers = nil
	}
	known := knownPeers()
	for _, name := range o.peers {
		if !slices.Contains(known, name) {
			return invalid(fmt.Errorf("--peers %q: there are %s, or none alone", name, strings.Join(known, ", ")))
		}
	}
	return nil
}

// prepare reads the policy and the loads.
func (o *backtestOptions) prepare(ctx context.Context, now time.Time) (policy.Target, report.Backtests, error) {
	p, err := policyfile.Load(o.policy)
	if err != nil {
		return policy.Target{}, report.Backtests{}, err
	}
	t, err := o.chosen(p)
	if err != nil {
		return t, report.Backtests{}, err
	}
	all, capacity, err := o.loads(ctx, t, now)
	for i := range all.Runs {
		o.model(&all.Runs[i], t, capacity)
		if err == nil && o.instances > 0 {
			err = scaleTo(&all.Runs[i])
		}
	}
	return t, all, err
}

// model sets what a load is replayed on.
func (o *backtestOptions) model(run *report.Backtest, t policy.Target, capacity float64) {
	run.Target, run.Price, run.Instances = t.Key(), o.price, o.instances
	run.Model = replay.Model{
		InstanceCapacity: capacity, Limits: t.Limits,
		Provisioning: o.provisioning, ScaleIn: o.scaleIn, MetricDelay: o.delay,
	}
}

// tracking is what Application Auto Scaling is replayed at.
func (o *backtestOptions) tracking(t policy.Target, capacity float64) replay.Tracking {
	if o.registered != nil {
		return *o.registered
	}
	return replay.DefaultTracking(loadPerInstance(t, capacity) / capacity)
}

// loads reads what is to be replayed, and says what an instance of the target serves.
func (o *backtestOptions) loads(ctx context.Context, t policy.Target, now time.Time) (report.Backtests, float64, error) {
	capacity := o.capacity
	if capacity == 0 {
		capacity = t.Predictive.InstanceCapacity
	}
	if o.cloudwatch.from != "" {
		a, err := o.account.openAccount(ctx)
		if err != nil {
			return report.Backtests{}, 0, err
		}
		run, capacity, err := o.cloudwatch.read(ctx, a, capacity, now)
		return report.Backtests{Runs: []report.Backtest{run}}, capacity, err
	}
	if capacity == 0 {
		return report.Backtests{}, 0, invalid(fmt.Errorf("--instance-capacity is required: %s of %s has no predictive.instanceCapacity", t.Key(), o.policy))
	}
	all, err := readTraces(o.trace)
	return all, capacity, err
}

// chosen returns the target of the policy that is meant.
func (o *backtestOptions) chosen(p *policy.Policy) (policy.Target, error) {
	var keys []string
	for _, t := range p.Targets {
		if t.Key() == o.target || o.target == "" && len(p.Targets) == 1 {
			return t, nil
		}
		keys = append(keys, t.Key())
	}
	rule := fmt.Sprintf("is no target of %s", o.policy)
	if o.target == "" {
		rule = "must say which target is meant"
	}
	return policy.Target{}, invalid(fmt.Errorf("--target %q %s: there are %s", o.target, rule, strings.Join(keys, ", ")))
}

// loadPerInstance is the load that the target keeps on an instance, in requests a
// minute: that of its first metric that counts them, else the usual headroom.
func loadPerInstance(t policy.Target, capacity float64) float64 {
	for _, tracking := range t.TargetTracking {
		if tracking.Metric.Name == policy.InvocationsPerInstance {
			return tracking.TargetValue
		}
	}
	return headroom * capacity
}

// writeTimeline writes what sagescale did to a file.
func writeTimeline(path string, line replay.Timeline) error {
	file, err := create(path)
	if err != nil {
		return err
	}
	defer file.Discard()
	if err := report.Timeline(file, line); err != nil {
		return err
	}
	return file.Commit()
}
