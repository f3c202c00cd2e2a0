package schedule

import (
	"fmt"
	"strconv"
	"strings"
)

// field is one of the six fields of a cron: what it is called and may hold.
type field struct {
	name      string
	low, high int
	names     string // of the values from low on, three letters each
	noStep    bool   // AWS documents no "/" for it
}

func minutesField() field { return field{name: "minutes", high: 59} }
func hoursField() field   { return field{name: "hours", high: 23} }
func dateField() field    { return field{name: "day-of-month", low: 1, high: 31} }
func yearField() field    { return field{name: "year", low: firstYear, high: lastYear} }

func monthField() field {
	return field{name: "month", low: 1, high: 12, names: "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"}
}

func weekdayField() field {
	return field{name: "day-of-week", low: 1, high: 7, names: "SUNMONTUEWEDTHUFRISAT", noStep: true}
}

// set reads a list of values, ranges and steps. The result counts from the
// lowest value of the field as 0.
func (f field) set(text string) (set, error) {
	var chosen set
	for part := range strings.SplitSeq(text, ",") {
		low, high, step, err := f.part(part)
		if err != nil {
			return set{}, err
		}
		for n := low; n <= high; n += step {
			chosen = chosen.with(n - f.low)
		}
	}
	return chosen, nil
}

// part reads one element of a list: a span, with or without a step.
func (f field) part(text string) (low, high, step int, err error) {
	body, stepText, stepped := strings.Cut(text, "/")
	low, high, err = f.span(body)
	if err != nil || !stepped {
		return low, high, 1, err
	}
	if f.noStep {
		return 0, 0, 0, f.fault(text, "has a step, which this field does not take; list the values")
	}
	if body != "*" && !strings.Contains(body, "-") {
		high = f.high
	}
	step, ok := number(stepText)
	if longest := f.high - f.low + 1; !ok || step < 1 || step > longest {
		return 0, 0, 0, f.fault(text, fmt.Sprintf("has a step that is not in 1-%d", longest))
	}
	return low, high, step, nil
}

// span reads "*", a range or a value.
func (f field) span(text string) (low, high int, err error) {
	if text == "*" {
		return f.low, f.high, nil
	}
	from, to, ranged := strings.Cut(text, "-")
	low, err = f.value(from)
	if err != nil || !ranged {
		return low, low, err
	}
	high, err = f.value(to)
	if err == nil && low > high {
		err = f.fault(text, fmt.Sprintf(
			"runs backwards; ranges do not wrap around, list %s-%d,%d-%s", from, f.high, f.low, to))
	}
	return low, high, err
}

// value reads a number or a name.
func (f field) value(text string) (int, error) {
	for i := 0; len(text) == 3 && i < len(f.names); i += 3 {
		if strings.EqualFold(text, f.names[i:i+3]) {
			return f.low + i/3, nil
		}
	}
	if n, ok := number(text); ok && n >= f.low && n <= f.high {
		return n, nil
	}
	return 0, f.fault(text, "is not in "+f.values())
}

// values describes what value takes.
func (f field) values() string {
	text := fmt.Sprintf("%d-%d", f.low, f.high)
	if f.names != "" {
		text += " or " + f.names[:3] + "-" + f.names[len(f.names)-3:]
	}
	return text
}

// fault returns an error about a text in the field.
func (f field) fault(text, rule string) error {
	return fmt.Errorf("cron field %s: %q %s", f.name, text, rule)
}

// number reads decimal digits and nothing else.
func number(text string) (int, bool) {
	n, err := strconv.ParseUint(text, 10, 16) // no sign, no underscore
	return int(n), err == nil
}
