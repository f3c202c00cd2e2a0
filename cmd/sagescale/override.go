package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"sagescale/internal/plain"
	"sagescale/internal/policy"
	"sagescale/internal/shell"
)

// overrideOptions are the flags of the commands that set an override.
type overrideOptions struct {
	operatorOptions
	length        time.Duration
	until, reason string
}

func (o *overrideOptions) flags(cmd *cobra.Command) {
	o.operatorOptions.flags(cmd)
	f := cmd.Flags()
	f.DurationVar(&o.length, "for", 0, "`duration` after which it ends by itself, such as 90m or 12h")
	f.StringVar(&o.until, "until", "", "`time` at which it ends by itself, such as 2026-11-23T18:00:00Z")
	f.StringVar(&o.reason, "reason", "", "`text` that stands in every decision meanwhile")
}

// end is when the override is over.
func (o *overrideOptions) end(now time.Time) (time.Time, error) {
	switch {
	case o.length != 0 && o.until != "":
		return time.Time{}, errors.New("--for and --until are two ends: give one")
	case o.length < 0:
		return time.Time{}, fmt.Errorf("--for %s is negative", o.length)
	case o.length > 0:
		return now.Add(o.length).UTC().Truncate(time.Second), nil
	case o.until == "":
		return time.Time{}, errors.New("an override ends by itself: say when, by --for 2h or --until 2026-11-23T18:00:00Z")
	}
	at, err := time.Parse(time.RFC3339, o.until)
	if err != nil {
		return time.Time{}, fmt.Errorf("--until %.40q is not a time such as 2026-11-23T18:00:00Z or 2026-11-23T18:00:00+01:00", o.until)
	}
	if !at.After(now) {
		return time.Time{}, fmt.Errorf("--until %s is over", o.until)
	}
	return at.UTC(), nil
}

// wanted is an override as a command line asks for it, without its end.
type wanted func(args []string) (policy.Override, error)

func pauseCommand(now func() time.Time) *cobra.Command {
	var o overrideOptions
	var in, out bool
	cmd := &cobra.Command{
		Use:   "pause ENDPOINT/VARIANT",
		Short: "Hold every change of a target's capacity for a while",
		Long: `Hold every change of a target's capacity for a while, in one direction or in both:
whatever metrics, schedules and limits ask for. What is already on its way is not
stopped.` + aboutOverrides,
		Example: `  sagescale pause chat-llm/AllTraffic --for 2h --reason "load test"
  sagescale pause chat-llm/AllTraffic --in --until 2026-11-23T18:00:00Z`,
		Args: usage(cobra.ExactArgs(1)),
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&in, "in", false, "hold scale-ins alone")
	cmd.Flags().BoolVar(&out, "out", false, "hold scale-outs alone")
	return o.command(cmd, now, func([]string) (policy.Override, error) {
		direction := policy.Both
		switch {
		case in && !out:
			direction = policy.In
		case out && !in:
			direction = policy.Out
		}
		return policy.Override{Pause: direction}, nil
	})
}

func holdCommand(now func() time.Time) *cobra.Command {
	var o overrideOptions
	cmd := &cobra.Command{
		Use:   "hold ENDPOINT/VARIANT N",
		Short: "Bring a target to a capacity and keep it there for a while",
		Long: `Bring a target to N instances and keep it there for a while, also beyond the limits
of its policy: at once, as no cooldown and no velocity holds limits back.` + aboutOverrides,
		Example: `  sagescale hold chat-llm/AllTraffic 6 --for 12h --reason "launch"`,
		Args:    usage(cobra.ExactArgs(2)),
	}
	o.flags(cmd)
	return o.command(cmd, now, func(args []string) (policy.Override, error) {
		n, err := strconv.Atoi(args[1])
		if err != nil || n < 1 {
			return policy.Override{}, fmt.Errorf("%.40q is not a number of instances from 1 on", args[1])
		}
		return policy.Override{Min: &n, Max: &n}, nil
	})
}

