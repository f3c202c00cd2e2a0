package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sagescale/test/page"
)

// The README shows what the demo prints, but for the list of activities.
func TestReadmeShowsTheDemo(t *testing.T) {
	r := openReadme(t)
	t.Chdir(t.TempDir())
	code, out, _ := runDemo(t)
	picture, rest, found := strings.Cut(out, "Scaling activities\n")
	_, totals, found2 := strings.Cut(rest, "\nTotals\n")
	if code != exitDone || !found || !found2 {
		t.Fatalf("exit code %d, output:\n%s", code, out)
	}
	totals, _, _ = strings.Cut(totals, "\n\n")
	r.shows(t, "demo", picture+"Totals\n"+totals+"\n")
}

// The README explains the case that it shows.
func TestReadmeExplainsItsCase(t *testing.T) {
	r := openReadme(t)
	_, after, found := strings.Cut(r.text, "```json\n")
	example, _, found2 := strings.Cut(after, "```\n")
	if !found || !found2 {
		t.Fatal("README.md shows no case")
	}
	var out, errs bytes.Buffer
	clock := func() time.Time { return time.Time{} }
	if code := run(t.Context(), []string{"decide", "--explain"}, strings.NewReader(example), &out, &errs, clock); code != exitDone {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	r.shows(t, "explain", out.String())
}

// readme is the README. With -update what it shows is written anew.
type readme struct{ path, text string }

func openReadme(t *testing.T) readme {
	t.Helper()
	path, err := filepath.Abs("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return readme{path, string(text)}
}

// shows fails unless want stands between the markers of that name.
func (r readme) shows(t *testing.T, name, want string) {
	t.Helper()
	page.Shows(t, r.path, name, "```text\n"+want+"```\n", *update)
}
