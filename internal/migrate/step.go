package migrate

import (
	"fmt"
	"slices"

	"sagescale/internal/policy"
)

// steps adds a step policy: an entry for each of the alarms that call it, because the
// metric and the threshold are theirs.
func (b *builder) steps(p Policy) {
	about := named("policy", p.Name)
	if len(p.Alarms) == 0 {
		b.leaveOut(about, "no alarm of CloudWatch has it among its actions, so it does nothing, and there is no "+
			"metric to go by",
			"Give it an alarm and import again, or leave it out.")
	}
	for _, a := range p.Alarms {
		if why := silent(a, p.ARN); why != "" {
			b.leaveOut(about, fmt.Sprintf("its alarm %.80q %s, so it does nothing by it", a.Name, why),
				"Mend the alarm and import again, or leave it out.")
			continue
		}
		b.step(about, p, a)
	}
}

// silent says why an alarm does not call a policy, or nothing.
func silent(a Alarm, arn string) string {
	switch {
	case !slices.Contains(a.Actions, arn):
		return "does not call it when it goes off"
	case !a.Enabled:
		return "has its actions disabled"
	}
	return ""
}

// step adds the entry for one alarm.
func (b *builder) step(about string, p Policy, a Alarm) {
	metric, err := b.watched(a)
	if err != nil {
		b.leaveOut(about, fmt.Sprintf("%v. No step of it is taken", err),
			"Write a step policy on a metric that the policy file can say.")
		return
	}
	b.unitless(about, a.Queries)
	s := policy.StepScalingSpec{
		Name:           new(b.stepName(about, p.Name)),
		Metric:         &metric,
		Threshold:      a.Threshold,
		Comparison:     &a.Comparison,
		AdjustmentType: &p.Step.AdjustmentType,
		Cooldown:       b.cooldown(about, "cooldown", p.Step.Cooldown),
		WindowSpec:     window(a),
	}
	if v := p.Step.Aggregation; v != "" && v != policy.Average {
		s.MetricAggregationType = &v
	}
	if v := a.MissingData; v != "" && v != policy.TreatMissing {
		s.TreatMissingData = &v
	}
	for _, x := range p.Step.Adjustments {
		s.StepAdjustments = append(s.StepAdjustments,
			policy.StepAdjustmentSpec{LowerBound: x.Lower, UpperBound: x.Upper, Adjustment: &x.Adjustment})
	}
	b.magnitude(about, &s, p.Step.MinAdjustment)
	b.spec.StepScaling = append(b.spec.StepScaling, s)
	b.stepNames = append(b.stepNames, about)
}

// watched returns the metric of an alarm, or why the policy file has no such alarm.
func (b *builder) watched(a Alarm) (policy.MetricSpec, error) {
	switch {
	case len(a.Queries) == 0:
		return policy.MetricSpec{}, fmt.Errorf("its alarm %.80q watches other alarms, or something else "+
			"that is no metric", a.Name)
	case a.Threshold == nil:
		return policy.MetricSpec{}, fmt.Errorf("its alarm %.80q has no number for a threshold, as one by "+
			"an anomaly band", a.Name)
	case a.WallClock:
		return policy.MetricSpec{}, fmt.Errorf("the periods of its alarm %.80q go by the wall clock, and those of "+
			"a policy slide", a.Name)
	}
	return b.metrics.spec(a.Queries, policy.DefaultPeriod, a.Name)
}

// stepName is a name for a step policy, and notes one that is another.
func (b *builder) stepName(about, name string) string {
	out := b.steppers.free(name, "step")
	if out != name {
		b.differ(Changed, about, fmt.Sprintf("it is called %s in the policy", out), "")
	}
	return out
}

// window is M of N as the alarm has it, empty for the default.
func window(a Alarm) policy.WindowSpec {
	datapoints := a.Datapoints
	if datapoints == 0 {
		datapoints = a.Periods
	}
	if datapoints == policy.DefaultScaleOutDatapoints && a.Periods == datapoints {
		return policy.WindowSpec{}
	}
	return policy.WindowSpec{Datapoints: &datapoints, Periods: new(a.Periods)}
}

// magnitude sets the least change of a percentage. For any other adjustment it has no
// meaning, and the policy file refuses it.
func (b *builder) magnitude(about string, s *policy.StepScalingSpec, least *int) {
	switch {
	case least == nil || *least == 1 && *s.AdjustmentType == policy.PercentChangeInCapacity:
	case *s.AdjustmentType != policy.PercentChangeInCapacity:
		b.differ(Changed, about, fmt.Sprintf("its MinAdjustmentMagnitude of %d is not written: it is for "+
			"percentages alone", *least), "")
	default:
		s.MinAdjustmentMagnitude = new(*least)
	}
}
