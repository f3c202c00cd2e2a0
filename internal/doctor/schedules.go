package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sagescale/internal/cloudformation"
	"sagescale/internal/event"
	"sagescale/internal/policy"
	"sagescale/internal/scheduler"
)

// schedules knows the schedules of EventBridge Scheduler.
type schedules interface {
	Group(ctx context.Context, group string) ([]scheduler.Schedule, error)
}

// schedules checks that every scheduled action has the schedule that wakes for it.
func (d *Doctor) schedules(f facts) check {
	return check{
		name: "schedules",
		why:  "A schedule wakes at the moment of a scheduled action. Without it the limits change at the next tick, up to a minute later.",
		fine: "every scheduled action of the policy has its schedule, enabled, at its time and in its zone",
		run: func(ctx context.Context) []Finding {
			switch {
			case f.policy == nil:
				return []Finding{tell(NotChecked, "The schedules depend on the policy, which could not be read.")}
			case !slices.ContainsFunc(f.policy.Targets, func(t policy.Target) bool { return len(t.Actions) > 0 }):
				return nil
			case f.resourcesErr != nil:
				return []Finding{d.unseen("the schedules could not be looked for", f.resourcesErr)}
			}
			return d.scheduled(ctx, f)
		},
	}
}

// scheduled says which actions lack their schedule.
func (d *Doctor) scheduled(ctx context.Context, f facts) []Finding {
	var all []scheduler.Schedule
	for _, r := range f.resources {
		if r.Type != scheduleGroup {
			continue
		}
		group, err := d.Schedules.Group(ctx, r.Name)
		if err != nil {
			return []Finding{d.unseen("the schedules could not be looked at", err)}
		}
		all = append(all, group...)
	}
	var found []Finding
	for _, t := range f.policy.Targets {
		for _, a := range t.Actions {
			if wrong := d.wrong(all, t, a); wrong != "" {
				found = append(found, tell(Warning, "The scheduled action %s %s.", a.Name, wrong).
					of(t.Key()).
					todo(setBack))
			}
		}
	}
	return found
}

// scheduleGroup is the type of the resource that holds the schedules.
const scheduleGroup = "AWS::Scheduler::ScheduleGroup"

// wrong says what is wrong with the schedule of an action, empty for nothing. It is known
// by what it hands to the function.
func (d *Doctor) wrong(all []scheduler.Schedule, t policy.Target, a policy.ScheduledAction) string {
	input := event.ActionInput(t.Endpoint, t.Variant, a.Name)
	i := slices.IndexFunc(all, func(s scheduler.Schedule) bool { return s.Input == input })
	switch {
	case i < 0:
		return "has no schedule"
	case !all[i].Enabled:
		return "has a schedule that is disabled"
	case all[i].Expression != a.Schedule || all[i].Timezone != a.Timezone:
		return fmt.Sprintf("has a schedule %s in %s, not %s in %s", all[i].Expression, all[i].Timezone, a.Schedule, a.Timezone)
	case !invokes(all[i].Target, d.deployedName(functionSchedule)):
		return "has a schedule that does not wake the function schedule"
	}
	return ""
}

// invokes reports whether an ARN is that of a function of a name.
func invokes(arn, function string) bool {
	return function != "" && strings.HasSuffix(arn, ":function:"+function)
}

// ofType returns the names of the resources of a type.
func ofType(all []cloudformation.Resource, kind string) []string {
	var names []string
	for _, r := range all {
		if r.Type == kind && r.Name != "" {
			names = append(names, r.Name)
		}
	}
	return names
}
