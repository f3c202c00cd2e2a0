package report_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/policy"
	"sagescale/internal/records"
	"sagescale/internal/report"
	"sagescale/internal/scaling"
	"sagescale/internal/whatif"
)

func at(minute int) time.Time {
	return time.Date(2026, 11, 23, 21, 0, 0, 0, time.UTC).Add(time.Duration(minute) * time.Minute)
}

// What is not known of a load is a gap, and one minute of it alone is seen.
func TestPlotLeavesGaps(t *testing.T) {
	unknown := math.NaN()
	c := report.Course{
		Start:    at(0),
		Load:     []float64{1, 1, 1, unknown, unknown, 2, unknown, unknown, 3, 3, 3, 3},
		Capacity: []float64{2, 2, 2, 2, 2, 2, 2, 3, 3, 3, unknown, unknown},
	}
	golden(t, "gaps.golden", c.Plot())
	if unknown := (report.Course{Start: at(0), Load: []float64{unknown, unknown}, Capacity: []float64{1, 1}}).Plot(); strings.Contains(unknown, "•") {
		t.Errorf("something is drawn of what is not known:\n%s", unknown)
	}
}

// Whatever the numbers are, the plot fits the terminal and has not many rows.
func TestCourseFits(t *testing.T) {
	for _, top := range []float64{0, 0.4, 14, 15, 141, 999, 1500, 123_456, 98_765_432_100} {
		var load []float64
		for m := range 1440 {
			load = append(load, top*float64(m)/1439)
		}
		lines := strings.Split(strings.TrimSpace(report.Course{Start: at(0), Load: load}.Plot()), "\n")
		for _, line := range lines {
			if utf8.RuneCountInString(line) > 79 {
				t.Errorf("to %v: %d columns: %s", top, utf8.RuneCountInString(line), line)
			}
		}
		if len(lines) < 4 || len(lines) > 17 {
			t.Errorf("to %v: %d lines", top, len(lines))
		}
	}
}

// eventful is a history with many stretches and activities.
func eventful(n int) report.History {
	h := report.History{
		Endpoint: "chat-llm", Variant: "AllTraffic", From: at(0), To: at(n),
		Load: slices.Repeat([]float64{900}, n), Capacity: slices.Repeat([]float64{2}, n), Read: true, Records: n, Unreadable: 2,
	}
	for i := range n {
		h.Decisions = append(h.Decisions, records.Stretch{
			From: at(i), Through: at(i), Decisions: 1, Capacity: 2, Wanted: 1 + i%2,
			Codes: []scaling.Code{scaling.ScaleInCooldown}, Message: fmt.Sprintf("reason %d", i),
		})
		h.Activities = append(h.Activities, activity.Activity{
			From: 1, To: 2, Status: activity.Successful, StartTime: at(i), EndTime: at(i + 1), Cause: fmt.Sprintf("cause %d", i),
		})
	}
	return h
}

// Of a long list the middle is left out, and how to see it is said.
func TestHistoriesAreShortened(t *testing.T) {
	var b bytes.Buffer
	if err := report.Histories(&b, []report.History{eventful(30)}); err != nil {
		t.Fatal(err)
	}
	out := b.String()
	for _, want := range []string{
		"... 6 more, see --format json, or a shorter time ...", "cause 11\n", "cause 18\n", "reason 11\n", "reason 18\n",
		"held at 2 instead of 1 (1 decision)", "held at 2 (1 decision)", "••• load, in requests a minute\n", "─── instances in service\n",
		"records that could not be understood, and are left out: 2", "--at 2026-11-23T21:29:01Z\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("does not say %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "cause 12\n") || strings.Contains(out, "reason 17\n") || strings.Count(out, "... 6 more") != 2 {
		t.Errorf("nothing is left out:\n%s", out)
	}
}

// Several targets stand one after the other, each with what is known of it.
func TestHistoriesOfSeveral(t *testing.T) {
	silent := report.History{
		Endpoint: "chat-llm", Variant: "Shadow", From: at(0), To: at(2 * 1440), Load: []float64{math.NaN()}, Capacity: []float64{math.NaN()}, Read: true,
		Decisions: []records.Stretch{{From: at(0), Through: at(1440)}}, Notes: []string{"what \x1b[2Jothers wrote"},
	}
	var b bytes.Buffer
	if err := report.Histories(&b, []report.History{eventful(2), silent}); err != nil {
		t.Fatal(err)
	}
	golden(t, "histories.golden", b.String())
}

