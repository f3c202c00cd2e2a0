// Package capacity estimates what an instance serves from what it did. It is pure: equal
// inputs give equal estimates.
//
// # How
//
// By the utilization law the utilization of a resource is the load times what one
// request takes of it, so load by utilization is the load at which it is used up. The
// line goes through the origin and is the one with the least absolute errors: few
// minutes that are far off, such as those in which an instance was starting, do not move
// it. It is believed only when it can be: the load differed, the resource was not idle,
// the busier half of the minutes says the same as the other, and most are near the line.
//
// It is a bound from above: requests wait longer long before a resource is used up, and
// another resource may be used up first. What an instance serves in time a load test
// says, and nothing else.
package capacity

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Sample is one minute of an instance. Block is what varies together, such as the hour:
// minutes of one block are not independent of each other. Utilization is from 0 to 1.
type Sample struct {
	Block             int
	Load, Utilization float64
}

// Estimate is the load at which the resource is used up, with the interval that has it
// at 95 %, and the highest utilization that was seen, all but a hundredth of the minutes
// being below it.
type Estimate struct {
	Load, Low, High float64
	Busiest         float64
}

// ErrNoFit says why samples do not tell the capacity.
var ErrNoFit = errors.New("the utilization does not tell the capacity")

// What makes a fit one to believe.
const (
	leastBlocks   = 12
	leastSamples  = 120
	leastBusiest  = 0.2  // else the line is drawn out more than fivefold
	leastSpread   = 1.5  // of the loads, from the tenth to the ninetieth of a hundred
	mostCurvature = 0.2  // between the lines of the two halves
	mostError     = 0.15 // of the median minute
	enoughLoad    = 0.25 // of the busy minutes: with less, other things use the resource
	resamples     = 400
)

// ByUtilization estimates by the utilization law. It is ErrNoFit, with the reason, when
// the samples do not tell.
func ByUtilization(samples []Sample) (Estimate, error) {
	all := busy(samples)
	blocks := map[int]bool{}
	for _, s := range all {
		blocks[s.Block] = true
	}
	if len(all) < leastSamples || len(blocks) < leastBlocks {
		return Estimate{}, fmt.Errorf("%w: %d busy minutes in %d hours are too few, at least %d in %d are needed",
			ErrNoFit, len(all), len(blocks), leastSamples, leastBlocks)
	}
	slope := line(all, nil)
	if err := judge(all, slope); err != nil {
		return Estimate{}, err
	}
	out := Estimate{Load: 1 / slope, Busiest: quantile(all, Sample.utilization, 0.99)}
	out.Low, out.High = interval(all)
	return out, nil
}

func (s Sample) utilization() float64 { return s.Utilization }
func (s Sample) load() float64        { return s.Load }

// ratio is the utilization that one request a minute makes.
func (s Sample) ratio() float64 { return s.Utilization / s.Load }

// busy returns the samples with enough load, by their ratios.
func busy(samples []Sample) []Sample {
	var out []Sample
	enough := enoughLoad * quantile(samples, Sample.load, 0.99)
	for _, s := range samples {
		if s.Load > 0 && s.Load >= enough && s.Utilization >= 0 {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b Sample) int {
		switch ra, rb := a.ratio(), b.ratio(); {
		case ra < rb:
			return -1
		case ra > rb:
			return 1
		}
		return 0
	})
	return out
}

// quantile returns the value that the share q of the samples does not exceed.
func quantile(samples []Sample, of func(Sample) float64, q float64) float64 {
	if len(samples) == 0 {
		return 0
	}
	all := make([]float64, len(samples))
	for i, s := range samples {
		all[i] = of(s)
	}
	slices.Sort(all)
	return all[max(0, int(math.Ceil(q*float64(len(all))))-1)]
}

// line returns the slope of the line through the origin with the least absolute errors:
// the median of the ratios, each weighing as much as its load. The samples are in the
// order of their ratios; times says how often a block counts, once when nil.
func line(sorted []Sample, times map[int]int) float64 {
	weight := func(s Sample) float64 {
		if times == nil {
			return s.Load
		}
		return s.Load * float64(times[s.Block])
	}
	total := 0.0
	for _, s := range sorted {
		total += weight(s)
	}
	sum := 0.0
	for _, s := range sorted {
		if sum += weight(s); sum >= total/2 {
			return s.ratio()
		}
	}
	return 0
}

// judge says why a line is not to be believed.
func judge(sorted []Sample, slope float64) error {
	busiest := quantile(sorted, Sample.utilization, 0.99)
	if !(slope > 0) || busiest < leastBusiest {
		return fmt.Errorf("%w: it was %.0f %% at most, less than %.0f %%", ErrNoFit, 100*busiest, 100*leastBusiest)
	}
	if spread := quantile(sorted, Sample.load, 0.9) / quantile(sorted, Sample.load, 0.1); spread < leastSpread {
		return fmt.Errorf("%w: the load of an instance hardly differed", ErrNoFit)
	}
	var low, high []Sample
	middle := quantile(sorted, Sample.load, 0.5)
	for _, s := range sorted {
		if s.Load <= middle {
			low = append(low, s)
		} else {
			high = append(high, s)
		}
	}
	if curved := math.Abs(line(high, nil)/line(low, nil) - 1); !(curved <= mostCurvature) {
		return fmt.Errorf("%w: it does not grow in proportion to the load", ErrNoFit)
	}
	off := func(s Sample) float64 { return math.Abs(s.Utilization-slope*s.Load) / (slope * s.Load) }
	if wrong := quantile(sorted, off, 0.5); wrong > mostError {
		return fmt.Errorf("%w: half of the minutes are more than %.0f %% off", ErrNoFit, 100*wrong)
	}
	return nil
}

// interval returns what 99 % of the capacities are within that are found when whole
// blocks are drawn at random, with the same draws every time. Of a few dozen blocks such
// an interval has the capacity in 95 % of the cases.
func interval(sorted []Sample) (low, high float64) {
	var blocks []int
	for _, s := range sorted {
		blocks = append(blocks, s.Block)
	}
	slices.Sort(blocks)
	blocks = slices.Compact(blocks)
	random := rand.New(rand.NewPCG(1, 0))
	found := make([]float64, resamples)
	for i := range found {
		times := map[int]int{}
		for range blocks {
			times[blocks[random.IntN(len(blocks))]]++
		}
		found[i] = 1 / line(sorted, times)
	}
	slices.Sort(found)
	return found[resamples/200], found[resamples-1-resamples/200]
}

// AtLeast returns the load of an instance that all but a thousandth of the minutes do not
// exceed: what it served, as far as it did, and so a bound from below. 0 without loads.
func AtLeast(loads []float64) float64 {
	samples := make([]Sample, len(loads))
	for i, l := range loads {
		samples[i].Load = l
	}
	return quantile(samples, Sample.load, 0.999)
}
