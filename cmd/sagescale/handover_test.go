package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/policy"
)

// handedOver has the variant suspended.
func handedOver(a *registrar) { a.targets[0]["SuspendedState"] = suspension(true, true, true) }

// overridden has an operator set something aside.
func overridden(a *registrar, o policy.Override) {
	text, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	a.put("chat-llm", "override#AllTraffic", map[string]any{"override": map[string]any{"S": string(text)}})
}

// pausedFor has an operator pause the target.
func pausedFor(d policy.Direction, left time.Duration) func(*registrar) {
	return func(a *registrar) {
		overridden(a, policy.Override{Pause: d, Until: today().Add(left), By: "anna", Reason: "load test"})
	}
}

// What people see of a hand-over, forth and back: what would be done, what was done, and
// that it is not done twice.
func TestHandOver(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*registrar)
		args   []string
		writes int
	}{
		"forth-and-back": {nil, []string{
			"hand-over chat-llm/AllTraffic", "hand-over chat-llm/AllTraffic --yes", "hand-over chat-llm/AllTraffic --yes", "hand-over chat-llm/AllTraffic",
			"hand-over chat-llm/AllTraffic --back", "hand-over chat-llm/AllTraffic --back --yes --format json", "hand-over chat-llm/AllTraffic --back --yes",
		}, 2},
		"no-target": {func(a *registrar) { a.policy = strings.ReplaceAll(tracked, "AllTraffic", "Blue") }, []string{"hand-over chat-llm/AllTraffic --yes"}, 0},
		"dry-run":   {func(a *registrar) { a.policy = tracked + "  dryRun: true\n" }, []string{"hand-over chat-llm/AllTraffic --yes"}, 0},
		"serverless": {func(a *registrar) { a.endpoints["chat-llm"].Variants[0].Unsupported = "serverless" },
			[]string{"hand-over chat-llm/AllTraffic --yes"}, 0},
		"not-registered": {func(a *registrar) { a.targets = nil }, []string{"hand-over chat-llm/AllTraffic --yes", "hand-over chat-llm/AllTraffic --back --yes"}, 0},
		"outside": {func(a *registrar) {
			a.endpoints["chat-llm"].Variants[0] = activity.Variant{Name: "AllTraffic", Current: 9, Desired: 9}
			a.targets[0]["SuspendedState"] = suspension(true, false, false)
		}, []string{"hand-over chat-llm/AllTraffic"}, 0},
		"stubborn": {func(a *registrar) { a.stubborn = true }, []string{"hand-over chat-llm/AllTraffic --yes"}, 1},
		"stubborn-back": {func(a *registrar) {
			a.stubborn = true
			handedOver(a)
		}, []string{"hand-over chat-llm/AllTraffic --back --yes"}, 1},
		"left-the-policy": {func(a *registrar) { a.policy = strings.ReplaceAll(tracked, "AllTraffic", "Blue") }, []string{"hand-over chat-llm/AllTraffic --back"}, 0},
		"it-fails":        {func(a *registrar) { a.failing = "RegisterScalableTarget" }, []string{"hand-over chat-llm/AllTraffic --yes"}, 0},
		"stack-gone":      {handedOver, []string{"hand-over chat-llm/AllTraffic --back --yes --stack gone"}, 1},
		"unreadable-policy": {func(a *registrar) {
			handedOver(a)
			a.policy = "version: 9\n"
		}, []string{"hand-over chat-llm/AllTraffic --back --yes"}, 1},
		"denied-policy": {func(a *registrar) {
			handedOver(a)
			a.denies = "GetFunction"
		}, []string{"hand-over chat-llm/AllTraffic --back --yes"}, 1},
		"paused":     {pausedFor(policy.Both, time.Hour), []string{"hand-over chat-llm/AllTraffic --yes"}, 0},
		"paused-in":  {pausedFor(policy.In, time.Hour), []string{"hand-over chat-llm/AllTraffic --yes"}, 0},
		"was-paused": {pausedFor(policy.Both, -time.Second), []string{"hand-over chat-llm/AllTraffic --yes"}, 1},
		"held": {func(a *registrar) {
			overridden(a, policy.Override{Min: new(2), Max: new(2), Until: today().Add(time.Hour)})
		},
			[]string{"hand-over chat-llm/AllTraffic --yes"}, 1},
		"overdue":      {func(a *registrar) { a.logs = ticked(4*time.Minute, "") }, []string{"hand-over chat-llm/AllTraffic --yes"}, 0},
		"no-tick":      {func(a *registrar) { a.logs = ticked(time.Hour, "") }, []string{"hand-over chat-llm/AllTraffic --yes"}, 0},
		"tick-unknown": {func(a *registrar) { a.denies = "FilterLogEvents" }, []string{"hand-over chat-llm/AllTraffic --yes"}, 0},
		"placed": {nil, []string{"hand-over chat-llm/AllTraffic --region eu-west-1 --stack sagescale",
			"hand-over chat-llm/AllTraffic --back --region eu-west-1 --stack gone"}, 0},
		"other-case": {func(a *registrar) { a.policy = strings.ReplaceAll(tracked, "chat-llm", "Chat-LLM") }, []string{"hand-over chat-llm/AllTraffic"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			a := registeredChat(2050)
			if tt.change != nil {
				tt.change(a)
			}
			a.use(t)
			transcript(t, "handover/"+name+".txt", tt.args...)
			writes := 0
			for _, operation := range a.asked {
				if operation == "RegisterScalableTarget" {
					writes++
				} else if !strings.HasPrefix(operation, "Describe") && !slices.Contains([]string{"GetFunction", "bundle", "Query", "FilterLogEvents"}, operation) {
					t.Errorf("hand-over calls %s", operation)
				}
			}
			if writes != tt.writes {
				t.Errorf("%d changes, want %d", writes, tt.writes)
			}
		})
	}
}

