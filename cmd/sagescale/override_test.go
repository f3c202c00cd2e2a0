package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// fakeAccount is an account with the stack sagescale, which has the table T, and the
// endpoint chat-llm. Of DynamoDB it knows the items of one partition.
type fakeAccount struct {
	t       *testing.T
	denies  string // an operation
	items   map[string]map[string]any
	written int
}

func (a *fakeAccount) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	form := url.Values{}
	if operation == "" { // a service of the query protocol
		form, _ = url.ParseQuery(string(body))
		operation = form.Get("Action")
	}
	if operation == a.denies {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type": "AccessDeniedException", "message": "not authorized"}`)
		return
	}
	switch operation {
	case "DescribeStacks":
		a.stacks(w, form.Get("StackName"))
	case "GetCallerIdentity":
		fmt.Fprint(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::111122223333:assumed-role/Admin/anna</Arn>`+
			`<UserId>x</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
	case "DescribeEndpoint":
		a.endpoint(w, body)
	default:
		a.table(w, operation, body)
	}
}

func (a *fakeAccount) stacks(w http.ResponseWriter, name string) {
	outputs := map[string]string{"sagescale": "<member><OutputKey>Table</OutputKey><OutputValue>T</OutputValue></member>", "other": ""}
	if _, ok := outputs[name]; !ok {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id %s does not exist</Message></Error></ErrorResponse>", name)
		return
	}
	fmt.Fprintf(w, "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>%s</StackName><StackStatus>CREATE_COMPLETE</StackStatus>"+
		"<CreationTime>2026-11-01T00:00:00Z</CreationTime><Outputs>%s</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>", name, outputs[name])
}

func (a *fakeAccount) endpoint(w http.ResponseWriter, body []byte) {
	if !bytes.Contains(bytes.ToLower(body), []byte(`"chat-llm"`)) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type": "ValidationException", "message": "Could not find endpoint \"arn\"."}`)
		return
	}
	fmt.Fprint(w, `{"EndpointName": "chat-llm", "EndpointStatus": "InService", "CreationTime": 1.7e9, "ProductionVariants": [
		{"VariantName": "AllTraffic", "CurrentInstanceCount": 1, "DesiredInstanceCount": 1},
		{"VariantName": "Shadow", "CurrentInstanceCount": 1, "DesiredInstanceCount": 1}]}`)
}

func (a *fakeAccount) table(w http.ResponseWriter, operation string, body []byte) {
	var request struct {
		TableName string
		Item, Key map[string]any
	}
	if err := json.Unmarshal(body, &request); err != nil || request.TableName != "T" {
		a.t.Errorf("%s: %v: %s", operation, err, body)
	}
	sort := func(item map[string]any) string { return item["sk"].(map[string]any)["S"].(string) }
	switch operation {
	case "Query":
		all := []map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(a.items)) {
			all = append(all, a.items[name])
		}
		if err := json.NewEncoder(w).Encode(map[string]any{"Items": all, "Count": len(all)}); err != nil {
			a.t.Error(err)
		}
		return
	case "PutItem":
		a.items[sort(request.Item)] = request.Item
	case "DeleteItem":
		delete(a.items, sort(request.Key))
	default:
		a.t.Errorf("%s is called", operation)
	}
	a.written++
	fmt.Fprint(w, "{}")
}

// use makes the account that of the environment.
func (a *fakeAccount) use(t *testing.T) {
	t.Helper()
	a.t = t
	if a.items == nil {
		a.items = map[string]map[string]any{}
	}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_PROFILE": "", "AWS_MAX_ATTEMPTS": "3", // a connection may be lost on a busy machine too
	} {
		t.Setenv(name, value)
	}
}

// operate runs a command line at today.
func operate(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &o, &e, today)
	return code, o.String(), said(e.String())
}

// said leaves out what a command says of how long it takes, which a busy machine decides.
func said(errs string) string {
	var b strings.Builder
	for line := range strings.Lines(errs) {
		if !strings.HasSuffix(line, " ...\n") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// What is set is said, in force for whoever reads the table, and said again when another
// takes its place.
func TestOverridesAreSetAndEnded(t *testing.T) {
	a := &fakeAccount{}
	a.use(t)
	steps := []struct {
		args string
		want string
		item string // what the item holds
	}{
		{"pause chat-llm/AllTraffic --for 2h --reason test", `chat-llm/AllTraffic: no changes
  until    2026-11-23 12:00:17Z, in 2h0m
  by       assumed-role/Admin/anna
  reason   test
  note     stack sagescale has not changed endpoint chat-llm yet: nobody heeds this if its policy has no such target
It takes effect at the next evaluation, within a minute. To end it:
  sagescale resume chat-llm/AllTraffic
`, `{"pause":"both","until":"2026-11-23T12:00:17Z","by":"assumed-role/Admin/anna","reason":"test"}`},
		{"hold chat-llm/AllTraffic 6 --until 2026-11-23T18:00:00+01:00", `chat-llm/AllTraffic: held at 6
  until    2026-11-23 17:00:00Z, in 7h0m
  by       assumed-role/Admin/anna
  before   no changes
           until    2026-11-23 12:00:17Z, in 2h0m
           by       assumed-role/Admin/anna
           reason   test
