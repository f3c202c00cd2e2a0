package main

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"
)

// addDeadLetters declares the queue of everything that could not be delivered or
// handled, kept as long as SQS keeps anything: for people to read, never to be
// replayed, because an old event is worth nothing.
func (s *stack) addDeadLetters() {
	s.deadLetters = awssqs.NewQueue(s.scope, text("DeadLetters"), &awssqs.QueueProps{
		Encryption:      awssqs.QueueEncryption_SQS_MANAGED,
		EnforceSSL:      jsii.Bool(true),
		RetentionPeriod: duration(14 * 24 * time.Hour),
	})
	suppress(s.deadLetters, "AwsSolutions-SQS3", "",
		"It is the dead-letter queue itself, of rules, schedules and functions; the rule knows only those of queues.")
}

// acceptDeadLetters lets EventBridge send what a rule could not deliver.
func (s *stack) acceptDeadLetters(ruleARNs ...*string) {
	s.deadLetters.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        text("RulesSendMessage"),
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(text("events.amazonaws.com"), nil)},
		Actions:    texts("sqs:SendMessage"),
		Resources:  &[]*string{s.deadLetters.QueueArn()},
		Conditions: &map[string]any{
			"ArnEquals":    map[string]any{"aws:SourceArn": ruleARNs},
			"StringEquals": map[string]any{"aws:SourceAccount": s.scope.Account()},
		},
	}))
}
