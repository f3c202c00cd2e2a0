package history

import (
	"math"
	"slices"
	"time"

	"sagescale/internal/activity"
)

// InService returns the instances that were in service in every minute from a time on, so
// many, by the activities that changed them, oldest first, and by how many are in service
// after the last of them; NaN where it is not known. An activity counts from when it was
// seen to have ended.
func InService(all []activity.Activity, after float64, from time.Time, minutes int) []float64 {
	ended := activity.InEffect(all, lastMoment())
	out := make([]float64, minutes)
	for i := range out {
		at := from.Add(time.Duration(i) * time.Minute)
		out[i] = after
		if next := slices.IndexFunc(ended, func(a activity.Activity) bool { return a.EndTime.After(at) }); next >= 0 {
			out[i] = float64(ended[next].From)
		} else if n := len(ended); n > 0 && math.IsNaN(after) {
			out[i] = float64(ended[n-1].From + ended[n-1].Change())
		}
	}
	return out
}

// lastMoment is one that no activity ends after.
func lastMoment() time.Time { return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) }
