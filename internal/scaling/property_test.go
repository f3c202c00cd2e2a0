package scaling_test

import (
	"cmp"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sagescale/internal/activity"
	"sagescale/internal/guard"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/schedule"
)

func encode(t *rapid.T, d scaling.Decision) string {
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatalf("marshal decision: %v", err)
	}
	return string(text)
}

// changed returns in with its series changed by f.
func changed(in scaling.Input, f func(s scaling.Series) scaling.Series) scaling.Input {
	in.Observation.Metrics = slices.Clone(in.Observation.Metrics)
	for i, s := range in.Observation.Metrics {
		s.Datapoints = slices.Clone(s.Datapoints)
		in.Observation.Metrics[i] = f(s)
	}
	return in
}

// checked is what may be done.
func checked(in scaling.Input) scaling.Decision {
	return guard.Check(in, scaling.Decide(in), activity.Backoffs{})
}

// The limits in force always hold, but for who holds the present capacity.
func TestLimitsHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawing{}.input(t)
		limits := in.Target.Limits
		if in.Override.InForce(in.Now) {
			limits = in.Override.Limit(limits)
		}
		for _, d := range []scaling.Decision{scaling.Decide(in), checked(in)} {
			if d.MinCapacity != limits.Min || d.MaxCapacity != limits.Max || d.MinCapacity > d.MaxCapacity {
				t.Fatalf("limits %d to %d, want %+v", d.MinCapacity, d.MaxCapacity, limits)
			}
			checkSteps(t, in.Present(), d)
		}
		if d := scaling.Decide(in).DesiredCapacity; d < limits.Min || d > limits.Max {
			t.Fatalf("%d is outside %+v", d, limits)
		}
		if d := checked(in); d.DesiredCapacity != in.Present() && (d.DesiredCapacity < limits.Min || d.DesiredCapacity > limits.Max) {
			t.Fatalf("%d is outside %+v", d.DesiredCapacity, limits)
		}
	})
}

// A check never goes further than the decision, but for the limits, nor the other
// way.
func TestChecksOnlyHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawing{}.input(t)
		present, wanted, d := in.Present(), scaling.Decide(in).DesiredCapacity, checked(in).DesiredCapacity
		if d < min(present, wanted) || d > max(present, wanted) {
			t.Fatalf("%d of %d, where %d is wanted", d, present, wanted)
		}
	})
}

// Stabilization windows and scale-in guards never go further than without them, nor
// the other way.
func TestWindowsAndGuardsOnlyHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawing{}.input(t)
		d := scaling.Decide(in)
		in.Target.ScaleInGuards = nil
		in.Target.Behavior.ScaleOut.Stabilization, in.Target.Behavior.ScaleIn.Stabilization = 0, 0
		free := scaling.Decide(in)
		kept := min(max(in.Present(), d.MinCapacity), d.MaxCapacity)
		if d.DesiredCapacity < min(kept, free.DesiredCapacity) || d.DesiredCapacity > max(kept, free.DesiredCapacity) {
			t.Fatalf("%d of %d, where %d is asked for without them: %+v\n%+v", d.DesiredCapacity, in.Present(), free.DesiredCapacity, d, free)
		}
	})
}

// What is recommended is what would be wanted if nothing ever held anything, and to hold
// it changes nothing of that.
func TestRecommendedIsBeforeAnyHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawing{}.input(t)
		decided, held := scaling.Decide(in).Recommended(), checked(in)
		held.Hold(scaling.Paused, in.Present(), "held by hand")
		in.Target.ScaleInGuards = nil
		in.Target.Behavior.ScaleOut.Stabilization, in.Target.Behavior.ScaleIn.Stabilization = 0, 0
		if free := scaling.Decide(in).DesiredCapacity; decided != free || held.Recommended() != free {
			t.Fatalf("recommended are %d, and %d when it is held, want %d: %+v", decided, held.Recommended(), free, held)
		}
	})
}

// Where nothing ever was different, no window has anything to hold.
func TestWindowsDoNotHoldWhatWasAlwaysSo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawing{complete: true}.input(t)
		in.Activities = nil // what served then and what is credited since make a difference
		always := map[string]float64{}
		in = changed(in, func(s scaling.Series) scaling.Series {
			for i, d := range s.Datapoints {
				always[s.Metric] = cmp.Or(always[s.Metric], d.Value)
				s.Datapoints[i].Value = always[s.Metric]
			}
			return s
		})
		d := scaling.Decide(in)
		in.Target.Behavior.ScaleOut.Stabilization, in.Target.Behavior.ScaleIn.Stabilization = 0, 0
		if free := scaling.Decide(in); d.DesiredCapacity != free.DesiredCapacity {
			t.Fatalf("%d with windows, %d without: %+v", d.DesiredCapacity, free.DesiredCapacity, d)
		}
	})
}

func TestEqualInputsGiveEqualBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawing{}.input(t)
		same := changed(in, func(s scaling.Series) scaling.Series { return s })
		if a, b := encode(t, checked(in)), encode(t, checked(same)); a != b {
			t.Fatalf("%s\n%s", a, b)
		}
	})
}

func TestOrderPartsAndDuplicatesOfDatapointsDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawing{}.input(t)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		other := changed(in, func(s scaling.Series) scaling.Series {
			s.Datapoints = append(s.Datapoints, s.Datapoints...)
			r.Shuffle(len(s.Datapoints), func(i, j int) { s.Datapoints[i], s.Datapoints[j] = s.Datapoints[j], s.Datapoints[i] })
			return s
		})
		var parts []scaling.Series
		for _, s := range other.Observation.Metrics {
			parts = append(parts, inParts(s, r.IntN(len(s.Datapoints)+1))...)
		}
		r.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		other.Observation.Metrics = parts
		if a, b := encode(t, checked(in)), encode(t, checked(other)); a != b {
			t.Fatalf("%s\n%s", a, b)
		}
	})
}

// What a decision looks at is what Queries asks for: older datapoints change
// nothing.
func TestQueriesAskForAllThatCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawing{}.input(t)
		from := map[string]time.Time{}
		for _, q := range scaling.Queries(in.Target, in.Now) {
			from[q.Metric.Name] = q.From
		}
		more := changed(in, func(s scaling.Series) scaling.Series {
			since, ok := from[s.Metric]
			if !ok {
				since = from[policy.Invocations]
			}
			s.Datapoints = slices.DeleteFunc(s.Datapoints, func(d scaling.Datapoint) bool { return d.Time.Before(since) })
			for i := range 40 {
				at := since.Add(-time.Duration(i+1) * periodOf(in, s))
				s.Datapoints = append(s.Datapoints, scaling.Datapoint{Time: at, Value: []float64{0, 1e6}[i%2]})
			}
			return s
		})
		if a, b := encode(t, checked(in)), encode(t, checked(more)); a != b {
			t.Fatalf("%s\n%s", a, b)
		}
	})
}

// To take away datapoints that are due never lowers a decision below the present
// capacity, but for step policies to which missing data says that all is well.
func TestRemovedDatapointsNeverRemoveCapacity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawing{}.input(t)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		share := oneOf(t, "share", 2, 4, 20)
		for i := range in.Target.StepScaling {
			if s := &in.Target.StepScaling[i]; s.TreatMissingData == policy.TreatNotBreaching {
				s.TreatMissingData = policy.TreatMissing
			}
		}
		fewer := changed(in, func(s scaling.Series) scaling.Series {
			last := dueThrough(in, s)
			s.Datapoints = slices.DeleteFunc(s.Datapoints, func(d scaling.Datapoint) bool { return d.Time.Before(last) && r.IntN(share) == 0 })
			return s
		})
		for name, f := range map[string]func(scaling.Input) scaling.Decision{"decided": scaling.Decide, "checked": checked} {
			all, some := f(in), f(fewer)
			if some.DesiredCapacity < min(all.DesiredCapacity, in.Present()) {
				t.Fatalf("%s: %d with all datapoints, %d with fewer, %d at present\n%+v\n%+v", name, all.DesiredCapacity, some.DesiredCapacity, in.Present(), all, some)
			}
		}
	})
}

// More load never gives less capacity, as long as no datapoint is missing: with
// tracked metrics and steps that add the more the higher, or with one step policy
// that removes the more the lower.
//
// With a policy that removes beside others this does not hold, as in Application
// Auto Scaling: one that asks for a little less bounds what another removes until
// it asks for nothing.
func TestMoreLoadNeverGivesLessCapacity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawing{complete: true, monotone: true}.input(t)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		more := changed(in, func(s scaling.Series) scaling.Series {
			for i := range s.Datapoints {
				s.Datapoints[i].Value *= []float64{1, 1, 1.1, 3}[r.IntN(4)]
			}
			return s
		})
		a, b := scaling.Decide(in), scaling.Decide(more)
		if b.DesiredCapacity < a.DesiredCapacity {
			t.Fatalf("%d with the load, %d with more\n%+v\n%+v", a.DesiredCapacity, b.DesiredCapacity, a, b)
		}
	})
}

