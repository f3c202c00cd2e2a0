// Package history reads the load that an endpoint had from its metrics. It knows what
// CloudWatch keeps for how long, and that a minute without datapoint is a minute of
// which nothing is known.
package history

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/trace"
)

const (
	minute = time.Minute
	day    = 24 * time.Hour
	// coarse is the period of datapoints that are older than fineDays.
	coarse   = 5 * minute
	fineDays = 15
	// MaxDays is how long CloudWatch keeps datapoints of five minutes.
	MaxDays = 63
	// longestGap is how many minutes may be missing before they count as ones without
	// requests: SageMaker publishes nothing when nothing comes.
	longestGap = 5
)

// ErrNone says that CloudWatch has no datapoint of the time that was asked for.
var ErrNone = errors.New("there is no datapoint")

// metrics reads metrics.
type metrics interface {
	Read(ctx context.Context, queries []scaling.Query, now time.Time) ([]scaling.Series, error)
}

// Load is what was found: the requests of every minute from the first datapoint to the
// last. Missing counts the minutes in between of which there was none; those of long
// gaps were taken for minutes without requests, which Zero counts, and the others for
// the mean of their neighbours. Coarse counts the minutes that CloudWatch knows only by
// five: what came in them is spread evenly.
type Load struct {
	Trace                 trace.Trace
	Missing, Zero, Coarse int
}

// Read reads the load of a variant in the last days before now, at most MaxDays. It is
// ErrNone when there is none, and an error when CloudWatch does not answer in full.
func Read(ctx context.Context, from metrics, endpoint, variant string, days int, now time.Time) (Load, error) {
	start, fine := since(days, now), since(min(days, fineDays), now)
	all, queries, err := read(ctx, from, endpoint, variant, start, fine, now)
	if err != nil {
		return Load{}, err
	}
	g := newGrid(start, all[0].DueThrough)
	g.putAll(all, queries, fine)
	return g.load(int(fine.Sub(start) / minute))
}

// Between reads the requests of every minute from a time to another, which is not after
// now and of the last MaxDays: NaN for a minute of which nothing is known, as the last ones
// before now. No gap is filled. It is an error when CloudWatch does not answer in full.
func Between(ctx context.Context, from metrics, endpoint, variant string, start, end, now time.Time) (trace.Trace, error) {
	fine := since(fineDays, now)
	oldest := since(MaxDays, now)
	start = start.UTC().Truncate(minute)
	g := newGrid(start, end)
	if start.Before(fine) {
		start = start.Truncate(coarse)
	}
	if start.Before(oldest) {
		start = oldest
	}
	if fine.Before(start) {
		fine = start
	}
	all, queries, err := read(ctx, from, endpoint, variant, start, fine, end)
	if err != nil {
		return trace.Trace{}, err
	}
	g.putAll(all, queries, fine)
	return trace.Trace{Start: g.start, Step: minute, Requests: g.minutes}, nil
}

// read reads the datapoints from start to end: of five minutes until fine, of one from
// then on.
func read(ctx context.Context, from metrics, endpoint, variant string, start, fine, end time.Time) ([]scaling.Series, []scaling.Query, error) {
	sum := Metric("AWS/SageMaker", policy.Invocations, "Sum", endpoint, variant)
	var queries []scaling.Query
	if fine.Before(end) {
		queries = append(queries, scaling.Query{Metric: sum, From: fine})
	}
	if start.Before(fine) {
		sum.Period = coarse
		queries = append(queries, scaling.Query{Metric: sum, From: start})
	}
	all, err := from.Read(ctx, queries, end)
	if err != nil {
		return nil, nil, fmt.Errorf("read the load: %w", err)
	}
	for _, series := range all {
		if series.Incomplete != "" {
			return nil, nil, fmt.Errorf("read the load: %s", series.Incomplete)
		}
	}
	return all, queries, nil
}

// since is when the days before now begin that CloudWatch is sure to keep: at whole five
// minutes, and a little later, because its clock is not ours.
func since(days int, now time.Time) time.Time {
	return now.Add(-time.Duration(days) * day).Truncate(coarse).Add(2 * coarse).UTC()
}

// Metric is one of SageMaker's metrics of a variant, by the minute.
func Metric(namespace, name, statistic, endpoint, variant string) policy.Metric {
	return policy.Metric{
		Name: name, Namespace: namespace, MetricName: name, Statistic: statistic, Period: minute,
		Dimensions: []policy.Dimension{{Name: "EndpointName", Value: endpoint}, {Name: "VariantName", Value: variant}},
	}
}

// grid holds the minutes from a time on, NaN where nothing is known.
type grid struct {
	start   time.Time
	minutes []float64
}

// newGrid has the minutes that are over at the end.
func newGrid(start, end time.Time) grid {
	g := grid{start: start, minutes: make([]float64, max(0, int(end.Sub(start)/minute)))}
	for i := range g.minutes {
		g.minutes[i] = math.NaN()
	}
	return g
}

func (g grid) end() time.Time { return g.start.Add(time.Duration(len(g.minutes)) * minute) }

// put puts datapoints in their minutes, those of a query that begin before end. What is
// no number of requests is missing.
func (g grid) put(all []scaling.Datapoint, q scaling.Query, end time.Time) {
	n := int(q.Metric.Period / minute)
	for _, d := range all {
		if d.Time.Before(q.From) || !d.Time.Before(end) || !(d.Value >= 0) || math.IsInf(d.Value, 0) {
			continue
		}
		first := int(d.Time.Sub(g.start) / minute)
		for i := max(0, first); i < min(first+n, len(g.minutes)); i++ {
			g.minutes[i] = d.Value / float64(n)
		}
	}
}

// putAll puts the series of queries in their minutes: those of five minutes until fine.
func (g grid) putAll(all []scaling.Series, queries []scaling.Query, fine time.Time) {
	for i, series := range all {
		end := g.end()
		if queries[i].Metric.Period == coarse && fine.Before(end) {
			end = fine
		}
		g.put(series.Datapoints, queries[i], end)
	}
}

// load takes the minutes from the first that is known to the last and fills the gaps.
// The first minutes, coarse of them, are known only by five.
func (g grid) load(coarse int) (Load, error) {
	first, last := -1, -1
	for i, v := range g.minutes {
		if !math.IsNaN(v) {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return Load{}, ErrNone
	}
	out := Load{
		Trace:  trace.Trace{Start: g.start.Add(time.Duration(first) * minute), Step: minute, Requests: g.minutes[first : last+1]},
		Coarse: max(0, min(coarse, last+1)-first),
	}
	out.fill()
	return out, nil
}

// fill fills the gaps, which have a known minute on both sides.
func (l *Load) fill() {
	all := l.Trace.Requests
	for i := 0; i < len(all); i++ {
		if !math.IsNaN(all[i]) {
			continue
		}
		end := i
		for math.IsNaN(all[end]) {
			end++
		}
		value := 0.0
		l.Missing += end - i
		if end-i <= longestGap {
			value = (all[i-1] + all[end]) / 2
		} else {
			l.Zero += end - i
		}
		for ; i < end; i++ {
			all[i] = value
		}
	}
}
