package activity_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
)

func now() time.Time { return time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) }

func TestNewID(t *testing.T) {
	for invocation, want := range map[string]string{
		"":               "20261123T100000.000Z-AllTraffic",
		"others":         "20261123T100000.000Z-AllTraffic-others",
		"0123456789abcd": "20261123T100000.000Z-AllTraffic-23456789abcd",
	} {
		if got := activity.NewID(now(), "AllTraffic", invocation); got != want {
			t.Errorf("NewID of invocation %q = %q, want %q", invocation, got, want)
		}
	}
}

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

// Only a scale-out of ours that is in service tells how long one takes.
func TestTimeToInService(t *testing.T) {
	closed := func(from, to int, status activity.Status) activity.Activity {
		a, err := claim(from, to).Close(status, now().Add(6*time.Minute), "")
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	others := closed(1, 2, activity.Successful)
	others.ByOthers = true
	for name, tt := range map[string]struct {
		activity activity.Activity
		want     time.Duration
	}{
		"a scale-out":           {closed(1, 2, activity.Successful), 6 * time.Minute},
		"a scale-in":            {closed(2, 1, activity.Successful), 0},
		"one that failed":       {closed(1, 2, activity.Failed), 0},
		"one that came in part": {closed(1, 3, activity.Unfulfilled), 0},
		"one of others":         {others, 0},
		"one that is open":      {claim(1, 2), 0},
	} {
		if got := tt.activity.TimeToInService(); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
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
	var notYet activity.Outcome
	successful := activity.Outcome{Status: activity.Successful, Message: "4 instances are in service"}
	neverSent := activity.Outcome{Status: activity.Failed, Message: "the update never reached SageMaker: nothing was changed"}
	rolledBack := func(to int) activity.Outcome {
		return activity.Outcome{Status: activity.Failed, Message: fmt.Sprintf("SageMaker rolled back to %d instances", to), BackOff: true, Short: true}
	}
	unfulfilled := func(came, asked int) activity.Outcome {
		message := fmt.Sprintf("%d instances are in service where %d were asked for", came, asked)
		return activity.Outcome{Status: activity.Unfulfilled, Message: message, BackOff: true, Short: true, Came: came}
	}
	overridden := func(by int) activity.Outcome {
		return activity.Outcome{Status: activity.Overridden, Message: fmt.Sprintf("somebody else set the desired capacity to %d", by)}
	}
	tests := []struct {
		name     string
		open     activity.Activity
		endpoint activity.Endpoint
		at       time.Time
		want     activity.Outcome // none: not yet
	}{
		{"in service", accepted(claim(2, 4)), endpoint("InService", 4, 4), early, successful},
		{"answer lost, in service", claim(2, 4), endpoint("InService", 4, 4), early, successful},
		{"updating", accepted(claim(2, 4)), endpoint("Updating", 2, 4), late, notYet},
		{"rolling back", accepted(claim(2, 4)), endpoint("RollingBack", 2, 4), late, notYet},
		{"not visible yet", accepted(claim(2, 4)), endpoint("InService", 2, 2), early, notYet},
		{"claimed a moment ago", claim(2, 4), endpoint("InService", 2, 2), early, notYet},
		{"claimed almost two minutes ago", claim(2, 4), endpoint("InService", 2, 2), now().Add(2*time.Minute - 1), notYet},
		{"claimed two minutes ago", claim(2, 4), endpoint("InService", 2, 2), now().Add(2 * time.Minute), neverSent},
		{"never reached SageMaker", claim(2, 4), endpoint("InService", 2, 2), late, neverSent},
		{"rolled back, desired reset", accepted(claim(2, 4)), endpoint("InService", 2, 2), late, rolledBack(2)},
		{"rolled back, desired left", accepted(claim(2, 4)), endpoint("InService", 2, 4), late, rolledBack(2)},
		{"answer lost, rolled back, desired left", claim(2, 4), endpoint("InService", 2, 4), late, rolledBack(2)},
		{"scale-in rolled back", accepted(claim(4, 2)), endpoint("InService", 4, 4), late, rolledBack(4)},
		{"some of them", accepted(claim(2, 6)), endpoint("InService", 4, 6), late, unfulfilled(4, 6)},
		{"some of them, desired reset", accepted(claim(2, 6)), endpoint("InService", 4, 4), late, unfulfilled(4, 6)},
		{"somewhere between, and nobody knows whether it was asked for", claim(2, 6), endpoint("InService", 4, 4), late, overridden(4)},
		{"some of those to go, desired reset", accepted(claim(6, 2)), endpoint("InService", 4, 4), late, unfulfilled(4, 2)},
		{"some of them, and somebody else asks for more", accepted(claim(2, 6)), endpoint("InService", 4, 9), late, overridden(9)},
		{"somebody else", accepted(claim(2, 4)), endpoint("InService", 7, 7), late, overridden(7)},
		{"somebody else, before it came", accepted(claim(2, 4)), endpoint("InService", 2, 7), late, overridden(7)},
		{"somebody else, after it came", accepted(claim(2, 4)), endpoint("InService", 4, 7), late, overridden(7)},
		{"rolled back to what was asked for before", accepted(asked(2, 7, 6)), endpoint("InService", 2, 6), late, rolledBack(2)},
		{"never reached SageMaker, an older wish still stands", asked(2, 7, 6), endpoint("InService", 2, 6), late, neverSent},
		{"fewer serve than before", accepted(claim(4, 6)), endpoint("InService", 3, 6), late, unfulfilled(3, 6)},
		{"claimed by a clock that was wrong", claim(2, 4), endpoint("InService", 2, 2), now().Add(-time.Hour), neverSent},
		{"claimed by a clock five minutes ahead", claim(2, 4), endpoint("InService", 2, 2), now().Add(-5 * time.Minute), neverSent},
		{"claimed by a clock almost so far ahead", claim(2, 4), endpoint("InService", 2, 2), now().Add(-5*time.Minute + 1), notYet},
		{"endpoint failed", accepted(claim(2, 4)), endpoint("Failed", 0, 0), early,
			activity.Outcome{Status: activity.Failed, Message: "the endpoint has failed"}},
		{"variant gone", claim(2, 4), activity.Endpoint{Status: "InService"}, early,
			activity.Outcome{Status: activity.Failed, Message: "variant AllTraffic is gone"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := activity.State{Open: &tt.open}.Settle(tt.endpoint, tt.at)
			if ok != (tt.want != notYet) || got != tt.want {
				t.Errorf("Settle = %+v, %v; want %+v", got, ok, tt.want)
			}
		})
	}
}

func TestSettleOfNothing(t *testing.T) {
	if got, ok := (activity.State{}).Settle(endpoint("InService", 4, 4), now()); ok {
		t.Errorf("an activity that does not exist ended: %+v", got)
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

// A move that an activity may not make leaves the state as it was.
func TestStateRefusesWrongMoves(t *testing.T) {
	s, err := activity.State{Endpoint: "chat-llm"}.Claim(claim(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	s, err = s.Accept()
	if err != nil || s.Open.Status != activity.InProgress {
		t.Fatalf("accepted: %+v, %v", s.Open, err)
	}
	if again, err := s.Accept(); err == nil || !reflect.DeepEqual(again, s) {
		t.Errorf("accepted twice: %+v, %v", again, err)
	}
	left, a, err := s.Close(activity.Outcome{Status: activity.Pending}, now())
	if err == nil || !reflect.DeepEqual(left, s) || a != (activity.Activity{}) {
		t.Errorf("closed as Pending: %+v, %+v, %v", left, a, err)
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

// What took no time was not watched, nor was what took two hours.
func TestStateLearnsOnlyCredibleTimes(t *testing.T) {
	for took, want := range map[time.Duration]int{-1: 0, 0: 0, 1: 1, 2*time.Hour - 1: 1, 2 * time.Hour: 0} {
		s := run(t, activity.State{}, claim(1, 2), activity.Outcome{Status: activity.Successful}, now().Add(took))
		if got := s.Provisioning["AllTraffic"]; len(got) != want || want == 1 && got[0] != took {
			t.Errorf("learned %v of a scale-out that took %s", got, took)
		}
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

// Only the last success of a direction is kept however old, and no failure.
func TestStateHistoryDropsWhatNothingHangsOn(t *testing.T) {
	s := activity.State{}
	done := func(from, to int, status activity.Status) {
		s = run(t, s, claim(from, to), activity.Outcome{Status: status}, now())
	}
	done(2, 9, activity.Failed)
	done(2, 3, activity.Successful)
	done(3, 5, activity.Successful)
	done(5, 4, activity.Successful)
	done(4, 9, activity.Failed)
	for range 32 {
		a := claim(1, 2)
		a.Variant = "other"
		s = run(t, s, a, activity.Outcome{Status: activity.Failed}, now())
	}
	if h := s.History("AllTraffic"); len(s.Recent) != 34 || len(h) != 2 || h[0].To != 5 || h[1].To != 4 {
		t.Errorf("%d activities are kept, of the variant %+v; want its last scale-out and scale-in", len(s.Recent), h)
	}
}

// A state that no write of ours ever was is damage.
//
// Faults: C8
func TestCheckOfAState(t *testing.T) {
	closed := func(change func(*activity.Activity)) activity.State {
		a := claim(2, 5)
		a.Status, a.EndTime = activity.Successful, now()
		change(&a)
		return activity.State{Recent: []activity.Activity{a}}
	}
	open := func(change func(*activity.Activity)) activity.State {
		a := claim(2, 5)
		change(&a)
		return activity.State{Open: &a}
	}
	tests := []struct {
		state activity.State
		want  string
	}{
		{activity.State{}, ""},
		{open(func(*activity.Activity) {}), ""},
		{closed(func(*activity.Activity) {}), ""},
		{closed(func(a *activity.Activity) { a.From, a.To = 0, 1<<31-1 }), ""},
		{activity.State{Known: map[string]activity.Known{"v": {Capacity: 0}, "w": {Capacity: 1<<31 - 1}}}, ""},
		{activity.State{Backoffs: map[string]activity.Backoffs{"v": {Out: activity.Backoff{Failures: 1}}, "w": {In: activity.Backoff{Failures: 1}}}}, ""},
		{open(func(a *activity.Activity) { a.Status = activity.Successful; a.EndTime = now() }), "open activity: it is \"Successful\""},
		{open(func(a *activity.Activity) { a.Status = "Lost\x1b" }), `status "Lost\x1b" is none`},
		{open(func(a *activity.Activity) { a.To = -1 }), "open activity: capacity -1 is out of range"},
		{open(func(a *activity.Activity) { a.From = 1 << 40 }), "capacity 1099511627776 is out of range"},
		{open(func(a *activity.Activity) { a.Variant = "" }), "it names no variant"},
		{open(func(a *activity.Activity) { a.Variant, a.ID = strings.Repeat("v", 63), strings.Repeat("i", 200) }), ""},
		{open(func(a *activity.Activity) { a.Variant = strings.Repeat("v", 64) }), "too long a name"},
		{open(func(a *activity.Activity) { a.ID = strings.Repeat("i", 201) }), "too long a name"},
		{open(func(a *activity.Activity) { a.StartTime = time.Time{} }), "it has no time"},
		{closed(func(a *activity.Activity) { a.EndTime = time.Time{} }), "closed activity: it has no time"},
		{closed(func(a *activity.Activity) { a.Status = activity.InProgress }), "closed activity: it is InProgress"},
		{closed(func(a *activity.Activity) { a.Came = -4 }), "capacity -4"},
		{closed(func(a *activity.Activity) { a.DesiredBefore = -4 }), "capacity -4"},
		{activity.State{Known: map[string]activity.Known{"v": {Capacity: -1}}}, "known capacity -1"},
		{activity.State{Known: map[string]activity.Known{"v": {Capacity: 1 << 31}}}, "known capacity 2147483648"},
		{activity.State{Backoffs: map[string]activity.Backoffs{"v": {In: activity.Backoff{Failures: -1}}}}, "negative number of failures"},
		{activity.State{Backoffs: map[string]activity.Backoffs{"v": {Out: activity.Backoff{Failures: -1}}}}, "negative number of failures"},
		{activity.State{Backoffs: map[string]activity.Backoffs{"v": {Out: activity.Backoff{Short: -1}}}}, "negative number of failures"},
		{activity.State{Backoffs: map[string]activity.Backoffs{"v": {In: activity.Backoff{Short: -1}}}}, "negative number of failures"},
	}
	for _, tt := range tests {
		err := tt.state.Check()
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%+v: %v, want %q", tt.state, err, tt.want)
		}
	}
}

// Faults: F3 F4
func TestCloseDoesNotEndBeforeItBegan(t *testing.T) {
	a, err := claim(2, 5).Close(activity.Successful, now().Add(-time.Minute), "")
	if err != nil || !a.EndTime.Equal(now()) || a.Took() != 0 {
		t.Errorf("ended at %s, %v; want when it began", a.EndTime, err)
	}
}

// The wait grows with every failure; how much less to ask for, with those alone that less
// would have been carried out of. What is long ago tells nothing any more.
//
// Faults: E14 E15 E22
func TestBackoffCountsWhatWasShort(t *testing.T) {
	s, at := activity.State{Endpoint: "chat-llm"}, now()
	fail := func(short bool, after time.Duration) activity.Backoff {
		t.Helper()
		at = at.Add(after)
		open, err := s.Claim(claim(2, 5))
		if err != nil {
			t.Fatal(err)
		}
		if s, _, err = open.Close(activity.Outcome{Status: activity.Failed, BackOff: true, Short: short}, at); err != nil {
			t.Fatal(err)
		}
		return s.Backoffs["AllTraffic"].Out
	}
	for _, tt := range []struct {
		short         bool
		after         time.Duration
		failures, few int
		wait          time.Duration
	}{
		{true, 0, 1, 1, 5 * time.Minute},
		{false, 5 * time.Minute, 2, 1, 10 * time.Minute},
		{true, 10 * time.Minute, 3, 2, 20 * time.Minute},
		{true, 20*time.Minute + activity.MaxBackoff - 1, 4, 3, 40 * time.Minute},
		{true, 40*time.Minute + activity.MaxBackoff, 1, 1, 5 * time.Minute},
	} {
		b := fail(tt.short, tt.after)
		if b != (activity.Backoff{Failures: tt.failures, Short: tt.few, Until: at.Add(tt.wait)}) {
			t.Errorf("after %s: %+v, want %+v", tt.after, b, tt)
		}
	}
}
func TestProvisioningTime(t *testing.T) {
	for want, seen := range map[time.Duration][]time.Duration{
		0:  nil,
		3:  {3},
		7:  {7, 3},
		9:  {1, 9, 2},
		4:  {1, 4, 2, 3},
		5:  {90, 5, 3, 4, 2},
		16: {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20},
	} {
		s := activity.State{Provisioning: map[string][]time.Duration{"main": seen, "other": {60}}}
		if got := s.ProvisioningTime("main"); got != want {
			t.Errorf("of %v: %d, want %d", seen, got, want)
		}
	}
}

func TestVariantNames(t *testing.T) {
	e := activity.Endpoint{Variants: []activity.Variant{{Name: "green"}, {Name: "blue"}}}
	if got := e.VariantNames(); !slices.Equal(got, []string{"green", "blue"}) {
		t.Errorf("got %q", got)
	}
}
