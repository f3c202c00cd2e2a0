package scaling_test

import (
	"cmp"
	"math"
	"slices"
	"time"

	"pgregory.net/rapid"

	"sagescale/internal/activity"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/schedule"
)

// A drawing is what the properties are tried on: targets with every feature,
// metrics of ten seconds and of a minute, datapoints good, bad and missing, and
// past activities. The fields take a part of that away.
type drawing struct {
	complete bool // every datapoint is there and good
	monotone bool // the policies by which more load asks for no less capacity
	noSteps  bool
}

// oneOf draws one of a few.
func oneOf[T any](t *rapid.T, name string, of ...T) T { return rapid.SampledFrom(of).Draw(t, name) }

// once is true one time in n.
func once(t *rapid.T, name string, n int) bool { return rapid.IntRange(1, n).Draw(t, name) == n }

func anyWindow(t *rapid.T, name string, most int) policy.Window {
	n := rapid.IntRange(1, most).Draw(t, name+" periods")
	return window(rapid.IntRange(1, n).Draw(t, name+" datapoints"), n)
}

// known is the metric of that name; every use of a name means the same.
func known(name string, devices int) policy.Metric {
	if name == perInstance {
		return tracking(perInstance, 1).Metric
	}
	m := metric(name)
	switch name {
	case "queue", "inflight":
		m.Period = 10 * time.Second
	case "gpu":
		m.Devices = devices
	}
	return m
}

func (o drawing) target(t *rapid.T) policy.Target {
	devices := oneOf(t, "devices", 1, 4)
	var x policy.Target
	for _, name := range oneOf(t, "tracked", nil, []string{perInstance}, []string{"gpu"}, []string{"inflight"}, []string{perInstance, "gpu"}, []string{"gpu", "inflight"}) {
		tt := tracking(name, oneOf(t, "target value", 0.9, 50, 1500))
		tt.Metric = known(name, devices)
		tt.ScaleOut, tt.ScaleIn = anyWindow(t, "out", 5), anyWindow(t, "in", 17)
		tt.Threshold = oneOf(t, "threshold", 0.9, 0.5, 1)
		tt.DisableScaleIn = once(t, "out only", 6)
		tt.ScaleOutCooldown, tt.ScaleInCooldown = oneOf(t, "cooldown out", 0, 5*time.Minute), oneOf(t, "cooldown in", 0, 10*time.Minute)
		x.TargetTracking = append(x.TargetTracking, tt)
	}
	if !o.noSteps {
		x.StepScaling = o.steps(t, devices, len(x.TargetTracking) > 0)
	}
	for _, name := range oneOf(t, "guarded", nil, nil, []string{"errors"}, []string{"queue", "errors"}, []string{"gpu"}) {
		g := below(name, 50)
		g.Metric, g.Window = known(name, devices), anyWindow(t, "guard", 5)
		x.ScaleInGuards = append(x.ScaleInGuards, g)
	}
	x.Behavior = policy.Behavior{ScaleOut: movement(t), ScaleIn: movement(t)}
	low := rapid.IntRange(1, 10).Draw(t, "min")
	x.Limits = schedule.Limits{Min: low, Max: low + rapid.IntRange(0, 80).Draw(t, "max - min")}
	x.DisableScaleIn, x.DryRun = once(t, "no scale-in", 10), once(t, "dry run", 10)
	return x
}

func (o drawing) steps(t *rapid.T, devices int, tracked bool) []policy.StepScaling {
	var out []policy.StepScaling
	removing := tracked
	for i, name := range oneOf(t, "stepped", nil, []string{"latency"}, []string{"queue"}, []string{"latency", "queue"}, []string{"gpu", "latency"}) {
		comparison := oneOf(t, "comparison", policy.GreaterOrEqual, policy.Greater, policy.Less, policy.LessOrEqual)
		if o.monotone && removing && !comparison.Above() {
			comparison = policy.Greater
		}
		s := steps(name+oneOf(t, "suffix", "-a", "-b"), comparison, 50, ladder(t, o.monotone, comparison.Above())...)
		s.Name += string(rune('0' + i))
		s.Metric = known(name, devices)
		s.AdjustmentType = oneOf(t, "type", policy.ChangeInCapacity, policy.PercentChangeInCapacity, policy.ExactCapacity)
		if o.monotone && s.AdjustmentType == policy.ExactCapacity {
			s.AdjustmentType = policy.ChangeInCapacity
		}
		if s.AdjustmentType == policy.PercentChangeInCapacity {
			s.MinAdjustment = rapid.IntRange(1, 4).Draw(t, "least")
		}
		s.Aggregation = oneOf(t, "aggregation", policy.Average, policy.Minimum, policy.Maximum)
		s.Alarm, s.Cooldown = anyWindow(t, "alarm", 5), oneOf(t, "cooldown", 0, 5*time.Minute)
		s.TreatMissingData = oneOf(t, "missing", policy.TreatMissing, policy.TreatIgnore, policy.TreatBreaching, policy.TreatNotBreaching)
		removing = removing || !comparison.Above()
		out = append(out, s)
	}
	return out
}

