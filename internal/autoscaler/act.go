package autoscaler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/guard"
	"sagescale/internal/scaling"
)

// conclude decides every target of an endpoint and carries out at most one of
// the decisions: SageMaker changes one thing on an endpoint at a time.
func (e *Evaluator) conclude(ctx context.Context, v *view, t Trigger, now time.Time) {
	var wanting []*evaluation
	for _, c := range v.cases {
		e.decide(v, c, t, now)
		if c.wants() {
			wanting = append(wanting, c)
		}
	}
	slices.SortStableFunc(wanting, func(a, b *evaluation) int { return v.urgency(a, b) })
	first := ""
	for _, c := range wanting {
		switch {
		case first != "":
			c.holdAt(scaling.ActivityInProgress, "variant %s of the endpoint is changed first", first)
		case e.free(ctx, v, c):
			first = c.target.Variant
			e.act(ctx, v, c, t)
		}
	}
}

// free reports whether nobody else scales the target, and holds it if somebody
// does. It is asked only when something is to be changed. Not to know it is no
// reason to leave an endpoint short.
func (e *Evaluator) free(ctx context.Context, v *view, c *evaluation) bool {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	conflict, err := e.Scalers.Conflict(ctx, c.target.Endpoint, c.target.Variant)
	if err != nil {
		v.err = errors.Join(v.err, fmt.Errorf("ask who else scales %s: %w", c.target.Key(), err))
		return true
	}
	if conflict == "" {
		return true
	}
	c.record.Observation.Conflict = conflict
	c.holdAt(scaling.ScalingConflict, "%s", conflict)
	return false
}

// complete puts into the records what is known when all is done.
func (v *view) complete() {
	for _, c := range v.cases {
		c.record.Decision = c.decision
		if v.err != nil {
			c.record.Error = say(v.err)
		}
	}
	if v.settled != nil {
		v.recordOf(v.settled.Variant).Settled = v.settled
	}
	for _, a := range v.outside {
		r := v.recordOf(a.Variant)
		r.Outside = append(r.Outside, a)
	}
}

// recordOf returns the record of a variant, the first one for a variant that is not
// evaluated.
func (v *view) recordOf(variant string) *Record {
	for _, c := range v.cases {
		if c.target.Variant == variant {
			return &c.record
		}
	}
	return &v.cases[0].record
}

// urgency orders the targets of an endpoint: scale-outs first, then the one that
// was changed longest ago, so that none starves.
func (v *view) urgency(a, b *evaluation) int {
	out := func(c *evaluation) int {
		if c.decision.DesiredCapacity > c.present {
			return 0
		}
		return 1
	}
	last := func(c *evaluation) int64 {
		latest := int64(0)
		for _, a := range v.state.History(c.target.Variant) {
			latest = max(latest, a.StartTime.UnixNano())
		}
		return latest
	}
	return cmp.Or(cmp.Compare(out(a), out(b)), cmp.Compare(last(a), last(b)))
}

// decide makes the decision and the record of one target.
func (e *Evaluator) decide(v *view, c *evaluation, t Trigger, now time.Time) {
	variant, found := v.endpoint.Variant(c.target.Variant)
	observed := scaling.Observation{
		Status:          v.endpoint.Status,
		CurrentCapacity: variant.Current,
		DesiredCapacity: variant.Desired,
		Metrics:         c.series,
		Conflict:        variant.Conflict,
		LastModified:    v.endpoint.Modified,
		Touched:         v.state.Touched,
		BusySince:       v.busySince(),
	}
	override := v.overrides[c.target.Variant]
	c.record = Record{
		Time:        now,
		Endpoint:    c.target.Endpoint,
		Variant:     c.target.Variant,
		Policy:      e.Policy.Digest,
		Trigger:     t,
		Observation: observed,
	}
	in := scaling.Input{
		Now:          now,
		Target:       c.target,
		Observation:  observed,
		Activities:   v.state.History(c.target.Variant),
		Override:     override,
		Provisioning: v.state.ProvisioningTime(c.target.Variant),
	}
	if m, ok := v.forecasts[c.target.Variant]; ok {
		in.Forecast = &m
	}
	in.NoForecast = v.noForecast
	if override.InForce(now) {
		c.record.Override = &override
	}
	c.present = in.Present()
	switch {
	case v.endpoint.Status == "":
		c.decision = scaling.Undecided(in)
		c.decision.Refuse(v.hold.Code, "%s", v.hold.Message)
	case !found:
		c.decision = scaling.Undecided(in)
		c.decision.Refuse(scaling.NotFound, "the endpoint has no variant of that name")
	case variant.Unsupported != "":
		c.decision = scaling.Undecided(in)
		c.decision.Refuse(scaling.Unsupported, "%s", variant.Unsupported)
	default:
		c.decision = guard.Check(in, scaling.Decide(in), v.state.Backoffs[c.target.Variant])
		if v.hold.Code != "" {
			c.holdAt(v.hold.Code, "%s", v.hold.Message)
		}
	}
}

