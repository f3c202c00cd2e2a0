package main

import (
	"flag"
	"maps"
	"slices"
	"testing"

	"sagescale/internal/policyfile"
	"sagescale/test/page"
)

const readme = "README.md"

var update = flag.Bool("update", false, "rewrite the tables of the README")

// The tables of the README say what the template says, and nothing else. They
// stand between markers, such as <!-- iam:begin --> and <!-- iam:end -->.
func TestReadmeTables(t *testing.T) {
	p, err := policyfile.Load(testPolicy)
	if err != nil {
		t.Fatal(err)
	}
	all := tables(t, standard(t), p)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		page.Shows(t, readme, name, all[name], *update)
	}
}
