package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/function"
	"sagescale/internal/policyfile"
	"sagescale/internal/simulate"
)

// nightPolicy is a policy of one target, whose maximum is too small for the night.
const nightPolicy = `version: 1
targets:
- endpoint: chat-llm
  variant: AllTraffic
  minCapacity: 1
  maxCapacity: 5
  targetTracking: [{metric: InvocationsPerInstance, targetValue: 700}]
`

// nightLoad is the load of the twelve hours until today: an hour of it needs more than the
// maximum, and ten minutes are not known.
func nightLoad(at time.Time) float64 {
	hours := today().Sub(at).Hours()
	if hours > 8 && hours < 8.0+10.0/60 {
		return math.NaN()
	}
	return math.Round(2600 - 1800*math.Cos((12-hours)/12*2*math.Pi) + 60*math.Sin(float64(at.Unix())/300))
}

// night is an account in which sagescale has scaled chat-llm for twelve hours, by its own
// code: the load, the records, the activities and the state are what came of that.
func night(t *testing.T) *deployed {
	t.Helper()
	p, err := policyfile.Parse("scaling.yaml", []byte(nightPolicy))
	if err != nil {
		t.Fatal(err)
	}
	a := chat(nightPolicy, 0)
	a.load = func(_ string, at time.Time) float64 { return nightLoad(at) }
	start := today().Add(-12 * time.Hour).Truncate(time.Minute)
	c := simulate.Config{
		Policy: p, Start: start, Provisioning: 6 * time.Minute, ScaleIn: 2 * time.Minute, Delay: time.Minute,
		Gap:     func(at time.Time) bool { return math.IsNaN(nightLoad(at)) },
		Updates: []simulate.Update{{At: start.Add(2 * time.Hour), Endpoint: "chat-llm", Variant: "AllTraffic", Instances: 4}},
	}
	var requests []float64
	for m := range 12*60 + 1 {
		v := nightLoad(start.Add(time.Duration(m) * time.Minute))
		if math.IsNaN(v) {
			v = 3000
		}
		requests = append(requests, v)
	}
	c.Loads = map[string]simulate.Load{"chat-llm/AllTraffic": {Requests: requests, InstanceCapacity: 1000}}
	var all []autoscaler.Record
	c.Record = func(r autoscaler.Record) error { all = append(all, r); return nil }
	result, err := simulate.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	a.recorded(t, all...)
	state := activity.State{Endpoint: "chat-llm", Version: 9, Known: map[string]activity.Known{"AllTraffic": {Capacity: 1, At: today()}}}
	for _, done := range result.Targets[0].Activities {
		if done.Open() {
			state.Open = &done
			continue
		}
		a.archive(t, "chat-llm", done)
		state.Recent = append(state.Recent, done)
	}
	a.remember(state)
	last := result.Targets[0].Rows[len(requests)-1]
	a.endpoints["chat-llm"].Variants[0].Current, a.endpoints["chat-llm"].Variants[0].Desired = last.InService, last.Desired
	return a
}

// recorded puts records into the logs, as the functions do.
func (a *deployed) recorded(t *testing.T, all ...autoscaler.Record) {
	t.Helper()
	if a.logs == nil {
		a.logs = map[string][]logLine{"schedule-logs": nil, "alarm-logs": nil}
	}
	for _, r := range all {
		var b bytes.Buffer
		function.LogRecord(slog.New(slog.NewJSONHandler(&b, nil)))(t.Context(), r)
		group := "schedule-logs"
		if r.Trigger.Kind == "Alarm" {
			group = "alarm-logs"
		}
		a.logs[group] = append(a.logs[group], logLine{r.Time.Add(2 * time.Second), b.String()})
	}
}

// archive puts a closed activity into the table.
func (a *deployed) archive(t *testing.T, endpoint string, of activity.Activity) {
	t.Helper()
	text, err := json.Marshal(of)
	if err != nil {
		t.Fatal(err)
	}
	sort := "activity#" + of.StartTime.UTC().Format("2006-01-02T15:04:05.000000000Z") + "#" + of.ID
	a.put(endpoint, sort, map[string]any{"activity": map[string]any{"S": string(text)}})
}

// A night as the engineer on call sees it in the morning, whole and in a part.
func TestHistory(t *testing.T) {
	a := night(t)
	a.use(t)
	transcript(t, "history/night.txt", "history chat-llm --since 12h")
	transcript(t, "history/part.txt", "history chat-llm/AllTraffic --from 01:40 --to 2026-11-23T02:20:00Z")
}

// What may not be read is left out and said; the rest is shown.
func TestHistoryWithoutAPart(t *testing.T) {
	for _, denies := range []string{"FilterLogEvents", "GetMetricData", "GetFunction"} {
		a := night(t)
		a.denies = denies
		a.use(t)
		transcript(t, "history/no-"+strings.ToLower(denies)+".txt", "history chat-llm --since 2h")
	}
}

