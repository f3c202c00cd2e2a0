package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sagescale/internal/activity"
	"sagescale/internal/deployment"
	"sagescale/internal/migrate"
	"sagescale/internal/policyfile"
	"sagescale/internal/report"
)

// importOptions are the flags of import.
type importOptions struct {
	accountOptions
	out             string
	force, backtest bool
	replayed        backtestOptions
}

func importCommand(now func() time.Time) *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import ENDPOINT[/VARIANT]...",
		Short: "Write the policy that equals what Application Auto Scaling has",
		Long: `Write the policy file that means the same as what Application Auto Scaling has
registered for an endpoint: limits, policies with the alarms that call them,
and scheduled actions. What differs stands above each target as a comment: what
is LEFT OUT because the policy file cannot say it, what is changed, and what
sagescale does otherwise by the same settings. Nothing is changed in the
account.

The policy goes to standard output, or to the file --out, which must not exist
without --force; then what differs is the answer. The exit code is 0 when all
that is registered is in the policy, and 1 when something was left out: the
policy is written all the same.

--backtest reads the variant's load from CloudWatch, as backtest
--from-cloudwatch does, and lets the new policy meet it, beside Application
Auto Scaling at what is registered: its target value, cooldowns, limits and
scheduled actions. Both go by the policy for InvocationsPerInstance alone,
because requests tell no other metric.

Needed are the IAM actions sagemaker:DescribeEndpoint,
application-autoscaling:DescribeScalableTargets, DescribeScalingPolicies and
DescribeScheduledActions, with step policies cloudwatch:DescribeAlarms, and
with --backtest cloudwatch:GetMetricData.`,
		Example: `  sagescale import chat-llm > scaling.yaml
  sagescale import chat-llm embeddings/blue --out scaling.yaml
  sagescale import chat-llm/AllTraffic --out scaling.yaml --backtest \
    --devices 4 --price 7.09 --report out.html`,
		Args: usage(cobra.MinimumNArgs(1)),
	}
	o.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return o.run(cmd, args, now) }
	return cmd
}

func (o *importOptions) flags(cmd *cobra.Command) {
	o.accountOptions.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "", "`file` for the policy, in place of standard output")
	f.BoolVar(&o.force, "force", false, "write --out over a file that exists")
	f.BoolVar(&o.backtest, "backtest", false, "replay it beside Application Auto Scaling, as that is registered")
	r := &o.replayed
	f.IntVar(&r.cloudwatch.days, "days", defaultDays, "`number` of days that --backtest reads, 1 to 63")
	f.IntVar(&r.cloudwatch.devices, "devices", 0, "`number` of GPUs of an instance, or of CPUs where it has none, to estimate its capacity by")
	f.Float64Var(&r.capacity, "instance-capacity", 0, "`requests` that one instance serves in a minute; estimated when left out")
	f.Float64Var(&r.price, "price", 0, "price of an instance hour, in `USD`")
	f.StringVar(&r.report, "report", "", "HTML `file` that shows the replay and its decisions")
	r.flags(cmd)
}

