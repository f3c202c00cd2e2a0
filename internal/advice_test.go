package internal_test

import (
	"strings"
	"testing"

	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/whatif"
)

// Whatever holds a target back, somebody can read what ends it; the commands are whole.
func TestEveryCodeHasAdvice(t *testing.T) {
	for _, code := range codes(t) {
		for _, override := range []*policy.Override{nil, {Max: new(6)}} {
			d := scaling.Decision{DesiredCapacity: 4, MinCapacity: 2, MaxCapacity: 6}
			d.Move(scaling.RuleTargetTracking, 8, "more")
			d.Hold(scaling.Code(code), 4, "held")
			lifts := whatif.Lifts("chat-llm/AllTraffic", d, override)
			if len(lifts) != 1 || string(lifts[0].Code) != code || lifts[0].What == "" {
				t.Errorf("%s: %+v", code, lifts)
				continue
			}
			for _, command := range lifts[0].Commands {
				if !strings.HasPrefix(command, "sagescale ") || !strings.Contains(command, " chat-llm/AllTraffic") || strings.Contains(command, "%") {
					t.Errorf("%s: command %q", code, command)
				}
			}
		}
	}
}
