package migrate

import (
	"cmp"
	"fmt"
	"time"

	"sagescale/internal/policy"
	"sagescale/internal/schedule"
)

// action adds a scheduled action, unless it is over.
func (b *builder) action(a Action, now time.Time) {
	about := named("scheduled action", a.Name)
	if b.registered.Suspended.Scheduled && !b.registered.Suspended.Whole() {
		b.leaveOut(about, "scheduled scaling is suspended in Application Auto Scaling, so it does nothing there either",
			"Resume scheduled scaling there and import again, if it is wanted here.")
		return
	}
	if over(a, now) {
		b.differ(Changed, about, "it is not written, because it fires no more; the limits that it set are in those "+
			"that are registered, unless others came later", "")
		return
	}
	s := policy.ScheduledActionSpec{
		Name:        new(b.actors.free(a.Name, "action")),
		Schedule:    &a.Schedule,
		StartTime:   utc(a.Start),
		EndTime:     utc(a.End),
		MinCapacity: b.atLeastOne(about, "MinCapacity", a.Min),
		MaxCapacity: b.atLeastOne(about, "MaxCapacity", a.Max),
	}
	if a.Timezone != "" && a.Timezone != "UTC" {
		s.Timezone = &a.Timezone
	}
	if *s.Name != a.Name {
		b.differ(Changed, about, fmt.Sprintf("it is called %s in the policy", *s.Name), "")
	}
	b.spec.ScheduledActions = append(b.spec.ScheduledActions, s)
	b.actionNames = append(b.actionNames, about)
}

// over reports whether an action fires no more. One whose schedule cannot be read is
// not: what is wrong with it is said where it is compiled.
func over(a Action, now time.Time) bool {
	e, err := schedule.Parse(a.Schedule)
	if err != nil {
		return false
	}
	zone, err := time.LoadLocation(cmp.Or(a.Timezone, "UTC"))
	if err != nil || zone == time.Local { // which means another zone on every machine
		return false
	}
	s := schedule.Schedule{Expression: e, Location: zone}
	if a.Start != nil {
		s.Start = a.Start.UTC()
	}
	if a.End != nil {
		s.End = a.End.UTC()
	}
	_, again := s.Next(now)
	return !again && s.Check() == nil
}

// atLeastOne is a limit that a real-time variant may have.
func (b *builder) atLeastOne(about, field string, limit *int) *int {
	if limit == nil || *limit >= 1 {
		return limit
	}
	b.leaveOut(about, fmt.Sprintf("its %s is %d, and a real-time variant has one instance at least: "+
		"the policy says 1", field, *limit),
		"An asynchronous endpoint that goes to zero is not for sagescale: leave it to Application Auto Scaling.")
	return new(1)
}

// utc is a time as the policy file writes it.
func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	return new(t.UTC())
}
