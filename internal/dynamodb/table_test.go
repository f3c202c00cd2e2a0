package dynamodb_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"sagescale/internal/dynamodb"
)

// tableClient has one table, or fails.
type tableClient struct {
	table   *types.TableDescription
	backups *types.ContinuousBackupsDescription
	ttl     *types.TimeToLiveDescription
	err     error
}

func (c tableClient) DescribeTable(context.Context, *sdk.DescribeTableInput, ...func(*sdk.Options)) (*sdk.DescribeTableOutput, error) {
	return &sdk.DescribeTableOutput{Table: c.table}, c.err
}

func (c tableClient) DescribeContinuousBackups(context.Context, *sdk.DescribeContinuousBackupsInput, ...func(*sdk.Options)) (*sdk.DescribeContinuousBackupsOutput, error) {
	return &sdk.DescribeContinuousBackupsOutput{ContinuousBackupsDescription: c.backups}, c.err
}

func (c tableClient) DescribeTimeToLive(context.Context, *sdk.DescribeTimeToLiveInput, ...func(*sdk.Options)) (*sdk.DescribeTimeToLiveOutput, error) {
	return &sdk.DescribeTimeToLiveOutput{TimeToLiveDescription: c.ttl}, c.err
}

// kept is what is told of a table.
func kept(t *testing.T, c tableClient) string {
	t.Helper()
	table := dynamodb.NewTable(c)
	status, protected, errStatus := table.Status(t.Context(), "T")
	recoverable, errBackups := table.Recoverable(t.Context(), "T")
	expires, errTTL := table.Expires(t.Context(), "T")
	return fmt.Sprintln(status, protected, recoverable, expires, errStatus, errBackups, errTTL)
}

func TestTable(t *testing.T) {
	backups := func(s types.PointInTimeRecoveryStatus) *types.ContinuousBackupsDescription {
		return &types.ContinuousBackupsDescription{PointInTimeRecoveryDescription: &types.PointInTimeRecoveryDescription{PointInTimeRecoveryStatus: s}}
	}
	ttl := func(s types.TimeToLiveStatus) *types.TimeToLiveDescription {
		return &types.TimeToLiveDescription{TimeToLiveStatus: s, AttributeName: aws.String("expires")}
	}
	for _, tt := range []struct {
		client tableClient
		want   string
	}{
		{tableClient{
			table:   &types.TableDescription{TableStatus: types.TableStatusActive, DeletionProtectionEnabled: aws.Bool(true)},
			backups: backups(types.PointInTimeRecoveryStatusEnabled), ttl: ttl(types.TimeToLiveStatusEnabled),
		}, "ACTIVE true true expires <nil> <nil> <nil>"},
		{tableClient{
			table:   &types.TableDescription{TableStatus: types.TableStatusUpdating},
			backups: backups(types.PointInTimeRecoveryStatusDisabled), ttl: ttl(types.TimeToLiveStatusDisabled),
		}, "UPDATING false false  <nil> <nil> <nil>"},
		{tableClient{table: &types.TableDescription{}, ttl: ttl(types.TimeToLiveStatusEnabling)}, " false false expires <nil> <nil> <nil>"},
		{tableClient{}, "the answer has no table <nil> <nil>"},
		{tableClient{err: errors.New("slow")}, "call DescribeTable: slow call DescribeContinuousBackups: slow call DescribeTimeToLive: slow"},
		{tableClient{err: &types.ResourceNotFoundException{}}, dynamodb.ErrNoTable.Error()},
	} {
		if got := kept(t, tt.client); !strings.Contains(got, tt.want) {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

// An item that cannot be understood is told from a table that does not answer.
func TestMisread(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want bool
	}{
		{errors.New("read override: unknown field"), true},
		{fmt.Errorf("call Query: %w", &smithy.OperationError{ServiceID: "DynamoDB", OperationName: "Query", Err: errors.New("slow")}), false},
		{fmt.Errorf("call Query: %w", context.DeadlineExceeded), false},
		{fmt.Errorf("call Query: %w", context.Canceled), false},
		{nil, false},
	} {
		if got := dynamodb.Misread(tt.err); got != tt.want {
			t.Errorf("%v: got %v", tt.err, got)
		}
	}
}
