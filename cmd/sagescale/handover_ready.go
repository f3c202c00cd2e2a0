package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sagescale/internal/policy"
	"sagescale/internal/report"
	"sagescale/internal/shell"
)

// deployed checks that there is somebody to hand over to.
func (h handingOver) deployed(ctx context.Context) (report.HandOverStep, error) {
	s := report.HandOverStep{
		What: "The deployed policy has the target, and acts",
		Why:  "Otherwise nobody would scale the variant after the next step.",
		Call: "lambda:GetFunction, for the policy in the bundle of " + h.Stack + ",\n" +
			"dynamodb:Query, for what is set by hand, and\n" +
			"logs:FilterLogEvents, for when the functions last evaluated",
	}
	p, err := h.Policy(ctx)
	if err != nil {
		return s, err
	}
	t, why := h.meant(p)
	if why == "" {
		if why, err = h.paused(ctx); err != nil {
			return s, err
		}
	}
	if why == "" {
		why = h.asleep(ctx)
	}
	if why != "" {
		return refuse(s, "%s", why), nil
	}
	s.State, s.Detail = report.StepOK, "its limits are "+limitsOf(t)
	return s, nil
}

// meant is the variant's target in the policy, and why it would not be scaled by it.
func (h handingOver) meant(p *policy.Policy) (t policy.Target, why string) {
	t, ok := h.target(p)
	switch {
	case !ok:
		account := shell.Place{Profile: h.where.Profile, Region: h.where.Region} // import takes no stack
		why = fmt.Sprintf("the policy has no target %s: it has %s. Add it, as %s writes it, and deploy",
			h.name, some(keys(p)), account.Put("sagescale import "+h.name.String()))
	case t.Endpoint != h.name.endpoint:
		why = fmt.Sprintf("the policy calls the endpoint %s, and SageMaker %s: write it as SageMaker does, and deploy",
			t.Endpoint, h.name.endpoint)
	case t.DryRun:
		why = "the target has dryRun: it would never act. Take dryRun out and deploy"
	case h.variant.Unsupported != "":
		why = h.variant.Unsupported
	case h.variant.Conflict != "":
		why = h.variant.Conflict
	}
	return t, why
}

// paused says by whom the target is paused, in one direction or in both. What cannot be
// understood is an error: the functions do not act then.
func (h handingOver) paused(ctx context.Context) (why string, err error) {
	_, overrides, err := h.Store.Load(ctx, h.name.endpoint)
	if err != nil {
		return "", err
	}
	o := overrides[h.name.variant]
	if o.Pause == "" || !o.InForce(h.now()) {
		return "", nil
	}
	return fmt.Sprintf("the target is paused by the %s: end that by %s", o,
		shell.Place(h.where).Put("sagescale resume "+h.name.String())), nil
}

// asleep says that the functions have not evaluated of late, or that it is not known.
func (h handingOver) asleep(ctx context.Context) (why string) {
	now := h.now()
	at, fault := lastTick(ctx, h.Deployment, now)
	switch {
	case at.IsZero() && fault != "":
		return "when the functions last evaluated is not known: " + fault
	case at.IsZero():
		return "the functions have not evaluated of late: sagescale doctor says why"
	case now.Sub(at) > report.TickOverdue:
		return fmt.Sprintf("the functions last evaluated %s ago: sagescale doctor says why",
			policy.Brief(now.Sub(at).Truncate(time.Second)))
	}
	return ""
}

// target is the variant's target in a policy, whatever the case of the endpoint's name.
func (h handingOver) target(p *policy.Policy) (policy.Target, bool) {
	for _, t := range p.Targets {
		if strings.EqualFold(t.Endpoint, h.name.endpoint) && t.Variant == h.name.variant {
			return t, true
		}
	}
	return policy.Target{}, false
}

func limitsOf(t policy.Target) string { return fmt.Sprintf("%d to %d", t.Limits.Min, t.Limits.Max) }
