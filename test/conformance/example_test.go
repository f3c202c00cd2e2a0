package conformance_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// example is one case of testdata.
//
// want is the answer of the source. Where sagescale answers otherwise on
// purpose, differs is what it answers, and why says why.
type example struct {
	peer, name          string
	rows                []string
	shows, source, sure string
	input               []byte
	isPolicy            bool // input is a policy file, not a case
	want, differs, why  string
}

// omission is a row that no case covers, and why.
type omission struct{ row, peer, reason string }

// examples reads all cases, in the order of their peers and names.
func examples(t *testing.T) []example {
	t.Helper()
	files, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	all := make([]example, len(files))
	for i, file := range files {
		all[i] = readExample(t, file)
	}
	return all
}

// readExample reads one case and refuses one that does not say where its answer
// is known from.
func readExample(t *testing.T, file string) example {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	e := example{
		peer: filepath.Base(filepath.Dir(file)),
		name: strings.TrimSuffix(filepath.Base(file), ".txtar"),
	}
	e.header(string(archive.Comment))
	for _, f := range archive.Files {
		switch f.Name {
		case "case.json", "policy.yaml":
			e.input, e.isPolicy = f.Data, f.Name == "policy.yaml"
		case "want.txt":
			e.want = string(f.Data)
		case "differs.txt":
			e.why, e.differs = reasoned(string(f.Data))
		default:
			t.Fatalf("%s: %s has no meaning", file, f.Name)
		}
	}
	if fault := e.fault(); fault != "" {
		t.Fatalf("%s: %s", file, fault)
	}
	return e
}

// header reads the fields of a case's comment. A line that begins with none of
// them goes on with the one before.
func (e *example) header(comment string) {
	var rows string
	field := &e.shows
	for line := range strings.Lines(comment) {
		for mark, next := range map[string]*string{"Row: ": &rows, "Source: ": &e.source, "How sure: ": &e.sure} {
			if rest, ok := strings.CutPrefix(line, mark); ok {
				field, line = next, rest
			}
		}
		*field = strings.TrimSpace(*field + " " + strings.TrimSpace(line))
	}
	if rows != "" {
		e.rows = strings.Split(rows, ", ")
	}
}

// reasoned splits differs.txt into the reason and the answer.
func reasoned(text string) (why, answer string) {
	at := len(text)
	for _, begin := range []string{"\ndesiredCapacity: ", "\nrefused:", "\nvalid"} {
		if i := strings.Index(text, begin); i >= 0 {
			at = min(at, i)
		}
	}
	why, found := strings.CutPrefix(text[:at], "Differs: ")
	if !found {
		return "", text
	}
	return strings.Join(strings.Fields(why), " "), strings.TrimPrefix(text[at:], "\n")
}

// fault says what a case lacks, or nothing.
func (e example) fault() string {
	switch {
	case e.shows == "" || e.source == "":
		return "does not say what it shows, or its Source"
	case !graded(e.sure):
		return "does not say How sure, by one of the grades of evidence"
	case len(e.input) == 0 || e.want == "":
		return "lacks case.json or policy.yaml, or want.txt"
	case e.differs == "" && strings.HasPrefix(e.want, "desired") && len(lines(e.want)) != 4:
		return "want.txt has not desiredCapacity, limits, rules and codes"
	case (e.differs == "") != (e.why == ""):
		return "differs.txt does not say why"
	}
	return ""
}

// graded reports whether sure begins with one of the grades of evidence.
func graded(sure string) bool {
	grades := []string{"documented", "follows from a documented rule", "tested there", "observed by others", chosen}
	return slices.ContainsFunc(grades, func(grade string) bool { return strings.HasPrefix(sure, grade) })
}

// chosen is the grade of a case whose source is silent.
const chosen = "undocumented, our choice"

// leftOut reads the rows that no case covers.
func leftOut(t *testing.T) []omission {
	t.Helper()
	var all []omission
	for _, line := range fileLines(t, "testdata/left-out.txt") {
		row, rest, found := strings.Cut(line, "  ")
		peer, reason, found2 := strings.Cut(rest, ": ")
		if !found || !found2 {
			t.Fatalf("testdata/left-out.txt: %q is not \"ROW  peer: reason\"", line)
		}
		all = append(all, omission{row, peer, reason})
	}
	return all
}

// Every row of testdata/rows.txt is covered by a case or left out for a reason,
// and not both; there are no other rows.
func TestEveryRowIsCoveredOrLeftOut(t *testing.T) {
	covered := map[string]bool{}
	for _, e := range examples(t) {
		for _, row := range e.rows {
			covered[row] = true
		}
	}
	left := map[string]bool{}
	for _, o := range leftOut(t) {
		if left[o.row] {
			t.Errorf("%s is left out twice", o.row)
		}
		left[o.row] = true
	}
	rows := map[string]bool{}
	for _, row := range fileLines(t, "testdata/rows.txt") {
		rows[row] = true
		if covered[row] == left[row] {
			t.Errorf("%s: covered by a case %t, left out %t", row, covered[row], left[row])
		}
	}
	for _, others := range []map[string]bool{covered, left} {
		for row := range others {
			if !rows[row] {
				t.Errorf("%s is not in testdata/rows.txt", row)
			}
		}
	}
}

func fileLines(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return lines(string(text))
}
