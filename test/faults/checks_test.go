package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"sagescale/internal/activity"
	"sagescale/internal/event"
	"sagescale/internal/policy"
)

// checks are the invariants, and what is needed to see that they hold.
type checks struct {
	violation *violation
	checked   map[string]int
	requests  int
	updates   int
	// flags of what was done to the memory of an endpoint, by when.
	tampered map[string]time.Time
	// misled has when an endpoint got a memory in which something else is under way than
	// there is: what it makes of that no one can know.
	misled map[string]time.Time
	// disturbed are the endpoints that somebody else has changed.
	disturbed map[string]bool
	changes   map[string][]change  // by endpoint and variant
	capacity  map[string]int       // that serves, once nothing is under way
	busy      map[string]time.Time // since when something is under way at an endpoint
	accepts   []*update
	intents   map[string]int // how many updates each has caused
	// looseness is by how much two workers' clocks may differ in this run.
	looseness time.Duration
}

// violation is an invariant that does not hold, and where it was seen.
type violation struct {
	invariant, what string
}

func (v violation) Error() string { return v.invariant + ": " + v.what }

// update is an update of sagescale's that has reached SageMaker.
type update struct {
	worker            *worker
	endpoint, variant string
	from, to          int // from is what serves
	desiredBefore     int
	at                time.Time
	intent            *activity.Activity // that the table holds
	over, came        bool               // it is over; what was asked for serves
	disturbed         bool               // somebody else has been at work since
}

func (u update) key() string { return u.endpoint + "/" + u.variant }

// change is a capacity that has changed, by whomever.
type change struct {
	from, to    int
	began, done time.Time
}

func newChecks() checks {
	return checks{
		checked: map[string]int{}, tampered: map[string]time.Time{}, changes: map[string][]change{},
		capacity: map[string]int{}, busy: map[string]time.Time{}, disturbed: map[string]bool{}, misled: map[string]time.Time{}, intents: map[string]int{},
	}
}

// violated notes the first invariant that does not hold.
func (w *world) violated(invariant, format string, args ...any) {
	if w.violation == nil {
		w.violation = &violation{invariant, fmt.Sprintf(format, args...)}
		w.tell("VIOLATED %s", w.violation)
	}
}

// check counts a check of an invariant, which must hold.
func (w *world) check(invariant string, holds bool, format string, args ...any) {
	w.checked[invariant]++
	if !holds {
		w.violated(invariant, format, args...)
	}
}

// sendingUpdate checks what must hold when a worker sends an update.
func (w *world) sendingUpdate(c *call) {
	for _, other := range w.flying {
		if other.op == opUpdate && other.endpoint == c.endpoint && other.worker != c.worker && !w.excused(c.endpoint) {
			w.check("S5", w.looseness > time.Minute, "workers %d and %d send updates of %s at a time", other.id, c.id, c.endpoint)
		}
	}
	d := c.saw.endpoints[c.endpoint]
	w.check("S6", d.status == activity.InService, "worker %d updates %s, which it saw to be %s", c.id, c.endpoint, d.status)
	w.check("S5", d.times >= 2 && c.now().Sub(d.at) < 5*time.Second,
		"worker %d updates %s, at which it looked %d times, last %s before", c.id, c.endpoint, d.times, c.now().Sub(d.at))
}

// excused reports whether somebody has taken away an endpoint's memory so lately that
// a claim may have been lost with it: the claim is the only fence.
func (w *world) excused(endpoint string) bool {
	at, ok := w.tampered[endpoint]
	return ok && w.now().Sub(at) < activity.ClaimTTL+time.Minute
}

// updating checks what must hold when an update reaches SageMaker.
func (w *world) updating(u update, before activity.Endpoint) {
	w.updates++
	wk := u.worker
	t, ok := target(wk.policy, u.endpoint, u.variant)
	w.check("S9", ok, "%s is no target", u.key())
	if !ok {
		return
	}
	w.check("S15", !t.DryRun, "%s is dryRun", u.key())
	w.check("S20", wk.kind != event.EndpointState, "a state change of %s made worker %d act", u.endpoint, wk.id)
	present := wk.saw.endpoints[u.endpoint].current[u.variant]
	towards := present < u.to && u.to < t.Limits.Min
	w.check("S1", towards || t.Limits.Min <= u.to && u.to <= t.Limits.Max, "%s is set to %d, outside %d to %d", u.key(), u.to, t.Limits.Min, t.Limits.Max)
	w.checkIntent(u)
	w.checkPause(u)
	resource := "endpoint/" + u.endpoint + "/variant/" + u.variant
	w.check("E20", !wk.saw.conflicts[resource], "%s is scaled by Application Auto Scaling too", u.key())

	if towards || u.to == t.Limits.Max && present > t.Limits.Max || u.to == t.Limits.Min && present < t.Limits.Min {
		return // the limits alone ask for it
	}
	if u.to > present {
		w.checkOut(u, t, present)
		return
	}
	w.checkIn(u, t, present)
}

