package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sagescale/internal/policyfile"
	"sagescale/test/page"
)

// costPage is the page that says what sagescale costs. The tests of the simulated account
// make a price of what is counted here.
const costPage = "docs/cost.md"

// The page says how many things that are paid by the month the template has for its
// policy: of one endpoint and of a hundred, without and with forecasts.
func TestCostPageHasWhatIsDeclared(t *testing.T) {
	kinds := []string{"stacks", "alarms", "alarms of high resolution", "dashboards"}
	rows := map[string]string{}
	for _, endpoints := range []int{1, 100} {
		for _, forecasts := range []bool{false, true} {
			stacks := stacksFor(t, endpoints, forecasts)
			found := charged(t, synthOf(t, costPolicy(t, endpoints/stacks, forecasts)))
			found["stacks"] = 1
			for _, kind := range kinds {
				rows[kind] += fmt.Sprintf(" %d |", stacks*found[kind])
			}
		}
	}
	table := "| declared | one endpoint | one, with forecasts | a hundred | a hundred, with forecasts |\n" +
		"| --- | ---: | ---: | ---: | ---: |\n"
	for _, kind := range kinds {
		table += "| " + kind + " |" + rows[kind] + "\n"
	}
	page.Shows(t, costPage, "declared", table, *update)
}

// stacksFor is how many stacks of equal size so many endpoints need at least.
func stacksFor(t *testing.T, endpoints int, forecasts bool) int {
	t.Helper()
	for stacks := 1; stacks <= endpoints; stacks++ {
		if endpoints%stacks > 0 {
			continue
		}
		p, err := policyfile.Parse("policy of the page", []byte(costPolicy(t, endpoints/stacks, forecasts)))
		if err != nil {
			t.Fatal(err)
		}
		if len(fits("sagescale", p)) == 0 {
			return stacks
		}
	}
	t.Fatalf("%d endpoints fit no number of stacks", endpoints)
	return 0
}

// costPolicy is the page's policy, for so many endpoints.
func costPolicy(t *testing.T, endpoints int, forecasts bool) string {
	t.Helper()
	text := strings.TrimSuffix(strings.TrimPrefix(page.Read(t, costPage, "policy"), "```yaml\n"), "```\n")
	head, target, found := strings.Cut(text, "- endpoint: chat-llm\n")
	if !found {
		t.Fatalf("the policy of %s is\n%s", costPage, text)
	}
	if forecasts {
		target += "  predictive: {mode: ForecastAndScale, instanceCapacity: 1000}\n"
	}
	for i := range endpoints {
		head += fmt.Sprintf("- endpoint: chat-llm-%02d\n", i) + target
	}
	return head
}

// synthOf synthesizes the stack of a policy.
func synthOf(t *testing.T, text string) assembly {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "scaling.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := synth(dir, map[string]any{contextPolicy: file})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// charged counts what is paid for by the month. An alarm of an expression is charged by
// its metrics; those of the page have none.
func charged(t *testing.T, a assembly) map[string]int {
	t.Helper()
	found := map[string]int{"dashboards": len(a.all("AWS::CloudWatch::Dashboard"))}
	for _, alarm := range a.all("AWS::CloudWatch::Alarm") {
		period, ok := alarm["Period"].(float64)
		switch {
		case !ok:
			t.Fatalf("alarm %v has no period", alarm["AlarmName"])
		case period < 60:
			found["alarms of high resolution"]++
		default:
			found["alarms"]++
		}
	}
	return found
}

// A metric of less than a minute has an alarm of high resolution.
func TestChargedKnowsHighResolution(t *testing.T) {
	text := strings.Replace(costPolicy(t, 1, false), "InvocationsPerInstance", "ConcurrentRequestsPerModel", 1)
	found := charged(t, synthOf(t, text))
	if found["alarms of high resolution"] != 1 || found["alarms"] == 0 {
		t.Errorf("found %v", found)
	}
}

// The page of limits says how many endpoints fit one stack, by the length of their names.
func TestLimitsPageHasTheSizes(t *testing.T) {
	table := "| characters of an endpoint's name | endpoints of a stack |\n| ---: | ---: |\n"
	for _, length := range []int{10, 20, 40, 63} {
		table += fmt.Sprintf("| %d | %d |\n", length, mostEndpoints(t, length))
	}
	page.Shows(t, "docs/limits.md", "sizes", table, *update)
}

// mostEndpoints is how many endpoints, with a variant each, fit a stack.
func mostEndpoints(t *testing.T, length int) int {
	t.Helper()
	text := "version: 1\ntargets:\n"
	for n := range 500 {
		text += fmt.Sprintf("- {endpoint: e%0*d, variant: AllTraffic, minCapacity: 1, maxCapacity: 8}\n", length-1, n)
		p, err := policyfile.Parse("policy", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if len(fits("sagescale", p)) > 0 {
			return n
		}
	}
	t.Fatal("any number of endpoints fits a stack")
	return 0
}
