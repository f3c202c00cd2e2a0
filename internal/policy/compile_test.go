package policy_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"sagescale/internal/policy"
	"sagescale/internal/schedule"
)

func ExampleCompile() {
	p, faults := policy.Compile(policy.Spec{
		Version: new(1),
		Targets: []policy.TargetSpec{{
			Endpoint:    new("chat-llm"),
			Variant:     new("AllTraffic"),
			ScalingSpec: policy.ScalingSpec{MinCapacity: new(1), MaxCapacity: new(8)},
		}},
	})
	fmt.Println(p.Targets[0].Key(), p.Targets[0].Limits, p.Targets[0].ScaleOutCooldown, len(faults))
	// Output: chat-llm/AllTraffic {1 8} 5m0s 0
}

func mustCompile(t *testing.T, s policy.Spec) *policy.Policy {
	t.Helper()
	p, faults := policy.Compile(s)
	if faults != nil {
		t.Fatal(faults)
	}
	return p
}

// TestDefaultsOfATarget: what a target is when nothing optional is written.
func TestDefaultsOfATarget(t *testing.T) {
	got := mustCompile(t, base()).Targets[0]
	want := policy.Target{
		Endpoint: "chat-llm", Variant: "AllTraffic", Limits: schedule.Limits{Min: 1, Max: 8},
		ScaleOutCooldown: 5 * time.Minute, ScaleInCooldown: 5 * time.Minute,
		TargetTracking: []policy.TargetTracking{{
			Metric: policy.Metric{
				Name: "InvocationsPerInstance", Namespace: "AWS/SageMaker", MetricName: "InvocationsPerInstance", Statistic: "Sum",
				Dimensions: []policy.Dimension{{Name: "EndpointName", Value: "chat-llm"}, {Name: "VariantName", Value: "AllTraffic"}},
				Period:     time.Minute, Devices: 1,
			},
			TargetValue: 700, Threshold: 0.9, ScaleOutCooldown: 5 * time.Minute, ScaleInCooldown: 5 * time.Minute,
			ScaleOut: policy.Window{Datapoints: 3, Periods: 3}, ScaleIn: policy.Window{Datapoints: 15, Periods: 15},
		}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got:\n%+v\nwant:\n%+v", got, want)
	}
}

// TestScaleInWindow: 15 minutes of datapoints, whatever the period.
func TestScaleInWindow(t *testing.T) {
	for period, want := range map[time.Duration]int{
		10 * time.Second: 90, 30 * time.Second: 30, time.Minute: 15, 7 * time.Minute: 2, time.Hour: 1,
	} {
		s := base()
		s.Targets[0].TargetTracking = custom(func(m *policy.MetricSpec) { m.Period = duration(period) })
		got := mustCompile(t, s).Targets[0].TargetTracking[0].ScaleIn
		if got != (policy.Window{Datapoints: want, Periods: want}) {
			t.Errorf("period %s: %+v, want %d", period, got, want)
		}
	}
}

func TestWindows(t *testing.T) {
	s := base()
	s.Targets[0].TargetTracking[0].ScaleOut = &policy.WindowSpec{Datapoints: new(2), Periods: new(4)}
	s.Targets[0].TargetTracking[0].ScaleIn = &policy.ScaleInSpec{
		WindowSpec: policy.WindowSpec{Datapoints: new(8), Periods: new(10)}, Threshold: new(0.5),
	}
	got := mustCompile(t, s).Targets[0].TargetTracking[0]
	if got.ScaleOut != (policy.Window{Datapoints: 2, Periods: 4}) || got.ScaleIn != (policy.Window{Datapoints: 8, Periods: 10}) || got.Threshold != 0.5 {
		t.Errorf("windows %+v", got)
	}
}

func TestMetrics(t *testing.T) {
	s := base()
	s.Targets[0].TargetTracking = append(
		custom(func(m *policy.MetricSpec) { m.Dimensions = map[string]string{"b": "2", "c": "3", "a": "1"} }),
		tracking(policy.ConcurrentRequestsPerModel), tracking(policy.InvocationsPerInstance),
	)
	got := mustCompile(t, s).Targets[0].TargetTracking
	gpu, concurrent, invocations := got[0].Metric, got[1].Metric, got[2].Metric
	want := []policy.Dimension{{Name: "a", Value: "1"}, {Name: "b", Value: "2"}, {Name: "c", Value: "3"}}
	if !reflect.DeepEqual(gpu.Dimensions, want) || gpu.Period != policy.DefaultPeriod || gpu.Predefined() {
		t.Errorf("gpu %+v", gpu)
	}
	if concurrent.Statistic != "Maximum" || concurrent.Period != 10*time.Second || !concurrent.Predefined() {
		t.Errorf("concurrent %+v", concurrent)
	}
	if !reflect.DeepEqual(concurrent.Measured(), concurrent) || !reflect.DeepEqual(gpu.Measured(), gpu) {
		t.Error("only InvocationsPerInstance is measured by another metric")
	}
	if m := invocations.Measured(); m.Name != "Invocations" || m.MetricName != "Invocations" || m.Statistic != "Sum" || m.Predefined() {
		t.Errorf("measured %+v", m)
	}
	if got := got[1].ScaleIn; got != (policy.Window{Datapoints: 90, Periods: 90}) {
		t.Errorf("scale-in of a metric of 10 s: %+v", got)
	}
}

// TestCooldownsOfAMetric: a policy takes those of its target, which may be the
// defaults', unless it has its own.
func TestCooldownsOfAMetric(t *testing.T) {
	s := base()
	s.Defaults = &policy.ScalingSpec{ScaleInCooldown: duration(7 * time.Minute)}
	s.Targets[0].ScaleOutCooldown = duration(time.Minute)
	s.Targets[0].TargetTracking = append(s.Targets[0].TargetTracking, custom(func(*policy.MetricSpec) {})...)
	own := &s.Targets[0].TargetTracking[1]
	own.ScaleOutCooldown, own.ScaleInCooldown, own.DisableScaleIn = duration(0), duration(time.Hour), new(true)
	target := mustCompile(t, s).Targets[0]
	if got := target.TargetTracking[0]; got.ScaleOutCooldown != time.Minute || got.ScaleInCooldown != 7*time.Minute || got.DisableScaleIn {
		t.Errorf("of the target: %+v", got)
	}
	if got := target.TargetTracking[1]; got.ScaleOutCooldown != 0 || got.ScaleInCooldown != time.Hour || !got.DisableScaleIn {
		t.Errorf("of its own: %+v", got)
	}
	if target.ScaleOutCooldown != time.Minute || target.ScaleInCooldown != 7*time.Minute || target.DisableScaleIn {
		t.Errorf("the target: %+v", target)
	}
}

func TestDevices(t *testing.T) {
	s := base()
	s.Targets[0].TargetTracking = append(
		custom(func(m *policy.MetricSpec) { m.Devices = new(4) }), tracking(policy.ConcurrentRequestsPerModel))
	got := mustCompile(t, s).Targets[0].TargetTracking
	gpu, concurrent := got[0].Metric, got[1].Metric
	if gpu.Devices != 4 || gpu.PerDevice(250) != 62.5 {
		t.Errorf("%d devices: %v of 250", gpu.Devices, gpu.PerDevice(250))
	}
	if concurrent.Devices != 1 || concurrent.PerDevice(250) != 250 {
		t.Errorf("%d devices: %v of 250", concurrent.Devices, concurrent.PerDevice(250))
	}
	if got := (policy.Metric{}).PerDevice(250); got != 250 {
		t.Errorf("a metric without devices: %v of 250", got)
	}
	if got := (policy.Metric{Devices: 2}).PerDevice(250); got != 125 {
		t.Errorf("two devices: %v of 250", got)
	}
}

// TestDefaultsMerge: each field of the defaults reaches a target that leaves it
// out, and no target that sets it.
func TestDefaultsMerge(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(s *policy.ScalingSpec, second bool)
		read func(t policy.Target) any
		want [2]any // by the defaults, by the target
	}{
		"minCapacity": {func(s *policy.ScalingSpec, b bool) { s.MinCapacity = new(pick(b, 2, 3)) },
			func(t policy.Target) any { return t.Limits.Min }, [2]any{2, 3}},
		"maxCapacity": {func(s *policy.ScalingSpec, b bool) { s.MaxCapacity = new(pick(b, 6, 7)) },
			func(t policy.Target) any { return t.Limits.Max }, [2]any{6, 7}},
		"scaleOutCooldown": {func(s *policy.ScalingSpec, b bool) { s.ScaleOutCooldown = duration(pick(b, time.Minute, 0)) },
			func(t policy.Target) any { return t.ScaleOutCooldown }, [2]any{time.Minute, time.Duration(0)}},
		"scaleInCooldown": {func(s *policy.ScalingSpec, b bool) { s.ScaleInCooldown = duration(pick(b, time.Minute, 0)) },
			func(t policy.Target) any { return t.ScaleInCooldown }, [2]any{time.Minute, time.Duration(0)}},
		"disableScaleIn": {func(s *policy.ScalingSpec, b bool) { s.DisableScaleIn = new(!b) },
			func(t policy.Target) any { return t.DisableScaleIn }, [2]any{true, false}},
		"dryRun": {func(s *policy.ScalingSpec, b bool) { s.DryRun = new(!b) },
			func(t policy.Target) any { return t.DryRun }, [2]any{true, false}},
		"targetTracking": {func(s *policy.ScalingSpec, b bool) {
			s.TargetTracking = pick(b, custom(func(*policy.MetricSpec) {}), []policy.TargetTrackingSpec{})
		}, func(t policy.Target) any { return len(t.TargetTracking) }, [2]any{1, 0}},
		"stepScaling": {func(s *policy.ScalingSpec, b bool) {
			s.StepScaling = pick(b, []policy.StepScalingSpec{step()}, []policy.StepScalingSpec{})
		}, func(t policy.Target) any { return len(t.StepScaling) }, [2]any{1, 0}},
		"scaleInGuards": {func(s *policy.ScalingSpec, b bool) {
			s.ScaleInGuards = pick(b, []policy.ScaleInGuardSpec{guard()}, []policy.ScaleInGuardSpec{})
		}, func(t policy.Target) any { return len(t.ScaleInGuards) }, [2]any{1, 0}},
		// As a whole: what the target leaves out of it does not come from the defaults.
		"behavior": {func(s *policy.ScalingSpec, b bool) {
			s.Behavior = pick(b,
				&policy.BehaviorSpec{ScaleIn: &policy.BehaviorRuleSpec{Tolerance: new(0.5), StabilizationWindow: duration(time.Minute)}},
				&policy.BehaviorSpec{ScaleIn: &policy.BehaviorRuleSpec{Tolerance: new(0.25)}})
		}, func(t policy.Target) any {
			return fmt.Sprint(t.Behavior.ScaleIn.Tolerance, t.Behavior.ScaleIn.Stabilization)
		}, [2]any{"0.5 1m0s", "0.25 0s"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := base()
			target := &s.Targets[0].ScalingSpec
			*target = policy.ScalingSpec{}
			s.Defaults = &policy.ScalingSpec{MinCapacity: new(1), MaxCapacity: new(8)}
			c.set(s.Defaults, false)
			if got := c.read(mustCompile(t, s).Targets[0]); got != c.want[0] {
				t.Errorf("by the defaults %v, want %v", got, c.want[0])
			}
			c.set(target, true)
			if got := c.read(mustCompile(t, s).Targets[0]); got != c.want[1] {
				t.Errorf("by the target %v, want %v", got, c.want[1])
			}
		})
	}
}

