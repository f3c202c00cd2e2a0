package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"sagescale/internal/cloudwatchlogs"
	"sagescale/internal/config"
	"sagescale/internal/deployment"
	"sagescale/internal/function"
	"sagescale/internal/plain"
	"sagescale/internal/policy"
	"sagescale/internal/report"
)

// statusOptions are the flags of status.
type statusOptions struct {
	operatorOptions
	watch    bool
	interval time.Duration
	deployed *policy.Policy // as it was last read
}

// shortestInterval keeps --watch from calling AWS without end.
const shortestInterval = 2 * time.Second

func statusCommand(now func() time.Time) *cobra.Command {
	var o statusOptions
	cmd := &cobra.Command{
		Use:   "status [ENDPOINT[/VARIANT]]",
		Short: "Show how the targets of a deployment do",
		Long: `Show how the targets of a deployment do, a line each, what is unhealthy first and marked:
the endpoint's status, the capacity in service (and the one asked for), the limits in
force, the last change, for how long nothing is removed yet, the override, the age and
error of the forecast; and when the functions last evaluated.

The exit code is 1 when somebody must look after something. Needed are the IAM actions
of sagescale plan, and logs:FilterLogEvents.`,
		Example: `  sagescale status
  sagescale status chat-llm --format json
  sagescale status --watch`,
		Args: usage(cobra.MaximumNArgs(1)),
	}
	o.flags(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.watch, "watch", false, "show it again and again, until interrupted")
	f.DurationVar(&o.interval, "interval", 10*time.Second, "`duration` between two looks of --watch, 2s or more")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return o.run(cmd, args, now) }
	return cmd
}

func (o *statusOptions) run(cmd *cobra.Command, args []string, now func() time.Time) error {
	asked, err := parseTarget(args)
	switch {
	case err != nil:
	case o.watch && o.interval < shortestInterval:
		err = fmt.Errorf("--interval %s is shorter than %s", o.interval, shortestInterval)
	case !o.watch && cmd.Flags().Changed("interval"):
		err = errors.New("--interval is for --watch, which is not given")
	}
	if err != nil {
		return invalid(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
	}
	if err := checkFormat(*o.format); err != nil {
		return err
	}
	if !o.watch {
		return o.show(cmd, asked, now)
	}
	return o.showAgain(cmd, asked, now)
}

// showAgain shows the status until the command is interrupted, whatever the status is.
func (o *statusOptions) showAgain(cmd *cobra.Command, asked variantName, now func() time.Time) error {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	shown := false
	for {
		err := o.show(cmd, asked, now)
		switch interrupted := ctx.Err() != nil; {
		case interrupted: // what came of it says nothing
		case err == nil, errors.Is(err, errHelp):
			shown = true
		case !shown:
			return err
		default: // it has worked before: the next look may again
			fmt.Fprintln(cmd.ErrOrStderr(), complaint(err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(o.interval):
		}
		if *o.format == "text" {
			fmt.Fprintln(out)
		}
	}
}

// show shows the status once.
func (o *statusOptions) show(cmd *cobra.Command, asked variantName, now func() time.Time) error {
	done := working(cmd.ErrOrStderr(), "asking AWS about the targets")
	status, err := o.status(cmd.Context(), asked, now)
	done()
	if err != nil {
		return err
	}
	if o.watch && *o.format == "text" && isTerminal(cmd.OutOrStdout()) {
		fmt.Fprint(cmd.OutOrStdout(), "\x1b[H\x1b[2J") // the last one
	}
	if err := o.write(cmd.OutOrStdout(), status); err != nil {
		return err
	}
	if !status.Healthy() {
		return errHelp
	}
	return nil
}

func (o *statusOptions) write(w io.Writer, s report.Status) error {
	if *o.format == "json" {
		return s.JSON(w)
	}
	return s.Text(w, screenOf(w))
}

// status asks how things are.
func (o *statusOptions) status(ctx context.Context, asked variantName, now func() time.Time) (report.Status, error) {
	d, err := o.open(ctx)
	if err != nil {
		return report.Status{}, err
	}
	if o.deployed == nil || o.deployed.Digest != d.Outputs[config.OutputDigest] {
		if o.deployed, err = d.Policy(ctx); err != nil {
			return report.Status{}, err
		}
	}
	outlook, err := o.preview(ctx, d, o.deployed, asked, now)
	if err != nil {
		return report.Status{}, err
	}
	status := report.Status{Outlook: outlook, Deployed: d.Changed, On: o.place()}
	status.Tick, status.TickError = lastTick(ctx, d, outlook.Now)
	return status, ctx.Err()
}

// seenBack is how far back a tick is looked for.
const seenBack = 15 * time.Minute

// lastTick is when the functions last evaluated, and what went wrong with that, or why it
// is not known. It is zero when there was none of late.
func lastTick(ctx context.Context, d deployment.Deployment, now time.Time) (at time.Time, fault string) {
	query := cloudwatchlogs.Query{
		Groups: []string{d.Outputs[config.OutputScheduleLogs]}, Pattern: function.InvocationPattern,
		From: now.Add(-seenBack), Through: now,
	}
	err := d.Logs.Read(ctx, query, func(m cloudwatchlogs.Message) {
		if i, ok := function.ParseInvocation(m.Text); ok && i.Evaluations > 0 && m.Time.After(at) {
			at, fault = m.Time, plain.Text(i.Error)
		}
	})
	if err != nil {
		return at, cause(err)
	}
	return at, fault
}
