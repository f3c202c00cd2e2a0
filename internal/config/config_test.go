package config_test

import (
	"strings"
	"testing"

	"sagescale/internal/config"
)

// What may be left out says no, and a word that is neither yes nor no is an error.
func TestLoadTargetMetrics(t *testing.T) {
	for value, want := range map[string]bool{"": false, "false": false, "true": true} {
		s, err := config.Load(func(name string) (string, bool) {
			if name == config.EnvMetrics {
				return value, value != ""
			}
			return "x", true
		})
		if err != nil || s.TargetMetrics != want {
			t.Errorf("%q: %t, %v", value, s.TargetMetrics, err)
		}
	}
	_, err := config.Load(func(string) (string, bool) { return "TRUE", true })
	if err == nil || !strings.Contains(err.Error(), `SAGESCALE_TARGET_METRICS is "TRUE", not true or false`) {
		t.Errorf("got %v, want an error that names the variable", err)
	}
}