// What tracking leaves bears the load: of every tracked metric that has a say, M of
// the N datapoints due were below the threshold and need no more than is left, and
// no newer one needs more.
func TestScaleInLeavesWhatTheLoadNeeds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawing{noSteps: true}.input(t)
		in.Activities = nil
		d := scaling.Decide(in)
		by := d.DesiredCapacity
		if len(d.Steps) == 0 || d.Steps[0].Rule != scaling.RuleTargetTracking || d.Steps[0].To > in.Present() || by >= min(in.Present(), d.MaxCapacity) {
			return
		}
		for _, tt := range in.Target.TargetTracking {
			if tt.DisableScaleIn {
				continue
			}
			due, later := needs(in, tt)
			fit := 0
			for _, need := range due {
				if need <= float64(by)+1e-6 && need < tt.Threshold*float64(in.Present()) {
					fit++
				}
			}
			if len(due) != tt.ScaleIn.Periods || fit < tt.ScaleIn.Datapoints {
				t.Fatalf("%d are left: %d of %d datapoints of %s fit, of %d: %v\n%+v", by, fit, len(due), tt.Metric.Name, tt.ScaleIn.Datapoints, due, d)
			}
			if len(later) > 0 && slices.Max(later) > float64(by)+1e-6 {
				t.Fatalf("%d are left for a newer need of %v", by, slices.Max(later))
			}
		}
	})
}

// needs are the needs of a tracked metric by its datapoints due in the window of a
// scale-in, and by the later ones. As long as there are no activities, what is
// measured per instance is of the capacity that serves.
func needs(in scaling.Input, tt policy.TargetTracking) (due, later []float64) {
	name, per := tt.Metric.Measured().Name, 1.0
	if !slices.ContainsFunc(in.Observation.Metrics, func(s scaling.Series) bool { return s.Metric == name }) {
		name = tt.Metric.Name
	}
	if name != policy.Invocations {
		per = float64(in.Observation.CurrentCapacity) / float64(max(1, tt.Metric.Devices))
	}
	highest := map[time.Time]float64{}
	var through time.Time
	for _, s := range in.Observation.Metrics {
		if s.Metric != name {
			continue
		}
		through = dueThrough(in, s)
		for _, d := range s.Datapoints {
			if d.Value >= 0 && !math.IsInf(d.Value, 0) && !d.Time.Add(tt.Metric.Period).After(in.Now) {
				highest[d.Time] = max(highest[d.Time], d.Value*per/tt.TargetValue)
			}
		}
	}
	for at, need := range highest {
		switch begin := through.Add(-time.Duration(tt.ScaleIn.Periods) * tt.Metric.Period); {
		case !at.Before(through):
			later = append(later, need)
		case !at.Before(begin):
			due = append(due, need)
		}
	}
	return due, later
}

// Under a constant load the capacity comes to rest, with all activities that this
// makes, and stays for an hour: at what the load needs, or at a little more or less
// where the threshold or the tolerance lets it.
func TestConstantLoadReachesAFixpoint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := target(tracking(perInstance, rapid.Float64Range(0.5, 5000).Draw(t, "target value")))
		if rapid.Bool().Draw(t, "per instance") {
			x.TargetTracking = append(x.TargetTracking, tracking("gpu", 50))
		}
		x.Behavior = policy.Behavior{ScaleOut: movement(t), ScaleIn: movement(t)}
		x.Behavior.ScaleOut.Select, x.Behavior.ScaleIn.Select = "", ""
		x.TargetTracking[0].ScaleInCooldown, x.TargetTracking[0].ScaleOutCooldown = oneOf(t, "in", 0, 5*time.Minute), oneOf(t, "out", 0, 5*time.Minute)
		need := rapid.Float64Range(0, 40).Draw(t, "need")
		w := &world{
			target: x, need: need, capacity: rapid.IntRange(1, 40).Draw(t, "present"),
			takes: time.Duration(rapid.IntRange(0, 7).Draw(t, "minutes")) * time.Minute,
		}
		changes := -1
		for hours := 0; changes != len(w.history) && hours < 20; hours++ {
			changes = len(w.history)
			w.run(t, 60)
		}
		rest := w.capacity
		if changes != len(w.history) || w.open() {
			t.Fatalf("%d goes on under a constant load for %g: %+v", rest, need, w.history[max(0, len(w.history)-4):])
		}
		enough := need/(1+x.Behavior.ScaleOut.Tolerance) - 1e-6
		if float64(rest) < enough {
			t.Fatalf("%d instances are left for a load of %g", rest, need)
		}
	})
}

