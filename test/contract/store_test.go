//go:build local

package contract

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/forecast"
	"sagescale/internal/policy"
	"sagescale/internal/simulate"
)

// store is the ports of package autoscaler, and what an operator sets.
type store interface {
	Load(ctx context.Context, endpoint string) (activity.State, map[string]policy.Override, error)
	Save(ctx context.Context, s activity.State, closed ...activity.Activity) (activity.State, error)
	SaveOverride(ctx context.Context, endpoint, variant string, o policy.Override) error
	Forecasts(ctx context.Context, endpoint string) (map[string]forecast.Model, error)
	SaveForecast(ctx context.Context, endpoint, variant string, m forecast.Model) error
}

// storeSubject is the port and what is needed to test it.
type storeSubject struct {
	store
	// lossy returns the store through a connection that loses the first answer,
	// after the request was carried out; meanwhile runs then.
	lossy func(meanwhile func()) store
	// archived returns the archived activities that began from a time through another, in
	// the order of their keys.
	archived func(ctx context.Context, endpoint string, from, through time.Time) ([]activity.Activity, error)
	// unset deletes an override.
	unset func(ctx context.Context, endpoint, variant string) error
	// put writes an item as the console or the command line would, in the form of
	// an override.
	put func(ctx context.Context, endpoint, sort, override string) error
}

// simulatedStore is behind a lock: a simulation is one goroutine.
func simulatedStore() implementation[storeSubject] {
	double := simulate.NewTable()
	const wireless = "the double is called, not sent to: no answer is lost"
	const endless = "nobody deletes in a simulation: an override there ends by itself"
	const itemless = "the double has no items that others could write"
	return implementation[storeSubject]{
		name: "simulate",
		subject: storeSubject{
			store: &locked{store: double},
			archived: func(_ context.Context, endpoint string, from, through time.Time) ([]activity.Activity, error) {
				return slices.DeleteFunc(double.Archived(endpoint), func(a activity.Activity) bool {
					return a.StartTime.Before(from) || a.StartTime.After(through)
				}), nil
			},
		},
		skip: map[string]string{
			"a save whose answer was lost succeeds":               wireless,
			"a first save whose answer was lost succeeds":         wireless,
			"a save that was lost and overtaken is a conflict":    wireless,
			"a closing whose answer was lost succeeds":            wireless,
			"a closing that was lost and overtaken is a conflict": wireless,
			"what is damaged is replaced":                         itemless,
			"an override whose answer was lost is set":            wireless,
			"an override that was deleted is gone":                endless,
			"an override written by hand is loaded":               itemless,
			"an override that is misspelt holds the endpoint":     itemless,
			"what is on later pages is loaded":                    itemless,
		},
	}
}

// locked lets one save at a time through.
type locked struct {
	mu sync.Mutex
	store
}

func (l *locked) Save(ctx context.Context, s activity.State, closed ...activity.Activity) (activity.State, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.store.Save(ctx, s, closed...)
}

func storeBehaviours() []behaviour[storeSubject] {
	return slices.Concat(stateBehaviours(), lossBehaviours(), archiveBehaviours(), overrideBehaviours(), forecastBehaviours(), itemBehaviours())
}