// pick returns b if second, else a.
func pick[T any](second bool, a, b T) T {
	if second {
		return b
	}
	return a
}

// TestDefaultsHaveEveryField: a field added to ScalingSpec and forgotten in
// merge fails here.
func TestDefaultsHaveEveryField(t *testing.T) {
	if n := reflect.TypeFor[policy.ScalingSpec]().NumField(); n != 11 {
		t.Errorf("ScalingSpec has %d fields: teach merge and TestDefaultsMerge the new one", n)
	}
}

func TestActions(t *testing.T) {
	start := time.Date(2026, 12, 1, 1, 0, 0, 0, time.FixedZone("", 3600))
	s := base()
	s.Targets[0].ScheduledActions = []policy.ScheduledActionSpec{
		action("plain", unchanged),
		action("full", func(a *policy.ScheduledActionSpec) {
			a.Timezone, a.StartTime, a.EndTime = new("Europe/Paris"), &start, new(start.AddDate(1, 0, 0))
			a.Duration, a.MinCapacity = duration(time.Hour), nil
		}),
	}
	got := mustCompile(t, s).Targets[0]
	plain, full := got.Actions[0], got.Actions[1]
	if plain.Timezone != "UTC" || !plain.StartTime.IsZero() || plain.Duration != 0 || *plain.Min != 2 || *plain.Max != 4 {
		t.Errorf("plain %+v", plain)
	}
	if full.Min != nil || full.StartTime.Location() != time.UTC || !full.StartTime.Equal(start) || full.Duration != time.Hour {
		t.Errorf("full %+v", full)
	}
	compiled := got.ScheduledActions[1]
	if compiled.Name != "full" || compiled.Schedule.Location.String() != "Europe/Paris" || compiled.Duration != time.Hour {
		t.Errorf("compiled %+v", compiled)
	}
	if first := got.ScheduledActions[0]; *first.Min != 2 || *first.Max != 4 || compiled.Min != nil || *compiled.Max != 4 {
		t.Errorf("compiled limits of %+v and %+v", first, compiled)
	}
	if s := compiled.Schedule; !s.Start.Equal(start) || !s.End.Equal(start.AddDate(1, 0, 0)) {
		t.Errorf("compiled from %s to %s", s.Start, s.End)
	}
	if next, ok := compiled.Schedule.Next(start.Add(-time.Hour)); !ok || !next.Equal(start) {
		t.Errorf("fires first at %s, want %s", next, start)
	}
}

