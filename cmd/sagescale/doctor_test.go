package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"sagescale/internal/activity"
	"sagescale/internal/doctor"
	"sagescale/internal/event"
	"sagescale/internal/policyfile"
)

// clinic is an account to be examined: what deployed is, and how it is kept.
type clinic struct {
	*deployed
	mu       sync.Mutex
	digest   string
	reserved map[string]int // by function
	disabled string         // a rule
	letters  int
	clock    time.Time
}

// examinedPolicy has a scheduled action, and an endpoint with upper-case letters.
const examinedPolicy = `version: 1
targets:
- endpoint: Chat-LLM
  variant: AllTraffic
  minCapacity: 2
  maxCapacity: 8
  targetTracking:
  - {metric: InvocationsPerInstance, targetValue: 700}
  scheduledActions:
  - {name: office-hours, schedule: cron(0 8 ? * MON-FRI *), timezone: Europe/Paris, minCapacity: 3}
`

// well is an account in which nothing is amiss but that nobody is told of alarms.
func well(t *testing.T) *clinic {
	t.Helper()
	p, err := policyfile.Parse("scaling.yaml", []byte(examinedPolicy))
	if err != nil {
		t.Fatal(err)
	}
	a := chat(examinedPolicy, 1900)
	a.endpoints["Chat-LLM"] = a.endpoints["chat-llm"]
	a.endpoints["Chat-LLM"].Modified = today().Add(-time.Hour)
	delete(a.endpoints, "chat-llm")
	a.measures = map[string]float64{"Evaluations": 1, "Errors": 0, "Throttles": 0, "ApproximateAgeOfOldestMessage": 7300}
	a.remember(activity.State{
		Endpoint: "Chat-LLM", Version: 4, Config: "chat-llm-1", CreationTime: a.endpoints["Chat-LLM"].CreationTime,
		Known: map[string]activity.Known{"AllTraffic": {Capacity: 3, At: today().Add(-time.Hour)}},
		Recent: []activity.Activity{{
			ID: "a", Variant: "AllTraffic", From: 2, To: 3, Status: activity.Successful, StartTime: today().Add(-66 * time.Minute), EndTime: today().Add(-time.Hour),
		}},
	})
	a.logs = map[string][]logLine{"schedule-logs": {{
		today().Add(-time.Minute), `{"msg": "evaluation", "record": {"time": "` + today().Add(-time.Minute).Format(time.RFC3339) +
			`", "endpoint": "Chat-LLM", "variant": "AllTraffic", "decision": {}}}`,
	}}}
	return &clinic{deployed: a, digest: p.Digest, reserved: map[string]int{}, clock: today()}
}

// use makes the account that of the environment.
func (c *clinic) use(t *testing.T) {
	t.Helper()
	c.deployed.use(t)
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.url = server.URL
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
}

func (c *clinic) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	w.Header().Set("Date", c.clock.Format(http.TimeFormat))
	form, _ := url.ParseQuery(string(body))
	operation := c.operation(r, body)
	if action := form.Get("Action"); action != "" {
		operation = action
	}
	answer, ok := c.answers()[operation]
	if !ok || operation == c.denies {
		c.deployed.ServeHTTP(w, r)
		return
	}
	c.asked = append(c.asked, operation)
	answer(w, r, body)
}

// answers are those beyond deployed's, by operation; Scheduler has paths in their place.
func (c *clinic) answers() map[string]func(http.ResponseWriter, *http.Request, []byte) {
	text := func(format string, args ...any) func(http.ResponseWriter, *http.Request, []byte) {
		return func(w http.ResponseWriter, _ *http.Request, _ []byte) { fmt.Fprintf(w, format, args...) }
	}
	input, _ := json.Marshal(event.ActionInput("Chat-LLM", "AllTraffic", "office-hours"))
	return map[string]func(http.ResponseWriter, *http.Request, []byte){
		"DescribeStacks":            c.described,
		"ListStackResources":        text("%s", c.resources()),
		"GetFunction":               c.function,
		"SimulatePrincipalPolicy":   c.simulate,
		"DescribeTable":             text(`{"Table": {"TableStatus": "ACTIVE", "DeletionProtectionEnabled": true}}`),
		"DescribeContinuousBackups": text(`{"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"}}}`),
		"DescribeTimeToLive":        text(`{"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}}`),
		"DescribeRule":              c.rule,
		"ListTargetsByRule":         c.targets,
		"/schedules":                text(`{"Schedules": [{"Name": "one"}]}`),
		"/schedules/one": text(`{"Name": "one", "ScheduleExpression": "cron(0 8 ? * MON-FRI *)", "ScheduleExpressionTimezone": "Europe/Paris", "State": "ENABLED",
			"Target": {"Arn": "arn:aws:lambda:eu-west-1:111122223333:function:schedule", "Input": %s}}`, input),
		"DescribeAlarms":         c.alarms,
		"GetQueueAttributes":     text(`{"Attributes": {"ApproximateNumberOfMessages": "%d", "ApproximateNumberOfMessagesNotVisible": "0"}}`, c.letters),
		"DescribeEndpointConfig": text(`{"EndpointConfigName": "chat-llm-1", "CreationTime": 1.7e9, "ProductionVariants": [{"VariantName": "AllTraffic", "InitialInstanceCount": 3}]}`),
		"GetCallerIdentity": text(`<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::111122223333:assumed-role/Admin/anna</Arn>` +
			`<UserId>x</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`),
	}
}

