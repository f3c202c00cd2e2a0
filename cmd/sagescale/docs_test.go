package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// pages are the files that show command lines to people, from here.
func pages(t *testing.T) []string {
	t.Helper()
	all := []string{"../../README.md", "../../CONTRIBUTING.md", "../../SECURITY.md", "../../events/README.md", "../../events/sent/README.md"}
	docs, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(docs) < 8 {
		t.Fatalf("pages %v, %v", docs, err)
	}
	return append(all, docs...)
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Every command line in the pages is one of a command that exists, with flags and
// arguments that it takes.
func TestPagesShowCommandsThatExist(t *testing.T) {
	inline := regexp.MustCompile("`(?:bin/)?(sagescale [^`\n]+)`")
	seen := 0
	for _, file := range pages(t) {
		text := read(t, file)
		for _, line := range commandLines(codeOf(text), "bin/", "$ ") {
			seen++
			if err := parses(line); err != nil {
				t.Errorf("%s: %s: %v", file, line, err)
			}
		}
		for _, m := range inline.FindAllStringSubmatch(text, -1) {
			seen++
			if err := mentions(m[1]); err != nil {
				t.Errorf("%s: %s: %v", file, m[1], err)
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d command lines were found", seen)
	}
}

// codeOf returns the lines of a page that are code: those of fenced blocks, but for what
// is printed, and those that are indented by four.
func codeOf(text string) string {
	code, fenced, shown := "", false, false
	for line := range strings.Lines(text) {
		language, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence:
			fenced, shown = !fenced, language == "text"
		case fenced && !shown, !fenced && strings.HasPrefix(line, "    "):
			code += line
		}
	}
	return code
}

// mentions says what is wrong with a command that stands in a sentence: it need not have
// its arguments.
func mentions(line string) error {
	words, err := shellWords(line)
	if err != nil || len(words) < 2 || words[1] == strings.ToUpper(words[1]) {
		return err // sagescale COMMAND
	}
	root := newRoot()
	root.InitDefaultHelpCmd()
	cmd, rest, err := root.Find(words[1:])
	if err != nil {
		return err
	}
	cmd.InitDefaultHelpFlag()
	for _, word := range rest {
		name, isFlag := strings.CutPrefix(word, "--")
		if name, _, _ = strings.Cut(name, "="); isFlag && cmd.Flags().Lookup(name) == nil {
			return cmd.FlagErrorFunc()(cmd, cmd.ParseFlags([]string{word}))
		}
	}
	return nil
}

// The policy files that the pages show are valid.
func TestPagesShowValidPolicies(t *testing.T) {
	for _, file := range pages(t) {
		for _, b := range blocks(read(t, file)) {
			if b.language != "yaml" || !strings.Contains(b.text, "version:") {
				continue
			}
			policy := filepath.Join(t.TempDir(), "scaling.yaml")
			if err := os.WriteFile(policy, []byte(b.text), 0o600); err != nil {
				t.Fatal(err)
			}
			var out, errs bytes.Buffer
			clock := func() time.Time { return time.Time{} }
			if code := run(t.Context(), []string{"validate", policy}, strings.NewReader(""), &out, &errs, clock); code != exitDone {
				t.Errorf("%s: exit code %d: %s%s", file, code, errs.String(), b.text)
			}
		}
	}
}

// block is a fenced block of a page.
type block struct {
	language, text string
	begin, end     int  // of the text
	follows        bool // nothing but blank lines is between it and the block before
}

func blocks(text string) []block {
	var all []block
	fence := regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```\n")
	last := 0
	for _, m := range fence.FindAllStringSubmatchIndex(text, -1) {
		all = append(all, block{
			language: text[m[2]:m[3]], text: text[m[4]:m[5]], begin: m[4], end: m[5],
			follows: last > 0 && strings.TrimSpace(text[last:m[0]]) == "",
		})
		last = m[1]
	}
	return all
}

// A reader who types the blocks of a page that need no account, in their order and in one
// folder, sees what the page shows below them.
func TestPagesRunAsWritten(t *testing.T) {
	ran := 0
	for _, file := range pages(t) {
		all := blocks(read(t, file))
		if !slices.ContainsFunc(all, func(b block) bool { return b.language == "sh" }) {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, dir := read(t, file), t.TempDir()
			updated, from := "", 0
			for i, b := range all {
				if b.language != "sh" {
					continue
				}
				ran++
				out := runBlock(t, dir, b.text)
				if i+1 == len(all) || all[i+1].language != "text" || !all[i+1].follows {
					if out != "" {
						t.Errorf("prints what the page does not show: %s", out)
					}
					continue
				}
				shown := all[i+1]
				if shown.text != out && !*update {
					t.Errorf("run make generate: the page shows\n%sand what it prints is\n%s", shown.text, out)
				}
				updated += text[from:shown.begin] + out
				from = shown.end
			}
			if updated += text[from:]; *update && updated != text {
				if err := os.WriteFile(file, []byte(updated), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	if ran < 6 {
		t.Errorf("only %d blocks were run", ran)
	}
}

// runBlock runs a block in a folder, with the command on the PATH as the scripts have it, and
// returns what it prints. It reaches no account: nothing says which.
func runBlock(t *testing.T, dir, text string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", text)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LC_ALL=C", "AWS_EC2_METADATA_DISABLED=true"}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s\n%s", err, errs.String(), text)
	}
	return out.String()
}
