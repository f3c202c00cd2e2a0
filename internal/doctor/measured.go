package doctor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/cloudwatch"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

const (
	// lookback is what of the past is asked of every metric: as far as CloudWatch keeps
	// those of ten seconds.
	lookback = 3 * time.Hour
	// farther is what is asked of a metric that has shown nothing, by the hour.
	farther = 14 * 24 * time.Hour
	// absent is after how long a datapoint that is due does not count as late any more.
	absent = 15 * time.Minute
)

// readMetrics reads the metrics of the targets of an endpoint, and farther back those that
// show nothing.
func (d *Doctor) readMetrics(ctx context.Context, p *patient) {
	for i, t := range p.targets {
		for _, q := range scaling.Queries(t, p.now) {
			p.queries = append(p.queries, scaling.Query{Metric: q.Metric, From: p.now.Add(-lookback)})
			p.owners = append(p.owners, i)
		}
	}
	if len(p.queries) == 0 {
		return
	}
	p.series, p.seriesErr = d.readAll(ctx, p.queries, p.now)
	var empty []int
	var again []scaling.Query
	for i, s := range p.series {
		if len(s.Datapoints) == 0 && s.Incomplete == "" {
			m := p.queries[i].Metric
			m.Period = time.Hour
			empty, again = append(empty, i), append(again, scaling.Query{Metric: m, From: p.now.Add(-farther)})
		}
	}
	if len(again) == 0 {
		return
	}
	old, err := d.readAll(ctx, again, p.now)
	for j, i := range empty {
		if err != nil {
			p.series[i].Incomplete = say(err)
			continue
		}
		p.series[i].Datapoints, p.series[i].Incomplete = old[j].Datapoints, old[j].Incomplete
	}
}

// readAll reads metrics, and nothing of them where the answer is not of as many as were
// asked for.
func (d *Doctor) readAll(ctx context.Context, queries []scaling.Query, now time.Time) ([]scaling.Series, error) {
	series, err := d.Metrics.Read(ctx, queries, now)
	if err == nil && len(series) != len(queries) {
		err = fmt.Errorf("%d series for %d metrics", len(series), len(queries))
	}
	if err != nil {
		return nil, err
	}
	return series, nil
}

// measured checks that every metric of a target arrives, and in time.
func (d *Doctor) measured(p *patient, t policy.Target) check {
	return check{
		name: "metrics", target: t.Key(),
		why:  "Missing is not zero: without its datapoints nothing is removed, and nothing added by this metric.",
		fine: fmt.Sprintf("the metrics of %s arrive, and in time", t.Key()),
		run: func(context.Context) []Finding {
			if p.seriesErr != nil {
				return []Finding{d.unseen("the metrics could not be read", p.seriesErr)}
			}
			var found []Finding
			for i, s := range p.series {
				if p.targets[p.owners[i]].Variant == t.Variant {
					found = append(found, p.arriving(t, p.queries[i].Metric, s)...)
				}
			}
			return found
		},
	}
}

// arriving says what is wrong with the datapoints of a metric.
func (p *patient) arriving(t policy.Target, m policy.Metric, s scaling.Series) []Finding {
	last, some := newest(s)
	late := p.now.Sub(last) - 2*m.Period // a period is over when the next has begun
	f := Finding{Do: "See whether it is published, under this name and with these dimensions: " + describe(m) + "."}
	switch {
	case s.Incomplete != "":
		return []Finding{tell(NotChecked, "The metric %s could not be read: %s", m.Name, sentence(s.Incomplete))}
	case some && last.After(p.now.Add(-lookback)) && late <= cloudwatch.PublicationDelay:
		return p.patchy(t, m, s)
	case optional(t, m):
		const what = "The metric %s has no datapoint%s; the policy takes what is missing for notBreaching."
		return []Finding{tell(Note, what, m.Name, lastSeen(last, some, p.now)).
			todo(f.Do)}
	case !some && p.endpoint.Status == activity.InService:
		f.Level, f.What = Problem, fmt.Sprintf("The metric %s has shown no datapoint in 14 days.", m.Name)
	case !some:
		f.Level, f.What = Note, fmt.Sprintf("The metric %s has shown no datapoint yet; the endpoint is %s.", m.Name, p.endpoint.Status)
	default:
		const what = "The metric %s has no datapoint %s, where one is due two minutes after its period."
		f.Level, f.What = Warning, fmt.Sprintf(what, m.Name, since(last, p.now))
	}
	return []Finding{f}
}

