package migrate

import (
	"fmt"
	"strings"
	"time"

	"sagescale/internal/policy"
)

// The predefined metrics of Application Auto Scaling for SageMaker.
const (
	perInstance     = "SageMakerVariantInvocationsPerInstance"
	concurrent      = "SageMakerVariantConcurrentRequestsPerModelHighResolution"
	provisioned     = "SageMakerVariantProvisionedConcurrencyUtilization"
	inferencePrefix = "SageMakerInferenceComponent"
)

// tracking adds a target tracking policy.
func (b *builder) tracking(p Policy) {
	about, t := named("policy", p.Name), *p.Tracking
	metric, err := b.tracked(t, p.Name)
	if err != nil {
		b.leaveOut(about, fmt.Sprintf("%v. Nothing of it adds capacity, and nothing of it keeps another policy "+
			"from removing some", err), replaceMetric)
		return
	}
	if t.Predefined == "" {
		b.unitless(about, t.Queries)
	}
	spec := policy.TargetTrackingSpec{
		Metric: &metric, TargetValue: &t.TargetValue,
		ScaleOutCooldown: b.cooldown(about, "scaleOutCooldown", t.ScaleOutCooldown),
		ScaleInCooldown:  b.cooldown(about, "scaleInCooldown", t.ScaleInCooldown),
	}
	if t.DisableScaleIn {
		spec.DisableScaleIn = new(true)
	}
	b.spec.TargetTracking = append(b.spec.TargetTracking, spec)
	b.trackingNames = append(b.trackingNames, about)
}

// replaceMetric is what to do about a policy whose metric cannot be read.
const replaceMetric = "Track InvocationsPerInstance, or a metric of your own that the policy file can say."

// tracked returns the metric that is tracked, or why the policy file has none.
func (b *builder) tracked(t Tracking, name string) (policy.MetricSpec, error) {
	switch {
	case t.Predefined == perInstance:
		return policy.MetricSpec{Predefined: policy.InvocationsPerInstance}, nil
	case t.Predefined == concurrent:
		return policy.MetricSpec{Predefined: policy.ConcurrentRequestsPerModel}, nil
	case t.Predefined == provisioned:
		return policy.MetricSpec{}, fmt.Errorf("%s scales the provisioned concurrency of a serverless variant, "+
			"and sagescale scales instances", provisioned)
	case strings.HasPrefix(t.Predefined, inferencePrefix):
		return policy.MetricSpec{}, fmt.Errorf("%.80q scales the copies of an inference component, and sagescale "+
			"scales instances", t.Predefined)
	case t.Predefined != "":
		return policy.MetricSpec{}, fmt.Errorf("%.80q is no predefined metric of a variant that sagescale knows",
			t.Predefined)
	}
	return b.metrics.spec(t.Queries, policy.DefaultPeriod, name)
}

// longestCooldown is that of the policy file.
const longestCooldown = 24 * time.Hour

// cooldown returns a cooldown as the policy file has it: nil for the default, and cut to
// the longest.
func (b *builder) cooldown(about, field string, d *time.Duration) *policy.Duration {
	switch {
	case d == nil || *d == policy.DefaultCooldown:
		return nil
	case *d > longestCooldown:
		b.differ(Changed, about, fmt.Sprintf("its %s is %s, and the longest here is 24h", field, policy.Brief(*d)), "")
		return new(policy.Duration(longestCooldown))
	}
	return new(policy.Duration(*d))
}

// unitless notes the units that are not asked for.
func (b *builder) unitless(about string, all []Query) {
	if found := units(all); len(found) > 0 {
		b.differ(Changed, about, fmt.Sprintf("it asks for datapoints of the unit %.80q alone, and the policy "+
			"for those of any", strings.Join(found, ", ")),
			"Nothing, unless the metric is published in several units.")
	}
}

// shareCooldowns writes cooldowns that all tracked metrics have once, for the target.
func shareCooldowns(s *policy.TargetSpec) {
	all := s.TargetTracking
	for _, t := range all {
		if !equal(t.ScaleOutCooldown, all[0].ScaleOutCooldown) || !equal(t.ScaleInCooldown, all[0].ScaleInCooldown) {
			return
		}
	}
	if len(all) == 0 {
		return
	}
	s.ScaleOutCooldown, s.ScaleInCooldown = all[0].ScaleOutCooldown, all[0].ScaleInCooldown
	for i := range all {
		all[i].ScaleOutCooldown, all[i].ScaleInCooldown = nil, nil
	}
}

// equal reports whether two optional values are the same.
func equal[T comparable](a, b *T) bool {
	return a == b || a != nil && b != nil && *a == *b
}
