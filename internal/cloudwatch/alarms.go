package cloudwatch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"sagescale/internal/migrate"
)

// alarmsAPI is what is used of CloudWatch to read alarms.
type alarmsAPI interface {
	DescribeAlarms(context.Context, *cloudwatch.DescribeAlarmsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error)
}

// Alarms reads alarms: what they watch, and how they are.
type Alarms struct{ client alarmsAPI }

// NewAlarms returns Alarms on a client: the SDK's, or what behaves like it.
func NewAlarms(client alarmsAPI) *Alarms { return &Alarms{client} }

// Calling returns the alarms that have an action, by its ARN, in whatever state they
// call it, in the order of their names. A composite alarm has no queries.
func (a *Alarms) Calling(ctx context.Context, arn string) ([]migrate.Alarm, error) {
	input := &cloudwatch.DescribeAlarmsInput{
		ActionPrefix: &arn, AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
	}
	var out []migrate.Alarm
	err := a.each(ctx, input, func(page *cloudwatch.DescribeAlarmsOutput) {
		for _, m := range page.MetricAlarms {
			// It is asked for by a prefix: policy p is one of that of p2.
			if slices.Contains(slices.Concat(m.AlarmActions, m.OKActions, m.InsufficientDataActions), arn) {
				out = append(out, alarmOf(m))
			}
		}
		for _, c := range page.CompositeAlarms {
			if slices.Contains(slices.Concat(c.AlarmActions, c.OKActions, c.InsufficientDataActions), arn) {
				out = append(out, migrate.Alarm{Name: aws.ToString(c.AlarmName),
					Enabled: aws.ToBool(c.ActionsEnabled), Actions: c.AlarmActions})
			}
		}
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(out, func(x, y migrate.Alarm) int { return cmp.Compare(x.Name, y.Name) })
	return out, nil
}

// each gives every page of an answer to take.
func (a *Alarms) each(ctx context.Context, input *cloudwatch.DescribeAlarmsInput, take func(*cloudwatch.DescribeAlarmsOutput)) error {
	for range maxPages {
		page, err := a.client.DescribeAlarms(ctx, input)
		if err != nil {
			return fmt.Errorf("call DescribeAlarms: %w", err)
		}
		take(page)
		if aws.ToString(page.NextToken) == "" {
			return nil
		}
		input.NextToken = page.NextToken
	}
	return errors.New("call DescribeAlarms: the answer has too many pages")
}

// alarmOf is an alarm of the service.
func alarmOf(m types.MetricAlarm) migrate.Alarm {
	_, wallClock := m.EvaluationWindow.(*types.EvaluationWindowMemberWallClockWindow)
	return migrate.Alarm{
		Name:        aws.ToString(m.AlarmName),
		Enabled:     aws.ToBool(m.ActionsEnabled),
		Actions:     m.AlarmActions,
		Queries:     alarmQueries(m),
		Threshold:   m.Threshold,
		Comparison:  string(m.ComparisonOperator),
		Periods:     int(aws.ToInt32(m.EvaluationPeriods)),
		Datapoints:  int(aws.ToInt32(m.DatapointsToAlarm)),
		MissingData: aws.ToString(m.TreatMissingData),
		WallClock:   wallClock,
	}
}

// alarmQueries are what an alarm watches: nothing that is known for one that has neither
// a metric nor metric math.
func alarmQueries(m types.MetricAlarm) []migrate.Query {
	if m.MetricName != nil {
		return []migrate.Query{{
			Returned: true,
			Period:   period(m.Period),
			Metric: &migrate.Metric{
				Namespace: aws.ToString(m.Namespace), Name: *m.MetricName, Unit: string(m.Unit),
				Statistic:  cmp.Or(string(m.Statistic), aws.ToString(m.ExtendedStatistic)),
				Dimensions: dimensionsOf(m.Dimensions),
			},
		}}
	}
	out := make([]migrate.Query, 0, len(m.Metrics))
	for _, q := range m.Metrics {
		next := migrate.Query{
			ID: aws.ToString(q.Id), Expression: aws.ToString(q.Expression), Period: period(q.Period), Account: aws.ToString(q.AccountId),
			Returned: q.ReturnData == nil || *q.ReturnData,
		}
		if s := q.MetricStat; s != nil && s.Metric != nil {
			next.Period = period(s.Period)
			next.Metric = &migrate.Metric{
				Namespace: aws.ToString(s.Metric.Namespace), Name: aws.ToString(s.Metric.MetricName),
				Statistic: aws.ToString(s.Stat), Unit: string(s.Unit), Dimensions: dimensionsOf(s.Metric.Dimensions),
			}
		}
		out = append(out, next)
	}
	return out
}

func dimensionsOf(all []types.Dimension) map[string]string {
	out := make(map[string]string, len(all))
	for _, d := range all {
		out[aws.ToString(d.Name)] = aws.ToString(d.Value)
	}
	return out
}

// period is a number of seconds, 0 for none.
func period(seconds *int32) time.Duration { return time.Duration(aws.ToInt32(seconds)) * time.Second }
