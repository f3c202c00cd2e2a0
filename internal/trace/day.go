package trace

import (
	"math"
	"math/rand/v2"
	"time"
)

// Epoch is when a trace without dates begins, a Monday.
func Epoch() time.Time { return time.Date(2026, time.November, 23, 0, 0, 0, 0, time.UTC) }

// Day returns a made-up day of 1440 minutes: a quiet night, a morning and an
// afternoon with a dip at lunch, a smaller evening, noise, and one flash crowd at
// 20:15 that triples the load within four minutes. Equal seeds give equal days.
func Day(seed uint64) Trace {
	noise := rand.New(rand.NewPCG(seed, 0))
	t := Trace{Start: Epoch(), Step: minute}
	for m := range 24 * 60 {
		load := rhythm(float64(m)/60) * crowd(m-(20*60+15))
		load *= 1 + 0.05*noise.NormFloat64()
		t.Requests = append(t.Requests, math.Round(max(0, load)))
	}
	return t
}

// Scale returns the trace with every step multiplied.
func (t Trace) Scale(factor float64) Trace {
	scaled := make([]float64, len(t.Requests))
	for i, r := range t.Requests {
		scaled[i] = r * factor
	}
	t.Requests = scaled
	return t
}

// rhythm is the load of an hour of the day without noise and crowds.
func rhythm(hour float64) float64 {
	return 400 + bell(hour, 10.3, 1.5, 5800) + bell(hour, 15.2, 1.7, 6200) + bell(hour, 20.5, 1.6, 2400)
}

// bell is a bump of that height around a center.
func bell(x, center, width, height float64) float64 {
	d := (x - center) / width
	return height * math.Exp(-d*d/2)
}

// crowd is the factor of a flash crowd that began so many minutes ago: up to 3
// within four minutes, for half an hour, then fading.
func crowd(since int) float64 {
	switch {
	case since < 0:
		return 1
	case since < 4:
		return 1 + 2*float64(since+1)/4
	case since < 34:
		return 3
	}
	return 1 + 2*math.Exp(-float64(since-34)/15)
}
