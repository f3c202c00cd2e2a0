package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sagescale/infra/bundle"
	"sagescale/internal/policy"
)

// excesses says what a template permits beyond what it must.
func excesses(tb testing.TB, a assembly) []string {
	tb.Helper()
	all := slices.Concat(strangeKinds(a), strangeInvokers(tb, a), strangeSenders(a), strangePublishers(a), strangeUsers(a), strangeTrust(a))
	for name, statements := range roles(tb, a) {
		for _, s := range statements {
			for _, action := range s.actions {
				if why := excess(a, s, action); why != "" {
					all = append(all, fmt.Sprintf("role %s: %s on %v: %s", name, action, s.resources, why))
				}
			}
		}
	}
	return all
}

// excess says what is wrong with the permission of one action, if anything is.
// Endpoints are named as users write them and as SageMaker does; one whose targets
// are all dry runs cannot be changed. The state is read and written by the keys of
// the endpoints of the policy file alone.
func excess(a assembly, s statement, action string) string {
	const prefix = "arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:endpoint/"
	endpoints := map[string][]string{
		"sagemaker:DescribeEndpoint":                   {prefix + "Chat-LLM", prefix + "chat-llm", prefix + "chatllm"},
		"sagemaker:UpdateEndpointWeightsAndCapacities": {prefix + "Chat-LLM", prefix + "chat-llm"},
	}
	service, _, _ := strings.Cut(action, ":")
	switch {
	case strings.Contains(action, "*"):
		return "the action has a wildcard"
	case slices.Contains(noResources(), action):
		return unless(slices.Equal(s.resources, []string{"*"}), "IAM knows no resource for it")
	case strings.Contains(strings.Join(s.resources, " "), "*"):
		return "the resource has a wildcard"
	case service == "sagemaker":
		return unless(slices.Equal(s.resources, endpoints[action]), "not the endpoints that it is for")
	case service == "events":
		bus := "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default"
		ours := flat(dig(s.condition, "ForAllValues:StringEquals", "events:source")) == "sagescale"
		return unless(ours && slices.Equal(s.resources, []string{bus}), "not events of our own source on the default bus")
	case service == "dynamodb":
		keys := flats(dig(s.condition, "ForAllValues:StringEquals", "dynamodb:LeadingKeys"))
		table := "${" + a.ids("AWS::DynamoDB::Table")[0] + ".Arn}"
		return unless(slices.Equal(keys, []string{"Chat-LLM", "chatllm"}) && slices.Equal(s.resources, []string{table}), "not the items of the policy's endpoints")
	}
	return unless(len(s.resources) == 1 && strings.HasPrefix(s.resources[0], "${"), "not one resource of the stack")
}

func unless(ok bool, why string) string {
	if ok {
		return ""
	}
	return why
}

// strangeKinds lists resources of kinds that a deployment does not need: such as a URL
// of a function, a policy beside the roles, a user.
func strangeKinds(a assembly) []string {
	known := []string{
		"AWS::CDK::Metadata", "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::DynamoDB::Table",
		"AWS::Events::Rule", "AWS::IAM::Role", "AWS::KMS::Key",
		"AWS::Lambda::EventInvokeConfig", "AWS::Lambda::Function", "AWS::Lambda::Permission", "AWS::Logs::LogGroup",
		"AWS::SNS::Topic", "AWS::SNS::TopicPolicy",
		"AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "AWS::Scheduler::Schedule", "AWS::Scheduler::ScheduleGroup",
	}
	var all []string
	for id, r := range a.Resources {
		if !slices.Contains(known, r.Type) {
			all = append(all, fmt.Sprintf("%s is of the kind %s", id, r.Type))
		}
	}
	return all
}

