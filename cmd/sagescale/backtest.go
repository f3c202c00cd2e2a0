package main

import (
	"context"
	"errors"
	"fmt"
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
	format                          *string
	capacity, price                 float64
	endpointTimes
}

// oracleName is that of the bound among the peers.
const oracleName = "oracle"

func backtestCommand(now func() time.Time) *cobra.Command {
	var o backtestOptions
	all := append(replay.PeerNames(), oracleName)
	cmd := &cobra.Command{
		Use:   "backtest",
		Short: "Replay a policy over a load of the past, beside other scalers",
		Long: `Replay a policy over a load in virtual time: what it would have done, lost and
cost, beside what Application Auto Scaling and others would have. The decisions are
those of the functions. No AWS service is called.

A trace is CSV with the columns timestamp (RFC 3339, or seconds from the start) and
requests. Steps other than a minute are added up, or spread evenly. One instance
serves --instance-capacity requests a minute in time, and what comes beyond it is
lost: there is no queue.

The peers keep the same load on an instance as the policy, and its limits:
application-auto-scaling, with 3 of 3 datapoints out and 15 of 15 in; hpa, the
Kubernetes autoscaler; kpa, Knative's; and the oracle, who knows the future. Give
some of them, separated by commas, or none.`,
		Example: `  sagescale backtest --policy scaling.yaml --trace load.csv --instance-capacity 1000
  sagescale backtest --policy scaling.yaml --trace load.csv --instance-capacity 1000 \
    --price 1.41 --report out.html --timeline out.csv`,
		Args: usage(cobra.NoArgs),
	}
	f := cmd.Flags()
	f.StringVar(&o.policy, "policy", "", "policy `file`")
	f.StringVar(&o.trace, "trace", "", "CSV `file` with the load")
	f.Float64Var(&o.capacity, "instance-capacity", 0, "`requests` that one instance serves in a minute")
	f.StringVar(&o.target, "target", "", "`endpoint/variant` of the policy; its only one when left out")
	f.Float64Var(&o.price, "price", 0, "price of an instance hour, in `USD`")
	f.StringSliceVar(&o.peers, "peers", all, "who else meets the load, or none")
	f.StringVar(&o.timeline, "timeline", "", "CSV `file` for what sagescale did, minute by minute")
	f.StringVar(&o.report, "report", "", "HTML `file` that shows the replay and every decision")
	o.flags(cmd)
	o.format = formatFlag(cmd, "text")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return backtest(cmd, o, now) }
	return cmd
}

// backtest reads, replays and reports. The report and the timeline take their places when
// all is done, and not otherwise.
func backtest(cmd *cobra.Command, o backtestOptions, now func() time.Time) error {
	if err := o.check(cmd); err != nil {
		return err
	}
	t, b, err := o.prepare()
	if err != nil {
		return err
	}
	p := newProgress(cmd.ErrOrStderr(), now)
	own := &replay.Sagescale{Target: t}
	log := o.keep(own)
	timelines, err := o.replay(cmd.Context(), own, b, p.step)
	p.end()
	if err != nil {
		return err
	}
	ideal := replay.Oracle(b.Model, b.Trace.Minutes().Requests)
	for _, line := range timelines {
		b.Scores = append(b.Scores, line.Score(b.Model, ideal))
	}
	if slices.Contains(o.peers, oracleName) {
		b.Scores = append(b.Scores, ideal.Score(b.Model, ideal))
	}
	if o.report != "" {
		if err := o.writeReport(cmd, now, t, report.Page{Backtest: b, Timelines: timelines, Log: log}); err != nil {
			return err
		}
	}
	if o.timeline != "" {
		if err := writeTimeline(o.timeline, timelines[0]); err != nil {
			return err
		}
	}
	if *o.format == "json" {
		return b.JSON(cmd.OutOrStdout())
	}
	return b.Text(cmd.OutOrStdout())
}

// check refuses flags that make no sense.
func (o *backtestOptions) check(cmd *cobra.Command) error {
	if err := checkFormat(*o.format); err != nil {
		return err
	}
	for _, flag := range []string{"policy", "trace", "instance-capacity"} {
		if !cmd.Flags().Changed(flag) {
			return invalid(fmt.Errorf("--%s is required; see sagescale backtest --help", flag))
		}
	}
	if err := errors.Join(o.endpointTimes.check(), checkCapacity(cmd, o.capacity)); err != nil {
		return err
	}
	if cmd.Flags().Changed("price") && !(o.price > 0 && o.price <= 1e6) {
		return invalid(fmt.Errorf("--price %v is not above 0 and at most 1e6", o.price))
	}
	if err := spares("timeline", o.timeline, o.trace, o.policy); err != nil {
		return err
	}
	if err := o.checkReport(); err != nil {
		return err
	}
	return o.checkPeers()
}

// checkPeers refuses peers that there are not, and takes none at its word.
func (o *backtestOptions) checkPeers() error {
	if slices.Equal(o.peers, []string{"none"}) {
		o.peers = nil
	}
	known := append(replay.PeerNames(), oracleName)
	for _, name := range o.peers {
		if !slices.Contains(known, name) {
			return invalid(fmt.Errorf("--peers %q: there are %s, or none alone", name, strings.Join(known, ", ")))
		}
	}
	return nil
}

// prepare reads the policy and the load.
func (o *backtestOptions) prepare() (policy.Target, report.Backtest, error) {
	b := report.Backtest{Load: o.trace, Price: o.price}
	p, err := policyfile.LoadForReplay(o.policy)
	if err != nil {
		return policy.Target{}, b, err
	}
	t, err := o.chosen(p)
	if err != nil {
		return t, b, err
	}
	b.Target = t.Key()
	b.Model = replay.Model{
		InstanceCapacity: o.capacity, Limits: t.Limits,
		Provisioning: o.provisioning, ScaleIn: o.scaleIn, MetricDelay: o.delay,
	}
	b.Trace, err = readTrace(o.trace)
	return t, b, err
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

// replay lets sagescale and then its peers meet the load.
func (o *backtestOptions) replay(ctx context.Context, own *replay.Sagescale, b report.Backtest, progress func(done, total int)) ([]replay.Timeline, error) {
	scalers := []replay.Scaler{own}
	for _, peer := range replay.Peers(loadPerInstance(own.Target, o.capacity) / o.capacity) {
		if slices.Contains(o.peers, peer.Name()) {
			scalers = append(scalers, peer)
		}
	}
	var out []replay.Timeline
	for i, s := range scalers {
		line, err := replay.Run(ctx, b.Model, b.Trace, s, func(done, total int) { progress(i*total+done, len(scalers)*total) })
		if errors.Is(err, replay.ErrNotMeasured) {
			return nil, invalid(err)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, line)
	}
	return out, nil
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
