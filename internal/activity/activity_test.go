package activity_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"sagescale/internal/activity"
)

func now() time.Time { return time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) }

func claim(from, to int) activity.Activity {
	return activity.Activity{ID: "a1", Variant: "AllTraffic", From: from, To: to, Status: activity.Pending, StartTime: now()}
}

func TestMoves(t *testing.T) {
	all := []activity.Status{activity.Pending, activity.InProgress, activity.Successful, activity.Failed, activity.Unfulfilled, activity.Overridden, "Nonsense"}
	for _, from := range all {
		a := claim(1, 2)
		a.Status = from
		if _, err := a.Accept(); (err == nil) != (from == activity.Pending) {
			t.Errorf("accept %s: %v", from, err)
		}
		for _, to := range all {
			legal := (from == activity.Pending || from == activity.InProgress) &&
				(to == activity.Successful || to == activity.Failed || to == activity.Unfulfilled || to == activity.Overridden)
			got, err := a.Close(to, now().Add(time.Minute), "why")
			if (err == nil) != legal {
				t.Errorf("close %s to %s: %v", from, to, err)
			}
			if legal && (got.Status != to || got.StatusMessage != "why" || got.Took() != time.Minute) {
				t.Errorf("close %s to %s: got %+v", from, to, got)
			}
		}
	}
	if took := claim(1, 2).Took(); took != 0 {
		t.Errorf("an open activity took %s", took)
	}
}

// asked is a claim where SageMaker had been asked for another capacity before.
func asked(from, to, before int) activity.Activity {
	a := claim(from, to)
	a.DesiredBefore = before
	return a
}

func endpoint(status string, current, desired int) activity.Endpoint {
	return activity.Endpoint{Name: "chat-llm", Status: status, Variants: []activity.Variant{{Name: "AllTraffic", Current: current, Desired: desired}}}
}

func TestSettle(t *testing.T) {
	early, late := now().Add(time.Minute), now().Add(activity.ClaimTTL)
	accepted := func(a activity.Activity) activity.Activity { a.Status = activity.InProgress; return a }
	tests := []struct {
		name     string
		open     activity.Activity
		endpoint activity.Endpoint
		at       time.Time
		want     activity.Status // empty: not yet
		backOff  bool
	}{
		{"in service", accepted(claim(2, 4)), endpoint("InService", 4, 4), early, activity.Successful, false},
		{"answer lost, in service", claim(2, 4), endpoint("InService", 4, 4), early, activity.Successful, false},
		{"updating", accepted(claim(2, 4)), endpoint("Updating", 2, 4), late, "", false},
		{"rolling back", accepted(claim(2, 4)), endpoint("RollingBack", 2, 4), late, "", false},
		{"not visible yet", accepted(claim(2, 4)), endpoint("InService", 2, 2), early, "", false},
		{"claimed a moment ago", claim(2, 4), endpoint("InService", 2, 2), early, "", false},
		{"never reached SageMaker", claim(2, 4), endpoint("InService", 2, 2), late, activity.Failed, false},
		{"rolled back, desired reset", accepted(claim(2, 4)), endpoint("InService", 2, 2), late, activity.Failed, true},
		{"rolled back, desired left", accepted(claim(2, 4)), endpoint("InService", 2, 4), late, activity.Failed, true},
		{"answer lost, rolled back, desired left", claim(2, 4), endpoint("InService", 2, 4), late, activity.Failed, true},
		{"scale-in rolled back", accepted(claim(4, 2)), endpoint("InService", 4, 4), late, activity.Failed, true},
		{"some of them", accepted(claim(2, 6)), endpoint("InService", 4, 6), late, activity.Unfulfilled, true},
		{"some of them, desired reset", accepted(claim(2, 6)), endpoint("InService", 4, 4), late, activity.Unfulfilled, true},
		{"somebody else", accepted(claim(2, 4)), endpoint("InService", 7, 7), late, activity.Overridden, false},
		{"rolled back to what was asked for before", accepted(asked(2, 7, 6)), endpoint("InService", 2, 6), late, activity.Failed, true},
		{"never reached SageMaker, an older wish still stands", asked(2, 7, 6), endpoint("InService", 2, 6), late, activity.Failed, false},
		{"fewer serve than before", accepted(claim(4, 6)), endpoint("InService", 3, 6), late, activity.Unfulfilled, true},
		{"claimed by a clock that was wrong", claim(2, 4), endpoint("InService", 2, 2), now().Add(-time.Hour), activity.Failed, false},
		{"endpoint failed", accepted(claim(2, 4)), endpoint("Failed", 0, 0), early, activity.Failed, false},
		{"variant gone", claim(2, 4), activity.Endpoint{Status: "InService"}, early, activity.Failed, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := activity.State{Open: &tt.open}.Settle(tt.endpoint, tt.at)
			if ok != (tt.want != "") || got.Status != tt.want || got.BackOff != tt.backOff {
				t.Errorf("Settle = %+v, %v; want %q, back off %v", got, ok, tt.want, tt.backOff)
			}
			if ok && got.Message == "" {
				t.Error("the outcome has no message")
			}
		})
	}
}

