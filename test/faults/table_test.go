package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sagescale/internal/activity"
)

const (
	tableName = "sagescale"
	opPut     = "Put state"
	// opForecasts is the query for what was learned, apart from the one for the state.
	opForecasts = "Query forecasts"
	ofForecasts = "#pk = :endpoint AND begins_with(#sk, :from)"
)

type item = map[string]types.AttributeValue

// table is a model of the state table: linearizable where a read is consistent, a
// write behind where it is not.
type table struct {
	items map[string]map[string]item // by partition and sort key
	stale map[string]map[string]item // before the last write of a partition
	// past has every state item that an endpoint had, oldest first.
	past map[string][]snapshot
}

type snapshot struct {
	at   time.Time
	item item
}

func newTable() *table {
	return &table{
		items: map[string]map[string]item{}, stale: map[string]map[string]item{}, past: map[string][]snapshot{},
	}
}

// dynamoDBClient is a worker's client of the table.
type dynamoDBClient struct{ *worker }

func (c dynamoDBClient) options(optFns []func(*dynamodb.Options)) aws.Retryer {
	o := dynamodb.Options{Retryer: c.retryer}
	for _, f := range optFns {
		f(&o)
	}
	return o.Retryer
}

func (c dynamoDBClient) Query(ctx context.Context, in *dynamodb.QueryInput, optFns ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	endpoint := textOf(in.ExpressionAttributeValues[":endpoint"])
	if aws.ToString(in.KeyConditionExpression) == ofForecasts {
		return request(ctx, c.worker, c.options(optFns), opForecasts, endpoint, func() (*dynamodb.QueryOutput, error) {
			return c.table.query(in)
		})
	}
	var read time.Time
	out, err := request(ctx, c.worker, c.options(optFns), "Query", endpoint, func() (*dynamodb.QueryOutput, error) {
		read = c.now()
		return c.table.query(in)
	})
	if err == nil {
		c.saw.load(endpoint, read)
	}
	return out, err
}

func (c dynamoDBClient) PutItem(ctx context.Context, in *dynamodb.PutItemInput, optFns ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return request(ctx, c.worker, c.options(optFns), opPut, textOf(in.Item["pk"]), func() (*dynamodb.PutItemOutput, error) {
		return c.table.put(in, c.now())
	})
}

// TransactWriteItems writes all or nothing. As by the token that the SDK gives it, a
// second try of what was applied succeeds.
func (c dynamoDBClient) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, optFns ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	endpoint, applied := textOf(in.TransactItems[0].Put.Item["pk"]), false
	return request(ctx, c.worker, c.options(optFns), opPut, endpoint, func() (*dynamodb.TransactWriteItemsOutput, error) {
		if applied {
			return &dynamodb.TransactWriteItemsOutput{}, nil
		}
		out, err := c.table.transact(in, c.now())
		applied = err == nil
		return out, err
	})
}

func (c dynamoDBClient) DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	panic("no function deletes items")
}

// query answers the two queries that there are. It panics on any other: the model would
// answer it wrongly.
func (t *table) query(in *dynamodb.QueryInput) (*dynamodb.QueryOutput, error) {
	endpoint, from := textOf(in.ExpressionAttributeValues[":endpoint"]), textOf(in.ExpressionAttributeValues[":from"])
	asked := func(sort string) bool { return sort >= from }
	switch got := aws.ToString(in.KeyConditionExpression); got {
	case "#pk = :endpoint AND #sk >= :from":
	case ofForecasts:
		asked = func(sort string) bool { return strings.HasPrefix(sort, from) }
	default:
		panic("the model has no query " + got)
	}
	items := t.items[endpoint]
	if !aws.ToBool(in.ConsistentRead) {
		items = t.stale[endpoint]
	}
	out := &dynamodb.QueryOutput{}
	for _, sort := range slices.Sorted(maps.Keys(items)) {
		if asked(sort) {
			out.Items = append(out.Items, maps.Clone(items[sort]))
		}
	}
	return out, nil
}

