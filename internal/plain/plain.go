// Package plain keeps what others have written from being more than text where it
// is shown.
//
// Names, causes and messages come from policy files, events, operators and AWS. A
// terminal takes some characters for orders: it moves its cursor, changes its title
// or, by the controls for writing from right to left, shows another text than there
// is. Plain are the characters that unicode.IsPrint knows; no control, no escape, no
// line separator and no bidirectional control is among them.
package plain

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Text replaces what is not plain, each character by U+FFFD, so that one sees that
// something was there. Line feeds stay.
func Text(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// Cut returns at most the first characters of s, n of them, and says that there
// were more.
func Cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	count := 0
	for i := range s {
		if count == n {
			return s[:i] + "... (cut)"
		}
		count++
	}
	return s
}

// JSON returns a writer that escapes what is not plain in JSON, as \u202e: it means
// the same, and harms no terminal that it is written to. Every call of Write must
// have whole characters, as those of json.Encoder and slog.JSONHandler have.
func JSON(w io.Writer) io.Writer { return escaper{w} }

type escaper struct{ to io.Writer }

// Write answers as if it had written p itself.
func (e escaper) Write(p []byte) (int, error) {
	if _, err := e.to.Write(escape(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// escape escapes what is not plain in JSON. The encoders have escaped what is below
// U+0020 in texts, so of that only blanks and line feeds between texts are left.
func escape(p []byte) []byte {
	out := make([]byte, 0, len(p))
	for len(p) > 0 {
		r, size := utf8.DecodeRune(p)
		switch high, low := utf16.EncodeRune(r); {
		case r == '\n' || unicode.IsPrint(r) && (r != utf8.RuneError || size > 1):
			out = append(out, p[:size]...)
		case high != unicode.ReplacementChar:
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		p = p[size:]
	}
	return out
}
