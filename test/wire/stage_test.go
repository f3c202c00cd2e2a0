//go:build local

package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	sdkdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	smtypes "github.com/aws/aws-sdk-go-v2/service/sagemaker/types"

	"sagescale/infra/bundle"
	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/config"
	"sagescale/internal/dynamodb"
	"sagescale/test/localaccount"
)

const (
	endpoint = "Wire-chat" // SageMaker keeps the case of names, its ARNs do not
	variant  = "AllTraffic"
	table    = "wire"
	prefix   = "wire" // of the names of alarms

	perInstance      = 700.0
	minimum, maximum = 2, 8
)

// policy follows the load without a delay: what waits are claims and backoffs alone.
const policy = `version: 1
targets:
- endpoint: Wire-chat
  variant: AllTraffic
  minCapacity: 2
  maxCapacity: 8
  scaleOutCooldown: 0s
  scaleInCooldown: 0s
  targetTracking:
  - metric: InvocationsPerInstance
    targetValue: 700
    scaleOut: {datapoints: 1, periods: 1}
    scaleIn: {datapoints: 1, periods: 1}
`

// stage is the local account, the functions, and the wire between them.
type stage struct {
	account   *localaccount.Account
	sagemaker *sagemaker.Client
	metrics   *cloudwatch.Client
	table     *sdkdynamodb.Client
	store     *dynamodb.Store

	plan      *Plan
	ledger    *ledger
	functions map[string]*sandbox

	mu      sync.Mutex
	invoked map[string]*sandbox // where an invocation is handled, by its trace
	answers map[string]int      // how invocations ended

	began time.Time // the minute whose load and that of those around it is published
	load  float64
}

// newStage starts everything, with the endpoint at its minimum and no load published.
func newStage(t *testing.T, plan *Plan) *stage {
	t.Helper()
	account, err := localaccount.Start(t.Context(), ".")
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
	s := &stage{
		account: account, sagemaker: sagemaker.NewFromConfig(cfg), metrics: cloudwatch.NewFromConfig(cfg),
		table: sdkdynamodb.NewFromConfig(cfg), plan: plan, functions: map[string]*sandbox{},
		invoked: map[string]*sandbox{}, answers: map[string]int{}, began: time.Now().UTC().Truncate(time.Minute),
	}
	s.store = dynamodb.New(s.table, table)
	s.ledger = newLedger(s.store, minimum)
	s.createTable(t)
	s.createEndpoint(t)
	s.runFunctions(t)
	return s
}

func (s *stage) createTable(t *testing.T) {
	t.Helper()
	var keys []dbtypes.KeySchemaElement
	var attributes []dbtypes.AttributeDefinition
	for name, kind := range map[string]dbtypes.KeyType{config.KeyPartition: dbtypes.KeyTypeHash, config.KeySort: dbtypes.KeyTypeRange} {
		keys = append(keys, dbtypes.KeySchemaElement{AttributeName: &name, KeyType: kind})
		attributes = append(attributes, dbtypes.AttributeDefinition{AttributeName: &name, AttributeType: dbtypes.ScalarAttributeTypeS})
	}
	_, err := s.table.CreateTable(t.Context(), &sdkdynamodb.CreateTableInput{
		TableName: aws.String(table), BillingMode: dbtypes.BillingModePayPerRequest, KeySchema: keys, AttributeDefinitions: attributes,
	})
	if err == nil {
		in := &sdkdynamodb.DescribeTableInput{TableName: aws.String(table)}
		err = sdkdynamodb.NewTableExistsWaiter(s.table).Wait(t.Context(), in, time.Minute)
	}
	if err != nil {
		t.Fatalf("create table: %v", err)
	}
}

func (s *stage) createEndpoint(t *testing.T) {
	t.Helper()
	ctx, name := t.Context(), aws.String(endpoint)
	_, err := s.sagemaker.CreateModel(ctx, &sagemaker.CreateModelInput{
		ModelName: name, ExecutionRoleArn: aws.String("arn:aws:iam::" + localaccount.AccountID + ":role/model"),
		PrimaryContainer: &smtypes.ContainerDefinition{Image: aws.String("image")},
	})
	if err == nil {
		_, err = s.sagemaker.CreateEndpointConfig(ctx, &sagemaker.CreateEndpointConfigInput{
			EndpointConfigName: name,
			ProductionVariants: []smtypes.ProductionVariant{{
				VariantName: aws.String(variant), ModelName: name, InitialInstanceCount: aws.Int32(minimum),
				InstanceType: smtypes.ProductionVariantInstanceTypeMlM5Large, InitialVariantWeight: aws.Float32(1),
			}},
		})
	}
	if err == nil {
		_, err = s.sagemaker.CreateEndpoint(ctx, &sagemaker.CreateEndpointInput{EndpointName: name, EndpointConfigName: name})
	}
	if err != nil {
		t.Fatalf("create endpoint: %v", err)
	}
}