func stateBehaviours() []behaviour[storeSubject] {
	return []behaviour[storeSubject]{
		{"nothing stored is version 0", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			wantState(t, s.load(ctx, t, endpoint), activity.State{Endpoint: endpoint})
		}},
		{"what was saved is loaded, a version later", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			want := full(endpoint)
			for version := range int64(3) {
				want.Version = version
				saved := s.save(ctx, t, want)
				want.Version++
				wantState(t, saved, want)
				wantState(t, s.load(ctx, t, endpoint), want)
			}
		}},
		{"a stale version is a conflict and changes nothing", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			first := s.save(ctx, t, activity.State{Endpoint: endpoint})
			second := s.save(ctx, t, claimed(first, "a1"))
			wantConflict(ctx, t, s, claimed(first, "a2"))
			wantState(t, s.load(ctx, t, endpoint), second)
		}},
		{"a create over a state is a conflict", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			first := s.save(ctx, t, activity.State{Endpoint: endpoint})
			wantConflict(ctx, t, s, claimed(activity.State{Endpoint: endpoint}, "a1"))
			wantState(t, s.load(ctx, t, endpoint), first)
		}},
		{"a replacement of nothing is a conflict", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			wantConflict(ctx, t, s, activity.State{Endpoint: endpoint, Version: 5})
			wantState(t, s.load(ctx, t, endpoint), activity.State{Endpoint: endpoint})
		}},
		{"of eight that create at once one wins", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			wantOneWinner(ctx, t, s, activity.State{Endpoint: endpoint})
		}},
		{"of eight that replace at once one wins", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			state := s.save(ctx, t, activity.State{Endpoint: endpoint})
			for range 10 {
				state = wantOneWinner(ctx, t, s, state)
				state.Open = nil
				state = s.save(ctx, t, state)
			}
		}},
		{"the same write again succeeds", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			for _, state := range []activity.State{{Endpoint: endpoint}, claimed(activity.State{Endpoint: endpoint, Version: 1}, "a1")} {
				saved := s.save(ctx, t, state)
				wantState(t, s.save(ctx, t, state), saved)
				wantState(t, s.load(ctx, t, endpoint), saved)
			}
		}},
		{"endpoints do not touch each other", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			other := endpoint + "-0"
			a := s.save(ctx, t, claimed(activity.State{Endpoint: endpoint}, "a1"))
			b := s.save(ctx, t, claimed(activity.State{Endpoint: other}, "b1"))
			b = s.save(ctx, t, b)
			wantState(t, s.load(ctx, t, endpoint), a)
			wantState(t, s.load(ctx, t, other), b)
		}},
	}
}

func lossBehaviours() []behaviour[storeSubject] {
	return []behaviour[storeSubject]{
		{"a first save whose answer was lost succeeds", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			survive(ctx, t, s, claimed(activity.State{Endpoint: endpoint}, "a1"))
		}},
		{"a save whose answer was lost succeeds", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			survive(ctx, t, s, claimed(s.save(ctx, t, activity.State{Endpoint: endpoint}), "a1"))
		}},
		{"a save that was lost and overtaken is a conflict", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			before := s.save(ctx, t, activity.State{Endpoint: endpoint})
			var last activity.State
			lossy := s.lossy(func() {
				other := s.load(ctx, t, endpoint)
				other.Open = nil
				last = s.save(ctx, t, other)
			})
			if _, err := lossy.Save(ctx, claimed(before, "a1")); !errors.Is(err, activity.ErrConflict) {
				t.Errorf("got %v, want %v", err, activity.ErrConflict)
			}
			if last.Version != before.Version+2 {
				t.Errorf("the other wrote version %d: the first try was not carried out", last.Version)
			}
			wantState(t, s.load(ctx, t, endpoint), last)
		}},
		{"a closing whose answer was lost succeeds", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			a := closed("a1", 0)
			saved, err := s.lossy(func() {}).Save(ctx, activity.State{Endpoint: endpoint}, a)
			if err != nil {
				t.Fatal(err)
			}
			wantState(t, s.load(ctx, t, endpoint), saved)
			wantArchived(ctx, t, s, endpoint, a)
		}},
		{"a closing that was lost and overtaken is a conflict", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			before := s.save(ctx, t, activity.State{Endpoint: endpoint})
			stale := before
			first, second := closed("a1", 0), closed("a1", 0)
			second.Status = activity.Failed
			if _, err := s.Save(ctx, before, first); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Save(ctx, claimed(stale, "a2"), second); !errors.Is(err, activity.ErrConflict) {
				t.Errorf("got %v, want %v", err, activity.ErrConflict)
			}
			wantArchived(ctx, t, s, endpoint, first)
		}},
		{"an override whose answer was lost is set", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			if err := s.lossy(func() {}).SaveOverride(ctx, endpoint, "AllTraffic", held()); err != nil {
				t.Fatal(err)
			}
			wantStored(ctx, t, s, activity.State{Endpoint: endpoint}, map[string]policy.Override{"AllTraffic": held()})
		}},
	}
}

