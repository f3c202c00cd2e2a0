package whatif

import (
	"fmt"
	"slices"

	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// Lift is what ends that a target is held for a code: in words, and by the commands of
// sagescale that do it, if there are any.
type Lift struct {
	Code     scaling.Code `json:"code"`
	What     string       `json:"what"`
	Commands []string     `json:"commands,omitempty"`
}

// Lifts returns what ends each of the reasons of a decision about the target of a name, in
// their order. override is the one in force, nil for none.
func Lifts(target string, d scaling.Decision, override *policy.Override) []Lift {
	out := []Lift{}
	for _, r := range d.NotScaledReasons {
		l := Lift{Code: r.Code, What: what(r.Code)}
		known := slices.ContainsFunc(out, func(l Lift) bool { return l.Code == r.Code })
		if known || l.What == "" { // a code of a newer version
			continue
		}
		if command := command(r.Code, d, override); command != "" {
			l.Commands = []string{fmt.Sprintf(command, target)}
		}
		out = append(out, l)
	}
	return out
}

// CodeOverride stands for the override of a target among lifts: it is no reason by itself.
const CodeOverride scaling.Code = "Override"

// Release adds to the lifts of a decision that the override in force may be ended, where
// none of them says so.
func Release(target string, lifts []Lift) []Lift {
	resume := "sagescale resume " + target
	if slices.ContainsFunc(lifts, func(l Lift) bool { return slices.Contains(l.Commands, resume) }) {
		return lifts
	}
	return append(lifts, Lift{Code: CodeOverride, What: "it ends by itself, or by hand", Commands: []string{resume}})
}

// command is the command that lifts a code at once, with the target left open, or empty.
func command(c scaling.Code, d scaling.Decision, override *policy.Override) string {
	lowest, highest := d.DesiredCapacity, d.DesiredCapacity
	for _, s := range d.Steps {
		lowest, highest = min(lowest, s.From, s.To), max(highest, s.From, s.To)
	}
	set := override != nil && (override.Min != nil || override.Max != nil)
	switch c {
	case scaling.Paused:
		return "sagescale resume %s"
	case scaling.ScalingConflict:
		return "sagescale hand-over %s"
	case scaling.AlreadyAtMax, scaling.AlreadyAtMin:
		if set {
			return "sagescale resume %s"
		}
		if c == scaling.AlreadyAtMax {
			return fmt.Sprintf("sagescale limits %%s --max %d --for 2h", max(highest, d.MaxCapacity+1))
		}
		if d.MinCapacity > 1 {
			return fmt.Sprintf("sagescale limits %%s --min %d --for 2h", d.MinCapacity-1)
		}
	case scaling.StabilizationWindow, scaling.VelocityLimit, scaling.ScaleInCooldown, scaling.ScaleOutCooldown,
		scaling.ScaleInDisabled, scaling.ScaleOutDisabled, scaling.ScaleInGuarded, scaling.ScaleInNotAgreed:
		wanted := lowest
		if highest > d.DesiredCapacity {
			wanted = highest
		}
		if wanted != d.DesiredCapacity {
			return fmt.Sprintf("sagescale hold %%s %d --for 1h", min(max(wanted, 1), max(d.MaxCapacity, 1)))
		}
	default: // of these nothing that is set takes a target out
	}
	return ""
}

// what says in words what ends that a target is held for a code.
func what(c scaling.Code) string {
	switch c {
	case scaling.AnticipatedFlapping:
		return "a load that one instance less serves, or a higher target value"
	case scaling.Unscalable:
		return "the end of the change that is under way on the endpoint"
	case scaling.AlreadyAtMax:
		return "a higher maximum: maxCapacity in the policy, or at once"
	case scaling.AlreadyAtMin:
		return "a lower minimum: minCapacity in the policy, or at once; none is below 1"
	case scaling.AlreadyAtDesired:
		return "another load"
	case scaling.StabilizationWindow:
		return "time, or a shorter stabilizationWindow in the policy; limits are not held by it"
	case scaling.VelocityLimit:
		return "time, or a faster behavior in the policy; limits are not held by it"
	case scaling.ScaleOutCooldown, scaling.ScaleInCooldown:
		return "time, or a shorter cooldown in the policy; limits are not held by it"
	case scaling.ScaleInGuarded:
		return "a lower value of the scale-in guard's metric: look why it is high; limits are not held by it"
	default:
		return whatElse(c)
	}
}

// whatElse is what, of the codes that time, load and limits do not end.
func whatElse(c scaling.Code) string {
	switch c {
	case scaling.ScaleInNotAgreed:
		return "the other metric below its threshold too, or its disableScaleIn in the policy, by which it has no say"
	case scaling.ScaleInDisabled:
		return "no disableScaleIn in the policy, and no selectPolicy Disabled of behavior.scaleIn"
	case scaling.ScaleOutDisabled:
		return "another selectPolicy than Disabled of behavior.scaleOut in the policy"
	case scaling.MissingData:
		return "the datapoints that are missing: sagescale doctor says whether the metric is published, and may be read"
	case scaling.DryRun:
		return "dryRun: false in the policy, deployed"
	case scaling.Paused:
		return "the end of the override, which comes by itself, or at once"
	case scaling.ActivityInProgress:
		return "the outcome of the change that is under way, which the next evaluations see"
	case scaling.BackingOff:
		return "time; and capacity or quota, which AWS must have: look at what the last activity says, and at Service Quotas"
	case scaling.CapacityNotInService:
		return "who asked SageMaker for another capacity: it comes, or is asked for again as it serves"
	case scaling.ScalingConflict:
		return "one scaler: hand it over, or take the target out of the policy"
	default:
		return whatOfAWS(c)
	}
}

// whatOfAWS is what, of the codes that are about the endpoint and the calls.
func whatOfAWS(c scaling.Code) string {
	switch c {
	case scaling.UpdateOverdue:
		return "the end of the endpoint's change, which takes too long: look at the endpoint's events, and ask AWS"
	case scaling.EndpointFailed:
		return "another endpoint: SageMaker lets one that has failed only be deleted"
	case scaling.NotFound:
		return "the endpoint and the variant, by the names in the policy; or a policy without them"
	case scaling.Unsupported:
		return "a variant of instances; or a policy without this one"
	case scaling.ClaimedElsewhere, scaling.ChangedMeanwhile, scaling.OutcomeUnknown:
		return "nothing: the next evaluation, a minute later, goes by what is so then"
	case scaling.UpdateRefused:
		return "what SageMaker's message asks for; it is tried again after a while"
	case scaling.EvaluationFailed:
		return "what did not answer: the record's error names it, and sagescale doctor looks at all of it"
	default:
		return ""
	}
}
