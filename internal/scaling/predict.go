package scaling

import (
	"errors"
	"fmt"
	"math"
	"sort"
	"time"

	"sagescale/internal/forecast"
	"sagescale/internal/policy"
)

// Unlearned is taken for the provisioning time until one was seen.
const Unlearned = 6 * time.Minute

// chance is how likely a minute may be to need more than serves. A service objective of
// 0.999 takes one of eight, every further nine half of it: what is lacking in such a
// minute is mostly a small part of it.
func chance(objective float64) float64 {
	return 0.125 * math.Exp2(3+math.Log10(1-objective))
}

// patience is by how much less likely a shortage must be for a scale-in. What is removed
// too early is missed for the whole provisioning time.
const patience = 0.5

// Forecast is what a decision knows of the load to come.
type Forecast struct {
	// Unused says why there is no forecast to go by, or is empty; nothing else is known
	// then, and target tracking decides.
	Unused string `json:"unused,omitempty"`
	// AgeSeconds is how long ago it was learned; Error is how far off its forecasts nine
	// minutes ahead were of late, as a share of the mean load.
	AgeSeconds int     `json:"ageSeconds,omitempty"`
	Error      float64 `json:"error,omitempty"`
	// From and Through are when what is asked for now would serve, and when what could be
	// asked for next. Expected is the load of then, Upper what it exceeds no more often
	// than the service objective allows, and Capacity the instances that serve that.
	From     time.Time `json:"from,omitzero"`
	Through  time.Time `json:"through,omitzero"`
	Expected float64   `json:"expectedLoad,omitempty"`
	Upper    float64   `json:"upperLoad,omitempty"`
	Capacity int       `json:"capacity,omitempty"`
	// Followed reports whether it decides, rather than being shown alone.
	Followed bool `json:"followed"`
}

// vision is a forecast as policy t goes by it.
type vision struct {
	outlook forecast.Outlook
	behind  int // minutes from the newest load to now
	lead    int // minutes until what is asked for now serves
	allowed float64
}

// foresee returns what is forecast of t's load, a while before now; an error says why
// nothing is.
func (in Input) foresee(load reading, back time.Duration) (vision, error) {
	now := load.before(back)
	outlook, behind, err := in.outlook(now)
	return vision{outlook, behind, in.lead(), chance(in.Target.Predictive.ServiceObjective)}, err
}

// points are the forecasts for so many minutes from now.
func (v vision) points(ahead ...int) []forecast.Point {
	out := make([]forecast.Point, len(ahead))
	for i, n := range ahead {
		out[i] = v.outlook.At(v.behind + n)
	}
	return out
}

// later are those that a scale-out goes by: when it would serve, and when the next one
// could.
func (v vision) later() []forecast.Point { return v.points(v.lead+1, 2*v.lead+1) }

// forecast makes a forecast into what is shown of it.
func (in Input) forecast(v vision, err error) *Forecast {
	if err != nil {
		return &Forecast{Unused: err.Error()}
	}
	later := v.later()
	out := &Forecast{
		AgeSeconds: int(in.Now.Sub(in.Forecast.Through) / time.Second),
		Error:      rounded(in.Forecast.Error),
		From:       in.Now.Add(time.Duration(v.lead) * time.Minute).UTC(),
		Through:    in.Now.Add(time.Duration(2*v.lead) * time.Minute).UTC(),
		Upper:      rounded(upper(later, v.allowed)),
		Capacity:   in.enough(later, v.allowed),
		Followed:   in.Target.Predictive.Mode == policy.ForecastAndScale,
	}
	for _, p := range later {
		out.Expected = max(out.Expected, rounded(p.Median))
	}
	return out
}

