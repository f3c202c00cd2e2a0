package policyfile

import (
	"slices"

	"go.yaml.in/yaml/v4"

	"sagescale/internal/policy"
)

// compiled adds what package policy found, at the nodes that it is about. What
// follows from a field that could not be read is left out: it would name the
// same fault twice, or one that is none.
func (d *decoder) compiled(faults []policy.Fault) {
	for _, f := range faults {
		if d.unreadable(f) {
			continue
		}
		n, found := locate(d.root, f.Path)
		value := f.Value
		if text := show(n); found && value != "" && text != "" {
			value = text // as written: 300s, where the rule knows 5m0s
		}
		d.note(n, f.Path, value, f.Rule)
	}
}

// unreadable reports whether a fault is about a field that could not be read, or
// comes from a rule that looked at one.
func (d *decoder) unreadable(f policy.Fault) bool {
	for _, path := range append(f.Related, f.Path) {
		for end := range len(path) + 1 {
			if d.failed[path[:end].String()] {
				return true
			}
		}
	}
	return slices.ContainsFunc(f.Related, func(path policy.Path) bool {
		_, partly := d.failed[path.String()]
		return partly
	})
}

// locate returns the node at path, or the last one on the way there.
func locate(n *yaml.Node, path policy.Path) (_ *yaml.Node, found bool) {
	for _, step := range path {
		next := child(resolve(n), step)
		if next == nil {
			return n, false
		}
		n = next
	}
	return n, true
}

// child returns the node one step below n, or nil. The first of duplicate keys
// is the one that counts.
func child(n *yaml.Node, step any) *yaml.Node {
	switch step := step.(type) {
	case int:
		if n.Kind == yaml.SequenceNode && step < len(n.Content) {
			return n.Content[step]
		}
	case string:
		if n.Kind != yaml.MappingNode {
			return nil
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if key := n.Content[i]; key.Kind == yaml.ScalarNode && key.Value == step {
				return n.Content[i+1]
			}
		}
	}
	return nil
}