// checkIntent checks that an intent was written before the update, and that it has
// caused no other.
func (w *world) checkIntent(u update) {
	if w.excused(u.endpoint) || w.looseness > time.Minute {
		return
	}
	i := u.intent
	fits := i != nil && i.Variant == u.variant && i.To == u.to && i.Status == activity.Pending
	w.check("S11", fits, "the update of %s to %d has no intent: the table holds %+v", u.key(), u.to, i)
	if fits {
		id := u.endpoint + " " + i.ID
		w.intents[id]++
		w.check("S4", w.intents[id] == 1, "intent %s has caused %d updates", id, w.intents[id])
		d := u.worker.saw.endpoints[u.endpoint]
		w.check("S5", i.From == d.current[u.variant] && i.DesiredBefore == d.desired[u.variant],
			"%s is changed from %d, and the last look showed %d of %d", u.key(), i.From, d.current[u.variant], d.desired[u.variant])
	}
}

// checkPause checks that no pause was visible when the worker read the table.
func (w *world) checkPause(u update) {
	loaded := u.worker.saw.loaded[u.endpoint]
	for _, p := range w.pauses[u.key()] {
		unread := loaded.Before(p.from.Add(time.Second))
		over := !w.now().Before(p.until.Add(-w.looseness))
		w.check("S14", unread || over, "%s is paused since %s, which worker %d could read at %s",
			u.key(), p.from.Format("15:04:05"), u.worker.id, loaded.Format("15:04:05"))
	}
}

// checkOut checks that what a worker was answered asks for a scale-out.
func (w *world) checkOut(u update, t policy.Target, present int) {
	if t.Predictive.Mode.Forecasts() {
		return // what it goes by is what a forecast says, which may be anything
	}
	justified, grounds := false, []string(nil)
	for _, tt := range t.TargetTracking {
		e := u.worker.saw.evidence[loadKey(tt.Metric.Measured().MetricName, u.endpoint, u.variant)]
		if e == nil {
			continue
		}
		for _, p := range e.points {
			last := minuteOf(e.end)
			if math.IsInf(p.value, 0) || p.minute >= last || p.minute < last-60 {
				continue // it is no value, or not of now
			}
			needs := p.value / tt.TargetValue
			if tt.Metric.Measured().MetricName != policy.Invocations {
				needs *= float64(w.metrics.serving(u.endpoint, u.variant, p.minute))
			}
			justified = justified || needs > float64(present)
			grounds = append(grounds, fmt.Sprintf("%s %.3g", at(p.minute).Format("15:04"), needs))
		}
	}
	_, forgot := w.tampered[u.endpoint]
	e, err := w.sageMaker.Describe(context.Background(), u.endpoint)
	anew := err == nil && e.CreationTime.After(w.now().Add(-time.Hour))
	if (forgot || anew || w.looseness > 0) && len(t.TargetTracking) > 1 {
		return // how many instances a metric was measured on is a matter of memory and of clocks
	}
	w.check("S8", justified, "%s scales out from %d to %d although no datapoint was above the target: %v; intent %+v", u.key(), present, u.to, grounds, u.intent)
	if b := t.Behavior.ScaleOut.Velocities; len(b) > 0 {
		w.checkVelocity(u, b[0], 1)
	}
}

// checkIn checks that all that a worker was answered agrees to a scale-in, and that
// no cooldown holds it.
func (w *world) checkIn(u update, t policy.Target, present int) {
	for _, tt := range t.TargetTracking {
		name := tt.Metric.Measured().MetricName
		e := u.worker.saw.evidence[loadKey(name, u.endpoint, u.variant)]
		if e == nil {
			w.violated("S2", "%s scales in from %d to %d without any data of %s", u.key(), present, u.to, name)
			return
		}
		last := minuteOf(e.end.Add(-2*time.Minute)) - 1
		values, missing := e.values(last-tt.ScaleIn.Periods+1, last)
		w.check("S2", missing == 0 && e.flaw == "", "%s scales in from %d to %d with %d datapoints of %s missing (%s)",
			u.key(), present, u.to, missing, name, e.flaw)
		switch forecasts := t.Predictive.Mode.Forecasts(); {
		case name != policy.Invocations || missing > 0:
		case forecasts:
			w.check("S8", float64(u.to)*max(t.Predictive.InstanceCapacity, tt.TargetValue) >= values[len(values)-1]-1e-6, "%s scales in from %d to %d although there was a load of %v a moment ago",
				u.key(), present, u.to, values[len(values)-1])
		default:
			w.check("S8", float64(u.to)*tt.TargetValue >= peak(values)-1e-6, "%s scales in from %d to %d although %v were asked for within %d minutes",
				u.key(), present, u.to, peak(values), tt.ScaleIn.Periods)
		}
	}
	for _, g := range t.ScaleInGuards {
		e := u.worker.saw.evidence[loadKey(g.Metric.MetricName, u.endpoint, u.variant)]
		last := minuteOf(e.end.Add(-2*time.Minute)) - 1
		values, _ := e.values(last-g.Window.Periods+1, last)
		high := 0
		for _, v := range values {
			if v > g.Maximum {
				high++
			}
		}
		w.check("D18", high < g.Window.Datapoints, "%s scales in from %d to %d while clients fail", u.key(), present, u.to)
	}
	w.checkCooldown(u, t, present)
	if b := t.Behavior.ScaleIn.Velocities; len(b) > 0 {
		w.checkVelocity(u, b[0], -1)
	}
}

