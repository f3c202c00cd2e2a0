// Package iam asks AWS Identity and Access Management what a role may do, without doing
// it. It is the only importer of IAM's SDK.
package iam

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// maxPages bounds the pages of one answer.
const maxPages = 100

// api is what is used of IAM.
type api interface {
	SimulatePrincipalPolicy(context.Context, *iam.SimulatePrincipalPolicyInput, ...func(*iam.Options)) (*iam.SimulatePrincipalPolicyOutput, error)
}

// Question is whether a role may do each of some actions on each of some resources, by
// their ARNs. Keys are what the context of such a call has beside: lists of texts.
type Question struct {
	Role      string
	Actions   []string
	Resources []string
	Keys      map[string][]string
}

// Refusal is an action that a role may not do on a resource.
type Refusal struct{ Action, Resource string }

// Roles are those of an account.
type Roles struct{ client api }

// New returns Roles on a client: the SDK's, or what behaves like it.
func New(client api) *Roles { return &Roles{client} }

// Refused asks IAM's simulator and returns what would be refused, in the order of the
// actions. The policies of the resources are not asked for: none of ours has one that a
// function needs.
func (r *Roles) Refused(ctx context.Context, q Question) ([]Refusal, error) {
	input := &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &q.Role, ActionNames: q.Actions, ResourceArns: q.Resources}
	for name, values := range q.Keys {
		input.ContextEntries = append(input.ContextEntries, types.ContextEntry{
			ContextKeyName: aws.String(name), ContextKeyType: types.ContextKeyTypeEnumStringList, ContextKeyValues: values,
		})
	}
	var refused []Refusal
	answered := 0
	for range maxPages {
		page, err := r.client.SimulatePrincipalPolicy(ctx, input)
		if err != nil {
			return nil, fmt.Errorf("call SimulatePrincipalPolicy: %w", err)
		}
		for _, e := range page.EvaluationResults {
			n, no := refusals(e)
			answered, refused = answered+n, append(refused, no...)
		}
		if aws.ToString(page.Marker) == "" {
			if answered == 0 {
				return nil, errors.New("call SimulatePrincipalPolicy: the answer has no result")
			}
			slices.SortStableFunc(refused, func(a, b Refusal) int { return slices.Index(q.Actions, a.Action) - slices.Index(q.Actions, b.Action) })
			return refused, nil
		}
		input.Marker = page.Marker
	}
	return nil, errors.New("call SimulatePrincipalPolicy: the answer has too many pages")
}

// refusals reads the result for one action: of each resource where IAM tells them apart.
// It counts the results.
func refusals(e types.EvaluationResult) (n int, refused []Refusal) {
	const allowed = types.PolicyEvaluationDecisionTypeAllowed
	action := aws.ToString(e.EvalActionName)
	for _, r := range e.ResourceSpecificResults {
		if r.EvalResourceDecision != allowed {
			refused = append(refused, Refusal{action, aws.ToString(r.EvalResourceName)})
		}
	}
	if n = len(e.ResourceSpecificResults); n > 0 {
		return n, refused
	}
	if e.EvalDecision != allowed {
		refused = append(refused, Refusal{action, aws.ToString(e.EvalResourceName)})
	}
	return 1, refused
}
