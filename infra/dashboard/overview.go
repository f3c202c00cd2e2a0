package dashboard

import (
	"strings"

	"sagescale/internal/config"
)

// first is what to do first, for whom this dashboard is.
const first = `# sagescale: STACK
**First:** an alarm below says *In alarm*? Its description says what to do. What scales, what does not and why: ` +
	"`sagescale status --stack STACK`. " + `To stop one target: ` +
	"`sagescale pause ENDPOINT/VARIANT --for 1h --stack STACK`. " + `The rest is in the README, under *Operations*.

The outputs of the stack name what is behind it: FUNCTIONS, ` + "`Table`, `DeadLetterQueue`" + `. A gap in a line is missing data, not zero.`

// overview shows how sagescale itself is.
func (d Deployment) overview(b *board) {
	var outputs []string
	for _, f := range d.Functions {
		outputs = append(outputs, "`"+strings.ToUpper(f.Name[:1])+f.Name[1:]+"Function`")
	}
	b.row(4, heading("%s", strings.NewReplacer("STACK", d.Stack, "FUNCTIONS", strings.Join(outputs, ", ")).Replace(first)))
	b.row(3, alarms("Alarms about sagescale itself", d.Alarms))
	b.row(6, d.newest())
	b.row(6, d.evaluations(), d.errors(), d.waiting())
	b.row(6, d.duration(), d.failures(), d.undelivered())
	last := []widget{d.provisioning()}
	if d.forecasts() {
		last = append(last, d.forecastAge(), d.forecastError())
	}
	b.row(6, last...)
}

// of is a line of a metric for each function: of one that sagescale writes, or of one of
// Lambda.
func of(functions []Function, like series) []series {
	dimension := config.MetricDimension
	if like.namespace == lambda {
		dimension = "FunctionName"
	}
	lines := make([]series, len(functions))
	for i, f := range functions {
		lines[i] = like
		lines[i].dimensions = []string{dimension, f.Resource}
		lines[i].label = strings.TrimSpace(f.Name + " " + like.label)
	}
	return lines
}

// own is a metric that sagescale writes.
func own(metric, stat, label string) series {
	return series{namespace: config.MetricNamespace, metric: metric, stat: stat, label: label}
}

// ofLambda is a metric that AWS writes of functions.
func ofLambda(metric, stat, label string) series {
	return series{namespace: lambda, metric: metric, stat: stat, label: label}
}

// evaluating are the functions that evaluate targets.
func (d Deployment) evaluating() []Function {
	var out []Function
	for _, f := range d.Functions {
		if f.Records != "" {
			out = append(out, f)
		}
	}
	return out
}

func (d Deployment) evaluations() widget {
	var lines []series
	for i, s := range of(d.Functions, own(config.MetricEvaluations, "Sum", "")) {
		id := "f" + string(rune('a'+i))
		lines = append(lines, s.hide(id), computed(s.label, "%s", perMinute(id)))
	}
	return graph("Evaluations a minute: the tick alone makes one of schedule", "a minute", lines...)
}

func (d Deployment) errors() widget {
	return graph("Evaluations that failed, or that found a target stuck", "count",
		of(d.Functions, own(config.MetricErrors, "Sum", ""))...)
}

// waiting are the targets that lack something and scale on without it.
func (d Deployment) waiting() widget {
	lines := of(d.Functions, own(config.MetricHeld, "Maximum", "found without data, so not scaled in"))
	if d.forecasts() {
		lines = append(lines, of(d.evaluating(), own(config.MetricReactive, "Maximum", "found without forecast"))...)
	}
	return graph("Targets that lack data or a forecast", "targets", lines...)
}

const lambda = "AWS/Lambda"

func (d Deployment) duration() widget {
	w := graph("Duration of the functions, the longest", "ms",
		of(d.Functions, ofLambda("Duration", "Maximum", ""))...)
	w.properties["annotations"] = map[string]any{"horizontal": []any{
		map[string]any{"label": "timeout", "value": config.FunctionTimeout.Milliseconds()},
	}}
	return w
}

func (d Deployment) failures() widget {
	return graph("Invocations that crashed, timed out or were throttled", "count", append(
		of(d.Functions, ofLambda("Errors", "Sum", "failed")),
		of(d.Functions, ofLambda("Throttles", "Sum", "throttled"))...)...)
}

func (d Deployment) undelivered() widget {
	return graph("Dead letters: events that could not be delivered or handled", "messages", series{
		namespace: "AWS/SQS", metric: "ApproximateNumberOfMessagesVisible", stat: "Maximum",
		dimensions: []string{"QueueName", d.DeadLetters}, label: "in the queue",
	})
}

func (d Deployment) provisioning() widget {
	return graph("Time to in service of scale-outs, by who saw it", "seconds",
		of(d.Functions, own(config.MetricTimeToInService, "Maximum", ""))...)
}

func (d Deployment) forecastAge() widget {
	return graph("Age of the oldest forecast, learned anew every hour", "seconds",
		of(d.evaluating(), own(config.MetricForecastAge, "Maximum", ""))...)
}

func (d Deployment) forecastError() widget {
	return graph("Largest error of the forecasts, as a share of the mean load", "share",
		of(d.evaluating(), own(config.MetricForecastError, "Maximum", ""))...)
}
