// Command sagescale checks policies, explains decisions, replays loads of the past,
// shows sagescale at work without an account, and steers it in one.
//
// It answers on standard output and says everything else on standard error. Its
// exit code is 0 when done, 1 when it failed, 2 for wrong use or invalid input.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"sagescale/internal/deployment"
	"sagescale/internal/plain"
	"sagescale/internal/policyfile"
	"sagescale/internal/report"
)

// The exit codes.
const (
	exitDone    = 0
	exitFailed  = 1
	exitInvalid = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, time.Now)
	stop()
	os.Exit(code)
}

// run runs one command line and returns its exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer, now func() time.Time) int {
	root := rootCommand(now)
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errChanges):
		return exitChanges
	case errors.Is(err, errHelp):
		return exitFailed // the answer has said it
	}
	fmt.Fprintln(errs, complaint(err))
	return exitCode(err)
}

// rootCommand has all commands. now is for how long they take, and for what the commands
// that call AWS ask and answer: what is so now, which days they read, when an override ends.
// The others answer the same at any time.
func rootCommand(now func() time.Time) *cobra.Command {
	root := &cobra.Command{
		Use:   "sagescale",
		Short: "Scale Amazon SageMaker endpoints, and explain every decision",
		Long: `sagescale scales Amazon SageMaker endpoints.

It runs as a few Lambda functions in your account, deployed by cdk deploy. This
command checks policy files, explains single decisions, replays policies over loads
of the past, shows the whole at work in a simulated account, and shows and steers what
is deployed. Commands with --profile and --region, and backtest --from-cloudwatch, call
AWS, with the credentials that the AWS CLI would take; they say in their help by which
IAM actions, and write nothing but what they say.`,
		Example: `  sagescale demo                      # watch a simulated day
  sagescale validate scaling.yaml     # check a policy file
  sagescale decide < case.json        # explain one decision
  sagescale backtest --help           # what a policy would have done
  sagescale status                    # how the targets of a deployment do
  sagescale explain chat-llm/blue     # what was decided last, and why
  sagescale doctor                    # what is wrong, and what to do about it
  sagescale hold chat-llm/blue 6 --for 2h --reason launch
  sagescale import chat-llm           # the policy that equals a registration`,
		Args:          noCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,

		SuggestionsMinimumDistance: 2,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return invalid(fmt.Errorf("%w%s; see %s --help", err, flagMeant(cmd, err), cmd.CommandPath()))
	})
	grouped(root, "Offline:", demoCommand(now), validateCommand(), schemaCommand(), decideCommand(), backtestCommand(now))
	grouped(root, "See and understand a deployment:",
		statusCommand(now), planCommand(now), explainCommand(now), historyCommand(now), doctorCommand(now))
	grouped(root, "Steer a target of it:", pauseCommand(now), holdCommand(now), limitsCommand(now), resumeCommand(now))
	grouped(root, "Move from Application Auto Scaling:", importCommand(now), handOverCommand(now))
	grouped(root, "Help:", completionCommand(), manCommand())
	root.SetHelpCommandGroupID("Help:")
	complete(root)
	fit(root)
	return root
}

// fit lets the help of a command, and of those below it, fit 80 columns: whatever the width
// of the terminal, so that equal commands say equal bytes.
func fit(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		fit(sub)
	}
	cmd.Long = report.Paragraphs(cmd.Long)
	if !cmd.HasParent() {
		cmd.SetUsageTemplate(strings.ReplaceAll(cmd.UsageTemplate(), ".FlagUsages", ".FlagUsagesWrapped 80"))
	}
}

// grouped adds commands under a heading, in the order in which they are of use.
func grouped(root *cobra.Command, heading string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: heading, Title: heading})
	for _, c := range commands {
		c.GroupID = heading
	}
	root.AddCommand(commands...)
}

// noCommand refuses what is not a command, with the one that may be meant.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf("; did you mean %s?", strings.Join(near, " or "))
	}
	return invalid(fmt.Errorf("unknown command %q%s; see sagescale --help", args[0], hint))
}

// schemaCommand prints the JSON Schema of the policy file.
func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the policy file",
		Long: `Print the JSON Schema of the policy file, for editors that complete and check
YAML by one. It cannot express every rule: sagescale validate does.`,
		Example: "  sagescale schema > scaling.schema.json",
		Args:    usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(policyfile.Schema())
			return err
		},
	}
}

// errInvalid marks errors of the user's: wrong use or invalid input.
var errInvalid = errors.New("invalid")

// invalid marks err as the user's.
func invalid(err error) error { return fmt.Errorf("%w: %w", errInvalid, err) }

// usage marks the errors of an argument check as the user's.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return invalid(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
		}
		return nil
	}
}

// longestLine is how long a line about an error may be, in characters.
const longestLine = 2000

// complaint is what is said of an error: without the mark, one fault a line, each
// plain and of bounded length, because an error may quote what somebody else wrote.
func complaint(err error) string {
	lines := strings.Split(strings.TrimPrefix(err.Error(), errInvalid.Error()+": "), "\n")
	for i, line := range lines {
		lines[i] = plain.Cut(plain.Text(line), longestLine)
	}
	text := strings.Join(lines, "\n")
	if _, ok := errors.AsType[policyfile.Faults](err); ok {
		return text
	}
	if action, ok := deployment.Denied(err); ok {
		text += "\nsagescale: these credentials lack the IAM action " + action
	}
	return "sagescale: " + text
}

func exitCode(err error) int {
	var faults policyfile.Faults
	if errors.Is(err, deployment.ErrCredentials) { // which may come from a file that is not there
		return exitFailed
	}
	if errors.Is(err, errInvalid) || errors.Is(err, fs.ErrNotExist) || errors.As(err, &faults) {
		return exitInvalid
	}
	return exitFailed
}

// formatFlag adds --format to a command and returns where its value will be.
func formatFlag(cmd *cobra.Command, preset string) *string {
	format := cmd.Flags().String("format", preset, "how to answer: text or json")
	// The flag was defined in the line above, so this cannot fail.
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	return format
}

// checkFormat refuses what is neither text nor json.
func checkFormat(format string) error {
	if format != "text" && format != "json" {
		return invalid(fmt.Errorf("--format %q is neither text nor json", format))
	}
	return nil
}