func (c *clinic) described(w http.ResponseWriter, _ *http.Request, body []byte) {
	if !bytes.Contains(body, []byte("StackName=sagescale")) {
		c.stacks(w, body)
		return
	}
	var outputs strings.Builder
	for _, o := range [][2]string{
		{"Table", "T"}, {"ScheduleFunction", "schedule"}, {"AlarmFunction", "alarm"}, {"SettleFunction", "settle"}, {"ScheduleLogs", "schedule-logs"},
		{"PolicyDigest", c.digest}, {"AlarmsNotify", "nobody"}, {"DeadLetterQueue", "https://sqs.eu-west-1.amazonaws.com/111122223333/dead"},
	} {
		fmt.Fprintf(&outputs, "<member><OutputKey>%s</OutputKey><OutputValue>%s</OutputValue></member>", o[0], o[1])
	}
	fmt.Fprintf(w, "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>sagescale</StackName>"+
		"<StackStatus>UPDATE_COMPLETE</StackStatus><CreationTime>2026-11-01T00:00:00Z</CreationTime><Outputs>%s</Outputs>"+
		"</member></Stacks></DescribeStacksResult></DescribeStacksResponse>", outputs.String())
}

// resources are what the stack has made, as far as it is asked for.
func (c *clinic) resources() string {
	var members strings.Builder
	for _, r := range [][3]string{
		{"TickRule", "tick", "AWS::Events::Rule"}, {"AlarmsRule", "alarms", "AWS::Events::Rule"}, {"EndpointsRule", "endpoints", "AWS::Events::Rule"},
		{"Schedules", "group", "AWS::Scheduler::ScheduleGroup"}, {"Heartbeat", "sagescale-heartbeat", "AWS::CloudWatch::Alarm"},
		{"ScaleOut", "sagescale/Chat-LLM/AllTraffic/InvocationsPerInstance-scale-out", "AWS::CloudWatch::Alarm"},
	} {
		fmt.Fprintf(&members, "<member><LogicalResourceId>%s</LogicalResourceId><PhysicalResourceId>%s</PhysicalResourceId><ResourceType>%s</ResourceType>"+
			"<ResourceStatus>CREATE_COMPLETE</ResourceStatus><LastUpdatedTimestamp>2026-11-01T00:00:00Z</LastUpdatedTimestamp></member>", r[0], r[1], r[2])
	}
	return "<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries>" + members.String() +
		"</StackResourceSummaries></ListStackResourcesResult></ListStackResourcesResponse>"
}

func (c *clinic) function(w http.ResponseWriter, r *http.Request, _ []byte) {
	name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	answer := map[string]any{
		"Code": map[string]any{"Location": c.url + "/bundle"},
		"Configuration": map[string]any{
			"FunctionName": name, "FunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:" + name, "State": "Active", "LastUpdateStatus": "Successful",
			"Role": "arn:aws:iam::111122223333:role/" + name, "LoggingConfig": map[string]any{"LogGroup": name + "-logs"},
			"Environment": map[string]any{"Variables": map[string]any{"SAGESCALE_TABLE": "T"}},
		},
	}
	if n, ok := c.reserved[name]; ok {
		answer["Concurrency"] = map[string]any{"ReservedConcurrentExecutions": n}
	}
	c.write(w, answer)
}

