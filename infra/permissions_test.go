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
		"dynamodb:PutItem", "dynamodb:Query", "events:PutEvents", "logs:CreateLogStream", "logs:PutLogEvents",
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

// Each role may do what it needs, by name, and nothing else: to set the state of an
// alarm, to scan the table or to delete from it are not among it.
//
// Faults: H6
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

// Each permission on * has its reason in the suppression of the finding.
//
// Faults: H6
func TestWildcardsHaveReasons(t *testing.T) {
	a := standard(t)
	for name, statements := range roles(t, a) {
		for _, s := range statements {
			for _, action := range s.actions {
				if why := reasons(a, name); slices.Contains(s.resources, "*") && !strings.Contains(why, action+" ") {
					t.Errorf("role %s: %s on * without a reason: %q", name, action, why)
				}
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
