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
	switch {
	case s.Open != nil:
		return s, nil, false
	case e.Status != InService:
		changed = e.Status != "" && s.BusySince.IsZero()
		if changed {
			s.BusySince, s.Damage = now, ""
		}
		return s, nil, changed
	}
	known := map[string]Known{}
	for _, name := range variants {
		was, seen := s.Known[name]
		v, found := e.Variant(name)
		switch {
		case !found || v.Current != v.Desired:
			if seen {
				known[name] = was
			}
			continue
		case seen && was.Capacity == v.Current:
			known[name] = was
			continue
		case seen:
			outside = append(outside, s.byOthers(e, v, was, now))
		}
		known[name] = Known{v.Current, now}
	}
	others := e.others(variants)
	elsewhere := !s.CreationTime.IsZero() && !maps.Equal(others, s.Others)
	changed = s.CreationTime.IsZero() || s.Config != e.Config || !s.BusySince.IsZero() || elsewhere || !maps.Equal(known, s.Known)
	s.CreationTime, s.Config, s.Known, s.Others = e.CreationTime, e.Config, known, others
	s.BusySince, s.Damage = time.Time{}, ""
	s.Recent = trim(append(slices.Clone(s.Recent), outside...))
	if !elsewhere && s.unexplained(e, now) {
		s.Touched, changed = e.Modified, true
	}
	return s, outside, changed
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
	known := []time.Time{s.Touched}
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