// lastSeen says since when a metric has no datapoint.
func lastSeen(last time.Time, some bool, now time.Time) string {
	if !some {
		return " in 14 days"
	}
	return " " + since(last, now)
}

// patchy says that periods between the first and the last datapoint have none.
func (p *patient) patchy(t policy.Target, m policy.Metric, s scaling.Series) []Finding {
	missing, of := gaps(s, m.Period)
	if missing == 0 || optional(t, m) {
		return nil
	}
	return []Finding{tell(Note, "The metric %s lacks %d of %d datapoints of the last hours.", m.Name, missing, of).
		because("While one of them is in the window of a scale-in, nothing is removed.").
		todo("See whether it is published without traffic too. For a metric that is published only when " +
			"there is something to count, treatMissingData or FILL says so.")}
}

// gaps returns how many periods between the first and the last datapoint have none, and
// how many there are.
func gaps(s scaling.Series, period time.Duration) (missing, of int) {
	if len(s.Datapoints) == 0 {
		return 0, 0
	}
	there := map[int64]bool{}
	first, last := s.Datapoints[0].Time, s.Datapoints[0].Time
	for _, p := range s.Datapoints {
		there[p.Time.Truncate(period).Unix()] = true
		if p.Time.Before(first) {
			first = p.Time
		}
		if p.Time.After(last) {
			last = p.Time
		}
	}
	of = int(last.Truncate(period).Sub(first.Truncate(period))/period) + 1
	return of - len(there), of
}

// optional reports whether a target takes what is missing of a metric for nothing to count,
// in all that it uses it for.
func optional(t policy.Target, m policy.Metric) bool {
	for _, tt := range t.TargetTracking {
		if tt.Metric.Measured().Name == m.Name {
			return false
		}
	}
	for _, s := range t.StepScaling {
		if s.Metric.Name == m.Name && s.TreatMissingData != policy.TreatNotBreaching {
			return false
		}
	}
	for _, g := range t.ScaleInGuards {
		if g.Metric.Name == m.Name && g.TreatMissingData != policy.TreatNotBreaching {
			return false
		}
	}
	return true
}

// describe says what a metric is in CloudWatch.
func describe(m policy.Metric) string {
	if m.Computed() {
		return fmt.Sprintf("the expression %s", m.Expression)
	}
	parts := []string{m.Namespace + " " + m.MetricName}
	for _, d := range m.Dimensions {
		parts = append(parts, d.Name+"="+d.Value)
	}
	return strings.Join(parts, ", ")
}

// published is what is seen of how SageMaker publishes: how late, and whether zeros without
// traffic. Only its own metrics tell.
func (p *patient) published() []evidence {
	var seen []evidence
	for i, s := range p.series {
		m := p.queries[i].Metric
		last, some := newest(s)
		if m.Namespace != "AWS/SageMaker" || !some || last.Before(p.now.Add(-lookback)) || s.Incomplete != "" {
			continue
		}
		key := p.targets[p.owners[i]].Key()
		switch late := p.now.Sub(last) - 2*m.Period; {
		case late > absent: // it does not come late, it does not come
		case late > cloudwatch.PublicationDelay:
			what := fmt.Sprintf("a datapoint of %s of %s is out for %s", m.Name, key, lasting(late))
			seen = append(seen, evidence{delay, contradicted, what})
		default:
			seen = append(seen, evidence{delay, confirmed, fmt.Sprintf("%s of %s is there", m.Name, key)})
		}
		if m.Statistic == "Sum" {
			seen = append(seen, p.idle(s, m, key))
		}
	}
	return seen
}

// idle is what the datapoints of a count show of times without traffic.
func (p *patient) idle(s scaling.Series, m policy.Metric, key string) evidence {
	for _, d := range s.Datapoints {
		if d.Value == 0 {
			return evidence{zeros, confirmed, fmt.Sprintf("%s of %s was 0 at %s", m.Name, key, policy.Clock(d.Time))}
		}
	}
	if missing, of := gaps(s, m.Period); missing > 0 {
		return evidence{zeros, contradicted, fmt.Sprintf("%s of %s lacks %d of %d datapoints, and none is 0", m.Name, key, missing, of)}
	}
	return evidence{zeros, notSeen, fmt.Sprintf("%s had traffic all the time", key)}
}
