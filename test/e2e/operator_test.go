//go:build e2e

package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// operate runs the command line on the account and returns what it says. It must succeed.
func (s *stage) operate(t *testing.T, args ...string) string {
	t.Helper()
	code, said := s.command(t, append(args, "--stack", stack)...)
	if code != 0 {
		t.Fatalf("sagescale %s: exit code %d: %s", strings.Join(args, " "), code, said)
	}
	return said
}

// command runs the command line on the account and returns its exit code and what it
// says. The log of the test has it all, in the order in which an operator did it.
func (s *stage) command(t *testing.T, args ...string) (code int, said string) {
	t.Helper()
	command := filepath.Join(s.dir, "bin", "sagescale")
	if _, err := os.Stat(command); err != nil {
		out, err := exec.CommandContext(t.Context(), "go", "build", "-o", command, "sagescale/cmd/sagescale").CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	cmd := exec.CommandContext(t.Context(), command, args...)
	cmd.Env = append(s.account.Env(), "COLUMNS=79")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		t.Fatalf("sagescale %s: %v: %s", strings.Join(args, " "), err, out)
	}
	t.Logf("$ sagescale %s\n%sexit code %d", strings.Join(args, " "), out, code)
	return code, string(out)
}

// says runs a command of an operator, which must end so and say each of the texts.
func (s *stage) says(t *testing.T, want int, texts []string, args ...string) {
	t.Helper()
	code, said := s.command(t, args...)
	if code != want {
		t.Errorf("sagescale %s: exit code %d, want %d", strings.Join(args, " "), code, want)
	}
	flat := strings.Join(strings.Fields(said), " ")
	for _, text := range texts {
		if !strings.Contains(flat, text) {
			t.Errorf("sagescale %s does not say %q", strings.Join(args, " "), text)
		}
	}
}

// looks has an operator look at what was deployed, before and after it has scaled.
func (s *stage) looks(t *testing.T) {
	s.says(t, 0, []string{"6 targets, none needs help", "The last tick was", byTick + "/AllTraffic InService"}, "status")
	s.says(t, 0, []string{"1 to 9 by the policy", "Nothing was written", "An hour of 1 target costs $0."}, "plan", byTick, "--price", "0.115")
	s.says(t, 0, []string{`"healthy": true`, `"lastTick"`}, "status", byTick, "--format", "json")
}

// looksBack has an operator ask what was done with an endpoint that others have changed,
// and why it is not scaled in.
func (s *stage) looksBack(t *testing.T) {
	target := steered + "/AllTraffic"
	s.says(t, 0, []string{
		target + " from ", "─── instances in service", "6 -> 7", "somebody else changed the capacity",
		"held at 7 instead of 2", "ScaleOutCooldown:", "sagescale explain " + target + " --at ",
	}, "history", steered, "--since", "30m")
	s.says(t, 0, []string{
		target + " stays at 7", "ScaleOutCooldown:", "What would change it", "time a scale-in to 2 at", "load InvocationsPerInstance: from",
		"sagescale hold " + target + " 2 --for 1h",
	}, "explain", target)
	s.says(t, 1, []string{"no decision about " + target + " was recorded in the 24h before"}, "explain", target, "--at", "48h")
}
