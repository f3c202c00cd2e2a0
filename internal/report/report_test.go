package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"sagescale/internal/activity"
	"sagescale/internal/report"
	"sagescale/internal/simulate"
	"sagescale/internal/trace"
)

// sawtooth is a load that rises and falls twice, with a capacity that follows.
func sawtooth(minutes int) []simulate.Row {
	var rows []simulate.Row
	for m := range minutes {
		requests := float64(m % (minutes/2 + 1) * 20)
		n := 1 + int(requests*1.2)/1000
		rows = append(rows, simulate.Row{
			Time: trace.Epoch().Add(time.Duration(m) * time.Minute), Requests: requests,
			InService: n, Desired: n, Billed: n, Lost: max(0, requests-1000*float64(n)),
		})
	}
	return rows
}

// story is a run with so many activities.
func story(activities int) report.Run {
	target := simulate.TargetResult{Endpoint: "chat", Variant: "main", Rows: sawtooth(600)}
	for i := range activities {
		start := trace.Epoch().Add(time.Duration(i) * 10 * time.Minute)
		target.Activities = append(target.Activities, activity.Activity{
			ID: fmt.Sprint(i), From: i + 1, To: i + 2, Status: activity.Successful,
			Cause:     "Tick; InvocationsPerInstance: 3 of 3 datapoints are above the target of 700; a load of 800 at 700 per instance needs 2",
			StartTime: start, EndTime: start.Add(6 * time.Minute),
		})
	}
	return report.Run{
		Load:  "load.csv",
		Trace: trace.Trace{Start: trace.Epoch(), Step: time.Minute, Requests: []float64{1, 2}},
		Config: simulate.Config{
			Provisioning: 6 * time.Minute, ScaleIn: 2 * time.Minute,
			Loads: map[string]simulate.Load{"chat/main": {InstanceCapacity: 1000}},
		},
		Result:      simulate.Result{Targets: []simulate.TargetResult{target}, Ticks: 600, Records: 601},
		RecordsFile: "records.jsonl",
	}
}

func text(t *testing.T, r report.Run) string {
	t.Helper()
	var b strings.Builder
	if err := r.Text(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestText(t *testing.T) {
	run := story(3)
	all := run.Result.Targets[0].Activities
	all[1].Status, all[1].StatusMessage = activity.Failed, "resource limit exceeded"
	all[2].Status, all[2].EndTime = activity.InProgress, time.Time{}
	golden(t, "text.golden", text(t, run))
}

// What activities say of themselves, and how files are called, is text and no more.
//
// Faults: H5
func TestHostileRun(t *testing.T) {
	const hostile = "\x1b[31m\u009b2J\r\u202e\u2066\xff<script>=1+1\u2028"
	run := story(1)
	run.Load, run.RecordsFile = hostile, hostile
	all := run.Result.Targets[0].Activities
	all[0].Status, all[0].Cause, all[0].StatusMessage = activity.Failed, hostile+strings.Repeat(" x", 1<<19), hostile+strings.Repeat("y", 1<<20)
	var machine strings.Builder
	if err := run.JSON(&machine); err != nil || !json.Valid([]byte(machine.String())) {
		t.Fatalf("no JSON: %v", err)
	}
	people := text(t, run)
	for _, s := range []string{people, machine.String()} {
		if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
			t.Errorf("not plain: %.2000q", s)
		}
	}
	if len(people) > 16<<10 {
		t.Errorf("%d bytes", len(people))
	}
}

// golden compares with a file, or writes it when -update is given.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs, got:\n%s", name, got)
	}
}

var update = flag.Bool("update", false, "write the golden files anew")

func TestManyActivities(t *testing.T) {
	for n, want := range map[int]string{0: "none: the capacity was not changed; the records say why", 25: "... 1 more,", 60: "... 36 more,"} {
		got := text(t, story(n))
		if !strings.Contains(got, want) || strings.Count(got, "Successful") != min(n, 24) {
			t.Errorf("%d activities:\n%s", n, got)
		}
	}
	if got := text(t, story(24)); strings.Contains(got, " more,") || strings.Count(got, "Successful") != 24 {
		t.Errorf("24 activities:\n%s", got)
	}
}

func TestErrorsAreShown(t *testing.T) {
	run := story(0)
	run.Result.Errors = 3
	run.Result.Targets[0].Rows[5].Lost = 0.1
	got := text(t, run)
	if !strings.Contains(got, "errors           3\n") || !strings.Contains(got, "less than 0.01 %") {
		t.Errorf("got:\n%s", got)
	}
}

// TestPlotFits draws any run: no line is wider than 80 columns, and no colour.
func TestPlotFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minutes := rapid.SampledFrom([]int{1, 2, 59, 60, 61, 69, 70, 71, 1440, 10080, 300000}).Draw(t, "minutes")
		top := rapid.SampledFrom([]float64{0, 1, 999, 1e5, 1e9}).Draw(t, "top")
		var rows []simulate.Row
		for m := range minutes {
			rows = append(rows, simulate.Row{
				Time:      trace.Epoch().Add(time.Duration(m+7) * time.Minute),
				Requests:  top * float64(m%60) / 60,
				InService: 1 + m%7,
			})
		}
		plot := report.Plot(rows, 100)
		lines := strings.Split(plot, "\n")
		for _, line := range lines {
			if n := utf8.RuneCountInString(line); n > 80 || strings.ContainsRune(line, '\x1b') {
				t.Fatalf("%d columns or a colour: %q", n, line)
			}
		}
		if len(lines) > 20 || !strings.Contains(plot, "•") && top > 0 || !strings.Contains(plot, "└") {
			t.Fatalf("%d lines:\n%s", len(lines), plot)
		}
	})
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := story(2).JSON(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "json.golden", b.String())
	b.Reset()
	if err := story(0).JSON(&b); err != nil || !json.Valid(b.Bytes()) || !strings.Contains(b.String(), `"activities": []`) {
		t.Errorf("without activities: %v\n%s", err, b.String())
	}
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "records.jsonl")
	for _, content := range []string{"one\n", "two\n"} {
		f, err := report.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
		if before, _ := os.ReadFile(path); string(before) == content {
			t.Error("the file is there before it is committed")
		}
		if err := f.Commit(); err != nil {
			t.Fatal(err)
		}
		f.Discard()
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Errorf("got %q, %v", got, err)
		}
	}
	f, err := report.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	f.Discard()
	if got, _ := os.ReadFile(path); string(got) != "two\n" {
		t.Errorf("a discarded file has changed it to %q", got)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestFileRefuses(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Symlink("nowhere", link); err != nil {
		t.Fatal(err)
	}
	for path, kind := range map[string]string{dir: "directory", link: "symbolic link", os.DevNull: "device"} {
		if _, err := report.Create(path); !errors.Is(err, report.ErrNotAFile) || !strings.Contains(err.Error(), kind) {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, path := range []string{filepath.Join(dir, "missing", "file"), filepath.Join(dir, "link", "file"), filepath.Join(dir, "a\x00b")} {
		if _, err := report.Create(path); err == nil || errors.Is(err, report.ErrNotAFile) {
			t.Errorf("%s: %v", path, err)
		}
	}
	f, err := report.Create(filepath.Join(dir, "taken"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "taken", "inside"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := f.Commit(); err == nil {
		t.Error("a directory is replaced")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.tmp")); left != nil {
		t.Errorf("left behind: %v", left)
	}
}
