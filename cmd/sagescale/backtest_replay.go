package main

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"sagescale/internal/policy"
	"sagescale/internal/replay"
	"sagescale/internal/report"
	"sagescale/internal/trace"
)

// contender meets a load. It may meet several at a time.
type contender func(ctx context.Context, m replay.Model, load trace.Trace, progress func(done, total int)) (replay.Timeline, error)

// contenders are sagescale and then the peers that were asked for. For a report log has
// the decisions of sagescale.
func (o *backtestOptions) contenders(t policy.Target, m replay.Model, log *report.Log) []contender {
	by := func(fresh func() replay.Scaler) contender {
		return func(ctx context.Context, m replay.Model, load trace.Trace, progress func(done, total int)) (replay.Timeline, error) {
			return replay.Run(ctx, m, load, fresh(), progress)
		}
	}
	all := []contender{by(func() replay.Scaler {
		own := &replay.Sagescale{Target: t}
		if o.report != "" {
			own.Decisions = log.Add
		}
		return own
	})}
	tracking := o.tracking(t, m.InstanceCapacity)
	for _, peer := range replay.Peers(tracking.Target) {
		if peer.Name() == tracking.Peer().Name() {
			peer = tracking.Peer()
		}
		if slices.Contains(o.peers, peer.Name()) {
			all = append(all, by(func() replay.Scaler { return peer }))
		}
	}
	if slices.Contains(o.peers, replay.BestName) {
		all = append(all, replay.BestApplicationAutoScaling)
	}
	if slices.Contains(o.peers, oracleName) {
		all = append(all, func(_ context.Context, m replay.Model, load trace.Trace, _ func(done, total int)) (replay.Timeline, error) {
			return replay.Oracle(m, load.Minutes().Requests), nil
		})
	}
	return all
}

// replayAll lets every contender meet every load, as many at a time as there are
// processors, and gives the runs their scores. Of a single load it returns the
// timelines, in the order of the contenders; those of many would not fit into memory.
func replayAll(ctx context.Context, runs []report.Backtest, all []contender, progress func(done, total int)) ([]replay.Timeline, error) {
	timelines := make([]replay.Timeline, len(all))
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(runtime.GOMAXPROCS(0))
	count := tally{tell: progress, done: make([]int, len(runs)*len(all)), total: len(all) * minutes(runs)}
	for i := range runs {
		run := &runs[i]
		ideal := replay.Oracle(run.Model, run.Trace.Minutes().Requests)
		run.Scores = make([]replay.Score, len(all))
		for j, meet := range all {
			work.Go(func() error {
				line, err := meet(ctx, run.Model, run.Trace, func(done, _ int) { count.step(i*len(all)+j, done) })
				if errors.Is(err, replay.ErrNotMeasured) {
					return invalid(err)
				}
				if err != nil {
					return err
				}
				count.step(i*len(all)+j, len(line.Rows))
				run.Scores[j] = line.Score(run.Model, ideal)
				if len(runs) == 1 {
					timelines[j] = line
				}
				return nil
			})
		}
	}
	return timelines, work.Wait()
}

// minutes is how long all loads are together.
func minutes(runs []report.Backtest) int {
	n := 0
	for _, run := range runs {
		n += len(run.Trace.Minutes().Requests)
	}
	return n
}

// tally adds up how far replays are that run at the same time.
type tally struct {
	tell  func(done, total int)
	mu    sync.Mutex
	done  []int // minutes, by replay
	sum   int
	total int
}

// step notes that a replay has done so many minutes.
func (t *tally) step(replay, done int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sum += done - t.done[replay]
	t.done[replay] = done
	t.tell(t.sum, t.total)
}
