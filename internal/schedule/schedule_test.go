package schedule_test

import (
	"strings"
	"testing"
	"time"

	"sagescale/internal/schedule"
)

// Faults: F5
func TestClocksThatChange(t *testing.T) {
	const scheduler = "AWS: EventBridge Scheduler user guide, daylight savings"
	tests := []struct {
		name, source string
		text, zone   string
		from         string
		want         []string
	}{
		{
			"follows the clocks", "AWS: Application Auto Scaling user guide, scheduled scaling",
			"cron(0 9 * * ? *)", "America/New_York", "2026-03-07T00:00:00Z",
			[]string{"2026-03-07T14:00:00Z", "2026-03-08T13:00:00Z"},
		},
		{
			"skips what spring skips", scheduler, "cron(30 2 * * ? *)", "America/New_York", "2026-03-07T00:00:00Z",
			[]string{"2026-03-07T07:30:00Z", "2026-03-09T06:30:00Z"},
		},
		{
			"fires once where autumn repeats, the first time", scheduler,
			"cron(30 1 * * ? *)", "America/New_York", "2026-10-31T12:00:00Z",
			[]string{"2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"},
		},
		{
			"fires every quarter only in the first of the two hours", scheduler,
			"cron(0/30 * * * ? *)", "Europe/Paris", "2026-10-25T00:00:00Z",
			[]string{"2026-10-25T00:30:00Z", "2026-10-25T02:00:00Z", "2026-10-25T02:30:00Z"},
		},
		{
			"starts to look in the second of the two hours", scheduler,
			"cron(0/30 * * * ? *)", "Europe/Paris", "2026-10-25T01:10:00Z", []string{"2026-10-25T02:00:00Z"},
		},
		{
			"skips half an hour on Lord Howe", scheduler, "cron(0/15 2 * * ? *)", "Australia/Lord_Howe", "2026-10-03T15:25:00Z",
			[]string{"2026-10-03T15:30:00Z", "2026-10-03T15:45:00Z", "2026-10-04T15:00:00Z"},
		},
		{
			"skips midnight in Santiago", scheduler, "cron(0 0 * * ? *)", "America/Santiago", "2026-09-05T00:00:00Z",
			[]string{"2026-09-05T04:00:00Z", "2026-09-07T03:00:00Z"},
		},
		{
			"skips the day that Samoa skipped", scheduler, "cron(0 12 * * ? *)", "Pacific/Apia", "2011-12-29T00:00:00Z",
			[]string{"2011-12-29T22:00:00Z", "2011-12-30T22:00:00Z"},
		},
		{
			"an at of a doubled hour is the first", scheduler, "at(2026-11-01T01:30:00)", "America/New_York", "2026-10-01T00:00:00Z",
			[]string{"2026-11-01T05:30:00Z", "none"},
		},
		{
			"an at of a skipped hour never is", scheduler, "at(2026-03-08T02:30:00)", "America/New_York", "2026-01-01T00:00:00Z",
			[]string{"none"},
		},
		{
			"the last day of a leap year after the zone database ends", "golang.org/issue/81583",
			"cron(0 12 L 12 ? *)", "Europe/Warsaw", "2040-01-01T00:00:00Z", []string{"2040-12-31T11:00:00Z"},
		},
		{
			"local midnight before the epoch in UTC", "year 1970 is local", "cron(0 0 1 1 ? *)", "Pacific/Auckland", "1969-01-01T00:00:00Z",
			[]string{"1969-12-31T12:00:00Z", "1970-12-31T12:00:00Z"},
		},
		{
			"an offset of seconds", "Monrovia kept -0:44:30 until 1972", "cron(0 0 1 * ? *)", "Africa/Monrovia", "1971-12-01T01:00:00Z",
			[]string{"1972-01-01T00:44:30Z", "1972-02-01T00:00:00Z"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := schedule.Schedule{Expression: expression(t, tt.text), Location: zone(t, tt.zone)}
			expectFirings(t, s, tt.from, tt.want...)
		})
	}
}

func TestPreviousInTheSecondOfTwoHours(t *testing.T) {
	s := schedule.Schedule{Expression: expression(t, "cron(50 2 * * ? *)"), Location: zone(t, "Europe/Paris")}
	// 02:10 again: the clock is behind the 02:50 that it has already shown.
	expectPrevious(t, s, instant(t, "2026-10-25T01:10:00Z"), instant(t, "2026-10-25T00:50:00Z"))
}

