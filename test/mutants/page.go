package main

import (
	"cmp"
	"fmt"
	"os"
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

// show compares the table that a page shows between its markers with what it should
// be, or writes it there.
func show(page, table string, update bool) error {
	const begin, end = "<!-- broken:begin -->", "<!-- broken:end -->"
	text, err := os.ReadFile(page)
	if err != nil {
		return fmt.Errorf("read the page: %w", err)
	}
	before, rest, begins := strings.Cut(string(text), begin)
	shown, after, ends := strings.Cut(rest, end)
	switch {
	case !begins || !ends:
		return fmt.Errorf("%s has no markers %s and %s", page, begin, end)
	case shown == table:
		return nil
	case !update:
		return fmt.Errorf("%s shows another table of the broken builds; run make generate", page)
	}
	if err := os.WriteFile(page, []byte(before+begin+table+end+after), 0o644); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}