// A world is an endpoint under a constant load, evaluated every minute.
type world struct {
	target   policy.Target
	need     float64
	capacity int
	takes    time.Duration
	at       time.Time
	history  []activity.Activity
	gpu      []scaling.Datapoint
}

func (w *world) open() bool { return len(w.history) > 0 && w.history[len(w.history)-1].Open() }

// run goes on for some minutes.
func (w *world) run(t *rapid.T, minutes int) {
	if w.at.IsZero() {
		w.at = now()
		for i := range 30 {
			w.measure(w.at.Add(-time.Duration(i+1) * time.Minute))
		}
	}
	for range minutes {
		o := scaling.Observation{Status: activity.InService, CurrentCapacity: w.capacity, DesiredCapacity: w.capacity}
		if w.open() {
			last := &w.history[len(w.history)-1]
			o.Status, o.DesiredCapacity = "Updating", last.To
			if w.at.Sub(last.StartTime) >= w.takes {
				last.Status, last.EndTime, w.capacity = activity.Successful, w.at, last.To
				o.Status, o.CurrentCapacity = activity.InService, last.To
			}
		}
		load := steady(policy.Invocations, w.need*w.target.TargetTracking[0].TargetValue, 30)
		for i := range load.Datapoints {
			load.Datapoints[i].Time = load.Datapoints[i].Time.Add(w.at.Sub(now()))
		}
		o.Metrics = []scaling.Series{load, {Metric: "gpu", Datapoints: w.gpu}}
		in := scaling.Input{Now: w.at, Target: w.target, Observation: o, Activities: w.history[max(0, len(w.history)-20):]}
		d := checked(in)
		checkSteps(t, in.Present(), d)
		if d.DesiredCapacity != in.Present() {
			w.history = append(w.history, activity.Activity{From: w.capacity, To: d.DesiredCapacity, Status: activity.InProgress, StartTime: w.at})
		}
		w.measure(w.at)
		w.at = w.at.Add(time.Minute)
	}
}

// measure adds the datapoint of a minute: the load of the other metric is spread
// over what serves.
func (w *world) measure(minute time.Time) {
	w.gpu = append(w.gpu, scaling.Datapoint{Time: minute, Value: 50 * w.need / float64(w.capacity)})
	w.gpu = w.gpu[max(0, len(w.gpu)-40):]
}

// A paused direction never moves, whoever asks.
func TestPausedDirectionNeverMoves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawing{}.input(t)
		in.Override.Pause = oneOf(t, "paused", policy.In, policy.Out, policy.Both)
		in.Override.Until = in.Now.Add(time.Second)
		present, d := in.Present(), checked(in)
		if d.DesiredCapacity > present && in.Override.Holds(policy.Out) || d.DesiredCapacity < present && in.Override.Holds(policy.In) {
			t.Fatalf("%s is paused, and %d goes to %d: %+v", in.Override.Pause, present, d.DesiredCapacity, d)
		}
	})
}

// Whatever is written in records is one of the words that are declared.
func TestCodesAndRulesAreDeclared(t *testing.T) {
	allCodes, allRules := declared(t, "Code"), declared(t, "Rule")
	if len(allCodes) < 20 || len(allRules) != 5 {
		t.Fatalf("read %d codes and %d rules", len(allCodes), len(allRules))
	}
	rapid.Check(t, func(t *rapid.T) {
		d := checked(drawing{}.input(t))
		for _, r := range d.NotScaledReasons {
			if !slices.Contains(allCodes, string(r.Code)) || r.Message == "" {
				t.Fatalf("code of %+v", r)
			}
		}
		for _, s := range d.Steps {
			if !slices.Contains(allCodes, string(s.Rule)) && !slices.Contains(allRules, string(s.Rule)) {
				t.Fatalf("rule of %+v", s)
			}
		}
	})
}

// declared returns the values of the constants of a type of decision.go.
func declared(t *testing.T, name string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "decision.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == name {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, value)
		}
		return true
	})
	return out
}

