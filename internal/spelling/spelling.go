// Package spelling finds the name that a misspelt one was probably meant to be.
package spelling

import (
	"slices"
	"strings"
)

// Nearest returns the name among known that is closest to an unknown one, if one is
// close: apart from case, hyphens and underscores one letter in four may differ, and one
// at least. Of several that are equally close it is the first by the alphabet.
func Nearest(name string, known []string) (string, bool) {
	best, least := "", 0
	name = fold(name)
	for _, candidate := range slices.Sorted(slices.Values(known)) {
		allowed := max(1, len(candidate)/4)
		if max(len(candidate), len(name))-min(len(candidate), len(name)) > allowed {
			continue
		}
		d := distance(name, fold(candidate))
		if d <= allowed && (best == "" || d < least) {
			best, least = candidate, d
		}
	}
	return best, best != ""
}

// fold removes what people confuse in a name.
func fold(name string) string {
	return strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(name, "-", ""), "_", ""))
}

// distance returns how many letters must be inserted, removed, replaced or swapped with
// the next one to make b of a.
func distance(a, b string) int {
	var before []int // the row before the last one
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
