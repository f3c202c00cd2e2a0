package scaling

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"time"

	"sagescale/internal/activity"
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

// soon is how many minutes are about now, before and after.
const soon = 3

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

// vision is a forecast as a policy goes by it.
type vision struct {
	// views are what there is to be seen from the newest load, and from the last one that
	// is due where that is another: a load that is not due yet may be a part of it, and
	// must not make anything smaller.
	views   []view
	lead    int // minutes until what is asked for now serves
	allowed float64
}

// view is what is to be seen from a load that ended so many minutes ago.
type view struct {
	outlook forecast.Outlook
	behind  int
}

// foresee returns what is forecast of t's load, a while before now; an error says why
// nothing is.
func (in Input) foresee(load reading, back time.Duration) (vision, error) {
	now := load.before(back)
	newest, err := in.view(now)
	v := vision{[]view{newest}, in.lead(), chance(in.Target.Predictive.ServiceObjective)}
	if err == nil && now.newest > now.due {
		now.newest = now.due
		if due, err := in.view(now); err == nil {
			v.views = append(v.views, due)
		}
	}
	return v, err
}

// points are the forecasts for so many minutes from now.
func (w view) points(ahead ...int) []forecast.Point {
	out := make([]forecast.Point, len(ahead))
	for i, n := range ahead {
		out[i] = w.outlook.At(w.behind + n)
	}
	return out
}

// enough returns the fewest instances that the load exceeds no more often than allowed at
// so many minutes from now, on the average and by every view, and the points of the view
// that asks for most.
func (in Input) enough(v vision, allowed float64, ahead ...int) (n int, points []forecast.Point) {
	for _, w := range v.views {
		p := w.points(ahead...)
		if m := in.fewest(p, allowed); m > n {
			n, points = m, p
		}
	}
	return n, points
}

// later is when a scale-out of now would serve, and when the next one could, in minutes.
func (v vision) later() []int { return []int{v.lead + 1, 2*v.lead + 1} }

