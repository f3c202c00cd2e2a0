package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/deployment"
	"sagescale/internal/dynamodb"
	"sagescale/internal/history"
	"sagescale/internal/policy"
	"sagescale/internal/records"
	"sagescale/internal/report"
)

// historyOptions are the flags of history.
type historyOptions struct {
	operatorOptions
	since    time.Duration
	from, to string
}

// How far back history looks: activities are kept for six weeks.
const (
	shortestHistory = 2 * time.Minute
	longestHistory  = 6 * 7 * 24 * time.Hour
)

func historyCommand(now func() time.Time) *cobra.Command {
	var o historyOptions
	cmd := &cobra.Command{
		Use:   "history ENDPOINT[/VARIANT]",
		Short: "Show what was scaled, what was not, and why",
		Long: `Show of a target, or of all of an endpoint, the load and the capacity over time,
the scaling activities with their causes, those of others too, and why the
capacity was held: decisions in a row that say the same are told of together.

The activities are those of the state table, which keeps them for six weeks; the
decisions are those in the logs of the functions, which take the longer to read
the longer the time is. What cannot be read is left out, and said. A gap in the
load is one in CloudWatch.

Needed are the IAM actions cloudformation:DescribeStacks,
sagemaker:DescribeEndpoint and dynamodb:Query; and logs:FilterLogEvents for the
decisions, cloudwatch:GetMetricData for the load, and lambda:GetFunction for the
load in instances.`,
		Example: `  sagescale history chat-llm
  sagescale history chat-llm/AllTraffic --since 6h
  sagescale history chat-llm/AllTraffic --from 2026-11-23T01:00:00Z --to 03:12`,
		Args: usage(cobra.ExactArgs(1)),
	}
	o.flags(cmd)
	f := cmd.Flags()
	f.DurationVar(&o.since, "since", 24*time.Hour, "`duration` until now")
	f.StringVar(&o.from, "from", "", "`time` to begin at, in place of --since: "+moments)
	f.StringVar(&o.to, "to", "", "`time` to end at; now when left out")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return o.run(cmd, args, now()) }
	return cmd
}

