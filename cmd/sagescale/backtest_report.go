package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sagescale/internal/policy"
	"sagescale/internal/replay"
	"sagescale/internal/report"
)

// checkReport refuses a report that cannot be, or in the place of something else.
func (o *backtestOptions) checkReport() error {
	if o.report != "" && isDirectory(o.trace) {
		return invalid(fmt.Errorf("--report needs a single trace: --trace %s is a directory", o.trace))
	}
	if err := spares("report", o.report, o.trace, o.policy); err != nil {
		return err
	}
	for flag, other := range map[string]string{"timeline": o.timeline, "save-trace": o.cloudwatch.save} {
		if o.report != "" && other != "" && (filepath.Clean(o.report) == filepath.Clean(other) || sameFile(o.report, other)) {
			return invalid(fmt.Errorf("--report %s and --%s are one file", o.report, flag))
		}
	}
	return nil
}

// writeReport replays the frontier and writes the page to its file.
func (o *backtestOptions) writeReport(cmd *cobra.Command, now func() time.Time, t policy.Target, page report.Page) error {
	file, err := create(o.report) // before the work of minutes
	if err != nil {
		return err
	}
	defer file.Discard()
	tracking := o.tracking(t, page.Model.InstanceCapacity)
	page.PeerTarget = tracking.Target
	page.Timelines = slices.DeleteFunc(page.Timelines, func(line replay.Timeline) bool { return line.Name == oracleName })
	page.Command, page.Version = commandLine(cmd), version()
	p := newProgress(cmd.ErrOrStderr(), now)
	page.Frontier, err = replay.RunFrontier(cmd.Context(), page.Model, page.Trace, t, tracking, p.step)
	p.end()
	if err != nil {
		return err
	}
	if err := page.HTML(file); err != nil {
		return err
	}
	return file.Commit()
}

// commandLine is a command line that does the same, for a shell.
func commandLine(cmd *cobra.Command) string {
	words := []string{cmd.CommandPath()}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		value := f.Value.String()
		if f.Value.Type() == "bool" { // whose value may only stand in one word with it
			words = append(words, "--"+f.Name+"="+value)
			return
		}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			value = cmp.Or(strings.Join(list.GetSlice(), ","), "none")
		}
		words = append(words, "--"+f.Name, quoted(value))
	})
	for _, arg := range cmd.Flags().Args() {
		words = append(words, quoted(arg))
	}
	return strings.Join(words, " ")
}

// quoted is a word for a shell.
func quoted(word string) string {
	strange := func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,@%+=", r)
	}
	if word != "" && !strings.ContainsFunc(word, strange) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// version is that of the module, as far as the build knows it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
