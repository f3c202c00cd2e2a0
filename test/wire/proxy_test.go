package wire

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/smithy-go"
)

// rig is a proxy with one fault before a service that answers everything, and what both
// have seen.
type rig struct {
	url string

	mu       sync.Mutex
	upstream []string // bodies
	seen     []Call
	crashed  []Call
	failed   []error
}

func (r *rig) note(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

const said = `{"said":"something that is long enough to be cut"}`

func newRig(t *testing.T, f Fault) *rig {
	t.Helper()
	r := &rig{}
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil || req.URL.RequestURI() != "/service/S/operation/Get?a=b" && req.URL.Path != "/" {
			t.Errorf("upstream got %s: %v", req.URL, err)
		}
		r.note(func() { r.upstream = append(r.upstream, string(body)) })
		w.Header().Set("X-Said", "yes")
		_, _ = io.WriteString(w, said)
	}))
	t.Cleanup(service.Close)
	proxy := httptest.NewServer(&Proxy{
		Upstream: service.URL,
		Choose:   func(context.Context, Call) Fault { return f },
		Seen:     func(c Call) { r.note(func() { r.seen = append(r.seen, c) }) },
		Crash:    func(c Call) { r.note(func() { r.crashed = append(r.crashed, c) }) },
		Failed:   func(err error) { r.note(func() { r.failed = append(r.failed, err) }) },
	})
	t.Cleanup(proxy.Close)
	r.url = proxy.URL
	return r
}

// post sends one request that waits for half a second at most.
func (r *rig) post(t *testing.T) (status int, header http.Header, body string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/service/S/operation/Get?a=b", strings.NewReader("question"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Amz-Sdk-Invocation-Id", "sdk-1")
	req.Header.Set("X-Amzn-Trace-Id", "Root=1")
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(req)
	if err != nil {
		return 0, nil, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, response.Header, string(text), err
}

// What a client and the service see of every fault.
func TestFaults(t *testing.T) {
	tests := map[Fault]struct {
		applied bool
		status  int
		body    string
		err     error
		took    time.Duration // at least
	}{
		None:         {applied: true, status: 200, body: said},
		Throttled:    {status: 400, body: `{"__type":"ThrottlingException","message":"the wire says so"}`},
		FailedBefore: {status: 500, body: `{"__type":"InternalFailure","message":"the wire says so"}`},
		FailedAfter:  {applied: true, status: 500, body: `{"__type":"InternalFailure","message":"the wire says so"}`},
		ResetBefore:  {err: syscall.ECONNRESET},
		ResetAfter:   {applied: true, err: syscall.ECONNRESET},
		Truncated:    {applied: true, status: 200, body: said[:len(said)/2], err: io.ErrUnexpectedEOF},
		Slow:         {applied: true, status: 200, body: said, took: delay},
		Late:         {applied: true, err: context.DeadlineExceeded, took: 500 * time.Millisecond},
		Crashed:      {applied: true, err: syscall.ECONNRESET},
	}
	if len(tests) != len(Faults())+1 {
		t.Errorf("%d tests for %d faults and none", len(tests), len(Faults()))
	}
	for f, want := range tests {
		t.Run("fault "+string(f), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, f)
			began := time.Now()
			status, header, body, err := r.post(t)
			took := time.Since(began)
			if status != want.status || body != want.body || !errors.Is(err, want.err) || (err == nil) != (want.err == nil) {
				t.Errorf("client got %d %q, %v", status, body, err)
			}
			if took < want.took || took > want.took+2*time.Second {
				t.Errorf("took %s, want at least %s", took, want.took)
			}
			if passed := header.Get("X-Said") == "yes"; passed != (status == 200) {
				t.Errorf("header %v", header)
			}
			r.check(t, f, want.applied)
		})
	}
}

// check checks what the service and the proxy's owner have seen of one call.
func (r *rig) check(t *testing.T, f Fault, applied bool) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if (len(r.upstream) == 1 && r.upstream[0] == "question") != applied || len(r.upstream) > 1 {
		t.Errorf("the service got %q", r.upstream)
	}
	if len(r.seen) != 1 || r.failed != nil || (len(r.crashed) == 1) != (f == Crashed) {
		t.Fatalf("seen %+v, crashed %+v, failed %v", r.seen, r.crashed, r.failed)
	}
	c := r.seen[0]
	if c.Operation != "Get" || c.SDK != "sdk-1" || c.Trace != "Root=1" || string(c.Body) != "question" || c.Fault != f {
		t.Errorf("call %+v", c)
	}
	if applied != (c.Status == 200 && string(c.Answer) == said) || !applied && c.Status != 0 {
		t.Errorf("the service answered %d %q", c.Status, c.Answer)
	}
}

