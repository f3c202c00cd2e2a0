package trace

import (
	"math"
	"math/rand/v2"
)

// Shape is a made-up load that is typical of something.
type Shape struct {
	Name  string
	Trace Trace
}

// shapeDays is how long a shape is: two weeks, so that each day of the week is there
// twice.
const shapeDays = 14

// Shapes returns made-up loads of fourteen days, each of another kind: a regular day, a
// working week, bursts, a level that shifts twice, short spikes upon a day, and jobs that
// are on or off. Equal seeds give equal loads.
func Shapes(seed uint64) []Shape {
	kinds := []struct {
		name string
		load func(*rand.Rand) func(minute int) float64
	}{
		{"bursts", bursts}, {"daily", daily}, {"on-off", onOff}, {"shift", shift}, {"spikes", spikes}, {"weekly", weekly},
	}
	out := make([]Shape, len(kinds))
	for i, kind := range kinds {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		load, wander := kind.load(random), 0.0
		t := Trace{Start: Epoch(), Step: minute}
		for m := range shapeDays * 24 * 60 {
			// Half of the noise stays for about half an hour, as that of users does.
			wander = 0.97*wander + 0.015*random.NormFloat64()
			requests := load(m) * math.Exp(wander)
			requests += math.Sqrt(requests) * random.NormFloat64()
			t.Requests = append(t.Requests, math.Round(max(0, requests)))
		}
		out[i] = Shape{kind.name, t}
	}
	return out
}

// daily is the same day again and again.
func daily(*rand.Rand) func(int) float64 {
	return func(m int) float64 { return rhythm(hourOf(m)) }
}

// weekly is a working week: little on Saturdays and Sundays.
func weekly(*rand.Rand) func(int) float64 {
	return func(m int) float64 {
		if dayOf(m)%7 >= 5 {
			return 0.3 * rhythm(hourOf(m))
		}
		return rhythm(hourOf(m))
	}
}

// shift is a weaker day on a level that more than doubles at once, on the sixth day, and
// falls to about half on the eleventh, as when a customer comes and another goes.
func shift(*rand.Rand) func(int) float64 {
	return func(m int) float64 {
		load := 1500 + 0.3*rhythm(hourOf(m))
		switch {
		case m >= 10*24*60+14*60:
			return 1.2 * load
		case m >= 5*24*60+11*60:
			return 2.5 * load
		}
		return load
	}
}

// spikes is a day upon which there come spikes, three a day in the mean, that multiply
// the load within a minute or two and are gone in a quarter of an hour.
func spikes(r *rand.Rand) func(int) float64 {
	height := 0.0
	return func(m int) float64 {
		height *= 0.85
		if r.IntN(24*60/3) == 0 {
			height = 1 + 2*r.Float64()
		}
		return rhythm(hourOf(m)) * (1 + height)
	}
}

// bursts is little load at any hour, in bursts that follow one another: each makes the
// next more likely.
func bursts(r *rand.Rand) func(int) float64 {
	heat := 0.0
	return func(int) float64 {
		heat *= 0.93
		if r.Float64() < 0.02+0.02*heat {
			heat += r.ExpFloat64()
		}
		return 60 + 400*heat
	}
}

// onOff is jobs that are on for one to five hours and off for one to seven.
func onOff(r *rand.Rand) func(int) float64 {
	on, left := false, 0
	return func(int) float64 {
		if left == 0 {
			on = !on
			left = 60 + r.IntN(4*60)
			if !on {
				left = 60 + r.IntN(6*60)
			}
		}
		left--
		if on {
			return 3000
		}
		return 50
	}
}

func hourOf(m int) float64 { return float64(m%(24*60)) / 60 }

func dayOf(m int) int { return m / (24 * 60) }
