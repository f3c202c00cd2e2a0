//go:build local

// Run with: go test -tags local ./test/localaccount
// It needs .venv and .dynamodb-local in the checkout, see the package comment.

package localaccount

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
)

// mark begins the name of every account's temporary directory, by which its processes are told
// apart.
const mark = "localaccount-"

// TestMain lets the test binary be a Lambda function too.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		lambda.Start(echo)
	}
	os.Exit(m.Run())
}

func echo(event map[string]any) (map[string]any, error) {
	fmt.Println("got", event["say"])
	if event["say"] == "fail" {
		return nil, errors.New("told to fail")
	}
	return event, nil
}

func TestAccountAnswersAndLeavesNothing(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1") // must not be used
	a := start(t)
	for name, call := range calls(a) {
		if err := call(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(running(t)) == 0 {
		t.Error("no server found: the check below would find none whatever happens")
	}
	stopAndCheck(t, a)
}

func TestFunctionRunsAndEndsWithTheAccount(t *testing.T) {
	a := start(t)
	createEcho(t, a)
	answer, err := a.Invoke(t.Context(), "echo", map[string]string{"say": "hello"})
	if err != nil || string(answer) != `{"say": "hello"}` {
		t.Errorf("Invoke = %s, %v", answer, err)
	}
	_, err = a.Invoke(t.Context(), "echo", map[string]string{"say": "fail"})
	if err == nil || !strings.Contains(err.Error(), "told to fail") {
		t.Errorf("Invoke = %v, want the function's error", err)
	}
	if _, err := a.Invoke(t.Context(), "no-such-function", nil); err == nil {
		t.Error("Invoke of an unknown function gives no error")
	}
	lines, err := a.FunctionLogs(t.Context(), "echo")
	if err != nil || !slices.Contains(lines, "got hello") {
		t.Errorf("FunctionLogs = %q, %v", lines, err)
	}
	runtime := func(process string) bool { return strings.Contains(process, os.Args[0]) }
	if !slices.ContainsFunc(running(t), runtime) {
		t.Errorf("no runtime of the function among %v", running(t))
	}
	stopAndCheck(t, a)
}

func TestEmitReachesTheFunctionOfTheRule(t *testing.T) {
	a := start(t)
	createEcho(t, a)
	rule := map[string]string{"Name": "alarms", "EventPattern": `{"source":["aws.cloudwatch"]}`}
	target := map[string]any{"Rule": "alarms", "Targets": []map[string]string{
		{"Id": "echo", "Arn": "arn:aws:lambda:" + Region + ":" + AccountID + ":function:echo"},
	}}
	err := errors.Join(
		a.Call(t.Context(), "events", "AWSEvents.PutRule", rule, nil),
		a.Call(t.Context(), "events", "AWSEvents.PutTargets", target, nil),
	)
	if err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string][]string{"aws.cloudwatch": {"alarms"}, "aws.sagemaker": nil} {
		event := fmt.Sprintf(`{"version":"0","id":"1","account":"000000000000","region":"us-east-1",
			"time":"2026-11-23T10:00:00Z","source":"%s","detail-type":"x","resources":[],"detail":{},
			"say":"%s"}`, source, source)
		got, err := a.Emit(t.Context(), json.RawMessage(event))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("Emit from %s = %v, %v; want %v", source, got, err, want)
		}
	}
	var lines []string
	for range 100 {
		lines, err = a.FunctionLogs(t.Context(), "echo")
		if slices.Contains(lines, "got aws.cloudwatch") {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("the function wrote %q, %v", lines, err)
}

func TestBootstrap(t *testing.T) {
	a := start(t)
	if err := a.Bootstrap(t.Context()); err != nil {
		t.Error(err)
	}
	if out, err := a.CDK(t.Context(), t.TempDir(), "no-such-command"); err == nil {
		t.Errorf("cdk accepts anything: %s", out)
	}
}

// start starts an account whose files lie in a directory of the test's own.
func start(t *testing.T) *Account {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	a, err := Start(t.Context(), ".")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(a.Logs())
		}
		if err := a.Stop(); err != nil {
			t.Error(err)
		}
	})
	return a
}

func stopAndCheck(t *testing.T, a *Account) {
	t.Helper()
	if t.Failed() {
		return
	}
	if err := a.Stop(); err != nil {
		t.Error(err)
	}
	if left := running(t); len(left) > 0 {
		t.Errorf("left running after Stop: %v", left)
	}
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), mark+"*")); err != nil || len(left) > 0 {
		t.Errorf("left on disk after Stop: %v, %v", left, err)
	}
}

