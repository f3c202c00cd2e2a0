package doctor_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/cloudformation"
	"sagescale/internal/cloudwatch"
	"sagescale/internal/cloudwatchlogs"
	"sagescale/internal/doctor"
	"sagescale/internal/dynamodb"
	"sagescale/internal/event"
	"sagescale/internal/eventbridge"
	"sagescale/internal/forecast"
	"sagescale/internal/iam"
	"sagescale/internal/lambda"
	"sagescale/internal/policy"
	"sagescale/internal/policyfile"
	"sagescale/internal/scaling"
	"sagescale/internal/scheduler"
	"sagescale/internal/sqs"
	"sagescale/internal/sts"
)

func now() time.Time { return time.Date(2026, 11, 23, 10, 0, 17, 0, time.UTC) }

const topic = "arn:aws:sns:eu-west-1:111122223333:oncall"

// deployed is the policy of the world: a target with everything, and one of an endpoint
// whose name has upper-case letters.
const deployed = `version: 1
targets:
- endpoint: chat-llm
  variant: AllTraffic
  minCapacity: 2
  maxCapacity: 8
  targetTracking:
  - {metric: InvocationsPerInstance, targetValue: 700}
  stepScaling:
  - name: slow
    metric: {name: latency, namespace: AWS/SageMaker, metricName: ModelLatency, statistic: Average, period: 60s}
    threshold: 50
    comparison: GreaterThanThreshold
    adjustmentType: ChangeInCapacity
    stepAdjustments: [{lowerBound: 0, adjustment: 1}]
  scaleInGuards:
  - metric: {name: errors, namespace: AWS/SageMaker, metricName: Invocation5XXErrors, statistic: Sum, period: 60s}
    maximum: 1
    treatMissingData: notBreaching
  scheduledActions:
  - {name: morning, schedule: cron(0 6 * * ? *), timezone: Europe/Paris, minCapacity: 3}
  predictive: {mode: ForecastAndScale, instanceCapacity: 1000}
- endpoint: Embed
  variant: blue
  minCapacity: 2
  maxCapacity: 4
  targetTracking:
  - {metric: InvocationsPerInstance, targetValue: 700}
`

func parse(t *testing.T, text string) *policy.Policy {
	t.Helper()
	p, err := policyfile.Parse("scaling.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// world is an account in which all is well. What it holds may be changed; errs has what
// calls answer instead, by their IAM actions.
type world struct {
	t         *testing.T
	policy    *policy.Policy
	file      *policy.Policy
	stack     cloudformation.Stack
	resources []cloudformation.Resource
	functions map[string]lambda.Function
	refused   map[string]bool // action and resource
	mu        sync.Mutex
	asked     []iam.Question
	table     struct {
		status       string
		protected    bool
		recoverable  bool
		expires      string
		statusErr    error
		recoverErr   error
		expiresError error
	}
	rules     map[string]eventbridge.Rule
	schedules []scheduler.Schedule
	alarms    []cloudwatch.AlarmState
	letters   int
	series    map[string]scaling.Series // by the names of metrics, of the last hours
	old       map[string]scaling.Series // the same by the hour
	messages  []cloudwatchlogs.Message
	endpoints map[string]activity.Endpoint
	initial   map[string]map[string]int
	conflicts map[string]string
	states    map[string]activity.State
	overrides map[string]map[string]policy.Override
	models    map[string]map[string]forecast.Model
	who       sts.Identity
	errs      map[string]error
}

// denied is the error of a call that the caller may not make.
type denied string

func (d denied) Error() string { return "AccessDenied: " + string(d) }

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, policy: parse(t, deployed), refused: map[string]bool{}, errs: map[string]error{}}
	w.deploy()
	w.wake()
	w.watch()
	w.serve()
	return w
}

