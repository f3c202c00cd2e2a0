package guard

import (
	"fmt"

	"sagescale/internal/activity"
	"sagescale/internal/scaling"
)

// blocked returns why nothing at all may be done now, or an empty code.
func blocked(in scaling.Input, d scaling.Decision, backoff activity.Backoff) (scaling.Code, string) {
	o := in.Observation
	out := d.DesiredCapacity > o.DesiredCapacity
	if o.Status != activity.InService {
		return scaling.Unscalable, fmt.Sprintf("the endpoint is %s: SageMaker takes no change", printable(o.Status))
	}
	for _, a := range in.Activities {
		if a.Open() {
			return scaling.ActivityInProgress, fmt.Sprintf("the change from %d to %d of %s waits for its outcome",
				a.From, a.To, clock(a.StartTime))
		}
	}
	if o.CurrentCapacity != o.DesiredCapacity && !out {
		return scaling.CapacityNotInService, fmt.Sprintf("%d instances serve of the %d that SageMaker was asked for: nothing is removed",
			o.CurrentCapacity, o.DesiredCapacity)
	}
	if out && in.Now.Before(backoff.Until) {
		return scaling.BackingOff, fmt.Sprintf("SageMaker could not provide the capacity %d times; next try at %s",
			backoff.Failures, clock(backoff.Until))
	}
	return "", ""
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
