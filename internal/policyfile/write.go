package policyfile

import (
	"bytes"
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
)

// commentWidth is how wide a comment may be, its indent and mark left out.
const commentWidth = 76

// Format writes a policy file: the fields that are set, in the order of the README.
// Comments has texts that stand above what they are about, by path (targets[0]), the
// empty one above the file; paragraphs of a text are lines of it. Parse of what is
// written compiles to what the spec does.
func Format(spec policy.Spec, comments map[string]string) ([]byte, error) {
	w := writer{comments: comments}
	root, err := w.node(nil, reflect.ValueOf(spec))
	if err != nil {
		return nil, fmt.Errorf("format policy file: %w", err)
	}
	var out bytes.Buffer
	if head := comments[""]; head != "" {
		out.WriteString(comment(head) + "\n\n")
	}
	dumper, err := yaml.NewDumper(&out, yaml.WithV4Defaults(), yaml.WithLineWidth(-1))
	if err != nil {
		return nil, fmt.Errorf("format policy file: %w", err)
	}
	if err := dumper.Dump(root); err != nil {
		return nil, fmt.Errorf("format policy file: %w", err)
	}
	if err := dumper.Close(); err != nil {
		return nil, fmt.Errorf("format policy file: %w", err)
	}
	return out.Bytes(), nil
}

// writer makes nodes of values.
type writer struct{ comments map[string]string }

// node returns the node of a value at a path.
func (w writer) node(path policy.Path, v reflect.Value) (*yaml.Node, error) {
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch x := v.Interface().(type) {
	case policy.MetricSpec:
		if x.Predefined != "" {
			return text(x.Predefined), nil
		}
	case policy.Duration:
		return text(policy.Brief(time.Duration(x))), nil
	case time.Time:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!timestamp", Value: x.UTC().Format(time.RFC3339Nano)}, nil
	}
	switch v.Kind() {
	case reflect.Struct:
		return w.mapping(path, v)
	case reflect.Slice:
		return w.list(path, v)
	case reflect.Map:
		return texts(v), nil
	default:
		return scalar(path, v)
	}
}

// mapping returns the node of a struct: its fields that are set.
func (w writer) mapping(path policy.Path, v reflect.Value) (*yaml.Node, error) {
	out := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: style(v.Type())}
	for _, f := range fieldList(v) {
		if absent(f.value) {
			continue
		}
		at := join(path, f.name)
		value, err := w.node(at, f.value)
		if err != nil {
			return nil, err
		}
		out.Content = append(out.Content, text(f.name), value)
	}
	return out, nil
}

// field is a field of a struct by its name in a file.
type field struct {
	name  string
	value reflect.Value
}

// fieldList lists the fields of a struct in their order.
func fieldList(v reflect.Value) []field {
	var out []field
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous:
			out = append(out, fieldList(v.Field(i))...)
		case name != "-":
			out = append(out, field{name, v.Field(i)})
		}
	}
	return out
}

// list returns the node of a list, with the comments of its items.
func (w writer) list(path policy.Path, v reflect.Value) (*yaml.Node, error) {
	out := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	for i := range v.Len() {
		at := join(path, i)
		item, err := w.node(at, v.Index(i))
		if err != nil {
			return nil, err
		}
		if c := w.comments[at.String()]; c != "" {
			item.HeadComment = comment(c)
		}
		out.Content = append(out.Content, item)
	}
	return out, nil
}

// style is that of a mapping: on one line where it is short and of one thought.
func style(of reflect.Type) yaml.Style {
	short := []reflect.Type{
		reflect.TypeFor[policy.StepAdjustmentSpec](), reflect.TypeFor[policy.WindowSpec](),
		reflect.TypeFor[policy.ScaleInSpec](), reflect.TypeFor[policy.VelocitySpec](),
	}
	if slices.Contains(short, of) {
		return yaml.FlowStyle
	}
	return 0
}

// absent reports whether a field was left out.
func absent(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return v.IsNil()
	default:
		return false
	}
}

// scalar returns the node of a number, a switch or a text.
func scalar(path policy.Path, v reflect.Value) (*yaml.Node, error) {
	switch v.Kind() {
	case reflect.String:
		return text(v.String()), nil
	case reflect.Bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(v.Bool())}, nil
	case reflect.Int:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.FormatInt(v.Int(), 10)}, nil
	case reflect.Float64:
		return number(v.Float()), nil
	default:
		return nil, fmt.Errorf("%s: no way to write a %s", path, v.Type())
	}
}

// number returns the node of a number, in digits where they are not too many.
func number(v float64) *yaml.Node {
	written := strconv.FormatFloat(v, 'f', -1, 64)
	if len(written) > 20 {
		written = strconv.FormatFloat(v, 'e', -1, 64)
	}
	tag := "!!int"
	if strings.ContainsAny(written, ".e") {
		tag = "!!float"
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: written}
}

// text returns the node of a text, which the dumper quotes where it would be read as
// something else. What only older versions of YAML read so is quoted here.
func text(s string) *yaml.Node {
	out := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	if slices.Contains([]string{"y", "n", "yes", "no", "on", "off"}, strings.ToLower(s)) {
		out.Style = yaml.SingleQuotedStyle
	}
	return out
}

// texts returns the node of a mapping of names to texts, in the order of the names.
func texts(v reflect.Value) *yaml.Node {
	out := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: yaml.FlowStyle}
	all := v.Interface().(map[string]string)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out.Content = append(out.Content, text(name), text(all[name]))
	}
	return out
}

// comment returns a text as a comment, folded. Whatever it quotes, it ends no line of
// its own: YAML breaks lines at characters that are not plain.
func comment(s string) string {
	var out []string
	for paragraph := range strings.SplitSeq(plain.Text(s), "\n") {
		line := "#"
		for word := range strings.FieldsSeq(paragraph) {
			if len(line) > 1 && len(line)+1+len(word) > commentWidth {
				out = append(out, line)
				line = "#  "
			}
			line += " " + word
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}
