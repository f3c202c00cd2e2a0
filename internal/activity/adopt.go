package activity

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Adopt returns the state as it applies to e, and the changes of the named
// variants' capacities that somebody else has made since: a person, or a deployment
// that reset the count. They are activities like our own, so a cooldown follows
// them and load that was measured before them is counted by the instances that
// served it. changed says that the state is to be saved. variants are all those of
// the endpoint that are targets; others are forgotten.
//
// Nothing is adopted while a change is under way; since when somebody else's is, is
// remembered. When e was created anew under its
// old name, everything that was remembered of the old one is dropped.
func (s State) Adopt(e Endpoint, variants []string, now time.Time) (next State, outside []Activity, changed bool) {
	if s.recreated(e) {
		s = State{Endpoint: s.Endpoint, Version: s.Version}
	}
	if s.Open != nil {
		return s, nil, false
	}
	if e.Status != InService {
		next, changed = s.occupied(e, now)
		return next, nil, changed
	}
	known, outside := s.seen(e, variants, now)
	others := e.others(variants)
	elsewhere := !s.CreationTime.IsZero() && !maps.Equal(others, s.Others)
	next = s
	next.CreationTime, next.Config, next.Known, next.Others = e.CreationTime, e.Config, known, others
	next.BusySince, next.Damage = time.Time{}, ""
	next.Recent = trim(append(slices.Clone(s.Recent), outside...))
	if !elsewhere && next.unexplained(e, now) {
		next.Touched = e.Modified
	}
	return next, outside, elsewhere || !next.remembers(s)
}

// occupied returns the state of an endpoint that somebody else is at work on.
func (s State) occupied(e Endpoint, now time.Time) (next State, changed bool) {
	if e.Status == "" || !s.BusySince.IsZero() {
		return s, false
	}
	s.BusySince, s.Damage = now, ""
	return s, true
}

// remembers reports whether the state says of the endpoint what was said before.
func (s State) remembers(before State) bool {
	return s.CreationTime.Equal(before.CreationTime) && s.Config == before.Config && s.BusySince.Equal(before.BusySince) &&
		s.Touched.Equal(before.Touched) && maps.Equal(s.Known, before.Known)
}

// seen returns the capacities that the variants have now, and what others have changed
// of them. One that has not come to what was asked for is left as it was known.
func (s State) seen(e Endpoint, variants []string, now time.Time) (known map[string]Known, outside []Activity) {
	known = map[string]Known{}
	for _, name := range variants {
		was, before := s.Known[name]
		v, found := e.Variant(name)
		settled := found && v.Current == v.Desired
		switch {
		case before && (!settled || was.Capacity == v.Current):
			known[name] = was
		case settled:
			known[name] = Known{v.Current, now}
			if before {
				outside = append(outside, s.byOthers(e, v, was, now))
			}
		}
	}
	return known, outside
}

// others returns the counts of the variants that are no targets: what changes there
// concerns no target.
func (e Endpoint) others(targets []string) map[string]int {
	out := map[string]int{}
	for _, v := range e.Variants {
		if !slices.Contains(targets, v.Name) {
			out[v.Name] = v.Current
		}
	}
	return out
}

// unexplained reports whether e was last modified after the end of every activity
// that is remembered: by somebody who left the capacities as they were, or in a time
// that was forgotten, as after the table was restored from a backup. What is said to
// be in the future explains nothing.
func (s State) unexplained(e Endpoint, now time.Time) bool {
	var known []time.Time
	for _, a := range s.Recent {
		known = append(known, a.EndTime)
	}
	return !slices.ContainsFunc(known, func(t time.Time) bool {
		return !e.Modified.After(t.Add(shownLate)) && !t.After(now.Add(ClockSkew))
	})
}

// byOthers is the activity that somebody else has carried out. It began at some
// time since the variant's capacity was last known.
func (s State) byOthers(e Endpoint, v Variant, was Known, now time.Time) Activity {
	began := now.Add(-longestUnseen)
	if was.At.After(began) && !was.At.After(now) {
		began = was.At
	}
	cause := "somebody else changed the capacity"
	switch {
	case s.Config != "" && s.Config != e.Config:
		cause = fmt.Sprintf("a deployment of endpoint configuration %s changed the capacity", e.Config)
	case s.askedFor(v):
		cause = "the capacity that had been asked for came late"
	}
	return Activity{
		ID:            NewID(now, v.Name, "others"),
		Variant:       v.Name,
		From:          was.Capacity,
		To:            v.Current,
		DesiredBefore: was.Capacity,
		ByOthers:      true,
		Status:        Successful,
		StatusMessage: fmt.Sprintf("%d instances are in service", v.Current),
		Cause:         cause,
		StartTime:     began,
		EndTime:       now,
	}
}

// askedFor reports whether the variant's last activity, which did not bring it, asked
// for the capacity that is there now.
func (s State) askedFor(v Variant) bool {
	for _, a := range slices.Backward(s.Recent) {
		if a.Variant == v.Name {
			return a.Status != Successful && a.To == v.Current
		}
	}
	return false
}
