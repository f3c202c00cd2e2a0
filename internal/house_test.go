// Package internal_test holds the rules of the house that no linter knows.
package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// imports returns the packages that the packages of the module import, tests
// left out, by folder from the module's root.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	walk(t, func(file string, parsed *ast.File) {
		dir := filepath.ToSlash(filepath.Dir(file))
		for _, i := range parsed.Imports {
			path, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			out[dir] = append(out[dir], path)
		}
	})
	return out
}

// walk parses every Go file of the module that is no test.
func walk(t *testing.T, visit func(file string, parsed *ast.File)) {
	t.Helper()
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || slices.Contains([]string{"node_modules", "testdata", "cdk.out", "build", "bin"}, path[strings.LastIndex(path, "/")+1:]) && path != "infra/build") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", path), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		visit(path, parsed)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// impure are the parts of the standard library by which a package reaches out of
// its arguments.
func impure(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return strings.Contains(first, ".") || // not the standard library
		slices.Contains([]string{"context", "os", "net", "log", "io", "syscall", "runtime", "database", "embed", "testing", "unsafe"}, first) ||
		strings.HasPrefix(path, "math/rand") || strings.HasPrefix(path, "crypto/rand")
}

func TestPurePackagesAreTransitivelyPure(t *testing.T) {
	all := imports(t)
	var check func(dir, through string)
	check = func(dir, through string) {
		if len(all[dir]) == 0 {
			t.Fatalf("no package in %s", dir)
		}
		for _, path := range all[dir] {
			if own, ok := strings.CutPrefix(path, "sagescale/"); ok {
				check(own, through+" -> "+own)
			} else if impure(path) {
				t.Errorf("%s imports %s", through, path)
			}
		}
	}
	for _, dir := range []string{"scaling", "guard", "activity", "schedule", "policy", "migrate", "whatif", "health"} {
		check("internal/"+dir, dir)
	}
}

func TestArrowsPointDown(t *testing.T) {
	all := imports(t)
	adapters := map[string]string{}
	for _, service := range []string{
		"applicationautoscaling", "cloudformation", "cloudwatch", "cloudwatchlogs", "dynamodb", "eventbridge",
		"iam", "lambda", "sagemaker", "scheduler", "sqs", "sts",
	} {
		adapters["internal/"+service] = "github.com/aws/aws-sdk-go-v2/service/" + service
	}
	for dir, paths := range all {
		for _, path := range paths {
			top := strings.HasPrefix(path, "sagescale/functions") || strings.HasPrefix(path, "sagescale/cmd") || path == "sagescale/infra"
			if top {
				t.Errorf("%s imports %s, which nobody may", dir, path)
			}
			if _, ok := adapters[dir]; ok && path == "sagescale/internal/autoscaler" {
				t.Errorf("the adapter %s imports the evaluator", dir)
			}
			for adapter, sdk := range adapters {
				// wire and deployment make the clients and hand them over.
				if (path == sdk || strings.HasPrefix(path, sdk+"/")) && dir != adapter && dir != "internal/wire" && dir != "internal/deployment" && !strings.HasPrefix(dir, "test/") {
					t.Errorf("%s imports %s, which is for %s alone", dir, path, adapter)
				}
			}
		}
	}
}

// The clock is an argument: only a main reads it.
func TestOnlyMainsReadTheClock(t *testing.T) {
	walk(t, func(file string, parsed *ast.File) {
		if parsed.Name.Name == "main" || strings.HasPrefix(file, "test/") {
			return
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until"}, s.Sel.Name) {
				t.Errorf("%s uses time.%s", file, s.Sel.Name)
			}
			return true
		})
	})
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	documented := map[string]bool{}
	walk(t, func(file string, parsed *ast.File) {
		dir := filepath.Dir(file)
		documented[dir] = documented[dir] || parsed.Doc != nil
	})
	for dir, ok := range documented {
		if !ok {
			t.Errorf("package %s has no package comment", dir)
		}
	}
}