func TestCompileTarget(t *testing.T) {
	got, faults := policy.CompileTarget(base().Targets[0])
	if faults != nil || !reflect.DeepEqual(got, mustCompile(t, base()).Targets[0]) {
		t.Errorf("CompileTarget = %+v, %v", got, faults)
	}
	_, faults = policy.CompileTarget(policy.TargetSpec{})
	want := []string{"endpoint: is required", "variant: is required", "minCapacity: is required", "maxCapacity: is required"}
	if !reflect.DeepEqual(lines(faults), want) {
		t.Errorf("faults %v, want %v", faults, want)
	}
}

// TestCompileTargetWithFaults: what is missing or wrong is zero in the target.
func TestCompileTargetWithFaults(t *testing.T) {
	got, faults := policy.CompileTarget(policy.TargetSpec{
		ScalingSpec: policy.ScalingSpec{
			TargetTracking: []policy.TargetTrackingSpec{{ScaleOut: &policy.WindowSpec{Periods: new(3)}}},
			StepScaling:    []policy.StepScalingSpec{{StepAdjustments: make([]policy.StepAdjustmentSpec, 1)}},
			ScaleInGuards:  make([]policy.ScaleInGuardSpec, 1),
			Behavior:       &policy.BehaviorSpec{ScaleIn: &policy.BehaviorRuleSpec{Policies: make([]policy.VelocitySpec, 1)}},
		},
		ScheduledActions: []policy.ScheduledActionSpec{{}, {Timezone: new("Mars/Base"), Schedule: new("rate(1 day)")}},
	})
	want := policy.Target{
		ScaleOutCooldown: 5 * time.Minute, ScaleInCooldown: 5 * time.Minute,
		TargetTracking: []policy.TargetTracking{{
			ScaleOut: policy.Window{Periods: 3}, ScaleIn: policy.Window{Datapoints: 900, Periods: 900},
			Threshold: 0.9, ScaleOutCooldown: 5 * time.Minute, ScaleInCooldown: 5 * time.Minute,
		}},
		StepScaling: []policy.StepScaling{{
			Aggregation: policy.Average, MinAdjustment: 1, Cooldown: 5 * time.Minute, Alarm: policy.Window{Datapoints: 3, Periods: 3},
			TreatMissingData: policy.TreatMissing, Adjustments: make([]policy.StepAdjustment, 1),
		}},
		ScaleInGuards:    []policy.ScaleInGuard{{Window: policy.Window{Datapoints: 1, Periods: 5}, TreatMissingData: policy.TreatBreaching}},
		Behavior:         policy.Behavior{ScaleIn: policy.Movement{Velocities: make([]policy.Velocity, 1)}},
		ScheduledActions: make([]schedule.Action, 2),
		Actions:          []policy.ScheduledAction{{Timezone: "UTC"}, {Timezone: "Mars/Base", Schedule: "rate(1 day)"}},
	}
	if faults == nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got:\n%+v\nwant:\n%+v\nfaults %v", got, want, faults)
	}
}

