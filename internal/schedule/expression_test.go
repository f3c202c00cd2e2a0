package schedule_test

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones do not depend on the machine

	"sagescale/internal/schedule"
)

func expression(t testing.TB, text string) schedule.Expression {
	t.Helper()
	e, err := schedule.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// expectFirings follows Next from a time on and compares what it finds with
// times in RFC 3339; then it follows Previous back. "none" ends the list where
// there must be no more.
func expectFirings(t *testing.T, s schedule.Schedule, from string, want ...string) {
	t.Helper()
	at := instant(t, from)
	var found []time.Time
	for _, text := range want {
		next, ok := s.Next(at)
		if text == "none" {
			if ok {
				t.Errorf("%s after %s fires at %s, want none", s.Expression, at, next)
			}
			break
		}
		if expected := instant(t, text); !ok || !next.Equal(expected) {
			t.Fatalf("%s after %s fires at %s (%t), want %s", s.Expression, at, next, ok, text)
		}
		found, at = append(found, next), next
	}
	for i, firing := range found {
		expectPrevious(t, s, firing, firing)
		if i > 0 {
			expectPrevious(t, s, firing.Add(-1), found[i-1])
		}
	}
}

func expectPrevious(t *testing.T, s schedule.Schedule, at, want time.Time) {
	t.Helper()
	if got, ok := s.Previous(at); !ok || !got.Equal(want) {
		t.Errorf("%s at or before %s fired at %s (%t), want %s", s.Expression, at, got, ok, want)
	}
}

func TestExpressionFiresAsDocumented(t *testing.T) {
	const (
		cronPage = "AWS: EventBridge user guide, cron expressions"
		ratePage = "AWS: EventBridge user guide, rate expressions"
		aasPage  = "AWS: Application Auto Scaling user guide, scheduled scaling"
	)
	tests := []struct {
		name, source string
		text, zone   string
		from         string
		want         []string
	}{
		{
			"once at a time", aasPage, "at(2021-03-31T22:00:00)", "UTC", "2021-03-01T00:00:00Z",
			[]string{"2021-03-31T22:00:00Z", "none"},
		},
		{
			"once at five in the afternoon in New York", aasPage,
			"at(2021-01-31T17:00:00)", "America/New_York", "2021-01-01T00:00:00Z",
			[]string{"2021-01-31T22:00:00Z", "none"},
		},
		{
			"once keeps its seconds", aasPage, "at(2021-03-31T22:00:07)", "UTC", "2021-03-31T22:00:06.9Z",
			[]string{"2021-03-31T22:00:07Z", "none"},
		},
		{
			"every weekday evening", aasPage, "cron(0 18 ? * MON-FRI *)", "UTC", "2026-11-27T18:00:00Z",
			[]string{"2026-11-30T18:00:00Z", "2026-12-01T18:00:00Z"},
		},
		{
			"every quarter of an hour", aasPage, "cron(0/15 * * * ? *)", "UTC", "2026-11-23T06:55:00Z",
			[]string{"2026-11-23T07:00:00Z", "2026-11-23T07:15:00Z", "2026-11-23T07:30:00Z", "2026-11-23T07:45:00Z"},
		},
		{
			"every five minutes of the working day", aasPage, "cron(0/5 8-17 ? * MON-FRI *)", "UTC", "2026-11-23T17:50:00Z",
			[]string{"2026-11-23T17:55:00Z", "2026-11-24T08:00:00Z", "2026-11-24T08:05:00Z"},
		},
		{
			"every Monday morning", aasPage, "cron(30 6 ? * MON *)", "UTC", "2026-11-23T06:30:00Z",
			[]string{"2026-11-30T06:30:00Z", "2026-12-07T06:30:00Z"},
		},
		{
			"every day at a quarter past noon", "AWS: SageMaker developer guide, serverless endpoints",
			"cron(15 12 * * ? *)", "UTC", "2026-11-23T12:15:00Z", []string{"2026-11-24T12:15:00Z"},
		},
		{
			"the last Friday of the month, in a list of years", cronPage, "cron(15 10 ? * 6L 2019-2022)", "UTC",
			"2022-11-01T00:00:00Z", []string{"2022-11-25T10:15:00Z", "2022-12-30T10:15:00Z", "none"},
		},
		{
			"the weekday nearest to the third", cronPage, "cron(0 0 3W * ? *)", "UTC", "2026-09-30T00:00:00Z",
			[]string{"2026-10-02T00:00:00Z", "2026-11-03T00:00:00Z", "2026-12-03T00:00:00Z", "2027-01-04T00:00:00Z"},
		},
		{
			"the second Tuesday", cronPage, "cron(0 0 ? * 3#2 *)", "UTC", "2026-11-01T00:00:00Z",
			[]string{"2026-11-10T00:00:00Z", "2026-12-08T00:00:00Z"},
		},
		{
			"two minutes of an hour", cronPage, "cron(5,35 14 * * ? *)", "UTC", "2026-11-23T14:00:00Z",
			[]string{"2026-11-23T14:05:00Z", "2026-11-23T14:35:00Z", "2026-11-24T14:05:00Z"},
		},
		{
			"every tenth minute from the first", cronPage, "cron(1/10 0 * * ? *)", "UTC", "2026-11-23T00:00:00Z",
			[]string{"2026-11-23T00:01:00Z", "2026-11-23T00:11:00Z", "2026-11-23T00:21:00Z"},
		},
		{
			"three months by name", cronPage, "cron(0 0 1 JAN,FEB,MAR ? *)", "UTC", "2026-01-15T00:00:00Z",
			[]string{"2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", "2027-01-01T00:00:00Z"},
		},
		{
			"the first half of the month", cronPage, "cron(0 0 1-15 * ? *)", "UTC", "2026-11-14T00:00:00Z",
			[]string{"2026-11-15T00:00:00Z", "2026-12-01T00:00:00Z"},
		},
		{
			"the last day of the month", cronPage, "cron(0 0 L * ? *)", "UTC", "2028-02-01T00:00:00Z",
			[]string{"2028-02-29T00:00:00Z", "2028-03-31T00:00:00Z", "2028-04-30T00:00:00Z"},
		},
		{
			"the last day of the week", cronPage, "cron(0 0 ? * L *)", "UTC", "2026-11-23T00:00:00Z",
			[]string{"2026-11-28T00:00:00Z", "2026-12-05T00:00:00Z"},
		},
		{
			"a rate from the epoch on", ratePage, "rate(5 hours)", "UTC", "1969-01-01T00:00:00Z",
			[]string{"1970-01-01T00:00:00Z", "1970-01-01T05:00:00Z", "1970-01-01T10:00:00Z"},
		},
		{
			"a rate of one minute", ratePage, "rate(1 minute)", "UTC", "2026-11-23T10:00:30Z",
			[]string{"2026-11-23T10:01:00Z", "2026-11-23T10:02:00Z"},
		},
		{
			"a day is 24 hours whatever the clocks do", "AWS: EventBridge Scheduler user guide, daylight savings",
			"rate(1 day)", "America/New_York", "2026-03-07T12:00:00Z",
			[]string{"2026-03-08T00:00:00Z", "2026-03-09T00:00:00Z"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := schedule.Schedule{Expression: expression(t, tt.text), Location: zone(t, tt.zone)}
			expectFirings(t, s, tt.from, tt.want...)
		})
	}
}

func TestExpressionChoosesDays(t *testing.T) {
	tests := []struct {
		name, text string
		from       string
		want       []string
	}{
		{
			"a Saturday the first moves to the third", "cron(0 0 1W * ? *)", "2026-07-15T00:00:00Z",
			[]string{"2026-08-03T00:00:00Z", "2026-09-01T00:00:00Z"},
		},
		{
			"a Sunday the last moves back two days", "cron(0 0 31W * ? *)", "2026-05-01T00:00:00Z",
			[]string{"2026-05-29T00:00:00Z", "2026-07-31T00:00:00Z"},
		},
		{
			"a Sunday moves forward", "cron(0 0 15W * ? *)", "2026-11-01T00:00:00Z",
			[]string{"2026-11-16T00:00:00Z", "2026-12-15T00:00:00Z"},
		},
		{
			"the last weekday of months that end at a weekend", "cron(0 0 LW * ? *)", "2026-01-01T00:00:00Z",
			[]string{"2026-01-30T00:00:00Z", "2026-02-27T00:00:00Z", "2026-03-31T00:00:00Z", "2026-04-30T00:00:00Z", "2026-05-29T00:00:00Z"},
		},
		{
			"a fifth Friday, not in every month", "cron(0 0 ? * FRI#5 *)", "2026-01-01T00:00:00Z",
			[]string{"2026-01-30T00:00:00Z", "2026-05-29T00:00:00Z", "2026-07-31T00:00:00Z"},
		},
		{
			"the last Monday by name", "cron(0 0 ? * monL *)", "2026-05-01T00:00:00Z",
			[]string{"2026-05-25T00:00:00Z", "2026-06-29T00:00:00Z"},
		},
		{
			"names in any case", "cron(0 0 ? jan,Feb sun *)", "2026-01-20T00:00:00Z",
			[]string{"2026-01-25T00:00:00Z", "2026-02-01T00:00:00Z"},
		},
		{
			"leap days, not in 2100", "cron(0 0 29 2 ? *)", "2092-03-01T00:00:00Z",
			[]string{"2096-02-29T00:00:00Z", "2104-02-29T00:00:00Z"},
		},
		{
			"steps through a range of days", "cron(0 0 10-20/5 * ? *)", "2026-11-01T00:00:00Z",
			[]string{"2026-11-10T00:00:00Z", "2026-11-15T00:00:00Z", "2026-11-20T00:00:00Z", "2026-12-10T00:00:00Z"},
		},
		{
			"every other year", "cron(0 0 1 1 ? 2026/2)", "2025-01-01T00:00:00Z",
			[]string{"2026-01-01T00:00:00Z", "2028-01-01T00:00:00Z"},
		},
		{
			"extra spaces and leading zeros", "cron( 05  08 * * ? * )", "2026-11-23T00:00:00Z",
			[]string{"2026-11-23T08:05:00Z"},
		},
		{"the last year ends it", "cron(59 23 31 12 ? *)", "2199-12-31T23:58:00Z", []string{"2199-12-31T23:59:00Z", "none"}},
		{"the first year begins it", "cron(0 0 * * ? *)", "0001-01-01T00:00:00Z", []string{"1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z"}},
		{"the first minute, from within the one before", "cron(* * * * ? *)", "1969-12-31T23:59:30Z", []string{"1970-01-01T00:00:00Z"}},
		{"a rate ends with the last year", "rate(1 hour)", "2199-12-31T22:30:00Z", []string{"2199-12-31T23:00:00Z", "none"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			expectFirings(t, schedule.Schedule{Expression: expression(t, tt.text)}, tt.from, tt.want...)
		})
	}
}

func TestPreviousBeyondBothEnds(t *testing.T) {
	const endOfTime = "the end of time"
	tests := []struct{ name, text, at, want string }{
		{"a cron long after the last year", "cron(0 0 1 1 ? *)", "9999-01-01T00:00:00Z", "2199-01-01T00:00:00Z"},
		{"a rate long after the last year", "rate(1 hour)", "9999-01-01T00:00:00Z", "2199-12-31T23:00:00Z"},
		{"an at long after it", "at(2026-01-01T00:00:00)", "9999-01-01T00:00:00Z", "2026-01-01T00:00:00Z"},
		{"a cron at the end of time", "cron(0 0 1 1 ? *)", endOfTime, "2199-01-01T00:00:00Z"},
		{"a rate just after the last year", "rate(1 hour)", "2200-01-01T00:00:00Z", "2199-12-31T23:00:00Z"},
		{"a rate at the end of time", "rate(1 hour)", endOfTime, "2199-12-31T23:00:00Z"},
		{"a cron before the first year", "cron(* * * * ? *)", "1969-12-31T23:59:59Z", ""},
		{"a cron long before the first year", "cron(* * * * ? *)", "0001-01-01T00:00:00Z", ""},
		{"a rate before the epoch", "rate(1 minute)", "1969-12-31T23:59:59.999999999Z", ""},
		{"an at that is to come", "at(2026-01-01T00:00:00)", "2025-12-31T23:59:59Z", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at := time.Unix(1<<63-62135596801, 999999999) // the latest that a Time can be
			if tt.at != endOfTime {
				at = instant(t, tt.at)
			}
			if _, ok := expression(t, tt.text).Next(at, nil, time.Time{}); ok && tt.at == endOfTime {
				t.Error("it fires after the end of time")
			}
			got, ok := expression(t, tt.text).Previous(at, nil, time.Time{})
			if ok != (tt.want != "") || ok && !got.Equal(instant(t, tt.want)) || !ok && !got.IsZero() {
				t.Errorf("got %s (%t), want %q", got, ok, tt.want)
			}
		})
	}
}

