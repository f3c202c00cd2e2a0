// Package forecast says what the load of the next minutes may be, by what it was: a
// value for each of the coming minutes, and how likely it is to be exceeded. It is pure
// and deterministic.
//
// # How it forecasts
//
// Several simple forecasts are made side by side: means of the last minutes, short and
// long, a trend, and the level of now carried along the profile of the day, which is
// learned of up to fourteen days, the same day of the week counting most. They are
// mixed by how far off each was of late (Herbster and Warmuth, "Tracking the best
// expert", 1998, is the idea; here every weight follows from a mean error with
// exponential forgetting). No one of them needs to be right always: on a load without a
// daily pattern the profile gets no weight, after a shift of the level the short means
// get it all.
//
// When the last minute has much more load than those before it, by more than it ever
// varies, the forecast is at least that much of the jump as has stayed of others.
//
// How far off all this was, at each of a ladder of horizons, is kept as a distribution of
// errors. So the chance that a load is exceeded follows from the forecast's own past,
// without any assumption of a normal distribution. Errors are measured in three units: the
// spread of the moment, which is the usual one at this level of load, drawn halfway to
// that of the last minutes, because bursts come in swarms; what is usual at this level;
// and the mean load. Where bursts come from nowhere the spread of the moment says nothing
// of the next one. That unit is gone by whose distribution has been the best measure of
// late.
//
// # Learning and forecasting
//
// A Learner takes the load minute by minute and forecasts as it goes, so that what it
// learns of its errors is what they would have been. Once an hour it renews the profile.
// Its Model is all that a forecast needs beside the load of the last Recent minutes,
// and small enough to be stored.
package forecast

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"time"
)

// Lookback is how much of the past a forecast is learned of, and MaxAge for how long
// what was learned is good: the profile of the day ends soon after.
const (
	Lookback = lookBack * 24 * time.Hour
	MaxAge   = 24 * time.Hour
)

// form is the version of a model's form. One of another form is not understood.
const form = 1

// Recent is how many of the last minutes a forecast goes by.
const Recent = 45

// renewal is after how many minutes the profile of the day is renewed.
const renewal = 60

// horizons is the ladder of minutes ahead at which errors are learned, which has so many
// steps.
func horizons() [steps]int { return [steps]int{2, 4, 6, 9, 12, 16, 24, 36} }

const steps = 8

// Model is what has been learned of a load.
type Model struct {
	// Form is the version of the form that follows, 0 for a model that knows nothing.
	Form int `json:"form"`
	// Through is the end of the last minute that was learned of, and Minutes how many
	// there were.
	Through time.Time `json:"through"`
	Minutes int       `json:"minutes"`
	// Judged is for how many minutes forecasts at every horizon were held to what came.
	Judged int `json:"judged"`
	// Mean is the mean load, which small loads are measured by.
	Mean float64 `json:"mean"`
	// Season is the profile of the day in slots of five minutes from SeasonFrom on, in
	// any unit, empty before the second day.
	Season     []float64 `json:"season,omitempty"`
	SeasonFrom time.Time `json:"seasonFrom,omitzero"`
	// Error is the mean absolute error of the forecasts of late, nine minutes ahead,
	// as a share of the mean load.
	Error float64 `json:"error"`
	// Misses is the share of the minutes of late whose load was above what one of ten
	// was expected to be above.
	Misses float64 `json:"misses"`
	// Errors has the mean absolute error of every expert.
	Errors [experts]float64 `json:"errors"`
	// Jumps is how much of a jump of the load was still there nine minutes later.
	Jumps faded `json:"jumps"`
	// Spread has the usual spread at every level, as a share of the load.
	Spread [levels]faded `json:"spread"`
	// Tails has the distribution of errors at every horizon of the ladder, in every unit,
	// and Losses how bad the unit has been as a measure of late.
	Tails  [units][steps]Histogram `json:"tails"`
	Losses [units]float64          `json:"losses"`
}

// Check says what is wrong with a model that was read, as far as it could make a
// forecast go wrong.
func (m *Model) Check() error {
	if m.Form != form {
		return fmt.Errorf("its form is %d, the one known here is %d", m.Form, form)
	}
	if len(m.Season) > behind+ahead {
		return fmt.Errorf("its profile has %d slots", len(m.Season))
	}
	const least = 1e-9 // what a mean load is at least, if it is one
	if m.Mean > 0 && m.Mean < least {
		return errors.New("it has numbers that no model has")
	}
	for u := range m.Tails {
		for i := range m.Tails[u] {
			if m.Judged > 0 && m.Tails[u][i].total() == 0 {
				return errors.New("it knows of no errors")
			}
		}
	}
	for v := range m.numbers() {
		if !(v >= 0 && v <= 1e30) {
			return errors.New("it has numbers that no model has")
		}
	}
	return nil
}

// numbers yields all that a forecast is computed of.
func (m *Model) numbers() iter.Seq[float64] {
	lists := [][]float64{{m.Mean, m.Error, m.Misses, m.Jumps.Sum, m.Jumps.Weight}, m.Season, m.Errors[:], m.Losses[:]}
	for _, s := range m.Spread {
		lists = append(lists, []float64{s.Sum, s.Weight})
	}
	for u := range m.Tails {
		for i := range m.Tails[u] {
			lists = append(lists, m.Tails[u][i].Counts[:])
		}
	}
	return func(yield func(float64) bool) {
		for _, list := range lists {
			for _, v := range list {
				if !yield(v) {
					return
				}
			}
		}
	}
}

// faded is a mean with forgetting: a sum by a weight.
type faded struct {
	Sum    float64 `json:"s"`
	Weight float64 `json:"w"`
}

// add takes in a value. After keep values one counts a third of a new one.
func (f *faded) add(v, keep float64) {
	f.Sum += v - f.Sum/keep
	f.Weight += 1 - f.Weight/keep
}

// mean is that of all values, and of one before them all that counts as so many.
func (f faded) mean(first, count float64) float64 {
	return (f.Sum + first*count) / (f.Weight + count)
}

// The units that errors are measured by: by the spread of the moment, by what is usual at
// the level of load, and by the mean load.
const (
	byMoment = iota
	byLevel
	byMean
	units
)

// unit is the one that has measured errors best of late.
func (m *Model) unit() int {
	best := byMoment
	for u, loss := range m.Losses {
		if loss < m.Losses[best] {
			best = u
		}
	}
	return best
}

// levels is how many levels of load are told apart: halves of a doubling.
const levels = 24

// level is the level of a load, by the mean.
func (m *Model) level(load float64) int {
	l := int(math.Round(2*math.Log2(load/m.Mean+0.01))) + 14
	return min(max(l, 0), levels-1)
}

// base is the unit in which spread is a share: the load, or a tenth of the mean if that
// is more.
func (m *Model) base(load float64) float64 { return math.Max(load, m.Mean/10) }
