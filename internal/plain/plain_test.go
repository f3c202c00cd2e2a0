package plain_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"sagescale/internal/plain"
)

func TestText(t *testing.T) {
	for given, want := range map[string]string{
		"":                         "",
		"chat-llm é 日本 \U0001F600": "chat-llm é 日本 \U0001F600",
		"a\nb":                     "a\nb",
		"\x1b[31mred":              "\uFFFD[31mred",
		"a\u009b31mb\x7f":          "a\uFFFD31mb\uFFFD",
		"a\u202eb\u2066c\u2069":    "a\uFFFDb\uFFFDc\uFFFD",
		"a\u2028b\u00adc\r\t":      "a\uFFFDb\uFFFDc\uFFFD\uFFFD",
		"\xff\xc3":                 "\uFFFD\uFFFD",
		"\U000E0041\U000F0000":     "\uFFFD\uFFFD",
	} {
		if got := plain.Text(given); got != want {
			t.Errorf("Text(%q) = %q, want %q", given, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		given string
		n     int
		want  string
	}{
		{"", 0, ""},
		{"abc", 3, "abc"},
		{"abcd", 3, "abc... (cut)"},
		{"éèê", 3, "éèê"},
		{"éèêë", 3, "éèê... (cut)"},
		{"\xff\xff\xff", 2, "\xff\xff... (cut)"},
	} {
		if got := plain.Cut(tt.given, tt.n); got != tt.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", tt.given, tt.n, got, tt.want)
		}
	}
}

// What is escaped is another writing of the same JSON, of plain characters alone.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{"", "\x1b[31m", "a\u009b\x7f", "\u202e\u2066", "\u2028<script>", "\U000E0041", "\xff", "\uFFFD", "\n\t\"\\", "chat"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var encoded, escaped bytes.Buffer
		for _, encoder := range []*json.Encoder{json.NewEncoder(&encoded), json.NewEncoder(plain.JSON(&escaped))} {
			encoder.SetEscapeHTML(false)
			encoder.SetIndent("", "  ")
			if err := encoder.Encode(map[string]string{s: s}); err != nil {
				t.Fatal(err)
			}
		}
		var want, got map[string]string
		if err := errors.Join(json.Unmarshal(encoded.Bytes(), &want), json.Unmarshal(escaped.Bytes(), &got)); err != nil {
			t.Fatal(err)
		}
		for key, value := range got {
			if want[key] != value || len(got) != len(want) {
				t.Errorf("%q became %q", want, got)
			}
		}
		text := escaped.String()
		if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
			t.Errorf("not plain: %q", text)
		}
	})
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("full") }

// A writer that fails is not hidden.
func TestJSONWriterFails(t *testing.T) {
	if err := json.NewEncoder(plain.JSON(broken{})).Encode("x"); err == nil {
		t.Error("no error")
	}
}
