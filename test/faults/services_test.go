package faults

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalertypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/aws/smithy-go"

	"sagescale/internal/activity"
)

// sageMakerClient is a worker's client of SageMaker.
type sageMakerClient struct{ *worker }

func (c sageMakerClient) options(optFns []func(*sagemaker.Options)) aws.Retryer {
	o := sagemaker.Options{Retryer: c.retryer}
	for _, f := range optFns {
		f(&o)
	}
	return o.Retryer
}

func (c sageMakerClient) DescribeEndpoint(ctx context.Context, in *sagemaker.DescribeEndpointInput, optFns ...func(*sagemaker.Options)) (*sagemaker.DescribeEndpointOutput, error) {
	name := aws.ToString(in.EndpointName)
	out, err := request(ctx, c.worker, c.options(optFns), "DescribeEndpoint", name, func() (*sagemaker.DescribeEndpointOutput, error) {
		return c.describe(name)
	})
	if err == nil {
		c.saw.describe(name, out, c.now())
	}
	return out, err
}

func (c sageMakerClient) UpdateEndpointWeightsAndCapacities(ctx context.Context, in *sagemaker.UpdateEndpointWeightsAndCapacitiesInput, optFns ...func(*sagemaker.Options)) (*sagemaker.UpdateEndpointWeightsAndCapacitiesOutput, error) {
	name := aws.ToString(in.EndpointName)
	return request(ctx, c.worker, c.options(optFns), opUpdate, name, func() (*sagemaker.UpdateEndpointWeightsAndCapacitiesOutput, error) {
		return &sagemaker.UpdateEndpointWeightsAndCapacitiesOutput{}, c.update(c.worker, in)
	})
}

const opUpdate = "UpdateEndpointWeightsAndCapacities"

// describe is what SageMaker shows of an endpoint.
func (w *world) describe(name string) (*sagemaker.DescribeEndpointOutput, error) {
	e, err := w.sageMaker.Describe(context.Background(), name)
	if err != nil {
		return nil, notFound(name)
	}
	e = w.shown(e)
	out := &sagemaker.DescribeEndpointOutput{
		EndpointName: &name, EndpointConfigName: &e.Config, EndpointStatus: types.EndpointStatus(e.Status),
		CreationTime: &e.CreationTime, LastModifiedTime: &e.Modified,
	}
	for _, v := range e.Variants {
		out.ProductionVariants = append(out.ProductionVariants, types.ProductionVariantSummary{
			VariantName:          aws.String(v.Name),
			CurrentInstanceCount: aws.Int32(int32(v.Current)),
			DesiredInstanceCount: aws.Int32(int32(v.Desired)),
		})
	}
	return out, nil
}

// update carries out an update of sagescale's, if SageMaker takes it.
func (w *world) update(wk *worker, in *sagemaker.UpdateEndpointWeightsAndCapacitiesInput) error {
	name, changes := aws.ToString(in.EndpointName), in.DesiredWeightsAndCapacities
	if len(changes) != 1 || changes[0].DesiredWeight != nil || changes[0].ServerlessUpdateConfig != nil || changes[0].DesiredInstanceCount == nil {
		w.violated("S9", "an update of %s changes more than the instances of one variant", name)
		return refusal("ValidationException", "what is this")
	}
	variant, n := aws.ToString(changes[0].VariantName), int(*changes[0].DesiredInstanceCount)
	before, err := w.sageMaker.Describe(context.Background(), name)
	if err != nil {
		return notFound(name)
	}
	u := update{worker: wk, endpoint: name, variant: variant, to: n, at: w.now(), intent: w.open(name)}
	if v, ok := before.Variant(variant); ok {
		u.from, u.desiredBefore = v.Current, v.Desired
	}
	w.updating(u, before)
	if w.on("access denied") {
		return refusal("AccessDeniedException", "User is not authorized to perform sagemaker:UpdateEndpointWeightsAndCapacities")
	}
	if w.limit > 0 && w.total()+n-u.desiredBefore > w.limit {
		return refusal("ResourceLimitExceeded", "The account-level service limit 'ml.g5.xlarge for endpoint usage' is exceeded.")
	}
	err = w.sageMaker.SetCapacity(context.Background(), name, variant, n)
	switch {
	case errors.Is(err, activity.ErrBusy):
		return inProgress(name)
	case errors.Is(err, activity.ErrLimitExceeded):
		return refusal("ResourceLimitExceeded", "The account-level service limit 'ml.g5.xlarge for endpoint usage' is exceeded."+w.hostile())
	case err != nil:
		return refusal("ValidationException", err.Error())
	}
	w.tell("SageMaker takes the update of %s/%s from %d to %d by worker %d", name, variant, u.from, n, wk.id)
	w.accepted(u)
	return nil
}

