//go:build local

package contract

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"sagescale/internal/autoscaler"
	"sagescale/internal/cloudwatchlogs"
	"sagescale/internal/function"
	"sagescale/internal/records"
	"sagescale/test/localaccount"
)

// What the functions log is found again in the log groups of the local account: of the target
// and the time, of groups of which one is not there yet.
func TestRecordsAreFoundInTheLogs(t *testing.T) {
	account, err := localaccount.Start(t.Context(), ".")
	if err != nil {
		t.Fatal(err)
	}
	stopLater(t, account)
	client := sdk.NewFromConfig(account.AWSConfig())
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	now := time.Now().UTC().Truncate(time.Millisecond)
	var want []string
	write(ctx, t, client, "schedule", now, func(i int, at time.Time) string {
		if i%3 == 0 {
			return fmt.Sprintf("START RequestId: %d", i)
		}
		r := autoscaler.Record{Time: at.Add(-time.Second), Endpoint: "chat-llm", Variant: []string{"AllTraffic", "Shadow"}[i%2]}
		if r.Variant == "AllTraffic" && r.Time.After(now.Add(-50*time.Minute)) {
			want = append(want, r.Time.Format(time.RFC3339Nano))
		}
		var b bytes.Buffer
		function.LogRecord(slog.New(slog.NewJSONHandler(&b, nil)))(ctx, r)
		return b.String()
	})
	query := records.Query{
		Groups: []string{"schedule", "none"}, Endpoint: "chat-llm", Variant: "AllTraffic", From: now.Add(-50 * time.Minute), Through: now,
	}
	var got []string
	unreadable, err := records.Read(ctx, cloudwatchlogs.New(client), query, func(r autoscaler.Record) {
		got = append(got, r.Time.Format(time.RFC3339Nano))
	})
	if err != nil || unreadable != 0 || len(got) < 500 || !slices.Equal(got, want) {
		t.Errorf("%d records, %d unreadable, %v, want %d", len(got), unreadable, err, len(want))
	}
	last, ok, _, err := records.Last(ctx, cloudwatchlogs.New(client), query)
	if err != nil || !ok || last.Time.Format(time.RFC3339Nano) != want[len(want)-1] {
		t.Errorf("the last is of %s, %v, want %s", last.Time, err, want[len(want)-1])
	}
}

// write writes an hour of lines to a new log group, oldest first.
func write(ctx context.Context, t *testing.T, client *sdk.Client, group string, now time.Time, line func(i int, at time.Time) string) {
	t.Helper()
	if _, err := client.CreateLogGroup(ctx, &sdk.CreateLogGroupInput{LogGroupName: &group}); err != nil {
		t.Fatal(err)
	}
	stream := aws.String("one")
	if _, err := client.CreateLogStream(ctx, &sdk.CreateLogStreamInput{LogGroupName: &group, LogStreamName: stream}); err != nil {
		t.Fatal(err)
	}
	var events []types.InputLogEvent
	for i := range 3600 {
		at := now.Add(time.Duration(i-3600) * time.Second)
		events = append(events, types.InputLogEvent{Timestamp: aws.Int64(at.UnixMilli()), Message: aws.String(line(i, at))})
	}
	for part := range slices.Chunk(events, 500) {
		input := &sdk.PutLogEventsInput{LogGroupName: &group, LogStreamName: stream, LogEvents: part}
		if _, err := client.PutLogEvents(ctx, input); err != nil {
			t.Fatal(err)
		}
	}
}