// deploy makes the stack, its functions and its table.
func (w *world) deploy() {
	w.stack = cloudformation.Stack{Status: "UPDATE_COMPLETE", Changed: now().Add(-24 * time.Hour), Outputs: map[string]string{
		"Table": "T", "ScheduleFunction": "S", "AlarmFunction": "A", "SettleFunction": "C", "PolicyDigest": w.policy.Digest,
		"ScheduleLogs": "logs-S", "AlarmLogs": "logs-A", "SettleLogs": "logs-C", "AlarmsNotify": topic,
		"DeadLetterQueue": "https://sqs.eu-west-1.amazonaws.com/111122223333/Q",
	}}
	w.resources = []cloudformation.Resource{
		{Logical: "TickRule", Name: "tick", Type: "AWS::Events::Rule"},
		{Logical: "AlarmsRule", Name: "alarms", Type: "AWS::Events::Rule"},
		{Logical: "EndpointsRule", Name: "endpoints", Type: "AWS::Events::Rule"},
		{Logical: "ForecastsRule", Name: "forecasts", Type: "AWS::Events::Rule"},
		{Logical: "Schedules", Name: "G", Type: "AWS::Scheduler::ScheduleGroup"},
	}
	w.functions = map[string]lambda.Function{}
	for _, name := range []string{"S", "A", "C"} {
		w.functions[name] = lambda.Function{
			ARN: "arn:aws:lambda:eu-west-1:111122223333:function:" + name, State: "Active", Update: "Successful",
			Role: "arn:aws:iam::111122223333:role/" + name, Logs: "logs-" + name, Environment: map[string]string{"SAGESCALE_TABLE": "T"},
		}
	}
	w.table.status, w.table.protected, w.table.recoverable, w.table.expires = "ACTIVE", true, true, "expires"
	w.who = sts.Identity{Account: "111122223333", Name: "assumed-role/Admin/anna", Time: now().Add(-20 * time.Second)}
}

// wake makes what wakes the functions.
func (w *world) wake() {
	rule := func(schedule, function string) eventbridge.Rule {
		return eventbridge.Rule{Schedule: schedule, Enabled: true, Targets: []string{w.functions[function].ARN}}
	}
	w.rules = map[string]eventbridge.Rule{
		"tick": rule("rate(1 minute)", "S"), "alarms": rule("", "A"), "endpoints": rule("", "C"), "forecasts": rule("rate(10 minutes)", "S"),
	}
	w.schedules = []scheduler.Schedule{{
		Name: "one", Expression: "cron(0 6 * * ? *)", Timezone: "Europe/Paris", Enabled: true, Target: w.functions["S"].ARN,
		Input: event.ActionInput("chat-llm", "AllTraffic", "morning"),
	}}
}

// watch makes the alarms and the metrics.
func (w *world) watch() {
	alarm := func(name string, threshold float64, actions ...string) {
		w.alarms = append(w.alarms, cloudwatch.AlarmState{
			Name: name, Description: "About " + name + ".", State: "OK", Since: now().Add(-48 * time.Hour), Enabled: true, Actions: actions, Threshold: &threshold,
		})
		w.resources = append(w.resources, cloudformation.Resource{Logical: "X" + name, Name: name, Type: "AWS::CloudWatch::Alarm"})
	}
	alarm("sagescale-heartbeat", 1, topic)
	alarm("sagescale/Embed/blue/InvocationsPerInstance-scale-out", 700)
	alarm("sagescale/chat-llm/AllTraffic/InvocationsPerInstance-scale-out", 700)
	alarm("sagescale/chat-llm/AllTraffic/slow-step", 50)
	// Of another stack, whose name begins as ours.
	w.alarms = append(w.alarms, cloudwatch.AlarmState{Name: "sagescale-test-heartbeat", State: "ALARM"})
	w.series, w.old = map[string]scaling.Series{}, map[string]scaling.Series{}
	w.series["Evaluations"] = minutes(60, 2, 2)
	for _, name := range []string{"Invocations", "latency"} {
		w.series[name] = minutes(180, 2, 500)
	}
	w.series["Invocations"].Datapoints[7].Value = 0
	w.series["errors"] = minutes(180, 2, 0)
}

// minutes is a series of the last minutes up to one that began so many minutes ago.
func minutes(n, until int, value float64) scaling.Series {
	var s scaling.Series
	for m := n; m >= until; m-- {
		s.Datapoints = append(s.Datapoints, scaling.Datapoint{Time: now().Truncate(time.Minute).Add(-time.Duration(m) * time.Minute), Value: value})
	}
	return s
}

