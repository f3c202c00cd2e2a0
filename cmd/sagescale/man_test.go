package main

import (
	"bytes"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Every line of the page is text or a request that man(7) has, blocks end, nothing is
// taken for an escape that was not meant as one, and every command and flag is there.
func TestManualIsWellFormed(t *testing.T) {
	text := manual(newRoot())
	request := regexp.MustCompile(`^\.(TH|SH|SS|PP|TP|EX|EE)( "[^"]*")*$`)
	escaped := regexp.MustCompile(`\\(e|-|&|\((aq|ga|ha|ti|dq))`)
	open := false
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, ".") && !request.MatchString(line) || strings.HasPrefix(line, "'") {
			t.Errorf("no request: %s", line)
		}
		if strings.Contains(escaped.ReplaceAllString(line, ""), `\`) {
			t.Errorf("no escape: %s", line)
		}
		if line == ".EX" || line == ".EE" {
			if open == (line == ".EX") {
				t.Errorf("%s stands where it cannot", line)
			}
			open = !open
		}
	}
	for _, cmd := range listed(newRoot()) {
		if !strings.Contains(text, `.SS "`+escape(cmd.UseLine())+`"`) {
			t.Errorf("%s has no section", cmd.CommandPath())
		}
		checkFlags(t, cmd)
	}
	if again := manual(newRoot()); again != text {
		t.Error("the page is another one the second time")
	}
}

// checkFlags says which flags of a command are not on its page, in both of their forms.
func checkFlags(t *testing.T, cmd *cobra.Command) {
	t.Helper()
	text := manualOf(cmd)
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		form := "--" + f.Name
		if f.Shorthand != "" {
			form = "-" + f.Shorthand + ", " + form
		}
		if f.Name != "help" && !regexp.MustCompile(`(?m)^`+regexp.QuoteMeta(plainStart(escape(form)))+`( |$)`).MatchString(text) {
			t.Errorf("%s: %s is not on the page", cmd.CommandPath(), form)
		}
	})
}

// Whatever is written stands there as it is.
func TestRoffShowsWhatItIsGiven(t *testing.T) {
	r := &roff{}
	r.prose(".SH no request\n'nor this\n\n  kept   \\fBas\n  .it -- is")
	want := ".PP\n\\&.SH no request\n\\(aqnor this\n.PP\n.EX\n  kept   \\efBas\n  .it \\-\\- is\n.EE\n"
	if r.String() != want {
		t.Errorf("got\n%s, want\n%s", r.String(), want)
	}
}

// Where groff is installed, it has nothing to warn of, and shows every flag.
func TestManualFormats(t *testing.T) {
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("groff is not installed: the page is checked by its form alone")
	}
	cmd := exec.CommandContext(t.Context(), groff, "-man", "-Tascii", "-ww", "-P-c")
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(manual(newRoot())), &out, &errs
	if err := cmd.Run(); err != nil || errs.Len() > 0 {
		t.Errorf("%v: %s", err, errs.String())
	}
	for _, shown := range []string{"--instance-capacity", "--from-cloudwatch", "EXIT STATUS", "<<'CASE'"} {
		if !strings.Contains(regexp.MustCompile(".\b").ReplaceAllString(out.String(), ""), shown) {
			t.Errorf("the page does not show %s", shown)
		}
	}
}
