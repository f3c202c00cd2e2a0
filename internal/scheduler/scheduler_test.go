package scheduler_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"sagescale/internal/scheduler"
)

// client has pages of names and schedules by name, the last page again and again.
type client struct {
	pages     [][]string
	more      bool // after the last page
	schedules map[string]sdk.GetScheduleOutput
	err       error
	listed    int
}

func (c *client) ListSchedules(_ context.Context, in *sdk.ListSchedulesInput, _ ...func(*sdk.Options)) (*sdk.ListSchedulesOutput, error) {
	if c.err != nil {
		return nil, c.err
	}
	if *in.GroupName != "G" || (in.NextToken != nil) != (c.listed > 0) {
		return nil, errors.New("another list")
	}
	c.listed++
	page := &sdk.ListSchedulesOutput{}
	for _, name := range c.pages[min(c.listed, len(c.pages))-1] {
		page.Schedules = append(page.Schedules, types.ScheduleSummary{Name: &name})
	}
	if c.listed < len(c.pages) || c.more {
		page.NextToken = aws.String("more")
	}
	return page, nil
}

func (c *client) GetSchedule(_ context.Context, in *sdk.GetScheduleInput, _ ...func(*sdk.Options)) (*sdk.GetScheduleOutput, error) {
	out, ok := c.schedules[*in.Name]
	if !ok || *in.GroupName != "G" {
		return nil, errors.New("no such schedule")
	}
	return &out, nil
}

func TestGroup(t *testing.T) {
	c := &client{pages: [][]string{{"a"}, {}, {"b"}}, schedules: map[string]sdk.GetScheduleOutput{
		"a": {
			ScheduleExpression: aws.String("rate(1 day)"), ScheduleExpressionTimezone: aws.String("UTC"), State: types.ScheduleStateEnabled,
			Target: &types.Target{Arn: aws.String("arn"), Input: aws.String("{}")},
		},
		"b": {State: types.ScheduleStateDisabled},
	}}
	got, err := scheduler.New(c).Group(t.Context(), "G")
	want := []scheduler.Schedule{{Name: "a", Expression: "rate(1 day)", Timezone: "UTC", Target: "arn", Input: "{}", Enabled: true}, {Name: "b"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestGroupFails(t *testing.T) {
	for want, c := range map[string]*client{
		"call ListSchedules: slow":           {err: errors.New("slow")},
		"call GetSchedule: no such schedule": {pages: [][]string{{"gone"}}},
		"too many pages":                     {pages: [][]string{{}}, more: true},
	} {
		if got, err := scheduler.New(c).Group(t.Context(), "G"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, %v, want %s", got, err, want)
		}
	}
}
