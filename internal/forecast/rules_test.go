package forecast_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"sagescale/internal/forecast"
)

// The experts, and the units of errors.
const (
	lastThree = iota
	lastSix
	lastTwelve
	lastThirty
	trend
	profileOfSix
	profileOfFifteen
)

const (
	byMoment = iota
	byLevel
	byMean
)

// simple is a model of a load that goes by one expert alone, and knows of no spread.
func simple(expert int, mean float64) *forecast.Model {
	m := forecast.Model{Form: 1, Through: start(), Judged: 61, Mean: mean}
	for i := range m.Errors {
		m.Errors[i] = 1
	}
	m.Errors[expert] = 1e-6
	return &m
}

// measure makes the errors of m go by a unit.
func measure(m *forecast.Model, unit int) *forecast.Model {
	for u := range m.Losses {
		m.Losses[u] = 1
	}
	m.Losses[unit] = 0
	return m
}

// after is what m forecasts after minutes whose load is a function of how many minutes
// ago they were.
func after(t *testing.T, m *forecast.Model, minutes int, load func(ago int) float64) forecast.Outlook {
	t.Helper()
	recent := make([]float64, minutes)
	for i := range recent {
		recent[i] = load(minutes - i)
	}
	o, err := m.Outlook(recent, start())
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func same(got, want float64) bool { return math.Abs(got-want) <= 1e-9*max(1, math.Abs(want)) }

func hundred(int) float64 { return 100 }

// What every expert says of a load of 100 and the square of how many minutes ago it was,
// with a profile that rises by one every slot.
func TestExperts(t *testing.T) {
	squares := func(n int) float64 { return float64((n+1)*(2*n+1)) / 6 } // the mean of the first n
	slope := (squares(8) - (2*squares(16) - squares(8))) / 8
	profile := func(after float64) float64 { return 20 + (after+7.5)/5 } // it is 20 in the middle of fifteen minutes
	for _, c := range []struct {
		expert, ahead int
		want          float64
	}{
		{lastThree, 9, 100 + squares(3)},
		{lastSix, 9, 100 + squares(6)},
		{lastTwelve, 9, 100 + squares(12)},
		{lastThirty, 9, 100 + squares(30)},
		// Of the slope 0.7 are carried on, from the middle of eight minutes.
		{trend, 1, 100 + squares(8) + 0.7*slope*(1+4)},
		{trend, 9, (100 + squares(8)) / 2}, // by which there would be less than nothing soon
		// From the middle of the window to that of the minute.
		{profileOfSix, 9, (100 + squares(6)) * profile(8.5) / profile(-3)},
		{profileOfFifteen, 9, (100 + squares(15)) * profile(8.5) / profile(-7.5)},
		{profileOfFifteen, 30, (100 + squares(15)) * profile(29.5) / profile(-7.5)},
	} {
		m := simple(c.expert, 100)
		m.SeasonFrom = start().Add(-time.Hour)
		for i := range 40 {
			m.Season = append(m.Season, 10+float64(i))
		}
		o := after(t, m, forecast.Recent, func(ago int) float64 { return 100 + float64(ago*ago) })
		if got := o.At(c.ahead).Median; !same(got, c.want) {
			t.Errorf("expert %d, %d minutes ahead: %v, want %v", c.expert, c.ahead, got, c.want)
		}
	}
}

// An expert counts a third of the best one where its error is a twentieth larger.
func TestMix(t *testing.T) {
	square := func(ago int) float64 { return 100 + float64(ago*ago) }
	three, six, thirty := 100+14.0/3, 100+91.0/6, 100+9455.0/30
	for name, c := range map[string]struct {
		errors map[int]float64
		want   float64
	}{
		"one is best":               {map[int]float64{lastThirty: 1e-6}, thirty},
		"one is a little worse":     {map[int]float64{lastThree: 1e-3, lastThirty: 1.05e-3}, (three + thirty/math.E) / (1 + 1/math.E)},
		"two are as good":           {map[int]float64{lastThree: 1e-3, lastThirty: 1e-3}, (three + thirty) / 2},
		"one is without any error":  {map[int]float64{lastThirty: 0}, six},
		"they are a tenth as large": {map[int]float64{lastThree: 1e-4, lastThirty: 1.05e-4}, (three + thirty/math.E) / (1 + 1/math.E)},
	} {
		m := simple(lastSix, 100)
		m.Errors[lastSix] = 1
		for i, e := range c.errors {
			m.Errors[i] = e
		}
		if got := after(t, m, forecast.Recent, square).At(5).Median; !same(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// The profile is followed where there is one, and not further than five times up or down.
func TestProfile(t *testing.T) {
	for name, c := range map[string]struct {
		season []float64
		before time.Duration // it begins
		ahead  int
		want   float64
	}{
		"none":                       {nil, time.Hour, 9, 100},
		"from now on":                {[]float64{10, 20, 30}, 0, 1, 100},
		"from just too late":         {[]float64{10, 20, 30}, 5*time.Minute + 29*time.Second, 1, 100},
		"from the first middle on":   {[]float64{10, 20}, 5*time.Minute + 30*time.Second, 1, 170},
		"until before the last":      {[]float64{10, 20}, 5*time.Minute + 30*time.Second, 2, 190},
		"to the last middle":         {[]float64{10, 20}, 5*time.Minute + 30*time.Second, 3, 100},
		"it rises beyond five times": {[]float64{1, 1, 10, 10, 10}, 10 * time.Minute, 9, 500},
		"it falls below a fifth":     {[]float64{10, 10, 1, 1, 1}, 10 * time.Minute, 9, 20},
		"from nothing":               {[]float64{0, 0, 10, 10, 10}, 10 * time.Minute, 9, 100},
		"to nothing":                 {[]float64{10, 10, 0, 0, 0}, 10 * time.Minute, 9, 20},
	} {
		m := simple(profileOfSix, 100)
		m.Season, m.SeasonFrom = c.season, start().Add(-c.before)
		if got := after(t, m, forecast.Recent, hundred).At(c.ahead).Median; !same(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// A jump is more than four times the spread above the twelve minutes before. 0.8 of it
// are taken to stay, as if that had been seen three times.
func TestJumpByTheModel(t *testing.T) {
	for name, c := range map[string]struct {
		last        float64
		sum, weight float64
		before, now float64
	}{
		"four times the spread":     {104, 0, 0, 200, 304.0 / 3},
		"more than that":            {104.5, 0, 0, 200, 103.6},
		"where one stayed":          {104.5, 1, 1, 200, 100 + 4.5*3.4/4},
		"where most were over soon": {104.5, 3, 7, 200, 100 + 4.5*5.4/10},
		"where all were over":       {104.5, 0, 1000, 200, 304.5 / 3},
	} {
		m := simple(lastThree, 100)
		m.Jumps.Sum, m.Jumps.Weight = c.sum, c.weight
		o := after(t, m, forecast.Recent, func(ago int) float64 {
			switch {
			case ago == 1:
				return c.last
			case ago <= 13:
				return 100
			}
			return c.before
		})
		if got := o.At(5).Median; !same(got, c.now) {
			t.Errorf("%s: %v, want %v", name, got, c.now)
		}
	}
	// Without a jump what was there before is no bound.
	if got := after(t, simple(lastThree, 100), forecast.Recent, func(ago int) float64 { return 100 + float64(ago) }).At(5).Median; got != 102 {
		t.Errorf("of a falling load %v, want 102", got)
	}
}

// The units that errors are measured by.
func TestSpread(t *testing.T) {
	type spreads = map[int][2]float64 // by level: the sum and the weight
	// Every minute is a tenth off the mean of twelve.
	swinging := func(ago int) float64 { return 90 + 20*float64(ago%2) }
	// So many minutes of a dozen are there, whose mean is as many twelfths.
	dozen := 0.0
	for n := range 12 {
		mean := 100 * float64(n+1) / 12
		dozen += (100 - mean) / max(mean, 10)
	}
	for name, c := range map[string]struct {
		unit    int
		mean    float64
		spreads spreads
		minutes int
		load    func(int) float64
		want    float64
	}{
		"the mean":                   {byMean, 70, nil, 45, hundred, 70},
		"nothing known":              {byLevel, 100, nil, 45, hundred, 1},
		"nothing known of now":       {byMoment, 100, nil, 45, hundred, 1},
		"the level":                  {byLevel, 100, spreads{14: {6, 30}}, 45, hundred, 20},
		"the levels beside it":       {byLevel, 100, spreads{12: {90, 90}, 13: {3, 10}, 15: {6, 20}, 16: {90, 90}}, 45, hundred, 30},
		"too little known of them":   {byLevel, 100, spreads{14: {2.99, 29.9}, 16: {30, 0.1}}, 45, hundred, 100 * 32.99 / 30},
		"too little known of all":    {byLevel, 100, spreads{14: {0.3, 0.5}}, 45, hundred, 30},
		"and of little more":         {byLevel, 100, spreads{14: {0.3, 1.5}}, 45, hundred, 20},
		"quiet now":                  {byMoment, 100, spreads{14: {6, 30}}, 45, hundred, 100 * 0.2 / math.Sqrt(10)},
		"as usual now":               {byMoment, 100, spreads{14: {3, 30}}, 45, swinging, 10},
		"more than usual now":        {byMoment, 100, spreads{14: {1.5, 30}}, 45, swinging, 100 * math.Sqrt(0.05*0.1)},
		"the least":                  {byMoment, 100, spreads{14: {3e-4, 30}}, 45, hundred, 1},
		"of half an hour":            {byMoment, 100, spreads{14: {1.5, 30}}, 30, swinging, 100 * math.Sqrt(0.05*0.1*19/30)},
		"of three minutes more":      {byMoment, 100, spreads{14: {1.5, 30}}, 33, swinging, 100 * math.Sqrt(0.05*0.1*22/30)},
		"of what was measured of it": {byMoment, 100, spreads{14: {1.5, 30}}, 45, gap(swinging, 2, 2), 3010 / 30.0 * math.Sqrt(0.05*(28*0.1+(1320-1210)/1210.0)/29)},
		"and nothing was before":     {byMoment, 100, spreads{14: {1.5, 30}}, 45, gap(hundred, 31, 45), 100 * math.Sqrt(0.05*dozen/30)},
		"a tenth of the mean":        {byLevel, 10000, spreads{2: {6, 30}}, 45, hundred, 200},
		"more than that":             {byLevel, 990, spreads{8: {6, 30}}, 45, hundred, 20},
	} {
		m := measure(simple(lastThirty, c.mean), c.unit)
		for l, s := range c.spreads {
			m.Spread[l].Sum, m.Spread[l].Weight = s[0], s[1]
		}
		if got := after(t, m, c.minutes, c.load).At(5).Spread; !same(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// gap is a load that was not measured from so many minutes ago to so many.
func gap(load func(int) float64, last, first int) func(int) float64 {
	return func(ago int) float64 {
		if ago >= last && ago <= first {
			return math.NaN()
		}
		return load(ago)
	}
}

// Levels are halves of a doubling, and the mean is the fifteenth.
func TestLevels(t *testing.T) {
	for load, want := range map[float64]float64{
		0: 1, 0.01: 3, 0.5: 12, 1: 14, 1.1: 14, 1.3: 15, 1.5: 15, 2: 16, 16: 22,
		23: (22 + 23) / 2.0, 1e6: (22 + 23) / 2.0, // of the last there is none above
	} {
		m := measure(simple(lastThirty, 1), byLevel)
		for l := range m.Spread { // so that the mean of three says which is the middle
			m.Spread[l].Sum, m.Spread[l].Weight = 100*float64(l), 100
		}
		got := after(t, m, forecast.Recent, func(int) float64 { return load }).At(5).Spread
		if !same(got, want*max(load, 0.1)) {
			t.Errorf("%v: level %v, want %v", load, got/max(load, 0.1), want)
		}
	}
}

// The unit is the one of the least loss, the first of several.
func TestUnit(t *testing.T) {
	for losses, want := range map[[3]float64]int{
		{0, 0, 0}: byMoment, {1, 1, 1}: byMoment, {1, 2, 2}: byMoment,
		{2, 1, 1}: byLevel, {3, 2, 1}: byMean, {2, 3, 1}: byMean,
	} {
		m := simple(lastThirty, 70)
		m.Losses = losses
		m.Spread[15].Sum, m.Spread[15].Weight = 6, 30
		spread := after(t, m, forecast.Recent, hundred).At(5).Spread
		if all := []float64{20 / math.Sqrt(10), 20, 70}; !same(spread, all[want]) {
			t.Errorf("%v: a spread of %v, of %v", losses, spread, all)
		}
	}
}

// Errors are those of the step of the ladder that is not below a minute, in the unit.
func TestLadder(t *testing.T) {
	ladder := []int{2, 4, 6, 9, 12, 16, 24, 36}
	for unit := range 3 {
		m := measure(simple(lastThirty, 100), unit)
		for u := range m.Tails {
			for i := range m.Tails[u] { // of which the share above says where they are
				share := float64(u*8+i+1) / 100
				m.Tails[u][i].Counts[0], m.Tails[u][i].Counts[95] = 1-share, share
			}
		}
		o := after(t, m, forecast.Recent, hundred)
		for ahead := 1; ahead < 50; ahead++ {
			step := 0
			for step < 7 && ladder[step] < ahead {
				step++
			}
			if got := o.At(ahead).Exceeded(100); !same(got, float64(unit*8+step+1)/100) {
				t.Errorf("%d minutes ahead, unit %d: %v", ahead, unit, got)
			}
		}
	}
}

// The bins of errors go from -8 to 40 spreads, by the inverse hyperbolic sine, and errors
// lie evenly in a bin.
func TestExceeded(t *testing.T) {
	edge := func(bin float64) float64 { return math.Sinh(-math.Asinh(8) + bin/96*(4.38203+math.Asinh(8))) }
	for bin := range 96 {
		m := measure(simple(lastThirty, 1), byMean) // whose spread is 1
		for i := range m.Tails[byMean] {
			m.Tails[byMean][i].Counts[bin] = 5
		}
		p := after(t, m, forecast.Recent, hundred).At(5)
		for part, want := range map[float64]float64{-100: 1, -1: 1, 0: 1, 0.25: 0.75, 0.5: 0.5, 1: 0, 2: 0, 100: 0} {
			if got := p.Exceeded(100 + edge(float64(bin)+part)); math.Abs(got-want) > 1e-8 {
				t.Errorf("%v into bin %d: %v, want %v", part, bin, got, want)
			}
		}
	}
	if e := edge(96); e < 39.9 || e > 40.1 {
		t.Errorf("the last bin ends at %v", e)
	}
	m := measure(simple(lastThirty, 1), byMean)
	p := after(t, m, forecast.Recent, hundred).At(5)
	if got := p.Exceeded(0); got != 0 {
		t.Errorf("where no error is known: %v", got)
	}
	for i := range m.Tails[byMean] {
		for bin := range 4 {
			m.Tails[byMean][i].Counts[20*bin] = float64(bin) + 1
		}
	}
	if got := p.Exceeded(100 + edge(20.5)); !same(got, (1+3+4)/10.0) {
		t.Errorf("of 1, 2, 3 and 4 errors the half of 2, 3 and 4 are above: %v", got)
	}
}

// What a load can be, and what stands for one that was not measured.
func TestLoadsOfAnOutlook(t *testing.T) {
	for name, c := range map[string]struct {
		expert int
		load   func(int) float64
		want   float64
	}{
		"the last was not measured":     {lastThree, gap(func(ago int) float64 { return float64(ago) }, 1, 1), (4.5 + 2 + 3) / 3},
		"nor the one before":            {lastThree, gap(func(ago int) float64 { return float64(ago) }, 1, 2), (5.5 + (5.5+3+4+5+6+7)/6 + 3) / 3},
		"more than there can be":        {lastThree, func(ago int) float64 { return map[bool]float64{true: math.Nextafter(1e12, 2e12), false: 6}[ago == 1] }, 6},
		"as much as there can be":       {lastThree, func(int) float64 { return 1e12 }, 1e12},
		"less than nothing":             {lastThree, func(ago int) float64 { return map[bool]float64{true: -1, false: 6}[ago == 1] }, 6},
		"next to nothing":               {lastThree, func(int) float64 { return 0.99e-6 }, 0},
		"as little as makes difference": {lastThree, func(int) float64 { return 1e-6 }, 1e-6},
	} {
		got := after(t, simple(c.expert, 100), forecast.Recent, c.load).At(5).Median
		if math.Abs(got-c.want) > 1e-12*max(1e-3, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	// Before the first minute that was measured there is none.
	o := after(t, simple(lastThirty, 100), forecast.Recent, gap(hundred, 31, 45))
	if got := o.At(5).Median; got != 100 {
		t.Errorf("%v, want 100", got)
	}
}

// From when on a model is followed, and until when.
func TestFollowed(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*forecast.Model)
		load   func(int) float64
		want   string
	}{
		"all is well":             {func(*forecast.Model) {}, hundred, ""},
		"no load":                 {func(m *forecast.Model) { m.Mean = 0 }, hundred, "it was learned of no load"},
		"judged too little":       {func(m *forecast.Model) { m.Judged = 60 }, hundred, "its forecasts were held to 60 minutes, 61 are needed"},
		"as old as it may be":     {func(m *forecast.Model) { m.Through = start().Add(-24 * time.Hour) }, hundred, ""},
		"older":                   {func(m *forecast.Model) { m.Through = start().Add(-24*time.Hour - 40*time.Second) }, hundred, "it was learned 24h1m0s ago, which is more than 24h0m0s"},
		"as bad as it may be":     {func(m *forecast.Model) { m.Misses = 0.3 }, hundred, ""},
		"worse":                   {func(m *forecast.Model) { m.Misses = 0.304 }, hundred, "of late 30 % of the minutes had more load than one of ten should have"},
		"as many as are needed":   {func(*forecast.Model) {}, gap(hundred, 31, 45), ""},
		"too few":                 {func(*forecast.Model) {}, gap(hundred, 30, 45), "of the last 45 minutes 29 were measured, 30 are needed"},
		"those before count none": {func(*forecast.Model) {}, gap(hundred, 1, 16), "of the last 45 minutes 29 were measured, 30 are needed"},
	} {
		m := simple(lastThirty, 100)
		c.change(m)
		recent := minutes(60, func(i int) float64 { return c.load(60 - i) })
		if _, err := m.Outlook(recent, start()); err == nil && c.want != "" || err != nil && err.Error() != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if forecast.Lookback != 14*24*time.Hour || forecast.MaxAge != 24*time.Hour {
		t.Errorf("it looks back for %s, and is good for %s", forecast.Lookback, forecast.MaxAge)
	}
}

// What a model that is read may have at most.
func TestCheckBounds(t *testing.T) {
	sound := learn(minutes(2*day, rhythm)).Model()
	for name, c := range map[string]struct {
		change func(*forecast.Model)
		want   string
	}{
		"nothing learned":         {func(m *forecast.Model) { *m = learn(nil).Model() }, ""},
		"the form is":             {func(m *forecast.Model) { m.Form = 3 }, "its form is 3, the one known here is 1"},
		"the longest profile":     {func(m *forecast.Model) { m.Season = make([]float64, 312) }, ""},
		"a longer one":            {func(m *forecast.Model) { m.Season = make([]float64, 313) }, "its profile has 313 slots"},
		"the least mean":          {func(m *forecast.Model) { m.Mean = 1e-9 }, ""},
		"a smaller one":           {func(m *forecast.Model) { m.Mean = 0.99e-9 }, "it has numbers that no model has"},
		"no mean":                 {func(m *forecast.Model) { m.Mean = 0 }, ""},
		"judged without errors":   {func(m *forecast.Model) { m.Tails[0][0] = forecast.Histogram{} }, "it knows of no errors"},
		"judged once":             {func(m *forecast.Model) { m.Judged = 1; m.Tails[0][0] = forecast.Histogram{} }, "it knows of no errors"},
		"not yet judged":          {func(m *forecast.Model) { m.Judged = 0; m.Tails[0][0] = forecast.Histogram{} }, ""},
		"as much as there may be": {func(m *forecast.Model) { m.Jumps.Weight = 1e30 }, ""},
		"more":                    {func(m *forecast.Model) { m.Jumps.Weight = math.Nextafter(1e30, 2e30) }, "it has numbers that no model has"},
	} {
		m := sound
		c.change(&m)
		if err := m.Check(); err == nil && c.want != "" || err != nil && err.Error() != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	// Every number of it is looked at.
	for name, v := range map[string]func(*forecast.Model) *float64{
		"mean":             func(m *forecast.Model) *float64 { return &m.Mean },
		"error":            func(m *forecast.Model) *float64 { return &m.Error },
		"misses":           func(m *forecast.Model) *float64 { return &m.Misses },
		"jumps":            func(m *forecast.Model) *float64 { return &m.Jumps.Sum },
		"weight of jumps":  func(m *forecast.Model) *float64 { return &m.Jumps.Weight },
		"expert":           func(m *forecast.Model) *float64 { return &m.Errors[0] },
		"loss":             func(m *forecast.Model) *float64 { return &m.Losses[2] },
		"spread":           func(m *forecast.Model) *float64 { return &m.Spread[23].Sum },
		"weight of spread": func(m *forecast.Model) *float64 { return &m.Spread[0].Weight },
		"tail":             func(m *forecast.Model) *float64 { return &m.Tails[0][0].Counts[0] },
	} {
		m := sound
		*v(&m) = math.Inf(1)
		if err := m.Check(); err == nil || !strings.Contains(err.Error(), "numbers that no model has") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The profile is renewed every full hour since the first minute, from the second day on,
// and goes from an hour before to a day and an hour after.
func TestRenewal(t *testing.T) {
	l := forecast.NewLearner(start())
	for n := 1; n <= 26*60+1; n++ {
		l.Observe(100)
		m := l.Model()
		slots, from := 0, start().Add(time.Duration(n-n%60-60)*time.Minute)
		if n >= 25*60 { // a day and the hour before
			slots = 12 + 288 + 12
		}
		if len(m.Season) != slots || n >= 60 && !m.SeasonFrom.Equal(from) {
			t.Fatalf("after %d minutes %d slots from %s, want %d from %s", n, len(m.Season), m.SeasonFrom, slots, from)
		}
		if m.Minutes != n || !m.Through.Equal(start().Add(time.Duration(n)*time.Minute)) || m.Form != 1 {
			t.Fatalf("after %d minutes: %d through %s", n, m.Minutes, m.Through)
		}
	}
}

// A day counts 0.8 of the one after it, and three times as much as yesterday where it is
// the same day of the week: for fourteen days.
func TestSeasonByDays(t *testing.T) {
	const n = 17 * day
	weights := []float64{1, 0.8, 0.64, 0.512, 0.4096, 0.32768, 3, 0.2097152, 0.16777216, 0.134217728,
		0.1073741824, 0.08589934592, 0.068719476736, 3}
	value := func(ago int) float64 { return float64(100 + 10*ago*ago) } // of the day so many days before
	// Every day has a value of its own from ten to five past, 100 else.
	loads := minutes(n, func(i int) float64 {
		if i%day >= 600 && i%day < 605 {
			return value(17 - i/day)
		}
		return 100
	})
	season := learn(loads).Model().Season
	sum, all, other := 0.0, 0.0, 0.0
	for i, w := range weights {
		mean := (value(i+1) + 287*100) / 288
		sum, all, other = sum+w*value(i+1)/mean, all+w, other+w*100/mean
	}
	for i, v := range season {
		want := other / all
		if i == 12+120 {
			want = sum / all
		}
		if i < 300 && !same(v, want) {
			t.Errorf("slot %d: %v, want %v", i-12, v, want)
		}
	}
}

// What a day does not have yet the day before it has: the profile goes on after a day.
func TestSeasonAfterADay(t *testing.T) {
	// Two days and an hour, each slot with a load of its own.
	loads := minutes(2*day+60, func(i int) float64 { return 100 + float64(i/5) })
	season := learn(loads).Model().Season
	n := len(loads) / 5
	load := func(slot int) float64 { return 100 + float64(slot) }
	mean := func(from int) float64 { return (load(from) + load(from+287)) / 2 }
	first, second := mean(n-12-288), mean(n-12-2*288)
	for i, v := range season {
		one, two := n-12+i-288, n-12+i-2*288
		if one >= n {
			one -= 288
		}
		if want := (load(one)/first + 0.8*load(two)/second) / 1.8; !same(v, want) {
			t.Errorf("slot %d: %v, want %v", i-12, v, want)
		}
	}
}

// Where no day knows a slot it is as the one before.
func TestSeasonWithGaps(t *testing.T) {
	loads := minutes(4*day, func(i int) float64 {
		switch m := i % day; {
		case m >= 1380 || m < 300, m >= 720 && m < 780:
			return math.NaN()
		case m < 600:
			return 100
		}
		return 200
	})
	mean := (300*100 + (120+600)*200) / 1020.0 // of what was measured
	for i, v := range learn(loads).Model().Season {
		want := 200 / mean
		switch m := (i*5 + 1380) % day; { // it begins an hour before midnight
		case i < 12+60:
			want = 1 // nothing is known before
		case m >= 300 && m < 600:
			want = 100 / mean
		}
		if !same(v, want) {
			t.Errorf("slot %d: %v, want %v", i-12, v, want)
		}
	}
	if s := learn(minutes(2*day, func(int) float64 { return 0 })).Model().Season; s != nil {
		t.Errorf("of no load there is a profile of %d slots", len(s))
	}
}

// A day without load, or that was not measured, is none; those before it are as far away
// as they were.
func TestSeasonWithoutADay(t *testing.T) {
	load := func(slot int) float64 { return 100 + float64(10*(slot/288)*(slot%2)) }
	mean := func(from int) float64 {
		sum := 0.0
		for slot := from; slot < from+288; slot++ {
			sum += load(slot)
		}
		return sum / 288
	}
	for _, lost := range []float64{0, math.NaN()} {
		loads := minutes(4*day, func(i int) float64 {
			if i >= 2*day-60 && i < 3*day-60 {
				return lost
			}
			return load(i / 5)
		})
		for i, v := range learn(loads).Model().Season[:288] {
			one, three := 3*288-12, 288-12
			if want := (load(one+i)/mean(one) + 0.64*load(three+i)/mean(three)) / 1.64; !same(v, want) {
				t.Errorf("slot %d: %v, want %v", i-12, v, want)
			}
		}
	}
}
