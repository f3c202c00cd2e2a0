package simulate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/event"
	"sagescale/internal/simulate"
	"sagescale/internal/trace"
)

// randomLoad draws a load that stays at a level for some minutes, then jumps.
func randomLoad(t *rapid.T) trace.Trace {
	trace := trace.Trace{Start: trace.Epoch(), Step: time.Minute}
	for range rapid.IntRange(2, 8).Draw(t, "levels") {
		level := rapid.Float64Range(0, 15000).Draw(t, "level")
		trace.Requests = append(trace.Requests, slices.Repeat([]float64{level}, rapid.IntRange(1, 40).Draw(t, "minutes"))...)
	}
	return trace
}

// TestReplayModel works the rows out again, from the changes alone and by the
// words of the model: for each minute from nothing but the list of changes.
func TestReplayModel(t *testing.T) {
	p := parse(t, onePolicy)
	rapid.Check(t, func(t *rapid.T) {
		c := config(p, randomLoad(t))
		delay := rapid.IntRange(1, 9).Draw(t, "provisioning")
		c.Provisioning = time.Duration(delay) * time.Minute
		c.ScaleIn = time.Duration(rapid.IntRange(0, 4).Draw(t, "scale-in")) * time.Minute
		c.Delay = time.Duration(rapid.IntRange(0, 2).Draw(t, "delay")) * time.Minute
		got := rerun(t, c).Targets[0]
		first := int(min(20, max(1, math.Ceil(got.Rows[0].Requests/1000))))
		for i, row := range got.Rows {
			desired, inService := first, first
			for _, a := range got.Activities {
				decided := int(a.StartTime.Sub(c.Start) / time.Minute)
				serves := decided + 1
				if a.To > a.From {
					serves = decided + delay
				}
				if i >= decided {
					desired = a.To
				}
				if i >= serves {
					inService = a.To
				}
			}
			want := simulate.Row{
				Time:      c.Start.Add(time.Duration(i) * time.Minute),
				Requests:  row.Requests,
				Desired:   desired,
				InService: inService,
				Billed:    max(desired, inService),
				Lost:      max(0, row.Requests-1000*float64(inService)),
			}
			if row != want {
				t.Fatalf("minute %d is %+v, want %+v", i, row, want)
			}
		}
		checkBusy(t, c, got.Activities)
	})
}

// checkBusy checks that no change begins while another keeps the endpoint busy.
func checkBusy(t *rapid.T, c simulate.Config, all []activity.Activity) {
	for i := 1; i < len(all); i++ {
		last, busy := all[i-1], max(c.ScaleIn, time.Minute)
		if last.ScaleOut() {
			busy = c.Provisioning
		}
		if all[i].StartTime.Before(last.StartTime.Add(busy)) {
			t.Fatalf("%v begins while %v is under way", all[i], last)
		}
	}
}

func rerun(t *rapid.T, c simulate.Config) simulate.Result {
	r, err := simulate.Run(context.Background(), c)
	if err != nil || r.Errors != 0 {
		t.Fatalf("%d records with errors, %v", r.Errors, err)
	}
	return r
}

// TestNoLookAhead cuts a trace: up to the cut everything must be the same.
func TestNoLookAhead(t *testing.T) {
	p := parse(t, onePolicy)
	rapid.Check(t, func(t *rapid.T) {
		load := randomLoad(t)
		whole := rerun(t, config(p, load)).Targets[0]
		load.Requests = load.Requests[:rapid.IntRange(1, len(load.Requests)).Draw(t, "cut")]
		cut := rerun(t, config(p, load)).Targets[0]
		if !slices.Equal(cut.Rows, whole.Rows[:len(cut.Rows)]) {
			t.Fatal("what comes later changes what was done before")
		}
	})
}

// TestCooldowns checks the changes of whole runs against the cooldowns, by the
// guard's words: after a change is in service no scale-in for its cooldown, and
// within the scale-out cooldown only a scale-out to more than the last one's.
func TestCooldowns(t *testing.T) {
	p := parse(t, onePolicy)
	loads := []trace.Trace{trace.Day(1), trace.Day(7)}
	for minutes := 3; minutes < 40; minutes += 3 {
		saw := trace.Trace{Start: trace.Epoch(), Step: time.Minute}
		for m := range 600 {
			saw.Requests = append(saw.Requests, 500+9000*float64(m/minutes%2))
		}
		loads = append(loads, saw)
	}
	changes := 0
	for _, load := range loads {
		all := run(t, config(p, load)).Targets[0].Activities
		changes += len(all)
		for i := 1; i < len(all); i++ {
			a, last := all[i], all[i-1]
			wait := a.StartTime.Sub(last.EndTime)
			if !a.ScaleOut() && wait < 5*time.Minute {
				t.Errorf("%v goes in %s after %v", a, wait, last)
			}
			if a.ScaleOut() && last.ScaleOut() && wait < 5*time.Minute && a.To <= last.To {
				t.Errorf("%v goes out %s after %v", a, wait, last)
			}
		}
	}
	if changes < 100 {
		t.Errorf("only %d changes were looked at", changes)
	}
}

func TestDeterminism(t *testing.T) {
	p := parse(t, twoVariants)
	records := func() []byte {
		var b bytes.Buffer
		c := config(p, trace.Day(3))
		c.Record = func(r autoscaler.Record) error { return json.NewEncoder(&b).Encode(r) }
		r := run(t, c)
		if r.Ticks != 1440 || r.Records < 2*1440 || bytes.Count(b.Bytes(), []byte("\n")) != r.Records {
			t.Errorf("%d records of %d ticks", r.Records, r.Ticks)
		}
		return b.Bytes()
	}
	if !bytes.Equal(records(), records()) {
		t.Error("equal inputs give other records")
	}
}

