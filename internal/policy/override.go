package policy

import (
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"sagescale/internal/schedule"
)

// Direction is which changes of capacity a pause holds.
type Direction string

// The directions.
const (
	In   Direction = "in"
	Out  Direction = "out"
	Both Direction = "both"
)

// maxRemark bounds the texts of an override, in characters.
const maxRemark = 256

// Override sets aside a part of a target's policy until a time. It is what an
// operator does at once and what no deployment undoes; it ends by itself. To hold
// a capacity of N is to set both limits to N. The zero Override is none.
//
// Pause holds every change in its direction, whoever asks for it, limits among
// them. Min and Max take the place of the limits in force.
type Override struct {
	Pause  Direction `json:"pause,omitempty"`
	Min    *int      `json:"minCapacity,omitempty"`
	Max    *int      `json:"maxCapacity,omitempty"`
	Until  time.Time `json:"until,omitzero"`
	By     string    `json:"by,omitempty"`
	Reason string    `json:"reason,omitempty"`
}

// Check returns everything that is wrong with an override, or nil.
func (o Override) Check() error {
	var f faults
	pause := string(o.Pause)
	if pause != "" {
		f.oneOf(nil, "pause", &pause, string(In), string(Out), string(Both))
	}
	if pause == "" && o.Min == nil && o.Max == nil {
		f.add(Path{"pause"}, nil, "is required, or minCapacity or maxCapacity")
	}
	f.atLeastOne(nil, "minCapacity", o.Min)
	f.atLeastOne(nil, "maxCapacity", o.Max)
	if o.Min != nil && o.Max != nil && *o.Min > *o.Max {
		f.add(Path{"minCapacity"}, *o.Min, "must be at most maxCapacity (%d)", *o.Max)
	}
	if o.Until.IsZero() {
		f.add(Path{"until"}, nil, "is required: an override ends by itself")
	}
	f.remark("by", o.By)
	f.remark("reason", o.Reason)
	var errs []error
	for _, fault := range f {
		errs = append(errs, errors.New(fault.String()))
	}
	return errors.Join(errs...)
}

// remark checks a text that stands in messages.
func (f *faults) remark(field, text string) {
	if utf8.RuneCountInString(text) > maxRemark || strings.ContainsFunc(text, unprintable) {
		f.add(Path{field}, nil, "must be at most %d printable characters", maxRemark)
	}
}

// InForce reports whether the override holds at a time.
func (o Override) InForce(now time.Time) bool { return now.Before(o.Until) }

// Holds reports whether the override holds changes in a direction.
func (o Override) Holds(d Direction) bool { return o.Pause == d || o.Pause == Both }

// Limit returns the limits with those of the override in their place. A limit of
// the override that crosses the other one pulls it along.
func (o Override) Limit(l schedule.Limits) schedule.Limits {
	if o.Min != nil {
		l.Min, l.Max = *o.Min, max(l.Max, *o.Min)
	}
	if o.Max != nil {
		l.Max, l.Min = *o.Max, min(l.Min, *o.Max)
	}
	return l
}

// String says in words who set the override, until when and why.
func (o Override) String() string {
	s := "override"
	if o.By != "" {
		s += " of " + o.By
	}
	s += " until " + o.Until.UTC().Format(time.RFC3339)
	if o.Reason != "" {
		s += " (" + o.Reason + ")"
	}
	return s
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }
