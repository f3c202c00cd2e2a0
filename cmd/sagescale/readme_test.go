package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The README shows what the demo prints, but for the list of activities.
func TestReadmeShowsTheDemo(t *testing.T) {
	const begin, end = "<!-- demo:begin -->\n", "<!-- demo:end -->\n"
	path, err := filepath.Abs("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	code, out, _ := runDemo(t)
	picture, rest, found := strings.Cut(out, "Scaling activities\n")
	_, totals, found2 := strings.Cut(rest, "\nTotals\n")
	if code != exitDone || !found || !found2 {
		t.Fatalf("exit code %d, output:\n%s", code, out)
	}
	totals, _, _ = strings.Cut(totals, "\n\n")
	want := begin + "```text\n" + picture + "Totals\n" + totals + "\n```\n" + end
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, after, found := strings.Cut(string(text), begin)
	_, after, found2 = strings.Cut(after, end)
	if !found || !found2 {
		t.Fatalf("README.md has no markers %s%s", begin, end)
	}
	updated := before + want + after
	if *update {
		if err := os.WriteFile(path, []byte(updated), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if updated != string(text) {
		t.Errorf("README.md does not show what the demo prints; run make generate. It prints:\n%s", want)
	}
}
