package function_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/event"
	"sagescale/internal/function"
	"sagescale/internal/scaling"
)

// spy notes what a function asks of the evaluator.
type spy struct {
	asked    []string
	trigger  autoscaler.Trigger
	deadline time.Time
	found    autoscaler.Summary
	closed   *activity.Activity
	err      error
	byCall   []error // what each call fails with, instead of err
}

func (s *spy) Evaluate(ctx context.Context, t autoscaler.Trigger) (autoscaler.Summary, error) {
	s.deadline, _ = ctx.Deadline()
	s.trigger = t
	s.asked = append(s.asked, fmt.Sprintf("evaluate %s %s/%s", t.Kind, t.Endpoint, t.Variant))
	if len(s.byCall) > 0 {
		return s.found, s.byCall[len(s.asked)-1]
	}
	return s.found, s.err
}

func (s *spy) Settle(_ context.Context, t autoscaler.Trigger) (*activity.Activity, error) {
	s.asked = append(s.asked, fmt.Sprintf("settle %s %s/%s", t.Kind, t.Endpoint, t.Variant))
	return s.closed, s.err
}

// Learn is a forecaster, which knows of one target.
func (s *spy) Learn(ctx context.Context) ([]autoscaler.Learned, error) {
	s.deadline, _ = ctx.Deadline()
	s.asked = append(s.asked, "learn")
	return []autoscaler.Learned{{Endpoint: "chat-llm", Variant: "AllTraffic", Minutes: 20_158, Missing: 3, Error: 0.07}}, s.err
}

// harness is a function over a spy, and its log.
func harness(err error) (function.Function, *spy, *bytes.Buffer) {
	s, log := &spy{err: err}, &bytes.Buffer{}
	return function.Function{
		Name:       "sagescale-test",
		Origin:     event.Origin{Account: "111122223333", Region: "eu-west-1", AlarmPrefix: "sagescale"},
		Evaluator:  s,
		Forecaster: s,
		Log:        slog.New(slog.NewJSONHandler(log, nil)),
		Now:        func() time.Time { return time.UnixMilli(1795429508431) },
	}, s, log
}

// handler returns the handler of the function that the file's events go to.
func handler(t *testing.T, f function.Function, file string) func(context.Context, json.RawMessage) error {
	t.Helper()
	switch name, _, _ := strings.Cut(file, "-"); strings.TrimSuffix(name, ".json") {
	case "tick", "scheduled", "manual", "forecast":
		return f.Schedule
	case "alarm":
		return f.Alarm
	case "endpoint":
		return f.Settle
	}
	t.Fatalf("no function is known for the sample %s", file)
	return nil
}

func TestEverySampleThroughItsFunction(t *testing.T) {
	files, err := filepath.Glob("../../events/*.json")
	if err != nil || len(files) < 15 {
		t.Fatalf("samples: %v, %v", files, err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			f, s, log := harness(nil)
			if err := handler(t, f, name)(t.Context(), raw); err != nil {
				t.Errorf("the function failed: %v", err)
			}
			want := map[string]string{
				"tick": "evaluate Tick /", "manual": "evaluate Tick /", "scheduled": "evaluate ScheduledAction chat-llm/AllTraffic",
				"forecast": "learn", "alarm": "evaluate Alarm chat-llm/AllTraffic", "endpoint": "settle EndpointState chat-llm/",
			}[strings.TrimSuffix(strings.SplitN(name, "-", 2)[0], ".json")]
			if len(s.asked) != 1 || s.asked[0] != want {
				t.Errorf("asked %v, want %q", s.asked, want)
			}
			evaluated := fmt.Sprintf(`"Evaluations":%d`, map[bool]int{true: 0, false: 1}[want == "learn"])
			if !strings.Contains(log.String(), evaluated) || !strings.Contains(log.String(), `"Errors":0`) {
				t.Errorf("no metrics in the log: %s", log)
			}
		})
	}
}

