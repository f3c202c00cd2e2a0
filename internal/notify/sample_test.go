package notify_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	validator "github.com/santhosh-tekuri/jsonschema/v6"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/config"
	"sagescale/internal/notice"
	"sagescale/internal/scaling"
)

var update = flag.Bool("update", false, "write the samples anew")

// dir is where what is sent is documented.
const dir = "../../events/sent"

// envelope is an event as EventBridge hands it to the targets of a rule.
type envelope struct {
	Version    string   `json:"version"`
	ID         string   `json:"id"`
	DetailType string   `json:"detail-type"`
	Source     string   `json:"source"`
	Account    string   `json:"account"`
	Time       string   `json:"time"`
	Region     string   `json:"region"`
	Resources  []string `json:"resources"`
	Detail     any      `json:"detail"`
}

// wrap puts an event into the envelope that EventBridge makes.
func wrap(e notice.Event) envelope {
	return envelope{
		Version: "0", ID: "4f0f5a0e-6a0b-4c52-9a41-0d2f6b1c7e90", DetailType: e.DetailType, Source: config.EventSource,
		Account: "111122223333", Time: e.Time.UTC().Format(time.RFC3339), Region: "eu-west-1", Resources: []string{}, Detail: e.Detail,
	}
}

// samples are one event of each sort, made by the code that sends them.
func samples(t *testing.T) map[string]notice.Event {
	t.Helper()
	ended := func(minute int, status activity.Status, message string) autoscaler.Record {
		a, err := scaleOut(activity.InProgress).Close(status, at(minute), message)
		if err != nil {
			t.Fatal(err)
		}
		r := record(minute, because(scaling.AlreadyAtDesired, "the rules ask for what there is"))
		r.Settled = &a
		return r
	}
	successful := ended(6, activity.Successful, "5 instances are in service")
	successful.Observation.CurrentCapacity, successful.Observation.DesiredCapacity = 5, 5
	unfulfilled := ended(12, activity.Unfulfilled, "4 instances are in service where 5 were asked for")
	unfulfilled.Settled.Came = 4
	unfulfilled.Observation.CurrentCapacity, unfulfilled.Observation.DesiredCapacity = 4, 5
	out := map[string]notice.Event{}
	for name, r := range map[string]autoscaler.Record{
		"activity-begun":       begun(),
		"activity-successful":  successful,
		"activity-failed":      ended(40, activity.Failed, "SageMaker rolled back to 3 instances"),
		"activity-unfulfilled": unfulfilled,
		"activity-overridden":  ended(7, activity.Overridden, "somebody else set the desired capacity to 2"),
		"activity-by-others":   byOthers(),
	} {
		out[name] = only(t, newWorld(t).evaluate(r))
	}
	healthSamples(t, out)
	return out
}

// begun is the record of an evaluation that scales out.
func begun() autoscaler.Record {
	r, a := record(0, because(scaling.AlreadyAtMax, "6 are wanted, the maximum in force is 5")), scaleOut(activity.InProgress)
	r.Activity, r.Decision.MaxCapacity, r.Decision.DesiredCapacity = &a, 5, 5
	r.Decision.Steps = []scaling.Step{
		{Rule: scaling.RuleTargetTracking, From: 3, To: 6, Reason: tracked},
		{Rule: scaling.RuleMaxCapacity, From: 6, To: 5, Reason: "the maximum in force is 5"},
	}
	return r
}

// byOthers is the record of an evaluation that finds the capacity changed.
func byOthers() autoscaler.Record {
	r := record(30)
	r.Outside = []activity.Activity{{
		ID: "20261123T103000.000Z-AllTraffic-others", Variant: "AllTraffic", From: 5, To: 3, DesiredBefore: 5, ByOthers: true,
		Status: activity.Successful, StatusMessage: "3 instances are in service", StartTime: at(15), EndTime: at(30),
		Cause: "a deployment of endpoint configuration chat-llm-v2 changed the capacity",
	}}
	return r
}

// healthSamples are a target that gets stuck and well again, and one that is held.
func healthSamples(t *testing.T, out map[string]notice.Event) {
	t.Helper()
	w := newWorld(t)
	stuck := because(scaling.BackingOff, "SageMaker refused such a change 2m ago; it is tried again at 10:05:00Z")
	w.evaluate(record(0, stuck))
	out["health-stuck"] = only(t, w.evaluate(record(3, stuck)))
	w.evaluate(record(25))
	out["health-healthy"] = only(t, w.evaluate(record(28)))

	held := func(minute int) autoscaler.Record {
		r := record(minute, because(scaling.MissingData, "InvocationsPerInstance: 15 of 15 datapoints are missing"))
		r.Held = true
		return r
	}
	w = newWorld(t)
	w.evaluate(held(0))
	out["health-held"] = only(t, w.evaluate(held(30)))
}

func only(t *testing.T, events []notice.Event) notice.Event {
	t.Helper()
	if len(events) != 1 {
		t.Fatalf("%d events: %+v", len(events), events)
	}
	return events[0]
}

// TestSamples fails when a sample is not what the code sends. After a change of it:
//
//	go test ./internal/notify -run TestSamples -update
func TestSamples(t *testing.T) {
	var made []string
	for name, e := range samples(t) {
		made = append(made, name)
		var want bytes.Buffer
		encoder := json.NewEncoder(&want)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(wrap(e)); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name+".json")
		if *update {
			if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s is not what the code sends (%v): run this test with -update", path, err)
		}
	}
	slices.Sort(made)
	if files := sampleFiles(t); !slices.Equal(files, made) {
		t.Errorf("there are %v, made are %v", files, made)
	}
}

// sampleFiles are the names of the samples.
func sampleFiles(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, kind := range []string{"activity-*", "health-*"} {
		paths, err := filepath.Glob(filepath.Join(dir, kind+".json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paths {
			out = append(out, strings.TrimSuffix(filepath.Base(p), ".json"))
		}
	}
	return out
}

// Each sample is what its types know and nothing else, and what its schema allows.
func TestSamplesByTheirShapes(t *testing.T) {
	for _, name := range sampleFiles(t) {
		raw := read(t, name+".json")
		kind, _, _ := strings.Cut(name, "-")
		var detail any = &notice.ActivityDetail{}
		if kind == "health" {
			detail = &notice.HealthDetail{}
		}
		e := envelope{Detail: detail}
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&e); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var bare struct{ Detail any }
		if err := json.Unmarshal(raw, &bare); err != nil {
			t.Fatal(err)
		}
		schema := compile(t, kind+".schema.json")
		if err := schema.Validate(bare.Detail); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		bare.Detail.(map[string]any)["version"] = "2"
		if schema.Validate(bare.Detail) == nil {
			t.Errorf("%s: the schema allows another version", name)
		}
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func compile(t *testing.T, file string) *validator.Schema {
	t.Helper()
	compiler := validator.NewCompiler()
	compiler.AssertFormat()
	document, err := validator.UnmarshalJSON(bytes.NewReader(read(t, file)))
	if err == nil {
		err = compiler.AddResource(file, document)
	}
	if err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile(file)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// The page lists every sample with the sentence that a person reads.
func TestReadmeListsTheSamples(t *testing.T) {
	page := string(read(t, "README.md"))
	for name, e := range samples(t) {
		if row := fmt.Sprintf("| `%s.json` | %s |", name, message(t, e)); !strings.Contains(page, row) {
			t.Errorf("README.md has no row\n%s", row)
		}
	}
}
