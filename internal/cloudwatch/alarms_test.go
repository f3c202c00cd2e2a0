package cloudwatch_test

import (
	"maps"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"sagescale/internal/cloudwatch"
	"sagescale/internal/migrate"
)

const policyARN = "arn:aws:autoscaling:eu-west-1:111122223333:scalingPolicy:u:policyName/p"

// alarms returns the adapter for a server that answers DescribeAlarms.
func alarms(t *testing.T, answers ...answer) (*cloudwatch.Alarms, *server) {
	s := serve(t, answers...)
	s.operation = "DescribeAlarms"
	return cloudwatch.NewAlarms(s.client()), s
}

func strs(all ...string) cbor.List {
	out := cbor.List{}
	for _, s := range all {
		out = append(out, cbor.String(s))
	}
	return out
}

func dimension(name, value string) cbor.Map {
	return cbor.Map{"Name": cbor.String(name), "Value": cbor.String(value)}
}

// busy is an alarm of one metric.
func busy(changes cbor.Map) cbor.Map {
	out := cbor.Map{
		"AlarmName": cbor.String("busy"), "ActionsEnabled": cbor.Bool(true), "AlarmActions": strs("arn:topic", policyARN),
		"Namespace": cbor.String("N"), "MetricName": cbor.String("M"), "Statistic": cbor.String("Sum"), "Unit": cbor.String("Count"),
		"Dimensions": cbor.List{dimension("a", "b"), dimension("c", "d")}, "Period": cbor.Uint(300),
		"Threshold": cbor.Float64(80.5), "ComparisonOperator": cbor.String("GreaterThanThreshold"),
		"EvaluationPeriods": cbor.Uint(5), "DatapointsToAlarm": cbor.Uint(4), "TreatMissingData": cbor.String("notBreaching"),
	}
	maps.Copy(out, changes)
	return out
}

func TestCalling(t *testing.T) {
	stat := cbor.Map{
		"Metric": cbor.Map{"Namespace": cbor.String("N"), "MetricName": cbor.String("M"), "Dimensions": cbor.List{dimension("a", "b")}},
		"Period": cbor.Uint(60), "Stat": cbor.String("p90"), "Unit": cbor.String("Count"),
	}
	computed := cbor.Map{
		"AlarmName": cbor.String("a"), "ActionsEnabled": cbor.Bool(false), "OKActions": strs(policyARN), "EvaluationPeriods": cbor.Uint(1),
		"ComparisonOperator": cbor.String("LessThanThreshold"), "EvaluationWindow": cbor.Map{"WallClockWindow": cbor.Map{}},
		"Metrics": cbor.List{
			cbor.Map{"Id": cbor.String("e"), "Expression": cbor.String("m * 2"), "Period": cbor.Uint(60)},
			cbor.Map{"Id": cbor.String("m"), "MetricStat": stat, "ReturnData": cbor.Bool(false), "AccountId": cbor.String("1")},
		},
	}
	percentile := busy(cbor.Map{"AlarmName": cbor.String("slow"), "ExtendedStatistic": cbor.String("p99")})
	delete(percentile, "Statistic")
	a, s := alarms(t,
		ok(cbor.Map{"NextToken": cbor.String("more"), "MetricAlarms": cbor.List{
			percentile, busy(nil), busy(cbor.Map{"AlarmName": cbor.String("of another"), "AlarmActions": strs(policyARN + "2")}),
		}}),
		ok(cbor.Map{"MetricAlarms": cbor.List{computed}, "CompositeAlarms": cbor.List{
			cbor.Map{"AlarmName": cbor.String("both"), "ActionsEnabled": cbor.Bool(true), "AlarmActions": strs(policyARN)},
			cbor.Map{"AlarmName": cbor.String("other"), "ActionsEnabled": cbor.Bool(true), "AlarmActions": strs("arn:topic")},
		}}))
	got, err := a.Calling(bounded(t), policyARN)
	if err != nil {
		t.Fatal(err)
	}
	alarm := func(name, statistic string) migrate.Alarm {
		return migrate.Alarm{
			Name: name, Enabled: true, Actions: []string{"arn:topic", policyARN}, Threshold: new(80.5), Comparison: "GreaterThanThreshold",
			Periods: 5, Datapoints: 4, MissingData: "notBreaching",
			Queries: []migrate.Query{{Period: 5 * time.Minute, Returned: true, Metric: &migrate.Metric{
				Namespace: "N", Name: "M", Statistic: statistic, Unit: "Count", Dimensions: map[string]string{"a": "b", "c": "d"},
			}}},
		}
	}
	want := []migrate.Alarm{
		{Name: "a", Comparison: "LessThanThreshold", Periods: 1, WallClock: true, Queries: []migrate.Query{
			{ID: "e", Expression: "m * 2", Period: time.Minute, Returned: true},
			{ID: "m", Period: time.Minute, Account: "1", Metric: &migrate.Metric{Namespace: "N", Name: "M", Statistic: "p90", Unit: "Count", Dimensions: map[string]string{"a": "b"}}},
		}},
		{Name: "both", Enabled: true, Actions: []string{policyARN}},
		alarm("busy", "Sum"),
		alarm("slow", "p99"),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	asked := cbor.Map{"ActionPrefix": cbor.String(policyARN), "AlarmTypes": strs("MetricAlarm", "CompositeAlarm")}
	next := cbor.Map{"ActionPrefix": cbor.String(policyARN), "AlarmTypes": strs("MetricAlarm", "CompositeAlarm"), "NextToken": cbor.String("more")}
	if calls := s.calls(); !reflect.DeepEqual(calls, []cbor.Map{asked, next}) {
		t.Errorf("asked %v", calls)
	}
}

func TestCallingFails(t *testing.T) {
	for want, broken := range map[string]answer{
		"AccessDenied":   fault(http.StatusForbidden, "AccessDenied"),
		"too many pages": ok(cbor.Map{"NextToken": cbor.String("again")}),
	} {
		a, _ := alarms(t, broken)
		got, err := a.Calling(bounded(t), policyARN)
		if got != nil || err == nil || !strings.HasPrefix(err.Error(), "call DescribeAlarms: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, %v, want %s", got, err, want)
		}
	}
}
