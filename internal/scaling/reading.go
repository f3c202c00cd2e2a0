package scaling

import (
	"maps"
	"math"
	"slices"
	"time"

	"sagescale/internal/policy"
)

// reading is what is known of a metric: its value, for one device, in every closed
// period that has a datapoint, by the number of the period.
type reading struct {
	period     time.Duration
	values     map[int64]float64
	periods    []int64 // of values, rising
	newest     int64   // the last period that has a datapoint
	due        int64   // the last period whose datapoint is due
	late       int64   // the period of now less lateness
	incomplete string  // why CloudWatch did not answer in full, or empty
}

// read returns what s says of m. Of several datapoints of one period the highest
// counts.
func (in Input) read(m policy.Metric, s Series) reading {
	r := reading{
		period:     m.Period,
		values:     make(map[int64]float64, len(s.Datapoints)),
		due:        periodOf(s.DueThrough, m.Period) - 1,
		late:       periodOf(in.Now.Add(-lateness), m.Period),
		incomplete: s.Incomplete,
	}
	open := periodOf(in.Now, m.Period)
	r.newest = math.MinInt64 / 2 // before any period, also when looked back from
	for _, d := range s.Datapoints {
		n := periodOf(d.Time, m.Period)
		if !d.valid() || n >= open {
			continue
		}
		v := m.PerDevice(d.Value)
		if was, seen := r.values[n]; !seen || v > was {
			r.values[n] = v
		}
		r.newest = max(r.newest, n)
	}
	r.periods = slices.Sorted(maps.Keys(r.values))
	return r
}

// before returns the reading as it was a while before, as far as today's datapoints
// tell: everything in it lies as many whole periods earlier.
func (r reading) before(back time.Duration) reading {
	shift := int64(back / r.period)
	r.newest -= shift
	r.due -= shift
	r.late -= shift
	return r
}

// latest returns the values of the n newest periods that have a datapoint, the
// newest first, among those that a scale-out looks at: n, and those that may have
// come late. There may be fewer.
func (r reading) latest(n int) []float64 {
	out := make([]float64, 0, n)
	for p := r.newest; p >= r.late-int64(n) && len(out) < n; p-- {
		if v, ok := r.values[p]; ok {
			out = append(out, v)
		}
	}
	return out
}

// dueValues returns the values of the n periods that end with the last one due, the
// newest first, and how many of them have no datapoint.
func (r reading) dueValues(n int) (values []float64, missing int) {
	values = make([]float64, 0, n)
	for p := r.due; p > r.due-int64(n); p-- {
		v, ok := r.values[p]
		if !ok || p > r.newest {
			missing++
			continue
		}
		values = append(values, v)
	}
	return values, missing
}

// early returns the values of the periods after the last one due.
func (r reading) early() []float64 {
	var out []float64
	first, _ := slices.BinarySearch(r.periods, r.due+1)
	for _, p := range r.periods[first:] {
		if p <= r.newest {
			out = append(out, r.values[p])
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
	if math.IsInf(sum, 0) {
		return slices.Max(values) // beyond measure either way
	}
	return sum / float64(len(values))
}
