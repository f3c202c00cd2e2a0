package doctor_test

import (
	"context"
	"errors"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"sagescale/internal/activity"
	"sagescale/internal/cloudformation"
	"sagescale/internal/cloudwatchlogs"
	"sagescale/internal/doctor"
	"sagescale/internal/eventbridge"
	"sagescale/internal/forecast"
	"sagescale/internal/lambda"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// Where all is well every check says so, and nothing else is said but what is not to be
// seen of AWS.
func TestWell(t *testing.T) {
	r := newWorld(t).examine()
	for _, f := range r.Findings {
		if f.Level != doctor.OK {
			t.Errorf("%+v", f)
		}
	}
	said := map[string]int{}
	for _, f := range r.Findings {
		said[f.Check]++
	}
	want := map[string]int{
		"stack": 1, "policy": 1, "functions": 3, "permissions": 3, "table": 1, "rules": 1, "schedules": 1, "alarms": 1, "dead letters": 1,
		"ticks": 1, "records": 1, "clock": 1, "endpoint": 2, "status": 2, "state": 2, "variant": 2, "other scalers": 2, "capacity": 2,
		"deployments": 2, "metrics": 2, "override": 2, "forecasts": 1, "assumptions": 5,
	}
	if !reflect.DeepEqual(said, want) {
		t.Errorf("checks %v, want %v", said, want)
	}
	if r.Account != "111122223333" || r.Caller != "assumed-role/Admin/anna" || r.Summary.OK != len(r.Findings) {
		t.Errorf("got %+v", r)
	}
	if again := newWorld(t).examine(); !reflect.DeepEqual(r, again) {
		t.Errorf("the same world is told otherwise")
	}
}

// ill is one thing that is made wrong, and the finding of it.
type ill struct {
	name   string
	harm   func(*world)
	check  string
	target string
	level  doctor.Level
	what   string
}

// change changes a value of a map.
func change[K comparable, V any](m map[K]V, key K, f func(*V)) {
	v := m[key]
	f(&v)
	m[key] = v
}

func illnesses() []ill {
	return slices.Concat(illDeployments(), illAlarms(), illEvaluations(), illEndpoints(), illMetrics(), illStates())
}

func illDeployments() []ill {
	status := func(s, reason string) func(*world) {
		return func(w *world) { w.stack.Status, w.stack.Reason = s, reason }
	}
	output := func(name, value string) func(*world) { return func(w *world) { w.stack.Outputs[name] = value } }
	function := func(name string, f func(*lambda.Function)) func(*world) {
		return func(w *world) { change(w.functions, name, f) }
	}
	rule := func(name string, f func(*eventbridge.Rule)) func(*world) {
		return func(w *world) { change(w.rules, name, f) }
	}
	describe := "sagemaker:DescribeEndpoint arn:aws:sagemaker:eu-west-1:111122223333:endpoint/embed"
	return []ill{
		{"failed stack", status("ROLLBACK_COMPLETE", "no permission"), "stack", "", doctor.Problem, "is ROLLBACK_COMPLETE: no permission."},
		{"a stack that is being deleted", status("DELETE_IN_PROGRESS", ""), "stack", "", doctor.Problem, "is DELETE_IN_PROGRESS."},
		{"undone deployment", status("UPDATE_ROLLBACK_COMPLETE", ""), "stack", "", doctor.Warning, "UPDATE_ROLLBACK_COMPLETE"},
		{"deployment under way", status("UPDATE_IN_PROGRESS", ""), "stack", "", doctor.Note, "UPDATE_IN_PROGRESS"},
		{"outputs are lacking", output("ScheduleLogs", ""), "stack", "", doctor.Problem, "lacks the outputs ScheduleLogs"},
		{"the table is not told", output("Table", ""), "table", "", doctor.NotChecked, "does not tell the name of the state table"},
		{"the queue is not told", output("DeadLetterQueue", ""), "dead letters", "", doctor.NotChecked, "does not tell the dead-letter queue"},
		{"the log is not told", output("ScheduleLogs", ""), "records", "", doctor.NotChecked, "does not tell the log group"},
		{"the function is not told", output("ScheduleFunction", ""), "ticks", "", doctor.NotChecked, "does not tell the function schedule"},
		{"another policy runs", output("PolicyDigest", "0123"), "policy", "", doctor.Warning, "the stack tells of 0123"},
		{"no policy", func(w *world) { w.policy, w.errs["lambda:GetFunction code"] = nil, errors.New("no such file") }, "policy", "", doctor.Problem, "no such file."},
		{"no function", func(w *world) { delete(w.functions, "A") }, "functions", "", doctor.Problem, "The function alarm (A) is not there"},
		{"the emergency stop", function("S", func(f *lambda.Function) { f.Reserved = new(0) }), "functions", "", doctor.Problem, "its reserved concurrency is 0"},
		{"a failed function", function("S", func(f *lambda.Function) { f.State, f.Reason = "Failed", "no image" }), "functions", "", doctor.Problem, "The function schedule is Failed, its last update Successful: no image."},
		{"a failed update", function("C", func(f *lambda.Function) { f.Update = "Failed" }), "functions", "", doctor.Problem, "its last update Failed."},
		{"a function that is made", function("S", func(f *lambda.Function) { f.State = "Pending" }), "functions", "", doctor.Note, "is being made"},
		{"an idle function", function("S", func(f *lambda.Function) { f.State = "Inactive" }), "functions", "", doctor.Warning, "is Inactive"},
		{"another table", function("S", func(f *lambda.Function) { f.Environment = nil }), "functions", "", doctor.Problem, `keeps its state in table "", the stack tells of "T"`},
		{"a role that may not", func(w *world) { w.refused["sqs:SendMessage arn:aws:sqs:eu-west-1:111122223333:Q"] = true }, "permissions", "", doctor.Problem, "The role of function settle may not do sqs:SendMessage on arn:aws:sqs:eu-west-1:111122223333:Q."},
		{"a role that may not in lower case", func(w *world) { w.refused[describe] = true }, "permissions", "", doctor.Problem, "may not do sagemaker:DescribeEndpoint on arn:aws:sagemaker:eu-west-1:111122223333:endpoint/embed."},
		{"lower case is not taken", func(w *world) { w.refused[describe] = true }, "assumptions", "", doctor.Warning, "Contradicted: IAM takes an endpoint's ARN with its name in lower case"},
		{"no table", func(w *world) { w.table.statusErr = tableGone() }, "table", "", doctor.Problem, "The state table T is not there"},
		{"a table that is not active", func(w *world) { w.table.status = "INACCESSIBLE_ENCRYPTION_CREDENTIALS" }, "table", "", doctor.Problem, "is INACCESSIBLE"},
		{"a table to be deleted", func(w *world) { w.table.protected = false }, "table", "", doctor.Warning, "not protected from being deleted"},
		{"a table without backup", func(w *world) { w.table.recoverable = false }, "table", "", doctor.Warning, "point-in-time recovery is off"},
		{"a table that forgets nothing", func(w *world) { w.table.expires = "" }, "table", "", doctor.Warning, "not on the attribute expires"},
		{"a table that forgets by another attribute", func(w *world) { w.table.expires = "ttl" }, "table", "", doctor.Warning, "not on the attribute expires"},
		{"no tick", rule("tick", func(r *eventbridge.Rule) { r.Enabled = false }), "rules", "", doctor.Problem, "The rule TickRule is disabled."},
		{"no rule of alarms", rule("alarms", func(r *eventbridge.Rule) { r.Enabled = false }), "rules", "", doctor.Warning, "The rule AlarmsRule is disabled."},
		{"a rule that wakes nobody", rule("endpoints", func(r *eventbridge.Rule) { r.Targets = nil }), "rules", "", doctor.Warning, "EndpointsRule does not wake the function settle."},
		{"a slow tick", rule("tick", func(r *eventbridge.Rule) { r.Schedule = "rate(1 hour)" }), "rules", "", doctor.Problem, `fires by "rate(1 hour)", not by "rate(1 minute)"`},
		{"a deleted rule", func(w *world) { delete(w.rules, "tick") }, "rules", "", doctor.Problem, "The rule TickRule (tick) is not there."},
		{"notifications that are off", func(w *world) {
			w.resources = append(w.resources, cloudformation.Resource{Logical: "NotificationsRule", Name: "notify", Type: "AWS::Events::Rule"})
			w.rules["notify"] = eventbridge.Rule{Targets: []string{topic}}
		}, "rules", "", doctor.Warning, "The rule NotificationsRule is disabled."},
		{"notifications to nobody", func(w *world) {
			w.resources = append(w.resources, cloudformation.Resource{Logical: "NotificationsRule", Name: "notify", Type: "AWS::Events::Rule"})
			w.rules["notify"] = eventbridge.Rule{Enabled: true}
		}, "rules", "", doctor.Warning, "The rule NotificationsRule has no target."},
		{"a rule that was never made", func(w *world) { w.resources = w.resources[:3] }, "rules", "", doctor.Warning, "The stack has no rule ForecastsRule."},
		{"no schedule", func(w *world) { w.schedules = nil }, "schedules", "chat-llm/AllTraffic", doctor.Warning, "The scheduled action morning has no schedule."},
		{"a disabled schedule", func(w *world) { w.schedules[0].Enabled = false }, "schedules", "chat-llm/AllTraffic", doctor.Warning, "that is disabled"},
		{"a schedule at another time", func(w *world) { w.schedules[0].Timezone = "UTC" }, "schedules", "chat-llm/AllTraffic", doctor.Warning, "has a schedule cron(0 6 * * ? *) in UTC, not cron(0 6 * * ? *) in Europe/Paris."},
		{"a schedule that wakes another", func(w *world) { w.schedules[0].Target = w.functions["A"].ARN }, "schedules", "chat-llm/AllTraffic", doctor.Warning, "does not wake the function schedule"},
	}
}

func illAlarms() []ill {
	const slow = "sagescale/chat-llm/AllTraffic/slow-step"
	gone := func(name string, made bool) func(*world) {
		return func(w *world) {
			i := 0
			for w.alarms[i].Name != name {
				i++
			}
			w.alarms = append(w.alarms[:i:i], w.alarms[i+1:]...)
			for j := range w.resources {
				if w.resources[j].Name == name && !made {
					w.resources[j].Name = ""
				}
			}
		}
	}
	return []ill{
		{"an alarm that is off", func(w *world) { w.alarms[0].State = "ALARM" }, "alarms", "", doctor.Problem, "The alarm sagescale-heartbeat is in ALARM."},
		{"an alarm that was deleted", gone("sagescale-heartbeat", true), "alarms", "", doctor.Warning, "The alarm sagescale-heartbeat is not there."},
		{"an alarm of a target that was never made", gone(slow, false), "alarms", "chat-llm/AllTraffic", doctor.Warning, "The alarm " + slow + " is not there."},
		{"an alarm that tells nobody", func(w *world) { w.alarms[0].Enabled = false }, "alarms", "", doctor.Warning, "its actions are disabled"},
		{"an alarm that tells another", func(w *world) { w.alarms[0].Actions = nil }, "alarms", "", doctor.Warning, "does not tell the topic"},
		{"nobody is told", func(w *world) { w.stack.Outputs["AlarmsNotify"] = "nobody: deploy" }, "alarms", "", doctor.Note, "Nobody is told of the alarms"},
		{"another threshold", func(w *world) { *w.alarms[3].Threshold = 51 }, "alarms", "chat-llm/AllTraffic", doctor.Warning, "has not the threshold of the policy, 50."},
		{"an alarm without data", func(w *world) { w.alarms[3].State = "INSUFFICIENT_DATA" }, "alarms", "", doctor.Note, slow + " has had no data since 2026-11-21 10:00Z, for 2 days."},
	}
}

func illEvaluations() []ill {
	fail := `[{"code": "MissingData", "message": "x"}, {"code": "EvaluationFailed", "message": "SageMaker does not answer"}]`
	return []ill{
		{"dead letters", func(w *world) { w.letters = 3 }, "dead letters", "", doctor.Problem, "holds about 3 messages."},
		{"old dead letters", func(w *world) { w.letters, w.series["age"] = 3, minutes(3, 2, 7500) }, "dead letters", "", doctor.Problem, "about 3 messages, the oldest for 2h."},
		{"no queue", func(w *world) { w.letters = -1 }, "dead letters", "", doctor.Problem, "is not there"},
		{"no tick for a while", func(w *world) { w.series["Evaluations"] = minutes(60, 5, 2) }, "ticks", "", doctor.Problem, "no evaluation since 2026-11-23 09:55Z, for 5m."},
		{"no tick at all", func(w *world) { delete(w.series, "Evaluations") }, "ticks", "", doctor.Problem, "no evaluation in the last hour"},
		{"no tick yet", func(w *world) { delete(w.series, "Evaluations"); w.stack.Changed = now().Add(-4 * time.Minute) }, "ticks", "", doctor.Note, "no evaluation shows yet"},
		{"ticks that nobody can count", func(w *world) { w.series["Evaluations"] = scaling.Series{Incomplete: "PartialData"} }, "ticks", "", doctor.NotChecked, "could not be counted: PartialData."},
		{"failed evaluations", func(w *world) { w.series["Errors"] = minutes(9, 8, 2) }, "ticks", "", doctor.Warning, "4 evaluations of the last hour failed."},
		{"a function that failed", func(w *world) { w.series["Errors of function alarm"] = minutes(9, 9, 1) }, "ticks", "", doctor.Warning, "Errors of function alarm in the last hour: 1."},
		{"a function that was throttled", func(w *world) { w.series["Throttles of function settle"] = minutes(9, 9, 1) }, "ticks", "", doctor.Warning, "Throttles of function settle in the last hour: 1."},
		{"errors that nobody can count", func(w *world) { w.series["Errors"] = scaling.Series{Incomplete: "PartialData"} }, "ticks", "", doctor.NotChecked, "The metric Errors could not be read: PartialData."},
		{"no record", func(w *world) { w.messages = nil }, "records", "", doctor.Problem, "No target was evaluated in the last 5m."},
		{"no record yet", func(w *world) { w.messages, w.stack.Changed = nil, now().Add(-time.Minute) }, "records", "", doctor.Note, "no decision record is there yet"},
		{"no record of one target", func(w *world) { w.messages = nil; w.record("Embed", "blue", time.Minute, "[]", "") }, "records", "chat-llm/AllTraffic", doctor.Problem, "was not evaluated of late"},
		{"no record of a new target", func(w *world) {
			w.messages, w.stack.Changed = nil, now().Add(-time.Minute)
			w.record("Embed", "blue", time.Minute, "[]", "")
		}, "records", "chat-llm/AllTraffic", doctor.Note, "was not evaluated yet"},
		{"an old record of one target", func(w *world) {
			w.messages = nil
			w.record("chat-llm", "AllTraffic", 270*time.Second, "[]", "")
			w.record("Embed", "blue", time.Minute, "[]", "")
		}, "records", "chat-llm/AllTraffic", doctor.Problem, "was not evaluated of late"},
		{"old records of all targets", func(w *world) {
			w.messages = nil
			w.record("chat-llm", "AllTraffic", 270*time.Second, "[]", "")
			w.record("Embed", "blue", 241*time.Second, "[]", "")
		}, "records", "", doctor.Problem, "No target was evaluated in the last 4m."},
		{"records of another version", func(w *world) {
			w.messages = []cloudwatchlogs.Message{{Time: now(), Text: `{"msg": "evaluation", "record": {"time": 7}}`}}
		}, "records", "", doctor.NotChecked, "1 of the decision records could not be understood."},
		{"a failed evaluation", func(w *world) { w.record("Embed", "blue", time.Second, fail, "") }, "records", "Embed/blue", doctor.Problem, "The last evaluation of Embed/blue failed: SageMaker does not answer."},
		{"an error in the record", func(w *world) { w.record("Embed", "blue", time.Second, "[]", "table \x1b[31m") }, "records", "Embed/blue", doctor.Problem, "failed: table \uFFFD[31m."},
		{"a clock that is ahead", func(w *world) { w.who.Time = now().Add(-61 * time.Second) }, "clock", "", doctor.Warning, "clock is 1m1s ahead of AWS's"},
		{"a clock that is behind", func(w *world) { w.who.Time = now().Add(2 * time.Minute) }, "clock", "", doctor.Warning, "clock is 2m0s behind AWS's"},
		{"no clock", func(w *world) { w.who.Time = time.Time{} }, "clock", "", doctor.NotChecked, "its answer has no date"},
	}
}

func illEndpoints() []ill {
	endpoint := func(f func(*activity.Endpoint)) func(*world) {
		return func(w *world) { change(w.endpoints, "Embed", f) }
	}
	variant := func(f func(*activity.Variant)) func(*world) {
		return endpoint(func(e *activity.Endpoint) { f(&e.Variants[0]) })
	}
	status := func(s string, modified time.Duration) func(*world) {
		return endpoint(func(e *activity.Endpoint) { e.Status, e.Modified = s, now().Add(-modified) })
	}
	return []ill{
		{"no endpoint", func(w *world) { delete(w.endpoints, "Embed") }, "endpoint", "Embed", doctor.Problem, "There is no endpoint Embed in eu-west-1."},
		{"an endpoint by another case", endpoint(func(e *activity.Endpoint) { e.Name = "embed" }), "endpoint", "Embed", doctor.Problem,
			"SageMaker calls endpoint Embed of the policy embed."},
		{"an endpoint that has failed", status("Failed", time.Minute), "status", "Embed", doctor.Problem, "can only be deleted"},
		{"an endpoint that is busy", status("Updating", time.Minute), "status", "Embed", doctor.Note, "is Updating: it is being changed"},
		{"an endpoint that is busy for long", status("Updating", 61*time.Minute), "status", "Embed", doctor.Problem, "is Updating since 2026-11-23 08:59Z, for 61m."},
		{"an endpoint that we saw busy for long", func(w *world) {
			status("Updating", time.Minute)(w)
			change(w.states, "Embed", func(s *activity.State) { s.BusySince = now().Add(-2 * time.Hour) })
		}, "status", "Embed", doctor.Problem, "since 2026-11-23 08:00Z"},
		{"no variant", variant(func(v *activity.Variant) { v.Name = "green" }), "variant", "Embed/blue", doctor.Problem, "Endpoint Embed has no variant blue: it has green."},
		{"a variant that cannot be scaled", variant(func(v *activity.Variant) { v.Unsupported = "the variant is serverless" }), "variant", "Embed/blue", doctor.Problem, "cannot be scaled: the variant is serverless."},
		{"a dry run", func(w *world) { w.policy.Targets[1].DryRun = true }, "variant", "Embed/blue", doctor.Note, "is a dry run"},
		{"SageMaker scales it", variant(func(v *activity.Variant) { v.Conflict = "SageMaker scales it" }), "other scalers", "Embed/blue", doctor.Problem, "SageMaker scales it."},
		{"Application Auto Scaling scales it", func(w *world) { w.conflicts["Embed/blue"] = "Application Auto Scaling scales it" }, "other scalers", "Embed/blue", doctor.Problem, "Application Auto Scaling scales it."},
		{"too much capacity", variant(func(v *activity.Variant) { v.Desired = 5 }), "capacity", "Embed/blue", doctor.Warning, "has 5 instances, outside its limits of 2 to 4."},
		{"too little capacity for a scheduled action", func(w *world) {
			change(w.endpoints, "chat-llm", func(e *activity.Endpoint) { e.Variants[0].Desired = 2 })
		}, "capacity", "chat-llm/AllTraffic", doctor.Warning, "has 2 instances, outside its limits of 3 to 8."},
		{"at the maximum", func(w *world) {
			variant(func(v *activity.Variant) { v.Desired = 4 })(w)
			change(w.states, "Embed", func(s *activity.State) {
				s.Known = map[string]activity.Known{"blue": {Capacity: 4, At: now().Add(-time.Hour)}}
			})
		}, "capacity", "Embed/blue", doctor.Warning, "is at its maximum of 4 since 2026-11-23 09:00Z, for 60m."},
		{"a single instance", func(w *world) { w.policy.Targets[1].Limits.Min = 1 }, "capacity", "Embed/blue", doctor.Note, "may have a single instance"},
		{"a deployment would remove", func(w *world) { w.initial["config-Embed"]["blue"] = 1 }, "deployments", "Embed/blue", doctor.Warning, "would bring blue from 3 to 1 instances"},
		{"a deployment would add", func(w *world) { w.initial["config-Embed"]["blue"] = 4 }, "deployments", "Embed/blue", doctor.Note, "would bring blue from 3 to 4 instances"},
		{"no forecast", func(w *world) { w.models = nil }, "forecasts", "chat-llm/AllTraffic", doctor.Warning, "Nothing was learned of the load of chat-llm/AllTraffic yet."},
		{"an old forecast", func(w *world) {
			w.models["chat-llm"]["AllTraffic"] = forecast.Model{Through: now().Add(-121 * time.Minute)}
		}, "forecasts", "chat-llm/AllTraffic", doctor.Warning, "since 2026-11-23 07:59Z, for 2h."},
		{"a forecast that cannot be read", func(w *world) { w.models, w.errs["forecast"] = nil, errors.New("its form is 2") }, "forecasts", "chat-llm/AllTraffic", doctor.NotChecked, "could not be read: its form is 2."},
		{"SageMaker says otherwise that there is none", func(w *world) { w.errs["sagemaker:DescribeEndpoint"] = activity.ErrRefused }, "assumptions", "", doctor.Warning, "Contradicted: SageMaker says of an endpoint that is not there"},
		{"nobody answers whether there is one", func(w *world) { w.errs["sagemaker:DescribeEndpoint"] = errors.New("slow") }, "assumptions", "", doctor.Note, "Could not find endpoint: slow."},
		{"the last modification did not move", endpoint(func(e *activity.Endpoint) { e.Modified = now().Add(-time.Hour) }), "assumptions", "", doctor.Warning, "Contradicted: SageMaker moves an endpoint's LastModifiedTime"},
		{"nothing was changed yet", func(w *world) {
			for name := range w.states {
				change(w.states, name, func(s *activity.State) { s.Recent = nil })
			}
		}, "assumptions", "", doctor.Note, "Not seen: SageMaker moves an endpoint's LastModifiedTime"},
		{"no upper case", func(w *world) { w.policy.Targets = w.policy.Targets[:1] }, "assumptions", "", doctor.Note, "Not seen: IAM takes an endpoint's ARN with its name in lower case: nothing here shows it."},
	}
}

func illMetrics() []ill {
	none := func(w *world) { delete(w.series, "latency") }
	return []ill{
		{"a metric that never was", none, "metrics", "chat-llm/AllTraffic", doctor.Problem, "The metric latency has shown no datapoint in 14 days."},
		{"a metric of an endpoint that begins", func(w *world) {
			none(w)
			change(w.endpoints, "chat-llm", func(e *activity.Endpoint) { e.Status = "Creating" })
		}, "metrics", "chat-llm/AllTraffic", doctor.Note, "the endpoint is Creating"},
		{"a metric that was", func(w *world) {
			none(w)
			w.old["latency"] = scaling.Series{Datapoints: []scaling.Datapoint{{Time: now().Add(-72 * time.Hour), Value: 1}}}
		}, "metrics", "chat-llm/AllTraffic", doctor.Warning, "has no datapoint since 2026-11-20 10:00Z, for 3 days"},
		{"a late metric", func(w *world) { w.series["latency"] = minutes(60, 5, 1) }, "metrics", "chat-llm/AllTraffic", doctor.Warning, "The metric latency has no datapoint since 2026-11-23 09:55Z, for 5m"},
		{"metrics come late", func(w *world) { w.series["latency"] = minutes(60, 5, 1) }, "assumptions", "", doctor.Warning, "Contradicted: SageMaker's metrics come within two minutes"},
		{"a metric with gaps", func(w *world) {
			w.series["latency"] = scaling.Series{Datapoints: slices.Concat(minutes(60, 50, 1).Datapoints, minutes(40, 2, 1).Datapoints)}
		}, "metrics", "chat-llm/AllTraffic", doctor.Note, "lacks 9 of 59 datapoints"},
		{"no zeros, and gaps", func(w *world) {
			w.series["Invocations"] = scaling.Series{Datapoints: slices.Concat(minutes(60, 50, 1).Datapoints, minutes(40, 2, 1).Datapoints)}
			delete(w.series, "errors")
		}, "assumptions", "", doctor.Warning, "Contradicted: SageMaker publishes zeros"},
		{"traffic all the time", func(w *world) {
			w.series["Invocations"] = minutes(60, 2, 1)
			delete(w.series, "errors")
		}, "assumptions", "", doctor.Note, "Not seen: SageMaker publishes zeros"},
		{"a metric only when there is something", func(w *world) { delete(w.series, "errors") }, "metrics", "chat-llm/AllTraffic", doctor.Note, "The metric errors has no datapoint in 14 days; the policy takes what is missing for notBreaching."},
		{"a metric that is incomplete", func(w *world) { w.series["latency"] = scaling.Series{Incomplete: "status Forbidden"} }, "metrics", "chat-llm/AllTraffic", doctor.NotChecked, "The metric latency could not be read: status Forbidden."},
	}
}

func illStates() []ill {
	state := func(f func(*activity.State)) func(*world) { return func(w *world) { change(w.states, "Embed", f) } }
	override := func(variant string, o policy.Override) func(*world) {
		return func(w *world) {
			o.Until, o.By = now().Add(time.Hour), "anna"
			w.overrides["Embed"][variant] = o
		}
	}
	return []ill{
		{"damage", state(func(s *activity.State) { s.Damage = "schema is no number" }), "state", "Embed", doctor.Warning, "What was remembered of endpoint Embed is lost: schema is no number."},
		{"no state", state(func(s *activity.State) { *s = activity.State{} }), "state", "Embed", doctor.Note, "Nothing is remembered of endpoint Embed"},
		{"an item that cannot be read", func(w *world) { w.errs["item of Embed"] = errors.New("unknown field paus") }, "state", "Embed", doctor.Problem, "could not be read: unknown field paus."},
		{"overrides that cannot be read", func(w *world) { w.errs["item of Embed"] = errors.New("unknown field paus") }, "override", "Embed/blue", doctor.NotChecked, "Overrides could not be read"},
		{"a table that does not answer", func(w *world) {
			w.errs["item of Embed"] = &smithy.OperationError{ServiceID: "DynamoDB", OperationName: "Query", Err: errors.New("slow")}
		}, "state", "Embed", doctor.NotChecked, "slow."},
		{"an activity that does not end", state(func(s *activity.State) {
			s.Open = &activity.Activity{Variant: "blue", From: 3, To: 5, Status: activity.InProgress, StartTime: now().Add(-61 * time.Minute)}
		}), "state", "Embed", doctor.Problem, "The change of blue from 3 to 5 is InProgress since 2026-11-23 08:59Z, for 61m."},
		{"a backoff", state(func(s *activity.State) {
			s.Backoffs = map[string]activity.Backoffs{"blue": {Out: activity.Backoff{Failures: 3, Until: now().Add(4 * time.Minute)}}}
		}), "state", "Embed", doctor.Warning, "The last 3 tries of a scale-out of blue failed; the next is at 10:04:17Z."},
		{"a backoff of a scale-in", state(func(s *activity.State) {
			s.Backoffs = map[string]activity.Backoffs{"blue": {In: activity.Backoff{Failures: 1, Until: now().Add(time.Minute)}}}
		}), "state", "Embed", doctor.Warning, "tries of a scale-in of blue failed"},
		{"an override of no target", override("green", policy.Override{Pause: policy.Both}), "state", "Embed/green", doctor.Problem, "which the policy has no target for"},
		{"a pause", override("blue", policy.Override{Pause: policy.Both}), "override", "Embed/blue", doctor.Note, "changes are paused: override of anna until 2026-11-23T11:00:17Z."},
		{"a pause of scale-ins", override("blue", policy.Override{Pause: policy.In}), "override", "Embed/blue", doctor.Note, "scale-ins are paused"},
		{"a hold", override("blue", policy.Override{Min: new(3), Max: new(3)}), "override", "Embed/blue", doctor.Note, "held at 3"},
		{"limits", override("blue", policy.Override{Max: new(9)}), "override", "Embed/blue", doctor.Note, "other limits are set"},
		{"limits and a pause", override("blue", policy.Override{Max: new(9), Pause: policy.In}), "override", "Embed/blue", doctor.Note, "changes are paused and limits set"},
	}
}

// Everything that may be wrong is found, with why it matters, and what to do about what
// somebody must do something about.
func TestIll(t *testing.T) {
	for _, tt := range illnesses() {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			tt.harm(w)
			r := w.examine()
			i := slices.IndexFunc(r.Findings, func(f doctor.Finding) bool {
				return f.Check == tt.check && f.Target == tt.target && f.Level == tt.level && strings.Contains(f.What, tt.what)
			})
			if i < 0 {
				t.Fatalf("not found; there is\n%s", say(r))
			}
			f := r.Findings[i]
			if f.Why == "" && f.Check != "assumptions" {
				t.Errorf("nothing says why it matters: %+v", f)
			}
			if f.Do == "" && (f.Level == doctor.Problem || f.Level == doctor.Warning) {
				t.Errorf("nothing says what to do: %+v", f)
			}
			if tool, _, _ := strings.Cut(f.Command, " "); f.Command != "" && tool != "aws" && tool != "sagescale" {
				t.Errorf("%q is no command", f.Command)
			}
			if !strings.HasSuffix(f.What, ".") || strings.Contains(f.What, "..") {
				t.Errorf("%q is no sentence", f.What)
			}
		})
	}
}

