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
	"sagescale/internal/plain"
)

const (
	sortState        = "state"
	attributeState   = "state"
	attributeVersion = "version"
	// longestDamage bounds, in characters, what is said of an item that cannot be
	// understood: whoever wrote it may have written anything.
	longestDamage = 300
)

// Save writes s on the condition that the stored version is s.Version, 0 for none
// that can be read, and returns it with its new version. It fails with activity.ErrConflict if
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
		ConditionExpression:                 aws.String("#version = :read"),
		ExpressionAttributeNames:            map[string]string{"#version": attributeVersion},
		ExpressionAttributeValues:           map[string]types.AttributeValue{":read": number(read)},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	if read == 0 {
		input.ConditionExpression = aws.String("NOT attribute_type(#version, :number) OR #version < :one")
		input.ExpressionAttributeValues = map[string]types.AttributeValue{":number": text("N"), ":one": number(1)}
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
// its own attribute: the condition of a write is on that one. A state that cannot be
// understood is one that remembers nothing and says why; one that a newer deployment
// has written is an error.
func decodeState(item map[string]types.AttributeValue, endpoint string) (activity.State, error) {
	if err := understood(item); errors.Is(err, errNewer) {
		return activity.State{}, err
	}
	state, damage := decodeBody(item, endpoint)
	version, err := integer(item, attributeVersion)
	switch {
	case errors.Is(err, errNoCount):
		version = 0
	case err != nil:
		return activity.State{}, err
	}
	if err := errors.Join(damage, err); err != nil {
		state = activity.State{Endpoint: endpoint, Damage: plain.Cut(err.Error(), longestDamage)}
	}
	state.Version = version
	return state, nil
}

// decodeBody reads the state in an item.
func decodeBody(item map[string]types.AttributeValue, endpoint string) (activity.State, error) {
	var state activity.State
	if err := understood(item); err != nil {
		return state, err
	}
	body, err := content(item, attributeState)
	if err != nil {
		return state, err
	}
	if err := json.Unmarshal([]byte(body), &state); err != nil {
		return state, fmt.Errorf("unmarshal state: %w", err)
	}
	if state.Endpoint != endpoint {
		return state, fmt.Errorf("it is of endpoint %.80q", state.Endpoint)
	}
	return state, state.Check()
}

// same reports whether the stored item is the one that was to be written.
func same(stored, written map[string]types.AttributeValue) bool {
	a, okA := stored[attributeState].(*types.AttributeValueMemberS)
	b, okB := written[attributeState].(*types.AttributeValueMemberS)
	return okA && okB && a.Value == b.Value
}
