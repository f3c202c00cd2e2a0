package schedule_test

import (
	"fmt"
	"time"

	"sagescale/internal/schedule"
)

// A schedule in a zone follows its clocks: nine in the morning in Paris is an
// hour later in UTC when summer time has ended.
func ExampleSchedule_Next() {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		fmt.Println(err)
		return
	}
	expression, err := schedule.Parse("cron(0 9 ? * MON-FRI *)")
	if err != nil {
		fmt.Println(err)
		return
	}
	office := schedule.Schedule{Expression: expression, Location: paris}
	friday := time.Date(2026, 10, 23, 0, 0, 0, 0, paris)
	for at, ok := office.Next(friday); ok && at.Before(friday.AddDate(0, 0, 5)); at, ok = office.Next(at) {
		fmt.Println(at.Format("Mon 15:04 MST"), "is", at.UTC().Format("15:04 MST"))
	}
	// Output:
	// Fri 09:00 CEST is 07:00 UTC
	// Mon 09:00 CET is 08:00 UTC
	// Tue 09:00 CET is 08:00 UTC
}

// Check finds schedules that can never do anything.
func ExampleSchedule_Check() {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		fmt.Println(err)
		return
	}
	expression, err := schedule.Parse("at(2026-03-08T02:30:00)")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(schedule.Schedule{Expression: expression, Location: newYork}.Check())
	// Output:
	// at(2026-03-08T02:30:00) does not exist in America/New_York: clocks are put forward over it
}

// Errors name the field, its value and the rule.
func ExampleParse() {
	for _, text := range []string{"cron(0 8 32 * ? *)", "cron(0 8 * * 1)", "rate(5 minute)"} {
		_, err := schedule.Parse(text)
		fmt.Println(err)
	}
	// Output:
	// cron field day-of-month: "32" is not in 1-31
	// cron has 5 fields, AWS has six: minutes hours day-of-month month day-of-week year; Unix cron has no year and counts the days of the week from 0
	// rate field unit: "minute" does not agree with 5; write rate(5 minutes)
}
