package doctor

import (
	"context"
	"errors"
	"slices"

	"sagescale/internal/cloudformation"
	"sagescale/internal/eventbridge"
	"sagescale/internal/policy"
)

// rules knows the rules of EventBridge. eventbridge.ErrNoRule says that there is none of
// the name.
type rules interface {
	Describe(ctx context.Context, name string) (eventbridge.Rule, error)
}

// wake is a rule that wakes a function, or none: what is said of it, by its name in the template.
type wake struct {
	logical, function, schedule string
	level                       Level // of what is wrong with it
	why                         string
}

// wakes are the rules of a deployment that runs a policy.
func wakes(p *policy.Policy) []wake {
	all := []wake{
		{
			"TickRule", functionSchedule, "rate(1 minute)", Problem,
			"The tick evaluates all targets every minute. Without it nothing scales but what alarms wake, and nothing is ever removed.",
		},
		{
			"AlarmsRule", functionAlarm, "", Warning,
			"It wakes for an alarm at once. Without it a scale-out waits for the next tick.",
		},
		{
			"EndpointsRule", functionSettle, "", Warning,
			"It tells that an endpoint is in service again. Without it the next tick finds out.",
		},
	}
	if p != nil && slices.ContainsFunc(p.Targets, func(t policy.Target) bool { return t.Predictive.Mode.Forecasts() }) {
		all = append(all, wake{
			"ForecastsRule", functionSchedule, "rate(10 minutes)", Warning,
			"It has forecasts learned. Without it they grow old, and the target value alone decides.",
		})
	}
	return all
}

// notifications is the rule that sends messages to a topic, which a deployment need not have.
const notifications = "NotificationsRule"

// rules checks that what wakes the functions is there, is enabled, and wakes them.
func (d *Doctor) rules(f facts) check {
	return check{
		name: "rules",
		fine: "the rules that wake the functions are enabled, and wake them",
		run: func(ctx context.Context) []Finding {
			if f.resourcesErr != nil {
				return []Finding{d.unseen("the rules could not be looked for", f.resourcesErr)}
			}
			all := wakes(f.policy)
			if _, there := physical(f.resources, notifications); there {
				all = append(all, wake{
					notifications, "", "", Warning,
					"It tells people of activities and of changes of health. Without it nobody is told.",
				})
			}
			var found []Finding
			for _, w := range all {
				for _, one := range d.rule(ctx, w, f) {
					one.Why = w.why
					found = append(found, one)
				}
			}
			return found
		},
	}
}

// rule says what is wrong with one rule.
func (d *Doctor) rule(ctx context.Context, w wake, f facts) []Finding {
	name, there := physical(f.resources, w.logical)
	if !there {
		return []Finding{tell(w.level, "The stack has no rule %s.", w.logical).
			todo("Deploy by this version of sagescale.")}
	}
	rule, err := d.Rules.Describe(ctx, name)
	switch {
	case errors.Is(err, eventbridge.ErrNoRule):
		return []Finding{tell(w.level, "The rule %s (%s) is not there.", w.logical, name).todo(makeAgain)}
	case err != nil:
		return []Finding{d.unseen("the rule "+w.logical+" could not be looked at", err)}
	}
	var found []Finding
	if !rule.Enabled {
		found = append(found, tell(w.level, "The rule %s is disabled.", w.logical).
			todo("Enable it.").
			by("aws", "events", "enable-rule", "--name", name))
	}
	if rule.Schedule != w.schedule {
		found = append(found, tell(w.level, "The rule %s fires by %q, not by %q.", w.logical, rule.Schedule, w.schedule).
			todo(setBack))
	}
	switch target := d.deployedName(w.function); {
	case w.function == "" && len(rule.Targets) == 0:
		found = append(found, tell(w.level, "The rule %s has no target.", w.logical).todo(setBack))
	case w.function != "" && !slices.ContainsFunc(rule.Targets, func(t string) bool { return invokes(t, target) }):
		found = append(found, tell(w.level, "The rule %s does not wake the function %s.", w.logical, w.function).
			todo(setBack))
	}
	return found
}

// physical returns the name that a resource of the stack has in its service, by its name in
// the template.
func physical(all []cloudformation.Resource, logical string) (string, bool) {
	i := slices.IndexFunc(all, func(r cloudformation.Resource) bool { return r.Logical == logical })
	if i < 0 || all[i].Name == "" {
		return "", false
	}
	return all[i].Name, true
}