// ladder draws up to three steps, which rise if need be: those for high values add
// the more the higher, those for low ones remove the more the lower.
func ladder(t *rapid.T, rising, above bool) []policy.StepAdjustment {
	n := rapid.IntRange(1, 3).Draw(t, "steps")
	adjustments := make([]int, n)
	for i := range adjustments {
		adjustments[i] = rapid.IntRange(-30, 60).Draw(t, "adjustment")
		if rising {
			adjustments[i] = max(adjustments[i], -adjustments[i])
		}
	}
	if rising {
		slices.Sort(adjustments)
	}
	out := make([]policy.StepAdjustment, n)
	for i, a := range adjustments {
		low, high := 20*float64(i), 20*float64(i+1)
		switch {
		case above && i == n-1:
			out[i] = from(low, a)
		case above:
			out[i] = between(low, high, a)
		case rising && i == n-1:
			out[i] = upTo(-low, -a)
		case rising:
			out[i] = between(-high, -low, -a)
		case i == n-1:
			out[i] = upTo(-low, a)
		default:
			out[i] = between(-high, -low, a)
		}
	}
	return out
}

func movement(t *rapid.T) policy.Movement {
	m := policy.Movement{
		Stabilization: oneOf(t, "window", 0, 0, time.Minute, 90*time.Second, 4*time.Minute),
		Tolerance:     oneOf(t, "tolerance", 0, 0, 0.1, 0.6),
		Select:        oneOf(t, "select", "", "", policy.SelectMin, policy.SelectDisabled),
	}
	for range rapid.IntRange(0, 2).Draw(t, "velocities") {
		m.Velocities = append(m.Velocities, policy.Velocity{
			Type:   oneOf(t, "velocity type", policy.Instances, policy.Percent),
			Value:  oneOf(t, "velocity", 1, 4, 25, 100, 1000),
			Period: oneOf(t, "velocity period", time.Second, time.Minute, 10*time.Minute),
		})
	}
	return m
}

// input draws a whole input.
func (o drawing) input(t *rapid.T) scaling.Input {
	second := rapid.IntRange(0, 119).Draw(t, "second")
	present := rapid.IntRange(1, 90).Draw(t, "present")
	in := scaling.Input{Now: now().Add(time.Duration(second) * time.Second), Target: o.target(t), Observation: observe(present)}
	if once(t, "other than asked for", 10) {
		in.Observation.DesiredCapacity = rapid.IntRange(1, 90).Draw(t, "asked for")
	}
	if once(t, "not in service", 10) {
		in.Observation.Status = oneOf(t, "status", "Updating", activity.Broken)
	}
	if once(t, "conflict", 20) {
		in.Observation.Conflict = "somebody else"
	}
	in.Activities = history(t, in.Now)
	in.Override = override(t, in.Now)
	for _, q := range scaling.Queries(in.Target, in.Now) {
		in.Observation.Metrics = append(in.Observation.Metrics, o.measure(t, in, q)...)
	}
	return in
}