// strangeInvokers lists who may invoke a function beside the rules of this stack, each
// of them its own function: no other account, and no service for all of its customers.
func strangeInvokers(tb testing.TB, a assembly) []string {
	tb.Helper()
	expected := map[string]string{"TickRule": bundle.Schedule, "ForecastsRule": bundle.Schedule, "AlarmsRule": bundle.Alarm, "EndpointsRule": bundle.Settle}
	var all []string
	for _, p := range a.all("AWS::Lambda::Permission") {
		rule := strings.TrimSuffix(strings.TrimPrefix(flat(p["SourceArn"]), "${"), ".Arn}")
		name, known := expected[rule]
		if !known || flat(p["FunctionName"]) != "${"+a.function(tb, name)+".Arn}" || p["Principal"] != "events.amazonaws.com" ||
			flat(p["SourceAccount"]) != "${AWS::AccountId}" || p["Action"] != "lambda:InvokeFunction" {
			all = append(all, fmt.Sprintf("may invoke a function: %v", p))
		}
	}
	return all
}

// strangeSenders lists who may use the queue of dead letters beside the rules of this
// stack, and whether it takes them in clear.
func strangeSenders(a assembly) []string {
	rules := a.ids("AWS::Events::Rule")
	for i, id := range rules {
		rules[i] = "${" + id + ".Arn}"
	}
	closed := false
	var all []string
	for _, queue := range a.all("AWS::SQS::QueuePolicy") {
		for _, s := range list(dig(queue, "PolicyDocument", "Statement")) {
			condition := dig(s, "Condition")
			from := flats(dig(condition, "ArnEquals", "aws:SourceArn"))
			slices.Sort(from)
			switch {
			case dig(s, "Effect") == "Deny":
				closed = closed || dig(condition, "Bool", "aws:SecureTransport") == "false" && flat(dig(s, "Principal", "AWS")) == "*"
			case flat(dig(s, "Principal", "Service")) != "events.amazonaws.com" || flat(dig(s, "Action")) != "sqs:SendMessage" ||
				!slices.Equal(from, rules) || flat(dig(condition, "StringEquals", "aws:SourceAccount")) != "${AWS::AccountId}":
				all = append(all, fmt.Sprintf("may use the queue: %v", s))
			}
		}
	}
	if !closed {
		all = append(all, "the queue takes messages in clear")
	}
	return all
}

// strangePublishers lists who may use the topic beside the rule of the notifications, and
// whether it takes messages in clear.
func strangePublishers(a assembly) []string {
	closed := false
	var all []string
	for _, topic := range a.all("AWS::SNS::TopicPolicy") {
		for _, s := range list(dig(topic, "PolicyDocument", "Statement")) {
			condition := dig(s, "Condition")
			switch {
			case dig(s, "Effect") == "Deny":
				closed = closed || dig(condition, "Bool", "aws:SecureTransport") == "false" && flat(dig(s, "Principal")) == "*"
			case flat(dig(s, "Principal", "Service")) != "events.amazonaws.com" || flat(dig(s, "Action")) != "sns:Publish" ||
				flat(dig(condition, "ArnEquals", "aws:SourceArn")) != "${NotificationsRule.Arn}" ||
				flat(dig(condition, "StringEquals", "aws:SourceAccount")) != "${AWS::AccountId}":
				all = append(all, fmt.Sprintf("may publish to the topic: %v", s))
			}
		}
	}
	if !closed {
		all = append(all, "the topic takes messages in clear")
	}
	return all
}

// strangeUsers lists who may use the key of the topic beside EventBridge and those to whom
// the account's own policies give it.
func strangeUsers(a assembly) []string {
	var all []string
	for _, key := range a.all("AWS::KMS::Key") {
		for _, s := range list(dig(key, "KeyPolicy", "Statement")) {
			who, actions := dig(s, "Principal"), flats(dig(s, "Action"))
			account := strings.HasSuffix(flat(dig(who, "AWS")), ":iam::${AWS::AccountId}:root")
			rule := flat(dig(who, "Service")) == "events.amazonaws.com" && slices.Equal(actions, []string{"kms:Decrypt", "kms:GenerateDataKey"})
			if !account && !rule {
				all = append(all, fmt.Sprintf("may use the key: %v", s))
			}
		}
	}
	return all
}

