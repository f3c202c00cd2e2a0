package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
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

// freshly is an account whose stack was deployed a while ago.
func freshly(ago time.Duration) *deployed {
	a := chat(tracked, 2050)
	a.changed = today().Add(-ago)
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
		"fresh":     {freshly(20 * time.Second), nil, []string{"status"}},
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

// Watching shows the status again, asks for the policy once, and ends without complaint:
// also when it is interrupted while AWS is asked, of which no target is to suffer.
func TestStatusWatches(t *testing.T) {
	a := several()
	a.logs = ticked(time.Minute, "")
	a.use(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	looks := 0
	a.before = func(operation string) {
		if operation == "FilterLogEvents" {
			if looks++; looks == 3 {
				cancel()
			}
		}
	}
	var out, errs bytes.Buffer
	code := run(ctx, []string{"status", "--watch", "--interval", "2s"}, strings.NewReader(""), &out, &errs, today)
	if shown := strings.Count(out.String(), "TARGET"); code != exitDone || shown != 2 || said(errs.String()) != "" {
		t.Errorf("exit code %d, shown %d times: %s", code, shown, errs.String())
	}
	if n := len(slices.DeleteFunc(a.asked, func(operation string) bool { return operation != "bundle" })); n != 1 {
		t.Errorf("the policy was fetched %d times", n)
	}
}

// A look that fails is told, and the next one comes all the same; the first one must do.
func TestStatusWatchesOn(t *testing.T) {
	a := chat(tracked, 2050)
	a.logs = ticked(time.Minute, "")
	a.use(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stacks := 0
	a.before = func(operation string) {
		if operation != "DescribeStacks" {
			return
		}
		stacks++
		a.denies = map[bool]string{true: "DescribeStacks"}[stacks == 2]
		if stacks == 4 {
			cancel()
		}
	}
	var out, errs bytes.Buffer
	code := run(ctx, []string{"status", "--watch", "--interval", "2s"}, strings.NewReader(""), &out, &errs, today)
	if shown := strings.Count(out.String(), "TARGET"); code != exitDone || shown != 2 || !strings.Contains(errs.String(), "cloudformation:DescribeStacks") {
		t.Errorf("exit code %d, shown %d times: %s", code, shown, errs.String())
	}
	a.denies, a.before = "DescribeStacks", nil
	if code, out, _ := operate(t, "status", "--watch"); code != exitFailed || out != "" {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// Who interrupts a plan or a status gets no answer, rather than one of targets that were
// not looked at.
func TestInterrupted(t *testing.T) {
	for _, command := range []string{"status", "plan", "status --format json"} {
		a := chat(tracked, 3150)
		a.use(t)
		ctx, cancel := context.WithCancel(t.Context())
		a.before = func(operation string) {
			if operation == "DescribeEndpoint" {
				cancel()
			}
		}
		var out, errs bytes.Buffer
		code := run(ctx, strings.Fields(command), strings.NewReader(""), &out, &errs, today)
		if code != exitFailed || out.Len() > 0 || !strings.Contains(errs.String(), "context canceled") {
			t.Errorf("%s: exit code %d: %s%s", command, code, out.String(), errs.String())
		}
		cancel()
	}
}

// The cooldown that is shown is the one that will hold: that of the policy which tracks.
func TestStatusCooldownOfAPolicy(t *testing.T) {
	a := several()
	a.policy = strings.Replace(a.policy, "targetValue: 700}", "targetValue: 700, scaleOutCooldown: 2h}", 1)
	a.logs = ticked(time.Minute, "")
	a.use(t)
	if _, out, _ := operate(t, "status", "summaries-of-very-long-documents"); !strings.Contains(out, "1h57m") {
		t.Errorf("got\n%s", out)
	}
}

// A target of which data is missing, so that nothing is removed, is well but named.
func TestStatusNamesWhatIsHeld(t *testing.T) {
	a := chat(tracked, math.NaN())
	a.logs = ticked(time.Minute, "")
	a.use(t)
	if code, out, _ := operate(t, "status"); code != exitDone || !strings.Contains(out, "chat-llm/AllTraffic: MissingData: InvocationsPerInstance: ") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}
