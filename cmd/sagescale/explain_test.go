package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// Cases of an on-call engineer's night, each with what decide --explain says of
// it. With -update the explanations are written anew: read them.
func TestExplained(t *testing.T) {
	files, err := filepath.Glob("testdata/explain/*.txtar")
	if err != nil || len(files) < 10 {
		t.Fatalf("only %d cases: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil || len(archive.Files) != 2 || archive.Files[0].Name != "case.json" || archive.Files[1].Name != "want.txt" {
				t.Fatalf("needs case.json and want.txt: %v", err)
			}
			var out, errs bytes.Buffer
			clock := func() time.Time { return time.Time{} }
			args := []string{"decide", "--explain"}
			if code := run(t.Context(), args, bytes.NewReader(archive.Files[0].Data), &out, &errs, clock); code != exitDone {
				t.Fatalf("exit code %d: %s", code, errs.String())
			}
			if *update {
				archive.Files[1].Data = out.Bytes()
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want := archive.Files[1].Data; !bytes.Equal(out.Bytes(), want) {
				t.Errorf("got\n%swant\n%s", out.Bytes(), want)
			}
		})
	}
}
