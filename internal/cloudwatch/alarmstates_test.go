package cloudwatch_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"sagescale/internal/cloudwatch"
)

// alarmClient has alarms in pages, the last again and again.
type alarmClient struct {
	pages  [][]types.MetricAlarm
	more   bool // after the last page
	err    error
	listed int
}

func (c *alarmClient) DescribeAlarms(_ context.Context, in *sdk.DescribeAlarmsInput, _ ...func(*sdk.Options)) (*sdk.DescribeAlarmsOutput, error) {
	if c.err != nil {
		return nil, c.err
	}
	if aws.ToString(in.AlarmNamePrefix) != "sagescale" || (in.NextToken != nil) != (c.listed > 0) {
		return nil, errors.New("another list")
	}
	c.listed++
	page := &sdk.DescribeAlarmsOutput{MetricAlarms: c.pages[min(c.listed, len(c.pages))-1]}
	if c.listed < len(c.pages) || c.more {
		page.NextToken = aws.String("more")
	}
	return page, nil
}

func TestAlarmStates(t *testing.T) {
	since := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	c := &alarmClient{pages: [][]types.MetricAlarm{
		{{
			AlarmName: aws.String("sagescale-a"), AlarmDescription: aws.String("About a."), StateValue: types.StateValueAlarm, StateUpdatedTimestamp: &since,
			ActionsEnabled: aws.Bool(true), AlarmActions: []string{"arn"}, Threshold: aws.Float64(7),
		}},
		{{AlarmName: aws.String("sagescale-b"), StateValue: types.StateValueInsufficientData}},
	}}
	got, err := cloudwatch.NewAlarms(c).Beginning(t.Context(), "sagescale")
	want := []cloudwatch.AlarmState{
		{Name: "sagescale-a", Description: "About a.", State: "ALARM", Since: since, Enabled: true, Actions: []string{"arn"}, Threshold: aws.Float64(7)},
		{Name: "sagescale-b", State: "INSUFFICIENT_DATA"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAlarmStatesFail(t *testing.T) {
	for want, c := range map[string]*alarmClient{
		"call DescribeAlarms: slow": {err: errors.New("slow")},
		"too many pages":            {pages: [][]types.MetricAlarm{{}}, more: true},
	} {
		if got, err := cloudwatch.NewAlarms(c).Beginning(t.Context(), "sagescale"); got != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, %v, want %s", got, err, want)
		}
	}
}
