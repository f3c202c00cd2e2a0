package doctor

import (
	"context"
	"fmt"
	"time"

	"sagescale/internal/config"
	"sagescale/internal/scaling"
)

// metrics reads datapoints. The answer has one series for each query, in the same order.
type metrics interface {
	Read(ctx context.Context, queries []scaling.Query, now time.Time) ([]scaling.Series, error)
}

const (
	// recent is what of the past is asked for errors.
	recent = time.Hour
	// silent is for how long there may be no evaluation: what the heartbeat alarm allows.
	silent = 3 * time.Minute
	// settling is how long a deployment has until it must tick.
	settling = 5 * time.Minute
)

// ticks checks that evaluations are made, and do not fail.
func (d *Doctor) ticks(f facts) check {
	return check{
		name: "ticks",
		why:  "Every minute all targets are evaluated. Without that nothing scales.",
		fine: "evaluations are made every minute, and none of the last hour failed",
		run: func(ctx context.Context) []Finding {
			if d.deployedName(functionSchedule) == "" {
				return []Finding{tell(NotChecked, "The stack does not tell the function schedule.").
					todo("See what is said of the stack.")}
			}
			queries := d.pulse(f.now)
			series, err := d.Metrics.Read(ctx, queries, f.now)
			if err == nil && len(series) != len(queries) {
				err = fmt.Errorf("%d series for %d metrics", len(series), len(queries))
			}
			if err != nil {
				return []Finding{d.unseen("the metrics of the functions could not be read", err)}
			}
			return append(d.alive(series[0], f.now), d.failing(series[1:])...)
		},
	}
}

// pulse is what is asked of the functions: first the evaluations of the schedule function.
func (d *Doctor) pulse(now time.Time) []scaling.Query {
	from := now.Add(-recent)
	schedule := d.deployedName(functionSchedule)
	own := func(name string) scaling.Query {
		m := measure(name, config.MetricNamespace, name, "Sum", config.MetricDimension, schedule)
		return scaling.Query{Metric: m, From: from}
	}
	all := []scaling.Query{own(config.MetricEvaluations), own(config.MetricErrors)}
	for _, name := range functionNames() {
		if deployed := d.deployedName(name); deployed != "" {
			for _, metric := range []string{"Errors", "Throttles"} {
				m := measure(metric+" of function "+name, "AWS/Lambda", metric, "Sum", "FunctionName", deployed)
				all = append(all, scaling.Query{Metric: m, From: from})
			}
		}
	}
	return all
}

// alive says whether evaluations are made.
func (d *Doctor) alive(s scaling.Series, now time.Time) []Finding {
	last, some := newest(s)
	switch {
	case s.Incomplete != "":
		return []Finding{tell(NotChecked, "The evaluations could not be counted: %s", sentence(s.Incomplete))}
	case some && now.Sub(last.Add(time.Minute)) <= silent:
		return nil
	case now.Sub(d.Deployed.Changed) < settling:
		return []Finding{tell(Note, "The stack was deployed a moment ago: no evaluation shows yet.").
			todo("Look again in five minutes.")}
	case !some:
		return d.silence("in the last hour")
	}
	return d.silence(since(last, now))
}

// silence is the finding of evaluations that are not made.
func (d *Doctor) silence(when string) []Finding {
	return []Finding{tell(Problem, "There was no evaluation %s.", when).
		todo("See what is said of the tick rule and of the function schedule; then read its log.").
		by("aws", "logs", "tail", d.Deployed.Outputs[config.OutputScheduleLogs], "--since", "15m")}
}

// failing says what failed in the last hour.
func (d *Doctor) failing(all []scaling.Series) []Finding {
	var found []Finding
	for i, s := range all {
		sum := 0.0
		for _, p := range s.Datapoints {
			sum += p.Value
		}
		switch {
		case s.Incomplete != "":
			found = append(found, tell(NotChecked, "The metric %s could not be read: %s", s.Metric, sentence(s.Incomplete)))
		case sum > 0 && i == 0:
			found = append(found, tell(Warning, "%.0f evaluations of the last hour failed.", sum).
				because("A target whose evaluation fails does not scale meanwhile.").
				todo("The records in the log of the function schedule say which target, and why."))
		case sum > 0:
			found = append(found, tell(Warning, "%s in the last hour: %.0f.", s.Metric, sum).
				because("The next tick makes a single one good. More of them are a fault, "+
					"or an account whose concurrency is used up.").
				todo("Read the log of the function, and see the concurrency of the account."))
		}
	}
	return found
}

// newest returns the time of the newest datapoint.
func newest(s scaling.Series) (at time.Time, some bool) {
	for _, p := range s.Datapoints {
		if p.Time.After(at) {
			at, some = p.Time, true
		}
	}
	return at, some
}
