// Package applicationautoscaling asks AWS Application Auto Scaling whether it
// scales a variant too. It is the only importer of its SDK.
package applicationautoscaling

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
)

// maxPages bounds the pages of one answer: a token that never ends must not keep
// a function busy. One variant has one target, so that one page is the rule.
const maxPages = 10

// api is what is used of Application Auto Scaling.
type api interface {
	DescribeScalableTargets(context.Context, *applicationautoscaling.DescribeScalableTargetsInput, ...func(*applicationautoscaling.Options)) (*applicationautoscaling.DescribeScalableTargetsOutput, error)
}

// Scalers knows who else scales a variant.
type Scalers struct{ client api }

// New returns Scalers on a client: the SDK's, or what behaves like it.
func New(client api) *Scalers { return &Scalers{client} }

// Conflict says in words who else scales the variant's instances, or is empty. A
// target that is registered is a conflict, unless all of its scaling is suspended.
// Of the service's answer only numbers are in the words. An error leaves it open.
//
// SageMaker takes an endpoint's name in any case, but a target is registered
// under the case in which it was written: asked for in another, it may stay unseen.
func (s *Scalers) Conflict(ctx context.Context, endpoint, variant string) (string, error) {
	resource := resourceOf(endpoint, variant)
	input := &applicationautoscaling.DescribeScalableTargetsInput{
		ServiceNamespace: namespace, ScalableDimension: dimension, ResourceIds: []string{resource},
	}
	for range maxPages {
		page, err := s.client.DescribeScalableTargets(ctx, input)
		if err != nil {
			return "", fmt.Errorf("call DescribeScalableTargets: %w", err)
		}
		for _, t := range page.ScalableTargets {
			// A service that does answer for the other case means the same variant.
			if r := registered(endpoint, variant, t); strings.EqualFold(aws.ToString(t.ResourceId), resource) && !r.Suspended.Whole() {
				return fmt.Sprintf("Application Auto Scaling scales the variant too (registered with limits %d to %d): "+
					"hand it over by sagescale hand-over, or take the target out of the policy", r.Min, r.Max), nil
			}
		}
		if aws.ToString(page.NextToken) == "" {
			return "", nil
		}
		input.NextToken = page.NextToken
	}
	return "", errors.New("call DescribeScalableTargets: the answer has too many pages")
}
