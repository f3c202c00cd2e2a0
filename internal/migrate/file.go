package migrate

import (
	"strings"

	"sagescale/internal/policy"
)

// File makes one policy file of targets, and the comments that say by their paths where
// each entry comes from and, above each target, what differs.
func File(all []Target) (policy.Spec, map[string]string) {
	spec := policy.Spec{Version: new(1)}
	comments := map[string]string{"": "Imported from Application Auto Scaling by sagescale import."}
	for i, t := range all {
		spec.Targets = append(spec.Targets, t.Spec)
		at := policy.Path{"targets", i}.String()
		if len(t.Differences) > 0 {
			comments[at] = t.said()
		}
		for path, name := range t.Origins {
			comments[at+"."+path] = name
		}
	}
	return spec, comments
}

// said is what differs, a difference a paragraph.
func (t Target) said() string {
	var out []string
	for _, d := range t.Differences {
		out = append(out, d.Kind.mark()+": "+d.String())
	}
	return strings.Join(out, "\n")
}

// mark is how a kind stands before what it is of.
func (k Kind) mark() string {
	if k == LeftOut {
		return "LEFT OUT"
	}
	return string(k)
}

// String says the difference in one line.
func (d Difference) String() string {
	out := d.About + ": " + d.What + "."
	if d.Do != "" {
		out += " " + d.Do
	}
	return out
}
