package deployment

import (
	"context"
	"fmt"
	"time"

	sdkcloudformation "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	sdkdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	sdkeventbridge "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	sdkiam "github.com/aws/aws-sdk-go-v2/service/iam"
	sdksagemaker "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	sdkscheduler "github.com/aws/aws-sdk-go-v2/service/scheduler"
	sdksqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"sagescale/internal/cloudformation"
	"sagescale/internal/doctor"
	"sagescale/internal/dynamodb"
	"sagescale/internal/eventbridge"
	"sagescale/internal/iam"
	"sagescale/internal/sagemaker"
	"sagescale/internal/scheduler"
	"sagescale/internal/sqs"
)

// OpenDoctor opens a deployment to be examined, however little of it is there. Of the
// services it calls CloudFormation, for what it says of the stack. An error is ErrNoRegion,
// cloudformation.ErrNoStack or the SDK's.
func OpenDoctor(ctx context.Context, where Where, now func() time.Time) (*doctor.Doctor, error) {
	account, err := OpenAccount(ctx, where)
	if err != nil {
		return nil, err
	}
	stacks := cloudformation.New(sdkcloudformation.NewFromConfig(account.config))
	stack, err := stacks.Describe(ctx, where.Stack)
	if err != nil {
		return nil, fmt.Errorf("read stack %s in %s: %w", where.Stack, account.Region, err)
	}
	d := deployed(account, where.Stack, stack)
	return &doctor.Doctor{
		Stack: where.Stack, Region: account.Region, Profile: where.Profile, Deployed: stack,
		Policy: d.Policy,

		Caller:    account.Caller,
		Stacks:    stacks,
		Functions: d.functions,
		Roles:     iam.New(sdkiam.NewFromConfig(account.config)),
		Table:     dynamodb.NewTable(sdkdynamodb.NewFromConfig(account.config)),
		Rules:     eventbridge.NewRules(sdkeventbridge.NewFromConfig(account.config)),
		Schedules: scheduler.New(sdkscheduler.NewFromConfig(account.config)),
		Alarms:    account.Alarms,
		Queues:    sqs.New(sdksqs.NewFromConfig(account.config)),
		Metrics:   account.Metrics,
		Logs:      d.Logs,
		Endpoints: account.Endpoints,
		Configs:   sagemaker.NewConfigs(sdksagemaker.NewFromConfig(account.config)),
		Scalers:   account.Scalers,
		Store:     d.Store,
		Forecasts: d.Store,

		Denied: Denied,
		Now:    now,
	}, nil
}