func TestZeroExpressionNeverFires(t *testing.T) {
	var e schedule.Expression
	if at, ok := e.Next(time.Time{}, nil, time.Time{}); ok {
		t.Errorf("Next = %s", at)
	}
	if e.Kind().String() != "none" || e.String() != "" {
		t.Errorf("kind %s, text %q", e.Kind(), e)
	}
}

func TestParseKeepsTextAndKind(t *testing.T) {
	tests := []struct {
		text, word string
		kind       schedule.Kind
	}{
		{"at(2026-11-23T10:00:00)", "at", schedule.At},
		{"rate(5 minutes)", "rate", schedule.Rate},
		{"cron(0 16 ? * MON-FRI *)", "cron", schedule.Cron},
	}
	for _, tt := range tests {
		e := expression(t, tt.text)
		if e.String() != tt.text || e.Kind() != tt.kind || e.Kind().String() != tt.word {
			t.Errorf("%s: text %q, kind %s", tt.text, e, e.Kind())
		}
		if e != expression(t, tt.text) {
			t.Errorf("%s: not equal to itself parsed again", tt.text)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"nothing", "", `"" is not at(...), rate(...) or cron(...)`},
		{"no parentheses", "0 8 * * ? *", "is not at(...), rate(...) or cron(...)"},
		{"no closing parenthesis", "rate(5 minutes", "is not at(...), rate(...) or cron(...)"},
		{"text behind the parenthesis", "rate(5 minutes) ", "is not at(...), rate(...) or cron(...)"},
		{"another word", "every(5 minutes)", `"every" is not at, rate or cron`},
		{"capital letters", "Cron(0 8 * * ? *)", `"Cron" is not at, rate or cron, in lower case`},
		{"a look-alike letter", "cron(0 8 ? * \u017fUN *)", "is not at(...)"},
		{"a tab", "cron(0\t8 * * ? *)", "is not at(...)"},

		{"at with a zone", "at(2026-11-23T10:00:00Z)", "is not yyyy-mm-ddThh:mm:ss, local and without a zone"},
		{"at without a time", "at(2026-11-23)", "is not yyyy-mm-ddThh:mm:ss"},
		{"at with a space", "at(2026-11-23 10:00:00)", "is not yyyy-mm-ddThh:mm:ss"},
		{"at with a sign", "at(+026-11-23T10:00:00)", "is not yyyy-mm-ddThh:mm:ss"},
		{"at before the first year", "at(1969-12-31T23:59:59)", `at field year: "1969" is not in 1970-2199`},
		{"at after the last year", "at(2200-01-01T00:00:00)", `at field year: "2200" is not in 1970-2199`},
		{"at in month 13", "at(2026-13-01T00:00:00)", `at field month: "13" is not in 01-12`},
		{"at on February 29 of no leap year", "at(2100-02-29T00:00:00)", `at field day: "29" is not in 01-28`},
		{"at at hour 24", "at(2026-11-23T24:00:00)", `at field hour: "24" is not in 00-23`},
		{"at at minute 60", "at(2026-11-23T10:60:00)", `at field minute: "60" is not in 00-59`},
		{"at at second 60", "at(2026-11-23T10:00:60)", `at field second: "60" is not in 00-59`},

		{"rate without a unit", "rate(5)", "is not a number and a unit"},
		{"rate of two rates", "rate(5 minutes 1 hour)", "is not a number and a unit"},
		{"rate of zero", "rate(0 minutes)", `rate field value: "0" is not a positive integer`},
		{"rate below zero", "rate(-1 hour)", `rate field value: "-1" is not a positive integer`},
		{"rate with a sign", "rate(+1 hour)", `rate field value: "+1" is not a positive integer`},
		{"rate of a fraction", "rate(1.5 hours)", `rate field value: "1.5" is not a positive integer`},
		{"rate of seconds", "rate(30 seconds)", `rate field unit: "seconds" is not minute(s), hour(s) or day(s)`},
		{"rate of many in the singular", "rate(5 hour)", "write rate(5 hours)"},
		{"rate with a double plural", "rate(5 dayss)", `rate field unit: "dayss" is not minute(s)`},
		{"rate that overflows an integer", "rate(99999999999999999999 days)", "is longer than 292 years"},
		{"rate that overflows a duration", "rate(106752 days)", `"106752" days is longer than 292 years`},

		{"cron of five fields", "cron(0 8 * * 1)", "cron has 5 fields, AWS has six: minutes hours day-of-month month day-of-week year; Unix cron has no year"},
		{"cron of seven fields", "cron(0 0 8 * * ? *)", "cron has 7 fields, AWS has six: minutes hours day-of-month month day-of-week year; leave out the seconds"},
		{"cron of no fields", "cron()", "cron has 0 fields"},
		{"neither day field is a question mark", "cron(30 6 * * 2 *)", `"*" and "2"; exactly one must be "?"`},
		{"both day fields are stars", "cron(0 0 * * * *)", `"*" and "*"; exactly one must be "?"`},
		{"both day fields are question marks", "cron(0 0 ? * ? *)", `"?" and "?"; exactly one must be "?"`},

		{"minute too high", "cron(60 0 * * ? *)", `cron field minutes: "60" is not in 0-59`},
		{"question mark for minutes", "cron(? 0 * * ? *)", `cron field minutes: "?" is not in 0-59`},
		{"negative minute", "cron(-1 0 * * ? *)", `cron field minutes: "" is not in 0-59`},
		{"hour too high", "cron(0 24 * * ? *)", `cron field hours: "24" is not in 0-23`},
		{"day of month zero", "cron(0 0 0 * ? *)", `cron field day-of-month: "0" is not in 1-31`},
		{"day of month too high", "cron(0 0 32 * ? *)", `cron field day-of-month: "32" is not in 1-31`},
		{"month too high", "cron(0 0 1 13 ? *)", `cron field month: "13" is not in 1-12 or JAN-DEC`},
		{"month in full", "cron(0 0 1 JANUARY ? *)", `cron field month: "JANUARY" is not in 1-12 or JAN-DEC`},
		{"day of week zero", "cron(0 0 ? * 0 *)", `cron field day-of-week: "0" is not in 1-7 or SUN-SAT`},
		{"day of week too high", "cron(0 0 ? * 8 *)", `cron field day-of-week: "8" is not in 1-7 or SUN-SAT`},
		{"an hour by the name of a month", "cron(0 JAN ? * 2 *)", `cron field hours: "JAN" is not in 0-23`},
		{"a question mark for the month", "cron(0 0 1 ? ? *)", `cron field month: "?" is not in 1-12`},
		{"year too low", "cron(0 0 1 1 ? 1969)", `cron field year: "1969" is not in 1970-2199`},
		{"year too high", "cron(0 0 1 1 ? 2200)", `cron field year: "2200" is not in 1970-2199`},
		{"a number that overflows", "cron(4294967296 0 1 1 ? *)", "is not in 0-59"},

		{"empty element", "cron(1,,2 0 * * ? *)", `cron field minutes: "" is not in 0-59`},
		{"open range", "cron(5- 0 * * ? *)", `cron field minutes: "" is not in 0-59`},
		{"double range", "cron(1-2-3 0 * * ? *)", `cron field minutes: "2-3" is not in 0-59`},
		{"range of stars", "cron(*-5 0 * * ? *)", `cron field minutes: "*" is not in 0-59`},
		{"range that runs backwards", "cron(50-10 0 * * ? *)", `"50-10" runs backwards; ranges do not wrap around, list 50-59,0-10`},
		{"range over the end of the week", "cron(0 0 ? * FRI-MON *)", `"FRI-MON" runs backwards; ranges do not wrap around, list FRI-7,1-MON`},
		{"range over the end of the year", "cron(0 0 1 NOV-FEB ? *)", `"NOV-FEB" runs backwards`},

		{"step of zero", "cron(*/0 0 * * ? *)", `cron field minutes: "*/0" has a step that is not in 1-60`},
		{"no step", "cron(0/ 0 * * ? *)", `cron field minutes: "0/" has a step that is not in 1-60`},
		{"two steps", "cron(0/5/5 0 * * ? *)", `"0/5/5" has a step that is not in 1-60`},
		{"step longer than its field", "cron(0/90 * * * ? *)", `cron field minutes: "0/90" has a step that is not in 1-60`},
		{"step of what", "cron(/5 * * * ? *)", `cron field minutes: "" is not in 0-59`},
		{"step of days of the week", "cron(0 0 ? * MON-FRI/2 *)", `cron field day-of-week: "MON-FRI/2" has a step, which this field does not take`},

		{"days before the last", "cron(0 0 L-3 * ? *)", `cron field day-of-month: "L-3" has L or W`},
		{"last day in a list", "cron(0 0 1,L * ? *)", `cron field day-of-month: "1,L" has L or W`},
		{"weekday near nothing", "cron(0 0 W * ? *)", `cron field day-of-month: "" is not in 1-31`},
		{"weekday near a day of no month", "cron(0 0 32W * ? *)", `cron field day-of-month: "32" is not in 1-31`},
		{"weekday near a range", "cron(0 0 1-5W * ? *)", `cron field day-of-month: "1-5W" has L or W`},
		{"last range of weekdays", "cron(0 0 ? * 2-6L *)", `cron field day-of-week: "2-6L" has L`},
		{"last of no weekday", "cron(0 0 ? * 9L *)", `cron field day-of-week: "9" is not in 1-7`},
		{"last weekday in front of a list", "cron(0 0 ? * 2L,3 *)", `cron field day-of-week: "2L" is not in 1-7`},
		{"two numbered weekdays", "cron(0 0 ? * 3#1,6#3 *)", `cron field day-of-week: "3#1,6#3" has #; n#k must be alone`},
		{"sixth weekday", "cron(0 0 ? * 3#6 *)", `"3#6" has a number after # that is not in 1-5`},
		{"numbered nothing", "cron(0 0 ? * 3# *)", `"3#" has a number after # that is not in 1-5`},
		{"number of no weekday", "cron(0 0 ? * #3 *)", `cron field day-of-week: "" is not in 1-7`},
		{"number twice", "cron(0 0 ? * 3#1#2 *)", `"3#1#2" has #; n#k must be alone`},
		{"nearest weekday in the day of the week", "cron(0 0 ? * 3W *)", `cron field day-of-week: "3W" is not in 1-7`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := schedule.Parse(tt.text)
			if err == nil {
				t.Fatalf("%s was accepted", tt.text)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q does not say %q", err, tt.want)
			}
			if e != (schedule.Expression{}) {
				t.Errorf("an expression came with the error")
			}
		})
	}
}
