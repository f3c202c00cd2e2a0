package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/smithy-go/encoding/cbor"

	"sagescale/internal/activity"
	"sagescale/internal/policyfile"
)

// deployed is an account with the stack sagescale, as what a command asks of it is
// answered on this machine: a policy in the bundle of its functions, endpoints with their
// load, and the items of its table. What is not here is not there.
type deployed struct {
	t         *testing.T
	url       string
	policy    string
	endpoints map[string]*activity.Endpoint
	load      func(endpoint string, at time.Time) float64 // requests a minute; NaN for none
	measures  map[string]float64                          // metrics beside the load, by name
	scalers   map[string]bool                             // resources that are registered elsewhere
	items     map[string][]map[string]any                 // by endpoint
	logs      map[string][]logLine                        // by group
	denies    string                                      // an operation
	asked     []string                                    // the operations, in their order
	changed   time.Time                                   // when the stack was, zero for long ago
	before    func(operation string)                      // is called before each is answered
}

// logLine is a line in a log group.
type logLine struct {
	at   time.Time
	text string
}

// chat is an account with one endpoint, chat-llm, of three instances at a load.
func chat(policy string, load float64) *deployed {
	return &deployed{
		policy: policy,
		endpoints: map[string]*activity.Endpoint{"chat-llm": {
			Status: activity.InService, CreationTime: today().Add(-48 * time.Hour), Modified: today().Add(-48 * time.Hour), Config: "chat-llm-1",
			Variants: []activity.Variant{{Name: "AllTraffic", Current: 3, Desired: 3}},
		}},
		load: func(string, time.Time) float64 { return load },
	}
}

// use makes the account that of the environment.
func (a *deployed) use(t *testing.T) {
	t.Helper()
	(&fakeAccount{}).use(t)
	a.t = t
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	a.url = server.URL
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
}

// put puts an item into the table.
func (a *deployed) put(endpoint, sort string, attributes map[string]any) {
	item := map[string]any{"pk": map[string]any{"S": endpoint}, "sk": map[string]any{"S": sort}, "schema": map[string]any{"N": "1"}}
	maps.Copy(item, attributes)
	if a.items == nil {
		a.items = map[string][]map[string]any{}
	}
	a.items[endpoint] = append(a.items[endpoint], item)
}

// remember puts the state of an endpoint into the table.
func (a *deployed) remember(s activity.State) {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	a.put(s.Endpoint, "state", map[string]any{"state": map[string]any{"S": string(text)}, "version": map[string]any{"N": fmt.Sprint(s.Version)}})
}