// total is how many instances are asked for in all.
func (w *world) total() int {
	sum := 0
	for _, name := range w.setting.names {
		if e, err := w.sageMaker.Describe(context.Background(), name); err == nil {
			for _, v := range e.Variants {
				sum += v.Desired
			}
		}
	}
	return sum
}

func inProgress(name string) error {
	return refusal("ValidationException", fmt.Sprintf("Cannot update in-progress endpoint \"arn:aws:sagemaker:us-east-1:123456789012:endpoint/%s\".", name))
}

func notFound(name string) error {
	return refusal("ValidationException", fmt.Sprintf("Could not find endpoint \"arn:aws:sagemaker:us-east-1:123456789012:endpoint/%s\".", strings.ToLower(name)))
}

func refusal(code, message string) error {
	return &smithy.GenericAPIError{Code: code, Message: message}
}

// serverError is an answer of status 500.
type serverError struct{ smithy.APIError }

func (serverError) HTTPStatusCode() int { return 500 }

func (e serverError) Unwrap() error { return e.APIError }

func unavailable() error {
	return serverError{&smithy.GenericAPIError{Code: "InternalFailure", Message: "We encountered an internal error."}}
}

// scalersClient is a worker's client of Application Auto Scaling.
type scalersClient struct{ *worker }

func (c scalersClient) DescribeScalableTargets(ctx context.Context, in *applicationautoscaling.DescribeScalableTargetsInput, _ ...func(*applicationautoscaling.Options)) (*applicationautoscaling.DescribeScalableTargetsOutput, error) {
	endpoint := strings.Split(in.ResourceIds[0], "/")[1]
	out, err := request(ctx, c.worker, c.retryer, "DescribeScalableTargets", endpoint, func() (*applicationautoscaling.DescribeScalableTargetsOutput, error) {
		out := &applicationautoscaling.DescribeScalableTargetsOutput{}
		if c.on("registered with Application Auto Scaling") {
			out.ScalableTargets = []scalertypes.ScalableTarget{{
				ResourceId: aws.String(in.ResourceIds[0]), MinCapacity: aws.Int32(1), MaxCapacity: aws.Int32(9),
			}}
		}
		return out, nil
	})
	if err == nil && len(out.ScalableTargets) > 0 {
		c.saw.conflict(in.ResourceIds[0])
	}
	return out, err
}

// endpointChanged sends the event of an endpoint whose status has changed.
func (w *world) endpointChanged(e activity.Endpoint) {
	w.tell("endpoint %s is %s: %s", e.Name, e.Status, capacities(e))
	w.changed(e)
	w.sendEndpointEvent(e)
}

func capacities(e activity.Endpoint) string {
	var parts []string
	for _, v := range e.Variants {
		parts = append(parts, fmt.Sprintf("%s %d of %d", v.Name, v.Current, v.Desired))
	}
	return strings.Join(parts, ", ")
}

// shown is an endpoint as a read shows it: for a while after an update the one before.
func (w *world) shown(e activity.Endpoint) activity.Endpoint {
	old, ok := w.before[e.Name]
	if !ok || w.now().Sub(old.changed) > old.delay {
		return e
	}
	w.hit("status shown late")
	return old.endpoint
}

// shownBefore is an endpoint as it was before its last update, which is shown for a
// while.
type shownBefore struct {
	endpoint activity.Endpoint
	changed  time.Time
	delay    time.Duration
}
