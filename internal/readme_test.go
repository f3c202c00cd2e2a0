package internal_test

import (
	"encoding/json"
	"go/ast"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sagescale/internal/policy"
)

// section returns the part of the README under a heading.
func section(t *testing.T, heading string) string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "\n"+heading+"\n")
	if !found {
		t.Fatalf("README.md has no heading %q", heading)
	}
	level, _, _ := strings.Cut(heading, " ")
	before, _, _ := strings.Cut(after, "\n"+level+" ")
	return before
}

// firstCells returns the names in code in the first column of the tables of text.
func firstCells(text string) []string {
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		cell := strings.Split(line, "|")[1]
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
			out = append(out, m[1])
		}
	}
	slices.Sort(out)
	return out
}

// The README explains every not-scaled code that there is, and no other.
func TestReadmeHasEveryCode(t *testing.T) {
	var codes []string
	walk(t, func(file string, parsed *ast.File) {
		if file != "internal/scaling/decision.go" {
			return
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Code" {
				code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				codes = append(codes, code)
			}
			return true
		})
	})
	slices.Sort(codes)
	if got := firstCells(section(t, "### Why nothing was done")); len(codes) < 15 || !slices.Equal(got, codes) {
		t.Errorf("README.md has the codes\n%v, the code has\n%v", got, codes)
	}
}

// fields gathers the names of the fields of a type of the policy file.
func fields(of reflect.Type, into map[string]bool) {
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct || of.PkgPath() != reflect.TypeFor[policy.Spec]().PkgPath() {
		return
	}
	for f := range of.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			into[name] = true
		}
		if name != "predictive" {
			fields(f.Type, into)
		}
	}
}

// The policy reference of the README has every field of the policy file.
func TestReadmeHasEveryField(t *testing.T) {
	want := map[string]bool{}
	fields(reflect.TypeFor[policy.Spec](), want)
	text := section(t, "## The policy file")
	if len(want) < 25 {
		t.Fatalf("only %d fields were found: %v", len(want), want)
	}
	for name := range want {
		if !strings.Contains(text, "`"+name+"`") {
			t.Errorf("README.md does not explain the field %s", name)
		}
	}
	for _, name := range firstCells(text) {
		if !want[name] {
			t.Errorf("README.md explains the field %s, which does not exist", name)
		}
	}
}

// The override that the README tells to store is one.
func TestReadmeShowsAnOverride(t *testing.T) {
	m := regexp.MustCompile(`"override": (\{"S": ".*"\})\}'`).FindStringSubmatch(section(t, "### Steer it by hand"))
	if m == nil {
		t.Fatal("README.md shows no override")
	}
	var attribute struct{ S string }
	var o policy.Override
	if err := json.Unmarshal([]byte(m[1]), &attribute); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(attribute.S), &o); err != nil {
		t.Fatal(err)
	}
	if err := o.Check(); err != nil || o.Pause != policy.In || *o.Min != 6 {
		t.Errorf("override %+v: %v", o, err)
	}
}
