package forecast_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sagescale/internal/forecast"
)

func start() time.Time { return time.Date(2026, time.November, 2, 0, 0, 0, 0, time.UTC) }

// learn lets a learner meet a load.
func learn(loads []float64) *forecast.Learner {
	l := forecast.NewLearner(start())
	for _, v := range loads {
		l.Observe(v)
	}
	return l
}

// outlook is what may come after a load, by what was learned of it.
func outlook(t testing.TB, loads []float64) forecast.Outlook {
	t.Helper()
	m := learn(loads).Model()
	o, err := m.Outlook(loads[max(0, len(loads)-forecast.Recent):], start().Add(time.Duration(len(loads))*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// minutes makes a load of a function of the minute.
func minutes(n int, load func(minute int) float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = load(i)
	}
	return out
}

const day = 24 * 60

// rhythm is a load with a daily pattern, without noise.
func rhythm(minute int) float64 { return 1000 + 800*math.Sin(2*math.Pi*float64(minute)/day) }

func TestLevelLoad(t *testing.T) {
	o := outlook(t, minutes(400, func(int) float64 { return 700 }))
	for _, ahead := range []int{1, 7, 13, 36, 90} {
		p := o.At(ahead)
		if math.Abs(p.Median-700) > 1e-6 || p.Exceeded(770) > 0.01 || p.Exceeded(630) < 0.99 {
			t.Errorf("%d minutes ahead: %v, above 770 in %v, above 630 in %v", ahead, p.Median, p.Exceeded(770), p.Exceeded(630))
		}
	}
}

// After days with a pattern the load is followed around its bends, which no mean of the
// last minutes is.
func TestDailyPattern(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	loads := minutes(5*day, func(i int) float64 { return rhythm(i) * (1 + 0.02*r.NormFloat64()) })
	for _, at := range []int{0, 3, 6, 9, 12, 15, 18, 21} {
		n := 4*day + at*60
		got, want := outlook(t, loads[:n]).At(20).Median, rhythm(n+19)
		if math.Abs(got-want) > 0.04*want {
			t.Errorf("at %d:00: %v, want %v", at, got, want)
		}
	}
}

// A day of the week is like the one a week before.
func TestWeeklyPattern(t *testing.T) {
	weekend := func(i int) bool { return i/day%7 >= 5 }
	load := func(i int) float64 {
		if weekend(i) {
			return 500
		}
		return rhythm(i)
	}
	loads := minutes(14*day, load)
	saturday := 12*day + 5*60
	if got := outlook(t, loads[:saturday]).At(36).Median; math.Abs(got-500) > 60 {
		t.Errorf("on Saturday %v are expected, want about 500", got)
	}
}

// What shifts is followed within minutes, whatever the days before were like.
func TestLevelShift(t *testing.T) {
	loads := minutes(3*day+600, func(i int) float64 {
		if i >= 3*day+580 {
			return 3 * rhythm(i)
		}
		return rhythm(i)
	})
	n := len(loads)
	if got, want := outlook(t, loads).At(10).Median, 3*rhythm(n+9); math.Abs(got-want) > 0.15*want {
		t.Errorf("20 minutes after the shift %v are expected, want %v", got, want)
	}
}

// What was not measured is no day without a peak, and no part of the mean: gaps in the
// past change little.
func TestGapsOfThePast(t *testing.T) {
	load := func(i int) float64 {
		if m := i % day; m >= 600 && m < 720 {
			return 1000
		}
		return 200
	}
	n := 6*day + 590
	whole := minutes(n, load)
	gaps := minutes(n, func(i int) float64 {
		if d, m := i/day, i%day; d >= 4 && m >= 540 && m < 780 && d < 6 {
			return math.NaN()
		}
		return load(i)
	})
	full, part := outlook(t, whole).At(20).Median, outlook(t, gaps).At(20).Median
	if full < 600 || part < 0.8*full {
		t.Errorf("before the peak %v are expected, with gaps at its time on two days %v", full, part)
	}
	sparse := minutes(14*day, func(i int) float64 {
		switch {
		case i == 0:
			return 100
		case i < 14*day-300:
			return math.NaN()
		}
		return 1000
	})
	if m := learn(sparse).Model(); m.Mean < 950 || m.Judged > 300 {
		t.Errorf("of 301 minutes a mean of %v, judged by %d", m.Mean, m.Judged)
	}
}

// What jumps is followed at once, and less far where jumps have not lasted.
func TestJump(t *testing.T) {
	const from, to = 500.0, 4000.0
	steady := func(int) float64 { return from }
	jumped := func(past []float64) float64 { return outlook(t, append(past, to)).At(9).Median }
	if got := jumped(minutes(600, steady)); got < from+0.7*(to-from) || got > to {
		t.Errorf("after the first jump there is, %v are expected", got)
	}
	lasting := minutes(1800, func(i int) float64 {
		if i/180%2 == 1 {
			return to
		}
		return from
	})
	if got := jumped(append(lasting, minutes(179, steady)...)); got < from+0.8*(to-from) {
		t.Errorf("where jumps last, %v are expected", got)
	}
	peaks := minutes(1800, func(i int) float64 {
		if i%90 == 89 {
			return to
		}
		return from
	})
	if got := jumped(append(peaks, minutes(60, steady)...)); got > from+0.4*(to-from) {
		t.Errorf("where jumps are over in a minute, %v are expected", got)
	}
}

// Where bursts come from nowhere a burst says nothing of the next one: what is allowed for
// is as much as is exceeded so often, and not many times that.
func TestBurstsFromNowhere(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 0))
	heat := 0.0
	loads := minutes(8*day, func(int) float64 {
		if heat *= 0.93; r.Float64() < 0.03 {
			heat += r.ExpFloat64()
		}
		return (60 + 400*heat) * (1 + 0.05*r.NormFloat64())
	})
	l := learn(loads[:6*day])
	const once = 0.125
	allowed, n := 0.0, 0
	for i := 6 * day; i < 8*day; i++ {
		if i%7 == 0 {
			m := l.Model()
			o, err := m.Outlook(loads[i-forecast.Recent:i], start().Add(time.Duration(i)*time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			p, upper := o.At(13), 0.0
			for p.Exceeded(upper) > once {
				upper += 5
			}
			allowed += upper
			n++
		}
		l.Observe(loads[i])
	}
	sorted := slices.Sorted(slices.Values(loads[6*day:]))
	usual := sorted[len(sorted)*7/8]
	if mean := allowed / float64(n); mean > 1.3*usual || mean < 0.7*usual {
		t.Errorf("on the average %v are allowed for, one of eight minutes has more than %v", mean, usual)
	}
}

// One day without load, or with ten times as much, does not spoil the profile of the
// days after it.
func TestOutlierDay(t *testing.T) {
	for name, factor := range map[string]float64{"outage": 0, "spike": 10} {
		loads := minutes(5*day+300, func(i int) float64 {
			if i >= 4*day && i < 4*day+600 {
				return factor * rhythm(i)
			}
			return rhythm(i)
		})
		n := len(loads)
		if got, want := outlook(t, loads).At(30).Median, rhythm(n+29); math.Abs(got-want) > 0.15*want {
			t.Errorf("%s: %v are expected, want %v", name, got, want)
		}
	}
}

// What was not measured is not zero: it changes neither the level nor what is known of
// errors.
func TestGaps(t *testing.T) {
	loads := minutes(2*day, func(i int) float64 {
		if i%50 < 5 || i > 2*day-8 {
			return []float64{math.NaN(), -1, math.Inf(1), 1e300}[i%4]
		}
		return 900
	})
	p := outlook(t, loads).At(10)
	if math.Abs(p.Median-900) > 1 || p.Exceeded(1000) > 0.01 || p.Exceeded(800) < 0.99 {
		t.Errorf("%v is expected, above 1000 in %v, above 800 in %v", p.Median, p.Exceeded(1000), p.Exceeded(800))
	}
}

// The chance that is given is the chance there is: on noise of every kind, by what was
// learned before.
func TestChancesAreTrue(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 0))
	burst := 0.0
	for name, noise := range map[string]func() float64{
		"little":     func() float64 { return 1 + 0.03*r.NormFloat64() },
		"much":       func() float64 { return max(0, 1+0.4*r.NormFloat64()) },
		"log-normal": func() float64 { return math.Exp(0.6 * r.NormFloat64()) },
		"bursts":     func() float64 { burst = 0.9*burst + max(0, 0.3*r.NormFloat64()-0.5); return 1 + burst },
	} {
		loads := minutes(4*day, func(i int) float64 { return rhythm(i) * noise() })
		l := learn(loads[:2*day])
		const ahead, allowed = 12, 0.1
		above := 0
		for i := 2 * day; i+ahead < 4*day; i++ {
			m := l.Model()
			o, err := m.Outlook(loads[i-forecast.Recent:i], start().Add(time.Duration(i)*time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			p := o.At(ahead)
			if p.Exceeded(loads[i+ahead-1]) < allowed {
				above++
			}
			l.Observe(loads[i])
		}
		if share := float64(above) / (2 * day); share < 0.06 || share > 0.14 {
			t.Errorf("%s: what is exceeded in %v is so in %v", name, allowed, share)
		}
	}
}

// What is not to be followed says why.
func TestNotToBeFollowed(t *testing.T) {
	level := func(n int, load float64) []float64 { return minutes(n, func(int) float64 { return load }) }
	gaps := level(500, 5)
	for i := 460; i < 480; i++ {
		gaps[i] = math.NaN()
	}
	r := rand.New(rand.NewPCG(9, 0))
	climbing := minutes(3600, func(i int) float64 {
		return 1000 * (1 + 0.01*r.NormFloat64()) * math.Exp(0.01*max(0, float64(i-3500)))
	})
	for name, c := range map[string]struct {
		loads  []float64
		recent int
		later  time.Duration
		want   string
	}{
		"nothing":            {nil, 0, 0, "learned of no load"},
		"two hours":          {level(125, 5), forecast.Recent, 0, "held to 60 minutes, 61 are needed"},
		"few recent minutes": {level(500, 5), 29, 0, "29 were measured"},
		"a gap":              {gaps, forecast.Recent, 0, "25 were measured"},
		"no load":            {level(500, 0), forecast.Recent, 0, "no load"},
		"old":                {level(500, 5), forecast.Recent, 24*time.Hour + time.Minute, "learned 24h1m0s ago"},
		"bad of late":        {climbing, forecast.Recent, 0, "had more load than one of ten should have"},
	} {
		m := learn(c.loads).Model()
		_, err := m.Outlook(c.loads[len(c.loads)-c.recent:], start().Add(time.Duration(len(c.loads))*time.Minute+c.later))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	for name, c := range map[string]struct {
		loads []float64
		later time.Duration
	}{
		"just enough":      {level(126, 5), 0},
		"just not too old": {level(500, 5), 24 * time.Hour},
		"bad an hour ago":  {append(climbing, level(600, 2700)...), 0},
	} {
		m := learn(c.loads).Model()
		if _, err := m.Outlook(c.loads[len(c.loads)-forecast.Recent:], start().Add(time.Duration(len(c.loads))*time.Minute+c.later)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is no model is refused when it is read: a forecast by it could be anything.
func TestCheck(t *testing.T) {
	sound := learn(minutes(2*day, rhythm)).Model()
	if err := sound.Check(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*forecast.Model){
		"nothing":                   func(m *forecast.Model) { *m = forecast.Model{} },
		"another form":              func(m *forecast.Model) { m.Form = 2 },
		"a mean of next to nothing": func(m *forecast.Model) { m.Mean = 1e-300 },
		"no errors at a horizon":    func(m *forecast.Model) { m.Tails[1][3] = forecast.Histogram{} },
		"a negative mean":           func(m *forecast.Model) { m.Mean = -1 },
		"a mean without measure":    func(m *forecast.Model) { m.Mean = 1e300 },
		"no number as error":        func(m *forecast.Model) { m.Error = math.NaN() },
		"no number as misses":       func(m *forecast.Model) { m.Misses = math.NaN() },
		"an expert's error":         func(m *forecast.Model) { m.Errors[6] = -1 },
		"a spread":                  func(m *forecast.Model) { m.Spread[3].Sum = -1 },
		"the weight of a spread":    func(m *forecast.Model) { m.Spread[3].Weight = math.Inf(1) },
		"a count of errors":         func(m *forecast.Model) { m.Tails[2][7].Counts[95] = -1 },
		"a loss":                    func(m *forecast.Model) { m.Losses[1] = -1 },
		"what stays of jumps":       func(m *forecast.Model) { m.Jumps.Sum = -1 },
		"a slot of the profile":     func(m *forecast.Model) { m.Season = append(slices.Clone(m.Season[1:]), -1) },
		"a long profile":            func(m *forecast.Model) { m.Season = append(m.Season, 1) },
	} {
		m := sound
		spoil(&m)
		if m.Check() == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// A model that was stored and read again forecasts the same, and is small.
func TestModelIsStored(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 0))
	loads := minutes(14*day, func(i int) float64 { return rhythm(i) * math.Exp(0.3*r.NormFloat64()) })
	m := learn(loads).Model()
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 24<<10 {
		t.Errorf("it has %d bytes", len(text))
	}
	var again forecast.Model
	if err := json.Unmarshal(text, &again); err != nil || !reflect.DeepEqual(m, again) {
		t.Errorf("it is another one, %v", err)
	}
}

// Whatever the load was, what is forecast can be: a chance is one, and falls with the
// load.
func TestAnyLoad(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		levels := rapid.SliceOfN(rapid.OneOf(
			rapid.Float64Range(0, 1e12), rapid.Float64Range(0, 10), rapid.Just(0.0), rapid.Just(math.NaN()), rapid.Float64(),
		), 1, 40).Draw(t, "levels")
		hold := rapid.IntRange(1, 120).Draw(t, "minutes of each")
		loads := minutes(3*day/2, func(i int) float64 { return levels[i/hold%len(levels)] })
		m := learn(loads).Model()
		if err := m.Check(); err != nil {
			t.Fatal(err)
		}
		o, err := m.Outlook(loads[len(loads)-forecast.Recent:], start().Add(time.Duration(len(loads))*time.Minute))
		if err != nil {
			return
		}
		for _, ahead := range []int{1, 6, 13, 50} {
			p := o.At(ahead)
			if !(p.Median >= 0) || math.IsInf(p.Median, 0) || !(p.Spread > 0) || math.IsInf(p.Spread, 0) {
				t.Fatalf("%d minutes ahead: %+v", ahead, p)
			}
			before := 1.0
			for _, load := range slices.Sorted(slices.Values([]float64{0, p.Median / 2, p.Median, 2 * p.Median, 1e12, 1e13})) {
				c := p.Exceeded(load)
				if !(c >= 0) || c > before+1e-9 {
					t.Fatalf("%d minutes ahead: above %v in %v, after %v", ahead, load, c, before)
				}
				before = c
			}
		}
		if _, err := json.Marshal(m); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkLearnFourteenDays(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 0))
	loads := minutes(14*day, func(i int) float64 { return rhythm(i) * math.Exp(0.3*r.NormFloat64()) })
	for b.Loop() {
		learn(loads).Model()
	}
}

func BenchmarkOutlook(b *testing.B) {
	loads := minutes(3*day, rhythm)
	m := learn(loads).Model()
	recent, through := loads[len(loads)-forecast.Recent:], start().AddDate(0, 0, 3)
	for b.Loop() {
		o, _ := m.Outlook(recent, through)
		o.At(7).Exceeded(o.At(13).Median)
	}
}
