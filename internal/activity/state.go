package activity

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// The sizes that keep the state item small, and the bounds of the backoff.
const (
	maxRecent       = 32
	maxProvisioning = 20
	firstBackoff    = 5 * time.Minute
	// longestProvisioning bounds what is learned: an activity that was seen to end
	// later was not watched meanwhile.
	longestProvisioning = 2 * time.Hour
	// shownLate is how long after an activity was seen to end SageMaker may still count
	// it as the endpoint's last modification.
	shownLate = time.Minute
	// longestUnseen bounds how long before it was seen a change by somebody else may
	// have begun: deployments take less.
	longestUnseen = time.Hour
)

// MaxBackoff is the longest wait between two tries for capacity that SageMaker
// could not provide.
const MaxBackoff = time.Hour

// ErrOpen says that the endpoint has an open activity, so that no other may
// start: SageMaker changes one thing on an endpoint at a time.
var ErrOpen = errors.New("another activity is open")

// State is what is remembered of one endpoint between evaluations. Its methods
// return changed copies and leave the receiver as it was.
//
// Version is that of the stored item that it was read from, 0 for none; every
// write is conditional on it. Recent holds the closed activities, oldest first,
// the last change of every variant and direction among them however old. Known is
// the capacity that each variant was last seen to have when nothing was under way,
// Config the endpoint's configuration then: another one now is the work of somebody
// else. Others are the counts of the variants that are no targets. Touched is the last
// modification of the endpoint that no activity accounts for: what it was is not known.
// BusySince is since when somebody else's change is under way, zero for none. Damage says why what was stored cannot be understood, so that nothing is
// remembered; the next write of the state takes its place.
type State struct {
	Endpoint     string                     `json:"endpoint"`
	Version      int64                      `json:"version"`
	CreationTime time.Time                  `json:"creationTime,omitzero"`
	Config       string                     `json:"config,omitempty"`
	Known        map[string]Known           `json:"known,omitempty"`
	Others       map[string]int             `json:"others,omitempty"`
	Touched      time.Time                  `json:"touched,omitzero"`
	BusySince    time.Time                  `json:"busySince,omitzero"`
	Open         *Activity                  `json:"open,omitempty"`
	Recent       []Activity                 `json:"recent,omitempty"`
	Provisioning map[string][]time.Duration `json:"provisioning,omitempty"`
	Backoffs     map[string]Backoffs        `json:"backoffs,omitempty"`
	Damage       string                     `json:"-"`
}

// Check says what is wrong with a state that was read, as far as it could make an
// evaluation go wrong: texts and numbers that no state ever has.
func (s State) Check() error {
	if s.Open != nil {
		if err := s.Open.Check(); err != nil {
			return fmt.Errorf("open activity: %w", err)
		}
		if !s.Open.Open() {
			return fmt.Errorf("open activity: it is %.40q", s.Open.Status)
		}
	}
	for _, a := range s.Recent {
		if err := a.Check(); err != nil {
			return fmt.Errorf("closed activity: %w", err)
		}
		if a.Open() {
			return fmt.Errorf("closed activity: it is %s", a.Status)
		}
	}
	for _, k := range s.Known {
		if k.Capacity < 0 || k.Capacity > math.MaxInt32 {
			return fmt.Errorf("known capacity %d is out of range", k.Capacity)
		}
	}
	for _, b := range s.Backoffs {
		if min(b.Out.Failures, b.Out.Short, b.In.Failures, b.In.Short) < 0 {
			return errors.New("a backoff has a negative number of failures")
		}
	}
	return nil
}

// Known is a capacity that was in service at a time, with nothing under way.
type Known struct {
	Capacity int       `json:"capacity"`
	At       time.Time `json:"at"`
}

// Backoffs are those of a variant in both directions.
type Backoffs struct {
	Out Backoff `json:"out,omitzero"`
	In  Backoff `json:"in,omitzero"`
}

// Backoff is how long a change waits after SageMaker refused the last ones or did
// not carry them out: so many in a row. Of these it was Short of capacity, or of what
// the account may have, so many times.
type Backoff struct {
	Failures int       `json:"failures"`
	Short    int       `json:"short,omitempty"`
	Until    time.Time `json:"until"`
}

// Over reports whether the failures are so long ago that they tell nothing any more of
// what SageMaker can provide.
func (b Backoff) Over(now time.Time) bool { return !now.Before(b.Until.Add(MaxBackoff)) }

// Outcome is how an open activity ended. BackOff marks one that SageMaker refused
// or did not carry out, which makes the next in its direction wait, and Short one that
// less would have been carried out of. Came is what is
// in service after one that is Unfulfilled.
type Outcome struct {
	Status  Status
	Message string
	BackOff bool
	Short   bool
	Came    int
}

