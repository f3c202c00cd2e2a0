package main

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"sagescale/internal/policyfile"
)

const readme = "README.md"

var update = flag.Bool("update", false, "rewrite the tables of the README")

// The tables of the README say what the template says, and nothing else. They
// stand between markers, such as <!-- iam:begin --> and <!-- iam:end -->.
func TestReadmeTables(t *testing.T) {
	p, err := policyfile.Load(testPolicy)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(readme)
	if err != nil {
		t.Fatalf("the README has tables that are tested here: %v", err)
	}
	text := string(file)
	for name, rendered := range tables(t, standard(t), p) {
		written, ok := between(text, name)
		switch {
		case !ok:
			t.Errorf("%s has no lines <!-- %s:begin --> and <!-- %[2]s:end -->: add them, then run go test ./infra -run %s -update", readme, name, t.Name())
		case *update:
			text = strings.Replace(text, marked(name, written), marked(name, "\n"+rendered), 1)
		default:
			compare(t, name, written, rendered)
		}
	}
	if *update {
		if err := os.WriteFile(readme, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// between returns what stands between the markers of a name.
func between(text, name string) (string, bool) {
	_, after, begins := strings.Cut(text, "<!-- "+name+":begin -->")
	within, _, ends := strings.Cut(after, "<!-- "+name+":end -->")
	return within, begins && ends
}

func marked(name, text string) string {
	return "<!-- " + name + ":begin -->" + text + "<!-- " + name + ":end -->"
}

// compare reports the rows that only one of two tables has.
func compare(t *testing.T, name, written, rendered string) {
	t.Helper()
	has, needs := lines(written), lines(rendered)
	for _, row := range needs {
		if !slices.Contains(has, row) {
			t.Errorf("table %s of %s lacks: %s", name, readme, row)
		}
	}
	for _, row := range has {
		if !slices.Contains(needs, row) {
			t.Errorf("table %s of %s has what the template has not: %s", name, readme, row)
		}
	}
	if !t.Failed() && !slices.Equal(has, needs) {
		t.Errorf("table %s of %s has its rows in another order or twice: run the test with -update", name, readme)
	}
}

func lines(text string) []string {
	var rows []string
	for row := range strings.Lines(text) {
		if row = strings.TrimSpace(row); row != "" {
			rows = append(rows, row)
		}
	}
	return rows
}
