package capacity_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"sagescale/internal/capacity"
)

// days are minutes of an instance that serves 1000 requests a minute at most, by hours
// in which what a request takes differs a little.
func days(n int, change func(m int, s *capacity.Sample)) []capacity.Sample {
	r := rand.New(rand.NewPCG(7, 0))
	var out []capacity.Sample
	hour := 1.0
	for m := range n * 1440 {
		if m%60 == 0 {
			hour = 1 + 0.08*r.NormFloat64()
		}
		load := 400 + 300*math.Sin(float64(m)/200) + 20*r.NormFloat64()
		s := capacity.Sample{Block: m / 60, Load: load, Utilization: max(0, load/1000*hour*(1+0.05*r.NormFloat64()))}
		if change != nil {
			change(m, &s)
		}
		out = append(out, s)
	}
	return out
}

func TestByUtilization(t *testing.T) {
	for name, change := range map[string]func(int, *capacity.Sample){
		"as it is": nil,
		"one minute of ten is far off": func(m int, s *capacity.Sample) {
			if m%10 == 0 {
				s.Utilization *= 5
			}
		},
		"a quiet load with another slope": func(_ int, s *capacity.Sample) {
			if s.Load < 150 {
				s.Utilization += 0.3
			}
		},
	} {
		e, err := capacity.ByUtilization(days(7, change))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if math.Abs(e.Load/1000-1) > 0.05 || e.Low > e.Load || e.High < e.Load || e.High/e.Low > 1.1 || e.Busiest < 0.6 {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

// Equal samples have an equal estimate, and more of them a narrower interval.
func TestInterval(t *testing.T) {
	short, err := capacity.ByUtilization(days(1, nil))
	again, _ := capacity.ByUtilization(days(1, nil))
	long, _ := capacity.ByUtilization(days(14, nil))
	if err != nil || short != again || long.High-long.Low >= short.High-short.Low {
		t.Errorf("%+v, %+v, %+v: %v", short, again, long, err)
	}
}

// The interval has what it is to have: of many histories it misses about one of twenty.
func TestIntervalCovers(t *testing.T) {
	missed := 0
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		var all []capacity.Sample
		for h := range 48 {
			hour := 1 + 0.1*r.NormFloat64()
			for range 20 {
				load := 200 + 600*r.Float64()
				all = append(all, capacity.Sample{Block: h, Load: load, Utilization: load / 1000 * hour})
			}
		}
		e, err := capacity.ByUtilization(all)
		if err != nil {
			t.Fatal(err)
		}
		if e.Low > 1000 || e.High < 1000 {
			missed++
		}
	}
	if missed > 14 {
		t.Errorf("%d of 200 intervals miss the capacity", missed)
	}
}

func TestNoFit(t *testing.T) {
	for want, samples := range map[string][]capacity.Sample{
		"0 busy minutes in 0 hours are too few":    nil,
		"660 busy minutes in 11 hours are too few": days(1, nil)[:660],
		"it was 8 % at most, less than 20 %":       days(2, func(_ int, s *capacity.Sample) { s.Utilization /= 10 }),
		"it was 0 % at most":                       days(2, func(_ int, s *capacity.Sample) { s.Utilization = 0 }),
		"the load of an instance hardly differed":  days(2, func(_ int, s *capacity.Sample) { s.Load, s.Utilization = 500+s.Load/100, 0.5 }),
		"it does not grow in proportion":           days(2, func(_ int, s *capacity.Sample) { s.Utilization = 0.3 + s.Load/4000 }),
		"half of the minutes are more than": days(2, func(m int, s *capacity.Sample) {
			s.Utilization *= 0.4 + 1.2*float64(m*7919%100)/100
		}),
	} {
		_, err := capacity.ByUtilization(samples)
		if !errors.Is(err, capacity.ErrNoFit) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestAtLeast(t *testing.T) {
	loads := make([]float64, 2000)
	for i := range loads {
		loads[i] = float64(i)
	}
	if got := capacity.AtLeast(loads); got != 1997 {
		t.Errorf("got %v", got)
	}
	if got := capacity.AtLeast(nil); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
}