// Claim returns the state with a as its open activity. It fails with ErrOpen
// when there is one already.
func (s State) Claim(a Activity) (State, error) {
	if s.Open != nil {
		return s, fmt.Errorf("claim endpoint %s for activity %s: %w", s.Endpoint, a.ID, ErrOpen)
	}
	s.Open = &a
	return s, nil
}

// Accept returns the state with its open activity InProgress.
func (s State) Accept() (State, error) {
	if s.Open == nil {
		return s, fmt.Errorf("accept activity of endpoint %s: none is open", s.Endpoint)
	}
	a, err := s.Open.Accept()
	if err != nil {
		return s, err
	}
	s.Open = &a
	return s, nil
}

// Close returns the state with its open activity ended by o at the time at, and
// that activity. A Successful one ends the backoff in its direction, one to back
// off from prolongs it. A Successful scale-out teaches the variant's provisioning
// time.
func (s State) Close(o Outcome, at time.Time) (State, Activity, error) {
	if s.Open == nil {
		return s, Activity{}, fmt.Errorf("close activity of endpoint %s: none is open", s.Endpoint)
	}
	a, err := s.Open.Close(o.Status, at, o.Message)
	if err != nil {
		return s, Activity{}, err
	}
	if a.Status == Unfulfilled {
		a.Came = o.Came
	}
	s.Open = nil
	s.Known = s.withKnown(a)
	s.Recent = trim(append(slices.Clone(s.Recent), a))
	if o.BackOff || a.Status == Successful {
		s.Backoffs = s.withBackoff(a, o, at)
	}
	if took := a.Took(); a.ScaleOut() && a.Status == Successful && took > 0 && took < longestProvisioning {
		s.Provisioning = s.withProvisioning(a.Variant, took)
	}
	return s, a, nil
}

// recreated reports whether e is another endpoint under the same name.
func (s State) recreated(e Endpoint) bool {
	return !s.CreationTime.IsZero() && !e.CreationTime.IsZero() && !s.CreationTime.Equal(e.CreationTime)
}

// History returns the variant's closed activities, oldest first, and then the
// endpoint's open one, whichever variant it changes: SageMaker changes one thing
// on an endpoint at a time.
func (s State) History(variant string) []Activity {
	var out []Activity
	for _, a := range s.Recent {
		if a.Variant == variant {
			out = append(out, a)
		}
	}
	if s.Open != nil {
		out = append(out, *s.Open)
	}
	return out
}

// withKnown returns the known capacities after a has ended: that of its variant is
// what it brought. One that came to nothing has shown nothing.
func (s State) withKnown(a Activity) map[string]Known {
	if a.Status != Successful && a.Status != Unfulfilled {
		return s.Known
	}
	out := maps.Clone(s.Known)
	if out == nil {
		out = map[string]Known{}
	}
	out[a.Variant] = Known{a.From + a.Change(), a.EndTime}
	return out
}

func (s State) withBackoff(a Activity, o Outcome, at time.Time) map[string]Backoffs {
	out := make(map[string]Backoffs, len(s.Backoffs)+1)
	maps.Copy(out, s.Backoffs)
	both := out[a.Variant]
	b := &both.In
	if a.ScaleOut() {
		b = &both.Out
	}
	if !o.BackOff || b.Over(at) {
		*b = Backoff{}
	}
	if o.BackOff {
		wait := min(firstBackoff<<min(b.Failures, 10), MaxBackoff)
		*b = Backoff{Failures: b.Failures + 1, Short: b.Short, Until: at.Add(wait)}
		if o.Short {
			b.Short++
		}
	}
	out[a.Variant] = both
	return out
}

func (s State) withProvisioning(variant string, took time.Duration) map[string][]time.Duration {
	out := make(map[string][]time.Duration, len(s.Provisioning)+1)
	maps.Copy(out, s.Provisioning)
	learned := append(slices.Clone(out[variant]), took)
	out[variant] = learned[max(0, len(learned)-maxProvisioning):]
	return out
}

// ProvisioningTime returns how long the variant's scale-outs take, 0 when none was seen:
// four of five of the last ones took no longer, so that one which was stuck counts for
// nothing once there are others.
func (s State) ProvisioningTime(variant string) time.Duration {
	learned := slices.Sorted(slices.Values(s.Provisioning[variant]))
	if len(learned) == 0 {
		return 0
	}
	return learned[(4*len(learned)+4)/5-1]
}

// trim drops the oldest activities beyond maxRecent, but never the last in effect of a
// variant and direction: a cooldown may hang on it.
func trim(all []Activity) []Activity {
	type key struct {
		variant string
		out     bool
	}
	last := map[key]int{}
	for i, a := range all {
		if a.inEffect() {
			last[key{a.Variant, a.ScaleOut()}] = i
		}
	}
	excess := len(all) - maxRecent
	var kept []Activity
	for i, a := range all {
		needed := a.inEffect() && last[key{a.Variant, a.ScaleOut()}] == i
		if i >= excess || needed {
			kept = append(kept, a)
		}
	}
	return kept
}
