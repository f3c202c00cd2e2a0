package eventbridge_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"sagescale/internal/eventbridge"
)

// ruleClient has one rule, whose targets come in pages, the last again and again.
type ruleClient struct {
	rule            sdk.DescribeRuleOutput
	targets         [][]string
	more            bool // after the last page
	err, targetsErr error
	listed          int
}

func (c *ruleClient) DescribeRule(context.Context, *sdk.DescribeRuleInput, ...func(*sdk.Options)) (*sdk.DescribeRuleOutput, error) {
	return &c.rule, c.err
}

func (c *ruleClient) ListTargetsByRule(_ context.Context, in *sdk.ListTargetsByRuleInput, _ ...func(*sdk.Options)) (*sdk.ListTargetsByRuleOutput, error) {
	if *in.Rule != "tick" || (in.NextToken != nil) != (c.listed > 0) {
		return nil, errors.New("another list")
	}
	c.listed++
	page := &sdk.ListTargetsByRuleOutput{}
	for _, arn := range c.targets[min(c.listed, len(c.targets))-1] {
		page.Targets = append(page.Targets, types.Target{Arn: &arn})
	}
	if c.listed < len(c.targets) || c.more {
		page.NextToken = aws.String("more")
	}
	return page, c.targetsErr
}

func TestDescribeRule(t *testing.T) {
	for _, tt := range []struct {
		client ruleClient
		want   eventbridge.Rule
	}{
		{
			ruleClient{rule: sdk.DescribeRuleOutput{ScheduleExpression: aws.String("rate(1 minute)"), State: types.RuleStateEnabled}, targets: [][]string{{"a"}, {"b"}}},
			eventbridge.Rule{Schedule: "rate(1 minute)", Enabled: true, Targets: []string{"a", "b"}},
		},
		{ruleClient{rule: sdk.DescribeRuleOutput{State: types.RuleStateDisabled}, targets: [][]string{{}}}, eventbridge.Rule{}},
	} {
		if got, err := eventbridge.NewRules(&tt.client).Describe(t.Context(), "tick"); err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("got %+v, %v", got, err)
		}
	}
}

func TestDescribeRuleFails(t *testing.T) {
	for want, c := range map[string]*ruleClient{
		eventbridge.ErrNoRule.Error():  {err: &types.ResourceNotFoundException{}},
		"call DescribeRule: slow":      {err: errors.New("slow")},
		"call ListTargetsByRule: slow": {targets: [][]string{{}}, targetsErr: errors.New("slow")},
		"too many pages":               {targets: [][]string{{}}, more: true},
	} {
		if got, err := eventbridge.NewRules(c).Describe(t.Context(), "tick"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, %v, want %s", got, err, want)
		}
	}
}
