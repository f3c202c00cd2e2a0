package dashboard_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/config"
	"sagescale/internal/event"
	"sagescale/internal/function"
	"sagescale/internal/policy"
)

// busy is an evaluator that always has all there is to tell of the targets of a policy.
type busy struct {
	targets []policy.Target
	record  func(context.Context, autoscaler.Record)
}

func (b busy) Evaluate(ctx context.Context, _ autoscaler.Trigger) (autoscaler.Summary, error) {
	s := autoscaler.Summary{Stuck: 1, Held: 1, TimeToInService: 6 * time.Minute}
	for _, t := range b.targets {
		b.record(ctx, recordOf(t))
		if t.Predictive.Mode.Forecasts() {
			s.Foresight = autoscaler.Foresight{Forecast: 1, Reactive: 1, Age: time.Hour, Error: 0.1}
		}
	}
	return s, nil
}

func (busy) Settle(context.Context, autoscaler.Trigger) (*activity.Activity, error) {
	at := time.UnixMilli(1795429508431)
	return &activity.Activity{From: 1, To: 2, Status: activity.Successful, StartTime: at, EndTime: at.Add(6 * time.Minute)}, nil
}

func (busy) Learn(context.Context) ([]autoscaler.Learned, error) { return nil, nil }

// recordOf is a record of a target with everything in it that there can be.
func recordOf(t policy.Target) autoscaler.Record {
	var r autoscaler.Record
	fill(reflect.ValueOf(&r).Elem())
	r.Endpoint, r.Variant, r.Decision.Forecast.Unused = t.Endpoint, t.Variant, ""
	if !t.Predictive.Mode.Forecasts() {
		r.Decision.Forecast = nil
	}
	return r
}

// fill sets everything in v to something.
func fill(v reflect.Value) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.UnixMilli(1795429508431).UTC()))
	case v.Kind() == reflect.Struct:
		for _, field := range v.Fields() {
			fill(field)
		}
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case v.Kind() == reflect.String:
		v.SetString("x")
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanInt():
		v.SetInt(1)
	case v.CanFloat():
		v.SetFloat(1)
	default:
		panic("cannot fill " + v.Type().String())
	}
}

// logs are what the functions of a deployment log when each is woken once, by function.
func logs(t *testing.T, p *policy.Policy, targetMetrics bool) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, f := range functions() {
		var log bytes.Buffer
		logger := slog.New(slog.NewJSONHandler(&log, nil))
		e := busy{p.Targets, function.LogRecord(logger)}
		if targetMetrics {
			e.record = function.MeasureRecord(logger)
		}
		handler := function.Function{
			Name: f.Resource, Evaluator: e, Forecaster: e, Log: logger,
			Origin: event.Origin{Account: "111122223333", Region: "eu-west-1", AlarmPrefix: "sagescale"},
			Now:    func() time.Time { return time.UnixMilli(1795429508431) },
		}
		if err := wake(t, handler, f.Name); err != nil {
			t.Fatal(err)
		}
		out[f.Name] = log.String()
	}
	return out
}

// wake has a function handle every kind of event that is for it.
func wake(t *testing.T, f function.Function, name string) error {
	t.Helper()
	handle := map[string]func(context.Context, json.RawMessage) error{"schedule": f.Schedule, "alarm": f.Alarm, "settle": f.Settle}[name]
	events := map[string][]string{
		"schedule": {"tick", "forecast", "scheduled-action"}, "alarm": {"alarm-eventbridge-alarm", "alarm-sns"}, "settle": {"endpoint-in-service"},
	}[name]
	var err error
	for _, file := range events {
		raw, readErr := os.ReadFile("../../events/" + file + ".json")
		err = errors.Join(err, readErr, handle(t.Context(), raw))
	}
	return err
}

// embedded is a log line as CloudWatch reads the metrics in it.
type embedded struct {
	AWS struct {
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	} `json:"_aws"`
}

// written are the metrics that the functions write, as namespace, name and dimensions.
func written(t *testing.T, p *policy.Policy, targetMetrics bool) []string {
	t.Helper()
	var all []string
	for _, log := range logs(t, p, targetMetrics) {
		for text := range strings.Lines(log) {
			var line embedded
			var fields map[string]any
			if err := errors.Join(json.Unmarshal([]byte(text), &line), json.Unmarshal([]byte(text), &fields)); err != nil {
				t.Fatal(err)
			}
			for _, m := range line.AWS.CloudWatchMetrics {
				for _, metric := range m.Metrics {
					if _, ok := fields[metric.Name].(float64); !ok {
						t.Errorf("metric %s has no value in %s", metric.Name, text)
					}
					for _, names := range m.Dimensions {
						key := m.Namespace + " " + metric.Name
						for _, name := range names {
							key += fmt.Sprintf(" %s=%v", name, fields[name])
						}
						all = append(all, key)
					}
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Every metric of ours that a dashboard names is written by the functions, and every one
// that they write is on a dashboard.
func TestMetricsAreWrittenAndShown(t *testing.T) {
	for name, text := range policies() {
		p := parse(t, text)
		for _, targetMetrics := range []bool{false, true} {
			var shown []string
			for _, b := range boards(t, deployment(p, targetMetrics)) {
				for _, m := range b.metrics() {
					if strings.HasPrefix(m, config.MetricNamespace+" ") {
						shown = append(shown, m)
					}
				}
			}
			slices.Sort(shown)
			shown = slices.Compact(shown)
			w := written(t, p, targetMetrics)
			for _, m := range shown {
				if !slices.Contains(w, m) {
					t.Errorf("%s, target metrics %t: a dashboard shows %s, which nobody writes", name, targetMetrics, m)
				}
			}
			for _, m := range w {
				if !slices.Contains(shown, m) {
					t.Errorf("%s, target metrics %t: the functions write %s, which no dashboard shows", name, targetMetrics, m)
				}
			}
			if ofTargets := strings.Contains(strings.Join(w, "\n"), config.FieldVariant+"="); ofTargets != targetMetrics || len(w) < 12 {
				t.Errorf("%s, target metrics %t: written are %q", name, targetMetrics, w)
			}
		}
	}
}

// What is shown of AWS's own metrics is what AWS writes, by its own dimensions.
func TestMetricsOfAWS(t *testing.T) {
	known := []string{
		"AWS/Lambda Duration FunctionName", "AWS/Lambda Errors FunctionName", "AWS/Lambda Throttles FunctionName",
		"AWS/SQS ApproximateNumberOfMessagesVisible QueueName",
		"AWS/SageMaker Invocations EndpointName VariantName", "AWS/SageMaker InvocationsPerInstance EndpointName VariantName",
	}
	var shown []string
	for _, b := range boards(t, deployment(parse(t, two), true)) {
		for _, m := range b.metrics() {
			var names []string
			for i, part := range strings.Fields(m) {
				if i > 1 {
					part, _, _ = strings.Cut(part, "=")
				}
				names = append(names, part)
			}
			if names[0] != config.MetricNamespace {
				shown = append(shown, strings.Join(names, " "))
			}
		}
	}
	slices.Sort(shown)
	if shown = slices.Compact(shown); !slices.Equal(shown, known) {
		t.Errorf("shown are\n%q, want\n%q", shown, known)
	}
}