// createEcho deploys a function whose bootstrap is this test binary.
func createEcho(t *testing.T, a *Account) {
	t.Helper()
	createRole(t, a, "echo")
	var code bytes.Buffer
	archive := zip.NewWriter(&code)
	file, err := archive.Create("bootstrap")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(file, "#!/bin/sh\nexec '%s'\n", os.Args[0]); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{
		"FunctionName": "echo", "Runtime": "provided.al2023", "Handler": "bootstrap", "Timeout": 30,
		"Role": "arn:aws:iam::" + AccountID + ":role/echo",
		"Code": map[string]any{"ZipFile": code.Bytes()},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.do(t.Context(), request{
		method: http.MethodPost, path: "/2015-03-31/functions", service: "lambda", body: body,
	})
	if err != nil {
		t.Fatal(err)
	}
}

func createRole(t *testing.T, a *Account, name string) {
	t.Helper()
	form := url.Values{"Action": {"CreateRole"}, "Version": {"2010-05-08"}, "RoleName": {name}}
	form.Set("AssumeRolePolicyDocument", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
		"Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}}]}`)
	_, err := a.do(t.Context(), request{
		method: http.MethodPost, path: "/", service: "iam", body: []byte(form.Encode()),
		header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// calls has one call for each service that the end-to-end tests lean on.
func calls(a *Account) map[string]func(context.Context) error {
	cfg := a.AWSConfig()
	empty := struct{}{}
	return map[string]func(context.Context) error{
		"sagemaker": func(ctx context.Context) error {
			_, err := sagemaker.NewFromConfig(cfg).ListEndpoints(ctx, &sagemaker.ListEndpointsInput{})
			return err
		},
		"dynamodb": func(ctx context.Context) error {
			_, err := dynamodb.NewFromConfig(cfg).ListTables(ctx, &dynamodb.ListTablesInput{})
			return err
		},
		"cloudwatch": func(ctx context.Context) error {
			_, err := cloudwatch.NewFromConfig(cfg).PutMetricData(ctx, &cloudwatch.PutMetricDataInput{
				Namespace:  aws.String("test"),
				MetricData: []cwtypes.MetricDatum{{MetricName: aws.String("m"), Value: aws.Float64(1)}},
			})
			return err
		},
		"events": func(ctx context.Context) error {
			return a.Call(ctx, "events", "AWSEvents.ListRules", empty, nil)
		},
		"logs": func(ctx context.Context) error {
			return a.Call(ctx, "logs", "Logs_20140328.DescribeLogGroups", empty, nil)
		},
		"sqs": func(ctx context.Context) error {
			return a.Call(ctx, "sqs", "AmazonSQS.ListQueues", empty, nil)
		},
		"unknown operation": func(ctx context.Context) error {
			if err := a.Call(ctx, "events", "AWSEvents.NoSuchThing", empty, nil); err == nil {
				return errors.New("no error")
			}
			return nil
		},
	}
}

func TestDynamoDBAnswersAndLeavesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	d, err := StartDynamoDB(t.Context(), ".")
	if errors.Is(err, ErrNotInstalled) {
		t.Log(err)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Stop(); err != nil {
			t.Error(err)
		}
	})
	client := dynamodb.NewFromConfig(d.AWSConfig())
	if _, err := client.ListTables(t.Context(), &dynamodb.ListTablesInput{}); err != nil {
		t.Errorf("list tables: %v\n%s", err, d.Logs())
	}
	if err := d.Stop(); err != nil {
		t.Error(err)
	}
	if left := running(t); len(left) > 0 {
		t.Errorf("left running after Stop: %v", left)
	}
}

func TestServersEndWithTheTestBinary(t *testing.T) {
	if os.Getenv("LOCALACCOUNT_CHILD") != "" {
		if _, err := Start(t.Context(), "."); err != nil {
			t.Fatal(err)
		}
		fmt.Println("up")
		os.Stdout.Sync()
		select {} // until the parent kills us
	}
	t.Setenv("TMPDIR", t.TempDir())
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), "LOCALACCOUNT_CHILD=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 3)
	if n, err := out.Read(line); err != nil || !bytes.Equal(line[:n], []byte("up\n")) {
		t.Errorf("child said %q, %v", line[:n], err)
	}
	if len(running(t)) == 0 {
		t.Error("no server found")
	}
	if err := child.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = child.Wait()
	for range 100 {
		if len(running(t)) == 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("left running after a kill: %v", running(t))
}

func TestStartSaysWhatIsMissing(t *testing.T) {
	_, err := Start(t.Context(), t.TempDir())
	if err == nil || !strings.Contains(err.Error(), ".venv") {
		t.Errorf("Start = %v, want an error that names .venv", err)
	}
	without := t.TempDir()
	if err := os.Mkdir(filepath.Join(without, ".dynamodb-local"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := StartDynamoDB(t.Context(), without); !errors.Is(err, ErrNotInstalled) {
		t.Errorf("StartDynamoDB = %v, want %v", err, ErrNotInstalled)
	}
	_, err = StartDynamoDB(t.Context(), t.TempDir())
	if err == nil || !strings.Contains(err.Error(), ".dynamodb-local") {
		t.Errorf("StartDynamoDB = %v, want an error that names .dynamodb-local", err)
	}
}

func TestStartGivesUpWithItsContext(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := Start(ctx, "."); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Start = %v, want %v", err, context.DeadlineExceeded)
	}
	if left := running(t); len(left) > 0 {
		t.Errorf("left running: %v", left)
	}
}

func TestEnvKeepsOtherAccountsOut(t *testing.T) {
	t.Setenv("AWS_PROFILE", "production")
	a := start(t)
	env := a.Env()
	if slices.Contains(env, "AWS_PROFILE=production") {
		t.Error("AWS_PROFILE is handed on")
	}
	if !slices.Contains(env, "AWS_ENDPOINT_URL="+a.Endpoint) {
		t.Error("AWS_ENDPOINT_URL is not ours")
	}
}

// running lists the live processes whose environment names this test's temporary directory, other
// than test binaries.
func running(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, dir := range dirs {
		env, err := os.ReadFile(filepath.Join(dir, "environ"))
		if err != nil || !bytes.Contains(env, []byte("TMPDIR="+filepath.Join(os.TempDir(), mark))) {
			continue
		}
		args, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		if err != nil || len(args) == 0 { // gone, or a zombie
			continue
		}
		found = append(found, dir+" "+strings.ReplaceAll(string(args), "\x00", " "))
	}
	return found
}
