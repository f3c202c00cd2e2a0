// Package cloudformation reads what a deployed stack says of itself. It is the only
// importer of CloudFormation's SDK.
package cloudformation

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/smithy-go"
)

// ErrNoStack says that there is no stack of a name.
var ErrNoStack = errors.New("there is no such stack")

// api is what is used of CloudFormation.
type api interface {
	DescribeStacks(context.Context, *cloudformation.DescribeStacksInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error)
}

// Stacks are those of an account in a Region.
type Stacks struct{ client api }

// New returns Stacks on a client: the SDK's, or what behaves like it.
func New(client api) *Stacks { return &Stacks{client} }

// Outputs returns the outputs of a stack by their keys, ErrNoStack where there is none
// of the name.
func (s *Stacks) Outputs(ctx context.Context, stack string) (map[string]string, error) {
	// With a name there is one page of one stack.
	out, err := s.client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stack})
	if missing(err) || err == nil && len(out.Stacks) == 0 {
		return nil, ErrNoStack
	}
	if err != nil {
		return nil, fmt.Errorf("call DescribeStacks: %w", err)
	}
	outputs := map[string]string{}
	for _, o := range out.Stacks[0].Outputs {
		outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	return outputs, nil
}

// missing tells a stack that is not there, for which CloudFormation has no error of its
// own, from other input that it refuses.
func missing(err error) bool {
	var answer smithy.APIError
	return errors.As(err, &answer) && answer.ErrorCode() == "ValidationError" && strings.Contains(answer.ErrorMessage(), "does not exist")
}