// strangeTrust lists the roles that somebody else can take than Lambda or, for that of
// the schedules, Scheduler for the schedules of this stack.
func strangeTrust(a assembly) []string {
	var all []string
	for _, id := range a.ids("AWS::IAM::Role") {
		properties := a.Resources[id].Properties
		trust := list(dig(properties, "AssumeRolePolicyDocument", "Statement"))
		service := flat(dig(trust[0], "Principal", "Service"))
		only := len(trust) == 1 && dig(trust[0], "Action") == "sts:AssumeRole" && properties["ManagedPolicyArns"] == nil
		if !strings.HasPrefix(id, "SchedulesRole") {
			only = only && service == "lambda.amazonaws.com"
		} else {
			equal := dig(trust[0], "Condition", "StringEquals")
			only = only && service == "scheduler.amazonaws.com" &&
				flat(dig(equal, "aws:SourceArn")) == "${Schedules.Arn}" && flat(dig(equal, "aws:SourceAccount")) == "${AWS::AccountId}"
		}
		if !only {
			all = append(all, fmt.Sprintf("role %s trusts %v", id, trust))
		}
	}
	return all
}

// Who has the credentials of a function, or may send something to the stack, can do
// what sagescale must do and nothing else. What IAM cannot bound is the capacity.
//
// Faults: H6
func TestPermissionsAreTheLeast(t *testing.T) {
	for _, e := range excesses(t, standard(t)) {
		t.Error(e)
	}
}

