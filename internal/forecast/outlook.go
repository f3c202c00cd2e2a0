package forecast

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Outlook is what may come after a moment.
type Outlook struct {
	model   *Model
	past    *past
	through time.Time
	late    float64 // the spread of the last minutes
	// base is the load before the last minute, and jump by how much that is above it where
	// it is so by more than it ever is; 0 where not.
	base, jump float64
}

// newOutlook returns what may come after a past, whose last minutes had a spread.
func newOutlook(m *Model, p *past, through time.Time, late float64) Outlook {
	const unusual = 4
	o := Outlook{model: m, past: p, through: through}
	if !math.IsNaN(late) {
		o.late = late
	}
	n := p.minutes()
	o.base = p.mean(n-1-windows()[2], n-1)
	if height := p.mean(n-1, n) - o.base; height > unusual*o.spread(o.base) {
		o.jump = height
	}
	return o
}

// late is how many of the last minutes their spread is of.
const late = 30

// measured reports whether a load can be one. No service has a trillion requests in a
// minute, and the squares of what is less are finite.
func measured(load float64) bool { return load >= 0 && load <= 1e12 }

// What a forecast must be for it to be followed.
const (
	// learned is for how many minutes errors must be known: the first are known after 66.
	learned = 61
	// known is how many of the recent minutes must have been measured.
	known = Recent * 2 / 3
	// trusted bounds Model.Misses: three times as many as there should be.
	trusted = 3 * unlikely
)

// Outlook returns what may come after the last of some minutes, which ends at through.
// recent has their loads, oldest first, the last Recent of them counting; one that was
// not measured is NaN. An error says why the model is not to be followed: too little is
// known, what was learned is old, or its forecasts were bad of late.
func (m *Model) Outlook(recent []float64, through time.Time) (Outlook, error) {
	if err := m.fit(through); err != nil {
		return Outlook{}, err
	}
	var p, offs past
	n := 0
	for _, load := range recent[max(0, len(recent)-Recent):] {
		if _, measured := p.observe(load); measured {
			n++
		}
	}
	if n < known {
		return Outlook{}, fmt.Errorf("of the last %d minutes %d were measured, %d are needed", Recent, n, known)
	}
	for i := p.minutes() - late + 1; i <= p.minutes(); i++ {
		offs.add(m.off(&p, i), p.counts[i] > p.counts[i-1])
	}
	return newOutlook(m, &p, through, offs.seen(0, late)), nil
}

// fit says why a model cannot be followed at a time.
func (m *Model) fit(at time.Time) error {
	switch age := at.Sub(m.Through); {
	case m.Mean <= 0:
		return errors.New("it was learned of no load")
	case m.Judged < learned:
		return fmt.Errorf("its forecasts were held to %d minutes, %d are needed", m.Judged, learned)
	case age > MaxAge:
		return fmt.Errorf("it was learned %s ago, which is more than %s", age.Round(time.Minute), MaxAge)
	case m.Misses > trusted:
		return fmt.Errorf("of late %.0f %% of the minutes had more load than one of ten should have", 100*m.Misses)
	}
	return nil
}

func (o Outlook) experts(ahead int) [experts]float64 {
	return ask(o.past, ahead, func(window, ahead int) float64 { return o.model.ratio(o.through, window, ahead) })
}

// Point is a forecast for one minute: what is expected, and the unit that errors are
// measured by.
type Point struct {
	Median, Spread float64
	tail           *Histogram
}

// At returns the forecast for the minute that ends so many minutes ahead, one at least.
func (o Outlook) At(ahead int) Point {
	median := o.median(o.experts(ahead))
	unit := o.model.unit()
	return Point{median, o.spreads(median)[unit], o.model.tail(unit, ahead)}
}

// median is what is expected by what the experts say; after a jump at least the load if
// as much of it stays as did of those before.
func (o Outlook) median(of [experts]float64) float64 {
	const first, count = 0.8, 3 // until some were seen most is taken to stay
	mixed := o.model.mix(of)
	if o.jump == 0 {
		return mixed
	}
	return max(mixed, o.base+o.jump*o.model.Jumps.mean(first, count))
}

// Exceeded returns the chance that the load is above another, from 0 to 1.
func (p Point) Exceeded(load float64) float64 { return p.tail.exceed((load - p.Median) / p.Spread) }

// spread is the usual spread at the level of a load, drawn halfway to that of the last
// minutes.
func (o Outlook) spread(load float64) float64 { return o.spreads(load)[byMoment] }

// spreads has the units that errors of a forecast may be measured by.
func (o Outlook) spreads(load float64) (out [units]float64) {
	const least = 0.01
	m := o.model
	level := m.level(load)
	sum, weight := 0.0, 0.0
	for _, s := range m.Spread[max(0, level-1):min(levels, level+2)] {
		sum += s.Sum
		weight += s.Weight
	}
	if weight < 30 {
		sum, weight = 0, 0
		for _, s := range m.Spread {
			sum += s.Sum
			weight += s.Weight
		}
	}
	usual := sum / max(weight, 1)
	out[byMoment] = m.base(load) * max(math.Sqrt(usual*max(o.late, usual/10)), least)
	out[byLevel] = m.base(load) * max(usual, least)
	out[byMean] = m.Mean
	return out
}

// tail returns the errors at the step of the ladder that is not below a horizon, the
// longest one for one beyond.
func (m *Model) tail(unit, ahead int) *Histogram {
	for step, h := range horizons() {
		if h >= ahead {
			return &m.Tails[unit][step]
		}
	}
	return &m.Tails[unit][steps-1]
}
