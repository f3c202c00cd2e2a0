// Package scenario runs whole stories in virtual time: a policy, a load and what
// else happens, against the capacities and reasons that should come of it.
//
// A scenario is a txtar file. Its comment says what it shows; then come
//
//	policy.yaml    a policy file
//	load           "00:30 1500/min" or "00:30 1500/min chat/main": from that time on
//	settings       see settings.set
//	timeline       a line whenever something changes for a target
//
// Times are hours and minutes since the start, which are UTC where the start is
// at midnight. A line of the timeline has the instances in service, the
// instances asked for and, of the evaluation that decided it, what woke it, the
// steps of its decision and the codes of its not-scaled reasons.
//
// go test ./test/scenario -update writes the timelines anew: read the diff.
package scenario

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"sagescale/internal/autoscaler"
	"sagescale/internal/policyfile"
	"sagescale/internal/simulate"
)

func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 12 {
		t.Fatalf("%d scenarios, %v", len(files), err)
	}
	update := flag.Lookup("update").Value.String() == "true"
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if len(bytes.TrimSpace(archive.Comment)) == 0 {
				t.Error("the scenario does not say what it shows")
			}
			got := play(t, archive)
			want := section(t, archive, "timeline")
			switch {
			case string(want.Data) == got:
			case update:
				want.Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			default:
				t.Errorf("timeline differs\ngot:\n%s\nwant:\n%s", got, want.Data)
			}
		})
	}
}

// play simulates a scenario and returns its timeline.
func play(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	p, err := policyfile.Parse("policy.yaml", section(t, archive, "policy.yaml").Data)
	if err != nil {
		t.Fatal(err)
	}
	s := newSettings(p)
	for _, line := range lines(section(t, archive, "settings")) {
		if err := s.set(line); err != nil {
			t.Fatalf("settings: %q: %v", line, err)
		}
	}
	for _, line := range lines(section(t, archive, "load")) {
		if err := s.load(line); err != nil {
			t.Fatalf("load: %q: %v", line, err)
		}
	}
	var records []autoscaler.Record
	c := s.config()
	c.Record = func(r autoscaler.Record) error {
		records = append(records, r)
		return nil
	}
	result, err := simulate.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if result.Errors != 0 {
		t.Errorf("%d decision records have an error", result.Errors)
	}
	return timeline(result, records)
}

func section(t *testing.T, archive *txtar.Archive, name string) *txtar.File {
	t.Helper()
	for i := range archive.Files {
		if archive.Files[i].Name == name {
			return &archive.Files[i]
		}
	}
	t.Fatalf("there is no section %s", name)
	return nil
}

// lines returns the lines that say something.
func lines(f *txtar.File) []string {
	var out []string
	for line := range strings.Lines(string(f.Data)) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the timelines anew")
	os.Exit(m.Run())
}
