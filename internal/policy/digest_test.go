package policy_test

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sagescale/internal/policy"
)

func digest(t *testing.T, change func(s *policy.Spec, t *policy.TargetSpec)) string {
	t.Helper()
	s := base()
	change(&s, &s.Targets[0])
	return mustCompile(t, s).Digest
}

// TestDigestStays: the digest of a policy names it in records and alarms for
// years, so a new version must not change it for nothing.
func TestDigestStays(t *testing.T) {
	const want = "6e6648eb95b38e64"
	if got := digest(t, func(*policy.Spec, *policy.TargetSpec) {}); got != want {
		t.Errorf("the digest of the base policy is %s now, was %s", got, want)
	}
}

// TestDigestEqual: what means the same has the same digest.
func TestDigestEqual(t *testing.T) {
	paris := time.FixedZone("", 3600)
	end := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	withEnd := func(end time.Time) func(*policy.Spec, *policy.TargetSpec) {
		return func(_ *policy.Spec, t *policy.TargetSpec) {
			t.ScheduledActions = []policy.ScheduledActionSpec{action("a", func(a *policy.ScheduledActionSpec) { a.EndTime = &end })}
		}
	}
	want := digest(t, func(*policy.Spec, *policy.TargetSpec) {})
	for name, change := range map[string]func(*policy.Spec, *policy.TargetSpec){
		"empty defaults":  func(s *policy.Spec, _ *policy.TargetSpec) { s.Defaults = &policy.ScalingSpec{} },
		"unused defaults": func(s *policy.Spec, _ *policy.TargetSpec) { s.Defaults = &policy.ScalingSpec{MinCapacity: new(5)} },
		"from the defaults": func(s *policy.Spec, t *policy.TargetSpec) {
			s.Defaults, t.ScalingSpec = new(t.ScalingSpec), policy.ScalingSpec{}
		},
		"no actions": func(_ *policy.Spec, t *policy.TargetSpec) { t.ScheduledActions = []policy.ScheduledActionSpec{} },
		"defaults written out": func(_ *policy.Spec, t *policy.TargetSpec) {
			t.ScaleOutCooldown, t.ScaleInCooldown = duration(5*time.Minute), duration(300*time.Second)
			t.DisableScaleIn, t.DryRun = new(false), new(false)
			t.TargetTracking[0].ScaleOut = &policy.WindowSpec{Datapoints: new(3), Periods: new(3)}
			t.TargetTracking[0].ScaleIn = &policy.ScaleInSpec{
				WindowSpec: policy.WindowSpec{Datapoints: new(15), Periods: new(15)}, Threshold: new(0.9),
			}
			t.TargetTracking[0].DisableScaleIn = new(false)
			t.TargetTracking[0].ScaleOutCooldown, t.TargetTracking[0].ScaleInCooldown = duration(5*time.Minute), duration(5*time.Minute)
		},
		"no steps":       func(_ *policy.Spec, t *policy.TargetSpec) { t.StepScaling = []policy.StepScalingSpec{} },
		"no guards":      func(_ *policy.Spec, t *policy.TargetSpec) { t.ScaleInGuards = []policy.ScaleInGuardSpec{} },
		"empty behavior": func(_ *policy.Spec, t *policy.TargetSpec) { t.Behavior = &policy.BehaviorSpec{} },
		"behavior that limits nothing": func(_ *policy.Spec, t *policy.TargetSpec) {
			t.Behavior = &policy.BehaviorSpec{ScaleOut: &policy.BehaviorRuleSpec{}, ScaleIn: &policy.BehaviorRuleSpec{
				StabilizationWindow: duration(0), Tolerance: new(0.0), SelectPolicy: new("Max"),
			}}
		},
	} {
		if got := digest(t, change); got != want {
			t.Errorf("%s: digest %s, want %s", name, got, want)
		}
	}
	if a, b := digest(t, withEnd(end)), digest(t, withEnd(end.In(paris))); a != b {
		t.Errorf("the same end in two zones: %s and %s", a, b)
	}
}