// forecast makes a forecast into what is shown of it.
func (in Input) forecast(v vision, err error) *Forecast {
	if err != nil {
		return &Forecast{Unused: err.Error()}
	}
	n, later := in.enough(v, v.allowed, v.later()...)
	out := &Forecast{
		AgeSeconds: int(in.Now.Sub(in.Forecast.Through) / time.Second),
		Error:      rounded(in.Forecast.Error),
		From:       in.Now.Add(time.Duration(v.lead) * time.Minute).UTC(),
		Through:    in.Now.Add(time.Duration(2*v.lead) * time.Minute).UTC(),
		Upper:      rounded(upper(later, v.allowed)),
		Capacity:   n,
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
// In: as many as that and the time before it need, with twice the caution.
//
// Whatever is forecast, as many are added as every one of the last minutes needed, and no
// more are removed than any of them leaves. A change that is a smaller share of what there
// is than the behavior's tolerance is not worth one.
func (in Input) predict(t policy.TargetTracking, load reading, v vision, minimum int) ask {
	a := in.askOf(RulePredictive, t)
	last := load.latest(soon)
	// A tolerance may be beyond what an int holds.
	enough := int(min(float64(a.capacity)*(1+in.Target.Behavior.ScaleOut.Tolerance)*(1+1e-9), math.MaxInt32))
	n, points := in.enough(v, v.allowed, v.later()...)
	if len(last) == soon && in.serving(slices.Min(last)) > max(n, enough) {
		a.capacity = in.serving(slices.Min(last))
		a.message = fmt.Sprintf("%s: each of the last %d minutes had a load of %s or more, which needs %d instances of %s",
			a.name, soon, number(slices.Min(last)), a.capacity, number(in.Target.Predictive.InstanceCapacity))
		return a
	}
	if n > enough {
		a.capacity = n
		a.message = fmt.Sprintf("%s: %s", a.name, in.expects(points, n, v.allowed))
		return a
	}
	if _, missing := load.dueValues(t.ScaleIn.Periods); missing > 0 || load.incomplete != "" {
		a.code, a.message = MissingData, gap(t.Metric, t.ScaleIn.Periods, missing, load.incomplete)
		return a
	}
	n, points = in.enough(v, v.allowed*patience, append(v.later(), soon+1)...)
	message := in.expects(points, n, v.allowed*patience)
	if served := in.serving(slices.Max(append(last, 0))); served > n {
		n, message = served, fmt.Sprintf("a load of %s in the last minutes needs %d instances of %s",
			number(slices.Max(last)), served, number(in.Target.Predictive.InstanceCapacity))
	}
	in.predictDown(&a, t, n, message, minimum)
	return a
}

// predictDown completes what a forecast asks for when it wants no more than there is,
// for the reason that message says.
func (in Input) predictDown(a *ask, t policy.TargetTracking, wanted int, message string, minimum int) {
	tolerance := in.Target.Behavior.ScaleIn.Tolerance
	switch present := a.capacity; {
	case wanted >= present:
		a.code = AlreadyAtDesired
		a.message = fmt.Sprintf("%s: %s", a.name, message)
	case float64(wanted) >= float64(present)*(1-tolerance)*(1-1e-9):
		a.code = AlreadyAtDesired
		a.message = fmt.Sprintf("%s: %s; to remove %d of %d is within the tolerance of %s %%",
			a.name, message, present-wanted, present, number(100*tolerance))
	case t.DisableScaleIn:
		a.code = ScaleInDisabled
		a.message = fmt.Sprintf("%s is low and has disableScaleIn", a.name)
	case present <= minimum:
		a.code = AlreadyAtMin
		a.message = fmt.Sprintf("%s is low and the capacity is at its minimum of %d", a.name, minimum)
	default:
		a.capacity = wanted
		a.message = fmt.Sprintf("%s: %s", a.name, message)
	}
}

// fewest returns the fewest instances that the load exceeds at the points no more often
// than allowed, on the average; one more than the maximum in force where that is not
// enough.
func (in Input) fewest(points []forecast.Point, allowed float64) int {
	capacity := in.Target.Predictive.InstanceCapacity
	limits, _, _ := in.Limits()
	return 1 + sort.Search(limits.Max, func(i int) bool {
		return exceeded(points, float64(i+1)*capacity) <= allowed
	})
}

// serving returns the fewest instances that serve a load.
func (in Input) serving(load float64) int {
	return instances(load / in.Target.Predictive.InstanceCapacity)
}

// lead is the provisioning time in minutes.
func (in Input) lead() int {
	d := in.Provisioning
	if d <= 0 {
		d = Unlearned
	}
	return max(1, int((d+time.Minute-1)/time.Minute))
}

// view returns the forecast after the newest period of load.
func (in Input) view(load reading) (view, error) {
	switch {
	case in.Forecast == nil && in.NoForecast != "":
		return view{}, errors.New(in.NoForecast)
	case in.Forecast == nil:
		return view{}, errors.New("there is none yet")
	case in.Forecast.Through.After(in.Now.Add(activity.ClockSkew)):
		return view{}, fmt.Errorf("it was learned through %s, which is to come", in.Forecast.Through.Format(time.RFC3339))
	case load.period != time.Minute:
		return view{}, fmt.Errorf("the load is measured every %s, and it is of minutes", policy.Brief(load.period))
	case load.newest < load.late:
		return view{}, fmt.Errorf("no load was measured in the last %s", policy.Brief(lateness))
	}
	recent := make([]float64, forecast.Recent)
	for i := range recent {
		v, known := load.values[load.newest-int64(len(recent)-1-i)]
		if !known {
			v = math.NaN()
		}
		recent[i] = v
	}
	o, err := in.Forecast.Outlook(recent, startOf(load.newest+1, load.period))
	return view{o, int(load.late-load.newest) + int(lateness/time.Minute) - 1}, err
}

// expects says what a forecast comes to.
func (in Input) expects(points []forecast.Point, n int, allowed float64) string {
	low, high := points[0].Median, points[0].Median
	for _, p := range points[1:] {
		low, high = min(low, p.Median), max(high, p.Median)
	}
	return fmt.Sprintf("a load of %s to %s is expected, for which %d instances of %s are enough in %s %% of such minutes",
		number(low), number(high), n, number(in.Target.Predictive.InstanceCapacity), number(100*(1-allowed)))
}
