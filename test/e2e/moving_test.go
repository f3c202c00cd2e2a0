//go:build e2e

package e2e

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// registered is a variant as Application Auto Scaling has it, which moto stands in for.
type registered struct {
	client   *applicationautoscaling.Client
	resource *string
}

// register registers the variant of an endpoint with Application Auto Scaling.
func (s *stage) register(t *testing.T, endpoint string) registered {
	t.Helper()
	r := registered{
		client: applicationautoscaling.NewFromConfig(s.account.AWSConfig(), func(o *applicationautoscaling.Options) {
			o.BaseEndpoint = &s.account.SageMakerEndpoint
		}),
		resource: aws.String("endpoint/" + endpoint + "/variant/AllTraffic"),
	}
	_, err := r.client.RegisterScalableTarget(t.Context(), &applicationautoscaling.RegisterScalableTargetInput{
		ServiceNamespace: aastypes.ServiceNamespaceSagemaker, ScalableDimension: aastypes.ScalableDimensionSageMakerVariantDesiredInstanceCount,
		ResourceId: r.resource, MinCapacity: aws.Int32(1), MaxCapacity: aws.Int32(4),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// deregister takes the variant out of Application Auto Scaling, with what it has there.
func (r registered) deregister(t *testing.T) {
	t.Helper()
	_, err := r.client.DeregisterScalableTarget(t.Context(), &applicationautoscaling.DeregisterScalableTargetInput{
		ServiceNamespace: aastypes.ServiceNamespaceSagemaker, ScalableDimension: aastypes.ScalableDimensionSageMakerVariantDesiredInstanceCount,
		ResourceId: r.resource,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// tracks gives the variant a target tracking policy and a scheduled action there.
func (r registered) tracks(t *testing.T, target float64) {
	t.Helper()
	_, err := r.client.PutScalingPolicy(t.Context(), &applicationautoscaling.PutScalingPolicyInput{
		PolicyName: aws.String("requests"), PolicyType: aastypes.PolicyTypeTargetTrackingScaling,
		ServiceNamespace: aastypes.ServiceNamespaceSagemaker, ScalableDimension: aastypes.ScalableDimensionSageMakerVariantDesiredInstanceCount,
		ResourceId: r.resource,
		TargetTrackingScalingPolicyConfiguration: &aastypes.TargetTrackingScalingPolicyConfiguration{
			TargetValue: &target, ScaleInCooldown: aws.Int32(600),
			PredefinedMetricSpecification: &aastypes.PredefinedMetricSpecification{
				PredefinedMetricType: aastypes.MetricTypeSageMakerVariantInvocationsPerInstance,
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.client.PutScheduledAction(t.Context(), &applicationautoscaling.PutScheduledActionInput{
		ScheduledActionName: aws.String("office-hours"), Schedule: aws.String("cron(0 8 ? * MON-FRI *)"), Timezone: aws.String("Europe/Paris"),
		ServiceNamespace: aastypes.ServiceNamespaceSagemaker, ScalableDimension: aastypes.ScalableDimensionSageMakerVariantDesiredInstanceCount,
		ResourceId: r.resource, ScalableTargetAction: &aastypes.ScalableTargetAction{MinCapacity: aws.Int32(2), MaxCapacity: aws.Int32(4)},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// movesOver has a team that uses Application Auto Scaling write the equal policy, try it
// on the load that the endpoint had, hand over, and go back.
func (s *stage) movesOver(t *testing.T) {
	target := ahead + "/AllTraffic"
	r := s.register(t, ahead)
	defer r.deregister(t)
	r.tracks(t, 600)
	file := filepath.Join(s.dir, "imported.yaml")
	s.says(t, 0, []string{
		target + ": limits 1 to 4, 1 tracked metric, 1 scheduled action", "The policy is in " + file, "application-auto-scaling",
	}, "import", target, "--out", file, "--backtest", "--days", "1", "--instance-capacity", "1000")
	s.says(t, 0, []string{"valid: 1 target"}, "validate", file)
	s.says(t, 0, []string{"Suspend all scaling of it in Application Auto Scaling: to do", "Nothing was changed."}, "hand-over", target)
	s.says(t, 0, []string{"Suspend all scaling of it in Application Auto Scaling: done", "It is done."}, "hand-over", target, "--yes")
	s.says(t, 0, []string{
		"Resume all scaling of it in Application Auto Scaling: done", "every change that sagescale would make is refused with ScalingConflict",
	}, "hand-over", target, "--back", "--yes")
}

// findsFaults plants three faults in a deployment and has doctor find them: an emergency
// stop that was forgotten, another scaler, and a tick that somebody has switched off.
func (s *stage) findsFaults(t *testing.T) {
	functions := lambda.NewFromConfig(s.account.AWSConfig())
	stopped := aws.String(s.output(t, "SettleFunction"))
	_, err := functions.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{
		FunctionName: stopped, ReservedConcurrentExecutions: aws.Int32(0),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if _, err := functions.DeleteFunctionConcurrency(context.WithoutCancel(t.Context()), &lambda.DeleteFunctionConcurrencyInput{FunctionName: stopped}); err != nil {
			t.Error(err)
		}
	}()
	defer s.register(t, bySchedule).deregister(t)
	tick := map[string]any{"Name": s.tickRule(t)}
	if err := s.account.Call(t.Context(), "events", "AWSEvents.DisableRule", tick, nil); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.account.Call(context.WithoutCancel(t.Context()), "events", "AWSEvents.EnableRule", tick, nil); err != nil {
			t.Error(err)
		}
	}()
	s.says(t, 1, []string{
		"its reserved concurrency is 0", "Application Auto Scaling scales the variant too", "TickRule is disabled",
	}, "doctor")
}

// tickRule is the name of the rule that wakes the schedule function.
func (s *stage) tickRule(t *testing.T) string {
	t.Helper()
	var out struct {
		Rules []struct{ Name string }
	}
	if err := s.account.Call(t.Context(), "events", "AWSEvents.ListRules", map[string]any{}, &out); err != nil {
		t.Fatal(err)
	}
	for _, r := range out.Rules {
		if strings.HasPrefix(r.Name, stack+"-TickRule") {
			return r.Name
		}
	}
	t.Fatalf("no rule ticks: %+v", out.Rules)
	return ""
}
