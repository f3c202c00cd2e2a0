package simulate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/event"
	"sagescale/internal/function"
	"sagescale/internal/policy"
	"sagescale/internal/schedule"
)

const minute = time.Minute

// Config says what is simulated. Loads, by endpoint/variant, has one for every
// target of the policy, all of one length; they begin at Start, a whole minute.
// Policy, Start, Loads and Provisioning must be set.
type Config struct {
	Policy *policy.Policy
	Start  time.Time
	Loads  map[string]Load
	// See SageMaker and CloudWatch.
	Provisioning, ScaleIn, Delay time.Duration
	// Tick is the time between two ticks, whole minutes; a minute when zero.
	Tick time.Duration
	// Record takes every decision record, in order; nil drops them.
	Record func(autoscaler.Record) error
	// Log is that of the functions; nil drops it.
	Log *slog.Logger
	// Progress is called after every step; nil tells nobody.
	Progress func(done, total int)

	// What may happen besides. Updates by others and overrides, in the order of their
	// times; who else scales a target, empty for nobody; the limit on instances; gaps
	// in the metrics; events that are lost on their way.
	Updates   []Update
	Overrides []Override
	Conflict  func(endpoint, variant string, at time.Time) string
	Quota     func(time.Time) int
	Gap       func(time.Time) bool
	Lost      func(event.Kind, time.Time) bool
}

// Load is what one target has to serve: the requests of every minute, of which
// one instance serves InstanceCapacity.
type Load struct {
	Requests         []float64
	InstanceCapacity float64
}

// Update is an update of a variant's capacity that somebody else sends to
// SageMaker.
type Update struct {
	At                time.Time
	Endpoint, Variant string
	Instances         int
}

// Override is an override that an operator sets at a time.
type Override struct {
	At                time.Time
	Endpoint, Variant string
	policy.Override
}

// scalers is a double of Application Auto Scaling.
type scalers func(endpoint, variant string) string

// Conflict says who else scales a variant.
func (s scalers) Conflict(_ context.Context, endpoint, variant string) (string, error) {
	return s(endpoint, variant), nil
}

// check says what is wrong with c, and returns the number of its steps.
func (c Config) check() (int, error) {
	switch {
	case c.Policy == nil || len(c.Policy.Targets) == 0:
		return 0, errors.New("the policy has no target")
	case c.Start.Unix()%60 != 0 || c.Start.Nanosecond() != 0:
		return 0, fmt.Errorf("start %s is not a whole minute", c.Start.UTC().Format(time.RFC3339))
	case c.Provisioning <= 0:
		return 0, fmt.Errorf("provisioning time %s is not above 0", c.Provisioning)
	case c.ScaleIn < 0:
		return 0, fmt.Errorf("scale-in time %s is negative", c.ScaleIn)
	case c.Delay < 0:
		return 0, fmt.Errorf("metric delay %s is negative", c.Delay)
	case c.Tick < 0 || c.Tick%minute != 0:
		return 0, fmt.Errorf("tick %s is not whole minutes", c.Tick)
	}
	steps := len(c.Loads[c.Policy.Targets[0].Key()].Requests)
	for _, t := range c.Policy.Targets {
		if err := computable(t); err != nil {
			return 0, fmt.Errorf("target %s: %w", t.Key(), err)
		}
		if err := c.Loads[t.Key()].check(steps); err != nil {
			return 0, fmt.Errorf("target %s: %w", t.Key(), err)
		}
	}
	return steps, nil
}

// check says what is wrong with a load of so many minutes.
func (l Load) check(minutes int) error {
	if n := len(l.Requests); n == 0 || n != minutes {
		return fmt.Errorf("it has a load of %d minutes, the first target one of %d", n, minutes)
	}
	if !(l.InstanceCapacity > 0) || math.IsInf(l.InstanceCapacity, 0) {
		return fmt.Errorf("instance capacity %v is not a finite number above 0", l.InstanceCapacity)
	}
	return nil
}

// simulation is a run under way.
type simulation struct {
	Config
	steps     int
	now       time.Time
	sageMaker *SageMaker
	metrics   *CloudWatch
	table     *Table
	alarms    []*alarm
	actions   []*timer
	schedule  function.Function
	alarm     function.Function
	settle    function.Function
	// queue holds the endpoints whose status has changed and whose events wait to
	// be delivered.
	queue  []activity.Endpoint
	events int
	result Result
	err    error
}

// timer is one scheduled action and when it fires next.
type timer struct {
	endpoint, variant string
	action            schedule.Action
	next              time.Time
	armed             bool
}

