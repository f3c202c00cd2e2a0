package cloudwatch_test

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/smithy-go/encoding/cbor"

	"sagescale/internal/cloudwatch"
	"sagescale/internal/scaling"
)

// patience bounds every test: nothing here takes long.
const patience = 20 * time.Second

// answer makes the answer to one request, of its status code and body.
type answer func(request cbor.Map) (int, []byte)

// server is CloudWatch's API on this machine, in the protocol that the SDK's
// client speaks: Smithy RPC v2 with CBOR. It gives its answers in their order,
// the last one from then on, and keeps the requests.
type server struct {
	*httptest.Server

	t         *testing.T
	operation string // GetMetricData when it is empty
	mu        sync.Mutex
	answers   []answer
	requests  []cbor.Map
}

func serve(t *testing.T, answers ...answer) *server {
	t.Helper()
	s := &server{t: t, answers: answers}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if want := "/service/GraniteServiceVersion20100801/operation/" + cmp.Or(s.operation, "GetMetricData"); r.URL.Path != want {
		s.t.Errorf("asked for %s, want %s", r.URL.Path, want)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	value, err := cbor.Decode(body)
	request, ok := value.(cbor.Map)
	if err != nil || !ok {
		s.t.Errorf("the request is no CBOR map: %v", err)
	}
	code, text := s.next(request)(request)
	w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	w.Header().Set("Content-Type", "application/cbor")
	w.WriteHeader(code)
	_, _ = w.Write(text) // a client that is gone is part of some tests
}

func (s *server) next(request cbor.Map) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, request)
	return s.answers[min(len(s.requests), len(s.answers))-1]
}

// seen returns the requests so far.
func (s *server) seen() []cbor.Map {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]cbor.Map(nil), s.requests...)
}

// calls returns the requests without repetitions: on a busy machine a connection may
// break under a large answer; the SDK then sends the same request again, which is one
// call all the same.
func (s *server) calls() []cbor.Map {
	return slices.CompactFunc(s.seen(), func(a, b cbor.Map) bool { return reflect.DeepEqual(a, b) })
}

// metrics returns the adapter on the SDK's client for the server.
func (s *server) metrics() *cloudwatch.Metrics { return cloudwatch.New(s.client()) }

// client is the SDK's for the server. It tries three times and does not wait in between.
func (s *server) client() *sdk.Client {
	return sdk.New(sdk.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(s.URL),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = 3
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
	})
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// ok answers with a page.
func ok(p cbor.Map) answer {
	return func(cbor.Map) (int, []byte) { return http.StatusOK, cbor.Encode(p) }
}

// fault answers with an error in the form of CloudWatch's protocol.
func fault(code int, kind string) answer {
	body := cbor.Map{"__type": cbor.String(kind), "message": cbor.String("because")}
	return func(cbor.Map) (int, []byte) { return code, cbor.Encode(body) }
}

// page is one page of an answer; token leads to the next, or is empty.
func page(token string, results ...cbor.Map) cbor.Map {
	p := cbor.Map{"MetricDataResults": list(results)}
	if token != "" {
		p["NextToken"] = cbor.String(token)
	}
	return p
}

// result is what a page says of one query.
func result(id, status string, points ...scaling.Datapoint) cbor.Map {
	var times, values cbor.List
	for _, p := range points {
		times = append(times, stamp(p.Time))
		values = append(values, cbor.Float64(p.Value))
	}
	return cbor.Map{"Id": cbor.String(id), "StatusCode": cbor.String(status), "Timestamps": times, "Values": values}
}

func list(of []cbor.Map) cbor.List {
	out := cbor.List{}
	for _, m := range of {
		out = append(out, m)
	}
	return out
}

// stamp is a time in CBOR.
func stamp(t time.Time) cbor.Value {
	return &cbor.Tag{ID: 1, Value: cbor.Float64(float64(t.UnixMilli()) / 1000)}
}

// timeOf reads a time in CBOR.
func timeOf(t *testing.T, v cbor.Value) time.Time {
	t.Helper()
	at, err := cbor.AsTime(v)
	if err != nil {
		t.Fatalf("read %v: %v", v, err)
	}
	return at.UTC()
}

func check(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\ngot  %+v\nwant %+v", what, got, want)
	}
}
