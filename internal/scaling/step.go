package scaling

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/policy"
)

// step returns what step policy p asks for, now or a while before.
func (in Input) step(p policy.StepScaling) func(back time.Duration) ask {
	r := in.read(p.Metric, in.series(p.Metric.Name))
	return func(back time.Duration) ask { return in.stepBy(p, r.before(back), back == 0) }
}

// stepBy says what p asks for by a reading.
//
// Its alarm is evaluated as CloudWatch does, over the newest datapoints that there
// are. To remove capacity no datapoint that is due may be missing, and what is not
// due yet must agree: the larger of the capacities by the datapoints due and by
// the newest counts. Where the policy says that missing is not breaching, missing
// datapoints only keep its own alarm from removing capacity. What was added is
// credited only now, not in a look back.
func (in Input) stepBy(p policy.StepScaling, r reading, now bool) ask {
	present := in.Present()
	a := ask{
		rule:     RuleStepScaling,
		name:     p.Name,
		capacity: present,
		cooldown: Cooldown{Out: p.Cooldown, In: p.Cooldown},
	}
	latest := r.latest(p.Alarm.Periods)
	newest := adjust(p, latest, present)
	a.unsure = len(latest) < p.Alarm.Periods
	if newest.capacity > present {
		a.capacity, a.message = newest.capacity, newest.message
		if now {
			in.credit(&a, p, latest)
		}
		return a
	}
	due, missing := r.dueValues(p.Alarm.Periods)
	if r.incomplete != "" || missing > 0 && (p.TreatMissingData != policy.TreatNotBreaching || newest.capacity < present) {
		a.code, a.message = MissingData, gap(p.Metric, p.Alarm.Periods, missing, r.incomplete)
		return a
	}
	by := newest
	if byDue := adjust(p, due, present); byDue.capacity > by.capacity {
		by = byDue
	}
	a.capacity, a.message = min(by.capacity, present), by.message
	if a.capacity == present {
		a.code = AlreadyAtDesired
		a.insists = p.AdjustmentType == policy.ExactCapacity && newest.alarm && newest.capacity == present
	}
	return a
}

// credit makes the step that p asks for count from the capacity before the
// scale-outs within its cooldown.
func (in Input) credit(a *ask, p policy.StepScaling, values []float64) {
	added, until := activity.Credit(activity.InEffect(in.Activities, in.Now), in.Now, p.Cooldown)
	if added == 0 || p.AdjustmentType == policy.ExactCapacity {
		return
	}
	present := in.Present()
	credited := adjust(p, values, max(0, present-added))
	a.message = fmt.Sprintf("%s; it counts from the capacity before the scale-outs of its cooldown, which lasts until %s",
		credited.message, policy.Clock(until))
	a.capacity = max(credited.capacity, present)
	if a.capacity == present {
		a.code, a.insists = ScaleOutCooldown, true
	}
}

// adjustment is the capacity that a step policy comes to, how in words, and whether
// a step of its alarm asked for it.
type adjustment struct {
	capacity int
	message  string
	alarm    bool
}

// adjust returns what the values, at most as many as the alarm has periods, make
// of the present capacity. Without a value there is nothing to choose a step by.
func adjust(p policy.StepScaling, values []float64, present int) adjustment {
	breaching := 0
	for _, v := range values {
		if p.Comparison.Holds(v, p.Threshold) {
			breaching++
		}
	}
	counted := fmt.Sprintf("%s: %d of %d datapoints of %s are %s %s",
		p.Name, breaching, p.Alarm.Periods, p.Metric.Name, sign(p.Comparison), number(p.Threshold))
	if len(values) == 0 || !alarm(breaching, len(values), p.Alarm, p.TreatMissingData) {
		return adjustment{capacity: present, message: fmt.Sprintf("%s, of which %d make an alarm", counted, p.Alarm.Datapoints)}
	}
	value := aggregate(p.Aggregation, values)
	said := fmt.Sprintf("%s; their %s is %s", counted, strings.ToLower(p.Aggregation), number(value))
	change, ok := p.Step(value)
	if !ok {
		return adjustment{capacity: present, message: said + ", for which there is no step"}
	}
	wanted := changed(p, present, change)
	return adjustment{wanted, said + ": " + written(p, change, present, wanted), true}
}

// aggregate makes one value of several; there must be one.
func aggregate(how string, values []float64) float64 {
	switch how {
	case policy.Minimum:
		return slices.Min(values)
	case policy.Maximum:
		return slices.Max(values)
	}
	return mean(values)
}

// changed returns the capacity that an adjustment makes of the present one, as
// Application Auto Scaling does: a percentage is cut off towards zero, but is at
// least one instance, and at least the policy's magnitude, unless it is zero.
func changed(p policy.StepScaling, present, adjustment int) int {
	wanted := int64(present) + int64(adjustment)
	switch p.AdjustmentType {
	case policy.ExactCapacity:
		wanted = int64(adjustment)
	case policy.PercentChangeInCapacity:
		least := int64(p.MinAdjustment)
		product := int64(present) * int64(adjustment)
		change := product / 100
		switch {
		case product > 0:
			change = max(change, least)
		case product < 0:
			change = min(change, -least)
		}
		wanted = int64(present) + change
	}
	return int(min(max(wanted, 0), math.MaxInt32))
}

// sign writes a comparison as people do.
func sign(c policy.Comparison) string {
	switch c {
	case policy.GreaterOrEqual:
		return ">="
	case policy.Greater:
		return ">"
	case policy.Less:
		return "<"
	case policy.LessOrEqual:
		return "<="
	}
	return string(c)
}

// written writes what an adjustment makes of a capacity.
func written(p policy.StepScaling, adjustment, of, wanted int) string {
	switch p.AdjustmentType {
	case policy.ExactCapacity:
		return fmt.Sprintf("that asks for exactly %d", wanted)
	case policy.PercentChangeInCapacity:
		return fmt.Sprintf("%+d %% of %d makes %d", adjustment, of, wanted)
	}
	return fmt.Sprintf("%+d on %d makes %d", adjustment, of, wanted)
}
