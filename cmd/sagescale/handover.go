package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"sagescale/internal/activity"
	"sagescale/internal/deployment"
	"sagescale/internal/migrate"
	"sagescale/internal/policy"
	"sagescale/internal/report"
	"sagescale/internal/shell"
)

// handOverOptions are the flags of hand-over.
type handOverOptions struct {
	operatorOptions
	back, yes bool
	now       func() time.Time
}

func handOverCommand(now func() time.Time) *cobra.Command {
	o := handOverOptions{now: now}
	cmd := &cobra.Command{
		Use:   "hand-over ENDPOINT/VARIANT",
		Short: "Hand a variant over from Application Auto Scaling, or back",
		Long: `Hand a variant over from Application Auto Scaling to sagescale, or by --back to
it. Each step is shown with the call that it makes and why; none is carried out
without --yes, and before each it is checked that the world is as the step
assumes. What is done already is not done again.

Nothing is deleted: all scaling of the registered variant is suspended in
Application Auto Scaling, and resumed on the way back; limits, policies,
scheduled actions and alarms stay there as they are. Of a variant that is
registered and not suspended sagescale changes nothing (ScalingConflict): so
one of them scales it, and for a minute at most none does.

The way back needs no deployment: it is open when the stack is gone, too.

The exit code is 1 when a step cannot be taken. Needed are the IAM actions
sagemaker:DescribeEndpoint, application-autoscaling:DescribeScalableTargets and,
with --yes, application-autoscaling:RegisterScalableTarget; and
cloudformation:DescribeStacks and lambda:GetFunction, without which the way back
only cannot say whether the policy still has the target. To hand over, also
dynamodb:Query, for whether an override pauses the target, and
logs:FilterLogEvents, for whether the functions evaluate.`,
		Example: `  sagescale hand-over chat-llm/AllTraffic        # what would be done
  sagescale hand-over chat-llm/AllTraffic --yes  # do it
  sagescale hand-over chat-llm/AllTraffic --back --yes`,
		Args: usage(cobra.ExactArgs(1)),
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&o.back, "back", false, "back to Application Auto Scaling")
	cmd.Flags().BoolVar(&o.yes, "yes", false, "carry the steps out")
	cmd.RunE = o.run
	return cmd
}

