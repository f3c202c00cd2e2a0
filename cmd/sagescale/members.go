package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// member is the value of a member of a JSON object, and where it begins.
type member struct {
	text []byte
	at   int
}

// placedError is an error at an offset of a JSON text.
type placedError struct {
	at  int
	err error
}

func (e *placedError) Error() string { return e.err.Error() }

// names reads the names of a JSON text: package encoding/json takes a name in any
// case, and the last of several.
type names struct {
	text    []byte
	decoder *json.Decoder
	members map[string]member // of the outermost object
}

// caseMembers returns the members of a case. It fails with the place of the first
// thing that is no JSON, of a name that stands twice, and of one that is not known;
// the policy's own names are left to the reader of policies.
func caseMembers(text []byte) (map[string]member, error) {
	n := &names{text: text, decoder: json.NewDecoder(bytes.NewReader(text)), members: map[string]member{}}
	first, err := n.decoder.Token()
	switch {
	case errors.Is(err, io.EOF):
		return nil, n.fail("the case ends too soon")
	case err != nil:
		return nil, n.broken(err)
	case first != json.Delim('{'):
		return nil, n.fail("the case must be a JSON object")
	}
	if err := n.object(reflect.TypeFor[decideCase](), true); err != nil {
		return nil, err
	}
	at := n.next()
	if _, err := n.decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, &placedError{at, errors.New("there is more after the case")}
	}
	return n.members, nil
}

// fieldsOf returns the types of the fields of a struct by their names in JSON, nil
// for what is none.
func fieldsOf(of reflect.Type) map[string]reflect.Type {
	if of == nil || of.Kind() != reflect.Struct {
		return nil
	}
	out := map[string]reflect.Type{}
	for f := range of.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			out[name] = f.Type
		}
	}
	return out
}

// object reads an object of a type after its brace; of no type, any names will do.
// outer says that it is the case itself.
func (n *names) object(of reflect.Type, outer bool) error {
	seen, known := map[string]bool{}, fieldsOf(of)
	for n.decoder.More() {
		at := n.next()
		token, err := n.decoder.Token()
		if err != nil {
			return n.broken(err)
		}
		name, _ := token.(string)
		of, is := known[name]
		switch {
		case seen[name]:
			return &placedError{at, fmt.Errorf("%.80q stands twice", name)}
		case known != nil && !is:
			return &placedError{at, fmt.Errorf("unknown field %.80q", name)}
		}
		seen[name] = true
		at = n.next()
		if err := n.value(of); err != nil {
			return err
		}
		if outer {
			n.members[name] = member{n.text[at:n.decoder.InputOffset()], at}
		}
	}
	_, err := n.decoder.Token()
	return n.broken(err)
}

// next returns where the next name or value begins.
func (n *names) next() int {
	at := int(n.decoder.InputOffset())
	for at < len(n.text) && strings.IndexByte(" \t\r\n:,", n.text[at]) >= 0 {
		at++
	}
	return at
}

// value reads a value of a type, nil for any.
func (n *names) value(of reflect.Type) error {
	for of != nil && of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	token, err := n.decoder.Token()
	if err != nil {
		return n.broken(err)
	}
	switch token {
	case json.Delim('{'):
		return n.object(of, false)
	case json.Delim('['):
		if of != nil && of.Kind() == reflect.Slice {
			of = of.Elem()
		}
		for n.decoder.More() {
			if err := n.value(of); err != nil {
				return err
			}
		}
		_, err := n.decoder.Token()
		return n.broken(err)
	}
	return nil
}

// fail is an error at the end of what was read last.
func (n *names) fail(format string, args ...any) error {
	return &placedError{int(n.decoder.InputOffset()), fmt.Errorf(format, args...)}
}

// broken says where the JSON is none, or nothing for no error. The decoder counts
// from one place or another; to read the text at once counts from its beginning.
func (n *names) broken(err error) error {
	if err == nil {
		return nil
	}
	var whole any
	var syntax *json.SyntaxError
	if !errors.As(json.Unmarshal(n.text, &whole), &syntax) {
		return n.fail("%w", err)
	}
	if strings.HasPrefix(syntax.Error(), "unexpected end") {
		return &placedError{len(n.text), errors.New("the case ends too soon")}
	}
	return &placedError{int(syntax.Offset) - 1, syntax}
}
