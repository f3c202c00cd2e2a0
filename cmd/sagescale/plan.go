package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sagescale/internal/autoscaler"
	"sagescale/internal/deployment"
	"sagescale/internal/policy"
	"sagescale/internal/policyfile"
	"sagescale/internal/report"
)

// exitChanges is the exit code of plan --exit-code when something would be changed.
const exitChanges = 3

// errChanges says by its exit code that something would be changed: an answer, no fault.
var errChanges = errors.New("something would be changed")

// errHelp says by its exit code that somebody must look after something.
var errHelp = errors.New("somebody must look after it")

// planOptions are the flags of plan.
type planOptions struct {
	operatorOptions
	policy   string
	prices   []string
	exitCode bool
}

func planCommand(now func() time.Time) *cobra.Command {
	var o planOptions
	cmd := &cobra.Command{
		Use:   "plan [ENDPOINT[/VARIANT]]",
		Short: "Say what would be done now, and why",
		Long: `Say for each target of a deployment what would be done now and why: by the code of the
functions, on what SageMaker, CloudWatch and the state table say now. Nothing is written.
With --policy a file is taken in the place of the deployed policy: what would it do?

The exit code is 0, or 1 when a target needs somebody's help or an evaluation failed; with
--exit-code it is 3 when something would be changed. Needed are the IAM actions
cloudformation:DescribeStacks, lambda:GetFunction, sagemaker:DescribeEndpoint,
cloudwatch:GetMetricData, dynamodb:Query and
application-autoscaling:DescribeScalableTargets.`,
		Example: `  sagescale plan
  sagescale plan chat-llm --price 7.09
  sagescale plan --policy scaling.yaml --exit-code  # in CI, before a deployment`,
		Args: usage(cobra.MaximumNArgs(1)),
	}
	o.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.policy, "policy", "", "policy `file` to take in the place of the deployed one")
	f.StringArrayVar(&o.prices, "price", nil, "`USD` of an instance hour, or endpoint/variant=USD; repeatable")
	f.BoolVar(&o.exitCode, "exit-code", false, "exit with 3 when something would be changed")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return o.run(cmd, args, now) }
	return cmd
}

func (o *planOptions) run(cmd *cobra.Command, args []string, now func() time.Time) error {
	prices, pricesErr := parsePrices(o.prices)
	asked, nameErr := parseTarget(args)
	if err := errors.Join(pricesErr, nameErr); err != nil {
		return invalid(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
	}
	if err := checkFormat(*o.format); err != nil {
		return err
	}
	done := working(cmd.ErrOrStderr(), "asking AWS about the targets")
	outlook, err := o.outlook(cmd.Context(), asked, now)
	done()
	if err != nil {
		return err
	}
	plan := report.Plan{Outlook: outlook, Prices: prices.of(outlook.Policy)}
	write := plan.Text
	if *o.format == "json" {
		write = plan.JSON
	}
	if err := write(cmd.OutOrStdout()); err != nil {
		return err
	}
	changes, help := plan.Changes()
	switch {
	case help > 0:
		return errHelp
	case changes > 0 && o.exitCode:
		return errChanges
	}
	return nil
}

// outlook previews an evaluation of the targets that are asked for.
func (o *planOptions) outlook(ctx context.Context, asked variantName, now func() time.Time) (report.Outlook, error) {
	d, err := o.open(ctx)
	if err != nil {
		return report.Outlook{}, err
	}
	p, err := o.chosen(ctx, d)
	if err != nil {
		return report.Outlook{}, err
	}
	return o.preview(ctx, d, p, asked, now)
}

// chosen is the policy to go by: of a file, or the deployed one.
func (o *planOptions) chosen(ctx context.Context, d deployment.Deployment) (*policy.Policy, error) {
	if o.policy != "" {
		return policyfile.Load(o.policy)
	}
	return d.Policy(ctx)
}

// parallel is how many endpoints are looked at at once.
const parallel = 8

// preview evaluates what is asked for, as the functions would now. What fails of single
// targets is in their records.
func (o *operatorOptions) preview(ctx context.Context, d deployment.Deployment, p *policy.Policy, asked variantName, now func() time.Time) (report.Outlook, error) {
	evaluator := autoscaler.Evaluator{
		Policy: p, Endpoints: d.Endpoints, Metrics: d.Metrics, Scalers: d.Scalers, Store: d.Store, Forecasts: d.Store,
		Now: now, Parallel: parallel,
	}
	at := now()
	preview, err := evaluator.Preview(ctx, autoscaler.Trigger{Kind: "Plan", Endpoint: asked.endpoint, Variant: asked.variant})
	if ctx.Err() != nil { // what was not seen for that reason says nothing of the targets
		return report.Outlook{}, ctx.Err()
	}
	if errors.Is(err, autoscaler.ErrNoTarget) {
		return report.Outlook{}, invalid(fmt.Errorf("the policy has no target %s: it has %s%s", asked, some(keys(p)), meant("", asked.String(), namesLike(p, asked))))
	}
	if _, denied := deployment.Denied(err); denied {
		return report.Outlook{}, err
	}
	return report.Outlook{Stack: o.where.Stack, Region: d.Region, Policy: p, Preview: preview, Now: at}, nil
}

// keys names the targets of a policy.
func keys(p *policy.Policy) []string {
	var out []string
	for _, t := range p.Targets {
		out = append(out, t.Key())
	}
	return out
}

// namesLike are the names that a target may be asked for by: of endpoints, or of variants too.
func namesLike(p *policy.Policy, asked variantName) []string {
	if asked.variant != "" {
		return keys(p)
	}
	var out []string
	for _, t := range p.Targets {
		out = append(out, t.Endpoint)
	}
	return out
}

// mostNames is how many names are listed in a message.
const mostNames = 5

// some lists the first of many names.
func some(names []string) string {
	if more := len(names) - mostNames; more > 1 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:mostNames], ", "), more)
	}
	return strings.Join(names, ", ")
}

// prices are those of an instance hour: of a target by its key, of others by "".
type prices map[string]float64

func parsePrices(texts []string) (prices, error) {
	out := prices{}
	for _, text := range texts {
		key, number, named := strings.Cut(text, "=")
		if !named {
			key, number = "", text
		} else if _, err := parseVariant(key); err != nil {
			return nil, fmt.Errorf("--price %w", err)
		}
		price, err := strconv.ParseFloat(number, 64)
		if err != nil || !(price > 0 && price < 1e6) {
			return nil, fmt.Errorf("--price %.40q is not a price in US dollars such as 7.09, or chat-llm/AllTraffic=7.09", text)
		}
		out[key] = price
	}
	return out, nil
}

// of returns the prices of the targets of a policy, as far as they are known.
func (p prices) of(all *policy.Policy) map[string]float64 {
	out := map[string]float64{}
	for _, t := range all.Targets {
		price, ok := p[t.Key()]
		if !ok {
			price, ok = p[""]
		}
		if ok {
			out[t.Key()] = price
		}
	}
	return out
}
