//go:build local

package vulncheck

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The verdicts about packages.
const (
	nothing     = "nothing is known"
	vulnerable  = "vulnerable"
	unreachable = "the vulnerability database cannot be reached: NOT checked"
	broken      = "govulncheck failed"
)

// check runs the govulncheck that is installed in the checkout, with more variables in
// its environment, and returns its verdict and what it wrote.
func check(t *testing.T, env []string, args ...string) (verdict, out string) {
	t.Helper()
	tools, err := filepath.Glob("../../bin/govulncheck-*")
	if err != nil || len(tools) == 0 {
		t.Fatalf("no govulncheck in bin: run make vulncheck: %v", err)
	}
	tool, err := filepath.Abs(tools[len(tools)-1])
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), tool, args...)
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), env...)
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nothing, string(text)
	case !errors.As(err, &exit):
		t.Fatal(err)
	case exit.ExitCode() == 3:
		return vulnerable, string(text)
	case strings.HasPrefix(string(text), "govulncheck: fetching vulnerabilities: Get "):
		return unreachable, string(text)
	}
	return broken, string(text)
}

// database is a folder as the value of -db.
func database(t *testing.T, dir string) string {
	t.Helper()
	path, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	return "file://" + path
}

// Made-up databases: of a function that we call, and of one that we do not. A check
// that does not tell them apart would find nothing in the real one.
//
// Faults: H7
func TestFinds(t *testing.T) {
	for dir, want := range map[string]string{
		"testdata/called": vulnerable, "testdata/uncalled": nothing, "testdata": broken,
	} {
		got, out := check(t, nil, "-db", database(t, dir), "./internal/policyfile")
		if got != want || want == vulnerable && !strings.Contains(out, "decoder.load calls yaml.NewLoader") {
			t.Errorf("%s: %s, want %s:\n%s", dir, got, want, out)
		}
	}
}

// A database that cannot be reached is told from code that is fine and from code that
// cannot be checked.
func TestUnreachable(t *testing.T) {
	closed := []string{"HTTPS_PROXY=http://127.0.0.1:1", "https_proxy=http://127.0.0.1:1"}
	if got, out := check(t, closed, "./internal/policyfile"); got != unreachable {
		t.Errorf("%s:\n%s", got, out)
	}
	if got, out := check(t, closed, "./internal/nothing"); got != broken {
		t.Errorf("%s:\n%s", got, out)
	}
}

// What is shipped calls nothing with a vulnerability that is known.
//
// Faults: H7
func TestNothingIsKnown(t *testing.T) {
	args := []string{"./cmd/...", "./functions/...", "./internal/..."}
	if named := os.Getenv("GOVULNDB"); named != "" {
		args = append([]string{"-db", named}, args...)
	}
	switch verdict, out := check(t, nil, args...); {
	case verdict == unreachable && args[0] != "-db":
		t.Skip(unreachable)
	case verdict != nothing:
		t.Errorf("%s:\n%s", verdict, out)
	}
}
