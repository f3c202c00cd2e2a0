// Package notice has what sagescale tells others by events on EventBridge's default bus:
// the shapes of the events, which are stable, and the words in which they say it.
//
// Programs read the fields, people the message. A field that is not there is not known; a
// reader must bear fields that are added later. Texts of others that stand in an event are
// plain and short, so that no event is too large and none is more than text where it is
// shown.
package notice

import (
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/config"
	"sagescale/internal/health"
	"sagescale/internal/scaling"
)

// Version is that of the shapes below. It changes only when a reader of the one before
// would misunderstand.
const Version = "1"

// Event is one event for the bus: what it is about began at Time. Detail is an
// ActivityDetail or a HealthDetail.
type Event struct {
	Time       time.Time
	DetailType string
	Detail     any
}

// Target is what every detail says of the target that it is about.
type Target struct {
	// Version is the version of the detail's shape.
	Version string `json:"version" jsonschema:"enum=1"`
	// ID is the same for an event that is told twice, and for no other.
	ID string `json:"id"`
	// Message says it to a person, in one sentence. No line feed, quotation mark, backslash or angle bracket is in it.
	Message string `json:"message"`
	// Stack is the name of the deployment's stack.
	Stack string `json:"stack"`
	// Endpoint is the name of the endpoint.
	Endpoint string `json:"endpoint"`
	// Variant is the name of the production variant.
	Variant string `json:"variant"`
	// PolicyDigest tells the policy that was in force from others.
	PolicyDigest string `json:"policyDigest,omitempty"`
	// Capacity is the variant's number of instances at the evaluation, if SageMaker said it.
	Capacity *Capacity `json:"capacity,omitempty"`
	// Limits are those in force at the evaluation, if there was one.
	Limits *Limits `json:"limits,omitempty"`
}

// Capacity is a variant's number of instances.
type Capacity struct {
	// Current is the number of instances that serve.
	Current int `json:"current"`
	// Desired is the number that SageMaker was last asked for when the evaluation began.
	Desired int `json:"desired"`
}

// Limits bound the capacity.
type Limits struct {
	// Min is the minimum capacity.
	Min int `json:"minCapacity"`
	// Max is the maximum capacity.
	Max int `json:"maxCapacity"`
}

// Step is one rule that moved the capacity.
type Step struct {
	// Rule is the rule, or the code of the refusal that took the capacity back.
	Rule scaling.Rule `json:"rule"`
	// From is the capacity before.
	From int `json:"from"`
	// To is the capacity after.
	To int `json:"to"`
	// Reason says why.
	Reason string `json:"reason"`
}

// Reason says why a target was not scaled, or not as far as a rule asked.
type Reason struct {
	// Code is a not-scaled reason.
	Code scaling.Code `json:"code"`
	// Message says it in words.
	Message string `json:"message"`
}

// ActivityDetail is the detail of an event of the kind Scaling Activity State Change: a
// scaling activity has begun or ended, or somebody else has changed the capacity.
type ActivityDetail struct {
	Target
	// Activity is the scaling activity.
	Activity Activity `json:"activity"`
	// Steps are the rules that led to an activity that has begun.
	Steps []Step `json:"steps,omitempty"`
	// NotScaledReasons say why an activity that has begun goes no further.
	NotScaledReasons []Reason `json:"notScaledReasons,omitempty"`
}

