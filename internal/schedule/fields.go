package schedule

import (
	"fmt"
	"strings"
)

// parseCron reads the six fields of a cron.
func parseCron(body string) (cron, error) {
	parts := fieldsOf(body)
	if len(parts) != 6 {
		return cron{}, countFault(len(parts))
	}
	c := cron{months: pair{base: 12}, times: pair{base: minutesPerHour}}
	for _, plain := range []struct {
		into  *set
		field field
		text  string
	}{
		{&c.times.low, minutesField(), parts[0]},
		{&c.times.high, hoursField(), parts[1]},
		{&c.months.low, monthField(), parts[3]},
		{&c.months.high, yearField(), parts[5]},
	} {
		var err error
		if *plain.into, err = plain.field.set(plain.text); err != nil {
			return cron{}, err
		}
	}
	var err error
	c.days, err = parseDays(parts[2], parts[4])
	return c, err
}

// countFault explains what a cron with another number of fields may be.
func countFault(n int) error {
	hint := ""
	switch n {
	case 5:
		hint = "; Unix cron has no year and counts the days of the week from 0"
	case 7:
		hint = "; leave out the seconds"
	}
	return fmt.Errorf("cron has %d fields, AWS has six: "+
		"minutes hours day-of-month month day-of-week year%s", n, hint)
}

// parseDays reads day-of-month and day-of-week, one of which must be "?".
func parseDays(date, weekday string) (days, error) {
	if (date == "?") == (weekday == "?") {
		return days{}, fmt.Errorf("cron fields day-of-month and day-of-week: "+
			"%q and %q; exactly one must be \"?\", the one that does not matter", date, weekday)
	}
	if weekday == "?" {
		return parseDate(strings.ToUpper(date))
	}
	return parseWeekday(strings.ToUpper(weekday))
}

// parseDate reads day-of-month.
func parseDate(text string) (days, error) {
	f := dateField()
	switch day, nearest := strings.CutSuffix(text, "W"); {
	case text == "L":
		return days{rule: onLastDate}, nil
	case text == "LW":
		return days{rule: onLastWorkday}, nil
	case nearest && plain(day):
		n, err := f.value(day)
		return days{rule: nearestWorkday, n: n - f.low}, err
	case strings.ContainsAny(text, "LW"):
		return days{}, f.fault(text, "has L or W; only L, LW and nW are known, alone in the field")
	}
	chosen, err := f.set(text)
	return days{rule: onDates, set: chosen}, err
}

// parseWeekday reads day-of-week.
func parseWeekday(text string) (days, error) {
	f := weekdayField()
	day, nth, numbered := strings.Cut(text, "#")
	if numbered {
		return parseNth(text, day, nth)
	}
	day, last := strings.CutSuffix(text, "L")
	switch {
	case last && day == "":
		text = "SAT"
	case last && plain(day):
		n, err := f.value(day)
		return days{rule: onLastWeekday, n: n - f.low}, err
	case last:
		return days{}, f.fault(text, "has L; only L and nL are known, alone in the field")
	}
	chosen, err := f.set(text)
	return days{rule: onWeekdays, set: chosen}, err
}

// parseNth reads n#k.
func parseNth(text, day, nth string) (days, error) {
	f := weekdayField()
	if strings.ContainsAny(text, ",-/") || strings.Contains(nth, "#") {
		return days{}, f.fault(text, "has #; n#k must be alone in the field")
	}
	n, err := f.value(day)
	if err != nil {
		return days{}, err
	}
	k, ok := number(nth)
	if !ok || k < 1 || k > 5 {
		return days{}, f.fault(text, "has a number after # that is not in 1-5")
	}
	return days{rule: onNthWeekday, n: n - f.low, nth: k}, nil
}

// plain reports whether text is a single value rather than a list or a range.
func plain(text string) bool { return !strings.ContainsAny(text, ",-/*") }