func archiveBehaviours() []behaviour[storeSubject] {
	return []behaviour[storeSubject]{
		{"an activity archived twice is one item, the later one", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			first := closed("a1", 0)
			again := first
			again.EndTime = first.EndTime.Add(time.Minute)
			s.archive(ctx, t, endpoint, first)
			s.archive(ctx, t, endpoint, again)
			wantArchived(ctx, t, s, endpoint, again)
		}},
		{"archived activities are in the order of their times", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			want := []activity.Activity{
				closed("z", 0), closed("y", 1), closed("x", 90_000_000), closed("w", 100_000_000), closed("v", 123_456_789),
				closed("t", time.Second), closed("u", time.Second),
			}
			for _, a := range slices.Backward(want) {
				s.archive(ctx, t, endpoint, a)
			}
			wantArchived(ctx, t, s, endpoint, want...)
		}},
		{"archived activities are found by when they began", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			all := []activity.Activity{closed("a", 0), closed("b", time.Second), closed("􏿿", time.Minute), closed("d", time.Minute+1)}
			for _, a := range all {
				s.archive(ctx, t, endpoint, a)
			}
			wantArchivedFrom(ctx, t, s, endpoint, begin().Add(time.Second), begin().Add(time.Minute), all[1:3]...)
			wantArchivedFrom(ctx, t, s, endpoint, begin().Add(2*time.Minute), begin().Add(time.Hour))
		}},
		{"the archive is apart from the state", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			first := s.archive(ctx, t, endpoint, closed("a1", 0))
			wantState(t, s.load(ctx, t, endpoint), first)
			s.save(ctx, t, claimed(first, "a2"))
			last := s.archive(ctx, t, endpoint, closed("a2", time.Hour))
			wantState(t, s.load(ctx, t, endpoint), last)
			wantArchived(ctx, t, s, endpoint, closed("a1", 0), closed("a2", time.Hour))
			wantArchived(ctx, t, s, endpoint+"-0")
		}},
	}
}

func overrideBehaviours() []behaviour[storeSubject] {
	return []behaviour[storeSubject]{
		{"overrides are loaded with the state", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			s.set(ctx, t, endpoint, "Shadow", over())
			wantStored(ctx, t, s, activity.State{Endpoint: endpoint}, map[string]policy.Override{"Shadow": over()})
			saved := s.save(ctx, t, full(endpoint))
			s.set(ctx, t, endpoint, "AllTraffic", held())
			wantStored(ctx, t, s, saved, map[string]policy.Override{"AllTraffic": held(), "Shadow": over()})
		}},
		{"an override takes the place of the one before", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			for _, o := range []policy.Override{held(), held(), over(), held()} {
				s.set(ctx, t, endpoint, "AllTraffic", o)
				wantStored(ctx, t, s, activity.State{Endpoint: endpoint}, map[string]policy.Override{"AllTraffic": o})
			}
		}},
		{"an override that says nothing is not written", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			s.set(ctx, t, endpoint, "AllTraffic", held())
			if err := s.SaveOverride(ctx, endpoint, "AllTraffic", policy.Override{Until: begin()}); err == nil {
				t.Error("it was written")
			}
			wantStored(ctx, t, s, activity.State{Endpoint: endpoint}, map[string]policy.Override{"AllTraffic": held()})
		}},
		{"an override that was deleted is gone", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			saved := s.save(ctx, t, activity.State{Endpoint: endpoint})
			s.set(ctx, t, endpoint, "AllTraffic", held())
			s.set(ctx, t, endpoint, "AllTraffic-2", held())
			for range 2 { // the second time it is not there any more
				if err := s.unset(ctx, endpoint, "AllTraffic"); err != nil {
					t.Fatal(err)
				}
				wantStored(ctx, t, s, saved, map[string]policy.Override{"AllTraffic-2": held()})
			}
		}},
		{"overrides are apart from the state and the archive", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			other := endpoint + "-0"
			first := s.archive(ctx, t, endpoint, closed("a1", 0))
			s.set(ctx, t, endpoint, "AllTraffic", held())
			s.set(ctx, t, other, "AllTraffic", over())
			s.save(ctx, t, claimed(first, "a2"))
			last := s.archive(ctx, t, endpoint, closed("a2", time.Hour))
			wantStored(ctx, t, s, last, map[string]policy.Override{"AllTraffic": held()})
			wantStored(ctx, t, s, activity.State{Endpoint: other}, map[string]policy.Override{"AllTraffic": over()})
			wantArchived(ctx, t, s, endpoint, closed("a1", 0), closed("a2", time.Hour))
		}},
	}
}