// explanation is of a decision with everything that there is to say.
func explanation() report.Explanation {
	d := scaling.Decision{DesiredCapacity: 4, MinCapacity: 1, MaxCapacity: 8}
	d.Move(scaling.RulePredictive, 3, "InvocationsPerInstance: a load of 1900 to 2100 is expected")
	d.Hold(scaling.Paused, 4, "scale-ins are paused: override of anna until 2026-11-23T22:00:00Z")
	d.Forecast = &scaling.Forecast{AgeSeconds: 600, Error: 0.082, From: at(6), Through: at(12), Expected: 2100, Upper: 2700, Capacity: 3, Followed: true}
	override := policy.Override{Pause: policy.In, Until: at(60), By: "anna", Reason: "load test"}
	settled := activity.Activity{ID: "a", From: 3, To: 4, Status: activity.Successful, StatusMessage: "4 instances are in service", StartTime: at(-7), EndTime: at(0)}
	outside := activity.Activity{ID: "b", From: 2, To: 3, Status: activity.Successful, StartTime: at(-9), EndTime: at(-8)}
	r := autoscaler.Record{
		Trigger: autoscaler.Trigger{Kind: "Alarm", Name: "sagescale/chat-llm/AllTraffic/load", Invocation: "0f0e"},
		Settled: &settled, Outside: []activity.Activity{outside}, Error: "read metrics: \x1b]0;title",
	}
	return report.Explanation{
		Input: scaling.Input{
			Now: at(0), Target: policy.Target{Endpoint: "chat-llm", Variant: "AllTraffic"}, Override: override, Activities: []activity.Activity{settled},
			Observation: scaling.Observation{Status: "InService", CurrentCapacity: 4, DesiredCapacity: 4},
		},
		Decision: d, Record: &r,
		Changes: &whatif.Answer{
			Later: &whatif.Later{At: at(60), From: 4, To: 3, Held: scaling.Paused, Done: true},
			Loads: []whatif.Load{
				{
					Metric: policy.InvocationsPerInstance, Measured: policy.Invocations,
					Adds: whatif.Bound{Value: 12801, Capacity: 5, Seconds: 180}, Removes: whatif.Bound{Value: 1890, UpTo: true, Capacity: 3, Seconds: 900, Held: scaling.Paused},
				},
				{Metric: "gpu", Measured: "gpu", Adds: whatif.Bound{Value: 70.01, Capacity: 6, Seconds: 30}, Removes: whatif.Bound{None: &scaling.Reason{Code: scaling.MissingData}}},
			},
		},
		Lifts: whatif.Lifts("chat-llm/AllTraffic", d, &override),
		Notes: []string{"the forecast could not be read"},
	}
}

func TestExplanation(t *testing.T) {
	var b bytes.Buffer
	if err := explanation().Text(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "explanation.golden", b.String())
	for line := range strings.Lines(b.String()) {
		if utf8.RuneCountInString(line) > 80 {
			t.Errorf("%d columns: %s", utf8.RuneCountInString(line), line)
		}
	}
}

// What there is less to say of is said shorter.
func TestExplanationOfLess(t *testing.T) {
	e := explanation()
	e.Decision.Forecast = &scaling.Forecast{Unused: "there is none yet"}
	e.Changes, e.Lifts, e.Record.Activity = &whatif.Answer{}, nil, &activity.Activity{From: 4, To: 5, Status: activity.Pending}
	var b bytes.Buffer
	if err := e.Text(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"forecast  none to go by: there is none yet\n", "started   4 -> 5 Pending\n", "time      nothing for 1h, if the load stays as it is\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("does not say %q:\n%s", want, b.String())
		}
	}
	e.Decision = scaling.Decision{DesiredCapacity: 4}
	e.Decision.Move(scaling.RuleTargetTracking, 5, "more")
	b.Reset()
	if err := e.Text(&b); err != nil || strings.Contains(b.String(), "time   ") {
		t.Errorf("says when it would be changed of what is: %v\n%s", err, b.String())
	}
	e.Changes = nil
	b.Reset()
	if err := e.Text(&b); err != nil || strings.Contains(b.String(), "What would change it") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

// Whatever was measured is drawn, on a screen of 80 columns.
func TestPlotOfAnything(t *testing.T) {
	for _, load := range [][]float64{{1e80, 1, 2}, {math.Inf(1), math.NaN(), 3}, {5e-324, 1e-80}, {math.MaxFloat64}, {0, 0}} {
		for line := range strings.Lines(report.Course{Start: at(0), Load: load}.Plot()) {
			if utf8.RuneCountInString(line) > 80 {
				t.Errorf("%v: %s", load, line)
			}
		}
	}
}
