package policy

import (
	"math"
	"time"
)

// BehaviorSpec limits how the capacity moves, as in the Kubernetes HPA.
type BehaviorSpec struct {
	// Behavior when capacity is added.
	ScaleOut *BehaviorRuleSpec `json:"scaleOut,omitempty"`
	// Behavior when capacity is removed.
	ScaleIn *BehaviorRuleSpec `json:"scaleIn,omitempty"`
}

// BehaviorRuleSpec is the behavior in one direction.
type BehaviorRuleSpec struct {
	// Look back this long, at most 1h, and take the most cautious capacity that
	// would have been asked for.
	StabilizationWindow *Duration `json:"stabilizationWindow,omitempty" jsonschema:"default=0s"`
	// Change nothing as long as a tracked metric is within this share of its target: with
	// 0.1 nothing is added up to 110 % of it, and nothing is removed down to 90 %; the
	// threshold of a scale-in holds besides. Where a forecast decides, a change must be a
	// larger share of the present capacity than this.
	Tolerance *float64 `json:"tolerance,omitempty" jsonschema:"minimum=0,default=0"`
	// Which of the policies decides: the one that allows the largest change (Max),
	// the smallest (Min), or no change at all (Disabled).
	SelectPolicy *string `json:"selectPolicy,omitempty" jsonschema:"enum=Max,enum=Min,enum=Disabled,default=Max"`
	// How fast the capacity may change. When absent: as fast as it is asked for.
	Policies []VelocitySpec `json:"policies,omitempty" jsonschema:"minItems=1"`
}

// VelocitySpec allows a change of so much in a period.
type VelocitySpec struct {
	// What value counts. A part of an instance counts as a whole one.
	Type *string `json:"type" jsonschema:"enum=Instances,enum=Percent"`
	// Change allowed in a period, by the stored activities.
	Value *int `json:"value" jsonschema:"minimum=1,maximum=2147483647"`
	// The period, 1s to 1h.
	Period *Duration `json:"period"`
}

// Which policy of a direction decides.
const (
	SelectMax      = "Max"
	SelectMin      = "Min"
	SelectDisabled = "Disabled"
)

// What the value of a velocity counts.
const (
	Instances = "Instances"
	Percent   = "Percent"
)

// Behavior limits how the capacity moves in both directions. The zero Behavior
// limits nothing.
type Behavior struct {
	ScaleOut Movement `json:"scaleOut,omitzero"`
	ScaleIn  Movement `json:"scaleIn,omitzero"`
}

// Movement is the behavior in one direction. Select is empty for Max.
type Movement struct {
	Stabilization time.Duration `json:"stabilizationWindow,omitempty"`
	Tolerance     float64       `json:"tolerance,omitempty"`
	Select        string        `json:"selectPolicy,omitempty"`
	Velocities    []Velocity    `json:"policies,omitempty"`
}

// Velocity allows a change of Value, which Type says the unit of, in a Period.
type Velocity struct {
	Type   string        `json:"type"`
	Value  int           `json:"value"`
	Period time.Duration `json:"period"`
}

func (f *faults) behavior(path Path, b *BehaviorSpec) {
	if b == nil {
		return
	}
	f.movement(path.with("scaleOut"), b.ScaleOut)
	f.movement(path.with("scaleIn"), b.ScaleIn)
	if in := b.ScaleIn; in != nil && in.Tolerance != nil && *in.Tolerance >= 1 && !math.IsInf(*in.Tolerance, 0) {
		f.add(path.with("scaleIn", "tolerance"), *in.Tolerance, "must be below 1: no load is further below its target")
	}
}

func (f *faults) movement(path Path, b *BehaviorRuleSpec) {
	if b == nil {
		return
	}
	f.duration(path, "stabilizationWindow", b.StabilizationWindow, 0, maxStabilization)
	if v := b.Tolerance; v != nil && (!(*v >= 0) || math.IsInf(*v, 0)) {
		f.add(path.with("tolerance"), *v, "must be a finite number, 0 or more")
	}
	f.oneOf(path, "selectPolicy", b.SelectPolicy, SelectMax, SelectMin, SelectDisabled)
	if b.Policies != nil && len(b.Policies) == 0 {
		f.add(path.with("policies"), 0, "must list at least one policy: leave it out for none")
	}
	for i, v := range b.Policies {
		at := path.with("policies", i)
		f.required(at, "type", v.Type != nil)
		f.oneOf(at, "type", v.Type, Instances, Percent)
		f.required(at, "value", v.Value != nil)
		f.atLeastOne(at, "value", v.Value)
		f.required(at, "period", v.Period != nil)
		f.duration(at, "period", v.Period, time.Second, time.Hour)
	}
}

func compileMovement(b *BehaviorRuleSpec) Movement {
	if b == nil {
		return Movement{}
	}
	out := Movement{
		Stabilization: time.Duration(value(b.StabilizationWindow, 0)),
		Tolerance:     value(b.Tolerance, 0),
	}
	if s := value(b.SelectPolicy, SelectMax); s != SelectMax {
		out.Select = s
	}
	for _, v := range b.Policies {
		out.Velocities = append(out.Velocities, Velocity{value(v.Type, ""), value(v.Value, 0), time.Duration(value(v.Period, 0))})
	}
	return out
}
