//go:build local

package contract

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	sdkcloudwatch "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	sdksagemaker "github.com/aws/aws-sdk-go-v2/service/sagemaker"

	"sagescale/internal/activity"
	"sagescale/internal/applicationautoscaling"
	"sagescale/internal/cloudwatch"
	"sagescale/internal/migrate"
	"sagescale/test/localaccount"
)

// registrationsSubject is what import and hand-over ask, and the clients to set up what
// they are asked about.
type registrationsSubject struct {
	*applicationautoscaling.Registrations

	scalers  *applicationautoscaling.Scalers
	alarms   *cloudwatch.Alarms
	client   *sdk.Client
	watching *sdkcloudwatch.Client
	create   func(ctx context.Context, name string) error
}

// motoRegistrations are on moto, but for the alarms: moto does not speak CloudWatch's
// protocol, and MiniStack keeps the ARN of an action as it is.
func motoRegistrations(account *localaccount.Account) implementation[registrationsSubject] {
	config := account.AWSConfig()
	client := sdk.NewFromConfig(config, func(o *sdk.Options) { o.BaseEndpoint = aws.String(account.SageMakerEndpoint) })
	watching := sdkcloudwatch.NewFromConfig(config)
	endpoints := sdksagemaker.NewFromConfig(config)
	return implementation[registrationsSubject]{name: "moto, MiniStack", subject: registrationsSubject{
		Registrations: applicationautoscaling.NewRegistrations(client), scalers: applicationautoscaling.New(client),
		alarms: cloudwatch.NewAlarms(watching), client: client, watching: watching,
		create: func(ctx context.Context, name string) error {
			return create(ctx, endpoints, name, []activity.Variant{{Name: "blue", Desired: 2}, {Name: "green", Desired: 1}})
		},
	}}
}

const dimension = types.ScalableDimensionSageMakerVariantDesiredInstanceCount

// register registers variant blue of a new endpoint with limits of 1 to 4.
func (s registrationsSubject) register(ctx context.Context, t *testing.T, endpoint string) (resource string) {
	t.Helper()
	if err := s.create(ctx, endpoint); err != nil {
		t.Fatal(err)
	}
	resource = "endpoint/" + endpoint + "/variant/blue"
	_, err := s.client.RegisterScalableTarget(ctx, &sdk.RegisterScalableTargetInput{
		ServiceNamespace: types.ServiceNamespaceSagemaker, ScalableDimension: dimension, ResourceId: &resource,
		MinCapacity: aws.Int32(1), MaxCapacity: aws.Int32(4),
	})
	if err != nil {
		t.Fatal(err)
	}
	return resource
}

// put puts a policy and returns its ARN.
func (s registrationsSubject) put(ctx context.Context, t *testing.T, resource, name string, body sdk.PutScalingPolicyInput) string {
	t.Helper()
	body.ServiceNamespace, body.ScalableDimension, body.ResourceId, body.PolicyName = types.ServiceNamespaceSagemaker, dimension, &resource, &name
	out, err := s.client.PutScalingPolicy(ctx, &body)
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.PolicyARN)
}

func registrationsBehaviours() []behaviour[registrationsSubject] {
	return []behaviour[registrationsSubject]{
		{"what is not registered is not found", func(ctx context.Context, t *testing.T, s registrationsSubject, name string) {
			if err := s.create(ctx, name); err != nil {
				t.Fatal(err)
			}
			all, err := s.Read(ctx, name, "blue", "green")
			if _, found, findErr := s.Find(ctx, name, "blue"); found || len(all) != 0 || err != nil || findErr != nil {
				t.Errorf("got %v, %v, %v, %v", all, found, err, findErr)
			}
		}},
		{"policies and actions are read", readsPolicies},
		{"a step policy's alarm is found", findsAlarms},
		{"a suspension is kept and ended", suspends},
	}
}

