package internal_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"sagescale/internal/scaling"
)

// allPages are the pages of the project, from its root, with their texts.
func allPages(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "events/*.md", "events/*/*.md", "test/*/*.md"} {
		files, err := filepath.Glob("../" + pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			out[strings.TrimPrefix(filepath.ToSlash(file), "../")] = string(text)
		}
	}
	if len(out) < 12 {
		t.Fatalf("only %d pages were found", len(out))
	}
	return out
}

// prose is a page without its code.
func prose(text string) string {
	text = regexp.MustCompile("(?ms)^ *```.*?^ *```").ReplaceAllString(text, "")
	return regexp.MustCompile("(?m)^    .*$").ReplaceAllString(text, "")
}

// anchors returns the anchors of a page's headings, as GitHub makes them.
func anchors(text string) map[string]bool {
	out := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(prose(text), -1) {
		anchor := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, m[1])
		out[anchor] = true
	}
	return out
}

func TestAnchors(t *testing.T) {
	got := slices.Sorted(maps.Keys(anchors("# A page\n\n## 5. Deploy it, `STACK-a_b`/C\n\n```sh\n# no heading\n```\n")))
	if want := []string{"5-deploy-it-stack-a_bc", "a-page"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Every link of a page to another page, to a file or to a heading leads somewhere.
func TestLinksLeadSomewhere(t *testing.T) {
	pages := allPages(t)
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for _, page := range slices.Sorted(maps.Keys(pages)) {
		for _, m := range link.FindAllStringSubmatch(prose(pages[page]), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			path, anchor, _ := strings.Cut(m[1], "#")
			to := page
			if path != "" {
				to = filepath.ToSlash(filepath.Join(filepath.Dir(page), path))
			}
			if _, err := os.Stat(filepath.Join("..", to)); err != nil {
				t.Errorf("%s links to %s: %v", page, m[1], err)
			} else if anchor != "" && !anchors(pages[to])[anchor] {
				t.Errorf("%s links to %s, which has no such heading", page, m[1])
			}
		}
	}
}

// Every page of docs is in its index, and the front page links to the index.
func TestDocsAreIndexed(t *testing.T) {
	pages := allPages(t)
	for page := range pages {
		name, ok := strings.CutPrefix(page, "docs/")
		if ok && name != "README.md" && !strings.Contains(pages["docs/README.md"], "]("+name+")") {
			t.Errorf("docs/README.md does not list %s", name)
		}
	}
	if !strings.Contains(pages["README.md"], "](docs/README.md)") {
		t.Error("README.md does not link to docs/README.md")
	}
}

// The runbook has every alarm of the table that is made of the template, and no other.
func TestRunbookHasEveryAlarm(t *testing.T) {
	pages := allPages(t)
	names := func(pattern, text string) []string {
		var out []string
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			out = append(out, m[1])
		}
		slices.Sort(out)
		return out
	}
	_, rest, _ := strings.Cut(pages["README.md"], "<!-- alarms:begin -->")
	table, _, _ := strings.Cut(rest, "<!-- alarms:end -->")
	want := names("(?m)^\\| `(STACK[^`]+)`", table)
	got := names("(?m)^### `(STACK[^`]+)`$", pages["docs/operations.md"])
	if len(want) < 10 || !slices.Equal(got, want) {
		t.Errorf("docs/operations.md has the alarms\n%v, the template has\n%v", got, want)
	}
}

// The runbook says what to do about every code that makes an evaluation count as failed.
func TestRunbookHelpsWithEveryCode(t *testing.T) {
	text := section(t, "docs/operations.md", "### `STACK-failing`")
	helped := 0
	for _, code := range codes(t) {
		if !scaling.Code(code).NeedsHelp() {
			continue
		}
		helped++
		if !strings.Contains(text, "`"+code+"`") {
			t.Errorf("docs/operations.md does not say what to do about %s", code)
		}
	}
	if helped < 5 {
		t.Errorf("only %d codes need help", helped)
	}
}
