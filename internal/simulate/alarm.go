package simulate

import (
	"context"
	"time"

	"sagescale/internal/config"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// The states of an alarm.
const (
	stateAlarm   = "ALARM"
	stateOK      = "OK"
	stateUnknown = "INSUFFICIENT_DATA"
)

// alarm is an alarm of one metric of one target, as the deployment declares it: M
// of N datapoints beyond a threshold.
type alarm struct {
	name   string
	metric policy.Metric
	window policy.Window
	beyond func(value float64) bool
	state  string
}

// alarms returns the alarms of a policy: those of target tracking and those of step
// policies.
func alarms(p *policy.Policy, prefix string) []*alarm {
	var out []*alarm
	for _, t := range p.Targets {
		add := func(name string, m policy.Metric, w policy.Window, beyond func(float64) bool) {
			out = append(out, &alarm{config.AlarmName(prefix, t.Endpoint, t.Variant, name), m, w, beyond, stateUnknown})
		}
		for _, x := range t.TargetTracking {
			add(config.ScaleOutAlarm(x.Metric.Name), x.Metric, x.ScaleOut, func(v float64) bool {
				return x.Metric.PerDevice(v) > x.TargetValue
			})
		}
		for _, x := range t.StepScaling {
			add(config.StepAlarm(x.Name), x.Metric, x.Alarm, func(v float64) bool {
				return x.Comparison.Holds(x.Metric.PerDevice(v), x.Threshold)
			})
		}
	}
	return out
}

// evaluate moves the alarm to the state that the published datapoints ask for,
// and reports whether it has changed. As in CloudWatch, missing datapoints leave
// the state alone as long as there are others.
func (a *alarm) evaluate(ctx context.Context, c *CloudWatch, now time.Time) (changed bool, err error) {
	from := aligned(now.Add(-c.Delay), a.metric.Period).Add(-time.Duration(a.window.Periods) * a.metric.Period)
	series, err := c.Read(ctx, []scaling.Query{{Metric: a.metric, From: from}}, now)
	if err != nil {
		return false, err
	}
	points := series[0].Datapoints
	beyond := 0
	for _, d := range points {
		if a.beyond(d.Value) {
			beyond++
		}
	}
	state := a.state
	switch {
	case len(points) == 0:
		state = stateUnknown
	case beyond >= a.window.Datapoints:
		state = stateAlarm
	case len(points) >= a.window.Datapoints:
		state = stateOK
	}
	changed = state != a.state
	a.state = state
	return changed, nil
}
