package report

import (
	"testing"
	"time"
	"unicode/utf8"
)

func TestTabulateFitsTheScreen(t *testing.T) {
	rows := [][]string{{"TARGET", "STATUS"}, {"a-very-long-name-of-an-endpoint/AllTraffic", "InService"}, {"chat/blue", "Updating"}}
	for _, tt := range []struct {
		width int
		want  string
	}{
		{0, "TARGET                                      STATUS\n" +
			"a-very-long-name-of-an-endpoint/AllTraffic  InService\n" +
			"chat/blue                                   Updating\n"},
		{52, "TARGET                                     STATUS\n" +
			"a-very-long-name-of-an-endpoint/AllTraffic InService\n" +
			"chat/blue                                  Updating\n"},
		{40, "TARGET                         STATUS\n" +
			"a-very-long-na…oint/AllTraffic InService\n" +
			"chat/blue                      Updating\n"},
		{10, "TARGET       STATUS\n" +
			"a-ver…raffic InService\n" +
			"chat/blue    Updating\n"},
	} {
		if got := tabulate(rows, tt.width); got != tt.want {
			t.Errorf("width %d: got\n%swant\n%s", tt.width, got, tt.want)
		}
	}
}

func TestShorten(t *testing.T) {
	for _, tt := range []struct {
		text string
		most int
		want string
	}{
		{"chat", 4, "chat"}, {"chat-llm", 5, "ch…lm"}, {"chat-llm", 4, "c…lm"}, {"日本語の名前", 5, "日本…名前"},
	} {
		got := shorten(tt.text, tt.most)
		if got != tt.want || utf8.RuneCountInString(got) > tt.most {
			t.Errorf("shorten(%q, %d) = %q, want %q", tt.text, tt.most, got, tt.want)
		}
	}
}

func TestSince(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 59 * time.Second: "59s", 60 * time.Second: "1m", 59*time.Minute + 59*time.Second: "59m",
		time.Hour: "1h", 90 * time.Minute: "1h30m", 47 * time.Hour: "47h", 49 * time.Hour: "2d",
	} {
		if got := since(d); got != want {
			t.Errorf("since(%s) = %q, want %q", d, got, want)
		}
	}
}

// Colour stands beside a mark, never alone, and only where it is wanted.
func TestPaint(t *testing.T) {
	text := "a\n! b\n"
	if got := (Screen{}).paint(text); got != text {
		t.Errorf("got %q", got)
	}
	if got, want := (Screen{Colour: true}).paint(text), "a\n\x1b[1;31m! b\x1b[0m\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
