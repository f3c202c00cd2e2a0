package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sagescale/internal/activity"
	"sagescale/internal/event"
	"sagescale/internal/policy"
	"sagescale/internal/simulate"
)

// drawFaults plans the faults of a run: which kinds it may have at all, and when the long
// ones are. A run that may have everything would never get past the first.
func (w *world) drawFaults() {
	for i, k := range kinds() {
		if k.family == others || !w.chance(0.35, "may "+k.name) {
			continue
		}
		w.may[k.name] = k
		switch k.family {
		case calls:
			w.callFaults = append(w.callFaults, k.name)
		case episodes, moments:
			for n := range 2 {
				if !w.chance(k.rate/float64(n+1), "happens "+k.name, n) {
					continue
				}
				from := epoch().Add(w.span(5*time.Minute, storm-10*time.Minute, "from", i, n))
				if w.inject(fmt.Sprintf("%s at %s", k.name, from.Format("15:04:05")), k.name) {
					w.happen(k, from, i, n)
				}
			}
		}
	}
}

// happen plans an episode or a moment.
func (w *world) happen(k kind, from time.Time, i, n int) {
	if k.family == moments {
		w.plan(from, func() {
			w.tell("%s", k.name)
			w.moment(k.name, i*10+n)
		})
		return
	}
	long := w.span(time.Minute, 30*time.Minute, "long", i, n)
	if w.chance(0.15, "very long", i, n) {
		long *= 5
	}
	until := from.Add(long)
	if end := epoch().Add(storm); until.After(end) {
		until = end
	}
	w.spans[k.name] = append(w.spans[k.name], episode{from: from, until: until})
	w.plan(from, func() {
		w.tell("from now until %s: %s", until.Format("15:04:05"), k.name)
		w.begin(k.name, from, until, i*10+n)
	})
	w.plan(until, func() { w.tell("no longer: %s", k.name); w.end(k.name) })
}

// begin does what the beginning of an episode takes.
func (w *world) begin(name string, from, until time.Time, id int) {
	switch name {
	case "paused":
		for _, t := range w.setting.targets {
			w.pause(t, until)
		}
	case "newer schema":
		for _, name := range w.setting.names {
			if i, ok := w.table.items[name]["state"]; ok {
				i["schema"] = &types.AttributeValueMemberN{Value: "2"}
				w.tampered[name] = until
			}
		}
	}
}

// end does what the end of an episode takes.
func (w *world) end(name string) {
	if name != "newer schema" {
		return
	}
	for _, name := range w.setting.names {
		if i, ok := w.table.items[name]["state"]; ok {
			i["schema"] = &types.AttributeValueMemberN{Value: "1"}
			w.tampered[name] = w.now()
		}
	}
}

// pause puts an operator's override into the table.
func (w *world) pause(t variantOf, until time.Time) {
	key := t.endpoint + "/" + t.variant
	for i, p := range w.pauses[key] {
		w.pauses[key][i].until = minTime(p.until, w.now())
	}
	w.pauses[key] = append(w.pauses[key], episode{w.now(), until})
	body, err := json.Marshal(policy.Override{Pause: policy.Both, Until: until, By: "anna", Reason: "incident"})
	if err != nil {
		panic(err)
	}
	w.table.set(t.endpoint, "override#"+t.variant, item{
		"pk": text(t.endpoint), "sk": text("override#" + t.variant), "override": text(string(body)),
		"schema": &types.AttributeValueMemberN{Value: "1"},
	}, w.now())
}

// moment lets something happen once, to one of the endpoints.
func (w *world) moment(name string, id int) {
	endpoint := w.setting.names[w.pick(len(w.setting.names), "which endpoint", id)]
	e, err := w.sageMaker.Describe(context.Background(), endpoint)
	if err != nil && name != "policy deployed" {
		return // it is gone for now
	}
	w.disturbed[endpoint] = w.disturbed[endpoint] || name != "policy deployed"
	switch name {
	case "deployed", "deployed, count reset", "system update", "rollback of a deployment fails":
		w.occupy(name, endpoint, id)
	case "set by hand", "set by hand, outside the limits":
		w.setByHand(e, name != "set by hand", id)
	case "deleted and made anew":
		w.remake(e)
	case "policy deployed":
		w.policies = append(w.policies, version{w.now(), w.parse(w.policyText(w.setting, id))})
	default:
		w.tamper(name, endpoint, id)
	}
}

