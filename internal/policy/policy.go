// Package policy has what the user wrote: the policy file as data (Spec), the
// rules that it must obey, and the compiled form that the rest of sagescale
// decides by (Policy). It is pure; reading YAML and naming lines is the job of
// package policyfile.
//
// A policy is compiled whole or not at all: Compile returns every fault at once
// and a policy only when there is none, so an invalid policy never runs. A
// compiled policy holds every default filled in and is known by its Digest.
//
// # Defaults
//
// Where Application Auto Scaling has a value it is ours too, because users know
// it: cooldowns of 300 s, 3 of 3 datapoints out, 15 minutes of datapoints below
// 0.9 of the target in.
package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"sagescale/internal/schedule"
)

// The defaults of a target, those of Application Auto Scaling for SageMaker.
const (
	DefaultCooldown           = 5 * time.Minute
	DefaultScaleOutDatapoints = 3
	DefaultScaleInWindow      = 15 * time.Minute
	DefaultScaleInThreshold   = 0.9
	DefaultGuardPeriods       = 5
	DefaultPeriod             = time.Minute
)

// Policy is a compiled policy file. Digest names its content: it does not depend
// on comments, the order of fields, or whether a default is written out. The
// order of lists counts.
type Policy struct {
	Digest  string
	Targets []Target
}

// Target is the compiled policy of one production variant of one endpoint.
type Target struct {
	Endpoint         string            `json:"endpoint"`
	Variant          string            `json:"variant"`
	Limits           schedule.Limits   `json:"limits"`
	ScaleOutCooldown time.Duration     `json:"scaleOutCooldown"`
	ScaleInCooldown  time.Duration     `json:"scaleInCooldown"`
	DisableScaleIn   bool              `json:"disableScaleIn"`
	DryRun           bool              `json:"dryRun"`
	TargetTracking   []TargetTracking  `json:"targetTracking"`
	StepScaling      []StepScaling     `json:"stepScaling,omitempty"`
	ScaleInGuards    []ScaleInGuard    `json:"scaleInGuards,omitempty"`
	Behavior         Behavior          `json:"behavior,omitzero"`
	Predictive       Predictive        `json:"predictive,omitzero"`
	ScheduledActions []schedule.Action `json:"-"`
	// Actions holds the scheduled actions as written, for the digest and for the
	// schedules that the deployment creates.
	Actions []ScheduledAction `json:"scheduledActions"`
}

// ScalesIn reports whether a metric may remove capacity at all.
func (t Target) ScalesIn() bool {
	tracks := func(x TargetTracking) bool { return !x.DisableScaleIn }
	return !t.DisableScaleIn && t.Behavior.ScaleIn.Select != SelectDisabled &&
		(len(t.StepScaling) > 0 || slices.ContainsFunc(t.TargetTracking, tracks))
}

// ScheduledAction is a scheduled action as written, with its defaults.
type ScheduledAction struct {
	Name      string        `json:"name"`
	Schedule  string        `json:"schedule"`
	Timezone  string        `json:"timezone"`
	StartTime time.Time     `json:"startTime,omitzero"`
	EndTime   time.Time     `json:"endTime,omitzero"`
	Min       *int          `json:"minCapacity,omitempty"`
	Max       *int          `json:"maxCapacity,omitempty"`
	Duration  time.Duration `json:"duration,omitempty"`
}

// TargetTracking keeps a metric at TargetValue per instance. It scales out when
// ScaleOut.Datapoints of the last ScaleOut.Periods are above TargetValue, and
// in when as many as ScaleIn asks for are below Threshold * TargetValue. One with
// DisableScaleIn has no say in scale-ins, neither for nor against them.
type TargetTracking struct {
	Metric           Metric        `json:"metric"`
	TargetValue      float64       `json:"targetValue"`
	ScaleOut         Window        `json:"scaleOut"`
	ScaleIn          Window        `json:"scaleIn"`
	Threshold        float64       `json:"threshold"`
	DisableScaleIn   bool          `json:"disableScaleIn"`
	ScaleOutCooldown time.Duration `json:"scaleOutCooldown"`
	ScaleInCooldown  time.Duration `json:"scaleInCooldown"`
}

// Window is M of N: Datapoints of the last Periods. 1 <= Datapoints <= Periods.
type Window struct {
	Datapoints int `json:"datapoints"`
	Periods    int `json:"periods"`
}

// Key names the target in messages and maps: endpoint/variant.
func (t Target) Key() string { return t.Endpoint + "/" + t.Variant }

// Find returns the target of that endpoint and variant.
func (p *Policy) Find(endpoint, variant string) (Target, bool) {
	for _, t := range p.Targets {
		if t.Endpoint == endpoint && t.Variant == variant {
			return t, true
		}
	}
	return Target{}, false
}

// digest names the content of the targets: the first 16 hex digits of the
// SHA-256 of their JSON.
func digest(targets []Target) (string, error) {
	text, err := json.Marshal(targets)
	if err != nil {
		return "", fmt.Errorf("marshal policy: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8]), nil
}

// Brief writes a duration as people do: 24h, where Go writes 24h0m0s.
func Brief(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Clock writes a time as an on-call engineer reads it: the time of day, in UTC.
func Clock(t time.Time) string { return t.UTC().Format("15:04:05Z") }
