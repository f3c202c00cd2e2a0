package scaling

import (
	"errors"
	"fmt"
	"time"

	"sagescale/internal/policy"
)

// track returns what target-tracking policy t asks for, now or a while before.
func (in Input) track(t policy.TargetTracking, minimum int) func(back time.Duration) ask {
	s := in.load(t)
	load := in.read(t.Metric, s)
	least, most := in.needs(t, load, s.Metric != policy.Invocations)
	track := func(back time.Duration) ask { return in.trackBy(t, least.before(back), most.before(back), minimum) }
	if !in.Target.Predictive.Mode.Forecasts() || t.Metric.Name != policy.InvocationsPerInstance {
		return track
	}
	return func(back time.Duration) ask {
		v, err := in.foresee(load, back)
		if s.Metric != policy.Invocations {
			err = errors.New("the load of all instances was not measured")
		}
		a := ask{}
		if err == nil && in.Target.Predictive.Mode == policy.ForecastAndScale {
			a = in.predict(t, load.before(back), v, minimum)
		} else {
			a = track(back)
		}
		if back == 0 {
			a.forecast = in.forecast(v, err)
		}
		return a
	}
}

// trackBy says what t asks for by the needs, at least and at most.
//
// Out: when M of the N newest datapoints are above the target value, or all of
// fewer where some are missing, as much as the mean of the M highest needs. In:
// only when all N datapoints due are there and M of them are below the threshold,
// as much as the highest of those M needs, so that a scale-in never leaves less than
// the load of the window needed. A datapoint that is not due yet may hold a scale-in
// and never makes one.
func (in Input) trackBy(t policy.TargetTracking, least, most reading, minimum int) ask {
	present := in.Present()
	a := in.askOf(RuleTargetTracking, t)
	tolerance := in.Target.Behavior.ScaleOut.Tolerance
	top := falling(least.latest(t.ScaleOut.Periods))
	high := above(top, present, tolerance)
	if alarm(high, len(top), t.ScaleOut, policy.TreatMissing) {
		need := mean(top[:min(high, t.ScaleOut.Datapoints)])
		a.capacity = instances(need)
		a.message = fmt.Sprintf("%s: %d of %d datapoints are above the target of %s%s%s; %s", a.name, high, t.ScaleOut.Periods,
			number(t.TargetValue), tolerated(tolerance), lacking(len(top), t.ScaleOut.Periods), asks(t, need))
		return a
	}
	a.unsure = alarm(high, len(top), t.ScaleOut, policy.TreatBreaching)
	due, missing := most.dueValues(t.ScaleIn.Periods)
	if missing > 0 || most.incomplete != "" {
		a.code, a.message = MissingData, gap(t.Metric, t.ScaleIn.Periods, missing, most.incomplete)
		if len(top) == 0 {
			a.message += fmt.Sprintf("; nothing is added either: none came in the last %s",
				policy.Brief(lateness+time.Duration(t.ScaleOut.Periods)*t.Metric.Period))
		}
		return a
	}
	need := falling(due)[len(due)-t.ScaleIn.Datapoints]
	for _, v := range most.early() {
		need = max(need, v)
	}
	in.trackDown(&a, t, need, minimum)
	return a
}

// askOf returns the ask of t by a rule that asks for no change yet.
func (in Input) askOf(rule Rule, t policy.TargetTracking) ask {
	return ask{
		rule:     rule,
		name:     t.Metric.Name,
		capacity: in.Present(),
		cooldown: Cooldown{Out: t.ScaleOutCooldown, In: t.ScaleInCooldown},
		abstains: t.DisableScaleIn,
	}
}

// trackDown completes what t asks for when it asks for no more than there is, by
// the need of the datapoints that a scale-in goes by.
func (in Input) trackDown(a *ask, t policy.TargetTracking, need float64, minimum int) {
	present := a.capacity
	share := min(t.Threshold, 1-in.Target.Behavior.ScaleIn.Tolerance)
	threshold := number(share * t.TargetValue)
	switch wanted := instances(need); {
	case need >= share*float64(present)*(1-1e-9):
		a.code = AlreadyAtDesired
		a.message = fmt.Sprintf("%s: for %d instances neither %d of %d datapoints are above the target of %s%s nor %d of %d below the scale-in threshold of %s",
			a.name, present, t.ScaleOut.Datapoints, t.ScaleOut.Periods, number(t.TargetValue), tolerated(in.Target.Behavior.ScaleOut.Tolerance),
			t.ScaleIn.Datapoints, t.ScaleIn.Periods, threshold)
	case t.DisableScaleIn:
		a.code = ScaleInDisabled
		a.message = fmt.Sprintf("%s is low and has disableScaleIn", a.name)
	case wanted < present:
		a.capacity = wanted
		a.message = fmt.Sprintf("%s: %d of %d datapoints are below the scale-in threshold of %s; %s",
			a.name, t.ScaleIn.Datapoints, t.ScaleIn.Periods, threshold, asks(t, need))
	case present <= minimum:
		a.code = AlreadyAtMin
		a.message = fmt.Sprintf("%s is low and the capacity is at its minimum of %d", a.name, minimum)
	default:
		a.code = AnticipatedFlapping
		a.message = fmt.Sprintf("%s: with fewer than %d instances it would be above its target of %s at once",
			a.name, present, number(t.TargetValue))
	}
}

// above returns how many needs ask for more than capacity, by more than the
// tolerance.
func above(needs []float64, capacity int, tolerance float64) int {
	n := 0
	for _, need := range needs {
		if instances(need/(1+tolerance)) > capacity {
			n++
		}
	}
	return n
}

// tolerated names a tolerance, if there is one.
func tolerated(tolerance float64) string {
	if tolerance == 0 {
		return ""
	}
	return fmt.Sprintf(" by more than %s %%", number(100*tolerance))
}

// lacking says that some of the datapoints are not there.
func lacking(n, of int) string {
	if n == of {
		return ""
	}
	return fmt.Sprintf(", %d missing", of-n)
}

// asks says what a need comes to, in words with its numbers.
func asks(t policy.TargetTracking, need float64) string {
	return fmt.Sprintf("a load of %s at %s per instance needs %d",
		number(need*t.TargetValue), number(t.TargetValue), instances(need))
}

// gap says what is missing of a metric's last periods.
func gap(m policy.Metric, periods, missing int, incomplete string) string {
	why := ""
	if incomplete != "" {
		why = " (" + incomplete + ")"
	}
	return fmt.Sprintf("%s: missing of the %d datapoints of the last %s: %d%s; missing is not zero, so nothing is removed",
		m.Name, periods, policy.Brief(time.Duration(periods)*m.Period), missing, why)
}
