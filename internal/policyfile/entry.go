package policyfile

import (
	"fmt"
	"maps"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v4"

	"sagescale/internal/policy"
)

// entry is one field of a mapping.
type entry struct {
	name       string
	key, value *yaml.Node
	repeated   bool // its name stood before
}

// entries returns the fields of a mapping as they stand in it, and whether it
// has a merge key. It notes keys that are no names, merge keys and duplicates.
func (d *decoder) entries(n *yaml.Node, path policy.Path) (all []entry, merged bool) {
	first := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case !d.affordable(key):
			return all, merged
		case key.Tag == "!!merge":
			d.note(key, path, "<<", "is a merge key, which is not supported: write the fields out, or use defaults")
			merged = true
			continue
		case key.Kind != yaml.ScalarNode || key.Tag != "!!str" || tagged(key):
			d.note(key, path, show(key), "has a key that is not a plain text"+hint(key))
			continue
		}
		before, repeated := first[key.Value]
		if repeated {
			d.note(key, join(path, key.Value), "",
				fmt.Sprintf("is a duplicate key: it stands at line %d, column %d already", before.Line, before.Column))
		} else {
			first[key.Value] = key
		}
		all = append(all, entry{name: key.Value, key: key, value: n.Content[i+1], repeated: repeated})
	}
	return all, merged
}

// fieldsOf returns the fields of a struct by their JSON names, those of embedded
// structs among them.
func fieldsOf(v reflect.Value) map[string]reflect.Value {
	fields := map[string]reflect.Value{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous:
			maps.Copy(fields, fieldsOf(v.Field(i)))
		case name != "-":
			fields[name] = v.Field(i)
		}
	}
	return fields
}
