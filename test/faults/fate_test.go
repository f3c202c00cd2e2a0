package faults

import (
	"net"
	"time"
)

// patience is how long a request that nobody waits for any more may still be on its
// way.
const patience = 30 * time.Second

// sending takes note of a call that is being sent.
func (w *world) sending(c *call) {
	if c.op == opUpdate {
		w.sendingUpdate(c)
	}
	concurrent := 0
	for _, wk := range w.workers {
		if !wk.done && !wk.dead {
			concurrent++
		}
	}
	if concurrent > 1 {
		w.hit("two workers at once")
	}
}

// arrive takes note of a call that goes on to its service.
func (w *world) arrive(c *call) {
	if c.op == opUpdate || c.op == opPut {
		c.tell("worker %d: %s %s", c.id, c.op, c.endpoint)
	}
	w.requests++
}

// draw decides what becomes of a call.
func (w *world) draw(c *call) *fate {
	if w.script != nil {
		return w.script(c)
	}
	now := w.now()
	f := &fate{applyAt: now, answerAt: now}
	if err := w.outage(c); err != nil {
		f.lost, f.err = true, err
		return f
	}
	id := []int{c.id, w.number(c.endpoint), c.n}
	if w.slow != nil {
		applies, answers := w.slow(c)
		f.applyAt, f.answerAt = now.Add(applies), now.Add(max(answers, 10*time.Millisecond))
		return f
	}
	for _, name := range w.callFaults {
		if w.strikes(name, c.op, id...) {
			w.tell("worker %d, %s %s: %s", c.id, c.op, c.endpoint, name)
			w.befall(c, f, name, id)
			return f
		}
	}
	latency := w.span(5*time.Millisecond, 80*time.Millisecond, "latency", id...)
	f.answerAt = now.Add(latency)
	return f
}

// outage is the answer of a service that is out.
func (w *world) outage(c *call) error {
	isStore := c.op == "Query" || c.op == opPut
	switch {
	case isStore && w.on("store down"):
		return &net.DNSError{Err: "no such host", Name: "dynamodb", IsNotFound: true}
	case isStore && w.during("store throttles", w.now()) && w.chance(0.6, "store throttles", c.id, w.number(c.endpoint), c.n):
		w.hit("store throttles")
		return refusal("ProvisionedThroughputExceededException", "slow down")
	}
	return nil
}

// befall makes a fault the fate of a call.
func (w *world) befall(c *call, f *fate, name string, id []int) {
	now := w.now()
	reset := &net.OpError{Op: "read", Err: connectionReset{}}
	switch name {
	case "throttled":
		f.lost, f.err = true, refusal("ThrottlingException", "Rate exceeded")
	case "server error":
		f.lost, f.err = true, unavailable()
	case "server error after it was done":
		f.err = unavailable()
	case "connection lost before it arrived":
		f.lost, f.err = true, reset
	case "connection lost after it was done", "update applied, answer lost":
		f.err = reset
	case "no answer, never arrived":
		f.lost, f.silent = true, true
	case "no answer, though done":
		f.silent = true
	case "slow":
		f.applyAt = now.Add(w.span(0, 4*time.Second, "slow", id...))
		f.answerAt = f.applyAt.Add(w.span(0, 5*time.Second, "slower", id...))
	case "very slow":
		f.applyAt = now.Add(w.span(0, patience, "slow", id...))
		f.answerAt = f.applyAt.Add(w.span(0, patience, "slower", id...))
	case "crash before the call":
		f.lost, f.killed = true, name
	case "crash after the call", "crash after the claim":
		f.killed = name
	case "crash, and the request lands later":
		f.killed, f.applyAt = name, now.Add(w.span(time.Second, patience, "later", id...))
	case "frozen":
		c.frozen = now.Add(w.span(time.Minute, 10*time.Minute, "frozen", id...))
	case "update comes twice":
		f.twice = true
	case "panic":
		f.err = panicked{}
	}
}

type connectionReset struct{}

func (connectionReset) Error() string { return "connection reset by peer" }

// panicked makes the client panic.
type panicked struct{}

func (panicked) Error() string { return "a bug that panics" }
