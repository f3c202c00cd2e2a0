package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sagescale/internal/trace"
)

// answered is the JSON of a replay of a directory.
type answered struct {
	Traces []replayed
	Means  []map[string]any
}

type replayed struct {
	Name    string
	Results []map[string]any
}

// backtested runs a backtest and reads its JSON.
func backtested(t *testing.T, into any, args ...string) {
	t.Helper()
	code, out, errs := runCommand(t, append([]string{"backtest", "--format", "json"}, args...)...)
	if code != exitDone {
		t.Fatalf("exit %d: %s", code, errs)
	}
	if err := json.Unmarshal([]byte(out), into); err != nil {
		t.Fatal(err)
	}
}

// writeTraces writes made-up days as CSV and returns their folder.
func writeTraces(t *testing.T, days int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range days {
		var text strings.Builder
		text.WriteString("timestamp,requests\n")
		for m, requests := range trace.Day(uint64(i)).Scale(math.Pow(7, float64(i))).Requests {
			fmt.Fprintf(&text, "%d,%v\n", 60*m, requests)
		}
		write(t, filepath.Join(dir, fmt.Sprintf("day-%d.csv", i)), text.String())
	}
	return dir
}

// scaledPolicy is the policy of a test with its numbers multiplied.
func scaledPolicy(t *testing.T, factor float64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "scaling.yaml")
	write(t, path, fmt.Sprintf(`version: 1
targets:
- endpoint: chat
  variant: AllTraffic
  minCapacity: 1
  maxCapacity: 60
  targetTracking:
  - {metric: InvocationsPerInstance, targetValue: %v}
  predictive: {mode: ForecastAndScale, instanceCapacity: %v}
`, 700*factor, 1000*factor))
	return path
}

// To scale the trace to the policy is to scale the policy to the trace.
func TestScalingTheTraceIsScalingThePolicy(t *testing.T) {
	dir := writeTraces(t, 2)
	const instances = 9
	var all answered
	backtested(t, &all, "--policy", scaledPolicy(t, 1), "--trace", dir, "--instances", fmt.Sprint(instances))
	for i, got := range all.Traces {
		path := filepath.Join(dir, got.Name+".csv")
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		load, err := trace.Read(path, file)
		file.Close()
		if err != nil {
			t.Fatal(err)
		}
		factor := load.Quantile(0.999) / instances / 1000
		var want replayed
		backtested(t, &want, "--policy", scaledPolicy(t, factor), "--trace", path)
		if len(got.Results) != 5 || len(want.Results) != 5 || got.Name != fmt.Sprintf("day-%d", i) {
			t.Fatalf("%s: %d and %d results", got.Name, len(got.Results), len(want.Results))
		}
		for j, w := range want.Results {
			for key, value := range got.Results[j] {
				a, ok := value.(float64)
				b, _ := w[key].(float64)
				if key == "lost_requests" {
					a *= factor
				}
				if ok && math.Abs(a-b) > 1e-9*max(1, math.Abs(b)) {
					t.Errorf("%s, %s: %s is %v, by the scaled policy %v", got.Name, w["name"], key, a, b)
				}
			}
		}
	}
}

// Replays run at the same time, and their answer is the same every time.
func TestBacktestIsTheSameEveryTime(t *testing.T) {
	dir, path := writeTraces(t, 3), scaledPolicy(t, 1)
	args := []string{"backtest", "--policy", path, "--trace", dir, "--peers", "hpa,application-auto-scaling-best,oracle,application-auto-scaling"}
	code, first, errs := runCommand(t, args...)
	if code != exitDone {
		t.Fatal(errs)
	}
	for range 3 {
		if _, again, _ := runCommand(t, args...); again != first {
			t.Fatalf("got\n%s, then\n%s", first, again)
		}
	}
	for _, line := range lines(first) {
		if len(line) > 80 {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
}

// The means are those of the traces, and the ratios those of the means.
func TestMeans(t *testing.T) {
	dir := writeTraces(t, 3)
	var all answered
	backtested(t, &all, "--policy", scaledPolicy(t, 1), "--trace", dir)
	cost, worst := 0.0, all.Means[0]["worst_j10_over_aas"].(float64)
	for _, run := range all.Traces {
		cost += run.Results[0]["cost_over_oracle"].(float64) / 3
	}
	ratio := all.Means[0]["j10_over_aas"].(float64)
	if math.Abs(cost-all.Means[0]["cost_over_oracle"].(float64)) > 1e-9 {
		t.Errorf("mean cost %v, want %v", all.Means[0]["cost_over_oracle"], cost)
	}
	if want := all.Means[0]["j10"].(float64) / all.Means[1]["j10"].(float64); ratio != want || worst < ratio || worst > 2 {
		t.Errorf("ratio %v, want %v, and no more than the worst, %v", ratio, want, worst)
	}
	if all.Means[1]["j10_over_aas"] != 1.0 || all.Means[1]["worst_j10_over_aas"] != 1.0 {
		t.Errorf("the reference is %v", all.Means[1])
	}
}

// Of replays that run at the same time the progress never goes back and ends with all.
func TestTally(t *testing.T) {
	last := 0
	count := tally{done: make([]int, 2), total: 20, tell: func(done, total int) {
		if done < last || total != 20 {
			t.Errorf("%d of %d after %d", done, total, last)
		}
		last = done
	}}
	for _, s := range [][2]int{{0, 0}, {1, 0}, {0, 5}, {1, 7}, {1, 10}, {0, 10}} {
		count.step(s[0], s[1])
	}
	if last != 20 {
		t.Errorf("%d at the end", last)
	}
}
