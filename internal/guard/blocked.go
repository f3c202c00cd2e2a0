package guard

import (
	"fmt"
	"slices"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// blocked returns why nothing at all may be done now, or an empty code.
func blocked(in scaling.Input, d scaling.Decision, backoffs activity.Backoffs) (scaling.Code, string) {
	o := in.Observation
	out := d.DesiredCapacity > in.Present()
	if code, message := unscalable(in); code != "" {
		return code, message
	}
	for _, a := range in.Activities {
		if a.Open() {
			return scaling.ActivityInProgress, fmt.Sprintf("the change from %d to %d of %s waits for its outcome",
				a.From, a.To, policy.Clock(a.StartTime))
		}
	}
	if o.CurrentCapacity != o.DesiredCapacity && !out && !explained(in) && !unmoved(in) {
		return scaling.CapacityNotInService, fmt.Sprintf("%d instances serve and somebody else asked SageMaker for %d: nothing is removed",
			o.CurrentCapacity, o.DesiredCapacity)
	}
	backoff := backoffs.In
	if out {
		backoff = backoffs.Out
	}
	tooFar := in.Now.Add(activity.MaxBackoff + activity.ClockSkew)
	if in.Now.Before(backoff.Until) && backoff.Until.Before(tooFar) {
		return scaling.BackingOff, fmt.Sprintf("SageMaker refused it or did not carry it out, times in a row: %d; next try at %s",
			backoff.Failures, policy.Clock(backoff.Until))
	}
	return "", ""
}

// unscalable returns why SageMaker takes no change of the endpoint, or an empty code. A
// change that takes very long is told from one that is under way: somebody must look
// after it, because nothing can be scaled until it ends.
func unscalable(in scaling.Input) (scaling.Code, string) {
	o := in.Observation
	switch {
	case o.Status == activity.InService:
		return "", ""
	case o.Status == activity.Broken:
		return scaling.EndpointFailed, "the endpoint has failed: it can only be deleted"
	case !o.BusySince.IsZero() && !in.Now.Before(o.BusySince.Add(activity.LongestUnderWay)):
		return scaling.UpdateOverdue, fmt.Sprintf("the endpoint is %s since %s, for longer than %s: SageMaker takes no other change",
			printable(o.Status), o.BusySince.UTC().Format(time.RFC3339), policy.Brief(activity.LongestUnderWay))
	}
	return scaling.Unscalable, fmt.Sprintf("the endpoint is %s: SageMaker takes no change", printable(o.Status))
}

// unmoved reports whether the endpoint has been left alone for so long that what was
// asked for does not come any more. One of which that is not known is not unmoved.
func unmoved(in scaling.Input) bool {
	modified := in.Observation.LastModified
	return !modified.IsZero() && !in.Now.Before(modified.Add(activity.LongestUnderWay))
}

// explained reports whether it is one of our own changes, ended without success,
// that has left SageMaker with another desired capacity than serves. One that never
// reached SageMaker has asked it for nothing.
func explained(in scaling.Input) bool {
	for _, a := range slices.Backward(in.Activities) {
		if a.Status == activity.Successful {
			return false
		}
		if a.To == in.Observation.DesiredCapacity {
			return true
		}
	}
	return false
}

// printable quotes a status that is not the plain word that SageMaker writes.
func printable(status string) string {
	for _, r := range status {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return fmt.Sprintf("%.40q", status)
		}
	}
	if status == "" {
		return "of unknown status"
	}
	return status
}
