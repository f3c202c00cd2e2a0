package migrate

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	foreignRune  = regexp.MustCompile(`[^0-9a-zA-Z_.-]+`)
	noFirstOfOne = regexp.MustCompile(`^[^a-zA-Z]+`)
)

// longestName is how long a name of the policy file may be here, in characters: that of
// an action, which is the shortest bound of all.
const longestName = 64

// names gives out names, each once.
type names map[string]bool

// free returns name as the policy file takes one, and with a number where it is given
// out already.
func (n names) free(name, absent string) string {
	base := strings.Trim(foreignRune.ReplaceAllString(name, "-"), "-")
	if base = base[:min(len(base), longestName)]; base == "" {
		base = absent
	}
	out := base
	for i := 2; n[out]; i++ {
		number := fmt.Sprintf("-%d", i)
		out = base[:min(len(base), longestName-len(number))] + number
	}
	n[out] = true
	return out
}

// metric is free for the name of a metric, which begins with a letter.
func (n names) metric(name string) string {
	return n.free(noFirstOfOne.ReplaceAllString(name, ""), "metric")
}
