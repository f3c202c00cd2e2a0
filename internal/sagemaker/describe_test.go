package sagemaker_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
)

const described = `{"EndpointName":"chat-llm","EndpointArn":"arn:aws:sagemaker:us-east-1:123456789012:endpoint/chat-llm",
	"EndpointConfigName":"chat-llm","EndpointStatus":"InService","CreationTime":1794398400.5,"LastModifiedTime":1795435200,
	"ProductionVariants":[%s]}`

func TestDescribe(t *testing.T) {
	s := serve(t, ok(fmt.Sprintf(described, `
		{"VariantName":"AllTraffic","CurrentInstanceCount":2,"DesiredInstanceCount":3,"CurrentWeight":1,"DesiredWeight":1,
		 "DeployedImages":[{"SpecifiedImage":"image"}],"VariantStatus":[{"Status":"Updating"}],
		 "ManagedInstanceScaling":{"Status":"DISABLED"},"RoutingConfig":{"RoutingStrategy":"LEAST_OUTSTANDING_REQUESTS"}},
		{"VariantName":"Canary","CurrentInstanceCount":1,"DesiredInstanceCount":1}`)))
	got, err := s.endpoints().Describe(bounded(t), "chat-llm")
	if err != nil {
		t.Fatal(err)
	}
	want := activity.Endpoint{
		Name:         "chat-llm",
		Status:       activity.InService,
		CreationTime: time.Unix(1794398400, 500_000_000).UTC(),
		Modified:     time.Unix(1795435200, 0).UTC(),
		Config:       "chat-llm",
		Variants: []activity.Variant{
			{Name: "AllTraffic", Current: 2, Desired: 3},
			{Name: "Canary", Current: 1, Desired: 1},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	sent := []call{{Target: "SageMaker.DescribeEndpoint", Body: `{"EndpointName":"chat-llm"}`}}
	if calls := s.seen(); !reflect.DeepEqual(calls, sent) {
		t.Errorf("sent %+v, want %+v", calls, sent)
	}
}

// SageMaker takes a name in any case: what it says is the name.
func TestDescribeSaysTheName(t *testing.T) {
	for asked, answer := range map[string]string{
		"CHAT-llm": fmt.Sprintf(described, ""),
		"chat-llm": `{"EndpointStatus":"InService","CreationTime":1794398400}`,
	} {
		got, err := serve(t, ok(answer)).endpoints().Describe(bounded(t), asked)
		if err != nil || got.Name != "chat-llm" {
			t.Errorf("asked for %s: got %q, %v", asked, got.Name, err)
		}
	}
}

// A variant that is not scaled by a count of instances says why; missing is not
// zero.
//
// Faults: E21
func TestDescribeUnsupported(t *testing.T) {
	const counts = `"CurrentInstanceCount":2,"DesiredInstanceCount":2`
	tests := map[string]struct{ members, want string }{
		"instances":                {counts, ""},
		"managed scaling disabled": {counts + `,"ManagedInstanceScaling":{"Status":"DISABLED","MinInstanceCount":1}`, ""},
		"no pools":                 {counts + `,"InstancePools":[]`, ""},
		"nulls":                    {counts + `,"CurrentServerlessConfig":null,"ManagedInstanceScaling":null,"InstancePools":null`, ""},
		"scaled to zero":           {`"CurrentInstanceCount":0,"DesiredInstanceCount":0`, ""},
		"serverless":               {`"CurrentServerlessConfig":{"MemorySizeInMB":1024,"MaxConcurrency":5}`, "serverless"},
		"to be serverless":         {counts + `,"DesiredServerlessConfig":{"MemorySizeInMB":1024,"MaxConcurrency":5}`, "serverless"},
		"pools":                    {counts + `,"InstancePools":[{"InstanceType":"ml.g5.xlarge","CurrentInstanceCount":2}]`, "InstancePools"},
		"no counts":                {`"CurrentWeight":1`, "no instance count"},
		"no current count":         {`"DesiredInstanceCount":2`, "no instance count"},
		"no desired count":         {`"CurrentInstanceCount":2`, "no instance count"},
		"null counts":              {`"CurrentInstanceCount":null,"DesiredInstanceCount":null`, "no instance count"},
		"negative counts":          {`"CurrentInstanceCount":-1,"DesiredInstanceCount":2`, "no instance count"},
		"negative desired counts":  {`"CurrentInstanceCount":1,"DesiredInstanceCount":-2`, "no instance count"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, ok(fmt.Sprintf(described, `{"VariantName":"AllTraffic",`+test.members+`}`)))
			got, err := s.endpoints().Describe(bounded(t), "chat-llm")
			if err != nil {
				t.Fatal(err)
			}
			v, found := got.Variant("AllTraffic")
			if !found || (v.Unsupported == "") != (test.want == "") || !strings.Contains(v.Unsupported, test.want) {
				t.Errorf("got %+v, want Unsupported with %q", got.Variants, test.want)
			}
		})
	}
}

