package dynamodb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sagescale/internal/config"
	"sagescale/internal/plain"
	"sagescale/internal/policy"
)

const (
	// prefixOverride begins the sort key of an override; its variant ends it.
	prefixOverride    = "override#"
	attributeOverride = "override"
	// linger is how long an override that is over is still there to be read.
	linger = 24 * time.Hour
)

// SaveOverride sets the override of a variant, whatever it was before. To save it
// again changes nothing. One that Check refuses is not written.
func (s *Store) SaveOverride(ctx context.Context, endpoint, variant string, o policy.Override) error {
	item, err := encodeOverride(endpoint, variant, o)
	if err != nil {
		return fmt.Errorf("save override of variant %.80q of endpoint %s: %w", variant, endpoint, err)
	}
	if _, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.table, Item: item}); err != nil {
		return fmt.Errorf("call PutItem: %w", err)
	}
	return nil
}

// DeleteOverride ends the override of a variant, also one that cannot be
// understood. To delete what is not there is no error.
func (s *Store) DeleteOverride(ctx context.Context, endpoint, variant string) error {
	input := &dynamodb.DeleteItemInput{TableName: &s.table, Key: key(endpoint, prefixOverride+variant)}
	if _, err := s.client.DeleteItem(ctx, input); err != nil {
		return fmt.Errorf("call DeleteItem: %w", err)
	}
	return nil
}

// encodeOverride makes the item of an override.
func encodeOverride(endpoint, variant string, o policy.Override) (map[string]types.AttributeValue, error) {
	if err := checkOverride(variant, o); err != nil {
		return nil, err
	}
	body, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("marshal override: %w", err)
	}
	item := key(endpoint, prefixOverride+variant)
	item[attributeOverride] = text(string(body))
	item[attributeSchema] = number(schema)
	item[config.KeyExpires] = number(o.Until.Add(linger).Unix())
	return item, nil
}

// decodeOverride reads the item of the override of a variant. People write these
// items by hand: a field that is not known is one that is misspelt, and an error.
func decodeOverride(item map[string]types.AttributeValue, variant string) (policy.Override, error) {
	if err := understood(item); err != nil {
		return policy.Override{}, err
	}
	body, err := content(item, attributeOverride)
	if err != nil {
		return policy.Override{}, err
	}
	var o policy.Override
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&o); err != nil {
		return policy.Override{}, errors.New("unmarshal override: " + plain.Cut(err.Error(), longestDamage))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return policy.Override{}, errors.New("unmarshal override: something follows it")
	}
	if err := checkOverride(variant, o); err != nil {
		return policy.Override{}, err
	}
	return o, nil
}

func checkOverride(variant string, o policy.Override) error {
	if variant == "" {
		return errors.New("it names no variant")
	}
	return o.Check()
}
