// Package config has the names that the functions and the infrastructure must
// agree on: environment variables, alarm names, the table's keys. Each is one
// constant here, used on both sides, so that they cannot drift apart.
package config

import (
	"fmt"
	"strings"
	"time"
)

// Environment variables of the functions.
const (
	EnvPolicyFile  = "SAGESCALE_POLICY_FILE"    // path of the policy file beside the binary
	EnvTable       = "SAGESCALE_TABLE"          // name of the state table
	EnvAccount     = "SAGESCALE_ACCOUNT"        // the account whose events are believed
	EnvAlarmPrefix = "SAGESCALE_ALARM_PREFIX"   // first part of the names of our alarms
	EnvMetrics     = "SAGESCALE_TARGET_METRICS" // true or false: whether each target has metrics of its own
	EnvRegion      = "AWS_REGION"               // set by Lambda
	EnvFunction    = "AWS_LAMBDA_FUNCTION_NAME" // set by Lambda
)

// StackName is what a deployment is called when nobody says otherwise.
const StackName = "sagescale"

// Outputs of the stack: the names of the state table, of the functions and of their log
// groups, and the digest of the policy.
const (
	OutputTable        = "Table"
	OutputSchedule     = "ScheduleFunction"
	OutputAlarm        = "AlarmFunction"
	OutputSettle       = "SettleFunction"
	OutputScheduleLogs = "ScheduleLogs"
	OutputAlarmLogs    = "AlarmLogs"
	OutputSettleLogs   = "SettleLogs"
	OutputDigest       = "PolicyDigest"

	OutputDeadLetters = "DeadLetterQueue" // a URL
	OutputNotified    = "AlarmsNotify"    // the ARN of a topic, or words that say that there is none
)

// PolicyFile is the name of the policy file in the bundle of a function.
const PolicyFile = "scaling.yaml"

// FunctionTimeout is how long a function may run. The claim on an endpoint
// outlives it: see activity.ClaimTTL.
const FunctionTimeout = time.Minute

// Keys of the state table.
const (
	KeyPartition = "pk"
	KeySort      = "sk"
	KeyExpires   = "expires" // epoch seconds, of what the table may forget: history, and overrides that are over
)

// Names of the metrics that the functions write through their logs, in the
// embedded metric format: one line for each invocation. The alarms read them.
const (
	MetricNamespace   = "Sagescale"
	MetricDimension   = "Function" // its value is the name of the function in AWS
	MetricEvaluations = "Evaluations"
	MetricErrors      = "Errors"
	MetricHeld        = "Held" // targets of which missing data may hold a scale-in

	// Of the targets that forecast: those that have no forecast to go by, the age of
	// the oldest one, and the largest error as a share of the mean load.
	MetricReactive      = "Reactive"
	MetricForecastAge   = "ForecastAge"
	MetricForecastError = "ForecastError"

	// How long a scale-out took, in seconds, written when it is seen to be in service.
	MetricTimeToInService = "TimeToInService"
)

// MessageRecord is the message of the line of every decision record.
const MessageRecord = "evaluation"

// What the line of every decision record says of it in front, by name. With
// Settings.TargetMetrics the numbers are metrics too, whose dimensions are the first two.
// Those of the forecast are there only where there is one to go by, the capacities only
// where the endpoint was seen.
const (
	FieldEndpoint       = "Endpoint"
	FieldVariant        = "Variant"
	FieldReason         = "Reason" // ScaleOut, ScaleIn, or the last not-scaled reason
	MetricInService     = "InServiceCapacity"
	MetricDesired       = "DesiredCapacity" // what SageMaker is asked for when all is done
	MetricRecommended   = "RecommendedCapacity"
	MetricMinimum       = "MinCapacity"
	MetricMaximum       = "MaxCapacity"
	MetricForecastLoad  = "ForecastLoad"
	MetricForecastUpper = "ForecastUpper"
)

// The kinds of input that the schedule function is given: by the tick rule, by a
// schedule of a scheduled action, and by the rule for forecasts.
const (
	DetailTypeTick     = "sagescale tick"
	DetailTypeAction   = "sagescale scheduled action"
	DetailTypeForecast = "sagescale forecast"
)

// What the functions send to the default bus of EventBridge for others to act upon: the
// events' source, by which their permission is bounded and rules find them, and their kinds.
const (
	EventSource        = "sagescale"
	DetailTypeActivity = "Scaling Activity State Change"
	DetailTypeHealth   = "Scaling Target Health Change"
)

// Settings are what a function is told by its environment. AlarmPrefix is also what its
// stack is called.
type Settings struct {
	PolicyFile  string
	Table       string
	Account     string
	AlarmPrefix string
	Region      string
	Function    string
	// TargetMetrics is whether each target has metrics of its own, which cost.
	TargetMetrics bool
}

// Load reads the settings by lookup, which is os.LookupEnv outside tests. It
// names every variable that is missing. EnvMetrics may be, which says no.
func Load(lookup func(string) (string, bool)) (Settings, error) {
	var missing []string
	get := func(name string) string {
		v, ok := lookup(name)
		if !ok || v == "" {
			missing = append(missing, name)
		}
		return v
	}
	s := Settings{
		PolicyFile:  get(EnvPolicyFile),
		Table:       get(EnvTable),
		Account:     get(EnvAccount),
		AlarmPrefix: get(EnvAlarmPrefix),
		Region:      get(EnvRegion),
		Function:    get(EnvFunction),
	}
	if missing != nil {
		return Settings{}, fmt.Errorf("load settings: environment variables not set: %s", strings.Join(missing, ", "))
	}
	switch metrics, _ := lookup(EnvMetrics); metrics {
	case "", "false":
	case "true":
		s.TargetMetrics = true
	default:
		return Settings{}, fmt.Errorf("load settings: %s is %q, not true or false", EnvMetrics, metrics)
	}
	return s, nil
}

// AlarmName names the alarm of a target: prefix/endpoint/variant/name. Any alarm
// of the account whose name begins so belongs to that target, so users can wire
// alarms of their own by naming them.
func AlarmName(prefix, endpoint, variant, name string) string {
	return strings.Join([]string{prefix, endpoint, variant, name}, "/")
}

// ScaleOutAlarm is the last part of the name of the alarm of a tracked metric, and
// StepAlarm that of a step policy. None is the other: the one ends in -scale-out,
// the other, however the user names the policy, in -step.
func ScaleOutAlarm(metric string) string { return metric + "-scale-out" }

// StepAlarm: see ScaleOutAlarm.
func StepAlarm(policy string) string { return policy + "-step" }

// AlarmTarget returns the endpoint and the variant that an alarm belongs to by
// its name. ok is false for the alarms of others.
func AlarmTarget(prefix, alarmName string) (endpoint, variant string, ok bool) {
	rest, ours := strings.CutPrefix(alarmName, prefix+"/")
	parts := strings.SplitN(rest, "/", 3)
	if !ours || len(parts) < 3 || parts[2] == "" {
		return "", "", false
	}
	return parts[0], parts[1], true
}