// inYear returns in as of another year.
func inYear(in scaling.Input, year int) scaling.Input {
	moved := func(at time.Time) time.Time {
		if at.IsZero() {
			return at
		}
		return at.AddDate(year-now().Year(), 0, 0)
	}
	in = changed(in, func(s scaling.Series) scaling.Series {
		for i := range s.Datapoints {
			s.Datapoints[i].Time = moved(s.Datapoints[i].Time)
		}
		s.DueThrough = moved(s.DueThrough)
		return s
	})
	for i := range in.Activities {
		in.Activities[i].StartTime, in.Activities[i].EndTime = moved(in.Activities[i].StartTime), moved(in.Activities[i].EndTime)
	}
	in.Override.Until, in.Now = moved(in.Override.Until), moved(in.Now)
	return in
}

// Nothing that a case can hold makes a decision fail, and the limits hold all the
// same.
func TestAnythingIsDecided(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawing{}.input(t)
		count := func(name string) int {
			return oneOf(t, name, math.MinInt32, -1, 0, 1, 3, 1000, math.MaxInt32-1, math.MaxInt32)
		}
		in.Observation.CurrentCapacity, in.Observation.DesiredCapacity = count("serve"), count("asked")
		in.Observation.Status = oneOf(t, "status", activity.InService, activity.InService, activity.InService, "Updating", "", "\x1b")
		low := oneOf(t, "min", 0, 1, math.MaxInt32-1)
		in.Target.Limits = schedule.Limits{Min: low, Max: oneOf(t, "max", low, math.MaxInt32)}
		for i := range in.Target.StepScaling {
			s := &in.Target.StepScaling[i]
			s.Threshold = oneOf(t, "threshold", -math.MaxFloat64, -1, 0, 50, math.MaxFloat64)
			s.MinAdjustment = oneOf(t, "least", 0, 1, math.MaxInt32)
			s.Cooldown = oneOf(t, "cooldown", 0, 24*time.Hour, math.MaxInt64)
			for j := range s.Adjustments {
				s.Adjustments[j].Adjustment = oneOf(t, "adjustment", math.MinInt32, -1, 0, 1, math.MaxInt32)
			}
		}
		for i := range in.Target.TargetTracking {
			in.Target.TargetTracking[i].TargetValue = oneOf(t, "target value", math.SmallestNonzeroFloat64, 1e-9, 50, math.MaxFloat64)
		}
		for _, m := range []*policy.Movement{&in.Target.Behavior.ScaleOut, &in.Target.Behavior.ScaleIn} {
			m.Tolerance = oneOf(t, "tolerance", 0, 0.99, 1, 1e300)
			for i := range m.Velocities {
				m.Velocities[i].Value = oneOf(t, "velocity", 1, 100, math.MaxInt32)
			}
		}
		for i := range in.Activities {
			in.Activities[i].From, in.Activities[i].To = count("from"), count("to")
			if once(t, "without time", 4) {
				in.Activities[i].StartTime, in.Activities[i].EndTime = time.Time{}, time.Time{}
			}
		}
		in = inYear(in, oneOf(t, "year", 1, 1969, 1970, 2026, 2026, 9999))
		in = changed(in, func(s scaling.Series) scaling.Series {
			for i := range s.Datapoints {
				if once(t, "odd", 10) {
					s.Datapoints[i].Value = oneOf(t, "value", math.NaN(), math.Inf(1), math.Inf(-1), -1, math.SmallestNonzeroFloat64, math.MaxFloat64)
				}
				if once(t, "odd time", 30) {
					s.Datapoints[i].Time = time.Date(oneOf(t, "of", -5, 1, 1969, 1970, 9999, 12000), 12, 31, 23, 59, 59, 999, time.UTC)
				}
			}
			return s
		})
		d := scaling.Decide(in)
		checkSteps(t, in.Present(), d)
		if d.DesiredCapacity < d.MinCapacity || d.DesiredCapacity > d.MaxCapacity {
			t.Fatalf("%d is outside %d to %d", d.DesiredCapacity, d.MinCapacity, d.MaxCapacity)
		}
		backoffs := activity.Backoffs{Out: activity.Backoff{Failures: 1, Until: in.Now.Add(time.Minute)}}
		for _, b := range []activity.Backoffs{{}, backoffs} {
			checkSteps(t, in.Present(), guard.Check(in, d, b))
		}
		encode(t, d)
	})
}
