package forecast_test

import (
	"math"
	"reflect"
	"testing"

	"sagescale/internal/forecast"
)

// share is how much of the errors of a step of the ladder lies in the bins from first to
// before last.
func share(h forecast.Histogram, first, last int) float64 {
	sum, all := 0.0, 0.0
	for i, c := range h.Counts {
		if all += c; i >= first && i < last {
			sum += c
		}
	}
	return sum / all
}

// What was learned of errors fades as long as new ones come: of experts in 2000 minutes
// to a third, of the minutes above what was expected in 120, of the distribution in 3000.
func TestMemory(t *testing.T) {
	const later = 1000
	fade := func(keep float64) float64 { return math.Pow(1-1/keep, later) }
	loads := minutes(400+later, func(i int) float64 {
		if i < 300 {
			return 500 + float64(10*i) // behind which every expert falls
		}
		return 3500
	})
	l := learn(loads[:400])
	before := l.Model()
	for _, load := range loads[400:] {
		l.Observe(load) // which is just as expected
	}
	after := l.Model()
	for i, e := range before.Errors {
		if got, want := after.Errors[i], e*fade(2000); e < 1e-3 || !same(got, want) {
			t.Errorf("expert %d: %v after %v, want %v", i, got, e, want)
		}
	}
	if got, want := after.Error, before.Error*fade(2000); !same(got, want) {
		t.Errorf("error: %v after %v, want %v", got, before.Error, want)
	}
	if got, want := after.Misses, before.Misses*fade(120); before.Misses < 1e-3 || !same(got, want) {
		t.Errorf("misses: %v after %v, want %v", got, before.Misses, want)
	}
	// A new error counts 1/3000 more than the one before it.
	weight := func(errors int) float64 { return math.Pow(1+1/3000.0, float64(errors)) - 1 }
	for step, ahead := range []int{2, 4, 6, 9, 12, 16, 24, 36} {
		known := 400 - 30 - ahead + 1
		was, is := before.Tails[byMean][step], after.Tails[byMean][step]
		old, want := share(was, 38, 96), share(was, 38, 96)*weight(known)/weight(known+later)
		if got := share(is, 38, 96); old < 0.02 || math.Abs(got-want) > 1e-5 {
			t.Errorf("%d minutes ahead: %v of the errors are large after %v, want %v", ahead, got, old, want)
		}
	}
	if before.Judged != 400-30-36+1 || after.Judged != before.Judged+later {
		t.Errorf("judged for %d minutes, then for %d", before.Judged, after.Judged)
	}
}

// The spread of the last 2000 minutes at a level is known, from the twelfth minute on.
func TestMemoryOfSpread(t *testing.T) {
	for _, n := range []int{11, 12, 13, 400} {
		m := learn(minutes(n, hundred)).Model()
		if got, want := m.Spread[14].Weight, 2000*(1-math.Pow(1-1/2000.0, float64(max(0, n-11)))); !same(got, want) {
			t.Errorf("after %d minutes a weight of %v, want %v", n, got, want)
		}
	}
}

// After two months new errors count as they did before: what has become large beside them
// is made small.
func TestMemoryOfMonths(t *testing.T) {
	const long, since = 82_990, 300 // minutes: a weight is beyond 1e12 after 82,907 errors
	l := learn(minutes(long, hundred))
	for i := range since {
		l.Observe(1000 * float64(1+i%2))
	}
	want := 1 - math.Pow(1+1/3000.0, -since)
	for step, h := range l.Model().Tails[byMean] {
		if got := 1 - share(h, 37, 38); math.Abs(got-want) > 0.002 {
			t.Errorf("step %d: of the last %d errors are %v, want %v", step, since, got, want)
		}
	}
}

// How bad a unit is as a measure says the pinball loss of the load that is exceeded once
// in eight times, by the errors before.
func TestLosses(t *testing.T) {
	loads := minutes(40, func(i int) float64 {
		if i < 38 {
			return 1000
		}
		return 0
	})
	l := learn(loads[:39])
	for u, loss := range l.Model().Losses { // that of the first error there is, by none before
		if want := 0.125 / 2000; !same(loss, want) {
			t.Errorf("unit %d: %v, want %v", u, loss, want)
		}
	}
	l.Observe(loads[39])
	// The one before was below all bins, so that an eighth of what is known is above an
	// eighth of the first bin. A spread is a hundredth of the load.
	eighth := math.Sinh(-math.Asinh(8) + 0.875/96*(4.38203+math.Asinh(8)))
	want := 0.125/2000*(1-1/2000.0) + 0.125*(1000+10*eighth)/(38000/39.0)/2000
	if got := l.Model().Losses; !same(1e4*got[byLevel], 1e4*want) || !same(1e4*got[byMoment], 1e4*want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// A load in another unit is learned the same way.
func TestScaleOfALoad(t *testing.T) {
	const unit = 1 << 16 // a power of two, so that nothing is rounded
	loads := minutes(day+200, chequered)
	want := learn(loads).Model()
	got := learn(minutes(len(loads), func(i int) float64 { return loads[i] / unit })).Model()
	got.Mean *= unit
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// Nothing is learned of a time before the first load but that there was none.
func TestLoadThatBeginsLate(t *testing.T) {
	m := learn(minutes(400, func(i int) float64 {
		if i < 100 {
			return 0
		}
		return 100
	})).Model()
	if err := m.Check(); err != nil || !same(m.Mean, 75) || m.Judged != 300-36 || m.Minutes != 400 {
		t.Errorf("%v, a mean of %v, judged for %d of %d minutes", err, m.Mean, m.Judged, m.Minutes)
	}
	if w := m.Spread[1].Weight; w != 0 { // that of a load much below the mean, which was not there
		t.Errorf("a spread of weight %v", w)
	}
}
