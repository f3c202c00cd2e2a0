package doctor

import (
	"context"
	"time"

	"sagescale/internal/autoscaler"
	"sagescale/internal/cloudwatchlogs"
	"sagescale/internal/config"
	"sagescale/internal/plain"
	"sagescale/internal/policy"
	"sagescale/internal/records"
	"sagescale/internal/scaling"
)

// logs gives the messages of log groups, in the order of their times.
type logs interface {
	Read(ctx context.Context, q cloudwatchlogs.Query, each func(cloudwatchlogs.Message)) error
}

// overdue is how long ago the last record of a target may be: it is there a minute later than
// what is measured of it.
const overdue = silent + time.Minute

// said is what the newest decision record of a target says.
type said struct {
	at     time.Time
	failed string // why the evaluation failed, empty if it did not
}

// records checks that every target is evaluated, by its newest decision record.
func (d *Doctor) records(f facts) check {
	group := d.Deployed.Outputs[config.OutputScheduleLogs]
	return check{
		name: "records",
		why:  "Every evaluation of every target leaves a record. A target without one does not scale.",
		fine: "every target was evaluated in the last minutes",
		run: func(ctx context.Context) []Finding {
			switch {
			case f.policy == nil:
				return []Finding{tell(NotChecked, "Which targets there are depends on the policy, which could not be read.")}
			case group == "":
				return []Finding{tell(NotChecked, "The stack does not tell the log group of the function schedule.").
					todo("See what is said of the stack.")}
			}
			last, unreadable, err := d.lastSaid(ctx, group, f.now)
			switch newest := newestOf(last); {
			case err != nil:
				return []Finding{d.unseen("the last evaluations could not be seen", err)}
			case unreadable > 0:
				return append(failed(f.policy, last), notUnderstood(unreadable))
			case len(last) == 0:
				return d.noRecords(settling, f.now)
			case f.now.Sub(newest) > overdue:
				return d.noRecords(overdue, f.now)
			}
			return append(d.unevaluated(f.policy, last, f.now), failed(f.policy, last)...)
		},
	}
}

// lastSaid is what the newest decision record of each target says, by the target's key, and
// how many records could not be understood.
func (d *Doctor) lastSaid(ctx context.Context, group string, now time.Time) (map[string]said, int, error) {
	last := map[string]said{}
	query := records.Query{Groups: []string{group}, From: now.Add(-settling), Through: now}
	unreadable, err := records.Read(ctx, d.Logs, query, func(r autoscaler.Record) {
		key := r.Endpoint + "/" + r.Variant
		if !r.Time.Before(last[key].at) {
			last[key] = said{r.Time, failureOf(r)}
		}
	})
	return last, unreadable, err
}

// failureOf says why an evaluation failed, nothing if it did not.
func failureOf(r autoscaler.Record) string {
	if r.Error != "" {
		return r.Error
	}
	failed := ""
	for _, n := range r.Decision.NotScaledReasons {
		if n.Code == scaling.EvaluationFailed {
			failed = n.Message
		}
	}
	return failed
}

// newestOf is when the last evaluation of all was, zero if there was none.
func newestOf(last map[string]said) time.Time {
	var newest time.Time
	for _, s := range last {
		if s.at.After(newest) {
			newest = s.at
		}
	}
	return newest
}

// noRecords is the finding of a log without any record of the last time.
func (d *Doctor) noRecords(within time.Duration, now time.Time) []Finding {
	if now.Sub(d.Deployed.Changed) < settling {
		return []Finding{tell(Note, "The stack was deployed a moment ago: no decision record is there yet.").
			todo("Look again in five minutes.")}
	}
	return []Finding{tell(Problem, "No target was evaluated in the last %s.", lasting(within)).
		todo("See what is said of the ticks.")}
}

// unevaluated tells the targets that were not evaluated of late.
func (d *Doctor) unevaluated(p *policy.Policy, last map[string]said, now time.Time) []Finding {
	var found []Finding
	for _, t := range p.Targets {
		s, there := last[t.Key()]
		switch {
		case !there && now.Sub(d.Deployed.Changed) < settling:
			found = append(found, tell(Note, "%s was not evaluated yet: the stack was deployed a moment ago.", t.Key()).
				of(t.Key()).
				todo("Look again in five minutes."))
		case !there || now.Sub(s.at) > overdue:
			found = append(found, tell(Problem, "%s was not evaluated of late, though others were.", t.Key()).
				of(t.Key()).
				todo("The function may run out of time: read its log, and see whether SageMaker answers slowly."))
		}
	}
	return found
}

// failed tells the targets whose last evaluation failed.
func failed(p *policy.Policy, last map[string]said) []Finding {
	var found []Finding
	for _, t := range p.Targets {
		if s := last[t.Key()]; s.failed != "" {
			why := sentence(plain.Cut(plain.Text(s.failed), longestSaid))
			found = append(found, tell(Problem, "The last evaluation of %s failed: %s", t.Key(), why).
				of(t.Key()).
				because("A target whose evaluation fails does not scale meanwhile.").
				todo("If the next ones fail too, mend what the error says."))
		}
	}
	return found
}

// notUnderstood is the finding of records that may be those of any target, which may so
// have been evaluated without showing.
func notUnderstood(n int) Finding {
	return tell(NotChecked, "Whether every target is evaluated: %d of the decision records could not be understood.", n).
		todo("Use the version of sagescale that is deployed, or deploy this one.")
}
