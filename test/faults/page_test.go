package faults

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sagescale/test/page"
)

// row is a row of the catalogue.
type row struct{ id, fault, reason string }

// readRows reads testdata/rows.txt.
func readRows(t *testing.T) []row {
	t.Helper()
	text, err := os.ReadFile("testdata/rows.txt")
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, rest, _ := strings.Cut(line, " ")
		fault, reason, _ := strings.Cut(rest, " -- ")
		rows = append(rows, row{id, fault, reason})
	}
	return rows
}

// coverage returns what covers each row: the tests whose comments end in a line
// "Faults: A1, B3", and the simulated faults.
func coverage(t *testing.T) map[string][]string {
	t.Helper()
	covered := map[string][]string{}
	for _, k := range kinds() {
		for id := range strings.FieldsSeq(k.rows) {
			covered[id] = append(covered[id], "simulated: "+k.name)
		}
	}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && path != root) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		for _, f := range file.Decls {
			if f, ok := f.(*ast.FuncDecl); ok && f.Doc != nil {
				for _, id := range rowsOf(f.Doc.Text()) {
					covered[id] = append(covered[id], "`"+filepath.ToSlash(dir)+"` "+f.Name.Name)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return covered
}

// rowsOf returns the rows that the comment of a test names.
func rowsOf(comment string) []string {
	named := regexp.MustCompile(`(?m)^Faults: ([A-I][0-9][A-I0-9, ]*)$`).FindStringSubmatch(comment)
	if named == nil {
		return nil
	}
	return strings.Fields(strings.ReplaceAll(named[1], ",", " "))
}

// The page shows what covers each row of the catalogue; go test -update writes it.
func TestReadme(t *testing.T) {
	rows, covered := readRows(t), coverage(t)
	var table strings.Builder
	done := 0
	fmt.Fprintln(&table, "| row | fault | covered by |\n| --- | --- | --- |")
	for _, r := range rows {
		by := covered[r.id]
		delete(covered, r.id)
		switch {
		case len(by) > 0 && r.reason != "":
			t.Errorf("row %s is covered, and has a reason why it is not", r.id)
		case len(by) == 0 && r.reason == "":
			t.Errorf("row %s (%s) is not covered, and does not say why", r.id, r.fault)
		case len(by) == 0:
			by = []string{"not: " + r.reason}
		default:
			done++
		}
		slices.Sort(by)
		fmt.Fprintf(&table, "| %s | %s | %s |\n", r.id, r.fault, strings.Join(slices.Compact(by), "; "))
	}
	for id, by := range covered {
		t.Errorf("%v cover row %s, which does not exist", by, id)
	}
	if len(rows) != 121 || done < 105 {
		t.Errorf("%d of %d rows are covered, want 105 of 121", done, len(rows))
	}
	text := fmt.Sprintf("%d of %d rows are covered.\n\n%s", done, len(rows), table.String())
	page.Shows(t, "README.md", "catalogue", text, *rewrite)
}
