package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/config"
	"sagescale/internal/deployment"
	"sagescale/internal/dynamodb"
	"sagescale/internal/plain"
	"sagescale/internal/policy"
	"sagescale/internal/records"
	"sagescale/internal/report"
	"sagescale/internal/scaling"
	"sagescale/internal/whatif"
)

// explainOptions are the flags of explain.
type explainOptions struct {
	operatorOptions
	at string
}

func explainCommand(now func() time.Time) *cobra.Command {
	var o explainOptions
	cmd := &cobra.Command{
		Use:   "explain ENDPOINT/VARIANT",
		Short: "Say in words what was decided, and what would change it",
		Long: `Say in words what was decided about a target: what woke the evaluation, what
it saw, each rule in its order, what held it back, and what came of it; from the
decision record in the log of the functions, the newest one or the last before
--at.

And what would change it, by the code that decided: when something would be done
if the load stays as it is, from which load on it adds and at which it removes,
and what lifts what holds. For that the policy is needed that decided: the
deployed one, as long as nobody has deployed another.

Needed are the IAM actions cloudformation:DescribeStacks and
logs:FilterLogEvents; and lambda:GetFunction and dynamodb:Query for what would
change it.`,
		Example: `  sagescale explain chat-llm/AllTraffic
  sagescale explain chat-llm/AllTraffic --at 03:12
  sagescale explain chat-llm/AllTraffic --at 2026-11-23T03:12:00Z --format json`,
		Args: usage(cobra.ExactArgs(1)),
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&o.at, "at", "", "`time` of the decision, or after it: "+moments)
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0], now()) }
	return cmd
}

