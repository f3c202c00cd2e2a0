package records_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/forecast"
	"sagescale/internal/policy"
	"sagescale/internal/policyfile"
	"sagescale/internal/records"
	"sagescale/internal/scaling"
	"sagescale/internal/simulate"
	"sagescale/internal/trace"
)

// eventful is a day in which all kinds of things happen.
const eventful = `
version: 1
targets:
- endpoint: chat
  variant: main
  minCapacity: 1
  maxCapacity: 6
  targetTracking: [{metric: InvocationsPerInstance, targetValue: 700}]
  stepScaling:
  - name: hot
    metric: {name: gpu, namespace: /aws/sagemaker/Endpoints, metricName: GPUUtilization, statistic: Average}
    threshold: 90
    comparison: GreaterThanThreshold
    adjustmentType: ChangeInCapacity
    stepAdjustments: [{lowerBound: 0, adjustment: 1}]
  behavior:
    scaleOut: {policies: [{type: Instances, value: 3, period: 10m}]}
    scaleIn: {stabilizationWindow: 5m, policies: [{type: Instances, value: 2, period: 5m}]}
  scheduledActions:
  - {name: lunch, schedule: cron(0 12 ? * * *), timezone: UTC, minCapacity: 4, duration: 1h}
`

// simulated is a simulated day of eventful: its records and what is known at its end.
func simulated(t *testing.T) ([]autoscaler.Record, records.Past) {
	t.Helper()
	p, err := policyfile.Parse("policy.yaml", []byte(eventful))
	if err != nil {
		t.Fatal(err)
	}
	load := trace.Day(3)
	hour := func(h int) time.Time { return load.Start.Add(time.Duration(h) * time.Hour) }
	var all []autoscaler.Record
	result, err := simulate.Run(t.Context(), simulate.Config{
		Policy: p, Start: load.Start, Provisioning: 6 * time.Minute, ScaleIn: 2 * time.Minute,
		Loads:   map[string]simulate.Load{"chat/main": {Requests: load.Scale(0.5).Requests, InstanceCapacity: 1000}},
		Record:  func(r autoscaler.Record) error { all = append(all, r); return nil },
		Updates: []simulate.Update{{At: hour(3), Endpoint: "chat", Variant: "main", Instances: 5}},
		Overrides: []simulate.Override{{At: hour(8), Endpoint: "chat", Variant: "main", Override: policy.Override{
			Pause: policy.Both, Until: hour(9), By: "anna",
		}}},
		Gap: func(at time.Time) bool { return at.Hour() == 5 && at.Minute() < 20 },
	})
	if err != nil {
		t.Fatal(err)
	}
	target, _ := p.Find("chat", "main")
	return all, records.Past{Target: target, Archived: result.Targets[0].Activities}
}

// Of every record of a day what it was decided by is found again: decided again it says the
// same, word for word.
func TestEveryDecisionIsMadeAgain(t *testing.T) {
	all, past := simulated(t)
	codes := map[scaling.Code]int{}
	changes := 0
	for i, r := range all {
		for _, reason := range r.Decision.NotScaledReasons {
			codes[reason.Code]++
		}
		if r.Activity != nil {
			changes++
		}
		// In the simulation no time passes between the evaluations of a minute.
		sameMinute := i+1 < len(all) && all[i+1].Time.Equal(r.Time)
		if c := past.Case(r); !sameMinute && !c.Makes(r.Decision) {
			got, _ := json.Marshal(c.Decide())
			want, _ := json.Marshal(r.Decision)
			t.Fatalf("%s: decides\n%s\nrecorded is\n%s\nby %+v", r.Time, got, want, c.Activities)
		}
	}
	for _, code := range []scaling.Code{
		scaling.MissingData, scaling.Paused, scaling.VelocityLimit, scaling.Unscalable, scaling.ScaleInCooldown,
		scaling.ScaleOutCooldown, scaling.StabilizationWindow, scaling.AlreadyAtMin, scaling.AlreadyAtMax,
	} {
		if codes[code] == 0 {
			t.Errorf("no record of the day has %s: %v", code, codes)
		}
	}
	if changes < 10 || len(all) < 1440 {
		t.Errorf("%d changes in %d records", changes, len(all))
	}
}

