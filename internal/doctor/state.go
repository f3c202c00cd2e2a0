package doctor

import (
	"context"
	"fmt"

	"sagescale/internal/activity"
	"sagescale/internal/dynamodb"
	"sagescale/internal/policy"
)

// remembered checks what the table remembers of an endpoint.
func (d *Doctor) remembered(p *patient) check {
	return check{
		name: "state", target: p.name, why: "What is remembered of an endpoint decides whether it may be changed.",
		fine: fmt.Sprintf("what is remembered of endpoint %s can be read, and nothing is stuck", p.name),
		run: func(context.Context) []Finding {
			switch {
			case p.stateErr != nil:
				return []Finding{d.unreadState(p)}
			case p.state.Damage != "":
				return []Finding{tell(Warning, "What was remembered of endpoint %s is lost: %s", p.name, sentence(p.state.Damage)).
					because("The next evaluation replaces it; nothing is removed until a cooldown after " +
						"SageMaker's last modification of the endpoint.").
					todo("See who wrote to the state table. If it stays, see whether evaluations are made.")}
			case p.state.Version == 0 && p.endpointErr == nil:
				return []Finding{tell(Note, "Nothing is remembered of endpoint %s: no evaluation has seen it in service yet.", p.name).
					todo("Look again in a few minutes.")}
			}
			return append(p.stuck(), p.strangers()...)
		},
	}
}

// unreadState is the finding of a state or an override that nobody can read, which holds the
// endpoint, or that these credentials may not read.
func (d *Doctor) unreadState(p *patient) Finding {
	f := d.unseen("what is remembered of endpoint "+p.name+" could not be read", p.stateErr)
	if _, denied := d.Denied(p.stateErr); !denied && dynamodb.Misread(p.stateErr) {
		f.Level = Problem
		f.Why = "Nothing of the endpoint is changed while this cannot be read."
		f.Do = "If it is an override, end it by sagescale resume " + p.name + "/VARIANT; if it is of a newer version, deploy that one."
	}
	return f
}

// stuck tells an activity that does not end, and a wait after refusals.
func (p *patient) stuck() []Finding {
	var found []Finding
	if a := p.state.Open; a != nil && p.now.Sub(a.StartTime) >= activity.LongestUnderWay {
		found = append(found, tell(Problem, "The change of %s from %d to %d is %s %s.", a.Variant, a.From, a.To, a.Status, since(a.StartTime, p.now)).
			because("Nothing else of the endpoint is changed until it ends.").
			todo("See what the endpoint waits for: instances that cannot be had, or a container that does not start."))
	}
	for _, variant := range sortedKeys(p.state.Backoffs) {
		both := p.state.Backoffs[variant]
		for _, b := range []struct {
			verb string
			activity.Backoff
		}{{"scale-out", both.Out}, {"scale-in", both.In}} {
			if p.now.Before(b.Until) {
				found = append(found, tell(Warning, "The last %d tries of a %s of %s failed; the next is at %s.", b.Failures, b.verb, variant, policy.Clock(b.Until)).
					because("SageMaker refused such a change, or did not carry it out: an account limit, or no instances to be had.").
					todo("The last activities say why. Have the quota raised, or take another instance type."))
			}
		}
	}
	return found
}

// strangers tells overrides in force of variants that are no targets: every evaluation of
// the endpoint fails on them, because what an operator set must not go unheeded.
func (p *patient) strangers() []Finding {
	var found []Finding
	for _, variant := range sortedKeys(p.overrides) {
		if o := p.overrides[variant]; o.InForce(p.now) && !p.hasTarget(variant) {
			name := p.name + "/" + variant
			found = append(found, tell(Problem, "There is an %s for %s, which the policy has no target for.", o, name).
				of(name).
				because("Every evaluation of the endpoint fails: what was set by hand must not go unheeded.").
				todo("End it.").
				by("sagescale", "resume", name))
		}
	}
	return found
}

func (p *patient) hasTarget(variant string) bool {
	for _, t := range p.targets {
		if t.Variant == variant {
			return true
		}
	}
	return false
}

// override tells an override in force.
func (p *patient) override(t policy.Target) check {
	return check{
		name: "override", target: t.Key(), why: "Until it ends, a part of the policy is set aside.",
		fine: fmt.Sprintf("the policy of %s decides: no override is in force", t.Key()),
		run: func(context.Context) []Finding {
			o := p.overrides[t.Variant]
			switch {
			case p.stateErr != nil:
				return []Finding{tell(NotChecked, "Overrides could not be read: see what is said of the state.")}
			case !o.InForce(p.now):
				return nil
			}
			return []Finding{tell(Note, "%s: %s: %s.", t.Key(), effect(o), o).
				todo("It ends by itself; to end it now:").
				by("sagescale", "resume", t.Key())}
		},
	}
}

// effect says what an override does.
func effect(o policy.Override) string {
	switch {
	case o.Pause != "" && (o.Min != nil || o.Max != nil):
		return "changes are paused and limits set"
	case o.Pause != "":
		return map[policy.Direction]string{
			policy.In: "scale-ins are paused", policy.Out: "scale-outs are paused", policy.Both: "changes are paused",
		}[o.Pause]
	case o.Min != nil && o.Max != nil && *o.Min == *o.Max:
		return fmt.Sprintf("held at %d", *o.Min)
	}
	return "other limits are set"
}
