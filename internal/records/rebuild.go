package records

import (
	"slices"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/forecast"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/whatif"
)

// Past is what is known, now, of the time of a record: the policy of the target, the past
// activities of the endpoint, its state and what was learned of the load.
type Past struct {
	Target   policy.Target
	Archived []activity.Activity
	State    activity.State
	Forecast *forecast.Model
}

// Case returns what the decision of a record was made of, as far as it can be found again.
// What cannot be is how long a target backed off, if an activity has ended since, and a
// forecast that was learned anew since: whatif.Case.Makes says whether it matters.
func (p Past) Case(r autoscaler.Record) whatif.Case {
	c := whatif.Case{Input: scaling.Input{
		Now:         r.Time,
		Target:      p.Target,
		Observation: r.Observation,
		Activities:  p.Activities(r),
		Forecast:    p.Forecast,
	}}
	if r.Override != nil {
		c.Override = *r.Override
	}
	if f := r.Decision.Forecast; f != nil && f.Unused != "" {
		c.Forecast, c.NoForecast = nil, f.Unused
	} else if f != nil {
		c.Provisioning = f.From.Sub(r.Time)
	}
	endedSince := func(a activity.Activity) bool { return a.EndTime.After(r.Time) && !toldBy(r, a) }
	if !slices.ContainsFunc(p.State.Recent, endedSince) {
		c.Backoffs = p.State.Backoffs[r.Variant]
	}
	return c
}

// Activities returns the activities of the target as they stood when a record was decided,
// in the order of activity.State.History: one that ended later was open, and one that the
// record tells of as ended had ended.
func (p Past) Activities(r autoscaler.Record) []activity.Activity {
	var closed, open []activity.Activity
	for _, a := range p.all() {
		began := !a.StartTime.After(r.Time) && (r.Activity == nil || a.ID != r.Activity.ID)
		ended := !a.Open() && (!a.EndTime.After(r.Time) || toldBy(r, a))
		switch {
		case began && ended && a.Variant == r.Variant:
			closed = append(closed, a)
		case began && !ended && !a.ByOthers: // others' are known only by their end
			open = append(open, reopened(a))
		}
	}
	slices.SortStableFunc(closed, func(a, b activity.Activity) int { return a.EndTime.Compare(b.EndTime) })
	return append(closed, open...)
}

// all are the activities that are known, each once.
func (p Past) all() []activity.Activity {
	out := slices.Clone(p.Archived)
	add := func(a activity.Activity) {
		same := func(b activity.Activity) bool { return a.ID == b.ID && a.StartTime.Equal(b.StartTime) }
		if !slices.ContainsFunc(out, same) {
			out = append(out, a)
		}
	}
	for _, a := range p.State.Recent {
		add(a)
	}
	if p.State.Open != nil {
		add(*p.State.Open)
	}
	return out
}

// toldBy reports whether a record tells of the end of an activity.
func toldBy(r autoscaler.Record, a activity.Activity) bool {
	same := func(b activity.Activity) bool { return a.ID == b.ID }
	return r.Settled != nil && same(*r.Settled) || slices.ContainsFunc(r.Outside, same)
}

// reopened is an activity before its end.
func reopened(a activity.Activity) activity.Activity {
	a.Status, a.EndTime, a.StatusMessage, a.Came = activity.InProgress, time.Time{}, "", 0
	return a
}
