package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"sagescale/internal/deployment"
	"sagescale/internal/migrate"
	"sagescale/internal/policy"
	"sagescale/internal/replay"
	"sagescale/internal/report"
)

// compare replays the policy of the one registration beside Application Auto Scaling as it
// is registered, over the variant's own load.
func (o *importOptions) compare(cmd *cobra.Command, a deployment.Account, all []migrate.Registered, now func() time.Time) (*report.Backtest, error) {
	if len(all) != 1 {
		return nil, invalid(fmt.Errorf("--backtest replays one variant, and %d are registered: name it, as %s/%s",
			len(all), all[0].Endpoint, all[0].Variant))
	}
	t, notes, err := replayable(all[0], now())
	if err != nil {
		return nil, err
	}
	r := o.replayed
	done := working(cmd.ErrOrStderr(), "reading the load from CloudWatch")
	from := account{metrics: a.Metrics, region: a.Region, endpoint: t.Endpoint, variant: t.Variant, now: now()}
	run, capacity, err := r.cloudwatch.load(cmd.Context(), from, r.capacity)
	done()
	if err != nil {
		return nil, err
	}
	r.model(&run, t, capacity)
	run.Notes = append(run.Notes, notes...)
	tracking := t.TargetTracking[0]
	r.registered = &replay.Tracking{
		Target:           tracking.TargetValue / capacity,
		ScaleOutCooldown: tracking.ScaleOutCooldown, ScaleInCooldown: tracking.ScaleInCooldown,
		DisableScaleIn: tracking.DisableScaleIn,
		Actions:        t.ScheduledActions,
	}
	run.Notes = append(run.Notes, fmt.Sprintf("Application Auto Scaling is replayed at what is registered: %s "+
		"requests a minute on an instance, limits %d to %d.",
		strconv.FormatFloat(tracking.TargetValue, 'f', -1, 64), t.Limits.Min, t.Limits.Max))
	r.peers = []string{r.registered.Peer().Name(), oracleName}
	runs := []report.Backtest{run}
	if err := r.replay(cmd, now, t, runs); err != nil {
		return nil, err
	}
	return &runs[0], nil
}

// replayable is the target of a registration as far as requests tell its metrics, as if
// nothing of it were suspended, with what must be known of that.
func replayable(r migrate.Registered, now time.Time) (policy.Target, []string, error) {
	suspended := !r.Suspended.None()
	r.Suspended = migrate.Suspension{}
	converted, err := migrate.Convert(r, now)
	if err != nil {
		return policy.Target{}, nil, err
	}
	t, faults := policy.CompileTarget(converted.Spec)
	if len(faults) > 0 {
		return policy.Target{}, nil, fmt.Errorf("compile the policy: %s", faults[0])
	}
	before := len(t.TargetTracking) + len(t.StepScaling)
	t.TargetTracking = slices.DeleteFunc(t.TargetTracking,
		func(x policy.TargetTracking) bool { return x.Metric.Name != policy.InvocationsPerInstance })
	t.StepScaling = nil
	if len(t.TargetTracking) == 0 {
		return t, nil, invalid(errors.New("--backtest needs a policy that tracks InvocationsPerInstance: the " +
			"requests of the past tell no other metric. Import without it"))
	}
	var notes []string
	if left := before - len(t.TargetTracking); left > 0 {
		notes = append(notes, fmt.Sprintf("Both are replayed by InvocationsPerInstance alone: requests do not tell "+
			"the metrics of other policies (%d).", left))
	}
	if suspended {
		notes = append(notes, "Both are replayed as if no scaling were suspended.")
	}
	return t, notes, nil
}