func (o *handOverOptions) run(cmd *cobra.Command, args []string) error {
	name, err := parseVariant(args[0])
	if err != nil {
		return invalid(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
	}
	if err := checkFormat(*o.format); err != nil {
		return err
	}
	done := working(cmd.ErrOrStderr(), "asking AWS who scales "+name.String())
	answer, err := o.handOver(cmd.Context(), name)
	done()
	if len(answer.Steps) == 0 {
		return err
	}
	write := answer.Text
	if *o.format == "json" {
		write = answer.JSON
	}
	if err := errors.Join(write(cmd.OutOrStdout()), err); err != nil {
		return err
	}
	if answer.Refused() {
		return errHelp // the answer says what
	}
	return nil
}

// handOver takes the steps, or looks at them.
func (o *handOverOptions) handOver(ctx context.Context, name variantName) (report.HandOver, error) {
	d, err := o.reach(ctx)
	if err != nil {
		return report.HandOver{}, err
	}
	e, err := name.describe(ctx, d.Account)
	if err != nil {
		return report.HandOver{}, err
	}
	variant, _ := e.Variant(name.variant)
	h := handingOver{Deployment: d, where: o.where, name: name, variant: variant, yes: o.yes, now: o.now}
	steps := h.forth()
	if o.back {
		steps = h.back()
	}
	out := report.HandOver{
		Endpoint: name.endpoint, Variant: name.variant, Region: d.Region, Stack: o.where.Stack, Back: o.back, CarriedOut: o.yes,
		On: o.place(),
	}
	for _, take := range steps {
		s, err := take(ctx)
		if err != nil { // what was done before is told all the same
			s.State, s.Detail = report.StepFailed, err.Error()
			out.Steps = append(out.Steps, s)
			return out, err
		}
		out.Steps = append(out.Steps, s)
		if s.State == report.StepRefused {
			break
		}
	}
	return out, nil
}

// reach opens what the steps need: on the way back the account alone, because that way
// must not hang on what one wants to get away from.
func (o *handOverOptions) reach(ctx context.Context) (deployment.Deployment, error) {
	if !o.back {
		return o.open(ctx)
	}
	a, err := o.openAccount(ctx)
	return deployment.Deployment{Account: a}, err
}

// handingOver is a hand-over of a variant, whose steps are carried out or only looked at.
// Of the deployment the way back has the account alone.
type handingOver struct {
	deployment.Deployment
	where   deployment.Where
	name    variantName
	variant activity.Variant
	yes     bool
	now     func() time.Time
}

// step looks at how a step stands and, if it may, takes it.
type step func(context.Context) (report.HandOverStep, error)

// forth are the steps from Application Auto Scaling to sagescale.
func (h handingOver) forth() []step {
	return []step{h.deployed, h.suspend, h.suspended}
}

// back are the steps the other way.
func (h handingOver) back() []step {
	return []step{h.resume, h.resumed, h.leave}
}

// suspend suspends all scaling of the variant in Application Auto Scaling.
func (h handingOver) suspend(ctx context.Context) (report.HandOverStep, error) {
	s := report.HandOverStep{
		What: "Suspend all scaling of it in Application Auto Scaling",
		Why:  "Two scalers on one variant fight. What is registered stays, so that the way back is one call.",
		Call: h.registerCall(true),
	}
	r, ok, err := h.Registrations.Find(ctx, h.name.endpoint, h.name.variant)
	if err != nil {
		return s, err
	}
	switch {
	case !ok:
		s.State, s.Detail = report.StepBefore, "it is not registered there, so nothing has to be suspended"
		return s, nil
	case r.Suspended.Whole():
		s.State, s.Detail = report.StepBefore, "it is registered with limits "+registeredLimits(r)+", and wholly suspended"
		return s, nil
	}
	s.Detail = "it is registered with limits " + registeredLimits(r) + h.outside(r)
	if !r.Suspended.None() {
		s.Detail += ". A part of it is suspended already: the way back resumes that too"
	}
	return h.set(ctx, s, migrate.Suspension{In: true, Out: true, Scheduled: true})
}

// set sets what is suspended, if it may.
func (h handingOver) set(ctx context.Context, s report.HandOverStep, to migrate.Suspension) (report.HandOverStep, error) {
	if !h.yes {
		s.State = report.StepToDo
		return s, nil
	}
	if err := h.Registrations.Suspend(ctx, h.name.endpoint, h.name.variant, to); err != nil {
		return s, err
	}
	s.State = report.StepDone
	return s, nil
}

// suspended verifies that sagescale has no reason left to refuse.
func (h handingOver) suspended(ctx context.Context) (report.HandOverStep, error) {
	s := report.HandOverStep{
		What: "Verify that nobody else scales it",
		Why:  "sagescale asks the same before every change, and refuses as long as somebody does.",
		Call: "application-autoscaling:DescribeScalableTargets",
	}
	conflict, err := h.Scalers.Conflict(ctx, h.name.endpoint, h.name.variant)
	switch {
	case err != nil:
		return s, err
	case conflict == "":
		s.State, s.Detail = report.StepOK, "sagescale may scale it, from the next tick on, within a minute"
	case h.yes:
		return refuse(s, "%s. The suspension did not take effect: look at it, and try again", conflict), nil
	default:
		s.State = report.StepToDo
	}
	return s, nil
}

// resume lets Application Auto Scaling scale the variant again.
func (h handingOver) resume(ctx context.Context) (report.HandOverStep, error) {
	s := report.HandOverStep{
		What: "Resume all scaling of it in Application Auto Scaling",
		Why:  "From then on every change that sagescale would make of it is refused with ScalingConflict.",
		Call: h.registerCall(false),
	}
	r, ok, err := h.Registrations.Find(ctx, h.name.endpoint, h.name.variant)
	if err != nil {
		return s, err
	}
	switch {
	case !ok:
		return refuse(s, "it is not registered there any more: register it with its policies first, "+
			"as it was set up"), nil
	case r.Suspended.None():
		s.State, s.Detail = report.StepBefore, "it is registered with limits "+registeredLimits(r)+", and nothing is suspended"
		return s, nil
	}
	s.Detail = "it is registered with limits " + registeredLimits(r) + h.outside(r)
	return h.set(ctx, s, migrate.Suspension{})
}

// resumed verifies that sagescale has a reason to refuse.
func (h handingOver) resumed(ctx context.Context) (report.HandOverStep, error) {
	s := report.HandOverStep{
		What: "Verify that sagescale leaves it alone",
		Why:  "It must see that Application Auto Scaling scales the variant.",
		Call: "application-autoscaling:DescribeScalableTargets",
	}
	conflict, err := h.Scalers.Conflict(ctx, h.name.endpoint, h.name.variant)
	switch {
	case err != nil:
		return s, err
	case conflict != "":
		s.State, s.Detail = report.StepOK, "every change that sagescale would make is refused with ScalingConflict"
	case h.yes:
		return refuse(s, "sagescale sees no other scaler: it is still suspended. Look at it, and try again"), nil
	default:
		s.State = report.StepToDo
	}
	return s, nil
}

// leave says what is left for the user to do on the way back. That is known for sure only
// where the deployed policy can be read.
func (h handingOver) leave(ctx context.Context) (report.HandOverStep, error) {
	s := report.HandOverStep{
		What: "Take the target out of the policy, and deploy",
		Why:  "Until then every change that it would make is refused with ScalingConflict.",
		Call: "make deploy POLICY=scaling.yaml",
	}
	p, err := h.deployedPolicy(ctx)
	if err != nil {
		s.State, s.Detail = report.StepYours, "whether the deployed policy has the target is not known: "+cause(err)
		return s, ctx.Err()
	}
	s.State = report.StepYours
	if _, ok := h.target(p); !ok {
		s.State, s.Detail = report.StepBefore, "the deployed policy has no such target"
	}
	return s, nil
}

// deployedPolicy looks for the deployment, and for its policy.
func (h handingOver) deployedPolicy(ctx context.Context) (*policy.Policy, error) {
	d, err := deployment.Open(ctx, h.where)
	if err != nil {
		return nil, err
	}
	return d.Policy(ctx)
}

// refuse makes a step one that cannot be taken, and why.
func refuse(s report.HandOverStep, format string, args ...any) report.HandOverStep {
	s.State, s.Detail = report.StepRefused, fmt.Sprintf(format, args...)
	return s
}

func registeredLimits(r migrate.Registered) string { return fmt.Sprintf("%d to %d", r.Min, r.Max) }

// outside warns of what Application Auto Scaling does at once to a capacity that is
// outside the registered limits.
func (h handingOver) outside(r migrate.Registered) string {
	if n := h.variant.Desired; n < r.Min || n > r.Max {
		return fmt.Sprintf("; its capacity of %d is outside them, and Application Auto Scaling brings it inside "+
			"by this call, at once", n)
	}
	return ""
}

// registerCall is the call that sets what is suspended, as the AWS CLI makes it.
func (h handingOver) registerCall(suspended bool) string {
	place := shell.Place(h.where).Flags("aws")
	if place != "" {
		place += " \\\n"
	}
	return fmt.Sprintf(`aws application-autoscaling register-scalable-target \
%[4]s--service-namespace sagemaker \
--scalable-dimension sagemaker:variant:DesiredInstanceCount \
--resource-id endpoint/%[1]s/variant/%[2]s \
--suspended-state '{"DynamicScalingInSuspended": %[3]t,
  "DynamicScalingOutSuspended": %[3]t,
  "ScheduledScalingSuspended": %[3]t}'`, h.name.endpoint, h.name.variant, suspended, place)
}
