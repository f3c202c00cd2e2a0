package guard_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"sagescale/internal/activity"
	"sagescale/internal/guard"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/schedule"
)

// change is a capacity and since when it was asked for.
type change struct {
	at       time.Time
	capacity int
}

// capacityAt is the capacity that was asked for last at a time.
func capacityAt(changes []change, at time.Time) int {
	capacity := changes[0].capacity
	for _, c := range changes {
		if !c.at.After(at) {
			capacity = c.capacity
		}
	}
	return capacity
}

// farthest is where a movement may lead from the capacities that its periods began
// with: the definition, without activities.
func farthest(m policy.Movement, changes []change, at time.Time, out bool) int {
	bound, any := 0, false
	for _, v := range m.Velocities {
		start := capacityAt(changes, at.Add(-v.Period))
		by := v.Value
		if v.Type == policy.Percent {
			by = (start*v.Value + 99) / 100 // of what is added and of what is removed, rounded up
		}
		to := start + by
		if !out {
			to = max(0, start-by)
		}
		larger := out == (to > bound)
		if !any || larger == (m.Select != policy.SelectMin) {
			bound, any = to, true
		}
	}
	return bound
}

func anyMovement(t *rapid.T, name string) policy.Movement {
	m := policy.Movement{Select: rapid.SampledFrom([]string{"", policy.SelectMin}).Draw(t, name+" select")}
	for range rapid.IntRange(1, 3).Draw(t, name+" velocities") {
		m.Velocities = append(m.Velocities, policy.Velocity{
			Type:   rapid.SampledFrom([]string{policy.Instances, policy.Percent}).Draw(t, name+" type"),
			Value:  rapid.SampledFrom([]int{1, 2, 10, 33, 100, 250}).Draw(t, name+" value"),
			Period: time.Duration(rapid.IntRange(1, 600).Draw(t, name+" period")) * time.Second,
		})
	}
	return m
}

// However a target is evaluated, in no period does its capacity move further than
// its behavior allows: by the capacities that there were, not by the activities
// that the guard goes by.
func TestVelocityIsNeverExceeded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := input(rapid.IntRange(1, 50).Draw(t, "present"))
		in.Target.Limits = schedule.Limits{Min: 1, Max: 10000}
		in.Target.Behavior = policy.Behavior{ScaleOut: anyMovement(t, "out"), ScaleIn: anyMovement(t, "in")}
		changes := []change{{at: now().Add(-24 * time.Hour), capacity: in.Present()}}
		for range 30 {
			in.Now = in.Now.Add(time.Duration(rapid.IntRange(1, 240).Draw(t, "later")) * time.Second)
			present := in.Present()
			d := wish(in, rapid.IntRange(1, 3*present).Draw(t, "wish"))
			d.Cooldown = scaling.Cooldown{}
			to := guard.Check(in, d, activity.Backoffs{}).DesiredCapacity
			if to == present {
				continue
			}
			a := activity.Activity{From: present, To: to, Status: activity.Failed, StartTime: in.Now, EndTime: in.Now}
			if rapid.IntRange(0, 5).Draw(t, "succeeds") > 0 {
				a.Status = activity.Successful
				in.Observation.CurrentCapacity, in.Observation.DesiredCapacity = to, to
			}
			m := in.Target.Behavior.ScaleOut
			if to < present {
				m = in.Target.Behavior.ScaleIn
			}
			if most := farthest(m, changes, in.Now, to > present); to > present && to > most || to < present && to < most {
				t.Fatalf("from %d to %d, where %d is allowed by %+v: %+v", present, to, most, m, changes)
			}
			in.Activities = append(in.Activities, a)
			if a.Status == activity.Successful {
				changes = append(changes, change{in.Now, to})
			}
		}
	})
}

// What velocity allows it does not hold: a wish within it is granted.
func TestVelocityHoldsNoMoreThanItMust(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := input(rapid.IntRange(1, 200).Draw(t, "present"))
		in.Target.Limits = schedule.Limits{Min: 1, Max: 10000}
		in.Target.Behavior = policy.Behavior{ScaleOut: anyMovement(t, "out"), ScaleIn: anyMovement(t, "in")}
		before := rapid.IntRange(1, 200).Draw(t, "before")
		ago := time.Duration(rapid.IntRange(0, 600).Draw(t, "ago")) * time.Second
		in.Activities = []activity.Activity{began(before, in.Present(), ago)}
		changes := []change{{now().Add(-24 * time.Hour), before}, {now().Add(-ago), in.Present()}}
		present, asked := in.Present(), rapid.IntRange(1, 500).Draw(t, "wish")
		d := wish(in, asked)
		d.Cooldown = scaling.Cooldown{}
		want := asked
		switch {
		case asked > present:
			want = min(asked, max(present, farthest(in.Target.Behavior.ScaleOut, changes, in.Now, true)))
		case asked < present:
			want = max(asked, min(present, farthest(in.Target.Behavior.ScaleIn, changes, in.Now, false)))
		}
		if got := guard.Check(in, d, activity.Backoffs{}).DesiredCapacity; got != want {
			t.Fatalf("from %d, %d before: %d for %d, want %d: %+v", present, before, got, asked, want, in.Target.Behavior)
		}
	})
}
