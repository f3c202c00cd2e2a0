package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"sagescale/internal/shell"
)

const lineWidth = 79

// whole writes a number without its fraction and with commas: 1,234,567.
func whole(v float64) string {
	digits := strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 && digits[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// number writes a number of up to six digits, without an exponent.
func number(v float64) string {
	if v >= 1e6 {
		return whole(v)
	}
	short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	if err != nil {
		short = v
	}
	return strconv.FormatFloat(short, 'f', -1, 64)
}

// share writes a part of a whole in percent, and never says 0 for a little.
func share(part float64) string {
	if part > 0 && part < 0.00005 {
		return "less than 0.01 %"
	}
	return fmt.Sprintf("%.2f %%", 100*part)
}

// Paragraphs breaks the paragraphs of a text, which blank lines part, into lines of less
// than 80 columns. One that is indented stays as it is.
func Paragraphs(text string) string {
	all := strings.Split(text, "\n\n")
	for i, paragraph := range all {
		if !strings.HasPrefix(paragraph, " ") {
			all[i] = strings.TrimSuffix(wrap(paragraph, ""), "\n")
		}
	}
	return strings.Join(all, "\n\n")
}

// wrap breaks a text into lines of less than 80 columns, each indented. A word
// that is longer stays whole.
func wrap(text, indent string) string {
	var b strings.Builder
	column := 0
	for word := range strings.FieldsSeq(text) {
		width := utf8.RuneCountInString(word)
		switch {
		case column == 0:
			b.WriteString(indent)
			column = len(indent)
		case column+1+width > lineWidth:
			b.WriteString("\n" + indent)
			column = len(indent)
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += width
	}
	return b.String() + "\n"
}

// pasted is a line with a command to paste, as it is on a place. Where it is too long its
// flags stand on a line of their own.
func pasted(indent string, on shell.Place, command string) string {
	text := indent + on.Put(command)
	if len(text) > lineWidth {
		text = indent + command + strings.Replace(strings.TrimPrefix(on.Put(command), command), " ", " \\\n"+indent+"  ", 1)
	}
	return text + "\n"
}

// plural counts things, of which the name is given for one.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return whole(float64(n)) + " " + thing + "s"
}
