package schedule

import (
	"fmt"
	"strings"
	"time"
)

// Kind is the form of an expression.
type Kind int

// The forms of an expression. The zero Kind belongs to the zero Expression.
const (
	At   Kind = iota + 1 // at(...): once
	Rate                 // rate(...): at an interval
	Cron                 // cron(...): by the calendar
)

// String returns the word before the parenthesis: at, rate or cron.
func (k Kind) String() string {
	switch k {
	case At:
		return "at"
	case Rate:
		return "rate"
	case Cron:
		return "cron"
	}
	return "none"
}

// Expression is a schedule expression that Parse accepted. It does not change,
// and two are equal (==) when their text is. The zero Expression never fires.
type Expression struct {
	text  string
	kind  Kind
	at    wall  // At
	every int64 // Rate: the interval in seconds
	cron  cron  // Cron
}

// Parse reads an expression. It takes what AWS documents and refuses the rest
// with an error that names the field, its value and the rule.
func Parse(text string) (Expression, error) {
	e := Expression{text: text}
	word, body, opened := strings.Cut(text, "(")
	body, closed := strings.CutSuffix(body, ")")
	if !opened || !closed || !printable(text) {
		return Expression{}, fmt.Errorf("%q is not at(...), rate(...) or cron(...)", text)
	}
	var err error
	switch word {
	case "at":
		e.kind = At
		e.at, err = parseAt(body)
	case "rate":
		e.kind = Rate
		e.every, err = parseRate(body)
	case "cron":
		e.kind = Cron
		e.cron, err = parseCron(body)
	default:
		err = fmt.Errorf("%q is not at, rate or cron, in lower case", word)
	}
	if err != nil {
		return Expression{}, err
	}
	return e, nil
}

// printable reports whether text is printable ASCII, so that no look-alike of a
// letter or a space passes for one.
func printable(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) < 0
}

// String returns the text as written.
func (e Expression) String() string { return e.text }

// Kind returns the form of the expression.
func (e Expression) Kind() Kind { return e.kind }

// Next returns the first firing strictly after t, in loc (nil is UTC); false
// when there is none. A rate counts from anchor, where it fires first; the zero
// anchor is the Unix epoch. The other kinds ignore it.
func (e Expression) Next(t time.Time, loc *time.Location, anchor time.Time) (time.Time, bool) {
	return orZero(e.seek(t, locationOr(loc), anchor, forward))
}

// Previous returns the last firing at or before t; false when there is none.
// It sees the firings that Next sees: for each of them, Previous(f) is f.
func (e Expression) Previous(t time.Time, loc *time.Location, anchor time.Time) (time.Time, bool) {
	return orZero(e.seek(t, locationOr(loc), anchor, backward))
}

// exists reports whether the local time of an at is one that clocks in loc show.
func (e Expression) exists(loc *time.Location) bool {
	_, shown := e.at.instant(loc)
	return shown || e.kind != At
}

func (e Expression) seek(
	t time.Time, loc *time.Location, anchor time.Time, d direction,
) (time.Time, bool) {
	switch e.kind {
	case At:
		at, ok := e.at.instant(loc)
		return at, ok && at.After(t) == (d == forward)
	case Rate:
		return seekRate(e.every, t.In(loc), anchor, d)
	case Cron:
		return e.cron.seekInstant(t.In(loc), d)
	}
	return time.Time{}, false
}

// seekInstant returns the firing next to t in a direction, in the location of t;
// t itself counts only backward.
//
// Wall clocks that go on make instants that go on, so the search starts beside
// what the clock shows at t. It drops what the clock skips and, for at most as
// long as the clock was put back, what lies on the wrong side of t.
func (c cron) seekInstant(t time.Time, d direction) (time.Time, bool) {
	start := floorMinute(wallAt(t)) + 1
	if d == backward {
		start = floorMinute(latestWall(t))
	}
	for minute, ok := c.seek(start, d); ok; minute, ok = c.seek(minute+int(d), d) {
		at, shown := wall(minute * secondsPerMinute).instant(t.Location())
		if shown && at.After(t) == (d == forward) {
			return at, true
		}
	}
	return time.Time{}, false
}

// floorMinute returns the minute that w lies in; -1 for any before 1970.
func floorMinute(w wall) int {
	if w < 0 {
		return -1
	}
	return int(w / secondsPerMinute)
}

// seekRate returns the firing next to t in a direction, in the location of t,
// of a rate that counts from anchor; t itself counts only backward.
func seekRate(every int64, t, anchor time.Time, d direction) (time.Time, bool) {
	if anchor.IsZero() {
		anchor = time.Unix(0, 0)
	}
	end := time.Date(lastYear+1, 1, 1, 0, 0, 0, 0, t.Location())
	if !t.Before(end) {
		if d == forward {
			return time.Time{}, false
		}
		t = end.Add(-1)
	}
	next := int64(0) // how many intervals after the anchor
	if !t.Before(anchor) {
		next = wholeSeconds(anchor, t)/every + 1
	}
	if d == backward {
		next--
	}
	at := time.Unix(anchor.Unix()+next*every, int64(anchor.Nanosecond())).In(t.Location())
	return at, next >= 0 && at.Before(end)
}

// wholeSeconds returns the full seconds from one time to a later one. Unlike
// Time.Sub it does not stop at 292 years.
func wholeSeconds(from, to time.Time) int64 {
	seconds := to.Unix() - from.Unix()
	if to.Nanosecond() < from.Nanosecond() {
		seconds--
	}
	return seconds
}

// orZero returns the zero time where there is no firing.
func orZero(t time.Time, ok bool) (time.Time, bool) {
	if !ok {
		return time.Time{}, false
	}
	return t, true
}

func locationOr(loc *time.Location) *time.Location {
	if loc == nil {
		return time.UTC
	}
	return loc
}
