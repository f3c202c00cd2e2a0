package policy

import (
	"math"
	"time"
)

const unsupported = "is not supported yet: leave it out"

// later checks the fields that nothing decides by yet, and refuses them.
func (f *faults) later(path Path, s ScalingSpec) {
	for i, step := range s.StepScaling {
		f.step(path.with("stepScaling", i), step)
	}
	if s.StepScaling != nil {
		f.add(path.with("stepScaling"), nil, unsupported)
	}
	if s.Behavior != nil {
		f.behavior(path.with("behavior", "scaleOut"), s.Behavior.ScaleOut)
		f.behavior(path.with("behavior", "scaleIn"), s.Behavior.ScaleIn)
		f.add(path.with("behavior"), nil, unsupported)
	}
	if s.Predictive != nil {
		f.predictive(path.with("predictive"), *s.Predictive)
		f.add(path.with("predictive"), nil, unsupported)
	}
}

func (f *faults) step(path Path, s StepScalingSpec) {
	f.name(path, "name", s.Name, actionName, "must be 1 to 64 letters, digits, dots, hyphens and underscores")
	if f.required(path, "metric", s.Metric != nil) {
		f.metric(path.with("metric"), *s.Metric)
	}
	f.required(path, "threshold", s.Threshold != nil)
	f.required(path, "comparison", s.Comparison != nil)
	f.oneOf(path, "comparison", s.Comparison, "GreaterThanOrEqualToThreshold", "GreaterThanThreshold",
		"LessThanThreshold", "LessThanOrEqualToThreshold")
	f.required(path, "adjustmentType", s.AdjustmentType != nil)
	f.oneOf(path, "adjustmentType", s.AdjustmentType, "ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity")
	f.oneOf(path, "metricAggregationType", s.MetricAggregationType, "Average", "Minimum", "Maximum")
	f.atLeastOne(path, "minAdjustmentMagnitude", s.MinAdjustmentMagnitude)
	f.duration(path, "cooldown", s.Cooldown, 0, maxCooldown)
	n := len(s.StepAdjustments)
	if f.required(path, "stepAdjustments", s.StepAdjustments != nil) && (n < 1 || n > 20) {
		f.add(path.with("stepAdjustments"), n, "must be 1 to 20 steps")
	}
	for i, a := range s.StepAdjustments {
		f.required(path.with("stepAdjustments", i), "adjustment", a.Adjustment != nil)
	}
}

func (f *faults) behavior(path Path, b *BehaviorRuleSpec) {
	if b == nil {
		return
	}
	f.duration(path, "stabilizationWindow", b.StabilizationWindow, 0, time.Hour)
	if v := b.Tolerance; v != nil && (!(*v >= 0) || math.IsInf(*v, 0)) {
		f.add(path.with("tolerance"), *v, "must be a finite number, 0 or more")
	}
	f.oneOf(path, "selectPolicy", b.SelectPolicy, "Max", "Min", "Disabled")
	for i, v := range b.Policies {
		at := path.with("policies", i)
		f.required(at, "type", v.Type != nil)
		f.oneOf(at, "type", v.Type, "Instances", "Percent")
		f.required(at, "value", v.Value != nil)
		f.atLeastOne(at, "value", v.Value)
		f.required(at, "period", v.Period != nil)
		f.duration(at, "period", v.Period, time.Second, time.Hour)
	}
}

func (f *faults) predictive(path Path, p PredictiveSpec) {
	f.required(path, "mode", p.Mode != nil)
	f.oneOf(path, "mode", p.Mode, "Off", "ForecastOnly", "ForecastAndScale")
	f.positive(path, "instanceCapacity", p.InstanceCapacity)
	if v := p.ServiceObjective; v != nil && (!(*v > 0) || !(*v < 1)) {
		f.add(path.with("serviceObjective"), *v, "must be above 0 and below 1")
	}
}