func TestFiringsAreInTheLocation(t *testing.T) {
	paris := zone(t, "Europe/Paris")
	for _, text := range []string{"at(2026-11-24T00:00:00)", "rate(1 hour)", "cron(0 0 * * ? *)"} {
		for _, start := range []time.Time{{}, instant(t, "2026-11-23T12:00:00Z")} {
			s := schedule.Schedule{Expression: expression(t, text), Location: paris, Start: start}
			next, _ := s.Next(instant(t, "2026-11-23T00:00:00Z"))
			previous, _ := s.Previous(instant(t, "2026-11-25T00:00:00Z"))
			if next.Location() != paris || previous.Location() != paris {
				t.Errorf("%s: in %s and %s", text, next.Location(), previous.Location())
			}
		}
	}
}

func TestStartAndEnd(t *testing.T) {
	const aas = "AWS: Application Auto Scaling user guide, scheduled actions using cron expressions"
	tests := []struct {
		name, source string
		text         string
		start, end   string
		from         string
		want         []string
	}{
		{
			"a cron fires at its start, then by the cron", aas, "cron(0 8 * * ? *)", "2026-11-23T10:15:30Z", "", "2026-11-01T00:00:00Z",
			[]string{"2026-11-23T10:15:30Z", "2026-11-24T08:00:00Z"},
		},
		{
			"a cron that matches its start fires once there", aas, "cron(0 8 * * ? *)", "2026-11-23T08:00:00Z", "", "2026-11-23T07:59:59.999999999Z",
			[]string{"2026-11-23T08:00:00Z", "2026-11-24T08:00:00Z"},
		},
		{
			"a rate counts from its start", "AWS: EventBridge Scheduler user guide, rate-based schedules",
			"rate(5 hours)", "2026-11-23T10:15:30.5Z", "", "2026-01-01T00:00:00Z",
			[]string{"2026-11-23T10:15:30.5Z", "2026-11-23T15:15:30.5Z", "2026-11-23T20:15:30.5Z"},
		},
		{
			"an at is not fired by its start", aas, "at(2026-12-01T00:00:00)", "2026-11-23T00:00:00Z", "", "2026-01-01T00:00:00Z",
			[]string{"2026-12-01T00:00:00Z", "none"},
		},
		{
			"an at before its start does not fire", aas, "at(2026-11-01T00:00:00)", "2026-11-23T00:00:00Z", "", "2026-01-01T00:00:00Z",
			[]string{"none"},
		},
		{
			"an at on its start fires", aas, "at(2026-11-23T00:00:00)", "2026-11-23T00:00:00Z", "", "2026-01-01T00:00:00Z",
			[]string{"2026-11-23T00:00:00Z", "none"},
		},
		{
			"the end still fires, nothing after it", aas, "cron(0 8 * * ? *)", "", "2026-11-24T08:00:00Z", "2026-11-23T00:00:00Z",
			[]string{"2026-11-23T08:00:00Z", "2026-11-24T08:00:00Z", "none"},
		},
		{
			"a firing just behind the end is lost", aas, "cron(0 8 * * ? *)", "", "2026-11-24T07:59:59.999999999Z", "2026-11-23T00:00:00Z",
			[]string{"2026-11-23T08:00:00Z", "none"},
		},
		{
			"a start behind the end fires nothing", aas, "rate(1 hour)", "2026-11-24T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-01T00:00:00Z",
			[]string{"none"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			expectFirings(t, bounded(t, tt.text, "UTC", tt.start, tt.end), tt.from, tt.want...)
		})
	}
}

