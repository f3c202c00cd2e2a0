package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

// registrar is an account in which variants are registered with Application Auto Scaling:
// what it is asked is answered on this machine, and a suspension is kept.
type registrar struct {
	*deployed

	targets  []map[string]any
	policies []map[string]any
	actions  []map[string]any
	alarms   []cbor.Map
	stubborn bool // a suspension has no effect
	failing  string
}

// blue is the resource of chat-llm's variant.
const blue = "endpoint/chat-llm/variant/AllTraffic"

// registeredChat is chat registered with limits of 1 to 8.
func registeredChat(load float64) *registrar {
	a := chat(tracked, load)
	a.logs = ticked(time.Minute, "")
	return &registrar{deployed: a, targets: []map[string]any{{
		"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
		"ResourceId": blue, "MinCapacity": 1, "MaxCapacity": 8, "SuspendedState": suspension(false, false, false),
	}}}
}

func suspension(in, out, scheduled bool) map[string]any {
	return map[string]any{"DynamicScalingInSuspended": in, "DynamicScalingOutSuspended": out, "ScheduledScalingSuspended": scheduled}
}

// requestsPolicy tracks requests.
func requestsPolicy(target float64) map[string]any {
	return map[string]any{"PolicyName": "requests", "PolicyARN": "arn:requests", "PolicyType": "TargetTrackingScaling", "ResourceId": blue,
		"TargetTrackingScalingPolicyConfiguration": map[string]any{
			"TargetValue": target, "ScaleInCooldown": 600,
			"PredefinedMetricSpecification": map[string]any{"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
		}}
}

// slowPolicy adds instances by steps, when alarm slow calls it.
func slowPolicy() map[string]any {
	return map[string]any{"PolicyName": "slow", "PolicyARN": "arn:slow", "PolicyType": "StepScaling", "ResourceId": blue,
		"StepScalingPolicyConfiguration": map[string]any{"AdjustmentType": "ChangeInCapacity", "Cooldown": 120, "StepAdjustments": []any{
			map[string]any{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 2},
		}}}
}

func slowAlarm(statistic string) cbor.Map {
	dimension := func(name, value string) cbor.Map {
		return cbor.Map{"Name": cbor.String(name), "Value": cbor.String(value)}
	}
	return cbor.Map{
		"AlarmName": cbor.String("slow"), "ActionsEnabled": cbor.Bool(true), "AlarmActions": cbor.List{cbor.String("arn:slow")},
		"Namespace": cbor.String("AWS/SageMaker"), "MetricName": cbor.String("ModelLatency"), "ExtendedStatistic": cbor.String(statistic),
		"Dimensions": cbor.List{dimension("EndpointName", "chat-llm"), dimension("VariantName", "AllTraffic")},
		"Period":     cbor.Uint(60), "EvaluationPeriods": cbor.Uint(2), "Threshold": cbor.Float64(5e5), "ComparisonOperator": cbor.String("GreaterThanThreshold"),
	}
}

// use makes the account that of the environment.
func (a *registrar) use(t *testing.T) {
	t.Helper()
	a.deployed.use(t)
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
}

func (a *registrar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	operation := a.operation(r, body)
	if operation == a.failing {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type": "ValidationException", "message": "not \u001b[31mtoday"}`)
		return
	}
	if operation == a.denies {
		a.deny(w, r)
		return
	}
	var request struct {
		ResourceID     string `json:"ResourceId"`
		ResourceIds    []string
		SuspendedState map[string]any
	}
	switch operation {
	case "DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScheduledActions", "RegisterScalableTarget":
		a.read(body, &request)
	}
	switch operation {
	case "DescribeScalableTargets":
		a.write(w, map[string]any{"ScalableTargets": of(a.targets, request.ResourceIds...)})
	case "DescribeScalingPolicies":
		a.write(w, map[string]any{"ScalingPolicies": of(a.policies, request.ResourceID)})
	case "DescribeScheduledActions":
		a.write(w, map[string]any{"ScheduledActions": of(a.actions, request.ResourceID)})
	case "RegisterScalableTarget":
		a.suspend(body, request.ResourceID, request.SuspendedState)
		a.write(w, map[string]any{"ScalableTargetARN": "arn"})
	case "DescribeAlarms":
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		all := cbor.List{}
		for _, alarm := range a.alarms {
			all = append(all, alarm)
		}
		_, _ = w.Write(cbor.Encode(cbor.Map{"MetricAlarms": all}))
	default:
		a.deployed.ServeHTTP(w, r)
		return
	}
	a.asked = append(a.asked, operation)
}

// deny refuses by the protocol of the request.
func (a *registrar) deny(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/service/") {
		a.deployed.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	w.Header().Set("Content-Type", "application/cbor")
	w.WriteHeader(http.StatusForbidden)
	_, _ = w.Write(cbor.Encode(cbor.Map{"__type": cbor.String("AccessDenied"), "message": cbor.String("not authorized")}))
}

// suspend keeps a suspension, and checks that nothing else is asked for.
func (a *registrar) suspend(body []byte, resource string, state map[string]any) {
	var fields map[string]any
	if err := json.Unmarshal(body, &fields); err != nil || len(fields) != 4 {
		a.t.Errorf("RegisterScalableTarget is asked for more than a suspension: %s", body)
	}
	for _, target := range of(a.targets, resource) {
		if !a.stubborn {
			target["SuspendedState"] = state
		}
	}
}

// of are those of resources.
func of(all []map[string]any, resources ...string) []map[string]any {
	out := []map[string]any{}
	for _, x := range all {
		for _, name := range resources {
			if x["ResourceId"] == name {
				out = append(out, x)
			}
		}
	}
	return out
}
