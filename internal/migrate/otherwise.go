package migrate

import (
	"slices"
	"strings"
	"time"

	"sagescale/internal/policy"
)

// otherwise notes what sagescale does with t that Application Auto Scaling does not, or
// does not promise.
func (b *builder) otherwise(t policy.Target, now time.Time) {
	if len(t.TargetTracking) > 0 {
		b.otherwiseTracking(t)
	}
	if len(t.StepScaling) > 0 {
		b.otherwiseSteps(t)
	}
	tracked := slices.ContainsFunc(t.TargetTracking, func(x policy.TargetTracking) bool { return !x.DisableScaleIn })
	if tracked || slices.ContainsFunc(t.StepScaling, removes) {
		b.differ(Otherwise, "scaling in", "a scale-in waits for the cooldown of the last scale-out too, and for "+
			"every datapoint that is due, of every metric of the policy", "")
	}
	if len(t.ScheduledActions) > 0 {
		b.otherwiseActions(t)
		b.limitsNow(t, now)
	}
}

func (b *builder) otherwiseTracking(t policy.Target) {
	const about = "target tracking"
	tracks := func(name string) bool {
		return slices.ContainsFunc(t.TargetTracking, func(x policy.TargetTracking) bool { return x.Metric.Name == name })
	}
	if tracks(policy.InvocationsPerInstance) {
		b.differ(Otherwise, about, "InvocationsPerInstance is sized by the requests to all instances: "+
			"the same capacity, but for instances on their way, which are not asked for twice", "")
	}
	if tracks(policy.ConcurrentRequestsPerModel) {
		b.differ(Otherwise, about, "ConcurrentRequestsPerModel is read as the maximum of 10 seconds; which "+
			"statistic Application Auto Scaling reads is not documented", "")
	}
}

func (b *builder) otherwiseSteps(t policy.Target) {
	const about = "step scaling"
	b.differ(Otherwise, about, "what any scale-out has added in the cooldown is credited against a step, not only "+
		"what the same policy has; and while a step policy is in alarm and has what it asked for, nothing is removed", "")
	breaching := func(s policy.StepScaling) bool { return removes(s) && s.TreatMissingData == policy.TreatBreaching }
	if slices.ContainsFunc(t.StepScaling, breaching) {
		b.differ(Otherwise, about, "missing datapoints that count as breaching remove no capacity here", "")
	}
}

// removes reports whether a step may remove capacity.
func removes(s policy.StepScaling) bool {
	return slices.ContainsFunc(s.Adjustments, func(a policy.StepAdjustment) bool {
		return a.Adjustment < 0 || s.AdjustmentType == policy.ExactCapacity
	})
}

func (b *builder) otherwiseActions(t policy.Target) {
	const about = "scheduled actions"
	for _, a := range t.Actions {
		if strings.HasPrefix(a.Schedule, "rate") && a.StartTime.IsZero() {
			b.differ(Otherwise, named("scheduled action", a.Name), "a rate without a startTime counts from 1970 here",
				"Give it a startTime if it matters when it fires.")
		}
		if a.Timezone != "UTC" {
			b.differ(Otherwise, about, "a local time that the clocks skip is skipped, and one that comes twice "+
				"counts once; Application Auto Scaling does not say what it does", "")
		}
	}
	b.differ(Otherwise, about, "minCapacity and maxCapacity are those registered now, which a scheduled action "+
		"may have set; they hold until the first firing, and those of the actions from then on",
		"See whether they are the limits that are meant without the actions.")
}
