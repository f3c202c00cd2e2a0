package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// newRoot returns the commands, none of which needs a clock to be looked at.
func newRoot() *cobra.Command {
	return rootCommand(func() time.Time { return time.Time{} })
}

// parses says what is wrong with a command line: a command or a flag that does not
// exist, a value that the flag does not take, or the wrong number of arguments. Nothing
// is run.
func parses(line string) error {
	words, err := shellWords(line)
	if err != nil {
		return err
	}
	root := newRoot()
	root.InitDefaultHelpCmd()
	cmd, rest, err := root.Find(words[1:])
	if err != nil {
		return err
	}
	cmd.InitDefaultHelpFlag()
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	if cmd.Flags().Changed("help") {
		return nil
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}

// shellWords splits one command line as a shell does, up to a comment, a pipe, a
// redirection or the end of the command.
func shellWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	var quote rune
	begun := false
	for _, r := range line + " " {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			quote, begun = r, true
		case strings.ContainsRune("<>|;&", r), r == '#' && !begun:
			return words, nil
		case r != ' ':
			word.WriteRune(r)
			begun = true
		case begun:
			words = append(words, word.String())
			word.Reset()
			begun = false
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("the quote %c does not end", quote)
	}
	return words, nil
}

// commandLines returns the command lines of sagescale in a text of examples, those that
// go on after a backslash as one. prompts are what may stand before them.
func commandLines(text string, prompts ...string) []string {
	var all []string
	text = strings.ReplaceAll(text, "\\\n", " ")
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		for _, prompt := range prompts {
			line = strings.TrimPrefix(line, prompt)
		}
		if strings.HasPrefix(line, "sagescale ") {
			all = append(all, line)
		}
	}
	return all
}

func TestParses(t *testing.T) {
	for line, want := range map[string]string{
		"sagescale validate scaling.yaml":                              "",
		"sagescale decide < case.json":                                 "",
		`sagescale pause a/b --for 2h --reason "load test" # a remark`: "",
		"sagescale help decide":                                        "",
		"sagescale limits --help":                                      "",
		"sagescale validat scaling.yaml":                               "unknown command",
		"sagescale validate":                                           "requires at least 1 arg",
		"sagescale validate --colour x":                                "unknown flag: --colour",
		"sagescale pause a/b --for soon":                               "invalid argument",
		"sagescale pause a/b --reason 'load":                           "does not end",
	} {
		if err := parses(line); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
}
