package sagemaker_test

import (
	"context"
	"errors"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"

	"sagescale/internal/activity"
)

const updated = `{"EndpointArn":"arn:aws:sagemaker:us-east-1:123456789012:endpoint/chat-llm"}`

// Only the count of the one variant is sent: a weight would move traffic.
func TestSetCapacitySendsTheCountAlone(t *testing.T) {
	for _, n := range []int{1, 3, math.MaxInt32} {
		s := serve(t, ok(updated))
		if err := s.endpoints().SetCapacity(bounded(t), "chat-llm", "AllTraffic", n); err != nil {
			t.Fatal(err)
		}
		sent := []call{{
			Target: "SageMaker.UpdateEndpointWeightsAndCapacities",
			Body: `{"DesiredWeightsAndCapacities":[{"DesiredInstanceCount":` + strconv.Itoa(n) +
				`,"VariantName":"AllTraffic"}],"EndpointName":"chat-llm"}`,
		}}
		if calls := s.seen(); !reflect.DeepEqual(calls, sent) {
			t.Errorf("sent %+v, want %+v", calls, sent)
		}
	}
}

func TestSetCapacityOutOfRangeSendsNothing(t *testing.T) {
	for _, n := range []int{math.MinInt64, -1, 0, math.MaxInt32 + 1, math.MaxInt64} {
		s := serve(t, ok(updated))
		err := s.endpoints().SetCapacity(bounded(t), "chat-llm", "AllTraffic", n)
		if !errors.Is(err, activity.ErrRefused) {
			t.Errorf("%d instances: got %v, want %v", n, err, activity.ErrRefused)
		}
		if calls := s.seen(); len(calls) > 0 {
			t.Errorf("%d instances: sent %+v", n, calls)
		}
	}
}

// What an error of the update means: nil is that its outcome is open.
//
// Faults: B7, E8, E14, E17, E22
func TestSetCapacityErrors(t *testing.T) {
	const arn = `"arn:aws:sagemaker:us-east-1:123456789012:endpoint/chat-llm"`
	invalid := func(message string) answer { return fault(http.StatusBadRequest, "ValidationException", message) }
	const limit = "The account-level service limit 'ml.g5.xlarge for endpoint usage' is 4 Instances, " +
		"with current utilization of 4 Instances and a request delta of 1 Instances."
	tests := map[string]struct {
		answer answer
		want   error
	}{
		"account limit":            {fault(400, "ResourceLimitExceeded", limit), activity.ErrLimitExceeded},
		"account limit, full name": {fault(400, "com.amazonaws.sagemaker#ResourceLimitExceeded", "limit"), activity.ErrLimitExceeded},
		"busy":                     {invalid("Cannot update in-progress endpoint " + arn + "."), activity.ErrBusy},
		"no such endpoint":         {invalid("Could not find endpoint " + arn + "."), activity.ErrNotFound},
		"no such variant":          {invalid(`The variant name(s) "Nope" is/are not present within endpoint configuration "chat-llm".`), activity.ErrRefused},
		"busy in the middle":       {invalid("Sorry: Cannot update in-progress endpoint " + arn), activity.ErrRefused},
		"invalid, no message":      {invalid(""), activity.ErrRefused},
		"access denied":            {fault(400, "AccessDeniedException", "User is not authorized"), activity.ErrRefused},
		"throttled":                {fault(400, "ThrottlingException", "Rate exceeded"), activity.ErrThrottled},
		"throttled, short":         {fault(400, "Throttling", "Rate exceeded"), activity.ErrThrottled},
		"too many requests":        {fault(400, "RequestLimitExceeded", ""), activity.ErrThrottled},
		"unknown client":           {fault(400, "UnrecognizedClientException", ""), activity.ErrRefused},
		"expired token":            {fault(400, "ExpiredTokenException", ""), activity.ErrRefused},
		"bad signature":            {fault(400, "InvalidSignatureException", ""), activity.ErrRefused},
		"no token":                 {fault(400, "MissingAuthenticationToken", ""), activity.ErrRefused},
		"not opted in":             {fault(400, "OptInRequired", ""), activity.ErrRefused},
		"unknown code":             {fault(400, "SomethingNewException", "Cannot update in-progress endpoint"), nil},
		"busy text, other code":    {fault(500, "InternalFailure", "Cannot update in-progress endpoint"), nil},
		"internal failure":         {fault(500, "InternalFailure", ""), nil},
		"unavailable":              {fault(503, "ServiceUnavailable", ""), nil},
		"gateway's page":           {status(502, "<html>Bad Gateway</html>"), nil},
		"garbage refusal":          {status(400, "garbage"), nil},
		"empty refusal":            {status(400, ""), nil},
		"garbage answer":           {ok("garbage"), nil},
		"cut off":                  {truncated, nil},
		"connection reset":         {reset, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, test.answer)
			err := s.endpoints().SetCapacity(bounded(t), "chat-llm", "AllTraffic", 3)
			if err == nil || !strings.HasPrefix(err.Error(), "call UpdateEndpointWeightsAndCapacities: ") {
				t.Fatalf("got %v, want an error of the call", err)
			}
			checkMeaning(t, err, test.want)
			if n := len(s.seen()); n != 1 {
				t.Errorf("%d calls, want 1", n)
			}
		})
	}
}