// occupy lets somebody else be at work on an endpoint.
func (w *world) occupy(name, endpoint string, id int) {
	long := w.span(3*time.Minute, 12*time.Minute, "occupied", id)
	status, end := "Updating", func(e *activity.Endpoint) { e.Config = fmt.Sprintf("v%d", id+2) }
	switch name {
	case "deployed, count reset":
		end = func(e *activity.Endpoint) {
			e.Config = fmt.Sprintf("v%d", id+2)
			for i := range e.Variants {
				e.Variants[i].Current, e.Variants[i].Desired = 1, 1
			}
		}
	case "system update":
		status, end = "SystemUpdating", func(*activity.Endpoint) {}
	case "rollback of a deployment fails":
		end = func(e *activity.Endpoint) { e.Status = "UpdateRollbackFailed" }
		w.plan(w.now().Add(long+10*time.Minute), func() { w.repair(endpoint) })
	}
	if !w.sageMaker.Occupy(endpoint, status, long, end) {
		w.tell("%s is busy: it does not happen", endpoint)
	}
}

// repair brings an endpoint that is beyond an update back into service.
func (w *world) repair(endpoint string) {
	e, err := w.sageMaker.Describe(context.Background(), endpoint)
	if err == nil && e.Status == "UpdateRollbackFailed" {
		e.Modified, e.Status = w.now(), activity.InService
		for i := range e.Variants {
			e.Variants[i].Desired = e.Variants[i].Current
		}
		w.sageMaker.Create(e)
		w.tell("endpoint %s is repaired", endpoint)
		w.changed(e)
	}
}

// setByHand lets a person change a variant's capacity.
func (w *world) setByHand(e activity.Endpoint, outside bool, id int) {
	v := e.Variants[w.pick(len(e.Variants), "which variant", id)]
	t, ok := target(w.policyNow(), e.Name, v.Name)
	if !ok {
		return
	}
	n := t.Limits.Min + w.pick(t.Limits.Max-t.Limits.Min+1, "by hand", id)
	if outside {
		n = t.Limits.Max + 1 + w.pick(3, "by hand", id)
	}
	if err := w.sageMaker.SetCapacity(context.Background(), e.Name, v.Name, n); err != nil {
		w.tell("%v: it does not happen", err)
		return
	}
	for _, a := range w.accepts {
		if a.endpoint == e.Name {
			a.over, a.disturbed = true, true
		}
	}
}

// remake deletes an endpoint and makes it anew under its name after a while.
func (w *world) remake(e activity.Endpoint) {
	w.sageMaker.Delete(e.Name)
	w.plan(w.now().Add(10*time.Minute), func() {
		e.CreationTime, e.Modified, e.Config = w.now(), w.now(), "again"
		for i := range e.Variants {
			e.Variants[i].Desired = 2
		}
		w.sageMaker.Create(e)
		w.tell("endpoint %s is there again", e.Name)
		for _, v := range e.Variants {
			key := e.Name + "/" + v.Name
			w.capacity[key], w.changes[key] = v.Desired, nil
		}
		for _, a := range w.accepts {
			a.over = a.over || a.endpoint == e.Name
		}
	})
}

// tamper does something to the memory of an endpoint.
func (w *world) tamper(name, endpoint string, id int) {
	items := w.table.items[endpoint]
	stored, ok := items["state"]
	if !ok {
		return
	}
	w.tampered[endpoint] = w.now()
	switch name {
	case "state lost":
		delete(items, "state")
	case "table restored from a backup":
		past := w.table.past[endpoint]
		items["state"] = past[w.pick(len(past), "backup", id)].item
		if _, busy := w.busy[endpoint]; busy || w.open(endpoint) != nil {
			w.misled[endpoint] = w.now()
		}
	case "state edited by hand":
		s, _ := w.table.state(endpoint)
		s.Recent, s.Backoffs = nil, nil
		body, err := json.Marshal(s)
		if err != nil {
			panic(err)
		}
		stored["state"] = text(string(body))
		if s.Open != nil {
			w.misled[endpoint] = w.now() // it accounts for the modifications that the others have made
		}
	case "state damaged":
		w.damage(stored, id)
	}
}

