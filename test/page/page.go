// Package page holds the generated parts of the project's pages to what generates them.
// A part stands between the lines <!-- NAME:begin --> and <!-- NAME:end -->.
package page

import (
	"os"
	"strings"
	"testing"
)

// Read returns the part of a file that has a name, without its marks.
func Read(t testing.TB, file, name string) string {
	t.Helper()
	_, part, _ := split(t, file, name)
	return part
}

// Shows fails unless the part of a file that has a name is want. With update it is written
// anew, and the rest of the file stays.
func Shows(t testing.TB, file, name, want string, update bool) {
	t.Helper()
	before, part, after := split(t, file, name)
	switch {
	case part == want:
	case update:
		if err := os.WriteFile(file, []byte(before+want+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("the part %s of %s is something else; run make generate. It is:\n%s", name, file, want)
	}
}

// split returns what is before, in and after a part; the marks are not in it.
func split(t testing.TB, file, name string) (before, part, after string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+name+":begin -->\n", "<!-- "+name+":end -->\n"
	before, rest, found := strings.Cut(string(text), begin)
	part, after, found2 := strings.Cut(rest, end)
	if !found || !found2 {
		t.Fatalf("%s has no lines %sand %s", file, begin, end)
	}
	return before + begin, part, end + after
}
