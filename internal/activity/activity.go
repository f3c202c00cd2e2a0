// Package activity has the scaling activities of an endpoint: what each is,
// which moves it may make, and how an open one is settled from what SageMaker
// says. It is pure.
//
// An activity is written before the act that it announces. Its moves are
//
//	Pending -> InProgress -> Successful | Failed | Unfulfilled | Overridden
//	Pending -> any of the last four
//
// Pending says that the update may or may not have reached SageMaker,
// InProgress that SageMaker accepted it. A terminal status is never left. The
// words are those of Application Auto Scaling.
package activity

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Status is where an activity stands.
type Status string

// The statuses, as in Application Auto Scaling.
const (
	Pending     Status = "Pending"     // claimed; the update may not have been sent
	InProgress  Status = "InProgress"  // accepted by SageMaker
	Successful  Status = "Successful"  // the capacity is in service
	Failed      Status = "Failed"      // refused, rolled back, or never sent
	Unfulfilled Status = "Unfulfilled" // in service with fewer instances than asked for
	Overridden  Status = "Overridden"  // somebody else changed the capacity meanwhile
)

// Open reports whether an activity of this status still waits for its outcome.
func (s Status) Open() bool { return s == Pending || s == InProgress }

// Valid reports whether s is one of the statuses.
func (s Status) Valid() bool {
	switch s {
	case Pending, InProgress, Successful, Failed, Unfulfilled, Overridden:
		return true
	}
	return false
}

// Activity is the record of one decided change of one variant's capacity.
//
// StartTime is when it was claimed. EndTime is zero while it is open, else when
// its outcome was seen, which for a Successful one is when the capacity was
// first seen in service. Came is what was in service at the end of one that is
// Unfulfilled. One ByOthers began at some time between StartTime and EndTime.
type Activity struct {
	ID      string `json:"id,omitempty"`
	Variant string `json:"variant,omitempty"`
	From    int    `json:"fromCapacity"`
	To      int    `json:"toCapacity"`
	// DesiredBefore is what SageMaker was asked for before. It differs from From
	// after a change that did not come into service.
	DesiredBefore int       `json:"desiredBefore,omitempty"`
	Came          int       `json:"cameCapacity,omitempty"`
	ByOthers      bool      `json:"byOthers,omitempty"`
	Status        Status    `json:"status"`
	StatusMessage string    `json:"statusMessage,omitempty"`
	Cause         string    `json:"cause,omitempty"`
	PolicyDigest  string    `json:"policyDigest,omitempty"`
	StartTime     time.Time `json:"startTime"`
	EndTime       time.Time `json:"endTime,omitzero"`
}

// NewID names an activity: when, of which variant, by which invocation. Of the
// invocation's name the last 12 characters do; without one it is left out.
func NewID(at time.Time, variant, invocation string) string {
	id := at.UTC().Format("20060102T150405.000Z") + "-" + variant
	if invocation != "" {
		id += "-" + invocation[max(0, len(invocation)-12):]
	}
	return id
}

// What an activity can be called: SageMaker bounds the names of variants, and NewID
// adds to them.
const (
	longestVariant = 63
	longestID      = 200
)

// Check says what is wrong with an activity that was read.
func (a Activity) Check() error {
	for _, n := range []int{a.From, a.To, a.DesiredBefore, a.Came} {
		if n < 0 || n > math.MaxInt32 {
			return fmt.Errorf("capacity %d is out of range", n)
		}
	}
	switch {
	case !a.Status.Valid():
		return fmt.Errorf("status %.40q is none", a.Status)
	case a.Variant == "" || len(a.Variant) > longestVariant || len(a.ID) > longestID:
		return errors.New("it names no variant, or has too long a name")
	case a.StartTime.IsZero(), !a.Open() && a.EndTime.IsZero():
		return errors.New("it has no time")
	}
	return nil
}

// ScaleOut reports whether the activity adds capacity.
func (a Activity) ScaleOut() bool { return a.To > a.From }

// Change returns by how many instances the activity has changed the capacity, or
// may yet while it is open.
func (a Activity) Change() int {
	switch a.Status {
	case Failed, Overridden:
		return 0
	case Unfulfilled:
		return a.Came - a.From
	default:
		return a.To - a.From
	}
}

// inEffect reports whether the activity has brought the capacity that it asked for, or
// a part of it.
func (a Activity) inEffect() bool {
	return a.Status == Successful || a.Status == Unfulfilled && a.Change() != 0
}

// Open reports whether the activity still waits for its outcome.
func (a Activity) Open() bool { return a.Status.Open() }

// Accept moves a Pending activity to InProgress: SageMaker has taken the update.
func (a Activity) Accept() (Activity, error) {
	if a.Status != Pending {
		return a, fmt.Errorf("accept activity %s: it is %s, not %s", a.ID, a.Status, Pending)
	}
	a.Status = InProgress
	return a, nil
}

// Close moves an open activity to the terminal status to, at the time at. By whatever
// clock, it does not end before it began.
func (a Activity) Close(to Status, at time.Time, message string) (Activity, error) {
	if !a.Open() {
		return a, fmt.Errorf("close activity %s: it is already %s", a.ID, a.Status)
	}
	if to.Open() || !to.Valid() {
		return a, fmt.Errorf("close activity %s: %q is not a terminal status", a.ID, to)
	}
	if at.Before(a.StartTime) {
		at = a.StartTime
	}
	a.Status, a.EndTime, a.StatusMessage = to, at, message
	return a, nil
}

// TimeToInService returns how long a scale-out of ours took to come into service, 0 for
// any other activity.
func (a Activity) TimeToInService() time.Duration {
	if a.Status != Successful || a.ByOthers || !a.ScaleOut() {
		return 0
	}
	return a.Took()
}

// Took returns how long the activity was under way, 0 while it is open. For a
// Successful scale-out this is the provisioning time.
func (a Activity) Took() time.Duration {
	if a.Open() {
		return 0
	}
	return a.EndTime.Sub(a.StartTime)
}
