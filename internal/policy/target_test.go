package policy_test

import (
	"testing"

	"sagescale/internal/policy"
)

func TestScalesIn(t *testing.T) {
	tracking, outOnly := policy.TargetTracking{}, policy.TargetTracking{DisableScaleIn: true}
	for name, c := range map[string]struct {
		target policy.Target
		want   bool
	}{
		"a metric":                {policy.Target{TargetTracking: []policy.TargetTracking{outOnly, tracking}}, true},
		"none that may":           {policy.Target{TargetTracking: []policy.TargetTracking{outOnly}}, false},
		"one step policy":         {policy.Target{StepScaling: make([]policy.StepScaling, 1)}, true},
		"nothing":                 {policy.Target{}, false},
		"the target has it off":   {policy.Target{DisableScaleIn: true, TargetTracking: []policy.TargetTracking{tracking}}, false},
		"the behavior has it off": {policy.Target{Behavior: policy.Behavior{ScaleIn: policy.Movement{Select: policy.SelectDisabled}}, StepScaling: make([]policy.StepScaling, 1)}, false},
	} {
		if got := c.target.ScalesIn(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestFreeID(t *testing.T) {
	m := policy.Metric{Inputs: []policy.MetricInput{{ID: "m0"}, {ID: "errors"}, {ID: "m0_"}}}
	for id, want := range map[string]string{"m0": "m0__", "m1": "m1"} {
		if got := m.FreeID(id); got != want {
			t.Errorf("%s becomes %s, want %s", id, got, want)
		}
	}
}

// A value for all devices and one for each of them are each other's inverse; a metric
// that names no devices has one.
func TestPerDevice(t *testing.T) {
	for devices, want := range map[int]float64{0: 12, 1: 12, 2: 24, 4: 48} {
		m := policy.Metric{Devices: devices}
		if all := m.AllDevices(12); all != want || m.PerDevice(all) != 12 {
			t.Errorf("%d devices at 12: %v, of which each has %v", devices, all, m.PerDevice(all))
		}
	}
}
