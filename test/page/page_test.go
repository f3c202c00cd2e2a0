package page_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"sagescale/test/page"
)

// failing is a test that notes what is held against it.
type failing struct {
	testing.TB
	said string
}

func (*failing) Helper()                             {}
func (f *failing) Errorf(format string, args ...any) { f.said += fmt.Sprintf(format, args...) }
func (f *failing) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

// complaints returns what a check has to say.
func complaints(check func(testing.TB)) string {
	f := &failing{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		check(f)
	}()
	<-done
	return f.said
}

func TestShows(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.md")
	text := "before\n<!-- a:begin -->\nold\n<!-- a:end -->\nafter\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	shows := func(name, want string, update bool) string {
		return complaints(func(tb testing.TB) { page.Shows(tb, file, name, want, update) })
	}
	if got := shows("a", "old\n", false); got != "" {
		t.Errorf("of what it shows: %s", got)
	}
	if got := shows("a", "new\n", false); !strings.Contains(got, "new") {
		t.Errorf("of what it does not show: %q", got)
	}
	if got := shows("b", "new\n", true); !strings.Contains(got, "<!-- b:begin -->") {
		t.Errorf("of a part that is not there: %q", got)
	}
	if got := shows("a", "new\n", true); got != "" || page.Read(t, file, "a") != "new\n" {
		t.Errorf("after an update: %q", got)
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != strings.Replace(text, "old", "new", 1) {
		t.Errorf("the page is %s, %v", got, err)
	}
}