func (o *explainOptions) run(cmd *cobra.Command, target string, now time.Time) error {
	name, err := parseVariant(target)
	at := now
	if err == nil && cmd.Flags().Changed("at") {
		at, err = parseMoment("at", o.at, now)
	}
	if err != nil {
		return invalid(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
	}
	if err := checkFormat(*o.format); err != nil {
		return err
	}
	done := working(cmd.ErrOrStderr(), "asking AWS what was decided")
	e, err := o.explain(cmd.Context(), name, at)
	done()
	if err != nil {
		return err
	}
	if *o.format == "json" {
		return e.JSON(cmd.OutOrStdout())
	}
	return e.Text(cmd.OutOrStdout())
}

// explain finds the last decision about a target at or before a time, and what is to be
// said of it.
func (o *explainOptions) explain(ctx context.Context, name variantName, at time.Time) (report.Explanation, error) {
	d, err := o.open(ctx)
	if err != nil {
		return report.Explanation{}, err
	}
	groups, err := recordGroups(d)
	if err != nil {
		return report.Explanation{}, err
	}
	query := records.Query{Groups: groups, Endpoint: name.endpoint, Variant: name.variant, Through: at}
	r, found, unreadable, err := records.Last(ctx, d.Logs, query)
	if err != nil {
		return report.Explanation{}, err
	}
	if !found {
		return report.Explanation{}, o.nothing(ctx, d, name, at, unreadable)
	}
	e, err := explained(ctx, d, r)
	e.On = o.place()
	return e, err
}

// recordGroups are the log groups that have decision records.
func recordGroups(d deployment.Deployment) ([]string, error) {
	groups := []string{d.Outputs[config.OutputScheduleLogs], d.Outputs[config.OutputAlarmLogs]}
	if groups[0] == "" || groups[1] == "" {
		return nil, fmt.Errorf("stack %s names no log groups in its outputs: it was deployed by an older version; deploy it again", d.Stack)
	}
	return groups, nil
}

// nothing says what to do where no decision was recorded.
func (o *explainOptions) nothing(ctx context.Context, d deployment.Deployment, name variantName, at time.Time, unreadable int) error {
	if err := name.exists(ctx, d); errors.Is(err, errInvalid) {
		return err
	}
	text := fmt.Sprintf("no decision about %s was recorded in the %s before %s", name, policy.Brief(records.Back), at.UTC().Format(time.RFC3339))
	if unreadable > 0 {
		text += fmt.Sprintf(" that could be understood; %d could not", unreadable)
	}
	return fmt.Errorf("%s: see by sagescale status whether it is a target of stack %s, and by sagescale doctor whether its functions run",
		text, d.Stack)
}

// explained says of a record what it says, and what would change it as far as that can be
// found out.
func explained(ctx context.Context, d deployment.Deployment, r autoscaler.Record) (report.Explanation, error) {
	e := report.Explanation{
		Input: scaling.Input{
			Now: r.Time, Observation: r.Observation,
			Target:   policy.Target{Endpoint: r.Endpoint, Variant: r.Variant, DryRun: refusedBy(r, scaling.DryRun)},
			Override: *cmp.Or(r.Override, &policy.Override{}),
		},
		Decision: r.Decision,
		Record:   &r,
		Lifts:    whatif.Lifts(r.Endpoint+"/"+r.Variant, r.Decision, r.Override),
	}
	if r.Override != nil {
		e.Lifts = whatif.Release(r.Endpoint+"/"+r.Variant, e.Lifts)
	}
	c, notes, ok := rebuilt(ctx, d, r)
	e.Notes = notes
	e.Input.Activities = c.Activities
	if c.Target.Endpoint != "" {
		e.Input.Target = c.Target
	}
	if err := ctx.Err(); err != nil {
		return e, err
	}
	if !ok {
		return e, nil
	}
	e.Input = c.Input
	if refusedBy(r, scaling.NotFound, scaling.Unsupported, scaling.EvaluationFailed) {
		return e, nil // nothing was decided
	}
	if !c.Makes(r.Decision) {
		e.Notes = append(e.Notes, "what would change it by time and load is left out: what it was decided by cannot be found again"+
			" in full, as when a forecast was learned anew since, or another version of sagescale decided")
		return e, nil
	}
	answer := whatif.Ask(c)
	e.Changes = &answer
	return e, nil
}

// refusedBy reports whether a record has a reason of one of some codes.
func refusedBy(r autoscaler.Record, codes ...scaling.Code) bool {
	return slices.ContainsFunc(r.Decision.NotScaledReasons, func(reason scaling.Reason) bool {
		return slices.Contains(codes, reason.Code)
	})
}

// activitiesBack is how long before a decision activities are read that it may hang on: no
// cooldown and no velocity looks further back.
const activitiesBack = 48 * time.Hour

// rebuilt finds again what a record was decided by, and says what is not found. ok is false
// where that is the policy or what was done before.
func rebuilt(ctx context.Context, d deployment.Deployment, r autoscaler.Record) (c whatif.Case, notes []string, ok bool) {
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	var past records.Past
	state, _, err := d.Store.Load(ctx, r.Endpoint)
	if err != nil {
		state = activity.State{}
		note("the state of the endpoint could not be read: %s", cause(err))
	}
	archived, err := d.Store.Activities(ctx, r.Endpoint, r.Time.Add(-activitiesBack), r.Time)
	known := err == nil || errors.Is(err, dynamodb.ErrNotUnderstood)
	if err != nil {
		note("what was done before could not be read: %s", cause(err))
	}
	past.State, past.Archived = state, archived
	if f := r.Decision.Forecast; f != nil && f.Unused == "" {
		models, err := d.Store.Forecasts(ctx, r.Endpoint)
		if err != nil {
			note("the forecast could not be read: %s", cause(err))
		}
		if m, found := models[r.Variant]; found {
			past.Forecast = &m
		}
	}
	if past.Target, err = targetOf(ctx, d, r); err != nil {
		note("what would change it by time and load is left out: %s", cause(err))
	}
	return past.Case(r), notes, err == nil && known
}

// targetOf is the target of the policy that a record was decided by.
func targetOf(ctx context.Context, d deployment.Deployment, r autoscaler.Record) (policy.Target, error) {
	p, err := d.Policy(ctx)
	if err != nil {
		return policy.Target{}, err
	}
	if p.Digest != r.Policy {
		return policy.Target{}, fmt.Errorf("it was decided by the policy %s, and %s is deployed now", r.Policy, p.Digest)
	}
	t, found := p.Find(r.Endpoint, r.Variant)
	if !found {
		return policy.Target{}, errors.New("the deployed policy has no such target")
	}
	return t, nil
}

// cause says in one line why something could not be done.
func cause(err error) string {
	if action, denied := deployment.Denied(err); denied {
		return "these credentials lack the IAM action " + action
	}
	return plain.Cut(plain.Text(err.Error()), longestLine)
}
