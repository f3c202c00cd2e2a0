package scaling

import (
	"math"
	"slices"
	"time"

	"sagescale/internal/policy"
)

// reading is what is known of a metric: its value, for one device, in every closed
// period that has a datapoint, by the number of the period. What is newer than
// newest is not looked at.
type reading struct {
	values     map[int64]float64
	newest     int64
	period     time.Duration
	now        time.Time
	due        time.Time // through which datapoints are due
	incomplete string    // why CloudWatch did not answer in full, or empty
}

// read returns what s says of m. Of several datapoints of one period the highest
// counts.
func (in Input) read(m policy.Metric, s Series) reading {
	r := reading{
		values: make(map[int64]float64, len(s.Datapoints)), newest: math.MinInt64,
		period: m.Period, now: in.Now, due: s.DueThrough, incomplete: s.Incomplete,
	}
	for _, d := range s.Datapoints {
		n := periodOf(d.Time, m.Period)
		if !d.valid() || in.Now.Before(startOf(n+1, m.Period)) {
			continue
		}
		v := m.PerDevice(d.Value)
		if was, seen := r.values[n]; !seen || v > was {
			r.values[n] = v
		}
		r.newest = max(r.newest, n)
	}
	return r
}

// before returns the reading as it was a while before, as far as today's datapoints
// tell: nothing newer than the newest of now less that while is in it.
func (r reading) before(back time.Duration) reading {
	r.now, r.due = r.now.Add(-back), r.due.Add(-back)
	if r.newest != math.MinInt64 {
		r.newest -= int64((back + r.period - 1) / r.period)
	}
	return r
}

// latest returns the values of the n newest periods that have a datapoint, among
// those that a scale-out looks at, the newest first. There may be fewer.
func (r reading) latest(n int) []float64 {
	last := periodOf(r.now, r.period) - 1
	oldest := last - int64(n) + 1 - late(r.period)
	out := make([]float64, 0, n)
	for p := min(last, r.newest); p >= oldest && len(out) < n; p-- {
		if v, ok := r.values[p]; ok {
			out = append(out, v)
		}
	}
	return out
}

// dueValues returns the values of the n periods that end at the last one due, the
// newest first, and how many of them have no datapoint.
func (r reading) dueValues(n int) (values []float64, missing int) {
	last := periodOf(r.due, r.period) - 1
	values = make([]float64, 0, n)
	for p := last; p > last-int64(n); p-- {
		v, ok := r.values[p]
		if !ok || p > r.newest {
			missing++
			continue
		}
		values = append(values, v)
	}
	return values, missing
}

// early returns the values of the closed periods after the last one due.
func (r reading) early() []float64 {
	var out []float64
	for p := periodOf(r.due, r.period); p < periodOf(r.now, r.period) && p <= r.newest; p++ {
		if v, ok := r.values[p]; ok {
			out = append(out, v)
		}
	}
	return out
}

// periodOf returns the number of the period that t lies in.
func periodOf(t time.Time, period time.Duration) int64 {
	s, p := t.Unix(), int64(period/time.Second)
	n := s / p
	if s%p < 0 {
		n--
	}
	return n
}

// startOf returns the beginning of period n.
func startOf(n int64, period time.Duration) time.Time {
	return time.Unix(n*int64(period/time.Second), 0).UTC()
}

// falling sorts values from the highest to the lowest.
func falling(values []float64) []float64 {
	slices.Sort(values)
	slices.Reverse(values)
	return values
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
