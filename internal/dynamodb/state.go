package dynamodb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sagescale/internal/activity"
	"sagescale/internal/config"
)

const (
	sortState        = "state"
	attributeState   = "state"
	attributeVersion = "version"
)

// Save writes s on the condition that the stored version is s.Version, and
// returns it with its new version. It fails with activity.ErrConflict if
// somebody else wrote meanwhile. If the condition fails because an earlier try
// of this very write was applied and its answer lost, Save succeeds.
func (s *Store) Save(ctx context.Context, state activity.State) (activity.State, error) {
	read := state.Version
	state.Version++
	item, err := encodeState(state)
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

// encodeState makes the item of a state.
func encodeState(state activity.State) (map[string]types.AttributeValue, error) {
	body, err := json.Marshal(state)
	if err != nil {
		return nil, fmt.Errorf("marshal state of endpoint %s: %w", state.Endpoint, err)
	}
	item := key(state.Endpoint, sortState)
	item[attributeState] = text(string(body))
	item[attributeVersion] = number(state.Version)
	item[attributeSchema] = number(schema)
	return item, nil
}

// decodeState reads the item of the state of an endpoint. The version is that of
// its own attribute: the condition of a write is on that one.
func decodeState(item map[string]types.AttributeValue, endpoint string) (activity.State, error) {
	if err := understood(item); err != nil {
		return activity.State{}, err
	}
	version, err := integer(item, attributeVersion)
	if err != nil {
		return activity.State{}, err
	}
	body, err := content(item, attributeState)
	if err != nil {
		return activity.State{}, err
	}
	var state activity.State
	if err := json.Unmarshal([]byte(body), &state); err != nil {
		return activity.State{}, fmt.Errorf("unmarshal state: %w", err)
	}
	if state.Endpoint != endpoint {
		return activity.State{}, fmt.Errorf("it is of endpoint %.80q", state.Endpoint)
	}
	state.Version = version
	return state, nil
}

// same reports whether the stored item is the one that was to be written.
func same(stored, written map[string]types.AttributeValue) bool {
	a, okA := stored[attributeState].(*types.AttributeValueMemberS)
	b, okB := written[attributeState].(*types.AttributeValueMemberS)
	return okA && okB && a.Value == b.Value
}
