package main

import (
	"slices"
	"strings"
	"testing"
)

func sourceOf(t *testing.T, body string) source {
	t.Helper()
	s, err := parse("internal/p/p.go", "package p\n\nfunc (s *set) f(a, b int) bool {\n"+body+"\n}\n")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMutantsOfALine(t *testing.T) {
	tests := []struct {
		name, line string
		want       []string // the line afterwards
	}{
		{"a comparison", "x := a < b", []string{"x := a <= b", "x := a >= b"}},
		{"an equality", "x := a == b", []string{"x := a != b"}},
		{"a logical operator", "x := s.ok && !t", []string{"x := s.ok || !t", "x := !s.ok && !t", "x := s.ok && t"}},
		{"arithmetic", "x := a*b + c", []string{"x := a*b - c", "x := a/b + c"}},
		{"a sign", "x := -a", []string{"x := a"}},
		{"an integer", "x := f(59)", []string{"x := f(60)"}},
		{"a fraction", "x := 0.5", []string{"x := (0.5 + 1)"}},
		{"a constant", "x := true", []string{"x := false"}},
		{"an assignment", "a = b", []string{""}},
		{"an assignment with an operator", "a += b", []string{"", "a -= b"}},
		{"a count", "a++", []string{"", "a--"}},
		{"a call for what it does", "clear(m)", []string{""}},
		{"the smaller of two", "x := min(a, b)", []string{"x := max(a, b)"}},
		{"the boundary of times", "x := a.Before(b)", []string{"x := !a.After(b)"}},
		{"a condition without an operator", "if ok { return }", []string{"if !ok { return }", "if ok { }"}},
		{"a result", "return s.has(a)", []string{"", "return !s.has(a)"}},
		{"zeros beside a failure", "return 0, f.fault(a)", []string{"", "return 0, !f.fault(a)"}},
		{"a zero beside a success", "return 0, true", []string{"", "return 1, true", "return 0, false"}},
		{"elements", "x := p{a: b, c: d}", []string{"x := p{c: d}", "x := p{a: b}"}},
		{"a loop's jump", "for { break }", []string{"for { }"}},
		{"a declaration", "var x int", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, m := range sourceOf(t, tt.line).mutants() {
				if m.before != tt.line || m.function != "set.f" || m.line != 4 || m.dir() != "internal/p" {
					t.Errorf("mutant of %s, line %d: %q", m.function, m.line, m.before)
				}
				got = append(got, m.after)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestMutantsOutsideOfFunctions(t *testing.T) {
	s, err := parse("p.go", "package p\n\nimport \"fmt\"\n\nconst n = 4\n\nvar x = [2]int{}\n\nfunc external()\n")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range s.mutants() {
		got = append(got, m.function+": "+m.after)
		if m.in != nil {
			t.Errorf("%s is in a function", m.after)
		}
	}
	if want := []string{"const: const n = 5", "var: var x = [3]int{}"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// All mutants of a file are in its switched text, each within its span, and the
// original is behind them.
func TestSwitched(t *testing.T) {
	s := sourceOf(t, "if a < b {\n\treturn true\n}\nreturn false")
	mutants := s.mutants()
	for i, m := range mutants {
		m.id = i + 1
	}
	files, spans := switched([]source{s}, mutants)
	if _, ok := files["internal/p/chosen_mutant.go"]; !ok || len(spans) != len(mutants) || len(mutants) == 0 {
		t.Fatalf("%d files, %d spans of %d mutants", len(files), len(spans), len(mutants))
	}
	text := files[s.path]
	if _, err := parse(s.path, text); err != nil {
		t.Fatal(err)
	}
	if original := s.text[strings.Index(s.text, "{")+1:]; !strings.HasSuffix(text, original) {
		t.Errorf("the original body is not at the end:\n%s", text)
	}
	lines := strings.Split(text, "\n")
	for i, span := range spans {
		part := strings.Join(lines[span.first-1:span.last], "\n")
		if span.id != mutants[i].id || !strings.Contains(oneLine(part), mutants[i].after) || strings.Count(part, "case ") != 1 {
			t.Errorf("lines %d-%d have not mutant %d, %q:\n%s", span.first, span.last, span.id, mutants[i].after, part)
		}
	}
	out := []byte("# p\n/tmp/mutants-1/internal-p-p.go:7:3: missing return\n/tmp/other.go:7:3: missing return\n")
	if bad := complaints(out, spans); len(bad) != 1 || !bad[1] {
		t.Errorf("complaints about %v in %v", bad, spans)
	}
}

func TestAcceptedList(t *testing.T) {
	const text = "# A comment.\n\ninternal/p/p.go: set.f\n- a < b\n+ a <= b\n- return\nNo other way.\n"
	list, err := parseAccepted(text)
	if err != nil {
		t.Fatal(err)
	}
	boundary := change{"internal/p/p.go", "set.f", "a < b", "a <= b"}
	removal := change{"internal/p/p.go", "set.f", "return", ""}
	if !slices.Equal(list, accepted{boundary, removal}) {
		t.Fatalf("got %+v", list)
	}
	alive, dead := &mutant{change: boundary, verdict: survivor}, &mutant{change: removal, verdict: killed}
	if !list.has(alive) || list.has(&mutant{}) {
		t.Error("an entry does not stand for its mutant alone")
	}
	if stale := list.stale([]*mutant{alive, dead}); !slices.Equal(stale, []change{removal}) {
		t.Errorf("stale are %+v, want the one that is killed", stale)
	}
	if stale := list.stale([]*mutant{{change: change{file: "internal/q/q.go"}}}); len(stale) != 0 {
		t.Errorf("stale are %+v, but their package was not tried", stale)
	}
}

func TestAcceptedListRefuses(t *testing.T) {
	for _, text := range []string{
		"internal/p/p.go: f\n- a\n+ b\n", // no reason
		"internal/p/p.go: f\nBecause.\n", // no change
		"internal/p/p.go\n- a\nBecause.", // no function
		"p.go: f\n+ a\nBecause.",         // nothing before
	} {
		if list, err := parseAccepted(text); err == nil {
			t.Errorf("%q is read as %+v", text, list)
		}
	}
}
