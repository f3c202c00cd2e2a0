package activity_test

import (
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
)

// deployed is the endpoint of a configuration, created at now, with its variants
// AllTraffic and other at these counts.
func deployed(config, status string, current, desired, other int) activity.Endpoint {
	return activity.Endpoint{
		Name: "chat-llm", Status: status, CreationTime: now(), Config: config,
		Variants: []activity.Variant{
			{Name: "AllTraffic", Current: current, Desired: desired},
			{Name: "other", Current: other, Desired: other},
		},
	}
}

func variants() []string { return []string{"AllTraffic", "other", "gone"} }

// adopted is a state that knows 4 instances of AllTraffic and 2 of other.
func adopted(t *testing.T) activity.State {
	t.Helper()
	s, outside, changed := activity.State{Endpoint: "chat-llm", Version: 7}.
		Adopt(deployed("v1", activity.InService, 4, 4, 2), variants(), now())
	if !changed || outside != nil || s.Known["AllTraffic"].Capacity != 4 || s.Known["other"].Capacity != 2 || s.Config != "v1" || !s.CreationTime.Equal(now()) {
		t.Fatalf("first sight: %+v, %+v, changed %v", s, outside, changed)
	}
	return s
}

func TestAdoptOfNothingNew(t *testing.T) {
	s := adopted(t)
	quiet := map[string]activity.Endpoint{
		"the same":                    deployed("v1", activity.InService, 4, 4, 2),
		"asked for and not delivered": deployed("v1", activity.InService, 3, 9, 2),
		"no endpoint":                 {},
	}
	for name, e := range quiet {
		if next, outside, changed := s.Adopt(e, variants(), now().Add(time.Minute)); changed || outside != nil || next.Known["AllTraffic"] != s.Known["AllTraffic"] {
			t.Errorf("%s: %+v, %+v, changed %v", name, next, outside, changed)
		}
	}
	open, err := s.Claim(claim(4, 6))
	if err != nil {
		t.Fatal(err)
	}
	if _, outside, changed := open.Adopt(deployed("v1", activity.InService, 6, 6, 2), variants(), now()); changed || outside != nil {
		t.Errorf("with our own change under way: %+v, changed %v", outside, changed)
	}
}

func TestAdoptOfWhatOthersChanged(t *testing.T) {
	tests := []struct {
		name   string
		config string
		cause  string
	}{
		{"by hand", "v1", "somebody else changed the capacity"},
		{"by a deployment", "v2", "a deployment of endpoint configuration v2 changed the capacity"},
	}
	for _, tt := range tests {
		s := adopted(t)
		at := now().Add(3 * time.Hour)
		next, outside, changed := s.Adopt(deployed(tt.config, activity.InService, 1, 1, 2), variants(), at)
		if !changed || len(outside) != 1 || next.Known["AllTraffic"].Capacity != 1 || next.Config != tt.config || s.Known["AllTraffic"].Capacity != 4 {
			t.Fatalf("%s: %+v, %+v, changed %v", tt.name, next, outside, changed)
		}
		want := activity.Activity{
			ID: at.Format("20060102T150405.000Z") + "-AllTraffic-others", Variant: "AllTraffic", From: 4, To: 1, DesiredBefore: 4, ByOthers: true,
			Status: activity.Successful, StatusMessage: "1 instances are in service", Cause: tt.cause,
			StartTime: at.Add(-time.Hour), EndTime: at,
		}
		if outside[0] != want || len(next.Recent) != 1 || next.Recent[0] != want {
			t.Errorf("%s:\ngot  %+v\nwant %+v\nin   %+v", tt.name, outside[0], want, next.Recent)
		}
		if _, again, changed := next.Adopt(deployed(tt.config, activity.InService, 1, 1, 2), variants(), at); changed || again != nil {
			t.Errorf("%s: adopted twice: %+v", tt.name, again)
		}
	}
}

// A configuration alone is remembered, so that a later change by hand is not taken
// for its deployment.
func TestAdoptOfAConfiguration(t *testing.T) {
	next, outside, changed := adopted(t).Adopt(deployed("v2", activity.InService, 4, 4, 2), variants(), now())
	if !changed || outside != nil || next.Config != "v2" {
		t.Fatalf("%+v, %+v, changed %v", next, outside, changed)
	}
	_, outside, _ = next.Adopt(deployed("v2", activity.InService, 5, 5, 2), variants(), now())
	if len(outside) != 1 || !strings.HasPrefix(outside[0].Cause, "somebody else") {
		t.Errorf("%+v", outside)
	}
}

