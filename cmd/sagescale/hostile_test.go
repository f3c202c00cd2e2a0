package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// hostile are texts that try to be more than text: orders to a terminal, a second
// line or record, another reading direction, broken UTF-8, a page, a formula of a
// spreadsheet; and all of them over and over, a megabyte long.
func hostile() map[string]string {
	all := map[string]string{
		"escape":   "\x1b]0;title\a\x1b[2J\x1b[31mred",
		"controls": "a\x00b\bc\rd\x7fe\u0085f\u009b31mg",
		"lines":    "ok\n{\"msg\":\"evaluation\"}\r\nok\u2028ok\u2029ok",
		"bidi":     "\u202egnp.\u202d\u2066x\u2067y\u2068z\u2069\u200f",
		"broken":   "\xff\xfe\xc3(\xed\xa0\x80",
		"page":     `"><script>alert('x')</script><img src=x onerror=y>`,
		"formula":  `=HYPERLINK("x";"y")`,
	}
	together := strings.Join(slices.Sorted(maps.Values(all)), "x")
	all["long"] = strings.Repeat(together, (1<<20)/len(together))
	return all
}

// checkOutput holds what is shown to plain characters and to a size: the answer to
// hostile texts is no longer than a few times that to good ones.
func checkOutput(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
			t.Errorf("not plain: %.300q", text)
		}
		if len(text) > 32<<10 {
			t.Errorf("%d bytes: %.300q", len(text), text)
		}
	}
}

// places are where a case of decide takes any text.
func places() map[string]func(c map[string]any, text string) {
	target := func(c map[string]any) map[string]any { return c["policy"].(map[string]any) }
	observation := func(c map[string]any) map[string]any { return c["observation"].(map[string]any) }
	metric := func(c map[string]any) map[string]any { return observation(c)["metrics"].([]any)[0].(map[string]any) }
	activity := func(c map[string]any) map[string]any { return c["activities"].([]any)[0].(map[string]any) }
	tracking := func(c map[string]any) map[string]any { return target(c)["targetTracking"].([]any)[0].(map[string]any) }
	override := func(field string) func(map[string]any, string) {
		return func(c map[string]any, text string) {
			o := map[string]any{"pause": "in", "until": "2026-11-24T00:00:00Z"}
			o[field] = text
			c["override"] = o
		}
	}
	return map[string]func(map[string]any, string){
		"time":           func(c map[string]any, s string) { c["now"] = s },
		"field":          func(c map[string]any, s string) { c[s] = 1 },
		"endpoint":       func(c map[string]any, s string) { target(c)["endpoint"] = s },
		"variant":        func(c map[string]any, s string) { target(c)["variant"] = s },
		"policy field":   func(c map[string]any, s string) { target(c)[s] = 1 },
		"limit":          func(c map[string]any, s string) { target(c)["minCapacity"] = s },
		"tracked metric": func(c map[string]any, s string) { tracking(c)["metric"] = s },
		"metric name":    func(c map[string]any, s string) { tracking(c)["metric"] = map[string]any{"name": s, "namespace": s} },
		"expression":     func(c map[string]any, s string) { tracking(c)["metric"] = map[string]any{"name": "a", "expression": s} },
		"dimension": func(c map[string]any, s string) {
			tracking(c)["metric"] = map[string]any{"dimensions": map[string]any{s: s}}
		},
		"step policy": func(c map[string]any, s string) { target(c)["stepScaling"] = []any{map[string]any{"name": s}} },
		"action": func(c map[string]any, s string) {
			target(c)["scheduledActions"] = []any{map[string]any{"name": s, "schedule": s, "timezone": s}}
		},
		"cron": func(c map[string]any, s string) {
			target(c)["scheduledActions"] = []any{map[string]any{"name": "a", "schedule": "cron(" + s + ")"}}
		},
		"status":           func(c map[string]any, s string) { observation(c)["status"] = s },
		"conflict":         func(c map[string]any, s string) { observation(c)["conflict"] = s },
		"last modified":    func(c map[string]any, s string) { observation(c)["lastModifiedTime"] = s },
		"touched":          func(c map[string]any, s string) { observation(c)["touchedTime"] = s },
		"busy since":       func(c map[string]any, s string) { observation(c)["busySinceTime"] = s },
		"measured metric":  func(c map[string]any, s string) { metric(c)["metric"] = s },
		"incomplete":       func(c map[string]any, s string) { metric(c)["incomplete"] = s },
		"datapoint":        func(c map[string]any, s string) { metric(c)["datapoints"] = []any{s} },
		"datapoint field":  func(c map[string]any, s string) { metric(c)["datapoints"] = []any{map[string]any{s: s}} },
		"datapoint time":   func(c map[string]any, s string) { metric(c)["datapoints"] = []any{map[string]any{"time": s}} },
		"activity status":  func(c map[string]any, s string) { activity(c)["status"] = s },
		"activity cause":   func(c map[string]any, s string) { activity(c)["cause"] = s },
		"activity message": func(c map[string]any, s string) { activity(c)["statusMessage"] = s },
		"activity id":      func(c map[string]any, s string) { activity(c)["id"] = s },
		"activity variant": func(c map[string]any, s string) { activity(c)["variant"] = s },
		"override by":      override("by"),
		"override reason":  override("reason"),
		"override pause":   override("pause"),
		"override until":   override("until"),
		"override field":   func(c map[string]any, s string) { c["override"] = map[string]any{s: s} },
	}
}

