package simulate

import (
	"context"
	"fmt"
	"math"
	"time"

	"sagescale/internal/activity"
)

const updating = "Updating"

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
	// Changed is told of every change of an endpoint's status; nil tells nobody.
	Changed func(activity.Endpoint)

	endpoints []*endpoint
}

// endpoint is one endpoint. change is nil when it is InService.
type endpoint struct {
	described activity.Endpoint
	change    *change
}

// change is an update that is under way.
type change struct {
	variant         int
	to              int
	servesAt, until time.Time
}

// Create puts an endpoint in service, with the capacities that its variants
// desire.
func (s *SageMaker) Create(e activity.Endpoint) {
	e.Status = activity.InService
	for i := range e.Variants {
		e.Variants[i].Current = e.Variants[i].Desired
	}
	s.endpoints = append(s.endpoints, &endpoint{described: e})
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
	now, v := s.Now(), &e.described.Variants[i]
	c := change{variant: i, to: instances, servesAt: now.Add(minute), until: now.Add(max(s.ScaleIn, minute))}
	if instances > v.Current {
		c.servesAt = now.Add(s.Provisioning)
		c.until = c.servesAt
	}
	v.Desired = instances
	e.change = &c
	s.become(e, updating)
	return nil
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
			e.described.Variants[c.variant].Current = c.to
		}
		if !now.Before(c.until) {
			e.change = nil
			s.become(e, activity.InService)
		}
	}
}

func (s *SageMaker) become(e *endpoint, status string) {
	e.described.Status = status
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
