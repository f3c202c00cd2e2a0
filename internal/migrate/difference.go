package migrate

import (
	"fmt"

	"sagescale/internal/policy"
)

// Kind says how far a policy differs from what is registered.
type Kind string

// The kinds of differences.
const (
	// LeftOut: registered, and not in the policy.
	LeftOut Kind = "left-out"
	// Changed: in the policy, by another value or name than is registered.
	Changed Kind = "changed"
	// Otherwise: in the policy as it is registered, and done otherwise.
	Otherwise Kind = "otherwise"
)

// Difference is one thing in which the policy is not what is registered. About names
// what of the registration is meant, What says what differs and what that means, Do what
// to do about it; Do may be empty. About may hold a text that somebody else wrote.
type Difference struct {
	Kind  Kind   `json:"kind"`
	About string `json:"about"`
	What  string `json:"what"`
	Do    string `json:"do,omitempty"`
}

// Target is what became of one registration: the policy, in Origins the registered name
// of each of its entries, by their path in the target, and the differences, those that
// are left out first.
type Target struct {
	Spec        policy.TargetSpec
	Origins     map[string]string
	Differences []Difference
}

// Complete reports whether all that is registered is in the policy.
func (t Target) Complete() bool {
	for _, d := range t.Differences {
		if d.Kind == LeftOut {
			return false
		}
	}
	return true
}

// named names a part of a registration by the name that its user gave it.
func named(part, name string) string { return fmt.Sprintf("%s %.80q", part, name) }
