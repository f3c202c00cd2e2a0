package health_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"sagescale/internal/health"
	"sagescale/internal/scaling"
)

func begin() time.Time { return time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) }

// at is so many minutes later.
func at(minutes int) time.Time { return begin().Add(time.Duration(minutes) * time.Minute) }

func because(codes ...scaling.Code) []scaling.Reason {
	var out []scaling.Reason
	for _, c := range codes {
		out = append(out, scaling.Reason{Code: c, Message: "because of " + string(c)})
	}
	return out
}

func TestOf(t *testing.T) {
	for name, c := range map[string]struct {
		reasons []scaling.Reason
		held    bool
		status  health.Status
		code    scaling.Code
		unknown bool
	}{
		"nothing":                    {nil, false, health.Healthy, "", false},
		"at the minimum":             {because(scaling.AlreadyAtMin, scaling.ScaleInCooldown, scaling.Paused, scaling.DryRun), false, health.Healthy, "", false},
		"help":                       {because(scaling.AlreadyAtMin, scaling.BackingOff), false, health.Stuck, scaling.BackingOff, false},
		"the first that needs help":  {because(scaling.UpdateRefused, scaling.BackingOff), false, health.Stuck, scaling.UpdateRefused, false},
		"missing, nothing to remove": {because(scaling.MissingData), false, health.Healthy, "", false},
		"missing":                    {because(scaling.MissingData, scaling.AlreadyAtDesired), true, health.Held, scaling.MissingData, false},
		"missing and help":           {because(scaling.MissingData, scaling.EvaluationFailed), true, health.Stuck, scaling.EvaluationFailed, false},
		"another was at work":        {because(scaling.ClaimedElsewhere), false, health.Healthy, "", true},
		"another, and help":          {because(scaling.ClaimedElsewhere, scaling.ScalingConflict), false, health.Stuck, scaling.ScalingConflict, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := health.Of(c.reasons, c.held, begin().In(time.FixedZone("elsewhere", 3600)))
			if got.Status != c.status || got.Code != c.code || ok == c.unknown || got.Since != begin() {
				t.Errorf("got %+v, %v", got, ok)
			}
			if want := map[bool]string{true: "because of " + string(c.code)}[c.code != ""]; got.Reason != want {
				t.Errorf("reason %q, want %q", got.Reason, want)
			}
		})
	}
}

// sight is what an evaluation sees, and what is told of it then.
type sight struct {
	minute int
	code   scaling.Code // empty for healthy
	told   string       // status, code and since which minute, empty for nothing
	writes bool
}

func TestAdvance(t *testing.T) {
	const (
		fine    = scaling.Code("")
		backing = scaling.BackingOff
		refused = scaling.UpdateRefused
		failed  = scaling.EndpointFailed
		missing = scaling.MissingData
	)
	for name, sights := range map[string][]sight{
		"healthy for ever":      {{0, fine, "", false}, {1, fine, "", false}, {500, fine, "", false}},
		"one throttled call":    {{0, fine, "", false}, {1, failed, "", true}, {2, fine, "", true}, {3, fine, "", false}, {9, fine, "", false}},
		"short of three":        {{0, failed, "", true}, {2, failed, "", false}, {3, fine, "", true}, {4, failed, "", true}, {6, failed, "", false}},
		"three minutes":         {{0, failed, "", true}, {1, failed, "", false}, {3, failed, "Stuck EndpointFailed 0", true}, {4, failed, "", false}},
		"and back":              {{0, failed, "", true}, {3, failed, "Stuck EndpointFailed 0", true}, {5, fine, "", true}, {7, fine, "", false}, {8, fine, "Healthy  5", true}, {9, fine, "", false}},
		"back for a moment":     {{0, failed, "", true}, {3, failed, "Stuck EndpointFailed 0", true}, {5, fine, "", true}, {6, failed, "", true}, {8, failed, "", false}, {60, failed, "", false}},
		"for changing reasons":  {{0, refused, "", true}, {1, backing, "", false}, {2, refused, "", false}, {3, backing, "Stuck BackingOff 0", true}},
		"another reason":        {{0, backing, "", true}, {3, backing, "Stuck BackingOff 0", true}, {9, failed, "", true}, {11, failed, "", false}, {12, failed, "Stuck EndpointFailed 9", true}},
		"another for a moment":  {{0, backing, "", true}, {3, backing, "Stuck BackingOff 0", true}, {8, refused, "", true}, {9, backing, "", true}, {15, backing, "", false}},
		"others in turn":        {{0, backing, "", true}, {3, backing, "Stuck BackingOff 0", true}, {4, refused, "", true}, {5, failed, "", true}, {7, failed, "", false}, {8, failed, "Stuck EndpointFailed 5", true}},
		"late data":             {{0, missing, "", true}, {29, missing, "", false}, {30, fine, "", true}},
		"missing data":          {{0, missing, "", true}, {29, missing, "", false}, {30, missing, "Held MissingData 0", true}, {31, missing, "", false}},
		"missing, then one bad": {{0, missing, "", true}, {20, failed, "", true}, {21, missing, "", true}, {50, missing, "", false}, {51, missing, "Held MissingData 21", true}},
		"held, then stuck":      {{0, missing, "", true}, {30, missing, "Held MissingData 0", true}, {31, failed, "", true}, {34, failed, "Stuck EndpointFailed 31", true}},
		"no evaluation between": {{0, failed, "", true}, {90, failed, "Stuck EndpointFailed 0", true}},
	} {
		t.Run(name, func(t *testing.T) {
			var m health.Memory
			for _, s := range sights {
				m = see(t, m, s)
			}
		})
	}
}

