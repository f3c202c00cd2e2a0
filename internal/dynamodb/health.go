package dynamodb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sagescale/internal/health"
)

const (
	// prefixHealth begins the sort key of what is remembered of a target's health; its
	// variant ends it. It sorts before the items that Load reads.
	prefixHealth    = "health#"
	attributeHealth = "health"
)

// Health returns what is remembered of the health of an endpoint's variants. It may be a
// little late: who writes on it fails. What cannot be understood is as if it were not
// there, and a write replaces it; what a newer deployment has written is told of in the
// error, beside the others.
func (s *Store) Health(ctx context.Context, endpoint string) (map[string]health.Memory, error) {
	items, err := s.queryLately(ctx, endpoint, "begins_with(#sk, :from)", prefixHealth)
	if err != nil {
		return nil, err
	}
	return byVariant(endpoint, "health", prefixHealth, items, decodeHealth)
}

// SaveHealth writes m on the condition that the stored version is m.Version, 0 for none
// that can be read, and returns it with its new version. It fails with
// activity.ErrConflict if somebody else wrote meanwhile. A write that an earlier try has
// done already, whose answer was lost, succeeds.
func (s *Store) SaveHealth(ctx context.Context, endpoint, variant string, m health.Memory) (health.Memory, error) {
	read := m.Version
	m.Version++
	body, err := json.Marshal(m)
	if err != nil {
		return health.Memory{}, fmt.Errorf("marshal health of variant %s of endpoint %s: %w", variant, endpoint, err)
	}
	item := key(endpoint, prefixHealth+variant)
	item[attributeHealth] = text(string(body))
	item[attributeVersion] = number(m.Version)
	item[attributeSchema] = number(schema)
	if err := s.write(ctx, s.replace(item, read), attributeHealth); err != nil {
		return health.Memory{}, err
	}
	return m, nil
}

// decodeHealth reads the item of a memory. The version is that of its own attribute.
func decodeHealth(item map[string]types.AttributeValue) (health.Memory, error) {
	err := understood(item)
	if errors.Is(err, errNewer) {
		return health.Memory{}, err
	}
	m, damage := decodeMemory(item)
	if err != nil || damage != nil {
		m = health.Memory{}
	}
	version, err := integer(item, attributeVersion)
	switch {
	case errors.Is(err, errNoCount):
		return health.Memory{}, nil
	case err != nil:
		return health.Memory{}, err
	}
	m.Version = version
	return m, nil
}

// decodeMemory reads the memory in an item.
func decodeMemory(item map[string]types.AttributeValue) (health.Memory, error) {
	var m health.Memory
	body, err := content(item, attributeHealth)
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		return m, fmt.Errorf("unmarshal health: %w", err)
	}
	return m, m.Check()
}
