package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// score is how a scaler met a load, or the mean of several.
type score struct {
	lost, cost, j10, j100 float64
	changes, reversals    float64 // a day
}

// load is a load by its name, with the scores of those who met it, in their order.
type load struct {
	name    string
	scalers []scaler
}

type scaler struct {
	name string
	score
}

// answer is what is read of the command line's.
type answer struct {
	Traces []struct {
		Name  string `json:"name"`
		Trace struct {
			Steps       float64 `json:"steps"`
			StepSeconds float64 `json:"step_seconds"`
		} `json:"trace"`
		Results []result `json:"results"`
	} `json:"traces"`
}

type result struct {
	Name           string  `json:"name"`
	Target         float64 `json:"target"`
	LostRequests   float64 `json:"lost_requests"`
	LostFraction   float64 `json:"lost_fraction"`
	InstanceHours  float64 `json:"instance_hours"`
	CostOverOracle float64 `json:"cost_over_oracle"`
	ScaleOuts      float64 `json:"scale_outs"`
	ScaleIns       float64 `json:"scale_ins"`
	Reversals      float64 `json:"reversals"`
}

// score brings a result of so many days into the units of the page. J is as package
// replay defines it: the oracle's minutes are those of the result over its cost.
func (r result) score(days float64) score {
	oracle := r.InstanceHours * 60 / r.CostOverOracle
	lacking := r.LostRequests / instanceCapacity / oracle
	return score{
		lost: r.LostFraction, cost: r.CostOverOracle,
		j10: r.CostOverOracle + 10*lacking, j100: r.CostOverOracle + 100*lacking,
		changes: (r.ScaleOuts + r.ScaleIns) / days, reversals: r.Reversals / days,
	}
}

// scorer replays the policy with changes over the made-up loads, each but once.
type scorer struct {
	command, policy, traces, dir string
	known                        map[string][]load
}

// scores returns how the policy as it is varied, and the peers, met each load.
func (s scorer) scores(ctx context.Context, v variation, peers string) ([]load, error) {
	key := fmt.Sprint(v.changes, v.flags, peers)
	if all, ok := s.known[key]; ok {
		return all, nil
	}
	changed, err := v.apply(s.policy, s.dir)
	if err != nil {
		return nil, err
	}
	args := append(backtest(s.traces), "--policy", changed, "--peers", peers, "--format", "json")
	text, err := output(ctx, s.command, append(args, v.flags...)...)
	if err != nil {
		return nil, err
	}
	all, err := readScores(text)
	if err != nil {
		return nil, fmt.Errorf("read scores of %s: %w", strings.Join(args, " "), err)
	}
	s.known[key] = all
	return all, nil
}

// own returns the scores of the policy alone, load by load.
func (s scorer) own(ctx context.Context, v variation) ([]score, error) {
	all, err := s.scores(ctx, v, "none")
	if err != nil {
		return nil, err
	}
	out := make([]score, len(all))
	for i, l := range all {
		out[i] = l.scalers[0].score
	}
	return out, nil
}

// readScores reads an answer in JSON.
func readScores(text string) ([]load, error) {
	var a answer
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return nil, err
	}
	var out []load
	for _, t := range a.Traces {
		l := load{name: t.Name}
		for _, r := range t.Results {
			name := strings.Replace(r.Name, "application-auto-scaling-best", "aas-best", 1)
			if r.Target > 0 {
				name += fmt.Sprintf(" (%.0f %%)", 100*r.Target)
			}
			l.scalers = append(l.scalers, scaler{name, r.score(t.Trace.Steps * t.Trace.StepSeconds / (24 * 60 * 60))})
		}
		out = append(out, l)
	}
	return out, nil
}

// mean returns the mean of scores.
func mean(all []score) score {
	over := func(of func(score) float64) float64 {
		sum := 0.0
		for s := range slices.Values(all) {
			sum += of(s)
		}
		return sum / float64(len(all))
	}
	return score{
		lost:      over(func(s score) float64 { return s.lost }),
		cost:      over(func(s score) float64 { return s.cost }),
		j10:       over(func(s score) float64 { return s.j10 }),
		j100:      over(func(s score) float64 { return s.j100 }),
		changes:   over(func(s score) float64 { return s.changes }),
		reversals: over(func(s score) float64 { return s.reversals }),
	}
}