// serve makes the endpoints, what is remembered of them, and the records of them.
func (w *world) serve() {
	w.endpoints, w.initial, w.states = map[string]activity.Endpoint{}, map[string]map[string]int{}, map[string]activity.State{}
	w.conflicts, w.overrides = map[string]string{}, map[string]map[string]policy.Override{"chat-llm": {}, "Embed": {}}
	w.models = map[string]map[string]forecast.Model{"chat-llm": {"AllTraffic": {Through: now().Add(-time.Hour)}}}
	for name, variant := range map[string]string{"chat-llm": "AllTraffic", "Embed": "blue"} {
		w.endpoints[name] = activity.Endpoint{
			Name: name, Status: activity.InService, CreationTime: now().Add(-240 * time.Hour), Modified: now().Add(-30 * time.Minute),
			Config: "config-" + name, Variants: []activity.Variant{{Name: variant, Current: 3, Desired: 3}},
		}
		w.initial["config-"+name] = map[string]int{variant: 3}
		w.states[name] = activity.State{
			Endpoint: name, Version: 4, Known: map[string]activity.Known{variant: {Capacity: 3, At: now().Add(-30 * time.Minute)}},
			Recent: []activity.Activity{{Variant: variant, From: 2, To: 3, Status: activity.Successful, StartTime: now().Add(-36 * time.Minute), EndTime: now().Add(-30 * time.Minute)}},
		}
		w.record(name, variant, time.Minute, `[]`, "")
	}
}

// record logs a decision record.
func (w *world) record(endpoint, variant string, ago time.Duration, reasons, failed string) {
	text, err := json.Marshal(failed)
	if err != nil {
		w.t.Fatal(err)
	}
	at := now().Add(-ago)
	w.messages = append(w.messages, cloudwatchlogs.Message{Time: at, Text: fmt.Sprintf(
		`{"msg": "evaluation", "record": {"time": %q, "endpoint": %q, "variant": %q, "error": %s, "decision": {"notScaledReasons": %s}}}`,
		at.Format(time.RFC3339), endpoint, variant, text, reasons)})
}

// doctor examines the world.
func (w *world) doctor() *doctor.Doctor {
	return &doctor.Doctor{
		Stack: "sagescale", Region: "eu-west-1", Deployed: w.stack,
		Policy: func(context.Context) (*policy.Policy, error) { return w.policy, w.errs["lambda:GetFunction code"] },
		Caller: theCaller{w}, Stacks: theStacks{w}, Functions: theFunctions{w}, Roles: theRoles{w}, Table: theTable{w}, Rules: theRules{w},
		Schedules: theSchedules{w}, Alarms: theAlarms{w}, Queues: theQueues{w}, Metrics: theMetrics{w}, Logs: theLogs{w},
		Endpoints: theEndpoints{w}, Configs: theConfigs{w}, Scalers: theScalers{w}, Store: theStore{w}, Forecasts: theForecasts{w},
		File: w.file, FileName: "new.yaml",
		Denied: func(err error) (string, bool) {
			action, ok := errors.AsType[denied](err)
			return string(action), ok
		},
		Now: now,
	}
}

