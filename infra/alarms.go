package main

import (
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"sagescale/infra/bundle"
	"sagescale/internal/config"
	"sagescale/internal/policy"
)

// addTargetAlarms declares the alarms of all targets. They have no actions of
// their own: EventBridge carries their changes of state to the function, with a
// retry policy and a dead-letter queue, which actions lack.
func (s *stack) addTargetAlarms() {
	scopes := map[string]constructs.Construct{
		scaleOutAlarms: constructs.NewConstruct(s.scope, text(scaleOutAlarms)),
		stepAlarms:     constructs.NewConstruct(s.scope, text(stepAlarms)),
	}
	for _, a := range targetAlarms(s.settings.StackName, s.settings.Policy) {
		props := &awscloudwatch.CfnAlarmProps{
			AlarmName:          text(a.name),
			AlarmDescription:   text(a.description),
			Threshold:          jsii.Number(a.threshold),
			ComparisonOperator: text(string(a.comparison)),
			EvaluationPeriods:  number(a.window.Periods),
			DatapointsToAlarm:  number(a.window.Datapoints),
			TreatMissingData:   text(a.missing),
		}
		watch(props, a.metric)
		alarm := awscloudwatch.NewCfnAlarm(scopes[a.scope], text(a.id), props)
		s.targetAlarms[a.target] = append(s.targetAlarms[a.target], *alarm.AttrArn())
	}
}

// watch sets what an alarm watches. CloudWatch takes an expression with its metrics
// in a list, and a metric alone in fields of its own.
func watch(props *awscloudwatch.CfnAlarmProps, m policy.Metric) {
	if m.Computed() {
		props.Metrics = expression(m)
		return
	}
	props.Namespace = text(m.Namespace)
	props.MetricName = text(m.MetricName)
	props.Statistic = text(m.Statistic)
	props.Dimensions = dimensions(m.Dimensions)
	props.Period = seconds(m.Period)
}

// expression lists the queries of an expression: itself, whose value the alarm
// watches, and its metrics by the ids that the user has chosen.
func expression(m policy.Metric) []any {
	list := []any{&awscloudwatch.CfnAlarm_MetricDataQueryProperty{
		Id: text(m.FreeID("result")), Expression: text(m.Expression), ReturnData: true,
	}}
	for _, in := range m.Inputs {
		list = append(list, &awscloudwatch.CfnAlarm_MetricDataQueryProperty{
			Id: text(in.ID),
			MetricStat: &awscloudwatch.CfnAlarm_MetricStatProperty{
				Metric: &awscloudwatch.CfnAlarm_MetricProperty{
					Namespace: text(in.Namespace), MetricName: text(in.MetricName), Dimensions: dimensions(in.Dimensions),
				},
				Period: seconds(m.Period),
				Stat:   text(in.Statistic),
			},
			ReturnData: false,
		})
	}
	return list
}

func dimensions(all []policy.Dimension) []any {
	var list []any
	for _, d := range all {
		list = append(list, dimension(d.Name, text(d.Value)))
	}
	return list
}

func dimension(name string, value *string) any {
	return &awscloudwatch.CfnAlarm_DimensionProperty{Name: text(name), Value: value}
}

// addOperationalAlarms declares the alarms about sagescale itself. Their names
// do not begin as those of targets do, so they wake no function.
func (s *stack) addOperationalAlarms() {
	s.operations = constructs.NewConstruct(s.scope, text("OperationalAlarms"))
	s.addHeartbeat()
	s.addFailing()
	s.addHeld()
	if s.forecasts() {
		s.addReactive()
	}
	for _, name := range bundle.Names() {
		s.addErrors(name)
	}
	s.addUndelivered()
}

// addHeartbeat alarms when ticks stop, whatever the cause: a rule without a
// target or permission, a function that does not start. That is only ever seen
// by what is missing, so here missing is breaching.
func (s *stack) addHeartbeat() {
	s.addOperational("heartbeat", &awscloudwatch.CfnAlarmProps{
		AlarmDescription: text("No evaluation for 3 minutes: nothing scales. " +
			"sagescale doctor says what is wrong, and what to do."),
		Namespace:          text(config.MetricNamespace),
		MetricName:         text(config.MetricEvaluations),
		Dimensions:         []any{dimension(config.MetricDimension, s.functions[bundle.Schedule].FunctionName())},
		Threshold:          number(1),
		ComparisonOperator: text("LessThanThreshold"),
		EvaluationPeriods:  number(3),
		DatapointsToAlarm:  number(3),
		TreatMissingData:   text("breaching"),
	})
}

