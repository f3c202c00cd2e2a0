package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const list = "# A comment.\n\nname: backwards\ninternal/p/p.go: set.f\n- a < b\n+ a > b\n- return x\nIt is wrong.\n\n" +
	"name: twice\ninternal/p/p.go: set.f\n- b\n+ c\ninternal/p/p.go: const\n- 4\n+ 5\nSo is this.\n"

func TestBrokenList(t *testing.T) {
	all, err := parseBroken(list)
	if err != nil {
		t.Fatal(err)
	}
	want := []change{{"internal/p/p.go", "set.f", "a < b", "a > b"}, {"internal/p/p.go", "set.f", "return x", ""}}
	if len(all) != 2 || all[0].name != "backwards" || all[1].id != 2 || !slices.Equal(all[0].changes, want) {
		t.Errorf("got %+v", all)
	}
	if dirs := folders(all); !slices.Equal(dirs, []string{"internal/p"}) {
		t.Errorf("it changes %v", dirs)
	}
}

func TestBrokenListRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no name":       "p.go: f\n- a\n+ b\nBecause.\n",
		"no place":      "name: x\n- a\n+ b\nBecause.\n",
		"no change":     "name: x\np.go: f\nBecause.\n",
		"no reason":     "name: x\np.go: f\n- a\n+ b\n",
		"the same name": "name: x\np.go: f\n- a\nWhy.\n\nname: x\np.go: f\n- b\nWhy.\n",
	} {
		if all, err := parseBroken(text); err == nil {
			t.Errorf("%s: it is read as %+v", name, all)
		}
	}
}

// What is to be changed is found whatever its white space, within its function alone.
func TestLocate(t *testing.T) {
	s := sourceOf(t, "if a < b {\n\treturn true\n}\nreturn false")
	b := &broken{name: "x", id: 7, changes: []change{
		{s.path, "set.f", "{ return true }", "{ return false }"}, {s.path, "set.f", "a < b", "a > b"},
	}}
	if err := b.locate([]source{s}); err != nil {
		t.Fatal(err)
	}
	m := b.parts[0]
	if got := oneLine(m.edit.text); got != "if a > b { return false } return false" || len(b.parts) != 1 || m.id != 7 || m.in == nil {
		t.Errorf("got %q of %+v", got, m)
	}
	if text, _ := s.switched(b.parts); strings.Count(text, "return false") != 3 {
		t.Errorf("the original is not behind it:\n%s", text)
	}
}

func TestLocateRefuses(t *testing.T) {
	s := sourceOf(t, "return a < b || b < a")
	for name, c := range map[string]change{
		"another text":     {s.path, "set.f", "a > b", "a"},
		"found twice":      {s.path, "set.f", "<", ">"},
		"another function": {s.path, "f", "a < b", "a"},
		"another file":     {"q.go", "set.f", "a < b", "a"},
	} {
		b := &broken{name: "the build", changes: []change{c}}
		if err := b.locate([]source{s}); err == nil || !strings.Contains(err.Error(), "the build: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	outside := &broken{changes: []change{{s.path, "set.f", "a < b", "a"}, {s.path, "type", "package p", "package q"}}}
	if err := outside.locate([]source{s}); err == nil {
		t.Error("what stands outside of functions may be changed with a function")
	}
}

func TestCause(t *testing.T) {
	for out, want := range map[string]string{
		"--- FAIL: TestSeeds (0.1s)\n    seeds_test.go:80: seed 7: S3: too early\n":                             "S3",
		"--- FAIL: TestExhaustive (0.1s)\n    exhaustive_test.go:9: S5: two\n    exhaustive_test.go:9: S4: x\n": "S4",
		"--- FAIL: TestNames (0.1s)\n    names_test.go:80: got 3\n":                                             "wrong",
		"panic: deadlock: main bubble goroutine has exited\n":                                                   "deadlock",
		"fatal error: all goroutines are asleep - deadlock!\n":                                                  "deadlock",
		"panic: no such thing\n\ngoroutine 7 [running]:\n":                                                      "crash",
		"SIGXCPU: CPU time limit exceeded\n":                                                                    "no end",
		"":                                                                                                      "no end",
	} {
		if got := cause([]byte(out)); got != want {
			t.Errorf("%q is %s, want %s", out, got, want)
		}
	}
}

func TestPage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "README.md")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read := func() page {
		p, err := readPage(path)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	table := tableOf([]*broken{{name: "a", cause: "S1", by: "seed 3"}, {name: "b"}, {name: "c d", cause: "wrong", by: "TestX"}})
	write("x\n<!-- broken:begin -->\nold\n<!-- broken:end -->\ny\n")
	if err := read().show(table, false); err == nil {
		t.Error("an old table will do")
	}
	if err := read().show(table, true); err != nil {
		t.Error(err)
	}
	if err := read().show(table, false); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(path)
	if want := "x\n<!-- broken:begin -->" + table + "<!-- broken:end -->\ny\n"; err != nil || string(text) != want {
		t.Errorf("the page is %q, want %q, %v", text, want, err)
	}
	if known, want := read().seenBy(), map[string]trial{"a": {seed: 3}, "c d": {test: "TestX"}}; !maps.Equal(known, want) {
		t.Errorf("the table is read as %v, want %v", known, want)
	}
	write("nothing")
	if _, err := readPage(path); err == nil {
		t.Error("a page without markers will do")
	}
}

// What has seen a broken build before is tried first, if it is there still.
func TestTrials(t *testing.T) {
	s := &simulation{tests: []string{"TestA"}, known: map[string]trial{"a": {seed: 77}, "b": {test: "TestA"}, "c": {test: "TestGone"}}}
	for name, want := range map[string]trial{"a": {seed: 77}, "b": {test: "TestA"}, "c": {seed: 1}, "d": {seed: 1}} {
		if all := s.trials(&broken{name: name}); all[0] != want || !slices.Contains(all, trial{seed: 1}) {
			t.Errorf("%s meets %v first, want %v", name, all[0], want)
		}
	}
}