func (o *historyOptions) run(cmd *cobra.Command, args []string, now time.Time) error {
	asked, err := parseTarget(args)
	var from, to time.Time
	if err == nil {
		from, to, err = o.span(cmd, now)
	}
	if err != nil {
		return invalid(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
	}
	if err := checkFormat(*o.format); err != nil {
		return err
	}
	done := working(cmd.ErrOrStderr(), "asking AWS what was done")
	all, err := o.histories(cmd.Context(), asked, past{from, to, now})
	done()
	if err != nil {
		return err
	}
	write := report.Histories
	if *o.format == "json" {
		write = report.HistoriesJSON
	}
	return write(cmd.OutOrStdout(), all)
}

// span is the time that is asked for.
func (o *historyOptions) span(cmd *cobra.Command, now time.Time) (from, to time.Time, err error) {
	if o.from != "" && cmd.Flags().Changed("since") {
		return from, to, errors.New("--since and --from are two beginnings: give one")
	}
	to = now.UTC()
	if o.to != "" {
		if to, err = parseMoment("to", o.to, now); err != nil {
			return from, to, err
		}
	}
	from = to.Add(-o.since)
	if o.from != "" {
		if from, err = parseMoment("from", o.from, now); err != nil {
			return from, to, err
		}
	}
	switch {
	case to.Sub(from) < shortestHistory:
		return from, to, fmt.Errorf("%s to %s is shorter than %s", from.Format(time.RFC3339), to.Format(time.RFC3339), policy.Brief(shortestHistory))
	case now.Sub(from) > longestHistory:
		return from, to, fmt.Errorf("%s is longer ago than the six weeks for which history is kept", from.Format(time.RFC3339))
	}
	return from.Truncate(time.Minute), to, nil
}

// past is a span of time, as of now.
type past struct{ from, to, now time.Time }

// minutes is how many are whole.
func (p past) minutes() int { return int(p.to.Sub(p.from) / time.Minute) }

// course is what is known of an endpoint and its past.
type course struct {
	name       string
	endpoint   activity.Endpoint
	exists     bool
	state      activity.State
	activities []activity.Activity
	records    map[string][]autoscaler.Record // by variant, nil where they could not be read
	unreadable int
	policy     *policy.Policy // nil where it could not be read
	notes      []string
}

func (c *course) note(format string, args ...any) {
	c.notes = append(c.notes, fmt.Sprintf(format, args...))
}

// histories gathers what is known of the targets that are asked for. What cannot be read of
// the logs, the load and the policy is noted; without the table and SageMaker there is no
// telling.
func (o *historyOptions) histories(ctx context.Context, asked variantName, span past) ([]report.History, error) {
	d, err := o.open(ctx)
	if err != nil {
		return nil, err
	}
	c := &course{name: asked.endpoint}
	if err := c.observe(ctx, d, asked.endpoint, span); err != nil {
		return nil, err
	}
	c.decided(ctx, d, asked, span)
	variants, err := c.variants(asked, d)
	if err != nil {
		return nil, err
	}
	if c.policy, err = d.Policy(ctx); err != nil {
		c.note("the load is shown in requests and not in instances: %s", cause(err))
	}
	var out []report.History
	for _, v := range variants {
		h, err := c.history(ctx, d, v, span)
		if err != nil {
			return nil, err
		}
		h.On = o.place()
		out = append(out, h)
	}
	return out, ctx.Err()
}

// observe asks SageMaker and the table.
func (c *course) observe(ctx context.Context, d deployment.Deployment, endpoint string, span past) (err error) {
	c.endpoint, err = d.Endpoints.Describe(ctx, endpoint)
	if err != nil && !errors.Is(err, activity.ErrNotFound) {
		return err
	}
	if c.exists = err == nil; c.exists {
		if err := (variantName{endpoint: endpoint}).spelled(c.endpoint); err != nil {
			return err
		}
	}
	if c.state, _, err = d.Store.Load(ctx, endpoint); err != nil {
		if _, denied := deployment.Denied(err); denied || ctx.Err() != nil {
			return err
		}
		c.state = activity.State{}
		c.note("the state of the endpoint could not be read: %s", cause(err))
	}
	// Those that began before may have ended meanwhile, and the next one tells the capacity
	// of the time before it.
	c.activities, err = d.Store.Activities(ctx, endpoint, span.from.Add(-24*time.Hour), span.now)
	if errors.Is(err, dynamodb.ErrNotUnderstood) {
		c.note("some activities are left out: %s", cause(err))
		err = nil
	}
	return err
}

// decided reads the decision records.
func (c *course) decided(ctx context.Context, d deployment.Deployment, asked variantName, span past) {
	groups, err := recordGroups(d)
	all := map[string][]autoscaler.Record{}
	if err == nil {
		query := records.Query{Groups: groups, Endpoint: asked.endpoint, Variant: asked.variant, From: span.from, Through: span.to}
		c.unreadable, err = records.Read(ctx, d.Logs, query, func(r autoscaler.Record) {
			r.Observation.Metrics = nil // what was measured is much, and not shown here
			all[r.Variant] = append(all[r.Variant], r)
		})
	}
	if err != nil {
		c.note("the decision records are left out: %s", cause(err))
		return
	}
	c.records = all
}

// variants are those that are asked for: the one, or all of which something is known. One
// that nobody knows is the user's mistake.
func (c *course) variants(asked variantName, d deployment.Deployment) ([]string, error) {
	known := map[string]bool{}
	for v := range c.state.Known {
		known[v] = true
	}
	for _, a := range c.activities {
		known[a.Variant] = true
	}
	for v := range c.records {
		known[v] = true
	}
	_, there := c.endpoint.Variant(asked.variant)
	switch {
	case !c.exists && len(known) == 0:
		return nil, invalid(fmt.Errorf("there is no endpoint %s in %s", asked.endpoint, d.Region))
	case asked.variant != "" && !there && !known[asked.variant]:
		return nil, invalid(fmt.Errorf("endpoint %s has no variant %s, and had none in this time", asked.endpoint, asked.variant))
	case asked.variant != "":
		return []string{asked.variant}, nil
	case len(known) > 0:
		return slices.Sorted(maps.Keys(known)), nil
	}
	return nil, fmt.Errorf("nothing was recorded of endpoint %s: see by sagescale status whether it is a target of stack %s", asked.endpoint, d.Stack)
}

// history is that of one variant.
func (c *course) history(ctx context.Context, d deployment.Deployment, variant string, span past) (report.History, error) {
	h := report.History{
		Endpoint: c.name, Variant: variant, From: span.from, To: span.to,
		Activities: c.within(variant, span), Notes: slices.Clone(c.notes),
	}
	h.Capacity = c.capacity(variant, span)
	load, err := history.Between(ctx, d.Metrics, h.Endpoint, variant, span.from, span.to, span.now)
	if err != nil {
		if ctx.Err() != nil {
			return h, err
		}
		h.Notes = append(h.Notes, "the load is left out: "+cause(err))
	}
	h.Load = load.Requests
	if c.policy != nil {
		h.PerInstance = c.perInstance(h.Endpoint, variant)
	}
	if c.records != nil {
		of := c.records[variant]
		h.Read, h.Records, h.Unreadable = true, len(of), c.unreadable
		h.Decisions = records.Stretches(of, span.from, span.to)
	}
	return h, nil
}

// within are the activities of a variant that were under way in a span, the open one last.
func (c *course) within(variant string, span past) []activity.Activity {
	var out []activity.Activity
	for _, a := range c.of(variant) {
		if !a.StartTime.After(span.to) && !a.EndTime.Before(span.from) {
			out = append(out, a)
		}
	}
	if open := c.state.Open; open != nil && open.Variant == variant && !open.StartTime.After(span.to) {
		out = append(out, *open)
	}
	return out
}

// of are the closed activities of a variant.
func (c *course) of(variant string) []activity.Activity {
	return slices.DeleteFunc(slices.Clone(c.activities), func(a activity.Activity) bool { return a.Variant != variant })
}

// capacity is what was in service in every minute of a span.
func (c *course) capacity(variant string, span past) []float64 {
	now := math.NaN()
	if v, ok := c.endpoint.Variant(variant); ok {
		now = float64(v.Current)
	}
	return history.InService(c.of(variant), now, span.from, span.minutes())
}

// perInstance is how many requests a minute one instance of a target is to have, 0 where
// nothing says so.
func (c *course) perInstance(endpoint, variant string) float64 {
	t, _ := c.policy.Find(endpoint, variant)
	if t.Predictive.Mode == policy.ForecastAndScale {
		return t.Predictive.InstanceCapacity
	}
	for _, x := range t.TargetTracking {
		if x.Metric.Predefined() && x.Metric.Name == policy.InvocationsPerInstance {
			return x.TargetValue
		}
	}
	return 0
}
