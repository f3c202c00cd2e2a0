// Package event decodes what wakes a function.
//
// An event is a hint. It names targets and nothing else: what is done with them
// follows from the policy, from what AWS says now and from the stored state. So
// a late, doubled or forged event costs an evaluation and changes nothing more,
// and of an event only the names are decoded: no metric, no count, no time, no
// dimension. An alarm belongs to a target by its name alone.
//
// What an event claims about its origin must agree in every place where it says
// it: the account, the region, the ARN and the name. Members that AWS may add
// are ignored. Members are found by their exact names, and two members of one
// object whose names differ in case only are refused: encoding/json would take
// them for the same one and let the last win, so that a reader before us and we
// could see different alarms.
//
// EventBridge rules, the policies of the functions and CloudWatch keep strangers
// out; the checks here hold when one of those is configured too widely.
package event

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxText bounds every text of an Event, in bytes.
const maxText = 256

// ErrRefused is wrapped by every error of this package. A refused event must not
// be retried, since it would be refused again: log it, count it, return nil.
var ErrRefused = errors.New("event refused")

// Kind is what happened.
type Kind string

// The kinds of events.
const (
	Tick            Kind = "Tick"            // time passed
	ScheduledAction Kind = "ScheduledAction" // a scheduled action is due
	Alarm           Kind = "Alarm"           // an alarm changed its state
	EndpointState   Kind = "EndpointState"   // an endpoint changed its status
	Forecast        Kind = "Forecast"        // forecasts are to be learned
)

// Event is what a function may know of what woke it. Its texts are printable and
// at most 256 bytes long; Endpoint and Variant are empty or names that SageMaker
// allows. Whether a policy has such a target is for the caller to find out.
type Event struct {
	Kind       Kind
	ID         string // the event's own id if it has one; for the record only
	Name       string // of the alarm or the action, or the status; for the record only
	Endpoint   string // empty: all targets
	Variant    string // empty: all variants of Endpoint
	Status     string // of EndpointState, upper snake case: IN_SERVICE; new ones may appear
	AlarmState string // of Alarm: ALARM, OK or INSUFFICIENT_DATA
}

// refusal is an ErrRefused with its reason. Texts of the event must be quoted by
// quote, lest they spoil the log.
func refusal(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrRefused, fmt.Sprintf(format, args...))
}

// quote makes a text of unknown origin fit for a message.
func quote(s string) string {
	return strconv.Quote(clean(s))
}

// clean drops what is not printable and what is beyond maxText.
func clean(s string) string {
	var b strings.Builder
	for _, r := range s {
		if b.Len()+utf8.RuneLen(r) > maxText {
			break
		}
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// isName tells whether SageMaker would allow s as the name of an endpoint or of a
// variant: 1 to 63 letters, digits and hyphens, no hyphen at either end.
func isName(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	return strings.IndexFunc(s, notInName) < 0
}

func notInName(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	return !letter && (r < '0' || r > '9') && r != '-'
}
