// Package cloudwatchlogs reads what the functions have logged from Amazon CloudWatch
// Logs. It is the only importer of its SDK.
package cloudwatchlogs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// maxPages bounds the pages of one log group. A page is up to a megabyte of what matches,
// or nothing where CloudWatch Logs has looked for long and found nothing yet.
const maxPages = 2000

// ErrTooMany says that a log group has more pages of an answer than are read.
var ErrTooMany = errors.New("there are too many messages")

// api is what is used of CloudWatch Logs.
type api interface {
	FilterLogEvents(context.Context, *cloudwatchlogs.FilterLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error)
}

// Logs are those of an account in a Region.
type Logs struct{ client api }

// New returns Logs on a client: the SDK's, or what behaves like it.
func New(client api) *Logs { return &Logs{client} }

// Query is what to read: the messages of some log groups from a time through another that
// match a filter pattern, in CloudWatch Logs' language.
type Query struct {
	Groups        []string
	From, Through time.Time
	Pattern       string
}

// Message is one line of a log, and when it was written.
type Message struct {
	Time time.Time
	Text string
}

// Read gives every message of a query to each, group by group, those of a group in the
// order of their times. A log group that does not exist has none: nothing was logged yet.
//
// ErrTooMany says that a group has more; what was read of it and of the others was given.
// A pattern is a hint that saves time: a local account may give other messages too.
func (l *Logs) Read(ctx context.Context, q Query, each func(Message)) error {
	var errs error
	for _, group := range q.Groups {
		err := l.readGroup(ctx, q, group, each)
		switch {
		case errors.Is(err, ErrTooMany):
			errs = errors.Join(errs, err)
		case err != nil:
			return err
		}
	}
	return errs
}

// readGroup reads one log group. A page may be empty and not be the last.
func (l *Logs) readGroup(ctx context.Context, q Query, group string, each func(Message)) error {
	input := &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName:  &group,
		StartTime:     aws.Int64(q.From.UnixMilli()),
		EndTime:       aws.Int64(q.Through.UnixMilli()),
		FilterPattern: &q.Pattern,
	}
	read := q.From
	for range maxPages {
		page, err := l.client.FilterLogEvents(ctx, input)
		if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing {
			return nil
		}
		if err != nil {
			return fmt.Errorf("call FilterLogEvents: %w", err)
		}
		for _, e := range page.Events {
			read = time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC()
			each(Message{read, aws.ToString(e.Message)})
		}
		if aws.ToString(page.NextToken) == "" {
			return nil
		}
		input.NextToken = page.NextToken
	}
	return fmt.Errorf("read log group %s: %w: it was read until %s", group, ErrTooMany, read.Format(time.RFC3339))
}
