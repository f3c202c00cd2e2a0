package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"sagescale/infra/bundle"
	"sagescale/internal/config"
	"sagescale/internal/event"
	"sagescale/internal/policyfile"
)

// A function finds in its environment what it looks for there, and nothing that
// it does not.
func TestEnvironment(t *testing.T) {
	var read []string
	_, err := config.Load(func(name string) (string, bool) {
		if !strings.HasPrefix(name, "AWS_") { // Lambda sets those
			read = append(read, name)
		}
		if name == config.EnvMetrics {
			return "true", true
		}
		return "value", true
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(read)
	for _, fn := range standard(t).all("AWS::Lambda::Function") {
		variables, _ := dig(fn, "Environment", "Variables").(map[string]any)
		var set []string
		for name := range variables {
			set = append(set, name)
		}
		slices.Sort(set)
		if !slices.Equal(set, read) {
			t.Errorf("%v: environment is %v, the function reads %v", fn["Description"], set, read)
		}
	}
}

func TestFunctions(t *testing.T) {
	a := standard(t)
	if got := len(a.ids("AWS::Lambda::Function")); got != len(bundle.Names()) {
		t.Errorf("%d functions, want %d", got, len(bundle.Names()))
	}
	for _, name := range bundle.Names() {
		fn := a.Resources[a.function(t, name)].Properties
		want(t, name, fn, "provided.al2023", "Runtime")
		want(t, name, fn, bundle.Handler, "Handler")
		want(t, name, fn, "arm64", "Architectures", 0)
		want(t, name, fn, config.FunctionTimeout.Seconds(), "Timeout")
		want(t, name, fn, float64(memory), "MemorySize")
		want(t, name, fn, nil, "ReservedConcurrentExecutions")
		group := strings.Trim(flat(dig(fn, "LoggingConfig", "LogGroup")), "${}")
		want(t, name, a.Resources[group].Properties, 365.0, "RetentionInDays")
		want(t, name, a.Resources[group].DeletionPolicy, "RetainExceptOnCreate")
	}
}

// Events grow stale at once: nothing is kept or retried for long, and what fails
// is kept where people can find it.
//
// Faults: A6, A10
func TestDelivery(t *testing.T) {
	a := standard(t)
	queue := "${" + a.ids("AWS::SQS::Queue")[0] + ".Arn}"
	retries := map[string]float64{bundle.Schedule: 0, bundle.Alarm: 1, bundle.Settle: 1}
	age := map[string]float64{bundle.Schedule: 60, bundle.Alarm: 120, bundle.Settle: 120}
	for _, name := range bundle.Names() {
		id := title(name) + "Events"
		events := a.Resources[id].Properties
		want(t, id, flat(events["FunctionName"]), "${"+a.function(t, name)+"}")
		want(t, id, events, age[name], "MaximumEventAgeInSeconds")
		want(t, id, events, retries[name], "MaximumRetryAttempts")
		want(t, id, flat(dig(events, "DestinationConfig", "OnFailure", "Destination")), queue)
	}
	var targets []any
	for _, rule := range a.all("AWS::Events::Rule") {
		targets = append(targets, list(rule["Targets"])...)
	}
	for _, schedule := range a.all("AWS::Scheduler::Schedule") {
		targets = append(targets, schedule["Target"])
	}
	for i, target := range targets {
		what, age, retries := fmt.Sprint("target ", i), 60.0, 2.0
		if flat(dig(target, "Arn")) == "${"+a.ids("AWS::SNS::Topic")[0]+"}" {
			age, retries = 900, 10 // a person's message is of use for longer than a hint
		}
		want(t, what, target, age, "RetryPolicy", "MaximumEventAgeInSeconds")
		want(t, what, target, retries, "RetryPolicy", "MaximumRetryAttempts")
		want(t, what, flat(dig(target, "DeadLetterConfig", "Arn")), queue)
	}
}

// Faults: A10
func TestDeadLetters(t *testing.T) {
	a := standard(t)
	queue := a.only(t, "AWS::SQS::Queue")
	want(t, "queue", queue.Properties, true, "SqsManagedSseEnabled")
	want(t, "queue", queue.Properties, (14 * 24 * time.Hour).Seconds(), "MessageRetentionPeriod")
	statements := list(dig(a.only(t, "AWS::SQS::QueuePolicy").Properties, "PolicyDocument", "Statement"))
	if len(statements) != 2 {
		t.Fatalf("queue policy has %d statements, want 2", len(statements))
	}
	want(t, "plain HTTP", statements[0], "Deny", "Effect")
	want(t, "plain HTTP", statements[0], "false", "Condition", "Bool", "aws:SecureTransport")
	want(t, "rules", statements[1], "events.amazonaws.com", "Principal", "Service")
	if got := len(list(dig(statements[1], "Condition", "ArnEquals", "aws:SourceArn"))); got != len(a.ids("AWS::Events::Rule")) {
		t.Errorf("queue policy accepts from %d rules, there are %d", got, len(a.ids("AWS::Events::Rule")))
	}
}

// Faults: G8
func TestTable(t *testing.T) {
	table := standard(t).only(t, "AWS::DynamoDB::Table")
	properties := table.Properties
	want(t, "table", table.DeletionPolicy, "Retain")
	want(t, "table", properties, true, "DeletionProtectionEnabled")
	want(t, "table", properties, true, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled")
	want(t, "table", properties, "PAY_PER_REQUEST", "BillingMode")
	want(t, "table", properties, config.KeyExpires, "TimeToLiveSpecification", "AttributeName")
	want(t, "table", properties, config.KeyPartition, "KeySchema", 0, "AttributeName")
	want(t, "table", properties, config.KeySort, "KeySchema", 1, "AttributeName")
	want(t, "table", properties, "S", "AttributeDefinitions", 0, "AttributeType")
	want(t, "table", properties, "S", "AttributeDefinitions", 1, "AttributeType")
}

func TestRules(t *testing.T) {
	a := standard(t)
	alarms := a.Resources["AlarmsRule"].Properties["EventPattern"]
	want(t, "alarms", flat(dig(alarms, "resources", 0, "prefix")),
		"arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:sagescale/")
	want(t, "alarms", fmt.Sprint(dig(alarms, "detail", "state", "value")), "[ALARM]")
	endpoint := a.Resources["EndpointsRule"].Properties["EventPattern"]
	want(t, "endpoints", fmt.Sprint(dig(endpoint, "detail", "EndpointName")), "[Chat-LLM chatllm]")
	tick := a.Resources["TickRule"].Properties
	want(t, "tick", tick, "rate(1 minute)", "ScheduleExpression")
	want(t, "tick", tick, event.TickInput(), "Targets", 0, "Input")
	forecasts := a.Resources["ForecastsRule"].Properties
	want(t, "forecasts", forecasts, "rate(10 minutes)", "ScheduleExpression")
	want(t, "forecasts", forecasts, event.ForecastInput(), "Targets", 0, "Input")
	for rule, name := range map[string]string{"TickRule": "schedule", "ForecastsRule": "schedule", "AlarmsRule": "alarm", "EndpointsRule": "settle"} {
		want(t, rule, flat(dig(a.Resources[rule].Properties, "Targets", 0, "Arn")), "${"+a.function(t, name)+".Arn}")
		if !permitted(a, "${"+a.function(t, name)+".Arn}", "${"+rule+".Arn}") {
			t.Errorf("%s may not invoke %s", rule, name)
		}
	}
}

func permitted(a assembly, function, rule string) bool {
	return slices.ContainsFunc(a.all("AWS::Lambda::Permission"), func(p map[string]any) bool {
		return flat(p["FunctionName"]) == function && flat(p["SourceArn"]) == rule &&
			flat(p["SourceAccount"]) == "${AWS::AccountId}" && p["Principal"] == "events.amazonaws.com"
	})
}

// Every scheduled action has its schedule, in its zone, and its input is one that
// the function understands.
func TestSchedules(t *testing.T) {
	a := standard(t)
	p, err := policyfile.Load(testPolicy)
	if err != nil {
		t.Fatal(err)
	}
	schedules := map[string]map[string]any{}
	for _, s := range a.all("AWS::Scheduler::Schedule") {
		schedules[fmt.Sprint(s["Description"])] = s
	}
	actions := 0
	for _, target := range p.Targets {
		for _, action := range target.Actions {
			actions++
			what := target.Key() + ": " + action.Name
			s := schedules[what]
			want(t, what, s, action.Schedule, "ScheduleExpression")
			want(t, what, s, action.Timezone, "ScheduleExpressionTimezone")
			want(t, what, s, "OFF", "FlexibleTimeWindow", "Mode")
			want(t, what, s, nil, "StartDate")
			want(t, what, s, nil, "EndDate")
			want(t, what, s, event.ActionInput(target.Endpoint, target.Variant, action.Name), "Target", "Input")
			want(t, what, flat(dig(s, "Target", "Arn")), "${"+a.function(t, bundle.Schedule)+".Arn}")
			want(t, what, flat(s["GroupName"]), "${Schedules}")
		}
	}
	if actions == 0 || len(schedules) != actions {
		t.Errorf("%d schedules for %d scheduled actions", len(schedules), actions)
	}
}

func TestScaleOutAlarms(t *testing.T) {
	alarms := byName(standard(t))
	requests := alarms["sagescale/Chat-LLM/AllTraffic/InvocationsPerInstance-scale-out"]
	want(t, "requests", requests, "AWS/SageMaker", "Namespace")
	want(t, "requests", requests, "InvocationsPerInstance", "MetricName")
	want(t, "requests", requests, "Sum", "Statistic")
	want(t, "requests", requests, 60.0, "Period")
	want(t, "requests", requests, 700.0, "Threshold")
	want(t, "requests", requests, "GreaterThanThreshold", "ComparisonOperator")
	want(t, "requests", requests, 4.0, "EvaluationPeriods")
	want(t, "requests", requests, 2.0, "DatapointsToAlarm")
	want(t, "requests", requests, "missing", "TreatMissingData")
	want(t, "requests", requests, nil, "AlarmActions")
	gpu := alarms["sagescale/Chat-LLM/AllTraffic/gpu-scale-out"]
	want(t, "gpu", gpu, "GPUUtilization", "MetricName")
	want(t, "gpu", gpu, 300.0, "Period")
	want(t, "gpu", gpu, 4*62.5, "Threshold")
	want(t, "gpu", gpu, "Chat-LLM", "Dimensions", 0, "Value")
	concurrency := alarms["sagescale/chatllm/blue/ConcurrentRequestsPerModel-scale-out"]
	want(t, "concurrency", concurrency, 10.0, "Period")
	want(t, "concurrency", concurrency, "Maximum", "Statistic")
	want(t, "concurrency", concurrency, 4.0, "Threshold")
}

func TestStepAlarms(t *testing.T) {
	alarms := byName(standard(t))
	burst := alarms["sagescale/Chat-LLM/AllTraffic/burst-step"]
	want(t, "burst", burst, "AWS/SageMaker", "Namespace")
	want(t, "burst", burst, "ConcurrentRequestsPerModel", "MetricName")
	want(t, "burst", burst, "Maximum", "Statistic")
	want(t, "burst", burst, "AllTraffic", "Dimensions", 1, "Value")
	want(t, "burst", burst, 10.0, "Period")
	want(t, "burst", burst, 20.0, "Threshold")
	want(t, "burst", burst, "GreaterThanOrEqualToThreshold", "ComparisonOperator")
	want(t, "burst", burst, 6.0, "EvaluationPeriods")
	want(t, "burst", burst, 2.0, "DatapointsToAlarm")
	want(t, "burst", burst, "notBreaching", "TreatMissingData")
	want(t, "burst", burst, nil, "AlarmActions")
	idle := alarms["sagescale/Chat-LLM/AllTraffic/idle-step"]
	want(t, "idle", idle, "Chat", "Namespace")
	want(t, "idle", idle, "CacheUsed", "MetricName")
	want(t, "idle", idle, "Minimum", "Statistic")
	want(t, "idle", fmt.Sprint(idle["Dimensions"]), "[map[Name:Service Value:chat]]")
	want(t, "idle", idle, 30.0, "Period")
	want(t, "idle", idle, 8*2.5, "Threshold")
	want(t, "idle", idle, "LessThanThreshold", "ComparisonOperator")
	want(t, "idle", idle, 3.0, "EvaluationPeriods")
	want(t, "idle", idle, 3.0, "DatapointsToAlarm")
	want(t, "idle", idle, "ignore", "TreatMissingData")
	other := alarms["sagescale/chatllm/blue/burst-step"]
	want(t, "other", other, "InvocationsPerInstance", "MetricName")
	want(t, "other", other, 60.0, "Period")
	want(t, "other", other, 900.0, "Threshold")
	want(t, "other", other, "GreaterThanThreshold", "ComparisonOperator")
	want(t, "other", other, "missing", "TreatMissingData")
}

// An alarm of an expression has it and its metrics in a list, and none of the
// fields of a metric alone.
func TestAlarmsOfExpressions(t *testing.T) {
	alarms := byName(standard(t))
	input := func(id, namespace, name, statistic string, period float64, dimensions []any) map[string]any {
		metric := map[string]any{"Namespace": namespace, "MetricName": name, "Dimensions": dimensions}
		return map[string]any{"Id": id, "ReturnData": false, "MetricStat": map[string]any{"Metric": metric, "Period": period, "Stat": statistic}}
	}
	dimension := func(name, value string) any { return map[string]any{"Name": name, "Value": value} }
	variant := []any{dimension("EndpointName", "Chat-LLM"), dimension("VariantName", "AllTraffic")}
	for name, expected := range map[string][]any{
		"sagescale/Chat-LLM/AllTraffic/waiting-scale-out": {
			map[string]any{"Id": "result", "Expression": "waiting + FILL(running, 0)", "ReturnData": true},
			input("running", "AWS/SageMaker", "ConcurrentRequestsPerModel", "Maximum", 30, variant),
			input("waiting", "Chat", "Waiting", "Maximum", 30, []any{dimension("Service", "chat")}),
		},
		"sagescale/Chat-LLM/AllTraffic/failing-step": {
			map[string]any{"Id": "result_", "Expression": "result / FILL(requests, 1)", "ReturnData": true},
			input("requests", "AWS/SageMaker", "Invocations", "Sum", 60, []any{}),
			input("result", "AWS/SageMaker", "Invocation5XXErrors", "Sum", 60, variant),
		},
	} {
		alarm := alarms[name]
		if got := alarm["Metrics"]; !reflect.DeepEqual(got, expected) {
			t.Errorf("%s watches\n%v, want\n%v", name, got, expected)
		}
		for _, field := range []string{"Namespace", "MetricName", "Statistic", "Dimensions", "Period"} {
			want(t, name, alarm, nil, field)
		}
	}
	waiting := alarms["sagescale/Chat-LLM/AllTraffic/waiting-scale-out"]
	want(t, "waiting", waiting, 4*6.0, "Threshold")
	want(t, "waiting", waiting, 3.0, "EvaluationPeriods")
	want(t, "gpu", alarms["sagescale/Chat-LLM/AllTraffic/gpu-scale-out"], nil, "Metrics")
}

// What wakes the alarm function are the alarms of targets, and no others: the
// rule matches their names, and the function understands them.
func TestTargetAlarms(t *testing.T) {
	a := standard(t)
	expected := []string{
		"sagescale/Chat-LLM/AllTraffic/InvocationsPerInstance-scale-out",
		"sagescale/Chat-LLM/AllTraffic/burst-step",
		"sagescale/Chat-LLM/AllTraffic/failing-step",
		"sagescale/Chat-LLM/AllTraffic/gpu-scale-out",
		"sagescale/Chat-LLM/AllTraffic/idle-step",
		"sagescale/Chat-LLM/AllTraffic/waiting-scale-out",
		"sagescale/chatllm/blue/ConcurrentRequestsPerModel-scale-out",
		"sagescale/chatllm/blue/burst-step",
	}
	prefix := flat(dig(a.Resources["AlarmsRule"].Properties, "EventPattern", "resources", 0, "prefix"))
	_, prefix, _ = strings.Cut(prefix, ":alarm:")
	var woken, understood []string
	for _, name := range slices.Sorted(maps.Keys(byName(a))) {
		if strings.HasPrefix(name, prefix) {
			woken = append(woken, name)
		}
		if endpoint, variant, ours := config.AlarmTarget("sagescale", name); ours {
			understood = append(understood, name)
			if key := endpoint + "/" + variant; key != "Chat-LLM/AllTraffic" && key != "chatllm/blue" {
				t.Errorf("alarm %s is of target %s", name, key)
			}
		}
	}
	if !slices.Equal(woken, expected) || !slices.Equal(understood, expected) {
		t.Errorf("alarms %q wake, %q are understood, want %q", woken, understood, expected)
	}
}

// Whatever users call their metrics and step policies, no two alarms share a name.
func TestAlarmNamesDiffer(t *testing.T) {
	metrics := []string{"x", "x-step", "step-x", "x-scale-out", "x-scale-out-step"}
	var steps []string
	for _, name := range append(slices.Clone(metrics), "x-step-scale-out", "-scale-out", "step-x-scale-out") {
		steps = append(steps, step(name, "ConcurrentRequestsPerModel", 3))
	}
	p, err := policyfile.Load(write(t, stepsOf(steps...)+trackingOf(metrics...)))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, a := range targetAlarms("sagescale", p) {
		names[a.name] = true
	}
	if alarms := len(metrics) + len(steps); len(names) != alarms {
		t.Errorf("%d names for %d alarms: %v", len(names), alarms, names)
	}
}

// The longest windows that a policy may have are alarms that CloudWatch accepts:
// of a period that it knows, over a day at most.
func TestLongestWindows(t *testing.T) {
	longest := map[string]int{"10s": 630, "30s": 210, "1m": 1440, "7m": 205, "1h": 24}
	var steps, more []string
	for _, period := range slices.Sorted(maps.Keys(longest)) {
		metric := "{name: m" + period + ", namespace: N, metricName: M, statistic: Sum, period: " + period + "}"
		steps = append(steps, step("s"+period, metric, longest[period]))
		more = append(more, step("s"+period, metric, longest[period]+1))
	}
	p, err := policyfile.Load(write(t, stepsOf(steps...)))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range targetAlarms("sagescale", p) {
		total := time.Duration(a.window.Periods) * a.metric.Period
		known := a.metric.Period == 10*time.Second || a.metric.Period == 30*time.Second || a.metric.Period%time.Minute == 0
		if !known || total > 24*time.Hour || a.window.Datapoints > a.window.Periods {
			t.Errorf("alarm %s: %+v of %v", a.name, a.window, a.metric.Period)
		}
	}
	_, err = policyfile.Load(write(t, stepsOf(more...)))
	if err == nil || strings.Count(err.Error(), "periods") != len(longest) {
		t.Errorf("windows one period longer: %v", err)
	}
}

// Faults: A7, A10, D2, D12
func TestOperationalAlarms(t *testing.T) {
	a := standard(t)
	alarms := byName(a)
	schedule := "${" + a.function(t, bundle.Schedule) + "}"
	heartbeat := alarms["sagescale-heartbeat"]
	want(t, "heartbeat", heartbeat, config.MetricNamespace, "Namespace")
	want(t, "heartbeat", heartbeat, config.MetricEvaluations, "MetricName")
	want(t, "heartbeat", heartbeat, config.MetricDimension, "Dimensions", 0, "Name")
	want(t, "heartbeat", flat(dig(heartbeat, "Dimensions", 0, "Value")), schedule)
	want(t, "heartbeat", heartbeat, "breaching", "TreatMissingData")
	want(t, "heartbeat", heartbeat, "LessThanThreshold", "ComparisonOperator")
	failing := alarms["sagescale-failing"]
	want(t, "failing", failing, config.MetricErrors, "MetricName")
	want(t, "failing", flat(dig(failing, "Dimensions", 0, "Value")), schedule)
	held := alarms["sagescale-held"]
	want(t, "held", held, config.MetricHeld, "MetricName")
	want(t, "held", flat(dig(held, "Dimensions", 0, "Value")), schedule)
	want(t, "held", held, "GreaterThanOrEqualToThreshold", "ComparisonOperator")
	want(t, "held", held, 1.0, "Threshold")
	want(t, "held", held, 60.0, "Period")
	want(t, "held", held, 30.0, "EvaluationPeriods")
	want(t, "held", held, 27.0, "DatapointsToAlarm")
	want(t, "held", held, "notBreaching", "TreatMissingData")
	for _, name := range bundle.Names() {
		errors := alarms["sagescale-errors-"+name]
		want(t, name, errors, "AWS/Lambda", "Namespace")
		want(t, name, flat(dig(errors, "Dimensions", 0, "Value")), "${"+a.function(t, name)+"}")
		want(t, name, errors, "notBreaching", "TreatMissingData")
	}
	dead := alarms["sagescale-dead-letters"]
	want(t, "dead letters", dead, "ApproximateNumberOfMessagesVisible", "MetricName")
	want(t, "dead letters", dead, "Maximum", "Statistic")
	reactive := alarms["sagescale-reactive"]
	want(t, "reactive", reactive, config.MetricReactive, "MetricName")
	want(t, "reactive", flat(dig(reactive, "Dimensions", 0, "Value")), schedule)
	want(t, "reactive", reactive, "Maximum", "Statistic")
	want(t, "reactive", reactive, "GreaterThanOrEqualToThreshold", "ComparisonOperator")
	want(t, "reactive", reactive, 1.0, "Threshold")
	want(t, "reactive", reactive, 300.0, "Period")
	want(t, "reactive", reactive, 36.0, "EvaluationPeriods")
	want(t, "reactive", reactive, 36.0, "DatapointsToAlarm")
	want(t, "reactive", reactive, "notBreaching", "TreatMissingData")
	if got := len(alarms); got != 8+8 {
		t.Errorf("%d alarms, want 8 of targets and 8 of sagescale: %v", got, alarms)
	}
}

func TestOutputs(t *testing.T) {
	p, err := policyfile.Load(testPolicy)
	if err != nil {
		t.Fatal(err)
	}
	a := standard(t)
	outputs := a.Outputs
	want(t, "outputs", outputs["PolicyDigest"].Value, p.Digest)
	for _, name := range []string{"Table", "DeadLetterQueue", "ScheduleFunction", "AlarmFunction", "SettleFunction", "AlarmsNotify", "Dashboard"} {
		if outputs[name].Value == nil {
			t.Errorf("no output %s", name)
		}
	}
	for _, name := range bundle.Names() {
		group := dig(a.Resources[a.function(t, name)].Properties, "LoggingConfig", "LogGroup")
		want(t, "log group of "+name, flat(outputs[title(name)+"Logs"].Value), flat(group))
	}
}

// A topic is told of the alarms about sagescale itself, and of no others.
func TestAlarmTopicAndArchitecture(t *testing.T) {
	const topic = "arn:aws:sns:eu-west-1:111122223333:on-call"
	bundles := bundle.Bundles{Root: t.TempDir(), Architecture: bundle.X8664}
	fakeBundles(t, bundles)
	a := synthFake(t, bundles, map[string]any{
		contextPolicy: testPolicy, contextAlarmTopic: topic, contextArchitecture: "x86_64", contextStackName: "other",
	})
	for name, alarm := range byName(a) {
		expected := []string{topic}
		if strings.HasPrefix(name, "other/") {
			expected = nil
		}
		if !slices.Equal(flats(alarm["AlarmActions"]), expected) || !slices.Equal(flats(alarm["OKActions"]), expected) {
			t.Errorf("alarm %s tells %v, want %v", name, alarm["AlarmActions"], expected)
		}
		if !strings.HasPrefix(name, "other") {
			t.Errorf("alarm %s of stack other", name)
		}
	}
	for _, fn := range a.all("AWS::Lambda::Function") {
		want(t, "function", fn, "x86_64", "Architectures", 0)
		want(t, "function", fn, "other", "Environment", "Variables", config.EnvAlarmPrefix)
	}
}

// Without scheduled actions there is nothing of Scheduler, and without predictive
// scaling nothing of forecasts.
func TestNoSchedules(t *testing.T) {
	bundles := bundle.Bundles{Root: t.TempDir(), Architecture: bundle.ARM64}
	fakeBundles(t, bundles)
	path := write(t, "version: 1\ntargets:\n- {endpoint: e, variant: v, minCapacity: 1, maxCapacity: 2, dryRun: true}\n")
	a := synthFake(t, bundles, map[string]any{contextPolicy: path})
	for id, r := range a.Resources {
		if strings.HasPrefix(r.Type, "AWS::Scheduler::") || strings.HasPrefix(id, "SchedulesRole") {
			t.Errorf("%s %s", r.Type, id)
		}
	}
	if a.Resources["ForecastsRule"].Properties != nil || byName(a)["sagescale-reactive"] != nil {
		t.Error("a stack without forecasts has a rule or an alarm for them")
	}
	for _, action := range []string{"sagemaker:UpdateEndpointWeightsAndCapacities", "application-autoscaling:"} {
		if strings.Contains(string(a.text), action) {
			t.Errorf("a stack of dry runs has %s in it", action)
		}
	}
}

// Whatever can have a tag has one.
func TestTags(t *testing.T) {
	a := standard(t)
	without := []string{
		"AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy", "AWS::Lambda::Permission", "AWS::Lambda::EventInvokeConfig", "AWS::Scheduler::Schedule",
	}
	for id, r := range a.Resources {
		if got := dig(r.Properties, "Tags", 0, "Value"); got != "sagescale" && !slices.Contains(without, r.Type) {
			t.Errorf("%s %s has no tag", r.Type, id)
		}
	}
}

func byName(a assembly) map[string]map[string]any {
	alarms := map[string]map[string]any{}
	for _, alarm := range a.all("AWS::CloudWatch::Alarm") {
		alarms[fmt.Sprint(alarm["AlarmName"])] = alarm
	}
	return alarms
}

// want compares what lies under a path.
func want(t *testing.T, what string, v, expected any, path ...any) {
	t.Helper()
	if got := dig(v, path...); fmt.Sprint(got) != fmt.Sprint(expected) {
		where, _ := json.Marshal(path)
		t.Errorf("%s %s: %v, want %v", what, where, got, expected)
	}
}
