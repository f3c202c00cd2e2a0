// Package cloudformation reads what a deployed stack says of itself. It is the only
// importer of CloudFormation's SDK.
package cloudformation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
)

// maxPages bounds the pages of a list: CloudFormation takes 500 resources a stack, and
// gives a hundred a page.
const maxPages = 50

// ErrNoStack says that there is no stack of a name.
var ErrNoStack = errors.New("there is no such stack")

// api is what is used of CloudFormation.
type api interface {
	DescribeStacks(context.Context, *cloudformation.DescribeStacksInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error)
	ListStackResources(context.Context, *cloudformation.ListStackResourcesInput, ...func(*cloudformation.Options)) (*cloudformation.ListStackResourcesOutput, error)
}

// Stacks are those of an account in a Region.
type Stacks struct{ client api }

// New returns Stacks on a client: the SDK's, or what behaves like it.
func New(client api) *Stacks { return &Stacks{client} }

// Stack is what CloudFormation says of a stack. Status is in its words, such as
// UPDATE_COMPLETE, and Reason may say why. Changed is when it was last deployed. Outputs are
// by their keys.
type Stack struct {
	Status, Reason string
	Changed        time.Time
	Outputs        map[string]string
}

// Describe returns a stack, ErrNoStack where there is none of the name.
func (s *Stacks) Describe(ctx context.Context, stack string) (Stack, error) {
	// With a name there is one page of one stack.
	out, err := s.client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stack})
	if missing(err) || err == nil && len(out.Stacks) == 0 {
		return Stack{}, ErrNoStack
	}
	if err != nil {
		return Stack{}, fmt.Errorf("call DescribeStacks: %w", err)
	}
	found := out.Stacks[0]
	described := Stack{
		Status:  string(found.StackStatus),
		Reason:  aws.ToString(found.StackStatusReason),
		Changed: aws.ToTime(cmp.Or(found.LastUpdatedTime, found.CreationTime)).UTC(),
		Outputs: map[string]string{},
	}
	for _, o := range found.Outputs {
		described.Outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	return described, nil
}

// Resource is one that a stack has made. Logical is its name in the template, Name the one
// it has in its service, and Type what it is, such as AWS::Events::Rule.
type Resource struct{ Logical, Name, Type string }

// Resources returns what a stack has made and not deleted, in the order of their names in
// the template.
func (s *Stacks) Resources(ctx context.Context, stack string) ([]Resource, error) {
	input := &cloudformation.ListStackResourcesInput{StackName: &stack}
	var all []Resource
	for range maxPages {
		page, err := s.client.ListStackResources(ctx, input)
		if err != nil {
			return nil, fmt.Errorf("call ListStackResources: %w", err)
		}
		for _, r := range page.StackResourceSummaries {
			if r.ResourceStatus != types.ResourceStatusDeleteComplete {
				all = append(all, Resource{aws.ToString(r.LogicalResourceId), aws.ToString(r.PhysicalResourceId), aws.ToString(r.ResourceType)})
			}
		}
		if aws.ToString(page.NextToken) == "" {
			slices.SortFunc(all, func(a, b Resource) int { return cmp.Compare(a.Logical, b.Logical) })
			return all, nil
		}
		input.NextToken = page.NextToken
	}
	return nil, errors.New("call ListStackResources: the answer has too many pages")
}

// missing tells a stack that is not there, for which CloudFormation has no error of its
// own, from other input that it refuses.
func missing(err error) bool {
	var answer smithy.APIError
	return errors.As(err, &answer) && answer.ErrorCode() == "ValidationError" && strings.Contains(answer.ErrorMessage(), "does not exist")
}