`, `{"minCapacity":6,"maxCapacity":6,"until":"2026-11-23T17:00:00Z","by":"assumed-role/Admin/anna"}`},
		{"pause chat-llm/AllTraffic --in --for 90m", "chat-llm/AllTraffic: no scale-ins\n  until    2026-11-23 11:30:17Z, in 1h30m\n", `"pause":"in"`},
		{"pause chat-llm/AllTraffic --out --for 90m", "chat-llm/AllTraffic: no scale-outs\n", `"pause":"out"`},
		{"pause chat-llm/AllTraffic --in --out --for 90m", "chat-llm/AllTraffic: no changes\n", `"pause":"both"`},
		{"limits chat-llm/AllTraffic --min 2 --max 9 --for 1h", "chat-llm/AllTraffic: limits 2 to 9\n", `{"minCapacity":2,"maxCapacity":9,`},
		{"limits chat-llm/AllTraffic --min 2 --for 1h", "chat-llm/AllTraffic: a minimum of 2\n", `{"minCapacity":2,"until"`},
		{"limits chat-llm/AllTraffic --max 9 --for 1h", "chat-llm/AllTraffic: a maximum of 9\n", `{"maxCapacity":9,"until"`},
		{"resume chat-llm/AllTraffic", "chat-llm/AllTraffic: its policy decides again\n  before   a maximum of 9\n", ""},
		{"resume chat-llm/AllTraffic", "chat-llm/AllTraffic: no override was in force, so nothing was changed\n", ""},
	}
	for i, s := range steps {
		code, out, errs := operate(t, strings.Fields(s.args)...)
		if code != exitDone || !strings.HasPrefix(out, s.want) || errs != "" {
			t.Fatalf("%s: exit code %d, output\n%s%s", s.args, code, out, errs)
		}
		item, there := a.items["override#AllTraffic"]
		if there != (s.item != "") || there && !strings.Contains(item["override"].(map[string]any)["S"].(string), s.item) {
			t.Errorf("%s: item %v", s.args, item)
		}
		if a.written != i+1 {
			t.Errorf("%s: %d writes", s.args, a.written)
		}
	}
}

func TestOverrideInJSON(t *testing.T) {
	a := &fakeAccount{}
	a.use(t)
	_, out, _ := operate(t, "hold", "chat-llm/AllTraffic", "3", "--for", "1h", "--format", "json")
	var got overrideAnswer
	if err := json.Unmarshal([]byte(out), &got); err != nil || *got.Override.Min != 3 || got.Override.Until != today().Add(time.Hour) {
		t.Errorf("%v: %s", err, out)
	}
	_, out, _ = operate(t, "resume", "chat-llm/AllTraffic", "--format", "json")
	if !strings.Contains(out, `"override": null,`) || !strings.Contains(out, `"replaced": {`) {
		t.Errorf("got %s", out)
	}
}

// An item that nobody can read stands in nobody's way, and what it was is told.
func TestDamagedOverrideIsReplacedAndEnded(t *testing.T) {
	damaged := func() map[string]map[string]any {
		return map[string]map[string]any{"override#AllTraffic": {
			"pk": map[string]any{"S": "chat-llm"}, "sk": map[string]any{"S": "override#AllTraffic"},
			"schema": map[string]any{"N": "1"}, "override": map[string]any{"S": `{"paus": "in"}`},
		}}
	}
	for _, args := range []string{"pause chat-llm/AllTraffic --for 1h", "resume chat-llm/AllTraffic"} {
		a := &fakeAccount{items: damaged()}
		a.use(t)
		code, out, errs := operate(t, strings.Fields(args)...)
		if code != exitDone || !strings.Contains(out, `could not be read`) || !strings.Contains(out, `unknown field`) {
			t.Errorf("%s: exit code %d: %s%s", args, code, out, errs)
		}
		if text := fmt.Sprint(a.items); strings.Contains(text, "paus\"") {
			t.Errorf("%s: left is %s", args, text)
		}
	}
}

// Who ends an override by a name that is misspelt is not told that it was ended.
func TestResumeOfAnotherName(t *testing.T) {
	a := &fakeAccount{}
	a.use(t)
	if code, _, errs := operate(t, "pause", "chat-llm/AllTraffic", "--for", "2h"); code != exitDone {
		t.Fatal(errs)
	}
	const want = "chat-llm/AllTrafic: no override was in force, so nothing was changed\n" +
		"  note     set of endpoint chat-llm are those of AllTraffic\n"
	if code, out, errs := operate(t, "resume", "chat-llm/AllTrafic"); code != exitDone || out != want {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}

// Whatever is wrong is said in a line or two, and nothing is written.
func TestOverridesThatAreRefused(t *testing.T) {
	tests := []struct {
		args, denies, want string
		code               int
	}{
		{"pause chat-llm/AllTraffic", "", "an override ends by itself: say when, by --for 2h or --until 2026-11-23T18:00:00Z; see sagescale pause --help", exitInvalid},
		{"pause chat-llm/AllTraffic --for -2h", "", "--for -2h0m0s is negative", exitInvalid},
		{"pause chat-llm/AllTraffic --for 2d", "", "unknown unit", exitInvalid},
		{"pause chat-llm/AllTraffic --until 18:00", "", `--until "18:00" is not a time such as`, exitInvalid},
		{"pause chat-llm/AllTraffic --until 2026-11-23T10:00:17Z", "", "--until 2026-11-23T10:00:17Z is over", exitInvalid},
		{"pause chat-llm/AllTraffic --for 1h --until 2026-11-23T18:00:00Z", "", "--for and --until are two ends: give one", exitInvalid},
		{"pause chat-llm --for 1h", "", `"chat-llm" is not the name of an endpoint, a slash`, exitInvalid},
		{"pause chat-llm/AllTraffic --for 1h --reason " + strings.Repeat("x", 257), "", "reason: must be at most 256 printable characters", exitInvalid},
		{"pause chat-llm/AllTraffic --for 1h --format xml", "", `--format "xml" is neither`, exitInvalid},
		{"hold chat-llm/AllTraffic many --for 1h", "", `"many" is not a number of instances from 1 on`, exitInvalid},
		{"hold chat-llm/AllTraffic 0 --for 1h", "", `"0" is not a number of instances from 1 on`, exitInvalid},
		{"limits chat-llm/AllTraffic --for 1h", "", "say which limit: --min, --max, or both; see sagescale limits --help", exitInvalid},
		{"limits chat-llm/AllTraffic --min 5 --max 4 --for 1h", "", "must be at most maxCapacity (4)", exitInvalid},
		{"resume chat-llm", "", `"chat-llm" is not the name`, exitInvalid},
		{"pause chat-lm/AllTraffic --for 1h", "", "there is no endpoint chat-lm in eu-west-1", exitInvalid},
		{"pause Chat-LLM/AllTraffic --for 1h", "", "SageMaker calls endpoint Chat-LLM chat-llm: write the name as it does", exitInvalid},
		{"pause chat-llm/Alltraffic --for 1h", "", "endpoint chat-llm has no variant Alltraffic: it has AllTraffic, Shadow", exitInvalid},
		{"pause chat-llm/AllTraffic --for 1h --stack none", "", "read stack none in eu-west-1: there is no such stack: name it by --stack, or look in another Region", exitInvalid},
		{"pause chat-llm/AllTraffic --for 1h --stack other", "", "has no output Table: it is not one of sagescale's", exitInvalid},
		{"pause chat-llm/AllTraffic --for 1h", "DescribeEndpoint", "these credentials lack the IAM action sagemaker:DescribeEndpoint", exitFailed},
		{"pause chat-llm/AllTraffic --for 1h", "PutItem", "these credentials lack the IAM action dynamodb:PutItem", exitFailed},
		{"resume chat-llm/AllTraffic", "DeleteItem", "these credentials lack the IAM action dynamodb:DeleteItem", exitFailed},
		{"resume chat-llm/AllTraffic --profile nobody", "", "nobody", exitFailed},
	}
	for _, tt := range tests {
		a := &fakeAccount{denies: tt.denies}
		a.use(t)
		code, out, errs := operate(t, strings.Fields(tt.args)...)
		if code != tt.code || out != "" || !strings.Contains(errs, tt.want) || strings.Count(errs, "sagescale: ") != strings.Count(errs, "\n") {
			t.Errorf("%s: exit code %d, output %q, said %q, want %q", tt.args, code, out, errs, tt.want)
		}
		if a.written > 0 {
			t.Errorf("%s: %d writes", tt.args, a.written)
		}
	}
}

func TestOperateWithoutARegion(t *testing.T) {
	(&fakeAccount{}).use(t)
	t.Setenv("AWS_REGION", "")
	if code, _, errs := operate(t, "resume", "chat-llm/AllTraffic"); code != exitInvalid || !strings.Contains(errs, "give --region") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	if code, out, errs := operate(t, "resume", "chat-llm/AllTraffic", "--region", "us-east-2"); code != exitDone {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}

// The commands that the README shows do what it says.
func TestReadmeSteers(t *testing.T) {
	_, text, _ := strings.Cut(openReadme(t).text, "### Steer it by hand\n")
	text, _, _ = strings.Cut(text, "\n### ")
	a := &fakeAccount{}
	a.use(t)
	done := map[string]bool{}
	for line := range strings.Lines(text) {
		command, found := strings.CutPrefix(line, "    bin/sagescale ")
		if !found {
			continue
		}
		command, _, _ = strings.Cut(command, "  #")
		args := strings.Fields(strings.ReplaceAll(command, `"load test"`, "load"))
		if code, out, errs := operate(t, args...); code != exitDone {
			t.Errorf("%s: exit code %d: %s%s", command, code, out, errs)
		}
		done[args[0]] = true
	}
	if len(done) != 4 {
		t.Errorf("README.md shows %v", done)
	}
}
