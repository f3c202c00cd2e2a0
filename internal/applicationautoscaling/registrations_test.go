package applicationautoscaling_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	sdk "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"

	"sagescale/internal/applicationautoscaling"
	"sagescale/internal/migrate"
)

// service is Application Auto Scaling's API on this machine: it gives the answers to each
// operation in their order, the last one from then on, and keeps the requests.
type service struct {
	t        *testing.T
	answers  map[string][]answer
	requests map[string][]object
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	body, _ := io.ReadAll(r.Body)
	request := object{}
	if err := json.Unmarshal(body, &request); err != nil {
		s.t.Errorf("%s: %v: %s", operation, err, body)
	}
	s.requests[operation] = append(s.requests[operation], request)
	all := s.answers[operation]
	if len(all) == 0 {
		s.t.Errorf("%s is called: %s", operation, body)
		all = []answer{{http.StatusBadRequest, object{}}}
	}
	a := all[min(len(s.requests[operation]), len(all))-1]
	text, err := json.Marshal(a.body)
	if err != nil {
		s.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(a.code)
	_, _ = w.Write(text) // a client that is gone is part of some tests
}

// serving returns the adapter on the SDK's client for a service that gives answers.
func serving(t *testing.T, answers map[string][]answer) (*applicationautoscaling.Registrations, *service) {
	t.Helper()
	s := &service{t: t, answers: answers, requests: map[string][]object{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return applicationautoscaling.NewRegistrations(sdk.New(sdk.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), Retryer: retry.AddWithMaxAttempts(retry.NewStandard(), 1),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})), s
}

// ok answers with a body.
func ok(body object) answer { return answer{http.StatusOK, body} }

// every is a registration with one of everything, in pages.
func every() map[string][]answer {
	stat := func(name string) object {
		return object{"Metric": object{"Namespace": "N", "MetricName": name, "Dimensions": []any{object{"Name": "a", "Value": "b"}}}, "Stat": "Sum", "Unit": "Count"}
	}
	return map[string][]answer{
		"DescribeScalableTargets": {
			page("more", target(object{"ResourceId": "endpoint/chat-llm/variant/Shadow", "MinCapacity": 0, "SuspendedState": nil}), target(object{"ResourceId": "endpoint/other/variant/AllTraffic"})),
			page("", target(object{"SuspendedState": suspension(true, false, true)})),
		},
		"DescribeScalingPolicies": {
			ok(object{"NextToken": "p2", "ScalingPolicies": []any{
				object{"PolicyName": "z", "PolicyARN": "arn:z", "PolicyType": "StepScaling", "StepScalingPolicyConfiguration": object{
					"AdjustmentType": "PercentChangeInCapacity", "Cooldown": 60, "MetricAggregationType": "Maximum", "MinAdjustmentMagnitude": 2,
					"StepAdjustments": []any{object{"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10.5, "ScalingAdjustment": 10}, object{"MetricIntervalLowerBound": 10.5, "ScalingAdjustment": -30}},
				}},
				object{"PolicyName": "y", "PolicyARN": "arn:y", "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": object{
					"TargetValue": 700, "ScaleInCooldown": 0, "ScaleOutCooldown": 90, "DisableScaleIn": true,
					"PredefinedMetricSpecification": object{"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
				}},
			}}),
			ok(object{"ScalingPolicies": []any{
				object{"PolicyName": "x", "PolicyARN": "arn:x", "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": object{
					"TargetValue": 50.5, "CustomizedMetricSpecification": object{"Namespace": "N", "MetricName": "M", "Statistic": "Average", "Unit": "Percent",
						"Dimensions": []any{object{"Name": "a", "Value": "b"}}},
				}},
				object{"PolicyName": "w", "PolicyARN": "arn:w", "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": object{
					"TargetValue": 5, "CustomizedMetricSpecification": object{"Metrics": []any{
						object{"Id": "m", "MetricStat": stat("M"), "ReturnData": false}, object{"Id": "e", "Expression": "m / 2", "Label": "l"},
					}},
				}},
			}}),
			ok(object{"ScalingPolicies": []any{object{"PolicyName": "v", "PolicyType": "PredictiveScaling"}}}),
		},
		"DescribeScheduledActions": {
			ok(object{"ScheduledActions": []any{object{
				"ScheduledActionName": "b", "Schedule": "rate(1 day)", "Timezone": "Europe/Paris", "StartTime": 1795428000, "EndTime": 1795428000.5,
				"ScalableTargetAction": object{"MinCapacity": 0, "MaxCapacity": 9},
			}}, "NextToken": "a2"}),
			ok(object{"ScheduledActions": []any{object{"ScheduledActionName": "a", "Schedule": "at(2026-12-01T08:00:00)"}}}),
			ok(object{}),
		},
	}
}

func TestRead(t *testing.T) {
	registrations, s := serving(t, every())
	got, err := registrations.Read(bounded(t), "chat-llm", "AllTraffic", "Shadow")
	if err != nil {
		t.Fatal(err)
	}
	metric := &migrate.Metric{Namespace: "N", Name: "M", Statistic: "Average", Unit: "Percent", Dimensions: map[string]string{"a": "b"}}
	counted := &migrate.Metric{Namespace: "N", Name: "M", Statistic: "Sum", Unit: "Count", Dimensions: map[string]string{"a": "b"}}
	at := time.Unix(1795428000, 0).UTC()
	want := []migrate.Registered{{
		Endpoint: "chat-llm", Variant: "AllTraffic", Min: 1, Max: 4, Suspended: migrate.Suspension{In: true, Scheduled: true},
		Policies: []migrate.Policy{
			{Name: "w", ARN: "arn:w", Kind: migrate.TargetTracking, Tracking: &migrate.Tracking{TargetValue: 5, Queries: []migrate.Query{
				{ID: "m", Metric: counted}, {ID: "e", Expression: "m / 2", Returned: true},
			}}},
			{Name: "x", ARN: "arn:x", Kind: migrate.TargetTracking, Tracking: &migrate.Tracking{TargetValue: 50.5, Queries: []migrate.Query{{Metric: metric, Returned: true}}}},
			{Name: "y", ARN: "arn:y", Kind: migrate.TargetTracking, Tracking: &migrate.Tracking{
				TargetValue: 700, Predefined: "SageMakerVariantInvocationsPerInstance",
				ScaleInCooldown: new(time.Duration(0)), ScaleOutCooldown: new(90 * time.Second), DisableScaleIn: true,
			}},
			{Name: "z", ARN: "arn:z", Kind: migrate.StepScaling, Step: &migrate.Step{
				AdjustmentType: "PercentChangeInCapacity", Aggregation: "Maximum", MinAdjustment: new(2), Cooldown: new(time.Minute),
				Adjustments: []migrate.Adjustment{{Lower: new(0.0), Upper: new(10.5), Adjustment: 10}, {Lower: new(10.5), Adjustment: -30}},
			}},
		},
		Actions: []migrate.Action{
			{Name: "a", Schedule: "at(2026-12-01T08:00:00)"},
			{Name: "b", Schedule: "rate(1 day)", Timezone: "Europe/Paris", Start: new(at), End: new(at.Add(500 * time.Millisecond)), Min: new(0), Max: new(9)},
		},
	}, {Endpoint: "chat-llm", Variant: "Shadow", Max: 4, Policies: []migrate.Policy{{Name: "v", Kind: "PredictiveScaling"}}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	both := []any{resource, "endpoint/chat-llm/variant/Shadow"}
	asked := object{"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
	with := func(key string, value any, token string) object {
		out := object{key: value, "ServiceNamespace": asked["ServiceNamespace"], "ScalableDimension": asked["ScalableDimension"]}
		if token != "" {
			out["NextToken"] = token
		}
		return out
	}
	if want := map[string][]object{
		"DescribeScalableTargets":  {with("ResourceIds", both, ""), with("ResourceIds", both, "more")},
		"DescribeScalingPolicies":  {with("ResourceId", resource, ""), with("ResourceId", resource, "p2"), with("ResourceId", both[1], "")},
		"DescribeScheduledActions": {with("ResourceId", resource, ""), with("ResourceId", resource, "a2"), with("ResourceId", both[1], "")},
	}; !reflect.DeepEqual(s.requests, want) {
		t.Errorf("requests\n%v\nwant\n%v", s.requests, want)
	}
}

// Of what is not registered nothing more is asked.
func TestReadNothing(t *testing.T) {
	registrations, s := serving(t, map[string][]answer{"DescribeScalableTargets": {page("")}})
	got, err := registrations.Read(bounded(t), "chat-llm", "AllTraffic")
	if err != nil || len(got) != 0 || len(s.requests) != 1 {
		t.Errorf("got %v, %v, calls %v", got, err, s.requests)
	}
	if _, ok, err := registrations.Find(bounded(t), "chat-llm", "AllTraffic"); ok || err != nil {
		t.Errorf("found: %v, %v", ok, err)
	}
}

func TestFind(t *testing.T) {
	registrations, _ := serving(t, map[string][]answer{"DescribeScalableTargets": {page("", target(object{"SuspendedState": suspension(true, true, true)}))}})
	got, ok, err := registrations.Find(bounded(t), "chat-llm", "AllTraffic")
	want := migrate.Registered{Endpoint: "chat-llm", Variant: "AllTraffic", Min: 1, Max: 4, Suspended: migrate.Suspension{In: true, Out: true, Scheduled: true}}
	if err != nil || !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, %v", got, ok, err)
	}
}

// To suspend says nothing of limits, so that they stay.
func TestSuspend(t *testing.T) {
	registrations, s := serving(t, map[string][]answer{"RegisterScalableTarget": {ok(object{"ScalableTargetARN": "arn"})}})
	if err := registrations.Suspend(bounded(t), "chat-llm", "AllTraffic", migrate.Suspension{In: true, Scheduled: true}); err != nil {
		t.Fatal(err)
	}
	want := []object{{
		"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount", "ResourceId": resource,
		"SuspendedState": map[string]any{"DynamicScalingInSuspended": true, "DynamicScalingOutSuspended": false, "ScheduledScalingSuspended": true},
	}}
	if got := s.requests["RegisterScalableTarget"]; !reflect.DeepEqual(got, want) {
		t.Errorf("asked %v, want %v", got, want)
	}
}

// An error of any call is one of the whole, and names the call.
func TestRegistrationsFail(t *testing.T) {
	for _, operation := range []string{"DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScheduledActions"} {
		for kind, broken := range map[string]answer{
			"AccessDeniedException": fault(400, "AccessDeniedException"),
			"too many pages":        ok(object{"NextToken": "again"}),
		} {
			answers := every()
			answers[operation] = []answer{broken}
			registrations, s := serving(t, answers)
			got, err := registrations.Read(bounded(t), "chat-llm", "AllTraffic", "Shadow")
			if got != nil || err == nil || !strings.HasPrefix(err.Error(), "call "+operation+": ") || !strings.Contains(err.Error(), kind) {
				t.Errorf("%s, %s: got %v, %v", operation, kind, got, err)
			}
			if n := len(s.requests[operation]); n > 40 {
				t.Errorf("%d calls of %s", n, operation)
			}
		}
	}
	registrations, _ := serving(t, map[string][]answer{"RegisterScalableTarget": {fault(400, "ValidationException")}})
	if err := registrations.Suspend(bounded(t), "a", "b", migrate.Suspension{}); err == nil || !strings.HasPrefix(err.Error(), "call RegisterScalableTarget: ") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(bounded(t))
	cancel()
	if _, _, err := registrations.Find(ctx, "a", "b"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
