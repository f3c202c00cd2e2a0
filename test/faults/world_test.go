package faults

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"sagescale/internal/activity"
	"sagescale/internal/event"
	"sagescale/internal/policy"
	"sagescale/internal/simulate"
)

// epoch is when every run begins, in virtual time.
func epoch() time.Time { return time.Unix(1795392000, 0).UTC() } // 2026-11-23, quicker than time.Date

// world is an AWS account, the events on their way in it, and the workers of
// sagescale. But for what the workers post and count, only the scheduler touches it,
// while every worker waits.
type world struct {
	dice
	t        *testing.T
	began    time.Time     // of the bubble
	jumped   time.Duration // by how much virtual time is ahead of the bubble's
	retryer  *retry.Standard
	parallel int

	policies   []version // by when they are deployed
	callFaults []string  // that this run may have
	agenda     []entry
	script     func(*call) *fate // in the place of dice, if any
	// slow returns how long a call takes until it takes effect, and until it is answered.
	slow      func(*call) (applies, answers time.Duration)
	limit     int  // of all instances together, 0 for none
	deaf      bool // no alarm and no state change is delivered
	sageMaker *simulate.SageMaker
	metrics   metrics
	table     *table

	workers     []*worker // that are not over
	flying      []*call
	deliveries  []*delivery
	last        *worker // that was done
	invocations int
	events      int

	setting setting
	faults
	checks
	tale

	mu     sync.Mutex
	posted []*call
	sent   map[turn]int
	awake  chan struct{}
}

// version is a policy and from when on it is deployed.
type version struct {
	from   time.Time
	policy *policy.Policy
}

// turn names the calls of one worker to one endpoint, which come one after the other.
type turn struct {
	worker   int
	endpoint string
}

// entry is something that happens at a time by itself.
type entry struct {
	at time.Time
	do func()
}

// plan puts something on the agenda.
func (w *world) plan(at time.Time, do func()) {
	w.agenda = append(w.agenda, entry{at, do})
	slices.SortStableFunc(w.agenda, func(a, b entry) int { return a.at.Compare(b.at) })
}

// delivery is an event on its way.
type delivery struct {
	at   time.Time
	n    int
	kind event.Kind
	raw  []byte
	note string
	all  bool // it wakes all targets
	// tries is how often Lambda has tried, where it tries again.
	tries int
}

// newWorld returns a world with nothing in it. It must be made in a bubble.
func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		dice: dice(seed), t: t, began: time.Now(), retryer: retry.NewStandard(), parallel: 1,
		table: newTable(), faults: newFaults(), checks: newChecks(),
		sent: map[turn]int{}, awake: make(chan struct{}, 1),
	}
	w.metrics.world = w
	w.sageMaker = &simulate.SageMaker{
		Now: w.now, Provisioning: 6 * time.Minute, ScaleIn: 2 * time.Minute,
	}
	w.sageMaker.Changed = w.endpointChanged
	return w
}

// now is virtual time.
func (w *world) now() time.Time { return epoch().Add(time.Since(w.began) + w.jumped) }

// policyNow is the policy that is deployed.
func (w *world) policyNow() *policy.Policy {
	var p *policy.Policy
	for _, v := range w.policies {
		if !v.from.After(w.now()) {
			p = v.policy
		}
	}
	return p
}

// post takes a call from a worker.
func (w *world) post(c *call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := turn{c.id, c.endpoint}
	w.sent[key]++
	c.n = w.sent[key]
	c.made++
	w.posted = append(w.posted, c)
	w.signal()
}

// wake tells the scheduler that a worker is over.
func (w *world) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.signal()
}

func (w *world) signal() {
	select {
	case w.awake <- struct{}{}:
	default:
	}
}

// settle lets every worker run until it waits, takes in what they have sent, and
// ends what is over.
func (w *world) settle() {
	synctest.Wait()
	w.mu.Lock()
	slices.SortFunc(w.posted, func(a, b *call) int {
		return cmp.Or(cmp.Compare(a.id, b.id), strings.Compare(a.endpoint, b.endpoint), cmp.Compare(a.n, b.n))
	})
	taken := w.posted
	w.posted = nil
	w.mu.Unlock()
	for _, c := range taken {
		w.sending(c)
		w.flying = append(w.flying, c)
	}
	w.sageMaker.Advance()
	for _, wk := range w.workers {
		if !wk.done && !time.Now().Before(wk.due) {
			w.violated("B14", "worker %d still works when Lambda ends it", wk.id)
		}
	}
	w.workers = slices.DeleteFunc(w.workers, func(wk *worker) bool {
		if wk.done && !wk.dead {
			w.finished(wk)
		}
		return wk.done || wk.dead
	})
}

