package main

import (
	"errors"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// manCommand prints the manual.
func manCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "man",
		Short: "Print the manual page",
		Long: `Print the manual page, in roff, with all commands on one page; with --dir a page for
each command is written there too, as sagescale-COMMAND.1.`,
		Example: `  sagescale man > sagescale.1
  sagescale man | man -l -
  sagescale man --dir ~/.local/share/man/man1`,
		Args: usage(cobra.NoArgs),
	}
	dir := cmd.Flags().String("dir", "", "`directory` for a page of each command, in place of one page of all")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if !cmd.Flags().Changed("dir") {
			_, err := io.WriteString(cmd.OutOrStdout(), manual(cmd.Root()))
			return err
		}
		return writePages(cmd.Root(), *dir)
	}
	return cmd
}

// writePages writes the page of all commands and one of each. Files that are there are
// replaced.
func writePages(root *cobra.Command, dir string) error {
	pages := map[string]string{root.Name(): manual(root)}
	for _, cmd := range listed(root) {
		pages[pageName(cmd)] = manualOf(cmd)
	}
	var all error
	for name, text := range pages {
		all = errors.Join(all, save(filepath.Join(dir, name+".1"), text))
	}
	return all
}

// listed returns the commands that a person may choose from, in their order.
func listed(root *cobra.Command) []*cobra.Command {
	var all []*cobra.Command
	for _, cmd := range root.Commands() {
		if cmd.IsAvailableCommand() {
			all = append(all, cmd)
		}
	}
	return all
}

func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manual is the page of all commands. It has no date: equal commands make equal bytes.
func manual(root *cobra.Command) string {
	r := &roff{}
	r.title(root.Name())
	r.section("NAME")
	r.text(root.Name() + " - " + lowerFirst(root.Short))
	r.section("SYNOPSIS")
	r.text(root.Name() + " COMMAND [FLAGS] [ARGUMENTS]")
	r.section("DESCRIPTION")
	r.prose(root.Long)
	r.section("COMMANDS")
	for _, cmd := range listed(root) {
		r.subsection(cmd.UseLine())
		r.prose(cmd.Long)
		r.options(cmd)
		r.literal(cmd.Example)
	}
	ending(r)
	r.section("EXAMPLES")
	r.literal(root.Example)
	return r.String()
}

// manualOf is the page of one command.
func manualOf(cmd *cobra.Command) string {
	r := &roff{}
	r.title(pageName(cmd))
	r.section("NAME")
	r.text(pageName(cmd) + " - " + lowerFirst(cmd.Short))
	r.section("SYNOPSIS")
	r.text(cmd.UseLine())
	r.section("DESCRIPTION")
	r.prose(cmd.Long)
	if cmd.HasAvailableLocalFlags() {
		r.section("OPTIONS")
		r.options(cmd)
	}
	ending(r)
	r.section("EXAMPLES")
	r.literal(cmd.Example)
	r.section("SEE ALSO")
	r.text(cmd.Root().Name() + "(1)")
	return r.String()
}

// ending writes what holds for every command.
func ending(r *roff) {
	r.section("EXIT STATUS")
	r.tagged("0", "done")
	r.tagged("1", "it failed")
	r.tagged("2", "wrong use, or an input that is not valid")
	r.tagged("others", "as the command says")
	r.section("ENVIRONMENT")
	r.tagged("AWS_PROFILE, AWS_REGION, AWS_ACCESS_KEY_ID, ...",
		"as of the AWS CLI, for the commands that call AWS; --profile and --region come first")
	r.tagged("COLUMNS", "how wide the terminal is")
	r.tagged("NO_COLOR", "if it is set, nothing is coloured; on a pipe nothing ever is")
}

// options writes the flags of a command.
func (r *roff) options(cmd *cobra.Command) {
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		name, usage := pflag.UnquoteUsage(f)
		if f.Value.Type() != "bool" && !unset(f.DefValue) {
			usage += " (default " + f.DefValue + ")"
		}
		names := "--" + f.Name
		if f.Shorthand != "" {
			names = "-" + f.Shorthand + ", " + names
		}
		r.tagged(strings.TrimSpace(names+" "+name), strings.Join(strings.Fields(usage), " "))
	})
}

// unset reports whether a default says nothing.
func unset(value string) bool { return value == "" || value == "0" || value == "0s" || value == "[]" }

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }
