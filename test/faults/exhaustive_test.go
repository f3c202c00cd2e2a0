package faults

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/event"
	"sagescale/internal/policy"
	"sagescale/internal/simulate"
)

// bounds are what an exhaustive run may have: every order of so many events on two
// workers at most, with so many faults wherever they can strike.
type bounds struct {
	events, copies, crashes, lost int
	fresh                         bool // nobody has seen the endpoint before
	// later is how long after the others the last event comes, while who is at work
	// stands still.
	later time.Duration
}

// option is one way to go on: a call and what becomes of it, or an event, or time.
type option struct {
	name string
	do   func()
}

// node is a state of the search and how far it has been searched.
type node struct {
	key     string
	options int
	next    int
	orders  uint64 // of what can follow
}

// search walks through all orders of what can happen, depth first. A state that was
// reached before is not searched again: what can follow is the same.
type search struct {
	bounds
	policy *policy.Policy
	path   []node
	known  map[string]uint64
	runs   int
	ends   int
	failed string
	listen bool // to the path alone, to tell it
}

// all searches everything and returns the number of orders.
func (s *search) all(t *testing.T) uint64 {
	s.known = map[string]uint64{}
	s.path = []node{{options: 1}} // the root, whose one option is the beginning
	for len(s.path) > 0 && s.failed == "" {
		s.runs++
		orders := uint64(0)
		synctest.Test(t, func(t *testing.T) { orders = s.descend(t) })
		if orders == 0 {
			s.listen = true
			synctest.Test(t, func(t *testing.T) { s.descend(t) })
			break
		}
		if len(s.path) == 1 {
			return s.path[0].orders + orders
		}
		s.back(orders)
	}
	return s.path[0].orders
}

// back adds up what the last state came to and goes on at the next option.
func (s *search) back(orders uint64) {
	for len(s.path) > 0 {
		last := &s.path[len(s.path)-1]
		last.orders += orders
		last.next++
		if last.next < last.options || len(s.path) == 1 {
			return
		}
		orders = last.orders
		s.known[last.key] = orders
		s.path = s.path[:len(s.path)-1]
	}
}

// descend runs from the beginning along the path and on from its end by first options,
// to a state that is known or to the end. It returns the number of orders from there,
// 0 when something is wrong.
func (s *search) descend(t *testing.T) uint64 {
	e := s.begin(t)
	defer e.stopWorkers()
	for depth := 1; ; depth++ {
		options := e.options()
		if depth == len(s.path) {
			key := e.key()
			if orders, ok := s.known[key]; ok {
				return orders
			}
			if len(options) == 0 {
				return s.end(e, key)
			}
			s.path = append(s.path, node{key: key, options: len(options)})
		}
		if len(options) == 0 {
			return s.end(e, "")
		}
		chosen := options[s.path[depth].next]
		e.steps = append(e.steps, chosen.name)
		chosen.do()
		e.until()
	}
}

// end checks what a run has come to.
func (s *search) end(e *exploration, key string) uint64 {
	s.ends++
	e.close()
	if e.violation != nil {
		s.failed = e.violation.Error() + "\n" + strings.Join(e.steps, "\n") + "\n" + e.String()
		return 0
	}
	s.known[key] = 1
	return 1
}

// exploration is one run of a search.
type exploration struct {
	*world
	left    bounds
	waiting []*delivery // events that have not come yet
	over    bool        // the time of the last one has come
	heard   map[int]string
	chosen  *fate
	steps   []string
}

