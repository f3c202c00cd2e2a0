package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"sagescale/internal/activity"
	"sagescale/internal/guard"
	"sagescale/internal/policyfile"
	"sagescale/internal/scaling"
)

// maxCase bounds a case, in bytes.
const maxCase = 16 << 20

// decideCase is what a decision is made of.
type decideCase struct {
	Now         *time.Time         `json:"now"`
	Policy      json.RawMessage    `json:"policy"`
	Observation *decideObservation `json:"observation"`
	Activities  []decideActivity   `json:"activities"`
}

// decideActivity is an activity.Activity whose counts and times must be there.
type decideActivity struct {
	From      *int            `json:"fromCapacity"`
	To        *int            `json:"toCapacity"`
	Status    activity.Status `json:"status"`
	StartTime *time.Time      `json:"startTime"`
	EndTime   *time.Time      `json:"endTime"`
	// What else the functions store of an activity, and no decision depends on.
	ID            string `json:"id"`
	Variant       string `json:"variant"`
	DesiredBefore int    `json:"desiredBefore"`
	StatusMessage string `json:"statusMessage"`
	Cause         string `json:"cause"`
	PolicyDigest  string `json:"policyDigest"`
}

// decideObservation is a scaling.Observation whose capacities must be there.
type decideObservation struct {
	Status          *string          `json:"status"`
	CurrentCapacity *int             `json:"currentCapacity"`
	DesiredCapacity *int             `json:"desiredCapacity"`
	Metrics         []scaling.Series `json:"metrics"`
}

func decideCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "decide [CASE]",
		Short: "Make one decision offline and explain it",
		Long: `Make one decision offline, by the code that the functions run, and explain it.

CASE is a JSON file, or standard input when it is left out or "-": the time, the
policy of one target (fields as in the policy file), what was observed, and the
target's activities so far. desiredCapacity in the answer is what the target
would be set to now, the present one when nothing would be done.`,
		Example: `  sagescale decide case.json
  sagescale decide <<'CASE'
  {"now": "2026-11-23T10:00:00Z",
   "policy": {"endpoint": "chat-llm", "variant": "AllTraffic", "minCapacity": 1, "maxCapacity": 20,
              "targetTracking": [{"metric": "InvocationsPerInstance", "targetValue": 100,
                                  "scaleOut": {"datapoints": 1, "periods": 1}}]},
   "observation": {"status": "InService", "currentCapacity": 10, "desiredCapacity": 10,
     "metrics": [{"metric": "InvocationsPerInstance",
                  "datapoints": [{"time": "2026-11-23T09:59:00Z", "value": 150}]}]},
   "activities": []}
  CASE`,
		Args: usage(cobra.MaximumNArgs(1)),
	}
	format := formatFlag(cmd, "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkFormat(*format); err != nil {
			return err
		}
		name, text, err := readCase(cmd.InOrStdin(), args)
		if err != nil {
			return err
		}
		in, err := parseCase(name, text)
		if err != nil {
			return err
		}
		return answer(cmd.OutOrStdout(), *format, in, guard.Check(in, scaling.Decide(in), activity.Backoffs{}))
	}
	return cmd
}

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

// parseCase reads a case strictly.
func parseCase(name string, text []byte) (scaling.Input, error) {
	var c decideCase
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return scaling.Input{}, caseError(name, text, decoder.InputOffset(), err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return scaling.Input{}, caseError(name, text, decoder.InputOffset(), errors.New("there is more after the case"))
	}
	if err := c.check(name); err != nil {
		return scaling.Input{}, invalid(err)
	}
	target, err := policyfile.ParseTarget(name, inPlace(text, c.Policy))
	if err != nil {
		return scaling.Input{}, err
	}
	var activities []activity.Activity
	for _, a := range c.Activities {
		activities = append(activities, a.activity())
	}
	slices.SortStableFunc(activities, func(a, b activity.Activity) int { return a.StartTime.Compare(b.StartTime) })
	return scaling.Input{
		Now:    *c.Now,
		Target: target,
		Observation: scaling.Observation{
			Status:          *c.Observation.Status,
			CurrentCapacity: *c.Observation.CurrentCapacity,
			DesiredCapacity: *c.Observation.DesiredCapacity,
			Metrics:         c.Observation.Metrics,
		},
		Activities: activities,
	}, nil
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
			if require(field.name, field.value != nil) && *field.value < 0 {
				fault("%s: %d: must be 0 or more", field.name, *field.value)
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
	case *a.From < 0 || *a.To < 0:
		return fmt.Errorf("fromCapacity, toCapacity: %d, %d: must be 0 or more", *a.From, *a.To)
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

// activity returns the activity, which must have passed its check.
func (a decideActivity) activity() activity.Activity {
	out := activity.Activity{ID: a.ID, Variant: a.Variant, From: *a.From, To: *a.To, Status: a.Status, StartTime: *a.StartTime}
	if a.EndTime != nil {
		out.EndTime = *a.EndTime
	}
	return out
}

// caseError says where in a case the JSON is wrong.
func caseError(name string, text []byte, offset int64, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset - 1
	case errors.As(err, &kind):
		offset = kind.Offset
		err = fmt.Errorf("%s: is a JSON %s, which it must not be", cmp.Or(kind.Field, "the case"), kind.Value)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		offset, err = int64(len(text)), errors.New("the case ends too soon")
	}
	before := text[:min(max(offset, 0), int64(len(text)))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return invalid(fmt.Errorf("%s:%d:%d: %w", name, line, column, err))
}

// inPlace returns the policy of a case where it stands in the case, with blanks
// before it, so that its faults have the lines and columns of the case.
func inPlace(text, policy []byte) []byte {
	at := bytes.Index(text, policy)
	if at < 0 {
		return policy
	}
	padded := bytes.Repeat([]byte(" "), at)
	for i, b := range text[:at] {
		if b == '\n' {
			padded[i] = '\n'
		}
	}
	return append(padded, policy...)
}

// answer writes a decision, for machines or for people.
func answer(out io.Writer, format string, in scaling.Input, d scaling.Decision) error {
	if format == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(d)
	}
	return explain(out, in, d)
}

// explain writes a decision as an on-call engineer reads it.
func explain(out io.Writer, in scaling.Input, d scaling.Decision) error {
	var b bytes.Buffer
	present := in.Present()
	verb := "stays at"
	switch {
	case d.DesiredCapacity > present:
		verb = fmt.Sprintf("scales out from %d to", present)
	case d.DesiredCapacity < present:
		verb = fmt.Sprintf("scales in from %d to", present)
	}
	fmt.Fprintf(&b, "%s %s %d (limits %d to %d)\n", in.Target.Key(), verb, d.DesiredCapacity, d.MinCapacity, d.MaxCapacity)
	for _, s := range d.Steps {
		fmt.Fprintf(&b, "  %d -> %d  %s: %s\n", s.From, s.To, s.Rule, s.Reason)
	}
	for _, r := range d.NotScaledReasons {
		fmt.Fprintf(&b, "  not scaled  %s: %s\n", r.Code, r.Message)
	}
	_, err := out.Write(b.Bytes())
	return err
}
