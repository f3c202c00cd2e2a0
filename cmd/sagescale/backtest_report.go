package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sagescale/internal/policy"
	"sagescale/internal/replay"
	"sagescale/internal/report"
)

// checkReport refuses a report in the place of something else.
func (o *backtestOptions) checkReport() error {
	if err := spares("report", o.report, o.trace, o.policy); err != nil {
		return err
	}
	if o.report != "" && o.timeline != "" && (filepath.Clean(o.report) == filepath.Clean(o.timeline) || sameFile(o.report, o.timeline)) {
		return invalid(fmt.Errorf("--report %s and --timeline are one file", o.report))
	}
	return nil
}

// keep lets sagescale tell its decisions when there will be a report of them.
func (o *backtestOptions) keep(s *replay.Sagescale) *report.Log {
	log := &report.Log{}
	if o.report != "" {
		s.Decisions = log.Add
	}
	return log
}

// writeReport replays the frontier and writes the page to its file.
func (o *backtestOptions) writeReport(cmd *cobra.Command, now func() time.Time, t policy.Target, page report.Page) error {
	file, err := create(o.report) // before the work of minutes
	if err != nil {
		return err
	}
	defer file.Discard()
	page.PeerTarget = loadPerInstance(t, o.capacity) / o.capacity
	page.Command, page.Version = commandLine(cmd), version()
	p := newProgress(cmd.ErrOrStderr(), now)
	page.Frontier, err = replay.RunFrontier(cmd.Context(), page.Model, page.Trace, t, page.PeerTarget, p.step)
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
		if list, ok := f.Value.(pflag.SliceValue); ok {
			value = cmp.Or(strings.Join(list.GetSlice(), ","), "none")
		}
		words = append(words, "--"+f.Name, quoted(value))
	})
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