// simulate allows everything that is asked for.
func (c *clinic) simulate(w http.ResponseWriter, _ *http.Request, body []byte) {
	form, _ := url.ParseQuery(string(body))
	var members strings.Builder
	for i := 1; form.Get(fmt.Sprintf("ActionNames.member.%d", i)) != ""; i++ {
		fmt.Fprintf(&members, "<member><EvalActionName>%s</EvalActionName><EvalResourceName>x</EvalResourceName><EvalDecision>allowed</EvalDecision></member>",
			form.Get(fmt.Sprintf("ActionNames.member.%d", i)))
	}
	fmt.Fprintf(w, "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults>%s</EvaluationResults>"+
		"</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>", members.String())
}

func (c *clinic) rule(w http.ResponseWriter, _ *http.Request, body []byte) {
	var request struct{ Name string }
	c.read(body, &request)
	answer := map[string]any{"Name": request.Name, "State": "ENABLED"}
	if request.Name == c.disabled {
		answer["State"] = "DISABLED"
	}
	if request.Name == "tick" {
		answer["ScheduleExpression"] = "rate(1 minute)"
	}
	c.write(w, answer)
}

func (c *clinic) targets(w http.ResponseWriter, _ *http.Request, body []byte) {
	var request struct{ Rule string }
	c.read(body, &request)
	function := map[string]string{"tick": "schedule", "alarms": "alarm", "endpoints": "settle"}[request.Rule]
	c.write(w, map[string]any{"Targets": []map[string]string{{"Id": "x", "Arn": "arn:aws:lambda:eu-west-1:111122223333:function:" + function}}})
}

func (c *clinic) alarms(w http.ResponseWriter, _ *http.Request, _ []byte) {
	alarm := func(name, description string, threshold float64) cbor.Map {
		return cbor.Map{
			"AlarmName": cbor.String(name), "AlarmDescription": cbor.String(description), "StateValue": cbor.String("OK"), "ActionsEnabled": cbor.Bool(true),
			"StateUpdatedTimestamp": &cbor.Tag{ID: 1, Value: cbor.Float64(float64(today().Unix() - 7200))}, "Threshold": cbor.Float64(threshold),
		}
	}
	w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	_, _ = w.Write(cbor.Encode(cbor.Map{"MetricAlarms": cbor.List{
		alarm("sagescale-heartbeat", "No evaluation for 3 minutes.", 1),
		alarm("sagescale/Chat-LLM/AllTraffic/InvocationsPerInstance-scale-out", "", 700),
	}}))
}

// What people and checks read of an account that is well, and of one that is not, is in the
// transcripts.
func TestDoctor(t *testing.T) {
	for name, harm := range map[string]func(*clinic){
		"well": func(*clinic) {},
		"ill": func(c *clinic) {
			c.reserved["schedule"], c.disabled, c.letters, c.denies = 0, "tick", 2, "/schedules"
			c.clock = c.clock.Add(-5 * time.Minute)
			c.scalers = map[string]bool{"endpoint/Chat-LLM/variant/AllTraffic": true}
			c.endpoints["Chat-LLM"].Variants[0].Current, c.endpoints["Chat-LLM"].Variants[0].Desired = 5, 5
			c.put("Chat-LLM", "override#AllTraffic", map[string]any{"override": map[string]any{
				"S": `{"minCapacity":5,"maxCapacity":5,"until":"2026-11-23T12:00:00Z","by":"user/anna","reason":"launch"}`,
			}})
		},
		"not-deployed-to-the-end": func(c *clinic) { c.digest = ""; delete(c.endpoints, "Chat-LLM") },
	} {
		t.Run(name, func(t *testing.T) {
			c := well(t)
			harm(c)
			c.use(t)
			transcript(t, "doctor/"+name+".txt", "doctor", "doctor --verbose", "doctor --format json")
			for _, operation := range c.asked {
				if strings.HasPrefix(operation, "Put") || strings.HasPrefix(operation, "Update") || strings.HasPrefix(operation, "Receive") {
					t.Errorf("doctor calls %s", operation)
				}
			}
		})
	}
}