// begin makes an endpoint of 2 instances whose load needs 5, as an evaluation has
// seen it before the load came.
func (s *search) begin(t *testing.T) *exploration {
	e := &exploration{world: newWorld(t, 0), left: s.bounds, heard: map[int]string{}}
	e.listening, e.told = s.listen, map[string]string{}
	e.script = func(*call) *fate { return e.chosen }
	e.policies = []version{{epoch(), s.policy}}
	level := 150.0
	e.loads(setting{})
	e.metrics.load = func(string, string, int) float64 { return level }
	e.setting = setting{targets: []variantOf{{"chat", "AllTraffic"}}, names: []string{"chat"}}
	e.sageMaker.Create(activity.Endpoint{
		Name: "chat", Config: "v1", CreationTime: epoch().AddDate(0, -1, 0),
		Variants: []activity.Variant{{Name: "AllTraffic", Desired: 2}},
	})
	e.capacity["chat/AllTraffic"] = 2
	e.sageMaker.Provisioning = 2 * time.Minute
	e.jumped = 20 * time.Minute
	if !s.fresh {
		e.tick()
	}
	level = 450
	for i := range s.events {
		e.waiting = append(e.waiting, e.event(i))
	}
	return e
}

// event is the how many-th event: a tick, an alarm, a tick.
func (e *exploration) event(i int) *delivery {
	d := &delivery{kind: event.Tick, raw: []byte(event.TickInput()), note: fmt.Sprintf("event %d", i)}
	if i == 1 {
		raw, err := simulate.AlarmEvent("1", "sagescale/chat/AllTraffic/InvocationsPerInstance-scale-out", "OK", "ALARM", epoch())
		if err != nil {
			panic(err)
		}
		d.kind, d.raw = event.Alarm, raw
	}
	return d
}

// tick lets one worker evaluate everything without a fault.
func (e *exploration) tick() {
	e.invoke(&delivery{kind: event.Tick, raw: []byte(event.TickInput())})
	for e.until(); len(e.flying) > 0; e.until() {
		e.answerWith(e.flying[0], fate{})
	}
}

// until lets time pass until every worker waits for an answer: some wait before they
// try again.
func (e *exploration) until() {
	for e.settle(); len(e.workers) > len(e.flying); e.settle() {
		e.pass(e.now().Add(time.Minute))
	}
}

// answerWith moves a call on to its end with a fate.
func (e *exploration) answerWith(c *call, f fate) {
	f.applyAt, f.answerAt = e.now(), e.now()
	e.chosen = &f
	e.step(c)
	e.heard[c.id] += fmt.Sprintf("|%s %s", c.op, e.telling(c, f))
	if f.killed != "" {
		delete(e.heard, c.id)
	}
}

// telling is what a worker can have learned from the answer to a call.
func (e *exploration) telling(c *call, f fate) string {
	if f.err != nil {
		return f.err.Error()
	}
	switch c.op {
	case "DescribeEndpoint":
		return e.seen()
	case "Query":
		return textOf(e.table.items["chat"]["state"]["state"])
	}
	return fmt.Sprint(c.out.err)
}

// seen is what SageMaker shows.
func (e *exploration) seen() string {
	shown, err := e.sageMaker.Describe(e.t.Context(), "chat")
	if err != nil {
		panic(err)
	}
	return shown.Status + capacities(shown)
}

// options are the ways to go on.
func (e *exploration) options() []option {
	var out []option
	for _, c := range e.flying {
		out = append(out, e.fates(c)...)
	}
	if len(e.workers) < 2 {
		for i, d := range e.waiting {
			if i+1 < len(e.waiting) || e.over || e.left.later == 0 || d.note != fmt.Sprintf("event %d", e.left.events-1) {
				out = append(out, option{d.note, func() { e.wakeBy(d) }})
			}
		}
		if e.left.copies > 0 && len(e.waiting) < e.left.events {
			out = append(out, option{"event 0 again", func() { e.left.copies--; e.invoke(e.event(0)) }})
		}
	}
	if !e.over && e.left.later > 0 && (e.left.later <= patience || !slices.ContainsFunc(e.flying, isUpdate)) {
		out = append(out, option{"time goes by", func() {
			e.over = true
			e.jumped += e.left.later
			e.sageMaker.Advance()
		}})
	}
	return out
}

// isUpdate reports whether a call is an update. One that is on its way for longer than
// a claim holds is beyond what is promised.
func isUpdate(c *call) bool { return c.op == opUpdate }

func (e *exploration) wakeBy(d *delivery) {
	e.waiting = slices.DeleteFunc(e.waiting, func(other *delivery) bool { return other == d })
	e.invoke(d)
}

