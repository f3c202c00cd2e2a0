package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/plain"
	"sagescale/internal/policy"
	"sagescale/internal/policyfile"
	"sagescale/internal/scaling"
)

// decideCase is what a decision is made of.
type decideCase struct {
	Now         *time.Time         `json:"now"`
	Policy      json.RawMessage    `json:"policy"`
	Observation *decideObservation `json:"observation"`
	Activities  []decideActivity   `json:"activities"`
	Override    *policy.Override   `json:"override"`
}

// decideActivity is an activity.Activity whose counts and times must be there.
type decideActivity struct {
	From      *int            `json:"fromCapacity"`
	To        *int            `json:"toCapacity"`
	Status    activity.Status `json:"status"`
	StartTime *time.Time      `json:"startTime"`
	EndTime   *time.Time      `json:"endTime"`
	// What else the functions store of an activity, and no decision depends on. The
	// cause is shown.
	Cause         string `json:"cause"`
	ID            string `json:"id"`
	Variant       string `json:"variant"`
	DesiredBefore int    `json:"desiredBefore"`
	Came          *int   `json:"cameCapacity"`
	ByOthers      bool   `json:"byOthers"`
	StatusMessage string `json:"statusMessage"`
	PolicyDigest  string `json:"policyDigest"`
}

// decideObservation is a scaling.Observation whose capacities must be there.
type decideObservation struct {
	Status          *string          `json:"status"`
	CurrentCapacity *int             `json:"currentCapacity"`
	DesiredCapacity *int             `json:"desiredCapacity"`
	Metrics         []scaling.Series `json:"metrics"`
	Conflict        string           `json:"conflict"`
	LastModified    time.Time        `json:"lastModifiedTime"`
	Touched         time.Time        `json:"touchedTime"`
	BusySince       time.Time        `json:"busySinceTime"`
}

const (
	// maxCase bounds a case, in bytes.
	maxCase = 16 << 20
	// longestText is how much of a text of a case the answer may repeat, in
	// characters. No status and no name is as long.
	longestText = 1000
)

// readCase reads the case named by args, or standard input.
func readCase(stdin io.Reader, args []string) (name string, text []byte, err error) {
	name = "standard input"
	from := stdin
	if len(args) == 1 && args[0] != "-" {
		name = args[0]
		file, err := os.Open(name)
		if err != nil {
			return name, nil, fmt.Errorf("read case: %w", err)
		}
		defer file.Close()
		from = file
	}
	text, err = io.ReadAll(io.LimitReader(from, maxCase+1))
	if err != nil {
		return name, nil, fmt.Errorf("read case from %s: %w", name, err)
	}
	if len(text) > maxCase {
		return name, nil, invalid(fmt.Errorf("%s: the case is larger than %d bytes", name, maxCase))
	}
	return name, text, nil
}

// parseCase reads a case strictly: every name once, spelt as it is, and known.
func parseCase(name string, text []byte) (scaling.Input, error) {
	members, err := caseMembers(text)
	if err != nil {
		return scaling.Input{}, caseError(name, text, 0, err)
	}
	c, err := decodeCase(name, text, members)
	if err != nil {
		return scaling.Input{}, err
	}
	if err := c.check(name); err != nil {
		return scaling.Input{}, invalid(err)
	}
	target, err := policyfile.ParseTarget(name, inPlace(text, members["policy"]))
	if err != nil {
		return scaling.Input{}, err
	}
	return c.input(target), nil
}

// decodeCase decodes the members of a case one by one, so that what is wrong has its
// place.
func decodeCase(name string, text []byte, members map[string]member) (decideCase, error) {
	var c decideCase
	for _, field := range []struct {
		name string
		into any
	}{
		{"now", &c.Now}, {"policy", &c.Policy}, {"observation", &c.Observation}, {"activities", &c.Activities}, {"override", &c.Override},
	} {
		m, ok := members[field.name]
		if !ok {
			continue
		}
		if err := json.Unmarshal(m.text, field.into); err != nil {
			return c, caseError(name, text, m.at, err)
		}
	}
	return c, nil
}

// input returns what a decision on target depends on. The case must have passed its
// check.
func (c decideCase) input(target policy.Target) scaling.Input {
	var activities []activity.Activity
	for _, a := range c.Activities {
		// As in the state of an endpoint: what other variants have closed is not the
		// target's.
		if a.Variant == "" || a.Variant == target.Variant || a.Status.Open() {
			activities = append(activities, a.activity())
		}
	}
	slices.SortStableFunc(activities, func(a, b activity.Activity) int { return a.StartTime.Compare(b.StartTime) })
	return scaling.Input{
		Now:    *c.Now,
		Target: target,
		Observation: scaling.Observation{
			Status:          plain.Cut(*c.Observation.Status, longestText),
			CurrentCapacity: *c.Observation.CurrentCapacity,
			DesiredCapacity: *c.Observation.DesiredCapacity,
			Metrics:         c.Observation.Metrics,
			Conflict:        plain.Cut(c.Observation.Conflict, longestText),
			LastModified:    c.Observation.LastModified,
			Touched:         c.Observation.Touched,
			BusySince:       c.Observation.BusySince,
		},
		Activities: activities,
		Override:   *cmp.Or(c.Override, &policy.Override{}),
	}
}