func (a *deployed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	operation := a.operation(r, body)
	a.asked = append(a.asked, operation)
	if a.before != nil {
		a.before(operation)
	}
	if operation == a.denies {
		w.Header().Set("X-Amzn-Errortype", "AccessDeniedException")
		if operation == "GetMetricData" {
			w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		}
		w.WriteHeader(http.StatusForbidden)
		if operation == "DescribeStacks" { // of the query protocol
			fmt.Fprint(w, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized</Message></Error></ErrorResponse>")
			return
		}
		if operation == "GetMetricData" {
			_, _ = w.Write(cbor.Encode(cbor.Map{"__type": cbor.String("AccessDenied"), "message": cbor.String("not authorized")}))
			return
		}
		fmt.Fprint(w, `{"__type": "AccessDeniedException", "message": "not authorized"}`)
		return
	}
	switch operation {
	case "DescribeStacks":
		a.stacks(w, body)
	case "GetFunction":
		fmt.Fprintf(w, `{"Code": {"Location": "%s/bundle"}}`, a.url)
	case "bundle":
		a.bundle(w)
	case "DescribeEndpoint":
		a.endpoint(w, body)
	case "GetMetricData":
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		_, _ = w.Write(cbor.Encode(a.metrics(body)))
	case "DescribeScalableTargets":
		a.scalable(w, body)
	case "Query":
		a.query(w, body)
	case "FilterLogEvents":
		a.filter(w, body)
	default:
		a.t.Errorf("%s is called", operation)
	}
}

// operation is what a request asks for, by whichever protocol.
func (a *deployed) operation(r *http.Request, body []byte) string {
	_, target, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch {
	case target != "":
		return target
	case r.URL.Path == "/bundle":
		return "bundle"
	case strings.HasPrefix(r.URL.Path, "/2015-03-31/functions/"):
		return "GetFunction"
	case strings.HasPrefix(r.URL.Path, "/service/"):
		return r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	case bytes.Contains(body, []byte("Action=DescribeStacks")):
		return "DescribeStacks"
	}
	return r.URL.Path
}

// stacks answers with the outputs of the stack.
func (a *deployed) stacks(w http.ResponseWriter, body []byte) {
	if !bytes.Contains(body, []byte("StackName=sagescale")) {
		(&fakeAccount{t: a.t}).stacks(w, "none")
		return
	}
	var outputs strings.Builder
	for _, o := range [][2]string{
		{"Table", "T"}, {"ScheduleFunction", "schedule"}, {"AlarmFunction", "alarm"}, {"SettleFunction", "settle"},
		{"PolicyDigest", a.digest()}, {"ScheduleLogs", "schedule-logs"}, {"AlarmLogs", "alarm-logs"}, {"SettleLogs", "settle-logs"},
	} {
		fmt.Fprintf(&outputs, "<member><OutputKey>%s</OutputKey><OutputValue>%s</OutputValue></member>", o[0], o[1])
	}
	fmt.Fprintf(w, "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>sagescale</StackName>"+
		"<StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>%s</CreationTime><Outputs>%s</Outputs>"+
		"</member></Stacks></DescribeStacksResult></DescribeStacksResponse>", a.changed.Format(time.RFC3339), outputs.String())
}

// digest is that of the policy, empty for one that is none.
func (a *deployed) digest() string {
	p, err := policyfile.Parse("scaling.yaml", []byte(a.policy))
	if err != nil {
		return ""
	}
	return p.Digest
}

// bundle is what the functions run: the policy alone.
func (a *deployed) bundle(w io.Writer) {
	archive := zip.NewWriter(w)
	file, err := archive.Create("scaling.yaml")
	if err == nil {
		_, err = io.WriteString(file, a.policy)
	}
	if err := errors.Join(err, archive.Close()); err != nil {
		a.t.Error(err)
	}
}

func (a *deployed) endpoint(w http.ResponseWriter, body []byte) {
	var request struct{ EndpointName string }
	a.read(body, &request)
	name := request.EndpointName
	for known := range a.endpoints {
		if strings.EqualFold(known, name) { // as SageMaker takes it
			name = known
		}
	}
	e, ok := a.endpoints[name]
	if !ok {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type": "ValidationException", "message": "Could not find endpoint \"arn\"."}`)
		return
	}
	var variants []map[string]any
	for _, v := range e.Variants {
		if v.Unsupported != "" {
			variants = append(variants, map[string]any{"VariantName": v.Name, "CurrentServerlessConfig": map[string]any{"MaxConcurrency": 5, "MemorySizeInMB": 1024}})
			continue
		}
		variants = append(variants, map[string]any{"VariantName": v.Name, "CurrentInstanceCount": v.Current, "DesiredInstanceCount": v.Desired})
	}
	a.write(w, map[string]any{
		"EndpointName": name, "EndpointStatus": e.Status, "EndpointConfigName": e.Config,
		"CreationTime": e.CreationTime.Unix(), "LastModifiedTime": e.Modified.Unix(), "ProductionVariants": variants,
	})
}

// metrics answers GetMetricData with the load of the endpoint in the first dimension, at
// every period that is over for two minutes.
func (a *deployed) metrics(body []byte) cbor.Map {
	value, err := cbor.Decode(body)
	request, ok := value.(cbor.Map)
	if err != nil || !ok {
		a.t.Errorf("no request: %v", err)
	}
	from, _ := cbor.AsTime(request["StartTime"])
	end, _ := cbor.AsTime(request["EndTime"])
	var results cbor.List
	for _, q := range request["MetricDataQueries"].(cbor.List) {
		stat := q.(cbor.Map)["MetricStat"].(cbor.Map)
		metric := stat["Metric"].(cbor.Map)
		endpoint := string(metric["Dimensions"].(cbor.List)[0].(cbor.Map)["Value"].(cbor.String))
		seconds := stat["Period"].(cbor.Uint)
		period := time.Duration(seconds * 1e9)
		var times, values cbor.List
		for at := from; !at.Add(period).After(end.Add(-2 * time.Minute)); at = at.Add(period) {
			v := a.load(endpoint, at)
			if other, ok := a.measures[string(metric["MetricName"].(cbor.String))]; ok {
				v = other
			}
			if !math.IsNaN(v) {
				times = append(times, &cbor.Tag{ID: 1, Value: cbor.Float64(float64(at.Unix()))})
				values = append(values, cbor.Float64(v*period.Minutes()))
			}
		}
		results = append(results, cbor.Map{"Id": q.(cbor.Map)["Id"], "StatusCode": cbor.String("Complete"), "Timestamps": times, "Values": values})
	}
	return cbor.Map{"MetricDataResults": results}
}

func (a *deployed) scalable(w http.ResponseWriter, body []byte) {
	var request struct{ ResourceIds []string }
	a.read(body, &request)
	var targets []map[string]any
	for _, name := range request.ResourceIds {
		if a.scalers[name] {
			targets = append(targets, map[string]any{"ResourceId": name, "MinCapacity": 1, "MaxCapacity": 4, "ServiceNamespace": "sagemaker"})
		}
	}
	a.write(w, map[string]any{"ScalableTargets": targets})
}

// query answers with the items of an endpoint whose sort keys are as the condition says.
func (a *deployed) query(w http.ResponseWriter, body []byte) {
	var request struct {
		KeyConditionExpression    string
		ExpressionAttributeValues map[string]map[string]string
	}
	a.read(body, &request)
	values := request.ExpressionAttributeValues
	items := []map[string]any{}
	for _, item := range a.items[values[":endpoint"]["S"]] {
		sort := item["sk"].(map[string]any)["S"].(string)
		from, to := values[":from"]["S"], values[":to"]["S"]
		switch {
		case strings.Contains(request.KeyConditionExpression, "begins_with") && strings.HasPrefix(sort, from),
			strings.Contains(request.KeyConditionExpression, ">= :from") && sort >= from,
			strings.Contains(request.KeyConditionExpression, "BETWEEN") && sort >= from && sort <= to:
			items = append(items, item)
		}
	}
	slices.SortFunc(items, func(x, y map[string]any) int {
		return strings.Compare(x["sk"].(map[string]any)["S"].(string), y["sk"].(map[string]any)["S"].(string))
	})
	a.write(w, map[string]any{"Items": items, "Count": len(items)})
}

// filter answers with the lines of a group between two times.
func (a *deployed) filter(w http.ResponseWriter, body []byte) {
	var request struct {
		LogGroupName       string
		StartTime, EndTime int64
	}
	a.read(body, &request)
	lines, ok := a.logs[request.LogGroupName]
	if !ok {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type": "ResourceNotFoundException", "message": "The specified log group does not exist."}`)
		return
	}
	events := []map[string]any{}
	for _, l := range lines {
		if at := l.at.UnixMilli(); at >= request.StartTime && (request.EndTime == 0 || at <= request.EndTime) {
			events = append(events, map[string]any{"timestamp": at, "message": l.text, "eventId": fmt.Sprint(at), "logStreamName": "s"})
		}
	}
	a.write(w, map[string]any{"events": events})
}