func TestPreviousBetweenStartAndEnd(t *testing.T) {
	tests := []struct{ name, text, start, end, at, want string }{
		{"before the start", "cron(0 8 * * ? *)", "2026-11-23T10:00:00Z", "", "2026-11-23T09:59:59Z", ""},
		{"the start before the first match", "cron(0 8 * * ? *)", "2026-11-23T10:00:00Z", "", "2026-11-24T07:00:00Z", "2026-11-23T10:00:00Z"},
		{"the start of a cron with no match before it", "cron(0 8 1 1 ? 2030)", "2026-11-23T10:00:00Z", "", "2026-11-24T07:00:00Z", "2026-11-23T10:00:00Z"},
		{"after the end", "cron(0 8 * * ? *)", "", "2026-11-23T08:00:00Z", "2027-01-01T00:00:00Z", "2026-11-23T08:00:00Z"},
		{"an at before its start", "at(2026-11-01T00:00:00)", "2026-11-23T00:00:00Z", "", "2026-12-01T00:00:00Z", ""},
		{"an at after its end", "at(2026-12-01T00:00:00)", "", "2026-11-23T00:00:00Z", "2026-12-02T00:00:00Z", ""},
		{"a rate before its start", "rate(1 hour)", "2026-11-23T00:00:00Z", "", "2026-11-22T23:59:59Z", ""},
		{"a start behind the end", "cron(0 8 * * ? *)", "2026-11-24T00:00:00Z", "2026-11-23T00:00:00Z", "2026-12-01T00:00:00Z", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := bounded(t, tt.text, "UTC", tt.start, tt.end).Previous(instant(t, tt.at))
			if ok != (tt.want != "") || ok && !got.Equal(instant(t, tt.want)) || !ok && !got.IsZero() {
				t.Errorf("got %s (%t), want %q", got, ok, tt.want)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	const start, end = "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"
	tests := []struct{ name, text, zone, start, end, want string }{
		{"unbounded cron", "cron(0 8 * * ? *)", "UTC", "", "", ""},
		{"cron between bounds", "cron(0 8 * * ? *)", "UTC", start, end, ""},
		{"cron only on its start", "cron(0 0 1 1 ? 2026)", "UTC", start, end, ""},
		{"cron only on its end", "cron(0 0 1 1 ? 2027)", "UTC", start, end, ""},
		{"rate longer than its bounds fires at the start", "rate(9999 days)", "UTC", start, end, ""},
		{"at in the doubled hour", "at(2026-11-01T01:30:00)", "America/New_York", start, end, ""},

		{"end before start", "cron(0 8 * * ? *)", "UTC", end, start, "end 2026-01-01T00:00:00Z is not after start 2027-01-01T00:00:00Z"},
		{"end on start", "rate(1 hour)", "UTC", start, start, "is not after start"},
		{"at that the clocks skip", "at(2026-03-08T02:30:00)", "America/New_York", "", "", "at(2026-03-08T02:30:00) does not exist in America/New_York"},
		{"at before start", "at(2025-12-31T23:59:59)", "UTC", start, "", "never fires from 2026-01-01T00:00:00Z"},
		{"at after end", "at(2027-01-01T00:00:01)", "UTC", "", end, "never fires until 2027-01-01T00:00:00Z"},
		{"at before start by its zone", "at(2026-01-01T00:30:00)", "Europe/Paris", start, "", "at(2026-01-01T00:30:00) in Europe/Paris never fires"},
		{"February 31", "cron(0 0 31 2 ? *)", "UTC", "", "", "cron(0 0 31 2 ? *) in UTC never fires"},
		{"February 31 with a start", "cron(0 0 31 2 ? *)", "UTC", start, "", "never fires from"},
		{"leap days of no leap year", "cron(0 0 29 2 ? 2100)", "UTC", "", "", "never fires"},
		{"years before the start", "cron(0 8 * * ? 2020-2025)", "UTC", start, "", "never fires from"},
		{"no match before the end", "cron(0 8 * 6 ? *)", "UTC", "2026-07-01T00:00:00Z", end, "never fires from 2026-07-01T00:00:00Z until 2027-01-01T00:00:00Z"},
		{"only in an hour that the clocks skip", "cron(30 2 8 3 ? 2026)", "America/New_York", "", "", "never fires"},
		{"rate from a year that does not exist", "rate(1 day)", "UTC", "2200-01-01T00:00:00Z", "", "never fires"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := bounded(t, tt.text, tt.zone, tt.start, tt.end).Check()
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	if err := (schedule.Schedule{}).Check(); err == nil || !strings.Contains(err.Error(), "no expression") {
		t.Errorf("the zero schedule: %v", err)
	}
}

// bounded returns a schedule; empty bounds are none.
func bounded(t *testing.T, text, location, start, end string) schedule.Schedule {
	t.Helper()
	s := schedule.Schedule{Expression: expression(t, text), Location: zone(t, location)}
	if start != "" {
		s.Start = instant(t, start)
	}
	if end != "" {
		s.End = instant(t, end)
	}
	return s
}
