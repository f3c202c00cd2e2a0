// Package deployment opens a deployment of sagescale as a person works on it: the clients
// of the services, by the person's own credentials, and the names that the stack tells.
package deployment

import (
	"context"
	"errors"
	"fmt"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	sdkcloudformation "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	sdkdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	sdksagemaker "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	sdksts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"sagescale/internal/cloudformation"
	"sagescale/internal/config"
	"sagescale/internal/dynamodb"
	"sagescale/internal/sagemaker"
	"sagescale/internal/sts"
)

// What an operator can mend, before any service is called.
var (
	ErrNoRegion = errors.New("no Region is set")
	ErrNoTable  = errors.New("the stack has no output " + config.OutputTable)
)

// Where says which deployment is meant, in the words of the AWS CLI. Profile and Region
// may be empty: then the SDK's environment and files name them.
type Where struct{ Stack, Profile, Region string }

// callTimeout bounds one try of one call.
const callTimeout = 10 * time.Second

// Deployment is what a person may ask and set.
type Deployment struct {
	Region    string
	Endpoints *sagemaker.Endpoints
	Store     *dynamodb.Store
	Caller    *sts.Caller
}

// Open finds a deployment. Of the services it calls CloudFormation, for the
// names in the outputs of the stack. An error is ErrNoRegion, ErrNoTable,
// cloudformation.ErrNoStack or the SDK's.
func Open(ctx context.Context, where Where) (Deployment, error) {
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
	aws, err := awsconfig.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return Deployment{}, fmt.Errorf("load AWS configuration: %w", err)
	}
	if aws.Region == "" {
		return Deployment{}, ErrNoRegion
	}
	if _, err := aws.Credentials.Retrieve(ctx); err != nil {
		return Deployment{}, fmt.Errorf("get AWS credentials: %w", err)
	}
	outputs, err := cloudformation.New(sdkcloudformation.NewFromConfig(aws)).Outputs(ctx, where.Stack)
	if err != nil {
		return Deployment{}, fmt.Errorf("read stack %s in %s: %w", where.Stack, aws.Region, err)
	}
	if outputs[config.OutputTable] == "" {
		return Deployment{}, fmt.Errorf("read stack %s in %s: %w", where.Stack, aws.Region, ErrNoTable)
	}
	return Deployment{
		Region:    aws.Region,
		Endpoints: sagemaker.New(sdksagemaker.NewFromConfig(aws)),
		Store:     dynamodb.New(sdkdynamodb.NewFromConfig(aws), outputs[config.OutputTable]),
		Caller:    sts.New(sdksts.NewFromConfig(aws)),
	}, nil
}