// Faults: A15, H1
func TestFunctionsRefuseWithoutHarm(t *testing.T) {
	sample, err := os.ReadFile("../../events/alarm-direct-metric.json")
	if err != nil {
		t.Fatal(err)
	}
	bad := map[string]string{
		"malformed":       `{"source":`,
		"empty":           ``,
		"unknown":         `{"detail-type":"Something Else","source":"aws.unknown"}`,
		"huge":            `{"x":"` + strings.Repeat("a", 1<<20) + `"}`,
		"foreign account": strings.ReplaceAll(string(sample), "111122223333", "999988887777"),
		"foreign alarm":   strings.ReplaceAll(string(sample), "sagescale/", "other/"),
	}
	for name, raw := range bad {
		f, s, log := harness(nil)
		for _, h := range []func(context.Context, json.RawMessage) error{f.Schedule, f.Alarm, f.Settle} {
			if err := h(t.Context(), json.RawMessage(raw)); err != nil {
				t.Errorf("%s: %v: a retry would be refused too", name, err)
			}
		}
		if s.asked != nil {
			t.Errorf("%s: asked %v", name, s.asked)
		}
		if strings.Count(log.String(), `"level":"WARN"`) != 3 || strings.Contains(log.String(), `"Evaluations":1`) {
			t.Errorf("%s: log %s", name, log)
		}
	}
}

func TestFunctionsFailOnlyWhereARetryHelps(t *testing.T) {
	boom := errors.New("boom")
	tests := []struct {
		file string
		err  error
		want error
	}{
		{"tick.json", boom, nil},
		{"alarm-eventbridge-alarm.json", boom, boom},
		{"alarm-eventbridge-alarm.json", autoscaler.ErrNoTarget, nil},
		{"endpoint-in-service.json", boom, boom},
		{"endpoint-in-service.json", autoscaler.ErrNoTarget, nil},
	}
	for _, tt := range tests {
		raw, err := os.ReadFile(filepath.Join("../../events", tt.file))
		if err != nil {
			t.Fatal(err)
		}
		f, _, log := harness(tt.err)
		if got := handler(t, f, tt.file)(t.Context(), raw); !errors.Is(got, tt.want) {
			t.Errorf("%s, %v: answered %v, want %v", tt.file, tt.err, got, tt.want)
		}
		failed := errors.Is(tt.err, boom)
		if strings.Contains(log.String(), `"Errors":1`) != failed || strings.Contains(log.String(), `"level":"ERROR"`) != failed {
			t.Errorf("%s, %v: log %s", tt.file, tt.err, log)
		}
	}
}

// A target that cannot be scaled is told of, and a retry would not help it.
func TestFunctionsTellOfStuckTargets(t *testing.T) {
	raw, err := os.ReadFile("../../events/alarm-eventbridge-alarm.json")
	if err != nil {
		t.Fatal(err)
	}
	f, s, log := harness(nil)
	s.found.Stuck = 2
	if err := f.Alarm(t.Context(), raw); err != nil {
		t.Errorf("answered %v", err)
	}
	if !strings.Contains(log.String(), `"Errors":1`) || !strings.Contains(log.String(), "cannot be scaled: 2") {
		t.Errorf("log %s", log)
	}
}

// Data that is missing is no failure, and is counted, of all events of a delivery: an
// alarm tells of what lasts.
//
// Faults: D2, D12
func TestFunctionsCountHeldTargets(t *testing.T) {
	f, s, log := harness(nil)
	s.found.Held = 3
	if err := f.Alarm(t.Context(), twoAlarms(t)); err != nil {
		t.Errorf("answered %v", err)
	}
	if !strings.Contains(log.String(), `"Held":6`) || !strings.Contains(log.String(), `"Errors":0`) {
		t.Errorf("log %s", log)
	}
}

