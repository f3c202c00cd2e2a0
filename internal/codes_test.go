package internal_test

import (
	"go/ast"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// section returns the part of a page under a heading.
func section(t *testing.T, page, heading string) string {
	t.Helper()
	text, err := os.ReadFile("../" + page)
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "\n"+heading+"\n")
	if !found {
		t.Fatalf("%s has no heading %q", page, heading)
	}
	level, _, _ := strings.Cut(heading, " ")
	before, _, _ := strings.Cut(after, "\n"+level+" ")
	return before
}

// firstCells returns the names in code in the first column of the tables of text.
func firstCells(text string) []string {
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		cell := strings.Split(line, "|")[1]
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
			out = append(out, m[1])
		}
	}
	slices.Sort(out)
	return out
}

// codes returns the not-scaled codes by the names of their constants.
func codes(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	walk(t, func(file string, parsed *ast.File) {
		if file != "internal/scaling/decision.go" {
			return
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Code" {
				code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				out[spec.Names[0].Name] = code
			}
			return true
		})
	})
	if len(out) < 25 {
		t.Fatalf("only %d codes were found: %v", len(out), out)
	}
	return out
}

// The pages explain every not-scaled code that there is, and no other.
func TestPageHasEveryCode(t *testing.T) {
	const page = "docs/how-a-decision-is-made.md"
	want := slices.Sorted(maps.Values(codes(t)))
	if got := firstCells(section(t, page, "## Why nothing was done")); !slices.Equal(got, want) {
		t.Errorf("%s has the codes\n%v, the code has\n%v", page, got, want)
	}
}

// Every not-scaled code appears in a test: as its constant in the tests of the
// packages that decide, or in a timeline of a scenario.
func TestEveryCodeAppearsInATest(t *testing.T) {
	var tests strings.Builder
	for _, pattern := range []string{"scaling/*_test.go", "guard/*_test.go", "autoscaler/*_test.go", "../test/scenario/testdata/*.txtar"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no files %s: %v", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			tests.Write(text)
		}
	}
	for name, code := range codes(t) {
		if !regexp.MustCompile(`scaling\.` + name + `\b|[ ]` + code + `\b`).MatchString(tests.String()) {
			t.Errorf("no test has the code %s", code)
		}
	}
}