func readsPolicies(ctx context.Context, t *testing.T, s registrationsSubject, name string) {
	resource := s.register(ctx, t, name)
	s.put(ctx, t, resource, "requests", sdk.PutScalingPolicyInput{PolicyType: types.PolicyTypeTargetTrackingScaling,
		TargetTrackingScalingPolicyConfiguration: &types.TargetTrackingScalingPolicyConfiguration{
			TargetValue: aws.Float64(700), ScaleInCooldown: aws.Int32(0), DisableScaleIn: aws.Bool(true),
			PredefinedMetricSpecification: &types.PredefinedMetricSpecification{PredefinedMetricType: types.MetricTypeSageMakerVariantInvocationsPerInstance},
		}})
	s.put(ctx, t, resource, "cpu", sdk.PutScalingPolicyInput{PolicyType: types.PolicyTypeTargetTrackingScaling,
		TargetTrackingScalingPolicyConfiguration: &types.TargetTrackingScalingPolicyConfiguration{
			TargetValue: aws.Float64(62.5), CustomizedMetricSpecification: &types.CustomizedMetricSpecification{
				Namespace: aws.String("/aws/sagemaker/Endpoints"), MetricName: aws.String("CPUUtilization"), Statistic: types.MetricStatisticAverage,
				Dimensions: []types.MetricDimension{{Name: aws.String("VariantName"), Value: aws.String("blue")}},
			},
		}})
	_, err := s.client.PutScheduledAction(ctx, &sdk.PutScheduledActionInput{
		ServiceNamespace: types.ServiceNamespaceSagemaker, ScalableDimension: dimension, ResourceId: &resource,
		ScheduledActionName: aws.String("office"), Schedule: aws.String("cron(0 8 ? * MON-FRI *)"), Timezone: aws.String("Europe/Paris"),
		ScalableTargetAction: &types.ScalableTargetAction{MinCapacity: aws.Int32(2)},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Read(ctx, name, "green", "blue")
	if err != nil || len(got) != 1 {
		t.Fatalf("got %+v, %v", got, err)
	}
	for i := range got[0].Policies {
		got[0].Policies[i].ARN = ""
	}
	want := migrate.Registered{
		Endpoint: name, Variant: "blue", Min: 1, Max: 4,
		Policies: []migrate.Policy{
			{Name: "cpu", Kind: migrate.TargetTracking, Tracking: &migrate.Tracking{TargetValue: 62.5, Queries: []migrate.Query{{Returned: true, Metric: &migrate.Metric{
				Namespace: "/aws/sagemaker/Endpoints", Name: "CPUUtilization", Statistic: "Average", Dimensions: map[string]string{"VariantName": "blue"},
			}}}}},
			{Name: "requests", Kind: migrate.TargetTracking, Tracking: &migrate.Tracking{
				TargetValue: 700, Predefined: "SageMakerVariantInvocationsPerInstance", ScaleInCooldown: new(time.Duration(0)), DisableScaleIn: true,
			}},
		},
		Actions: []migrate.Action{{Name: "office", Schedule: "cron(0 8 ? * MON-FRI *)", Timezone: "Europe/Paris", Min: new(2)}},
	}
	if !reflect.DeepEqual(got[0], want) {
		t.Errorf("got\n%+v\nwant\n%+v", got[0], want)
	}
}

func findsAlarms(ctx context.Context, t *testing.T, s registrationsSubject, name string) {
	resource := s.register(ctx, t, name)
	steps := sdk.PutScalingPolicyInput{PolicyType: types.PolicyTypeStepScaling, StepScalingPolicyConfiguration: &types.StepScalingPolicyConfiguration{
		AdjustmentType: types.AdjustmentTypePercentChangeInCapacity, Cooldown: aws.Int32(60), MinAdjustmentMagnitude: aws.Int32(2),
		StepAdjustments: []types.StepAdjustment{{MetricIntervalLowerBound: aws.Float64(0), ScalingAdjustment: aws.Int32(50)}},
	}}
	arn := s.put(ctx, t, resource, "slow", steps)
	other := s.put(ctx, t, resource, "slower", steps)
	for alarm, action := range map[string]string{name + "-slow": arn, name + "-slower": other} {
		_, err := s.watching.PutMetricAlarm(ctx, &sdkcloudwatch.PutMetricAlarmInput{
			AlarmName: &alarm, AlarmActions: []string{action}, Namespace: aws.String("AWS/SageMaker"), MetricName: aws.String("ModelLatency"),
			Statistic: cloudwatchtypes.StatisticMaximum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(3), DatapointsToAlarm: aws.Int32(2),
			Threshold: aws.Float64(5e5), ComparisonOperator: cloudwatchtypes.ComparisonOperatorGreaterThanThreshold, TreatMissingData: aws.String("notBreaching"),
			Dimensions: []cloudwatchtypes.Dimension{{Name: aws.String("EndpointName"), Value: &name}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	read, err := s.Read(ctx, name, "blue")
	if err != nil || len(read) != 1 || len(read[0].Policies) != 2 || read[0].Policies[0].ARN != arn || read[0].Policies[0].Step == nil {
		t.Fatalf("got %+v, %v", read, err)
	}
	step := *read[0].Policies[0].Step
	if want := (migrate.Step{AdjustmentType: "PercentChangeInCapacity", Cooldown: new(time.Minute), MinAdjustment: new(2),
		Adjustments: []migrate.Adjustment{{Lower: new(0.0), Adjustment: 50}}}); !reflect.DeepEqual(step, want) {
		t.Errorf("got step %+v, want %+v", step, want)
	}
	got, err := s.alarms.Calling(ctx, arn)
	want := []migrate.Alarm{{
		Name: name + "-slow", Enabled: true, Actions: []string{arn}, Threshold: new(5e5), Comparison: "GreaterThanThreshold",
		Periods: 3, Datapoints: 2, MissingData: "notBreaching",
		Queries: []migrate.Query{{Returned: true, Period: time.Minute, Metric: &migrate.Metric{
			Namespace: "AWS/SageMaker", Name: "ModelLatency", Statistic: "Maximum", Dimensions: map[string]string{"EndpointName": name},
		}}},
	}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v, %v\nwant\n%+v", got, err, want)
	}
}

func suspends(ctx context.Context, t *testing.T, s registrationsSubject, name string) {
	s.register(ctx, t, name)
	for _, state := range []migrate.Suspension{{In: true, Out: true, Scheduled: true}, {Out: true}, {}} {
		if err := s.Suspend(ctx, name, "blue", state); err != nil {
			t.Fatal(err)
		}
		got, found, err := s.Find(ctx, name, "blue")
		if err != nil || !found || got.Suspended != state || got.Min != 1 || got.Max != 4 {
			t.Errorf("got %+v, %v, %v, want %+v and the limits", got, found, err, state)
		}
		conflict, err := s.scalers.Conflict(ctx, name, "blue")
		if err != nil || (conflict == "") != state.Whole() {
			t.Errorf("%+v: conflict %q, %v", state, conflict, err)
		}
	}
}
