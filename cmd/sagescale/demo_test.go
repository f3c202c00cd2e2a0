package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"sagescale/internal/autoscaler"
)

// runDemo runs the command in a directory of its own.
func runDemo(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), append([]string{"demo"}, args...), strings.NewReader(""), &stdout, &stderr, time.Now)
	return code, stdout.String(), stderr.String()
}

// write puts a file into the current directory.
func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDemo(t *testing.T) {
	t.Chdir(t.TempDir())
	code, out, errs := runDemo(t)
	if code != exitDone || strings.Contains(errs, "level=") {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, want := range []string{
		"A made-up day: 1,440 minutes from 2026-11-23 00:00Z",
		"one instance serves 1000 requests a minute",
		"••• load", "06:00", "18:00",
		"took 6m", "Successful", "datapoints are above the target of 700",
		"lost requests", "instance hours", "scale-outs", "scale-ins", "reversals",
		"ticks            1,440",
		"head -n 1 sagescale-demo.jsonl",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing", want)
		}
	}
	for line := range strings.Lines(out) {
		if utf8.RuneCountInString(line) > 81 || strings.ContainsRune(line, '\x1b') {
			t.Errorf("a line is too wide, or has a colour: %s", line)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
	checkRecords(t, "sagescale-demo.jsonl", 1440)
}

// checkRecords checks that there is a record for every minute, each explained.
func checkRecords(t *testing.T, path string, minutes int) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	seen := map[time.Time]bool{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var r autoscaler.Record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		if r.Trigger.Kind == "Tick" {
			seen[r.Time] = true
		}
		if len(r.Decision.Steps) == 0 && len(r.Decision.NotScaledReasons) == 0 || r.Error != "" {
			t.Fatalf("no reason, or an error: %s", lines.Bytes())
		}
	}
	if len(seen) != minutes {
		t.Errorf("%d minutes have a record, want %d", len(seen), minutes)
	}
}

func TestDemoIsTheSameEveryTime(t *testing.T) {
	t.Chdir(t.TempDir())
	_, first, _ := runDemo(t, "--records", "a.jsonl", "--format", "json")
	_, second, _ := runDemo(t, "--records", "b.jsonl", "--format", "json")
	a, errA := os.ReadFile("a.jsonl")
	b, errB := os.ReadFile("b.jsonl")
	if errA != nil || errB != nil || !bytes.Equal(a, b) || len(a) == 0 {
		t.Errorf("the records differ: %v, %v", errA, errB)
	}
	if strings.ReplaceAll(first, "a.jsonl", "b.jsonl") != second {
		t.Error("the answers differ")
	}
}

// demoAnswer is what machines may rely on.
type demoAnswer struct {
	Trace struct {
		Steps       int
		StepSeconds float64 `json:"step_seconds"`
		Requests    float64
	}
	Results []struct {
		Name         string
		Capacity     float64 `json:"instance_capacity"`
		Lost         float64 `json:"lost_requests"`
		LostFraction float64 `json:"lost_fraction"`
		Hours        float64 `json:"instance_hours"`
		Outs         int     `json:"scale_outs"`
		Ins          int     `json:"scale_ins"`
		Activities   []struct{ Cause, Status string }
	}
	Ticks   int
	Records int    `json:"decision_records"`
	File    string `json:"records_file"`
}

// answerOf runs the demo and reads its answer.
func answerOf(t *testing.T, args ...string) demoAnswer {
	t.Helper()
	code, out, errs := runDemo(t, append(args, "--format", "json")...)
	var a demoAnswer
	if err := json.Unmarshal([]byte(out), &a); err != nil || code != exitDone {
		t.Fatalf("exit %d, %v: %s", code, err, errs)
	}
	return a
}

// twoHours is a trace of two hours in steps of 10 s that rises after the first.
func twoHours() string {
	var b strings.Builder
	b.WriteString("timestamp,requests\n")
	for i := range 720 {
		requests := "50"
		if i >= 360 {
			requests = "400"
		}
		b.WriteString(time.Date(2026, 5, 1, 0, 0, 10*i, 0, time.UTC).Format(time.RFC3339) + "," + requests + "\n")
	}
	return b.String()
}

func TestDemoTrace(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "load.csv", twoHours())
	a := answerOf(t, "--trace", "load.csv")
	r := a.Results[0]
	if a.Trace.Steps != 720 || a.Trace.StepSeconds != 10 || a.Trace.Requests != 162000 || a.Ticks != 120 || a.File != "sagescale-demo.jsonl" {
		t.Errorf("got %+v", a)
	}
	if r.Name != "demo/AllTraffic" || r.Capacity != 120 || r.Outs == 0 || len(r.Activities) != r.Outs+r.Ins {
		t.Errorf("got %+v", r)
	}
	small := answerOf(t, "--trace", "load.csv", "--instance-capacity", "600", "--provisioning", "15m", "--metric-delay", "3m").Results[0]
	if small.Capacity != 600 || small.Lost <= r.Lost/2 || small.Hours >= r.Hours {
		t.Errorf("got %+v", small)
	}
}

