package internal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/licensecheck"
)

var update = flag.Bool("update", false, "rewrite the tables of SECURITY.md")

// allowed are the licences that each table may have: they allow any use and ask to be
// named, or not even that. What the CDK brings inside of its own module, and what runs
// at a deployment only, may have two more of the kind.
func allowed(table string) []string {
	all := []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"}
	if table == "infra" {
		all = append(all, "BlueOak-1.0.0", "CC0-1.0")
	}
	return all
}

// dependency is a module of others that is linked into something, with the licences of
// the packages that are.
type dependency struct {
	module, version string
	files           map[string]bool // with the licences
	linkedInto      map[string]bool
}

// dependencies lists the modules of others that packages link, by their paths, as the
// functions are built. Nothing is compiled for it.
func dependencies(t *testing.T, patterns ...string) map[string]*dependency {
	t.Helper()
	all := map[string]*dependency{}
	for _, pattern := range patterns {
		cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", "lambda.norpc", "-json=Dir,Module", "../"+pattern)
		cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("list the packages of %s: %v", pattern, err)
		}
		for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
			var p struct {
				Dir    string
				Module *struct {
					Path, Version, Dir string
					Main               bool
				}
			}
			if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			if p.Module == nil || p.Module.Main {
				continue // of the standard library, or ours
			}
			d := all[p.Module.Path]
			if d == nil {
				d = &dependency{p.Module.Path, p.Module.Version, map[string]bool{}, map[string]bool{}}
				all[p.Module.Path] = d
			}
			d.linkedInto[strings.TrimSuffix(pattern, "/...")] = true
			addFiles(t, d.files, p.Module.Dir, p.Dir)
		}
	}
	return all
}

// addFiles adds the files that have the licences of a package: those beside it and
// those above it in its module.
func addFiles(t *testing.T, files map[string]bool, module, dir string) {
	t.Helper()
	for ; len(dir) >= len(module); dir = filepath.Dir(dir) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			name := strings.ToUpper(strings.TrimSuffix(e.Name(), filepath.Ext(e.Name())))
			if e.Type().IsRegular() && slices.Contains([]string{"LICENSE", "LICENCE", "COPYING", "NOTICE"}, name) {
				files[filepath.Join(dir, e.Name())] = true
			}
		}
	}
}

// library reads each text once: most modules have the same.
type library map[string][]string

// licences names the licences of a module. One that has none fails the test.
func (l library) licences(t *testing.T, d *dependency) []string {
	t.Helper()
	var all []string
	for file := range d.files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		ids, read := l[string(text)]
		if !read {
			ids = identify(t, file, text)
			l[string(text)] = ids
		}
		all = append(all, ids...)
	}
	if all == nil {
		t.Errorf("%s has no licence", d.module)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// identify names the licences that a file is, which must be most of it, or that a
// notice tells of.
func identify(t *testing.T, path string, text []byte) []string {
	t.Helper()
	coverage := licensecheck.Scan(text)
	notice := strings.HasPrefix(filepath.Base(path), "NOTICE")
	if coverage.Percent < 75 && !notice {
		t.Errorf("%s: only %.0f %% of it is a licence that is known", path, coverage.Percent)
	}
	var ids []string
	for _, match := range coverage.Match {
		if !match.IsURL || notice {
			ids = append(ids, match.ID)
		}
	}
	return ids
}

// licencesTable has a row for each module, whose licences must be allowed.
func licencesTable(t *testing.T, table string, all map[string]*dependency) string {
	t.Helper()
	known := library{}
	var b strings.Builder
	b.WriteString("\n| module | version | licence | linked into |\n| --- | --- | --- | --- |\n")
	for _, path := range slices.Sorted(maps.Keys(all)) {
		d := all[path]
		ids := known.licences(t, d)
		for _, id := range ids {
			if !slices.Contains(allowed(table), id) {
				t.Errorf("%s has the licence %s, which is not one of %v", path, id, allowed(table))
			}
		}
		into := "`" + strings.Join(slices.Sorted(maps.Keys(d.linkedInto)), "`, `") + "`"
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", d.module, d.version, strings.Join(ids, ", "), into)
	}
	return b.String()
}

// SECURITY.md lists all that others have written of what is shipped, each module with
// its version and its licence, which is one that is allowed. After a change of go.mod,
// make generate.
//
// Faults: H7
func TestLicences(t *testing.T) { checkTable(t, "shipped", "functions/...", "cmd/sagescale") }

// The same of the app that deploys it. Its modules are large: where they are not, it is
// make infra-test that brings them, and runs this.
//
// Faults: H7
func TestLicencesOfTheDeployment(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-cdk-go/awscdk/v2")
	cmd.Env = append(os.Environ(), "GOPROXY=off")
	if dir, err := cmd.Output(); err != nil || len(bytes.TrimSpace(dir)) == 0 {
		t.Skip("the modules of the CDK are not here: make infra-test brings them")
	}
	checkTable(t, "infra", "infra")
}

// checkTable compares what packages link with the table of SECURITY.md that stands
// between markers of a name, or with -update writes it.
func checkTable(t *testing.T, name string, patterns ...string) {
	t.Helper()
	const page = "../SECURITY.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+name+":begin -->", "<!-- "+name+":end -->"
	before, rest, begins := strings.Cut(string(text), begin)
	_, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		t.Fatalf("%s has no markers %s and %s", page, begin, end)
	}
	updated := before + begin + licencesTable(t, name, dependencies(t, patterns...)) + end + after
	if *update {
		if err := os.WriteFile(page, []byte(updated), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if updated != string(text) {
		t.Errorf("%s lists other modules than there are; run make generate", page)
	}
}

// A licence that is not allowed is told from one that is.
func TestLicencesAreTold(t *testing.T) {
	own, err := os.ReadFile("../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	const other = "This program is free software: you can redistribute it and/or modify it under the terms of the GNU General Public License " +
		"as published by the Free Software Foundation, either version 3 of the License, or (at your option) any later version."
	for want, text := range map[string]string{"Apache-2.0": string(own), "GPL-3.0-or-later": other} {
		if got := identify(t, "LICENSE", []byte(text)); !slices.Contains(got, want) {
			t.Errorf("%v, want %s", got, want)
		}
	}
}
