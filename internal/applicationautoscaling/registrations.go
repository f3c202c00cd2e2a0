package applicationautoscaling

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"sagescale/internal/migrate"
)

// maxListPages bounds the pages of a list: a target has 50 policies and 200 scheduled
// actions at most, and a page ten of them at least.
const maxListPages = 40

// registrationsAPI is what is used of Application Auto Scaling to read and to suspend
// what is registered.
type registrationsAPI interface {
	api
	DescribeScalingPolicies(context.Context, *applicationautoscaling.DescribeScalingPoliciesInput, ...func(*applicationautoscaling.Options)) (*applicationautoscaling.DescribeScalingPoliciesOutput, error)
	DescribeScheduledActions(context.Context, *applicationautoscaling.DescribeScheduledActionsInput, ...func(*applicationautoscaling.Options)) (*applicationautoscaling.DescribeScheduledActionsOutput, error)
	RegisterScalableTarget(context.Context, *applicationautoscaling.RegisterScalableTargetInput, ...func(*applicationautoscaling.Options)) (*applicationautoscaling.RegisterScalableTargetOutput, error)
}

// Registrations are the variants that are registered to be scaled by their instances.
type Registrations struct{ client registrationsAPI }

// NewRegistrations returns Registrations on a client: the SDK's, or what behaves like it.
func NewRegistrations(client registrationsAPI) *Registrations { return &Registrations{client} }

const (
	namespace = types.ServiceNamespaceSagemaker
	dimension = types.ScalableDimensionSageMakerVariantDesiredInstanceCount
)

// resourceOf names a variant as Application Auto Scaling does.
func resourceOf(endpoint, variant string) string {
	return "endpoint/" + endpoint + "/variant/" + variant
}

// Read returns what is registered for those of an endpoint's variants that are, in the
// order of the variants, with the policies and the scheduled actions, each in the order
// of their names. The alarms of the policies are not read.
func (r *Registrations) Read(ctx context.Context, endpoint string, variants ...string) ([]migrate.Registered, error) {
	found, err := r.targets(ctx, endpoint, variants)
	if err != nil {
		return nil, err
	}
	for i := range found {
		resource := resourceOf(found[i].Endpoint, found[i].Variant)
		if found[i].Policies, err = r.policies(ctx, resource); err != nil {
			return nil, err
		}
		if found[i].Actions, err = r.actions(ctx, resource); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// Find returns the limits and the suspended state of a variant that is registered; ok is
// false when it is not.
func (r *Registrations) Find(ctx context.Context, endpoint, variant string) (found migrate.Registered, ok bool, err error) {
	all, err := r.targets(ctx, endpoint, []string{variant})
	if err != nil || len(all) == 0 {
		return migrate.Registered{}, false, err
	}
	return all[0], true, nil
}

// Suspend sets which kinds of scaling of a registered variant are suspended. Limits,
// policies and alarms stay as they are.
//
// A call of RegisterScalableTarget for what is not registered would fail for want of
// limits, so that nothing is registered by it. If the capacity is outside the registered
// limits, Application Auto Scaling brings it inside at once.
func (r *Registrations) Suspend(ctx context.Context, endpoint, variant string, s migrate.Suspension) error {
	_, err := r.client.RegisterScalableTarget(ctx, &applicationautoscaling.RegisterScalableTargetInput{
		ServiceNamespace:  namespace,
		ScalableDimension: dimension,
		ResourceId:        aws.String(resourceOf(endpoint, variant)),
		SuspendedState: &types.SuspendedState{
			DynamicScalingInSuspended:  &s.In,
			DynamicScalingOutSuspended: &s.Out,
			ScheduledScalingSuspended:  &s.Scheduled,
		},
	})
	if err != nil {
		return fmt.Errorf("call RegisterScalableTarget: %w", err)
	}
	return nil
}

// targets returns what is registered of variants, in their order, without policies and
// actions.
func (r *Registrations) targets(ctx context.Context, endpoint string, variants []string) ([]migrate.Registered, error) {
	input := &applicationautoscaling.DescribeScalableTargetsInput{ServiceNamespace: namespace,
		ScalableDimension: dimension}
	for _, v := range variants {
		input.ResourceIds = append(input.ResourceIds, resourceOf(endpoint, v))
	}
	found := map[int]migrate.Registered{}
	err := pages("DescribeScalableTargets", &input.NextToken, func() (*string, error) {
		page, err := r.client.DescribeScalableTargets(ctx, input)
		if err != nil {
			return nil, err
		}
		for _, t := range page.ScalableTargets {
			// A service that does answer for another case means the same variant.
			i := slices.IndexFunc(input.ResourceIds,
				func(id string) bool { return strings.EqualFold(id, aws.ToString(t.ResourceId)) })
			if i >= 0 {
				found[i] = registered(endpoint, variants[i], t)
			}
		}
		return page.NextToken, nil
	})
	if err != nil {
		return nil, err
	}
	out := make([]migrate.Registered, 0, len(found))
	for _, i := range slices.Sorted(maps.Keys(found)) {
		out = append(out, found[i])
	}
	return out, nil
}

// registered is a target without its policies and actions.
func registered(endpoint, variant string, t types.ScalableTarget) migrate.Registered {
	out := migrate.Registered{
		Endpoint: endpoint, Variant: variant,
		Min: int(aws.ToInt32(t.MinCapacity)), Max: int(aws.ToInt32(t.MaxCapacity)),
	}
	if s := t.SuspendedState; s != nil {
		out.Suspended = migrate.Suspension{
			In:        aws.ToBool(s.DynamicScalingInSuspended),
			Out:       aws.ToBool(s.DynamicScalingOutSuspended),
			Scheduled: aws.ToBool(s.ScheduledScalingSuspended),
		}
	}
	return out
}

// pages asks for one page after the other, with the token of the one before.
func pages(operation string, token **string, ask func() (next *string, err error)) error {
	for range maxListPages {
		next, err := ask()
		if err != nil {
			return fmt.Errorf("call %s: %w", operation, err)
		}
		if aws.ToString(next) == "" {
			return nil
		}
		*token = next
	}
	return fmt.Errorf("call %s: the answer has too many pages", operation)
}
