package policy

import (
	"cmp"
	"slices"
	"time"

	"sagescale/internal/schedule"
)

// Compile checks a whole policy file and compiles it. It returns every fault
// that it finds, and a policy only when there is none.
func Compile(spec Spec) (*Policy, []Fault) {
	var f faults
	if f.required(nil, "version", spec.Version != nil) && *spec.Version != 1 {
		f.add(Path{"version"}, *spec.Version, "must be 1")
	}
	if len(spec.Targets) == 0 {
		f.add(Path{"targets"}, nil, "must list at least one target")
	}
	defaults := value(spec.Defaults, ScalingSpec{})
	f.defaults(defaults)
	targets := make([]Target, 0, len(spec.Targets))
	for i, t := range spec.Targets {
		targets = append(targets, f.target(Path{"targets", i}, t, defaults))
	}
	f.uniqueTargets(targets)
	if f != nil {
		return nil, f
	}
	d, err := digest(targets)
	if err != nil {
		return nil, []Fault{{Rule: err.Error()}}
	}
	return &Policy{Digest: d, Targets: targets}, nil
}

// CompileTarget checks and compiles one target that stands alone, without
// defaults. It returns every fault, and a usable target only when there is none.
func CompileTarget(spec TargetSpec) (Target, []Fault) {
	var f faults
	t := f.target(nil, spec, ScalingSpec{})
	return t, f
}

// merge returns s with the fields that it leaves out taken from defaults.
func merge(s, defaults ScalingSpec) ScalingSpec {
	s.MinCapacity = cmp.Or(s.MinCapacity, defaults.MinCapacity)
	s.MaxCapacity = cmp.Or(s.MaxCapacity, defaults.MaxCapacity)
	s.ScaleOutCooldown = cmp.Or(s.ScaleOutCooldown, defaults.ScaleOutCooldown)
	s.ScaleInCooldown = cmp.Or(s.ScaleInCooldown, defaults.ScaleInCooldown)
	s.DisableScaleIn = cmp.Or(s.DisableScaleIn, defaults.DisableScaleIn)
	s.DryRun = cmp.Or(s.DryRun, defaults.DryRun)
	s.Behavior = cmp.Or(s.Behavior, defaults.Behavior)
	if s.TargetTracking == nil {
		s.TargetTracking = defaults.TargetTracking
	}
	if s.StepScaling == nil {
		s.StepScaling = defaults.StepScaling
	}
	if s.ScaleInGuards == nil {
		s.ScaleInGuards = defaults.ScaleInGuards
	}
	if s.Predictive == nil {
		s.Predictive = defaults.Predictive
	}
	return s
}

// compile fills in every default. What the faults have named may be zero in it.
func compile(t TargetSpec, s ScalingSpec) Target {
	out := Target{
		Endpoint:         value(t.Endpoint, ""),
		Variant:          value(t.Variant, ""),
		Limits:           schedule.Limits{Min: value(s.MinCapacity, 0), Max: value(s.MaxCapacity, 0)},
		ScaleOutCooldown: time.Duration(value(s.ScaleOutCooldown, Duration(DefaultCooldown))),
		ScaleInCooldown:  time.Duration(value(s.ScaleInCooldown, Duration(DefaultCooldown))),
		DisableScaleIn:   value(s.DisableScaleIn, false),
		DryRun:           value(s.DryRun, false),
	}
	for _, spec := range s.TargetTracking {
		out.TargetTracking = append(out.TargetTracking, compileTracking(spec, out))
	}
	for _, spec := range s.StepScaling {
		out.StepScaling = append(out.StepScaling, compileStep(spec, out.Endpoint, out.Variant))
	}
	for _, spec := range s.ScaleInGuards {
		out.ScaleInGuards = append(out.ScaleInGuards, compileGuard(spec, out.Endpoint, out.Variant))
	}
	if s.Behavior != nil {
		out.Behavior = Behavior{compileMovement(s.Behavior.ScaleOut), compileMovement(s.Behavior.ScaleIn)}
	}
	out.Predictive = s.Predictive.compile(out.TargetTracking)
	for _, spec := range t.ScheduledActions {
		action, written := compileAction(spec)
		out.ScheduledActions = append(out.ScheduledActions, action)
		out.Actions = append(out.Actions, written)
	}
	return out
}

