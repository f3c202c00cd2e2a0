// Package trace has loads over time: those of CSV files, and made-up ones. It is pure
// but for the reader and the writer that it is given.
package trace

import (
	"math"
	"slices"
	"time"
)

const minute = time.Minute

// Trace is a load: the requests that arrive in each step from Start on. Step is
// whole seconds that divide a minute, or whole minutes.
type Trace struct {
	Start    time.Time
	Step     time.Duration
	Requests []float64
}

// Total returns all requests of the trace.
func (t Trace) Total() float64 {
	sum := 0.0
	for _, r := range t.Requests {
		sum += r
	}
	return sum
}

// Quantile returns the smallest number of requests that at least the share q of
// the steps do not exceed, 0 for an empty trace. q is above 0 and at most 1.
func (t Trace) Quantile(q float64) float64 {
	if len(t.Requests) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(t.Requests))
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

// Minutes returns the trace in steps of a minute, with the same total. Shorter
// steps are added up; the last minute may then be incomplete. Longer steps are
// spread evenly, because how they were filled is not known. The start moves to
// the beginning of its minute, where the datapoints of CloudWatch begin.
func (t Trace) Minutes() Trace {
	out := Trace{Start: t.Start.Truncate(minute), Step: minute}
	if t.Step >= minute {
		n := int(t.Step / minute)
		for _, r := range t.Requests {
			out.Requests = append(out.Requests, slices.Repeat([]float64{r / float64(n)}, n)...)
		}
		return out
	}
	for part := range slices.Chunk(t.Requests, int(minute/t.Step)) {
		out.Requests = append(out.Requests, Trace{Requests: part}.Total())
	}
	return out
}
