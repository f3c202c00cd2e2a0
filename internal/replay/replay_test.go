package replay_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sagescale/internal/policy"
	"sagescale/internal/policyfile"
	"sagescale/internal/replay"
	"sagescale/internal/schedule"
	"sagescale/internal/trace"
)

// model is an endpoint whose instances serve 100 requests a minute.
func model() replay.Model {
	return replay.Model{
		InstanceCapacity: 100, Limits: schedule.Limits{Min: 1, Max: 20},
		Provisioning: 3 * time.Minute, ScaleIn: 2 * time.Minute, MetricDelay: time.Minute,
	}
}

func load(requests ...float64) trace.Trace {
	return trace.Trace{Start: trace.Epoch(), Step: time.Minute, Requests: requests}
}

// script asks for a capacity at each step.
type script struct {
	asks map[int]int
	seen map[int]int // by step at which it was asked, how many datapoints there were
}

func (script) Name() string { return "script" }

func (s script) Decide(v replay.View) (int, error) {
	s.seen[v.Step] = len(v.Requests)
	if n, ok := s.asks[v.Step]; ok {
		return n, nil
	}
	return v.Desired, nil
}

func run(t *testing.T, m replay.Model, requests trace.Trace, s replay.Scaler) replay.Timeline {
	t.Helper()
	line, err := replay.Run(t.Context(), m, requests, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	return line
}

// The model, step by step: a scale-out serves when it is due and is paid for at once,
// nothing else is changed meanwhile, and a scale-in serves one step more.
func TestModel(t *testing.T) {
	s := script{asks: map[int]int{1: 5, 2: 9, 5: 3, 6: 9, 7: 4}, seen: map[int]int{}}
	line := run(t, model(), load(150, 250, 450, 450, 450, 450, 350, 350, 350, 450, 50), s)
	want := []replay.Row{
		{150, 2, 2, 2, 0},
		{250, 5, 2, 5, 50},
		{450, 5, 2, 5, 250},
		{450, 5, 2, 5, 250},
		{450, 5, 5, 5, 0},
		{450, 3, 5, 5, 0},
		{350, 3, 3, 3, 50},
		{350, 4, 3, 4, 50},
		{350, 4, 3, 4, 50},
		{450, 4, 3, 4, 150},
		{50, 4, 4, 4, 0},
	}
	if !slices.Equal(line.Rows, want) {
		t.Errorf("got\n%v, want\n%v", line.Rows, want)
	}
	changes := []replay.Change{{2, 5, 1, 4, 4}, {5, 3, 5, 6, 7}, {3, 4, 7, 10, 10}}
	if !slices.Equal(line.Changes, changes) {
		t.Errorf("got changes %v, want %v", line.Changes, changes)
	}
	for step, seen := range s.seen {
		if busy := step == 2 || step == 3 || step == 6 || step == 8 || step == 9; busy || seen != step {
			t.Errorf("it is asked at step %d, with %d datapoints", step, seen)
		}
	}
	score := line.Score(model(), replay.Oracle(model(), loads(line)))
	if score.LostRequests != 850 || score.ViolationMinutes != 7 || score.ScaleOuts != 2 || score.ScaleIns != 1 || score.Reversals != 2 {
		t.Errorf("the score is %+v", score)
	}
}

func loads(line replay.Timeline) []float64 {
	var out []float64
	for _, r := range line.Rows {
		out = append(out, r.Requests)
	}
	return out
}

func TestScore(t *testing.T) {
	m := model()
	line := run(t, m, load(100, 300, 100, 100), script{seen: map[int]int{}})
	s := line.Score(m, replay.Oracle(m, []float64{100, 300, 100, 100}))
	// One instance for four minutes, two that lacked for one; the oracle pays 3, 3, 1, 1.
	if s.CostOverOracle != 0.5 || s.LostFraction != 200.0/600 || s.InstanceHours != 4.0/60 || s.J(10) != 0.5+10*2.0/8 {
		t.Errorf("got %+v, J(10) %v", s, s.J(10))
	}
}

// What is lacking of a minute counts as one.
func TestTimesAreWholeMinutes(t *testing.T) {
	m := model()
	m.Provisioning, m.ScaleIn, m.MetricDelay = 61*time.Second, 0, 90*time.Second
	s := script{asks: map[int]int{0: 4, 3: 2, 4: 1}, seen: map[int]int{}}
	line := run(t, m, load(100, 100, 100, 100, 100, 100), s)
	changes := []replay.Change{{1, 4, 0, 2, 2}, {4, 2, 3, 4, 4}, {2, 1, 4, 5, 5}}
	if !slices.Equal(line.Changes, changes) || s.seen[3] != 2 {
		t.Errorf("got %v, and %d datapoints at step 3", line.Changes, s.seen[3])
	}
}

func TestOtherStepsBecomeMinutes(t *testing.T) {
	line := run(t, model(), trace.Trace{Start: trace.Epoch(), Step: 5 * time.Minute, Requests: []float64{500, 1000}}, script{seen: map[int]int{}})
	if len(line.Rows) != 10 || line.Rows[4].Requests != 100 || line.Rows[5].Requests != 200 {
		t.Errorf("got %v", line.Rows)
	}
}

func TestRunRefuses(t *testing.T) {
	for name, change := range map[string]func(*replay.Model){
		"instance capacity 0": func(m *replay.Model) { m.InstanceCapacity = 0 },
		"+Inf":                func(m *replay.Model) { m.InstanceCapacity = math.Inf(1) },
		"provisioning":        func(m *replay.Model) { m.Provisioning = 0 },
		"scale-in":            func(m *replay.Model) { m.ScaleIn = -1 },
		"metric delay":        func(m *replay.Model) { m.MetricDelay = -1 },
		"limits":              func(m *replay.Model) { m.Limits.Min = 0 },
		"limits 1 to 0":       func(m *replay.Model) { m.Limits.Max = 0 },
	} {
		m := model()
		change(&m)
		if _, err := replay.Run(t.Context(), m, load(1), script{seen: map[int]int{}}, nil); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := replay.Run(t.Context(), model(), load(), script{}, nil); err == nil {
		t.Error("nothing is replayed")
	}
}

// The oracle pays for the most that comes within the provisioning time.
func TestOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		requests := rapid.SliceOfN(rapid.Float64Range(0, 3000), 1, 60).Draw(t, "requests")
		m := model()
		m.Provisioning = time.Duration(rapid.IntRange(1, 10).Draw(t, "provisioning")) * time.Minute
		line := replay.Oracle(m, requests)
		for i, row := range line.Rows {
			ahead := requests[i:min(len(requests), i+int(m.Provisioning/time.Minute)+1)]
			if want := max(1, int(math.Ceil(slices.Max(ahead)/100))); row.Billed != want || row.Lost != 0 {
				t.Fatalf("step %d: %+v, want %d", i, row, want)
			}
		}
	})
}

