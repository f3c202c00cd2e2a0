package scaling

import (
	"fmt"
	"time"

	"sagescale/internal/policy"
)

// stabilize holds d to what would have been asked for all through the
// stabilization window of its direction, as the Kubernetes HPA does with what it
// has stored of its own recommendations. Nothing is stored here: a need does not
// depend on the capacity of the moment, so what would have been asked for follows
// from the datapoints, and a cold start forgets nothing.
//
// A time at which data is missing holds a scale-in, and says nothing of a
// scale-out.
func (in Input) stabilize(d *Decision, asks func(back time.Duration) []ask) {
	present := in.Present()
	stable, wanted := d.DesiredCapacity, d.DesiredCapacity
	behavior := in.Target.Behavior
	switch {
	case wanted > present:
		for back := range in.lookBack(behavior.ScaleOut.Stabilization) {
			if capacity, known := in.recommended(asks(back)); known {
				stable = max(min(stable, capacity), present)
			}
		}
		d.stabilized(wanted, stable, behavior.ScaleOut.Stabilization, "the least")
	case wanted < present:
		extreme := "the most"
		for back := range in.lookBack(behavior.ScaleIn.Stabilization) {
			capacity, known := in.recommended(asks(back))
			stable = min(max(stable, capacity), present)
			if !known {
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

// recommended returns the capacity that asks come to. known is false where they ask
// for no more and data is missing.
func (in Input) recommended(asks []ask) (capacity int, known bool) {
	followed, reasons := in.choose(asks)
	if followed != nil {
		return followed.capacity, true
	}
	known = true
	for _, r := range reasons {
		known = known && r.Code != MissingData
	}
	return in.Present(), known
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
	high := max(over(due, g.Maximum), over(r.latest(g.Window.Periods), g.Maximum))
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
