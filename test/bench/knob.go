package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sagescale/internal/policy"
)

// knob is a field of the policy file that a replay can judge.
type knob struct {
	name   string
	about  string // what stands below its heading, where something must be said
	values []string
	// standard is the value in the compiled policy, which has the default once leftOut
	// is applied: where the policy of the replays has the field itself.
	standard func(policy.Target) string
	leftOut  []change
	vary     func(value string) []change
	kept     string // why the default is kept where others do better
}

// knobs are those of the page. Where forecasts size the capacity, target tracking waits
// for them, so its fields are judged without.
func knobs() []knob {
	const likeAWS = "it is Application Auto Scaling's value, which users expect. "
	return []knob{
		{
			name: "scaleOut datapoints/periods", values: []string{"1/1", "2/2", "3/3", "5/5"},
			standard: func(t policy.Target) string { return ofWindow(t.TargetTracking[0].ScaleOut) },
			vary:     func(v string) []change { return []change{mode("Off"), tracking("scaleOut: {" + window(v) + "}")} },
			kept:     likeAWS + "Fewer datapoints lose less, for more cost and more changes",
		},
		{
			name: "scaleIn datapoints/periods", values: []string{"5/5", "10/10", "15/15", "30/30"},
			standard: func(t policy.Target) string { return ofWindow(t.TargetTracking[0].ScaleIn) },
			vary:     func(v string) []change { return []change{mode("Off"), tracking("scaleIn: {" + window(v) + "}")} },
			kept:     likeAWS + "A shorter window costs less and loses more, a longer one the other way round",
		},
		{
			name: "scaleIn threshold", values: []string{"0.7", "0.8", "0.9", "1"},
			standard: func(t policy.Target) string { return number(t.TargetTracking[0].Threshold) },
			vary:     func(v string) []change { return []change{mode("Off"), tracking("scaleIn: {threshold: " + v + "}")} },
			kept:     likeAWS + "A higher one costs a little less and loses as much, for more changes",
		},
		{
			name: "scaleOutCooldown, without forecasts", values: cooldowns(),
			standard: func(t policy.Target) string { return minutes(t.ScaleOutCooldown) },
			vary:     func(v string) []change { return []change{mode("Off"), target("scaleOutCooldown: " + v)} },
			kept:     likeAWS + "The datapoints of a scale-in take longer than most cooldowns, so that it hardly matters",
		},
		{
			name: "scaleOutCooldown, with forecasts", values: cooldowns(),
			standard: func(t policy.Target) string { return minutes(t.ScaleOutCooldown) },
			vary:     func(v string) []change { return []change{target("scaleOutCooldown: " + v)} },
			kept:     likeAWS + "A shorter one costs a little less, for more changes",
		},
		{
			name: "scaleInCooldown, without forecasts", values: cooldowns(),
			standard: func(t policy.Target) string { return minutes(t.ScaleInCooldown) },
			vary:     func(v string) []change { return []change{mode("Off"), target("scaleInCooldown: " + v)} },
			kept:     likeAWS + "A shorter one costs a little less and loses a little more, for more changes",
		},
		{
			name: "scaleInCooldown, with forecasts", values: cooldowns(),
			standard: func(t policy.Target) string { return minutes(t.ScaleInCooldown) },
			vary:     func(v string) []change { return []change{target("scaleInCooldown: " + v)} },
			kept:     likeAWS + "A shorter one costs a little less and loses a little more, for more changes",
		},
		{
			name: "serviceObjective", values: []string{"0.99", "0.999", "0.9999"},
			standard: func(t policy.Target) string { return number(t.Predictive.ServiceObjective) },
			leftOut:  []change{{", serviceObjective: 0.999", ""}},
			vary:     objectives,
			kept:     "how much may be lost is the user's to say, and it lies between what J(10) and what J(100) ask for",
		},
		{
			name: "mode", values: []string{"Off", "ForecastOnly", "ForecastAndScale"},
			about:    "Without `predictive` no forecasts are made: that is the default, and as `Off`. `ForecastOnly` says what it would do and does as `Off` does.",
			standard: ofMode,
			leftOut:  []change{{"predictive: {mode: ForecastAndScale, instanceCapacity: 1000, serviceObjective: 0.999}", ""}},
			vary:     func(v string) []change { return []change{mode(v)} },
			kept:     "a capacity sized by forecasts is right only if the `instanceCapacity` is, which is to be measured first, and nobody is to be surprised by it; it is worth asking for",
		},
		{
			name: "targetValue, without forecasts", values: []string{"500", "600", "700", "800", "900"},
			about:    "There is no default. An instance serves 1000; the policy of the replays has 700.",
			standard: func(t policy.Target) string { return number(t.TargetTracking[0].TargetValue) },
			vary:     targetValues,
			kept:     "it is what the other scalers are scored at, and its headroom is for what the model does not have, such as queues and slow instances",
		},
	}
}

func cooldowns() []string { return []string{"0s", "3m", "5m", "10m"} }

// tracking adds a field to the entry of targetTracking, and target to the target.
func tracking(field string) change {
	return change{"targetValue: 700\n", "targetValue: 700\n    " + field + "\n"}
}

func target(field string) change {
	return change{"maxCapacity: 60\n", "maxCapacity: 60\n  " + field + "\n"}
}

func objectives(v string) []change {
	if v == "0.999" {
		return nil // as the policy has it
	}
	return []change{objective(v)}
}

func targetValues(v string) []change {
	return []change{mode("Off"), {"targetValue: 700\n", "targetValue: " + v + "\n"}}
}

// window writes M/N as the fields of a window.
func window(v string) string {
	m, n, _ := strings.Cut(v, "/")
	return "datapoints: " + m + ", periods: " + n
}

func ofWindow(w policy.Window) string { return fmt.Sprintf("%d/%d", w.Datapoints, w.Periods) }

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// minutes writes a duration as a policy does: 5m, and 0s for none.
func minutes(d time.Duration) string {
	if d == 0 {
		return "0s"
	}
	return strings.TrimSuffix(d.String(), "0s")
}

// ofMode returns the mode, Off where there is none.
func ofMode(t policy.Target) string {
	if !t.Predictive.Mode.Forecasts() {
		return string(policy.Off)
	}
	return string(t.Predictive.Mode)
}
