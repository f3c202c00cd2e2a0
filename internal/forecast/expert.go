package forecast

import (
	"math"
	"slices"
)

// The experts: means of the last so many minutes, a trend, and the profile of the day
// from two levels.
const (
	experts = 7
	trend   = 4
)

func windows() [4]int  { return [4]int{3, 6, 12, 30} }
func seasonal() [2]int { return [2]int{6, 15} }

// past is a load up to now, of which means can be taken.
//
// All but sums is of the minutes that were measured alone.
type past struct {
	sums     []float64 // sums[i] is that of the first i minutes
	measured []float64
	counts   []int
}

func (p *past) add(load float64, known bool) {
	if len(p.sums) == 0 {
		p.sums, p.measured, p.counts = make([]float64, 1), make([]float64, 1), make([]int, 1)
	}
	n := len(p.sums) - 1
	sum, count := p.measured[n], p.counts[n]
	if known {
		sum, count = sum+load, count+1
	}
	p.sums, p.measured, p.counts = append(p.sums, p.sums[n]+load), append(p.measured, sum), append(p.counts, count)
}

// observe adds a load; one that was not measured is taken to be as the minutes before.
func (p *past) observe(load float64) (taken float64, known bool) {
	const least = 1e-6 // of a request: next to nothing by itself, but not beside nothing
	n := p.minutes()
	switch known = measured(load); {
	case !known:
		if load = p.mean(n-windows()[1], n); math.IsNaN(load) {
			load = 0 // nothing is known before it
		}
	case load < least:
		load = 0
	}
	p.add(load, known)
	return load, known
}

// minutes is how many there are.
func (p *past) minutes() int { return max(0, len(p.sums)-1) }

// mean is that of the minutes from first to before last, as far as first is there, NaN of
// none.
func (p *past) mean(first, last int) float64 {
	first = max(first, 0)
	if last <= first {
		return math.NaN()
	}
	return (p.sums[last] - p.sums[first]) / float64(last-first)
}

// seen is the mean of the minutes from first to before last that were measured, NaN of
// none.
func (p *past) seen(first, last int) float64 {
	return (p.measured[last] - p.measured[first]) / float64(p.counts[last]-p.counts[first])
}

// known is how many minutes were measured.
func (p *past) known() int { return p.counts[len(p.counts)-1] }

// ask asks every expert for the load so many minutes after the last one of p. ratio
// says by how much the profile changes until then from that of the last so many
// minutes.
func ask(p *past, ahead int, ratio func(window, ahead int) float64) [experts]float64 {
	var out [experts]float64
	n := p.minutes()
	for i, w := range windows() {
		out[i] = p.mean(n-w, n)
	}
	out[trend] = along(p, ahead)
	for i, w := range seasonal() {
		out[trend+1+i] = p.mean(n-w, n) * ratio(w, ahead)
	}
	return out
}

// along carries the trend of the last quarter of an hour on, damped.
func along(p *past, ahead int) float64 {
	const half, damped = 8, 0.7
	n := p.minutes()
	level, before := p.mean(n-half, n), p.mean(n-2*half, n-half)
	slope := (level - before) / half
	return math.Max(level+slope*damped*(float64(ahead)+half/2), level/2)
}

// mix mixes forecasts: the better an expert was, the more it counts.
func (m *Model) mix(forecasts [experts]float64) float64 {
	const sharpness = 20
	best := slices.Min(m.Errors[:])
	if !(best > 0) {
		return forecasts[1]
	}
	sum, weights := 0.0, 0.0
	for i, e := range m.Errors {
		w := math.Exp(-sharpness * (e/best - 1))
		sum += w * forecasts[i]
		weights += w
	}
	return sum / weights
}
