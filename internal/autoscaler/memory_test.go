//go:build linux

package autoscaler_test

import (
	"math"
	"os"
	"os/exec"
	"runtime/debug"
	"syscall"
	"testing"
	"time"
)

const lambdaMemory = 128 << 20

// To learn of two weeks of ten loads, one after the other, takes a small part of the
// memory of a function. The process is one of its own, told of its limit as Lambda's are
// not: what it takes is what the system says.
func TestLearnInAFunctionsMemory(t *testing.T) {
	const child = "SAGESCALE_TEST_LEARNS"
	if os.Getenv(child) != "" {
		learnTen(t)
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), child+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		t.Fatal("the system does not say what a process has used")
	}
	most := usage.Maxrss << 10
	t.Logf("at most %d MiB in memory, %s of processor time for ten targets", most>>20, cmd.ProcessState.UserTime())
	if most > lambdaMemory/2 {
		t.Errorf("%d MiB, more than half of what a function has", most>>20)
	}
}

func learnTen(t *testing.T) {
	debug.SetGCPercent(100)
	f, w, _, l := school(t, func(at time.Time) float64 {
		return 1000 + 800*math.Sin(float64(at.Unix())/86400*2*math.Pi) + float64(at.Unix()/60%17)
	})
	target := f.Policy.Targets[0]
	for i := range 9 {
		target.Variant = string(rune('a' + i))
		f.Policy.Targets = append(f.Policy.Targets, target)
	}
	if learned, err := f.Learn(t.Context()); err != nil || len(learned) != 10 || len(l.saved) != 10 {
		t.Fatalf("learned of %d, %v, at %s", len(learned), err, w.now)
	}
}