// noisy is a load that rises and falls in waves, with noise and bursts.
func noisy(minutes int, seed uint64) trace.Trace {
	r := rand.New(rand.NewPCG(seed, 0))
	out := load()
	for i := range minutes {
		v := 500 + 350*math.Sin(float64(i)/55) + 100*r.NormFloat64()
		if r.IntN(150) == 0 {
			v += 900
		}
		out.Requests = append(out.Requests, max(0, math.Round(v)))
	}
	return out
}

// all are the scalers that are compared.
func all(t *testing.T) []replay.Scaler {
	t.Helper()
	out := []replay.Scaler{&replay.Sagescale{Target: target(t, "")}, predictive{&replay.Sagescale{Target: target(t, forecasts)}}}
	for _, p := range replay.Peers(0.7) {
		out = append(out, p)
	}
	return out
}

// predictive is sagescale with forecasts, by a name of its own.
type predictive struct{ *replay.Sagescale }

func (predictive) Name() string { return "sagescale with forecasts" }

const forecasts = "  predictive: {mode: ForecastAndScale, instanceCapacity: 100}\n"

func target(t testing.TB, extra string) policy.Target {
	t.Helper()
	path := filepath.Join(t.TempDir(), "scaling.yaml")
	text := []byte(`version: 1
targets:
- endpoint: chat
  variant: AllTraffic
  minCapacity: 1
  maxCapacity: 20
` + extra + `  targetTracking:
  - {metric: InvocationsPerInstance, targetValue: 70}
`)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := policyfile.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return p.Targets[0]
}

// No scaler sees a datapoint before its time: a load that is cut gives the same up to
// the cut, and a load that is the same up to a step the same up to there.
func TestNoScalerKnowsTheFuture(t *testing.T) {
	whole := noisy(900, 1)
	for i, s := range all(t) {
		line := run(t, model(), whole, s)
		for _, cut := range []int{1, 2, 100, 333, 899} {
			other := noisy(900, 2)
			copy(other.Requests, whole.Requests[:cut])
			for name, requests := range map[string][]float64{"cut": whole.Requests[:cut], "another future": other.Requests} {
				got := run(t, model(), load(requests...), all(t)[i])
				if !slices.Equal(got.Rows[:cut], line.Rows[:cut]) {
					t.Errorf("%s, %s at %d: another timeline", s.Name(), name, cut)
				}
			}
		}
	}
}