func (a *deployed) read(body []byte, into any) {
	if err := json.Unmarshal(body, into); err != nil {
		a.t.Errorf("%v: %s", err, body)
	}
}

func (a *deployed) write(w io.Writer, answer any) {
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		a.t.Error(err)
	}
}

// transcript runs command lines on a narrow screen and compares what is seen of them,
// answers, messages and exit codes, with a file of testdata, which -update rewrites.
func transcript(t *testing.T, file string, commands ...string) {
	t.Helper()
	t.Setenv("COLUMNS", "79")
	var got strings.Builder
	for _, command := range commands {
		code, out, errs := operate(t, strings.Fields(command)...)
		fmt.Fprintf(&got, "$ sagescale %s\n%s", command, out)
		fitsTerminal(t, command, out)
		for line := range strings.Lines(errs) {
			got.WriteString("stderr: " + line)
		}
		fmt.Fprintf(&got, "exit code %d\n\n", code)
	}
	path := file
	if !filepath.IsAbs(file) { // else the test has changed its folder
		path = filepath.Join("testdata", file)
	}
	if *update {
		err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(got.String()), 0o644))
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
}

// fitsTerminal checks that what people read has lines of less than 80 columns.
func fitsTerminal(t *testing.T, command, out string) {
	t.Helper()
	if strings.Contains(command, "json") {
		return
	}
	for line := range strings.Lines(out) {
		if n := utf8.RuneCountInString(line); n > 80 { // with its line feed
			t.Errorf("%s: %d columns: %s", command, n, line)
		}
	}
}
