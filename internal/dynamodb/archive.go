package dynamodb

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

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

// encodeActivity makes the item of a closed activity, which is kept for six weeks.
func encodeActivity(endpoint string, a activity.Activity) (map[string]types.AttributeValue, error) {
	body, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("marshal activity %s: %w", a.ID, err)
	}
	item := key(endpoint, "activity#"+a.StartTime.UTC().Format(sortTime)+"#"+a.ID)
	item["activity"] = text(string(body))
	item[config.KeyExpires] = number(a.EndTime.Add(keep).Unix())
	return item, nil
}