// Whatever is wrong is said in a line or two, and names what to do.
func TestHandOverRefusals(t *testing.T) {
	for _, tt := range []struct {
		args, denies, want string
		code               int
	}{
		{"hand-over", "", "accepts 1 arg(s), received 0; see sagescale hand-over --help", exitInvalid},
		{"hand-over chat-llm", "", `"chat-llm" is not the name of an endpoint, a slash, and that of a variant; see sagescale hand-over --help`, exitInvalid},
		{"hand-over chat-lm/AllTraffic", "", "there is no endpoint chat-lm in eu-west-1", exitInvalid},
		{"hand-over CHAT-LLM/AllTraffic --yes", "", "SageMaker calls endpoint CHAT-LLM chat-llm: write the name as it does", exitInvalid},
		{"hand-over chat-llm/Alltraffic", "", "endpoint chat-llm has no variant Alltraffic: it has AllTraffic", exitInvalid},
		{"hand-over chat-llm/AllTraffic --format xml", "", `--format "xml" is neither`, exitInvalid},
		{"hand-over chat-llm/AllTraffic --stack none", "", "name it by --stack", exitInvalid},
		{"hand-over chat-llm/AllTraffic", "DescribeStacks", "these credentials lack the IAM action cloudformation:DescribeStacks", exitFailed},
		{"hand-over chat-llm/AllTraffic", "DescribeEndpoint", "these credentials lack the IAM action sagemaker:DescribeEndpoint", exitFailed},
		{"hand-over chat-llm/AllTraffic", "GetFunction", "these credentials lack the IAM action lambda:GetFunction", exitFailed},
		{"hand-over chat-llm/AllTraffic --yes", "Query", "these credentials lack the IAM action dynamodb:Query", exitFailed},
		{"hand-over chat-llm/AllTraffic", "DescribeScalableTargets", "these credentials lack the IAM action application-autoscaling:DescribeScalableTargets", exitFailed},
		{"hand-over chat-llm/AllTraffic --back", "DescribeScalableTargets", "these credentials lack the IAM action application-autoscaling:DescribeScalableTargets", exitFailed},
		{"hand-over chat-llm/AllTraffic --yes", "RegisterScalableTarget", "these credentials lack the IAM action application-autoscaling:RegisterScalableTarget", exitFailed},
	} {
		a := registeredChat(2050)
		a.denies = tt.denies
		a.use(t)
		code, _, errs := operate(t, strings.Fields(tt.args)...)
		if code != tt.code || !strings.Contains(errs, tt.want) {
			t.Errorf("%s: exit code %d, said %q, want %q", tt.args, code, errs, tt.want)
		}
		if fmt.Sprint(a.targets[0]["SuspendedState"]) != fmt.Sprint(suspension(false, false, false)) {
			t.Errorf("%s: it is changed", tt.args)
		}
	}
}
