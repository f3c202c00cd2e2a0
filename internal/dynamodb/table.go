package dynamodb

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// ErrNoTable says that there is no table of a name.
var ErrNoTable = errors.New("there is no such table")

// describer is what is used of DynamoDB to see how a table is kept.
type describer interface {
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
	DescribeContinuousBackups(context.Context, *dynamodb.DescribeContinuousBackupsInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeContinuousBackupsOutput, error)
	DescribeTimeToLive(context.Context, *dynamodb.DescribeTimeToLiveInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTimeToLiveOutput, error)
}

// Table is how a table is kept.
type Table struct{ client describer }

// NewTable returns Table on a client: the SDK's, or what behaves like it.
func NewTable(client describer) *Table { return &Table{client} }

// Status returns the status of a table, such as ACTIVE, and whether it is protected from
// being deleted. ErrNoTable says that there is none of the name.
func (t *Table) Status(ctx context.Context, name string) (status string, protected bool, err error) {
	out, err := t.client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	if _, none := errors.AsType[*types.ResourceNotFoundException](err); none {
		return "", false, ErrNoTable
	}
	if err != nil {
		return "", false, fmt.Errorf("call DescribeTable: %w", err)
	}
	if out.Table == nil {
		return "", false, errors.New("call DescribeTable: the answer has no table")
	}
	return string(out.Table.TableStatus), aws.ToBool(out.Table.DeletionProtectionEnabled), nil
}

// Recoverable reports whether what a table held at any moment of late can be had again.
func (t *Table) Recoverable(ctx context.Context, name string) (bool, error) {
	out, err := t.client.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &name})
	if err != nil {
		return false, fmt.Errorf("call DescribeContinuousBackups: %w", err)
	}
	d := out.ContinuousBackupsDescription
	return d != nil && d.PointInTimeRecoveryDescription != nil &&
		d.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus == types.PointInTimeRecoveryStatusEnabled, nil
}

// Expires returns the attribute by which items of a table expire, empty where none do.
func (t *Table) Expires(ctx context.Context, name string) (string, error) {
	out, err := t.client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &name})
	if err != nil {
		return "", fmt.Errorf("call DescribeTimeToLive: %w", err)
	}
	d := out.TimeToLiveDescription
	if d == nil || d.TimeToLiveStatus != types.TimeToLiveStatusEnabled && d.TimeToLiveStatus != types.TimeToLiveStatusEnabling {
		return "", nil
	}
	return aws.ToString(d.AttributeName), nil
}
