package main

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/spf13/cobra"

	"sagescale/internal/deployment"
	"sagescale/internal/doctor"
	"sagescale/internal/plain"
	"sagescale/internal/policy"
	"sagescale/internal/policyfile"
	"sagescale/internal/report"
)

// doctorOptions are the flags of doctor.
type doctorOptions struct {
	operatorOptions
	policy  string
	verbose bool
}

func doctorCommand(now func() time.Time) *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check a deployment and its account, and say what to do",
		Long: `Check a deployment and its account: the stack and its policy, functions and their
permissions, the state table, rules, schedules, alarms, dead letters, the last ticks,
the clock, and of every target the endpoint, who else scales it, its metrics and how
late they are, its state and overrides, and what a deployment of the endpoint would
reset. What is assumed of AWS and shows in passing is told as confirmed, contradicted
or not seen.

Every finding says what is so, why it matters and what to do. Nothing is changed. What
these credentials may not look at is "not checked", with the IAM action that is
lacking. The exit code is 1 when there is a problem, and 0 when there is none; warnings
and notes there may be.

Needed are the IAM actions cloudformation:DescribeStacks and ListStackResources,
lambda:GetFunction, iam:SimulatePrincipalPolicy, dynamodb:DescribeTable,
DescribeContinuousBackups, DescribeTimeToLive and Query, events:DescribeRule and
ListTargetsByRule, scheduler:ListSchedules and GetSchedule, sqs:GetQueueAttributes,
cloudwatch:DescribeAlarms and GetMetricData, logs:FilterLogEvents,
sagemaker:DescribeEndpoint and DescribeEndpointConfig, and
application-autoscaling:DescribeScalableTargets.`,
		Example: `  sagescale doctor
  sagescale doctor --policy scaling.yaml --verbose
  sagescale doctor --format json |
    jq '.findings[] | select(.level == "problem")'`,
		Args: usage(cobra.NoArgs),
	}
	o.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&o.policy, "policy", "", "policy `file` that the deployed policy should be")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "list what is well too")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := checkFormat(*o.format); err != nil {
			return err
		}
		defer working(cmd.ErrOrStderr(), "examining the deployment")()
		return o.examine(cmd.Context(), cmd.OutOrStdout(), now)
	}
	return cmd
}

// examine examines the deployment and writes the report. It fails with errHelp when there
// is a problem.
func (o *doctorOptions) examine(ctx context.Context, w io.Writer, now func() time.Time) error {
	var file *policy.Policy
	if o.policy != "" {
		var err error
		if file, err = policyfile.Load(o.policy); err != nil {
			return err
		}
	}
	d, err := deployment.OpenDoctor(ctx, o.where, now)
	if err != nil {
		return advised(err)
	}
	d.File, d.FileName = file, o.policy
	found, err := d.Examine(ctx)
	if err != nil {
		return err
	}
	if err := o.write(w, found); err != nil {
		return err
	}
	if found.Summary.Problems > 0 {
		return errHelp
	}
	return nil
}

func (o *doctorOptions) write(w io.Writer, r doctor.Report) error {
	if *o.format == "json" {
		e := json.NewEncoder(plain.JSON(w))
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	return report.Examination(w, r, o.verbose)
}
