// Package dashboard has what the CloudWatch dashboards of a deployment show. It is data
// in and JSON out, and knows nothing of the CDK: the names of resources may be the CDK's
// tokens.
//
// # What it costs
//
// What AWS measures anyway comes first: from a variant's Invocations and
// InvocationsPerInstance follow the load, the instances in service (every request adds
// one divided by their number to the second), what the load needs, and the estimate of
// lost requests. What only sagescale knows is read from its decision records by Logs
// Insights, which costs when it is looked at, or, where the deployment says so, from
// metrics of each target.
//
// # How it grows
//
// The first dashboard is of sagescale itself and of the first targets of the policy, in
// its order; further ones are of the next. Each has so few that CloudWatch's limits are
// far (500 widgets, 2,500 metrics) and that its queries are fewer than the hundred that
// Logs Insights runs at once.
//
// # Whom it serves
//
// The engineer on call. So every line has a name in words and every axis its unit, a
// colour never says anything alone, a gap is missing data and not zero, and a rate is by
// the minute whatever period CloudWatch chooses for the time range.
package dashboard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"sagescale/internal/policy"
)

// TargetsEach is how many targets a dashboard shows.
const TargetsEach = 25

// Deployment is what the dashboards are of. Targets are in the order of the policy.
type Deployment struct {
	Stack, Region string
	Functions     []Function
	DeadLetters   string   // the name of the queue
	Alarms        []string // the ARNs of the alarms about sagescale itself
	Targets       []policy.Target
	TargetAlarms  map[string][]string // their ARNs, by the target's key
	TargetMetrics bool                // whether each target has metrics of its own
}

// Function is one of the functions: what it is called, its name in AWS, and its log
// group, empty for one that writes no decision records.
type Function struct{ Name, Resource, Records string }

// Dashboard is the body of one dashboard, as CloudWatch takes it. Its name is the
// stack's and the Region's with Suffix: dashboards are of an account, in all its Regions.
// No name of a stack has an underscore, so no other deployment has that name.
type Dashboard struct{ Suffix, Body string }

// Count returns how many dashboards show so many targets.
func Count(targets int) int { return max(1, (targets+TargetsEach-1)/TargetsEach) }

// Dashboards returns the dashboards of d, at least one.
func (d Deployment) Dashboards() ([]Dashboard, error) {
	out := make([]Dashboard, 0, Count(len(d.Targets)))
	for i := range Count(len(d.Targets)) {
		b, suffix := &board{region: d.Region}, ""
		from, to := i*TargetsEach, min((i+1)*TargetsEach, len(d.Targets))
		if i == 0 {
			d.overview(b)
		} else {
			suffix = fmt.Sprintf("_%d", i+1)
			b.row(1, heading("# sagescale: %s, targets %d to %d", d.Stack, from+1, to))
		}
		for _, t := range d.Targets[from:to] {
			d.target(b, t)
		}
		body, err := b.body()
		if err != nil {
			return nil, err
		}
		out = append(out, Dashboard{suffix, body})
	}
	return out, nil
}

// forecasts reports whether a target forecasts.
func (d Deployment) forecasts() bool {
	return slices.ContainsFunc(d.Targets, func(t policy.Target) bool { return t.Predictive.Mode.Forecasts() })
}

// body returns the JSON of a board. Characters of comparisons stand as they are.
func (b *board) body() (string, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(map[string]any{"start": "-PT3H", "periodOverride": "auto", "widgets": b.widgets})
	if err != nil {
		return "", fmt.Errorf("marshal dashboard: %w", err)
	}
	return string(bytes.TrimSpace(text.Bytes())), nil
}