func limitsCommand(now func() time.Time) *cobra.Command {
	var o overrideOptions
	var least, most int
	cmd := &cobra.Command{
		Use:   "limits ENDPOINT/VARIANT",
		Short: "Put other limits in the place of a target's for a while",
		Long: `Put another minimum, another maximum, or both, in the place of those in force for a
while, also beyond the policy's. One that crosses the other pulls it along.` + aboutOverrides,
		Example: `  sagescale limits chat-llm/AllTraffic --max 24 --for 3h --reason "sale"
  sagescale limits chat-llm/AllTraffic --min 4 --max 12 \
    --until 2026-11-24T06:00:00Z`,
		Args: usage(cobra.ExactArgs(1)),
	}
	o.flags(cmd)
	cmd.Flags().IntVar(&least, "min", 0, "`number` of instances, 1 at least")
	cmd.Flags().IntVar(&most, "max", 0, "`number` of instances")
	return o.command(cmd, now, func([]string) (policy.Override, error) {
		var w policy.Override
		if !cmd.Flags().Changed("min") && !cmd.Flags().Changed("max") {
			return w, errors.New("say which limit: --min, --max, or both")
		}
		if cmd.Flags().Changed("min") {
			w.Min = &least
		}
		if cmd.Flags().Changed("max") {
			w.Max = &most
		}
		return w, nil
	})
}

// aboutOverrides is said of every command that sets one.
const aboutOverrides = `

It takes effect at the next evaluation, within a minute, ends by itself or by sagescale
resume, and is in every decision record meanwhile, with your name and your reason. A
target has one override: another one takes its place. Written is one item of the state
table; needed are the IAM actions cloudformation:DescribeStacks,
sagemaker:DescribeEndpoint, dynamodb:Query and dynamodb:PutItem.`

// command completes a command that sets an override.
func (o *overrideOptions) command(cmd *cobra.Command, now func() time.Time, want wanted) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		name, override, err := o.override(args, now(), want)
		if err != nil {
			return invalid(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
		}
		return o.set(cmd.Context(), cmd.OutOrStdout(), name, override, now())
	}
	return cmd
}

// override reads what is asked for.
func (o *overrideOptions) override(args []string, now time.Time, want wanted) (variantName, policy.Override, error) {
	name, err := parseVariant(args[0])
	if err != nil {
		return variantName{}, policy.Override{}, err
	}
	override, err := want(args)
	if err != nil {
		return variantName{}, policy.Override{}, err
	}
	if override.Until, err = o.end(now); err != nil {
		return variantName{}, policy.Override{}, err
	}
	override.Reason = o.reason
	if err := override.Check(); err != nil {
		return variantName{}, policy.Override{}, err
	}
	return name, override, checkFormat(*o.format)
}

// set writes an override and says what is so now.
func (o *overrideOptions) set(ctx context.Context, w io.Writer, name variantName, override policy.Override, now time.Time) error {
	d, err := o.open(ctx)
	if err != nil {
		return err
	}
	if err := name.exists(ctx, d); err != nil {
		return err
	}
	if override.By, err = d.Caller.Name(ctx); err != nil {
		return err
	}
	override.By = plain.Cut(plain.Text(override.By), longestName)
	answer := overrideAnswer{on: o.place(), Endpoint: name.endpoint, Variant: name.variant, Override: &override}
	state, before, err := d.Store.Load(ctx, name.endpoint)
	if err != nil {
		answer.Note = "what was set before could not be read, and is replaced: " + err.Error()
	} else if state.Version == 0 {
		answer.Note = "stack " + o.where.Stack + " has not changed endpoint " + name.endpoint + " yet: nobody heeds this if its policy has no such target"
	}
	answer.replaces(before[name.variant], now)
	if err := d.Store.SaveOverride(ctx, name.endpoint, name.variant, override); err != nil {
		return err
	}
	return answer.write(w, *o.format, now)
}

// longestName bounds who has set an override.
const longestName = 200

func resumeCommand(now func() time.Time) *cobra.Command {
	var o operatorOptions
	cmd := &cobra.Command{
		Use:   "resume ENDPOINT/VARIANT",
		Short: "End a target's override",
		Long: `End a target's pause, hold or limits: from the next evaluation on its policy decides
again. To end what is not there is no error. Needed are the IAM actions
cloudformation:DescribeStacks, dynamodb:Query and dynamodb:DeleteItem.`,
		Example: "  sagescale resume chat-llm/AllTraffic",
		Args:    usage(cobra.ExactArgs(1)),
	}
	o.flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		name, err := parseVariant(args[0])
		if err == nil {
			err = checkFormat(*o.format)
		}
		if err != nil {
			return invalid(err)
		}
		return o.resume(cmd.Context(), cmd.OutOrStdout(), name, now())
	}
	return cmd
}

