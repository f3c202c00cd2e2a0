package function

import (
	"context"
	"fmt"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/plain"
)

// tellTimeout bounds the telling: what it costs is the function's time.
const tellTimeout = 10 * time.Second

// notifier tells others what has changed. See notify.Notifier.
type notifier interface {
	Evaluated(context.Context, []autoscaler.Record) error
	Settled(ctx context.Context, endpoint string, closed activity.Activity) error
}

// records are those of one evaluation.
type records []autoscaler.Record

// recordsKey is the key of the records in a context.
type recordsKey struct{}

// keep returns a context in which what is recorded is kept, until the evaluation is over:
// a recorder serves many of them.
func (r *records) keep(ctx context.Context) context.Context {
	return context.WithValue(ctx, recordsKey{}, r)
}

// keepRecord keeps a record where somebody asked for it.
func keepRecord(ctx context.Context, r autoscaler.Record) {
	if kept, ok := ctx.Value(recordsKey{}).(*records); ok {
		*kept = append(*kept, r)
	}
}

// tell has others told. That it fails is logged, and is no failure of what is told: the
// capacity is what it is, and a retry of the event would not tell it again.
func (f Function) tell(ctx context.Context, work func(context.Context) error) {
	if f.Notifier == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, tellTimeout)
	defer cancel()
	if err := safely(ctx, work); err != nil {
		f.Log.ErrorContext(ctx, "not told", "error", plain.Cut(err.Error(), longestText))
	}
}

// safely runs work and makes an error of its panic.
func safely(ctx context.Context, work func(context.Context) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return work(ctx)
}
