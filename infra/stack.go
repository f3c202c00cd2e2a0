package main

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"

	"sagescale/infra/bundle"
	"sagescale/internal/config"
)

// synthesize builds the functions into a folder and writes the cloud assembly.
func synthesize(ctx context.Context, builds string, props *awscdk.AppProps) error {
	app := awscdk.NewApp(props)
	s, err := loadSettings(contextOf(app))
	if err != nil {
		return err
	}
	bundles := bundle.Bundles{Root: builds, Architecture: s.Architecture}
	if err := bundles.Build(ctx, s.PolicyFile); err != nil {
		return err
	}
	if _, err := declare(app, s, bundles); err != nil {
		return err
	}
	app.Synth(nil)
	return nil
}

// stack is the one stack of a deployment.
type stack struct {
	scope       awscdk.Stack
	settings    settings
	bundles     bundle.Bundles
	table       awsdynamodb.Table
	deadLetters awssqs.Queue
	topic       awssns.Topic                  // nil without notifications
	functions   map[string]awslambda.Function // by their names in package bundle
	logs        map[string]awslogs.LogGroup   // of the functions, by the same names
	operations  constructs.Construct          // holds the alarms about sagescale itself
	// The ARNs of the alarms, those of targets by the target's key.
	operationalAlarms []string
	targetAlarms      map[string][]string
}

// declare declares everything, under the eyes of cdk-nag. The bundles of the
// functions must be there.
func declare(app awscdk.App, s settings, bundles bundle.Bundles) (*stack, error) {
	st := &stack{
		scope: awscdk.NewStack(app, text(s.StackName), &awscdk.StackProps{
			StackName:   text(s.StackName),
			Description: text("sagescale: scales SageMaker endpoints by their policies"),
		}),
		settings:     s,
		bundles:      bundles,
		functions:    map[string]awslambda.Function{},
		logs:         map[string]awslogs.LogGroup{},
		targetAlarms: map[string][]string{},
	}
	audit(st.scope)
	// Everything that can have a tag has this one: Security Hub Lambda.6, DynamoDB.5.
	awscdk.Tags_Of(st.scope).Add(text("application"), text("sagescale"), nil)
	st.addTable()
	st.addDeadLetters()
	for _, f := range functions() {
		st.addFunction(f)
	}
	st.addRules()
	st.addSchedules()
	st.addTargetAlarms()
	st.addOperationalAlarms()
	if err := st.addDashboards(); err != nil {
		return nil, err
	}
	st.addOutputs()
	return st, nil
}

func (s *stack) addOutputs() {
	notified := "nobody: deploy with -c " + contextAlarmTopic + "=ARN"
	if s.settings.AlarmTopicARN != "" {
		notified = s.settings.AlarmTopicARN
	}
	outputs := map[string]*string{
		config.OutputDigest:       text(s.settings.Policy.Digest),
		config.OutputTable:        s.table.TableName(),
		config.OutputDeadLetters:  s.deadLetters.QueueUrl(),
		config.OutputSchedule:     s.functions[bundle.Schedule].FunctionName(),
		config.OutputAlarm:        s.functions[bundle.Alarm].FunctionName(),
		config.OutputSettle:       s.functions[bundle.Settle].FunctionName(),
		config.OutputScheduleLogs: s.logs[bundle.Schedule].LogGroupName(),
		config.OutputAlarmLogs:    s.logs[bundle.Alarm].LogGroupName(),
		config.OutputSettleLogs:   s.logs[bundle.Settle].LogGroupName(),
		config.OutputNotified:     text(notified),
		"Dashboard":               text(s.dashboardName()),
	}
	if s.topic != nil {
		outputs["NotificationTopic"] = s.topic.TopicArn()
	}
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		awscdk.NewCfnOutput(s.scope, text(name+"Output"), &awscdk.CfnOutputProps{Value: outputs[name]}).
			OverrideLogicalId(text(name))
	}
}
