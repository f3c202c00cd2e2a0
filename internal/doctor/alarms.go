package doctor

import (
	"context"
	"slices"
	"strings"
	"time"

	"sagescale/internal/cloudwatch"
	"sagescale/internal/config"
	"sagescale/internal/policy"
)

// alarms knows how alarms are.
type alarms interface {
	Beginning(ctx context.Context, prefix string) ([]cloudwatch.AlarmState, error)
}

// blind is for how long an alarm may have no data before one should know.
const blind = 24 * time.Hour

// alarms checks the alarms of the stack: those about sagescale itself, which begin with the
// stack's name and a hyphen, and those of targets, which begin with it and a slash.
func (d *Doctor) alarms(f facts) check {
	return check{
		name: "alarms",
		why:  "The alarms tell when sagescale itself fails, and wake it for a load at once.",
		fine: "the alarms of the stack are there, and none about sagescale itself is in ALARM",
		run: func(ctx context.Context) []Finding {
			all, err := d.Alarms.Beginning(ctx, d.Stack)
			if err != nil {
				return []Finding{d.unseen("the alarms could not be looked at", err)}
			}
			byName := map[string]cloudwatch.AlarmState{}
			for _, a := range all {
				byName[a.Name] = a
			}
			found := d.absent(byName, f)
			for _, name := range sortedKeys(byName) {
				switch {
				case strings.HasPrefix(name, d.Stack+"-") && d.owns(name, f):
					found = append(found, d.operational(byName[name])...)
				case strings.HasPrefix(name, d.Stack+"/"):
					found = append(found, waking(byName[name], f)...)
				}
			}
			return append(found, d.thresholds(byName, f)...)
		},
	}
}

// owns reports whether an alarm is one of the stack: a stack sagescale-test has alarms that
// begin with sagescale too.
func (d *Doctor) owns(name string, f facts) bool {
	return slices.Contains(ofType(f.resources, alarmType), name)
}

const alarmType = "AWS::CloudWatch::Alarm"

// absent tells the alarms that the stack has made and that are not there, and, once, that
// nobody is told of any.
func (d *Doctor) absent(there map[string]cloudwatch.AlarmState, f facts) []Finding {
	var found []Finding
	if f.resourcesErr != nil {
		found = append(found, d.unseen("which alarms there should be could not be looked at", f.resourcesErr))
	}
	for _, name := range ofType(f.resources, alarmType) {
		if _, ok := there[name]; !ok {
			found = append(found, tell(Warning, "The alarm %s is not there.", name).todo(makeAgain))
		}
	}
	if !strings.HasPrefix(d.Deployed.Outputs[config.OutputNotified], "arn:") {
		found = append(found, tell(Note, "Nobody is told of the alarms about sagescale itself.").
			because("They go off, and stay unseen until somebody looks.").
			todo("Deploy with -c alarmTopicArn=ARN, the ARN of an SNS topic."))
	}
	return found
}

// operational says what is wrong with an alarm about sagescale itself.
func (d *Doctor) operational(a cloudwatch.AlarmState) []Finding {
	var found []Finding
	if a.State == "ALARM" {
		found = append(found, tell(Problem, "The alarm %s is in ALARM.", a.Name).
			because(a.Description).
			todo("Do what it says, and see the other findings."))
	}
	topic := d.Deployed.Outputs[config.OutputNotified]
	if !strings.HasPrefix(topic, "arn:") {
		return found
	}
	if !slices.Contains(a.Actions, topic) {
		found = append(found, tell(Warning, "The alarm %s does not tell the topic of the deployment.", a.Name).
			todo(setBack))
	} else if !a.Enabled {
		found = append(found, tell(Warning, "The alarm %s tells nobody: its actions are disabled.", a.Name).
			todo("Enable them.").
			by("aws", "cloudwatch", "enable-alarm-actions", "--alarm-names", a.Name))
	}
	return found
}

// waking says what one should know of an alarm that wakes for a target. That it is in ALARM
// is what it is there for.
func waking(a cloudwatch.AlarmState, f facts) []Finding {
	if a.State != "INSUFFICIENT_DATA" || f.now.Sub(a.Since) < blind {
		return nil
	}
	return []Finding{tell(Note, "The alarm %s has had no data %s.", a.Name, since(a.Since, f.now)).
		because("It wakes for nothing until its metric has datapoints.").
		todo("See what is said of the metrics of the target.")}
}

// thresholds holds the alarms of targets against the policy.
func (d *Doctor) thresholds(there map[string]cloudwatch.AlarmState, f facts) []Finding {
	if f.policy == nil {
		return []Finding{tell(NotChecked, "What the alarms of targets should watch depends on the policy, which could not be read.")}
	}
	var found []Finding
	for _, t := range f.policy.Targets {
		wanted := thresholdsOf(d.Stack, t)
		for _, name := range sortedKeys(wanted) {
			a, ok := there[name]
			switch {
			case !ok && !d.owns(name, f): // what the stack has made is told of above
				found = append(found, tell(Warning, "The alarm %s is not there.", name).
					of(t.Key()).
					todo("Deploy the policy, by this version of sagescale."))
			case ok && (a.Threshold == nil || *a.Threshold != wanted[name]):
				found = append(found, tell(Warning, "The alarm %s has not the threshold of the policy, %g.", name, wanted[name]).
					of(t.Key()).
					todo(setBack))
			}
		}
	}
	return found
}

// thresholdsOf returns what the alarms of a target are to go off beyond, by their names: the
// values of the policy for all devices of an instance, as CloudWatch sums them.
func thresholdsOf(stack string, t policy.Target) map[string]float64 {
	out := map[string]float64{}
	for _, tracking := range t.TargetTracking {
		name := config.AlarmName(stack, t.Endpoint, t.Variant, config.ScaleOutAlarm(tracking.Metric.Name))
		out[name] = tracking.Metric.AllDevices(tracking.TargetValue)
	}
	for _, step := range t.StepScaling {
		name := config.AlarmName(stack, t.Endpoint, t.Variant, config.StepAlarm(step.Name))
		out[name] = step.Metric.AllDevices(step.Threshold)
	}
	return out
}
