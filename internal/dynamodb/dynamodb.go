// Package dynamodb keeps the state of endpoints, what operators set aside of their
// policies, what has been learned of their loads, what was told of their health, and their
// past activities in an Amazon DynamoDB table. It is the only importer of DynamoDB's SDK.
//
// An endpoint is a partition. Its state is one item and the override of each
// variant another; they are read together, consistently. The state is written on
// the condition that its version is still the one that was read: SageMaker takes
// no precondition, so this condition is the only fence around an update. What a write
// of the state closes goes into the history in the same transaction, so that the two
// never contradict each other.
// Overrides are written without one: they are an operator's, and the last word
// counts; so are forecasts, which are of advice only and read by themselves. What is
// remembered of a target's health has a version of its own: only one evaluation tells a
// change. Nothing hangs on the table's time to live but what is over: past activities, and
// overrides whose time has passed.
package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"sagescale/internal/activity"
	"sagescale/internal/config"
	"sagescale/internal/policy"
)

const (
	// schema is the version of the items' form. An item of a later one is left
	// alone: a newer deployment has written it.
	schema = 1
	// maxPages bounds the pages of one query: a key that never ends must not hold
	// an evaluation. What an endpoint has fits one page, of a megabyte.
	maxPages = 10

	attributeSchema = "schema"
)

type api interface {
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
}

// What is told apart of what may be wrong with an item: a newer deployment has written
// it, or an attribute counts nothing.
var (
	errNewer   = errors.New("newer")
	errNoCount = errors.New("no number from 1 on")
)

// Store keeps state in one table.
type Store struct {
	client api
	table  string
}

// New returns a Store in a table, by a client: the SDK's, or what behaves like it.
func New(client api, table string) *Store { return &Store{client, table} }

// Load returns the state of an endpoint, of version 0 if there is none, blank and
// with its Damage if it cannot be understood, and the overrides of its variants. Whether an override is in force is for the caller to
// see: those whose time has passed are among them until the table forgets them.
// One that cannot be understood is an error: what an operator wrote must not go
// unheeded.
func (s *Store) Load(ctx context.Context, endpoint string) (activity.State, map[string]policy.Override, error) {
	// The activities and the forecasts sort before and are left out.
	items, err := s.query(ctx, endpoint, "#sk >= :from", prefixOverride)
	if err != nil {
		return activity.State{}, nil, err
	}
	state, overrides := activity.State{Endpoint: endpoint}, map[string]policy.Override{}
	for _, item := range items {
		sort, err := content(item, config.KeySort)
		if err != nil {
			return activity.State{}, nil, fmt.Errorf("read item of endpoint %s: %w", endpoint, err)
		}
		variant, isOverride := strings.CutPrefix(sort, prefixOverride)
		switch {
		case isOverride:
			if overrides[variant], err = decodeOverride(item, variant); err != nil {
				return activity.State{}, nil, fmt.Errorf("read override of variant %.80q of endpoint %s: %w", variant, endpoint, err)
			}
		case sort == sortState:
			if state, err = decodeState(item, endpoint); err != nil {
				return activity.State{}, nil, fmt.Errorf("read state of endpoint %s: %w", endpoint, err)
			}
		default: // of a newer deployment
		}
	}
	return state, overrides, nil
}

// Misread reports whether an error of Load says that an item was there and could not be
// understood, rather than that the table did not answer.
func Misread(err error) bool {
	_, unanswered := errors.AsType[*smithy.OperationError](err)
	return err != nil && !unanswered && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// query returns the items of an endpoint of which a condition on #sk holds, that of the
// sort key, beside a text.
func (s *Store) query(ctx context.Context, endpoint, condition, from string) ([]map[string]types.AttributeValue, error) {
	return s.read(ctx, endpoint, condition, from, true)
}

// queryLately is query at half its price: what was written in the last moments may not be
// there yet.
func (s *Store) queryLately(ctx context.Context, endpoint, condition, from string) ([]map[string]types.AttributeValue, error) {
	return s.read(ctx, endpoint, condition, from, false)
}

// read reads all pages of a query.
func (s *Store) read(ctx context.Context, endpoint, condition, from string, consistent bool) ([]map[string]types.AttributeValue, error) {
	input := &dynamodb.QueryInput{
		TableName:                &s.table,
		ConsistentRead:           &consistent,
		KeyConditionExpression:   aws.String("#pk = :endpoint AND " + condition),
		ExpressionAttributeNames: map[string]string{"#pk": config.KeyPartition, "#sk": config.KeySort},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":endpoint": text(endpoint),
			":from":     text(from),
		},
	}
	return s.pages(ctx, input)
}

// pages returns the items of all pages of a query.
func (s *Store) pages(ctx context.Context, input *dynamodb.QueryInput) ([]map[string]types.AttributeValue, error) {
	var items []map[string]types.AttributeValue
	for range maxPages {
		page, err := s.client.Query(ctx, input)
		if err != nil {
			return nil, fmt.Errorf("call Query: %w", err)
		}
		items = append(items, page.Items...)
		if len(page.LastEvaluatedKey) == 0 {
			return items, nil
		}
		input.ExclusiveStartKey = page.LastEvaluatedKey
	}
	return nil, errors.New("call Query: the answer has too many pages")
}

func key(endpoint, sort string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{config.KeyPartition: text(endpoint), config.KeySort: text(sort)}
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// understood checks that the form of an item is one that is known here.
func understood(item map[string]types.AttributeValue) error {
	form, err := integer(item, attributeSchema)
	if err != nil {
		return err
	}
	if form > schema {
		return fmt.Errorf("its schema %d is %w than %d, the one known here", form, errNewer, schema)
	}
	return nil
}

// integer reads a number that counts from 1.
func integer(item map[string]types.AttributeValue, name string) (int64, error) {
	n, ok := item[name].(*types.AttributeValueMemberN)
	if !ok {
		return 0, fmt.Errorf("attribute %s is %w", name, errNoCount)
	}
	v, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("attribute %s: %w", name, err)
	}
	if v < 1 {
		return 0, fmt.Errorf("attribute %s is %d, %w", name, v, errNoCount)
	}
	return v, nil
}

// content reads a string.
func content(item map[string]types.AttributeValue, name string) (string, error) {
	s, ok := item[name].(*types.AttributeValueMemberS)
	if !ok {
		return "", fmt.Errorf("attribute %s is no string", name)
	}
	return s.Value, nil
}