// goodCase is a case with everything that a text can stand in.
const goodCase = `{"now": "2026-11-23T10:00:00Z",
 "policy": {"endpoint": "chat-llm", "variant": "AllTraffic", "minCapacity": 1, "maxCapacity": 20,
   "targetTracking": [{"metric": "InvocationsPerInstance", "targetValue": 100}]},
 "observation": {"status": "InService", "currentCapacity": 10, "desiredCapacity": 10,
   "metrics": [{"metric": "InvocationsPerInstance", "datapoints": [{"time": "2026-11-23T09:59:00Z", "value": 150}]}]},
 "activities": [{"startTime": "2026-11-23T09:50:00Z", "endTime": "2026-11-23T09:56:00Z", "fromCapacity": 8, "toCapacity": 10, "status": "Successful"}]}`

// Whatever stands in a case, the answer is one JSON document or one explanation, and
// the complaint is lines: plain, and of a bounded size.
//
// Faults: H5
func TestHostileCases(t *testing.T) {
	for place, put := range places() {
		for name, text := range hostile() {
			t.Run(place+"/"+name, func(t *testing.T) {
				t.Parallel()
				var c map[string]any
				if err := json.Unmarshal([]byte(goodCase), &c); err != nil {
					t.Fatal(err)
				}
				put(c, text)
				raw := unescaped(t, c)
				code, out, errs := decide(t, raw)
				checkOutput(t, out, errs)
				if done := code == exitDone; done != json.Valid([]byte(out)) || done == (errs != "") {
					t.Errorf("exit code %d, answer %.100q, complaint %.100q", code, out, errs)
				}
				_, out, errs = decide(t, raw, "--explain")
				checkOutput(t, out, errs)
			})
		}
	}
}

// unescaped encodes v, with the characters themselves where JSON allows it, and with
// bytes that are no UTF-8.
func unescaped(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	raw = bytes.ReplaceAll(raw, []byte(`\u2028`), []byte("\u2028"))
	raw = bytes.ReplaceAll(raw, []byte(`\u2029`), []byte("\u2029"))
	return bytes.ReplaceAll(raw, []byte(`\ufffd`), []byte("\xff"))
}

// hostileFiles are policy files with a text where any may stand.
func hostileFiles(text string) map[string]string {
	quoted := fmt.Sprintf("%q", text) // escapes as YAML does
	const target = "version: 1\ntargets:\n- endpoint: a\n  variant: b\n  minCapacity: 1\n  maxCapacity: 2\n"
	return map[string]string{
		"plain":    "version: " + text,
		"quoted":   "version: " + quoted,
		"field":    quoted + ": 1\n",
		"alias":    target + "  dryRun: *" + text + "\n",
		"anchor":   target + "  dryRun: &" + text + " 1\n",
		"tag":      target + "  dryRun: !" + text + " 1\n",
		"endpoint": strings.Replace(target, ": a", ": "+quoted, 1),
		"variant":  strings.Replace(target, ": b", ": "+quoted, 1),
		"metric":   target + "  targetTracking:\n  - {targetValue: 1, metric: {name: " + quoted + ", namespace: " + quoted + ", metricName: " + quoted + ", statistic: " + quoted + "}}\n",
		"unit":     target + "  targetTracking:\n  - {targetValue: 1, metric: {name: a, namespace: A, metricName: b, statistic: Sum, dimensions: {" + quoted + ": " + quoted + "}}}\n",
		"math":     target + "  targetTracking:\n  - {targetValue: 1, metric: {name: a, expression: " + quoted + ", metrics: [{id: " + quoted + ", namespace: A, metricName: b, statistic: Sum}]}}\n",
		"step":     target + "  stepScaling:\n  - {name: " + quoted + ", comparison: " + quoted + "}\n",
		"action":   target + "  scheduledActions:\n  - {name: " + quoted + ", schedule: " + quoted + ", timezone: " + quoted + "}\n",
		"cron":     target + "  scheduledActions:\n  - {name: a, minCapacity: 1, schedule: \"cron(" + quoted[1:len(quoted)-1] + ")\"}\n",
	}
}