// As they stood: one that ended later was open, one that began later was not there, and what
// the record tells of is as it tells.
func TestActivitiesOfThatTime(t *testing.T) {
	minutes := func(n int) time.Time { return now().Add(time.Duration(n) * time.Minute) }
	act := func(id string, from, to int) activity.Activity {
		return activity.Activity{ID: id, Variant: "AllTraffic", From: 1, To: 2, Status: activity.Successful, StartTime: minutes(from), EndTime: minutes(to)}
	}
	open := act("open", -3, 0)
	open.Status, open.EndTime = activity.Pending, time.Time{}
	shadow := act("shadow", -9, -5)
	shadow.Variant = "Shadow"
	shadowLater := act("shadow later", -1, 5)
	shadowLater.Variant = "Shadow"
	others := act("others", -9, 1)
	others.ByOthers = true
	late := act("late", -8, 1)
	for name, tt := range map[string]struct {
		past records.Past
		tell func(*autoscaler.Record)
		want []string
	}{
		"closed, by their ends":         {records.Past{Archived: []activity.Activity{act("b", -8, -2), act("a", -9, -3)}}, nil, []string{"a Successful", "b Successful"}},
		"of the state too, once":        {records.Past{Archived: []activity.Activity{act("a", -9, -3)}, State: activity.State{Recent: []activity.Activity{act("a", -9, -3), act("old", -99, -90)}}}, nil, []string{"old Successful", "a Successful"}},
		"what ended later was open":     {records.Past{Archived: []activity.Activity{late}}, nil, []string{"late InProgress"}},
		"what is open was, if it began": {records.Past{State: activity.State{Open: &open}}, nil, []string{"open InProgress"}},
		"what began later was not":      {records.Past{Archived: []activity.Activity{act("later", 1, 2)}}, nil, nil},
		"other variants, only open":     {records.Past{Archived: []activity.Activity{shadow, shadowLater}}, nil, []string{"shadow later InProgress"}},
		"others' end, later, unseen":    {records.Past{Archived: []activity.Activity{others}}, nil, nil},
		"what the record settled":       {records.Past{Archived: []activity.Activity{late}}, func(r *autoscaler.Record) { r.Settled = &late }, []string{"late Successful"}},
		"what the record saw of others": {records.Past{Archived: []activity.Activity{others}}, func(r *autoscaler.Record) { r.Outside = []activity.Activity{others} }, []string{"others Successful"}},
		"what the record began":         {records.Past{State: activity.State{Open: &open}}, func(r *autoscaler.Record) { r.Activity = &open }, nil},
	} {
		r := autoscaler.Record{Time: now(), Endpoint: "chat-llm", Variant: "AllTraffic"}
		if tt.tell != nil {
			tt.tell(&r)
		}
		var got []string
		for _, a := range tt.past.Activities(r) {
			got = append(got, a.ID+" "+string(a.Status))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

// How long a target backed off is known as long as nothing has ended since, and so is a
// forecast that was not to go by.
func TestCaseOfABackoff(t *testing.T) {
	backoffs := map[string]activity.Backoffs{"AllTraffic": {Out: activity.Backoff{Failures: 2, Until: now().Add(time.Minute)}}}
	ended := activity.Activity{ID: "a", Variant: "AllTraffic", Status: activity.Failed, StartTime: now().Add(-time.Minute), EndTime: now()}
	later := ended
	later.EndTime = now().Add(time.Second)
	r := autoscaler.Record{Time: now(), Variant: "AllTraffic"}
	r.Decision.Forecast = &scaling.Forecast{Unused: "there is none yet"}
	for name, tt := range map[string]struct {
		last activity.Activity
		want int
	}{"nothing since": {ended, 2}, "a change since": {later, 0}} {
		past := records.Past{State: activity.State{Backoffs: backoffs, Recent: []activity.Activity{tt.last}}, Forecast: &forecast.Model{}}
		c := past.Case(r)
		if got := c.Backoffs.Out.Failures; got != tt.want {
			t.Errorf("%s: %d failures, want %d", name, got, tt.want)
		}
		if c.Forecast != nil || c.NoForecast != "there is none yet" {
			t.Errorf("%s: forecast %v, %q", name, c.Forecast, c.NoForecast)
		}
	}
	foreseen := r
	foreseen.Decision.Forecast = &scaling.Forecast{From: now().Add(7 * time.Minute)}
	if c := (records.Past{Forecast: &forecast.Model{}}).Case(foreseen); c.Forecast == nil || c.Provisioning != 7*time.Minute {
		t.Errorf("of a forecast: %v, %s", c.Forecast, c.Provisioning)
	}
	told := r
	told.Settled = &later
	if c := (records.Past{State: activity.State{Backoffs: backoffs, Recent: []activity.Activity{later}}}).Case(told); c.Backoffs.Out.Failures != 2 {
		t.Errorf("of what the record settled: %+v", c.Backoffs)
	}
}
