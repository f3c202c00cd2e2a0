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
	known   map[string]bool
	members map[string]member // of the outermost object
}

// caseMembers returns the members of a case. It fails with the place of the first
// thing that is no JSON, of a name that stands twice, and of one that is not known;
// the policy's own names are left to the reader of policies.
func caseMembers(text []byte) (map[string]member, error) {
	n := &names{text: text, decoder: json.NewDecoder(bytes.NewReader(text)), known: map[string]bool{}, members: map[string]member{}}
	n.learn(reflect.TypeFor[decideCase]())
	first, err := n.decoder.Token()
	switch {
	case errors.Is(err, io.EOF):
		return nil, n.fail("the case ends too soon")
	case err != nil:
		return nil, n.broken(err)
	case first != json.Delim('{'):
		return nil, n.fail("the case must be a JSON object")
	}
	if err := n.object(true, true); err != nil {
		return nil, err
	}
	at := n.next()
	if _, err := n.decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, &placedError{at, errors.New("there is more after the case")}
	}
	return n.members, nil
}

// learn gathers the names of the fields of a type.
func (n *names) learn(of reflect.Type) {
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct {
		return
	}
	for f := range of.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			n.known[name] = true
			n.learn(f.Type)
		}
	}
}

// object reads an object after its brace. outer says that it is the case itself,
// checked that its names are to be.
func (n *names) object(outer, checked bool) error {
	seen := map[string]bool{}
	for n.decoder.More() {
		at := n.next()
		token, err := n.decoder.Token()
		if err != nil {
			return n.broken(err)
		}
		name, _ := token.(string)
		switch {
		case seen[name]:
			return &placedError{at, fmt.Errorf("%.80q stands twice", name)}
		case checked && !n.known[name]:
			return &placedError{at, fmt.Errorf("unknown field %.80q", name)}
		}
		seen[name] = true
		if err := n.member(name, outer, checked); err != nil {
			return err
		}
	}
	_, err := n.decoder.Token()
	return n.broken(err)
}

// member reads the value of a member.
func (n *names) member(name string, outer, checked bool) error {
	at := n.next()
	if err := n.value(checked && (!outer || name != "policy")); err != nil {
		return err
	}
	if outer {
		n.members[name] = member{n.text[at:n.decoder.InputOffset()], at}
	}
	return nil
}

// next returns where the next name or value begins.
func (n *names) next() int {
	at := int(n.decoder.InputOffset())
	for at < len(n.text) && strings.IndexByte(" \t\r\n:,", n.text[at]) >= 0 {
		at++
	}
	return at
}

// value reads any value.
func (n *names) value(checked bool) error {
	token, err := n.decoder.Token()
	if err != nil {
		return n.broken(err)
	}
	switch token {
	case json.Delim('{'):
		return n.object(false, checked)
	case json.Delim('['):
		for n.decoder.More() {
			if err := n.value(checked); err != nil {
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
