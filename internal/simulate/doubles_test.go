package simulate

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/event"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/trace"
)

// TestSageMaker tells a story of one endpoint, a row a minute: what is asked for
// in it, what is answered, and what is seen after it.
func TestSageMaker(t *testing.T) {
	now := trace.Epoch()
	var seen []string
	s := &SageMaker{
		Now:          func() time.Time { return now },
		Provisioning: 3 * minute,
		ScaleIn:      2 * minute,
		Quota:        func(at time.Time) int { return 6 },
		Changed:      func(e activity.Endpoint) { seen = append(seen, e.Status) },
	}
	s.Create(activity.Endpoint{Name: "chat", CreationTime: now, Variants: []activity.Variant{
		{Name: "main", Desired: 2}, {Name: "canary", Desired: 1},
	}})
	for i, step := range []struct {
		variant          string
		instances        int
		want             error
		status           string
		current, desired int
	}{
		{"", 0, nil, "InService", 2, 2},
		{"main", 4, nil, "Updating", 2, 4},                        // minute 1: out
		{"main", 5, activity.ErrBusy, "Updating", 2, 4},           // one at a time
		{"canary", 2, activity.ErrBusy, "Updating", 2, 4},         // nor of another variant
		{"", 0, nil, "InService", 4, 4},                           // minute 4: in service
		{"main", 6, activity.ErrLimitExceeded, "InService", 4, 4}, // 6 and 1 are 7
		{"main", 0, activity.ErrRefused, "InService", 4, 4},       // no instances
		{"nobody", 3, activity.ErrRefused, "InService", 4, 4},     // no variant
		{"main", 1, nil, "Updating", 4, 1},                        // minute 8: in
		{"", 0, nil, "Updating", 1, 1},                            // gone after a minute
		{"", 0, nil, "InService", 1, 1},                           // minute 10: done
		{"main", 1, nil, "Updating", 1, 1},                        // to what it is
		{"", 0, nil, "Updating", 1, 1},                            //
		{"", 0, nil, "InService", 1, 1},                           //
		{"main", 1 << 40, activity.ErrRefused, "InService", 1, 1}, // beyond an int32
	} {
		now = trace.Epoch().Add(time.Duration(i) * minute)
		s.Advance()
		if step.variant != "" {
			if err := s.SetCapacity(t.Context(), "chat", step.variant, step.instances); !errors.Is(err, step.want) {
				t.Errorf("minute %d: %v, want %v", i, err, step.want)
			}
		}
		e, err := s.Describe(t.Context(), "chat")
		v, _ := e.Variant("main")
		if err != nil || e.Status != step.status || v.Current != step.current || v.Desired != step.desired {
			t.Errorf("minute %d: %+v, %v, want %+v", i, e, err, step)
		}
		e.Variants[0].Desired = 99 // what is described is a copy
	}
	if got := strings.Join(seen, " "); got != strings.TrimSpace(strings.Repeat("Updating InService ", 3)) {
		t.Errorf("the changes of status were %s", got)
	}
}

