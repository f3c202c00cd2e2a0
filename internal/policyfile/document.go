package policyfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// maxDepth is how deep a file may nest: several times what a policy needs.
const maxDepth = 64

// read decodes text into out, a pointer to a struct, as far as it goes. The
// decoder is closed when there is no use in going on.
func read(name string, text []byte, out any) *decoder {
	d := &decoder{file: name, failed: map[string]bool{}}
	if d.root = d.load(text); d.root == nil {
		d.closed = true
		return d
	}
	d.value(d.root, nil, reflect.ValueOf(out).Elem())
	return d
}

// load returns the root node of the one document that text must be, or nil.
func (d *decoder) load(text []byte) *yaml.Node {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !d.readable(text) {
		return nil
	}
	loader, err := yaml.NewLoader(bytes.NewReader(text), yaml.WithV4Defaults(),
		yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxDepth))))
	if err != nil {
		d.add(Fault{Rule: "cannot be read: " + err.Error()})
		return nil
	}
	first := d.next(loader)
	switch {
	case len(d.faults) > 0:
		return nil
	case first == nil || first.Content[0].Tag == "!!null":
		d.add(Fault{Rule: "is empty: a policy is a mapping of fields"})
		return nil
	}
	if second := d.next(loader); second != nil {
		d.add(Fault{
			Line: second.Line, Column: second.Column,
			Rule: "a second document begins: a policy file is one document",
		})
	}
	return first.Content[0]
}

// next returns the node of the next document, or nil at the end and after
// a syntax error, which it notes.
func (d *decoder) next(loader *yaml.Loader) *yaml.Node {
	var document yaml.Node
	err := loader.Load(&document)
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		d.add(syntaxFault(err))
		return nil
	}
	return &document
}

// syntaxFault says in one line what YAML says is wrong.
func syntaxFault(err error) Fault {
	var load *yaml.LoadError
	if !errors.As(err, &load) {
		return Fault{Rule: "is not YAML: " + err.Error()}
	}
	rule := "is not YAML: " + load.Message
	if load.ContextMsg != "" {
		rule += ", " + load.ContextMsg
	}
	if load.ContextMark.Line > 0 && load.ContextMark != load.Mark {
		rule += fmt.Sprintf(" at line %d, column %d", load.ContextMark.Line, load.ContextMark.Column)
	}
	return Fault{Line: load.Mark.Line, Column: load.Mark.Column, Rule: rule}
}

// readable checks what must hold for YAML to be read at all: the size, UTF-8,
// and no control characters.
func (d *decoder) readable(text []byte) bool {
	if len(text) > MaxSize {
		d.add(Fault{Rule: fmt.Sprintf("is too large: must have at most %d bytes", MaxSize)})
		return false
	}
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRune(text[at:])
		rule := ""
		switch {
		case r == utf8.RuneError && size == 1:
			rule = fmt.Sprintf("is not UTF-8: byte 0x%02x", text[at])
		case !printable(r):
			rule = fmt.Sprintf("has a character that YAML does not allow: %U", r)
		}
		if rule != "" {
			line, column := position(text[:at])
			d.add(Fault{Line: line, Column: column, Rule: rule})
			return false
		}
		at += size
	}
	return true
}

// printable reports whether YAML allows r to stand in a file as it is.
func printable(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r', r == '\u0085':
		return true
	case r < ' ', r >= 0x7f && r < 0xa0, r == 0xfffe, r == 0xffff:
		return false
	}
	return true
}

// position returns line and column of what follows text.
func position(text []byte) (line, column int) {
	start := bytes.LastIndexByte(text, '\n') + 1
	return 1 + bytes.Count(text, []byte("\n")), 1 + utf8.RuneCount(text[start:])
}
