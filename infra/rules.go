package main

import (
	"slices"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"

	"sagescale/infra/bundle"
	"sagescale/internal/event"
	"sagescale/internal/policy"
)

// How EventBridge and Scheduler deliver to Lambda. By default they would try for
// a day; after an outage, a day of stale events would then arrive at once. An
// event is a hint about now, and the next tick brings the next one.
const (
	deliverWithin = time.Minute // the least that both accept
	deliverAgain  = 2
)

// addRules declares what wakes the functions through EventBridge, and what tells people.
func (s *stack) addRules() {
	rules := []*string{
		s.addRule("Tick", bundle.Schedule, &awsevents.CfnRuleProps{
			Description:        text("sagescale: evaluates all targets"),
			ScheduleExpression: text("rate(1 minute)"),
		}, text(event.TickInput())),
		s.addRule("Alarms", bundle.Alarm, &awsevents.CfnRuleProps{
			Description:  text("sagescale: an alarm of a target went off"),
			EventPattern: s.alarmPattern(),
		}, nil),
		s.addRule("Endpoints", bundle.Settle, &awsevents.CfnRuleProps{
			Description:  text("sagescale: an endpoint of the policy file changed its state"),
			EventPattern: s.endpointPattern(),
		}, nil),
	}
	if s.forecasts() {
		rules = append(rules, s.addRule("Forecasts", bundle.Schedule, &awsevents.CfnRuleProps{
			Description:        text("sagescale: learns anew of the loads of which that was done an hour ago"),
			ScheduleExpression: text("rate(10 minutes)"),
		}, text(event.ForecastInput())))
	}
	if s.settings.Notifications {
		rules = append(rules, s.addNotifications())
	}
	s.acceptDeadLetters(rules...)
}

// forecasts reports whether a target forecasts.
func (s *stack) forecasts() bool {
	return slices.ContainsFunc(s.settings.Policy.Targets, func(t policy.Target) bool { return t.Predictive.Mode.Forecasts() })
}

// alarmPattern matches every alarm named for this stack's targets, those that
// users made among them, when it goes off. The other states ask for nothing: an
// alarm that is OK again calls for no change, and a scale-in of target tracking
// waits for many minutes of datapoints, which the tick watches.
func (s *stack) alarmPattern() any {
	return map[string]any{
		"source":      []string{"aws.cloudwatch"},
		"detail-type": []string{"CloudWatch Alarm State Change"},
		"resources":   []any{map[string]any{"prefix": s.arn("cloudwatch", "alarm:"+s.settings.StackName+"/")}},
		"detail":      map[string]any{"state": map[string]any{"value": []string{"ALARM"}}},
	}
}

func (s *stack) endpointPattern() any {
	return map[string]any{
		"source":      []string{"aws.sagemaker"},
		"detail-type": []string{"SageMaker Endpoint State Change"},
		"detail":      map[string]any{"EndpointName": endpoints(s.settings.Policy, allTargets)},
	}
}

// addRule declares a rule that invokes a function, with a constant input or with
// the event. It returns the rule's ARN.
func (s *stack) addRule(id, name string, props *awsevents.CfnRuleProps, input *string) *string {
	fn := s.functions[name]
	props.Targets = []any{&awsevents.CfnRule_TargetProperty{
		Arn:              fn.FunctionArn(),
		Id:               text(name),
		Input:            input,
		DeadLetterConfig: &awsevents.CfnRule_DeadLetterConfigProperty{Arn: s.deadLetters.QueueArn()},
		RetryPolicy: &awsevents.CfnRule_RetryPolicyProperty{
			MaximumEventAgeInSeconds: seconds(deliverWithin),
			MaximumRetryAttempts:     number(deliverAgain),
		},
	}}
	rule := awsevents.NewCfnRule(s.scope, text(id+"Rule"), props)
	fn.AddPermission(text(id+"Permission"), &awslambda.Permission{
		Principal:     awsiam.NewServicePrincipal(text("events.amazonaws.com"), nil),
		SourceArn:     rule.AttrArn(),
		SourceAccount: s.scope.Account(),
	})
	return rule.AttrArn()
}