// A change by others began after the last change of that variant that was seen.
func TestAdoptedChangeBeganAfterTheLastOne(t *testing.T) {
	s := adopted(t)
	s = run(t, s, claim(4, 6), activity.Outcome{Status: activity.Successful}, now().Add(10*time.Minute))
	if s.Known["AllTraffic"].Capacity != 6 {
		t.Fatalf("known %v", s.Known)
	}
	for _, tt := range []struct{ at, began time.Duration }{
		{10 * time.Minute, 10 * time.Minute},
		{20 * time.Minute, 10 * time.Minute},
		{70 * time.Minute, 10 * time.Minute},
		{71 * time.Minute, 11 * time.Minute},
		{5 * time.Minute, -55 * time.Minute}, // by a clock that goes wrong
	} {
		at := now().Add(tt.at)
		_, outside, _ := s.Adopt(deployed("v1", activity.InService, 5, 5, 3), variants(), at)
		if len(outside) != 2 || !outside[0].StartTime.Equal(now().Add(tt.began)) || !outside[0].EndTime.Equal(at) {
			t.Errorf("at %s: %+v", tt.at, outside)
		}
		began := at.Add(-time.Hour)
		if began.Before(now()) {
			began = now() // when it was first seen
		}
		if len(outside) == 2 && !outside[1].StartTime.Equal(began) {
			t.Errorf("at %s: the other variant: %+v", tt.at, outside[1])
		}
	}
}

// Our own change is nobody else's, however it ends.
func TestAdoptAfterOurOwnChange(t *testing.T) {
	tests := []struct {
		status  activity.Status
		current int
		outside int
	}{
		{activity.Successful, 6, 0},
		{activity.Failed, 4, 0},
		{activity.Unfulfilled, 5, 0},
		{activity.Overridden, 4, 0},
		{activity.Overridden, 9, 1},
	}
	for _, tt := range tests {
		s := run(t, adopted(t), claim(4, 6), activity.Outcome{Status: tt.status, Came: 5}, now())
		next, outside, _ := s.Adopt(deployed("v1", activity.InService, tt.current, tt.current, 2), variants(), now())
		if len(outside) != tt.outside || next.Known["AllTraffic"].Capacity != tt.current {
			t.Errorf("%s with %d: %+v, known %v", tt.status, tt.current, outside, next.Known)
		}
	}
	fresh := run(t, activity.State{Endpoint: "chat-llm"}, claim(4, 6), activity.Outcome{Status: activity.Successful}, now())
	if fresh.Known["AllTraffic"].Capacity != 6 {
		t.Errorf("a state without known capacities learned %v", fresh.Known)
	}
}

// What the variant's last change asked for and did not bring came late: nobody
// else has asked for it.
func TestAdoptOfWhatCameLate(t *testing.T) {
	const late, others = "the capacity that had been asked for came late", "somebody else changed the capacity"
	tests := []struct {
		name    string
		status  activity.Status
		current int
		cause   string
	}{
		{"all of it", activity.Failed, 6, late},
		{"more of it", activity.Unfulfilled, 6, late},
		{"not that", activity.Failed, 7, others},
		{"back to where it was", activity.Successful, 4, others},
	}
	for _, tt := range tests {
		s := run(t, adopted(t), claim(4, 6), activity.Outcome{Status: tt.status, Came: 5}, now())
		other := claim(2, tt.current)
		other.Variant = "other"
		s = run(t, s, other, activity.Outcome{Status: activity.Failed}, now())
		_, outside, _ := s.Adopt(deployed("v1", activity.InService, tt.current, tt.current, 2), variants(), now())
		if len(outside) != 1 || outside[0].Cause != tt.cause {
			t.Errorf("%s: %+v, want %q", tt.name, outside, tt.cause)
		}
	}
	s := run(t, adopted(t), claim(4, 6), activity.Outcome{Status: activity.Successful}, now())
	s, _, _ = s.Adopt(deployed("v1", activity.InService, 3, 3, 2), variants(), now())
	if _, outside, _ := s.Adopt(deployed("v1", activity.InService, 6, 6, 2), variants(), now()); len(outside) != 1 || outside[0].Cause != others {
		t.Errorf("again what had come before: %+v", outside)
	}
}

func TestAdoptOfAnEndpointCreatedAnew(t *testing.T) {
	s := run(t, adopted(t), claim(4, 6), activity.Outcome{Status: activity.Successful}, now())
	second := deployed("v2", activity.InService, 1, 1, 1)
	second.CreationTime = now().Add(time.Hour)
	open, err := s.Claim(claim(2, 3))
	if err != nil {
		t.Fatal(err)
	}
	if o, ok := open.Settle(second, now()); !ok || o != (activity.Outcome{Status: activity.Overridden, Message: "the endpoint was created anew"}) {
		t.Errorf("the open activity of an endpoint created anew: %+v, %v; want Overridden", o, ok)
	}
	anew, outside, changed := s.Adopt(second, variants(), now())
	if !changed || outside != nil || len(anew.Recent) != 0 || anew.Version != 7 || anew.Endpoint != "chat-llm" || !anew.CreationTime.Equal(second.CreationTime) || anew.Known["AllTraffic"].Capacity != 1 {
		t.Errorf("%+v, %+v, changed %v, want nothing but the name and the version", anew, outside, changed)
	}
	second.Status = "Creating"
	if anew, _, changed := s.Adopt(second, variants(), now()); !changed || len(anew.Recent) != 0 || !anew.BusySince.Equal(now()) {
		t.Errorf("while it is created: %+v, changed %v", anew, changed)
	}
}

