package policy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones that the rules are tried with

	"sagescale/internal/policy"
)

// actions replaces the scheduled actions of the base policy, whose limits are 1
// and 8.
func actions(all ...policy.ScheduledActionSpec) func(*policy.Spec, *policy.TargetSpec) {
	return func(_ *policy.Spec, t *policy.TargetSpec) { t.ScheduledActions = all }
}

func TestRulesOfScheduledActions(t *testing.T) {
	at := "targets[0].scheduledActions[0]"
	one := func(change func(*policy.ScheduledActionSpec)) func(*policy.Spec, *policy.TargetSpec) {
		return actions(action("a", change))
	}
	many := make([]policy.ScheduledActionSpec, 201)
	for i := range many {
		many[i] = action(fmt.Sprint("a", i), unchanged)
	}
	day := func(d int) *time.Time { return new(time.Date(2026, 12, d, 0, 0, 0, 0, time.UTC)) }
	checkRules(t, []rule{
		{"valid", one(unchanged), nil},
		{"200", actions(many[:200]...), nil},
		{"201", actions(many...), []string{"targets[0].scheduledActions: 201: must be at most 200 scheduled actions for a target"}},
		{"empty", actions(policy.ScheduledActionSpec{}), []string{
			at + ".name: is required", at + ": must set minCapacity, maxCapacity or both", at + ".schedule: is required",
		}},
		{"name", actions(action("office hours", unchanged)),
			[]string{at + `.name: "office hours": must be 1 to 64 letters, digits, dots, hyphens and underscores`}},
		{"name twice", actions(action("a", unchanged), action("b", unchanged), action("a", unchanged)),
			[]string{`targets[0].scheduledActions[2].name: "a": is taken: targets[0].scheduledActions[0]`}},
		{"name three times", actions(action("a", unchanged), action("a", unchanged), action("a", unchanged)), []string{
			`targets[0].scheduledActions[1].name: "a": is taken: targets[0].scheduledActions[0]`,
			`targets[0].scheduledActions[2].name: "a": is taken: targets[0].scheduledActions[0]`,
		}},
		{"limits", one(func(a *policy.ScheduledActionSpec) { a.MinCapacity, a.MaxCapacity = new(0), new(0) }), []string{
			at + ".minCapacity: 0: must be a whole number from 1 to 2147483647",
			at + ".maxCapacity: 0: must be a whole number from 1 to 2147483647",
		}},
		{"limits crossed", one(func(a *policy.ScheduledActionSpec) { a.MinCapacity = new(5) }),
			[]string{at + ".minCapacity: 5: must be at most maxCapacity (4)"}},
		{"limits beyond the target's", one(func(a *policy.ScheduledActionSpec) { a.MinCapacity, a.MaxCapacity = new(20), new(30) }), nil},
		{"short", one(func(a *policy.ScheduledActionSpec) { a.Duration = duration(59 * time.Second) }),
			[]string{at + `.duration: "59s": must be whole seconds from 1m to 8784h`}},
		{"long", one(func(a *policy.ScheduledActionSpec) { a.Duration = duration(366*24*time.Hour + time.Minute) }),
			[]string{at + `.duration: "8784h1m": must be whole seconds from 1m to 8784h`}},
		{"schedule", one(func(a *policy.ScheduledActionSpec) { a.Schedule = new("daily") }),
			[]string{at + `.schedule: "daily": "daily" is not at(...), rate(...) or cron(...)`}},
		{"longest schedule", one(func(a *policy.ScheduledActionSpec) { a.Schedule = new(strings.Repeat("é", 256)) }),
			[]string{at + `.schedule: "` + strings.Repeat("é", 80) + `": "` + strings.Repeat("é", 256) + `" is not at(...), rate(...) or cron(...)`}},
		{"schedule that is too long", one(func(a *policy.ScheduledActionSpec) { a.Schedule = new(strings.Repeat("é", 257)) }),
			[]string{at + `.schedule: "` + strings.Repeat("é", 80) + `": must be at most 256 characters, as EventBridge Scheduler wants it`}},
		{"zone", one(func(a *policy.ScheduledActionSpec) { a.Timezone = new("Europe/Pairs") }),
			[]string{at + `.timezone: "Europe/Pairs": must be an IANA time zone such as Europe/Paris`}},
		{"schedule and zone", one(func(a *policy.ScheduledActionSpec) { a.Schedule, a.Timezone = new("daily"), new("Local") }), []string{
			at + `.schedule: "daily": "daily" is not at(...), rate(...) or cron(...)`,
			at + `.timezone: "Local": must be an IANA time zone such as Europe/Paris`,
		}},
		{"never", one(func(a *policy.ScheduledActionSpec) { a.StartTime, a.EndTime = day(2), day(1) }),
			[]string{at + `.schedule: "rate(1 day)": end 2026-12-01T00:00:00Z is not after start 2026-12-02T00:00:00Z`}},
		{"skipped by the clock", one(func(a *policy.ScheduledActionSpec) {
			a.Schedule, a.Timezone = new("at(2026-03-29T02:30:00)"), new("Europe/Paris")
		}), []string{at + `.schedule: "at(2026-03-29T02:30:00)": ` +
			"at(2026-03-29T02:30:00) does not exist in Europe/Paris: clocks are put forward over it"}},
	})
	s := base()
	one(func(a *policy.ScheduledActionSpec) { a.MinCapacity, a.MaxCapacity = nil, nil })(&s, &s.Targets[0])
	checkRelated(t, s, at+".minCapacity", at+".maxCapacity")
	one(func(a *policy.ScheduledActionSpec) { a.StartTime, a.EndTime = day(2), day(1) })(&s, &s.Targets[0])
	checkRelated(t, s, at+".timezone", at+".startTime", at+".endTime")
}

