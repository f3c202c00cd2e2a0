package policyfile_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	validator "github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"sagescale/internal/policyfile"
)

// TestBroken: each archive in testdata/broken is a file that is wrong, with all
// that is wrong with it, and what the JSON Schema says of it: refuses, cannot
// say (a rule that no schema expresses) or not asked (no YAML to be had, or
// YAML's own rules).
//
// Faults: G1, G2
func TestBroken(t *testing.T) {
	names, err := filepath.Glob("testdata/broken/*.txtar")
	if err != nil || len(names) < 45 {
		t.Fatalf("%d broken files, %v", len(names), err)
	}
	refused := 0
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			text, faults := archive.Files[0].Data, &archive.Files[1].Data
			if got := mustFail(t, text); *update {
				*faults = []byte(got + "\n")
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if want := strings.TrimSpace(string(*faults)); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
			refused += checkBySchema(t, string(archive.Comment), text)
		})
	}
	if refused < 20 {
		t.Errorf("the schema refuses %d of the files", refused)
	}
}

// mustFail returns what Parse says is wrong with text.
func mustFail(t *testing.T, text []byte) string {
	t.Helper()
	p, err := policyfile.Parse("scaling.yaml", text)
	var faults policyfile.Faults
	if p != nil || !errors.As(err, &faults) {
		t.Fatalf("Parse = %v, %v", p, err)
	}
	for i, f := range faults {
		if f.Line < 1 || f.Column < 1 || f.Rule == "" || strings.Contains(f.String(), "\n") {
			t.Errorf("malformed fault %q", f)
		}
		if slices.Contains(faults[:i], f) {
			t.Errorf("fault twice: %s", f)
		}
	}
	return err.Error()
}

// checkBySchema compares what the schema says of text with what comment says
// that it does, and returns 1 when it refuses the text.
func checkBySchema(t *testing.T, comment string, text []byte) int {
	t.Helper()
	_, verdict, _ := strings.Cut(comment, "The schema: ")
	switch strings.TrimSpace(verdict) {
	case "refuses.":
		if validate(t, text) == nil {
			t.Error("the schema accepts the file")
		}
		return 1
	case "cannot say.":
		if err := validate(t, text); err != nil {
			t.Errorf("the schema refuses the file: %v", err)
		}
	case "not asked.":
	default:
		t.Errorf("verdict %q", verdict)
	}
	return 0
}

// validate checks a policy file by the JSON Schema alone.
func validate(t testing.TB, text []byte) error {
	t.Helper()
	return compileSchema(t).Validate(plain(t, text))
}

// compileSchema returns the schema that is shipped.
func compileSchema(t testing.TB) *validator.Schema {
	t.Helper()
	document, err := validator.UnmarshalJSON(strings.NewReader(string(policyfile.Schema())))
	if err != nil {
		t.Fatal(err)
	}
	compiler := validator.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("scaling.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("scaling.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// plain returns YAML as JSON's types, the way that editors hand it to a schema.
func plain(t testing.TB, text []byte) any {
	t.Helper()
	var root yaml.Node
	if err := yaml.Load(text, &root); err != nil {
		t.Fatal(err)
	}
	v := plainNode(t, &root)
	encoded, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := validator.UnmarshalJSON(strings.NewReader(string(encoded)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func plainNode(t testing.TB, n *yaml.Node) any {
	switch n.Kind {
	case yaml.DocumentNode:
		return plainNode(t, n.Content[0])
	case yaml.AliasNode:
		return plainNode(t, n.Alias)
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			list = append(list, plainNode(t, item))
		}
		return list
	case yaml.MappingNode:
		object := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			object[n.Content[i].Value] = plainNode(t, n.Content[i+1])
		}
		return object
	}
	if n.Tag == "!!timestamp" {
		return n.Value
	}
	var v any
	if err := n.Decode(&v); err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(v); err != nil {
		return n.Value // .nan and .inf
	}
	return v
}