func TestHistoryAsJSON(t *testing.T) {
	night(t).use(t)
	code, out, errs := operate(t, strings.Fields("history chat-llm --since 12h --format json")...)
	var got struct {
		Targets []struct {
			Variant     string
			PerInstance float64 `json:"requestsPerInstance"`
			Minutes     []struct {
				Time      time.Time
				Requests  *float64
				InService *int
			}
			Activities []activity.Activity
			Decisions  []struct {
				Decisions, Capacity int
				Codes               []string
			}
			Records int
			Notes   []string
		}
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != exitDone || errs != "" || len(got.Targets) != 1 {
		t.Fatalf("exit code %d, %v: %s%.300s", code, err, errs, out)
	}
	h := got.Targets[0]
	if h.Variant != "AllTraffic" || h.PerInstance != 700 || len(h.Notes) != 0 || len(h.Minutes) != 720 {
		t.Errorf("got %d minutes, %+v", len(h.Minutes), h.Notes)
	}
	unknown := 0
	for _, m := range h.Minutes {
		want := nightLoad(m.Time)
		switch {
		case m.Requests == nil:
			unknown++
		case *m.Requests != want:
			t.Fatalf("%s: %v requests, want %v", m.Time, *m.Requests, want)
		}
		if m.InService == nil {
			t.Fatalf("%s: capacity is not known", m.Time)
		}
	}
	if unknown < 10 || unknown > 13 { // those of the gap, and the last ones, which are not due
		t.Errorf("%d minutes are not known", unknown)
	}
	sum := 0
	for _, s := range h.Decisions {
		sum += s.Decisions
	}
	changes := len(slices.DeleteFunc(slices.Clone(h.Activities), func(a activity.Activity) bool { return a.ByOthers }))
	if sum+changes != h.Records || h.Records < 720 || changes < 5 || changes == len(h.Activities) {
		t.Errorf("%d decisions and %d changes of %d activities in %d records", sum, changes, len(h.Activities), h.Records)
	}
}

func TestHistoriesThatAreRefused(t *testing.T) {
	tests := []struct {
		args, denies, want string
		code               int
	}{
		{"history", "", "accepts 1 arg(s), received 0; see sagescale history --help", exitInvalid},
		{"history chat_llm", "", `"chat_llm" is not the name of an endpoint; see sagescale history --help`, exitInvalid},
		{"history chat-llm --since 1d", "", "unknown unit", exitInvalid},
		{"history chat-llm --since 1m", "", "is shorter than 2m", exitInvalid},
		{"history chat-llm --since 1100h", "", "is longer ago than the six weeks for which history is kept", exitInvalid},
		{"history chat-llm --since 2h --from 09:00", "", "--since and --from are two beginnings: give one", exitInvalid},
		{"history chat-llm --from 09:00 --to 08:00", "", "is shorter than 2m", exitInvalid},
		{"history chat-llm --from soon", "", `--from "soon" is no time such as`, exitInvalid},
		{"history chat-llm --to 2026-11-23T11:00:00Z", "", "is to come", exitInvalid},
		{"history chat-llm --format xml", "", `--format "xml" is neither`, exitInvalid},
		{"history chat-lm", "", "there is no endpoint chat-lm in eu-west-1", exitInvalid},
		{"history Chat-llm", "", "SageMaker calls endpoint Chat-llm chat-llm: write the name as it does", exitInvalid},
		{"history chat-llm/Shadow", "", "endpoint chat-llm has no variant Shadow, and had none in this time", exitInvalid},
		{"history chat-llm --stack none", "", "there is no such stack: name it by --stack", exitInvalid},
		{"history chat-llm", "Query", "these credentials lack the IAM action dynamodb:Query", exitFailed},
		{"history chat-llm", "DescribeEndpoint", "these credentials lack the IAM action sagemaker:DescribeEndpoint", exitFailed},
		{"history chat-llm", "DescribeStacks", "these credentials lack the IAM action cloudformation:DescribeStacks", exitFailed},
	}
	for _, tt := range tests {
		a := chat(nightPolicy, 1000)
		a.remember(activity.State{Endpoint: "chat-llm", Version: 1, Known: map[string]activity.Known{"AllTraffic": {Capacity: 3, At: today()}}})
		a.denies = tt.denies
		a.use(t)
		code, out, errs := operate(t, strings.Fields(tt.args)...)
		if code != tt.code || out != "" || !strings.Contains(errs, tt.want) {
			t.Errorf("%s: exit code %d, output %q, said %q, want %q", tt.args, code, out, errs, tt.want)
		}
	}
}

// An endpoint that nobody has scaled has no history; one that is gone has.
func TestHistoryOfWhatIsNotThere(t *testing.T) {
	a := chat(nightPolicy, 1000)
	a.use(t)
	code, _, errs := operate(t, "history", "chat-llm")
	if code != exitFailed || !strings.Contains(errs, "nothing was recorded of endpoint chat-llm: see by sagescale status") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	gone := night(t)
	delete(gone.endpoints, "chat-llm")
	gone.use(t)
	code, out, errs := operate(t, "history", "chat-llm", "--since", "3h")
	if code != exitDone || !strings.Contains(out, "Scaling activities\n  Nov 23") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}

// What others have written into the table and the logs is text and no more.
func TestHistoryIsPlain(t *testing.T) {
	a := chat(nightPolicy, 1000)
	a.archive(t, "chat-llm", activity.Activity{
		ID: "x", Variant: "AllTraffic", From: 1, To: 2, Status: activity.Successful, Cause: "\x1b[2Jcleared",
		StartTime: today().Add(-time.Hour), EndTime: today().Add(-50 * time.Minute),
	})
	a.put("chat-llm", "activity#2026-11-23T09:30:00.000000000Z#y", map[string]any{"activity": map[string]any{"S": "{"}})
	a.use(t)
	code, out, errs := operate(t, "history", "chat-llm", "--since", "2h")
	if code != exitDone || strings.Contains(out, "\x1b") || !strings.Contains(out, "[2Jcleared") || !strings.Contains(out, "some activities are left out") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}
