package function_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/function"
	"sagescale/internal/policy"
	"sagescale/internal/policyfile"
	"sagescale/internal/scaling"
)

// account is all that the evaluator asks, of endpoints on which all is calm. It notes
// which of them are looked at and which are changed.
type account struct{ looked, changed []string }

func (a *account) Describe(_ context.Context, endpoint string) (activity.Endpoint, error) {
	a.looked = append(a.looked, endpoint)
	return activity.Endpoint{
		Name: endpoint, Status: activity.InService, CreationTime: time.Unix(1, 0),
		Variants: []activity.Variant{{Name: "AllTraffic", Current: 2, Desired: 2}},
	}, nil
}

func (a *account) SetCapacity(_ context.Context, endpoint, _ string, _ int) error {
	a.changed = append(a.changed, endpoint)
	return nil
}

func (a *account) Read(_ context.Context, queries []scaling.Query, _ time.Time) ([]scaling.Series, error) {
	return make([]scaling.Series, len(queries)), nil
}

func (a *account) Conflict(context.Context, string, string) (string, error) { return "", nil }

func (a *account) Load(_ context.Context, endpoint string) (activity.State, map[string]policy.Override, error) {
	return activity.State{Endpoint: endpoint}, nil, nil
}

func (a *account) Save(_ context.Context, s activity.State, _ ...activity.Activity) (activity.State, error) {
	return s, nil
}

// evaluating is a function over the real evaluator, whose policy has the endpoints
// chat-llm and victim, and its log.
func evaluating(t *testing.T) (function.Function, *account, *bytes.Buffer) {
	t.Helper()
	p, err := policyfile.Parse("scaling.yaml", []byte(`version: 1
defaults: {minCapacity: 1, maxCapacity: 9, targetTracking: [{metric: InvocationsPerInstance, targetValue: 700}]}
targets: [{endpoint: chat-llm, variant: AllTraffic}, {endpoint: victim, variant: AllTraffic}]`))
	if err != nil {
		t.Fatal(err)
	}
	f, _, log := harness(nil)
	a := &account{}
	f.Evaluator = &autoscaler.Evaluator{
		Policy: p, Endpoints: a, Metrics: a, Scalers: a, Store: a, Now: f.Now, Parallel: 1,
		Record: function.LogRecord(slog.New(slog.DiscardHandler)),
	}
	return f, a, log
}

// forgery is a sample with one text in another's place, and the endpoints that it may
// have looked at.
type forgery struct {
	name, file, old, with string
	looked                []string
}

// forgeries are what somebody can send who may publish to a topic, set the state of
// an alarm, put events on a bus or invoke a function.
func forgeries() []forgery {
	const direct, bus, topic, endpoint = "alarm-direct-metric", "alarm-eventbridge-alarm", "alarm-sns", "endpoint-in-service"
	const ours = "sagescale/chat-llm/AllTraffic/"
	own := []string{"chat-llm"}
	return []forgery{
		{"another account", direct, "111122223333", "444455556666", nil},
		{"the account of the ARN alone", direct, ":111122223333:", ":444455556666:", nil},
		{"another region", direct, "eu-west-1", "us-east-1", nil},
		{"an alarm of nobody", direct, ours, "sagescale/nobody/AllTraffic/", nil},
		{"an alarm of another variant", direct, ours, "sagescale/chat-llm/blue/", nil},
		{"a name in other letters", direct, ours, "sagescale/Chat-LLM/AllTraffic/", nil},
		{"a name that looks alike", direct, ours, "sagescale/\uff43hat-llm/AllTraffic/", nil},
		{"a name that climbs", direct, ours, "sagescale/../victim/AllTraffic/", nil},
		{"a name with a pattern", direct, ours, "sagescale/*/AllTraffic/", nil},
		{"a prefix that is longer", direct, ours, "sagescale2/victim/AllTraffic/", nil},
		{"another name than the ARN's", direct, `"alarmName": "` + ours, `"alarmName": "sagescale/victim/AllTraffic/`, nil},
		{"another ARN than the name's", direct, ":alarm:" + ours, ":alarm:sagescale/victim/AllTraffic/", nil},
		{"dimensions of another endpoint", direct, `"EndpointName": "chat-llm"`, `"EndpointName": "victim"`, own},
		{"another name beside", direct, `"alarmData"`, `"AlarmData": {"alarmName": "sagescale/victim/AllTraffic/x"}, "alarmData"`, nil},
		{"members of an action beside", direct, `"alarmData"`, `"endpoint": "victim", "variant": "AllTraffic", "desiredCapacity": 9, "alarmData"`, own},
		{"a time long ago", direct, "2026-11-23T", "1970-01-01T", own},
		{"a time to come", direct, "2026-11-23T", "2099-01-01T", own},
		{"events put by others", bus, `"aws.cloudwatch"`, `"aws.cloudwatch.mine"`, nil},
		{"an envelope of another account", bus, `"account": "111122223333"`, `"account": "444455556666"`, nil},
		{"resources of another endpoint", bus, ":alarm:" + ours, ":alarm:sagescale/victim/AllTraffic/", nil},
		{"more resources", bus, `"resources": [`, `"resources": ["arn:aws:cloudwatch:eu-west-1:111122223333:alarm:sagescale/victim/AllTraffic/x", `, nil},
		{"a foreign topic", topic, "sns:eu-west-1:111122223333:", "sns:eu-west-1:444455556666:", nil},
		{"a message about another account", topic, `AWSAccountId\":\"111122223333`, `AWSAccountId\":\"444455556666`, nil},
		{"a message of another name", topic, `AlarmName\":\"sagescale/chat-llm`, `AlarmName\":\"sagescale/victim`, nil},
		{"a message about another region", topic, "cloudwatch:eu-west-1", "cloudwatch:us-east-1", nil},
		{"a message with dimensions of another endpoint", topic, `\"value\":\"chat-llm\"`, `\"value\":\"victim\"`, own},
		{"a state of nobody", endpoint, "chat-llm", "nobody", nil},
		{"a state in the name of another", endpoint, `"EndpointName": "chat-llm"`, `"EndpointName": "victim"`, nil},
		{"a state of another account", endpoint, "111122223333", "444455556666", nil},
		{"a state of a time to come", endpoint, "1795429274530", "9995429274530", own},
		{"an action of nobody", "scheduled-action", "chat-llm", "nobody", nil},
		{"an action of all", "scheduled-action", `"chat-llm"`, `""`, nil},
		{"an action with a capacity", "scheduled-action", `"action"`, `"desiredCapacity": 9, "minCapacity": 9, "action"`, own},
		{"a tick of another account", "tick-scheduled-event", "111122223333", "444455556666", nil},
		{"much", direct, `"alarmData"`, `"x": "` + strings.Repeat("x", 1<<20) + `", "alarmData"`, nil},
		{"many metrics", direct, `"metrics": [`, `"metrics": [` + strings.Repeat("{},", 100_000), nil},
		{"deep", direct, `"alarmData"`, `"x": ` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `, "alarmData"`, nil},
		{"no UTF-8", direct, "load-high", "\xff", nil},
	}
}

