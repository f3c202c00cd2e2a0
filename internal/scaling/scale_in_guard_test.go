package scaling_test

import (
	"testing"
	"time"

	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/schedule"
)

// below is a scale-in guard with the defaults of the policy file.
func below(name string, maximum float64) policy.ScaleInGuard {
	return policy.ScaleInGuard{
		Metric: metric(name), Maximum: maximum, Window: window(1, policy.DefaultGuardPeriods), TreatMissingData: policy.TreatBreaching,
	}
}

func TestScaleInGuard(t *testing.T) {
	const treat, notBreaching = policy.TreatBreaching, policy.TreatNotBreaching
	tests := []struct {
		name   string
		window policy.Window
		treat  string
		errors []float64
		want   int
		code   scaling.Code
	}{
		{"below", window(1, 5), treat, []float64{0, 0, 0, 0, 0}, 1, ""},
		{"exactly the maximum", window(1, 5), treat, []float64{0.01, 0.01, 0.01, 0.01, 0.01}, 1, ""},
		{"above", window(1, 5), treat, []float64{0, 0, 0.011, 0, 0}, 10, scaling.ScaleInGuarded},
		{"above, before its periods", window(1, 5), treat, []float64{0, 0, 0, 0, 0, 1}, 1, ""},
		{"above, too few", window(2, 5), treat, []float64{0, 1, 0, 0, 0}, 1, ""},
		{"above, enough", window(2, 5), treat, []float64{0, 1, 0, 0, 1}, 10, scaling.ScaleInGuarded},
		{"one is missing", window(1, 5), treat, []float64{0, 0, gap, 0, 0}, 10, scaling.MissingData},
		{"one is missing, two would be needed", window(2, 5), treat, []float64{0, 0, gap, 0, 0}, 1, ""},
		{"one is missing, one is above, two are needed", window(2, 5), treat, []float64{0, 1, gap, 0, 0}, 10, scaling.MissingData},
		{"all are missing", window(1, 5), treat, nil, 10, scaling.MissingData},
		{"the rest is missing and enough are above", window(1, 5), treat, []float64{1}, 10, scaling.ScaleInGuarded},
		{"nothing to count", window(1, 5), notBreaching, nil, 1, ""},
		{"nothing to count but one above", window(1, 5), notBreaching, []float64{gap, gap, gap, gap, 1}, 10, scaling.ScaleInGuarded},
		{"no measurement", window(1, 5), treat, []float64{0, 0, -2, 0, 0}, 10, scaling.MissingData},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := target(tracking(perInstance, 100))
			x.ScaleInGuards = []policy.ScaleInGuard{below("errors", 0.01)}
			x.ScaleInGuards[0].Window, x.ScaleInGuards[0].TreatMissingData = tt.window, tt.treat
			d := decide(x, observe(10, steady(perInstance, 10, 15), series("errors", tt.errors...)))
			if tt.code == "" {
				expect(t, 10, d, tt.want)
				return
			}
			expect(t, 10, d, tt.want, tt.code)
			if last := d.Steps[len(d.Steps)-1]; last.Rule != scaling.Rule(tt.code) || last.From != 1 || last.To != 10 {
				t.Errorf("the last step is %+v, want the guard's from 1 to 10", last)
			}
		})
	}
}

// What was not read holds a scale-in whatever missing data counts for: that there
// was nothing to count is not known.
func TestScaleInGuardThatWasNotRead(t *testing.T) {
	x := target(tracking(perInstance, 100))
	x.ScaleInGuards = []policy.ScaleInGuard{below("errors", 0.01)}
	x.ScaleInGuards[0].TreatMissingData = policy.TreatNotBreaching
	expect(t, 10, decide(x, observe(10, steady(perInstance, 10, 15))), 10, scaling.MissingData)
	errors := steady("errors", 0, 5)
	errors.Incomplete = "CloudWatch answered with status InternalError"
	expect(t, 10, decide(x, observe(10, steady(perInstance, 10, 15), errors)), 10, scaling.MissingData)
}

// A datapoint that is not due yet can hold a scale-in, and is not missed.
func TestScaleInGuardDatapointsNotDueYet(t *testing.T) {
	tests := []struct {
		name   string
		errors []float64
		want   int
	}{
		{"on their way", []float64{gap, gap, 0, 0, 0, 0, 0}, 1},
		{"there and low", []float64{0, 0, 0, 0, 0, 0, 0}, 1},
		{"there and high", []float64{1, gap, 0, 0, 0, 0, 0}, 10},
		{"due and high", []float64{gap, gap, 0, 0, 0, 0, 1}, 10},
		{"due and high, though five newer ones are there", []float64{0, 0, 0, 0, 0, 0, 1}, 10},
		{"due and missing", []float64{0, 0, 0, 0, 0, 0, gap}, 10},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := target(tracking(perInstance, 100))
			x.ScaleInGuards = []policy.ScaleInGuard{below("errors", 0.01)}
			errors := series("errors", tt.errors...)
			errors.DueThrough = now().Add(-2 * time.Minute)
			if d := decide(x, observe(10, steady(perInstance, 10, 15), errors)); d.DesiredCapacity != tt.want {
				t.Errorf("DesiredCapacity = %d, want %d: %+v", d.DesiredCapacity, tt.want, d)
			}
		})
	}
}

// A guard holds what policies remove, not what the limits do, and no scale-out.
func TestScaleInGuardHoldsPoliciesOnly(t *testing.T) {
	high := steady("errors", 1, 5)
	x := target(tracking(perInstance, 100))
	x.ScaleInGuards = []policy.ScaleInGuard{below("errors", 0.01)}
	expect(t, 10, decide(x, observe(10, steady(perInstance, 200, 15), high)), 20)
	expect(t, 10, decide(x, observe(10, steady(perInstance, 95, 15), high)), 10, scaling.AlreadyAtDesired)

	x.Limits = schedule.Limits{Min: 1, Max: 6}
	d := decide(x, observe(10, steady(perInstance, 10, 15), high))
	expect(t, 10, d, 6, scaling.ScaleInGuarded)
	if last := d.Steps[len(d.Steps)-1]; last.Rule != scaling.RuleMaxCapacity {
		t.Errorf("the last step is %+v, want the maximum", last)
	}

	y := stepping(quiet("load"))
	y.ScaleInGuards = []policy.ScaleInGuard{below("errors", 0.01)}
	expect(t, 10, decide(y, observe(10, steady("load", 5, 3), high)), 10, scaling.ScaleInGuarded)
}

// The first guard that holds is named, and one is enough.
func TestSeveralScaleInGuards(t *testing.T) {
	x := target(tracking(perInstance, 100))
	x.ScaleInGuards = []policy.ScaleInGuard{below("errors", 0.01), below("queue", 5)}
	low, requests := steady("errors", 0, 5), steady(perInstance, 10, 15)
	expect(t, 10, decide(x, observe(10, requests, low, steady("queue", 5, 5))), 1)
	expect(t, 10, decide(x, observe(10, requests, low, steady("queue", 6, 5))), 10, scaling.ScaleInGuarded)
	expect(t, 10, decide(x, observe(10, requests, low)), 10, scaling.MissingData)
	expect(t, 10, decide(x, observe(10, requests, steady("errors", 1, 5))), 10, scaling.ScaleInGuarded)
}
