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
	var out strings.Builder
	if err := bench(t.Context(), &out, command, "scaling.yaml", loads); err != nil {
		t.Fatal(err)
	}
	for _, v := range variations() {
		if !strings.Contains(out.String(), "\n"+v.title+":\n\nmean of 1 traces") {
			t.Errorf("no table of %q in\n%s", v.title, out.String())
		}
	}
	if strings.Count(out.String(), "\nsagescale ") != 1+len(variations()) {
		t.Errorf("got\n%s", out.String())
	}
	if err := bench(t.Context(), &out, command, "scaling.yaml", t.TempDir()); err == nil {
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