func TestVisible(t *testing.T) {
	a := claim(2, 4)
	s := activity.State{Open: &a}
	if !s.Visible(endpoint("Updating", 2, 4)) {
		t.Error("an update under way to the claimed count is not seen")
	}
	if (activity.State{}).Visible(endpoint("Updating", 2, 4)) {
		t.Error("an update is seen of an activity that does not exist")
	}
	for name, e := range map[string]activity.Endpoint{
		"another count": endpoint("Updating", 2, 5),
		"in service":    endpoint("InService", 2, 4),
		"no variant":    {Status: "Updating"},
	} {
		if s.Visible(e) {
			t.Errorf("%s: seen as the claimed update", name)
		}
	}
}

func TestStateClaimIsExclusive(t *testing.T) {
	s, err := activity.State{Endpoint: "chat-llm"}.Claim(claim(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Claim(claim(1, 3)); !errors.Is(err, activity.ErrOpen) {
		t.Errorf("second claim: %v, want ErrOpen", err)
	}
	if _, _, err := (activity.State{}).Close(activity.Outcome{Status: activity.Failed}, now()); err == nil {
		t.Error("closed an activity that was never opened")
	}
	if _, err := (activity.State{}).Accept(); err == nil {
		t.Error("accepted an activity that was never opened")
	}
}

// run claims and closes an activity.
func run(t *testing.T, s activity.State, a activity.Activity, o activity.Outcome, at time.Time) activity.State {
	t.Helper()
	s, err := s.Claim(a)
	if err != nil {
		t.Fatal(err)
	}
	before := *s.Open
	s, closed, err := s.Close(o, at)
	if err != nil {
		t.Fatal(err)
	}
	if closed.ID != before.ID || s.Open != nil {
		t.Fatalf("closed %+v, left open %+v", closed, s.Open)
	}
	return s
}

func TestStateLearnsProvisioningTimes(t *testing.T) {
	s := activity.State{}
	success := activity.Outcome{Status: activity.Successful}
	s = run(t, s, claim(1, 2), success, now().Add(6*time.Minute))
	s = run(t, s, claim(2, 1), success, now().Add(2*time.Minute))
	s = run(t, s, claim(1, 2), activity.Outcome{Status: activity.Failed}, now().Add(9*time.Minute))
	if got := s.Provisioning["AllTraffic"]; !reflect.DeepEqual(got, []time.Duration{6 * time.Minute}) {
		t.Errorf("provisioning times %v, want only that of the successful scale-out", got)
	}
	for range 30 {
		s = run(t, s, claim(1, 2), success, now().Add(7*time.Minute))
	}
	if got := s.Provisioning["AllTraffic"]; len(got) != 20 || got[0] != 7*time.Minute {
		t.Errorf("%d provisioning times from %v on, want the last 20", len(got), got[0])
	}
}

func TestStateBackoff(t *testing.T) {
	s := activity.State{}
	none := activity.Outcome{Status: activity.Failed, BackOff: true}
	for _, minutes := range []int{5, 10, 20, 40, 60, 60} {
		want := time.Duration(minutes) * time.Minute
		s = run(t, s, claim(1, 2), none, now())
		if got := s.Backoffs["AllTraffic"].Out.Until.Sub(now()); got != want {
			t.Errorf("after %d failures wait %s, want %s", s.Backoffs["AllTraffic"].Out.Failures, got, want)
		}
	}
	unchanged := s
	s = run(t, s, claim(2, 1), activity.Outcome{Status: activity.Failed, BackOff: true}, now())
	if b := s.Backoffs["AllTraffic"]; b.In.Failures != 1 || b.Out.Failures != 6 {
		t.Errorf("a refused scale-in changed %+v, want its own direction only", b)
	}
	s = run(t, s, claim(1, 2), activity.Outcome{Status: activity.Successful}, now())
	if b := s.Backoffs["AllTraffic"]; b.Out.Failures != 0 || b.In.Failures != 1 || unchanged.Backoffs["AllTraffic"].Out.Failures != 6 {
		t.Errorf("after a success: %+v; the state before: %+v", b, unchanged.Backoffs)
	}
}

func TestStateHistoryIsBoundedAndKeepsTheLastChanges(t *testing.T) {
	s := activity.State{}
	s = run(t, s, claim(2, 4), activity.Outcome{Status: activity.Successful}, now())
	for i := range 100 {
		a := claim(4, 5)
		a.ID, a.Variant = fmt.Sprint("b", i), "other"
		s = run(t, s, a, activity.Outcome{Status: activity.Failed}, now())
	}
	if len(s.Recent) != 33 {
		t.Errorf("%d activities are kept, want the last 32 and the last success", len(s.Recent))
	}
	if h := s.History("AllTraffic"); len(h) != 1 || h[0].To != 4 {
		t.Errorf("history %+v, want the last success however old", h)
	}
	s, err := s.Claim(claim(5, 6))
	if err != nil {
		t.Fatal(err)
	}
	if h := s.History("other"); len(h) != 33 || !h[32].Open() {
		t.Errorf("the open activity of the endpoint is not in the history of its other variant")
	}
}