// TestDigestOfLists: defaults written out in a list, and steps in another order,
// mean the same.
func TestDigestOfLists(t *testing.T) {
	with := func(metric func(*policy.MetricSpec), s policy.StepScalingSpec, g policy.ScaleInGuardSpec) string {
		return digest(t, func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking = custom(metric)
			t.StepScaling, t.ScaleInGuards = []policy.StepScalingSpec{s}, []policy.ScaleInGuardSpec{g}
		})
	}
	plain := step()
	plain.StepAdjustments = []policy.StepAdjustmentSpec{bound(infinite(), 0), bound(0, 10), bound(10, infinite())}
	written := step()
	written.MetricAggregationType, written.Cooldown, written.TreatMissingData = new("Average"), duration(300*time.Second), new("missing")
	written.WindowSpec = policy.WindowSpec{Datapoints: new(3), Periods: new(3)}
	written.StepAdjustments = []policy.StepAdjustmentSpec{bound(10, infinite()), bound(0, 10), bound(infinite(), 0)}
	guarded := guard()
	guarded.WindowSpec, guarded.TreatMissingData = policy.WindowSpec{Datapoints: new(1), Periods: new(5)}, new("breaching")
	devices := func(m *policy.MetricSpec) { m.Devices = new(1) }
	if a, b := with(same, plain, guard()), with(devices, written, guarded); a != b {
		t.Errorf("digests %s and %s", a, b)
	}
	plain.AdjustmentType, written.AdjustmentType = new("PercentChangeInCapacity"), new("PercentChangeInCapacity")
	written.MinAdjustmentMagnitude = new(1)
	if a, b := with(same, plain, guard()), with(devices, written, guarded); a != b {
		t.Errorf("digests %s and %s of a percentage", a, b)
	}
	ordered := digest(t, func(_ *policy.Spec, t *policy.TargetSpec) { t.TargetTracking = computed(same) })
	reversed := digest(t, func(_ *policy.Spec, t *policy.TargetSpec) {
		t.TargetTracking = computed(func(m *policy.MetricSpec) { slices.Reverse(m.Metrics) })
	})
	if ordered != reversed {
		t.Errorf("digests %s and %s of the metrics of an expression in two orders", ordered, reversed)
	}
}

