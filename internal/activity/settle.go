package activity

import (
	"fmt"
	"time"
)

// ClaimTTL is how long the outcome of a claim may stay unseen: for so long the
// worker that wrote it may still send the update, or SageMaker may not show it
// yet. It is longer than a function may run (its timeout is one minute) with
// a minute to spare for clocks that differ, because SageMaker takes no
// precondition and the claim is the only fence.
const ClaimTTL = 2 * time.Minute

// ClockSkew is how far the clocks of two workers may differ. A time that lies
// further in the future was written by a clock that was wrong.
const ClockSkew = 5 * time.Minute

// LongestUnderWay is how long a change of ours may be under way. SageMaker has been seen
// to take 34 minutes for one that it could not carry out. What takes longer somebody must
// look after; and what was asked for then, and is not there, does not come any more.
const LongestUnderWay = time.Hour

// Settle says how the open activity of s ended, if it did, by what SageMaker says
// of the endpoint, the zero Endpoint if there is none. ok is false while the
// outcome cannot be known yet.
//
// It compares the desired and the current count and not the status alone: an
// endpoint that is InService again may have been rolled back. An activity whose
// answer was lost is recognised by the count that it asked for.
func (s State) Settle(e Endpoint, now time.Time) (o Outcome, ok bool) {
	if s.Open == nil {
		return Outcome{}, false
	}
	a := *s.Open
	v, found := e.Variant(a.Variant)
	switch {
	case s.recreated(e):
		return Outcome{Status: Overridden, Message: "the endpoint was created anew"}, true
	case !found:
		return Outcome{Status: Failed, Message: fmt.Sprintf("variant %s is gone", a.Variant)}, true
	case e.Status == Broken:
		return Outcome{Status: Failed, Message: "the endpoint has failed"}, true
	case e.Status != InService:
		return Outcome{}, false
	case v.Desired == a.To && v.Current == a.To:
		return Outcome{Status: Successful, Message: fmt.Sprintf("%d instances are in service", a.To)}, true
	case a.claimHolds(now):
		return Outcome{}, false
	}
	return unfulfilled(a, v), true
}

// Visible reports whether SageMaker shows that it has taken the update of the
// open activity, which is Pending because the answer was lost.
func (s State) Visible(e Endpoint) bool {
	if s.Open == nil || s.Open.Status != Pending {
		return false
	}
	v, found := e.Variant(s.Open.Variant)
	return found && e.Status != InService && v.Desired == s.Open.To
}

// claimHolds reports whether the outcome of a may still become visible.
func (a Activity) claimHolds(now time.Time) bool {
	age := now.Sub(a.StartTime)
	return age < ClaimTTL && age > -ClockSkew
}

// unfulfilled is the outcome of an activity that has had its time on an
// endpoint that is InService with another count than was asked for.
func unfulfilled(a Activity, v Variant) Outcome {
	asked := v.Desired == a.To
	before := v.Desired == a.DesiredBefore || v.Desired == a.From
	switch {
	case v.Current == a.From && before && !asked && a.Status == Pending:
		return Outcome{Status: Failed, Message: "the update never reached SageMaker: nothing was changed"}
	case v.Current == a.From && (before || asked):
		return Outcome{
			Status:  Failed,
			Message: fmt.Sprintf("SageMaker rolled back to %d instances", v.Current),
			BackOff: true,
			Short:   true,
		}
	case asked || a.Status == InProgress && between(v.Current, a.From, a.To) && v.Desired == v.Current:
		return Outcome{
			Status:  Unfulfilled,
			Message: fmt.Sprintf("%d instances are in service where %d were asked for", v.Current, a.To),
			BackOff: true,
			Short:   true,
			Came:    v.Current,
		}
	}
	return Outcome{
		Status:  Overridden,
		Message: fmt.Sprintf("somebody else set the desired capacity to %d", v.Desired),
	}
}

// between reports whether n lies strictly between a and b, in either order.
func between(n, a, b int) bool { return min(a, b) < n && n < max(a, b) }
