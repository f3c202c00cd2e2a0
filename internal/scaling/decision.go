package scaling

import (
	"fmt"
	"time"
)

// Decision is the capacity that a policy asks for, with the rules that moved it
// step by step, and why it is not another.
//
// DesiredCapacity is what the target would be set to now: the present one when
// nothing would be done. MinCapacity and MaxCapacity are the limits in force.
// The steps lead from the present capacity to DesiredCapacity without a gap.
type Decision struct {
	DesiredCapacity  int      `json:"desiredCapacity"`
	MinCapacity      int      `json:"minCapacity"`
	MaxCapacity      int      `json:"maxCapacity"`
	Steps            []Step   `json:"steps"`
	NotScaledReasons []Reason `json:"notScaledReasons"`
	// Forecast is what is forecast of the load, nil where none is to be.
	Forecast *Forecast `json:"forecast,omitempty"`
	// Cooldown is that of the policy which asked for another capacity, zero when
	// none did.
	Cooldown Cooldown `json:"-"`
}

// Cooldown is how a policy waits after a change is in service: for Out after a
// scale-out nothing is removed, for In after a scale-in nothing more is.
type Cooldown struct{ Out, In time.Duration }

// Step is one rule that moved the capacity, in instances.
type Step struct {
	Rule   Rule   `json:"rule"`
	From   int    `json:"from"`
	To     int    `json:"to"`
	Reason string `json:"reason"`
}

// Rule names what moved the capacity in a step: one of the rules below, or the
// code of the refusal that took the capacity back.
type Rule string

// The rules that move the capacity.
const (
	RuleTargetTracking Rule = "TargetTracking"
	RulePredictive     Rule = "PredictiveScaling"
	RuleStepScaling    Rule = "StepScaling"
	RuleMinCapacity    Rule = "MinCapacity"
	RuleMaxCapacity    Rule = "MaxCapacity"
)

// Reason says why the target was not scaled, or not as far as a rule asked.
type Reason struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

// Code is a not-scaled reason. The set is closed.
type Code string

// The codes of Application Auto Scaling.
const (
	// AnticipatedFlapping: with one instance less the metric would be above its
	// target at once.
	AnticipatedFlapping Code = "AutoScalingAnticipatedFlapping"
	// Unscalable: the endpoint is not InService, so SageMaker takes no change.
	Unscalable Code = "TargetServicePutResourceAsUnscalable"
	// AlreadyAtMax: a rule asks for more than the maximum in force.
	AlreadyAtMax Code = "AlreadyAtMaxCapacity"
	// AlreadyAtMin: a rule asks for less than the minimum in force.
	AlreadyAtMin Code = "AlreadyAtMinCapacity"
	// AlreadyAtDesired: the rules ask for the present capacity.
	AlreadyAtDesired Code = "AlreadyAtDesiredCapacity"
)

// Our own codes.
const (
	// UpdateOverdue: the endpoint is not InService for longer than changes of ours take.
	UpdateOverdue Code = "UpdateOverdue"
	// EndpointFailed: the endpoint has failed; SageMaker lets it only be deleted.
	EndpointFailed Code = "EndpointFailed"
	// MissingData: a metric lacks datapoints that are due, so nothing is removed.
	MissingData Code = "MissingData"
	// ScaleInNotAgreed: one metric would scale in, another would not.
	ScaleInNotAgreed Code = "ScaleInNotAgreed"
	// ScaleInDisabled: the policy has disableScaleIn, or its behavior disables
	// scale-ins.
	ScaleInDisabled Code = "ScaleInDisabled"
	// ScaleOutDisabled: the policy's behavior disables scale-outs.
	ScaleOutDisabled Code = "ScaleOutDisabled"
	// StabilizationWindow: not so far would have been asked for all through the
	// stabilization window.
	StabilizationWindow Code = "StabilizationWindow"
	// ScaleInGuarded: the metric of a scale-in guard is above its maximum.
	ScaleInGuarded Code = "ScaleInGuarded"
	// VelocityLimit: the behavior allows no faster change.
	VelocityLimit Code = "VelocityLimit"
	// ScaleOutCooldown: the last scale-out is too recent for a scale-in, or what it
	// added is credited against a step.
	ScaleOutCooldown Code = "ScaleOutCooldown"
	// ScaleInCooldown: the last scale-in is too recent for another.
	ScaleInCooldown Code = "ScaleInCooldown"
	// ActivityInProgress: an activity of the endpoint waits for its outcome.
	ActivityInProgress Code = "ActivityInProgress"
	// CapacityNotInService: somebody else asked SageMaker for another capacity
	// than serves, so nothing is removed.
	CapacityNotInService Code = "CapacityNotInService"
	// BackingOff: SageMaker refused such a change, or did not carry it out, a short
	// while ago.
	BackingOff Code = "BackingOff"
	// Paused: an operator's override holds changes in the direction.
	Paused Code = "Paused"
	// ScalingConflict: another scaler scales the variant too.
	ScalingConflict Code = "ScalingConflict"
	// DryRun: the policy has dryRun.
	DryRun Code = "DryRun"
	// NotFound: the endpoint or the variant does not exist.
	NotFound Code = "TargetNotFound"
	// Unsupported: the variant is not scaled by its number of instances.
	Unsupported Code = "TargetNotSupported"
	// ClaimedElsewhere: another evaluation claimed the endpoint first.
	ClaimedElsewhere Code = "ClaimedElsewhere"
	// ChangedMeanwhile: the endpoint changed between the decision and the act.
	ChangedMeanwhile Code = "ChangedMeanwhile"
	// UpdateRefused: SageMaker refused the update.
	UpdateRefused Code = "UpdateRefused"
	// OutcomeUnknown: SageMaker's answer was lost; the next evaluation finds out.
	OutcomeUnknown Code = "OutcomeUnknown"
	// EvaluationFailed: SageMaker, CloudWatch or the state table did not answer.
	EvaluationFailed Code = "EvaluationFailed"
)

// NeedsHelp reports whether a target that is held for this code stays so until
// somebody, or AWS, does something about it.
func (c Code) NeedsHelp() bool {
	switch c {
	case BackingOff, NotFound, Unsupported, UpdateRefused, UpdateOverdue, EvaluationFailed, EndpointFailed, ScalingConflict, CapacityNotInService:
		return true
	default:
		return false
	}
}

// Recommended returns what the rules ask for within the limits in force, before anything
// holds it back: a cooldown, a stabilization window, a pause, whatever has a not-scaled
// reason. Where no rule asks for anything, as without data, it is the capacity that is
// there.
func (d Decision) Recommended() int {
	if len(d.Steps) == 0 {
		return d.DesiredCapacity
	}
	// The first step is a rule's, or the limits': before it there is nothing to hold.
	return min(max(d.Steps[0].To, d.MinCapacity), d.MaxCapacity)
}

// Move appends a step of rule to the capacity to, if it is another one.
func (d *Decision) Move(rule Rule, to int, format string, args ...any) {
	if to == d.DesiredCapacity {
		return
	}
	d.Steps = append(d.Steps, Step{rule, d.DesiredCapacity, to, fmt.Sprintf(format, args...)})
	d.DesiredCapacity = to
}

// Refuse notes a not-scaled reason.
func (d *Decision) Refuse(code Code, format string, args ...any) {
	d.NotScaledReasons = append(d.NotScaledReasons, Reason{code, fmt.Sprintf(format, args...)})
}

// Hold takes the capacity back to the given one because of code.
func (d *Decision) Hold(code Code, to int, format string, args ...any) {
	d.Move(Rule(code), to, format, args...)
	d.Refuse(code, format, args...)
}
