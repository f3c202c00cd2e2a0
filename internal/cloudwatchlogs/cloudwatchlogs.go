// Package cloudwatchlogs reads what the functions have logged from Amazon CloudWatch
// Logs. It is the only importer of its SDK.
package cloudwatchlogs

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// api is what is used of CloudWatch Logs.
type api interface {
	FilterLogEvents(context.Context, *cloudwatchlogs.FilterLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error)
}

// Logs are those of an account in a Region.
type Logs struct{ client api }

// New returns Logs on a client: the SDK's, or what behaves like it.
func New(client api) *Logs { return &Logs{client} }
