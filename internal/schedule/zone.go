package schedule

import "time"

const (
	firstYear = 1970
	lastYear  = 2199

	secondsPerMinute = 60
	minutesPerHour   = 60
	minutesPerDay    = 24 * minutesPerHour
	secondsPerDay    = minutesPerDay * secondsPerMinute
)

// wall is a local time as a clock on the wall shows it, without its zone: the
// seconds since 1970-01-01T00:00:00 on that clock.
type wall int64

// wallAt returns what clocks show at t, in the location of t.
func wallAt(t time.Time) wall {
	_, offset := t.Zone()
	return wall(t.Unix() + int64(offset))
}

// instant returns the first instant at which clocks in loc show w; false when
// they never do, because they are put forward over it.
//
// The offset in force at that instant is the one of a day earlier or of a day
// later, because no zone changes its offset twice in two days. Time.ZoneBounds
// would say when it changes, but is wrong at the end of leap years after the
// last change that the zone database lists (golang.org/issue/81583).
func (w wall) instant(loc *time.Location) (time.Time, bool) {
	before := offset(int64(w)-secondsPerDay, loc)
	after := offset(int64(w)+secondsPerDay, loc)
	first := time.Unix(int64(w)-max(before, after), 0).In(loc)
	if wallAt(first) == w {
		return first, true
	}
	second := time.Unix(int64(w)-min(before, after), 0).In(loc)
	return second, wallAt(second) == w
}

// latestWall returns the latest that clocks have shown up to t: more than they
// show at t, for a while after they are put back.
func latestWall(t time.Time) wall {
	now := wallAt(t)
	_, here := t.Zone()
	return now + wall(max(0, offset(t.Unix()-secondsPerDay, t.Location())-int64(here)))
}

// offset returns how many seconds clocks in loc are ahead of UTC.
func offset(unix int64, loc *time.Location) int64 {
	_, seconds := time.Unix(unix, 0).In(loc).Zone()
	return int64(seconds)
}
