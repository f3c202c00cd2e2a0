package faults

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/event"
	"sagescale/internal/policy"
)

// result is what a run came to.
type result struct {
	violation *violation
	injected  []string
	hits      map[string]int
	checked   map[string]int
	requests  int
	updates   int
	virtual   time.Duration
	tale      string
}

// options are how a seed is run.
type options struct {
	listen  bool
	without map[string]bool
	// trip takes a run for one that violates something, by the faults that it had.
	trip func(injected []string) bool
}

// run runs a seed in a bubble of its own.
func run(t *testing.T, seed uint64, o options) (r result) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, seed)
		w.listening, w.told = o.listen, map[string]string{}
		if o.without != nil {
			w.without = o.without
		}
		w.play()
		if o.trip != nil && o.trip(w.injected) {
			w.violated("trip", "as asked for")
		}
		r = result{
			violation: w.violation, injected: w.injected, hits: w.hits, checked: w.checked,
			requests: w.requests, updates: w.updates, virtual: w.now().Sub(epoch()), tale: w.String(),
		}
	})
	return r
}

// play is a run: a storm, and the calm after it, in which all must become well.
func (w *world) play() {
	s := w.newSetting()
	if w.chance(0.5, "parallel") {
		w.parallel = 8
	}
	w.policies = []version{{epoch(), w.parse(w.policyText(s, 0))}}
	w.loads(s)
	w.settleIn(s)
	w.foretell(s)
	w.drawFaults()
	w.looseness = 0
	if len(w.spans["clocks differ"]) > 0 {
		w.looseness = time.Minute
		if w.chance(0.3, "loose clocks") {
			w.looseness = 10 * time.Minute
		}
	}
	w.sageMaker.Fate, w.sageMaker.Quota = w.fateOf, w.quota
	w.everyMinute(0)
	w.advance(epoch().Add(storm))
	w.stopped = true
	w.tell("the faults stop")
	w.recover()
	w.stopWorkers()
}

// advance goes on until a time, or until an invariant does not hold.
func (w *world) advance(until time.Time) {
	for w.violation == nil && w.now().Before(until) {
		w.settle()
		switch ready := w.ready(); {
		case w.violation != nil:
		case len(w.agenda) > 0 && !w.agenda[0].at.After(w.now()):
			e := w.agenda[0]
			w.agenda = w.agenda[1:]
			e.do()
		case len(w.deliveries) > 0 && !w.deliveries[0].at.After(w.now()):
			d := w.deliveries[0]
			w.deliveries = w.deliveries[1:]
			wk := w.invoke(d)
			if d.note != "tick" {
				w.tell("worker %d wakes: %s", wk.id, d.note)
			}
		case len(ready) > 0:
			w.step(slices.MinFunc(ready, func(a, b *call) int { return cmp.Compare(w.turn(a), w.turn(b)) }))
		default:
			w.pass(until)
		}
	}
}

// turn is the place of a call among those that wait.
func (w *world) turn(c *call) uint64 {
	return w.roll("turn", c.id, w.number(c.endpoint), c.n)
}

// pass lets time go by until something happens. While every worker stands still, or
// there is none, it jumps: the workers' own timers stand still too.
func (w *world) pass(until time.Time) {
	next := until
	sooner := func(t time.Time) {
		if t.Before(next) {
			next = t
		}
	}
	if len(w.agenda) > 0 {
		sooner(w.agenda[0].at)
	}
	if len(w.deliveries) > 0 {
		sooner(w.deliveries[0].at)
	}
	if at, ok := w.sageMaker.Next(); ok {
		sooner(at)
	}
	for _, c := range w.flying {
		if at, ok := c.next(); ok {
			sooner(at)
		}
	}
	d := next.Sub(w.now())
	moving := slices.ContainsFunc(w.workers, func(wk *worker) bool { return !wk.frozen.After(w.now()) })
	if !moving {
		w.jumped += d
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-w.awake:
	case <-timer.C:
	}
}

// stopWorkers ends what is still under way, so that the bubble can end.
func (w *world) stopWorkers() {
	synctest.Wait()
	for _, wk := range w.workers {
		wk.kill("the run is over")
	}
	synctest.Wait()
}

