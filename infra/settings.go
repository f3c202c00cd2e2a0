package main

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"sagescale/infra/bundle"
	"sagescale/internal/config"
	"sagescale/internal/policy"
	"sagescale/internal/policyfile"
)

// The context values, each with its default: `cdk deploy -c NAME=VALUE`.
const (
	contextPolicy       = "policy"           // the policy file
	contextArchitecture = "architecture"     // of the functions: arm64 or x86_64
	contextStackName    = "stackName"        // also the first part of the names of all alarms
	contextLogRetention = "logRetentionDays" // a year, as Security Hub CloudWatch.16 wants it
	contextAlarmTopic   = "alarmTopicArn"    // is told of the alarms about sagescale itself
	contextMetrics      = "targetMetrics"    // true or false: whether each target has metrics of its own, which cost
	contextNotify       = "notifications"    // true or false: whether there is a topic that is told of every event
)

func contextDefaults() map[string]string {
	return map[string]string{
		contextPolicy:       "infra/scaling.yaml",
		contextArchitecture: string(bundle.ARM64),
		contextStackName:    config.StackName,
		contextLogRetention: "365",
		contextAlarmTopic:   "",
		contextMetrics:      "false",
		contextNotify:       "false",
	}
}

// settings are what a deployment is told, checked.
type settings struct {
	PolicyFile    string
	Policy        *policy.Policy
	Architecture  bundle.Architecture
	StackName     string
	LogRetention  int // in days
	AlarmTopicARN string
	TargetMetrics bool
	Notifications bool
}

// contextOf returns the context values of an app.
func contextOf(app awscdk.App) map[string]any {
	values, _ := app.Node().GetAllContext(nil).(map[string]any)
	return values
}

// loadSettings reads the context values and the policy file that they name. It
// returns all faults at once.
func loadSettings(values map[string]any) (settings, error) {
	text := contextDefaults()
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(values)) {
		switch _, ours := text[name]; {
		case ours:
			text[name] = fmt.Sprint(values[name])
		case plainWord(name):
			known := strings.Join(slices.Sorted(maps.Keys(text)), ", ")
			faults = append(faults, fmt.Errorf("context %s: unknown; known are %s", name, known))
		}
	}
	s, err := parseSettings(text)
	if err := errors.Join(append(faults, err)...); err != nil {
		return settings{}, err
	}
	return s, nil
}

// plainWord reports whether a context value could be meant as one of ours. Those
// of the CDK and of its command line have other characters in their names.
func plainWord(name string) bool {
	return regexp.MustCompile(`^[A-Za-z]+$`).MatchString(name)
}

func parseSettings(text map[string]string) (settings, error) {
	s := settings{
		PolicyFile:    text[contextPolicy],
		StackName:     text[contextStackName],
		AlarmTopicARN: text[contextAlarmTopic],
	}
	var faults []error
	fault := func(name string, err error) {
		if err != nil {
			faults = append(faults, fmt.Errorf("context %s: %w", name, err))
		}
	}
	fault(contextMetrics, match(text[contextMetrics], `^(true|false)$`, "true or false"))
	s.TargetMetrics = text[contextMetrics] == "true"
	fault(contextNotify, match(text[contextNotify], `^(true|false)$`, "true or false"))
	s.Notifications = text[contextNotify] == "true"
	var err error
	s.Architecture, err = bundle.ParseArchitecture(text[contextArchitecture])
	fault(contextArchitecture, err)
	s.LogRetention, err = parseRetention(text[contextLogRetention])
	fault(contextLogRetention, err)
	fault(contextStackName, match(s.StackName, `^[A-Za-z][A-Za-z0-9-]{0,127}$`,
		"a name of a stack: a letter, then letters, digits and hyphens"))
	fault(contextAlarmTopic, match(s.AlarmTopicARN, `^(arn:[^:]+:sns:[^:]+:\d{12}:[^:]+)?$`,
		"the ARN of an SNS topic"))
	s.Policy, err = policyfile.Load(s.PolicyFile)
	if err != nil {
		return s, errors.Join(append(faults, err)...)
	}
	return s, errors.Join(append(faults, fits(s.StackName, s.Policy)...)...)
}

func match(value, pattern, what string) error {
	if !regexp.MustCompile(pattern).MatchString(value) {
		return fmt.Errorf("%q is not %s", value, what)
	}
	return nil
}

// parseRetention reads a number of days that CloudWatch Logs accepts.
func parseRetention(text string) (int, error) {
	days, err := strconv.Atoi(text)
	accepted := []int{
		1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731,
		1096, 1827, 2192, 2557, 2922, 3288, 3653,
	}
	if err != nil || !slices.Contains(accepted, days) {
		return 0, fmt.Errorf("%q is not a retention of CloudWatch Logs in days: one of %v", text, accepted)
	}
	return days, nil
}
