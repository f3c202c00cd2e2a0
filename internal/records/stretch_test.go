package records_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/records"
	"sagescale/internal/scaling"
)

// decided is the record of a minute in which the capacity stayed, for some reasons.
func decided(minute, capacity int, codes ...scaling.Code) autoscaler.Record {
	d := scaling.Decision{DesiredCapacity: capacity}
	for _, c := range codes {
		d.Refuse(c, "minute %d: %s", minute, c)
	}
	return autoscaler.Record{Time: now().Add(time.Duration(minute) * time.Minute), Decision: d}
}

// changed is the record of a minute in which a change began.
func changed(minute int) autoscaler.Record {
	r := decided(minute, 5)
	r.Activity = &activity.Activity{}
	return r
}

func TestStretches(t *testing.T) {
	const cool, desired, least = scaling.ScaleInCooldown, scaling.AlreadyAtDesired, scaling.AlreadyAtMin
	dry := decided(1, 4, scaling.AlreadyAtMax)
	dry.Decision.Move(scaling.RuleTargetTracking, 6, "more")
	dry.Decision.Refuse(scaling.DryRun, "dryRun is set")
	for name, tt := range map[string]struct {
		all     []autoscaler.Record
		through int
		want    []string
	}{
		"the same for long":        {[]autoscaler.Record{decided(2, 4, cool), decided(1, 4, cool), decided(3, 4, cool)}, 3, []string{"1-3 4 [ScaleInCooldown] 3: minute 3: ScaleInCooldown"}},
		"other reasons":            {[]autoscaler.Record{decided(1, 4, cool), decided(2, 4, scaling.Paused, cool)}, 2, []string{"1-1 4 [ScaleInCooldown] 1: minute 1: ScaleInCooldown", "2-2 4 [Paused ScaleInCooldown] 1: minute 2: ScaleInCooldown"}},
		"another capacity":         {[]autoscaler.Record{decided(1, 4, cool), decided(2, 5, cool)}, 2, []string{"1-1 4 [ScaleInCooldown] 1: minute 1: ScaleInCooldown", "2-2 5 [ScaleInCooldown] 1: minute 2: ScaleInCooldown"}},
		"right, whyever":           {[]autoscaler.Record{decided(1, 4, desired), decided(2, 4, least)}, 2, []string{"1-2 4 [AlreadyAtDesiredCapacity] 2 calm: minute 2: AlreadyAtMinCapacity"}},
		"a change between":         {[]autoscaler.Record{decided(1, 4, cool), changed(2), decided(3, 4, cool)}, 3, []string{"1-1 4 [ScaleInCooldown] 1: minute 1: ScaleInCooldown", "3-3 4 [ScaleInCooldown] 1: minute 3: ScaleInCooldown"}},
		"one reason twice":         {[]autoscaler.Record{decided(1, 4, cool, cool)}, 1, []string{"1-1 4 [ScaleInCooldown] 1: minute 1: ScaleInCooldown"}},
		"a tick or two that lack":  {[]autoscaler.Record{decided(1, 4, cool), decided(6, 4, cool)}, 11, []string{"1-6 4 [ScaleInCooldown] 2: minute 6: ScaleInCooldown"}},
		"a silence":                {[]autoscaler.Record{decided(6, 4, cool), decided(12, 4, cool)}, 18, []string{"0-6 nothing", "6-6 4 [ScaleInCooldown] 1: minute 6: ScaleInCooldown", "6-12 nothing", "12-12 4 [ScaleInCooldown] 1: minute 12: ScaleInCooldown", "12-18 nothing"}},
		"nothing at all":           {nil, 60, []string{"0-60 nothing"}},
		"a dry run does not do it": {[]autoscaler.Record{dry}, 1, []string{"1-1 4 [AlreadyAtMaxCapacity DryRun] 1: dryRun is set"}},
	} {
		var got []string
		for _, s := range records.Stretches(tt.all, now(), now().Add(time.Duration(tt.through)*time.Minute)) {
			text := fmt.Sprintf("%d-%d ", int(s.From.Sub(now()).Minutes()), int(s.Through.Sub(now()).Minutes()))
			if s.Decisions == 0 {
				got = append(got, text+"nothing")
				continue
			}
			calm := ""
			if s.Calm() {
				calm = " calm"
			}
			got = append(got, text+fmt.Sprintf("%d %v %d%s: %s", s.Capacity, s.Codes, s.Decisions, calm, s.Message))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s:\ngot  %q\nwant %q", name, got, tt.want)
		}
	}
}