// itemBehaviours are those of a table that others write to.
func itemBehaviours() []behaviour[storeSubject] {
	return []behaviour[storeSubject]{
		{"what is damaged is replaced", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			if err := s.put(ctx, endpoint, "state", "no state"); err != nil {
				t.Fatal(err)
			}
			damaged := s.load(ctx, t, endpoint)
			if damaged.Damage == "" || damaged.Version != 0 {
				t.Fatalf("loaded %+v, want its damage", damaged)
			}
			saved := s.save(ctx, t, claimed(activity.State{Endpoint: endpoint}, "a1"))
			wantState(t, s.load(ctx, t, endpoint), saved)
			wantConflict(ctx, t, s, claimed(activity.State{Endpoint: endpoint}, "a2"))
		}},
		{"an override written by hand is loaded", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			text := `{"maxCapacity": 4, "until": "2026-11-23T10:30:00Z", "by": "ops"}`
			if err := s.put(ctx, endpoint, "override#AllTraffic", text); err != nil {
				t.Fatal(err)
			}
			want := policy.Override{Max: new(4), Until: begin().Add(90 * time.Minute), By: "ops"}
			wantStored(ctx, t, s, activity.State{Endpoint: endpoint}, map[string]policy.Override{"AllTraffic": want})
		}},
		{"an override that is misspelt holds the endpoint", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			saved := s.save(ctx, t, full(endpoint))
			if err := s.put(ctx, endpoint, "override#AllTraffic", `{"max": 4, "until": "2026-11-23T10:30:00Z"}`); err != nil {
				t.Fatal(err)
			}
			state, overrides, err := s.Load(ctx, endpoint)
			if err == nil || !strings.Contains(err.Error(), endpoint) || !strings.Contains(err.Error(), "AllTraffic") {
				t.Errorf("got %+v, %+v, %v, want an error that says which", state, overrides, err)
			}
			if err := s.unset(ctx, endpoint, "AllTraffic"); err != nil {
				t.Fatal(err)
			}
			wantStored(ctx, t, s, saved, nil)
		}},
		{"what is on later pages is loaded", func(ctx context.Context, t *testing.T, s storeSubject, endpoint string) {
			saved := s.save(ctx, t, full(endpoint))
			s.set(ctx, t, endpoint, "AllTraffic", held())
			// A page ends at a megabyte, and an item at 400 kilobytes: what is no
			// business of ours fills two pages before the state.
			for i := range 7 {
				if err := s.put(ctx, endpoint, fmt.Sprintf("plan#%d", i), strings.Repeat("x", 350_000)); err != nil {
					t.Fatal(err)
				}
			}
			wantStored(ctx, t, s, saved, map[string]policy.Override{"AllTraffic": held()})
		}},
	}
}

// held is an override with everything in it.
func held() policy.Override {
	return policy.Override{
		Pause: policy.In, Min: new(2), Max: new(4), Until: begin().Add(90*time.Minute + time.Nanosecond),
		By: "ops@example.com", Reason: "a \"load\" test of <3500>",
	}
}

// over is an override whose time has passed.
func over() policy.Override {
	return policy.Override{Pause: policy.Both, Until: begin().AddDate(-1, 0, 0)}
}

// begin is when the activities of these tests begin.
func begin() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

// closed is an activity that has ended.
func closed(id string, after time.Duration) activity.Activity {
	return activity.Activity{
		ID: id, Variant: "AllTraffic", From: 2, To: 5, Status: activity.Successful, StatusMessage: "5 instances are in service",
		Cause: "tick; a \"load\" of <3500>", PolicyDigest: "0123456789abcdef",
		StartTime: begin().Add(after), EndTime: begin().Add(after + 6*time.Minute),
	}
}

// claimed is the state with an activity of that id claimed.
func claimed(s activity.State, id string) activity.State {
	open := closed(id, 0)
	open.Status, open.StatusMessage, open.EndTime = activity.Pending, "", time.Time{}
	s.Open = &open
	return s
}

// full is a state with everything in it.
func full(endpoint string) activity.State {
	s := claimed(activity.State{Endpoint: endpoint}, "a9")
	s.CreationTime = begin().AddDate(0, -1, 0)
	s.Config, s.Known = "chat-llm-config-3", map[string]activity.Known{"AllTraffic": {Capacity: 2, At: begin()}, "Shadow": {Capacity: 1, At: begin()}}
	s.Recent = []activity.Activity{closed("a1", -time.Hour), closed("a2", -time.Minute+time.Nanosecond)}
	s.Provisioning = map[string][]time.Duration{"AllTraffic": {6 * time.Minute, 7*time.Minute + time.Nanosecond}}
	s.Backoffs = map[string]activity.Backoffs{"AllTraffic": {Out: activity.Backoff{Failures: 2, Until: begin().Add(time.Minute)}}}
	return s
}

