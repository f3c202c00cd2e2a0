package eventbridge

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// maxPages bounds the pages of one list: a rule has five targets.
const maxPages = 10

// ErrNoRule says that there is no rule of a name.
var ErrNoRule = errors.New("there is no such rule")

// rules is what is used of EventBridge to read rules.
type rules interface {
	DescribeRule(context.Context, *eventbridge.DescribeRuleInput, ...func(*eventbridge.Options)) (*eventbridge.DescribeRuleOutput, error)
	ListTargetsByRule(context.Context, *eventbridge.ListTargetsByRuleInput, ...func(*eventbridge.Options)) (*eventbridge.ListTargetsByRuleOutput, error)
}

// Rule is one of the default bus. Schedule is empty where events wake it. Targets are
// ARNs.
type Rule struct {
	Schedule string
	Enabled  bool
	Targets  []string
}

// Rules are those of an account in a Region.
type Rules struct{ client rules }

// NewRules returns Rules on a client: the SDK's, or what behaves like it.
func NewRules(client rules) *Rules { return &Rules{client} }

// Describe returns a rule of the default bus, ErrNoRule where there is none of the name.
func (r *Rules) Describe(ctx context.Context, name string) (Rule, error) {
	out, err := r.client.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: &name})
	if _, none := errors.AsType[*types.ResourceNotFoundException](err); none {
		return Rule{}, ErrNoRule
	}
	if err != nil {
		return Rule{}, fmt.Errorf("call DescribeRule: %w", err)
	}
	rule := Rule{Schedule: aws.ToString(out.ScheduleExpression), Enabled: out.State != types.RuleStateDisabled}
	rule.Targets, err = r.targets(ctx, name)
	return rule, err
}

// targets returns what a rule invokes.
func (r *Rules) targets(ctx context.Context, rule string) ([]string, error) {
	input := &eventbridge.ListTargetsByRuleInput{Rule: &rule}
	var all []string
	for range maxPages {
		page, err := r.client.ListTargetsByRule(ctx, input)
		if err != nil {
			return nil, fmt.Errorf("call ListTargetsByRule: %w", err)
		}
		for _, t := range page.Targets {
			all = append(all, aws.ToString(t.Arn))
		}
		if aws.ToString(page.NextToken) == "" {
			return all, nil
		}
		input.NextToken = page.NextToken
	}
	return nil, errors.New("call ListTargetsByRule: the answer has too many pages")
}
