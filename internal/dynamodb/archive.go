package dynamodb

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"sagescale/internal/activity"
	"sagescale/internal/config"
)

const (
	// keep is how long history is kept, as in Application Auto Scaling.
	keep = 6 * 7 * 24 * time.Hour

	// sortTime writes times, in UTC, so that their order is that of the texts:
	// time.RFC3339Nano would not, it drops trailing zeros.
	sortTime = "2006-01-02T15:04:05.000000000Z"
)

// Archive keeps a closed activity for six weeks. To archive it again changes
// nothing.
func (s *Store) Archive(ctx context.Context, endpoint string, a activity.Activity) error {
	body, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("marshal activity %s: %w", a.ID, err)
	}
	item := key(endpoint, "activity#"+a.StartTime.UTC().Format(sortTime)+"#"+a.ID)
	item["activity"] = text(string(body))
	item[config.KeyExpires] = number(a.EndTime.Add(keep).Unix())
	if _, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.table, Item: item}); err != nil {
		return fmt.Errorf("call PutItem: %w", err)
	}
	return nil
}
