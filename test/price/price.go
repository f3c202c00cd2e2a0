// Package price reads the list of AWS's prices, by which the pages say what things cost. There
// is one, prices.csv, whose first line says where and when they were so.
package price

import (
	"encoding/csv"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// List are prices. Of says what they are of.
type List struct {
	Of   string
	rows []row
}

// row is the price of so many units of something, as it stands in the list.
type row struct {
	what, unit, usd string
	each            float64
}

// Read reads a list. The test fails if one of the prices is none.
func Read(t testing.TB, file string) List {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	first, rest, _ := strings.Cut(string(text), "\n")
	of, found := strings.CutPrefix(first, "# ")
	lines, err := csv.NewReader(strings.NewReader(rest)).ReadAll()
	if err != nil || !found || len(lines) == 0 {
		t.Fatalf("%s is no list of prices: %v", file, err)
	}
	list := List{Of: of}
	for _, line := range lines[1:] {
		r, err := parse(line)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		list.rows = append(list.rows, r)
	}
	return list
}

// parse reads a line: what it is, of how many units, and US dollars.
func parse(line []string) (row, error) {
	usd, err := strconv.ParseFloat(line[2], 64)
	if err != nil || !(usd > 0) {
		return row{}, fmt.Errorf("price of %s: %q is none", line[0], line[2])
	}
	number, _, _ := strings.Cut(line[1], " ")
	if n, err := strconv.Atoi(number); err == nil && n > 0 {
		usd /= float64(n)
	}
	return row{line[0], line[1], line[2], usd}, nil
}

// USD is the price of one of something. The test fails if the list has none.
func (l List) USD(t testing.TB, what string) float64 {
	t.Helper()
	for _, r := range l.rows {
		if r.what == what {
			return r.each
		}
	}
	t.Fatalf("there is no price of %s", what)
	return 0
}

// Table is the list as a table of a page.
func (l List) Table() string {
	var b strings.Builder
	b.WriteString("| what | USD | for one |\n| --- | ---: | ---: |\n")
	for _, r := range l.rows {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", r.what, r.usd, r.unit)
	}
	return b.String()
}
