package cloudformation_test

import (
	"context"
	"errors"
	"maps"
	"testing"

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
	got, err := cloudformation.New(client{stacks: []types.Stack{{Outputs: outputs}}}).Outputs(t.Context(), "sagescale")
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
		_, err := cloudformation.New(tt.client).Outputs(t.Context(), "x")
		if err == nil || errors.Is(err, cloudformation.ErrNoStack) != tt.none {
			t.Errorf("%v: got %v", tt.client.err, err)
		}
	}
}
