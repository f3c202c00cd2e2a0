package activity_test

import (
	"testing"
	"time"

	"sagescale/internal/activity"
)

// past is a change of so many instances that was in service so long ago and took so
// long.
func past(from, to int, ago, took time.Duration) activity.Activity {
	end := now().Add(-ago)
	return activity.Activity{From: from, To: to, Status: activity.Successful, StartTime: end.Add(-took), EndTime: end}
}

func TestCredit(t *testing.T) {
	byOthers := func(a activity.Activity) activity.Activity { a.ByOthers = true; return a }
	const cooldown = 5 * time.Minute
	tests := []struct {
		name    string
		history []activity.Activity
		added   int
		until   time.Duration
	}{
		{"nothing", nil, 0, 0},
		{"within", []activity.Activity{past(4, 6, time.Minute, time.Minute)}, 2, 4 * time.Minute},
		{"just over", []activity.Activity{past(4, 6, cooldown, time.Minute)}, 0, 0},
		{"a chain", []activity.Activity{past(1, 4, 9*time.Minute, time.Minute), past(4, 6, time.Minute, 4*time.Minute)}, 5, 4 * time.Minute},
		{"no chain", []activity.Activity{past(1, 4, 9*time.Minute, time.Minute), past(4, 6, time.Minute, 3*time.Minute)}, 2, 4 * time.Minute},
		{"a scale-in between", []activity.Activity{past(1, 5, 4*time.Minute, time.Minute), past(5, 4, 3*time.Minute, time.Minute), past(4, 6, time.Minute, time.Minute)}, 2, 4 * time.Minute},
		{"a scale-in last", []activity.Activity{past(4, 6, 2*time.Minute, time.Minute), past(6, 5, time.Minute, 0)}, 0, 0},
		// When others began is not known: that they may have begun early links nothing.
		{"by others", []activity.Activity{past(4, 6, 50*time.Minute, time.Minute), byOthers(past(6, 7, time.Minute, 49*time.Minute))}, 1, 4 * time.Minute},
	}
	for _, tt := range tests {
		added, until := activity.Credit(activity.InEffect(tt.history, now()), now(), cooldown)
		if added != tt.added || added > 0 && !until.Equal(now().Add(tt.until)) {
			t.Errorf("%s: %d until %s, want %d until %s", tt.name, added, until, tt.added, now().Add(tt.until))
		}
	}
}

func TestInEffectAndLast(t *testing.T) {
	failed := past(2, 9, time.Minute, time.Minute)
	failed.Status = activity.Failed
	history := []activity.Activity{
		past(6, 4, time.Minute, time.Minute), past(4, 6, 3*time.Minute, time.Minute), failed,
		past(1, 2, -activity.ClockSkew, 0), past(1, 3, -activity.ClockSkew-time.Second, 0),
	}
	all := activity.InEffect(history, now())
	if len(all) != 3 || all[0].To != 6 || all[1].To != 4 || all[2].To != 2 {
		t.Fatalf("in effect %+v", all)
	}
	if out, ok := activity.Last(all, true); !ok || out.To != 2 {
		t.Errorf("last scale-out %+v, %v", out, ok)
	}
	if in, ok := activity.Last(all, false); !ok || in.To != 4 {
		t.Errorf("last scale-in %+v, %v", in, ok)
	}
	if _, ok := activity.Last(all[:1], false); ok {
		t.Error("found a scale-in where there is none")
	}
	if past(2, 2, time.Minute, 0).ScaleOut() {
		t.Error("a change of nothing adds capacity")
	}
}

// What an activity has changed is what came of it.
func TestChange(t *testing.T) {
	for status, want := range map[activity.Status]int{
		activity.Pending: 6, activity.InProgress: 6, activity.Successful: 6,
		activity.Unfulfilled: 1, activity.Failed: 0, activity.Overridden: 0,
	} {
		if got := (activity.Activity{From: 4, To: 10, Came: 5, Status: status}).Change(); got != want {
			t.Errorf("%s: %d, want %d", status, got, want)
		}
	}
}

// What came of an activity that fell short counts as what came.
//
// Faults: E16
func TestInEffectCountsWhatCame(t *testing.T) {
	part := past(4, 9, time.Minute, time.Minute)
	part.Status, part.Came = activity.Unfulfilled, 6
	nothing := past(4, 9, time.Minute, time.Minute)
	nothing.Status, nothing.Came = activity.Unfulfilled, 4
	all := activity.InEffect([]activity.Activity{part, nothing}, now())
	if len(all) != 1 || all[0].Came != 6 {
		t.Fatalf("in effect %+v", all)
	}
	if added, _ := activity.Credit(all, now(), 5*time.Minute); added != 2 {
		t.Errorf("added %d, want the 2 that came", added)
	}
}
