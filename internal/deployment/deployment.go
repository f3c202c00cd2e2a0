// Package deployment opens a deployment of sagescale as a person works on it: the clients
// of the services, by the person's own credentials, and the names that the stack tells.
package deployment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	sdkapplicationautoscaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	sdkcloudformation "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	sdkcloudwatch "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	sdkcloudwatchlogs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	sdkdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	sdklambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	sdksagemaker "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	sdksts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"sagescale/internal/applicationautoscaling"
	"sagescale/internal/cloudformation"
	"sagescale/internal/cloudwatch"
	"sagescale/internal/cloudwatchlogs"
	"sagescale/internal/config"
	"sagescale/internal/dynamodb"
	"sagescale/internal/lambda"
	"sagescale/internal/policy"
	"sagescale/internal/policyfile"
	"sagescale/internal/sagemaker"
	"sagescale/internal/sts"
)

// What an operator can mend, before any service is called.
var (
	ErrNoRegion    = errors.New("no Region is set")
	ErrCredentials = errors.New("get AWS credentials")
	ErrNoTable     = errors.New("the stack has no output " + config.OutputTable)
)

// Where says which deployment is meant, in the words of the AWS CLI. Profile and Region
// may be empty: then the SDK's environment and files name them.
type Where struct{ Stack, Profile, Region string }

// callTimeout bounds one try of one call: a page of weeks of metrics is large. fetchTimeout
// bounds the fetching of a bundle, of some megabytes.
const (
	callTimeout  = 30 * time.Second
	fetchTimeout = 2 * time.Minute
)

// Account is what a person may ask of an account in a Region, whatever is deployed there.
type Account struct {
	Region    string
	Endpoints *sagemaker.Endpoints
	Metrics   *cloudwatch.Metrics
	Scalers   *applicationautoscaling.Scalers
	Caller    *sts.Caller

	// What Application Auto Scaling has registered, and the alarms of CloudWatch.
	Registrations *applicationautoscaling.Registrations
	Alarms        *cloudwatch.Alarms

	config aws.Config
}

// OpenAccount opens an account. It calls no service but who gives credentials. An error is
// ErrNoRegion or the SDK's.
func OpenAccount(ctx context.Context, where Where) (Account, error) {
	options := []func(*awsconfig.LoadOptions) error{
		awsconfig.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(callTimeout)),
		awsconfig.WithLogger(logging.Nop{}), // what matters of its warnings is in the error
	}
	if where.Profile != "" {
		options = append(options, awsconfig.WithSharedConfigProfile(where.Profile))
	}
	if where.Region != "" {
		options = append(options, awsconfig.WithRegion(where.Region))
	}
	loaded, err := awsconfig.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return Account{}, fmt.Errorf("load AWS configuration: %w", err)
	}
	if loaded.Region == "" {
		return Account{}, ErrNoRegion
	}
	if _, err := loaded.Credentials.Retrieve(ctx); err != nil {
		return Account{}, fmt.Errorf("%w: %w", ErrCredentials, err)
	}
	measures, scalers := sdkcloudwatch.NewFromConfig(loaded), sdkapplicationautoscaling.NewFromConfig(loaded)
	return Account{
		Region:        loaded.Region,
		Endpoints:     sagemaker.New(sdksagemaker.NewFromConfig(loaded)),
		Metrics:       cloudwatch.New(measures),
		Scalers:       applicationautoscaling.New(scalers),
		Caller:        sts.New(sdksts.NewFromConfig(loaded)),
		Registrations: applicationautoscaling.NewRegistrations(scalers),
		Alarms:        cloudwatch.NewAlarms(measures),
		config:        loaded,
	}, nil
}

// Deployment is what a person may ask of a deployment, and set. Outputs are those of its
// stack, by the names in package config.
type Deployment struct {
	Account
	Stack   string
	Changed time.Time // when it was last deployed
	Outputs map[string]string
	Store   *dynamodb.Store
	Logs    *cloudwatchlogs.Logs

	functions *lambda.Functions
}

// Open finds a deployment. Of the services it calls CloudFormation, for the
// names in the outputs of the stack. An error is ErrNoRegion, ErrNoTable,
// cloudformation.ErrNoStack or the SDK's.
func Open(ctx context.Context, where Where) (Deployment, error) {
	account, err := OpenAccount(ctx, where)
	if err != nil {
		return Deployment{}, err
	}
	stack, err := cloudformation.New(sdkcloudformation.NewFromConfig(account.config)).Describe(ctx, where.Stack)
	if err != nil {
		return Deployment{}, fmt.Errorf("read stack %s in %s: %w", where.Stack, account.Region, err)
	}
	if stack.Outputs[config.OutputTable] == "" {
		return Deployment{}, fmt.Errorf("read stack %s in %s: %w", where.Stack, account.Region, ErrNoTable)
	}
	return deployed(account, where.Stack, stack), nil
}

// deployed makes the clients of what the outputs of a stack, of that name, name.
func deployed(account Account, name string, stack cloudformation.Stack) Deployment {
	return Deployment{
		Account:   account,
		Stack:     name,
		Changed:   stack.Changed,
		Outputs:   stack.Outputs,
		Store:     dynamodb.New(sdkdynamodb.NewFromConfig(account.config), stack.Outputs[config.OutputTable]),
		Logs:      cloudwatchlogs.New(sdkcloudwatchlogs.NewFromConfig(account.config)),
		functions: lambda.New(sdklambda.NewFromConfig(account.config), awshttp.NewBuildableClient().WithTimeout(fetchTimeout)),
	}
}

// Policy returns the policy that the deployment runs: the file in the bundle of its
// schedule function.
func (d Deployment) Policy(ctx context.Context) (*policy.Policy, error) {
	text, err := d.functions.File(ctx, d.Outputs[config.OutputSchedule], config.PolicyFile)
	if err != nil {
		return nil, fmt.Errorf("read the deployed policy: %w", err)
	}
	p, err := policyfile.Parse(config.PolicyFile+" of stack "+d.Stack, text)
	if err != nil {
		return nil, fmt.Errorf("read the deployed policy, which this version does not understand: %w", err)
	}
	return p, nil
}