func TestDemoPolicy(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "scaling.yaml", `
version: 1
defaults: {minCapacity: 2, maxCapacity: 12}
targets:
- {endpoint: a, variant: main, targetTracking: [{metric: InvocationsPerInstance, targetValue: 70}]}
- {endpoint: b, variant: main, targetTracking: [{metric: ConcurrentRequestsPerModel, targetValue: 7}]}
- {endpoint: c, variant: main}
`)
	a := answerOf(t, "--policy", "scaling.yaml")
	if len(a.Results) != 3 || a.Results[0].Capacity != 100 || a.Results[1].Capacity != 600 || a.Results[2].Capacity != 1000 {
		t.Fatalf("got %+v", a.Results)
	}
	for _, r := range a.Results[:2] {
		if r.Outs < 5 || r.Ins < 5 || r.LostFraction > 0.1 {
			t.Errorf("%s: the day does not suit the policy: %d out, %d in, %v lost", r.Name, r.Outs, r.Ins, r.LostFraction)
		}
	}
	write(t, "load.csv", twoHours())
	if a := answerOf(t, "--policy", "scaling.yaml", "--trace", "load.csv"); a.Results[2].Capacity != 120 || a.Results[2].Outs != 0 {
		t.Errorf("got %+v", a.Results[2])
	}
	if code, out, errs := runDemo(t, "--policy", "scaling.yaml"); code != exitDone || strings.Count(out, "Totals") != 3 {
		t.Errorf("exit %d: %s%s", code, errs, out)
	}
}

func TestDemoRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "bad.csv", "timestamp,requests\n0,1\n60,-1\n")
	write(t, "idle.csv", "timestamp,requests\n0,0\n60,0\n")
	write(t, "bad.yaml", "version: 2\ntargets: []\n")
	write(t, "kept.jsonl", "kept\n")
	if err := os.Symlink("kept.jsonl", "link.jsonl"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"extra", exitInvalid, "see sagescale demo --help"},
		{"--wrong", exitInvalid, "unknown flag: --wrong"},
		{"--format xml", exitInvalid, `--format "xml" is neither text nor json`},
		{"--provisioning 0s", exitInvalid, "--provisioning 0s is not from 1s to 24h0m0s"},
		{"--provisioning 25h", exitInvalid, "--provisioning 25h0m0s is not"},
		{"--scale-in -1s", exitInvalid, "--scale-in -1s is not from 0s"},
		{"--metric-delay 30s", exitInvalid, "--metric-delay 30s is not from 1m0s"},
		{"--instance-capacity 0", exitInvalid, "--instance-capacity 0 is not above 0"},
		{"--instance-capacity NaN", exitInvalid, "--instance-capacity NaN is not above 0"},
		{"--instance-capacity lots", exitInvalid, "invalid argument"},
		{"--trace bad.csv", exitInvalid, `bad.csv:3:4: requests: "-1": must be a number from 0 to 1e12`},
		{"--trace idle.csv", exitInvalid, "trace idle.csv has too few requests to size instances by: give --instance-capacity"},
		{"--trace missing.csv", exitInvalid, "open trace: open missing.csv: no such file"},
		{"--trace .", exitFailed, "read trace .: "},
		{"--policy bad.yaml", exitInvalid, "bad.yaml:1:10: version: "},
		{"--policy missing.yaml", exitInvalid, "missing.yaml"},
		{"--records .", exitInvalid, "it is a directory"},
		{"--records link.jsonl", exitInvalid, "it is a symbolic link"},
		{"--records missing/file.jsonl", exitInvalid, "create missing/file.jsonl"},
	} {
		code, out, errs := runDemo(t, append([]string{"--records", "kept.jsonl"}, strings.Fields(c.args)...)...)
		if code != c.code || !strings.Contains(errs, c.want) || out != "" {
			t.Errorf("%s: exit %d, want %d: %s%s", c.args, code, c.code, errs, out)
		}
	}
	if kept, err := os.ReadFile("kept.jsonl"); err != nil || string(kept) != "kept\n" {
		t.Errorf("a failure has changed the records: %q, %v", kept, err)
	}
	if left, _ := filepath.Glob("*.tmp"); left != nil {
		t.Errorf("left behind: %v", left)
	}
	if code, _, errs := runDemo(t, "--trace", "idle.csv", "--instance-capacity", "10"); code != exitDone {
		t.Errorf("an idle trace: exit %d: %s", code, errs)
	}
}

func TestProgress(t *testing.T) {
	now := time.Unix(0, 0)
	var out bytes.Buffer
	p := newProgress(&out, func() time.Time { return now })
	for i := range 10 {
		p.step(i+1, 10)
	}
	p.end()
	if out.Len() != 0 {
		t.Errorf("a quick run says %q", out.String())
	}
	for i := range 4 {
		now = now.Add(1100 * time.Millisecond)
		p.step(i+1, 4)
	}
	p.end()
	if want := "simulated 2 of 4 minutes (50 %)\nsimulated 4 of 4 minutes (100 %)\n"; out.String() != want {
		t.Errorf("got %q", out.String())
	}
	out.Reset()
	p = &progress{out: &out, terminal: true, now: func() time.Time { return now }}
	p.step(1, 4)
	p.step(2, 4)
	p.end()
	if want := "\rsimulated 1 of 4 minutes (25 %)\r" + strings.Repeat(" ", 60) + "\r"; out.String() != want {
		t.Errorf("got %q", out.String())
	}
}

func TestTerminal(t *testing.T) {
	open := func(name string) *os.File {
		file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { file.Close() })
		return file
	}
	terminal := open("/dev/ptmx") // the master of a new one
	for _, other := range []io.Writer{open(filepath.Join(t.TempDir(), "log")), open(os.DevNull), &bytes.Buffer{}} {
		if isTerminal(other) || !isTerminal(terminal) {
			t.Errorf("a terminal is not told from %T", other)
		}
	}
	t.Setenv("COLUMNS", "")
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "")
	if on := screenOf(terminal); !on.Colour {
		t.Errorf("no colour on a terminal: %+v", on)
	}
	t.Setenv("COLUMNS", "66")
	t.Setenv("NO_COLOR", "1")
	if on := screenOf(terminal); on.Colour || on.Width != 66 {
		t.Errorf("NO_COLOR and COLUMNS are not heeded: %+v", on)
	}
}

func TestDemoStops(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	code := run(ctx, []string{"demo"}, strings.NewReader(""), &out, &errs, time.Now)
	if left, _ := os.ReadDir("."); code != exitFailed || out.Len() != 0 || len(left) != 0 {
		t.Errorf("exit %d, left behind %v: %s%s", code, left, errs.String(), out.String())
	}
}