// Each excess is found: the test above could fail.
func TestPermissionExcessIsFound(t *testing.T) {
	const account = `"SourceAccount":{"Ref":"AWS::AccountId"}`
	const condition = `"aws:SourceAccount":{"Ref":"AWS::AccountId"}`
	for _, change := range []struct{ name, old, with, found string }{
		{"an action with a wildcard", `"sagemaker:DescribeEndpoint"`, `"sagemaker:*"`, "the action has a wildcard"},
		{"part of an action", `"dynamodb:PutItem"`, `"dynamodb:Put*"`, "the action has a wildcard"},
		{"all endpoints", `:endpoint/chat-llm"`, `:endpoint/*"`, "the resource has a wildcard"},
		{"an update of a dry run", `"sagemaker:DescribeEndpoint"`, `"sagemaker:UpdateEndpointWeightsAndCapacities"`, "not the endpoints"},
		{"another action on endpoints", `"sagemaker:DescribeEndpoint"`, `"sagemaker:DeleteEndpoint"`, "not the endpoints"},
		{"more than metrics on *", `"cloudwatch:GetMetricData"`, `"cloudwatch:SetAlarmState"`, "the resource has a wildcard"},
		{"alarms on *", `"cloudwatch:GetMetricData"`, `"cloudwatch:PutMetricAlarm"`, "the resource has a wildcard"},
		{"events of others", `"events:source":"sagescale"`, `"events:source":"aws.s3"`, "not events of our own source"},
		{"some events of others", `"ForAllValues:StringEquals":{"events:source"`, `"ForAnyValue:StringEquals":{"events:source"`, "not events of our own source"},
		{"other buses", `:event-bus/default"`, `:event-bus/theirs"`, "not events of our own source"},
		{"all buses", `:event-bus/default"`, `:event-bus/*"`, "the resource has a wildcard"},
		{"everybody's messages", `"Action":"sns:Publish","Condition"`, `"Action":"sns:Publish","Conditions"`, "may publish"},
		{"messages of other rules", `"aws:SourceArn":{"Fn::GetAtt":["NotificationsRule","Arn"]}`, `"aws:SourceArn":{"Fn::GetAtt":["TickRule","Arn"]}`, "may publish"},
		{"subscribers of everybody", `"Action":"sns:Publish","Condition"`, `"Action":["sns:Publish","sns:Subscribe"],"Condition"`, "may publish"},
		{"more of the key", `"kms:GenerateDataKey"`, `"kms:ScheduleKeyDeletion"`, "may use the key"},
		{"the key for all", `:iam::"`, `:iam::4444"`, "may use the key"},
		{"other items", `"dynamodb:LeadingKeys":["Chat-LLM","chatllm"]`, `"dynamodb:LeadingKeys":["Chat-LLM","chatllm","theirs"]`, "not the items"},
		{"all items", `"ForAllValues:StringEquals"`, `"ForAllValues:StringLike"`, "not the items"},
		{"another account's rules", account, `"SourceAccount":"444455556666"`, "may invoke"},
		{"anybody's rules", `,"SourceArn":`, `,"EventSourceToken":`, "may invoke"},
		{"everybody", `"Principal":"events.amazonaws.com"`, `"Principal":"*"`, "may invoke"},
		{"another service", `"Principal":"events.amazonaws.com"`, `"Principal":"s3.amazonaws.com"`, "may invoke"},
		{"a URL", `"Action":"lambda:InvokeFunction","FunctionName"`, `"Action":"lambda:InvokeFunctionUrl","FunctionName"`, "may invoke"},
		{"senders of another account", condition, `"aws:SourceAccount":"444455556666"`, "may use the queue"},
		{"senders without a rule", `"ArnEquals":{"aws:SourceArn"`, `"ArnLike":{"aws:SourceArn"`, "may use the queue"},
		{"a queue in clear", `"aws:SecureTransport":"false"`, `"aws:SecureTransport":"true"`, "in clear"},
		{"schedules of another account", condition, `"aws:SourceAccount":"444455556666"`, "SchedulesRole"},
		{"schedules of other groups", `"Fn::GetAtt":["Schedules","Arn"]`, `"Ref":"AWS::Partition"`, "SchedulesRole"},
		{"a role for another service", `"Service":"lambda.amazonaws.com"`, `"Service":"ec2.amazonaws.com"`, "trusts"},
		{"a managed policy", `"AssumeRolePolicyDocument"`, `"ManagedPolicyArns":["x"],"AssumeRolePolicyDocument"`, "trusts"},
		{"a public function", `"AWS::Lambda::EventInvokeConfig"`, `"AWS::Lambda::Url"`, "of the kind AWS::Lambda::Url"},
		{"a user", `"AWS::Logs::LogGroup"`, `"AWS::IAM::User"`, "of the kind AWS::IAM::User"},
		{"a queue of others", `"sqs:SendMessage","Effect":"Allow","Resource":{"Fn::GetAtt":`, `"sqs:SendMessage","Effect":"Allow","Resource":{"Fn::ImportValue":`, "not one resource of the stack"},
	} {
		t.Run(change.name, func(t *testing.T) {
			if found := excesses(t, changed(t, standard(t), change.old, change.with)); !slices.ContainsFunc(found, func(e string) bool {
				return strings.Contains(e, change.found)
			}) {
				t.Errorf("found %q, want %q", found, change.found)
			}
		})
	}
}

// changed returns a template with one text in another's place.
func changed(t *testing.T, a assembly, old, with string) assembly {
	t.Helper()
	var text bytes.Buffer
	if err := json.Compact(&text, a.text); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text.Bytes(), []byte(old)) {
		t.Fatalf("the template has no %s", old)
	}
	out := assembly{text: bytes.ReplaceAll(text.Bytes(), []byte(old), []byte(with))}
	if err := json.Unmarshal(out.text, &out.template); err != nil {
		t.Fatal(err)
	}
	return out
}

// One target that acts is enough for its endpoint to be changed; a dry run beside it
// takes that away as little as it gives it to another endpoint.
func TestPermissionsOfMixedEndpoints(t *testing.T) {
	p := &policy.Policy{Targets: []policy.Target{
		{Endpoint: "mixed", Variant: "a", DryRun: true}, {Endpoint: "mixed", Variant: "b"}, {Endpoint: "dry", DryRun: true}, {Endpoint: "live"},
	}}
	if got := endpoints(p, actingTargets); !slices.Equal(got, []string{"live", "mixed"}) {
		t.Errorf("may change %v", got)
	}
}
