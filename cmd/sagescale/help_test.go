package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// everyCommand visits the command itself and all below it, but for cobra's help.
func everyCommand(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, sub := range cmd.Commands() {
		everyCommand(sub, visit)
	}
}

// Every command says what it is for, with examples that its own flags take, and every
// flag says what it is for.
func TestEveryCommandIsExplained(t *testing.T) {
	everyCommand(newRoot(), func(cmd *cobra.Command) {
		t.Run(cmd.CommandPath(), func(t *testing.T) {
			if cmd.Short == "" || cmd.Long == "" || strings.HasSuffix(cmd.Short, ".") {
				t.Errorf("says in short %q, at length %q", cmd.Short, cmd.Long)
			}
			examples := commandLines(cmd.Example)
			if len(examples) == 0 {
				t.Error("has no example")
			}
			for _, line := range examples {
				if err := parses(line); err != nil {
					t.Errorf("example %s: %v", line, err)
				}
				if !strings.HasPrefix(line, cmd.CommandPath()) {
					t.Errorf("example %s is of another command", line)
				}
			}
			cmd.Flags().VisitAll(func(f *pflag.Flag) {
				if f.Usage == "" {
					t.Errorf("--%s has no usage text", f.Name)
				}
			})
		})
	})
}

// What --help says of each command is what the golden files have, and fits a terminal
// of 80 columns.
func TestHelp(t *testing.T) {
	const dir = "testdata/help"
	want := map[string]bool{}
	everyCommand(newRoot(), func(cmd *cobra.Command) {
		golden := filepath.Join(dir, pageName(cmd)+".txt")
		want[golden] = true
		t.Run(cmd.CommandPath(), func(t *testing.T) {
			var out, errs bytes.Buffer
			args := append(strings.Fields(cmd.CommandPath())[1:], "--help")
			code := run(t.Context(), args, strings.NewReader(""), &out, &errs, func() time.Time { return time.Time{} })
			if code != exitDone || errs.Len() > 0 {
				t.Fatalf("exit code %d: %s", code, errs.String())
			}
			for line := range strings.Lines(out.String()) {
				if line = strings.TrimSuffix(line, "\n"); utf8.RuneCountInString(line) > 80 {
					t.Errorf("wider than 80 columns: %s", line)
				}
			}
			equalsGolden(t, golden, out.String())
		})
	})
	files, err := filepath.Glob(dir + "/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !want[filepath.ToSlash(file)] {
			t.Errorf("%s is of no command: delete it", file)
		}
	}
}

// equalsGolden fails unless a file has the text. With -update it is written anew.
func equalsGolden(t *testing.T, file, text string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	was, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: run make generate", err)
	}
	if string(was) != text {
		t.Errorf("%s is not what is said now; run make generate. It is:\n%s", file, text)
	}
}