// check refuses flags that make no sense, and reads the names.
func (o *importOptions) check(cmd *cobra.Command, args []string) ([]variantName, error) {
	var names []variantName
	for _, arg := range args {
		name, err := parseTarget([]string{arg})
		if err != nil {
			return nil, invalid(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
		}
		if again := slices.IndexFunc(names, name.overlaps); again >= 0 {
			return nil, invalid(fmt.Errorf("%s and %s name a variant twice: give one of the two", names[again], name))
		}
		names = append(names, name)
	}
	if err := errors.Join(checkFormat(*o.format), o.checkReplay(cmd)); err != nil {
		return nil, err
	}
	return names, o.spare()
}

// checkReplay refuses flags of a replay that make no sense.
func (o *importOptions) checkReplay(cmd *cobra.Command) error {
	r := &o.replayed
	given := cmd.Flags().Changed
	for _, flag := range []string{"days", "devices", "instance-capacity", "price", "report", "provisioning",
		"scale-in", "metric-delay"} {
		if !o.backtest && given(flag) {
			return invalid(fmt.Errorf("--%s is for --backtest, which is not given", flag))
		}
	}
	if !o.backtest {
		return nil
	}
	if o.out == "" && *o.format != "json" {
		return invalid(errors.New("--backtest answers on standard output, where the policy would go: give --out " +
			"FILE, or --format json"))
	}
	if r.report != "" && r.report == o.out {
		return invalid(fmt.Errorf("--report and --out are the same file, %s", o.out))
	}
	return errors.Join(r.cloudwatch.checkNumbers(cmd), r.endpointTimes.check(), checkCapacity(cmd, r.capacity),
		r.checkPrice(cmd))
}

// spare refuses to write over a file, unless it is told to.
func (o *importOptions) spare() error {
	if o.out == "" || o.force {
		return nil
	}
	if _, err := os.Lstat(o.out); err == nil {
		return invalid(fmt.Errorf("%s exists: give another --out, or --force to write over it", o.out))
	}
	return nil
}

func (o *importOptions) run(cmd *cobra.Command, args []string, now func() time.Time) error {
	names, err := o.check(cmd, args)
	if err != nil {
		return err
	}
	a, err := o.openAccount(cmd.Context())
	if err != nil {
		return err
	}
	answer, registered, err := o.registered(cmd, a, names, now())
	if err != nil {
		return err
	}
	text, err := policyfile.Format(migrate.File(answer.Targets))
	if err != nil {
		return err
	}
	answer.Policy, answer.File = string(text), o.out
	if o.backtest {
		if answer.Backtest, err = o.compare(cmd, a, registered, now); err != nil {
			return err
		}
	}
	return o.answer(cmd, answer)
}

// registered reads what is registered and makes targets of it.
func (o *importOptions) registered(cmd *cobra.Command, a deployment.Account, names []variantName, now time.Time) (report.Imported, []migrate.Registered, error) {
	defer working(cmd.ErrOrStderr(), "asking AWS what is registered")()
	answer := report.Imported{Region: a.Region, On: o.place()}
	var all []migrate.Registered
	for _, name := range names {
		found, others, err := registeredOf(cmd.Context(), a, name)
		if err != nil {
			return answer, nil, err
		}
		answer.Others = append(answer.Others, others...)
		all = append(all, found...)
	}
	for _, r := range all {
		t, err := migrate.Convert(r, now)
		if err != nil {
			return answer, nil, err
		}
		answer.Targets = append(answer.Targets, t)
	}
	return answer, all, nil
}

// registeredOf returns what is registered of an endpoint or one of its variants, with the
// alarms of step policies, and the variants that are not.
func registeredOf(ctx context.Context, a deployment.Account, name variantName) (found []migrate.Registered, others []string, err error) {
	e, err := name.describe(ctx, a)
	if err != nil {
		return nil, nil, err
	}
	variants, err := scalable(e, name)
	if err != nil {
		return nil, nil, err
	}
	if found, err = a.Registrations.Read(ctx, e.Name, variants...); err != nil {
		return nil, nil, err
	}
	if len(found) == 0 {
		return nil, nil, fmt.Errorf("nothing is registered with Application Auto Scaling for %s in %s, so there "+
			"is nothing to import: "+
			"look in another Region by --region, or write a policy of your own", strings.Join(named(e.Name, variants),
			", "), a.Region)
	}
	for i := range found {
		for j := range found[i].Policies {
			p := &found[i].Policies[j]
			if p.Kind != migrate.StepScaling {
				continue
			}
			if p.Alarms, err = a.Alarms.Calling(ctx, p.ARN); err != nil {
				return nil, nil, err
			}
		}
		variants = slices.DeleteFunc(variants, func(v string) bool { return v == found[i].Variant })
	}
	return found, named(e.Name, variants), nil
}

// scalable are the variants that are meant, and scaled by their instances.
func scalable(e activity.Endpoint, name variantName) ([]string, error) {
	var out []string
	why := ""
	for _, v := range e.Variants {
		switch {
		case name.variant != "" && v.Name != name.variant:
		case v.Unsupported != "":
			why = v.Unsupported
		default:
			out = append(out, v.Name)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("sagescale does not scale %s: %s", name, why)
	}
	return out, nil
}

// named names variants of an endpoint.
func named(endpoint string, variants []string) []string {
	var out []string
	for _, v := range variants {
		out = append(out, variantName{endpoint, v}.String())
	}
	return out
}

// answer writes the policy, and says what differs.
func (o *importOptions) answer(cmd *cobra.Command, answer report.Imported) error {
	if o.out != "" {
		if err := save(o.out, answer.Policy); err != nil {
			return err
		}
	}
	var err error
	switch {
	case *o.format == "json":
		err = answer.JSON(cmd.OutOrStdout())
	case o.out != "":
		err = answer.Text(cmd.OutOrStdout())
	default:
		_, err = fmt.Fprint(cmd.OutOrStdout(), answer.Policy)
		if !answer.Complete() {
			fmt.Fprintln(cmd.ErrOrStderr(), "sagescale: not all that is registered is in the policy: see its "+
				"comments, LEFT OUT")
		}
	}
	if err == nil && !answer.Complete() {
		err = errHelp // the answer says what
	}
	return err
}
