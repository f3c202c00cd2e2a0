package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
)

// ticked is a log of a function that evaluated a while ago, with what went wrong.
func ticked(ago time.Duration, fault string) map[string][]logLine {
	at := today().Add(-ago)
	return map[string][]logLine{"schedule-logs": {
		{at.Add(-time.Minute), "START RequestId: 1"},
		{at.Add(-time.Minute), `{"msg":"invocation","error":"older","Evaluations":1}`},
		{at, fmt.Sprintf(`{"msg":"invocation","error":%q,"Evaluations":1}`, fault)},
		{at.Add(time.Second), `{"msg":"invocation","error":"","Evaluations":0}`},
	}}
}

// several is an account with four targets: one at rest, one just changed and held, one of
// which the endpoint has failed, and one that does not exist.
func several() *deployed {
	policy := "version: 1\ndefaults:\n  minCapacity: 1\n  maxCapacity: 8\n" +
		"  targetTracking:\n  - {metric: InvocationsPerInstance, targetValue: 700}\ntargets:\n"
	a := chat("", 2050)
	for _, name := range []string{"chat-llm", "summaries-of-very-long-documents", "vision", "gone"} {
		policy += "- {endpoint: " + name + ", variant: AllTraffic}\n"
		if name == "gone" {
			continue
		}
		e := *a.endpoints["chat-llm"]
		a.endpoints[name] = &e
	}
	a.policy = policy + "  dryRun: true\n"
	a.policy = strings.Replace(a.policy, "{endpoint: gone, variant: AllTraffic}\n  dryRun: true", "{endpoint: gone, variant: AllTraffic, dryRun: true}", 1)
	a.endpoints["vision"].Status = activity.Broken
	from := today().Add(-20 * time.Minute)
	a.remember(activity.State{
		Endpoint: "summaries-of-very-long-documents", Version: 7, Config: "chat-llm-1", CreationTime: a.endpoints["chat-llm"].CreationTime,
		Known: map[string]activity.Known{"AllTraffic": {Capacity: 3, At: from}},
		Recent: []activity.Activity{{ID: "a", Variant: "AllTraffic", From: 2, To: 3, Status: activity.Successful,
			StartTime: from, EndTime: today().Add(-3 * time.Minute)}},
	})
	a.put("chat-llm", "override#AllTraffic", map[string]any{"override": map[string]any{
		"S": `{"pause":"in","until":"2026-11-23T12:00:00Z","by":"user/anna","reason":"launch"}`}})
	return a
}

func TestStatus(t *testing.T) {
	for name, tt := range map[string]struct {
		account  *deployed
		logs     map[string][]logLine
		commands []string
	}{
		"well":      {chat(tracked, 2050), ticked(34*time.Second, ""), []string{"status", "status chat-llm/AllTraffic --format json"}},
		"several":   {several(), ticked(34*time.Second, "SageMaker is slow"), []string{"status"}},
		"no-tick":   {chat(tracked, 2050), nil, []string{"status"}},
		"late-tick": {chat(tracked, 2050), ticked(5*time.Minute, ""), []string{"status"}},
		"forecast": {chat(tracked+"  predictive: {mode: ForecastAndScale, instanceCapacity: 1000}\n", 2050),
			ticked(time.Minute, ""), []string{"status"}},
	} {
		t.Run(name, func(t *testing.T) {
			tt.account.logs = tt.logs
			tt.account.use(t)
			transcript(t, "status/"+name+".txt", tt.commands...)
		})
	}
}

// On a pipe no name is cut.
func TestStatusOnAPipe(t *testing.T) {
	t.Setenv("COLUMNS", "")
	a := several()
	a.logs = ticked(time.Minute, "")
	a.use(t)
	if _, out, _ := operate(t, "status"); !strings.Contains(out, "\n  summaries-of-very-long-documents/AllTraffic  InService  3") {
		t.Errorf("got\n%s", out)
	}
}

// Who may not read the logs sees everything else, and why one thing is missing.
func TestStatusWithoutLogs(t *testing.T) {
	a := chat(tracked, 2050)
	a.denies = "FilterLogEvents"
	a.use(t)
	code, out, errs := operate(t, "status")
	if code != exitFailed || errs != "" || !strings.Contains(strings.Join(strings.Fields(out), " "), "lack the IAM action logs:FilterLogEvents") || !strings.Contains(out, "InService") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}

func TestStatusRefusals(t *testing.T) {
	for args, want := range map[string]string{
		"status --interval 5s":         "--interval is for --watch, which is not given",
		"status --watch --interval 1s": "--interval 1s is shorter than 2s",
		"status chat_llm":              `"chat_llm" is not the name of an endpoint`,
		"status chat":                  "the policy has no target chat: it has chat-llm/AllTraffic",
		"status --format xml":          `--format "xml" is neither`,
	} {
		chat(tracked, 2050).use(t)
		if code, out, errs := operate(t, strings.Fields(args)...); code != exitInvalid || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%s: exit code %d, output %q, said %q, want %q", args, code, out, errs, want)
		}
	}
}

// Watching shows the status again, asks for the policy once, and ends without complaint.
func TestStatusWatches(t *testing.T) {
	a := several()
	a.logs = ticked(time.Minute, "")
	a.use(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	var out, errs bytes.Buffer
	code := run(ctx, []string{"status", "--watch", "--interval", "2s"}, strings.NewReader(""), &out, &errs, today)
	if shown := strings.Count(out.String(), "TARGET"); code != exitDone || shown < 2 || errs.Len() > 0 {
		t.Errorf("exit code %d, shown %d times: %s", code, shown, errs.String())
	}
}
