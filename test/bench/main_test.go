package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sagescale/internal/trace"
)

// Everything that make bench does, over a load of a day.
func TestBench(t *testing.T) {
	dir := t.TempDir()
	command := filepath.Join(dir, "sagescale")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", command, "../../cmd/sagescale").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	loads := filepath.Join(dir, "loads")
	if err := os.Mkdir(loads, 0o755); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(filepath.Join(loads, "day.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if err := trace.Write(file, trace.Day(1)); err != nil {
		t.Fatal(err)
	}
	file.Close()
	filled := ablations()[4:5] // one that a load of a day shows
	var out strings.Builder
	if err := bench(t.Context(), &out, command, "scaling.yaml", loads, filled); err != nil {
		t.Fatal(err)
	}
	titles := []string{filled[0].title}
	for _, v := range variations() {
		titles = append(titles, v.title)
	}
	tables := map[string]bool{}
	for _, title := range titles {
		_, after, found := strings.Cut(out.String(), "\n"+title+":\n\nmean of 1 traces")
		table, _, _ := strings.Cut(after, "\n\n")
		if !found || tables[table] {
			t.Errorf("no table, or none of its own, of %q in\n%s", title, out.String())
		}
		tables[table] = true
	}
	if strings.Count(out.String(), "\nsagescale ") != 1+len(titles) {
		t.Errorf("got\n%s", out.String())
	}
	if err := bench(t.Context(), &out, command, "scaling.yaml", t.TempDir(), nil); err == nil {
		t.Error("a directory without loads is scored")
	}
}

func TestShapesAreWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "loads")
	if err := writeShapes(dir); err != nil {
		t.Fatal(err)
	}
	if all, err := filepath.Glob(filepath.Join(dir, "*.csv")); err != nil || len(all) != len(trace.Shapes(seed)) {
		t.Errorf("%v, %v", all, err)
	}
	if err := writeShapes(filepath.Join(dir, "daily.csv")); err == nil {
		t.Error("a file is taken for a folder")
	}
}

func TestPolicyMustHaveWhatIsChanged(t *testing.T) {
	v := variation{title: "nothing", changes: []change{{old: "no such text"}}}
	if _, err := v.apply("scaling.yaml", t.TempDir()); err == nil || !strings.Contains(err.Error(), "does not have") {
		t.Errorf("got %v", err)
	}
}
