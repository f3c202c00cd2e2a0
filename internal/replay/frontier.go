package replay

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"sagescale/internal/policy"
	"sagescale/internal/trace"
)

// Setting is what a ladder changes from rung to rung.
type Setting string

// The settings. TargetShare is the target value as a share of what an instance serves;
// ServiceObjective is that of predictive scaling.
const (
	TargetShare      Setting = "targetValue"
	ServiceObjective Setting = "serviceObjective"
)

// Rung is what came of a scaler at one value of its setting. Own is true of the value
// that the policy has.
type Rung struct {
	Setting Setting
	Value   float64
	Own     bool
	Score   Score
}

// Frontier is what the same load costs and loses with other settings than those of the
// policy: for sagescale over its service objective when it scales ahead of the load,
// else over its target value, and for Application Auto Scaling over its target. Rungs
// go up by their values. A policy without a target value for requests has no rungs of
// sagescale.
type Frontier struct {
	Sagescale              []Rung
	ApplicationAutoScaling []Rung
}

// objectives are the service objectives of a ladder.
func objectives() []float64 {
	return []float64{0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999}
}

// RunFrontier lets sagescale with policy t, and Application Auto Scaling, meet a load
// at each setting of their ladders, as many at once as there are processors. peer has the
// target that Application Auto Scaling is compared at, and its other settings. Equal
// arguments give equal frontiers. Progress is told of steps, in turn, and never from
// two goroutines at once.
func RunFrontier(ctx context.Context, m Model, load trace.Trace, t policy.Target, peer Tracking, progress func(done, total int)) (Frontier, error) {
	own, scalers := sagescaleLadder(m, t)
	rivals := ladder(TargetShare, []float64{0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95}, peer.Target)
	for _, r := range rivals {
		with := peer
		with.Target = r.Value
		scalers = append(scalers, with.Peer())
	}
	scores, err := runAll(ctx, m, load.Minutes(), scalers, progress)
	if err != nil {
		return Frontier{}, fmt.Errorf("run the frontier: %w", err)
	}
	for i := range own {
		own[i].Score = scores[i]
	}
	for i := range rivals {
		rivals[i].Score = scores[len(own)+i]
	}
	return Frontier{Sagescale: own, ApplicationAutoScaling: rivals}, nil
}

// ladder has a rung for each value and for the policy's own, which takes the place of
// one that is the same but for floating point.
func ladder(s Setting, values []float64, own float64) []Rung {
	values = append(slices.DeleteFunc(values, func(v float64) bool { return math.Abs(v-own) < 1e-6 }), own)
	var out []Rung
	for _, v := range slices.Sorted(slices.Values(values)) {
		out = append(out, Rung{Setting: s, Value: v, Own: v == own})
	}
	return out
}

// sagescaleLadder returns the rungs of sagescale and a scaler for each.
func sagescaleLadder(m Model, t policy.Target) ([]Rung, []Scaler) {
	tracked := slices.IndexFunc(t.TargetTracking, func(x policy.TargetTracking) bool {
		return x.Metric.Name == policy.InvocationsPerInstance
	})
	var rungs []Rung
	var scalers []Scaler
	switch {
	case t.Predictive.Mode == policy.ForecastAndScale:
		rungs = ladder(ServiceObjective, objectives(), t.Predictive.ServiceObjective)
		for _, r := range rungs {
			with := t
			with.Predictive.ServiceObjective = r.Value
			scalers = append(scalers, &Sagescale{Target: with})
		}
	case tracked >= 0:
		own := t.TargetTracking[tracked].TargetValue / m.InstanceCapacity
		rungs = ladder(TargetShare, []float64{0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1}, own)
		for _, r := range rungs {
			with := t
			with.TargetTracking = slices.Clone(t.TargetTracking)
			if !r.Own { // which is not what floating point makes of its share
				with.TargetTracking[tracked].TargetValue = r.Value * m.InstanceCapacity
			}
			scalers = append(scalers, &Sagescale{Target: with})
		}
	}
	return rungs, scalers
}

// runAll runs scalers side by side and scores them in their order.
func runAll(ctx context.Context, m Model, load trace.Trace, scalers []Scaler, progress func(done, total int)) ([]Score, error) {
	if len(load.Requests) == 0 {
		return nil, errors.New("the load has no minute")
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	ideal := Oracle(m, load.Requests)
	steps := counter{steps: make([]int, len(scalers)), total: len(scalers) * len(load.Requests), tell: progress}
	out := make([]Score, len(scalers))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, s := range scalers {
		group.Go(func() error {
			line, err := Run(ctx, m, load, s, func(done, _ int) { steps.add(i, done) })
			if err != nil {
				return err
			}
			steps.add(i, len(load.Requests))
			out[i] = line.Score(m, ideal)
			return nil
		})
	}
	return out, group.Wait()
}

// counter adds up how far replays are that run side by side.
type counter struct {
	mu    sync.Mutex
	steps []int // by replay
	total int
	tell  func(done, total int)
}

// add notes how far a replay is.
func (c *counter) add(replay, done int) {
	if c.tell == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.steps[replay] = done
	sum := 0
	for _, n := range c.steps {
		sum += n
	}
	c.tell(sum, c.total)
}