func TestZones(t *testing.T) {
	for zone, valid := range map[string]bool{
		"UTC": true, "Europe/Paris": true, "America/New_York": true, "Zulu": true, "A": false, "Local": false, "": false, "posix/UTC": false, "localtime": false, "Mars/Base": false,
	} {
		s := base()
		s.Targets[0].ScheduledActions = []policy.ScheduledActionSpec{
			action("a", func(a *policy.ScheduledActionSpec) { a.Timezone = &zone }),
		}
		if _, faults := policy.Compile(s); (faults == nil) != valid {
			t.Errorf("zone %q: %v", zone, faults)
		}
	}
}

// TestOneSidedActions: limits of 1 and 8 must never cross, whichever actions
// have fired.
//
// Faults: G1
func TestOneSidedActions(t *testing.T) {
	low := func(n int) policy.ScheduledActionSpec { return limits(new(n), nil) }
	high := func(n int) policy.ScheduledActionSpec { return limits(nil, new(n)) }
	both := func(low, high int) policy.ScheduledActionSpec { return limits(new(low), new(high)) }
	exceed := func(i, n, limit int) string {
		return fmt.Sprintf("targets[0].scheduledActions[%d].minCapacity: %d: "+
			"may exceed the maxCapacity in force (%d): set maxCapacity in this action too", i, n, limit)
	}
	fall := func(i, n, limit int) string {
		return fmt.Sprintf("targets[0].scheduledActions[%d].maxCapacity: %d: "+
			"may fall below the minCapacity in force (%d): set minCapacity in this action too", i, n, limit)
	}
	for _, c := range []struct {
		name string
		all  []policy.ScheduledActionSpec
		want []string
	}{
		{"within", []policy.ScheduledActionSpec{low(8), high(8)}, nil},
		{"above the target's", []policy.ScheduledActionSpec{low(9)}, []string{exceed(0, 9, 8)}},
		{"a higher maximum elsewhere does not help", []policy.ScheduledActionSpec{low(9), high(20)}, []string{exceed(0, 9, 8)}},
		{"two that cross", []policy.ScheduledActionSpec{low(5), high(4)}, []string{exceed(0, 5, 4), fall(1, 4, 5)}},
		{"meet", []policy.ScheduledActionSpec{low(5), high(5)}, nil},
		{"an action of both", []policy.ScheduledActionSpec{both(6, 7), high(5), low(2)}, []string{fall(1, 5, 6)}},
		{"both are safe", []policy.ScheduledActionSpec{both(9, 20), both(1, 1)}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			for i := range c.all {
				c.all[i].Name = new(fmt.Sprint("a", i))
			}
			checkRules(t, []rule{{"rules", actions(c.all...), c.want}})
		})
	}
}

// TestOneSidedActionsOfCrossedLimits: the limits are named, not what follows from
// them.
func TestOneSidedActionsOfCrossedLimits(t *testing.T) {
	one := []policy.ScheduledActionSpec{limits(new(20), nil)}
	one[0].Name = new("a")
	checkRules(t, []rule{
		{"of the target", func(_ *policy.Spec, t *policy.TargetSpec) { t.MinCapacity, t.ScheduledActions = new(9), one },
			[]string{"targets[0].minCapacity: 9: must be at most maxCapacity (8)"}},
		{"of the defaults", func(s *policy.Spec, t *policy.TargetSpec) {
			s.Defaults = &policy.ScalingSpec{MinCapacity: new(9), MaxCapacity: new(8)}
			t.MinCapacity, t.MaxCapacity, t.ScheduledActions = nil, nil, one
		}, []string{"defaults.minCapacity: 9: must be at most maxCapacity (8)"}},
	})
}

func limits(low, high *int) policy.ScheduledActionSpec {
	return policy.ScheduledActionSpec{Schedule: new("rate(1 day)"), MinCapacity: low, MaxCapacity: high}
}