func TestNoEndpoint(t *testing.T) {
	s := &SageMaker{Now: trace.Epoch}
	if _, err := s.Describe(t.Context(), "chat"); !errors.Is(err, activity.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if err := s.SetCapacity(t.Context(), "chat", "main", 1); !errors.Is(err, activity.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestTable(t *testing.T) {
	table, ctx := NewTable(), t.Context()
	empty, _, err := table.Load(ctx, "chat")
	if err != nil || empty.Version != 0 || empty.Endpoint != "chat" {
		t.Fatalf("got %+v, %v", empty, err)
	}
	first, err := table.Save(ctx, empty)
	if err != nil || first.Version != 1 {
		t.Fatalf("got %+v, %v", first, err)
	}
	if again, err := table.Save(ctx, empty); err != nil || again.Version != 1 {
		t.Errorf("the same write whose answer was lost: %+v, %v", again, err)
	}
	other := empty
	other.CreationTime = trace.Epoch()
	if _, err := table.Save(ctx, other); !errors.Is(err, activity.ErrConflict) {
		t.Errorf("a write on what is no longer there: %v", err)
	}
	other.Version = 7
	if _, err := table.Save(ctx, other); !errors.Is(err, activity.ErrConflict) {
		t.Errorf("a write on what was never there: %v", err)
	}
	b := activity.Activity{ID: "b", StartTime: trace.Epoch(), EndTime: trace.Epoch().Add(minute)}
	a, c := b, b
	a.ID, c.StartTime = "a", trace.Epoch().Add(-minute)
	state := activity.State{Endpoint: "chat", Version: 1}
	if _, err := table.Save(ctx, activity.State{Endpoint: "chat", Version: 9}, b); !errors.Is(err, activity.ErrConflict) || table.Archived("chat") != nil {
		t.Errorf("a write that failed: %v, archived %+v", err, table.Archived("chat"))
	}
	for _, each := range [][]activity.Activity{{b, a}, {c}, {b}} {
		saved, err := table.Save(ctx, state, each...)
		if err != nil {
			t.Fatal(err)
		}
		state = saved
	}
	if got := table.Archived("chat"); !reflect.DeepEqual(got, []activity.Activity{c, a, b}) {
		t.Errorf("archived are %v", got)
	}
}

// TestTableSharesNothing fills every field of a state and looks for memory that
// two reads have in common.
func TestTableSharesNothing(t *testing.T) {
	table, state := NewTable(), activity.State{}
	fill(reflect.ValueOf(&state).Elem())
	state.Endpoint, state.Version = "chat", 0
	if _, err := table.Save(t.Context(), state); err != nil {
		t.Fatal(err)
	}
	a, _, _ := table.Load(t.Context(), "chat")
	b, _, _ := table.Load(t.Context(), "chat")
	if !reflect.DeepEqual(a, b) || a.Open == nil || len(a.Recent) == 0 || len(a.Backoffs) == 0 || len(a.Provisioning) == 0 {
		t.Errorf("got %+v and %+v", a, b)
	}
	if path := shared(reflect.ValueOf(a), reflect.ValueOf(b)); path != "" {
		t.Errorf("two reads share %s", path)
	}
}

// fill puts something into everything that can be nil.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			if field.CanSet() {
				fill(field)
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		value := reflect.New(v.Type().Elem()).Elem()
		fill(value)
		v.SetMapIndex(reflect.Zero(v.Type().Key()), value)
	}
}

// shared names the first thing that two values have in common. A time's location
// is never written to.
func shared(a, b reflect.Value) string {
	if a.Type() == reflect.TypeFor[time.Time]() {
		return ""
	}
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			if path := shared(a.Field(i), b.Field(i)); path != "" {
				return a.Type().Field(i).Name + "." + path
			}
		}
	case reflect.Pointer, reflect.Slice, reflect.Map:
		if a.Pointer() == b.Pointer() {
			return a.Type().String()
		}
	}
	if a.Kind() == reflect.Map {
		for _, key := range a.MapKeys() {
			if path := shared(a.MapIndex(key), b.MapIndex(key)); path != "" {
				return path
			}
		}
	}
	return ""
}

