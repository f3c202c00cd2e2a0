package scaling

import "sagescale/internal/policy"

// alarm reports whether datapoints, of which so many breach, make an alarm by
// CloudWatch's rules. present are the newest that there are, at most as many as the
// window has periods. Where there are fewer, missing ones count as treat says:
// "missing" is an alarm when all that there are breach; "ignore" keeps the alarm's
// state in CloudWatch, which is no alarm here, because a state of which nothing new
// is known moves nothing.
//
// Source: CloudWatch's guide, on how an alarm treats missing data.
func alarm(breaching, present int, w policy.Window, treat string) bool {
	missing := w.Periods - present
	switch {
	case treat == policy.TreatBreaching:
		return breaching+missing >= w.Datapoints
	case present == 0:
		return false
	case treat == policy.TreatMissing && missing > 0 && breaching == present:
		return true
	}
	return breaching >= w.Datapoints
}
