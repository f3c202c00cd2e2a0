package cloudformation_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"

	"sagescale/internal/cloudformation"
)

// client answers with stacks, or fails.
type client struct {
	stacks    []types.Stack
	resources []types.StackResourceSummary
	next      *string
	err       error
}

func (c client) DescribeStacks(context.Context, *sdk.DescribeStacksInput, ...func(*sdk.Options)) (*sdk.DescribeStacksOutput, error) {
	return &sdk.DescribeStacksOutput{Stacks: c.stacks}, c.err
}

func (c client) ListStackResources(_ context.Context, in *sdk.ListStackResourcesInput, _ ...func(*sdk.Options)) (*sdk.ListStackResourcesOutput, error) {
	if c.err != nil {
		return nil, c.err
	}
	page := &sdk.ListStackResourcesOutput{NextToken: c.next}
	if in.NextToken == nil {
		page.StackResourceSummaries = c.resources
	}
	return page, nil
}

func TestOutputs(t *testing.T) {
	outputs := []types.Output{{OutputKey: aws.String("Table"), OutputValue: aws.String("T")}, {OutputKey: aws.String("Empty")}}
	stack, err := cloudformation.New(client{stacks: []types.Stack{{Outputs: outputs}}}).Describe(t.Context(), "sagescale")
	got := stack.Outputs
	if want := map[string]string{"Table": "T", "Empty": ""}; err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}

// A stack that is not there is told from one that may not be seen.
func TestOutputsOfNoStack(t *testing.T) {
	answer := func(code, message string) error { return &smithy.GenericAPIError{Code: code, Message: message} }
	for _, tt := range []struct {
		client client
		none   bool
	}{
		{client{}, true},
		{client{err: answer("ValidationError", "Stack with id x does not exist")}, true},
		{client{err: answer("ValidationError", "1 validation error detected")}, false},
		{client{err: answer("AccessDenied", "x does not exist for you")}, false},
		{client{err: errors.New("slow")}, false},
	} {
		_, err := cloudformation.New(tt.client).Describe(t.Context(), "x")
		if err == nil || errors.Is(err, cloudformation.ErrNoStack) != tt.none {
			t.Errorf("%v: got %v", tt.client.err, err)
		}
	}
}

func TestDescribe(t *testing.T) {
	made, changed := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		stack types.Stack
		want  time.Time
	}{{types.Stack{CreationTime: &made}, made}, {types.Stack{CreationTime: &made, LastUpdatedTime: &changed}, changed}} {
		tt.stack.StackStatus, tt.stack.StackStatusReason = types.StackStatusUpdateFailed, aws.String("because")
		got, err := cloudformation.New(client{stacks: []types.Stack{tt.stack}}).Describe(t.Context(), "sagescale")
		if err != nil || got.Status != "UPDATE_FAILED" || got.Reason != "because" || !got.Changed.Equal(tt.want) {
			t.Errorf("got %+v, %v", got, err)
		}
	}
}

// All pages are read, and what was deleted is not there.
func TestResources(t *testing.T) {
	resource := func(logical string, status types.ResourceStatus) types.StackResourceSummary {
		return types.StackResourceSummary{LogicalResourceId: &logical, PhysicalResourceId: aws.String("name of " + logical), ResourceType: aws.String("type"), ResourceStatus: status}
	}
	c := client{resources: []types.StackResourceSummary{
		resource("B", types.ResourceStatusUpdateComplete), resource("Gone", types.ResourceStatusDeleteComplete), resource("A", types.ResourceStatusCreateFailed),
	}}
	got, err := cloudformation.New(c).Resources(t.Context(), "sagescale")
	want := []cloudformation.Resource{{Logical: "A", Name: "name of A", Type: "type"}, {Logical: "B", Name: "name of B", Type: "type"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestResourcesFail(t *testing.T) {
	for want, c := range map[string]client{
		"call ListStackResources: slow": {err: errors.New("slow")},
		"too many pages":                {next: aws.String("more")},
	} {
		if got, err := cloudformation.New(c).Resources(t.Context(), "sagescale"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, %v", got, err)
		}
	}
}