// checkMeaning checks that err means want and nothing else.
func checkMeaning(t *testing.T, err, want error) {
	t.Helper()
	for _, meaning := range []error{
		activity.ErrBusy, activity.ErrThrottled, activity.ErrLimitExceeded, activity.ErrRefused, activity.ErrNotFound, activity.ErrConflict,
	} {
		if errors.Is(err, meaning) != errors.Is(want, meaning) {
			t.Errorf("%v: is it %q: %t", err, meaning, errors.Is(err, meaning))
		}
	}
}

// The update is sent once, however the client was told to retry.
//
// Faults: B8
func TestSetCapacityIsSentOnce(t *testing.T) {
	clients := map[string]func(*sdk.Options){
		"as it comes":   func(o *sdk.Options) { o.Retryer = nil },
		"five attempts": func(o *sdk.Options) { o.RetryMaxAttempts = 5 },
		"adaptive":      func(o *sdk.Options) { o.Retryer, o.RetryMode = nil, aws.RetryModeAdaptive },
		"impatient":     func(o *sdk.Options) { o.HTTPClient = &http.Client{Timeout: 100 * time.Millisecond} },
	}
	answers := map[string]answer{
		"500":       fault(500, "InternalFailure", ""),
		"503":       fault(503, "ServiceUnavailable", ""),
		"throttled": fault(400, "ThrottlingException", "Rate exceeded"),
		"429":       fault(429, "TooManyRequestsException", ""),
		"reset":     reset,
		"cut off":   truncated,
	}
	for client, option := range clients {
		for name, answer := range answers {
			t.Run(client+"/"+name, func(t *testing.T) {
				s := serve(t, answer)
				if err := s.endpoints(option).SetCapacity(bounded(t), "chat-llm", "AllTraffic", 3); err == nil {
					t.Error("no error")
				}
				if n := len(s.seen()); n != 1 {
					t.Errorf("%d calls, want 1", n)
				}
			})
		}
	}
}

// Go's own HTTP client repeats a request on a connection that was kept open and
// breaks, unless it may have been received.
//
// Faults: B8
func TestSetCapacityIsSentOnceOnAKeptConnection(t *testing.T) {
	s := serve(t, ok(updated), reset, ok(updated))
	e := s.endpoints()
	if err := e.SetCapacity(bounded(t), "chat-llm", "AllTraffic", 2); err != nil {
		t.Fatal(err)
	}
	checkMeaning(t, e.SetCapacity(bounded(t), "chat-llm", "AllTraffic", 3), nil)
	if n := len(s.seen()); n != 2 {
		t.Errorf("%d calls, want 2", n)
	}
}

// Silence leaves the outcome open, whoever loses patience first.
//
// Faults: B7
func TestSetCapacityTimesOut(t *testing.T) {
	s := serve(t, silent)
	impatient := func(o *sdk.Options) { o.HTTPClient = &http.Client{Timeout: 100 * time.Millisecond} }
	err := s.endpoints(impatient).SetCapacity(bounded(t), "chat-llm", "AllTraffic", 3)
	if err == nil {
		t.Error("no error")
	}
	checkMeaning(t, err, nil)
	if n := len(s.seen()); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	s = serve(t, silent)
	err = s.endpoints().SetCapacity(ctx, "chat-llm", "AllTraffic", 3)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
	}
	checkMeaning(t, err, nil)
	if n := len(s.seen()); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
}
