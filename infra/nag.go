package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// audit has the rules of cdk-nag's pack AwsSolutions run over a stack at synth,
// where a finding is an error. The pack for serverless is not in the Go binding.
func audit(scope awscdk.Stack) {
	awscdk.Aspects_Of(scope).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{
		Verbose: jsii.Bool(true),
		Reports: jsii.Bool(false),
	}), nil)
}

// suppress accepts a finding about a resource, or with an empty finding all of
// a rule.
func suppress(resource any, rule, finding, reason string) {
	suppression := &cdknag.NagPackSuppression{Id: text(rule), Reason: text(reason)}
	if finding != "" {
		suppression.AppliesTo = &[]any{finding}
	}
	cdknag.NagSuppressions_AddResourceSuppressions(resource, &[]*cdknag.NagPackSuppression{suppression}, nil)
}