// holdAt takes a decision back to the present capacity.
func (c *evaluation) holdAt(code scaling.Code, format string, args ...any) {
	c.decision.Hold(code, c.present, format, args...)
}

// act claims the endpoint, looks again, and sends the one update.
func (e *Evaluator) act(ctx context.Context, v *view, c *evaluation, t Trigger) {
	// By the wall clock alone: the other one stands still while a sandbox is frozen.
	claimedAt := e.Now().Round(0)
	claimed, err := v.state.Claim(activity.Activity{
		ID:            activity.NewID(claimedAt, c.target.Variant, t.Invocation),
		Variant:       c.target.Variant,
		From:          c.present,
		To:            c.decision.DesiredCapacity,
		DesiredBefore: c.record.Observation.DesiredCapacity,
		Status:        activity.Pending,
		Cause:         cause(t, c.decision),
		PolicyDigest:  e.Policy.Digest,
		StartTime:     claimedAt,
	})
	if err != nil {
		c.holdAt(scaling.ActivityInProgress, "%s", say(err))
		return
	}
	if !e.save(ctx, v, claimed) {
		c.holdAt(v.hold.Code, "%s", v.hold.Message)
		return
	}
	if changed := e.changed(ctx, v, c); changed != "" {
		e.giveUp(ctx, v, c, activity.Outcome{Status: activity.Failed, Message: changed}, scaling.ChangedMeanwhile)
		return
	}
	e.send(ctx, v, c)
	if v.state.Open != nil {
		open := *v.state.Open
		c.record.Activity = &open
	}
}

// changed looks at the endpoint again, as late as possible before the update,
// and says what speaks against sending it.
func (e *Evaluator) changed(ctx context.Context, v *view, c *evaluation) string {
	fresh, err := e.Endpoints.Describe(ctx, v.endpoint.Name)
	if err != nil {
		return "the endpoint could not be described again: " + say(err)
	}
	variant, _ := fresh.Variant(c.target.Variant)
	was := c.record.Observation
	switch {
	case !fresh.CreationTime.Equal(v.endpoint.CreationTime):
		return "the endpoint was created anew meanwhile"
	case fresh.Status != activity.InService:
		return fmt.Sprintf("the endpoint became %s meanwhile", fresh.Status)
	case variant.Desired != was.DesiredCapacity || variant.Current != was.CurrentCapacity:
		return fmt.Sprintf("the capacity became %d (desired %d) meanwhile", variant.Current, variant.Desired)
	case ctx.Err() != nil:
		return "the evaluation ran out of time"
	case e.Now().Sub(v.state.Open.StartTime) > activity.ClaimTTL/2:
		return "the evaluation was held up for too long after its claim"
	}
	return ""
}

// send sends the update once and settles what its answer says. Without a clear
// answer the activity stays Pending: the next evaluation finds out.
func (e *Evaluator) send(ctx context.Context, v *view, c *evaluation) {
	err := e.Endpoints.SetCapacity(ctx, c.target.Endpoint, c.target.Variant, c.decision.DesiredCapacity)
	switch {
	case err == nil:
		accepted, acceptErr := v.state.Accept()
		if acceptErr != nil {
			v.fail(acceptErr)
			return
		}
		e.save(ctx, v, accepted)
	case errors.Is(err, activity.ErrBusy):
		// It was InService a moment ago: whether this very update, come twice, or
		// another keeps it busy, the next evaluation finds out.
		c.decision.Refuse(scaling.OutcomeUnknown, "the endpoint is being updated already, maybe by this very update: %s", say(err))
	case errors.Is(err, activity.ErrNotFound):
		e.giveUp(ctx, v, c, activity.Outcome{Status: activity.Failed, Message: say(err)}, scaling.ChangedMeanwhile)
	case errors.Is(err, activity.ErrThrottled):
		e.giveUp(ctx, v, c, activity.Outcome{Status: activity.Failed, Message: say(err)}, scaling.UpdateRefused)
	case errors.Is(err, activity.ErrRefused), errors.Is(err, activity.ErrLimitExceeded):
		o := activity.Outcome{Status: activity.Failed, Message: say(err), BackOff: true, Short: errors.Is(err, activity.ErrLimitExceeded)}
		e.giveUp(ctx, v, c, o, scaling.UpdateRefused)
	default:
		c.decision.Refuse(scaling.OutcomeUnknown, "the answer to the update was lost: %s", say(err))
		v.err = errors.Join(v.err, fmt.Errorf("update endpoint %s: %w", v.endpoint.Name, err))
	}
}

// giveUp ends the claimed activity, of which nothing came, and takes the
// decision back.
func (e *Evaluator) giveUp(ctx context.Context, v *view, c *evaluation, o activity.Outcome, code scaling.Code) {
	e.end(ctx, v, o)
	c.holdAt(code, "%s", o.Message)
}

// cause says in one line what an activity follows from.
func cause(t Trigger, d scaling.Decision) string {
	parts := []string{strings.TrimSpace(t.Kind + " " + t.Name)}
	for _, s := range d.Steps {
		parts = append(parts, s.Reason)
	}
	return strings.Join(parts, "; ")
}
