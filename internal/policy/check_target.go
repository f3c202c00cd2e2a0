package policy

import "strings"

// defaults checks the fields that stand in the defaults, whether or not a target
// uses them.
func (f *faults) defaults(s ScalingSpec) {
	path := Path{"defaults"}
	f.scaling(path, s)
	f.oneMeaning(path, TargetSpec{ScalingSpec: s}, s)
	if s.MinCapacity != nil && s.MaxCapacity != nil && *s.MinCapacity > *s.MaxCapacity {
		f.add(path.with("minCapacity"), *s.MinCapacity, "must be at most maxCapacity (%d)", *s.MaxCapacity)
	}
}

// uniqueTargets checks that no variant stands twice.
func (f *faults) uniqueTargets(all []Target) {
	first := map[string]int{}
	for i, t := range all {
		if t.Endpoint == "" || t.Variant == "" {
			continue
		}
		if j, seen := first[identity(t)]; seen {
			f.add(Path{"targets", i}, t.Key(), "is a target already: %s", Path{"targets", j})
			continue
		}
		first[identity(t)] = i
	}
}

// target checks the fields of t one by one, then what t and the defaults make
// together.
func (f *faults) target(path Path, t TargetSpec, defaults ScalingSpec) Target {
	f.name(path, "endpoint", t.Endpoint, resourceName, resourceNameRule)
	f.name(path, "variant", t.Variant, resourceName, resourceNameRule)
	f.scaling(path, t.ScalingSpec)
	f.actions(path.with("scheduledActions"), t.ScheduledActions)
	s := merge(t.ScalingSpec, defaults)
	f.oneMeaning(path, t, s)
	f.forecastable(path, s)
	if f.limits(path, t, s) {
		f.oneSided(path, t.ScheduledActions, s)
	}
	return compile(t, s)
}

// limits checks that both limits are there and do not cross.
func (f *faults) limits(path Path, t TargetSpec, s ScalingSpec) bool {
	hasMin := f.required(path, "minCapacity", s.MinCapacity != nil, Path{"defaults", "minCapacity"})
	hasMax := f.required(path, "maxCapacity", s.MaxCapacity != nil, Path{"defaults", "maxCapacity"})
	switch {
	case !hasMin || !hasMax:
		return false
	case *s.MinCapacity <= *s.MaxCapacity:
		return true
	case t.MinCapacity != nil:
		f.add(path.with("minCapacity"), *s.MinCapacity,
			"must be at most maxCapacity (%d)", *s.MaxCapacity).Related = limitPaths(path)
	case t.MaxCapacity != nil:
		f.add(path.with("maxCapacity"), *s.MaxCapacity,
			"must be at least minCapacity (%d)", *s.MinCapacity).Related = limitPaths(path)
	}
	return false // where both are the defaults', the fault is theirs
}

// limitPaths names the fields that a target's limits may come from.
func limitPaths(path Path) []Path {
	return []Path{
		path.with("minCapacity"), path.with("maxCapacity"),
		{"defaults", "minCapacity"}, {"defaults", "maxCapacity"},
	}
}

// oneSided checks that the limits of s can never cross, whichever scheduled
// actions have fired in whatever order. An action that sets both is safe; one
// that sets one limit keeps whatever the other is at the time, so it must suit
// every value that this may have.
func (f *faults) oneSided(path Path, all []ScheduledActionSpec, s ScalingSpec) {
	lowestMax, highestMin := *s.MaxCapacity, *s.MinCapacity
	for _, a := range all {
		lowestMax = min(lowestMax, value(a.MaxCapacity, lowestMax))
		highestMin = max(highestMin, value(a.MinCapacity, highestMin))
	}
	for i, a := range all {
		at := path.with("scheduledActions", i)
		switch {
		case a.MinCapacity != nil && a.MaxCapacity == nil && *a.MinCapacity > lowestMax:
			f.add(at.with("minCapacity"), *a.MinCapacity,
				"may exceed the maxCapacity in force (%d): set maxCapacity in this action too", lowestMax,
			).Related = append(limitPaths(path), at.with("maxCapacity"))
		case a.MaxCapacity != nil && a.MinCapacity == nil && *a.MaxCapacity < highestMin:
			f.add(at.with("maxCapacity"), *a.MaxCapacity,
				"may fall below the minCapacity in force (%d): set minCapacity in this action too", highestMin,
			).Related = append(limitPaths(path), at.with("minCapacity"))
		}
	}
}

// identity names the variant that a target scales. SageMaker takes the names of
// endpoints for the same whatever the case of their letters.
func identity(t Target) string { return strings.ToLower(t.Endpoint) + "/" + t.Variant }
