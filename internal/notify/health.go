package notify

import (
	"context"
	"errors"
	"fmt"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/health"
	"sagescale/internal/plain"
)

// longestReason bounds, in characters, what is remembered of a reason.
const longestReason = 300

// change is a change of health that this evaluation is to tell.
type change struct {
	record autoscaler.Record
	memory health.Memory
}

// changes notes how the targets of the records fare, and returns what is to be told of it.
// An endpoint whose memory cannot be read, or written, is left for another time.
func (n Notifier) changes(ctx context.Context, records []autoscaler.Record) (out []change, faults error) {
	known := map[string]map[string]health.Memory{}
	for _, r := range records {
		if _, asked := known[r.Endpoint]; !asked {
			memories, err := n.Memories.Health(ctx, r.Endpoint)
			if err != nil {
				faults = errors.Join(faults, fmt.Errorf("read health of endpoint %s: %w", r.Endpoint, err))
			}
			known[r.Endpoint] = memories
		}
		if known[r.Endpoint] == nil {
			continue
		}
		told, err := n.advance(ctx, r, known[r.Endpoint][r.Variant])
		out, faults = append(out, told...), errors.Join(faults, err)
	}
	return out, faults
}

// advance notes how the target of a record fares, and returns the change that is to be
// told of it, if there is one. That somebody else noted it first is no fault: they tell it.
func (n Notifier) advance(ctx context.Context, r autoscaler.Record, m health.Memory) ([]change, error) {
	c, known := health.Of(r.Decision.NotScaledReasons, r.Held, r.Time)
	if !known {
		return nil, nil
	}
	c.Reason = plain.Cut(plain.Text(c.Reason), longestReason)
	next, tell := m.Advance(c, r.Time, r.Trigger.Invocation)
	if next == m {
		return nil, nil
	}
	saved, err := n.Memories.SaveHealth(ctx, r.Endpoint, r.Variant, next)
	switch {
	case errors.Is(err, activity.ErrConflict):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("save health of %s/%s: %w", r.Endpoint, r.Variant, err)
	case !tell:
		return nil, nil
	}
	return []change{{r, saved}}, nil
}

// done notes that a change was told.
func (n Notifier) done(ctx context.Context, c change) error {
	_, err := n.Memories.SaveHealth(ctx, c.record.Endpoint, c.record.Variant, c.memory.Done())
	if err != nil && !errors.Is(err, activity.ErrConflict) {
		return fmt.Errorf("save health of %s/%s: %w", c.record.Endpoint, c.record.Variant, err)
	}
	return nil
}
