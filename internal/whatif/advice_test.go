package whatif_test

import (
	"slices"
	"testing"

	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/whatif"
)

// Where a command ends it at once, it is the one for this very decision.
func TestLiftsCommands(t *testing.T) {
	held := func(wanted int, code scaling.Code) scaling.Decision {
		d := scaling.Decision{DesiredCapacity: 4, MinCapacity: 2, MaxCapacity: 6}
		d.Move(scaling.RuleTargetTracking, wanted, "a load")
		d.Hold(code, 4, "held")
		return d
	}
	most := held(9, scaling.AlreadyAtMax)
	most.MaxCapacity = 4
	lowest := held(1, scaling.AlreadyAtMin)
	lowest.MinCapacity = 1
	twice := held(3, scaling.ScaleInCooldown)
	twice.Refuse(scaling.ScaleInCooldown, "held again")
	limits := &policy.Override{Max: new(4)}
	for name, tt := range map[string]struct {
		decision scaling.Decision
		override *policy.Override
		want     []string
	}{
		"more is wanted":             {most, nil, []string{"sagescale limits E/V --max 9 --for 2h"}},
		"an override is the maximum": {most, limits, []string{"sagescale resume E/V"}},
		"less would do":              {held(1, scaling.AlreadyAtMin), nil, []string{"sagescale limits E/V --min 1 --for 2h"}},
		"less is not to be had":      {lowest, nil, nil},
		"a pause":                    {held(5, scaling.Paused), &policy.Override{Pause: policy.Both}, []string{"sagescale resume E/V"}},
		"a cooldown":                 {twice, nil, []string{"sagescale hold E/V 3 --for 1h"}},
		"a velocity":                 {held(9, scaling.VelocityLimit), nil, []string{"sagescale hold E/V 6 --for 1h"}},
		"two scalers":                {held(5, scaling.ScalingConflict), nil, []string{"sagescale hand-over E/V"}},
		"a dry run":                  {held(5, scaling.DryRun), nil, nil},
	} {
		lifts := whatif.Lifts("E/V", tt.decision, tt.override)
		if len(lifts) != 1 || !slices.Equal(lifts[0].Commands, tt.want) {
			t.Errorf("%s: got %+v, want %q", name, lifts, tt.want)
		}
	}
}

// Of a code that is not known here nothing is said.
func TestLiftsOfANewerVersion(t *testing.T) {
	d := scaling.Decision{DesiredCapacity: 4}
	d.Refuse("Tired", "since noon")
	if lifts := whatif.Lifts("E/V", d, nil); len(lifts) != 0 {
		t.Errorf("got %+v", lifts)
	}
}

// An override in force can be ended, and that is said once.
func TestRelease(t *testing.T) {
	cooldown := whatif.Lift{Code: scaling.ScaleInCooldown, Commands: []string{"sagescale hold E/V 3 --for 1h"}}
	paused := whatif.Lift{Code: scaling.Paused, Commands: []string{"sagescale resume E/V"}}
	if got := whatif.Release("E/V", []whatif.Lift{cooldown}); len(got) != 2 || got[1].Code != whatif.CodeOverride || got[1].Commands[0] != "sagescale resume E/V" {
		t.Errorf("got %+v", got)
	}
	if got := whatif.Release("E/V", []whatif.Lift{cooldown, paused}); len(got) != 2 {
		t.Errorf("got %+v", got)
	}
}
