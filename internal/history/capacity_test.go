package history_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/history"
)

// ended is a change that ended some minutes after a time.
func ended(from, to int, status activity.Status, minute int) activity.Activity {
	at := now().Add(time.Duration(minute) * time.Minute)
	return activity.Activity{From: from, To: to, Came: to - 1, Status: status, StartTime: at.Add(-6 * time.Minute), EndTime: at}
}

// What was in service is what the changes say, each from when it was seen.
func TestInService(t *testing.T) {
	unknown := math.NaN()
	for name, tt := range map[string]struct {
		all   []activity.Activity
		after float64
		want  string
	}{
		"nothing changed":             {nil, 3, "[3 3 3 3]"},
		"nothing is known":            {nil, unknown, "[NaN NaN NaN NaN]"},
		"a change":                    {[]activity.Activity{ended(2, 4, activity.Successful, 2)}, 4, "[2 2 4 4]"},
		"one before and one after":    {[]activity.Activity{ended(1, 2, activity.Successful, -5), ended(2, 5, activity.Successful, 9)}, 5, "[2 2 2 2]"},
		"one that came in part":       {[]activity.Activity{ended(2, 4, activity.Unfulfilled, 1), ended(3, 2, activity.Successful, 3)}, 2, "[2 3 3 2]"},
		"one that failed":             {[]activity.Activity{ended(2, 4, activity.Failed, 1)}, 2, "[2 2 2 2]"},
		"the endpoint is gone":        {[]activity.Activity{ended(2, 4, activity.Successful, 2)}, unknown, "[2 2 4 4]"},
		"somebody else changed since": {[]activity.Activity{ended(2, 4, activity.Successful, 2)}, 7, "[2 2 7 7]"},
	} {
		if got := fmt.Sprint(history.InService(tt.all, tt.after, now(), 4)); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}
