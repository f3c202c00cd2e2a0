package policy

import (
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"sagescale/internal/schedule"
)

// maxSchedule bounds an expression, in characters: a fault may repeat it.
const maxSchedule = 256

func (f *faults) actions(path Path, all []ScheduledActionSpec) {
	if len(all) > maxActions {
		f.add(path, len(all), "must be at most %d scheduled actions for a target", maxActions)
	}
	first := map[string]int{}
	for i, a := range all {
		at := path.with(i)
		f.action(at, a)
		if a.Name == nil {
			continue
		}
		if j, seen := first[*a.Name]; seen {
			f.add(at.with("name"), *a.Name, "is taken: %s", path.with(j))
			continue
		}
		first[*a.Name] = i
	}
}

func (f *faults) action(path Path, a ScheduledActionSpec) {
	f.name(path, "name", a.Name, actionName, "must be 1 to 64 letters, digits, dots, hyphens and underscores")
	f.atLeastOne(path, "minCapacity", a.MinCapacity)
	f.atLeastOne(path, "maxCapacity", a.MaxCapacity)
	if a.MinCapacity == nil && a.MaxCapacity == nil {
		f.add(path, nil, "must set minCapacity, maxCapacity or both").Related =
			[]Path{path.with("minCapacity"), path.with("maxCapacity")}
	}
	if a.MinCapacity != nil && a.MaxCapacity != nil && *a.MinCapacity > *a.MaxCapacity {
		f.add(path.with("minCapacity"), *a.MinCapacity, "must be at most maxCapacity (%d)", *a.MaxCapacity)
	}
	f.duration(path, "duration", a.Duration, time.Minute, 366*24*time.Hour)
	if f.required(path, "schedule", a.Schedule != nil) {
		f.schedule(path, a)
	}
}

// schedule checks an action's expression, zone and times together.
func (f *faults) schedule(path Path, a ScheduledActionSpec) {
	if utf8.RuneCountInString(*a.Schedule) > maxSchedule {
		f.add(path.with("schedule"), *a.Schedule, "must be at most %d characters, as EventBridge Scheduler wants it", maxSchedule)
		return
	}
	e, err := schedule.Parse(*a.Schedule)
	if err != nil {
		f.scheduleFault(path, a, err)
	}
	loc, zoneErr := location(a.Timezone)
	if zoneErr != nil {
		f.add(path.with("timezone"), *a.Timezone, "must be an IANA time zone such as Europe/Paris")
	}
	if err != nil || zoneErr != nil {
		return
	}
	s := schedule.Schedule{
		Expression: e,
		Location:   loc,
		Start:      value(a.StartTime, time.Time{}),
		End:        value(a.EndTime, time.Time{}),
	}
	if err := s.Check(); err != nil {
		f.scheduleFault(path, a, err).Related =
			[]Path{path.with("timezone"), path.with("startTime"), path.with("endTime")}
	}
}

// scheduleFault notes what package schedule says of an action's expression.
func (f *faults) scheduleFault(path Path, a ScheduledActionSpec, err error) *Fault {
	rule := strings.TrimPrefix(err.Error(), "schedule: ")
	return f.add(path.with("schedule"), *a.Schedule, "%s", rule)
}

// location returns the zone of that name, UTC for none. Local is refused: it
// means another zone on every machine. So are the files that some machines keep
// beside the zones (localtime, posix/UTC), which all begin with a small letter.
func location(name *string) (*time.Location, error) {
	if name == nil {
		return time.UTC, nil
	}
	if *name == "Local" || *name == "" || (*name)[0] < 'A' || (*name)[0] > 'Z' {
		return nil, errors.New("unknown time zone")
	}
	return time.LoadLocation(*name)
}
