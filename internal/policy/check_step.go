package policy

import (
	"cmp"
	"math"
	"slices"
)

const maxSteps = 20 // of a policy, by Application Auto Scaling

func (f *faults) stepScaling(path Path, all []StepScalingSpec) {
	first := map[string]int{}
	for i, s := range all {
		at := path.with("stepScaling", i)
		f.step(at, s)
		if s.Name == nil {
			continue
		}
		if j, seen := first[*s.Name]; seen {
			f.add(at.with("name"), *s.Name, "is the name of another step policy: %s", path.with("stepScaling", j))
			continue
		}
		first[*s.Name] = i
	}
}

func (f *faults) step(path Path, s StepScalingSpec) {
	f.name(path, "name", s.Name, actionName, "must be 1 to 64 letters, digits, dots, hyphens and underscores")
	f.requiredMetric(path, s.Metric)
	if f.required(path, "threshold", s.Threshold != nil) {
		f.measurable(path, "threshold", s.Threshold)
	}
	f.required(path, "comparison", s.Comparison != nil)
	f.oneOf(path, "comparison", s.Comparison, string(GreaterOrEqual), string(Greater), string(Less), string(LessOrEqual))
	f.required(path, "adjustmentType", s.AdjustmentType != nil)
	f.oneOf(path, "adjustmentType", s.AdjustmentType, ChangeInCapacity, PercentChangeInCapacity, ExactCapacity)
	f.oneOf(path, "metricAggregationType", s.MetricAggregationType, Average, Minimum, Maximum)
	f.atLeastOne(path, "minAdjustmentMagnitude", s.MinAdjustmentMagnitude)
	if s.MinAdjustmentMagnitude != nil && s.AdjustmentType != nil && *s.AdjustmentType != PercentChangeInCapacity {
		f.add(path.with("minAdjustmentMagnitude"), *s.MinAdjustmentMagnitude,
			"is for adjustmentType %s only", PercentChangeInCapacity).Related = []Path{path.with("adjustmentType")}
	}
	f.duration(path, "cooldown", s.Cooldown, 0, maxCooldown)
	f.window(path, s.WindowSpec, s.Metric.period(), path.with("metric", "period"))
	f.oneOf(path, "treatMissingData", s.TreatMissingData, TreatMissing, TreatIgnore, TreatBreaching, TreatNotBreaching)
	f.adjustments(path, s)
}

// adjustments checks the steps one by one and, when each is sound, how they fit
// together.
func (f *faults) adjustments(path Path, s StepScalingSpec) {
	n := len(s.StepAdjustments)
	if f.required(path, "stepAdjustments", s.StepAdjustments != nil) && (n < 1 || n > maxSteps) {
		f.add(path.with("stepAdjustments"), n, "must be 1 to %d steps", maxSteps)
	}
	sound := true
	for i, a := range s.StepAdjustments {
		sound = f.adjustment(path.with("stepAdjustments", i), a, value(s.AdjustmentType, "")) && sound
	}
	if sound {
		f.ladder(path.with("stepAdjustments"), s.StepAdjustments)
	}
}

// adjustment checks one step and reports whether its bounds are sound.
func (f *faults) adjustment(path Path, a StepAdjustmentSpec, kind string) bool {
	if f.required(path, "adjustment", a.Adjustment != nil) {
		switch v := *a.Adjustment; {
		case v < math.MinInt32 || v > math.MaxInt32:
			f.add(path.with("adjustment"), v, "must be a whole number from %d to %d", math.MinInt32, math.MaxInt32)
		case kind == ExactCapacity && v < 0:
			f.add(path.with("adjustment"), v, "must be 0 or more for adjustmentType %s", ExactCapacity)
		}
	}
	before := len(*f)
	f.finite(path, "lowerBound", a.LowerBound)
	f.finite(path, "upperBound", a.UpperBound)
	switch {
	case a.LowerBound == nil && a.UpperBound == nil:
		f.add(path, nil, "must have lowerBound, upperBound or both, as in Application Auto Scaling").Related = []Path{
			path.with("lowerBound"), path.with("upperBound"),
		}
	case a.LowerBound != nil && a.UpperBound != nil && *a.LowerBound >= *a.UpperBound:
		f.add(path.with("upperBound"), *a.UpperBound, "must be above lowerBound (%v)", *a.LowerBound)
	}
	return len(*f) == before
}

// ladder checks that the steps have neither gaps nor overlaps, and that they go on
// without end where they leave the threshold, as Application Auto Scaling wants it.
func (f *faults) ladder(path Path, steps []StepAdjustmentSpec) {
	if len(steps) == 0 {
		return
	}
	low := func(i int) float64 { return value(steps[i].LowerBound, math.Inf(-1)) }
	high := func(i int) float64 { return value(steps[i].UpperBound, math.Inf(1)) }
	order := make([]int, len(steps))
	for i := range steps {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Or(cmp.Compare(low(i), low(j)), cmp.Compare(high(i), high(j))) })
	top := order[0] // the step that reaches highest so far
	for _, j := range order[1:] {
		switch at := path.with(j); {
		case low(j) < high(top):
			f.add(at, nil, "overlaps %s", path.with(top)).Related = []Path{path}
		case low(j) > high(top):
			f.add(at, nil, "leaves a gap after %s, from %v to %v", path.with(top), high(top), low(j)).Related = []Path{path}
		}
		if high(j) > high(top) {
			top = j
		}
	}
	if first := order[0]; low(first) < 0 && !math.IsInf(low(first), -1) {
		f.add(path.with(first, "lowerBound"), low(first),
			"is negative and the lowest: one step must go down without a lowerBound").Related = []Path{path}
	}
	if high(top) > 0 && !math.IsInf(high(top), 1) {
		f.add(path.with(top, "upperBound"), high(top),
			"is positive and the highest: one step must go up without an upperBound").Related = []Path{path}
	}
}