// newSimulation makes an account that has the endpoints of the policy, with the
// capacity that the first minute needs.
func newSimulation(c Config) (*simulation, error) {
	steps, err := c.check()
	if err != nil {
		return nil, fmt.Errorf("simulate: %w", err)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Tick == 0 {
		c.Tick = minute
	}
	s := &simulation{Config: c, steps: steps, now: c.Start, table: NewTable()}
	clock := func() time.Time { return s.now }
	s.metrics = &CloudWatch{
		Delay:    c.Delay,
		Gap:      c.Gap,
		start:    c.Start,
		variants: map[string]*served{},
	}
	s.sageMaker = &SageMaker{
		Now:          clock,
		Provisioning: c.Provisioning,
		ScaleIn:      c.ScaleIn,
		Quota:        c.Quota,
	}
	s.createEndpoints()
	s.sageMaker.Changed = func(e activity.Endpoint) { s.queue = append(s.queue, e) }
	s.alarms = alarms(c.Policy, alarmPrefix)
	s.armActions()
	s.wire(clock)
	return s, nil
}

// wire makes the functions, as their mains do.
func (s *simulation) wire(clock func() time.Time) {
	f := function.Function{
		Name:   "schedule",
		Origin: Origin(),
		Evaluator: &autoscaler.Evaluator{
			Policy:    s.Policy,
			Endpoints: s.sageMaker,
			Metrics:   s.metrics,
			Scalers:   scalers(s.conflict),
			Store:     s.table,
			Forecasts: s.table,
			Record:    s.record,
			Now:       clock,
			Parallel:  1,
		},
		Forecaster: &autoscaler.Forecaster{Policy: s.Policy, Metrics: s.metrics, Forecasts: s.table, Now: clock},

		Log: s.Log,
		Now: clock,
	}
	s.schedule, s.alarm, s.settle = f, f, f
	s.alarm.Name, s.settle.Name = "alarm", "settle"
}

// conflict says who else scales a target now.
func (s *simulation) conflict(endpoint, variant string) string {
	if s.Conflict == nil {
		return ""
	}
	return s.Conflict(endpoint, variant, s.now)
}

// createEndpoints creates the endpoints of the policy, a month old, with the
// variants that are targets.
func (s *simulation) createEndpoints() {
	var all []*activity.Endpoint
	byName := map[string]*activity.Endpoint{}
	for _, t := range s.Policy.Targets {
		e := byName[t.Endpoint]
		if e == nil {
			e = &activity.Endpoint{Name: t.Endpoint, CreationTime: s.Start.AddDate(0, -1, 0).UTC()}
			byName[t.Endpoint] = e
			all = append(all, e)
		}
		load := s.Loads[t.Key()]
		e.Variants = append(e.Variants, activity.Variant{Name: t.Variant, Desired: s.initial(t, load)})
		s.metrics.variants[t.Key()] = &served{Load: load}
		s.result.Targets = append(s.result.Targets, TargetResult{Endpoint: t.Endpoint, Variant: t.Variant})
	}
	for _, e := range all {
		s.sageMaker.Create(*e)
	}
}

// initial returns the capacity that the first minute needs, inside the limits in force at
// the start.
func (s *simulation) initial(t policy.Target, load Load) int {
	limits, _ := schedule.InForce(t.Limits, t.ScheduledActions, s.Start)
	need := math.Ceil(load.Requests[0] / load.InstanceCapacity)
	return int(min(max(need, float64(limits.Min)), float64(limits.Max)))
}

// armActions finds out when each scheduled action fires first.
func (s *simulation) armActions() {
	for _, t := range s.Policy.Targets {
		for _, action := range t.ScheduledActions {
			a := &timer{endpoint: t.Endpoint, variant: t.Variant, action: action}
			a.next, a.armed = action.Schedule.Next(s.Start.Add(-1))
			s.actions = append(s.actions, a)
		}
	}
}

// record counts a decision record and passes it on.
func (s *simulation) record(_ context.Context, r autoscaler.Record) {
	s.result.Records++
	if r.Error != "" {
		s.result.Errors++
	}
	if s.Record == nil {
		return
	}
	if err := s.Record(r); err != nil {
		s.err = errors.Join(s.err, fmt.Errorf("take record: %w", err))
	}
}

// deliver brings an event to its function, unless it is lost, and then the
// events of the endpoints that it has changed.
func (s *simulation) deliver(ctx context.Context, kind event.Kind, raw json.RawMessage) {
	if s.Lost != nil && s.Lost(kind, s.now) {
		return
	}
	var err error
	switch kind {
	case event.Alarm:
		err = s.alarm.Alarm(ctx, raw)
	case event.EndpointState:
		err = s.settle.Settle(ctx, raw)
	default:
		err = s.schedule.Schedule(ctx, raw)
	}
	if err != nil {
		s.err = errors.Join(s.err, fmt.Errorf("deliver %s: %w", kind, err))
	}
}

// id numbers the events, in the form of their ids on AWS.
func (s *simulation) id() string {
	s.events++
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", s.events)
}
