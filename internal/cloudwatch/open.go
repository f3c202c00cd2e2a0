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
)

// callTimeout bounds one try of one call: a page of weeks is large.
const callTimeout = 30 * time.Second

// ErrNoRegion says that nothing names the Region.
var ErrNoRegion = errors.New("no Region is set")

// Open returns Metrics of the account and the Region that the SDK's environment and
// files name, and the Region. It calls nothing; it is ErrNoRegion when there is none.
func Open(ctx context.Context) (*Metrics, string, error) {
	aws, err := awsconfig.LoadDefaultConfig(ctx,
		awsconfig.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(callTimeout)))
	if err != nil {
		return nil, "", fmt.Errorf("load AWS configuration: %w", err)
	}
	if aws.Region == "" {
		return nil, "", ErrNoRegion
	}
	return New(cloudwatch.NewFromConfig(aws)), aws.Region, nil
}

// Denied reports whether an error of Read says that the caller may not read metrics.
func Denied(err error) bool {
	var answer smithy.APIError
	return errors.As(err, &answer) && strings.HasPrefix(answer.ErrorCode(), "AccessDenied")
}
