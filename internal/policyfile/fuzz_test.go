package policyfile_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"sagescale/internal/policyfile"
)

// FuzzParse: never a panic, never a policy together with faults, every fault has
// a place, the same text has the same digest, and what Parse takes the schema
// takes too.
func FuzzParse(f *testing.F) {
	f.Add(mustRead(f, "testdata/minimal.yaml"))
	f.Add(mustRead(f, "testdata/full.yaml"))
	names, err := filepath.Glob("testdata/broken/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(archive.Files[0].Data)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := policyfile.Parse("f", text)
		if err != nil {
			checkFaults(t, err)
			if p != nil {
				t.Fatalf("a policy together with %v", err)
			}
			return
		}
		if again, err := policyfile.Parse("g", text); err != nil || again.Digest != p.Digest {
			t.Errorf("parsed again: %+v, %v", again, err)
		}
		if err := validate(t, text); err != nil {
			t.Errorf("the schema refuses it: %v", err)
		}
	})
}

func checkFaults(t *testing.T, err error) {
	t.Helper()
	var faults policyfile.Faults
	if !errors.As(err, &faults) || len(faults) == 0 {
		t.Fatalf("no faults: %v", err)
	}
	for _, f := range faults {
		if f.File == "" || f.Line < 1 || f.Column < 1 || f.Rule == "" {
			t.Errorf("malformed fault %+v", f)
		}
	}
}
