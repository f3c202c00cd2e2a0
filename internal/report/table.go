package report

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

// shortestName is how few characters are left of a name to make a table narrower.
const shortestName = 12

// tabulate writes rows of cells as a table, each column as wide as what it holds and two
// blanks from the next. Where that is wider than width, columns are one blank apart, and
// then the names in the first one are cut in their middle; a width of 0 is for any.
func tabulate(rows [][]string, width int) string {
	text := aligned(rows, 2)
	if width == 0 || widest(strings.Split(text, "\n")) <= width {
		return text
	}
	text = aligned(rows, 1)
	over := widest(strings.Split(text, "\n")) - width
	if over <= 0 {
		return text
	}
	var names []string
	for _, row := range rows {
		names = append(names, row[0])
	}
	most := max(shortestName, widest(names)-over)
	cut := make([][]string, len(rows))
	for i, row := range rows {
		cut[i] = append([]string{shorten(row[0], most)}, row[1:]...)
	}
	return aligned(cut, 1)
}

// aligned writes rows in columns so many blanks apart, without blanks at the end of a line.
func aligned(rows [][]string, apart int) string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, apart, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	_ = t.Flush() // into memory
	lines := strings.Split(b.String(), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}

// widest returns the number of characters of the longest text.
func widest(texts []string) int {
	most := 0
	for _, s := range texts {
		most = max(most, utf8.RuneCountInString(s))
	}
	return most
}

// shorten cuts the middle of a text: names mostly differ at their ends.
func shorten(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	head := (most - 1) / 2
	return string(r[:head]) + "…" + string(r[len(r)-(most-1-head):])
}
