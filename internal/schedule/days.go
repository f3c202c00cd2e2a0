package schedule

import "time"

// dayRule says how a cron chooses days.
type dayRule int

const (
	onDates        dayRule = iota // these days of the month
	onLastDate                    // L
	onLastWorkday                 // LW
	nearestWorkday                // nW
	onWeekdays                    // these days of the week
	onLastWeekday                 // nL
	onNthWeekday                  // n#k
)

// days is the choice of days that a cron's day-of-month or day-of-week makes.
// Days of the month count from 0 here, days of the week from Sunday as 0.
type days struct {
	rule dayRule
	set  set // onDates, onWeekdays
	n    int // the day of the month or of the week in nW, nL, n#k
	nth  int // k in n#k, from 1
}

// in returns the days chosen in a month of the given length whose first day is
// the given weekday.
func (d days) in(first time.Weekday, length int) set {
	switch d.rule {
	case onDates:
		return d.set.below(length)
	case onLastDate:
		return set{}.with(length - 1)
	case onLastWorkday:
		return set{}.with(nearest(length-1, first, length))
	case nearestWorkday:
		return d.nearest(first, length)
	case onWeekdays:
		return d.weekdays(first, length)
	case onLastWeekday:
		return set{}.with(length - 1 - modulo(int(first)+length-1-d.n, 7))
	case onNthWeekday:
		return set{}.with(modulo(d.n-int(first), 7) + 7*(d.nth-1)).below(length)
	}
	return set{}
}

// nearest returns the one day of nW, or none in a month without a day n.
func (d days) nearest(first time.Weekday, length int) set {
	if d.n >= length {
		return set{}
	}
	return set{}.with(nearest(d.n, first, length))
}

// weekdays returns all days of the month that fall on the chosen weekdays.
func (d days) weekdays(first time.Weekday, length int) set {
	var chosen set
	for day := range length {
		if d.set.has((int(first) + day) % 7) {
			chosen = chosen.with(day)
		}
	}
	return chosen
}

// nearest returns the Monday to Friday closest to a day without leaving the
// month: a Saturday moves back and a Sunday forward, by one day where the month
// has it and by two the other way where it has not.
func nearest(day int, first time.Weekday, length int) int {
	switch weekday := time.Weekday((int(first) + day) % 7); {
	case weekday == time.Saturday && day == 0:
		return day + 2
	case weekday == time.Saturday:
		return day - 1
	case weekday == time.Sunday && day == length-1:
		return day - 2
	case weekday == time.Sunday:
		return day + 1
	}
	return day
}

// modulo is n modulo m, never negative.
func modulo(n, m int) int { return (n%m + m) % m }
