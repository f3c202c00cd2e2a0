package main

import (
	"strings"
	"testing"
	"time"
)

// A command to paste works where the one before it did, and one on the default is as short
// as it can be. A line that is too long is broken before its flags.
func TestCommandsToPasteArePlaced(t *testing.T) {
	ill := several()
	ill.logs = ticked(34*time.Second, "")
	for _, tt := range []struct {
		args  string
		use   func(*testing.T)
		wants []string
	}{
		{"explain chat-llm/AllTraffic --at 03:12 --region eu-west-1", night(t).use,
			[]string{"sagescale limits chat-llm/AllTraffic --max 7 --for 2h \\\n                --region eu-west-1\n"}},
		{"explain chat-llm/AllTraffic --at 03:12 --region eu-west-1 --format json", night(t).use,
			[]string{`"sagescale limits chat-llm/AllTraffic --max 7 --for 2h --region eu-west-1"`}},
		{"explain chat-llm/AllTraffic --at 03:12", night(t).use, []string{"sagescale limits chat-llm/AllTraffic --max 7 --for 2h\n"}},
		{"history chat-llm/AllTraffic --region eu-west-1", night(t).use,
			[]string{"  sagescale explain chat-llm/AllTraffic --at 2026-11-23T", " \\\n    --region eu-west-1\n"}},
		{"pause chat-llm/AllTraffic --for 1h --region eu-west-1", (&fakeAccount{}).use, []string{"  sagescale resume chat-llm/AllTraffic --region eu-west-1\n"}},
		{"pause chat-llm/AllTraffic --for 1h", (&fakeAccount{}).use, []string{"  sagescale resume chat-llm/AllTraffic\n"}},
		{"import chat-llm --out scaling.yaml --region eu-west-1", registeredChat(0).use, []string{"  sagescale hand-over chat-llm/AllTraffic --region eu-west-1\n"}},
		{"status --region eu-west-1", ill.use, []string{"  sagescale explain gone/AllTraffic --region eu-west-1\n"}},
	} {
		tt.use(t)
		t.Chdir(t.TempDir())
		code, out, errs := operate(t, strings.Fields(tt.args)...)
		for _, want := range tt.wants {
			if code == exitInvalid || !strings.Contains(out, want) {
				t.Errorf("%s: exit code %d, %q is not in\n%s%s", tt.args, code, want, out, errs)
			}
		}
	}
}
