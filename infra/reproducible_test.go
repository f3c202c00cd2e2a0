package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"sagescale/infra/bundle"
	"sagescale/internal/config"
)

// The same source and policy give the same template, and so the same assets,
// whatever the folders, the time and the mode of the policy file.
func TestSameTemplate(t *testing.T) {
	text, err := os.ReadFile(testPolicy)
	if err != nil {
		t.Fatal(err)
	}
	path := write(t, string(text))
	if err := os.Chtimes(path, time.Unix(1e9, 0), time.Unix(1e9, 0)); err != nil {
		t.Fatal(err)
	}
	again, err := synth(t.TempDir(), map[string]any{contextPolicy: path, contextNotify: true})
	if err != nil {
		t.Fatal(err)
	}
	first := standard(t)
	if !bytes.Equal(again.text, first.text) {
		t.Errorf("templates differ; assets %v and %v", assets(again), assets(first))
	}
	if got := assets(first); len(got) != len(bundle.Names()) {
		t.Errorf("assets %v, want one for each function", got)
	}
}

// A change of the policy changes every function, by a comment alone too: what is
// deployed is the file that was reviewed.
func TestPolicyChangesAssets(t *testing.T) {
	dir := t.TempDir()
	bundles := bundle.Bundles{Root: filepath.Join(dir, "build"), Architecture: bundle.ARM64}
	fakeBundles(t, bundles)
	before := synthFake(t, bundles, map[string]any{contextPolicy: testPolicy})
	for _, name := range bundle.Names() {
		appendTo(t, filepath.Join(bundles.Dir(name), config.PolicyFile), "# reviewed\n")
	}
	after := synthFake(t, bundles, map[string]any{contextPolicy: testPolicy})
	for _, hash := range assets(after) {
		if slices.Contains(assets(before), hash) {
			t.Errorf("asset %s has not changed", hash)
		}
	}
}

// assets returns the keys of the functions' code in S3, which are hashes of the
// content.
func assets(a assembly) []string {
	var keys []string
	for _, fn := range a.all("AWS::Lambda::Function") {
		keys = append(keys, regexp.MustCompile(`^[0-9a-f]{64}`).FindString(flat(dig(fn, "Code", "S3Key"))))
	}
	return keys
}