// runFunctions builds the functions and puts the wire between them and the account.
func (s *stage) runFunctions(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, config.PolicyFile)
	if err := os.WriteFile(file, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	var packages []string
	for _, name := range bundle.Names() {
		packages = append(packages, "sagescale/functions/"+name)
	}
	if err := bundle.Compile(t.Context(), bundle.Local(), dir, packages...); err != nil {
		t.Fatal(err)
	}
	most, moto := s.proxy(t, s.account.Endpoint), s.proxy(t, s.account.SageMakerEndpoint)
	env := []string{
		"AWS_ENDPOINT_URL=" + most, "AWS_ENDPOINT_URL_SAGEMAKER=" + moto, "AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING=" + moto,
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
		config.EnvRegion + "=" + localaccount.Region, config.EnvAccount + "=" + localaccount.AccountID,
		config.EnvPolicyFile + "=" + file, config.EnvTable + "=" + table, config.EnvAlarmPrefix + "=" + prefix,
	}
	for _, name := range bundle.Names() {
		s.functions[name] = newSandbox(t, name, filepath.Join(dir, name), env)
	}
}

// proxy puts the wire before an endpoint of the account and returns its address.
func (s *stage) proxy(t *testing.T, upstream string) string {
	t.Helper()
	server := httptest.NewServer(&Proxy{
		Upstream: upstream,
		Choose: func(ctx context.Context, c Call) Fault {
			s.ledger.arrives(ctx, c)
			return s.plan.Choose(c.Operation)
		},
		Seen: s.ledger.seen,
		Crash: func(c Call) {
			if function := s.handling(c.Trace); function != nil {
				function.kill()
			}
		},
		Failed: s.ledger.object,
	})
	t.Cleanup(server.Close)
	return server.URL
}

// handling returns the sandbox that handles the invocation of a trace, nil and a complaint
// for a trace that nobody knows.
func (s *stage) handling(trace string) *sandbox {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.invoked[trace] == nil {
		s.ledger.object(fmt.Errorf("a call of the unknown invocation %q", trace))
	}
	return s.invoked[trace]
}

// deliver has a function handle an event within a time. It fails unless the function
// answers, with or without an error, or is killed by the wire, and if meanwhile anything
// was sent that should not.
func (s *stage) deliver(ctx context.Context, w waker, within time.Duration) error {
	id := s.admit(w.function)
	in := &invocation{id: id, event: w.event, deadline: time.Now().Add(within)}
	failed, err := s.functions[w.function].invoke(ctx, in)
	end := "answered"
	switch {
	case errors.Is(err, errCrashed):
		end = "killed"
	case err != nil:
		return fmt.Errorf("invocation %s: %w; it wrote:\n%s", id, err, strings.Join(s.functions[w.function].log.lines(), "\n"))
	case failed != "":
		end = "answered with an error"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[w.function+" "+end]++
	if err := s.ledger.complaints(); err != nil {
		return fmt.Errorf("by invocation %s: %w", id, err)
	}
	return nil
}

// admit names a new invocation of a function.
func (s *stage) admit(function string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := fmt.Sprintf("5a9e5ca1-e000-4000-8000-%012d", len(s.invoked))
	s.invoked[traceOf(id)] = s.functions[function]
	return id
}

// serve publishes another load for all minutes that a run may look at. A datapoint cannot
// be taken back, but a sum can be put right: the difference is published. To do so twice
// would double it, so the SDK does not try again by itself.
func (s *stage) serve(t *testing.T, load float64) {
	t.Helper()
	var data []cwtypes.MetricDatum
	for m := -10; m <= 10; m++ {
		data = append(data, cwtypes.MetricDatum{
			MetricName: invocations().MetricName, Dimensions: invocations().Dimensions,
			Timestamp: aws.Time(s.began.Add(time.Duration(m) * time.Minute)), Value: aws.Float64(load - s.load),
		})
	}
	input := &cloudwatch.PutMetricDataInput{Namespace: invocations().Namespace, MetricData: data}
	var err error
	for range 3 {
		_, err = s.metrics.PutMetricData(t.Context(), input, func(o *cloudwatch.Options) { o.Retryer = aws.NopRetryer{} })
		if err == nil || s.serves(t.Context(), load) {
			s.load = load
			return
		}
	}
	t.Fatalf("publish load: %v", err)
}

// serves reports whether a load is what was published.
func (s *stage) serves(ctx context.Context, load float64) bool {
	out, err := s.metrics.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(s.began), EndTime: aws.Time(s.began.Add(time.Minute)),
		MetricDataQueries: []cwtypes.MetricDataQuery{{
			Id: aws.String("m0"), MetricStat: &cwtypes.MetricStat{Metric: invocations(), Period: aws.Int32(60), Stat: aws.String("Sum")},
		}},
	})
	if err != nil || len(out.MetricDataResults) != 1 || len(out.MetricDataResults[0].Values) != 1 {
		return false
	}
	return math.Abs(out.MetricDataResults[0].Values[0]-load) < 1
}

