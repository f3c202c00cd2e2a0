package wire_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sagescale/internal/autoscaler"
	"sagescale/internal/scaling"
	"sagescale/internal/wire"
)

// Faults: G1, G10
func TestFunction(t *testing.T) {
	policy := filepath.Join(t.TempDir(), "scaling.yaml")
	text := "version: 1\ntargets:\n- {endpoint: chat-llm, variant: AllTraffic, minCapacity: 1, maxCapacity: 2}\n"
	if err := os.WriteFile(policy, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		"SAGESCALE_POLICY_FILE": policy, "SAGESCALE_TABLE": "t", "SAGESCALE_ACCOUNT": "111122223333", "SAGESCALE_ALARM_PREFIX": "sagescale",
		"AWS_REGION": "eu-west-1", "AWS_LAMBDA_FUNCTION_NAME": "sagescale-schedule",
	}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	f, err := wire.Function(t.Context(), lookup, &bytes.Buffer{}, time.Now)
	if err != nil || f.Name != "sagescale-schedule" || f.Origin.Account != "111122223333" {
		t.Fatalf("Function = %+v, %v", f, err)
	}
	for name := range env {
		was := env[name]
		delete(env, name)
		if _, err := wire.Function(t.Context(), lookup, &bytes.Buffer{}, time.Now); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v, want an error that names it", name, err)
		}
		env[name] = was
	}
	env["SAGESCALE_TARGET_METRICS"] = "yes"
	if _, err := wire.Function(t.Context(), lookup, &bytes.Buffer{}, time.Now); err == nil || !strings.Contains(err.Error(), `SAGESCALE_TARGET_METRICS is "yes"`) {
		t.Errorf("with a switch that is neither on nor off: %v, want an error that names it", err)
	}
	delete(env, "SAGESCALE_TARGET_METRICS")
	if err := os.WriteFile(policy, []byte("version: 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := wire.Function(t.Context(), lookup, &bytes.Buffer{}, time.Now); err == nil || !strings.Contains(err.Error(), "scaling.yaml:1:") {
		t.Errorf("with a broken policy: %v, want its line", err)
	}
}

// Targets have metrics of their own where the environment says so, and nowhere else.
func TestFunctionMeasuresTargetsWhenTold(t *testing.T) {
	policy := filepath.Join(t.TempDir(), "scaling.yaml")
	text := "version: 1\ntargets:\n- {endpoint: chat-llm, variant: AllTraffic, minCapacity: 1, maxCapacity: 2}\n"
	if err := os.WriteFile(policy, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		"SAGESCALE_POLICY_FILE": policy, "SAGESCALE_TABLE": "t", "SAGESCALE_ACCOUNT": "111122223333", "SAGESCALE_ALARM_PREFIX": "sagescale",
		"AWS_REGION": "eu-west-1", "AWS_LAMBDA_FUNCTION_NAME": "sagescale-schedule",
	}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	for told, want := range map[string]bool{"": false, "false": false, "true": true} {
		env["SAGESCALE_TARGET_METRICS"] = told
		var log bytes.Buffer
		f, err := wire.Function(t.Context(), lookup, &log, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		e, ok := f.Evaluator.(*autoscaler.Evaluator)
		if !ok {
			t.Fatalf("evaluator %T", f.Evaluator)
		}
		e.Record(t.Context(), autoscaler.Record{Observation: scaling.Observation{CurrentCapacity: 2, DesiredCapacity: 2}})
		if got := strings.Contains(log.String(), `"_aws"`); got != want || !strings.Contains(log.String(), `"DesiredCapacity":2`) {
			t.Errorf("told %q: %s", told, &log)
		}
	}
}