// ready returns the calls that are at a point where something happens to them now.
func (w *world) ready() []*call {
	var out []*call
	for _, c := range w.flying {
		if at, ok := c.next(); ok && !at.After(w.now()) {
			out = append(out, c)
		}
	}
	return out
}

// next returns when something happens to a call next.
func (c *call) next() (time.Time, bool) {
	var at time.Time
	switch f := c.fate; {
	case f == nil:
		at = c.now()
	case !f.lost && !c.applied:
		at = f.applyAt
	case !f.silent:
		at = f.answerAt
	default:
		return time.Time{}, false
	}
	if f := c.frozen; f.After(at) && (c.fate == nil || c.fate.lost || c.applied) {
		at = f // a worker that stands still neither sends nor hears
	}
	return at, true
}

// step moves one call on: its fate is decided, then it takes effect, then it is
// answered.
func (w *world) step(c *call) {
	f := c.fate
	switch {
	case f == nil:
		w.arrive(c)
		c.fate = w.draw(c)
		w.move(c)
		return
	case !f.lost && !c.applied:
		w.apply(c)
		w.move(c)
		return
	}
	w.answer(c)
}

// move goes on with a call as long as something happens to it now, in one go: only
// what takes time lets others in between.
func (w *world) move(c *call) {
	if c.fate.killed != "" && (c.fate.lost || c.applied) || c.fate.killed != "" && c.fate.applyAt.After(w.now()) {
		c.kill(c.fate.killed)
		c.fate.killed = ""
		c.fate.silent = true
	}
	if at, ok := c.next(); !ok {
		w.forget(c)
	} else if !at.After(w.now()) {
		w.step(c)
	}
}

func (w *world) apply(c *call) {
	c.applied = true
	c.out.value, c.out.err = c.effect()
	if c.fate.twice && c.out.err == nil {
		c.out.err = inProgress(c.endpoint)
	}
	if c.dead {
		c.tell("the %s of worker %d takes effect after its death", c.op, c.id)
	}
}

func (w *world) answer(c *call) {
	if c.fate.err != nil {
		c.out = reply{err: c.fate.err}
	}
	c.reply <- c.out
	w.forget(c)
}

func (w *world) forget(c *call) {
	w.flying = slices.DeleteFunc(w.flying, func(other *call) bool { return other == c })
}

// deliver puts an event on its way.
func (w *world) deliver(d *delivery) {
	w.events++
	d.n = w.events
	w.deliveries = append(w.deliveries, d)
	slices.SortStableFunc(w.deliveries, func(a, b *delivery) int { return a.at.Compare(b.at) })
}

// eventID numbers events, in the form of their ids on AWS.
func (w *world) eventID() string {
	w.events++
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", w.events)
}

// finished takes the answer of a worker. After an error Lambda tries once more, in a
// minute.
func (w *world) finished(wk *worker) {
	w.last = wk
	w.tellRecords(wk)
	w.evaluated(wk)
	if wk.err != nil && wk.event.tries == 0 && w.script == nil {
		w.hit("retry by Lambda")
		again := *wk.event
		again.at, again.tries = w.now().Add(time.Minute), 1
		w.deliver(&again)
	}
}

// tellRecords tells what a worker has found and done, unless it is what the last one
// found.
func (w *world) tellRecords(wk *worker) {
	if !w.listening {
		return
	}
	for _, r := range wk.records {
		key, d := r.Endpoint+"/"+r.Variant, r.Decision
		line := fmt.Sprintf("%s: %d in service, %d asked for", key, r.Observation.CurrentCapacity, r.Observation.DesiredCapacity)
		for _, reason := range d.NotScaledReasons {
			line += fmt.Sprintf("; %s: %.100s", reason.Code, reason.Message)
		}
		if a := r.Activity; a != nil {
			line += fmt.Sprintf("; begins %d to %d", a.From, a.To)
		}
		if a := r.Settled; a != nil {
			line += fmt.Sprintf("; settled %s: %s", a.Status, a.StatusMessage)
		}
		if r.Error != "" {
			line += fmt.Sprintf("; error: %.160s", r.Error)
		}
		if w.told[key] != line {
			w.told[key] = line
			w.tell("worker %d (%s) %s", wk.id, wk.kind, line)
		}
	}
}

// open returns the open activity that the table holds for an endpoint.
func (w *world) open(endpoint string) *activity.Activity {
	s, ok := w.table.state(endpoint)
	if !ok {
		return nil
	}
	return s.Open
}
