package main

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/jsii-runtime-go"

	"sagescale/internal/config"
)

// How EventBridge delivers to the topic. A message is of use to a person for longer than a
// hint is to a function, and nothing else brings it.
const (
	notifyWithin = 15 * time.Minute
	notifyAgain  = 10
)

// addNotifications declares a topic to which the message of every event of this stack is
// sent, and returns the ARN of the rule that does it. Whoever subscribes gets one sentence,
// as a JSON text: the transformer of EventBridge leaves its quotation marks on.
func (s *stack) addNotifications() *string {
	s.topic = awssns.NewTopic(s.scope, text("Notifications"), &awssns.TopicProps{
		DisplayName: text("sagescale"),
		MasterKey:   s.addNotificationsKey(),
		EnforceSSL:  jsii.Bool(true),
	})
	rule := awsevents.NewCfnRule(s.scope, text("NotificationsRule"), &awsevents.CfnRuleProps{
		Description: text("sagescale: tells what has changed"),
		EventPattern: map[string]any{
			"source": []string{config.EventSource},
			"detail": map[string]any{"stack": []string{s.settings.StackName}},
		},
		Targets: []any{&awsevents.CfnRule_TargetProperty{
			Arn: s.topic.TopicArn(),
			Id:  text("notifications"),
			InputTransformer: &awsevents.CfnRule_InputTransformerProperty{
				InputPathsMap: map[string]any{"message": "$.detail.message"},
				InputTemplate: text(`"<message>"`),
			},
			DeadLetterConfig: &awsevents.CfnRule_DeadLetterConfigProperty{Arn: s.deadLetters.QueueArn()},
			RetryPolicy: &awsevents.CfnRule_RetryPolicyProperty{
				MaximumEventAgeInSeconds: seconds(notifyWithin),
				MaximumRetryAttempts:     number(notifyAgain),
			},
		}},
	})
	s.topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        text("RulePublishes"),
		Principals: &[]awsiam.IPrincipal{eventBridge()},
		Actions:    texts("sns:Publish"),
		Resources:  &[]*string{s.topic.TopicArn()},
		Conditions: &map[string]any{
			"ArnEquals":    map[string]any{"aws:SourceArn": rule.AttrArn()},
			"StringEquals": map[string]any{"aws:SourceAccount": s.scope.Account()},
		},
	}))
	return rule.AttrArn()
}

// addNotificationsKey declares the key of the topic. EventBridge may not use that of AWS for
// topics. Its deliveries to an encrypted topic name neither the rule nor the account, so the
// key's policy cannot ask for them; the topic's does.
func (s *stack) addNotificationsKey() awskms.Key {
	key := awskms.NewKey(s.scope, text("NotificationsKey"), &awskms.KeyProps{
		Description:       text("sagescale: the messages of the topic of notifications"),
		EnableKeyRotation: jsii.Bool(true),
		RemovalPolicy:     awscdk.RemovalPolicy_DESTROY, // what it protects is delivered or gone
	})
	key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        text("RulePublishes"),
		Principals: &[]awsiam.IPrincipal{eventBridge()},
		Actions:    texts("kms:Decrypt", "kms:GenerateDataKey"),
		Resources:  texts("*"), // in a key's policy, the key itself
	}), nil)
	return key
}

func eventBridge() awsiam.IPrincipal {
	return awsiam.NewServicePrincipal(text("events.amazonaws.com"), nil)
}