// upper returns the load that is exceeded at the points no more often than allowed, on
// the average, to a part in a thousand.
func upper(points []forecast.Point, allowed float64) float64 {
	high := 1.0
	for _, p := range points {
		high = max(high, p.Median)
	}
	for exceeded(points, high) > allowed && high < 1e15 {
		high *= 2
	}
	low := 0.0
	for high-low > high/1000 {
		if middle := (low + high) / 2; exceeded(points, middle) > allowed {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// exceeded returns how likely a load is exceeded at the points, on the average.
func exceeded(points []forecast.Point, load float64) float64 {
	sum := 0.0
	for _, p := range points {
		sum += p.Exceeded(load)
	}
	return sum / float64(len(points))
}

// predict returns what the forecast of t's load asks for, a while before now.
//
// Out: the fewest instances that the load exceeds no more often than the service
// objective allows, from when they would serve until those of the next scale-out could.
// In: as many as that and the time before it need, with twice the caution, and whatever is
// forecast no fewer than the load of the last minutes needs.
func (in Input) predict(t policy.TargetTracking, load reading, v vision, minimum int) ask {
	a := in.askOf(RulePredictive, t)
	const soon = 3
	later := v.later()
	if n := in.enough(later, v.allowed); n > a.capacity {
		a.capacity = n
		a.message = fmt.Sprintf("%s: %s", a.name, in.expects(later, n, v.allowed))
		return a
	}
	if _, missing := load.dueValues(t.ScaleIn.Periods); missing > 0 || load.incomplete != "" {
		a.code, a.message = MissingData, gap(t.Metric, t.ScaleIn.Periods, missing, load.incomplete)
		return a
	}
	points := append(later, v.points(soon+1)...)
	wanted := max(in.enough(points, v.allowed*patience), in.serving(load.latest(soon)))
	in.predictDown(&a, t, points, wanted, v.allowed*patience, minimum)
	return a
}

// predictDown completes what a forecast asks for when it asks for no more than there
// is.
func (in Input) predictDown(a *ask, t policy.TargetTracking, points []forecast.Point, wanted int, allowed float64, minimum int) {
	switch present := a.capacity; {
	case wanted >= present:
		a.code = AlreadyAtDesired
		a.message = fmt.Sprintf("%s: %s", a.name, in.expects(points, wanted, allowed))
	case t.DisableScaleIn:
		a.code = ScaleInDisabled
		a.message = fmt.Sprintf("%s is low and has disableScaleIn", a.name)
	case present <= minimum:
		a.code = AlreadyAtMin
		a.message = fmt.Sprintf("%s is low and the capacity is at its minimum of %d", a.name, minimum)
	default:
		a.capacity = wanted
		a.message = fmt.Sprintf("%s: %s", a.name, in.expects(points, wanted, allowed))
	}
}

// enough returns the fewest instances that the load exceeds at the points no more often
// than allowed, on the average; one more than the maximum in force where that is not
// enough.
func (in Input) enough(points []forecast.Point, allowed float64) int {
	capacity := in.Target.Predictive.InstanceCapacity
	limits, _, _ := in.limits()
	return 1 + sort.Search(limits.Max, func(i int) bool {
		return exceeded(points, float64(i+1)*capacity) <= allowed
	})
}

// serving returns the fewest instances that serve any of some loads.
func (in Input) serving(loads []float64) int {
	n := 0
	for _, v := range loads {
		n = max(n, instances(v/in.Target.Predictive.InstanceCapacity))
	}
	return n
}

// lead is the provisioning time in minutes.
func (in Input) lead() int {
	d := in.Provisioning
	if d <= 0 {
		d = Unlearned
	}
	return max(1, int((d+time.Minute-1)/time.Minute))
}

// outlook returns the forecast after the newest period of load, and how many minutes
// before now that ends.
func (in Input) outlook(load reading) (o forecast.Outlook, behind int, err error) {
	switch {
	case in.Forecast == nil:
		return o, 0, errors.New("there is none yet")
	case load.period != time.Minute:
		return o, 0, fmt.Errorf("the load is measured every %s, and it is of minutes", policy.Brief(load.period))
	case load.newest < load.late:
		return o, 0, fmt.Errorf("no load was measured in the last %s", policy.Brief(lateness))
	}
	recent := make([]float64, forecast.Recent)
	for i := range recent {
		v, known := load.values[load.newest-int64(len(recent)-1-i)]
		if !known {
			v = math.NaN()
		}
		recent[i] = v
	}
	o, err = in.Forecast.Outlook(recent, startOf(load.newest+1, load.period))
	return o, int(load.late-load.newest) + int(lateness/time.Minute) - 1, err
}

// expects says what a forecast comes to.
func (in Input) expects(points []forecast.Point, n int, allowed float64) string {
	low, high := points[0].Median, points[0].Median
	for _, p := range points {
		low, high = min(low, p.Median), max(high, p.Median)
	}
	return fmt.Sprintf("a load of %s to %s is expected, for which %d instances of %s are enough in %s %% of such minutes",
		number(low), number(high), n, number(in.Target.Predictive.InstanceCapacity), number(100*(1-allowed)))
}
