package replay

import (
	"math"
	"slices"
	"time"

	"sagescale/internal/schedule"
)

// Peer is a scaler that keeps the load at its target, a share of what an instance serves.
// Actions change its limits at set times.
type Peer struct {
	name    string
	target  float64
	decide  func(Peer, View) int
	actions []schedule.Action
}

// Name returns the name of the peer.
func (p Peer) Name() string { return p.name }

// Decide returns the capacity that the peer asks for, inside the limits.
func (p Peer) Decide(v View) (int, error) {
	limits, _ := schedule.InForce(v.Model.Limits, p.actions, v.Now())
	return min(max(p.decide(p, v), limits.Min), limits.Max), nil
}

// perInstance returns the load that the peer keeps on an instance, in requests a minute.
func (p Peer) perInstance(v View) float64 { return p.target * v.Model.InstanceCapacity }

// The numbers of Application Auto Scaling's target tracking for SageMaker.
const (
	awsOut       = 3 // datapoints above the target
	awsIn        = 15
	awsThreshold = 0.9
	awsCooldown  = 5 * time.Minute
)

// Tracking is what its user sets of target tracking by Application Auto Scaling, and of
// the limits that it keeps to.
type Tracking struct {
	Target                            float64 // share of what an instance serves
	ScaleOutCooldown, ScaleInCooldown time.Duration
	DisableScaleIn                    bool
	Actions                           []schedule.Action
}

// DefaultTracking is target tracking at a target with AWS's defaults.
func DefaultTracking(target float64) Tracking {
	return Tracking{Target: target, ScaleOutCooldown: awsCooldown, ScaleInCooldown: awsCooldown}
}

// ApplicationAutoScaling is target tracking with AWS's defaults; see Tracking.Peer.
func ApplicationAutoScaling(target float64) Peer { return DefaultTracking(target).Peer() }

// Peer is Application Auto Scaling with these settings, decided in its favour where AWS
// is silent. It scales out after 3 of 3 datapoints above the target, in after 15 of 15
// below 0.9 of it; a datapoint is the load by the instances in service when it was
// measured, and the new capacity serves the mean load of those datapoints at the target.
// What was added in the scale-out cooldown is credited by itself, because the load is
// sized as a whole. A scale-in waits for both cooldowns, and a scale-out ends that of a
// scale-in.
func (s Tracking) Peer() Peer {
	return Peer{"application-auto-scaling", s.Target, func(p Peer, v View) int {
		per, n := p.perInstance(v), len(v.Requests)
		if load, all := p.each(v, awsOut, func(share float64) bool { return share > per }); all {
			if to := whole(load / per); to > v.Desired {
				return to
			}
		}
		if s.DisableScaleIn || n < awsIn || s.cooling(v) {
			return v.Desired
		}
		if load, all := p.each(v, awsIn, func(share float64) bool { return share < awsThreshold*per }); all {
			return min(v.Desired, whole(load/per))
		}
		return v.Desired
	}, s.Actions}
}

// each returns the mean load of the last n datapoints, and whether something holds for
// the load per instance of each; false when there are fewer.
func (Peer) each(v View, n int, holds func(share float64) bool) (mean float64, all bool) {
	first := len(v.Requests) - n
	if first < 0 {
		return 0, false
	}
	all = true
	for i, load := range v.Requests[first:] {
		mean += load / float64(n)
		all = all && holds(load/float64(v.InService[first+i]))
	}
	return mean, all
}

// cooling reports whether a cooldown holds a scale-in.
func (s Tracking) cooling(v View) bool {
	if len(v.Changes) == 0 {
		return false
	}
	// The last change decides: a scale-out ends the cooldown of the scale-in before it,
	// and one that follows a scale-out has waited for that one's.
	last := v.Changes[len(v.Changes)-1]
	cooldown := s.ScaleInCooldown
	if last.ScaleOut() {
		cooldown = s.ScaleOutCooldown
	}
	return at(v.Start, v.Step).Before(at(v.Start, last.Effect).Add(cooldown))
}

// The numbers of the Kubernetes HPA's default behavior.
const (
	hpaTolerance = 0.1
	hpaWindow    = 5 * time.Minute // stabilization of scale-ins
	hpaPods      = 4               // may be added at once, or as many as there are
)

// HPA is the Kubernetes Horizontal Pod Autoscaler with its default behavior, on the
// newest datapoint: a tolerance of a tenth, scale-ins to the most that was asked for in
// five minutes, scale-outs by 100 % or 4, whichever is more.
func HPA(target float64) Peer {
	return Peer{"hpa", target, func(p Peer, v View) int {
		n := len(v.Requests)
		if n == 0 {
			return v.Desired
		}
		highest := 0
		for i := max(0, n-steps(hpaWindow)); i < n; i++ {
			highest = max(highest, p.recommended(v, i))
		}
		wanted := p.recommended(v, n-1)
		if wanted < v.Desired {
			return min(v.Desired, highest)
		}
		return min(wanted, max(2*v.Desired, v.Desired+hpaPods))
	}, nil}
}

// recommended is what the HPA wants by datapoint i: the present capacity within the
// tolerance.
func (p Peer) recommended(v View, i int) int {
	served := v.InService[i]
	ratio := v.Requests[i] / float64(served) / p.perInstance(v)
	if math.Abs(ratio-1) <= hpaTolerance {
		return served
	}
	return whole(ratio * float64(served))
}

// The numbers of Knative's autoscaler.
const (
	kpaWindow = time.Minute // stable
	kpaPanic  = 2.0         // times what is ready
	kpaUp     = 1000.0
	kpaDown   = 2.0
)

// KPA is Knative's autoscaler with its defaults, as far as datapoints of a minute let
// it: the stable window of a minute is one datapoint, and the panic window of six
// seconds is the same one. Twice what is ready is a panic, in which nothing is removed
// for the time of a stable window.
func KPA(target float64) Peer {
	return Peer{"kpa", target, func(p Peer, v View) int {
		n := len(v.Requests)
		if n == 0 {
			return v.Desired
		}
		ready := float64(v.InService[v.Step])
		bounded := func(i int) int {
			wanted := float64(whole(v.Requests[i] / p.perInstance(v)))
			return int(min(max(wanted, math.Floor(ready/kpaDown)), math.Ceil(kpaUp*ready)))
		}
		wanted := bounded(n - 1)
		for i := max(0, n-1-steps(kpaWindow)); i < n; i++ {
			if w := bounded(i); float64(w) >= kpaPanic*float64(v.InService[i]) {
				wanted = max(wanted, w, v.Desired)
			}
		}
		return wanted
	}, nil}
}

// Peers returns the scalers that sagescale is compared with, all at one target.
func Peers(target float64) []Peer {
	return []Peer{ApplicationAutoScaling(target), HPA(target), KPA(target)}
}

// PeerNames returns their names.
func PeerNames() []string {
	var names []string
	for _, p := range Peers(1) {
		names = append(names, p.name)
	}
	return slices.Clip(names)
}
