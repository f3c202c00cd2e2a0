package simulate_test

import (
	"testing"
	"time"

	"sagescale/internal/policy"
	"sagescale/internal/policyfile"
	"sagescale/internal/simulate"
	"sagescale/internal/trace"
)

// onePolicy has one target that scales from 1 to 20.
const onePolicy = `
version: 1
targets:
- endpoint: chat
  variant: main
  minCapacity: 1
  maxCapacity: 20
  targetTracking: [{metric: InvocationsPerInstance, targetValue: 700}]
`

func parse(t testing.TB, text string) *policy.Policy {
	t.Helper()
	p, err := policyfile.Parse("policy.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// config gives every target of p the same load, of which an instance serves 1000
// a minute.
func config(p *policy.Policy, load trace.Trace) simulate.Config {
	c := simulate.Config{
		Policy:       p,
		Start:        load.Start,
		Loads:        map[string]simulate.Load{},
		Provisioning: 6 * time.Minute,
		ScaleIn:      2 * time.Minute,
	}
	for _, target := range p.Targets {
		c.Loads[target.Key()] = simulate.Load{Requests: load.Requests, InstanceCapacity: 1000}
	}
	return c
}

func run(t testing.TB, c simulate.Config) simulate.Result {
	t.Helper()
	r, err := simulate.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if r.Errors != 0 {
		t.Fatalf("%d decision records have an error", r.Errors)
	}
	return r
}
