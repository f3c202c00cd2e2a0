package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

const testPolicy = "infra/testdata/policy.yaml"

// TestMain runs the tests in the repository's root, as the CDK runs the app.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		defer jsii.Close()
		path, changed := nodePath()
		if changed {
			return again(path)
		}
		if err := os.Chdir(".."); err != nil {
			panic(err)
		}
		return m.Run()
	}())
}

// nodePath returns PATH with the Node that is installed beside the CDK's command
// line in front, and whether that changes anything.
func nodePath() (path string, changed bool) {
	bin, err := filepath.Abs("node_modules/.bin")
	if err != nil {
		panic(err)
	}
	path = os.Getenv("PATH")
	_, err = os.Stat(filepath.Join(bin, "node"))
	if err != nil || strings.HasPrefix(path, bin+string(filepath.ListSeparator)) {
		return path, false
	}
	return bin + string(filepath.ListSeparator) + path, true
}

// again runs the tests anew with another PATH, in which jsii has looked for Node
// before main began.
func again(path string) int {
	cmd := exec.Command(os.Args[0], os.Args[1:]...)
	cmd.Env = append(os.Environ(), "PATH="+path)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		panic(err)
	}
	return cmd.ProcessState.ExitCode()
}

// assembly is what a synth has written.
type assembly struct {
	template
	text     []byte // of the template
	findings []string
}

type template struct {
	Resources map[string]resource
	Outputs   map[string]struct{ Value any }
}

type resource struct {
	Type           string
	Properties     map[string]any
	DeletionPolicy string
	Metadata       map[string]any
}

// synthesized is the stack of the test policy with everything that there can be, made once
// for all tests.
var synthesized = sync.OnceValues(func() (assembly, error) {
	dir, err := os.MkdirTemp("", "sagescale-infra-")
	if err != nil {
		return assembly{}, err
	}
	defer os.RemoveAll(dir)
	return synth(dir, map[string]any{contextPolicy: testPolicy, contextNotify: true})
})

// standard returns the stack of the test policy.
func standard(t *testing.T) assembly {
	t.Helper()
	a, err := synthesized()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// synth runs the app as the CDK's command line does, with the context of
// cdk.json.
func synth(dir string, values map[string]any) (assembly, error) {
	props, err := appProps(dir, values)
	if err != nil {
		return assembly{}, err
	}
	if err := synthesize(context.Background(), filepath.Join(dir, "build"), props); err != nil {
		return assembly{}, err
	}
	return readAssembly(*props.Outdir, "sagescale")
}

func appProps(dir string, values map[string]any) (*awscdk.AppProps, error) {
	text, err := os.ReadFile("cdk.json")
	if err != nil {
		return nil, err
	}
	var file struct{ Context map[string]any }
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("parse cdk.json: %w", err)
	}
	maps.Copy(file.Context, values)
	return &awscdk.AppProps{
		Context:            &file.Context,
		Outdir:             jsii.String(filepath.Join(dir, "cdk.out")),
		AnalyticsReporting: jsii.Bool(false),
	}, nil
}

func readAssembly(dir, stackName string) (assembly, error) {
	text, err := os.ReadFile(filepath.Join(dir, stackName+".template.json"))
	if err != nil {
		return assembly{}, err
	}
	a := assembly{text: text}
	if err := json.Unmarshal(text, &a.template); err != nil {
		return assembly{}, fmt.Errorf("parse template: %w", err)
	}
	a.findings, err = readFindings(dir, stackName)
	return a, err
}

// readFindings returns the errors and warnings that aspects attached to
// constructs.
func readFindings(dir, stackName string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(dir, stackName+".metadata.json"))
	if err != nil {
		return nil, err
	}
	var metadata map[string][]struct {
		Type string
		Data any
	}
	if err := json.Unmarshal(text, &metadata); err != nil {
		return nil, fmt.Errorf("parse metadata: %w", err)
	}
	var findings []string
	for _, path := range slices.Sorted(maps.Keys(metadata)) {
		for _, entry := range metadata[path] {
			if entry.Type == "aws:cdk:error" || entry.Type == "aws:cdk:warning" {
				findings = append(findings, fmt.Sprint(path, ": ", entry.Data))
			}
		}
	}
	return findings, nil
}

// ids returns the logical ids of the resources of a type, in order.
func (t template) ids(kind string) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		if t.Resources[id].Type == kind {
			ids = append(ids, id)
		}
	}
	return ids
}

// all returns the properties of the resources of a type, in the order of ids.
func (t template) all(kind string) []map[string]any {
	var list []map[string]any
	for _, id := range t.ids(kind) {
		list = append(list, t.Resources[id].Properties)
	}
	return list
}

// only returns the one resource of a type.
func (t template) only(tb testing.TB, kind string) resource {
	tb.Helper()
	ids := t.ids(kind)
	if len(ids) != 1 {
		tb.Fatalf("%d resources of type %s, want 1", len(ids), kind)
	}
	return t.Resources[ids[0]]
}

// function returns the logical id of one of the functions.
func (t template) function(tb testing.TB, name string) string {
	tb.Helper()
	for _, id := range t.ids("AWS::Lambda::Function") {
		if strings.HasPrefix(id, title(name)) {
			return id
		}
	}
	tb.Fatalf("no function %s", name)
	return ""
}

// dig returns what lies under keys and indices, nil if nothing does.
func dig(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			l, _ := v.([]any)
			if step >= len(l) {
				return nil
			}
			v = l[step]
		}
	}
	return v
}

// flat writes a value with its intrinsic functions as text: ${Logical.Attribute}.
func flat(v any) string {
	m, ok := v.(map[string]any)
	if !ok {
		return fmt.Sprint(v)
	}
	if ref, ok := m["Ref"]; ok {
		return fmt.Sprintf("${%v}", ref)
	}
	if attribute, ok := m["Fn::GetAtt"]; ok {
		return fmt.Sprintf("${%v.%v}", dig(attribute, 0), dig(attribute, 1))
	}
	if join, ok := m["Fn::Join"]; ok {
		var b strings.Builder
		for _, part := range list(dig(join, 1)) {
			b.WriteString(flat(part))
		}
		return b.String()
	}
	return fmt.Sprint(m)
}

// list returns a value that may stand alone or in a list.
func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

// flats writes each of a list.
func flats(v any) []string {
	var all []string
	for _, item := range list(v) {
		all = append(all, flat(item))
	}
	return all
}
