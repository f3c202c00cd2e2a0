// Package sagemaker asks Amazon SageMaker for the state of endpoints and sends
// it the one kind of update that sagescale makes. It is the only importer of
// SageMaker's SDK.
package sagemaker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/aws/smithy-go"

	"sagescale/internal/activity"
)

// api is what is used of SageMaker.
type api interface {
	DescribeEndpoint(context.Context, *sagemaker.DescribeEndpointInput, ...func(*sagemaker.Options)) (*sagemaker.DescribeEndpointOutput, error)
	UpdateEndpointWeightsAndCapacities(context.Context, *sagemaker.UpdateEndpointWeightsAndCapacitiesInput, ...func(*sagemaker.Options)) (*sagemaker.UpdateEndpointWeightsAndCapacitiesOutput, error)
}

// Endpoints reads and changes endpoints.
type Endpoints struct{ client api }

// New returns Endpoints on a client: the SDK's, or what behaves like it.
func New(client api) *Endpoints { return &Endpoints{client} }

// Describe returns what SageMaker says of an endpoint. It fails with
// activity.ErrNotFound when there is none of that name. SageMaker takes a name in any
// case: the one that is returned is as SageMaker says it.
func (e *Endpoints) Describe(ctx context.Context, endpoint string) (activity.Endpoint, error) {
	out, err := e.client.DescribeEndpoint(ctx, &sagemaker.DescribeEndpointInput{EndpointName: &endpoint})
	if err != nil {
		return activity.Endpoint{}, fmt.Errorf("call DescribeEndpoint: %w", classify(err))
	}
	if out.EndpointStatus == "" || out.CreationTime == nil {
		return activity.Endpoint{}, errors.New("call DescribeEndpoint: the answer has no status or no creation time")
	}
	described := activity.Endpoint{
		Name:         cmp.Or(aws.ToString(out.EndpointName), endpoint),
		Status:       string(out.EndpointStatus),
		CreationTime: out.CreationTime.UTC(),
		Modified:     aws.ToTime(out.LastModifiedTime).UTC(),
		Config:       aws.ToString(out.EndpointConfigName),
	}
	for _, v := range out.ProductionVariants {
		described.Variants = append(described.Variants, variant(v))
	}
	return described, nil
}

// SetCapacity asks SageMaker for a number of instances of one variant, once: the
// SDK's own retry is off, because a retry of an update that was applied is
// refused as one in progress and an error would then mean success.
//
// An error that wraps activity.ErrThrottled, ErrLimitExceeded, ErrRefused or
// ErrNotFound says that nothing was changed. Any other leaves it open.
func (e *Endpoints) SetCapacity(ctx context.Context, endpoint, variant string, instances int) error {
	if instances < 1 || instances > math.MaxInt32 {
		return fmt.Errorf("set capacity of %s/%s to %d: %w: out of range", endpoint, variant, instances, activity.ErrRefused)
	}
	_, err := e.client.UpdateEndpointWeightsAndCapacities(ctx, &sagemaker.UpdateEndpointWeightsAndCapacitiesInput{
		EndpointName: &endpoint,
		DesiredWeightsAndCapacities: []types.DesiredWeightAndCapacity{{
			VariantName:          &variant,
			DesiredInstanceCount: aws.Int32(int32(instances)),
		}},
	}, func(o *sagemaker.Options) { o.Retryer = aws.NopRetryer{} })
	if err != nil {
		return fmt.Errorf("call UpdateEndpointWeightsAndCapacities: %w", classify(err))
	}
	return nil
}

// variant translates what SageMaker says of a variant and notes what kind of
// variant is not scaled by its instances, or by SageMaker itself.
func variant(v types.ProductionVariantSummary) activity.Variant {
	out := activity.Variant{
		Name:    aws.ToString(v.VariantName),
		Current: int(aws.ToInt32(v.CurrentInstanceCount)),
		Desired: int(aws.ToInt32(v.DesiredInstanceCount)),
	}
	if managed := v.ManagedInstanceScaling; managed != nil && managed.Status != types.ManagedInstanceScalingStatusDisabled {
		out.Conflict = "SageMaker scales the instances of the variant itself (ManagedInstanceScaling)"
	}
	switch {
	case v.CurrentServerlessConfig != nil || v.DesiredServerlessConfig != nil:
		out.Unsupported = "the variant is serverless: it has no instances to scale"
	case len(v.InstancePools) > 0:
		out.Unsupported = "the variant has instances of several types (InstancePools)"
	case v.CurrentInstanceCount == nil || v.DesiredInstanceCount == nil || out.Current < 0 || out.Desired < 0:
		out.Unsupported = "SageMaker says no instance count of the variant"
	}
	return out
}

// classify adds the meaning to an error of SageMaker whose meaning is known.
func classify(err error) error {
	var apiErr smithy.APIError
	if !errors.As(err, &apiErr) {
		return err
	}
	code, message := apiErr.ErrorCode(), apiErr.ErrorMessage()
	switch {
	case code == "ResourceLimitExceeded":
		return fmt.Errorf("%w: %w", activity.ErrLimitExceeded, err)
	case code == "ValidationException" && strings.HasPrefix(message, "Could not find endpoint"):
		return fmt.Errorf("%w: %w", activity.ErrNotFound, err)
	case code == "ValidationException" && strings.HasPrefix(message, "Cannot update in-progress endpoint"):
		return fmt.Errorf("%w: %w", activity.ErrBusy, err)
	case code == "ThrottlingException", code == "Throttling", code == "RequestLimitExceeded":
		return fmt.Errorf("%w: %w", activity.ErrThrottled, err)
	case refused(code):
		return fmt.Errorf("%w: %w", activity.ErrRefused, err)
	}
	return err
}

// refused reports whether an error code says that the request was not carried
// out. A code that is not known leaves it open.
func refused(code string) bool {
	switch code {
	case "ValidationException", "AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException",
		"InvalidSignatureException", "MissingAuthenticationToken", "OptInRequired":
		return true
	}
	return false
}
