package replay

import "math"

// Score is what a timeline comes to. CostOverOracle is the billed instance time over
// that of the oracle for the same load and model. A reversal is a change in the other
// direction than the one before. Target is the timeline's.
type Score struct {
	Name             string  `json:"name"`
	Target           float64 `json:"target,omitempty"`
	LostRequests     float64 `json:"lost_requests"`
	LostFraction     float64 `json:"lost_fraction"`
	ViolationMinutes int     `json:"violation_minutes"`
	InstanceHours    float64 `json:"instance_hours"`
	CostOverOracle   float64 `json:"cost_over_oracle"`
	ScaleOuts        int     `json:"scale_outs"`
	ScaleIns         int     `json:"scale_ins"`
	Reversals        int     `json:"reversals"`
	// lost is the lost requests in instance-minutes, over the oracle's billed ones.
	lost float64
}

// J weighs cost against loss: the billed instance-minutes and lambda times those that
// the lost requests would have taken, over the oracle's billed instance-minutes.
func (s Score) J(lambda float64) float64 { return s.CostOverOracle + lambda*s.lost }

// Score adds a timeline up, beside the oracle's for the same load and model.
func (t Timeline) Score(m Model, oracle Timeline) Score {
	s := Score{Name: t.Name, Target: t.Target}
	requests, billed, ideal := 0.0, 0, 0
	for i, r := range t.Rows {
		requests += r.Requests
		s.LostRequests += r.Lost
		billed += r.Billed
		ideal += oracle.Rows[i].Billed
		if r.Lost > 0 {
			s.ViolationMinutes++
		}
	}
	// What floating point adds on the way is not a part of a request.
	s.LostRequests = math.Round(s.LostRequests*1e6) / 1e6
	if requests > 0 {
		s.LostFraction = s.LostRequests / requests
	}
	s.InstanceHours = float64(billed) / 60
	s.CostOverOracle = float64(billed) / float64(ideal)
	s.lost = s.LostRequests / m.InstanceCapacity / float64(ideal)
	for i, c := range t.Changes {
		if c.ScaleOut() {
			s.ScaleOuts++
		} else {
			s.ScaleIns++
		}
		if i > 0 && c.ScaleOut() != t.Changes[i-1].ScaleOut() {
			s.Reversals++
		}
	}
	return s
}

// Oracle is the timeline of who knows the future, always has enough and pays for the
// most that is needed from each step until what was ordered then would serve, whatever
// the maximum: a bound that no scaler reaches.
func Oracle(m Model, load []float64) Timeline {
	out := Timeline{Name: "oracle", Rows: make([]Row, len(load))}
	ahead := steps(m.Provisioning)
	// most holds the steps that may be the greatest of the window, falling.
	var most []int
	for t, next := 0, 0; t < len(load); t++ {
		for ; next <= min(t+ahead, len(load)-1); next++ {
			for len(most) > 0 && load[most[len(most)-1]] <= load[next] {
				most = most[:len(most)-1]
			}
			most = append(most, next)
		}
		if most[0] < t {
			most = most[1:]
		}
		n := max(m.need(load[most[0]]), m.Limits.Min)
		out.Rows[t] = Row{Requests: load[t], Desired: n, InService: max(m.need(load[t]), m.Limits.Min), Billed: n}
	}
	return out
}
