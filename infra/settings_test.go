package main

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sagescale/internal/policyfile"
)

// A wrong policy file fails the synth by the words of policyfile, which are those
// of `sagescale validate`.
func TestWrongPolicyFile(t *testing.T) {
	path := write(t, "version: 1\ntargets:\n- endpoint: a\n  variant: b\n  minCapacity: 0\n  maxCapacity: x\n")
	_, expected := policyfile.Load(path)
	if expected == nil {
		t.Fatal("the policy is right")
	}
	_, err := synth(t.TempDir(), map[string]any{contextPolicy: path})
	if err == nil || err.Error() != expected.Error() {
		t.Errorf("synth fails with\n%v\nwant\n%v", err, expected)
	}
}

func TestSettingsFaults(t *testing.T) {
	long := strings.Repeat("x", 250)
	tests := []struct {
		name   string
		values map[string]any
		want   []string
	}{
		{"no policy file", map[string]any{contextPolicy: "none.yaml"}, []string{"none.yaml"}},
		{"all at once", map[string]any{
			contextArchitecture: "mips", contextLogRetention: "2", contextStackName: "a b", contextAlarmTopic: "topic", contextPolicy: "none.yaml",
		}, []string{
			`context architecture: "mips" is not one of arm64, x86_64`,
			`context logRetentionDays: "2"`, `context stackName: "a b"`, `context alarmTopicArn: "topic"`, "none.yaml",
		}},
		{"unknown", map[string]any{"polcy": "x"}, []string{"context polcy: unknown; known are alarmTopicArn, architecture"}},
		{"alarm name", map[string]any{contextPolicy: write(t, policyOf("e", "{name: "+long+", namespace: N, metricName: M, statistic: Sum}"))}, []string{"CloudWatch allows 255"}},
		{"many endpoints", map[string]any{contextPolicy: write(t, manyEndpoints(90))}, []string{"policy has 90 endpoints", "split it"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			values := map[string]any{contextPolicy: testPolicy}
			maps.Copy(values, test.values)
			_, err := loadSettings(values)
			if err == nil {
				t.Fatal("no error")
			}
			for _, w := range test.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error %q, want %q in it", err, w)
				}
			}
		})
	}
}

func TestSettingsOfTheCDK(t *testing.T) {
	_, err := loadSettings(map[string]any{
		contextPolicy: testPolicy, contextLogRetention: 30.0, "@aws-cdk/core:x": true, "aws:cdk:enable-path-metadata": true, "cli-telemetry": false,
	})
	if err != nil {
		t.Error(err)
	}
}

// The policy that is deployed by default is a right one.
func TestSamplePolicy(t *testing.T) {
	s, err := loadSettings(nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.PolicyFile != "infra/scaling.yaml" || s.Architecture != "arm64" || s.StackName != "sagescale" || s.LogRetention != 365 {
		t.Errorf("defaults %+v", s)
	}
	if len(s.Policy.Targets) != 1 || len(s.Policy.Targets[0].Actions) != 1 {
		t.Errorf("sample policy %+v", s.Policy)
	}
}

func manyEndpoints(n int) string {
	var b strings.Builder
	b.WriteString("version: 1\ntargets:\n")
	for i := range n {
		b.WriteString("- {endpoint: " + "some-endpoint-" + strings.Repeat("x", i+1) + ", variant: v, minCapacity: 1, maxCapacity: 2}\n")
	}
	return strings.ReplaceAll(b.String(), strings.Repeat("x", 40), "y")
}

func policyOf(endpoint, metric string) string {
	return "version: 1\ntargets:\n- endpoint: " + endpoint +
		"\n  variant: v\n  minCapacity: 1\n  maxCapacity: 2\n  targetTracking:\n  - metric: " + metric + "\n    targetValue: 1\n"
}

func write(t *testing.T, policy string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "scaling.yaml")
	if err := os.WriteFile(path, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
