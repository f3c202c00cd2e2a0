package iam_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"sagescale/internal/iam"
)

// client answers with pages, the last one again and again, or fails.
type client struct {
	pages []sdk.SimulatePrincipalPolicyOutput
	err   error
	asked []sdk.SimulatePrincipalPolicyInput
}

func (c *client) SimulatePrincipalPolicy(_ context.Context, in *sdk.SimulatePrincipalPolicyInput, _ ...func(*sdk.Options)) (*sdk.SimulatePrincipalPolicyOutput, error) {
	c.asked = append(c.asked, *in)
	if c.err != nil {
		return nil, c.err
	}
	return &c.pages[min(len(c.asked), len(c.pages))-1], nil
}

func TestRefused(t *testing.T) {
	const allowed, denied = types.PolicyEvaluationDecisionTypeAllowed, types.PolicyEvaluationDecisionTypeImplicitDeny
	resource := func(name string, d types.PolicyEvaluationDecisionType) types.ResourceSpecificResult {
		return types.ResourceSpecificResult{EvalResourceName: &name, EvalResourceDecision: d}
	}
	// IAM answers in an order of its own, and by resource only where there are several.
	c := &client{pages: []sdk.SimulatePrincipalPolicyOutput{
		{Marker: aws.String("more"), EvaluationResults: []types.EvaluationResult{{
			EvalActionName: aws.String("s:Second"), EvalDecision: allowed,
			ResourceSpecificResults: []types.ResourceSpecificResult{resource("one", allowed), resource("two", denied)},
		}}},
		{EvaluationResults: []types.EvaluationResult{
			{EvalActionName: aws.String("s:First"), EvalDecision: denied, EvalResourceName: aws.String("*")},
			{EvalActionName: aws.String("s:Third"), EvalDecision: allowed, EvalResourceName: aws.String("*")},
		}},
	}}
	q := iam.Question{Role: "arn", Actions: []string{"s:First", "s:Second", "s:Third"}, Resources: []string{"one", "two"}, Keys: map[string][]string{"k": {"v"}}}
	got, err := iam.New(c).Refused(t.Context(), q)
	if want := []iam.Refusal{{Action: "s:First", Resource: "*"}, {Action: "s:Second", Resource: "two"}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	first, second := c.asked[0], c.asked[1]
	if aws.ToString(first.PolicySourceArn) != "arn" || len(first.ActionNames) != 3 || aws.ToString(second.Marker) != "more" {
		t.Errorf("asked %+v", c.asked)
	}
	if k := first.ContextEntries; len(k) != 1 || *k[0].ContextKeyName != "k" || k[0].ContextKeyType != types.ContextKeyTypeEnumStringList || k[0].ContextKeyValues[0] != "v" {
		t.Errorf("asked with %+v", k)
	}
}

// What was not answered is not allowed.
func TestRefusedFails(t *testing.T) {
	for want, c := range map[string]*client{
		"call SimulatePrincipalPolicy: slow": {err: errors.New("slow")},
		"too many pages":                     {pages: []sdk.SimulatePrincipalPolicyOutput{{Marker: aws.String("x"), EvaluationResults: []types.EvaluationResult{{}}}}},
		"has no result":                      {pages: []sdk.SimulatePrincipalPolicyOutput{{}}},
	} {
		if got, err := iam.New(c).Refused(t.Context(), iam.Question{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, %v, want %s", got, err, want)
		}
	}
}