// damage spoils an item in one of the ways in which it can be.
func (w *world) damage(stored item, id int) {
	s := textOf(stored["state"])
	switch w.pick(7, "damage", id) {
	case 0:
		stored["state"] = text(s[:len(s)/2])
	case 1:
		stored["state"] = &types.AttributeValueMemberN{Value: "7"}
	case 2:
		delete(stored, "state")
	case 3:
		stored["version"] = text("seven")
	case 4:
		delete(stored, "version")
	case 5:
		stored["state"] = text(`{"endpoint":"` + textOf(stored["pk"]) + `","open":{"status":"Lost","variant":"x","fromCapacity":-3,"toCapacity":1000000000000}}`)
	case 6:
		stored["state"] = text(`{"endpoint":"somebody else's"}`)
	}
}

// everyMinute sends the tick and the alarms of a minute, and plans the next.
func (w *world) everyMinute(minute int) {
	w.plan(at(minute), func() {
		for _, t := range w.setting.targets {
			key := t.endpoint + "/" + t.variant
			n := w.capacity[key]
			if e, err := w.sageMaker.Describe(context.Background(), t.endpoint); err == nil {
				v, _ := e.Variant(t.variant)
				n = v.Current
			}
			w.metrics.served[key] = append(w.metrics.served[key], n)
		}
		w.sendTick(minute)
		w.sendAlarms(minute)
		w.everyMinute(minute + 1)
	})
}

func (w *world) sendTick(minute int) {
	d := &delivery{
		at: w.now().Add(w.span(0, 5*time.Second, "tick", minute)), kind: event.Tick, raw: []byte(event.TickInput()),
		note: "tick", all: true,
	}
	if w.on("ticks missing") {
		return
	}
	if held := w.held(); !held.IsZero() {
		w.hit("ticks held back, then all at once")
		d.at = held
	}
	w.send(d, minute)
	if w.strikes("invoked by hand", "tick", minute) {
		w.send(&delivery{at: d.at.Add(time.Second), kind: event.Tick, raw: []byte("{}"), note: "invocation by hand", all: true}, -minute)
	}
}

// held returns until when ticks are held back, if they are.
func (w *world) held() time.Time {
	for _, e := range w.spans["ticks held back, then all at once"] {
		if w.during("ticks held back, then all at once", w.now()) && w.now().Before(e.until) {
			return e.until
		}
	}
	return time.Time{}
}

// sendAlarms sends the event of every target whose load has gone above its target.
func (w *world) sendAlarms(minute int) {
	for i, t := range w.setting.targets {
		spec, ok := target(w.policyNow(), t.endpoint, t.variant)
		if !ok {
			continue
		}
		high := func(m int) bool {
			return m >= 0 && w.metrics.load(t.endpoint, t.variant, m) > spec.TargetTracking[0].TargetValue*float64(w.metrics.serving(t.endpoint, t.variant, m))
		}
		name := fmt.Sprintf("sagescale/%s/%s/InvocationsPerInstance-scale-out", t.endpoint, t.variant)
		stranger := w.strikes("alarm set by a stranger", "tick", i, minute)
		if !stranger && (!high(minute-2) || high(minute-3)) {
			continue
		}
		state := "ALARM"
		if stranger {
			state = []string{"ALARM", "OK", "INSUFFICIENT_DATA"}[w.pick(3, "state", i, minute)]
		}
		raw, err := simulate.AlarmEvent(w.eventID(), name, state, state, w.now())
		if err != nil {
			panic(err)
		}
		w.send(&delivery{at: w.now().Add(w.span(0, 20*time.Second, "alarm", i, minute)), kind: event.Alarm, raw: raw, note: "alarm of " + name}, minute*10+i)
	}
}

func (w *world) sendEndpointEvent(e activity.Endpoint) {
	if w.script != nil {
		return
	}
	id := w.eventID()
	raw, err := simulate.EndpointEvent(id, e, w.now())
	if err != nil {
		panic(err)
	}
	n := w.events
	w.send(&delivery{at: w.now().Add(w.span(0, 10*time.Second, "state change", n)), kind: event.EndpointState, raw: raw, note: e.Name + " is " + e.Status}, n)
}

