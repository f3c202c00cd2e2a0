package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// describer is what is used of CloudWatch to see how alarms are.
type describer interface {
	DescribeAlarms(context.Context, *cloudwatch.DescribeAlarmsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error)
}

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

// AlarmStates sees how alarms are.
type AlarmStates struct{ client describer }

// NewAlarmStates returns AlarmStates on a client: the SDK's, or what behaves like it.
func NewAlarmStates(client describer) *AlarmStates { return &AlarmStates{client} }

// Beginning returns the metric alarms whose names begin so, in the order of their names.
func (a *AlarmStates) Beginning(ctx context.Context, prefix string) ([]AlarmState, error) {
	input := &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: &prefix, MaxRecords: aws.Int32(100)}
	var all []AlarmState
	for range maxPages {
		page, err := a.client.DescribeAlarms(ctx, input)
		if err != nil {
			return nil, fmt.Errorf("call DescribeAlarms: %w", err)
		}
		for _, m := range page.MetricAlarms {
			all = append(all, stateOf(m))
		}
		if aws.ToString(page.NextToken) == "" {
			return all, nil
		}
		input.NextToken = page.NextToken
	}
	return nil, errors.New("call DescribeAlarms: the answer has too many pages")
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
