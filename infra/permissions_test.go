package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// roleActions are the actions that each role may take, and the only ones.
func roleActions() map[string][]string {
	every := []string{
		"dynamodb:PutItem", "dynamodb:Query", "logs:CreateLogStream", "logs:PutLogEvents",
		"sagemaker:DescribeEndpoint", "sqs:SendMessage",
	}
	evaluating := append(slices.Clone(every), noResources()...)
	evaluating = append(evaluating, "sagemaker:UpdateEndpointWeightsAndCapacities")
	slices.Sort(evaluating)
	return map[string][]string{
		"ScheduleRole":  evaluating,
		"AlarmRole":     evaluating,
		"SettleRole":    every,
		"SchedulesRole": {"lambda:InvokeFunction", "sqs:SendMessage"},
	}
}

// noResources are the actions that IAM accepts on * only.
func noResources() []string {
	return []string{"application-autoscaling:DescribeScalableTargets", "cloudwatch:GetMetricData"}
}

// statement is one statement of the inline policies of a role.
type statement struct {
	actions   []string
	resources []string
	condition any
}

// roles returns the statements of every role by its construct's name.
func roles(tb testing.TB, a assembly) map[string][]statement {
	tb.Helper()
	all := map[string][]statement{}
	for _, id := range a.ids("AWS::IAM::Role") {
		properties := a.Resources[id].Properties
		name := id[:len(id)-8] // without the hash
		for _, document := range list(properties["Policies"]) {
			for _, s := range list(dig(document, "PolicyDocument", "Statement")) {
				if dig(s, "Effect") != "Allow" || dig(s, "NotAction") != nil || dig(s, "NotResource") != nil {
					tb.Errorf("role %s: statement is no plain permission: %v", name, s)
				}
				all[name] = append(all[name], statement{flats(dig(s, "Action")), flats(dig(s, "Resource")), dig(s, "Condition")})
			}
		}
	}
	return all
}

func TestRoles(t *testing.T) {
	a := standard(t)
	expected := roleActions()
	got := roles(t, a)
	if g, w := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(expected)); !slices.Equal(g, w) {
		t.Fatalf("roles %v, want %v", g, w)
	}
	for name, statements := range got {
		var actions []string
		for _, s := range statements {
			actions = append(actions, s.actions...)
		}
		slices.Sort(actions)
		if actions = slices.Compact(actions); !slices.Equal(actions, expected[name]) {
			t.Errorf("role %s may %v, want %v", name, actions, expected[name])
		}
	}
	if other := a.ids("AWS::IAM::Policy"); other != nil {
		t.Errorf("policies beside those in the roles: %v", other)
	}
	for _, role := range a.all("AWS::IAM::Role") {
		want(t, "role", role, nil, "ManagedPolicyArns")
	}
}

// The permissions that name no resource are those that cannot, and the suppression
// gives the reason for each.
func TestWildcards(t *testing.T) {
	a := standard(t)
	for name, statements := range roles(t, a) {
		var wild []string
		for _, s := range statements {
			if strings.Contains(strings.Join(s.actions, " "), "*") {
				t.Errorf("role %s: action with a wildcard: %v", name, s.actions)
			}
			if strings.Contains(strings.Join(s.resources, " "), "*") {
				wild = append(wild, s.actions...)
			}
		}
		slices.Sort(wild)
		if wild != nil && !slices.Equal(wild, noResources()) {
			t.Errorf("role %s: %v on *, want %v", name, wild, noResources())
		}
		for _, action := range wild {
			if why := reasons(a, name); !strings.Contains(why, action+" ") {
				t.Errorf("role %s: %s on * without a reason: %q", name, action, why)
			}
		}
	}
}

// reasons returns the reasons of the suppressions of a role.
func reasons(a assembly, role string) string {
	var all []string
	for _, id := range a.ids("AWS::IAM::Role") {
		for _, s := range list(dig(a.Resources[id].Metadata, "cdk_nag", "rules_to_suppress")) {
			if strings.HasPrefix(id, role) {
				all = append(all, flat(dig(s, "reason")))
			}
		}
	}
	return strings.Join(all, " ")
}

// Endpoints are named as users write them and as SageMaker does; one whose
// targets are all dry runs cannot be changed.
func TestEndpointPermissions(t *testing.T) {
	const prefix = "arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:endpoint/"
	expected := map[string][]string{
		"sagemaker:DescribeEndpoint":                   {prefix + "Chat-LLM", prefix + "chat-llm", prefix + "chatllm"},
		"sagemaker:UpdateEndpointWeightsAndCapacities": {prefix + "Chat-LLM", prefix + "chat-llm"},
	}
	for name, statements := range roles(t, standard(t)) {
		for _, s := range statements {
			for _, action := range s.actions {
				if w, ok := expected[action]; ok && !slices.Equal(s.resources, w) {
					t.Errorf("role %s: %s on %v, want %v", name, action, s.resources, w)
				}
			}
		}
	}
}

// The state is read and written by the keys of the endpoints of the policy file
// alone: a statement without the condition would reach those of others.
func TestStatePermissions(t *testing.T) {
	for name, statements := range roles(t, standard(t)) {
		for _, s := range statements {
			if strings.Contains(strings.Join(s.actions, " "), "dynamodb:") {
				want(t, name, s.condition, "[Chat-LLM chatllm]", "ForAllValues:StringEquals", "dynamodb:LeadingKeys")
			}
		}
	}
}

// Only Lambda takes the roles of functions, only this stack's schedules theirs.
func TestTrust(t *testing.T) {
	a := standard(t)
	for _, id := range a.ids("AWS::IAM::Role") {
		trust := list(dig(a.Resources[id].Properties, "AssumeRolePolicyDocument", "Statement"))
		if len(trust) != 1 {
			t.Fatalf("role %s: %d statements of trust, want 1", id, len(trust))
		}
		if !strings.HasPrefix(id, "SchedulesRole") {
			want(t, id, trust[0], "lambda.amazonaws.com", "Principal", "Service")
			continue
		}
		want(t, id, trust[0], "scheduler.amazonaws.com", "Principal", "Service")
		want(t, id, flat(dig(trust[0], "Condition", "StringEquals", "aws:SourceArn")), "${Schedules.Arn}")
		want(t, id, flat(dig(trust[0], "Condition", "StringEquals", "aws:SourceAccount")), "${AWS::AccountId}")
	}
}
