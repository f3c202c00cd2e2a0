package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// source is one Go file, tests left out.
type source struct {
	path string // from the module's root, with slashes
	text string
	file *ast.File
	fset *token.FileSet
}

// mutant is one change of one file.
type mutant struct {
	change
	id   int // from 1
	line int
	edit edit
	in   *ast.FuncDecl // nil outside of functions

	accepted bool // as equivalent
	verdict  verdict
}

// verdict is what the tests say about a mutant.
type verdict int

const (
	untried verdict = iota // and so it stays when it does not compile
	killed
	survivor
)

// change is a mutant by what stays when lines move: the source text of the lines
// that it changes, before and after.
type change struct {
	file, function string
	before, after  string
}

// dir returns the folder of the package.
func (c change) dir() string { return path.Dir(c.file) }

// String writes a change as equivalent.txt has it.
func (c change) String() string {
	text := fmt.Sprintf("%s: %s\n- %s\n", c.file, c.function, c.before)
	if c.after != "" {
		text += "+ " + c.after + "\n"
	}
	return text
}

// parsePackages reads the files of packages, which are folders.
func parsePackages(dirs []string) ([]source, error) {
	var sources []source
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			return nil, fmt.Errorf("find Go files: %w", err)
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("find Go files: there are none in %s", dir)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, fmt.Errorf("read source: %w", err)
			}
			s, err := parse(filepath.ToSlash(file), string(text))
			if err != nil {
				return nil, err
			}
			sources = append(sources, s)
		}
	}
	return sources, nil
}

func parse(path, text string) (source, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, text, parser.SkipObjectResolution)
	if err != nil {
		return source{}, fmt.Errorf("parse source: %w", err)
	}
	return source{path: path, text: text, file: file, fset: fset}, nil
}

// mutants returns all mutants of a file that can be parsed, in its order.
func (s source) mutants() []*mutant {
	var all []*mutant
	for _, decl := range s.file.Decls {
		var name string
		var body ast.Node = decl
		function, ok := decl.(*ast.FuncDecl)
		switch {
		case ok && function.Body == nil:
			continue
		case ok:
			name, body = nameOf(function), function.Body
		default:
			name = decl.(*ast.GenDecl).Tok.String()
		}
		for _, e := range s.edits(body) {
			if _, err := parse(s.path, s.apply(e)); err == nil {
				all = append(all, &mutant{
					change: s.change(e, name), line: 1 + strings.Count(s.text[:e.from], "\n"), edit: e, in: function,
				})
			}
		}
	}
	return all
}

// nameOf returns a function's name, behind that of its receiver's type.
func nameOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	recv := f.Recv.List[0].Type
	if star, ok := recv.(*ast.StarExpr); ok {
		recv = star.X
	}
	return fmt.Sprintf("%s.%s", recv, f.Name.Name)
}

// edits returns the changes within a node, each once.
func (s source) edits(in ast.Node) []edit {
	var all []edit
	idle := map[ast.Node]bool{}
	ast.Inspect(in, func(n ast.Node) bool {
		if r, ok := n.(*ast.ReturnStmt); ok {
			for _, zero := range placeholders(r) {
				idle[zero] = true
			}
		}
		if idle[n] {
			return false
		}
		for _, e := range s.mutations(n) {
			if !slices.Contains(all, e) {
				all = append(all, e)
			}
		}
		return true
	})
	return all
}

// placeholders returns the zeros that a return hands over beside a false or an
// error: nobody looks at them.
func placeholders(r *ast.ReturnStmt) []ast.Expr {
	last := len(r.Results) - 1
	if last < 1 {
		return nil
	}
	switch failure := r.Results[last].(type) {
	case *ast.Ident:
		if failure.Name != "false" && failure.Name != "err" {
			return nil
		}
	case *ast.CallExpr: // that makes an error
	default:
		return nil
	}
	return slices.DeleteFunc(slices.Clone(r.Results[:last]), func(e ast.Expr) bool {
		zero, ok := e.(*ast.BasicLit)
		return !ok || zero.Value != "0"
	})
}

// change describes an edit by the lines that it is in.
func (s source) change(e edit, function string) change {
	from := strings.LastIndexByte(s.text[:e.from], '\n') + 1
	to := len(s.text)
	if end := strings.IndexByte(s.text[e.to:], '\n'); end >= 0 {
		to = e.to + end
	}
	return change{
		file: s.path, function: function,
		before: oneLine(s.text[from:to]), after: oneLine(s.text[from:e.from] + e.text + s.text[e.to:to]),
	}
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// apply returns the file's text with a change.
func (s source) apply(e edit) string { return s.text[:e.from] + e.text + s.text[e.to:] }

// of returns the text of a node.
func (s source) of(n ast.Node) string { return s.text[s.offset(n.Pos()):s.offset(n.End())] }

func (s source) offset(pos token.Pos) int { return s.fset.Position(pos).Offset }
