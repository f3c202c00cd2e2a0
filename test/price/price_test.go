package price_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"sagescale/test/price"
)

// failing is a test that notes what is held against it.
type failing struct {
	testing.TB
	said string
}

func (*failing) Helper()             {}
func (f *failing) Fatal(args ...any) { f.Fatalf("%s", fmt.Sprint(args...)) }
func (f *failing) Fatalf(format string, args ...any) {
	f.said = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// complaint returns what a check has to say.
func complaint(check func(testing.TB)) string {
	f := &failing{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		check(f)
	}()
	<-done
	return f.said
}

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "prices.csv")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestRead(t *testing.T) {
	l := price.Read(t, write(t, "# Of Mars in 2031.\nwhat,unit,usd\nstone,2000 stones,0.50\nlog kept,GB and month,0.03\n"))
	if l.Of != "Of Mars in 2031." || l.USD(t, "stone") != 0.00025 || l.USD(t, "log kept") != 0.03 {
		t.Errorf("got %+v", l)
	}
	want := "| what | USD | for one |\n| --- | ---: | ---: |\n| stone | 0.50 | 2000 stones |\n| log kept | 0.03 | GB and month |\n"
	if got := l.Table(); got != want {
		t.Errorf("got %s", got)
	}
	if got := complaint(func(tb testing.TB) { l.USD(tb, "sand") }); got != "there is no price of sand" {
		t.Errorf("of what has no price: %q", got)
	}
}

// A list that is none, or says nothing of where and when, is refused.
func TestReadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "is no list of prices",
		"what,unit,usd\nstone,GB,0.50\n":  "is no list of prices",
		"# Mars\n":                        "is no list of prices",
		"# Mars\nwhat,unit,usd\na,b\n":    "is no list of prices",
		"# Mars\nwhat,unit,usd\na,b,NaN":  `price of a: "NaN" is none`,
		"# Mars\nwhat,unit,usd\na,b,0":    `price of a: "0" is none`,
		"# Mars\nwhat,unit,usd\na,b,free": `price of a: "free" is none`,
	} {
		file := write(t, text)
		if got := complaint(func(tb testing.TB) { price.Read(tb, file) }); !strings.Contains(got, want) {
			t.Errorf("%q: got %q, want %s", text, got, want)
		}
	}
}
