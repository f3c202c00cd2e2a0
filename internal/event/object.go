package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// Limits of an event. The largest that AWS sends has a few kilobytes and nests
// eight deep.
const (
	maxSize  = 256 << 10 // bytes
	maxDepth = 32
)

// object reads the members of one JSON object by their exact names. The first
// failure among an object and its children is kept, later reads give zero
// values: read all that is needed, then ask err.
type object struct {
	path    string // prefix of its members' names in messages
	members map[string]json.RawMessage
	failure *error
}

// parse opens the object that raw is, all of it.
func parse(raw []byte) (object, error) {
	switch {
	case len(raw) > maxSize:
		return object{}, refusal("%d bytes, at most %d are read", len(raw), maxSize)
	case !utf8.Valid(raw):
		return object{}, refusal("not UTF-8")
	case depth(raw) > maxDepth:
		return object{}, refusal("nested deeper than %d", maxDepth)
	}
	found, err := members(raw)
	return object{members: found, failure: new(error)}, err
}

// depth is how deep raw nests. It looks at brackets only, so it can be asked
// before raw is known to be JSON.
func depth(raw []byte) int {
	deepest, level, inText := 0, 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case inText && c == '\\':
			i++ // whatever is escaped ends no text
		case c == '"':
			inText = !inText
		case inText:
		case c == '{' || c == '[':
			level++
			deepest = max(deepest, level)
		case c == '}' || c == ']':
			level--
		}
	}
	return deepest
}

// members splits a JSON object. No two of its names may be equal without regard
// to case.
func members(raw []byte) (map[string]json.RawMessage, error) {
	in := json.NewDecoder(bytes.NewReader(raw))
	if t, err := in.Token(); err != nil || t != json.Delim('{') {
		return nil, refusal("not a JSON object")
	}
	found, folded := map[string]json.RawMessage{}, map[string]bool{}
	for in.More() {
		name, value, err := member(in)
		if err != nil {
			return nil, refusal("malformed JSON: %s", clean(err.Error()))
		}
		if folded[fold(name)] {
			return nil, refusal("more than one member named %s", quote(name))
		}
		found[name], folded[fold(name)] = value, true
	}
	_, unclosed := in.Token()
	if _, err := in.Token(); unclosed != nil || !errors.Is(err, io.EOF) {
		return nil, refusal("malformed JSON: the object is not closed, or something follows it")
	}
	return found, nil
}

func member(in *json.Decoder) (name string, value json.RawMessage, err error) {
	t, err := in.Token()
	if err != nil {
		return "", nil, err
	}
	name, _ = t.(string) // the decoder allows nothing else here
	return name, value, in.Decode(&value)
}

// fold maps names that encoding/json takes for equal to the same text. Upper case
// first: the long s and the Kelvin sign each fold in one direction only.
func fold(name string) string {
	return strings.ToLower(strings.ToUpper(name))
}

func (o object) has(name string) bool {
	_, ok := o.members[name]
	return ok
}

// text reads a member that must be a text, not an empty one.
func (o object) text(name string) string {
	s := o.optional(name)
	if s == "" {
		o.fail("%s%s is missing or not a text", o.path, name)
	}
	return s
}

// note reads a text for the record, if there is one.
func (o object) note(name string) string {
	return clean(o.optional(name))
}

// optional reads a text, if there is one. Whatever else stands there is no text.
func (o object) optional(name string) string {
	var s string
	if json.Unmarshal(o.members[name], &s) != nil {
		return ""
	}
	return s
}

// list reads a member that must be a list of 1 to limit elements.
func (o object) list(name string, limit int) []json.RawMessage {
	var l []json.RawMessage
	err := json.Unmarshal(o.members[name], &l)
	if err != nil || len(l) == 0 || len(l) > limit {
		o.fail("%s%s is not a list of 1 to %d", o.path, name, limit)
		return nil
	}
	return l
}

// only reads the text that is the only element of a list.
func (o object) only(name string) string {
	var s string
	for _, raw := range o.list(name, 1) {
		if json.Unmarshal(raw, &s) != nil || s == "" {
			o.fail("%s%s has something else than a text", o.path, name)
		}
	}
	return s
}

// child reads a member that must be an object.
func (o object) child(name string) object {
	c := object{path: o.path + name + ".", failure: o.failure}
	if !o.has(name) {
		o.fail("%s%s is missing", o.path, name)
		return c
	}
	var err error
	if c.members, err = members(o.members[name]); err != nil && *o.failure == nil {
		*o.failure = err
	}
	return c
}

func (o object) fail(format string, args ...any) {
	if *o.failure == nil {
		*o.failure = refusal(format, args...)
	}
}

// err is the first failure of this object, of those that it is a child of and of
// their other children.
func (o object) err() error {
	return *o.failure
}
