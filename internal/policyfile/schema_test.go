package policyfile_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	generator "github.com/invopop/jsonschema"

	"sagescale/internal/policy"
	"sagescale/internal/policyfile"
)

var update = flag.Bool("update", false, "write scaling.schema.json and the golden files anew")

// TestSchema fails when the schema that is shipped is not what the types make.
// After a change of the types:
//
//	go test ./internal/policyfile -run TestSchema -update
func TestSchema(t *testing.T) {
	want := generate(t)
	if *update {
		if err := os.WriteFile("scaling.schema.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(policyfile.Schema(), want) {
		t.Error("scaling.schema.json is not what the types make: run this test with -update")
	}
}

// TestSchemaIsClosed walks the schema: nothing may stand in a policy that it
// does not know, and everything that it knows is described.
func TestSchemaIsClosed(t *testing.T) {
	var root map[string]any
	if err := json.Unmarshal(policyfile.Schema(), &root); err != nil {
		t.Fatal(err)
	}
	var walk func(path string, node any)
	walk = func(path string, node any) {
		object, ok := node.(map[string]any)
		if !ok {
			return
		}
		if object["type"] == "object" && object["additionalProperties"] != false && !strings.HasSuffix(path, "/dimensions") {
			t.Errorf("%s allows unknown fields", path)
		}
		for key, value := range object {
			walk(path+"/"+key, value)
		}
		properties, _ := object["properties"].(map[string]any)
		for name, value := range properties {
			if value.(map[string]any)["description"] == nil {
				t.Errorf("%s/%s has no description", path, name)
			}
		}
	}
	walk("#", root)
	for key, want := range map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   "sagescale policy file",
	} {
		if root[key] != want {
			t.Errorf("%s is %v, want %v", key, root[key], want)
		}
	}
}

// TestSchemaDefaults: a default that the schema names is the one that is used.
func TestSchemaDefaults(t *testing.T) {
	var root struct {
		Defs map[string]struct {
			Properties map[string]struct{ Default any }
		} `json:"$defs"`
	}
	if err := json.Unmarshal(policyfile.Schema(), &root); err != nil {
		t.Fatal(err)
	}
	text := string(mustRead(t, "testdata/minimal.yaml"))
	for name, property := range root.Defs["Target"].Properties {
		if property.Default != nil {
			text += fmt.Sprintf("  %s: %v\n", name, property.Default)
		}
	}
	threshold := fmt.Sprintf("    scaleIn: {threshold: %v}\n", root.Defs["ScaleIn"].Properties["threshold"].Default)
	text = strings.Replace(text, "    targetValue: 700\n", "    targetValue: 700\n"+threshold, 1)
	p, err := policyfile.Parse("f", []byte(text))
	if want := mustLoad(t, "testdata/minimal.yaml").Digest; err != nil || p.Digest != want {
		t.Errorf("with the defaults of the schema: %+v, %v\n%s", p, err, text)
	}
}

// TestSchemaIsACopy: who changes what Schema returns changes nothing else.
func TestSchemaIsACopy(t *testing.T) {
	policyfile.Schema()[0] = 'x'
	if got := policyfile.Schema()[0]; got != '{' {
		t.Errorf("schema begins with %q", got)
	}
}

// generate returns the schema that the types of package policy make.
func generate(t *testing.T) []byte {
	t.Helper()
	r := &generator.Reflector{
		Anonymous:      true,
		ExpandedStruct: true,
		Mapper:         mapper,
		Namer:          func(t reflect.Type) string { return strings.TrimSuffix(t.Name(), "Spec") },
	}
	if err := r.AddGoComments("sagescale/internal/policyfile", "../policy"); err != nil {
		t.Fatal(err)
	}
	for name, text := range r.CommentMap {
		// One line of text; and none for types, whose comments speak of Go.
		r.CommentMap[name] = strings.Join(strings.Fields(text), " ")
		if strings.Count(name[strings.LastIndex(name, "/"):], ".") < 2 {
			delete(r.CommentMap, name)
		}
	}
	schema := r.Reflect(&policy.Spec{})
	schema.Title = "sagescale policy file"
	schema.Description = "How the production variants of SageMaker endpoints scale."
	finish(schema.Definitions)
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

// mapper has the types that stand as texts.
func mapper(t reflect.Type) *generator.Schema {
	switch t {
	case reflect.TypeFor[policy.Duration]():
		return &generator.Schema{Type: "string", Pattern: `^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`, Examples: []any{"90s", "5m", "1h30m"}}
	}
	return nil
}

// finish adds what struct tags cannot say.
func finish(types generator.Definitions) {
	types["CloudWatchMetric"] = types["Metric"]
	types["Metric"] = &generator.Schema{OneOf: []*generator.Schema{
		{Type: "string", Enum: []any{policy.InvocationsPerInstance, policy.ConcurrentRequestsPerModel}},
		{Ref: "#/$defs/CloudWatchMetric"},
	}}
	most, one := uint64(30), uint64(1)
	dimensions, _ := types["CloudWatchMetric"].Properties.Get("dimensions")
	dimensions.MaxProperties = &most
	dimensions.PropertyNames = &generator.Schema{Pattern: "^[^:]", MaxLength: new(uint64(255))}
	dimensions.AdditionalProperties = &generator.Schema{Type: "string", MinLength: &one, MaxLength: new(uint64(1024))}
	for _, name := range []string{"startTime", "endTime"} {
		field, _ := types["ScheduledAction"].Properties.Get(name)
		field.Pattern = `^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$`
	}
	for _, name := range []string{"Window", "ScaleIn"} {
		types[name].DependentRequired = map[string][]string{"datapoints": {"periods"}, "periods": {"datapoints"}}
	}
}