func TestCloudWatch(t *testing.T) {
	at := func(s int) time.Time { return trace.Epoch().Add(time.Duration(s) * time.Second) }
	load := Load{Requests: []float64{600, 1200, 0, 2400, 9000, 60}, InstanceCapacity: 1000}
	c := &CloudWatch{
		Delay:    minute,
		Gap:      func(t time.Time) bool { return t.Equal(at(120)) },
		start:    at(0),
		variants: map[string]*served{"chat/main": {Load: load, instances: []int{1, 1, 1, 2, 2}}},
	}
	dimensions := []policy.Dimension{{Name: "EndpointName", Value: "chat"}, {Name: "VariantName", Value: "main"}}
	for _, tc := range []struct {
		metric, statistic string
		period            time.Duration
		from, now         int
		times             []int
		values            []float64
	}{
		{policy.Invocations, "Sum", minute, -600, 300, []int{0, 60, 180}, []float64{600, 1200, 2400}},
		{policy.InvocationsPerInstance, "Sum", minute, 61, 360, []int{180, 240}, []float64{1200, 4500}},
		{policy.InvocationsPerInstance, "Sum", minute, 180, 240, nil, nil}, // published a minute later
		{policy.InvocationsPerInstance, "Sum", minute, 180, 299, nil, nil},
		{policy.InvocationsPerInstance, "Sum", minute, 180, 300, []int{180}, []float64{1200}},
		{policy.ConcurrentRequestsPerModel, "Maximum", 30 * time.Second, 180, 330, []int{180, 210, 240}, []float64{20, 20, 75}},
		{"GPUUtilization", "Average", minute, 180, 360, []int{180, 240}, []float64{100, 100}},
		{"GPUUtilization", "Average", minute, 0, 120, []int{0}, []float64{60}},
		{policy.Invocations, "Sum", 5 * minute, 0, 420, []int{0}, []float64{13200}},
		{policy.Invocations, "Average", 5 * minute, 0, 420, []int{0}, []float64{3300}},
		{policy.Invocations, "Minimum", 5 * minute, 0, 420, []int{0}, []float64{600}},
		{policy.Invocations, "Maximum", 5 * minute, 0, 420, []int{0}, []float64{9000}},
		{policy.Invocations, "SampleCount", 5 * minute, 0, 420, []int{0}, []float64{4}},
	} {
		m := policy.Metric{Name: "load", MetricName: tc.metric, Statistic: tc.statistic, Period: tc.period, Dimensions: dimensions}
		series, err := c.Read(t.Context(), []scaling.Query{{Metric: m, From: at(tc.from)}}, at(tc.now))
		if err != nil || len(series) != 1 || series[0].Metric != "load" || !series[0].DueThrough.Equal(at(tc.now-60)) {
			t.Fatalf("%+v: got %+v, %v", tc, series, err)
		}
		var times []int
		var values []float64
		for _, d := range series[0].Datapoints {
			times, values = append(times, int(d.Time.Sub(at(0))/time.Second)), append(values, d.Value)
		}
		if !reflect.DeepEqual(times, tc.times) || !reflect.DeepEqual(values, tc.values) {
			t.Errorf("%s %s: got %v %v, want %v %v", tc.statistic, tc.metric, times, values, tc.times, tc.values)
		}
	}
	strange := policy.Metric{Name: "other", MetricName: "other", Statistic: "Sum", Period: minute}
	if series, err := c.Read(t.Context(), []scaling.Query{{Metric: strange, From: at(0)}}, at(600)); err != nil || series[0].Datapoints != nil {
		t.Errorf("a metric of nothing: %+v, %v", series, err)
	}
}

func TestAlarm(t *testing.T) {
	load := Load{Requests: []float64{800, 800, 100, 800, 0, 0, 0, 800, 800, 100, 100, 100}, InstanceCapacity: 1000}
	variant := &served{Load: load}
	c := &CloudWatch{
		start:    trace.Epoch(),
		Gap:      func(at time.Time) bool { m := at.Sub(trace.Epoch()) / minute; return m >= 4 && m <= 6 },
		variants: map[string]*served{"chat/main": variant},
	}
	a := &alarm{
		state:  stateUnknown,
		beyond: func(v float64) bool { return v > 700 },
		window: policy.Window{Datapoints: 2, Periods: 3},
		metric: policy.Metric{MetricName: policy.InvocationsPerInstance, Statistic: "Sum", Period: minute,
			Dimensions: []policy.Dimension{{Name: "EndpointName", Value: "chat"}, {Name: "VariantName", Value: "main"}}},
	}
	u, ok, al := stateUnknown, stateOK, stateAlarm
	// At minute 6 one datapoint is there, too few to change anything; at 7 none; at
	// 8 one again.
	want := []string{u, u, al, al, al, ok, ok, u, u, al, al, ok, ok}
	for m, state := range want {
		before := a.state
		changed, err := a.evaluate(t.Context(), c, trace.Epoch().Add(time.Duration(m)*minute))
		if err != nil || a.state != state || changed != (before != state) {
			t.Errorf("minute %d: %s (changed %v), %v, want %s", m, a.state, changed, err, state)
		}
		variant.instances = append(variant.instances, 1)
	}
}

