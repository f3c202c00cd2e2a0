// Package migrate makes of what Application Auto Scaling has registered for a variant
// the policy that means the same to sagescale, and says in words what differs. It is
// pure: equal registrations give equal policies.
//
// # What is left out
//
// Nothing is dropped silently. What a policy file cannot express, by the rules of
// package policy, is a Difference of kind LeftOut; what it expresses by another value is
// one of kind Changed; and what is written down alike, and yet done otherwise, is one of
// kind Otherwise.
//
// # Where Application Auto Scaling is silent
//
// The defaults of what a registration leaves open, the cooldowns of 300 s, are those
// that AWS documents for SageMaker. The windows of target tracking, three datapoints
// out and fifteen minutes in, are those of its alarms, which nobody can set; they are
// sagescale's defaults too. So neither is written to the file.
package migrate

import "time"

// Registered is what Application Auto Scaling knows of a variant that it scales by its
// instances.
type Registered struct {
	Endpoint, Variant string
	Min, Max          int
	Suspended         Suspension
	Policies          []Policy
	Actions           []Action
}

// Suspension says which kinds of scaling are suspended.
type Suspension struct {
	In        bool `json:"scaleIn"`
	Out       bool `json:"scaleOut"`
	Scheduled bool `json:"scheduled"`
}

// Whole reports whether nothing is scaled at all.
func (s Suspension) Whole() bool { return s.In && s.Out && s.Scheduled }

// None reports whether everything is scaled.
func (s Suspension) None() bool { return s == Suspension{} }

// The kinds of policies that a variant may have.
const (
	TargetTracking = "TargetTrackingScaling"
	StepScaling    = "StepScaling"
)

// Policy is one scaling policy, with Tracking or Step as its kind says. Alarms are those
// of a step policy that call it.
type Policy struct {
	Name, ARN, Kind string
	Tracking        *Tracking
	Step            *Step
	Alarms          []Alarm
}

// Tracking keeps a metric at a value: a predefined one by its type, or one of the
// user's, which is the one of Queries whose data is returned. A nil cooldown is left to
// the service.
type Tracking struct {
	TargetValue                       float64
	Predefined                        string
	Queries                           []Query
	ScaleOutCooldown, ScaleInCooldown *time.Duration
	DisableScaleIn                    bool
}

// Step changes the capacity by how far a metric is from the threshold of an alarm. Its
// aggregation is empty when it is left to the service.
type Step struct {
	AdjustmentType string
	Aggregation    string
	MinAdjustment  *int
	Cooldown       *time.Duration
	Adjustments    []Adjustment
}

// Adjustment is one step; a nil bound is infinite.
type Adjustment struct {
	Lower, Upper *float64
	Adjustment   int
}

// Metric is a metric of CloudWatch. Unit is empty for any.
type Metric struct {
	Namespace, Name, Statistic, Unit string
	Dimensions                       map[string]string
}

// Query is one series: a metric, or an expression of the series that have the IDs in
// it. Period is 0 where the service decides. Account is that of the metric where it is
// another one's.
type Query struct {
	ID         string
	Metric     *Metric
	Expression string
	Period     time.Duration
	Account    string
	Returned   bool
}

// Alarm is an alarm of CloudWatch whose action a step policy is. Threshold is nil when it
// is no number, as that of an anomaly band. WallClock says that its periods begin at full
// hours and the like, and do not slide.
type Alarm struct {
	Name        string
	Enabled     bool     // whether its actions are
	Actions     []string // what it calls when it goes off
	Queries     []Query
	Threshold   *float64
	Comparison  string
	Periods     int
	Datapoints  int // M of N; 0 for all
	MissingData string
	WallClock   bool
}

// Action is a scheduled action. A nil limit is left as it was.
type Action struct {
	Name, Schedule, Timezone string
	Start, End               *time.Time
	Min, Max                 *int
}
