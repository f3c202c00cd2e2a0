package applicationautoscaling

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"sagescale/internal/migrate"
)

// policies returns the policies of a resource.
func (r *Registrations) policies(ctx context.Context, resource string) ([]migrate.Policy, error) {
	input := &applicationautoscaling.DescribeScalingPoliciesInput{
		ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: &resource,
	}
	var out []migrate.Policy
	err := pages("DescribeScalingPolicies", &input.NextToken, func() (*string, error) {
		page, err := r.client.DescribeScalingPolicies(ctx, input)
		if err != nil {
			return nil, err
		}
		for _, p := range page.ScalingPolicies {
			out = append(out, policyOf(p))
		}
		return page.NextToken, nil
	})
	slices.SortStableFunc(out, func(a, b migrate.Policy) int { return cmp.Compare(a.Name, b.Name) })
	return out, err
}

// policyOf is a policy of the service.
func policyOf(p types.ScalingPolicy) migrate.Policy {
	out := migrate.Policy{Name: aws.ToString(p.PolicyName), ARN: aws.ToString(p.PolicyARN), Kind: string(p.PolicyType)}
	if t := p.TargetTrackingScalingPolicyConfiguration; t != nil {
		out.Tracking = &migrate.Tracking{
			TargetValue:      aws.ToFloat64(t.TargetValue),
			ScaleOutCooldown: seconds(t.ScaleOutCooldown),
			ScaleInCooldown:  seconds(t.ScaleInCooldown),
			DisableScaleIn:   aws.ToBool(t.DisableScaleIn),
		}
		if m := t.PredefinedMetricSpecification; m != nil {
			out.Tracking.Predefined = string(m.PredefinedMetricType)
		}
		if m := t.CustomizedMetricSpecification; m != nil {
			out.Tracking.Queries = queries(*m)
		}
	}
	if s := p.StepScalingPolicyConfiguration; s != nil {
		out.Step = &migrate.Step{
			AdjustmentType: string(s.AdjustmentType),
			Aggregation:    string(s.MetricAggregationType),
			MinAdjustment:  whole(s.MinAdjustmentMagnitude),
			Cooldown:       seconds(s.Cooldown),
		}
		for _, a := range s.StepAdjustments {
			out.Step.Adjustments = append(out.Step.Adjustments, migrate.Adjustment{
				Lower: a.MetricIntervalLowerBound, Upper: a.MetricIntervalUpperBound, Adjustment: int(aws.ToInt32(a.ScalingAdjustment)),
			})
		}
	}
	return out
}

// queries are those of a metric of the user's.
func queries(m types.CustomizedMetricSpecification) []migrate.Query {
	if len(m.Metrics) == 0 {
		alone := &migrate.Metric{
			Namespace: aws.ToString(m.Namespace), Name: aws.ToString(m.MetricName),
			Statistic: string(m.Statistic), Unit: aws.ToString(m.Unit),
		}
		for _, d := range m.Dimensions {
			alone.Dimensions = with(alone.Dimensions, d.Name, d.Value)
		}
		return []migrate.Query{{Metric: alone, Returned: true}}
	}
	out := make([]migrate.Query, 0, len(m.Metrics))
	for _, q := range m.Metrics {
		// The service returns the data of a query that does not say.
		next := migrate.Query{ID: aws.ToString(q.Id), Expression: aws.ToString(q.Expression),
			Returned: q.ReturnData == nil || *q.ReturnData}
		if s := q.MetricStat; s != nil && s.Metric != nil {
			next.Metric = &migrate.Metric{
				Namespace: aws.ToString(s.Metric.Namespace), Name: aws.ToString(s.Metric.MetricName),
				Statistic: aws.ToString(s.Stat), Unit: aws.ToString(s.Unit),
			}
			for _, d := range s.Metric.Dimensions {
				next.Metric.Dimensions = with(next.Metric.Dimensions, d.Name, d.Value)
			}
		}
		out = append(out, next)
	}
	return out
}

// with returns dimensions with one more.
func with(dimensions map[string]string, name, value *string) map[string]string {
	if dimensions == nil {
		dimensions = map[string]string{}
	}
	dimensions[aws.ToString(name)] = aws.ToString(value)
	return dimensions
}

// actions returns the scheduled actions of a resource.
func (r *Registrations) actions(ctx context.Context, resource string) ([]migrate.Action, error) {
	input := &applicationautoscaling.DescribeScheduledActionsInput{
		ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: &resource,
	}
	var out []migrate.Action
	err := pages("DescribeScheduledActions", &input.NextToken, func() (*string, error) {
		page, err := r.client.DescribeScheduledActions(ctx, input)
		if err != nil {
			return nil, err
		}
		for _, a := range page.ScheduledActions {
			out = append(out, actionOf(a))
		}
		return page.NextToken, nil
	})
	slices.SortStableFunc(out, func(a, b migrate.Action) int { return cmp.Compare(a.Name, b.Name) })
	return out, err
}

// actionOf is a scheduled action of the service.
func actionOf(a types.ScheduledAction) migrate.Action {
	out := migrate.Action{
		Name: aws.ToString(a.ScheduledActionName), Schedule: aws.ToString(a.Schedule), Timezone: aws.ToString(a.Timezone),
		Start: a.StartTime, End: a.EndTime,
	}
	if t := a.ScalableTargetAction; t != nil {
		out.Min, out.Max = whole(t.MinCapacity), whole(t.MaxCapacity)
	}
	return out
}

// seconds is a number of seconds, nil for none.
func seconds(n *int32) *time.Duration {
	if n == nil {
		return nil
	}
	return new(time.Duration(*n) * time.Second)
}

// whole is a number, nil for none.
func whole(n *int32) *int {
	if n == nil {
		return nil
	}
	return new(int(*n))
}
