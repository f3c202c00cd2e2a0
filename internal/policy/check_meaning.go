package policy

import "slices"

// use is a metric at the place where it is used. own says that it stands in the
// target and not in the defaults.
type use struct {
	path   Path
	metric *MetricSpec
	own    bool
}

// oneMeaning checks that a name means the same metric wherever it is used in s, by
// the endpoint and the variant of t: datapoints are known by it. What stands in the
// defaults alone is not looked at again for every target.
func (f *faults) oneMeaning(path Path, t TargetSpec, s ScalingSpec) {
	meaning := func(u use) Metric { return compileMetric(*u.metric, value(t.Endpoint, ""), value(t.Variant, "")) }
	first := map[string]use{}
	for _, u := range uses(path, t.ScalingSpec, s) {
		name := u.metric.name()
		if name == "" {
			continue
		}
		was, seen := first[name]
		switch {
		case !seen:
			first[name] = u
		case (u.own || was.own) && !same(meaning(was), meaning(u)):
			at, other := u, was
			if !u.own {
				at, other = was, u
			}
			f.add(at.path.with("name"), name, "is the name of another metric: %s", other.path).Related = []Path{was.path, u.path}
		}
	}
}

// uses lists the metrics of s, of which own stands in the target at path. Of target
// tracking only the first of a name counts: that another has it too is a fault of
// its own.
func uses(path Path, own, s ScalingSpec) []use {
	var out []use
	note := func(here bool, list string, i int, m *MetricSpec) {
		at := Path{"defaults"}
		if here {
			at = path
		}
		out = append(out, use{at.with(list, i, "metric"), m, here})
	}
	seen := map[string]bool{}
	for i, t := range s.TargetTracking {
		if name := t.Metric.name(); !seen[name] {
			note(own.TargetTracking != nil, "targetTracking", i, t.Metric)
			seen[name] = true
		}
	}
	for i, t := range s.StepScaling {
		note(own.StepScaling != nil, "stepScaling", i, t.Metric)
	}
	for i, g := range s.ScaleInGuards {
		note(own.ScaleInGuards != nil, "scaleInGuards", i, g.Metric)
	}
	return out
}

// same reports whether two metrics of a name are the same.
func same(a, b Metric) bool {
	return a.Namespace == b.Namespace && a.MetricName == b.MetricName && a.Statistic == b.Statistic &&
		a.Period == b.Period && a.Devices == b.Devices && slices.Equal(a.Dimensions, b.Dimensions) &&
		a.Expression == b.Expression && slices.EqualFunc(a.Inputs, b.Inputs, sameInput)
}

func sameInput(a, b MetricInput) bool {
	return a.ID == b.ID && a.Namespace == b.Namespace && a.MetricName == b.MetricName && a.Statistic == b.Statistic &&
		slices.Equal(a.Dimensions, b.Dimensions)
}
