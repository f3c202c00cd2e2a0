package dynamodb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sagescale/internal/config"
	"sagescale/internal/forecast"
)

const (
	// prefixForecast begins the sort key of a forecast; its variant ends it.
	prefixForecast    = "forecast#"
	attributeForecast = "forecast"
	// outlive is how long a forecast that nobody renews is still there: much longer than
	// it is of use.
	outlive = 14 * 24 * time.Hour
)

// Forecasts returns what has been learned of the loads of an endpoint's variants. One
// that cannot be understood is left out and told of in the error, beside the others:
// scaling goes on without.
func (s *Store) Forecasts(ctx context.Context, endpoint string) (map[string]forecast.Model, error) {
	items, err := s.query(ctx, endpoint, "begins_with(#sk, :from)", prefixForecast)
	if err != nil {
		return nil, err
	}
	return byVariant(endpoint, "forecast", prefixForecast, items, decodeForecast)
}

// byVariant decodes the items of an endpoint that belong to its variants, by what follows
// the prefix of their sort keys. Those that cannot be are left out and told of.
func byVariant[T any](endpoint, what, prefix string, items []map[string]types.AttributeValue,
	decode func(map[string]types.AttributeValue) (T, error)) (map[string]T, error) {
	out := map[string]T{}
	var faults error
	for _, item := range items {
		sort, err := content(item, config.KeySort)
		if err != nil {
			faults = errors.Join(faults, fmt.Errorf("read item of endpoint %s: %w", endpoint, err))
			continue
		}
		variant := strings.TrimPrefix(sort, prefix)
		v, err := decode(item)
		if err != nil {
			faults = errors.Join(faults, fmt.Errorf("read %s of variant %.80q of endpoint %s: %w", what, variant, endpoint, err))
			continue
		}
		out[variant] = v
	}
	return out, faults
}

// SaveForecast keeps what has been learned of the load of a variant, whatever was there
// before: who learned last knows most.
func (s *Store) SaveForecast(ctx context.Context, endpoint, variant string, m forecast.Model) error {
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("marshal forecast of variant %s of endpoint %s: %w", variant, endpoint, err)
	}
	item := key(endpoint, prefixForecast+variant)
	item[attributeForecast] = text(string(body))
	item[attributeSchema] = number(schema)
	item[config.KeyExpires] = number(m.Through.Add(outlive).Unix())
	if _, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.table, Item: item}); err != nil {
		return fmt.Errorf("call PutItem: %w", err)
	}
	return nil
}

// decodeForecast reads the item of a forecast.
func decodeForecast(item map[string]types.AttributeValue) (forecast.Model, error) {
	var m forecast.Model
	if err := understood(item); err != nil {
		return m, err
	}
	body, err := content(item, attributeForecast)
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		return m, fmt.Errorf("unmarshal forecast: %w", err)
	}
	return m, m.Check()
}
