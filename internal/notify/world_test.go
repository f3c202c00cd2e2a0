package notify_test

import (
	"context"
	"encoding/json"
	"maps"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/health"
	"sagescale/internal/notice"
	"sagescale/internal/notify"
	"sagescale/internal/scaling"
)

func begin() time.Time { return time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) }

// at is so many minutes later.
func at(minutes int) time.Time { return begin().Add(time.Duration(minutes) * time.Minute) }

// world is a bus and a table, which notes what is asked of it.
type world struct {
	t        *testing.T
	sent     []notice.Event
	memories map[string]map[string]health.Memory // by endpoint and variant
	reads    int
	writes   int
	// What they fail with, nil for nothing, and what happens just before a write.
	busDown, tableDown, writesFail error
	meanwhile                      func()
}

func newWorld(t *testing.T) *world {
	return &world{t: t, memories: map[string]map[string]health.Memory{}}
}

func (w *world) notifier() notify.Notifier {
	return notify.Notifier{Stack: "sagescale", Bus: w, Memories: w}
}

// Put refuses what the adapter could not send.
func (w *world) Put(_ context.Context, events []notice.Event) error {
	if w.busDown != nil {
		return w.busDown
	}
	for _, e := range events {
		if text, err := json.Marshal(e.Detail); err != nil || e.Time.IsZero() || len(text) > 200<<10 {
			w.t.Errorf("%s: %v, %s", e.DetailType, err, text)
		}
	}
	w.sent = append(w.sent, events...)
	return nil
}

// Health returns a copy, which then is as old as a read.
func (w *world) Health(_ context.Context, endpoint string) (map[string]health.Memory, error) {
	w.reads++
	if w.tableDown != nil {
		return nil, w.tableDown
	}
	out := map[string]health.Memory{}
	maps.Copy(out, w.memories[endpoint])
	return out, nil
}

func (w *world) SaveHealth(_ context.Context, endpoint, variant string, m health.Memory) (health.Memory, error) {
	w.writes++
	if w.meanwhile != nil {
		meanwhile := w.meanwhile
		w.meanwhile = nil
		meanwhile()
	}
	switch {
	case w.writesFail != nil:
		return health.Memory{}, w.writesFail
	case w.memories[endpoint][variant].Version != m.Version:
		return health.Memory{}, activity.ErrConflict
	case w.memories[endpoint] == nil:
		w.memories[endpoint] = map[string]health.Memory{}
	}
	m.Version++
	w.memories[endpoint][variant] = m
	return m, nil
}

// evaluate tells of records, which must not fail, and returns what was sent of them.
func (w *world) evaluate(records ...autoscaler.Record) []notice.Event {
	w.t.Helper()
	before := len(w.sent)
	if err := w.notifier().Evaluated(w.t.Context(), records); err != nil {
		w.t.Error(err)
	}
	return w.sent[before:]
}

// record is that of an evaluation of a target in service, with nothing to do.
func record(minute int, reasons ...scaling.Reason) autoscaler.Record {
	return autoscaler.Record{
		Time: at(minute), Endpoint: "chat-llm", Variant: "AllTraffic", Policy: "5f1d7a84c2b0",
		Trigger:     autoscaler.Trigger{Kind: "Tick", Invocation: "8f6e2c1a-request"},
		Observation: scaling.Observation{Status: activity.InService, CurrentCapacity: 3, DesiredCapacity: 3},
		Decision:    scaling.Decision{DesiredCapacity: 3, MinCapacity: 1, MaxCapacity: 8, Steps: []scaling.Step{}, NotScaledReasons: reasons},
	}
}

func because(code scaling.Code, message string) scaling.Reason {
	return scaling.Reason{Code: code, Message: message}
}

// scaleOut is an activity from 3 to 5 that was claimed at the beginning.
func scaleOut(status activity.Status) activity.Activity {
	return activity.Activity{
		ID: "20261123T100000.000Z-AllTraffic-0123456789ab", Variant: "AllTraffic", From: 3, To: 5, DesiredBefore: 3,
		Status: status, PolicyDigest: "5f1d7a84c2b0", StartTime: begin(), Cause: "Tick; " + tracked,
	}
}

const tracked = "InvocationsPerInstance: 3 of 3 datapoints are above the target of 700; a load of 3211 at 700 per instance needs 5"

// message is that of an event.
func message(t *testing.T, e notice.Event) string {
	t.Helper()
	switch d := e.Detail.(type) {
	case notice.ActivityDetail:
		return d.Message
	case notice.HealthDetail:
		return d.Message
	}
	t.Fatalf("detail %T", e.Detail)
	return ""
}
