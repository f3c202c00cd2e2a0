package scaling

import (
	"fmt"
	"math"
	"sort"
	"time"

	"sagescale/internal/forecast"
	"sagescale/internal/policy"
)

// Unlearned is taken for the provisioning time until one was seen.
const Unlearned = 6 * time.Minute

// chance is how likely a minute may be to need more than serves. A service objective of
// 0.999 takes one of eight, every further nine half of it: what is lacking in such a
// minute is mostly a small part of it.
func chance(objective float64) float64 {
	return 0.125 * math.Exp2(3+math.Log10(1-objective))
}

// patience is by how much less likely a shortage must be for a scale-in. What is removed
// too early is missed for the whole provisioning time.
const patience = 0.5

// predict returns what the forecast of t's load asks for, a while before now; false
// when there is none to go by.
//
// Out: the fewest instances that the load exceeds no more often than the service
// objective allows, from when they would serve until those of the next scale-out could.
// In: as many as that and the time before it need, with twice the caution.
func (in Input) predict(t policy.TargetTracking, load reading, back time.Duration, minimum int) (ask, bool) {
	now := load.before(back)
	outlook, behind, ok := in.outlook(now)
	if !ok {
		return ask{}, false
	}
	a := in.askOf(RulePredictive, t)
	const soon = 3
	lead := in.lead()
	allowed := chance(in.Target.Predictive.ServiceObjective)
	later := []forecast.Point{outlook.At(behind + lead + 1), outlook.At(behind + 2*lead + 1)}
	if n := in.enough(later, allowed); n > a.capacity {
		a.capacity = n
		a.message = fmt.Sprintf("%s: %s", a.name, in.expects(later, n, allowed))
		return a, true
	}
	if _, missing := now.dueValues(t.ScaleIn.Periods); missing > 0 || now.incomplete != "" {
		a.code, a.message = MissingData, gap(t.Metric, t.ScaleIn.Periods, missing, now.incomplete)
		return a, true
	}
	in.predictDown(&a, t, append(later, outlook.At(behind+soon+1)), allowed*patience, minimum)
	return a, true
}

// predictDown completes what a forecast asks for when it asks for no more than there
// is.
func (in Input) predictDown(a *ask, t policy.TargetTracking, points []forecast.Point, allowed float64, minimum int) {
	wanted := in.enough(points, allowed)
	switch present := a.capacity; {
	case wanted >= present:
		a.code = AlreadyAtDesired
		a.message = fmt.Sprintf("%s: %s", a.name, in.expects(points, wanted, allowed))
	case t.DisableScaleIn:
		a.code = ScaleInDisabled
		a.message = fmt.Sprintf("%s is low and has disableScaleIn", a.name)
	case present <= minimum:
		a.code = AlreadyAtMin
		a.message = fmt.Sprintf("%s is low and the capacity is at its minimum of %d", a.name, minimum)
	default:
		a.capacity = wanted
		a.message = fmt.Sprintf("%s: %s", a.name, in.expects(points, wanted, allowed))
	}
}

// enough returns the fewest instances that the load exceeds at the points no more often
// than allowed, on the average; one more than the maximum in force where that is not
// enough.
func (in Input) enough(points []forecast.Point, allowed float64) int {
	capacity := in.Target.Predictive.InstanceCapacity
	limits, _, _ := in.limits()
	return 1 + sort.Search(limits.Max, func(i int) bool {
		sum := 0.0
		for _, p := range points {
			sum += p.Exceeded(float64(i+1) * capacity)
		}
		return sum <= allowed*float64(len(points))
	})
}

// lead is the provisioning time in minutes.
func (in Input) lead() int {
	d := in.Provisioning
	if d <= 0 {
		d = Unlearned
	}
	return max(1, int((d+time.Minute-1)/time.Minute))
}

// outlook returns the forecast after the newest period of load, and how many minutes
// before now that ends.
func (in Input) outlook(load reading) (o forecast.Outlook, behind int, ok bool) {
	if in.Forecast == nil || load.period != time.Minute || load.newest < load.late {
		return o, 0, false
	}
	recent := make([]float64, forecast.Recent)
	for i := range recent {
		v, known := load.values[load.newest-int64(len(recent)-1-i)]
		if !known {
			v = math.NaN()
		}
		recent[i] = v
	}
	o, ok = in.Forecast.Outlook(recent, startOf(load.newest+1, load.period))
	return o, int(load.late-load.newest) + int(lateness/time.Minute) - 1, ok
}

// expects says what a forecast comes to.
func (in Input) expects(points []forecast.Point, n int, allowed float64) string {
	low, high := points[0].Median, points[0].Median
	for _, p := range points {
		low, high = min(low, p.Median), max(high, p.Median)
	}
	return fmt.Sprintf("a load of %s to %s is expected, for which %d instances of %s are enough in %s %% of such minutes",
		number(low), number(high), n, number(in.Target.Predictive.InstanceCapacity), number(100*(1-allowed)))
}
