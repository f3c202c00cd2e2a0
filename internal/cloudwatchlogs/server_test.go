package cloudwatchlogs_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"sagescale/internal/cloudwatchlogs"
)

// object is a JSON object.
type object map[string]any

// server is CloudWatch Logs' API on this machine. It gives the answers of a log group in
// their order, the last one from then on, and keeps the requests.
type server struct {
	t        *testing.T
	groups   map[string][]answer
	requests []object
}

// answer is the answer to one request.
type answer struct {
	code int
	body object
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if got, want := r.Header.Get("X-Amz-Target"), "Logs_20140328.FilterLogEvents"; got != want {
		s.t.Errorf("called %s, want %s", got, want)
	}
	body, _ := io.ReadAll(r.Body)
	request := object{}
	if err := json.Unmarshal(body, &request); err != nil {
		s.t.Errorf("%v: %s", err, body)
	}
	s.requests = append(s.requests, request)
	group, _ := request["logGroupName"].(string)
	next := fault(400, "ResourceNotFoundException")
	if all := s.groups[group]; len(all) > 0 {
		next = all[0]
		s.groups[group] = all[min(1, len(all)-1):]
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(next.code)
	_ = json.NewEncoder(w).Encode(next.body)
}

// page is a page of messages, a second apart from another, and the token of the next one.
func page(next string, seconds int, texts ...string) answer {
	events := []any{}
	for i, text := range texts {
		events = append(events, object{"timestamp": begin().Add(time.Duration(seconds+i) * time.Second).UnixMilli(), "message": text})
	}
	body := object{"events": events}
	if next != "" {
		body["nextToken"] = next
	}
	return answer{http.StatusOK, body}
}

// fault is an error of the service.
func fault(code int, kind string) answer {
	return answer{code, object{"__type": kind, "message": "because"}}
}

func begin() time.Time { return time.Date(2026, 11, 23, 21, 0, 0, 0, time.UTC) }

// serve returns the adapter on the SDK's client for a server.
func serve(t *testing.T, groups map[string][]answer) (*cloudwatchlogs.Logs, *server) {
	t.Helper()
	s := &server{t: t, groups: groups}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	return cloudwatchlogs.New(sdk.New(sdk.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(h.URL),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
		RetryMaxAttempts: 1,
	})), s
}
