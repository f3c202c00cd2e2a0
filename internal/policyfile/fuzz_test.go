package policyfile_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"
	validator "github.com/santhosh-tekuri/jsonschema/v6"

	"sagescale/internal/policy"
	"sagescale/internal/policyfile"
)

// FuzzParse: never a panic, never a policy together with faults. Every fault has
// a place in the file and one printable line, and the same text has the same
// faults, or the same digest however it is written: as JSON, with the line ends
// of Windows, behind a byte order mark. What Parse takes the schema takes too, and
// not with one field more.
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
	schema := compiledSchema(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := policyfile.Parse("f", text)
		if err != nil {
			if p != nil {
				t.Errorf("a policy together with %v", err)
			}
			checkFaults(t, text, err)
			checkTargetFaults(t, text)
			return
		}
		checkSameDigest(t, p, text)
		document := asJSON(t, text)
		checkOneFieldMore(t, document)
		checkTargets(t, p, document)
		if err := schema.Validate(plain(t, text)); err != nil {
			t.Errorf("the schema refuses it: %v", err)
		}
	})
}

// compiledSchema is the schema made ready once, which takes longer than a policy.
func compiledSchema(tb testing.TB) *validator.Schema {
	tb.Helper()
	document, err := validator.UnmarshalJSON(bytes.NewReader(policyfile.Schema()))
	if err != nil {
		tb.Fatal(err)
	}
	compiler := validator.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("scaling.schema.json", document); err != nil {
		tb.Fatal(err)
	}
	return compiler.MustCompile("scaling.schema.json")
}

// checkFaults holds faults to what the type promises, and to being the same when
// the text is read again.
func checkFaults(t *testing.T, text []byte, err error) {
	t.Helper()
	var faults, again policyfile.Faults
	if !errors.As(err, &faults) || len(faults) == 0 {
		t.Fatalf("no faults: %v", err)
	}
	for i, f := range faults {
		if f.File != "f" || f.Rule == "" || strings.ContainsFunc(f.Error(), unprintable) {
			t.Errorf("malformed fault %+v", f)
		}
		if !stands(text, f) {
			t.Errorf("fault beside the file: %+v", f)
		}
		if slices.Contains(faults[:i], f) {
			t.Errorf("fault twice: %s", f)
		}
		if i > 0 && (f.Line < faults[i-1].Line || f.Line == faults[i-1].Line && f.Column < faults[i-1].Column) {
			t.Errorf("fault %s after %s", f, faults[i-1])
		}
	}
	if _, err := policyfile.Parse("f", text); !errors.As(err, &again) || !slices.Equal(again, faults) {
		t.Errorf("faults %v, and then %v", faults, again)
	}
}

// checkTargetFaults holds what a text that is no policy has wrong as a target.
func checkTargetFaults(t *testing.T, text []byte) {
	t.Helper()
	if _, err := policyfile.ParseTarget("f", text); err != nil {
		var faults policyfile.Faults
		if !errors.As(err, &faults) || len(faults) == 0 {
			t.Fatalf("no faults: %v", err)
		}
	}
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// stands reports whether a fault is in the file or at its very end, which for YAML
// is the line that would come next. Lines end as editors have it, or as YAML has
// it beside.
func stands(text []byte, f policyfile.Fault) bool {
	plain := strings.ReplaceAll(string(text), "\r\n", "\n")
	all := strings.NewReplacer("\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(plain)
	return slices.ContainsFunc([]string{plain, all}, func(text string) bool {
		lines := strings.Split(text, "\n")
		if f.Line == len(lines)+1 {
			return f.Column == 1
		}
		return f.Line >= 1 && f.Line <= len(lines) &&
			f.Column >= 1 && f.Column <= 1+utf8.RuneCountInString(lines[f.Line-1])
	})
}

// checkSameDigest: the digest depends on what a policy says, not on how.
func checkSameDigest(t *testing.T, p *policy.Policy, text []byte) {
	t.Helper()
	spellings := map[string][]byte{
		"again":   text,
		"as JSON": asJSON(t, text),
	}
	if !bytes.HasPrefix(text, []byte("\ufeff")) {
		spellings["behind a byte order mark"] = append([]byte("\ufeff"), text...)
	}
	if !bytes.Contains(text, []byte("\r")) {
		spellings["with the line ends of Windows"] = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	}
	for how, text := range spellings {
		if again, err := policyfile.Parse("g", text); err != nil || again.Digest != p.Digest {
			t.Errorf("parsed %s: %+v, %v\n%s", how, again, err, text)
		}
	}
}

// asJSON writes a policy as JSON, its fields in the order of their names and what
// YAML does not allow in a file as escapes.
func asJSON(t *testing.T, text []byte) []byte {
	t.Helper()
	plain, err := json.Marshal(plain(t, text))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, r := range string(plain) {
		if r >= 0x7f && r < 0xa0 || r >= 0xfeff && r <= 0xffff {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.Bytes()
}

// checkOneFieldMore: a valid policy with a field that nobody knows has that fault.
func checkOneFieldMore(t *testing.T, document []byte) {
	t.Helper()
	_, err := policyfile.Parse("f", append([]byte(`{"nobody knows": {}, `), document[1:]...))
	var faults policyfile.Faults
	if !errors.As(err, &faults) || len(faults) != 1 || faults[0].Field != `["nobody knows"]` || faults[0].Column != 2 {
		t.Errorf("with an unknown field: %v", err)
	}
}

// checkTargets: without defaults a target means alone what it means in its file.
func checkTargets(t *testing.T, p *policy.Policy, document []byte) {
	t.Helper()
	var spec struct {
		Defaults json.RawMessage
		Targets  []json.RawMessage
	}
	if err := json.Unmarshal(document, &spec); err != nil || len(spec.Targets) != len(p.Targets) {
		t.Fatalf("%d targets of %d: %v", len(p.Targets), len(spec.Targets), err)
	}
	if spec.Defaults != nil {
		return
	}
	for i, text := range spec.Targets {
		alone, err := policyfile.ParseTarget("g", text)
		got, _ := json.Marshal(alone)
		want, _ := json.Marshal(p.Targets[i])
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("target %s alone: %s, %v, want %s", text, got, err, want)
		}
	}
}
