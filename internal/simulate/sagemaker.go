package simulate

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"sagescale/internal/activity"
)

const (
	updating    = "Updating"
	rollingBack = "RollingBack"
)

// SageMaker is a double of the service: it changes one thing on an endpoint at a
// time and takes its time for it.
type SageMaker struct {
	Now func() time.Time
	// Provisioning is how long it takes until added instances serve, ScaleIn how
	// long an endpoint is busy when some are removed. The removed ones stop
	// serving a minute after the update, and the endpoint is busy until then at
	// least.
	Provisioning, ScaleIn time.Duration
	// Quota returns how many instances one endpoint may have at a time; nil is no
	// limit.
	Quota func(time.Time) int
	// Fate says how an update ends; nil is that all succeed.
	Fate func(endpoint, variant string, from, to int) Fate
	// Changed is told of every change of an endpoint's status; nil tells nobody.
	Changed func(activity.Endpoint)

	endpoints []*endpoint
}

// Fate is how an update ends. The zero Fate is success.
type Fate struct {
	// Takes is the time until added instances serve, where it is not Provisioning.
	Takes time.Duration
	// Fails says that so many instances serve in the end as in Came. SageMaker takes
	// a minute to roll back to them, and KeepsDesired what it was asked for.
	Fails        bool
	Came         int
	KeepsDesired bool
}

// rollback is how long the endpoint is busy with the end of an update that fails.
const rollback = minute

// endpoint is one endpoint. change is nil when nothing is under way.
type endpoint struct {
	described activity.Endpoint
	change    *change
}

// change is what is under way. At servesAt the capacity changes, at until it ends by
// what end makes of the endpoint.
type change struct {
	servesAt, until time.Time
	serve, end      func(*activity.Endpoint)
}

// Create puts an endpoint in service, with the capacities that its variants
// desire.
func (s *SageMaker) Create(e activity.Endpoint) {
	e.Status = activity.InService
	for i := range e.Variants {
		e.Variants[i].Current = e.Variants[i].Desired
	}
	if e.Modified.IsZero() {
		e.Modified = e.CreationTime
	}
	s.Delete(e.Name)
	s.endpoints = append(s.endpoints, &endpoint{described: e})
}

// Delete removes an endpoint, if there is one of the name.
func (s *SageMaker) Delete(name string) {
	s.endpoints = slices.DeleteFunc(s.endpoints, func(e *endpoint) bool { return e.described.Name == name })
}

// Occupy lets somebody else change an endpoint that is InService: it is in the given
// status for a time, and then what end makes of it, which is InService unless end
// says otherwise. It reports whether it could begin.
func (s *SageMaker) Occupy(name, status string, d time.Duration, end func(*activity.Endpoint)) bool {
	e, err := s.find(name)
	if err != nil || e.described.Status != activity.InService {
		return false
	}
	until := s.Now().Add(d)
	e.change = &change{servesAt: until, until: until, serve: func(*activity.Endpoint) {}, end: end}
	s.become(e, status)
	return true
}

// Describe returns what is to be seen of an endpoint now.
func (s *SageMaker) Describe(_ context.Context, name string) (activity.Endpoint, error) {
	e, err := s.find(name)
	if err != nil {
		return activity.Endpoint{}, fmt.Errorf("describe endpoint: %w", err)
	}
	return e.describe(), nil
}

// describe returns a copy.
func (e *endpoint) describe() activity.Endpoint {
	out := e.described
	out.Variants = append([]activity.Variant(nil), out.Variants...)
	return out
}

// SetCapacity begins an update. It is refused with ErrBusy while another is
// under way, with ErrLimitExceeded beyond the quota, with ErrRefused when it
// makes no sense.
func (s *SageMaker) SetCapacity(_ context.Context, name, variant string, instances int) error {
	e, err := s.find(name)
	if err != nil {
		return fmt.Errorf("update endpoint: %w", err)
	}
	i, err := s.check(e, variant, instances)
	if err != nil {
		return fmt.Errorf("update endpoint %s: %w", name, err)
	}
	v := &e.described.Variants[i]
	e.change = s.begin(name, *v, i, instances)
	v.Desired = instances
	s.become(e, updating)
	return nil
}

// begin returns the change of variant i, which is v, to so many instances.
func (s *SageMaker) begin(name string, v activity.Variant, i, to int) *change {
	fate := Fate{}
	if s.Fate != nil {
		fate = s.Fate(name, v.Name, v.Current, to)
	}
	now := s.Now()
	c := &change{servesAt: now.Add(minute), until: now.Add(max(s.ScaleIn, minute))}
	if to > v.Current {
		c.servesAt = now.Add(cmp.Or(fate.Takes, s.Provisioning))
		c.until = c.servesAt
	}
	c.serve = func(e *activity.Endpoint) { e.Variants[i].Current = to }
	c.end = func(*activity.Endpoint) {}
	if fate.Fails {
		c.until = c.servesAt.Add(rollback)
		c.serve = func(e *activity.Endpoint) { e.Status, e.Variants[i].Current = rollingBack, fate.Came }
		c.end = func(e *activity.Endpoint) {
			if !fate.KeepsDesired {
				e.Variants[i].Desired = fate.Came
			}
		}
	}
	return c
}

// check says why an update is refused, or which variant it is for.
func (s *SageMaker) check(e *endpoint, variant string, instances int) (int, error) {
	if e.described.Status != activity.InService {
		return 0, fmt.Errorf("%w: its status is %s", activity.ErrBusy, e.described.Status)
	}
	if instances < 1 || instances > math.MaxInt32 {
		return 0, fmt.Errorf("%w: %d instances are out of range", activity.ErrRefused, instances)
	}
	found, total := -1, instances
	for i, v := range e.described.Variants {
		if v.Name == variant {
			found = i
			continue
		}
		total += v.Desired
	}
	if found < 0 {
		return 0, fmt.Errorf("%w: it has no variant %s", activity.ErrRefused, variant)
	}
	if s.Quota != nil && total > s.Quota(s.Now()) && instances > e.described.Variants[found].Desired {
		return 0, fmt.Errorf("%w: %d instances for endpoint usage, the limit is %d",
			activity.ErrLimitExceeded, total, s.Quota(s.Now()))
	}
	return found, nil
}

// Advance lets what is due by now happen: capacity comes into service or goes
// out of it, and updates end.
func (s *SageMaker) Advance() {
	now := s.Now()
	for _, e := range s.endpoints {
		c := e.change
		if c == nil {
			continue
		}
		if !now.Before(c.servesAt) {
			c.serve(&e.described)
		}
		if !now.Before(c.until) {
			e.change, e.described.Status = nil, activity.InService
			c.end(&e.described)
			s.become(e, e.described.Status)
		}
	}
}

// Next returns when the next change ends or brings its capacity; false when none is
// under way.
func (s *SageMaker) Next() (next time.Time, ok bool) {
	now := s.Now()
	for _, e := range s.endpoints {
		if e.change == nil {
			continue
		}
		for _, at := range []time.Time{e.change.servesAt, e.change.until} {
			if at.After(now) && (!ok || at.Before(next)) {
				next, ok = at, true
			}
		}
	}
	return next, ok
}

func (s *SageMaker) become(e *endpoint, status string) {
	e.described.Status, e.described.Modified = status, s.Now()
	if s.Changed != nil {
		s.Changed(e.describe())
	}
}

func (s *SageMaker) find(name string) (*endpoint, error) {
	for _, e := range s.endpoints {
		if e.described.Name == name {
			return e, nil
		}
	}
	return nil, fmt.Errorf("%w: %s", activity.ErrNotFound, name)
}
