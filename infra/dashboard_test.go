package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sagescale/infra/bundle"
	"sagescale/infra/dashboard"
	"sagescale/internal/config"
)

// dashboards are the bodies of the dashboards of a template by their names, with their
// references in ${}.
func dashboards(t *testing.T, a assembly) map[string]string {
	t.Helper()
	bodies := map[string]string{}
	for _, d := range a.all("AWS::CloudWatch::Dashboard") {
		body := flat(d["DashboardBody"])
		if !json.Valid([]byte(body)) {
			t.Errorf("dashboard %s is no JSON: %s", flat(d["DashboardName"]), body)
		}
		bodies[flat(d["DashboardName"])] = body
	}
	return bodies
}

// A dashboard names the functions, the queue, the logs and every alarm of its stack, and
// nothing that the stack has not.
func TestDashboard(t *testing.T) {
	a := standard(t)
	all := dashboards(t, a)
	body := all["sagescale-${AWS::Region}"]
	if len(all) != 1 || body == "" {
		t.Fatalf("dashboards %v", slices.Collect(maps.Keys(all)))
	}
	want(t, "output", flat(a.Outputs["Dashboard"].Value), "sagescale-${AWS::Region}")
	named := map[string]bool{}
	for _, m := range regexp.MustCompile(`\$\{([^}]+)\}`).FindAllStringSubmatch(body, -1) {
		id, _, _ := strings.Cut(m[1], ".")
		if _, ok := a.Resources[id]; !ok && id != "AWS::Region" {
			t.Errorf("the dashboard names %s, which the stack has not", id)
		}
		named[id] = true
	}
	for id, r := range a.Resources {
		shown := slices.Contains([]string{"AWS::Lambda::Function", "AWS::CloudWatch::Alarm", "AWS::SQS::Queue"}, r.Type)
		if shown && !named[id] {
			t.Errorf("the dashboard does not show %s", id)
		}
	}
	for _, name := range []string{bundle.Schedule, bundle.Alarm} {
		group := flat(dig(a.Resources[a.function(t, name)].Properties, "LoggingConfig", "LogGroup"))
		if !strings.Contains(body, "SOURCE '"+group+"'") {
			t.Errorf("the dashboard does not read the records of %s in %s", name, group)
		}
	}
	heading := flat(dig(json1(t, body), "widgets", 0, "properties", "markdown"))
	for _, m := range regexp.MustCompile("`([A-Z][A-Za-z]+)`").FindAllStringSubmatch(heading, -1) {
		if _, ok := a.Outputs[m[1]]; !ok {
			t.Errorf("the heading names the output %s, which the stack has not", m[1])
		}
	}
}

func json1(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// With targetMetrics the functions are told, and the dashboard shows what they write;
// many targets take several dashboards, in a template that CloudFormation accepts.
func TestDashboardsOfManyTargetsWithMetrics(t *testing.T) {
	var policy strings.Builder
	policy.WriteString("version: 1\ndefaults: {minCapacity: 1, maxCapacity: 2, predictive: {mode: ForecastOnly}, " +
		"targetTracking: [{metric: InvocationsPerInstance, targetValue: 700}]}\ntargets:\n")
	for i := range 60 {
		fmt.Fprintf(&policy, "- {endpoint: chat-%d, variant: v%d}\n", i/3, i%3)
	}
	bundles := bundle.Bundles{Root: t.TempDir(), Architecture: bundle.ARM64}
	fakeBundles(t, bundles)
	a := synthFake(t, bundles, map[string]any{contextPolicy: write(t, policy.String()), contextMetrics: "true"})
	names := slices.Sorted(maps.Keys(dashboards(t, a)))
	if fmt.Sprint(names) != "[sagescale-${AWS::Region} sagescale-${AWS::Region}_2 sagescale-${AWS::Region}_3]" || dashboard.Count(60) != 3 {
		t.Errorf("dashboards %v", names)
	}
	if body := dashboards(t, a)[names[2]]; !strings.Contains(body, `["Sagescale","ForecastUpper","Endpoint","chat-19","Variant","v2"`) {
		t.Errorf("the last dashboard does not show the metrics of the last target: %s", body)
	}
	for _, fn := range a.all("AWS::Lambda::Function") {
		want(t, "function", fn, "true", "Environment", "Variables", config.EnvMetrics)
	}
	if len(a.text) > 1<<20 {
		t.Errorf("the template has %d bytes, CloudFormation takes 1 MiB", len(a.text))
	}
}
