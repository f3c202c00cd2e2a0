package forecast

import (
	"math"
	"time"
)

// The profile of a day: slots, and how many days are looked back.
const (
	slot     = 5 // minutes
	daySlots = 24 * 60 / slot
	lookBack = 14 // days
	// ahead is for how many slots after the renewal there is a profile: a day, and the
	// longest horizon.
	ahead = daySlots + 12
	// behind is for how many before.
	behind = 12
)

// profile returns the profile from behind slots before minute n of p on, nil when there
// is no day before to learn from.
//
// Days count less the longer they are gone, but for those of the same day of the week.
// Each counts by its own mean: a day of much load is no better a guide than another. What
// was not measured counts nothing: a gap at the time of a peak is no day without one.
func profile(p *past, n int) []float64 {
	const fading, weekly = 0.8, 3.0
	first := n/slot - behind
	out, weights := make([]float64, behind+ahead), make([]float64, behind+ahead)
	known := false
	weight := 1.0
	for d := 1; d <= lookBack; d++ {
		from := n - d*24*60 - behind*slot
		if from < 0 {
			break
		}
		w := weight
		if d%7 == 0 {
			w = weekly
		}
		weight *= fading
		mean := p.seen(from, from+24*60)
		if !(mean > 0) {
			continue
		}
		known = true
		for i := range out {
			// What this day does not have yet, the day before it has.
			at := (first+i)*slot - d*24*60
			if at+slot > n {
				at -= 24 * 60
			}
			if v := p.seen(at, at+slot); !math.IsNaN(v) {
				out[i] += w * v / mean
				weights[i] += w
			}
		}
	}
	if !known {
		return nil
	}
	last := 1.0 // where no day knows a slot it is as the one before
	for i, w := range weights {
		if w > 0 {
			last = out[i] / w
		}
		out[i] = last
	}
	return out
}

// ratio returns by how much the profile changes from the window that ends at now until
// a time after it, 1 when there is no profile for it.
func (m *Model) ratio(now time.Time, window, ahead int) float64 {
	const most = 5
	here := m.profiled(now.Add(-time.Duration(window) * time.Minute / 2))
	there := m.profiled(now.Add(time.Duration(ahead)*time.Minute - time.Minute/2))
	if !(here > 0) || math.IsNaN(there) {
		return 1
	}
	return math.Min(math.Max(there/here, 1.0/most), most)
}

// profiled is the profile at a time, between the middles of its slots.
func (m *Model) profiled(at time.Time) float64 {
	x := at.Sub(m.SeasonFrom).Minutes()/slot - 0.5
	i := int(math.Floor(x))
	if i < 0 || i+1 >= len(m.Season) {
		return math.NaN()
	}
	part := x - float64(i)
	return m.Season[i]*(1-part) + m.Season[i+1]*part
}
