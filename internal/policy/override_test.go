package policy_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"sagescale/internal/policy"
	"sagescale/internal/schedule"
)

// noon is until when the overrides of these tests hold.
func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func ExampleOverride() {
	hold := policy.Override{Min: new(4), Max: new(4), Until: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), By: "anna", Reason: "incident 4711"}
	fmt.Println(hold, hold.Limit(schedule.Limits{Min: 1, Max: 8}), hold.Check())
	// Output: override of anna until 2026-11-23T12:00:00Z (incident 4711) {4 4} <nil>
}

func TestRulesOfOverrides(t *testing.T) {
	until := noon()
	const size = "must be a whole number from 1 to 2147483647"
	for _, c := range []struct {
		name     string
		override policy.Override
		want     string
	}{
		{"pause in", policy.Override{Pause: "in", Until: until}, ""},
		{"pause out", policy.Override{Pause: "out", Until: until}, ""},
		{"pause both", policy.Override{Pause: "both", Until: until}, ""},
		{"pause of what", policy.Override{Pause: "In", Until: until}, `pause: "In": must be one of in, out, both`},
		{"minimum", policy.Override{Min: new(1), Until: until}, ""},
		{"maximum", policy.Override{Max: new(math.MaxInt32), Until: until}, ""},
		{"hold", policy.Override{Min: new(4), Max: new(4), Until: until}, ""},
		{"limits crossed", policy.Override{Min: new(5), Max: new(4), Until: until}, "minCapacity: 5: must be at most maxCapacity (4)"},
		{"limits too low", policy.Override{Min: new(0), Max: new(0), Until: until}, "minCapacity: 0: " + size + "\nmaxCapacity: 0: " + size},
		{"limits too high", policy.Override{Min: new(math.MaxInt32 + 1), Max: new(math.MaxInt32 + 1), Until: until},
			"minCapacity: 2147483648: " + size + "\nmaxCapacity: 2147483648: " + size},
		{"none", policy.Override{}, "pause: is required, or minCapacity or maxCapacity\nuntil: is required: an override ends by itself"},
		{"nothing set aside", policy.Override{Until: until, By: "anna"}, "pause: is required, or minCapacity or maxCapacity"},
		{"without end", policy.Override{Pause: "in"}, "until: is required: an override ends by itself"},
		{"characters, not bytes", policy.Override{Pause: "in", Until: until, By: strings.Repeat("é", 256)}, ""},
		{"long words", policy.Override{Pause: "in", Until: until, By: strings.Repeat("a", 256), Reason: strings.Repeat("b", 256)}, ""},
		{"longer words", policy.Override{Pause: "in", Until: until, By: strings.Repeat("a", 257), Reason: strings.Repeat("b", 257)},
			"by: must be at most 256 printable characters\nreason: must be at most 256 printable characters"},
		{"words of any language", policy.Override{Pause: "in", Until: until, By: "Zoë 田中", Reason: "Störung; see #4711 (p. 3)"}, ""},
		{"a forged line", policy.Override{Pause: "in", Until: until, By: "anna\nroot", Reason: "\x1b[31m"},
			"by: must be at most 256 printable characters\nreason: must be at most 256 printable characters"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			if err := c.override.Check(); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, c.want)
			}
		})
	}
}

func TestOverrideInForce(t *testing.T) {
	o := policy.Override{Pause: policy.In, Until: noon()}
	for before, want := range map[time.Duration]bool{time.Hour: true, 1: true, 0: false, -1: false} {
		if got := o.InForce(noon().Add(-before)); got != want {
			t.Errorf("in force %s before its end: %t", before, got)
		}
	}
	if (policy.Override{}).InForce(noon()) {
		t.Error("no override is in force")
	}
}

func TestOverrideHolds(t *testing.T) {
	for pause, want := range map[policy.Direction]struct{ in, out bool }{
		"": {false, false}, policy.In: {true, false}, policy.Out: {false, true}, policy.Both: {true, true},
	} {
		o := policy.Override{Pause: pause, Until: noon()}
		if in, out := o.Holds(policy.In), o.Holds(policy.Out); in != want.in || out != want.out {
			t.Errorf("pause %q holds in %t, out %t", pause, in, out)
		}
	}
}

// TestOverrideLimit: against limits of 3 and 8.
func TestOverrideLimit(t *testing.T) {
	for _, c := range []struct {
		name      string
		low, high *int
		want      schedule.Limits
	}{
		{"neither", nil, nil, schedule.Limits{Min: 3, Max: 8}},
		{"lower minimum", new(1), nil, schedule.Limits{Min: 1, Max: 8}},
		{"higher minimum", new(8), nil, schedule.Limits{Min: 8, Max: 8}},
		{"minimum pulls the maximum", new(9), nil, schedule.Limits{Min: 9, Max: 9}},
		{"higher maximum", nil, new(20), schedule.Limits{Min: 3, Max: 20}},
		{"lower maximum", nil, new(3), schedule.Limits{Min: 3, Max: 3}},
		{"maximum pulls the minimum", nil, new(2), schedule.Limits{Min: 2, Max: 2}},
		{"both within", new(4), new(6), schedule.Limits{Min: 4, Max: 6}},
		{"both above", new(10), new(12), schedule.Limits{Min: 10, Max: 12}},
		{"both below", new(1), new(2), schedule.Limits{Min: 1, Max: 2}},
		{"hold", new(5), new(5), schedule.Limits{Min: 5, Max: 5}},
	} {
		if got := (policy.Override{Min: c.low, Max: c.high}).Limit(schedule.Limits{Min: 3, Max: 8}); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestOverrideString(t *testing.T) {
	until := noon().In(time.FixedZone("", 3600))
	for want, o := range map[string]policy.Override{
		"override until 2026-11-23T12:00:00Z":                         {Until: until},
		"override of anna until 2026-11-23T12:00:00Z":                 {Until: until, By: "anna"},
		"override until 2026-11-23T12:00:00Z (incident 4711)":         {Until: until, Reason: "incident 4711"},
		"override of anna until 2026-11-23T12:00:00Z (incident 4711)": {Until: until, By: "anna", Reason: "incident 4711"},
	} {
		if got := o.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
