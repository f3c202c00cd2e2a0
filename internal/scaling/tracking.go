package scaling

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"sagescale/internal/policy"
)

// verdict is what one target-tracking policy asks for. capacity is the present
// one where it asks for no change; code and message then say why.
type verdict struct {
	metric   string
	capacity int
	code     Code
	message  string
}

// track applies the target-tracking policies to d: the largest capacity that any
// asks for wins; all must agree to scale in.
func (in Input) track(d *Decision) {
	if len(in.Target.TargetTracking) == 0 {
		return
	}
	var out, hold, down *verdict
	for _, t := range in.Target.TargetTracking {
		v := in.judge(t, d.MinCapacity)
		if v.code == MissingData {
			d.Refuse(v.code, "%s", v.message)
		}
		switch {
		case v.capacity > d.DesiredCapacity:
			out = larger(out, v)
		case v.capacity < d.DesiredCapacity:
			down = larger(down, v)
		case hold == nil || hold.code == MissingData:
			hold = &v
		}
	}
	switch {
	case out != nil:
		d.Move(RuleTargetTracking, out.capacity, "%s", out.message)
	case down == nil && hold.code != MissingData:
		d.Refuse(hold.code, "%s", hold.message)
	case down == nil:
		return
	case hold != nil:
		d.Refuse(ScaleInNotAgreed, "%s would scale in, %s would not: %s", down.metric, hold.metric, hold.message)
	case in.Target.DisableScaleIn:
		d.Refuse(ScaleInDisabled, "disableScaleIn is set; %s", down.message)
	default:
		d.Move(RuleTargetTracking, down.capacity, "%s", down.message)
	}
}

// larger returns whichever verdict asks for more, a where they ask for the same.
func larger(a *verdict, b verdict) *verdict {
	if a == nil || b.capacity > a.capacity {
		return &b
	}
	return a
}

// judge says what policy t asks for.
//
// Out: when M of the N newest datapoints are above the target value, as much as
// the mean of the M highest needs. In: only when all N datapoints due are there
// and M of them are below the threshold, as much as the highest of those M
// needs, so that a scale-in never leaves less than the load of the window needed.
// A datapoint that is not due yet may hold a scale-in and never makes one.
func (in Input) judge(t policy.TargetTracking, minimum int) verdict {
	v := verdict{metric: t.Metric.Name, capacity: in.Present()}
	s := in.series(t)
	least, most := in.needs(t, s)
	present := v.capacity

	top := least.newest(t.ScaleOut.Periods, t.Metric.Period, in.Now)
	if m := t.ScaleOut.Datapoints; len(top) >= m && instances(top[m-1]) > present {
		need := mean(top[:m])
		v.capacity = instances(need)
		v.message = fmt.Sprintf("%s: %d of %d datapoints are above the target of %s; %s",
			v.metric, above(top, present), t.ScaleOut.Periods, number(t.TargetValue), asks(t, need))
		return v
	}

	due, missing := most.due(t.ScaleIn.Periods, t.Metric.Period, s.DueThrough)
	if missing > 0 || s.Incomplete != "" {
		v.code, v.message = MissingData, gap(t, missing, s.Incomplete)
		if n := len(top); n < t.ScaleOut.Datapoints {
			v.message += fmt.Sprintf("; nothing is added either: of the %d newest that a scale-out needs, %d came within %s",
				t.ScaleOut.Periods, n, brief(lateness))
		}
		return v
	}
	need := max(due[t.ScaleIn.Datapoints-1], most.after(t.Metric.Period, s.DueThrough, in.Now))
	if need >= t.Threshold*float64(present)*(1-1e-9) {
		v.code = AlreadyAtDesired
		v.message = fmt.Sprintf("%s: for %d instances neither %d of %d datapoints are above the target of %s nor %d of %d below the scale-in threshold of %s",
			v.metric, present, t.ScaleOut.Datapoints, t.ScaleOut.Periods, number(t.TargetValue),
			t.ScaleIn.Datapoints, t.ScaleIn.Periods, number(t.Threshold*t.TargetValue))
		return v
	}
	switch wanted := instances(need); {
	case wanted < present:
		v.capacity = wanted
		v.message = fmt.Sprintf("%s: %d of %d datapoints are below the scale-in threshold of %s; %s",
			v.metric, t.ScaleIn.Datapoints, t.ScaleIn.Periods, number(t.Threshold*t.TargetValue), asks(t, need))
	case present <= minimum:
		v.code = AlreadyAtMin
		v.message = fmt.Sprintf("%s is low and the capacity is at its minimum of %d", v.metric, minimum)
	default:
		v.code = AnticipatedFlapping
		v.message = fmt.Sprintf("%s: with fewer than %d instances it would be above its target of %s at once",
			v.metric, present, number(t.TargetValue))
	}
	return v
}

// series returns the datapoints that t is judged by: the load of all instances
// where it was measured, else the metric itself. What was measured in parts is
// put together.
func (in Input) series(t policy.TargetTracking) Series {
	out := Series{Metric: t.Metric.Measured().Name, DueThrough: in.Now}
	if !in.measured(out.Metric) {
		out.Metric = t.Metric.Name
	}
	if !in.measured(out.Metric) {
		out.Incomplete = "it was not measured"
		return out
	}
	for _, s := range in.Observation.Metrics {
		if s.Metric != out.Metric {
			continue
		}
		out.Datapoints = append(out.Datapoints, s.Datapoints...)
		out.Incomplete = cmp.Or(out.Incomplete, s.Incomplete)
		if !s.DueThrough.IsZero() && s.DueThrough.Before(out.DueThrough) {
			out.DueThrough = s.DueThrough
		}
	}
	return out
}

func (in Input) measured(metric string) bool {
	return slices.ContainsFunc(in.Observation.Metrics, func(s Series) bool { return s.Metric == metric })
}

// above returns how many needs ask for more than capacity.
func above(needs []float64, capacity int) int {
	n := 0
	for _, need := range needs {
		if instances(need) > capacity {
			n++
		}
	}
	return n
}

// asks says what a need comes to, in words with its numbers.
func asks(t policy.TargetTracking, need float64) string {
	return fmt.Sprintf("a load of %s at %s per instance needs %d",
		number(need*t.TargetValue), number(t.TargetValue), instances(need))
}

// gap says what is missing.
func gap(t policy.TargetTracking, missing int, incomplete string) string {
	why := ""
	if incomplete != "" {
		why = ": " + incomplete
	}
	return fmt.Sprintf("%s: %d of the %d datapoints of the last %s are missing%s; missing is not zero, so nothing is removed",
		t.Metric.Name, missing, t.ScaleIn.Periods, brief(time.Duration(t.ScaleIn.Periods)*t.Metric.Period), why)
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// number writes a measurement with six digits, more than a metric has.
func number(v float64) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	if err != nil {
		return "beyond measure"
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// brief writes a duration without its zero parts: 15m, not 15m0s.
func brief(d time.Duration) string {
	s := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if len(s) > len(zero) && s[len(s)-len(zero):] == zero {
			s = s[:len(s)-2]
		}
	}
	return s
}