// addFailing alarms when evaluations keep failing although the function runs:
// after an error of AWS the function returns without one, because the next tick
// is the retry.
func (s *stack) addFailing() {
	s.addOperational("failing", &awscloudwatch.CfnAlarmProps{
		AlarmDescription: text("Evaluations fail in 3 of 5 minutes: some target does not scale. " +
			"sagescale status says which, and sagescale explain why."),
		Namespace:          text(config.MetricNamespace),
		MetricName:         text(config.MetricErrors),
		Dimensions:         []any{dimension(config.MetricDimension, s.functions[bundle.Schedule].FunctionName())},
		Threshold:          number(1),
		ComparisonOperator: text("GreaterThanOrEqualToThreshold"),
		EvaluationPeriods:  number(5),
		DatapointsToAlarm:  number(3),
		TreatMissingData:   text("notBreaching"),
	})
}

// addHeld alarms when data is missing for so long that it does not come late but not
// at all: missing is not zero, so the capacity stays, and costs what it costs.
func (s *stack) addHeld() {
	s.addOperational("held", &awscloudwatch.CfnAlarmProps{
		AlarmDescription: text("Data of some target above its minimum is missing for 30 minutes: nothing is removed. " +
			"sagescale status says which target lacks which metric; see whether it is still published, and may be read."),
		Namespace:          text(config.MetricNamespace),
		MetricName:         text(config.MetricHeld),
		Dimensions:         []any{dimension(config.MetricDimension, s.functions[bundle.Schedule].FunctionName())},
		Threshold:          number(1),
		ComparisonOperator: text("GreaterThanOrEqualToThreshold"),
		EvaluationPeriods:  number(30),
		DatapointsToAlarm:  number(27), // a minute without a tick proves nothing
		TreatMissingData:   text("notBreaching"),
	})
}

// addReactive alarms when a target that is to scale ahead of its load has had no forecast
// to go by for so long that it is not just new, or its load a little while unknown.
func (s *stack) addReactive() {
	s.addOperational("reactive", &awscloudwatch.CfnAlarmProps{
		AlarmDescription: text("Some target with predictive scaling, above its minimum, has had no forecast to go by for 3 hours: its target value decides. " +
			"sagescale explain says why; what was learned, and what went wrong with it, is in the lines 'forecast learned'."),
		Namespace:          text(config.MetricNamespace),
		MetricName:         text(config.MetricReactive),
		Dimensions:         []any{dimension(config.MetricDimension, s.functions[bundle.Schedule].FunctionName())},
		Statistic:          text("Maximum"), // an evaluation of other targets alone says 0
		Period:             seconds(5 * time.Minute),
		Threshold:          number(1),
		ComparisonOperator: text("GreaterThanOrEqualToThreshold"),
		EvaluationPeriods:  number(36),
		DatapointsToAlarm:  number(36),
		TreatMissingData:   text("notBreaching"),
	})
}

// addErrors alarms on crashes and timeouts of a function. One of them the next
// tick makes good; the second within five minutes is a fault.
func (s *stack) addErrors(name string) {
	s.addOperational("errors-"+name, &awscloudwatch.CfnAlarmProps{
		AlarmDescription: text("The function " + name + " failed or timed out twice in 5 minutes. " +
			"Its log says why."),
		Namespace:          text("AWS/Lambda"),
		MetricName:         text("Errors"),
		Dimensions:         []any{dimension("FunctionName", s.functions[name].FunctionName())},
		Period:             seconds(5 * time.Minute),
		Threshold:          number(2),
		ComparisonOperator: text("GreaterThanOrEqualToThreshold"),
		EvaluationPeriods:  number(1),
		TreatMissingData:   text("notBreaching"),
	})
}

func (s *stack) addUndelivered() {
	s.addOperational("dead-letters", &awscloudwatch.CfnAlarmProps{
		AlarmDescription: text("An event could not be delivered or handled. " +
			"Read the dead-letter queue, mend the cause, then purge the queue."),
		Namespace:          text("AWS/SQS"),
		MetricName:         text("ApproximateNumberOfMessagesVisible"),
		Statistic:          text("Maximum"),
		Dimensions:         []any{dimension("QueueName", s.deadLetters.QueueName())},
		Threshold:          number(1),
		ComparisonOperator: text("GreaterThanOrEqualToThreshold"),
		EvaluationPeriods:  number(1),
		TreatMissingData:   text("notBreaching"),
	})
}

// addOperational declares an alarm about sagescale itself, which tells the topic
// of the deployment, if it has one, when it goes off and when it is over. What
// props leaves out is a sum over a minute.
func (s *stack) addOperational(name string, props *awscloudwatch.CfnAlarmProps) {
	props.AlarmName = text(s.settings.StackName + "-" + name)
	if props.Statistic == nil {
		props.Statistic = text("Sum")
	}
	if props.Period == nil {
		props.Period = seconds(time.Minute)
	}
	if s.settings.AlarmTopicARN != "" {
		props.AlarmActions = &[]any{s.settings.AlarmTopicARN}
		props.OkActions = &[]any{s.settings.AlarmTopicARN}
	}
	alarm := awscloudwatch.NewCfnAlarm(s.operations, text(name), props)
	s.operationalAlarms = append(s.operationalAlarms, *alarm.AttrArn())
}

// title is a name with its first letter in upper case.
func title(name string) string { return strings.ToUpper(name[:1]) + name[1:] }
