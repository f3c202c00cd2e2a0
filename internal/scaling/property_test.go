package scaling_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/schedule"
)

// anyInput draws a target, an observation with good and bad datapoints, and a
// time.
func anyInput(t *rapid.T) scaling.Input {
	names := rapid.SampledFrom([][]string{{perInstance}, {"gpu"}, {perInstance, "gpu"}}).Draw(t, "metrics")
	var tts []policy.TargetTracking
	for _, name := range names {
		x := tracking(name, rapid.SampledFrom([]float64{0.9, 1, 70, 1500}).Draw(t, "target value"))
		x.ScaleOut = anyWindow(t, "scale out", 5)
		x.ScaleIn = anyWindow(t, "scale in", 17)
		tts = append(tts, x)
	}
	x := target(tts...)
	low := rapid.IntRange(1, 20).Draw(t, "min")
	x.Limits = schedule.Limits{Min: low, Max: low + rapid.IntRange(0, 80).Draw(t, "max - min")}
	x.DisableScaleIn = rapid.Bool().Draw(t, "disable scale-in")
	present := rapid.IntRange(1, 120).Draw(t, "present")
	in := scaling.Input{Now: now().Add(time.Duration(rapid.IntRange(0, 119).Draw(t, "second")) * time.Second), Target: x, Observation: observe(present)}
	for _, tt := range tts {
		s := scaling.Series{Metric: rapid.SampledFrom([]string{tt.Metric.Name, tt.Metric.Measured().Name}).Draw(t, "measured")}
		if rapid.Bool().Draw(t, "with delay") {
			s.DueThrough = in.Now.Add(-2 * time.Minute)
		}
		level := tt.TargetValue * rapid.Float64Range(0, 3).Draw(t, "level")
		for i := range rapid.IntRange(0, 22).Draw(t, "datapoints") {
			value := level * rapid.SampledFrom([]float64{0.5, 0.95, 1, 1, 1.05, 2}).Draw(t, "factor")
			if rapid.IntRange(0, 40).Draw(t, "bad") == 0 {
				value = rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), -1, 1e300}).Draw(t, "bad value")
			}
			s.Datapoints = append(s.Datapoints, scaling.Datapoint{Time: in.Now.Add(-time.Duration(i) * time.Minute), Value: value})
		}
		in.Observation.Metrics = append(in.Observation.Metrics, s)
	}
	return in
}

func anyWindow(t *rapid.T, name string, most int) policy.Window {
	n := rapid.IntRange(1, most).Draw(t, name+" periods")
	return window(rapid.IntRange(1, n).Draw(t, name+" datapoints"), n)
}

func encode(t *rapid.T, d scaling.Decision) string {
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatalf("marshal decision: %v", err)
	}
	return string(text)
}

// changed returns in with its series changed by f.
func changed(in scaling.Input, f func(i int, s scaling.Series) scaling.Series) scaling.Input {
	in.Observation.Metrics = slices.Clone(in.Observation.Metrics)
	for i, s := range in.Observation.Metrics {
		s.Datapoints = slices.Clone(s.Datapoints)
		in.Observation.Metrics[i] = f(i, s)
	}
	return in
}

func TestLimitsHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := anyInput(t)
		d := scaling.Decide(in)
		if d.DesiredCapacity < in.Target.Limits.Min || d.DesiredCapacity > in.Target.Limits.Max {
			t.Fatalf("%d is outside %+v", d.DesiredCapacity, in.Target.Limits)
		}
		checkSteps(t, in.Observation.DesiredCapacity, d)
	})
}

func TestEqualInputsGiveEqualBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := anyInput(t)
		if a, b := encode(t, scaling.Decide(in)), encode(t, scaling.Decide(in)); a != b {
			t.Fatalf("%s\n%s", a, b)
		}
	})
}

func TestOrderAndDuplicatesOfDatapointsDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := anyInput(t)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		shuffled := changed(in, func(_ int, s scaling.Series) scaling.Series {
			s.Datapoints = append(s.Datapoints, s.Datapoints...)
			r.Shuffle(len(s.Datapoints), func(i, j int) { s.Datapoints[i], s.Datapoints[j] = s.Datapoints[j], s.Datapoints[i] })
			return s
		})
		if a, b := encode(t, scaling.Decide(in)), encode(t, scaling.Decide(shuffled)); a != b {
			t.Fatalf("%s\n%s", a, b)
		}
	})
}

// To take away datapoints that are due never lowers a decision below the present
// capacity.
func TestRemovedDatapointsNeverRemoveCapacity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := anyInput(t)
		fewer := changed(in, func(_ int, s scaling.Series) scaling.Series {
			through := in.Now
			if !s.DueThrough.IsZero() {
				through = s.DueThrough
			}
			last := through.Truncate(time.Minute)
			s.Datapoints = slices.DeleteFunc(s.Datapoints, func(d scaling.Datapoint) bool {
				return d.Time.Before(last) && rapid.IntRange(0, 3).Draw(t, "remove") == 0
			})
			return s
		})
		all, some := scaling.Decide(in).DesiredCapacity, scaling.Decide(fewer).DesiredCapacity
		if some < min(all, in.Observation.DesiredCapacity) {
			t.Fatalf("%d with all datapoints, %d with fewer, %d at present", all, some, in.Observation.DesiredCapacity)
		}
	})
}

// More load never gives less capacity, as long as no datapoint is missing.
func TestMoreLoadNeverGivesLessCapacity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := anyInput(t)
		more := changed(in, func(_ int, s scaling.Series) scaling.Series {
			for i := range s.Datapoints {
				s.Datapoints[i].Value *= rapid.SampledFrom([]float64{1, 1, 1.1, 3}).Draw(t, "more")
			}
			return s
		})
		a, b := scaling.Decide(in).DesiredCapacity, scaling.Decide(more).DesiredCapacity
		if b < a {
			t.Fatalf("%d with the load, %d with more", a, b)
		}
	})
}

// Constant load reaches a capacity and stays there.
func TestConstantLoadReachesAFixpoint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := target(tracking(perInstance, rapid.Float64Range(0.5, 5000).Draw(t, "target value")))
		load := x.TargetTracking[0].TargetValue * rapid.Float64Range(0, 90).Draw(t, "need")
		capacity := rapid.IntRange(1, 100).Draw(t, "present")
		for range 2 {
			in := scaling.Input{Now: now(), Target: x, Observation: observe(capacity, steady(policy.Invocations, load, 15))}
			capacity = scaling.Decide(in).DesiredCapacity
		}
		in := scaling.Input{Now: now(), Target: x, Observation: observe(capacity, steady(policy.Invocations, load, 15))}
		if next := scaling.Decide(in).DesiredCapacity; next != capacity {
			t.Fatalf("%d goes on to %d under a constant load", capacity, next)
		}
		if per := load / float64(capacity); per > x.TargetTracking[0].TargetValue*(1+1e-6) && capacity < 100 {
			t.Fatalf("%d instances leave %g per instance", capacity, per)
		}
	})
}
