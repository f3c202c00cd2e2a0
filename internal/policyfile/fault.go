package policyfile

import (
	"cmp"
	"fmt"
	"strings"
)

// Fault is one thing that is wrong with a policy file. Line and Column count
// from 1, in characters. Field is empty where the file as a whole is meant, and
// Value where nothing stands that could be named. No text is longer than 1000
// characters but a Field of many steps; they may have characters that are not plain.
type Fault struct {
	File         string
	Line, Column int
	Field        string
	Value        string
	Rule         string
}

// Error returns place, field, value and rule on one line:
//
//	scaling.yaml:7:18: targets[0].minCapacity: 0: must be a whole number from 1 to 2147483647
func (f Fault) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: ", f.File, f.Line, f.Column)
	for _, part := range []string{f.Field, f.Value} {
		if part != "" {
			b.WriteString(part + ": ")
		}
	}
	return b.String() + f.Rule
}

// String is Error.
func (f Fault) String() string { return f.Error() }

// Faults are all that is wrong with a policy file, in the order of lines and
// columns. There is at least one.
type Faults []Fault

// Error returns one fault per line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Error()
	}
	return strings.Join(lines, "\n")
}

// compare orders faults by line and column, then by what they say.
func compare(a, b Fault) int {
	return cmp.Or(
		cmp.Compare(a.Line, b.Line),
		cmp.Compare(a.Column, b.Column),
		cmp.Compare(a.Field, b.Field),
		cmp.Compare(a.Rule, b.Rule),
	)
}
