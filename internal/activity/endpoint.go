package activity

import (
	"errors"
	"time"
)

// What SageMaker and the store may answer. ErrThrottled, ErrLimitExceeded, ErrRefused
// and ErrNotFound are the known refusals of an update: nothing was changed. Any other
// error of an update leaves its outcome open.
var (
	// ErrBusy says that the endpoint is being changed already: by somebody else, or
	// by the same update, of which this one is a copy.
	ErrBusy = errors.New("endpoint is being updated")
	// ErrThrottled says that there were too many requests: nothing was changed.
	ErrThrottled = errors.New("too many requests")
	// ErrLimitExceeded says that an account limit stands in the way.
	ErrLimitExceeded = errors.New("resource limit exceeded")
	// ErrRefused says that the request was refused for another reason.
	ErrRefused = errors.New("request refused")
	// ErrConflict says that somebody else wrote an endpoint's state first.
	ErrConflict = errors.New("state was written by somebody else")
	// ErrNotFound says that there is no endpoint of that name.
	ErrNotFound = errors.New("endpoint not found")
)

// The statuses of an endpoint that decide something: InService is the only one in
// which it can be scaled, Broken the one in which it can only be deleted.
const (
	InService = "InService"
	Broken    = "Failed"
)

// Endpoint is what SageMaker says of an endpoint. A new CreationTime under the
// same name means another endpoint, a new Config that it was deployed anew. Modified
// is when it was last changed, by whomever, zero if SageMaker does not say.
type Endpoint struct {
	Name         string
	Status       string
	CreationTime time.Time
	Modified     time.Time
	Config       string
	Variants     []Variant
}

// Variant is what SageMaker says of one production variant, in instances.
// Current is what serves, Desired what SageMaker was last asked for.
// Unsupported says why the variant cannot be scaled by instances, Conflict who
// else scales it; either may be empty.
type Variant struct {
	Name        string
	Current     int
	Desired     int
	Unsupported string
	Conflict    string
}

// Variant returns the variant of that name.
func (e Endpoint) Variant(name string) (Variant, bool) {
	for _, v := range e.Variants {
		if v.Name == name {
			return v, true
		}
	}
	return Variant{}, false
}

// VariantNames returns the names of the variants, in their order.
func (e Endpoint) VariantNames() []string {
	var names []string
	for _, v := range e.Variants {
		names = append(names, v.Name)
	}
	return names
}
