package whatif

import (
	"math"
	"slices"
	"sort"
	"time"

	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// Load is what a metric that adds or removes capacity would have to be. Its values are those
// of Measured: of all instances for Invocations, else for each of its devices.
type Load struct {
	Metric   string `json:"metric"`
	Measured string `json:"measured"`
	Adds     Bound  `json:"adds"`
	Removes  Bound  `json:"removes"`
}

// Bound is the value from which on, or with UpTo down from which, a steady metric changes
// the capacity to Capacity, when it lasts for Seconds and was beside it before. Held is what would hold the change
// back now all the same. Where no value asks for a change, None says why.
type Bound struct {
	Value    float64         `json:"value"`
	UpTo     bool            `json:"upTo,omitempty"`
	Capacity int             `json:"capacity"`
	Seconds  int             `json:"seconds"`
	Held     scaling.Code    `json:"heldBy,omitempty"`
	None     *scaling.Reason `json:"none,omitempty"`
}

// loads returns the bounds of every metric of the policy that moves the capacity and was
// measured.
func (c Case) loads() []Load {
	out := []Load{}
	if l, _, _ := c.Limits(); l.Min == l.Max { // the capacity is held, whatever the load is
		return out
	}
	for _, s := range c.scales() {
		l := Load{Metric: s.metric.Name, Measured: s.series}
		l.Adds, l.Removes = s.adds(), s.removes()
		out = append(out, l)
	}
	return out
}

// scale is the values that a metric is tried at: whole numbers of units.
type scale struct {
	Case
	metric  policy.Metric
	series  string // of the observation
	unit    float64
	periods int64 // as many as anything looks back
}

// scales returns one scale for every metric.
func (c Case) scales() []scale {
	var out []scale
	add := func(m policy.Metric, series string, of float64) {
		known := slices.ContainsFunc(out, func(s scale) bool { return s.series == series })
		if known || !c.measured(series) {
			return
		}
		span := c.Now.Sub(c.since(series))
		out = append(out, scale{c, m, series, unit(series, of), max(1, int64(span/m.Period))})
	}
	for _, t := range c.Target.TargetTracking {
		series := t.Metric.Measured().Name
		if !c.measured(series) {
			series = t.Metric.Name
		}
		add(t.Metric, series, t.TargetValue)
	}
	for _, s := range c.Target.StepScaling {
		add(s.Metric, s.Metric.Name, s.Threshold)
	}
	return out
}

// unit is one request, or about a thousandth of what a metric is compared with.
func unit(series string, of float64) float64 {
	if series == policy.Invocations || !(of > 0) {
		return 1
	}
	return math.Pow(10, math.Floor(math.Log10(of))-3)
}

// most is a number of units that no metric reaches.
const most = 1 << 50

// value is that of so many units.
func (s scale) value(units int) float64 {
	if s.unit < 1 {
		return float64(units) / math.Round(1/s.unit) // 0.07, and not 7 * 0.01
	}
	return float64(units) * s.unit
}

// at is the case with the metric at so many units for its newest periods, so many.
func (s scale) at(units int, periods int64) Case {
	c := s.Case
	c.Observation.Metrics = slices.Clone(c.Observation.Metrics)
	first := true
	for i, series := range c.Observation.Metrics {
		if series.Metric != s.series {
			continue
		}
		if first { // what was measured in parts is put together, and is one here
			first = false
			c.Observation.Metrics[i] = steady(series, c.Now, s.metric.Period, s.metric.AllDevices(s.value(units)), periods)
		} else {
			c.Observation.Metrics[i].Datapoints, c.Observation.Metrics[i].Incomplete = nil, ""
		}
	}
	return c
}

// adds returns the bound of what adds.
func (s scale) adds() Bound {
	return s.bound(most, func(capacity, present int) bool { return capacity > present })
}

// removes returns the bound of what removes.
func (s scale) removes() Bound {
	return s.bound(0, func(capacity, present int) bool { return capacity < present })
}

// bound looks for the bound of what holds of a capacity: by all that is decided, or else by
// the rules alone. extreme is where the metric would have it first of all.
func (s scale) bound(extreme int, holds func(capacity, present int) bool) Bound {
	present := s.Present()
	for _, decide := range []func(Case) scaling.Decision{Case.Decide, rules} {
		changes := func(c Case) bool { return holds(decide(c).DesiredCapacity, present) }
		units, upTo, ok := search(func(units int) bool { return changes(s.at(units, s.periods)) })
		if !ok {
			continue
		}
		at := s.at(units, s.periods)
		b := Bound{Value: s.value(units), UpTo: upTo, Capacity: decide(at).DesiredCapacity}
		if all := at.Decide(); !holds(all.DesiredCapacity, present) {
			b.Held = last(all)
		}
		b.Seconds = int(s.lasting(units, upTo, changes).Seconds())
		return b
	}
	b := Bound{None: &scaling.Reason{}}
	if reasons := s.at(extreme, s.periods).Decide().NotScaledReasons; len(reasons) > 0 {
		b.None = &reasons[len(reasons)-1]
	}
	return b
}

// lasting returns for how long a metric must be at a bound where it was one unit beside it
// before.
func (s scale) lasting(units int, upTo bool, changes func(Case) bool) time.Duration {
	beside := max(0, units-1)
	if upTo {
		beside = units + 1
	}
	before := s
	before.Case = s.at(beside, s.periods)
	n := 1 + sort.Search(int(s.periods)-1, func(i int) bool { return changes(before.at(units, int64(i+1))) })
	return time.Duration(n) * s.metric.Period
}

// rules is what the rules and the limits make of a case, without its guard.
func rules(c Case) scaling.Decision { return scaling.Decide(c.Input) }

// search returns the number of units from which on something holds; or up to which, where it
// holds at none and not everywhere. ok is false if it holds nowhere.
func search(holds func(units int) bool) (units int, upTo, ok bool) {
	if !holds(0) {
		n, ok := first(holds)
		return n, false, ok
	}
	n, ok := first(func(units int) bool { return !holds(units) })
	if !ok {
		return 0, false, true
	}
	return n - 1, true, true
}

// first returns a number of units at which something holds while it does not at one less,
// false if it is not found to hold. It does not hold at none.
func first(holds func(units int) bool) (int, bool) {
	high := 1
	for !holds(high) {
		if high *= 2; high > most {
			return 0, false
		}
	}
	low := high / 2
	return low + sort.Search(high-low, func(i int) bool { return holds(low + i) }), true
}
