package applicationautoscaling_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdk "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"

	"sagescale/internal/applicationautoscaling"
)

// patience bounds every test: nothing here takes long.
const patience = 20 * time.Second

// object is a JSON object.
type object map[string]any

// answer is the answer to one request; code 0 breaks the connection.
type answer struct {
	code int
	body any
}

// server is Application Auto Scaling's API on this machine. It gives its answers
// in their order, the last one from then on, and keeps the requests.
type server struct {
	*httptest.Server

	t        *testing.T
	mu       sync.Mutex
	answers  []answer
	requests []object
}

func serve(t *testing.T, answers ...answer) *server {
	t.Helper()
	s := &server{t: t, answers: answers}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if got, want := r.Header.Get("X-Amz-Target"), "AnyScaleFrontendService.DescribeScalableTargets"; got != want {
		s.t.Errorf("called %s, want %s", got, want)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	request := object{}
	if err := json.Unmarshal(body, &request); err != nil {
		s.t.Errorf("parse %q: %v", body, err)
	}
	answer := s.next(request)
	if answer.code == 0 {
		panic(http.ErrAbortHandler) // the connection breaks
	}
	text, err := json.Marshal(answer.body)
	if err != nil {
		s.t.Errorf("marshal answer: %v", err)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(answer.code)
	_, _ = w.Write(text) // a client that is gone is part of some tests
}

func (s *server) next(request object) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, request)
	return s.answers[min(len(s.requests), len(s.answers))-1]
}

// seen returns the requests so far.
func (s *server) seen() []object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]object(nil), s.requests...)
}

// scalers returns the adapter on the SDK's client for the server. The client
// tries three times and does not wait in between.
func (s *server) scalers() *applicationautoscaling.Scalers {
	return applicationautoscaling.New(sdk.New(sdk.Options{
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

// page answers with targets; token leads to the next page, or is empty.
func page(token string, targets ...object) answer {
	body := object{"ScalableTargets": append([]object{}, targets...)}
	if token != "" {
		body["NextToken"] = token
	}
	return answer{http.StatusOK, body}
}

// fault answers with an error of the service.
func fault(code int, kind string) answer {
	return answer{code, object{"__type": kind, "message": "because"}}
}

// target is a registered target as the service describes it, with some of its
// members changed.
func target(changes object) object {
	out := object{
		"ServiceNamespace":  "sagemaker",
		"ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
		"ResourceId":        resource,
		"MinCapacity":       1,
		"MaxCapacity":       4,
		"RoleARN":           "arn:aws:iam::123456789012:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint",
		"ScalableTargetARN": "arn:aws:application-autoscaling:us-east-1:123456789012:scalable-target/0123",
		"CreationTime":      1795428000.123,
		"SuspendedState":    suspension(false, false, false),
	}
	maps.Copy(out, changes)
	return out
}

// suspension says what of a target is suspended.
func suspension(in, out, scheduled bool) object {
	return object{"DynamicScalingInSuspended": in, "DynamicScalingOutSuspended": out, "ScheduledScalingSuspended": scheduled}
}