// A policy file with a hostile text is refused, in plain words of a bounded length
// and in one line of JSON. (Many faults make much text, one line each.)
//
// Faults: G2, H5
func TestHostilePolicyFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range hostile() {
		if len(text) > 1000 {
			text = text[:300_000] // three times it is still a file that is read
		}
		for place, content := range hostileFiles(text) {
			t.Run(place+"/"+name, func(t *testing.T) {
				write(t, "scaling.yaml", content)
				code, out, errs := runCommand(t, "validate", "scaling.yaml")
				checkOutput(t, out, errs)
				// CloudWatch's own names may be of any ASCII that is plain.
				if fine := place == "unit" && (name == "page" || name == "formula"); fine != (code == exitDone) {
					t.Errorf("exit code %d: %.100q %.100q", code, out, errs)
				}
				_, out, errs = runCommand(t, "validate", "--format", "json", "scaling.yaml")
				checkOutput(t, out, errs)
				if !json.Valid([]byte(out)) || strings.Count(out, "\n") != 1 {
					t.Errorf("no line of JSON: %.100q", out)
				}
			})
		}
	}
}

func runCommand(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &stdout, &stderr, func() time.Time { return time.Time{} })
	return code, stdout.String(), stderr.String()
}

// Files may be called anything; so may what is no command.
//
// Faults: H5
func TestHostileArguments(t *testing.T) {
	t.Chdir(t.TempDir())
	name := "\x1b[31m\u009b\u202e\u2066<b>=1.yaml"
	write(t, name, "version: 1\ntargets:\n- {endpoint: a, variant: b, minCapacity: 1, maxCapacity: 2}\n")
	write(t, "load"+name, "timestamp,requests\n0,1500\n60,1500\n")
	write(t, "broken"+name, "timestamp,requests\n0,"+name+strings.Repeat("9", 100_000)+"\n")
	for _, args := range [][]string{
		{"validate", name}, {"validate", "--format", "json", name}, {"validate", "none" + name}, {"decide", name}, {"decide", "none" + name},
		{name}, {"--" + name}, {"validate", "--format", name, name}, {"demo", name}, {"help", name}, {"help", "\u202ex"}, {"schema", name}, {"schema", "\u202ex"},
		{"demo", "--trace", "load" + name, "--instance-capacity", "700", "--records", "records" + name},
		{"demo", "--trace", "load" + name, "--instance-capacity", "700", "--records", "records" + name, "--format", "json"},
		{"demo", "--trace", "broken" + name}, {"demo", "--policy", "load" + name}, {"demo", "--records", name + "/x"},
		{"demo", "--provisioning", name}, {"demo", "--trace", name, "--records", name},
	} {
		_, out, errs := runCommand(t, args...)
		checkOutput(t, out, errs)
		if out == "" && errs == "" {
			t.Errorf("%q says nothing", args)
		}
	}
}

// What the demo writes for machines is plain too: every record is one line of JSON
// that any terminal shows as it is.
//
// Faults: H5
func TestDemoRecordsArePlain(t *testing.T) {
	t.Chdir(t.TempDir())
	if code, _, errs := runDemo(t, "--records", "records.jsonl"); code != exitDone {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	text, err := os.ReadFile("records.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %s", line)
		}
		checkOutput(t, line)
	}
}

// The JSON Schema is made of our own words.
func TestSchemaIsPlain(t *testing.T) {
	_, out, errs := runCommand(t, "schema")
	if !json.Valid([]byte(out)) || errs != "" {
		t.Errorf("no JSON: %s", errs)
	}
	for line := range strings.Lines(out) {
		checkOutput(t, line)
	}
}
