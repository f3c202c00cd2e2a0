package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/schedule"
)

// Outlook is what an evaluation would do now, of a deployment: its stack and Region, the
// policy by which, and what came of it. Errors of single targets are in their records.
type Outlook struct {
	Stack, Region string
	Policy        *policy.Policy
	Preview       autoscaler.Preview
	Now           time.Time
}

// evaluated is one target as it was evaluated.
type evaluated struct {
	target policy.Target
	record autoscaler.Record
	state  activity.State
}

// targets returns the targets that were evaluated, in the order of the policy.
func (o Outlook) targets() []evaluated {
	var out []evaluated
	for _, r := range o.Preview.Records {
		if t, ok := o.Policy.Find(r.Endpoint, r.Variant); ok {
			out = append(out, evaluated{t, r, o.Preview.States[r.Endpoint]})
		}
	}
	return out
}

// input is what the decision was made of, but for the forecast.
func (e evaluated) input() scaling.Input {
	in := scaling.Input{
		Now:         e.record.Time,
		Target:      e.target,
		Observation: e.record.Observation,
		Activities:  e.activities(),
	}
	if e.record.Override != nil {
		in.Override = *e.record.Override
	}
	return in
}

// activities are those of the target that were there before it was evaluated.
func (e evaluated) activities() []activity.Activity {
	started := e.record.Activity
	return slices.DeleteFunc(e.state.History(e.target.Variant), func(a activity.Activity) bool {
		return started != nil && a.ID == started.ID
	})
}

// present is the capacity that the decision starts from.
func (e evaluated) present() int {
	if steps := e.record.Decision.Steps; len(steps) > 0 {
		return steps[0].From
	}
	return e.record.Decision.DesiredCapacity
}

// changes reports whether the capacity would be changed now.
func (e evaluated) changes() bool { return e.record.Activity != nil }

// ails returns the reason for which somebody must look after the target, empty for none.
func (e evaluated) ails() string {
	return cmp.Or(e.reason(scaling.Code.NeedsHelp), e.record.Error)
}

// reason returns the first reason of such a code, empty for none.
func (e evaluated) reason(such func(scaling.Code) bool) string {
	for _, r := range e.record.Decision.NotScaledReasons {
		if such(r.Code) {
			return fmt.Sprintf("%s: %s", r.Code, r.Message)
		}
	}
	return ""
}

// known reports whether SageMaker said anything of the variant.
func (e evaluated) known() bool {
	return e.record.Observation.Status != "" && !slices.ContainsFunc(e.record.Decision.NotScaledReasons,
		func(r scaling.Reason) bool { return r.Code == scaling.NotFound })
}

// count is a number of instances that SageMaker said, nil when it said nothing.
func (e evaluated) count(n int) *int {
	if !e.known() {
		return nil
	}
	return &n
}

// limitsChange is the next change of limits by a scheduled action: that it fires, or that the
// duration of its limits Ends. Min and Max are in force from then on.
type limitsChange struct {
	Action string    `json:"action"`
	Ends   bool      `json:"ends,omitempty"`
	At     time.Time `json:"at"`
	Min    int       `json:"minCapacity"`
	Max    int       `json:"maxCapacity"`
}

// next returns the next change of a target's limits; false when there is none.
func (e evaluated) next(now time.Time) (first limitsChange, ok bool) {
	consider := func(c limitsChange) {
		if !ok || c.At.Before(first.At) {
			first, ok = c, true
		}
	}
	for _, a := range e.target.ScheduledActions {
		if at, fires := a.Schedule.Next(now); fires {
			consider(limitsChange{Action: a.Name, At: at.UTC()})
		}
		at, fired := a.Schedule.Previous(now)
		if end := at.Add(a.Duration); fired && a.Duration > 0 && end.After(now) {
			consider(limitsChange{Action: a.Name, Ends: true, At: end.UTC()})
		}
	}
	limits, _ := schedule.InForce(e.target.Limits, e.target.ScheduledActions, first.At)
	first.Min, first.Max = limits.Min, limits.Max
	return first, ok
}

// String says what a change will do.
func (c limitsChange) String() string {
	verb := "begins"
	if c.Ends {
		verb = "ends"
	}
	return fmt.Sprintf("scheduled action %s %s at %s: %d to %d", c.Action, verb, stamp(c.At), c.Min, c.Max)
}