// measure draws what was measured for a query: a level with some noise.
func (o drawing) measure(t *rapid.T, in scaling.Input, q scaling.Query) []scaling.Series {
	period := q.Metric.Period
	s := scaling.Series{Metric: q.Metric.Name}
	level := 50.0
	for _, tt := range in.Target.TargetTracking {
		if tt.Metric.Measured().Name == q.Metric.Name {
			level = tt.TargetValue
		}
	}
	switch {
	case q.Metric.Name == policy.Invocations && rapid.Bool().Draw(t, "as load"):
		level *= float64(in.Present())
	case q.Metric.Name == policy.Invocations:
		s.Metric = perInstance
	}
	level *= float64(q.Metric.Devices+1) / 2 * oneOf(t, "level", 0, 0.3, 0.6, 0.95, 1, 1.05, 1.5, 4)
	if rapid.Bool().Draw(t, "late") {
		s.DueThrough = in.Now.Add(-oneOf(t, "delay", time.Minute, 2*time.Minute, 4*time.Minute))
	}
	if !o.complete && once(t, "not measured", 20) {
		return nil
	}
	if !o.complete && once(t, "incomplete", 20) {
		s.Incomplete = "CloudWatch answered with status InternalError"
	}
	n := int(in.Now.Sub(q.From)/period) + 2
	if !o.complete {
		n -= oneOf(t, "less", 0, 0, n/2, n)
	}
	noise := rapid.SliceOfN(rapid.Uint8(), n, n).Draw(t, "noise")
	for i, x := range noise {
		value := level * []float64{0.5, 0.95, 1, 1, 1, 1.05, 2, 1}[x%8]
		if !o.complete && x >= 246 {
			value = []float64{math.NaN(), math.Inf(1), -1, math.MaxFloat64, math.NaN()}[x%5]
		}
		if o.complete || x < 240 || x >= 246 {
			s.Datapoints = append(s.Datapoints, scaling.Datapoint{Time: in.Now.Truncate(period).Add(-time.Duration(i) * period), Value: value})
		}
	}
	if !once(t, "in parts", 5) {
		return []scaling.Series{s}
	}
	return inParts(s, rapid.IntRange(0, len(s.Datapoints)).Draw(t, "part"))
}

func inParts(s scaling.Series, at int) []scaling.Series {
	a, b := s, s
	a.Datapoints, b.Datapoints = s.Datapoints[:at], s.Datapoints[at:]
	return []scaling.Series{a, b}
}

// history draws past activities, the oldest first.
func history(t *rapid.T, at time.Time) []activity.Activity {
	var out []activity.Activity
	for range rapid.IntRange(0, 3).Draw(t, "activities") {
		end := at.Add(-time.Duration(rapid.IntRange(-30, 1500).Draw(t, "ago")) * time.Second)
		out = append(out, activity.Activity{
			From: rapid.IntRange(1, 60).Draw(t, "from"), To: rapid.IntRange(1, 60).Draw(t, "to"),
			Status:    oneOf(t, "activity", activity.Successful, activity.Successful, activity.Failed, activity.Unfulfilled, activity.Overridden),
			Came:      rapid.IntRange(1, 60).Draw(t, "came"),
			StartTime: end.Add(-time.Duration(rapid.IntRange(0, 480).Draw(t, "took")) * time.Second), EndTime: end,
		})
	}
	slices.SortStableFunc(out, func(a, b activity.Activity) int { return a.StartTime.Compare(b.StartTime) })
	if once(t, "under way", 10) {
		out = append(out, activity.Activity{From: 3, To: 5, Status: activity.InProgress, StartTime: at})
	}
	return out
}

func override(t *rapid.T, at time.Time) policy.Override {
	if !once(t, "override", 4) {
		return policy.Override{}
	}
	o := policy.Override{
		Pause: oneOf(t, "pause", "", policy.In, policy.Out, policy.Both),
		Until: at.Add(time.Duration(rapid.IntRange(-1, 3).Draw(t, "left")) * time.Second),
	}
	low := rapid.IntRange(1, 40).Draw(t, "override's minimum")
	if rapid.Bool().Draw(t, "has minimum") {
		o.Min = new(low)
	}
	if rapid.Bool().Draw(t, "has maximum") {
		o.Max = new(low + rapid.IntRange(0, 20).Draw(t, "above it"))
	}
	return o
}

// periodOf is the period of the metric that a series is of.
func periodOf(in scaling.Input, s scaling.Series) time.Duration {
	for _, q := range scaling.Queries(in.Target, in.Now) {
		if q.Metric.Name == s.Metric {
			return q.Metric.Period
		}
	}
	return time.Minute
}

// dueThrough is the end of the last period of s that is due.
func dueThrough(in scaling.Input, s scaling.Series) time.Time {
	through := in.Now
	for _, other := range in.Observation.Metrics {
		if other.Metric == s.Metric && !other.DueThrough.IsZero() && other.DueThrough.Before(through) {
			through = other.DueThrough
		}
	}
	return through.Truncate(cmp.Or(periodOf(in, s), time.Minute))
}