// TestAlarmsOfAPolicy: an alarm for each tracked metric and each step policy, on
// what one device of an instance has.
func TestAlarmsOfAPolicy(t *testing.T) {
	gpu := policy.Metric{Name: "gpu", Devices: 4, Period: minute}
	all := alarms(&policy.Policy{Targets: []policy.Target{{
		Endpoint: "chat", Variant: "main",
		TargetTracking: []policy.TargetTracking{{Metric: gpu, TargetValue: 60, ScaleOut: policy.Window{Datapoints: 2, Periods: 3}}},
		StepScaling: []policy.StepScaling{{Name: "idle", Metric: gpu, Threshold: 10, Comparison: policy.LessOrEqual,
			Alarm: policy.Window{Datapoints: 4, Periods: 5}}},
	}}}, alarmPrefix)
	if len(all) != 2 || all[0].name != "sagescale/chat/main/gpu-scale-out" || all[1].name != "sagescale/chat/main/idle-step" {
		t.Fatalf("%+v", all)
	}
	if !all[0].beyond(241) || all[0].beyond(240) || all[0].window.Periods != 3 {
		t.Errorf("the alarm of the metric is wrong: %+v", all[0])
	}
	if !all[1].beyond(40) || all[1].beyond(41) || all[1].window.Datapoints != 4 {
		t.Errorf("the alarm of the step policy is wrong: %+v", all[1])
	}
}

// TestEvents decodes what the account sends as the functions do.
func TestEvents(t *testing.T) {
	from := event.Origin{Account: account, Region: region, AlarmPrefix: alarmPrefix}
	p := &policy.Policy{Targets: []policy.Target{{Endpoint: "Chat", Variant: "main",
		TargetTracking: []policy.TargetTracking{{Metric: policy.Metric{Name: "load"}}}}}}
	a := alarms(p, alarmPrefix)[0]
	a.state = stateAlarm
	raw, err := AlarmEvent("1", a.name, stateOK, a.state, trace.Epoch())
	if err != nil {
		t.Fatal(err)
	}
	got, err := event.DecodeAlarm(raw, from)
	want := event.Event{Kind: event.Alarm, ID: "1", Name: "sagescale/Chat/main/load-scale-out", Endpoint: "Chat", Variant: "main", AlarmState: "ALARM"}
	if err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	raw, err = EndpointEvent("2", activity.Endpoint{Name: "Chat", Status: activity.InService}, trace.Epoch())
	if err != nil {
		t.Fatal(err)
	}
	state, err := event.DecodeEndpointState(raw, from)
	want = event.Event{Kind: event.EndpointState, ID: "2", Name: "IN_SERVICE", Endpoint: "Chat", Status: "IN_SERVICE"}
	if err != nil || state != want {
		t.Errorf("got %+v, %v, want %+v", state, err, want)
	}
	action, err := event.DecodeSchedule(actionEvent("3", "Chat", "main", "morning"), from)
	want = event.Event{Kind: event.ScheduledAction, ID: "3", Name: "morning", Endpoint: "Chat", Variant: "main"}
	if err != nil || action != want {
		t.Errorf("got %+v, %v, want %+v", action, err, want)
	}
	tick, err := event.DecodeSchedule(tickEvent(), from)
	if err != nil || tick.Kind != event.Tick {
		t.Errorf("got %+v, %v", tick, err)
	}
}
