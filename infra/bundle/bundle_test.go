package bundle_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sagescale/infra/bundle"
	"sagescale/internal/config"
)

const policyText = "version: 1\n"

// Two builds are the same to the byte, the mode and the time, also for somebody
// with flags and a umask of their own.
func TestBuildIsReproducible(t *testing.T) {
	t.Chdir("../..")
	first := build(t)
	t.Setenv("GOFLAGS", "-race -tags=other")
	t.Setenv("GOAMD64", "v3")
	second := build(t)
	for _, name := range bundle.Names() {
		for _, file := range []string{bundle.Handler, config.PolicyFile} {
			same(t, filepath.Join(first.Dir(name), file), filepath.Join(second.Dir(name), file))
		}
		if entries, err := os.ReadDir(first.Dir(name)); err != nil || len(entries) != 2 {
			t.Errorf("bundle of %s has %v, want two files: %v", name, entries, err)
		}
	}
}

func TestBuildReplaces(t *testing.T) {
	t.Chdir("../..")
	b := build(t)
	stale := filepath.Join(b.Dir(bundle.Alarm), "stale")
	if err := os.WriteFile(stale, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := b.Build(t.Context(), policy(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stale); !os.IsNotExist(err) {
		t.Errorf("a file of the last build is still there: %v", err)
	}
	if entries, err := os.ReadDir(b.Root); err != nil || len(entries) != 1 {
		t.Errorf("root has %v, want the architecture alone: %v", entries, err)
	}
}

func TestBuildFails(t *testing.T) {
	dir := t.TempDir()
	policyFile := policy(t)
	t.Chdir(dir) // without functions
	b := bundle.Bundles{Root: filepath.Join(dir, "build"), Architecture: bundle.Local()}
	if err := b.Build(t.Context(), policyFile); err == nil || !strings.HasPrefix(err.Error(), "build functions: ") {
		t.Errorf("error %v, want one that begins with build functions", err)
	}
	if entries, err := os.ReadDir(b.Root); err != nil || len(entries) != 0 {
		t.Errorf("a failed build left %v, %v", entries, err)
	}
	if err := b.Build(t.Context(), "none.yaml"); err == nil || !strings.Contains(err.Error(), "none.yaml") {
		t.Errorf("error %v, want one that names none.yaml", err)
	}
}

func TestParseArchitecture(t *testing.T) {
	for _, name := range []string{"arm64", "x86_64"} {
		if got, err := bundle.ParseArchitecture(name); string(got) != name || err != nil {
			t.Errorf("ParseArchitecture(%q) = %q, %v", name, got, err)
		}
	}
	if _, err := bundle.ParseArchitecture("amd64"); err == nil {
		t.Error("ParseArchitecture accepts the name that Go gives")
	}
}

func build(t *testing.T) bundle.Bundles {
	t.Helper()
	b := bundle.Bundles{Root: t.TempDir(), Architecture: bundle.ARM64}
	if err := b.Build(t.Context(), policy(t)); err != nil {
		t.Fatal(err)
	}
	return b
}

func policy(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(path, []byte(policyText), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func same(t *testing.T, a, b string) {
	t.Helper()
	one, two := stat(t, a), stat(t, b)
	if one.Mode() != two.Mode() || !one.ModTime().Equal(two.ModTime()) {
		t.Errorf("%s: %v %v, then %v %v", a, one.Mode(), one.ModTime(), two.Mode(), two.ModTime())
	}
	if read(t, a) != read(t, b) {
		t.Errorf("%s: another build has other bytes", a)
	}
}

func stat(t *testing.T, path string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
