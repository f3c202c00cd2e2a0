package doctor

import (
	"context"
	"encoding/json"
	"time"

	"sagescale/internal/cloudwatchlogs"
	"sagescale/internal/config"
	"sagescale/internal/plain"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// logs gives the messages of log groups, in the order of their times.
type logs interface {
	Read(ctx context.Context, q cloudwatchlogs.Query, each func(cloudwatchlogs.Message)) error
}

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
			last := map[string]said{}
			query := cloudwatchlogs.Query{
				Groups: []string{group}, From: f.now.Add(-settling), Through: f.now, Pattern: `{ $.msg = "evaluation" }`,
			}
			err := d.Logs.Read(ctx, query, func(m cloudwatchlogs.Message) { remember(last, m) })
			switch {
			case err != nil:
				return []Finding{d.unseen("the decision records could not be read", err)}
			case len(last) == 0:
				return d.noRecords(f.now)
			}
			return d.evaluated(f.policy, last, f.now)
		},
	}
}

// remember takes in a message, if it is a decision record.
func remember(last map[string]said, m cloudwatchlogs.Message) {
	var line struct {
		Msg    string
		Record struct {
			Endpoint, Variant, Error string
			Decision                 scaling.Decision
		}
	}
	if json.Unmarshal([]byte(m.Text), &line) != nil || line.Msg != "evaluation" {
		return // a local account may give other messages too
	}
	s := said{at: m.Time}
	for _, r := range line.Record.Decision.NotScaledReasons {
		if r.Code == scaling.EvaluationFailed {
			s.failed = r.Message
		}
	}
	if line.Record.Error != "" {
		s.failed = line.Record.Error
	}
	last[line.Record.Endpoint+"/"+line.Record.Variant] = s
}

// noRecords is the finding of a log without any record.
func (d *Doctor) noRecords(now time.Time) []Finding {
	if now.Sub(d.Deployed.Changed) < settling {
		return []Finding{tell(Note, "The stack was deployed a moment ago: no decision record is there yet.").
			todo("Look again in five minutes.")}
	}
	return []Finding{tell(Problem, "No target was evaluated in the last %s.", lasting(settling)).
		todo("See what is said of the ticks.")}
}

// evaluated tells the targets that were not evaluated, or not with success.
func (d *Doctor) evaluated(p *policy.Policy, last map[string]said, now time.Time) []Finding {
	var found []Finding
	for _, t := range p.Targets {
		s, there := last[t.Key()]
		switch {
		case !there && now.Sub(d.Deployed.Changed) < settling:
			found = append(found, tell(Note, "%s was not evaluated yet: the stack was deployed a moment ago.", t.Key()).
				of(t.Key()).
				todo("Look again in five minutes."))
		case !there || now.Sub(s.at) > silent+time.Minute:
			found = append(found, tell(Problem, "%s was not evaluated of late, though others were.", t.Key()).
				of(t.Key()).
				todo("The function may run out of time: read its log, and see whether SageMaker answers slowly."))
		case s.failed != "":
			why := sentence(plain.Cut(plain.Text(s.failed), longestSaid))
			found = append(found, tell(Problem, "The last evaluation of %s failed: %s", t.Key(), why).
				of(t.Key()).
				because("A target whose evaluation fails does not scale meanwhile.").
				todo("If the next ones fail too, mend what the error says."))
		}
	}
	return found
}
