package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var plainName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,80}$`)

// Path leads from the root of a policy file to a field: names (string) and
// indexes (int).
type Path []any

// String writes the path as its user would: targets[0].minCapacity.
func (p Path) String() string {
	var b strings.Builder
	for _, step := range p {
		switch step := step.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", step)
		case string:
			writeName(&b, step)
		}
	}
	return b.String()
}

// writeName writes a field's name; one that is no plain word as ["a b"].
func writeName(b *strings.Builder, name string) {
	switch {
	case !plainName.MatchString(name):
		fmt.Fprintf(b, "[%.80q]", name)
	case b.Len() > 0:
		b.WriteString("." + name)
	default:
		b.WriteString(name)
	}
}

// with returns the path extended by steps, sharing nothing with p.
func (p Path) with(steps ...any) Path { return append(slices.Clip(p), steps...) }

// Fault is one rule that a policy breaks. Value is what stands there, empty when
// something is missing. Rule says what would be right. Related are the other
// fields that the rule looked at: who could not read one of them cannot tell
// whether the fault is one.
type Fault struct {
	Path    Path
	Rule    string
	Value   string
	Related []Path
}

// String names field, value and rule.
func (f Fault) String() string {
	if f.Value == "" {
		return fmt.Sprintf("%s: %s", f.Path, f.Rule)
	}
	return fmt.Sprintf("%s: %s: %s", f.Path, f.Value, f.Rule)
}

// faults collects what is wrong.
type faults []Fault

// add notes that value at path breaks rule, and returns the fault.
func (f *faults) add(path Path, value any, rule string, args ...any) *Fault {
	text := ""
	switch v := value.(type) {
	case nil:
	case string:
		text = fmt.Sprintf("%.80q", v)
	default:
		text = fmt.Sprint(v)
	}
	*f = append(*f, Fault{Path: path, Rule: fmt.Sprintf(rule, args...), Value: text})
	return &(*f)[len(*f)-1]
}

// required notes a missing field unless present, and returns present.
func (f *faults) required(path Path, name string, present bool, related ...Path) bool {
	if !present {
		f.add(path.with(name), nil, "is required").Related = related
	}
	return present
}
