// Package dynamodb keeps the state of endpoints and their past activities in an
// Amazon DynamoDB table. It is the only importer of DynamoDB's SDK.
//
// The state of an endpoint is one item, read consistently and written on the
// condition that its version is still the one that was read. SageMaker takes no
// precondition, so this condition is the only fence around an update. Nothing
// hangs on the table's time to live but the history.
package dynamodb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sagescale/internal/activity"
	"sagescale/internal/config"
)

const (
	// schema is the version of the items' form. An item of a later one is left
	// alone: a newer deployment has written it.
	schema = 1
	// keep is how long history is kept, as in Application Auto Scaling.
	keep = 6 * 7 * 24 * time.Hour

	// sortTime writes times, in UTC, so that their order is that of the texts:
	// time.RFC3339Nano would not, it drops trailing zeros.
	sortTime = "2006-01-02T15:04:05.000000000Z"

	sortState        = "state"
	attributeState   = "state"
	attributeVersion = "version"
	attributeSchema  = "schema"
)

type api interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
}

// Store keeps state in one table.
type Store struct {
	client api
	table  string
}

// New returns a Store in a table.
func New(client *dynamodb.Client, table string) *Store { return &Store{client, table} }

// Load returns the state of an endpoint, of version 0 if there is none.
func (s *Store) Load(ctx context.Context, endpoint string) (activity.State, error) {
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName:      &s.table,
		Key:            key(endpoint, sortState),
		ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return activity.State{}, fmt.Errorf("call GetItem: %w", err)
	}
	if len(out.Item) == 0 {
		return activity.State{Endpoint: endpoint}, nil
	}
	return decode(out.Item, endpoint)
}

// Save writes s on the condition that the stored version is s.Version, and
// returns it with its new version. It fails with activity.ErrConflict if
// somebody else wrote meanwhile. If the condition fails because an earlier try
// of this very write was applied and its answer lost, Save succeeds.
func (s *Store) Save(ctx context.Context, state activity.State) (activity.State, error) {
	read := state.Version
	state.Version++
	item, err := encode(state)
	if err != nil {
		return activity.State{}, err
	}
	input := &dynamodb.PutItemInput{
		TableName:                           &s.table,
		Item:                                item,
		ConditionExpression:                 aws.String("attribute_not_exists(#pk)"),
		ExpressionAttributeNames:            map[string]string{"#pk": config.KeyPartition},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	if read > 0 {
		input.ConditionExpression = aws.String("#version = :read")
		input.ExpressionAttributeNames = map[string]string{"#version": attributeVersion}
		input.ExpressionAttributeValues = map[string]types.AttributeValue{":read": number(read)}
	}
	_, err = s.client.PutItem(ctx, input)
	var failed *types.ConditionalCheckFailedException
	switch {
	case err == nil:
		return state, nil
	case errors.As(err, &failed) && same(failed.Item, item):
		return state, nil
	case errors.As(err, &failed):
		return activity.State{}, fmt.Errorf("write version %d of the state: %w", state.Version, activity.ErrConflict)
	}
	return activity.State{}, fmt.Errorf("call PutItem: %w", err)
}

// Archive keeps a closed activity for six weeks. To archive it again changes
// nothing.
func (s *Store) Archive(ctx context.Context, endpoint string, a activity.Activity) error {
	text, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("marshal activity %s: %w", a.ID, err)
	}
	item := key(endpoint, "activity#"+a.StartTime.UTC().Format(sortTime)+"#"+a.ID)
	item["activity"] = &types.AttributeValueMemberS{Value: string(text)}
	item[config.KeyExpires] = number(a.EndTime.Add(keep).Unix())
	if _, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.table, Item: item}); err != nil {
		return fmt.Errorf("call PutItem: %w", err)
	}
	return nil
}

func key(endpoint, sort string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		config.KeyPartition: &types.AttributeValueMemberS{Value: endpoint},
		config.KeySort:      &types.AttributeValueMemberS{Value: sort},
	}
}

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// encode makes the item of a state.
func encode(state activity.State) (map[string]types.AttributeValue, error) {
	text, err := json.Marshal(state)
	if err != nil {
		return nil, fmt.Errorf("marshal state of endpoint %s: %w", state.Endpoint, err)
	}
	item := key(state.Endpoint, sortState)
	item[attributeState] = &types.AttributeValueMemberS{Value: string(text)}
	item[attributeVersion] = number(state.Version)
	item[attributeSchema] = number(schema)
	return item, nil
}

// decode reads the item of the state of an endpoint. The version is that of its
// own attribute: the condition of a write is on that one.
func decode(item map[string]types.AttributeValue, endpoint string) (activity.State, error) {
	version, err := integer(item, attributeVersion)
	if err != nil {
		return activity.State{}, err
	}
	form, err := integer(item, attributeSchema)
	if err != nil {
		return activity.State{}, err
	}
	if form > schema {
		return activity.State{}, fmt.Errorf("read state item: its schema %d is newer than %d, the one known here", form, schema)
	}
	text, ok := item[attributeState].(*types.AttributeValueMemberS)
	if !ok {
		return activity.State{}, fmt.Errorf("read state item: attribute %s is no string", attributeState)
	}
	var state activity.State
	if err := json.Unmarshal([]byte(text.Value), &state); err != nil {
		return activity.State{}, fmt.Errorf("unmarshal state: %w", err)
	}
	if state.Endpoint != endpoint {
		return activity.State{}, fmt.Errorf("read state item: it is of endpoint %.80q, not %q", state.Endpoint, endpoint)
	}
	state.Version = version
	return state, nil
}

// integer reads a number that counts from 1.
func integer(item map[string]types.AttributeValue, name string) (int64, error) {
	n, ok := item[name].(*types.AttributeValueMemberN)
	if !ok {
		return 0, fmt.Errorf("read state item: attribute %s is no number", name)
	}
	v, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read state item: attribute %s: %w", name, err)
	}
	if v < 1 {
		return 0, fmt.Errorf("read state item: attribute %s is %d, below 1", name, v)
	}
	return v, nil
}

// same reports whether the stored item is the one that was to be written.
func same(stored, written map[string]types.AttributeValue) bool {
	a, okA := stored[attributeState].(*types.AttributeValueMemberS)
	b, okB := written[attributeState].(*types.AttributeValueMemberS)
	return okA && okB && a.Value == b.Value
}
