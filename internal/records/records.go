// Package records reads the decision records that the functions have logged.
//
// A log has other lines too, and those of other versions of sagescale. What is no decision
// record is passed over; what says that it is one and cannot be understood is counted, so
// that nobody takes the rest for everything.
package records

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/cloudwatchlogs"
	"sagescale/internal/config"
)

// late is how long after its time a record may be logged: a function takes no longer.
const late = 2 * time.Minute

// logs reads log groups. See cloudwatchlogs.Logs.
type logs interface {
	Read(ctx context.Context, q cloudwatchlogs.Query, each func(cloudwatchlogs.Message)) error
}

// Query is which records to read: of the evaluations of an endpoint, of all if none is named,
// and of one variant if it is named, from a time through another.
type Query struct {
	Groups            []string
	Endpoint, Variant string
	From, Through     time.Time
}

// Read gives every record of a query to each, those of one log group after those of
// another. unreadable counts the lines that are records and cannot be understood.
// An error is that of the logs; what was read before was given.
func Read(ctx context.Context, from logs, q Query, each func(autoscaler.Record)) (unreadable int, err error) {
	lines := cloudwatchlogs.Query{Groups: q.Groups, From: q.From, Through: q.Through.Add(late), Pattern: q.pattern()}
	err = from.Read(ctx, lines, func(m cloudwatchlogs.Message) {
		r, ok, err := decode(m.Text)
		switch {
		case err != nil:
			unreadable++
		case ok && q.asksFor(r):
			each(r)
		}
	})
	if err != nil {
		err = fmt.Errorf("read the decision records: %w", err)
	}
	return unreadable, err
}

// Last returns the last record at or before a time, of the last day, and false if there is
// none. It looks at the last minutes first: that is where it mostly is.
func Last(ctx context.Context, from logs, q Query) (last autoscaler.Record, ok bool, unreadable int, err error) {
	through := q.Through
	for _, back := range []time.Duration{10 * time.Minute, time.Hour, Back} {
		q.From = through.Add(-back)
		n, err := Read(ctx, from, q, func(r autoscaler.Record) {
			if !ok || r.Time.After(last.Time) {
				last, ok = r, true
			}
		})
		unreadable += n
		if ok || err != nil {
			return last, ok, unreadable, err
		}
		q.Through = q.From
	}
	return last, false, unreadable, nil
}

// Back is how far Last looks back.
const Back = 24 * time.Hour

// pattern is the filter pattern of a query.
func (q Query) pattern() string {
	conditions := []string{fmt.Sprintf("$.msg = %q", config.MessageRecord)}
	if q.Endpoint != "" {
		conditions = append(conditions, fmt.Sprintf("$.record.endpoint = %q", q.Endpoint))
	}
	if q.Variant != "" {
		conditions = append(conditions, fmt.Sprintf("$.record.variant = %q", q.Variant))
	}
	return "{ " + strings.Join(conditions, " && ") + " }"
}

// asksFor reports whether a record is one of a query: a pattern is a hint.
func (q Query) asksFor(r autoscaler.Record) bool {
	return (q.Endpoint == "" || r.Endpoint == q.Endpoint) && (q.Variant == "" || r.Variant == q.Variant) &&
		!r.Time.Before(q.From) && !r.Time.After(q.Through)
}

// decode reads a line of a log. ok is false for one that is no record; an error says why
// one that is a record cannot be understood.
func decode(text string) (r autoscaler.Record, ok bool, err error) {
	if !strings.HasPrefix(text, "{") || !strings.Contains(text, `"`+config.MessageRecord+`"`) {
		return r, false, nil
	}
	var line struct {
		Message string          `json:"msg"`
		Record  json.RawMessage `json:"record"`
	}
	if err := json.Unmarshal([]byte(text), &line); err != nil {
		return r, false, fmt.Errorf("read line: %w", err)
	}
	if line.Message != config.MessageRecord || line.Record == nil {
		return r, false, nil
	}
	if err := json.Unmarshal(line.Record, &r); err != nil {
		return r, false, fmt.Errorf("read record: %w", err)
	}
	return r, true, check(r)
}

// check says what no record has: one that has it was not written by the functions. Fields
// of a newer version are none of these.
func check(r autoscaler.Record) error {
	d := r.Decision
	numbers := []int{r.Observation.CurrentCapacity, r.Observation.DesiredCapacity, d.DesiredCapacity, d.MinCapacity, d.MaxCapacity}
	capacity := d.DesiredCapacity
	for _, s := range slices.Backward(d.Steps) {
		if s.To != capacity {
			return errors.New("check record: its steps do not lead to its capacity")
		}
		capacity = s.From
		numbers = append(numbers, s.From)
	}
	switch {
	case r.Time.IsZero() || r.Endpoint == "" || r.Variant == "":
		return errors.New("check record: it names no target, or no time")
	case slices.ContainsFunc(numbers, func(n int) bool { return n < 0 || n > math.MaxInt32 }):
		return errors.New("check record: a capacity is out of range")
	}
	for _, a := range activities(r) {
		if err := a.Check(); err != nil {
			return fmt.Errorf("check activity of record: %w", err)
		}
	}
	return nil
}

// activities are all that a record tells of.
func activities(r autoscaler.Record) []activity.Activity {
	out := slices.Clone(r.Outside)
	for _, a := range []*activity.Activity{r.Settled, r.Activity} {
		if a != nil {
			out = append(out, *a)
		}
	}
	return out
}
