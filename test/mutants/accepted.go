package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// accepted are the mutants that are known to behave as the original does.
//
// The file has one paragraph for each reason: the file and the function, pairs of
// a line before ("- ") and after ("+ ", none when nothing is left), then why the
// two do the same. Lines that begin with "#" are comments.
type accepted []change

func readAccepted(path string) (accepted, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the equivalents: %w", err)
	}
	return parseAccepted(string(text))
}

func parseAccepted(text string) (accepted, error) {
	var all accepted
	for _, lines := range paragraphs(text) {
		own, ok := parseParagraph(lines)
		if !ok {
			return nil, fmt.Errorf("read the equivalents: want a file and a function, changes and a reason:\n%s", strings.Join(lines, "\n"))
		}
		all = append(all, own...)
	}
	return all, nil
}

// paragraphs returns the lines of the paragraphs of a list, comments left out.
func paragraphs(text string) [][]string {
	var all [][]string
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		lines := slices.DeleteFunc(strings.Split(paragraph, "\n"), func(line string) bool {
			return line == "" || strings.HasPrefix(line, "#")
		})
		if len(lines) > 0 {
			all = append(all, lines)
		}
	}
	return all
}

// place is a line that says where the changes below it are.
var place = regexp.MustCompile(`^(\S+\.go): (\S+)$`)

// parseParagraph reads changes, each below the line that says where it is, and sees
// that there is a reason.
func parseParagraph(lines []string) (changes []change, ok bool) {
	var in change
	reason := false
	for _, line := range lines {
		if match := place.FindStringSubmatch(line); match != nil {
			in = change{file: match[1], function: match[2]}
		} else if before, found := strings.CutPrefix(line, "- "); found {
			changes = append(changes, change{file: in.file, function: in.function, before: before})
		} else if after, found := strings.CutPrefix(line, "+ "); found && changes != nil {
			changes[len(changes)-1].after = after
		} else {
			reason = true
		}
	}
	nowhere := slices.ContainsFunc(changes, func(c change) bool { return c.file == "" })
	return changes, changes != nil && !nowhere && reason
}

// has reports whether a mutant is listed. One entry stands for the same change
// of each line of a function that has the same text.
func (a accepted) has(m *mutant) bool { return slices.Contains(a, m.change) }

// stale returns the entries for the packages of the mutants that stand for no
// survivor.
func (a accepted) stale(mutants []*mutant) []change {
	dirs, survivors := map[string]bool{}, map[change]bool{}
	for _, m := range mutants {
		dirs[m.dir()] = true
		survivors[m.change] = survivors[m.change] || m.verdict == survivor
	}
	return slices.DeleteFunc(slices.Clone(a), func(c change) bool { return survivors[c] || !dirs[c.dir()] })
}
