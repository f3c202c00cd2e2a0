package scaling

import (
	"fmt"
	"slices"
	"time"
)

// ask is what one policy asks for. capacity is the present one where it asks for
// no change; code and message then say why.
type ask struct {
	rule     Rule
	name     string // of the policy: that of its metric, or its own
	capacity int
	code     Code
	message  string
	cooldown Cooldown
	// abstains says that the policy has no say in scale-ins, insists that it wants the
	// present capacity at least.
	abstains, insists bool
	// unsure says that missing datapoints might make it ask for more.
	unsure bool
	// forecast is what is forecast of its metric, nil for nothing.
	forecast *Forecast
}

// recommend applies what the target-tracking and the step policies ask for to d.
func (in Input) recommend(d *Decision, asks []ask) {
	if i := slices.IndexFunc(asks, func(a ask) bool { return a.forecast != nil }); i >= 0 {
		d.Forecast = asks[i].forecast
	}
	followed, reasons := in.choose(asks)
	d.NotScaledReasons = append(d.NotScaledReasons, reasons...)
	if followed == nil {
		return
	}
	d.Cooldown = followed.cooldown
	d.Move(followed.rule, followed.capacity, "%s", followed.message)
}

// asks returns what every policy asks for, now or a while before, in the order of
// the policy file. minimum is the one in force.
func (in Input) asks(minimum int) func(back time.Duration) []ask {
	var policies []func(time.Duration) ask
	for _, t := range in.Target.TargetTracking {
		policies = append(policies, in.track(t, minimum))
	}
	for _, s := range in.Target.StepScaling {
		policies = append(policies, in.step(s))
	}
	return func(back time.Duration) []ask {
		out := make([]ask, len(policies))
		for i, asks := range policies {
			out[i] = asks(back)
		}
		return out
	}
}

// choose returns the ask to follow, nil for none, and why others are not. It goes
// by the rules of Application Auto Scaling: the largest capacity above the present
// one wins; to scale in all tracked metrics must agree, while a step policy needs
// nobody's consent, and the largest capacity wins here too. But nobody knows what
// a missing datapoint would have said, so missing data of any policy holds every
// scale-in. So does a step policy in alarm that has got what it asked for: without,
// what it adds would be removed again and again.
func (in Input) choose(asks []ask) (followed *ask, reasons []Reason) {
	present := in.Present()
	missing := pick(asks, func(a ask) bool { return a.code == MissingData })
	for _, a := range missing {
		reasons = append(reasons, Reason{a.code, a.message})
	}
	if out := pick(asks, func(a ask) bool { return a.capacity > present }); out != nil {
		return largest(out), reasons
	}
	for _, a := range pick(asks, func(a ask) bool { return a.code == ScaleOutCooldown }) {
		reasons = append(reasons, Reason{a.code, a.message})
	}
	lower, against := consented(in.lower(asks), pick(asks, func(a ask) bool { return a.holds(present) }))
	switch {
	case missing != nil || lower == nil && reasons != nil:
		return nil, reasons
	case lower == nil:
		return nil, stay(asks)
	case against != nil:
		down := largest(lower)
		message := fmt.Sprintf("%s would scale in, %s would not: %s", down.name, against[0].name, against[0].message)
		return nil, append(reasons, Reason{ScaleInNotAgreed, message})
	case in.Target.DisableScaleIn:
		return nil, append(reasons, Reason{ScaleInDisabled, "disableScaleIn is set; " + largest(lower).message})
	}
	return largest(lower), reasons
}

// lower returns the asks for less than the present capacity.
func (in Input) lower(asks []ask) []ask {
	present := in.Present()
	return pick(asks, func(a ask) bool { return a.capacity < present })
}

// holds reports whether a policy does not agree to a scale-in.
func (a ask) holds(present int) bool {
	return a.capacity == present && (a.insists || a.tracks() && !a.abstains)
}

// tracks reports whether it is a tracked metric that asks.
func (a ask) tracks() bool { return a.rule == RuleTargetTracking || a.rule == RulePredictive }

// consented returns which of the asks for less may be followed although the holding
// ones do not agree, and who is against it if there is none.
func consented(lower, holding []ask) (allowed, against []ask) {
	steps := pick(lower, func(a ask) bool { return a.rule == RuleStepScaling })
	insisting := pick(holding, func(a ask) bool { return a.insists })
	if holding == nil || insisting != nil || steps == nil {
		return lower, append(insisting, holding...)
	}
	return steps, nil
}

// stay says why the capacity is left as it is when nobody asks for another: by the
// first tracked metric, else by the first policy.
func stay(asks []ask) []Reason {
	if len(asks) == 0 {
		return nil
	}
	said := asks[0]
	if tracked := pick(asks, func(a ask) bool { return a.tracks() && !a.abstains }); tracked != nil {
		said = tracked[0]
	}
	return []Reason{{said.code, said.message}}
}

// pick returns the asks that a condition holds for, nil for none.
func pick(asks []ask, holds func(ask) bool) []ask {
	var out []ask
	for _, a := range asks {
		if holds(a) {
			out = append(out, a)
		}
	}
	return out
}

// largest returns the first of the asks for most; there must be one.
func largest(asks []ask) *ask {
	top := &asks[0]
	for i := range asks {
		if asks[i].capacity > top.capacity {
			top = &asks[i]
		}
	}
	return top
}
