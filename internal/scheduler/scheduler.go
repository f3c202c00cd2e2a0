// Package scheduler reads the schedules of Amazon EventBridge Scheduler. It is the only
// importer of its SDK.
package scheduler

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"
)

// maxPages bounds the pages of one list.
const maxPages = 100

// api is what is used of Scheduler.
type api interface {
	ListSchedules(context.Context, *scheduler.ListSchedulesInput, ...func(*scheduler.Options)) (*scheduler.ListSchedulesOutput, error)
	GetSchedule(context.Context, *scheduler.GetScheduleInput, ...func(*scheduler.Options)) (*scheduler.GetScheduleOutput, error)
}

// Schedule is one of a group. Input is what it gives to its target.
type Schedule struct {
	Name, Expression, Timezone, Target, Input string
	Enabled                                   bool
}

// Schedules are those of an account in a Region.
type Schedules struct{ client api }

// New returns Schedules on a client: the SDK's, or what behaves like it.
func New(client api) *Schedules { return &Schedules{client} }

// Group returns the schedules of a group, in the order in which Scheduler lists them: by
// their names.
func (s *Schedules) Group(ctx context.Context, group string) ([]Schedule, error) {
	input := &scheduler.ListSchedulesInput{GroupName: &group}
	var all []Schedule
	for range maxPages {
		page, err := s.client.ListSchedules(ctx, input)
		if err != nil {
			return nil, fmt.Errorf("call ListSchedules: %w", err)
		}
		for _, summary := range page.Schedules {
			found, err := s.get(ctx, group, aws.ToString(summary.Name))
			if err != nil {
				return nil, err
			}
			all = append(all, found)
		}
		if aws.ToString(page.NextToken) == "" {
			return all, nil
		}
		input.NextToken = page.NextToken
	}
	return nil, errors.New("call ListSchedules: the answer has too many pages")
}

// get reads what a list does not say: when it fires, and with which input.
func (s *Schedules) get(ctx context.Context, group, name string) (Schedule, error) {
	out, err := s.client.GetSchedule(ctx, &scheduler.GetScheduleInput{GroupName: &group, Name: &name})
	if err != nil {
		return Schedule{}, fmt.Errorf("call GetSchedule: %w", err)
	}
	found := Schedule{
		Name:       name,
		Expression: aws.ToString(out.ScheduleExpression),
		Timezone:   aws.ToString(out.ScheduleExpressionTimezone),
		Enabled:    out.State != types.ScheduleStateDisabled,
	}
	if out.Target != nil {
		found.Target, found.Input = aws.ToString(out.Target.Arn), aws.ToString(out.Target.Input)
	}
	return found, nil
}
