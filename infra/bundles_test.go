package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"sagescale/infra/bundle"
	"sagescale/internal/config"
)

// fakeBundles writes bundles of which only the policy file is right: enough where
// the binaries do not matter.
func fakeBundles(t *testing.T, bundles bundle.Bundles) {
	t.Helper()
	text, err := os.ReadFile(testPolicy)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range bundle.Names() {
		if err := os.MkdirAll(bundles.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		appendTo(t, filepath.Join(bundles.Dir(name), config.PolicyFile), string(text))
		appendTo(t, filepath.Join(bundles.Dir(name), bundle.Handler), name)
	}
}

// synthFake declares the stack of some context values over bundles that are there
// already.
func synthFake(t *testing.T, bundles bundle.Bundles, values map[string]any) assembly {
	t.Helper()
	props, err := appProps(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := loadSettings(values)
	if err != nil {
		t.Fatal(err)
	}
	app := awscdk.NewApp(props)
	if _, err := declare(app, s, bundles); err != nil {
		t.Fatal(err)
	}
	app.Synth(nil)
	a, err := readAssembly(*props.Outdir, s.StackName)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString(text); err != nil {
		t.Fatal(err)
	}
}
