package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"sagescale/internal/scaling"
)

// worked is one example of testdata/worked: a case whose answer is known from
// elsewhere, with what it shows, where it is known from and how sure that is.
//
// want is what the source says. Where sagescale answers otherwise, differs is
// what it answers.
type worked struct {
	name, shows, source, sure string
	input                     []byte
	want, differs             string
}

// The worked examples hold sagescale, through its command, to what Application
// Auto Scaling does by its documentation or, where that is silent, by what others
// have seen; and to our own choices where nothing is known. With -v, a table.
func TestWorkedExamples(t *testing.T) {
	var table bytes.Buffer
	rows := tabwriter.NewWriter(&table, 0, 0, 1, ' ', tabwriter.Debug)
	fmt.Fprintln(rows, "example\tsource\texpected\tgot")
	for _, w := range workedExamples(t) {
		t.Run(w.name, func(t *testing.T) {
			got := w.answer(t)
			fmt.Fprintf(rows, "%s\t%s\t%s\t%s%s\n", w.name, w.source, line(w.want), line(got), w.remark())
			w.check(t, got)
		})
	}
	rows.Flush()
	t.Logf("how sagescale answers worked examples\n%s", table.String())
}

// workedExamples reads all examples, in the order of their names.
func workedExamples(t *testing.T) []worked {
	t.Helper()
	files, err := filepath.Glob("testdata/worked/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no worked examples: %v", err)
	}
	all := make([]worked, len(files))
	for i, file := range files {
		all[i] = readWorked(t, file)
	}
	return all
}

// readWorked reads one example and refuses one that does not say where its
// answer is known from.
func readWorked(t *testing.T, file string) worked {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w := worked{name: strings.TrimSuffix(filepath.Base(file), ".txtar")}
	comment, sure, _ := strings.Cut(words(archive.Comment), " How sure: ")
	shows, source, _ := strings.Cut(comment, " Source: ")
	w.shows, w.source, w.sure = shows, source, sure
	for _, f := range archive.Files {
		switch f.Name {
		case "case.json":
			w.input = f.Data
		case "want.txt":
			w.want = string(f.Data)
		case "differs.txt":
			w.differs = string(f.Data)
		default:
			t.Fatalf("%s: %s has no meaning", file, f.Name)
		}
	}
	if w.shows == "" || w.source == "" || !graded(w.sure) || len(w.input) == 0 || w.want == "" {
		t.Fatalf("%s: needs what it shows, Source, How sure, case.json and want.txt", file)
	}
	return w
}

// graded reports whether sure begins with one of the grades of evidence.
func graded(sure string) bool {
	grades := []string{"documented", "follows from a documented rule", "observed by others", "undocumented, our choice"}
	return slices.ContainsFunc(grades, func(grade string) bool { return strings.HasPrefix(sure, grade) })
}

// answer runs the command and returns its answer in the form of want.txt.
func (w worked) answer(t *testing.T) string {
	t.Helper()
	clock := func() time.Time {
		t.Error("decide reads the clock; a case has its own time")
		return time.Time{}
	}
	var out, errs bytes.Buffer
	switch code := run(t.Context(), []string{"decide"}, bytes.NewReader(w.input), &out, &errs, clock); code {
	case exitDone:
		return decided(t, out.Bytes())
	case exitInvalid:
		return "refused:\n" + errs.String()
	default:
		t.Fatalf("exit code %d: %s", code, errs.String())
		return ""
	}
}

// decided writes a decision in the form of want.txt, without its reasons in words.
func decided(t *testing.T, answer []byte) string {
	t.Helper()
	var d scaling.Decision
	if err := json.Unmarshal(answer, &d); err != nil {
		t.Fatal(err)
	}
	var rules, codes []string
	for _, s := range d.Steps {
		rules = append(rules, string(s.Rule))
	}
	for _, r := range d.NotScaledReasons {
		codes = append(codes, string(r.Code))
	}
	return fmt.Sprintf("desiredCapacity: %d\nlimits: %d to %d\nrules: %s\ncodes: %s\n",
		d.DesiredCapacity, d.MinCapacity, d.MaxCapacity, list(rules), list(codes))
}

// check compares an answer with the one wanted. Of a refusal every fault wanted
// must be named, and no other.
func (w worked) check(t *testing.T, got string) {
	t.Helper()
	want := w.want
	if w.differs != "" {
		want = w.differs
	}
	if matches(w.want, got) && w.differs != "" {
		t.Errorf("answers as the source says: remove differs.txt\n%s", got)
	}
	if !matches(want, got) {
		t.Errorf("%s\n%s (%s)\ngot\n%swant\n%s", w.shows, w.source, w.sure, got, want)
	}
}

// matches reports whether got is want: a decision to the letter, a refusal by
// its faults, of which want has the beginnings.
func matches(want, got string) bool {
	if !strings.HasPrefix(want, "refused:") {
		return got == want
	}
	return slices.EqualFunc(lines(want), lines(got), func(w, s string) bool {
		return strings.Contains(s, w)
	})
}

// remark marks an example that sagescale answers otherwise than its source.
func (w worked) remark() string {
	if w.differs == "" {
		return ""
	}
	return " (differs)"
}

// line writes an answer on one line: the numbers and names alone.
func line(answer string) string {
	if strings.HasPrefix(answer, "refused:") {
		return "refused"
	}
	short := strings.NewReplacer("desiredCapacity: ", "", "limits: ", "in ", "rules: ", "by ", "codes: ", "code ")
	return strings.Join(lines(short.Replace(answer)), "; ")
}

func lines(s string) []string { return strings.Split(strings.TrimSpace(s), "\n") }

// words joins the lines of a comment.
func words(comment []byte) string { return strings.Join(strings.Fields(string(comment)), " ") }

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
