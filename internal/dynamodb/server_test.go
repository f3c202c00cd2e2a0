package dynamodb_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"sagescale/internal/dynamodb"
)

// patience bounds every test: nothing here takes long.
const patience = 20 * time.Second

// object is a JSON object. A number in it is a json.Number.
type object map[string]any

// answer makes the answer to one request, of its status code and body.
type answer func(request object) (int, object)

// call is one request that reached the server.
type call struct {
	target  string
	request object
}

// server is DynamoDB's API on this machine. It gives its answers in their order,
// the last one from then on, and keeps the calls.
type server struct {
	*httptest.Server

	t       *testing.T
	mu      sync.Mutex
	answers []answer
	calls   []call
}

func serve(t *testing.T, answers ...answer) *server {
	t.Helper()
	s := &server{t: t, answers: answers}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	request := parse(s.t, body)
	code, answer := s.next(call{r.Header.Get("X-Amz-Target"), request})(request)
	if code == 0 {
		panic(http.ErrAbortHandler) // the connection breaks
	}
	text, err := json.Marshal(answer)
	if err != nil {
		s.t.Errorf("marshal answer: %v", err)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(code)
	_, _ = w.Write(text) // a client that is gone is part of some tests
}

func (s *server) next(c call) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, c)
	return s.answers[min(len(s.calls), len(s.answers))-1]
}

// seen returns the calls so far.
func (s *server) seen() []call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]call(nil), s.calls...)
}

// store returns the adapter on the SDK's client for the server. The client
// retries three times and does not wait in between.
func (s *server) store() *dynamodb.Store {
	return dynamodb.New(sdk.New(sdk.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(s.URL),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = 3
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
	}), "sagescale-state")
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// ok answers with an object.
func ok(o object) answer { return func(object) (int, object) { return http.StatusOK, o } }

// fault answers with an error of DynamoDB.
func fault(code int, kind string) answer {
	return func(object) (int, object) {
		return code, object{"__type": "com.amazonaws.dynamodb.v20120810#" + kind, "message": "because"}
	}
}

// failed answers that the condition of a write failed on the item that is
// stored, by what was asked to be written.
func failed(stored func(written object) object) answer {
	return func(request object) (int, object) {
		written, _ := request["Item"].(map[string]any)
		return http.StatusBadRequest, object{
			"__type":  "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
			"message": "The conditional request failed",
			"Item":    stored(written),
		}
	}
}

// stored answers as a table of one item would, without its conditions.
func stored() answer {
	var items []any
	return func(request object) (int, object) {
		if put, ok := request["Item"]; ok {
			items = []any{put}
			return http.StatusOK, object{}
		}
		return http.StatusOK, object{"Items": items, "Count": len(items)}
	}
}

// reset breaks the connection off.
func reset(object) (int, object) { return 0, nil }

func text(s string) object   { return object{"S": s} }
func number(n string) object { return object{"N": n} }

// parse reads a JSON object.
func parse(t *testing.T, body []byte) object {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	out := object{}
	if err := decoder.Decode(&out); err != nil {
		t.Errorf("parse %q: %v", body, err)
	}
	return out
}

// check compares what was sent with what is wanted, both as JSON.
func check(t *testing.T, what string, got, want any) {
	t.Helper()
	g, errGot := json.Marshal(got)
	w, errWant := json.Marshal(want)
	if errGot != nil || errWant != nil {
		t.Fatalf("marshal: %v, %v", errGot, errWant)
	}
	if !reflect.DeepEqual(g, w) {
		t.Errorf("%s:\ngot  %s\nwant %s", what, g, w)
	}
}
