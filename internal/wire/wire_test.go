package wire_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
	if err := os.WriteFile(policy, []byte("version: 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := wire.Function(t.Context(), lookup, &bytes.Buffer{}, time.Now); err == nil || !strings.Contains(err.Error(), "scaling.yaml:1:") {
		t.Errorf("with a broken policy: %v, want its line", err)
	}
}