// TestDigestDiffers: every field of a policy counts.
func TestDigestDiffers(t *testing.T) {
	changes := changes{
		"base":             func(*policy.Spec, *policy.TargetSpec) {},
		"endpoint":         func(_ *policy.Spec, t *policy.TargetSpec) { t.Endpoint = new("other") },
		"variant":          func(_ *policy.Spec, t *policy.TargetSpec) { t.Variant = new("other") },
		"minCapacity":      func(_ *policy.Spec, t *policy.TargetSpec) { t.MinCapacity = new(2) },
		"maxCapacity":      func(_ *policy.Spec, t *policy.TargetSpec) { t.MaxCapacity = new(9) },
		"scaleOutCooldown": func(_ *policy.Spec, t *policy.TargetSpec) { t.ScaleOutCooldown = duration(0) },
		"scaleInCooldown":  func(_ *policy.Spec, t *policy.TargetSpec) { t.ScaleInCooldown = duration(0) },
		"disableScaleIn":   func(_ *policy.Spec, t *policy.TargetSpec) { t.DisableScaleIn = new(true) },
		"dryRun":           func(_ *policy.Spec, t *policy.TargetSpec) { t.DryRun = new(true) },
		"no tracking":      func(_ *policy.Spec, t *policy.TargetSpec) { t.TargetTracking = nil },
		"targetValue":      func(_ *policy.Spec, t *policy.TargetSpec) { t.TargetTracking[0].TargetValue = new(700.5) },
		"predefined": func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking[0].Metric.Predefined = policy.ConcurrentRequestsPerModel
		},
		"scaleOut": func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking[0].ScaleOut = &policy.WindowSpec{Datapoints: new(2), Periods: new(3)}
		},
		"scaleIn": func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking[0].ScaleIn = &policy.ScaleInSpec{WindowSpec: policy.WindowSpec{Datapoints: new(2), Periods: new(3)}}
		},
		"threshold": func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking[0].ScaleIn = &policy.ScaleInSpec{Threshold: new(0.8)}
		},
		"second target": func(s *policy.Spec, t *policy.TargetSpec) {
			second := *t
			second.Variant = new("second")
			s.Targets = append(s.Targets, second)
		},
	}
	for name, change := range map[string]func(*policy.TargetTrackingSpec){
		"disableScaleIn":   func(t *policy.TargetTrackingSpec) { t.DisableScaleIn = new(true) },
		"scaleOutCooldown": func(t *policy.TargetTrackingSpec) { t.ScaleOutCooldown = duration(0) },
		"scaleInCooldown":  func(t *policy.TargetTrackingSpec) { t.ScaleInCooldown = duration(0) },
	} {
		changes["tracking "+name] = func(_ *policy.Spec, t *policy.TargetSpec) { change(&t.TargetTracking[0]) }
	}
	addStepChanges(changes)
	addGuardChanges(changes)
	addBehaviorChanges(changes)
	for name, change := range map[string]func(*policy.MetricSpec){
		"metric":     func(*policy.MetricSpec) {},
		"devices":    func(m *policy.MetricSpec) { m.Devices = new(4) },
		"name":       func(m *policy.MetricSpec) { m.Name = new("x") },
		"namespace":  func(m *policy.MetricSpec) { m.Namespace = new("x") },
		"metricName": func(m *policy.MetricSpec) { m.MetricName = new("x") },
		"statistic":  func(m *policy.MetricSpec) { m.Statistic = new("Sum") },
		"dimensions": func(m *policy.MetricSpec) { m.Dimensions = map[string]string{"a": "b"} },
		"dimension":  func(m *policy.MetricSpec) { m.Dimensions = map[string]string{"a": "c"} },
		"none":       func(m *policy.MetricSpec) { m.Dimensions = map[string]string{} },
		"period":     func(m *policy.MetricSpec) { m.Period = duration(2 * time.Minute) },
	} {
		changes["metric "+name] = func(_ *policy.Spec, t *policy.TargetSpec) { t.TargetTracking = custom(change) }
	}
	for name, change := range inputChanges() {
		changes["expression "+name] = func(_ *policy.Spec, t *policy.TargetSpec) { t.TargetTracking = computed(change) }
	}
	day := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for name, change := range map[string]func(*policy.ScheduledActionSpec){
		"action":      unchanged,
		"name":        func(a *policy.ScheduledActionSpec) { a.Name = new("b") },
		"schedule":    func(a *policy.ScheduledActionSpec) { a.Schedule = new("rate(2 days)") },
		"timezone":    func(a *policy.ScheduledActionSpec) { a.Timezone = new("Europe/Paris") },
		"startTime":   func(a *policy.ScheduledActionSpec) { a.StartTime = &day },
		"endTime":     func(a *policy.ScheduledActionSpec) { a.EndTime = &day },
		"minCapacity": func(a *policy.ScheduledActionSpec) { a.MinCapacity = new(1) },
		"maxCapacity": func(a *policy.ScheduledActionSpec) { a.MaxCapacity = new(5) },
		"no minimum":  func(a *policy.ScheduledActionSpec) { a.MinCapacity = nil },
		"duration":    func(a *policy.ScheduledActionSpec) { a.Duration = duration(time.Hour) },
	} {
		changes["action "+name] = actions(action("a", change))
	}
	seen := map[string]string{}
	for name, change := range changes {
		d := digest(t, change)
		if other, ok := seen[d]; ok {
			t.Errorf("%s and %s have one digest", name, other)
		}
		if !regexp.MustCompile(`^[0-9a-f]{16}$`).MatchString(d) {
			t.Errorf("%s: digest %q", name, d)
		}
		seen[d] = name
	}
}

type changes map[string]func(*policy.Spec, *policy.TargetSpec)

func addStepChanges(all changes) {
	for name, change := range map[string]func(*policy.StepScalingSpec){
		"step":           func(*policy.StepScalingSpec) {},
		"name":           func(s *policy.StepScalingSpec) { s.Name = new("b") },
		"metric":         func(s *policy.StepScalingSpec) { s.Metric.Predefined = policy.ConcurrentRequestsPerModel },
		"threshold":      func(s *policy.StepScalingSpec) { s.Threshold = new(51.0) },
		"comparison":     func(s *policy.StepScalingSpec) { s.Comparison = new("GreaterThanOrEqualToThreshold") },
		"exact":          func(s *policy.StepScalingSpec) { s.AdjustmentType = new("ExactCapacity") },
		"percent":        func(s *policy.StepScalingSpec) { s.AdjustmentType = new("PercentChangeInCapacity") },
		"aggregation":    func(s *policy.StepScalingSpec) { s.MetricAggregationType = new("Maximum") },
		"cooldown":       func(s *policy.StepScalingSpec) { s.Cooldown = duration(0) },
		"missing data":   func(s *policy.StepScalingSpec) { s.TreatMissingData = new("ignore") },
		"adjustment":     func(s *policy.StepScalingSpec) { s.StepAdjustments[0].Adjustment = new(2) },
		"lower bound":    func(s *policy.StepScalingSpec) { s.StepAdjustments[0].LowerBound = new(1.0) },
		"no lower bound": func(s *policy.StepScalingSpec) { s.StepAdjustments[0] = bound(infinite(), -5) },
		"upper bound":    func(s *policy.StepScalingSpec) { s.StepAdjustments[0] = bound(infinite(), -6) },
		"two steps": func(s *policy.StepScalingSpec) {
			s.StepAdjustments = []policy.StepAdjustmentSpec{bound(0, 1), bound(1, infinite())}
		},
		"least change": func(s *policy.StepScalingSpec) {
			s.AdjustmentType, s.MinAdjustmentMagnitude = new("PercentChangeInCapacity"), new(2)
		},
		"alarm": func(s *policy.StepScalingSpec) {
			s.WindowSpec = policy.WindowSpec{Datapoints: new(2), Periods: new(3)}
		},
	} {
		all["step "+name] = steps(change)
	}
}

