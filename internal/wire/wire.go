// Package wire puts the parts of a function together: handlers, evaluator and the
// clients of the real services.
package wire

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	sdkapplicationautoscaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	sdkcloudwatch "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	sdkdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	sdkeventbridge "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	sdksagemaker "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/smithy-go/middleware"

	"sagescale/internal/applicationautoscaling"
	"sagescale/internal/autoscaler"
	"sagescale/internal/cloudwatch"
	"sagescale/internal/config"
	"sagescale/internal/dynamodb"
	"sagescale/internal/event"
	"sagescale/internal/eventbridge"
	"sagescale/internal/function"
	"sagescale/internal/notify"
	"sagescale/internal/plain"
	"sagescale/internal/policyfile"
	"sagescale/internal/sagemaker"
)

// parallel is how many endpoints a function works on at once: enough that a
// hundred are done within a tick, few enough for the API's request rates.
const parallel = 8

// callTimeout bounds one try of one call, so that a connection that fell silent
// does not use up the time of the whole function.
const callTimeout = 10 * time.Second

// Function makes a function of what its environment says, by lookup, with clients
// of the real services. It calls none of them. Logs go to w, as JSON of plain
// characters.
func Function(ctx context.Context, lookup func(string) (string, bool), w io.Writer, now func() time.Time) (function.Function, error) {
	settings, err := config.Load(lookup)
	if err != nil {
		return function.Function{}, err
	}
	p, err := policyfile.Load(settings.PolicyFile)
	if err != nil {
		return function.Function{}, fmt.Errorf("load policy: %w", err)
	}
	aws, err := awsconfig.LoadDefaultConfig(ctx,
		awsconfig.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(callTimeout)),
		awsconfig.WithAPIOptions([]func(*middleware.Stack) error{cutErrors}))
	if err != nil {
		return function.Function{}, fmt.Errorf("load AWS configuration: %w", err)
	}
	log := slog.New(slog.NewJSONHandler(plain.JSON(w), nil))
	metrics := cloudwatch.New(sdkcloudwatch.NewFromConfig(aws))
	store := dynamodb.New(sdkdynamodb.NewFromConfig(aws), settings.Table)
	record := function.LogRecord(log)
	if settings.TargetMetrics {
		record = function.MeasureRecord(log)
	}
	return function.Function{
		Name:   settings.Function,
		Origin: event.Origin{Account: settings.Account, Region: settings.Region, AlarmPrefix: settings.AlarmPrefix},
		Evaluator: &autoscaler.Evaluator{
			Policy:    p,
			Endpoints: sagemaker.New(sdksagemaker.NewFromConfig(aws)),
			Metrics:   metrics,
			Scalers:   applicationautoscaling.New(sdkapplicationautoscaling.NewFromConfig(aws)),
			Store:     store,
			Forecasts: store,
			Record:    record,
			Now:       now,
			Parallel:  parallel,
		},
		Forecaster: &autoscaler.Forecaster{Policy: p, Metrics: metrics, Forecasts: store, Now: now},
		Notifier: notify.Notifier{
			Stack:    settings.AlarmPrefix,
			Bus:      eventbridge.New(sdkeventbridge.NewFromConfig(aws)),
			Memories: store,
		},
		Log: log,
		Now: now,
	}, nil
}
