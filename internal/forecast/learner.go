package forecast

import (
	"math"
	"time"
)

// Learner learns of a load, minute by minute, and forecasts as it goes.
type Learner struct {
	model Model
	from  time.Time // the first minute
	past  past
	offs  past // how far every minute was off the mean of those before
	// waiting has the forecasts for minutes to come: a ring, in which every minute takes the
	// place of the one that has just come.
	waiting [maxAhead][steps]awaited
}

// maxAhead is the longest horizon.
const maxAhead = 36

// awaited is a forecast whose minute has not come.
type awaited struct {
	made       bool
	of         [experts]float64
	median     float64
	spreads    [units]float64
	base, jump float64
}

// The memories: after so many minutes, or jumps, what was learned counts a third.
const (
	keepExperts = 2000
	keepSpread  = 2000
	keepTails   = 3000
	keepMisses  = 120
	keepJumps   = 20
)

// unlikely is the chance at which what is forecast is held to what came.
const unlikely = 0.1

// NewLearner returns one that knows nothing; the first minute begins at from.
func NewLearner(from time.Time) *Learner {
	return &Learner{from: from, model: Model{Form: form, Misses: unlikely}}
}

// Observe takes the load of the next minute. One that was not measured is NaN: it is
// taken to be as the minutes before, and nothing is learned of it.
func (l *Learner) Observe(load float64) {
	n := l.past.minutes()
	load, known := l.past.observe(load)
	if known {
		l.score(n, load)
	}
	l.notice(load, known)
	if (n+1)%renewal == 0 {
		l.renew()
	}
	l.forecast()
}

// renew renews the profile of the day.
func (l *Learner) renew() {
	n := l.past.minutes()
	l.model.Season = profile(&l.past, n)
	l.model.SeasonFrom = l.from.Add(time.Duration((n/slot-behind)*slot) * time.Minute)
}

// notice takes in what a minute says of the spread.
func (l *Learner) notice(load float64, known bool) {
	n := l.past.minutes()
	m := &l.model
	m.Minutes, m.Through = n, l.from.Add(time.Duration(n)*time.Minute)
	if known {
		m.Mean += (load - m.Mean) / float64(l.past.known())
	}
	off := m.off(&l.past, n)
	l.offs.add(off, known)
	if known && n >= windows()[2] {
		s := &m.Spread[m.level(l.past.mean(n-windows()[2], n))]
		s.add(off, keepSpread)
	}
}

// off is how far the minute before n is from the mean of the last ones, as a share.
func (m *Model) off(p *past, n int) float64 {
	if n < windows()[2] || m.Mean <= 0 {
		return 0
	}
	mean := p.mean(n-windows()[2], n)
	return math.Abs(p.mean(n-1, n)-mean) / m.base(mean)
}

// score compares the forecasts for minute n with its load.
func (l *Learner) score(n int, load float64) {
	const judged = 3 // the step of the ladder by which experts are judged
	m := &l.model
	for step, f := range l.waiting[n%maxAhead] {
		if !f.made {
			continue
		}
		if step == judged {
			m.judge(f, load, step)
		}
		if step == steps-1 {
			m.Judged++
		}
		for u := range units {
			m.Tails[u][step].add((load-f.median)/f.spreads[u], keepTails)
		}
	}
}

// judge takes in how far off a forecast at a step of the ladder was.
func (m *Model) judge(f awaited, load float64, step int) {
	fade := func(mean *float64, v, keep float64) { *mean += (v - *mean) / keep }
	for i, v := range f.of {
		fade(&m.Errors[i], math.Abs(v-load)/m.Mean, keepExperts)
	}
	fade(&m.Error, math.Abs(f.median-load)/m.Mean, keepExperts)
	if f.jump > 0 {
		m.Jumps.add(min(max((load-f.base)/f.jump, 0), 1.2), keepJumps)
	}
	missed := 0.0
	unit := m.unit()
	if m.Tails[unit][step].exceed((load-f.median)/f.spreads[unit]) < unlikely {
		missed = 1
	}
	fade(&m.Misses, missed, keepMisses)
	for u := range units {
		// The pinball loss of the load that is exceeded once in eight times.
		const once = 0.125
		over := load - f.median - m.Tails[u][step].quantile(once)*f.spreads[u]
		fade(&m.Losses[u], max((1-once)*over, -once*over)/m.Mean, keepExperts)
	}
}

// forecast forecasts the minutes at the horizons of the ladder.
func (l *Learner) forecast() {
	m := &l.model
	if m.Mean <= 0 || m.Minutes < windows()[3] {
		return
	}
	o := l.outlook()
	for step, ahead := range horizons() {
		of := o.experts(ahead)
		median := o.median(of)
		l.waiting[(m.Minutes+ahead-1)%maxAhead][step] = awaited{true, of, median, o.spreads(median), o.base, o.jump}
	}
}

func (l *Learner) outlook() Outlook {
	n := l.past.minutes()
	return newOutlook(&l.model, &l.past, l.model.Through, l.offs.seen(n-late, n))
}

// Model returns what has been learned so far.
func (l *Learner) Model() Model {
	out := l.model
	for u := range out.Tails {
		for step := range out.Tails[u] {
			out.Tails[u][step] = out.Tails[u][step].settled()
		}
	}
	return out
}