// check names everything that the case lacks or has wrong, beside its policy.
func (c decideCase) check(name string) error {
	var errs []error
	fault := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %w", name, fmt.Errorf(format, args...)))
	}
	require := func(field string, present bool) bool {
		if !present {
			fault("%s: is required", field)
		}
		return present
	}
	require("now", c.Now != nil)
	require("policy", len(c.Policy) > 0)
	if o := c.Observation; require("observation", o != nil) {
		require("observation.status", o.Status != nil)
		for _, field := range []struct {
			name  string
			value *int
		}{{"observation.currentCapacity", o.CurrentCapacity}, {"observation.desiredCapacity", o.DesiredCapacity}} {
			if require(field.name, field.value != nil) && !instances(*field.value) {
				fault("%s: %d: must be from 0 to %d", field.name, *field.value, math.MaxInt32)
			}
		}
	}
	if c.Override != nil {
		if err := c.Override.Check(); err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				fault("override.%s", line)
			}
		}
	}
	for i, a := range c.Activities {
		if err := a.check(); err != nil {
			fault("activities[%d].%w", i, err)
		}
	}
	return errors.Join(errs...)
}

// check names the first thing that is wrong with an activity.
func (a decideActivity) check() error {
	switch {
	case !a.Status.Valid():
		return fmt.Errorf("status: %q: must be one of Pending, InProgress, Successful, Failed, Unfulfilled, Overridden", a.Status)
	case a.From == nil:
		return errors.New("fromCapacity: is required")
	case a.To == nil:
		return errors.New("toCapacity: is required")
	case !instances(*a.From) || !instances(*a.To):
		return fmt.Errorf("fromCapacity, toCapacity: %d, %d: must be from 0 to %d", *a.From, *a.To, math.MaxInt32)
	case a.StartTime == nil:
		return errors.New("startTime: is required")
	case a.Status.Open() && a.EndTime != nil:
		return fmt.Errorf("endTime: an activity that is %s has none yet", a.Status)
	case !a.Status.Open() && a.EndTime == nil:
		return fmt.Errorf("endTime: is required of an activity that is %s", a.Status)
	case a.EndTime != nil && a.EndTime.Before(*a.StartTime):
		return errors.New("endTime: must not be before startTime")
	}
	return nil
}

// instances reports whether n can be a number of instances.
func instances(n int) bool { return n >= 0 && n <= math.MaxInt32 }

// activity returns the activity, which must have passed its check.
func (a decideActivity) activity() activity.Activity {
	out := activity.Activity{
		ID: a.ID, Variant: a.Variant, From: *a.From, To: *a.To, Status: a.Status, StartTime: *a.StartTime, Cause: a.Cause,
		ByOthers: a.ByOthers, Came: *cmp.Or(a.Came, a.To),
	}
	if a.EndTime != nil {
		out.EndTime = *a.EndTime
	}
	return out
}

// caseError says where in a case the JSON is wrong: in the part that begins at an
// offset.
func caseError(name string, text []byte, at int, err error) error {
	var place *placedError
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var moment *time.ParseError
	switch {
	case errors.As(err, &place):
		at, err = place.at, place.err
	case errors.As(err, &syntax):
		at += int(syntax.Offset) - 1
	case errors.As(err, &moment):
		err = fmt.Errorf("%.80s: is no time such as 2026-11-23T10:00:00Z", moment.Value)
	case errors.As(err, &kind):
		at += int(kind.Offset)
		err = fmt.Errorf("%s: is a JSON %s, which it must not be", cmp.Or(kind.Field, "the case"), kind.Value)
	}
	before := text[:min(max(at, 0), len(text))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return invalid(fmt.Errorf("%s:%d:%d: %w", name, line, column, err))
}

// inPlace returns a member of a case where it stands in the case, with blanks
// before it, so that its faults have the lines and columns of the case.
func inPlace(text []byte, m member) []byte {
	padded := bytes.Repeat([]byte(" "), m.at)
	for i, b := range text[:m.at] {
		if b == '\n' {
			padded[i] = '\n'
		}
	}
	return append(padded, m.text...)
}
