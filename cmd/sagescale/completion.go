package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sagescale/internal/policyfile"
	"sagescale/internal/spelling"
)

// usualPolicy is the policy file whose targets are offered where none is named.
const usualPolicy = "scaling.yaml"

// shells are those that there is a completion for.
func shells() []string { return []string{"bash", "zsh", "fish"} }

// completionCommand prints the script that lets a shell complete command lines. It
// takes the place of cobra's own.
func completionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print the completion for bash, zsh or fish",
		Long: `Print the script by which bash, zsh or fish completes commands, flags, files and
targets. Load it whenever a shell starts:

  bash   echo 'source <(sagescale completion bash)' >> ~/.bashrc
         (it needs the package bash-completion)
  zsh    echo 'source <(sagescale completion zsh)' >> ~/.zshrc
         (after the line with compinit)
  fish   sagescale completion fish > ~/.config/fish/completions/sagescale.fish

ENDPOINT/VARIANT is completed by the targets of the file that --policy names, or of
scaling.yaml in the working directory. No AWS service is called.`,
		Example: `  sagescale completion bash
  sagescale completion zsh > _sagescale`,
		Args:      usage(cobra.ExactArgs(1)),
		ValidArgs: shells(),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		root, out := cmd.Root(), cmd.OutOrStdout()
		switch args[0] {
		case "bash":
			return root.GenBashCompletionV2(out, true)
		case "zsh":
			return root.GenZshCompletion(out)
		case "fish":
			return root.GenFishCompletion(out, true)
		}
		return invalid(fmt.Errorf("there is no completion for %.40q%s: there is for %s",
			args[0], meant("", args[0], shells()), strings.Join(shells(), ", ")))
	}
	return cmd
}

// meant is a hint at the known name that a misspelt one is close to, or nothing.
func meant(prefix, name string, known []string) string {
	if near, ok := spelling.Nearest(name, known); ok {
		return "; did you mean " + prefix + near + "?"
	}
	return ""
}

// flagMeant is a hint at the flag that was meant by one that a command does not have.
func flagMeant(cmd *cobra.Command, err error) string {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return ""
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	// A long flag with one hyphen is read as several short ones.
	if letters := unknown.GetSpecifiedShortnames(); letters != "" {
		name, _, _ := strings.Cut(letters, "=")
		return meant("--", name, slices.DeleteFunc(known, func(flag string) bool { return len(flag) < 2 }))
	}
	return meant("--", unknown.GetSpecifiedName(), known)
}

// complete tells shells what the arguments and the flags of a command, and of those below
// it, can be: where nothing is known, nothing, instead of files that would be refused.
func complete(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		complete(sub)
	}
	if cmd.ValidArgsFunction == nil && cmd.ValidArgs == nil {
		cmd.ValidArgsFunction = ofArguments(cmd.Use)
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		_, known := cmd.GetFlagCompletionFunc(f.Name)
		if completion := ofFlag(f); completion != nil && !known {
			// It fails only for a flag that does not exist, or has a completion.
			_ = cmd.RegisterFlagCompletionFunc(f.Name, completion)
		}
	})
}

// ofArguments completes the arguments that a usage line names.
func ofArguments(use string) cobra.CompletionFunc {
	_, arguments, _ := strings.Cut(use, " ")
	switch {
	case strings.HasPrefix(arguments, "FILE"):
		return files("yaml", "yml")
	case strings.HasPrefix(arguments, "[CASE]"):
		return files("json")
	case strings.HasPrefix(strings.TrimPrefix(arguments, "["), "ENDPOINT"):
		return func(cmd *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 && !strings.HasSuffix(arguments, "...") {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return targets(cmd, args, toComplete)
		}
	}
	return cobra.NoFileCompletions
}

// ofFlag completes the value of a flag, by what its usage text calls it; it is nil where
// that is any file, as the shell completes them.
func ofFlag(f *pflag.Flag) cobra.CompletionFunc {
	kind, _ := pflag.UnquoteUsage(f)
	switch {
	case f.Name == "policy":
		return files("yaml", "yml")
	case kind == "file", kind == "directory":
		return nil
	case kind == "target":
		return targets
	}
	return cobra.NoFileCompletions
}

// files completes files of some kinds.
func files(kinds ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(kinds, cobra.ShellCompDirectiveFilterFileExt)
}

// targets offers the targets of the policy file that the command line names, or of the
// usual one. A file that cannot be read offers none: a shell has no place for an error.
func targets(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	file := usualPolicy
	if f := cmd.Flags().Lookup("policy"); f != nil && f.Changed {
		file = f.Value.String()
	}
	p, err := policyfile.Load(file)
	if err != nil {
		cobra.CompDebugln(fmt.Sprintf("read policy file: %v", err), false)
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []cobra.Completion
	for _, t := range p.Targets {
		names = append(names, t.Key())
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
