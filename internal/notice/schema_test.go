package notice_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	generator "github.com/invopop/jsonschema"

	"sagescale/internal/config"
	"sagescale/internal/notice"
)

var update = flag.Bool("update", false, "write the schemas anew")

// dir is where what is sent is documented.
const dir = "../../events/sent"

// TestSchema fails when a schema that is shipped is not what the types make.
// After a change of the types:
//
//	go test ./internal/notice -run TestSchema -update
func TestSchema(t *testing.T) {
	for file, want := range map[string][]byte{
		"activity.schema.json": generate(t, &notice.ActivityDetail{}, config.DetailTypeActivity),
		"health.schema.json":   generate(t, &notice.HealthDetail{}, config.DetailTypeHealth),
	} {
		path := filepath.Join(dir, file)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the types make (%v): run this test with -update", file, err)
		}
	}
}

// generate returns the schema of a detail. What is added later it allows.
func generate(t *testing.T, detail any, kind string) []byte {
	t.Helper()
	r := &generator.Reflector{Anonymous: true, ExpandedStruct: true, AllowAdditionalProperties: true}
	if err := r.AddGoComments("sagescale/internal/notice", "."); err != nil {
		t.Fatal(err)
	}
	for name, text := range r.CommentMap {
		// One line of text; and none for types, whose comments speak of Go.
		r.CommentMap[name] = strings.Join(strings.Fields(text), " ")
		if strings.Count(name[strings.LastIndex(name, "/"):], ".") < 2 {
			delete(r.CommentMap, name)
		}
	}
	schema := r.Reflect(detail)
	schema.Title = kind
	schema.Description = "The detail of an event of the source " + config.EventSource + "."
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

// Every field says what it is.
func TestSchemaDescribesEveryField(t *testing.T) {
	var walk func(path string, node any)
	walk = func(path string, node any) {
		object, ok := node.(map[string]any)
		if !ok {
			return
		}
		if properties, ok := object["properties"].(map[string]any); ok {
			for name, value := range properties {
				if value.(map[string]any)["description"] == nil {
					t.Errorf("%s/%s has no description", path, name)
				}
			}
		}
		for key, value := range object {
			walk(path+"/"+key, value)
		}
	}
	for _, file := range []string{"activity", "health"} {
		var root map[string]any
		text, err := os.ReadFile(filepath.Join(dir, file+".schema.json"))
		if err == nil {
			err = json.Unmarshal(text, &root)
		}
		if err != nil {
			t.Fatal(err)
		}
		walk(file, root)
	}
}