// A forged event has at most the target looked at that it is named after; what to do
// is decided by what AWS says. An event that is refused is told of, never retried, and
// makes no dimension of a metric.
//
// Faults: A11, A15, F6, H1, H2, H4, H8
func TestForgeriesWakeNobodyElse(t *testing.T) {
	for _, forged := range forgeries() {
		t.Run(forged.name, func(t *testing.T) {
			sample, err := os.ReadFile("../../events/" + forged.file + ".json")
			if err != nil || !bytes.Contains(sample, []byte(forged.old)) {
				t.Fatalf("%v: no %s in the sample", err, forged.old)
			}
			raw := bytes.ReplaceAll(sample, []byte(forged.old), []byte(forged.with))
			f, a, log := evaluating(t)
			if err := handler(t, f, forged.file)(t.Context(), raw); err != nil {
				t.Errorf("answered %v", err)
			}
			if !slices.Equal(a.looked, forged.looked) || a.changed != nil {
				t.Errorf("looked at %q, want %q; changed %q", a.looked, forged.looked, a.changed)
			}
			if warned := strings.Contains(log.String(), `"level":"WARN"`); warned != (forged.looked == nil) {
				t.Errorf("log %s", log)
			}
			checkMetrics(t, log.String(), forged.looked == nil)
		})
	}
}

// checkMetrics holds the last line of a log to the metrics that there are: three, of the
// function. A refused event counts as no evaluation.
func checkMetrics(t *testing.T, log string, refused bool) {
	t.Helper()
	var line struct {
		Function    string
		Evaluations int
		AWS         struct {
			CloudWatchMetrics []struct {
				Dimensions [][]string
				Metrics    []struct{ Name, Unit string }
			}
		} `json:"_aws"`
	}
	lines := strings.Split(strings.TrimSpace(log), "\n")
	last := lines[len(lines)-1]
	if err := json.Unmarshal([]byte(last), &line); err != nil || len(last) > 4<<10 {
		t.Fatalf("%d bytes, %v: %.300s", len(last), err, last)
	}
	metrics := line.AWS.CloudWatchMetrics
	if line.Function != "sagescale-test" || len(metrics) != 1 || fmt.Sprint(metrics[0].Metrics) != "[{Evaluations Count} {Errors Count} {Held Count}]" ||
		len(metrics[0].Dimensions) != 1 || !slices.Equal(metrics[0].Dimensions[0], []string{"Function"}) {
		t.Errorf("metrics of %s", last)
	}
	if refused == (line.Evaluations == 1) {
		t.Errorf("%d evaluations, refused: %v", line.Evaluations, refused)
	}
}

// Who may invoke the function has it do what the tick does, and no more.
//
// Faults: A16
func TestInvokedByHand(t *testing.T) {
	for _, raw := range []string{
		`{}`, `{"detail-type": "sagescale tick"}`, `{"detail-type": "sagescale tick", "endpoint": "victim", "desiredCapacity": 9, "dryRun": false}`,
	} {
		f, a, _ := evaluating(t)
		if err := f.Schedule(t.Context(), json.RawMessage(raw)); err != nil {
			t.Error(err)
		}
		slices.Sort(a.looked) // who is first depends on the minute
		if !slices.Equal(a.looked, []string{"chat-llm", "victim"}) || a.changed != nil {
			t.Errorf("%s: looked at %q, changed %q", raw, a.looked, a.changed)
		}
	}
}

// Who sets the state of an alarm over and over has the function look at the target,
// each time, and change nothing: the metrics are calm.
//
// Faults: H3
func TestAlarmSetOverAndOver(t *testing.T) {
	raw, err := os.ReadFile("../../events/alarm-direct-metric.json")
	if err != nil {
		t.Fatal(err)
	}
	f, a, _ := evaluating(t)
	for i := range 1000 {
		state := []string{`"value": "ALARM"`, `"value": "OK"`}[i%2]
		if err := f.Alarm(t.Context(), bytes.ReplaceAll(raw, []byte(`"value": "ALARM"`), []byte(state))); err != nil {
			t.Fatal(err)
		}
	}
	if len(a.looked) != 1000 || a.changed != nil {
		t.Errorf("looked %d times, changed %q", len(a.looked), a.changed)
	}
}