// resume deletes an override and says what it was. One that cannot be read is deleted too.
func (o *operatorOptions) resume(ctx context.Context, w io.Writer, name variantName, now time.Time) error {
	d, err := o.open(ctx)
	if err != nil {
		return err
	}
	answer := overrideAnswer{on: o.place(), Endpoint: name.endpoint, Variant: name.variant}
	_, before, err := d.Store.Load(ctx, name.endpoint)
	if err != nil {
		answer.Note = "what was set could not be read, and is deleted: " + err.Error()
	}
	answer.replaces(before[name.variant], now)
	answer.None = err == nil && answer.Replaced == nil
	if others := inForce(before, now); answer.None && len(others) > 0 {
		answer.Note = "set of endpoint " + name.endpoint + " are those of " + some(others)
	}
	if err := d.Store.DeleteOverride(ctx, name.endpoint, name.variant); err != nil {
		return err
	}
	return answer.write(w, *o.format, now)
}

// inForce names the variants whose overrides are in force.
func inForce(all map[string]policy.Override, now time.Time) []string {
	var out []string
	for _, variant := range slices.Sorted(maps.Keys(all)) {
		if all[variant].InForce(now) {
			out = append(out, variant)
		}
	}
	return out
}

// overrideAnswer says what is in force of a target's overrides, and what was.
type overrideAnswer struct {
	Endpoint string           `json:"endpoint"`
	Variant  string           `json:"variant"`
	Override *policy.Override `json:"override"` // null for none
	Replaced *policy.Override `json:"replaced,omitempty"`
	Note     string           `json:"note,omitempty"`
	// None says that there was none to end.
	None bool        `json:"-"`
	on   shell.Place // where the command works that ends it
}

// replaces notes the override before, if it is still in force.
func (a *overrideAnswer) replaces(before policy.Override, now time.Time) {
	if before.InForce(now) {
		a.Replaced = &before
	}
}

func (a *overrideAnswer) write(w io.Writer, format string, now time.Time) error {
	if format == "json" {
		e := json.NewEncoder(plain.JSON(w))
		e.SetIndent("", "  ")
		return e.Encode(a)
	}
	name := variantName{a.Endpoint, a.Variant}
	p := &printer{w: w}
	switch {
	case a.None:
		p.line("%s: no override was in force, so nothing was changed", name)
	case a.Override == nil:
		p.line("%s: its policy decides again", name)
	default:
		p.line("%s: %s", name, effect(*a.Override))
		p.override("  ", *a.Override, now)
	}
	if a.Replaced != nil {
		p.line("  before   %s", effect(*a.Replaced))
		p.override("           ", *a.Replaced, now)
	}
	if a.Note != "" {
		p.line("  note     %s", plain.Text(a.Note))
	}
	if a.Override != nil {
		p.line("It takes effect at the next evaluation, within a minute. To end it:")
		p.line("  %s", a.on.Put("sagescale resume "+name.String()))
	}
	return p.err
}

// effect says what an override does.
func effect(o policy.Override) string {
	text := map[policy.Direction]string{policy.In: "no scale-ins", policy.Out: "no scale-outs", policy.Both: "no changes"}[o.Pause]
	limits := ""
	switch {
	case o.Min != nil && o.Max != nil && *o.Min == *o.Max:
		limits = fmt.Sprintf("held at %d", *o.Min)
	case o.Min != nil && o.Max != nil:
		limits = fmt.Sprintf("limits %d to %d", *o.Min, *o.Max)
	case o.Min != nil:
		limits = fmt.Sprintf("a minimum of %d", *o.Min)
	case o.Max != nil:
		limits = fmt.Sprintf("a maximum of %d", *o.Max)
	}
	if text != "" && limits != "" {
		return text + ", " + limits
	}
	return text + limits
}

// printer writes lines until one cannot be written.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// override shows until when, by whom and why.
func (p *printer) override(indent string, o policy.Override, now time.Time) {
	p.line("%suntil    %s", indent, moment(o.Until, now))
	if o.By != "" {
		p.line("%sby       %s", indent, plain.Text(o.By))
	}
	if o.Reason != "" {
		p.line("%sreason   %s", indent, plain.Text(o.Reason))
	}
}
