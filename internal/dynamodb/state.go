package dynamodb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

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
// that can be read, and returns it with its new version. Activities that this very
// write closes are kept with it for people to read: all of it is written or nothing.
//
// It fails with activity.ErrConflict if somebody else wrote meanwhile. If the
// condition fails because an earlier try of this very write was applied and its answer
// lost, Save succeeds.
func (s *Store) Save(ctx context.Context, state activity.State, closed ...activity.Activity) (activity.State, error) {
	read := state.Version
	state.Version++
	put, err := s.put(state, read)
	if err != nil {
		return activity.State{}, err
	}
	if len(closed) == 0 {
		err = s.write(ctx, put, attributeState)
	} else {
		err = s.writeAll(ctx, put, state.Endpoint, closed)
	}
	if err != nil {
		return activity.State{}, err
	}
	return state, nil
}

// put is the conditional write of a state in the place of the version that was read.
func (s *Store) put(state activity.State, read int64) (*types.Put, error) {
	item, err := encodeState(state)
	if err != nil {
		return nil, err
	}
	return s.replace(item, read), nil
}

// replace is the write of an item in the place of the version that was read, 0 for none
// that can be read.
func (s *Store) replace(item map[string]types.AttributeValue, read int64) *types.Put {
	put := &types.Put{
		TableName:                           &s.table,
		Item:                                item,
		ConditionExpression:                 aws.String("#version = :read"),
		ExpressionAttributeNames:            map[string]string{"#version": attributeVersion},
		ExpressionAttributeValues:           map[string]types.AttributeValue{":read": number(read)},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	if read == 0 {
		put.ConditionExpression = aws.String("NOT attribute_type(#version, :number) OR #version < :one")
		put.ExpressionAttributeValues = map[string]types.AttributeValue{":number": text("N"), ":one": number(1)}
	}
	return put
}

// write writes one item alone, whose content is in the attribute body.
func (s *Store) write(ctx context.Context, put *types.Put, body string) error {
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName:                           put.TableName,
		Item:                                put.Item,
		ConditionExpression:                 put.ConditionExpression,
		ExpressionAttributeNames:            put.ExpressionAttributeNames,
		ExpressionAttributeValues:           put.ExpressionAttributeValues,
		ReturnValuesOnConditionCheckFailure: put.ReturnValuesOnConditionCheckFailure,
	})
	var failed *types.ConditionalCheckFailedException
	var busy *types.TransactionConflictException
	switch {
	case err == nil, errors.As(err, &failed) && same(failed.Item, put.Item, body):
		return nil
	case errors.As(err, &failed), errors.As(err, &busy):
		return fmt.Errorf("write the %s: %w", body, activity.ErrConflict)
	}
	return fmt.Errorf("call PutItem: %w", err)
}

// writeAll writes the state and the activities that it closes in one transaction. The
// SDK gives it a token, by which a second try of one that was applied succeeds.
func (s *Store) writeAll(ctx context.Context, put *types.Put, endpoint string, closed []activity.Activity) error {
	input := &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{{Put: put}}}
	for _, a := range closed {
		item, err := encodeActivity(endpoint, a)
		if err != nil {
			return err
		}
		input.TransactItems = append(input.TransactItems, types.TransactWriteItem{Put: &types.Put{TableName: &s.table, Item: item}})
	}
	_, err := s.client.TransactWriteItems(ctx, input)
	var cancelled *types.TransactionCanceledException
	switch {
	case err == nil, errors.As(err, &cancelled) && written(cancelled, put):
		return nil
	case cancelled != nil && slices.ContainsFunc(cancelled.CancellationReasons, isConflict):
		return fmt.Errorf("write the state: %w", activity.ErrConflict)
	}
	return fmt.Errorf("call TransactWriteItems: %w", err)
}

// written reports whether a transaction was cancelled because it has been applied
// already. Its first item is the state.
func written(cancelled *types.TransactionCanceledException, put *types.Put) bool {
	reasons := cancelled.CancellationReasons
	return len(reasons) > 0 && same(reasons[0].Item, put.Item, attributeState)
}

// isConflict reports whether a transaction was cancelled because somebody else has
// written, or was writing.
func isConflict(r types.CancellationReason) bool {
	code := aws.ToString(r.Code)
	return code == "ConditionalCheckFailed" || code == "TransactionConflict"
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

// same reports whether the stored item is the one that was to be written, by the attribute
// that has its content.
func same(stored, written map[string]types.AttributeValue, body string) bool {
	a, okA := stored[body].(*types.AttributeValueMemberS)
	b, okB := written[body].(*types.AttributeValueMemberS)
	return okA && okB && a.Value == b.Value
}
