package scaling

import (
	"fmt"
	"slices"
	"time"

	"sagescale/internal/policy"
)

// stabilize holds d to what would have been asked for all through the
// stabilization window of its direction, as the Kubernetes HPA does with what it
// has stored of its own recommendations. Nothing is stored here: a need does not
// depend on the capacity of the moment, so what would have been asked for follows
// from the datapoints, and a cold start forgets nothing.
//
// A time at which data is missing holds a scale-in, and says nothing of a scale-out
// that the missing might have asked for.
func (in Input) stabilize(d *Decision, asks func(back time.Duration) []ask) {
	present := in.Present()
	stable, wanted := d.DesiredCapacity, d.DesiredCapacity
	behavior := in.Target.Behavior
	switch {
	case wanted > present:
		for back := range in.lookBack(behavior.ScaleOut.Stabilization) {
			then := asks(back)
			if capacity := in.recommended(then); capacity > present || !slices.ContainsFunc(then, func(a ask) bool { return a.unsure }) {
				stable = max(min(stable, capacity), present)
			}
		}
		d.stabilized(wanted, stable, behavior.ScaleOut.Stabilization, "the least")
	case wanted < present:
		extreme := "the most"
		for back := range in.lookBack(behavior.ScaleIn.Stabilization) {
			then := asks(back)
			stable = min(max(stable, in.recommended(then)), present)
			if slices.ContainsFunc(then, func(a ask) bool { return a.code == MissingData }) {
				extreme = "datapoints are missing, for which nothing is removed; the most"
			}
		}
		d.stabilized(wanted, stable, behavior.ScaleIn.Stabilization, extreme)
	}
}

// stabilized notes that the window has changed what was wanted.
func (d *Decision) stabilized(wanted, stable int, window time.Duration, extreme string) {
	if stable != wanted {
		d.Hold(StabilizationWindow, stable, "%s asked for at any time of the last %s is %d", extreme, policy.Brief(window), stable)
	}
}

// lookBack yields how far before now the earlier moments of a window lie, in steps
// of the shortest period of the target's metrics.
func (in Input) lookBack(window time.Duration) func(func(time.Duration) bool) {
	step := time.Hour
	for _, q := range Queries(in.Target, in.Now) {
		step = min(step, q.Metric.Period)
	}
	return func(yield func(time.Duration) bool) {
		for back := step; back < window && yield(back); back += step {
		}
	}
}

// recommended returns the capacity that asks come to.
func (in Input) recommended(asks []ask) int {
	if followed, _ := in.choose(asks); followed != nil {
		return followed.capacity
	}
	return in.Present()
}

// guardScaleIn holds a scale-in while the metric of a scale-in guard is above its
// maximum, or unknown.
func (in Input) guardScaleIn(d *Decision) {
	for _, g := range in.Target.ScaleInGuards {
		if d.DesiredCapacity >= in.Present() {
			return
		}
		if code, message := in.guarded(g); code != "" {
			d.Hold(code, in.Present(), "%s", message)
		}
	}
}

// guarded returns why g forbids a scale-in, or an empty code. Beside the datapoints
// due it goes by those that are not due yet.
func (in Input) guarded(g policy.ScaleInGuard) (Code, string) {
	r := in.read(g.Metric, in.series(g.Metric.Name))
	due, missing := r.dueValues(g.Window.Periods)
	high := over(append(due, r.early()...), g.Maximum)
	switch {
	case high >= g.Window.Datapoints:
		return ScaleInGuarded, fmt.Sprintf("%s: %d of %d datapoints are above the maximum of %s: a service in trouble is not shrunk",
			g.Metric.Name, high, g.Window.Periods, number(g.Maximum))
	case r.incomplete != "", g.TreatMissingData == policy.TreatBreaching && missing > 0 && high+missing >= g.Window.Datapoints:
		return MissingData, gap(g.Metric, g.Window.Periods, missing, r.incomplete)
	}
	return "", ""
}

// over returns how many values are above a maximum.
func over(values []float64, maximum float64) int {
	n := 0
	for _, v := range values {
		if v > maximum {
			n++
		}
	}
	return n
}
