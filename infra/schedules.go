package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/constructs-go/constructs/v10"

	"sagescale/infra/bundle"
	"sagescale/internal/event"
	"sagescale/internal/policy"
)

// addSchedules declares one schedule for each scheduled action, in its time
// zone. A schedule only wakes the function at the right moment; which limits are
// in force is decided there, by the policy and the time. So the action's start
// and end are not given to Scheduler, which besides refuses a start in the past.
func (s *stack) addSchedules() {
	if !hasActions(s.settings.Policy) {
		return
	}
	group := awsscheduler.NewCfnScheduleGroup(s.scope, text("Schedules"), nil)
	by := scheduling{
		scope: constructs.NewConstruct(s.scope, text("ScheduledActions")),
		group: group,
		role:  s.addScheduleRole(group),
	}
	for _, t := range s.settings.Policy.Targets {
		for _, action := range t.Actions {
			s.addSchedule(by, t, action)
		}
	}
}

func hasActions(p *policy.Policy) bool {
	for _, t := range p.Targets {
		if len(t.Actions) > 0 {
			return true
		}
	}
	return false
}

// addScheduleRole declares the role of all schedules. Only schedules of the
// group, in this account, can take it.
func (s *stack) addScheduleRole(group awsscheduler.CfnScheduleGroup) awsiam.Role {
	document := awsiam.NewPolicyDocument(nil)
	document.AddStatements(
		allow(texts("lambda:InvokeFunction"), s.functions[bundle.Schedule].FunctionArn()),
		allow(texts("sqs:SendMessage"), s.deadLetters.QueueArn()),
	)
	return awsiam.NewRole(s.scope, text("SchedulesRole"), &awsiam.RoleProps{
		Description:    text("sagescale: the schedules of the scheduled actions"),
		InlinePolicies: &map[string]awsiam.PolicyDocument{"schedules": document},
		AssumedBy: awsiam.NewServicePrincipal(text("scheduler.amazonaws.com"), &awsiam.ServicePrincipalOpts{
			Conditions: &map[string]any{"StringEquals": map[string]any{
				"aws:SourceAccount": s.scope.Account(),
				"aws:SourceArn":     group.AttrArn(),
			}},
		}),
	})
}

// scheduling is what the schedules of a stack share.
type scheduling struct {
	scope constructs.Construct
	group awsscheduler.CfnScheduleGroup
	role  awsiam.Role
}

func (s *stack) addSchedule(by scheduling, t policy.Target, action policy.ScheduledAction) {
	// Endpoints and variants have no dot, so the id is unique. The name is left to
	// CloudFormation: 64 characters are too few for one that says as much.
	id := t.Endpoint + "." + t.Variant + "." + action.Name
	awsscheduler.NewCfnSchedule(by.scope, text(id), &awsscheduler.CfnScheduleProps{
		Description:                text(t.Key() + ": " + action.Name),
		GroupName:                  by.group.Ref(),
		ScheduleExpression:         text(action.Schedule),
		ScheduleExpressionTimezone: text(action.Timezone),
		FlexibleTimeWindow:         &awsscheduler.CfnSchedule_FlexibleTimeWindowProperty{Mode: text("OFF")},
		Target: &awsscheduler.CfnSchedule_TargetProperty{
			Arn:              s.functions[bundle.Schedule].FunctionArn(),
			RoleArn:          by.role.RoleArn(),
			Input:            text(event.ActionInput(t.Endpoint, t.Variant, action.Name)),
			DeadLetterConfig: &awsscheduler.CfnSchedule_DeadLetterConfigProperty{Arn: s.deadLetters.QueueArn()},
			RetryPolicy: &awsscheduler.CfnSchedule_RetryPolicyProperty{
				MaximumEventAgeInSeconds: seconds(deliverWithin),
				MaximumRetryAttempts:     number(deliverAgain),
			},
		},
	})
}
