package doctor

import (
	"context"
	"errors"
	"strings"
	"time"

	"sagescale/internal/config"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
	"sagescale/internal/sqs"
)

// queues knows how many messages a queue holds. sqs.ErrNoQueue says that there is none of
// the name.
type queues interface {
	Messages(ctx context.Context, url string) (int, error)
}

// queueName returns the name of the dead-letter queue, the last part of its URL.
func (d *Doctor) queueName() string {
	url := d.Deployed.Outputs[config.OutputDeadLetters]
	return url[strings.LastIndexByte(url, '/')+1:]
}

// deadLetters checks that every event was delivered and handled.
func (d *Doctor) deadLetters(f facts) check {
	url := d.Deployed.Outputs[config.OutputDeadLetters]
	return check{
		name: "dead letters",
		why:  "Where an event cannot be delivered or handled it is put into the queue: what kept it may still be there.",
		fine: "the dead-letter queue is empty",
		run: func(ctx context.Context) []Finding {
			if url == "" {
				return []Finding{tell(NotChecked, "The stack does not tell the dead-letter queue.").
					todo("See what is said of the stack.")}
			}
			n, err := d.Queues.Messages(ctx, url)
			switch {
			case errors.Is(err, sqs.ErrNoQueue):
				return []Finding{tell(Problem, "The dead-letter queue is not there.").
					because("What fails leaves no trace.").
					todo(makeAgain)}
			case err != nil:
				return []Finding{d.unseen("the dead-letter queue could not be looked at", err)}
			case n == 0:
				return nil
			}
			return []Finding{tell(Problem, "The dead-letter queue holds about %d messages%s.", n, d.oldest(ctx, f)).
				todo("Read them, mend the cause, then purge the queue.").
				by("aws", "sqs", "receive-message", "--queue-url", url, "--attribute-names", "All", "--message-attribute-names", "All")}
		},
	}
}

// oldest says how old the oldest message is, where CloudWatch knows.
func (d *Doctor) oldest(ctx context.Context, f facts) string {
	age := measure("age", "AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", "QueueName", d.queueName())
	series, err := d.Metrics.Read(ctx, []scaling.Query{{Metric: age, From: f.now.Add(-15 * time.Minute)}}, f.now)
	if err != nil || len(series) != 1 || len(series[0].Datapoints) == 0 {
		return ""
	}
	last := series[0].Datapoints[len(series[0].Datapoints)-1].Value
	return ", the oldest for " + lasting(time.Duration(last)*time.Second)
}

// measure is a metric of one dimension by the minute.
func measure(name, namespace, metric, statistic, dimension, value string) policy.Metric {
	return policy.Metric{
		Name: name, Namespace: namespace, MetricName: metric, Statistic: statistic,
		Dimensions: []policy.Dimension{{Name: dimension, Value: value}}, Period: time.Minute, Devices: 1,
	}
}
