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
// served it. changed says that the state is to be saved.
//
// Nothing is adopted while a change is under way. When e was created anew under its
// old name, everything that was remembered of the old one is dropped.
func (s State) Adopt(e Endpoint, variants []string, now time.Time) (next State, outside []Activity, changed bool) {
	if s.recreated(e) {
		s = State{Endpoint: s.Endpoint, Version: s.Version}
	}
	if s.Open != nil || e.Status != InService {
		return s, nil, false
	}
	changed = s.CreationTime.IsZero() || s.Config != e.Config
	known := maps.Clone(s.Known)
	if known == nil {
		known = map[string]int{}
	}
	for _, name := range variants {
		v, found := e.Variant(name)
		was, seen := known[name]
		if !found || v.Current != v.Desired || seen && was == v.Current {
			continue
		}
		changed, known[name] = true, v.Current
		if seen {
			outside = append(outside, s.byOthers(e, v, was, now))
		}
	}
	s.CreationTime, s.Config, s.Known = e.CreationTime, e.Config, known
	s.Recent = trim(append(slices.Clone(s.Recent), outside...))
	return s, outside, changed
}

// byOthers is the activity that somebody else has carried out. It began at some
// time since the variant's capacity was last known for sure.
func (s State) byOthers(e Endpoint, v Variant, was int, now time.Time) Activity {
	began := now.Add(-longestUnseen)
	for _, a := range s.Recent {
		if a.Variant == v.Name && a.EndTime.After(began) && !a.EndTime.After(now) {
			began = a.EndTime
		}
	}
	cause := "somebody else changed the capacity"
	if s.Config != "" && s.Config != e.Config {
		cause = fmt.Sprintf("a deployment of endpoint configuration %s changed the capacity", e.Config)
	}
	return Activity{
		ID:            now.UTC().Format("20060102T150405.000Z") + "-" + v.Name + "-others",
		Variant:       v.Name,
		From:          was,
		To:            v.Current,
		DesiredBefore: was,
		Status:        Successful,
		StatusMessage: fmt.Sprintf("%d instances are in service", v.Current),
		Cause:         cause,
		StartTime:     began,
		EndTime:       now,
	}
}
