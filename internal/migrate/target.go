package migrate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"sagescale/internal/policy"
	"sagescale/internal/schedule"
)

// builder makes one target of one registration. The names of entries go with the
// entries of the lists of spec.
type builder struct {
	registered                            Registered
	spec                                  policy.TargetSpec
	metrics                               *metrics
	steppers, actors                      names
	trackingNames, stepNames, actionNames []string
	differences                           []Difference
}

// Convert makes the target of a registration as it is at now. Its spec compiles. An
// error says that not even the limits can be expressed.
func Convert(r Registered, now time.Time) (Target, error) {
	b := &builder{registered: r, metrics: newMetrics(), steppers: names{}, actors: names{}}
	b.spec.Endpoint, b.spec.Variant = &r.Endpoint, &r.Variant
	b.spec.MinCapacity = b.atLeastOne("the limits", "MinCapacity", &r.Min)
	b.spec.MaxCapacity = b.atLeastOne("the limits", "MaxCapacity", &r.Max)
	for _, p := range r.Policies {
		b.policy(p)
	}
	for _, a := range r.Actions {
		b.action(a, now)
	}
	b.suspended()
	target, err := b.fit()
	if err != nil {
		return Target{}, err
	}
	b.otherwise(target, now)
	shareCooldowns(&b.spec)
	order := []Kind{LeftOut, Changed, Otherwise}
	slices.SortStableFunc(b.differences, func(x, y Difference) int {
		return cmp.Compare(slices.Index(order, x.Kind), slices.Index(order, y.Kind))
	})
	return Target{Spec: b.spec, Origins: b.origins(), Differences: b.differences}, nil
}

// policy adds a scaling policy.
func (b *builder) policy(p Policy) {
	switch {
	case p.Kind == TargetTracking && p.Tracking != nil:
		b.tracking(p)
	case p.Kind == StepScaling && p.Step != nil:
		b.steps(p)
	default:
		b.leaveOut(named("policy", p.Name), fmt.Sprintf("a policy of the kind %.80q is none that sagescale knows",
			p.Kind), "")
	}
}

// leaveOut notes what is not in the policy.
func (b *builder) leaveOut(about, what, do string) { b.differ(LeftOut, about, what, do) }

// differ notes a difference, once.
func (b *builder) differ(kind Kind, about, what, do string) {
	d := Difference{kind, about, what, do}
	if !slices.Contains(b.differences, d) {
		b.differences = append(b.differences, d)
	}
}

// fit takes entries out until what is left compiles, each with the rule that it breaks,
// and returns the target that it compiles to.
func (b *builder) fit() (policy.Target, error) {
	for {
		t, faults := policy.CompileTarget(b.spec)
		if len(faults) == 0 {
			return t, nil
		}
		if !slices.ContainsFunc(faults, b.takeOut) {
			return policy.Target{}, fmt.Errorf("make a policy of the registration of %s/%s: %s",
				b.registered.Endpoint, b.registered.Variant, faults[0])
		}
	}
}

// takeOut takes the entry out that a fault is of, and reports whether it is of one.
func (b *builder) takeOut(f policy.Fault) bool {
	if len(f.Path) < 2 {
		return false
	}
	i, ok := f.Path[1].(int)
	if !ok {
		return false
	}
	about := ""
	switch f.Path[0] {
	case "targetTracking":
		about = b.trackingNames[i]
		b.trackingNames, b.spec.TargetTracking = without(b.trackingNames, i), without(b.spec.TargetTracking, i)
	case "stepScaling":
		about = b.stepNames[i]
		b.stepNames, b.spec.StepScaling = without(b.stepNames, i), without(b.spec.StepScaling, i)
	case "scheduledActions":
		about = b.actionNames[i]
		b.actionNames, b.spec.ScheduledActions = without(b.actionNames, i), without(b.spec.ScheduledActions, i)
	default:
		return false
	}
	rule := strings.TrimPrefix(policy.Fault{Path: f.Path[2:], Rule: f.Rule, Value: f.Value}.String(), ": ")
	b.leaveOut(about, "the policy file does not take it: "+rule,
		"Write what is meant in a way that the policy file takes.")
	return true
}

// without returns a list without an item, nil for none left.
func without[T any](all []T, i int) []T {
	if len(all) == 1 {
		return nil
	}
	return slices.Delete(all, i, i+1)
}

// suspended writes what is suspended as the switches that do the same.
func (b *builder) suspended() {
	const about = "the suspended state"
	s := b.registered.Suspended
	switch {
	case s.Whole():
		b.spec.DryRun = new(true)
		b.differ(Changed, about, "all scaling is suspended in Application Auto Scaling, so the policy has dryRun: "+
			"it decides and never acts",
			"Take dryRun out to let sagescale scale.")
		return
	case s.In:
		b.spec.DisableScaleIn = new(true)
		b.differ(Changed, about, "scaling in is suspended in Application Auto Scaling, so the policy has "+
			"disableScaleIn", "Take it out to let sagescale remove capacity.")
	}
	if s.Out {
		b.spec.Behavior = &policy.BehaviorSpec{ScaleOut: &policy.BehaviorRuleSpec{SelectPolicy: new(policy.SelectDisabled)}}
		b.differ(Changed, about, "scaling out is suspended in Application Auto Scaling, so the policy's "+
			"behavior disables it", "Take it out to let sagescale add capacity.")
	}
}

// origins names the entries by their paths.
func (b *builder) origins() map[string]string {
	out := map[string]string{}
	for list, all := range map[string][]string{
		"targetTracking": b.trackingNames, "stepScaling": b.stepNames, "scheduledActions": b.actionNames,
	} {
		for i, name := range all {
			out[policy.Path{list, i}.String()] = name
		}
	}
	return out
}

// limitsNow compares the limits in force by the policy with those that are registered.
func (b *builder) limitsNow(t policy.Target, now time.Time) {
	was := schedule.Limits{Min: b.registered.Min, Max: b.registered.Max}
	is, _ := schedule.InForce(t.Limits, t.ScheduledActions, now)
	if was.Min >= 1 && is != was {
		b.differ(Otherwise, "the limits", fmt.Sprintf("by the scheduled actions they are %d to %d now, and "+
			"%d to %d are registered: somebody has changed them since the last firing, or it has not fired yet; "+
			"here a firing counts from its time on, also one from before the deployment",
			is.Min, is.Max, was.Min, was.Max), "Say in the scheduled actions what the limits are to be.")
	}
}