func TestServiceThatIsGone(t *testing.T) {
	service := httptest.NewServer(http.NotFoundHandler())
	service.Close()
	var failed []error
	proxy := httptest.NewServer(&Proxy{
		Upstream: service.URL,
		Choose:   func(context.Context, Call) Fault { return None },
		Failed:   func(err error) { failed = append(failed, err) },
	})
	defer proxy.Close()
	_, _, _, err := (&rig{url: proxy.URL}).post(t)
	proxy.Close()
	if err == nil || len(failed) != 1 || !errors.Is(failed[0], syscall.ECONNREFUSED) {
		t.Errorf("client got %v, the proxy said %v", err, failed)
	}
}

// Every operation of the functions is known by its name, and the real clients understand
// the errors.
func TestRealClientsUnderstand(t *testing.T) {
	for f, code := range map[Fault]string{Throttled: "ThrottlingException", FailedBefore: "InternalFailure"} {
		for operation, call := range operations() {
			r := newRig(t, f)
			err := call(t.Context(), aws.Config{
				Region: "us-east-1", BaseEndpoint: &r.url, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
				Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
					return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
				}),
			})
			var said smithy.APIError
			if !errors.As(err, &said) || said.ErrorCode() != code || said.ErrorMessage() != "the wire says so" {
				t.Errorf("%s: %v, want %s", operation, err, code)
			}
			if len(r.seen) != 1 || r.seen[0].Operation != operation || r.seen[0].SDK == "" || r.upstream != nil {
				t.Errorf("%s: seen %+v, upstream %q", operation, r.seen, r.upstream)
			}
		}
	}
}

// operations are the calls that the functions make, by name.
func operations() map[string]func(context.Context, aws.Config) error {
	name := aws.String("chat-llm")
	item := map[string]dbtypes.AttributeValue{"pk": &dbtypes.AttributeValueMemberS{Value: "chat-llm"}}
	return map[string]func(context.Context, aws.Config) error{
		"PutItem": func(ctx context.Context, cfg aws.Config) error {
			_, err := dynamodb.NewFromConfig(cfg).PutItem(ctx, &dynamodb.PutItemInput{TableName: name, Item: item})
			return err
		},
		"TransactWriteItems": func(ctx context.Context, cfg aws.Config) error {
			_, err := dynamodb.NewFromConfig(cfg).TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
				TransactItems: []dbtypes.TransactWriteItem{{Put: &dbtypes.Put{TableName: name, Item: item}}},
			})
			return err
		},
		"Query": func(ctx context.Context, cfg aws.Config) error {
			_, err := dynamodb.NewFromConfig(cfg).Query(ctx, &dynamodb.QueryInput{TableName: name})
			return err
		},
		"DescribeEndpoint": func(ctx context.Context, cfg aws.Config) error {
			_, err := sagemaker.NewFromConfig(cfg).DescribeEndpoint(ctx, &sagemaker.DescribeEndpointInput{EndpointName: name})
			return err
		},
		"GetMetricData": func(ctx context.Context, cfg aws.Config) error {
			_, err := cloudwatch.NewFromConfig(cfg).GetMetricData(ctx, &cloudwatch.GetMetricDataInput{
				StartTime: aws.Time(time.Unix(0, 0)), EndTime: aws.Time(time.Unix(60, 0)), MetricDataQueries: []cwtypes.MetricDataQuery{{Id: name}},
			})
			return err
		},
		"DescribeScalableTargets": func(ctx context.Context, cfg aws.Config) error {
			_, err := applicationautoscaling.NewFromConfig(cfg).DescribeScalableTargets(ctx, &applicationautoscaling.DescribeScalableTargetsInput{
				ServiceNamespace: aastypes.ServiceNamespaceSagemaker,
			})
			return err
		},
	}
}