// send sends an event, with what may befall it on its way.
func (w *world) send(d *delivery, id int) {
	switch {
	case w.deaf && d.kind != event.Tick:
		return
	case w.strikes("event lost", d.note, int(d.at.Unix()), id):
		w.tell("lost: %s", d.note)
		return
	case w.strikes("event late", d.note, int(d.at.Unix()), id):
		d.at = d.at.Add(w.span(time.Minute, 20*time.Minute, "late", id))
		w.tell("late, at %s: %s", d.at.Format("15:04:05"), d.note)
	}
	w.deliver(d)
	if w.strikes("event twice", d.note, int(d.at.Unix()), id) {
		again := *d
		again.at = d.at.Add(w.span(0, 90*time.Second, "again", id))
		w.deliver(&again)
	}
	if w.strikes("forged event", d.note, int(d.at.Unix()), id) {
		forged := *d
		forged.raw, forged.kind, forged.note, forged.all = w.forged(id), event.Alarm, "forged event", false
		w.deliver(&forged)
	}
	if w.strikes("malformed event", d.note, int(d.at.Unix()), id) {
		broken := *d
		broken.raw, broken.note, broken.all = append([]byte(`{"a":`), d.raw[:len(d.raw)/2]...), "malformed event", false
		w.deliver(&broken)
	}
}

// forged is an alarm of another account, or of an alarm that is none of ours.
func (w *world) forged(id int) []byte {
	name := "sagescale/chat/AllTraffic/x"
	if w.chance(0.5, "forged", id) {
		name = "other/chat/AllTraffic/x"
	}
	raw, err := simulate.AlarmEvent(w.eventID(), name, "OK", "ALARM", w.now())
	if err != nil {
		panic(err)
	}
	var envelope map[string]any
	if err := json.Unmarshal(raw, &envelope); err != nil {
		panic(err)
	}
	if name[0] == 's' {
		envelope["account"] = "999999999999"
	}
	raw, err = json.Marshal(envelope)
	if err != nil {
		panic(err)
	}
	return raw
}

// fateOf returns how an update of an endpoint ends.
func (w *world) fateOf(endpoint, variant string, from, to int) simulate.Fate {
	id := []int{w.number(endpoint), len(w.accepts)}
	if w.chance(0.5, "shown late", id...) && w.during("status shown late", w.now()) {
		e, err := w.sageMaker.Describe(context.Background(), endpoint)
		if err == nil {
			w.before[endpoint] = shownBefore{e, w.now(), w.span(time.Second, 50*time.Second, "delay", id...)}
		}
	}
	if to <= from {
		return simulate.Fate{}
	}
	switch keeps := w.chance(0.5, "keeps desired", id...); {
	case w.on("no capacity to be had"):
		return simulate.Fate{Fails: true, Came: from, KeepsDesired: keeps}
	case to-from > 1 && w.on("capacity in part"):
		return simulate.Fate{Fails: true, Came: from + 1 + w.pick(to-from-1, "came", id...), KeepsDesired: keeps}
	case w.on("instances take half an hour"):
		return simulate.Fate{Takes: 34 * time.Minute}
	}
	return simulate.Fate{Takes: w.span(2*time.Minute, 9*time.Minute, "provisioning", id...)}
}

// quota is how many instances an endpoint may have.
func (w *world) quota(time.Time) int {
	if w.on("quota") {
		return 5
	}
	return math.MaxInt32
}

// skewOf is by how much a worker's clock is wrong, and by how much it jumps back.
func (w *world) skewOf(wk *worker) (skew, jump time.Duration) {
	if !w.on("clocks differ") {
		return 0, 0
	}
	if w.chance(0.3, "clock jumps", wk.id) {
		w.hit("a clock jumps back")
		jump = -w.span(0, w.looseness/2, "jump", wk.id)
	}
	return w.span(-w.looseness/2, w.looseness/2, "skew", wk.id) - jump/2, jump
}

// hostile is a text that means harm to whoever shows it.
func (w *world) hostile() string {
	return "\x1b[2J\u202e<script>alert(1)</script>\n=HYPERLINK(\"x\")" + fmt.Sprintf("%0*d", 100_000, 0)
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
