package shell_test

import (
	"testing"

	"sagescale/internal/shell"
)

// What the tool does by itself is not said; what was given is, for the tools that take it.
func TestPut(t *testing.T) {
	everything := shell.Place{Stack: "other", Profile: "on call", Region: "us-east-2"}
	for _, tt := range []struct {
		place      shell.Place
		line, want string
	}{
		{shell.Place{}, "sagescale status", "sagescale status"},
		{shell.Place{Stack: "sagescale"}, "sagescale status", "sagescale status"},
		{everything, "sagescale status", "sagescale status --stack other --profile 'on call' --region us-east-2"},
		{everything, "aws sts get-caller-identity", "aws sts get-caller-identity --profile 'on call' --region us-east-2"},
		{everything, "make deploy", "make deploy"},
		{shell.Place{Stack: "it's"}, "sagescale", `sagescale --stack 'it'\''s'`},
		{shell.Place{Region: "eu-west-1"}, "sagescale status", "sagescale status --region eu-west-1"},
	} {
		if got := tt.place.Put(tt.line); got != tt.want {
			t.Errorf("%+v: got %s, want %s", tt.place, got, tt.want)
		}
	}
}

func TestLine(t *testing.T) {
	const want = `a-_./:=,@Z9 '' '$(b)' ''\''' 'é'`
	if got := shell.Line("a-_./:=,@Z9", "", "$(b)", "'", "é"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