// put writes an item if its condition holds.
func (t *table) put(in *dynamodb.PutItemInput, now time.Time) (*dynamodb.PutItemOutput, error) {
	if aws.ToString(in.TableName) != tableName {
		return nil, &types.ResourceNotFoundException{}
	}
	endpoint, sort := textOf(in.Item["pk"]), textOf(in.Item["sk"])
	stored := t.items[endpoint][sort]
	if !holds(in.ConditionExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues, stored) {
		failed := &types.ConditionalCheckFailedException{Message: aws.String("The conditional request failed")}
		if in.ReturnValuesOnConditionCheckFailure == types.ReturnValuesOnConditionCheckFailureAllOld {
			failed.Item = maps.Clone(stored)
		}
		return nil, failed
	}
	t.set(endpoint, sort, in.Item, now)
	return &dynamodb.PutItemOutput{}, nil
}

// transact writes several items if the conditions of all hold.
func (t *table) transact(in *dynamodb.TransactWriteItemsInput, now time.Time) (*dynamodb.TransactWriteItemsOutput, error) {
	cancelled := &types.TransactionCanceledException{CancellationReasons: make([]types.CancellationReason, len(in.TransactItems))}
	failed := false
	for i, w := range in.TransactItems {
		stored := t.items[textOf(w.Put.Item["pk"])][textOf(w.Put.Item["sk"])]
		cancelled.CancellationReasons[i].Code = aws.String("None")
		if !holds(w.Put.ConditionExpression, w.Put.ExpressionAttributeNames, w.Put.ExpressionAttributeValues, stored) {
			failed = true
			cancelled.CancellationReasons[i] = types.CancellationReason{Code: aws.String("ConditionalCheckFailed"), Item: maps.Clone(stored)}
		}
	}
	if failed {
		return nil, cancelled
	}
	for _, w := range in.TransactItems {
		t.set(textOf(w.Put.Item["pk"]), textOf(w.Put.Item["sk"]), w.Put.Item, now)
	}
	return &dynamodb.TransactWriteItemsOutput{}, nil
}

// holds reports whether the condition of a write holds for what is stored. It panics
// on a condition that no adapter sends.
func holds(expression *string, names map[string]string, values, stored item) bool {
	version := stored[names["#version"]]
	n, isNumber := version.(*types.AttributeValueMemberN)
	switch condition := aws.ToString(expression); condition {
	case "":
		return true
	case "#version = :read":
		return version != nil && equal(version, values[":read"])
	case "NOT attribute_type(#version, :number) OR #version < :one":
		return !isNumber || strings.HasPrefix(n.Value, "-") || n.Value == "0"
	default:
		panic("the model has no condition " + condition)
	}
}

// equal compares two values as DynamoDB does: with their types.
func equal(a, b types.AttributeValue) bool {
	return fmt.Sprintf("%T%+v", a, a) == fmt.Sprintf("%T%+v", b, b)
}

// set stores an item.
func (t *table) set(endpoint, sort string, i item, now time.Time) {
	if t.items[endpoint] == nil {
		t.items[endpoint] = map[string]item{}
	}
	t.stale[endpoint] = maps.Clone(t.items[endpoint])
	t.items[endpoint][sort] = maps.Clone(i)
	if sort == "state" {
		t.past[endpoint] = append(t.past[endpoint], snapshot{now, maps.Clone(i)})
	}
}

// state reads the stored state of an endpoint, as far as it can be read.
func (t *table) state(endpoint string) (activity.State, bool) {
	var s activity.State
	err := json.Unmarshal([]byte(textOf(t.items[endpoint]["state"]["state"])), &s)
	return s, err == nil
}

// archived returns the closed activities of an endpoint, by their ids.
func (t *table) archived(endpoint string) map[string]activity.Activity {
	out := map[string]activity.Activity{}
	for sort, i := range t.items[endpoint] {
		if !strings.HasPrefix(sort, "activity#") {
			continue
		}
		var a activity.Activity
		if err := json.Unmarshal([]byte(textOf(i["activity"])), &a); err != nil {
			panic(fmt.Sprintf("read activity %s: %v", sort, err))
		}
		out[a.ID] = a
	}
	return out
}

func textOf(v types.AttributeValue) string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