// fates are what may become of a call.
func (e *exploration) fates(c *call) []option {
	say := func(what string) string { return fmt.Sprintf("worker %d: %s%s", c.id, c.op, what) }
	out := []option{{say(""), func() { e.answerWith(c, fate{}) }}}
	if e.left.crashes > 0 {
		out = append(out,
			option{say(", which it dies before"), func() { e.left.crashes--; e.answerWith(c, fate{lost: true, killed: "crash"}) }},
			option{say(", which it dies after"), func() { e.left.crashes--; e.answerWith(c, fate{killed: "crash"}) }})
	}
	if e.left.lost > 0 && (c.op == opUpdate || c.op == opPut) {
		reset := &net.OpError{Op: "read", Err: connectionReset{}}
		out = append(out,
			option{say(", the answer is lost"), func() { e.left.lost--; e.answerWith(c, fate{err: reset}) }},
			option{say(", it is lost on its way"), func() { e.left.lost--; e.answerWith(c, fate{lost: true, err: reset}) }})
	}
	return out
}

// key is the state of the world and of the workers, in which what can follow is the
// same.
func (e *exploration) key() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %v %d %v\n", e.now().Truncate(time.Second), e.seen(), e.left, len(e.accepts), e.over)
	for _, d := range e.waiting {
		b.WriteString(d.note)
	}
	for sort, i := range e.table.items["chat"] {
		if sort == "state" {
			b.WriteString(textOf(i["state"]))
		}
	}
	for _, c := range e.flying {
		fmt.Fprintf(&b, "\n%s %s", c.op, e.heard[c.id])
	}
	return b.String()
}

// close lets the faults be over and ticks go on, and checks that all of it has had one
// effect.
func (e *exploration) close() {
	for range 12 {
		e.jumped += time.Minute
		e.sageMaker.Advance()
		e.tick()
	}
	shown, err := e.sageMaker.Describe(e.t.Context(), "chat")
	if err != nil {
		panic(err)
	}
	v, _ := shown.Variant("AllTraffic")
	e.check("L1", v.Current == 5 && v.Desired == 5, "in the end there are %s", capacities(shown))
	e.check("S4", len(e.accepts) == 1, "SageMaker has taken %d updates", len(e.accepts))
	e.check("L3", e.open("chat") == nil, "an activity is left open")
	e.checkHistory()
}

// exhaustivePolicy is that of the exhaustive runs.
const exhaustivePolicy = `
version: 1
targets:
- endpoint: chat
  variant: AllTraffic
  minCapacity: 1
  maxCapacity: 20
  targetTracking:
  - metric: InvocationsPerInstance
    targetValue: 100
`

// All orders of two workers, three events, one copy, one crash and one answer that is
// lost come to one effect, whether the last event comes before the claim of a dead
// worker may be given up or after.
//
// Faults: A1 A8 B1 B2 B4 B5 B6 B7 B9 B10 C3 C4 C6
func TestExhaustive(t *testing.T) {
	all := [][]bounds{
		{{events: 2, crashes: 1, later: 3 * time.Minute}, {events: 2, fresh: true}},
		{
			{events: 2, fresh: true, crashes: 1},
			{events: 2, copies: 1, crashes: 1, lost: 1},
			{events: 3, later: 30 * time.Second},
			{events: 3, crashes: 1, later: 3 * time.Minute},
		},
		{
			{events: 3, copies: 1, crashes: 1, lost: 1, later: 30 * time.Second},
			{events: 3, copies: 1, crashes: 1, lost: 1, later: 3 * time.Minute},
		},
	}
	for _, b := range all[*depth] {
		t.Run(fmt.Sprintf("%+v", b), func(t *testing.T) {
			t.Parallel()
			s := &search{bounds: b, policy: (&world{}).parse(exhaustivePolicy)}
			orders := s.all(t)
			t.Logf("%d orders of what can happen, %d states, %d ends, %d runs", orders, len(s.known), s.ends, s.runs)
			if s.failed != "" {
				t.Error(s.failed)
			}
			if orders == 0 {
				t.Error("nothing was searched")
			}
		})
	}
}
