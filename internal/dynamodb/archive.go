package dynamodb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
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

	// prefixActivity begins the sort key of an activity; its start and its name end it.
	prefixActivity    = "activity#"
	attributeActivity = "activity"
)

// ErrNotUnderstood says that some items of an answer could not be understood.
var ErrNotUnderstood = errors.New("not understood")

// Activities returns the closed activities of an endpoint, of all its variants, that began
// from a time through another, in the order of their beginnings. Those that cannot be
// understood, or that a newer deployment has written, are left out and told of by
// ErrNotUnderstood, beside the others.
func (s *Store) Activities(ctx context.Context, endpoint string, from, through time.Time) ([]activity.Activity, error) {
	items, err := s.pages(ctx, &dynamodb.QueryInput{
		TableName:                &s.table,
		ConsistentRead:           aws.Bool(true),
		KeyConditionExpression:   aws.String("#pk = :endpoint AND #sk BETWEEN :from AND :to"),
		ExpressionAttributeNames: map[string]string{"#pk": config.KeyPartition, "#sk": config.KeySort},
		ExpressionAttributeValues: map[string]types.AttributeValue{
			":endpoint": text(endpoint),
			":from":     text(prefixActivity + from.UTC().Format(sortTime)),
			":to":       text(prefixActivity + through.UTC().Format(sortTime) + "$"), // after "#", which a name follows
		},
	})
	if err != nil {
		return nil, err
	}
	var out []activity.Activity
	var faults []error
	for _, item := range items {
		a, err := decodeActivity(item)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		out = append(out, a)
	}
	if faults != nil {
		err = fmt.Errorf("read activities of endpoint %s: %w: %d of %d, the first because %w",
			endpoint, ErrNotUnderstood, len(faults), len(items), faults[0])
	}
	return out, err
}

// decodeActivity reads the item of a closed activity.
func decodeActivity(item map[string]types.AttributeValue) (activity.Activity, error) {
	var a activity.Activity
	if item[attributeSchema] != nil { // none has one yet
		if err := understood(item); err != nil {
			return a, err
		}
	}
	body, err := content(item, attributeActivity)
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		return a, fmt.Errorf("unmarshal activity: %w", err)
	}
	if a.Open() {
		return a, fmt.Errorf("it is %s", a.Status)
	}
	return a, a.Check()
}

// encodeActivity makes the item of a closed activity, which is kept for six weeks.
func encodeActivity(endpoint string, a activity.Activity) (map[string]types.AttributeValue, error) {
	body, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("marshal activity %s: %w", a.ID, err)
	}
	item := key(endpoint, prefixActivity+a.StartTime.UTC().Format(sortTime)+"#"+a.ID)
	item[attributeActivity] = text(string(body))
	item[config.KeyExpires] = number(a.EndTime.Add(keep).Unix())
	return item, nil
}