// An answer that cannot be made sense of is an error, never an endpoint.
func TestDescribeRefusesNonsense(t *testing.T) {
	tests := map[string]answer{
		"empty":              ok(""),
		"no JSON":            ok("<html>not for you</html>"),
		"no object":          ok("[]"),
		"nothing in it":      ok("{}"),
		"no status":          ok(`{"CreationTime":1794398400}`),
		"no creation time":   ok(`{"EndpointStatus":"InService"}`),
		"a count beyond all": ok(fmt.Sprintf(described, `{"VariantName":"AllTraffic","CurrentInstanceCount":99999999999}`)),
		"a count of text":    ok(fmt.Sprintf(described, `{"VariantName":"AllTraffic","CurrentInstanceCount":"two"}`)),
		"a broken count":     ok(fmt.Sprintf(described, `{"VariantName":"AllTraffic","CurrentInstanceCount":1.5}`)),
		"cut off":            truncated,
	}
	for name, answer := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := serve(t, answer).endpoints().Describe(bounded(t), "chat-llm")
			if err == nil {
				t.Fatalf("got %+v, want an error", got)
			}
			if !reflect.DeepEqual(got, activity.Endpoint{}) {
				t.Errorf("got %+v with the error %v", got, err)
			}
		})
	}
}

// Faults: E8, E17
func TestDescribeIsRetried(t *testing.T) {
	good := ok(fmt.Sprintf(described, ""))
	gone := fault(http.StatusBadRequest, "ValidationException",
		`Could not find endpoint "arn:aws:sagemaker:us-east-1:123456789012:endpoint/chat-llm".`)
	tests := map[string]struct {
		answers []answer
		calls   int
		fails   bool
		meaning error
	}{
		"500 once":         {[]answer{fault(500, "InternalFailure", ""), good}, 2, false, nil},
		"503 twice":        {[]answer{fault(503, "ServiceUnavailable", ""), fault(503, "ServiceUnavailable", ""), good}, 3, false, nil},
		"throttled":        {[]answer{fault(400, "ThrottlingException", "Rate exceeded"), good}, 2, false, nil},
		"connection reset": {[]answer{reset, good}, 2, false, nil},
		"500 for ever":     {[]answer{fault(500, "InternalFailure", "")}, 3, true, nil},
		"not found":        {[]answer{gone}, 1, true, activity.ErrNotFound},
		"access denied":    {[]answer{fault(400, "AccessDeniedException", "no")}, 1, true, activity.ErrRefused},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, test.answers...)
			_, err := s.endpoints().Describe(bounded(t), "chat-llm")
			if (err != nil) != test.fails {
				t.Errorf("error %v, want one: %t", err, test.fails)
			}
			checkMeaning(t, err, test.meaning)
			if n := len(s.seen()); n != test.calls {
				t.Errorf("%d calls, want %d", n, test.calls)
			}
		})
	}
}

func TestDescribeEndsWithItsContext(t *testing.T) {
	s := serve(t, silent)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.endpoints().Describe(ctx, "chat-llm"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
	}
}

// A variant that SageMaker scales itself is in conflict; a status that is not
// known is taken for one.
//
// Faults: E21
func TestDescribeConflict(t *testing.T) {
	const counts = `"VariantName":"AllTraffic","CurrentInstanceCount":2,"DesiredInstanceCount":2`
	for managed, conflict := range map[string]bool{
		`null`:                   false,
		`{"Status":"DISABLED"}`:  false,
		`{"Status":"ENABLED"}`:   true,
		`{"Status":"PAUSED"}`:    true,
		`{"MinInstanceCount":1}`: true,
	} {
		s := serve(t, ok(fmt.Sprintf(described, `{`+counts+`,"ManagedInstanceScaling":`+managed+`}`)))
		got, err := s.endpoints().Describe(bounded(t), "chat-llm")
		if err != nil {
			t.Fatal(err)
		}
		v, _ := got.Variant("AllTraffic")
		if (v.Conflict != "") != conflict || v.Unsupported != "" || conflict && !strings.Contains(v.Conflict, "ManagedInstanceScaling") {
			t.Errorf("%s: got %+v", managed, v)
		}
	}
}