// What only looks like it is not told.
func TestNotIll(t *testing.T) {
	for name, harm := range map[string]func(*world){
		"notifications": func(w *world) {
			w.resources = append(w.resources, cloudformation.Resource{Logical: "NotificationsRule", Name: "notify", Type: "AWS::Events::Rule"})
			w.rules["notify"] = eventbridge.Rule{Enabled: true, Targets: []string{topic}}
		},
		"an override that is over": func(w *world) {
			w.overrides["Embed"]["blue"] = policy.Override{Pause: policy.Both, Until: now().Add(-time.Second)}
			w.overrides["Embed"]["green"] = w.overrides["Embed"]["blue"]
		},
		"an activity that has just begun": func(w *world) {
			change(w.states, "Embed", func(s *activity.State) {
				s.Open = &activity.Activity{Variant: "blue", From: 3, To: 4, Status: activity.Pending, StartTime: now().Add(-59 * time.Minute)}
			})
		},
		"a backoff that is over": func(w *world) {
			change(w.states, "Embed", func(s *activity.State) {
				s.Backoffs = map[string]activity.Backoffs{"blue": {Out: activity.Backoff{Failures: 3, Until: now()}}}
			})
		},
		"an alarm that has just no data": func(w *world) {
			w.alarms[3].State, w.alarms[3].Since = "INSUFFICIENT_DATA", now().Add(-time.Hour)
		},
		"an alarm of a target that calls":  func(w *world) { w.alarms[2].State = "ALARM" },
		"a variant without initial count":  func(w *world) { w.initial = nil },
		"a tick three minutes ago":         func(w *world) { w.series["Evaluations"] = minutes(60, 3, 2) },
		"a datapoint that is due just now": func(w *world) { w.series["latency"] = minutes(60, 3, 1) },
		"at the maximum for a short while": func(w *world) {
			change(w.endpoints, "Embed", func(e *activity.Endpoint) { e.Variants[0].Desired = 4 })
			change(w.states, "Embed", func(s *activity.State) {
				s.Known = map[string]activity.Known{"blue": {Capacity: 4, At: now().Add(-59 * time.Minute)}}
			})
			w.initial = nil
		},
		"a scheduled action of this minute": func(w *world) {
			w.policy = parse(w.t, strings.Replace(deployed, "cron(0 6 * * ? *)", "cron(58 10 * * ? *)", 1))
			w.stack.Outputs["PolicyDigest"] = w.policy.Digest
			w.schedules[0].Expression = "cron(58 10 * * ? *)"
			w.models["chat-llm"]["AllTraffic"] = forecast.Model{Through: now()}
		},
		"a line of the log that is none of ours": func(w *world) { w.messages = append(w.messages, w.messages[0]); w.messages[0].Text = "START" },
	} {
		w := newWorld(t)
		harm(w)
		for _, f := range w.examine().Findings {
			if f.Level != doctor.OK {
				t.Errorf("%s: %+v", name, f)
			}
		}
	}
}