const twoVariants = `
version: 1
defaults: {minCapacity: 1, maxCapacity: 20, targetTracking: [{metric: InvocationsPerInstance, targetValue: 700}]}
targets:
- {endpoint: chat, variant: main}
- {endpoint: chat, variant: canary}
- {endpoint: other, variant: main}
`

// TestLostEvents loses every event but the ticks: nothing may hang on them but
// the time at which something is done.
func TestLostEvents(t *testing.T) {
	c := config(parse(t, onePolicy), trace.Day(1))
	c.Lost = func(kind event.Kind, _ time.Time) bool { return kind != event.Tick }
	lossy := run(t, c).Targets[0]
	whole := run(t, config(c.Policy, trace.Day(1))).Targets[0]
	if !slices.Equal(lossy.Rows, whole.Rows) {
		t.Error("lost events have changed what is done at the ticks")
	}
}

// TestMetrics scales by every kind of metric: the loop must close.
func TestMetrics(t *testing.T) {
	for _, metric := range []string{
		"{metric: InvocationsPerInstance, targetValue: 700}",
		"{metric: ConcurrentRequestsPerModel, targetValue: 12}",
		"{metric: {name: gpu, namespace: /aws/sagemaker/Endpoints, metricName: GPUUtilization, statistic: Average}, targetValue: 70}",
		"{metric: {name: gpu5, namespace: /aws/sagemaker/Endpoints, metricName: GPUUtilization, statistic: Maximum, period: 5m}, targetValue: 70}",
	} {
		text := strings.Replace(onePolicy, "{metric: InvocationsPerInstance, targetValue: 700}", metric, 1)
		sum := run(t, config(parse(t, text), trace.Day(1))).Targets[0].Totals()
		if sum.ScaleOuts < 3 || sum.ScaleIns < 3 || sum.ScaleOuts > 50 || sum.LostFraction > 0.05 {
			t.Errorf("%s: %+v", metric, sum)
		}
	}
}

func TestRunFails(t *testing.T) {
	good := config(parse(t, onePolicy), trace.Day(1))
	for name, spoil := range map[string]func(*simulate.Config){
		"the policy has no target": func(c *simulate.Config) { c.Policy = nil },
		"is not a whole minute":    func(c *simulate.Config) { c.Start = c.Start.Add(time.Second) },
		"provisioning time":        func(c *simulate.Config) { c.Provisioning = 0 },
		"scale-in time":            func(c *simulate.Config) { c.ScaleIn = -1 },
		"metric delay":             func(c *simulate.Config) { c.Delay = -1 },
		"tick 1s":                  func(c *simulate.Config) { c.Tick = time.Second },
		"a load of 0 minutes":      func(c *simulate.Config) { c.Loads = nil },
		"instance capacity NaN": func(c *simulate.Config) {
			c.Loads = map[string]simulate.Load{"chat/main": {Requests: []float64{1}, InstanceCapacity: math.NaN()}}
		},
		"disk is full": func(c *simulate.Config) {
			c.Record = func(autoscaler.Record) error { return errors.New("disk is full") }
		},
	} {
		c := good
		spoil(&c)
		if _, err := simulate.Run(t.Context(), c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %s", err, name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	steps := 0
	good.Progress = func(done, total int) {
		if steps = done; done == 10 {
			cancel()
		}
	}
	if _, err := simulate.Run(ctx, good); !errors.Is(err, context.Canceled) || steps != 10 {
		t.Errorf("got %v after %d steps", err, steps)
	}
}

// The simulated account has no metric math: a policy with an expression is refused
// wherever the expression stands.
func TestRunRefusesExpressions(t *testing.T) {
	const metric = "metric: {name: rate, expression: a, metrics: [{id: a, namespace: N, metricName: M, statistic: Sum}]}"
	for _, list := range []string{
		"targetTracking: [{" + metric + ", targetValue: 1}]",
		"stepScaling: [{name: s, " + metric + `, threshold: 1, comparison: GreaterThanThreshold,
    adjustmentType: ChangeInCapacity, stepAdjustments: [{lowerBound: 0, adjustment: 1}]}]`,
		"scaleInGuards: [{" + metric + ", maximum: 1}]",
	} {
		text := strings.Replace(onePolicy, "targetTracking: [{metric: InvocationsPerInstance, targetValue: 700}]", list, 1)
		_, err := simulate.Run(t.Context(), config(parse(t, text), trace.Day(1)))
		const want = "target chat/main: metric rate is an expression, which the simulated account cannot compute"
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", list, err, want)
		}
	}
}

func TestTotals(t *testing.T) {
	r := simulate.TargetResult{Rows: []simulate.Row{
		{Requests: 10, InService: 1, Desired: 2, Billed: 2, Lost: 5},
		{Requests: 20, InService: 2, Desired: 3, Billed: 3},
		{Requests: 10, InService: 3, Desired: 1, Billed: 3},
		{Requests: 10, InService: 1, Desired: 1, Billed: 1, Lost: 5},
		{Requests: 0, InService: 1, Desired: 2, Billed: 3},
	}}
	want := simulate.Totals{Requests: 50, Lost: 10, LostFraction: 0.2, ViolationMinutes: 2, InstanceHours: 0.2, ScaleOuts: 3, ScaleIns: 1, Reversals: 2}
	if got := r.Totals(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := (simulate.TargetResult{}).Totals(); got != (simulate.Totals{}) {
		t.Errorf("the totals of nothing are %+v", got)
	}
}
