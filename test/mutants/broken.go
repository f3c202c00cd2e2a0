package main

import (
	"errors"
	"fmt"
	"go/ast"
	"os"
	"regexp"
	"slices"
	"strings"
)

// broken is a broken build: the product with a fault that one like it may have.
type broken struct {
	name    string
	changes []change
	parts   []*mutant // the changes, one mutant for each function
	id      int

	cause, by string // what it violates and what has shown it, empty for a survivor
}

// readBroken reads a list of broken builds. It has the form of the list of
// equivalents, and before each of its paragraphs a name. What is to be changed stands
// there as it is in the source but for white space, where it must be found once. One
// build may change several functions, each below a line of its own.
func readBroken(path string) ([]*broken, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the broken builds: %w", err)
	}
	return parseBroken(string(text))
}

func parseBroken(text string) ([]*broken, error) {
	var all []*broken
	names := map[string]bool{}
	for _, lines := range paragraphs(text) {
		name, named := strings.CutPrefix(lines[0], "name: ")
		changes, ok := parseParagraph(lines[1:])
		switch {
		case !named || !ok:
			return nil, fmt.Errorf("read the broken builds: want a name, files and functions with changes, and a reason:\n%s", strings.Join(lines, "\n"))
		case names[name]:
			return nil, fmt.Errorf("read the broken builds: there are two of the name %s", name)
		}
		names[name] = true
		all = append(all, &broken{name: name, changes: changes, id: len(all) + 1})
	}
	return all, nil
}

// folders returns the packages that broken builds change.
func folders(all []*broken) []string {
	var dirs []string
	for _, b := range all {
		for _, c := range b.changes {
			dirs = append(dirs, c.dir())
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// locate finds what a broken build changes.
func (b *broken) locate(sources []source) error {
	var all []error
	for rest := b.changes; len(rest) > 0; {
		n := slices.IndexFunc(rest, func(c change) bool { return c.file != rest[0].file || c.function != rest[0].function })
		if n < 0 {
			n = len(rest)
		}
		m, err := rewrite(sources, rest[:n])
		if err != nil {
			all = append(all, fmt.Errorf("%s: %w", b.name, err))
		} else {
			m.id = b.id
			b.parts = append(b.parts, m)
		}
		rest = rest[n:]
	}
	if all == nil && len(b.parts) > 1 && slices.ContainsFunc(b.parts, func(m *mutant) bool { return m.in == nil }) {
		return fmt.Errorf("%s: what stands outside of functions is compiled alone, and so must be changed alone", b.name)
	}
	return errors.Join(all...)
}

// rewrite returns the mutant that makes all changes of one function.
func rewrite(sources []source, changes []change) (*mutant, error) {
	first := changes[0]
	i := slices.IndexFunc(sources, func(s source) bool { return s.path == first.file })
	if i < 0 {
		return nil, fmt.Errorf("there is no %s", first.file)
	}
	s := sources[i]
	from, to, in := 0, len(s.text), s.function(first.function)
	if in != nil {
		from, to = s.offset(in.Body.Lbrace)+1, s.offset(in.Body.Rbrace)
	} else if !slices.Contains([]string{"const", "var", "type"}, first.function) {
		return nil, fmt.Errorf("%s has no function %s", first.file, first.function)
	}
	text := s.text[from:to]
	for _, c := range changes {
		at := spaced(c.before).FindAllStringIndex(text, -1)
		if len(at) != 1 {
			return nil, fmt.Errorf("%s: %s: found %d times: %s", c.file, c.function, len(at), c.before)
		}
		text = text[:at[0][0]] + c.after + text[at[0][1]:]
	}
	return &mutant{change: first, edit: edit{from, to, text}, in: in}, nil
}

// function returns the function of that name, nil for none.
func (s source) function(name string) *ast.FuncDecl {
	for _, decl := range s.file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Body != nil && nameOf(f) == name {
			return f
		}
	}
	return nil
}

// spaced matches a text whatever white space is between its words.
func spaced(text string) *regexp.Regexp {
	words := strings.Fields(text)
	for i, w := range words {
		words[i] = regexp.QuoteMeta(w)
	}
	return regexp.MustCompile(strings.Join(words, `\s+`))
}