// What the caller may not look at is told with the IAM action that is lacking, is never
// taken for well, and keeps nothing else from being looked at.
func TestDenied(t *testing.T) {
	for action, checks := range map[string][]string{
		"sts:GetCallerIdentity":              {"clock"},
		"cloudformation:ListStackResources":  {"stack", "rules", "schedules", "alarms"},
		"lambda:GetFunction":                 {"functions"},
		"iam:SimulatePrincipalPolicy":        {"permissions"},
		"dynamodb:DescribeTable":             {"table"},
		"dynamodb:DescribeContinuousBackups": {"table"},
		"dynamodb:DescribeTimeToLive":        {"table"},
		"events:DescribeRule":                {"rules"},
		"scheduler:ListSchedules":            {"schedules"},
		"cloudwatch:DescribeAlarms":          {"alarms"},
		"sqs:GetQueueAttributes":             {"dead letters"},
		"cloudwatch:GetMetricData":           {"ticks", "metrics"},
		"logs:FilterLogEvents":               {"records"},
		"sagemaker:DescribeEndpoint":         {"endpoint"},
		"sagemaker:DescribeEndpointConfig":   {"deployments"},
		"dynamodb:Query":                     {"state", "override", "capacity", "forecasts"},

		"application-autoscaling:DescribeScalableTargets": {"other scalers"},
	} {
		w := newWorld(t)
		w.errs[action] = denied(action)
		wantUnseen(t, w, action, checks)
	}
}