// checkCooldown checks that no change is too recent for a scale-in.
func (w *world) checkCooldown(u update, t policy.Target, present int) {
	slack := 2*w.looseness + time.Second
	all := w.changes[u.key()]
	for i, c := range all {
		if c.began.Before(w.misled[u.endpoint]) {
			continue
		}
		cooldown := t.ScaleOutCooldown
		if c.to < c.from {
			cooldown = t.ScaleInCooldown
			if i+1 < len(all) && all[i+1].to > all[i+1].from {
				continue // a scale-out has ended it
			}
		}
		w.check("S3", !w.now().Before(c.done.Add(cooldown-slack)), "%s scales in from %d to %d %s after the change from %d to %d was in service",
			u.key(), present, u.to, w.now().Sub(c.done), c.from, c.to)
	}
}

// checkVelocity checks that our own changes in a direction keep to its first velocity.
//
// What others have done in between moves the capacity that counts, and is left out.
func (w *world) checkVelocity(u update, v policy.Velocity, sign int) {
	if v.Type != policy.Instances || w.disturbed[u.endpoint] || w.looseness > time.Minute {
		return
	}
	// Which changes lie in the period depends on seconds that a worker cannot know.
	moved := math.MaxInt
	for _, period := range []time.Duration{v.Period - 2*time.Minute, v.Period, v.Period + 2*time.Minute} {
		moved = min(moved, sign*w.moved(u, period))
	}
	w.check("S7", moved <= v.Value, "%s moves by %d within %s, %d are allowed", u.key(), moved, v.Period, v.Value)
}

// moved returns by how much an update and those that came in a period before it move
// the capacity.
func (w *world) moved(u update, period time.Duration) int {
	sum := u.to - u.from
	for _, a := range w.accepts {
		if a.key() == u.key() && a.came && w.now().Sub(a.at) < period {
			sum += a.to - a.from
		}
	}
	return sum
}

func peak(values []float64) float64 {
	most := 0.0
	for _, v := range values {
		most = math.Max(most, v)
	}
	return most
}

// accepted notes an update that SageMaker has taken.
func (w *world) accepted(u update) { w.accepts = append(w.accepts, &u) }

// changed takes note of the capacities of an endpoint once nothing is under way.
func (w *world) changed(e activity.Endpoint) {
	began, busy := w.busy[e.Name]
	if e.Status != activity.InService {
		if !busy {
			w.busy[e.Name] = w.now()
		}
		return
	}
	delete(w.busy, e.Name)
	if !busy {
		began = w.now()
	}
	for _, v := range e.Variants {
		key := e.Name + "/" + v.Name
		was, known := w.capacity[key]
		w.capacity[key] = v.Current
		if known && was != v.Current {
			w.changes[key] = append(w.changes[key], change{was, v.Current, began, w.now()})
		}
		for _, a := range w.accepts {
			if a.key() == key && !a.over {
				a.over, a.came = true, v.Current == a.to
			}
		}
	}
}

// evaluated checks what a worker has recorded.
func (w *world) evaluated(wk *worker) {
	w.check("B12", wk.panic == "", "worker %d panics: %s", wk.id, wk.panic)
	if wk.kind == event.Tick && wk.err == nil && wk.all {
		w.check("S16", len(wk.records) == len(wk.policy.Targets), "worker %d has %d records of %d targets", wk.id, len(wk.records), len(wk.policy.Targets))
	}
	for _, r := range wk.records {
		for _, reason := range r.Decision.NotScaledReasons {
			if strings.HasSuffix(reason.Message, "is changed first") {
				w.hit("two variants of one endpoint want changes")
			}
		}
	}
	if wk.id%8 != 0 {
		return
	}
	for _, r := range wk.records {
		text, err := json.Marshal(r)
		w.check("S22", err == nil && utf8.Valid(text) && len(text) < 64<<10, "the record of worker %d has %d bytes, %v", wk.id, len(text), err)
	}
}

// target returns the target of that name.
func target(p *policy.Policy, endpoint, variant string) (policy.Target, bool) {
	for _, t := range p.Targets {
		if t.Endpoint == endpoint && t.Variant == variant {
			return t, true
		}
	}
	return policy.Target{}, false
}
