package faults

import (
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"sagescale/internal/event"
	"sagescale/internal/policy"
	"sagescale/internal/simulate"
)

// blow is something that happens to one call of one invocation.
type blow struct {
	invocation, call int
	name             string
	fate             fate
}

// blows are what may happen to a call: the worker dies before or after, or goes on
// without the answer.
func blows() []blow {
	reset := &net.OpError{Op: "read", Err: connectionReset{}}
	return []blow{
		{name: "dies before it", fate: fate{lost: true, killed: "crash"}},
		{name: "dies after it", fate: fate{killed: "crash"}},
		{name: "it is refused", fate: fate{lost: true, err: unavailable()}},
		{name: "it is done, the answer is an error", fate: fate{err: unavailable()}},
		{name: "it is lost", fate: fate{lost: true, err: reset}},
		{name: "it is done, the answer is lost", fate: fate{err: reset}},
		{name: "it panics", fate: fate{lost: true, err: panicked{}}},
		{name: "it is done, and panics", fate: fate{err: panicked{}}},
	}
}

// A worker may die, or be without an answer, at any call of an evaluation that acts, of
// the settling after it and of the evaluation that settles itself: the ticks after it
// bring it to one effect.
//
// Faults: B4 B5 B6 B7 B9 B11 B12 C3 C4 C6
func TestCrashPoints(t *testing.T) {
	p := (&world{}).parse(exhaustivePolicy)
	struck := 0
	for invocation := range 3 {
		for call := 1; ; call++ {
			reached := false
			for _, b := range blows() {
				b.invocation, b.call = invocation, call
				synctest.Test(t, func(t *testing.T) { reached = strike(t, p, b) })
				if !reached {
					break
				}
				struck++
			}
			if !reached {
				if call < 3 {
					t.Errorf("invocation %d made %d calls", invocation, call-1)
				}
				break
			}
		}
	}
	t.Logf("%d crash points", struck)
}

// strike lets a blow fall on a story of three invocations: a tick, the event of the
// endpoint that is in service again, a tick. It reports whether it fell.
func strike(t *testing.T, p *policy.Policy, b blow) (fell bool) {
	s := &search{bounds: bounds{events: 1}, policy: p, listen: true}
	e := s.begin(t)
	defer e.stopWorkers()
	for invocation := range 3 {
		e.invoke(e.storyEvent(invocation))
		e.until()
		for call := 1; len(e.flying) > 0; call++ {
			f := fate{}
			if invocation == b.invocation && call == b.call {
				f, fell = b.fate, true
			}
			e.answerWith(e.flying[0], f)
			e.until()
		}
		e.jumped += 3 * time.Minute
		e.sageMaker.Advance()
	}
	e.close()
	if e.violation != nil {
		t.Errorf("invocation %d, call %d, %s: %v\n%s", b.invocation, b.call, b.name, e.violation, e)
	}
	return fell
}

// storyEvent is the event of the how many-th invocation of the story.
func (e *exploration) storyEvent(invocation int) *delivery {
	if invocation != 1 {
		return &delivery{kind: event.Tick, raw: []byte(event.TickInput())}
	}
	shown, err := e.sageMaker.Describe(e.t.Context(), "chat")
	if err != nil {
		panic(err)
	}
	raw, err := simulate.EndpointEvent("1", shown, e.now())
	if err != nil {
		panic(err)
	}
	return &delivery{kind: event.EndpointState, raw: raw, note: fmt.Sprint("state change ", invocation)}
}