// recover lets time go by without faults until all is well, and then for a day, in
// which nothing may move.
func (w *world) recover() {
	deadline := w.now().Add(calm)
	quiet := 0
	for w.violation == nil && quiet < 30 {
		updates := w.updates
		w.advance(w.now().Add(time.Minute))
		quiet++
		if w.updates != updates || w.unwell() != "" {
			quiet = 0
		}
		if w.now().After(deadline) {
			w.check("L1", false, "%s after the faults stopped: %s", calm, w.unwell())
			return
		}
	}
	if w.violation != nil {
		return
	}
	w.checked["L1"]++
	w.checkHistory()
	updates := w.updates
	w.agenda = nil
	for hour := range 24 {
		for _, t := range w.setting.targets {
			key := t.endpoint + "/" + t.variant
			for len(w.metrics.served[key]) < minuteOf(w.now())+61 {
				w.metrics.served[key] = append(w.metrics.served[key], w.capacity[key])
			}
		}
		w.deliver(&delivery{at: w.now().Add(time.Hour - time.Minute), kind: event.Tick, raw: []byte(event.TickInput()), note: fmt.Sprint("hour ", hour), all: true})
		w.advance(w.now().Add(time.Hour))
	}
	foretold := slices.ContainsFunc(w.policyNow().Targets, func(t policy.Target) bool { return t.Predictive.Mode.Forecasts() })
	w.check("L1", w.updates == updates || foretold, "%d updates within the day after all was well", w.updates-updates)
}

// unwell says what is not as it should be once all is well.
func (w *world) unwell() string {
	var out []string
	for _, t := range w.setting.targets {
		spec, ok := target(w.policyNow(), t.endpoint, t.variant)
		if !ok || spec.DryRun {
			continue
		}
		e, err := w.describe(t.endpoint)
		if err != nil || e.EndpointStatus != "InService" {
			out = append(out, t.endpoint+" is not in service")
			continue
		}
		n := w.capacity[t.endpoint+"/"+t.variant]
		if why := w.wrong(t, spec, n); why != "" {
			out = append(out, why)
		}
		for _, v := range e.ProductionVariants {
			if *v.CurrentInstanceCount != *v.DesiredInstanceCount && w.now().Before(e.LastModifiedTime.Add(activity.LongestUnderWay)) {
				out = append(out, t.endpoint+" has other instances than were asked for")
			}
		}
		if o := w.open(t.endpoint); o != nil {
			out = append(out, fmt.Sprintf("%s has an open activity since %s", t.endpoint, o.StartTime.Format("15:04:05")))
		}
	}
	return strings.Join(out, "; ")
}

// wrong says why a capacity does not fit a constant load, or is empty.
func (w *world) wrong(t variantOf, spec policy.Target, n int) string {
	if spec.Predictive.Mode.Forecasts() && n >= spec.Limits.Min && n <= spec.Limits.Max {
		return "" // its forecast may say anything
	}
	load := w.metrics.load(t.endpoint, t.variant, minuteOf(w.now()))
	per := spec.TargetTracking[0].TargetValue
	need := int((load + per - 1) / per)
	ideal := min(max(need, spec.Limits.Min), spec.Limits.Max)
	inBand := float64(n)*per >= load && float64(n)*per*0.9 <= load
	if len(spec.TargetTracking) > 1 {
		inBand = inBand || n >= ideal && float64(n) <= float64(ideal)/0.85+1
	}
	if n == ideal || inBand && n >= spec.Limits.Min && n <= spec.Limits.Max {
		return ""
	}
	return fmt.Sprintf("%s/%s has %d instances for a load of %v, which needs %d", t.endpoint, t.variant, n, load, ideal)
}

// checkHistory compares what the table tells of the past with what has happened.
func (w *world) checkHistory() {
	for _, name := range w.setting.names {
		if _, ok := w.tampered[name]; ok || w.looseness > time.Minute {
			continue
		}
		archived := w.table.archived(name)
		for _, u := range w.accepts {
			if u.endpoint != name || u.intent == nil {
				continue
			}
			a, ok := archived[u.intent.ID]
			w.check("S21", ok && !a.Open(), "the update of %s to %d by intent %s is not in the history: %+v", u.key(), u.to, u.intent.ID, a)
			wrong := u.came && a.Status == activity.Failed || u.over && !u.came && a.Status == activity.Successful
			w.check("S21", u.disturbed || w.disturbed[name] || !wrong, "the update of %s to %d came: %v; the history says %+v", u.key(), u.to, u.came, a)
		}
		for _, a := range archived {
			caused := slices.ContainsFunc(w.accepts, func(u *update) bool { return u.intent != nil && u.intent.ID == a.ID })
			// What a person has asked for instead cannot be told from it.
			explained := caused || w.disturbed[name]
			w.check("S21", a.ByOthers || a.Status != activity.Successful || explained, "the history has %s, which never happened", a.ID)
		}
	}
}
