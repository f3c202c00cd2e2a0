//go:build e2e

package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	smtypes "github.com/aws/aws-sdk-go-v2/service/sagemaker/types"

	"sagescale/infra/bundle"
	"sagescale/internal/autoscaler"
	"sagescale/test/localaccount"
)

// stage is the local account, and what was seen on it.
type stage struct {
	account    *localaccount.Account
	sagemaker  *sagemaker.Client
	cloudwatch *cloudwatch.Client
	dynamodb   *dynamodb.Client
	root       string // of the checkout
	dir        string // for policies, outputs and assemblies
	assembly   string // of the last CDK command
	outputs    map[string]string
	told       string   // the URL of the queue that listens to the stack's topic
	sentences  []string // that have come to it
	seen       []string
}

func newStage(t *testing.T) *stage {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	account, err := localaccount.Start(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(account.Logs())
		}
		if err := account.Stop(); err != nil {
			t.Error(err)
		}
	})
	cfg := account.AWSConfig()
	return &stage{
		account: account, root: root, dir: t.TempDir(),
		sagemaker: sagemaker.NewFromConfig(cfg), cloudwatch: cloudwatch.NewFromConfig(cfg), dynamodb: dynamodb.NewFromConfig(cfg),
	}
}

// step runs one part of the story and notes how long it took.
func (s *stage) step(t *testing.T, name string, f func(t *testing.T)) {
	t.Helper()
	began := time.Now()
	ok := t.Run(name, f)
	s.seen = append(s.seen, fmt.Sprintf("%-72s %6.1fs  %s", name, time.Since(began).Seconds(), map[bool]string{true: "seen", false: "FAILED"}[ok]))
	if !ok {
		t.Fatalf("the story ends at %q", name)
	}
}

// createEndpoint makes an endpoint with one variant, as its owner would.
func (s *stage) createEndpoint(t *testing.T, name string, instances int32) {
	t.Helper()
	ctx := t.Context()
	role := "arn:aws:iam::" + localaccount.AccountID + ":role/model"
	_, err := s.sagemaker.CreateModel(ctx, &sagemaker.CreateModelInput{
		ModelName: &name, ExecutionRoleArn: &role,
		PrimaryContainer: &smtypes.ContainerDefinition{Image: aws.String("image")},
	})
	if err == nil {
		_, err = s.sagemaker.CreateEndpointConfig(ctx, &sagemaker.CreateEndpointConfigInput{
			EndpointConfigName: &name,
			ProductionVariants: []smtypes.ProductionVariant{{
				VariantName: aws.String("AllTraffic"), ModelName: &name, InitialInstanceCount: &instances,
				InstanceType: smtypes.ProductionVariantInstanceTypeMlM5Large, InitialVariantWeight: aws.Float32(1),
			}},
		})
	}
	if err == nil {
		_, err = s.sagemaker.CreateEndpoint(ctx, &sagemaker.CreateEndpointInput{EndpointName: &name, EndpointConfigName: &name})
	}
	if err != nil {
		t.Fatalf("create endpoint %s: %v", name, err)
	}
}

// capacity returns the desired instance count of an endpoint.
func (s *stage) capacity(t *testing.T, endpoint string) int {
	t.Helper()
	out, err := s.sagemaker.DescribeEndpoint(t.Context(), &sagemaker.DescribeEndpointInput{EndpointName: &endpoint})
	if err != nil {
		t.Fatal(err)
	}
	return int(aws.ToInt32(out.ProductionVariants[0].DesiredInstanceCount))
}

// publish puts the requests of minutes that are closed: of the minute that
// starts at each time. To put them twice would double their sum, so the SDK does not
// try again by itself: what its first try has put counts, though its answer was lost.
func (s *stage) publish(ctx context.Context, endpoint string, load map[time.Time]float64) error {
	var data []cwtypes.MetricDatum
	for at, value := range load {
		data = append(data, cwtypes.MetricDatum{
			MetricName: aws.String("Invocations"), Timestamp: aws.Time(at), Value: aws.Float64(value), Dimensions: dimensions(endpoint),
		})
	}
	input := &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/SageMaker"), MetricData: data}
	var err error
	for range 3 {
		_, err = s.cloudwatch.PutMetricData(ctx, input, func(o *cloudwatch.Options) { o.Retryer = aws.NopRetryer{} })
		if err == nil || s.published(ctx, endpoint, *data[0].Timestamp) {
			return nil
		}
	}
	return err
}

