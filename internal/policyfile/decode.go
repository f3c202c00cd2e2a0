package policyfile

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"sagescale/internal/plain"
	"sagescale/internal/policy"
	"sagescale/internal/spelling"
)

// maxValues is how many names and values a policy may have, those that aliases
// repeat counted each time.
const maxValues = 100_000

// maxRule is how long the rule of a fault may be, in characters.
const maxRule = 1000

// decoder turns the nodes of one file into Go values and collects what is wrong
// with it.
type decoder struct {
	file   string
	root   *yaml.Node
	faults Faults
	failed map[string]bool // fields that could not be read, by path; false for those that hold one
	values int             // visited so far
	closed bool            // nothing more can be said
}

// value decodes the node of the field at path into v. A pointer stays nil when
// the field could not be read.
func (d *decoder) value(n *yaml.Node, path policy.Path, v reflect.Value) {
	if !d.sound(n, path) {
		return
	}
	if v.Kind() != reflect.Pointer {
		d.typed(n, path, v)
		return
	}
	to := reflect.New(v.Type().Elem())
	d.typed(n, path, to.Elem())
	if !d.failed[path.String()] {
		v.Set(to)
	}
}

// typed decodes a node by the type of v.
func (d *decoder) typed(n *yaml.Node, path policy.Path, v reflect.Value) {
	switch out := v.Addr().Interface().(type) {
	case *policy.MetricSpec:
		d.metric(n, path, out)
	case *policy.Duration:
		d.duration(n, path, out)
	case *time.Time:
		d.time(n, path, out)
	case *map[string]string:
		d.texts(n, path, out)
	case *string:
		d.text(n, path, out)
	case *bool:
		d.boolean(n, path, out)
	case *int:
		d.integer(n, path, out)
	case *float64:
		d.number(n, path, out)
	default:
		d.collection(n, path, v)
	}
}

// sound checks what holds for values of every type.
func (d *decoder) sound(n *yaml.Node, path policy.Path) bool {
	target := resolve(n)
	switch {
	case !d.affordable(n):
	case tagged(n) || tagged(target):
		d.fail(n, path, "has a tag: tags are not supported")
	case target.Tag == "!!null":
		d.fail(n, path, "is empty: leave it out or give a value")
	default:
		return true
	}
	return false
}

// affordable counts one more name or value, and closes the decoder when there
// are too many.
func (d *decoder) affordable(n *yaml.Node) bool {
	d.values++
	if d.values > maxValues && !d.closed {
		d.closed = true
		d.note(n, nil, "", fmt.Sprintf(
			"is too large: has more than %d names and values, aliased ones counted each time", maxValues))
	}
	return !d.closed
}

// collection decodes a list or a mapping.
func (d *decoder) collection(n *yaml.Node, path policy.Path, v reflect.Value) {
	want, word := yaml.MappingNode, "mapping"
	if v.Kind() == reflect.Slice {
		want, word = yaml.SequenceNode, "list"
	}
	target := resolve(n)
	switch {
	case target.Kind != want:
		d.fail(n, path, "must be a "+word+", is "+describe(n))
	case want == yaml.SequenceNode:
		d.list(target, path, v)
	default:
		d.mapping(target, path, v)
	}
}

// list decodes a list. What cannot be read keeps its place in v, so that the
// paths of what follows stay right.
func (d *decoder) list(n *yaml.Node, path policy.Path, v reflect.Value) {
	size := min(len(n.Content), maxValues)
	v.Set(reflect.MakeSlice(v.Type(), size, size))
	for i, item := range n.Content {
		if d.closed {
			return // size is no longer enough
		}
		d.value(item, join(path, i), v.Index(i))
	}
}

