package dashboard_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sagescale/infra/bundle"
	"sagescale/infra/dashboard"
	"sagescale/internal/policy"
	"sagescale/internal/policyfile"
)

var update = flag.Bool("update", false, "rewrite the golden files and the tables of the README")

// two is a policy with a target that forecasts and one that does not and changes nothing.
const two = `version: 1
targets:
- endpoint: chat-llm
  variant: AllTraffic
  minCapacity: 1
  maxCapacity: 8
  targetTracking: [{metric: InvocationsPerInstance, targetValue: 700}]
  predictive: {mode: ForecastAndScale, instanceCapacity: 1000}
- endpoint: embedder
  variant: blue
  minCapacity: 2
  maxCapacity: 4
  dryRun: true
  targetTracking: [{metric: ConcurrentRequestsPerModel, targetValue: 5}]
`

// plain is a policy of a target without a forecast.
const plain = `version: 1
targets:
- {endpoint: chat-llm, variant: AllTraffic, minCapacity: 1, maxCapacity: 8, targetTracking: [{metric: InvocationsPerInstance, targetValue: 700}]}
`

func policies() map[string]string { return map[string]string{"two": two, "plain": plain} }

func parse(t *testing.T, text string) *policy.Policy {
	t.Helper()
	p, err := policyfile.Parse("scaling.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// many is a policy of so many targets, every one of which forecasts.
func many(t *testing.T, n int) *policy.Policy {
	t.Helper()
	var b strings.Builder
	b.WriteString("version: 1\ndefaults: {minCapacity: 1, maxCapacity: 8, predictive: {mode: ForecastAndScale}, " +
		"targetTracking: [{metric: InvocationsPerInstance, targetValue: 700}]}\ntargets:\n")
	for i := range n {
		fmt.Fprintf(&b, "- {endpoint: chat-llm-%d, variant: AllTraffic}\n", i+1)
	}
	return parse(t, b.String())
}

func functions() []dashboard.Function {
	var all []dashboard.Function
	for _, name := range bundle.Names() {
		f := dashboard.Function{Name: name, Resource: "sagescale-" + name}
		if name != bundle.Settle {
			f.Records = name + "-logs"
		}
		all = append(all, f)
	}
	return all
}

func deployment(p *policy.Policy, targetMetrics bool) dashboard.Deployment {
	d := dashboard.Deployment{
		Stack: "sagescale", Region: "eu-west-1", Functions: functions(), DeadLetters: "sagescale-dead-letters",
		Alarms: []string{"arn:heartbeat", "arn:failing"}, Targets: p.Targets, TargetAlarms: map[string][]string{},
		TargetMetrics: targetMetrics,
	}
	for _, t := range p.Targets {
		d.TargetAlarms[t.Key()] = []string{"arn:" + t.Key()}
	}
	return d
}

// board is a dashboard as CloudWatch reads it.
type board struct {
	suffix, body string
	Widgets      []struct {
		Type                string
		X, Y, Width, Height int
		Properties          map[string]any
	}
}

func boards(t *testing.T, d dashboard.Deployment) []board {
	t.Helper()
	all, err := d.Dashboards()
	if err != nil {
		t.Fatal(err)
	}
	out := make([]board, len(all))
	for i, one := range all {
		out[i].suffix, out[i].body = one.Suffix, one.Body
		decoder := json.NewDecoder(strings.NewReader(one.Body))
		if err := decoder.Decode(&out[i]); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// metrics are the metrics of a dashboard, as namespace, name and dimensions.
func (b board) metrics() []string {
	var out []string
	for _, w := range b.Widgets {
		entries, _ := w.Properties["metrics"].([]any)
		for _, e := range entries {
			entry := e.([]any)
			if len(entry) == 1 {
				continue // an expression
			}
			key := fmt.Sprint(entry[0], " ", entry[1])
			for i := 2; i+1 < len(entry); i += 2 {
				key += fmt.Sprint(" ", entry[i], "=", entry[i+1])
			}
			out = append(out, key)
		}
	}
	return out
}

// The dashboards of a small deployment are these, to be read.
func TestGolden(t *testing.T) {
	for name, targetMetrics := range map[string]bool{"by-records.json": false, "by-metrics.json": true} {
		b := boards(t, deployment(parse(t, two), targetMetrics))
		if len(b) != 1 {
			t.Fatalf("%d dashboards", len(b))
		}
		var text bytes.Buffer
		if err := json.Indent(&text, []byte(b[0].body), "", "  "); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, append(text.Bytes(), '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		golden, err := os.ReadFile(path)
		if err != nil || string(golden) != text.String()+"\n" {
			t.Errorf("%s differs (%v): see what has changed, then run the test with -update:\n%s", path, err, &text)
		}
	}
}

// A large deployment stays within what CloudWatch allows, on every dashboard: 500
// widgets, 2,500 metrics, 500 in a graph, a hundred alarms in a widget, and as many
// queries as Logs Insights runs at once. Nothing lies over anything else.
func TestLimits(t *testing.T) {
	p := many(t, 100)
	d := deployment(p, true)
	d.TargetAlarms["chat-llm-7/AllTraffic"] = slices.Repeat([]string{"arn:x"}, 250)
	for _, d.TargetMetrics = range []bool{false, true} {
		all := boards(t, d)
		if len(all) != 4 || dashboard.Count(100) != 4 {
			t.Fatalf("%d dashboards for 100 targets, counted are %d", len(all), dashboard.Count(100))
		}
		for _, b := range all {
			queries := 0
			for _, w := range b.Widgets {
				if w.Type == "log" {
					queries++
				}
				if entries, _ := w.Properties["metrics"].([]any); len(entries) > 500 {
					t.Errorf("%v has %d lines", w.Properties["title"], len(entries))
				}
				if arns, _ := w.Properties["alarms"].([]any); len(arns) > 100 {
					t.Errorf("%v has %d alarms", w.Properties["title"], len(arns))
				}
			}
			if len(b.Widgets) > 500 || len(b.metrics()) > 2500 || queries > 100 || len(b.body) > 250_000 {
				t.Errorf("dashboard %q: %d widgets, %d metrics, %d queries, %d bytes", b.suffix, len(b.Widgets), len(b.metrics()), queries, len(b.body))
			}
			if b.suffix == "_2" && strings.Count(b.body, `"arn:x"`) != 0 || b.suffix == "" && strings.Count(b.body, `"arn:x"`) != 250 {
				t.Errorf("dashboard %q shows %d alarms of the seventh target", b.suffix, strings.Count(b.body, `"arn:x"`))
			}
			checkGrid(t, b)
		}
	}
}

// checkGrid says which widgets lie over others or beside the grid.
func checkGrid(t *testing.T, b board) {
	t.Helper()
	taken := map[[2]int]any{}
	for _, w := range b.Widgets {
		if w.X < 0 || w.X+w.Width > 24 || w.Width < 1 || w.Height < 1 || w.Height > 1000 {
			t.Errorf("%v is beside the grid: %+v", w.Properties["title"], w)
		}
		for x := range w.Width {
			for y := range w.Height {
				at := [2]int{w.X + x, w.Y + y}
				if other, ok := taken[at]; ok {
					t.Errorf("%v and %v lie over each other", w.Properties["title"], other)
				}
				taken[at] = w.Properties["title"]
			}
		}
	}
}

// Targets stand in the order of the policy, each once, and the dashboards have names
// that no other deployment's can be.
func TestTargetsInTheOrderOfThePolicy(t *testing.T) {
	p := many(t, 26)
	slices.Reverse(p.Targets)
	all := boards(t, deployment(p, false))
	if len(all) != 2 || all[0].suffix != "" || all[1].suffix != "_2" {
		t.Fatalf("dashboards %+v", all)
	}
	var headed []string
	for _, b := range all {
		for _, w := range b.Widgets {
			text, _ := w.Properties["markdown"].(string)
			if key, ok := strings.CutPrefix(text, "## "); ok {
				headed = append(headed, strings.Split(key, ":")[0])
			}
		}
	}
	var want []string
	for _, target := range p.Targets {
		want = append(want, target.Key())
	}
	if !slices.Equal(headed, want) {
		t.Errorf("targets %q, want %q", headed, want)
	}
	if got := all[1].Widgets[0].Properties["markdown"]; got != "# sagescale: sagescale, targets 26 to 26" {
		t.Errorf("the second dashboard begins with %q", got)
	}
}

// Every widget says in words what it shows, every line has a name, every axis begins at
// zero and has its unit, and what is drawn is of the deployment's Region.
func TestEverythingHasAName(t *testing.T) {
	for _, targetMetrics := range []bool{false, true} {
		for _, b := range boards(t, deployment(parse(t, two), targetMetrics)) {
			titles := map[string]bool{}
			for _, w := range b.Widgets {
				if w.Type == "text" {
					continue
				}
				title, _ := w.Properties["title"].(string)
				if len(strings.Fields(title)) < 3 || titles[title] {
					t.Errorf("title %q: too short, or there twice", title)
				}
				titles[title] = true
				if drawn := w.Type != "alarm"; drawn && w.Properties["region"] != "eu-west-1" {
					t.Errorf("%s: region %v", title, w.Properties["region"])
				}
				if w.Type == "metric" {
					checkGraph(t, title, w.Properties)
				}
			}
		}
	}
}

func checkGraph(t *testing.T, title string, graph map[string]any) {
	t.Helper()
	left := graph["yAxis"].(map[string]any)["left"].(map[string]any)
	if left["min"] != 0.0 || left["label"] == "" || left["label"] == nil {
		t.Errorf("%s: axis %v", title, left)
	}
	ids, used, labels := []string{}, []string{}, map[any]bool{}
	for _, e := range graph["metrics"].([]any) {
		entry := e.([]any)
		options := entry[len(entry)-1].(map[string]any)
		expression, computed := options["expression"].(string)
		used = append(used, regexp.MustCompile(`\b[a-z]\w*`).FindAllString(expression, -1)...)
		if id, ok := options["id"].(string); ok {
			ids = append(ids, id)
		}
		shown := options["visible"] == nil
		if shown && (options["label"] == nil || labels[options["label"]]) || computed == (options["stat"] != nil) {
			t.Errorf("%s: line without a name of its own, or without a statistic: %v", title, entry)
		}
		labels[options["label"]] = shown
	}
	slices.Sort(used)
	slices.Sort(ids)
	if used = slices.Compact(used); !slices.Equal(used, ids) {
		t.Errorf("%s: its expressions are of %q, its metrics are %q", title, used, ids)
	}
}

// The estimate of lost requests is there where the policy says what an instance serves,
// and its formulas are by the minute in every period.
func TestLostRequests(t *testing.T) {
	body := boards(t, deployment(parse(t, two), false))[0].body
	const formula = `"expression":"IF(60 * requests / PERIOD(requests) > 1000 * requests / each, ` +
		`60 * requests / PERIOD(requests) - 1000 * requests / each, 0)"`
	if strings.Count(body, formula) != 1 || strings.Count(body, "Lost requests a minute, estimated") != 1 {
		t.Errorf("want the formula once, for the target with an instanceCapacity: %s", body)
	}
	if body := boards(t, deployment(parse(t, plain), false))[0].body; strings.Contains(body, "Lost requests") {
		t.Errorf("an estimate without an instanceCapacity: %s", body)
	}
}

// Equal deployments have equal dashboards.
func TestDeterministic(t *testing.T) {
	d := deployment(many(t, 30), true)
	first, again := boards(t, d), boards(t, d)
	for i := range first {
		if first[i].body != again[i].body {
			t.Errorf("dashboard %q differs from itself", first[i].suffix)
		}
	}
}