// invocations is the metric of the load.
func invocations() *cwtypes.Metric {
	return &cwtypes.Metric{
		Namespace: aws.String("AWS/SageMaker"), MetricName: aws.String("Invocations"),
		Dimensions: []cwtypes.Dimension{
			{Name: aws.String("EndpointName"), Value: aws.String(endpoint)}, {Name: aws.String("VariantName"), Value: aws.String(variant)},
		},
	}
}

// age lets time pass for what waits in the stored state, the claim and the backoffs: their
// times move back. Nothing may be at work meanwhile.
func (s *stage) age(t *testing.T, by time.Duration) {
	t.Helper()
	state := s.state(t)
	if state.Version == 0 {
		return
	}
	if state.Open != nil {
		state.Open.StartTime = state.Open.StartTime.Add(-by)
	}
	for name, b := range state.Backoffs {
		b.Out.Until, b.In.Until = earlier(b.Out.Until, by), earlier(b.In.Until, by)
		state.Backoffs[name] = b
	}
	if _, err := s.store.Save(t.Context(), state); err != nil {
		t.Fatalf("age the state: %v", err)
	}
}

// earlier returns a time moved back, the zero time as it is.
func earlier(at time.Time, by time.Duration) time.Time {
	if at.IsZero() {
		return at
	}
	return at.Add(-by)
}

func (s *stage) state(t *testing.T) activity.State {
	t.Helper()
	state, _, err := s.store.Load(t.Context(), endpoint)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// capacity returns the desired instance count.
func (s *stage) capacity(t *testing.T) int {
	t.Helper()
	out, err := s.sagemaker.DescribeEndpoint(t.Context(), &sagemaker.DescribeEndpointInput{EndpointName: aws.String(endpoint)})
	if err != nil {
		t.Fatal(err)
	}
	return int(aws.ToInt32(out.ProductionVariants[0].DesiredInstanceCount))
}

// history returns the archived activities by id. An activity that was archived again after
// a crash may stand there twice, because the state was aged between.
func (s *stage) history(t *testing.T) map[string]activity.Activity {
	t.Helper()
	out := map[string]activity.Activity{}
	pages := sdkdynamodb.NewQueryPaginator(s.table, &sdkdynamodb.QueryInput{
		TableName: aws.String(table), ConsistentRead: aws.Bool(true),
		KeyConditionExpression: aws.String("pk = :endpoint AND begins_with(sk, :activity)"),
		ExpressionAttributeValues: map[string]dbtypes.AttributeValue{
			":endpoint": &dbtypes.AttributeValueMemberS{Value: endpoint}, ":activity": &dbtypes.AttributeValueMemberS{Value: "activity#"},
		},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			var a activity.Activity
			text, _ := item["activity"].(*dbtypes.AttributeValueMemberS)
			if text == nil || json.Unmarshal([]byte(text.Value), &a) != nil {
				t.Fatalf("an item of the history cannot be read: %v", item)
			}
			if other, ok := out[a.ID]; ok && other.Status != a.Status {
				t.Errorf("activity %s is in the history as %s and as %s", a.ID, other.Status, a.Status)
			}
			out[a.ID] = a
		}
	}
	return out
}

// records returns the decision records that the functions have logged.
func (s *stage) records(t *testing.T) []autoscaler.Record {
	t.Helper()
	var out []autoscaler.Record
	for _, function := range s.functions {
		for _, line := range function.log.lines() {
			var entry struct {
				Msg    string
				Record autoscaler.Record
			}
			if err := json.Unmarshal([]byte(line), &entry); err == nil && entry.Msg == "evaluation" {
				out = append(out, entry.Record)
			}
		}
	}
	return out
}