func (s storeSubject) load(ctx context.Context, t *testing.T, endpoint string) activity.State {
	t.Helper()
	got, _, err := s.Load(ctx, endpoint)
	if err != nil {
		t.Errorf("load: %v", err)
	}
	return got
}

func (s storeSubject) save(ctx context.Context, t *testing.T, state activity.State) activity.State {
	t.Helper()
	got, err := s.Save(ctx, state)
	if err != nil {
		t.Errorf("save: %v", err)
	}
	return got
}

// archive saves the state as it is, and a closed activity with it.
func (s storeSubject) archive(ctx context.Context, t *testing.T, endpoint string, a activity.Activity) activity.State {
	t.Helper()
	saved, err := s.Save(ctx, s.load(ctx, t, endpoint), a)
	if err != nil {
		t.Errorf("archive: %v", err)
	}
	return saved
}

func (s storeSubject) set(ctx context.Context, t *testing.T, endpoint, variant string, o policy.Override) {
	t.Helper()
	if err := s.SaveOverride(ctx, endpoint, variant, o); err != nil {
		t.Errorf("save override: %v", err)
	}
}

// survive checks that a save whose answer is lost is recognised as done, and
// that another with the same version is not.
func survive(ctx context.Context, t *testing.T, s storeSubject, state activity.State) {
	t.Helper()
	lost := false
	saved, err := s.lossy(func() { lost = true }).Save(ctx, state)
	if err != nil {
		t.Fatal(err)
	}
	if !lost {
		t.Error("no answer was lost")
	}
	want := state
	want.Version++
	wantState(t, saved, want)
	wantState(t, s.load(ctx, t, state.Endpoint), want)
	wantConflict(ctx, t, s, claimed(state, "somebody-else"))
	wantState(t, s.load(ctx, t, state.Endpoint), want)
}

// wantOneWinner saves eight different states over one, at the same time, and
// returns the one that is stored.
func wantOneWinner(ctx context.Context, t *testing.T, s storeSubject, over activity.State) activity.State {
	t.Helper()
	const savers = 8
	var won [savers]activity.State
	var errs [savers]error
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range savers {
		wg.Go(func() {
			<-start
			won[i], errs[i] = s.Save(ctx, claimed(over, fmt.Sprintf("a%d", i)))
		})
	}
	close(start)
	wg.Wait()
	stored, winners := s.load(ctx, t, over.Endpoint), 0
	for i, err := range errs {
		switch {
		case err == nil:
			winners++
			wantState(t, stored, won[i])
		case !errors.Is(err, activity.ErrConflict):
			t.Errorf("saver %d: got %v, want %v", i, err, activity.ErrConflict)
		}
	}
	if winners != 1 {
		t.Errorf("%d of %d won", winners, savers)
	}
	return stored
}

func wantConflict(ctx context.Context, t *testing.T, s storeSubject, state activity.State) {
	t.Helper()
	if got, err := s.Save(ctx, state); !errors.Is(err, activity.ErrConflict) {
		t.Errorf("got %+v, %v, want %v", got, err, activity.ErrConflict)
	}
}

func wantState(t *testing.T, got, want activity.State) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got state\n%+v\nwant\n%+v", got, want)
	}
}

// wantStored checks what one load returns.
func wantStored(ctx context.Context, t *testing.T, s storeSubject, state activity.State, overrides map[string]policy.Override) {
	t.Helper()
	got, set, err := s.Load(ctx, state.Endpoint)
	if err != nil {
		t.Errorf("load: %v", err)
	}
	wantState(t, got, state)
	if len(set) != len(overrides) || len(set) > 0 && !reflect.DeepEqual(set, overrides) {
		t.Errorf("got overrides\n%v\nwant\n%v", set, overrides)
	}
}

func wantArchived(ctx context.Context, t *testing.T, s storeSubject, endpoint string, want ...activity.Activity) {
	t.Helper()
	wantArchivedFrom(ctx, t, s, endpoint, begin().Add(-24*time.Hour), begin().Add(24*time.Hour), want...)
}

func wantArchivedFrom(ctx context.Context, t *testing.T, s storeSubject, endpoint string, from, through time.Time, want ...activity.Activity) {
	t.Helper()
	got, err := s.archived(ctx, endpoint, from, through)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("got activities\n%+v\nwant\n%+v", got, want)
	}
}