// mapping decodes a mapping into a struct.
func (d *decoder) mapping(n *yaml.Node, path policy.Path, v reflect.Value) {
	fields := fieldsOf(v)
	entries, merged := d.entries(n, path)
	free := maps.Clone(fields) // that do not stand in the mapping
	for _, e := range entries {
		delete(free, e.name)
	}
	for _, e := range entries {
		field, known := fields[e.name]
		switch {
		case !known:
			d.unknown(e, path, free)
		case e.repeated:
			d.aside(e.value, join(path, e.name), field)
		default:
			d.value(e.value, join(path, e.name), field)
		}
	}
	if !merged {
		return
	}
	for name := range free {
		d.lose(join(path, name))
	}
}

// aside decodes what a duplicate key holds, only to name its faults.
func (d *decoder) aside(n *yaml.Node, path policy.Path, field reflect.Value) {
	failed := d.failed
	d.failed = map[string]bool{}
	d.value(n, path, reflect.New(field.Type()).Elem())
	d.failed = failed
}

// unknown notes a field that does not exist. The one that was probably meant
// counts as failed.
func (d *decoder) unknown(e entry, path policy.Path, free map[string]reflect.Value) {
	rule := "is not a known field"
	if meant, ok := spelling.Nearest(e.name, slices.Collect(maps.Keys(free))); ok {
		rule += ": did you mean " + meant + "?"
		d.lose(join(path, meant))
	}
	d.note(e.key, join(path, e.name), "", rule)
}

// fail notes that the value of a field could not be read, and why.
func (d *decoder) fail(n *yaml.Node, path policy.Path, rule string) {
	d.lose(path)
	d.note(n, path, show(n), rule)
}

// lose marks a field as one that could not be read.
func (d *decoder) lose(path policy.Path) {
	d.failed[path.String()] = true
	for end := range slices.Backward(path) {
		outer := path[:end].String()
		if _, noted := d.failed[outer]; noted {
			return // and what holds that
		}
		d.failed[outer] = false
	}
}

// note adds a fault at a node.
func (d *decoder) note(n *yaml.Node, path policy.Path, value, rule string) {
	d.add(Fault{Line: n.Line, Column: n.Column, Field: path.String(), Value: value, Rule: rule})
}

// add completes and adds a fault. Its rule is cut: what is said of broken YAML may
// repeat a name of the file, however long.
func (d *decoder) add(f Fault) {
	f.Rule = plain.Cut(f.Rule, maxRule)
	f.File, f.Line, f.Column = d.file, max(f.Line, 1), max(f.Column, 1)
	d.faults = append(d.faults, f)
}

// result returns the faults in order and each once, or nil.
func (d *decoder) result() error {
	if len(d.faults) == 0 {
		return nil
	}
	slices.SortFunc(d.faults, compare)
	return slices.Compact(d.faults)
}

// join returns path extended by a step, sharing nothing with it.
func join(path policy.Path, step any) policy.Path {
	return append(slices.Clip(path), step)
}

// resolve returns what an alias stands for, and n itself for anything else.
func resolve(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	return n
}

// tagged reports whether n has a tag of its own, such as !!python/name:os.
func tagged(n *yaml.Node) bool {
	return n.Style&yaml.TaggedStyle != 0 || n.Tag != "" && !strings.HasPrefix(n.Tag, "!!")
}

// show returns the value of a scalar as it should stand in a message: numbers
// and the like as they are, texts in quotes. It is empty for collections.
func show(n *yaml.Node) string {
	n = resolve(n)
	switch {
	case n.Kind != yaml.ScalarNode || n.Tag == "!!null":
		return ""
	case n.Tag == "!!str" || tagged(n):
		return fmt.Sprintf("%.80q", n.Value)
	case len(n.Value) > 80:
		return n.Value[:80]
	}
	return n.Value
}

// describe names the type of a node in words.
func describe(n *yaml.Node) string {
	n = resolve(n)
	words := map[string]string{
		"!!null": "empty", "!!bool": "true or false", "!!int": "a whole number",
		"!!float": "a number", "!!timestamp": "a date or time", "!!str": "a text",
	}
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!str" && n.Value == "":
		return "an empty text"
	case words[n.Tag] == "":
		return "a value of type " + strconv.Quote(n.Tag)
	}
	return words[n.Tag]
}
