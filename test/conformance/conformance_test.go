// Package conformance_test holds sagescale to what AWS documents of Application
// Auto Scaling and to the tests that other autoscalers have of themselves.
//
// Every case is a file of testdata, in the folder of its peer:
//
//	what the case shows, in words
//	Row: ids of the rows of testdata/rows.txt that it covers, if any
//	Source: where the answer is known from
//	How sure: one of the grades of evidence, and what there is to say of it
//	-- case.json --     what "sagescale decide" reads, or
//	-- policy.yaml --   what "sagescale validate" reads
//	-- want.txt --      the answer of the source
//	-- differs.txt --   "Differs: why", and the answer of sagescale, where it is
//	                    another on purpose
//
// Each is put to the command as a user would put it. go test ./test/conformance
// -update writes README.md anew; -table prints it, which make conformance does.
package conformance_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write README.md anew")
	flag.Bool("table", false, "print the table of the cases and what is left out")
	flag.Parse()
	os.Exit(m.Run())
}

// Every case gets the answer of its source, or the other one that it gives a
// reason for.
func TestCasesAreAnsweredAsTheirSourcesSay(t *testing.T) {
	command, all := build(t), examples(t)
	passed := make([]bool, len(all))
	t.Run("cases", func(t *testing.T) {
		for i, e := range all {
			t.Run(e.peer+"/"+e.name, func(t *testing.T) {
				t.Parallel()
				t.Cleanup(func() { passed[i] = !t.Failed() && !t.Skipped() })
				e.check(t, e.answer(t, command))
			})
		}
	})
	if set("table") {
		var sum tally
		for i, e := range all {
			sum.count(e, passed[i])
		}
		fmt.Fprintf(os.Stdout, "%s\n%s\n", sum.table(), leftOutList(leftOut(t)))
	}
}

// README.md says what the cases say.
func TestReadmeIsCurrent(t *testing.T) {
	const file = "README.md"
	want := page(examples(t), leftOut(t))
	if set("update") {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != want {
		t.Errorf("%s is not current (%v): run go test ./test/conformance -update", file, err)
	}
}

// build builds the command and returns its path.
//
// go test keeps the result of a test for as long as the files that it looked at
// stay as they are. It does not see what a command is built of, so build looks
// at that.
func build(t *testing.T) string {
	t.Helper()
	for _, dir := range []string{"../../cmd", "../../internal", "../../go.mod", "../../go.sum"} {
		if err := filepath.WalkDir(dir, func(_ string, _ fs.DirEntry, err error) error { return err }); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "sagescale")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", path, "sagescale/cmd/sagescale")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build sagescale: %v\n%s", err, out)
	}
	return path
}

// answer puts the case to the command and returns the answer in the form of
// want.txt.
func (e example) answer(t *testing.T, command string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command, "decide")
	cmd.Stdin = bytes.NewReader(e.input)
	if e.isPolicy {
		file := filepath.Join(t.TempDir(), "policy.yaml")
		if err := os.WriteFile(file, e.input, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd = exec.CommandContext(t.Context(), command, "validate", file)
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	exit, failed := errors.AsType[*exec.ExitError](err)
	switch {
	case failed && exit.ExitCode() == 2:
		return "refused:\n" + errs.String()
	case err != nil:
		t.Fatalf("%v: %s", err, errs.String())
	case e.isPolicy:
		return "valid\n"
	}
	return decided(t, out.Bytes())
}

// decided writes the JSON of a decision in the form of want.txt, without its
// reasons in words.
func decided(t *testing.T, answer []byte) string {
	t.Helper()
	var d struct {
		DesiredCapacity, MinCapacity, MaxCapacity int
		Steps                                     []struct{ Rule string }
		NotScaledReasons                          []struct{ Code string }
	}
	if err := json.Unmarshal(answer, &d); err != nil {
		t.Fatal(err)
	}
	var rules, codes []string
	for _, s := range d.Steps {
		rules = append(rules, s.Rule)
	}
	for _, r := range d.NotScaledReasons {
		codes = append(codes, r.Code)
	}
	return fmt.Sprintf("desiredCapacity: %d\nlimits: %d to %d\nrules: %s\ncodes: %s\n",
		d.DesiredCapacity, d.MinCapacity, d.MaxCapacity, names(rules), names(codes))
}

// check compares an answer with the one wanted. Where sagescale differs on
// purpose it must still do so.
func (e example) check(t *testing.T, got string) {
	t.Helper()
	want := e.want
	if e.differs != "" {
		want = e.differs
	}
	if e.differs != "" && matches(e.want, got) {
		t.Errorf("answers as the source says: remove differs.txt\n%s", got)
	}
	if !matches(want, got) {
		t.Errorf("%s\n%s (%s)\ngot\n%swant\n%s", e.shows, e.source, e.sure, got, want)
	}
}

// matches reports whether got is want: of a refusal want has a part of every
// fault and no other; of a decision it has all lines, or those that the source
// knows.
func matches(want, got string) bool {
	if strings.HasPrefix(want, "refused:") {
		return slices.EqualFunc(lines(want), lines(got), func(w, s string) bool { return strings.Contains(s, w) })
	}
	have := lines(got)
	return !slices.ContainsFunc(lines(want), func(w string) bool { return !slices.Contains(have, w) })
}

// set reports whether a flag of TestMain is set.
func set(name string) bool { return flag.Lookup(name).Value.String() == "true" }

func lines(s string) []string { return strings.Split(strings.TrimSpace(s), "\n") }

func names(all []string) string {
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, ", ")
}
