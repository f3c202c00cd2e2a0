package main

import (
	"sagescale/internal/config"
	"sagescale/internal/policy"
)

// The constructs that hold the alarms of targets, by their kind. An alarm's
// logical id has the construct's in it: to rename one would replace its alarms
// by others of the same names, which CloudFormation cannot.
const (
	scaleOutAlarms = "ScaleOutAlarms"
	stepAlarms     = "StepAlarms"
)

// targetAlarm is an alarm that wakes the alarm function for one target. It is a
// hint: whether and how the capacity changes is decided by the function.
type targetAlarm struct {
	target      string // its key
	scope       string // scaleOutAlarms or stepAlarms
	id          string // in the scope
	name        string
	description string
	metric      policy.Metric
	threshold   float64 // of the metric as CloudWatch has it
	comparison  policy.Comparison
	window      policy.Window
	missing     string // what a missing datapoint counts for
}

// targetAlarms returns the alarms of all targets of a policy: one for each
// tracked metric and one for each step policy. Guards have none: they forbid, and
// call for nothing.
func targetAlarms(prefix string, p *policy.Policy) []targetAlarm {
	var all []targetAlarm
	for _, t := range p.Targets {
		for _, tracking := range t.TargetTracking {
			all = append(all, scaleOutAlarm(prefix, t, tracking))
		}
		for _, step := range t.StepScaling {
			all = append(all, stepAlarm(prefix, t, step))
		}
	}
	return all
}

// scaleOutAlarm is built from the metric that the user named, also where
// sagescale sizes by another one, because it says the same in the user's unit. A
// missing datapoint is missing: no load is not high load, and no data must wake
// nothing.
func scaleOutAlarm(prefix string, t policy.Target, tracking policy.TargetTracking) targetAlarm {
	return targetAlarm{
		target:      t.Key(),
		scope:       scaleOutAlarms,
		id:          alarmID(t, tracking.Metric.Name),
		name:        scaleOutName(prefix, t, tracking),
		description: "The load of a target is above its target value: evaluates the target at once.",
		metric:      tracking.Metric,
		threshold:   tracking.Metric.AllDevices(tracking.TargetValue),
		comparison:  policy.Greater,
		window:      tracking.ScaleOut,
		missing:     policy.TreatMissing,
	}
}

// stepAlarm goes off when the step policy itself would. What a missing datapoint
// counts for is for the user to say, in CloudWatch's own words.
func stepAlarm(prefix string, t policy.Target, step policy.StepScaling) targetAlarm {
	return targetAlarm{
		target:      t.Key(),
		scope:       stepAlarms,
		id:          alarmID(t, step.Name),
		name:        stepName(prefix, t, step),
		description: "The metric of a step policy is beyond its threshold: evaluates the target at once.",
		metric:      step.Metric,
		threshold:   step.Metric.AllDevices(step.Threshold),
		comparison:  step.Comparison,
		window:      step.Alarm,
		missing:     step.TreatMissingData,
	}
}

// scaleOutName names the alarm that wakes for a scale-out.
func scaleOutName(prefix string, t policy.Target, tracking policy.TargetTracking) string {
	return config.AlarmName(prefix, t.Endpoint, t.Variant, config.ScaleOutAlarm(tracking.Metric.Name))
}

// stepName names the alarm of a step policy, never as that of a scale-out.
func stepName(prefix string, t policy.Target, step policy.StepScaling) string {
	return config.AlarmName(prefix, t.Endpoint, t.Variant, config.StepAlarm(step.Name))
}

// alarmID tells the alarms of a scope apart: endpoints and variants have no dot.
func alarmID(t policy.Target, name string) string { return t.Endpoint + "." + t.Variant + "." + name }
