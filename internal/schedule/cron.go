package schedule

import "time"

// cron is the set of minutes that a cron expression matches, by wall clock.
// Minutes and days count from 1970-01-01, months from January 1970.
type cron struct {
	months pair // years since 1970, and months from 0
	days   days
	times  pair // hours and minutes
}

// seek returns the matching minute nearest to the given one in a direction,
// itself included. It goes by months, then days, then minutes, and so crosses a
// century in microseconds.
func (c cron) seek(minute int, d direction) (int, bool) {
	start, clock := minute/minutesPerDay, minute%minutesPerDay
	for day, ok := c.seekDay(start, d); ok; day, ok = c.seekDay(day+int(d), d) {
		if day != start {
			clock = d.edge()
		}
		if hit, ok := c.times.seek(clock, d); ok {
			return day*minutesPerDay + hit, true
		}
	}
	return 0, false
}

// seekDay returns the matching day nearest to the given one in a direction,
// itself included.
func (c cron) seekDay(day int, d direction) (int, bool) {
	start, date := monthOf(day)
	for month, ok := c.months.seek(start, d); ok; month, ok = c.months.seek(month+int(d), d) {
		if month != start {
			date = d.edge()
		}
		first := firstDay(month)
		chosen := c.days.in(weekday(first), firstDay(month+1)-first)
		if hit, ok := chosen.seek(date, d); ok {
			return first + hit, true
		}
	}
	return 0, false
}

// monthOf returns the month that a day lies in, and its place there from 0.
func monthOf(day int) (month, date int) {
	y, m, d := time.Unix(int64(day)*secondsPerDay, 0).UTC().Date()
	return (y-firstYear)*12 + int(m) - 1, d - 1
}

// firstDay returns the first day of a month.
func firstDay(month int) int {
	start := time.Date(firstYear, time.Month(1+month), 1, 0, 0, 0, 0, time.UTC)
	return int(start.Unix() / secondsPerDay)
}

// weekday returns the day of the week of a day that is not before 1970.
func weekday(day int) time.Weekday {
	return (time.Thursday + time.Weekday(day)) % 7
}