// Every call that is denied is told with its IAM action, and is in the help.
func TestDoctorDenied(t *testing.T) {
	_, help, _ := operate(t, "doctor", "--help")
	for operation, action := range map[string]string{
		"GetFunction": "lambda:GetFunction", "DescribeTable": "dynamodb:DescribeTable", "DescribeContinuousBackups": "dynamodb:DescribeContinuousBackups",
		"DescribeTimeToLive": "dynamodb:DescribeTimeToLive", "Query": "dynamodb:Query", "DescribeRule": "events:DescribeRule",
		"ListTargetsByRule": "events:ListTargetsByRule", "/schedules": "scheduler:ListSchedules", "/schedules/one": "scheduler:GetSchedule",
		"GetQueueAttributes": "sqs:GetQueueAttributes", "FilterLogEvents": "logs:FilterLogEvents", "DescribeEndpoint": "sagemaker:DescribeEndpoint",
		"DescribeEndpointConfig": "sagemaker:DescribeEndpointConfig", "DescribeScalableTargets": "application-autoscaling:DescribeScalableTargets",
	} {
		c := well(t)
		c.denies = operation
		c.use(t)
		code, out, errs := operate(t, "doctor", "--format", "json")
		var r doctor.Report
		if err := json.Unmarshal([]byte(out), &r); err != nil || code != exitDone {
			t.Errorf("%s: exit code %d, %v: %s%s", operation, code, err, out, errs)
		}
		if !slices.ContainsFunc(r.Findings, func(f doctor.Finding) bool {
			return f.Level == doctor.NotChecked && f.Do == "Allow them the IAM action "+action+"."
		}) {
			t.Errorf("%s: nothing names %s: %s", operation, action, out)
		}
		service, name, _ := strings.Cut(action, ":")
		if !strings.Contains(help, service+":") || !strings.Contains(help, name) {
			t.Errorf("the help does not name %s", action)
		}
	}
}

// The file is held against what is deployed, and a wrong one is the user's fault.
func TestDoctorPolicy(t *testing.T) {
	file := filepath.Join(t.TempDir(), "scaling.yaml")
	for _, tt := range []struct {
		text, want string
		code       int
	}{
		{examinedPolicy, "", exitDone},
		{strings.Replace(examinedPolicy, "8", "9", 1), "the file changes Chat-LLM/AllTraffic", exitFailed},
		{"version: 2\n", "version", exitInvalid},
	} {
		if err := os.WriteFile(file, []byte(tt.text), 0o644); err != nil {
			t.Fatal(err)
		}
		well(t).use(t)
		code, out, errs := operate(t, "doctor", "--format", "json", "--policy", file)
		if code != tt.code || !strings.Contains(out+errs, tt.want) {
			t.Errorf("exit code %d: %s%s", code, out, errs)
		}
	}
}

func TestDoctorRefusals(t *testing.T) {
	for _, tt := range []struct{ args, denies, want string }{
		{"doctor now", "", `unknown command "now"`},
		{"doctor --format xml", "", `--format "xml" is neither text nor json`},
		{"doctor --policy none.yaml", "", "none.yaml"},
		{"doctor --stack none", "", "there is no such stack: name it by --stack"},
		{"doctor --region ", "", "give --region"},
		{"doctor", "DescribeStacks", "these credentials lack the IAM action cloudformation:DescribeStacks"},
	} {
		c := well(t)
		c.denies = tt.denies
		c.use(t)
		args := strings.Split(tt.args, " ")
		if slices.Contains(args, "--region") {
			t.Setenv("AWS_REGION", "")
		}
		code, out, errs := operate(t, args...)
		want := exitInvalid
		if tt.denies != "" {
			want = exitFailed
		}
		if code != want || out != "" || !strings.Contains(errs, tt.want) {
			t.Errorf("%s: exit code %d, output %q, said %q", tt.args, code, out, errs)
		}
	}
}

// The commands that the README shows do what it says.
func TestReadmeExamines(t *testing.T) {
	_, text, _ := strings.Cut(openReadme(t).text, "### Is it well?\n")
	text, _, _ = strings.Cut(text, "\n### ")
	t.Chdir(t.TempDir())
	if err := os.WriteFile("scaling.yaml", []byte(examinedPolicy), 0o644); err != nil {
		t.Fatal(err)
	}
	well(t).use(t)
	done := 0
	for line := range strings.Lines(text) {
		command, found := strings.CutPrefix(line, "    bin/sagescale ")
		if !found {
			continue
		}
		command, _, _ = strings.Cut(command, "#")
		if code, out, errs := operate(t, strings.Fields(command)...); code != exitDone || !strings.Contains(out, "0 problems") {
			t.Errorf("%s: exit code %d: %s%s", command, code, out, errs)
		}
		done++
	}
	if done != 2 {
		t.Errorf("README.md shows %d commands", done)
	}
}
