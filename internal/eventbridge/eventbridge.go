// Package eventbridge puts events on the default bus of Amazon EventBridge, and reads its
// rules. It is the only importer of EventBridge's SDK.
package eventbridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"

	"sagescale/internal/config"
	"sagescale/internal/notice"
	"sagescale/internal/plain"
)

// What one call takes: so many entries, and so many bytes of all of them together.
const (
	mostEntries = 10
	mostBytes   = 256 << 10
	// overhead is more than what EventBridge counts of an entry beside its detail: the
	// time, the source and the kind.
	overhead = 1 << 10
)

// longestCode bounds, in characters, what is kept of the code of an entry's error.
const longestCode = 100

// tries is how often an entry is sent that EventBridge did not take while it took others.
// What the whole call fails with the SDK tries again.
const tries = 2

// api is what is used of EventBridge.
type api interface {
	PutEvents(context.Context, *eventbridge.PutEventsInput, ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error)
}

// Bus is the default bus of an account in a Region.
type Bus struct{ client api }

// New returns the Bus on a client: the SDK's, or what behaves like it.
func New(client api) *Bus { return &Bus{client} }

// Put puts events on the bus, in their order. One that EventBridge does not take keeps no
// other from it; the error then says how many were left, and why.
func (b *Bus) Put(ctx context.Context, events []notice.Event) error {
	entries, faults := encode(events)
	for len(entries) > 0 {
		n := fitting(entries)
		faults = errors.Join(faults, b.put(ctx, entries[:n]))
		entries = entries[n:]
	}
	return faults
}

// encode makes the entries of events. An event that cannot be sent is told in the error.
func encode(events []notice.Event) (entries []types.PutEventsRequestEntry, faults error) {
	for _, e := range events {
		detail, err := json.Marshal(e.Detail)
		switch {
		case err != nil:
			faults = errors.Join(faults, fmt.Errorf("marshal %s: %w", e.DetailType, err))
			continue
		case len(detail)+overhead > mostBytes:
			faults = errors.Join(faults, fmt.Errorf("send %s: its %d bytes are too many", e.DetailType, len(detail)))
			continue
		}
		entries = append(entries, types.PutEventsRequestEntry{
			Source: aws.String(config.EventSource), DetailType: aws.String(e.DetailType),
			Time: aws.Time(e.Time), Detail: aws.String(string(detail)),
		})
	}
	return entries, faults
}

// fitting returns how many of the first entries one call takes, at least 1.
func fitting(entries []types.PutEventsRequestEntry) int {
	size := 0
	for i, e := range entries {
		size += len(*e.Detail) + overhead
		if i == mostEntries || size > mostBytes {
			return i
		}
	}
	return len(entries)
}

// put sends entries in one call, and those of them that were not taken in another.
func (b *Bus) put(ctx context.Context, entries []types.PutEventsRequestEntry) error {
	var codes []string
	for range tries {
		out, err := b.client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries})
		if err != nil {
			return refused(err)
		}
		if entries, codes = left(entries, out.Entries); len(entries) == 0 {
			return nil
		}
	}
	return fmt.Errorf("call PutEvents: %d events were not taken: %s", len(entries), strings.Join(codes, ", "))
}

// left returns the entries that were not taken, by the answers to them, and the codes that
// say why. One without an answer was not.
func left(entries []types.PutEventsRequestEntry, answers []types.PutEventsResultEntry) (out []types.PutEventsRequestEntry, codes []string) {
	for i, e := range entries {
		code := "no answer"
		if i < len(answers) {
			code = plain.Cut(aws.ToString(answers[i].ErrorCode), longestCode)
		}
		if code != "" {
			out, codes = append(out, e), append(codes, code)
		}
	}
	slices.Sort(codes)
	return out, slices.Compact(codes)
}

// refused says what to do about an error of a call, where that is known.
func refused(err error) error {
	var answer smithy.APIError
	if errors.As(err, &answer) && strings.HasPrefix(answer.ErrorCode(), "AccessDenied") {
		return fmt.Errorf("call PutEvents: allow events:PutEvents on the default event bus for the source %s: %w", config.EventSource, err)
	}
	return fmt.Errorf("call PutEvents: %w", err)
}