// Without the policy no target is looked at, and all else is.
func TestDeniedPolicy(t *testing.T) {
	w := newWorld(t)
	w.policy, w.errs["lambda:GetFunction code"] = nil, denied("lambda:GetFunction")
	wantUnseen(t, w, "lambda:GetFunction", []string{"policy", "permissions", "schedules", "alarms", "records"})
}

// wantUnseen wants it to be told that some checks were not made, for lack of an action, and
// no fault of those that were.
func wantUnseen(t *testing.T, w *world, action string, checks []string) {
	t.Helper()
	r := w.examine()
	told, unseen, well := false, map[string]bool{}, map[string]bool{}
	for _, f := range r.Findings {
		switch f.Level {
		case doctor.NotChecked:
			unseen[f.Check] = true
			told = told || f.Do == "Allow them the IAM action "+action+"."
		case doctor.OK:
			well[f.Check] = true
		case doctor.Problem, doctor.Warning:
			t.Errorf("%s: %+v", action, f)
		}
	}
	for _, c := range checks {
		if !unseen[c] || well[c] {
			t.Errorf("%s: %s was not checked: told %v, taken for well %v:\n%s", action, c, unseen[c], well[c], say(r))
		}
	}
	if !told || len(unseen) != len(checks) || len(well) == 0 {
		t.Errorf("%s: told %v, not checked %v:\n%s", action, told, unseen, say(r))
	}
}

