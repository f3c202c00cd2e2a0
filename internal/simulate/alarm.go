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

// alarm is the scale-out alarm of one metric of one target, as the deployment
// declares it: M of N datapoints above the target value.
type alarm struct {
	name     string
	tracking policy.TargetTracking
	state    string
}

// alarms returns the scale-out alarms of a policy.
func alarms(p *policy.Policy, prefix string) []*alarm {
	var out []*alarm
	for _, t := range p.Targets {
		for _, tracking := range t.TargetTracking {
			name := config.AlarmName(prefix, t.Endpoint, t.Variant, tracking.Metric.Name+"-scale-out")
			out = append(out, &alarm{name: name, tracking: tracking, state: stateUnknown})
		}
	}
	return out
}

// evaluate moves the alarm to the state that the published datapoints ask for,
// and reports whether it has changed. As in CloudWatch, missing datapoints leave
// the state alone as long as there are others.
func (a *alarm) evaluate(ctx context.Context, c *CloudWatch, now time.Time) (changed bool, err error) {
	window, period := a.tracking.ScaleOut, a.tracking.Metric.Period
	from := aligned(now.Add(-c.Delay), period).Add(-time.Duration(window.Periods) * period)
	series, err := c.Read(ctx, []scaling.Query{{Metric: a.tracking.Metric, From: from}}, now)
	if err != nil {
		return false, err
	}
	points := series[0].Datapoints
	above := 0
	for _, d := range points {
		if d.Value > a.tracking.TargetValue {
			above++
		}
	}
	state := a.state
	switch {
	case len(points) == 0:
		state = stateUnknown
	case above >= window.Datapoints:
		state = stateAlarm
	case len(points) >= window.Datapoints:
		state = stateOK
	}
	changed = state != a.state
	a.state = state
	return changed, nil
}
