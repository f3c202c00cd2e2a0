package sagemaker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"

	"sagescale/internal/sagemaker"
)

// patience bounds every test: nothing here takes long.
const patience = 20 * time.Second

// answer is what the server does with one request.
type answer func(w http.ResponseWriter, r *http.Request)

// call is one request that reached the server.
type call struct {
	Target string
	Body   string
}

// server is SageMaker's API on this machine. It gives its answers in their order,
// the last one from then on, and keeps the calls.
type server struct {
	*httptest.Server

	mu      sync.Mutex
	answers []answer
	calls   []call
}

func serve(t *testing.T, answers ...answer) *server {
	t.Helper()
	s := &server{answers: answers}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	s.next(call{Target: r.Header.Get("X-Amz-Target"), Body: string(body)})(w, r)
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

// endpoints returns the adapter on the SDK's client for the server. The client
// retries three times and does not wait in between.
func (s *server) endpoints(options ...func(*sdk.Options)) *sagemaker.Endpoints {
	o := sdk.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(s.URL),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = 3
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
	}
	return sagemaker.New(sdk.New(o, options...))
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// ok answers with a body.
func ok(body string) answer { return status(http.StatusOK, body) }

// status answers with a status code and a body.
func status(code int, body string) answer {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body) // a client that is gone is part of some tests
	}
}

// fault answers with an error in the form of SageMaker's protocol.
func fault(code int, kind, message string) answer {
	body, err := json.Marshal(map[string]string{"__type": kind, "message": message})
	if err != nil {
		panic(fmt.Sprintf("marshal fault: %v", err)) // strings always marshal
	}
	return status(code, string(body))
}

// reset takes the request and then breaks the connection off.
func reset(w http.ResponseWriter, _ *http.Request) {
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		return
	}
	conn, _, err := hijacker.Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the connection still breaks, less rudely
	}
	_ = conn.Close() // it is to be broken
}

// truncated promises more than it sends.
func truncated(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"EndpointArn":`) // the connection breaks after it
}

// silent never answers.
func silent(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
