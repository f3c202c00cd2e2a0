package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func readPage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// part returns what is between the markers of a part of the page.
func part(t *testing.T, page, name string) string {
	t.Helper()
	_, inside, _, err := cutPart(page, name)
	if err != nil {
		t.Fatal(err)
	}
	return inside
}

// The page has a table of each default, a row for each value, and in bold the one that
// the compiled policy has.
func TestReadmeHasTheDefaults(t *testing.T) {
	text := part(t, readPage(t), "defaults")
	if got := strings.Count(text, "### "); got != len(knobs()) {
		t.Errorf("%d tables of defaults, want %d", got, len(knobs()))
	}
	s := scorer{policy: "scaling.yaml", dir: t.TempDir()}
	for _, k := range knobs() {
		_, after, found := strings.Cut(text, "### "+k.name+"\n")
		table, _, _ := strings.Cut(after, "### ")
		if !found {
			t.Errorf("no table of %s: make scores-page", k.name)
			continue
		}
		standard, err := s.standard(k)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range k.values {
			shown := v
			if v == standard {
				shown = "**" + v + "**"
			}
			if strings.Count(table, "\n| "+shown+" |") != 1 {
				t.Errorf("%s has no row %s, where the default is %s: make scores-page", k.name, shown, standard)
			}
		}
		if strings.Count(table, "\n| **") != 1 || strings.Count(table, "\n| ") != len(k.values)+2 {
			t.Errorf("%s: one row in bold of %d is wanted, got\n%s", k.name, len(k.values), table)
		}
		if want := verdictOn(t, k, table, standard); !strings.Contains(table, "\n\n"+want+"\n") {
			t.Errorf("%s does not say %q: make scores-page", k.name, want)
		}
	}
}

// verdictOn returns what is to be said of a table as it is on the page.
func verdictOn(t *testing.T, k knob, table, standard string) string {
	t.Helper()
	var means []score
	for line := range strings.Lines(table) {
		cells := strings.Split(line, " | ")
		if len(cells) != 6 || cells[1] == "lost" || strings.HasPrefix(line, "| ---") {
			continue
		}
		var m score
		if _, err := fmt.Sscan(cells[3]+" "+cells[4], &m.j10, &m.j100); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		means = append(means, m)
	}
	if len(means) != len(k.values) {
		t.Fatalf("%s has %d values, want %d", k.name, len(means), len(k.values))
	}
	j10 := k.least(means, func(s score) float64 { return s.j10 })
	j100 := k.least(means, func(s score) float64 { return s.j100 })
	return k.verdict(standard, j10, j100)
}

// Each value makes a policy that is valid and in which it stands.
func TestKnobsTurn(t *testing.T) {
	dir := t.TempDir()
	for _, k := range knobs() {
		for _, v := range k.values {
			path, err := variation{changes: k.vary(v)}.apply("scaling.yaml", dir)
			if err != nil {
				t.Fatal(err)
			}
			target, err := compiled(path)
			if err != nil {
				t.Errorf("%s %s: %v", k.name, v, err)
				continue
			}
			if got := k.standard(target); got != v && v != "ForecastOnly" {
				t.Errorf("%s: got %s, want %s", k.name, got, v)
			}
		}
	}
}

func TestReadmeHasTheScores(t *testing.T) {
	page := readPage(t)
	scores := part(t, page, "scores")
	for _, name := range []string{"sagescale", "sagescale without forecasts", "application-auto-scaling", "hpa", "kpa", "oracle"} {
		// One for each of the six loads, and one for the mean.
		if got := strings.Count(scores, "\n| "+name+" |"); got != 7 {
			t.Errorf("%d rows of %s, want 7", got, name)
		}
	}
	table := part(t, page, "variations")
	for _, v := range variations() {
		if !strings.Contains(table, "\n| "+v.title+" |") {
			t.Errorf("no row %q: make scores-page", v.title)
		}
	}
}

func TestReadmeHasTheAblation(t *testing.T) {
	table := part(t, readPage(t), "ablation")
	for _, a := range ablations() {
		if strings.Count(table, "\n| "+a.title+" |") != 1 {
			t.Errorf("no row %q: make scores-page", a.title)
		}
	}
}

// An idea that has moved on is not left out in silence.
func TestAblationMustFit(t *testing.T) {
	for _, a := range ablations() {
		text, err := os.ReadFile(filepath.Join("..", "..", a.file))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.apply(a.file, string(text)); err != nil {
			t.Error(err)
		}
	}
	a := ablation{"nothing", "internal/forecast/season.go", change{"no such code", ""}}
	if _, err := a.build(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "season.go does not have") {
		t.Errorf("got %v", err)
	}
	a.file = "internal/forecast/none.go"
	if _, err := a.build(t.Context(), t.TempDir()); err == nil {
		t.Error("a file that is not there is changed")
	}
	a = ablation{"broken", "internal/forecast/season.go", change{"package forecast", "package"}}
	if _, err := a.build(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), `build "broken"`) {
		t.Errorf("got %v", err)
	}
}

func TestReplacePart(t *testing.T) {
	page := "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n"
	got, err := replacePart(page, "x", "new\n")
	if want := "a\n<!-- x:begin -->\n\nnew\n\n<!-- x:end -->\nb\n"; err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
	if again, err := replacePart(got, "x", "new\n"); err != nil || again != got {
		t.Errorf("written again it is %q, %v", again, err)
	}
	if _, err := replacePart(page, "y", ""); err == nil {
		t.Error("a part without markers is written")
	}
}

// J is that of package replay: 2 instance hours of the oracle, of which 6 minutes lacked.
func TestReadScores(t *testing.T) {
	all, err := readScores(`{"traces": [{"name": "day", "trace": {"steps": 2880, "step_seconds": 60}, "results": [
		{"name": "application-auto-scaling-best", "target": 0.95, "lost_requests": 6000, "lost_fraction": 0.05,
		 "instance_hours": 3, "cost_over_oracle": 1.5, "scale_outs": 3, "scale_ins": 1, "reversals": 2}]}]}`)
	if err != nil {
		t.Fatal(err)
	}
	want := scaler{"aas-best (95 %)", score{lost: 0.05, cost: 1.5, j10: 2, j100: 6.5, changes: 2, reversals: 1}}
	if got := all[0].scalers[0]; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if _, err := readScores("not JSON"); err == nil {
		t.Error("what is not JSON is read")
	}
}

func TestVerdict(t *testing.T) {
	k := knob{values: []string{"1", "2"}, kept: "it is asked for"}
	for _, test := range []struct {
		j10, j100 []string
		want      string
	}{
		{[]string{"1", "2"}, []string{"1", "2"}, "All do the same."},
		{[]string{"1"}, []string{"1", "2"}, "None does better than 1."},
		{[]string{"1"}, []string{"2"}, "Least J(10): 1; least J(100): 2. 1 is kept: it is asked for."},
		{[]string{"2"}, []string{"2"}, "Least J(10): 2; least J(100): 2. 1 is the best by neither, and is kept: it is asked for."},
	} {
		if got := k.verdict("1", test.j10, test.j100); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

// A page that cannot be written is told before anything is replayed.
func TestPageMustBeThere(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := writePage(t.Context(), filepath.Join(t.TempDir(), "none.md"), "none", "none"); err == nil {
		t.Error("a page that is not there is written")
	}
}