func TestFind(t *testing.T) {
	p := mustCompile(t, base())
	if got, ok := p.Find("chat-llm", "AllTraffic"); !ok || got.Key() != "chat-llm/AllTraffic" {
		t.Errorf("Find = %+v, %t", got, ok)
	}
	for _, missing := range [][2]string{{"chat-llm", "green"}, {"other", "AllTraffic"}, {"", ""}} {
		if got, ok := p.Find(missing[0], missing[1]); ok || got.Key() != "/" {
			t.Errorf("Find(%v) = %+v, %t", missing, got, ok)
		}
	}
}

func TestPath(t *testing.T) {
	for want, path := range map[string]policy.Path{
		"":                               nil,
		"targets[0].minCapacity":         {"targets", 0, "minCapacity"},
		"a.b":                            {"a", "b"},
		`dimensions["a b"]`:              {"dimensions", "a b"},
		`["a.b"][0]["line\nbreak"].x`:    {"a.b", 0, "line\nbreak", "x"},
		`targets[1].scheduledActions[2]`: {"targets", 1, "scheduledActions", 2},
	} {
		if got := path.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	var got struct{ D policy.Duration }
	if err := json.Unmarshal([]byte(`{"D":"1h30m"}`), &got); err != nil || time.Duration(got.D) != 90*time.Minute {
		t.Errorf("%v, %v", got, err)
	}
	if text, err := json.Marshal(got); err != nil || string(text) != `{"D":"1h30m0s"}` {
		t.Errorf("%s, %v", text, err)
	}
	if err := json.Unmarshal([]byte(`{"D":"soon"}`), &got); err == nil {
		t.Error("soon is a duration")
	}
}

func TestBrief(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0s": 0, "1.5s": 1500 * time.Millisecond, "59s": 59 * time.Second, "1m": time.Minute, "10m": 10 * time.Minute, "1m30s": 90 * time.Second,
		"1h": time.Hour, "1h30m": 90 * time.Minute, "1h0m10s": time.Hour + 10*time.Second, "24h": 24 * time.Hour, "-1h": -time.Hour,
	} {
		if got := policy.Brief(d); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
