package main

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// tableOf writes what has killed broken builds, as a table of Markdown.
func tableOf(builds []*broken) string {
	var b strings.Builder
	b.WriteString("\n| broken build | violates | seen by |\n| --- | --- | --- |\n")
	for _, build := range builds {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", build.name, build.cause, cmp.Or(build.by, "**nothing**"))
	}
	return b.String()
}

// page is a page of Markdown with a generated table between two markers.
type page struct{ path, before, table, after string }

// readPage reads a page.
func readPage(path string) (page, error) {
	const begin, end = "<!-- broken:begin -->", "<!-- broken:end -->"
	text, err := os.ReadFile(path)
	if err != nil {
		return page{}, fmt.Errorf("read the page: %w", err)
	}
	before, rest, begins := strings.Cut(string(text), begin)
	table, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		return page{}, fmt.Errorf("read the page: %s has no markers %s and %s", path, begin, end)
	}
	return page{path, before + begin, table, end + after}, nil
}

// seenBy returns what the table says has seen each broken build. It is worth a try
// before all else, and no more than that: the table may be of another day.
func (p page) seenBy() map[string]trial {
	known := map[string]trial{}
	for line := range strings.Lines(p.table) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) != 3 {
			continue
		}
		by := strings.TrimSuffix(cells[2], " |")
		if n, err := strconv.Atoi(strings.TrimPrefix(by, "seed ")); err == nil {
			known[cells[0][2:]] = trial{seed: n}
		} else if strings.HasPrefix(by, "Test") {
			known[cells[0][2:]] = trial{test: by}
		}
	}
	return known
}

// show compares the table of the page with what it should be, or writes it there.
func (p page) show(table string, update bool) error {
	switch {
	case p.table == table:
		return nil
	case !update:
		return fmt.Errorf("%s shows another table of the broken builds; run make generate", p.path)
	}
	if err := os.WriteFile(p.path, []byte(p.before+table+p.after), 0o644); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}