// What was learned is logged, and counts as no evaluation: the heartbeat is that of the
// tick. Where it fails the next time is ten minutes away.
func TestFunctionLearns(t *testing.T) {
	for _, boom := range []error{nil, errors.New("boom")} {
		f, s, log := harness(boom)
		deadline := time.Now().Add(time.Minute)
		ctx, cancel := context.WithDeadline(t.Context(), deadline)
		defer cancel()
		if err := f.Schedule(ctx, json.RawMessage(event.ForecastInput())); err != nil || len(s.asked) != 1 {
			t.Errorf("answered %v, asked %v", err, s.asked)
		}
		if left := deadline.Sub(s.deadline); left != 2*time.Second {
			t.Errorf("the work ends %s before the function, want 2s", left)
		}
		const learned = `"msg":"forecast learned","forecast":{"endpoint":"chat-llm","variant":"AllTraffic","minutes":20158,"missingMinutes":3,"error":0.07}`
		failed := fmt.Sprintf(`"Evaluations":0,"Errors":%d,"Held":0,`, map[bool]int{true: 0, false: 1}[boom == nil])
		if !strings.Contains(log.String(), learned) || !strings.Contains(log.String(), failed) || strings.Contains(log.String(), "Reactive") {
			t.Errorf("log %s", log)
		}
	}
}

// What is known of forecasts is in the metrics where there are some, of all events of a
// delivery.
func TestFunctionsTellOfForecasts(t *testing.T) {
	for found, want := range map[autoscaler.Foresight]string{
		{Forecast: 2, Age: 90 * time.Minute, Error: 0.25}: `"Held":0,"Reactive":0,"ForecastAge":5400,"ForecastError":0.25,"_aws"`,
		{Forecast: 2, Reactive: 1, Age: time.Second}:      `"Held":0,"Reactive":2,"ForecastAge":1,"ForecastError":0,"_aws"`,
		{Reactive: 3}: `"Held":0,"Reactive":6,"_aws"`,
		{}:            `"Held":0,"_aws"`,
	} {
		f, s, log := harness(nil)
		s.found.Foresight = found
		if err := f.Alarm(t.Context(), twoAlarms(t)); err != nil {
			t.Errorf("answered %v", err)
		}
		if !strings.Contains(log.String(), want) {
			t.Errorf("%+v: log %s", found, log)
		}
		for _, name := range []string{"Reactive", "ForecastAge", "ForecastError"} {
			if strings.Count(log.String(), `"`+name+`"`) != 2*strings.Count(want, `"`+name+`"`) {
				t.Errorf("%+v: %s is a value without its metric, or a metric without a value: %s", found, name, log)
			}
		}
	}
}

// How long scale-outs take is told by the invocation that saw one come into service, the
// longest of all events of a delivery, and by no other.
func TestFunctionsTellTheTimeToInService(t *testing.T) {
	settles, err := os.ReadFile("../../events/endpoint-in-service.json")
	if err != nil {
		t.Fatal(err)
	}
	started := time.UnixMilli(1795429508431)
	out := activity.Activity{From: 1, To: 2, Status: activity.Successful, StartTime: started, EndTime: started.Add(6 * time.Minute)}
	in := out
	in.From = 3
	for name, tt := range map[string]struct {
		found  autoscaler.Summary
		closed *activity.Activity
		want   string
	}{
		"a tick's":      {autoscaler.Summary{TimeToInService: 7 * time.Minute}, nil, `"TimeToInService":420`},
		"an endpoint's": {autoscaler.Summary{}, &out, `"TimeToInService":360`},
		"a scale-in's":  {autoscaler.Summary{}, &in, ""},
		"none":          {autoscaler.Summary{}, nil, ""},
	} {
		f, s, log := harness(nil)
		s.found, s.closed = tt.found, tt.closed
		if err := errors.Join(f.Alarm(t.Context(), twoAlarms(t)), f.Settle(t.Context(), settles)); err != nil {
			t.Errorf("%s: answered %v", name, err)
		}
		values, metrics := strings.Count(log.String(), `"TimeToInService":`), strings.Count(log.String(), `{"Name":"TimeToInService","Unit":"Seconds"}`)
		if told := min(1, len(tt.want)); values != told || metrics != told || !strings.Contains(log.String(), tt.want) {
			t.Errorf("%s: told %d times by %d metrics: %s", name, values, metrics, log)
		}
	}
}

