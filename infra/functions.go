package main

import (
	"strconv"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"

	"sagescale/infra/bundle"
	"sagescale/internal/config"
)

// function is how one of the functions runs.
type function struct {
	name        string
	description string
	// What Lambda does with an event that it has accepted: how long the event may
	// wait for a free sandbox, and how often it is tried again after an error. A
	// tick is not: the next one comes before Lambda's first retry, which it makes
	// after a minute. By default an event would wait for six hours.
	maxAge  time.Duration
	retries int
	// evaluates is whether it reads metrics and changes capacity, rather than
	// only closing what is open.
	evaluates bool
}

func functions() []function {
	return []function{
		{
			name: bundle.Schedule, evaluates: true, maxAge: time.Minute, retries: 0,
			description: "Evaluates all targets every minute, and those of a scheduled action when it is due",
		},
		{
			name: bundle.Alarm, evaluates: true, maxAge: 2 * time.Minute, retries: 1,
			description: "Evaluates the target of an alarm at once",
		},
		{
			name: bundle.Settle, evaluates: false, maxAge: 2 * time.Minute, retries: 1,
			description: "Closes the open scaling activity of an endpoint that changed its state",
		},
	}
}

// memory is enough: a function mostly waits for AWS. Lambda gives processor time
// by memory, and the start of a Go binary needs little.
const memory = 128

// addFunction declares a function with its own log group and its own role.
//
// No concurrency is reserved: the conditional write of the claim is what keeps
// evaluations apart, reserved concurrency would turn a second alarm into a
// throttled one, and an account with the default limit of 10 concurrent
// executions can reserve none.
func (s *stack) addFunction(f function) {
	scope := title(f.name)
	logs := s.addLogGroup(scope + "Logs")
	role := awsiam.NewRole(s.scope, text(scope+"Role"), &awsiam.RoleProps{
		Description:    text("sagescale: the function " + f.name),
		AssumedBy:      awsiam.NewServicePrincipal(text("lambda.amazonaws.com"), nil),
		InlinePolicies: &map[string]awsiam.PolicyDocument{"function": s.permissions(f, logs)},
	})
	fn := awslambda.NewFunction(s.scope, text(scope), &awslambda.FunctionProps{
		Description:  text(f.description),
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Architecture: architecture(s.settings.Architecture),
		Handler:      text(bundle.Handler),
		Code:         awslambda.Code_FromAsset(text(s.bundles.Dir(f.name)), &awss3assets.AssetOptions{}),
		MemorySize:   number(memory),
		Timeout:      duration(config.FunctionTimeout),
		Environment:  s.environment(),
		LogGroup:     logs,
		Role:         role,
	})
	// The function refers to its role, which holds its permissions itself; that it
	// also depends on it says nothing more, and cfn-lint minds.
	fn.Node().DefaultChild().(awslambda.CfnFunction).AddDeletionOverride(text("DependsOn"))
	awslambda.NewCfnEventInvokeConfig(s.scope, text(scope+"Events"), &awslambda.CfnEventInvokeConfigProps{
		FunctionName:             fn.FunctionName(),
		Qualifier:                text("$LATEST"),
		MaximumEventAgeInSeconds: seconds(f.maxAge),
		MaximumRetryAttempts:     number(f.retries),
		DestinationConfig: &awslambda.CfnEventInvokeConfig_DestinationConfigProperty{
			OnFailure: &awslambda.CfnEventInvokeConfig_OnFailureProperty{Destination: s.deadLetters.QueueArn()},
		},
	})
	s.functions[f.name], s.logs[f.name] = fn, logs
	if f.evaluates {
		suppress(role, "AwsSolutions-IAM5", "Resource::*", s.wildcards())
	}
}

// environment is all that a function is told. AWS_REGION comes with Lambda.
func (s *stack) environment() *map[string]*string {
	return &map[string]*string{
		config.EnvPolicyFile:  text(config.PolicyFile), // in the folder that Lambda runs the binary in
		config.EnvTable:       s.table.TableName(),
		config.EnvAccount:     s.scope.Account(),
		config.EnvAlarmPrefix: text(s.settings.StackName),
		config.EnvMetrics:     text(strconv.FormatBool(s.settings.TargetMetrics)),
	}
}

// addLogGroup declares the log group of a function, which is not left to Lambda
// because that would keep logs for ever. It outlives the stack, with the records
// of why capacity was what it was, and empties itself.
func (s *stack) addLogGroup(id string) awslogs.LogGroup {
	group := awslogs.NewLogGroup(s.scope, text(id), &awslogs.LogGroupProps{
		RemovalPolicy: awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE,
	})
	// The construct takes an enumeration, the resource the number of days.
	group.Node().DefaultChild().(awslogs.CfnLogGroup).SetRetentionInDays(number(s.settings.LogRetention))
	return group
}

func architecture(a bundle.Architecture) awslambda.Architecture {
	if a == bundle.X8664 {
		return awslambda.Architecture_X86_64()
	}
	return awslambda.Architecture_ARM_64()
}
