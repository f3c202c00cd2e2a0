package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"

	"sagescale/internal/activity"
	"sagescale/internal/scaling"
)

// FuzzDecide: no case makes the command panic, and to each it answers with a
// decision alone or with what is wrong with the case alone, the same every time.
// A decision stays within its limits unless it stays where it is, its steps lead
// there from the present capacity without a gap, and it says why it does nothing.
func FuzzDecide(f *testing.F) {
	addConformanceCases(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		code, out, errs := decide(t, text)
		if again, outAgain, errsAgain := decide(t, text); again != code || outAgain != out || errsAgain != errs {
			t.Errorf("answer %d %s%s, and then %d %s%s", code, out, errs, again, outAgain, errsAgain)
		}
		switch code {
		case exitDone:
			if errs != "" {
				t.Errorf("done, and %s", errs)
			}
			checkDecision(t, text, out)
			checkExplanation(t, text)
		case exitInvalid:
			if out != "" {
				t.Errorf("refused, and %s", out)
			}
			checkRefusal(t, text, errs)
		default:
			t.Errorf("exit code %d: %s", code, errs)
		}
	})
}

// addConformanceCases begins with the cases whose answers are known.
func addConformanceCases(f *testing.F) {
	f.Helper()
	names, err := filepath.Glob("../../test/conformance/testdata/*/*.txtar")
	if err != nil || len(names) == 0 {
		f.Fatalf("no conformance cases: %v", err)
	}
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if file.Name == "case.json" {
				f.Add(file.Data)
			}
		}
	}
}

// decide runs the command on a case.
func decide(t *testing.T, text []byte, flags ...string) (code int, out, errs string) {
	t.Helper()
	clock := func() time.Time {
		t.Error("decide reads the clock; a case has its own time")
		return time.Time{}
	}
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), append([]string{"decide"}, flags...), bytes.NewReader(text), &stdout, &stderr, clock)
	return code, stdout.String(), stderr.String()
}

// checkDecision holds an answer to what scaling.Decision promises.
func checkDecision(t *testing.T, text []byte, out string) {
	t.Helper()
	var d scaling.Decision
	decoder := json.NewDecoder(strings.NewReader(out))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	present := presentCapacity(t, text)
	if d.MinCapacity < 1 || d.MaxCapacity < d.MinCapacity {
		t.Errorf("limits of %s", out)
	}
	if d.DesiredCapacity != present && (d.DesiredCapacity < d.MinCapacity || d.DesiredCapacity > d.MaxCapacity) {
		t.Errorf("from %d out of the limits to %s", present, out)
	}
	at := present
	for _, s := range d.Steps {
		if s.From != at || s.To == at || s.To < 0 || s.Rule == "" || s.Reason == "" {
			t.Errorf("step %+v at %d of %s", s, at, out)
		}
		at = s.To
	}
	if at != d.DesiredCapacity {
		t.Errorf("steps from %d lead to %d in %s", present, at, out)
	}
	if d.DesiredCapacity == present && len(d.NotScaledReasons) == 0 {
		t.Errorf("no reason to stay at %d in %s", present, out)
	}
	for _, r := range d.NotScaledReasons {
		if r.Code == "" || r.Message == "" {
			t.Errorf("reason %+v of %s", r, out)
		}
	}
}

// presentCapacity is the capacity that a decision on a valid case starts from: what
// serves, or what was asked for while that is on its way.
func presentCapacity(t *testing.T, text []byte) int {
	t.Helper()
	var c struct {
		Observation struct {
			Status                           string
			CurrentCapacity, DesiredCapacity int
		}
		Activities []struct{ Status activity.Status }
	}
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	underWay := c.Observation.Status != activity.InService
	for _, a := range c.Activities {
		underWay = underWay || a.Status == activity.Pending || a.Status == activity.InProgress
	}
	if underWay {
		return c.Observation.DesiredCapacity
	}
	return c.Observation.CurrentCapacity
}

// checkExplanation: what is written for people spoils no terminal.
func checkExplanation(t *testing.T, text []byte) {
	t.Helper()
	code, out, errs := decide(t, text, "--format", "text")
	if code != exitDone || errs != "" || len(lines(out)) < 2 {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	checkPrintable(t, out)
}

// checkRefusal: all that is wrong is named on lines of its own, and of what is no
// JSON the place.
func checkRefusal(t *testing.T, text []byte, errs string) {
	t.Helper()
	quoting := strings.Contains(errs, ": read datapoint ") // quotes the case as it stands, over its lines
	if !quoting {
		checkPrintable(t, strings.ReplaceAll(errs, "\x7f", "")) // which package time does not escape
	}
	for i, line := range lines(errs) {
		if i == 0 {
			line = strings.TrimPrefix(line, "sagescale: ")
		}
		if !strings.HasPrefix(line, "standard input:") && !quoting {
			t.Errorf("line %q of %s", line, errs)
		}
	}
	if json.Valid(text) {
		return
	}
	place := regexp.MustCompile(`(?s)^sagescale: standard input:(\d+):(\d+): .+\n$`).FindStringSubmatch(errs)
	if place == nil {
		t.Fatalf("no place in %q", errs)
	}
	row, _ := strconv.Atoi(place[1])
	column, _ := strconv.Atoi(place[2])
	rows := bytes.Split(text, []byte("\n"))
	if row < 1 || row > len(rows) || column < 1 || column > 1+len(rows[row-1]) {
		t.Errorf("%s is beside the case, which has %d lines", errs, len(rows))
	}
}

// checkPrintable refuses what could move a cursor or hide a text.
func checkPrintable(t *testing.T, text string) {
	t.Helper()
	if !utf8.ValidString(text) || !strings.HasSuffix(text, "\n") {
		t.Errorf("text %q", text)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
		t.Errorf("text %q", text)
	}
}
