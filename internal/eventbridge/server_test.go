package eventbridge_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"sagescale/internal/eventbridge"
)

// patience bounds every test: nothing here takes long.
const patience = 20 * time.Second

// entry is an entry of a request as EventBridge gets it.
type entry struct {
	Source, DetailType, Detail string
	Time                       float64
	EventBusName               string
	Resources                  []string
}

// answer makes the answer to the entries of one request; code 0 breaks the connection.
type answer func(entries []entry) (code int, body any)

// server is EventBridge's API on this machine. It gives its answers in their order, the
// last one from then on, and keeps the requests.
type server struct {
	*httptest.Server

	t        *testing.T
	mu       sync.Mutex
	answers  []answer
	requests [][]entry
}

func serve(t *testing.T, answers ...answer) *server {
	t.Helper()
	s := &server{t: t, answers: answers}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if got, want := r.Header.Get("X-Amz-Target"), "AWSEvents.PutEvents"; got != want {
		s.t.Errorf("called %s, want %s", got, want)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	var request struct{ Entries []entry }
	if err := json.Unmarshal(body, &request); err != nil {
		s.t.Errorf("parse %q: %v", body, err)
	}
	code, out := s.next(request.Entries)(request.Entries)
	if code == 0 {
		panic(http.ErrAbortHandler) // the connection breaks
	}
	text, err := json.Marshal(out)
	if err != nil {
		s.t.Errorf("marshal answer: %v", err)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(code)
	_, _ = w.Write(text) // a client that is gone is part of some tests
}

func (s *server) next(entries []entry) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, entries)
	return s.answers[min(len(s.requests), len(s.answers))-1]
}

// seen returns the requests so far.
func (s *server) seen() [][]entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([][]entry(nil), s.requests...)
}

// bus returns the adapter on the SDK's client for the server. The client tries three times
// and does not wait in between.
func (s *server) bus() *eventbridge.Bus {
	return eventbridge.New(sdk.New(sdk.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(s.URL),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = 3
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
	}))
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// taking answers that entries were taken but for those whose places have a code.
func taking(codes ...string) answer {
	return func(entries []entry) (int, any) {
		failed, results := 0, []map[string]string{}
		for i := range entries {
			result := map[string]string{"EventId": "e"}
			if i < len(codes) && codes[i] != "" {
				failed++
				result = map[string]string{"ErrorCode": codes[i], "ErrorMessage": "because"}
			}
			results = append(results, result)
		}
		return http.StatusOK, map[string]any{"FailedEntryCount": failed, "Entries": results}
	}
}

// fault answers with an error of EventBridge.
func fault(code int, kind string) answer {
	return func([]entry) (int, any) { return code, map[string]any{"__type": kind, "message": "because"} }
}