// Activity is a scaling activity.
type Activity struct {
	// ID is the one that the history has it under.
	ID string `json:"id"`
	// Direction is out for more capacity and in for less.
	Direction string `json:"direction" jsonschema:"enum=in,enum=out"`
	// From is the capacity before.
	From int `json:"fromCapacity"`
	// To is the capacity that was asked for.
	To int `json:"toCapacity"`
	// Came is what came of it where that is neither of the two.
	Came int `json:"cameCapacity,omitempty"`
	// ByOthers says that somebody else has changed the capacity.
	ByOthers bool `json:"byOthers"`
	// Status is where the activity stands: Pending and InProgress have begun, the others have ended.
	Status activity.Status `json:"status" jsonschema:"enum=Pending,enum=InProgress,enum=Successful,enum=Failed,enum=Unfulfilled,enum=Overridden"`
	// StatusMessage says how it ended.
	StatusMessage string `json:"statusMessage,omitempty"`
	// Cause says what it follows from.
	Cause string `json:"cause,omitempty"`
	// Start is when it began; one of somebody else began at an unknown time since.
	Start time.Time `json:"startTime"`
	// End is when its outcome was seen.
	End time.Time `json:"endTime,omitzero"`
	// Took is how long it was under way, in seconds.
	Took int `json:"tookSeconds,omitempty"`
}

// HealthDetail is the detail of an event of the kind Scaling Target Health Change: a target
// fares otherwise than was told before, and has for some minutes.
type HealthDetail struct {
	Target
	// Health is how the target fares now.
	Health Health `json:"health"`
	// Before is how it fared according to the event before.
	Before Health `json:"before"`
	// NotScaledReasons are all those of the evaluation.
	NotScaledReasons []Reason `json:"notScaledReasons,omitempty"`
}

// Health is how a target fares.
type Health struct {
	// Status is Healthy; Stuck when the target is not scaled until somebody does something; Held when nothing is removed because data is missing.
	Status health.Status `json:"status" jsonschema:"enum=Healthy,enum=Stuck,enum=Held"`
	// Code is the not-scaled reason that it follows from, if it is not Healthy.
	Code scaling.Code `json:"code,omitempty"`
	// Reason says why in words, if it is not Healthy.
	Reason string `json:"reason,omitempty"`
	// Since is when that was first seen, if it was ever told otherwise.
	Since time.Time `json:"since,omitzero"`
	// Lasted is for how long it was so, in seconds, if that is over and known.
	Lasted int `json:"lastedSeconds,omitempty"`
}

// OfActivity is the event of an activity of a target.
func OfActivity(t Target, a activity.Activity) Event {
	at, part := a.StartTime, "begun"
	if !a.Open() {
		at, part = a.EndTime, "ended"
	}
	if a.PolicyDigest != "" {
		t.PolicyDigest = a.PolicyDigest
	}
	t.Version, t.ID = Version, t.Endpoint+"/"+short(a.ID)+"/"+part
	t.Message = sentence(ofActivity(t, a))
	return Event{Time: at, DetailType: config.DetailTypeActivity, Detail: ActivityDetail{Target: t, Activity: described(a)}}
}

// OfBeginning is the event of an activity that a decision has begun.
func OfBeginning(t Target, a activity.Activity, d scaling.Decision) Event {
	e := OfActivity(t, a)
	detail := ActivityDetail{Target: e.Detail.(ActivityDetail).Target, Activity: described(a)}
	detail.Steps, detail.NotScaledReasons = steps(d.Steps), reasons(d.NotScaledReasons)
	if len(d.Steps) > 0 {
		detail.Message = sentence(detail.Message + ": " + d.Steps[0].Reason)
	}
	e.Detail = detail
	return e
}

// OfHealth is the event of a change of a target's health to what the memory says is told,
// with the reasons of an evaluation at the time now.
func OfHealth(t Target, m health.Memory, all []scaling.Reason, now time.Time) Event {
	told, before := fares(m.Told), fares(m.Before)
	if !before.Since.IsZero() && !told.Since.Before(before.Since) {
		before.Lasted = int(told.Since.Sub(before.Since) / time.Second)
	}
	t.Version = Version
	t.ID = t.Endpoint + "/" + t.Variant + "/" + told.Since.Format(time.RFC3339Nano) + "/" + string(told.Status) + string(told.Code)
	t.Message = sentence(ofHealth(t, told, before, now))
	return Event{Time: now, DetailType: config.DetailTypeHealth, Detail: HealthDetail{
		Target: t, Health: told, Before: before, NotScaledReasons: reasons(all),
	}}
}
