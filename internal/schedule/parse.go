package schedule

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// parseAt reads yyyy-mm-ddThh:mm:ss.
func parseAt(body string) (wall, error) {
	const layout = "yyyy-mm-ddThh:mm:ss"
	if !shaped(body, layout) {
		return 0, fmt.Errorf("at time: %q is not %s, local and without a zone", body, layout)
	}
	year, _ := strconv.Atoi(body[:4])
	month, _ := strconv.Atoi(body[5:7])
	lastDay := time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	fields := [...]struct {
		name      string
		text      string
		low, high int
	}{
		{"year", body[:4], firstYear, lastYear},
		{"month", body[5:7], 1, 12},
		{"day", body[8:10], 1, lastDay},
		{"hour", body[11:13], 0, 23},
		{"minute", body[14:16], 0, 59},
		{"second", body[17:], 0, 59},
	}
	var n [len(fields)]int
	for i, f := range fields {
		n[i], _ = strconv.Atoi(f.text)
		if n[i] < f.low || n[i] > f.high {
			return 0, fmt.Errorf("at field %s: %q is not in %02d-%02d", f.name, f.text, f.low, f.high)
		}
	}
	date := time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], 0, time.UTC)
	return wallAt(date), nil
}

// shaped reports whether text has a digit wherever layout has a small letter,
// and is otherwise the same.
func shaped(text, layout string) bool {
	if len(text) != len(layout) {
		return false
	}
	for i := range len(layout) {
		digit := layout[i] >= 'a' && layout[i] <= 'z'
		if digit != isDigit(text[i]) || !digit && text[i] != layout[i] {
			return false
		}
	}
	return true
}

// parseRate reads "N unit" and returns the interval in seconds.
func parseRate(body string) (int64, error) {
	parts := fieldsOf(body)
	if len(parts) != 2 {
		return 0, fmt.Errorf("rate: %q is not a number and a unit, as in rate(5 minutes)", body)
	}
	value, word := parts[0], parts[1]
	n, err := strconv.ParseInt(value, 10, 64)
	if !isDigit(value[0]) || n <= 0 || err != nil && n != math.MaxInt64 {
		return 0, fmt.Errorf("rate field value: %q is not a positive integer", value)
	}
	seconds, err := unitSeconds(n, word)
	if err != nil {
		return 0, err
	}
	if limit := int64(math.MaxInt64 / time.Second); n > limit/seconds {
		return 0, fmt.Errorf("rate field value: %q %s is longer than 292 years", value, word)
	}
	return n * seconds, nil
}

// unitSeconds returns the length of a unit. Its word must be in the plural unless
// n is 1, which takes both as EventBridge Scheduler does.
func unitSeconds(n int64, word string) (int64, error) {
	singular := strings.TrimSuffix(word, "s")
	lengths := map[string]int64{
		"minute": secondsPerMinute,
		"hour":   minutesPerHour * secondsPerMinute,
		"day":    secondsPerDay,
	}
	seconds, known := lengths[singular]
	switch {
	case !known:
		return 0, fmt.Errorf("rate field unit: %q is not minute(s), hour(s) or day(s)", word)
	case n > 1 && word == singular:
		return 0, fmt.Errorf("rate field unit: %q does not agree with %d; write rate(%d %ss)",
			word, n, n, singular)
	}
	return seconds, nil
}

// fieldsOf splits text at spaces.
func fieldsOf(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ' ' })
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
