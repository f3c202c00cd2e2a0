package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"sagescale/internal/plain"
	"sagescale/internal/policyfile"
)

// verdict is the answer about one policy file.
type verdict struct {
	File    string  `json:"file"`
	Valid   bool    `json:"valid"`
	Digest  string  `json:"policyDigest,omitempty"`
	Targets int     `json:"targets,omitempty"`
	Faults  []fault `json:"faults,omitempty"`
}

// fault is one fault of a policy file, as machines read it.
type fault struct {
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Field  string `json:"field"`
	Value  string `json:"value,omitempty"`
	Rule   string `json:"rule"`
}

func validateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "validate FILE...",
		Short: "Check policy files",
		Long: `Check policy files as the deployment does, and name every fault with its file,
line, column, field, value and rule. The exit code is 0 when all are valid and 2
when one is not.`,
		Example: `  sagescale validate scaling.yaml
  sagescale validate --format json scaling.yaml`,
		Args: usage(cobra.MinimumNArgs(1)),
	}
	format := formatFlag(cmd, "text")
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		if err := checkFormat(*format); err != nil {
			return err
		}
		return validate(cmd.OutOrStdout(), *format, files)
	}
	return cmd
}

// validate checks every file and answers for each. Its error joins what is wrong
// with all of them.
func validate(out io.Writer, format string, files []string) error {
	var all policyfile.Faults
	var unread error
	for _, file := range files {
		v, err := check(file)
		if faults, ok := errors.AsType[policyfile.Faults](err); ok {
			all = append(all, faults...)
		} else if err != nil {
			unread = errors.Join(unread, err)
			continue
		}
		if err := answerFile(out, format, v); err != nil {
			return err
		}
	}
	switch {
	case all == nil:
		return unread
	case unread == nil:
		return all
	}
	return invalid(fmt.Errorf("%w\n%w", all, unread))
}

// answerFile answers for one file that could be read.
func answerFile(out io.Writer, format string, v verdict) error {
	var err error
	switch {
	case format == "json":
		err = json.NewEncoder(plain.JSON(out)).Encode(v)
	case v.Valid:
		_, err = fmt.Fprintf(out, "%s: valid: %s, policy digest %s\n", plain.Text(v.File), count(v.Targets, "target"), v.Digest)
	}
	if err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}

// check loads one file. Its error is that of the file, faults or other.
func check(file string) (verdict, error) {
	p, err := policyfile.Load(file)
	if err == nil {
		return verdict{File: file, Valid: true, Digest: p.Digest, Targets: len(p.Targets)}, nil
	}
	v := verdict{File: file}
	var faults policyfile.Faults
	if !errors.As(err, &faults) {
		return v, err
	}
	for _, f := range faults {
		v.Faults = append(v.Faults, fault{f.Line, f.Column, f.Field, f.Value, f.Rule})
	}
	return v, err
}

// count writes a number of things, one or many.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