// examine examines the world.
func (w *world) examine() doctor.Report {
	w.t.Helper()
	r, err := w.doctor().Examine(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// The ports, on the world.
type (
	theCaller    struct{ *world }
	theStacks    struct{ *world }
	theFunctions struct{ *world }
	theRoles     struct{ *world }
	theTable     struct{ *world }
	theRules     struct{ *world }
	theSchedules struct{ *world }
	theAlarms    struct{ *world }
	theQueues    struct{ *world }
	theMetrics   struct{ *world }
	theLogs      struct{ *world }
	theEndpoints struct{ *world }
	theConfigs   struct{ *world }
	theScalers   struct{ *world }
	theStore     struct{ *world }
	theForecasts struct{ *world }
)

func (w theCaller) Identity(context.Context) (sts.Identity, error) {
	if err := w.errs["sts:GetCallerIdentity"]; err != nil {
		return sts.Identity{}, err
	}
	return w.who, nil
}

func (w theStacks) Resources(context.Context, string) ([]cloudformation.Resource, error) {
	if err := w.errs["cloudformation:ListStackResources"]; err != nil {
		return nil, err
	}
	return w.resources, nil
}

func (w theFunctions) Describe(_ context.Context, name string) (lambda.Function, error) {
	f, ok := w.functions[name]
	if !ok {
		return f, lambda.ErrNoFunction
	}
	return f, w.errs["lambda:GetFunction"]
}

func (w theRoles) Refused(_ context.Context, q iam.Question) ([]iam.Refusal, error) {
	var no []iam.Refusal
	for _, action := range q.Actions {
		for _, resource := range q.Resources {
			if w.refused[action+" "+resource] {
				no = append(no, iam.Refusal{Action: action, Resource: resource})
			}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, q)
	return no, w.errs["iam:SimulatePrincipalPolicy"]
}

func (w theTable) Status(context.Context, string) (string, bool, error) {
	return w.table.status, w.table.protected, errors.Join(w.table.statusErr, w.errs["dynamodb:DescribeTable"])
}

func (w theTable) Recoverable(context.Context, string) (bool, error) {
	return w.table.recoverable, w.errs["dynamodb:DescribeContinuousBackups"]
}

func (w theTable) Expires(context.Context, string) (string, error) {
	return w.table.expires, w.errs["dynamodb:DescribeTimeToLive"]
}

func (w theRules) Describe(_ context.Context, name string) (eventbridge.Rule, error) {
	r, ok := w.rules[name]
	if !ok {
		return r, eventbridge.ErrNoRule
	}
	return r, w.errs["events:DescribeRule"]
}

func (w theSchedules) Group(_ context.Context, group string) ([]scheduler.Schedule, error) {
	if group != "G" {
		w.t.Errorf("asked for group %s", group)
	}
	return w.schedules, w.errs["scheduler:ListSchedules"]
}

func (w theAlarms) Beginning(_ context.Context, prefix string) ([]cloudwatch.AlarmState, error) {
	if prefix != "sagescale" {
		w.t.Errorf("asked for alarms of %s", prefix)
	}
	return w.alarms, w.errs["cloudwatch:DescribeAlarms"]
}

func (w theQueues) Messages(context.Context, string) (int, error) {
	if w.letters < 0 {
		return 0, sqs.ErrNoQueue
	}
	return w.letters, w.errs["sqs:GetQueueAttributes"]
}

func (w theMetrics) Read(_ context.Context, queries []scaling.Query, _ time.Time) ([]scaling.Series, error) {
	if err := w.errs["cloudwatch:GetMetricData"]; err != nil {
		return nil, err
	}
	out := make([]scaling.Series, len(queries))
	for i, q := range queries {
		out[i] = w.series[q.Metric.Name]
		if q.Metric.Period == time.Hour {
			out[i] = w.old[q.Metric.Name]
		}
		out[i].Metric = q.Metric.Name
		out[i].Datapoints = slices.DeleteFunc(slices.Clone(out[i].Datapoints), func(d scaling.Datapoint) bool { return d.Time.Before(q.From) })
	}
	return out, nil
}

func (w theLogs) Read(_ context.Context, q cloudwatchlogs.Query, each func(cloudwatchlogs.Message)) error {
	for _, m := range w.messages {
		if !m.Time.Before(q.From) && slices.Equal(q.Groups, []string{"logs-S"}) {
			each(m)
		}
	}
	return w.errs["logs:FilterLogEvents"]
}

func (w theEndpoints) Describe(_ context.Context, name string) (activity.Endpoint, error) {
	if err := w.errs["sagemaker:DescribeEndpoint"]; err != nil {
		return activity.Endpoint{}, err
	}
	e, ok := w.endpoints[name]
	if !ok {
		return e, errors.Join(activity.ErrNotFound, w.errs["an endpoint that is not there"])
	}
	return e, nil
}

func (w theConfigs) Initial(_ context.Context, config string) (map[string]int, error) {
	return w.initial[config], w.errs["sagemaker:DescribeEndpointConfig"]
}

func (w theScalers) Conflict(_ context.Context, endpoint, variant string) (string, error) {
	return w.conflicts[endpoint+"/"+variant], w.errs["application-autoscaling:DescribeScalableTargets"]
}

func (w theStore) Load(_ context.Context, endpoint string) (activity.State, map[string]policy.Override, error) {
	return w.states[endpoint], w.overrides[endpoint], errors.Join(w.errs["dynamodb:Query"], w.errs["item of "+endpoint])
}

func (w theForecasts) Forecasts(_ context.Context, endpoint string) (map[string]forecast.Model, error) {
	if err := w.errs["dynamodb:Query"]; err != nil {
		return nil, err
	}
	return w.models[endpoint], w.errs["forecast"]
}

// say is what findings say of a check, one a line.
func say(r doctor.Report) string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\n", f.Level, f.Check, f.Target, f.What)
	}
	return b.String()
}

// tableGone is the error of a table that is not there.
func tableGone() error { return dynamodb.ErrNoTable }
