package simulate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/forecast"
	"sagescale/internal/policy"
)

// Table keeps the state of endpoints as the state table does: a write is
// conditional on the version that was read, and what is read shares no memory
// with what was written.
type Table struct {
	states    map[string]item
	overrides map[string]map[string]policy.Override // by endpoint and variant
	forecasts map[string]map[string][]byte          // by endpoint and variant
	archived  map[string]map[string]activity.Activity
}

// item is a stored state: its version, its text, and what the text reads as.
type item struct {
	version int64
	text    []byte
	state   activity.State
}

// NewTable returns an empty table.
func NewTable() *Table {
	return &Table{
		states:    map[string]item{},
		overrides: map[string]map[string]policy.Override{},
		forecasts: map[string]map[string][]byte{},
		archived:  map[string]map[string]activity.Activity{},
	}
}

// Load returns the state of an endpoint, of version 0 if there is none, and the
// overrides of its variants.
func (t *Table) Load(_ context.Context, endpoint string) (activity.State, map[string]policy.Override, error) {
	stored, ok := t.states[endpoint]
	if !ok {
		stored.state = activity.State{Endpoint: endpoint}
	}
	return clone(stored.state), maps.Clone(t.overrides[endpoint]), nil
}

// SaveOverride keeps the override of a variant, in the place of the one before.
func (t *Table) SaveOverride(_ context.Context, endpoint, variant string, o policy.Override) error {
	if err := o.Check(); err != nil {
		return fmt.Errorf("save override of %s/%s: %w", endpoint, variant, err)
	}
	if t.overrides[endpoint] == nil {
		t.overrides[endpoint] = map[string]policy.Override{}
	}
	t.overrides[endpoint][variant] = o
	return nil
}

// Forecasts returns what has been learned of the loads of an endpoint's variants.
func (t *Table) Forecasts(_ context.Context, endpoint string) (map[string]forecast.Model, error) {
	out := map[string]forecast.Model{}
	for variant, text := range t.forecasts[endpoint] {
		var m forecast.Model
		if err := json.Unmarshal(text, &m); err != nil {
			return nil, fmt.Errorf("unmarshal forecast of %s/%s: %w", endpoint, variant, err)
		}
		out[variant] = m
	}
	return out, nil
}

// SaveForecast keeps what has been learned of a variant's load, in the place of the one
// before.
func (t *Table) SaveForecast(_ context.Context, endpoint, variant string, m forecast.Model) error {
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("marshal forecast of %s/%s: %w", endpoint, variant, err)
	}
	if t.forecasts[endpoint] == nil {
		t.forecasts[endpoint] = map[string][]byte{}
	}
	t.forecasts[endpoint][variant] = text
	return nil
}

// clone copies a state, much faster than its text would be read again.
func clone(s activity.State) activity.State {
	if s.Open != nil {
		open := *s.Open
		s.Open = &open
	}
	s.Recent = slices.Clone(s.Recent)
	s.Known = maps.Clone(s.Known)
	s.Others = maps.Clone(s.Others)
	s.Backoffs = maps.Clone(s.Backoffs)
	s.Provisioning = maps.Clone(s.Provisioning)
	for variant, learned := range s.Provisioning {
		s.Provisioning[variant] = slices.Clone(learned)
	}
	return s
}

// Save writes s and the activities that it closes if the stored version is still
// s.Version, and returns it with its new version. It fails with activity.ErrConflict if somebody else wrote;
// to write the same again succeeds.
func (t *Table) Save(_ context.Context, s activity.State, closed ...activity.Activity) (activity.State, error) {
	read := s.Version
	s.Version++
	text, err := json.Marshal(s)
	if err != nil {
		return activity.State{}, fmt.Errorf("marshal state of endpoint %s: %w", s.Endpoint, err)
	}
	stored := t.states[s.Endpoint]
	if stored.version != read && !bytes.Equal(stored.text, text) {
		return activity.State{}, fmt.Errorf("write version %d of the state: %w", s.Version, activity.ErrConflict)
	}
	written := item{version: s.Version, text: text}
	if err := json.Unmarshal(text, &written.state); err != nil {
		return activity.State{}, fmt.Errorf("unmarshal state of endpoint %s: %w", s.Endpoint, err)
	}
	t.states[s.Endpoint] = written
	for _, a := range closed {
		t.archive(s.Endpoint, a)
	}
	return s, nil
}

func (t *Table) archive(endpoint string, a activity.Activity) {
	if t.archived[endpoint] == nil {
		t.archived[endpoint] = map[string]activity.Activity{}
	}
	t.archived[endpoint][a.StartTime.UTC().Format(time.RFC3339Nano)+"#"+a.ID] = a
}

// Archived returns the closed activities of an endpoint, oldest first.
func (t *Table) Archived(endpoint string) []activity.Activity {
	var out []activity.Activity
	for _, a := range t.archived[endpoint] {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b activity.Activity) int {
		if c := a.StartTime.Compare(b.StartTime); c != 0 {
			return c
		}
		return bytes.Compare([]byte(a.ID), []byte(b.ID))
	})
	return out
}
