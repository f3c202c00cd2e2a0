package main

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"

	"sagescale/internal/config"
	"sagescale/internal/policy"
)

// permissions is all that a function may do. SageMaker knows no condition on
// the number of instances, so what a function may set is bounded by code; which
// endpoint it may touch at all is bounded here. Where all targets of an endpoint
// are dry runs, its capacity cannot be changed.
func (s *stack) permissions(f function, logs awslogs.LogGroup) awsiam.PolicyDocument {
	document := awsiam.NewPolicyDocument(nil)
	document.AddStatements(
		allow(texts("logs:CreateLogStream", "logs:PutLogEvents"), logs.LogGroupArn()),
		allow(texts("sqs:SendMessage"), s.deadLetters.QueueArn()),
		s.allowState(),
		allow(texts("sagemaker:DescribeEndpoint"), s.endpointARNs(allTargets)...),
		s.allowEvents(),
	)
	if !f.evaluates {
		return document
	}
	document.AddStatements(allow(texts("cloudwatch:GetMetricData"), text("*")))
	if arns := s.endpointARNs(actingTargets); len(arns) > 0 {
		document.AddStatements(
			allow(texts("sagemaker:UpdateEndpointWeightsAndCapacities"), arns...),
			// Before a change it is asked who else makes changes.
			allow(texts("application-autoscaling:DescribeScalableTargets"), text("*")),
		)
	}
	return document
}

// wildcards says why a function that evaluates has permissions on *.
func (s *stack) wildcards() string {
	why := "cloudwatch:GetMetricData reads metrics, which have no ARN: IAM accepts it on * only."
	if len(endpoints(s.settings.Policy, actingTargets)) > 0 {
		why += " application-autoscaling:DescribeScalableTargets knows no resources: IAM accepts it on * only."
	}
	return why
}

// allowState permits to read and write the items of the endpoints of the policy
// file, and of no others.
func (s *stack) allowState() awsiam.PolicyStatement {
	statement := allow(texts("dynamodb:Query", "dynamodb:PutItem"), s.table.TableArn())
	statement.AddCondition(text("ForAllValues:StringEquals"), map[string]any{
		"dynamodb:LeadingKeys": endpoints(s.settings.Policy, allTargets),
	})
	return statement
}

// allowEvents permits to put events of our own source on the default bus, and no others:
// many a rule believes an event by its source. A call may have several entries, so the key
// has several values, and all must be ours. An entry without a source EventBridge refuses.
func (s *stack) allowEvents() awsiam.PolicyStatement {
	statement := allow(texts("events:PutEvents"), s.arn("events", "event-bus/default"))
	statement.AddCondition(text("ForAllValues:StringEquals"), map[string]any{"events:source": config.EventSource})
	return statement
}

// endpointARNs returns the ARNs of the endpoints with a target of that kind.
func (s *stack) endpointARNs(kind func(policy.Target) bool) []*string {
	var arns []*string
	for _, name := range spellings(endpoints(s.settings.Policy, kind)) {
		arns = append(arns, s.arn("sagemaker", "endpoint/"+name))
	}
	return arns
}

// arn returns the ARN of a resource of this account and Region.
func (s *stack) arn(service, resource string) *string {
	parts := []string{"arn", *s.scope.Partition(), service, *s.scope.Region(), *s.scope.Account(), resource}
	return text(strings.Join(parts, ":"))
}

func allow(actions *[]*string, resources ...*string) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:   actions,
		Resources: &resources,
	})
}