// Nobody leaves the limits or changes a busy endpoint, and all serve most of a load
// that they can follow.
func TestScalersFollowTheLoad(t *testing.T) {
	requests := noisy(1500, 3)
	ideal := replay.Oracle(model(), requests.Requests)
	for _, s := range all(t) {
		line := run(t, model(), requests, s)
		for i, r := range line.Rows {
			if r.Desired < 1 || r.Desired > 20 || r.InService < 1 {
				t.Fatalf("%s, step %d: %+v", s.Name(), i, r)
			}
		}
		for i, c := range line.Changes[1:] {
			if c.At < line.Changes[i].Free {
				t.Errorf("%s changes a busy endpoint: %v after %v", s.Name(), c, line.Changes[i])
			}
		}
		score := line.Score(model(), ideal)
		if score.LostFraction > 0.05 || score.CostOverOracle > 2 || score.ScaleOuts < 5 || score.ScaleIns < 5 {
			t.Errorf("%s: %+v", s.Name(), score)
		}
	}
}

// daily is a load with a daily pattern: a steep morning, and noise.
func daily(days int) trace.Trace {
	r := rand.New(rand.NewPCG(9, 0))
	out := load()
	for i := range days * 24 * 60 {
		hour := float64(i%(24*60)) / 60
		v := 200 + 1200/(1+math.Exp(-8*(hour-9))) - 1200/(1+math.Exp(-2*(hour-20)))
		out.Requests = append(out.Requests, max(0, math.Round(v*(1+0.05*r.NormFloat64()))))
	}
	return out
}

// On a daily pattern forecasts are worth what they are for: they cost less than target
// tracking at 70 %, by anybody, and at no target Application Auto Scaling costs as
// little and loses as little.
func TestForecastsAreWorthIt(t *testing.T) {
	m, requests := model(), daily(6)
	ideal := replay.Oracle(m, requests.Requests)
	score := func(s replay.Scaler) replay.Score { return run(t, m, requests, s).Score(m, ideal) }
	ahead := score(&replay.Sagescale{Target: target(t, forecasts)})
	plain, aws := score(&replay.Sagescale{Target: target(t, "")}), score(replay.ApplicationAutoScaling(0.7))
	if ahead.LostFraction > 0.0015 {
		t.Errorf("the service objective of 0.999 is missed by more than a half: %+v", ahead)
	}
	if ahead.CostOverOracle > 0.9*min(plain.CostOverOracle, aws.CostOverOracle) {
		t.Errorf("it costs %v of the oracle, without forecasts %v, Application Auto Scaling %v", ahead.CostOverOracle, plain.CostOverOracle, aws.CostOverOracle)
	}
	for _, share := range []float64{0.75, 0.8, 0.85, 0.9, 0.95} {
		if s := score(replay.ApplicationAutoScaling(share)); s.CostOverOracle <= 1.05*ahead.CostOverOracle && s.LostFraction <= ahead.LostFraction {
			t.Errorf("at %v Application Auto Scaling costs %v and loses %v, with forecasts it is %v and %v",
				share, s.CostOverOracle, s.LostFraction, ahead.CostOverOracle, ahead.LostFraction)
		}
	}
}

// With forecasts too no scale-in comes within a cooldown.
func TestForecastsKeepCooldowns(t *testing.T) {
	line := run(t, model(), daily(3), &replay.Sagescale{Target: target(t, forecasts)})
	if len(line.Changes) < 20 {
		t.Errorf("only %d changes", len(line.Changes))
	}
	for i, c := range line.Changes[1:] {
		if before := line.Changes[i]; !c.ScaleOut() && c.At < before.Free+5 {
			t.Errorf("%+v within the cooldown of %+v", c, before)
		}
	}
}

// A metric of which a load says nothing cannot be replayed.
func TestNotMeasured(t *testing.T) {
	p, err := policyfile.Parse("scaling.yaml", []byte(`version: 1
targets:
- {endpoint: chat, variant: AllTraffic, minCapacity: 1, maxCapacity: 2, targetTracking: [{metric: ConcurrentRequestsPerModel, targetValue: 7}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := replay.Run(t.Context(), model(), load(1, 2), &replay.Sagescale{Target: p.Targets[0]}, nil); !errors.Is(err, replay.ErrNotMeasured) {
		t.Errorf("got %v", err)
	}
}

func BenchmarkFourteenDays(b *testing.B) {
	requests := noisy(14*24*60, 1)
	plain, ahead := target(b, ""), target(b, forecasts)
	for _, fresh := range []func() replay.Scaler{
		func() replay.Scaler { return &replay.Sagescale{Target: plain} },
		func() replay.Scaler { return predictive{&replay.Sagescale{Target: ahead}} },
		func() replay.Scaler { return replay.ApplicationAutoScaling(0.7) },
		func() replay.Scaler { return replay.HPA(0.7) },
		func() replay.Scaler { return replay.KPA(0.7) },
	} {
		b.Run(fresh().Name(), func(b *testing.B) {
			for b.Loop() {
				if _, err := replay.Run(b.Context(), model(), requests, fresh(), nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