// published reports whether the requests of the minute that starts at a time are
// there.
func (s *stage) published(ctx context.Context, endpoint string, at time.Time) bool {
	out, err := s.cloudwatch.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(at), EndTime: aws.Time(at.Add(time.Minute)),
		MetricDataQueries: []cwtypes.MetricDataQuery{{Id: aws.String("m0"), MetricStat: &cwtypes.MetricStat{
			Metric: &cwtypes.Metric{
				Namespace: aws.String("AWS/SageMaker"), MetricName: aws.String("Invocations"), Dimensions: dimensions(endpoint),
			},
			Period: aws.Int32(60), Stat: aws.String("Sum"),
		}}},
	})
	return err == nil && len(out.MetricDataResults) == 1 && len(out.MetricDataResults[0].Values) == 1
}

// dimensions are those of the metrics of an endpoint's only variant.
func dimensions(endpoint string) []cwtypes.Dimension {
	return []cwtypes.Dimension{
		{Name: aws.String("EndpointName"), Value: &endpoint}, {Name: aws.String("VariantName"), Value: aws.String("AllTraffic")},
	}
}

// serve publishes the load of the last half hour and then of every minute that
// ends, until the test ends. load gives the requests of the minute that began so
// long before the call.
func (s *stage) serve(t *testing.T, endpoint string, load func(ago time.Duration) float64) {
	t.Helper()
	called := time.Now().UTC().Truncate(time.Minute)
	past := map[time.Time]float64{}
	for m := 1; m <= 30; m++ {
		past[called.Add(-time.Duration(m)*time.Minute)] = load(time.Duration(m) * time.Minute)
	}
	if err := s.publish(t.Context(), endpoint, past); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	go func() {
		for next := called; ; next = next.Add(time.Minute) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Until(next.Add(time.Minute))):
			}
			if err := s.publish(ctx, endpoint, map[time.Time]float64{next: load(called.Sub(next))}); err != nil && ctx.Err() == nil {
				t.Errorf("publish load of %s: %v", endpoint, err)
				return
			}
		}
	}()
}

// writePolicy writes a policy file.
func (s *stage) writePolicy(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// cdk runs the CDK on the app of the checkout with a policy.
func (s *stage) cdk(t *testing.T, policy, command string, args ...string) (string, error) {
	t.Helper()
	s.assembly = filepath.Join(s.dir, fmt.Sprintf("assembly-%d", len(s.seen)))
	args = append([]string{
		command, "--output", s.assembly,
		"-c", "policy=" + policy, "-c", "architecture=" + string(bundle.Local()), "-c", "stackName=" + stack,
		"-c", "notifications=true",
	}, args...)
	return s.account.CDK(t.Context(), s.root, args...)
}

// deploy deploys a policy and reads the stack's outputs.
func (s *stage) deploy(t *testing.T, policy string) string {
	t.Helper()
	file := filepath.Join(s.dir, "outputs.json")
	out, err := s.cdk(t, policy, "deploy", "--require-approval", "never", "--outputs-file", file)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var stacks map[string]map[string]string
	if err := json.Unmarshal(text, &stacks); err != nil {
		t.Fatal(err)
	}
	s.outputs = stacks[stack]
	return out
}

// contents returns the size and the digest of every file of an assembly.
func contents(t *testing.T, assembly string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(assembly, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(assembly, path)
		out[name] = fmt.Sprintf("%d bytes, sha256 %x", len(text), sha256.Sum256(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// output returns a stack output whose name begins so.
func (s *stage) output(t *testing.T, name string) string {
	t.Helper()
	for key, value := range s.outputs {
		if strings.HasPrefix(key, name) {
			return value
		}
	}
	t.Fatalf("no output %s in %v", name, s.outputs)
	return ""
}

// records returns the decision records that a function has logged for an endpoint.
func (s *stage) records(t *testing.T, function, endpoint string) []autoscaler.Record {
	t.Helper()
	lines, err := s.account.FunctionLogs(t.Context(), s.output(t, function+"Function"))
	if err != nil {
		t.Fatal(err)
	}
	var out []autoscaler.Record
	for _, line := range lines {
		var entry struct {
			Msg    string
			Record autoscaler.Record
		}
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "evaluation" && entry.Record.Endpoint == endpoint {
			out = append(out, entry.Record)
		}
	}
	return out
}

// state returns the text of an endpoint's state item.
func (s *stage) state(t *testing.T, endpoint string) string {
	t.Helper()
	out, err := s.dynamodb.GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String(s.output(t, "Table")), ConsistentRead: aws.Bool(true),
		Key: map[string]dbtypes.AttributeValue{
			"pk": &dbtypes.AttributeValueMemberS{Value: endpoint}, "sk": &dbtypes.AttributeValueMemberS{Value: "state"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	text, ok := out.Item["state"].(*dbtypes.AttributeValueMemberS)
	if !ok {
		return ""
	}
	return text.Value
}

// within waits until a thing is so, and fails with what it last saw.
func within(t *testing.T, limit time.Duration, so func() (bool, string)) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for {
		ok, saw := so()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", limit, saw)
		}
		time.Sleep(time.Second)
	}
}