// see advances a memory by what is seen, checks it, and has told what it owes.
func see(t *testing.T, m health.Memory, s sight) health.Memory {
	t.Helper()
	var reasons []scaling.Reason
	if s.code != "" {
		reasons = because(s.code)
	}
	c, ok := health.Of(reasons, true, at(s.minute))
	if !ok {
		t.Fatal("nothing is known")
	}
	next, tell := m.Advance(c, at(s.minute), "worker")
	told := ""
	if tell {
		told = fmt.Sprintf("%s %s %.0f", next.Told.Status, next.Told.Code, next.Told.Since.Sub(begin()).Minutes())
	}
	if told != s.told || (next != m) != s.writes {
		t.Errorf("minute %d, %s: told %q, writes %v; want %q, %v", s.minute, s.code, told, next != m, s.told, s.writes)
	}
	return stored(t, next.Done())
}

// stored returns a memory as it is when it was written and read.
func stored(t *testing.T, m health.Memory) health.Memory {
	t.Helper()
	var out health.Memory
	text, err := json.Marshal(m)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil || out != m || out.Check() != nil {
		t.Errorf("stored as %s: %+v, %v, %v; want %+v", text, out, err, out.Check(), m)
	}
	return out
}

// What is owed is told again, but not while whoever owes it may still be about it, and
// another change is told in its place.
func TestAdvanceTellsWhatIsOwed(t *testing.T) {
	seen := func(minute int, codes ...scaling.Code) health.Condition {
		c, _ := health.Of(because(codes...), false, at(minute))
		return c
	}
	m, _ := health.Memory{}.Advance(seen(0, scaling.NotFound), at(0), "a")
	m, tell := m.Advance(seen(3, scaling.NotFound), at(3), "a")
	if !tell || m.Owed != at(3) || m.Teller != "a" {
		t.Fatalf("%+v, %v", m, tell)
	}
	owing := m
	for _, minute := range []int{3, 4} {
		if m, tell = m.Advance(seen(minute, scaling.NotFound), at(minute), "b"); tell || m != owing {
			t.Errorf("minute %d: told %v, %+v", minute, tell, m)
		}
	}
	again, tell := m.Advance(seen(5, scaling.NotFound), at(5), "b")
	if !tell || again.Told != owing.Told || again.Owed != at(5) || again.Teller != "b" {
		t.Errorf("after two minutes: told %v, %+v", tell, again)
	}
	// The clock of who owes it was wrong.
	if _, tell := m.Advance(seen(1, scaling.NotFound), at(1), "b"); !tell {
		t.Error("owed for ever, by a clock that was ahead")
	}
	m, tell = m.Advance(seen(4, scaling.AlreadyAtMin), at(4), "b")
	if tell || m.Owed.IsZero() {
		t.Errorf("told %v, %+v", tell, m)
	}
	m, tell = m.Advance(seen(7, scaling.AlreadyAtMin), at(7), "b")
	if !tell || m.Told.Status != health.Healthy || m.Before.Code != scaling.NotFound || m.Owed != at(7) {
		t.Errorf("told %v, %+v", tell, m)
	}
}

// A time in the future does not keep a change from being told for ever.
func TestAdvanceMistrustsTheFuture(t *testing.T) {
	c, _ := health.Of(because(scaling.NotFound), false, at(600))
	m, _ := health.Memory{}.Advance(c, at(600), "ahead")
	for minute, want := range []bool{false, false, false, true} {
		c, _ := health.Of(because(scaling.NotFound), false, at(minute))
		var tell bool
		if m, tell = m.Advance(c, at(minute), "right"); tell != want {
			t.Errorf("minute %d: told %v", minute, tell)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	for _, text := range []string{
		`{"told": {"status": "Fine"}}`, `{"told": {}, "before": {"status": "stuck"}}`, `{"seen": {"status": "Dead"}}`, `{"seen": {"status": "Stuck"}}`,
	} {
		var m health.Memory
		if err := json.Unmarshal([]byte(text), &m); err != nil || m.Check() == nil {
			t.Errorf("%s: %v, accepted", text, err)
		}
	}
}