// What is not to be seen of many targets for one reason is told once.
func TestUnseenIsGathered(t *testing.T) {
	w := newWorld(t)
	w.errs["cloudwatch:GetMetricData"] = denied("cloudwatch:GetMetricData")
	n := 0
	for _, f := range w.examine().Findings {
		if f.Check == "metrics" {
			n++
			if f.Target != "Embed/blue and 1 more" {
				t.Errorf("of %q", f.Target)
			}
		}
	}
	if n != 1 {
		t.Errorf("told %d times", n)
	}
}

// The file that is given is held against what runs.
func TestPolicyFile(t *testing.T) {
	const added = `- endpoint: third
  variant: v
  minCapacity: 1
  maxCapacity: 2
  targetTracking: [{metric: InvocationsPerInstance, targetValue: 1}]
`
	const head = "version: 1\ntargets:\n"
	i := strings.Index(deployed, "- endpoint: Embed")
	for name, tt := range map[string]struct{ file, want string }{
		"the same":      {"# a comment\n" + deployed, ""},
		"a target more": {deployed + added, "the file adds third/v."},
		"a target less": {deployed[:i], "the file removes Embed/blue."},
		"another value": {strings.Replace(deployed, "maxCapacity: 4", "maxCapacity: 5", 1), "the file changes Embed/blue."},
		"all of it": {
			strings.Replace(deployed[:i], "maxCapacity: 8", "maxCapacity: 9", 1) + added,
			"the file adds third/v, the file changes chat-llm/AllTraffic, the file removes Embed/blue.",
		},
		"another order": {head + deployed[i:] + strings.TrimPrefix(deployed[:i], head), "it has the same targets in another order."},
	} {
		w := newWorld(t)
		w.file = parse(t, tt.file)
		r := w.examine()
		f := r.Findings[0]
		if tt.want == "" {
			if f.Level != doctor.OK || !strings.Contains(say(r), "which is that of new.yaml") {
				t.Errorf("%s: %+v", name, f)
			}
			continue
		}
		if f.Level != doctor.Problem || f.What != "The deployed policy is not that of new.yaml: "+tt.want || f.Command != "make deploy POLICY=new.yaml" {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// What matters most comes first, and is counted.
func TestOrder(t *testing.T) {
	w := newWorld(t)
	w.letters, w.table.recoverable, w.errs["events:DescribeRule"] = 1, false, denied("events:DescribeRule")
	w.stack.Outputs["AlarmsNotify"] = "nobody"
	r := w.examine()
	last := 0
	counted := map[doctor.Level]int{}
	for _, f := range r.Findings {
		at := slices.Index(doctor.Levels(), f.Level)
		if at < last {
			t.Errorf("out of order: %+v", f)
		}
		last = at
		counted[f.Level]++
	}
	for _, l := range doctor.Levels() {
		if r.Summary.Count(l) != counted[l] || counted[l] == 0 {
			t.Errorf("%s: counted %d, there are %d", l, r.Summary.Count(l), counted[l])
		}
	}
}

// An examination that is broken off says nothing.
func TestBrokenOff(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r, err := newWorld(t).doctor().Examine(ctx); !errors.Is(err, context.Canceled) || len(r.Findings) > 0 {
		t.Errorf("got %+v, %v", r, err)
	}
}

// A command may be pasted into a shell, whatever the names in it are.
func TestCommandsAreQuoted(t *testing.T) {
	w := newWorld(t)
	name := `x; rm -rf 'y'`
	w.stack.Outputs["ScheduleFunction"], w.functions[name] = name, lambda.Function{Reserved: new(0)}
	want := `aws lambda delete-function-concurrency --function-name 'x; rm -rf '\''y'\''' --region eu-west-1`
	if r := w.examine(); !slices.ContainsFunc(r.Findings, func(f doctor.Finding) bool { return f.Command == want }) {
		t.Errorf("no command %s in %+v", want, r.Findings)
	}
}

// Every permission of a function that the README names is asked for, and no other; those of
// the endpoints in both spellings.
func TestPermissionsOfTheReadme(t *testing.T) {
	w := newWorld(t)
	w.policy.Targets[1].DryRun = true
	w.examine()
	got := map[string]bool{}
	roles := map[string]string{"S": "schedule", "A": "alarm", "C": "settle"}
	on := map[string][]string{}
	for _, q := range w.asked {
		for _, action := range q.Actions {
			got[roles[strings.TrimPrefix(q.Role, "arn:aws:iam::111122223333:role/")]+" "+action] = true
			on[action] = q.Resources
			if action == "dynamodb:Query" && !reflect.DeepEqual(q.Keys, map[string][]string{"dynamodb:LeadingKeys": {"Embed", "chat-llm"}}) {
				t.Errorf("of the items %v", q.Keys)
			}
		}
	}
	if want := permissionsOfTheReadme(t); len(want) == 0 || !reflect.DeepEqual(got, want) {
		t.Errorf("asked for %v, the README has %v", got, want)
	}
	const at = "arn:aws:sagemaker:eu-west-1:111122223333:endpoint/"
	described, updated := on["sagemaker:DescribeEndpoint"], on["sagemaker:UpdateEndpointWeightsAndCapacities"]
	if !slices.Equal(described, []string{at + "Embed", at + "embed", at + "chat-llm"}) || !slices.Equal(updated, []string{at + "chat-llm"}) {
		t.Errorf("describes %v, updates %v", described, updated)
	}
}

// permissionsOfTheReadme returns what the README says that functions may do: a function and
// an action.
func permissionsOfTheReadme(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "<!-- iam:begin -->")
	table, _, _ = strings.Cut(table, "<!-- iam:end -->")
	out := map[string]bool{}
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 {
			continue
		}
		for _, name := range regexp.MustCompile("`([a-z]+)`").FindAllStringSubmatch(cells[1], -1) {
			out[name[1]+" "+strings.Trim(cells[2], " `")] = true
		}
	}
	return out
}

// A command is one on this deployment, whatever the environment of the shell says.
func TestCommandsArePlaced(t *testing.T) {
	w := newWorld(t)
	w.table.protected = false
	w.overrides["Embed"]["blue"] = policy.Override{Pause: policy.Both, Until: now().Add(time.Hour)}
	d := w.doctor()
	d.Profile, d.File = "oncall", parse(t, strings.Replace(deployed, "700", "701", 1))
	r, err := d.Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range r.Findings {
		if f.Command != "" {
			got = append(got, f.Command)
		}
	}
	if want := []string{
		"make deploy POLICY=new.yaml",
		"aws dynamodb update-table --table-name T --deletion-protection-enabled --profile oncall --region eu-west-1",
		"sagescale resume Embed/blue --profile oncall --region eu-west-1",
	}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// Of records that cannot be understood nobody knows whose they are: of no target it is said
// that it was not evaluated, and a failure that can be read is told.
func TestRecordsOfAnotherVersion(t *testing.T) {
	w := newWorld(t)
	w.messages = []cloudwatchlogs.Message{{Time: now(), Text: `{"msg": "evaluation", "record": {"time": 7}}`}}
	w.record("Embed", "blue", time.Minute, "[]", "slow")
	var got []string
	for _, f := range w.examine().Findings {
		if f.Check == "records" {
			got = append(got, string(f.Level)+" "+f.Target)
		}
	}
	if want := []string{"problem Embed/blue", "not checked "}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}
