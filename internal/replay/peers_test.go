package replay_test

import (
	"slices"
	"testing"
	"time"

	"sagescale/internal/replay"
	"sagescale/internal/schedule"
	"sagescale/internal/trace"
)

// decided is what a scaler wants by the load of the last minutes, with so many
// instances in service all the time.
func decided(t *testing.T, s replay.Scaler, instances int, changes []replay.Change, requests ...float64) int {
	t.Helper()
	n, err := s.Decide(replay.View{
		Step: len(requests), Requests: requests, InService: slices.Repeat([]int{instances}, len(requests)+1),
		Desired: instances, Changes: changes, Model: model(), Start: trace.Epoch(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// At 70 % an instance is to have 70 requests a minute.
func TestApplicationAutoScaling(t *testing.T) {
	aas := replay.ApplicationAutoScaling(0.7)
	low := slices.Repeat([]float64{120}, 15)
	for _, c := range []struct {
		name      string
		instances int
		requests  []float64
		want      int
	}{
		{"two high datapoints are too few", 2, []float64{100, 200, 200}, 2},
		{"at the target", 2, []float64{140, 140, 140}, 2},
		{"three: the mean of them", 2, []float64{900, 150, 210, 300}, 4},
		{"no more than the maximum", 2, []float64{9000, 9000, 9000}, 20},
		{"fourteen low datapoints are too few", 4, append([]float64{260}, low[:14]...), 4},
		{"fifteen: the mean of them", 4, low, 2},
		{"at 0.9 of the target", 4, slices.Repeat([]float64{4 * 63}, 15), 4},
		{"no less than the minimum", 4, make([]float64, 15), 1},
		{"no datapoints", 4, nil, 4},
	} {
		if got := decided(t, aas, c.instances, nil, c.requests...); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// A scale-in waits five minutes after the last change took effect; a scale-out does not.
func TestApplicationAutoScalingCooldowns(t *testing.T) {
	aas := replay.ApplicationAutoScaling(0.7)
	low, high := slices.Repeat([]float64{120}, 20), slices.Repeat([]float64{400}, 20)
	for effect, want := range map[int]int{15: 2, 16: 4} {
		for _, change := range []replay.Change{{From: 2, To: 4, Effect: effect}, {From: 6, To: 4, Effect: effect}} {
			if got := decided(t, aas, 4, []replay.Change{change}, low...); got != want {
				t.Errorf("%v at step 20: %d, want %d", change, got, want)
			}
			if got := decided(t, aas, 4, []replay.Change{change}, high...); got != 6 {
				t.Errorf("%v holds a scale-out: %d", change, got)
			}
		}
	}
}

// What a user sets is kept to: cooldowns of their own, no scale-in, and scheduled limits,
// which no cooldown holds.
func TestTracking(t *testing.T) {
	low, high := slices.Repeat([]float64{120}, 20), slices.Repeat([]float64{900}, 20)
	out, in := replay.Change{From: 2, To: 4, Effect: 15}, replay.Change{From: 6, To: 4, Effect: 15}
	night, err := schedule.Parse("cron(10 0 * * ? *)")
	if err != nil {
		t.Fatal(err)
	}
	limits := []schedule.Action{{Name: "night", Schedule: schedule.Schedule{Expression: night, Location: time.UTC}, Min: new(3), Max: new(5)}}
	for _, c := range []struct {
		name     string
		tracking replay.Tracking
		change   replay.Change
		requests []float64
		want     int
	}{
		{"out, before 6 minutes", replay.Tracking{Target: 0.7, ScaleOutCooldown: 6 * time.Minute}, out, low, 4},
		{"in, after no time", replay.Tracking{Target: 0.7, ScaleOutCooldown: 6 * time.Minute}, in, low, 2},
		{"in, before 5 minutes and a second", replay.Tracking{Target: 0.7, ScaleInCooldown: 301 * time.Second}, in, low, 4},
		{"out, after 5 minutes", replay.Tracking{Target: 0.7, ScaleOutCooldown: 5 * time.Minute, ScaleInCooldown: time.Hour}, out, low, 2},
		{"no scale-in", replay.Tracking{Target: 0.7, DisableScaleIn: true}, out, low, 4},
		{"no scale-in, but out", replay.Tracking{Target: 0.7, DisableScaleIn: true}, out, high, 13},
		{"the scheduled minimum", replay.Tracking{Target: 0.7, Actions: limits}, out, low, 3},
		{"the scheduled maximum", replay.Tracking{Target: 0.7, Actions: limits}, out, high, 5},
	} {
		if got := decided(t, c.tracking.Peer(), 4, []replay.Change{c.change}, c.requests...); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestHPA(t *testing.T) {
	hpa := replay.HPA(0.7)
	for _, c := range []struct {
		name      string
		instances int
		requests  []float64
		want      int
	}{
		{"within a tenth above", 10, []float64{0, 765}, 10},
		{"more than a tenth above", 10, []float64{0, 780}, 12},
		{"within a tenth below, for all of the window", 10, []float64{630, 630, 630, 630, 630}, 10},
		{"four at once", 2, []float64{1900}, 6},
		{"twice as many at once", 5, []float64{1900}, 10},
		{"the most of five minutes", 10, []float64{690, 350, 280, 140, 70, 70}, 5},
		{"no datapoints", 4, nil, 4},
	} {
		if got := decided(t, hpa, c.instances, nil, c.requests...); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestKPA(t *testing.T) {
	kpa := replay.KPA(0.7)
	for _, c := range []struct {
		name      string
		instances int
		requests  []float64
		want      int
	}{
		{"the last minute alone", 4, []float64{70, 70, 350}, 5},
		{"half at most is removed", 9, []float64{350, 70}, 4},
		{"in a panic nothing is removed", 4, []float64{70, 560, 70}, 8},
		{"a panic is over after a minute", 8, []float64{1400, 420, 420}, 6},
		{"no datapoints", 4, nil, 4},
	} {
		if got := decided(t, kpa, c.instances, nil, c.requests...); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
