package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
)

// callTimeout bounds one try of one call: a page of weeks is large.
const callTimeout = 30 * time.Second

// ErrNoRegion says that nothing names the Region.
var ErrNoRegion = errors.New("no Region is set")

// Open returns Metrics of the account and the Region that the SDK's environment and
// files name, and the Region. It is ErrNoRegion when there is none, and an error when
// there are no credentials. The SDK may call who gives them, and CloudWatch is not called.
func Open(ctx context.Context) (*Metrics, string, error) {
	aws, err := awsconfig.LoadDefaultConfig(ctx,
		awsconfig.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(callTimeout)),
		awsconfig.WithLogger(logging.Nop{})) // what matters of its warnings is in the error
	if err != nil {
		return nil, "", fmt.Errorf("load AWS configuration: %w", err)
	}
	if aws.Region == "" {
		return nil, "", ErrNoRegion
	}
	if _, err := aws.Credentials.Retrieve(ctx); err != nil {
		return nil, "", fmt.Errorf("get AWS credentials: %w", err)
	}
	return New(cloudwatch.NewFromConfig(aws)), aws.Region, nil
}

// Denied reports whether an error of Read says that the caller may not read metrics.
func Denied(err error) bool {
	var answer smithy.APIError
	return errors.As(err, &answer) && strings.HasPrefix(answer.ErrorCode(), "AccessDenied")
}
