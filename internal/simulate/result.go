package simulate

import (
	"context"
	"math"
	"time"

	"sagescale/internal/activity"
)

// Result is what came of a simulation. Errors counts the decision records that
// have an error.
type Result struct {
	Targets []TargetResult
	Ticks   int
	Records int
	Errors  int
}

// TargetResult is what came of one target: a row for every minute, and the
// scaling activities, oldest first, one that is still open last.
type TargetResult struct {
	Endpoint, Variant string
	Rows              []Row
	Activities        []activity.Activity
}

// Row is one minute of one target, in the terms of the replay model: the
// requests that came, the instances asked for at the end of the step, in service
// and paid for, and the requests that they could not serve.
type Row struct {
	Time      time.Time
	Requests  float64
	Desired   int
	InService int
	Billed    int
	Lost      float64
}

// Key names the target in messages and maps: endpoint/variant.
func (r TargetResult) Key() string { return r.Endpoint + "/" + r.Variant }

// Totals are the sums of the rows. ViolationMinutes are those with lost
// requests. A reversal is a change of capacity in the other direction than the
// change before.
type Totals struct {
	Requests         float64 `json:"requests"`
	Lost             float64 `json:"lost_requests"`
	LostFraction     float64 `json:"lost_fraction"`
	ViolationMinutes int     `json:"violation_minutes"`
	InstanceHours    float64 `json:"instance_hours"`
	ScaleOuts        int     `json:"scale_outs"`
	ScaleIns         int     `json:"scale_ins"`
	Reversals        int     `json:"reversals"`
}

// Totals adds the rows up.
func (r TargetResult) Totals() Totals {
	var t Totals
	billed := 0
	for _, row := range r.Rows {
		t.Requests += row.Requests
		t.Lost += row.Lost
		billed += row.Billed
		if row.Lost > 0 {
			t.ViolationMinutes++
		}
	}
	// What floating point adds on the way is not a part of a request.
	t.Requests, t.Lost = math.Round(t.Requests*1e6)/1e6, math.Round(t.Lost*1e6)/1e6
	t.InstanceHours = float64(billed) / 60
	if t.Requests > 0 {
		t.LostFraction = t.Lost / t.Requests
	}
	t.ScaleOuts, t.ScaleIns, t.Reversals = r.changes()
	return t
}

// changes counts the changes of the desired capacity.
func (r TargetResult) changes() (outs, ins, reversals int) {
	last := 0
	for i, row := range r.Rows {
		before := row.InService
		if i > 0 {
			before = r.Rows[i-1].Desired
		}
		direction := 0
		switch {
		case row.Desired > before:
			direction = 1
			outs++
		case row.Desired < before:
			direction = -1
			ins++
		}
		if direction*last < 0 {
			reversals++
		}
		if direction != 0 {
			last = direction
		}
	}
	return outs, ins, reversals
}

// finish gathers the activities.
func (s *simulation) finish(ctx context.Context) Result {
	for i := range s.result.Targets {
		t := &s.result.Targets[i]
		for _, a := range s.table.Archived(t.Endpoint) {
			if a.Variant == t.Variant {
				t.Activities = append(t.Activities, a)
			}
		}
		// The table has only what it wrote itself, so that it reads.
		state, _, _ := s.table.Load(ctx, t.Endpoint)
		if state.Open != nil && state.Open.Variant == t.Variant {
			t.Activities = append(t.Activities, *state.Open)
		}
	}
	return s.result
}
