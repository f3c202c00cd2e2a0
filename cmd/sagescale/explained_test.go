package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/scaling"
	"sagescale/internal/whatif"
)

// What was decided in the night, in words, by several ways to say when.
func TestExplain(t *testing.T) {
	night(t).use(t)
	transcript(t, "explain/night.txt",
		"explain chat-llm/AllTraffic",
		"explain chat-llm/AllTraffic --at 03:12",
		"explain chat-llm/AllTraffic --at 2026-11-23T07:52:30Z",
		"explain chat-llm/AllTraffic --at 00:07:00Z",
		"explain chat-llm/AllTraffic --at 2026-11-22T23:37:30Z",
	)
}

// When something is not to be had, what is known is said, and what is left out.
func TestExplainWithoutAPart(t *testing.T) {
	for _, denies := range []string{"GetFunction", "Query"} {
		a := night(t)
		a.denies = denies
		a.use(t)
		transcript(t, "explain/no-"+strings.ToLower(denies)+".txt", "explain chat-llm/AllTraffic --at 03:12")
	}
	a := night(t)
	a.policy = strings.Replace(nightPolicy, "maxCapacity: 5", "maxCapacity: 9", 1)
	a.use(t)
	transcript(t, "explain/other-policy.txt", "explain chat-llm/AllTraffic --at 03:12")
}

func TestExplainAsJSON(t *testing.T) {
	night(t).use(t)
	code, out, errs := operate(t, strings.Fields("explain chat-llm/AllTraffic --at 03:12 --format json")...)
	var got struct {
		Record     autoscaler.Record
		Activities []activity.Activity
		Changes    *whatif.Answer
		Lifts      []whatif.Lift
		Notes      []string
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != exitDone || errs != "" {
		t.Fatalf("exit code %d, %v: %s%.300s", code, err, errs, out)
	}
	if at := today().Truncate(time.Hour).Add(-7*time.Hour + 12*time.Minute); !got.Record.Time.Equal(at) || got.Record.Variant != "AllTraffic" {
		t.Errorf("record of %s", got.Record.Time)
	}
	if c := got.Changes; c == nil || len(c.Loads) != 1 || c.Loads[0].Adds.None.Code != scaling.AlreadyAtMax || c.Loads[0].Removes.Value != 2800 {
		t.Errorf("changes %+v", c)
	}
	if len(got.Lifts) != 1 || !slices.Equal(got.Lifts[0].Commands, []string{"sagescale limits chat-llm/AllTraffic --max 7 --for 2h"}) || len(got.Notes) != 0 || len(got.Activities) == 0 {
		t.Errorf("lifts %+v, notes %q", got.Lifts, got.Notes)
	}
}

func TestExplanationsThatAreRefused(t *testing.T) {
	none := "no decision about chat-llm/AllTraffic was recorded in the 24h before 2026-11-23T10:00:17Z: " +
		"see by sagescale status whether it is a target of stack sagescale, and by sagescale doctor whether its functions run"
	tests := []struct {
		args, denies, want string
		code               int
	}{
		{"explain", "", "accepts 1 arg(s), received 0; see sagescale explain --help", exitInvalid},
		{"explain chat-llm", "", `"chat-llm" is not the name of an endpoint, a slash`, exitInvalid},
		{"explain chat-llm/AllTraffic --at noon", "", `--at "noon" is no time such as`, exitInvalid},
		{"explain chat-llm/AllTraffic --at 2026-11-24T10:00:00Z", "", "is to come", exitInvalid},
		{"explain chat-llm/AllTraffic --format xml", "", `--format "xml" is neither`, exitInvalid},
		{"explain chat-lm/AllTraffic", "", "there is no endpoint chat-lm in eu-west-1", exitInvalid},
		{"explain chat-llm/Alltraffic", "", "endpoint chat-llm has no variant Alltraffic: it has AllTraffic", exitInvalid},
		{"explain chat-llm/AllTraffic", "", none, exitFailed},
		{"explain chat-llm/AllTraffic --at 2026-11-20T10:00:00Z", "", "in the 24h before 2026-11-20T10:00:00Z", exitFailed},
		{"explain chat-llm/AllTraffic", "FilterLogEvents", "these credentials lack the IAM action logs:FilterLogEvents", exitFailed},
		{"explain chat-llm/AllTraffic --stack none", "", "there is no such stack: name it by --stack", exitInvalid},
	}
	for _, tt := range tests {
		a := chat(nightPolicy, 1000)
		a.denies = tt.denies
		a.use(t)
		code, out, errs := operate(t, strings.Fields(tt.args)...)
		if code != tt.code || out != "" || !strings.Contains(errs, tt.want) {
			t.Errorf("%s: exit code %d, output %q, said %q, want %q", tt.args, code, out, errs, tt.want)
		}
	}
}

// A line that cannot be understood is told of where there is no other.
func TestExplainOfWhatCannotBeUnderstood(t *testing.T) {
	a := chat(nightPolicy, 1000)
	a.logs = map[string][]logLine{"schedule-logs": {{today().Add(-time.Minute), `{"msg":"evaluation","record":{"time":7}}`}}}
	a.use(t)
	code, _, errs := operate(t, "explain", "chat-llm/AllTraffic")
	if code != exitFailed || !strings.Contains(errs, "that could be understood; 1 could not: see by sagescale status") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

// The README shows what explain says of a decision of the night, and how to ask.
func TestReadmeAsksAtNight(t *testing.T) {
	r := openReadme(t)
	_, text, _ := strings.Cut(r.text, "### At three in the morning\n")
	text, _, _ = strings.Cut(text, "\n### ")
	night(t).use(t)
	asked := 0
	for line := range strings.Lines(text) {
		command, found := strings.CutPrefix(line, "    bin/sagescale ")
		if !found || strings.HasPrefix(command, "status") { // which may find something unhealthy
			continue
		}
		command, _, _ = strings.Cut(command, "  #")
		if code, out, errs := operate(t, strings.Fields(command)...); code != exitDone {
			t.Errorf("%s: exit code %d: %s%s", command, code, out, errs)
		}
		asked++
	}
	_, out, _ := operate(t, strings.Fields("explain chat-llm/AllTraffic --at 00:07")...)
	_, changes, found := strings.Cut(out, "\nWhat would change it\n")
	if asked != 2 || !found {
		t.Fatalf("%d commands, and of one\n%s", asked, out)
	}
	changes, _, _ = strings.Cut(changes, "\n\n")
	r.shows(t, "whatif", "What would change it\n"+changes+"\n")
}