// Since when somebody else's change is under way is remembered: SageMaker does not say.
//
// Faults: E2 E3
func TestAdoptRemembersSinceWhenItIsBusy(t *testing.T) {
	s := adopted(t)
	for i, status := range []string{"Updating", "Updating", "RollingBack"} {
		next, outside, changed := s.Adopt(deployed("v2", status, 1, 4, 2), variants(), now().Add(time.Duration(i)*time.Minute))
		if changed != (i == 0) || outside != nil || !next.BusySince.Equal(now()) || next.Known["AllTraffic"] != s.Known["AllTraffic"] {
			t.Errorf("%s: busy since %s, %+v, changed %v", status, next.BusySince, outside, changed)
		}
		s = next
	}
	s.Damage = "damaged"
	if next, _, _ := s.Adopt(deployed("v2", activity.InService, 4, 4, 2), variants(), now()); !next.BusySince.IsZero() || next.Damage != "" {
		t.Errorf("in service again: %+v", next)
	}
}

// What moves a variant that is no target concerns none, however often.
func TestAdoptOfWhatConcernsNoTarget(t *testing.T) {
	e := deployed("v1", activity.InService, 4, 4, 2)
	s, _, _ := activity.State{Endpoint: "chat-llm"}.Adopt(e, []string{"AllTraffic"}, now())
	touched := s.Touched
	for i := range 10 {
		at := now().Add(time.Duration(i+1) * 10 * time.Minute)
		e = deployed("v1", activity.InService, 4, 4, 3+i)
		e.Modified = at
		next, outside, changed := s.Adopt(e, []string{"AllTraffic"}, at)
		if !changed || outside != nil || !next.Touched.Equal(touched) {
			t.Fatalf("change %d: touched %s, %+v, changed %v", i, next.Touched, outside, changed)
		}
		s = next
	}
	e.Modified = now().Add(3 * time.Hour) // and nothing there has changed
	if next, _, _ := s.Adopt(e, []string{"AllTraffic"}, e.Modified); !next.Touched.Equal(e.Modified) {
		t.Errorf("touched %s, want %s", next.Touched, e.Modified)
	}
}

// What is said to be in the future explains nothing, and is put right.
//
// Faults: C8 F1
func TestAdoptOfATouchInTheFuture(t *testing.T) {
	e := deployed("v1", activity.InService, 4, 4, 2)
	e.Modified = now().Add(-time.Hour)
	for _, wrong := range []func(*activity.State){
		func(s *activity.State) { s.Touched = now().AddDate(100, 0, 0) },
		func(s *activity.State) {
			a := claim(3, 4)
			a.Status, a.EndTime = activity.Successful, now().AddDate(100, 0, 0)
			s.Recent = []activity.Activity{a}
		},
	} {
		s := adopted(t)
		wrong(&s)
		if next, _, changed := s.Adopt(e, variants(), now()); !changed || !next.Touched.Equal(e.Modified) {
			t.Errorf("touched %s, changed %v; want %s", next.Touched, changed, e.Modified)
		}
	}
	s := adopted(t)
	a := claim(3, 4)
	a.Status, a.EndTime = activity.Successful, now().Add(activity.ClockSkew)
	s.Recent = []activity.Activity{a}
	if next, _, changed := s.Adopt(e, variants(), now()); changed || !next.Touched.Equal(s.Touched) {
		t.Errorf("by a clock that is just so much ahead: touched %s, changed %v", next.Touched, changed)
	}
}

// What was touched while nobody remembers, or by nobody that is known of, is kept: a
// later change of our own would hide it.
//
// Faults: C7 E2
func TestAdoptOfATouch(t *testing.T) {
	e := deployed("v1", activity.InService, 4, 4, 2)
	e.Modified = now().Add(-2 * time.Minute)
	s, outside, changed := activity.State{Endpoint: "chat-llm"}.Adopt(e, variants(), now())
	if !changed || outside != nil || !s.Touched.Equal(e.Modified) {
		t.Fatalf("first sight: touched %s, changed %v; want %s", s.Touched, changed, e.Modified)
	}
	if _, _, changed := s.Adopt(e, variants(), now()); changed {
		t.Error("the same touch is one more")
	}
	s, err := s.Claim(claim(4, 6))
	if err != nil {
		t.Fatal(err)
	}
	s, _, err = s.Close(activity.Outcome{Status: activity.Successful}, now().Add(6*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	e.Variants[0].Current, e.Variants[0].Desired = 6, 6
	for modified, want := range map[time.Duration]time.Time{
		5 * time.Minute: s.Touched, // our own
		7 * time.Minute: s.Touched, // shown late
		8 * time.Minute: now().Add(8 * time.Minute),
	} {
		e.Modified = now().Add(modified)
		if next, _, _ := s.Adopt(e, variants(), now().Add(9*time.Minute)); !next.Touched.Equal(want) {
			t.Errorf("modified after %s: touched %s, want %s", modified, next.Touched, want)
		}
	}
}
