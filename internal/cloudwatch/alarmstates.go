package cloudwatch

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// AlarmState is how an alarm is, and what it is there for. State is OK, ALARM or
// INSUFFICIENT_DATA, since Since. Enabled says whether it carries out its Actions, which
// are ARNs. Threshold is nil where it is no number.
type AlarmState struct {
	Name, Description, State string
	Since                    time.Time
	Enabled                  bool
	Actions                  []string
	Threshold                *float64
}

// Beginning returns the metric alarms whose names begin so, in the order of their names.
func (a *Alarms) Beginning(ctx context.Context, prefix string) ([]AlarmState, error) {
	input := &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: &prefix, MaxRecords: aws.Int32(100)}
	var all []AlarmState
	err := a.each(ctx, input, func(page *cloudwatch.DescribeAlarmsOutput) {
		for _, m := range page.MetricAlarms {
			all = append(all, stateOf(m))
		}
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

func stateOf(m types.MetricAlarm) AlarmState {
	return AlarmState{
		Name:        aws.ToString(m.AlarmName),
		Description: aws.ToString(m.AlarmDescription),
		State:       string(m.StateValue),
		Since:       aws.ToTime(m.StateUpdatedTimestamp).UTC(),
		Enabled:     aws.ToBool(m.ActionsEnabled),
		Actions:     m.AlarmActions,
		Threshold:   m.Threshold,
	}
}