// What fails is retried although another event of the same delivery was refused.
func TestFunctionRetriesWhatFailedBesideARefusal(t *testing.T) {
	boom := errors.New("boom")
	f, s, _ := harness(nil)
	s.byCall = []error{fmt.Errorf("evaluate: %w", autoscaler.ErrNoTarget), boom}
	if err := f.Alarm(t.Context(), twoAlarms(t)); !errors.Is(err, boom) {
		t.Errorf("answered %v, want the failure", err)
	}
}

// twoAlarms is a delivery of two alarms at once.
func twoAlarms(t *testing.T) json.RawMessage {
	t.Helper()
	raw, err := os.ReadFile("../../events/alarm-sns.json")
	if err != nil {
		t.Fatal(err)
	}
	var delivery struct{ Records []json.RawMessage }
	if err := json.Unmarshal(raw, &delivery); err != nil {
		t.Fatal(err)
	}
	two, err := json.Marshal(map[string]any{"Records": []json.RawMessage{delivery.Records[0], delivery.Records[0]}})
	if err != nil {
		t.Fatal(err)
	}
	return two
}

// The work is called off before Lambda ends the function, so that it can say so.
func TestFunctionLeavesTimeToReport(t *testing.T) {
	f, s, _ := harness(nil)
	deadline := time.Now().Add(time.Minute)
	ctx, cancel := context.WithDeadline(t.Context(), deadline)
	defer cancel()
	if err := f.Schedule(ctx, json.RawMessage(`{}`)); err != nil {
		t.Fatal(err)
	}
	if left := deadline.Sub(s.deadline); left != 2*time.Second {
		t.Errorf("the work ends %s before the function, want 2s", left)
	}
}

// The same event may wake two invocations: what they claim must differ.
func TestFunctionTellsItsInvocation(t *testing.T) {
	f, s, _ := harness(nil)
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "request-1"})
	if err := f.Schedule(ctx, json.RawMessage(`{}`)); err != nil || s.trigger.Invocation != "request-1" {
		t.Errorf("trigger %+v, %v; want the request's id", s.trigger, err)
	}
}

// What others have written makes no second line and no long one.
//
// Faults: H5
func TestLogsOfHostileErrors(t *testing.T) {
	raw, err := os.ReadFile("../../events/alarm-eventbridge-alarm.json")
	if err != nil {
		t.Fatal(err)
	}
	hostile := "\x1b[31m\r\n{\"msg\":\"evaluation\"}\u202e\xff" + strings.Repeat("x\n", 1<<19)
	f, _, log := harness(errors.New(hostile))
	_ = f.Alarm(t.Context(), raw) // fails, by that error
	function.LogRecord(f.Log)(t.Context(), autoscaler.Record{
		Error: hostile, Decision: scaling.Decision{
			Steps:            []scaling.Step{{Rule: scaling.Rule(scaling.EvaluationFailed), Reason: hostile}},
			NotScaledReasons: []scaling.Reason{{Code: scaling.EvaluationFailed, Message: hostile}},
		},
	})
	if strings.Count(log.String(), "\n") != 2 || log.Len() > 40<<10 {
		t.Errorf("%d bytes: %.1000s", log.Len(), log)
	}
	for line := range strings.Lines(log.String()) {
		if !json.Valid([]byte(line)) || strings.ContainsAny(line, "\x1b\r") {
			t.Errorf("log %.1000q", line)
		}
	}
}

func TestLogRecordIsOneLineOfJSON(t *testing.T) {
	var log bytes.Buffer
	record := function.LogRecord(slog.New(slog.NewJSONHandler(&log, nil)))
	record(t.Context(), autoscaler.Record{Endpoint: "chat-llm", Policy: "d1"})
	var line struct {
		Msg    string
		Record autoscaler.Record
	}
	if err := json.Unmarshal(log.Bytes(), &line); err != nil || line.Msg != "evaluation" || line.Record.Policy != "d1" {
		t.Errorf("%v: %s", err, log.String())
	}
}
