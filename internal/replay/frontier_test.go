package replay_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"sagescale/internal/policy"
	"sagescale/internal/policyfile"
	"sagescale/internal/replay"
	"sagescale/internal/trace"
)

// frontierTarget is a target that scales by the rest of its policy.
func frontierTarget(t *testing.T, rules string) policy.Target {
	t.Helper()
	path := filepath.Join(t.TempDir(), "scaling.yaml")
	text := []byte("version: 1\ntargets:\n- endpoint: chat\n  variant: main\n  minCapacity: 1\n  maxCapacity: 20\n" + rules)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := policyfile.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return p.Targets[0]
}

func frontier(t *testing.T, target policy.Target, load trace.Trace, progress func(done, total int)) replay.Frontier {
	t.Helper()
	f, err := replay.RunFrontier(t.Context(), model(), load, target, replay.DefaultTracking(0.7), progress)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// day is a short made-up day of so many minutes that needs some instances of the model.
func day(minutes int) trace.Trace {
	load := trace.Day(1).Scale(0.1)
	load.Requests = load.Requests[7*60 : 7*60+minutes]
	return load
}

// A ladder goes up, has the policy's own value once, and its rungs are what a replay
// at that value comes to.
func TestFrontier(t *testing.T) {
	load := day(300)
	ideal := replay.Oracle(model(), load.Requests)
	for name, c := range map[string]struct {
		policy  string
		setting replay.Setting
		rungs   int
		own     float64
	}{
		"target value":              {"  targetTracking: [{metric: InvocationsPerInstance, targetValue: 70}]\n", replay.TargetShare, 7, 0.7},
		"a target value of its own": {"  targetTracking: [{metric: InvocationsPerInstance, targetValue: 66}]\n", replay.TargetShare, 8, 0.66},
		"objective": {"  targetTracking: [{metric: InvocationsPerInstance, targetValue: 70}]\n" +
			"  predictive: {mode: ForecastAndScale, instanceCapacity: 100, serviceObjective: 0.97}\n", replay.ServiceObjective, 10, 0.97},
	} {
		target := frontierTarget(t, c.policy)
		f := frontier(t, target, load, nil)
		if len(f.Sagescale) != c.rungs || len(f.ApplicationAutoScaling) != 8 {
			t.Fatalf("%s: %d and %d rungs, want %d and 8", name, len(f.Sagescale), len(f.ApplicationAutoScaling), c.rungs)
		}
		for i, r := range f.Sagescale {
			if r.Setting != c.setting || i > 0 && r.Value <= f.Sagescale[i-1].Value || r.Own != (r.Value == c.own) {
				t.Errorf("%s: rung %d is %+v", name, i, r)
			}
			if want := run(t, model(), load, &replay.Sagescale{Target: target}).Score(model(), ideal); r.Own && r.Score != want {
				t.Errorf("%s: the policy's own rung is %+v, a replay %+v", name, r.Score, want)
			}
		}
		for _, r := range f.ApplicationAutoScaling {
			want := run(t, model(), load, replay.ApplicationAutoScaling(r.Value)).Score(model(), ideal)
			if r.Score != want || r.Own != (r.Value == 0.7) {
				t.Errorf("%s: rung %+v, a replay %+v", name, r, want)
			}
		}
		if again := frontier(t, target, load, nil); !reflect.DeepEqual(again, f) {
			t.Errorf("%s: the frontier differs from one run to the next", name)
		}
	}
}

// The policy is not changed by the values that are tried.
func TestFrontierLeavesThePolicyAlone(t *testing.T) {
	target := frontierTarget(t, "  targetTracking: [{metric: InvocationsPerInstance, targetValue: 70}]\n")
	frontier(t, target, day(60), nil)
	if v := target.TargetTracking[0].TargetValue; v != 70 {
		t.Errorf("the target value became %v", v)
	}
}

// Progress only goes up, and ends when all is done.
func TestFrontierProgress(t *testing.T) {
	target := frontierTarget(t, "  targetTracking: [{metric: InvocationsPerInstance, targetValue: 70}]\n")
	last, all := 0, 0
	frontier(t, target, day(120), func(done, total int) {
		if done < last {
			t.Errorf("progress went from %d back to %d", last, done)
		}
		last, all = done, total
	})
	if last != all || all != 15*120 {
		t.Errorf("progress ended at %d of %d", last, all)
	}
}

// What ends a replay ends the frontier.
func TestFrontierFails(t *testing.T) {
	target := frontierTarget(t, "  targetTracking: [{metric: InvocationsPerInstance, targetValue: 70}]\n")
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := replay.RunFrontier(ended, model(), day(60), target, replay.DefaultTracking(0.7), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("after the context ended: %v", err)
	}
	if _, err := replay.RunFrontier(t.Context(), replay.Model{}, day(60), target, replay.DefaultTracking(0.7), nil); err == nil {
		t.Error("a model that makes no sense is taken")
	}
	if _, err := replay.RunFrontier(t.Context(), model(), load(), target, replay.DefaultTracking(0.7), nil); err == nil {
		t.Error("a load of nothing is taken")
	}
}