func addGuardChanges(all changes) {
	for name, change := range map[string]func(*policy.ScaleInGuardSpec){
		"guard":        func(*policy.ScaleInGuardSpec) {},
		"metric":       func(g *policy.ScaleInGuardSpec) { g.Metric.Name = new("other") },
		"maximum":      func(g *policy.ScaleInGuardSpec) { g.Maximum = new(0.02) },
		"missing data": func(g *policy.ScaleInGuardSpec) { g.TreatMissingData = new("notBreaching") },
		"window": func(g *policy.ScaleInGuardSpec) {
			g.WindowSpec = policy.WindowSpec{Datapoints: new(2), Periods: new(5)}
		},
	} {
		all["guard "+name] = func(_ *policy.Spec, t *policy.TargetSpec) {
			g := guard()
			change(&g)
			t.ScaleInGuards = []policy.ScaleInGuardSpec{g}
		}
	}
}

func addBehaviorChanges(all changes) {
	velocity := func(kind string, value int, period time.Duration) []policy.VelocitySpec {
		return []policy.VelocitySpec{{Type: &kind, Value: &value, Period: duration(period)}}
	}
	for name, b := range map[string]policy.BehaviorRuleSpec{
		"window":    {StabilizationWindow: duration(time.Minute)},
		"tolerance": {Tolerance: new(0.1)},
		"Min":       {SelectPolicy: new("Min")},
		"Disabled":  {SelectPolicy: new("Disabled")},
		"policy":    {Policies: velocity("Instances", 1, time.Minute)},
		"type":      {Policies: velocity("Percent", 1, time.Minute)},
		"value":     {Policies: velocity("Instances", 2, time.Minute)},
		"period":    {Policies: velocity("Instances", 1, time.Hour)},
	} {
		all["behavior out "+name] = func(_ *policy.Spec, t *policy.TargetSpec) { t.Behavior = &policy.BehaviorSpec{ScaleOut: &b} }
		all["behavior in "+name] = func(_ *policy.Spec, t *policy.TargetSpec) { t.Behavior = &policy.BehaviorSpec{ScaleIn: &b} }
	}
}

// TestLimitsNeverCross is the promise of the rules for scheduled actions, tried
// against all that can happen: in whatever order actions fire, the minimum in
// force is at most the maximum.
func TestLimitsNeverCross(t *testing.T) {
	capacity := rapid.IntRange(1, 6)
	optional := rapid.Custom(func(t *rapid.T) *int {
		if rapid.Bool().Draw(t, "set") {
			return new(capacity.Draw(t, "capacity"))
		}
		return nil
	})
	rapid.Check(t, func(t *rapid.T) {
		s := base()
		target := &s.Targets[0]
		target.MinCapacity, target.MaxCapacity = new(capacity.Draw(t, "min")), new(capacity.Draw(t, "max"))
		for i := range rapid.IntRange(0, 4).Draw(t, "actions") {
			a := limits(optional.Draw(t, "low"), optional.Draw(t, "high"))
			a.Name = new(string(rune('a' + i)))
			target.ScheduledActions = append(target.ScheduledActions, a)
		}
		p, faults := policy.Compile(s)
		if faults != nil {
			return
		}
		low, high := p.Targets[0].Limits.Min, p.Targets[0].Limits.Max
		fired := rapid.SliceOf(rapid.IntRange(0, 3)).Draw(t, "fired")
		for _, i := range slices.Insert(fired, 0, 0) {
			if i < len(p.Targets[0].Actions) {
				a := p.Targets[0].Actions[i]
				low, high = pointed(a.Min, low), pointed(a.Max, high)
			}
			if low > high {
				t.Fatalf("%d > %d after %v of %+v", low, high, fired, p.Targets[0].Actions)
			}
		}
	})
}

// pointed returns what p points to, or absent.
func pointed(p *int, absent int) int {
	if p == nil {
		return absent
	}
	return *p
}