// compileTracking compiles one policy of target t, of which it takes the names
// and the cooldowns.
func compileTracking(spec TargetTrackingSpec, t Target) TargetTracking {
	out := TargetTracking{
		TargetValue:      value(spec.TargetValue, 0),
		Threshold:        DefaultScaleInThreshold,
		DisableScaleIn:   value(spec.DisableScaleIn, false),
		ScaleOutCooldown: time.Duration(value(spec.ScaleOutCooldown, Duration(t.ScaleOutCooldown))),
		ScaleInCooldown:  time.Duration(value(spec.ScaleInCooldown, Duration(t.ScaleInCooldown))),
	}
	if spec.Metric != nil {
		out.Metric = compileMetric(*spec.Metric, t.Endpoint, t.Variant)
	}
	out.ScaleOut = value(spec.ScaleOut, WindowSpec{}).compile(Window{DefaultScaleOutDatapoints, DefaultScaleOutDatapoints})
	quarter := max(1, int(DefaultScaleInWindow/max(out.Metric.Period, time.Second)))
	out.ScaleIn = value(spec.ScaleIn, ScaleInSpec{}).compile(Window{quarter, quarter})
	if spec.ScaleIn != nil {
		out.Threshold = value(spec.ScaleIn.Threshold, DefaultScaleInThreshold)
	}
	return out
}

// compile returns the window, or absent where it is left out.
func (w WindowSpec) compile(absent Window) Window {
	if w.Periods == nil {
		return absent
	}
	return Window{value(w.Datapoints, 0), *w.Periods}
}

func compileMetric(spec MetricSpec, endpoint, variant string) Metric {
	if m, ok := predefined(spec.Predefined, endpoint, variant); ok {
		return m
	}
	m := Metric{
		Name:       value(spec.Name, ""),
		Period:     spec.period(),
		Devices:    value(spec.Devices, 1),
		Expression: value(spec.Expression, ""),
	}
	if !m.Computed() {
		alone := compileInput(spec.alone(), endpoint, variant)
		m.Namespace, m.MetricName, m.Statistic, m.Dimensions = alone.Namespace, alone.MetricName, alone.Statistic, alone.Dimensions
		return m
	}
	for _, in := range spec.Metrics {
		m.Inputs = append(m.Inputs, compileInput(in, endpoint, variant))
	}
	slices.SortFunc(m.Inputs, func(a, b MetricInput) int { return cmp.Compare(a.ID, b.ID) })
	return m
}

func compileInput(spec MetricInputSpec, endpoint, variant string) MetricInput {
	m := MetricInput{
		ID:         value(spec.ID, ""),
		Namespace:  value(spec.Namespace, ""),
		MetricName: value(spec.MetricName, ""),
		Statistic:  value(spec.Statistic, ""),
	}
	if spec.Dimensions == nil {
		m.Dimensions = variantDimensions(endpoint, variant)
		return m
	}
	for name, v := range spec.Dimensions {
		m.Dimensions = append(m.Dimensions, Dimension{name, v})
	}
	slices.SortFunc(m.Dimensions, func(a, b Dimension) int { return cmp.Compare(a.Name, b.Name) })
	return m
}

func compileAction(spec ScheduledActionSpec) (schedule.Action, ScheduledAction) {
	written := ScheduledAction{
		Name:      value(spec.Name, ""),
		Schedule:  value(spec.Schedule, ""),
		Timezone:  value(spec.Timezone, "UTC"),
		StartTime: value(spec.StartTime, time.Time{}).UTC(),
		EndTime:   value(spec.EndTime, time.Time{}).UTC(),
		Min:       spec.MinCapacity,
		Max:       spec.MaxCapacity,
		Duration:  time.Duration(value(spec.Duration, 0)),
	}
	action := schedule.Action{Name: written.Name, Min: written.Min, Max: written.Max, Duration: written.Duration}
	// Faults of the expression and of the zone are named where they are checked.
	e, err := schedule.Parse(written.Schedule)
	loc, zoneErr := location(spec.Timezone)
	if err == nil && zoneErr == nil {
		action.Schedule = schedule.Schedule{Expression: e, Location: loc, Start: written.StartTime, End: written.EndTime}
	}
	return action, written
}

// value returns what p points to, or absent for nil.
func value[T any](p *T, absent T) T {
	if p == nil {
		return absent
	}
	return *p
}
