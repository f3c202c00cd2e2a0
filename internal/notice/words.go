package notice

import (
	"fmt"
	"strings"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/health"
	"sagescale/internal/plain"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// What an event has of the texts of others, in characters, and of lists. EventBridge takes
// 256 KB with all that it adds; a telephone shows less.
const (
	longestMessage = 400
	longestText    = 500
	longestList    = 10
)

// short is a text of others: plain, on one line, and no longer than is good. Of what is much
// longer the end is not even looked at.
func short(s string) string {
	s = plain.Cut(s, 4*longestText)
	return plain.Cut(plain.Text(strings.Join(strings.Fields(s), " ")), longestText)
}

// sentence is a message. A template of EventBridge puts it between quotation marks of its
// own and may escape nothing, and a chat takes what stands in angle brackets for an order.
func sentence(s string) string {
	tame := strings.NewReplacer(`"`, "'", `\`, "/", "<", "‹", ">", "›")
	return plain.Cut(tame.Replace(short(s)), longestMessage)
}

// ofActivity says what an activity has come to.
func ofActivity(t Target, a activity.Activity) string {
	target, span := t.Endpoint+"/"+t.Variant, fmt.Sprintf("from %d to %d", a.From, a.To)
	switch {
	case a.ByOthers:
		return fmt.Sprintf("%s changed %s, not by sagescale: %s", target, span, a.Cause)
	case a.Open():
		return fmt.Sprintf("%s scales %s %s", target, direction(a), span)
	case a.Status == activity.Successful:
		return fmt.Sprintf("%s has scaled %s %s, which took %s", target, direction(a), span, duration(a.Took()))
	case a.Status == activity.Unfulfilled:
		return fmt.Sprintf("%s scaled %s from %d to %d only, not to %d: %s", target, direction(a), a.From, a.Came, a.To, a.StatusMessage)
	}
	return fmt.Sprintf("%s did not scale %s %s (%s): %s", target, direction(a), span, a.Status, a.StatusMessage)
}

// ofHealth says how a target fares, and for how long.
func ofHealth(t Target, told, before Health, now time.Time) string {
	target, lasts := t.Endpoint+"/"+t.Variant, duration(now.Sub(told.Since))
	switch told.Status {
	case health.Stuck:
		return fmt.Sprintf("%s needs help: not scaled for %s, %s: %s", target, lasts, told.Code, told.Reason)
	case health.Held:
		return fmt.Sprintf("%s is held: nothing is removed for %s, %s: %s", target, lasts, told.Code, told.Reason)
	case health.Healthy:
	}
	for _, was := range []string{string(before.Code), string(before.Status)} {
		if was != "" && before.Lasted > 0 {
			return fmt.Sprintf("%s is healthy again, after %s of %s", target, duration(time.Duration(before.Lasted)*time.Second), was)
		}
	}
	return target + " is healthy again"
}

// duration writes a duration as people do, in whole seconds, and in minutes from an hour on.
func duration(d time.Duration) string {
	unit := time.Second
	if d >= time.Hour {
		unit = time.Minute
	}
	return policy.Brief(max(d, 0).Truncate(unit))
}

func direction(a activity.Activity) string {
	if a.ScaleOut() {
		return "out"
	}
	return "in"
}

// described is an activity as it is told. When a change of somebody else began nobody
// knows, so neither how long it took.
func described(a activity.Activity) Activity {
	out := Activity{
		ID: short(a.ID), Direction: direction(a), From: a.From, To: a.To, Came: a.Came, ByOthers: a.ByOthers, Status: a.Status,
		StatusMessage: short(a.StatusMessage), Cause: short(a.Cause), Start: a.StartTime.UTC(), End: a.EndTime.UTC(),
	}
	if !a.ByOthers {
		out.Took = int(a.Took() / time.Second)
	}
	return out
}

func fares(c health.Condition) Health {
	h := Health{Status: c.Status, Code: c.Code, Reason: short(c.Reason), Since: c.Since}
	if h.Status == "" {
		h.Status = health.Healthy
	}
	return h
}

func steps(all []scaling.Step) []Step {
	var out []Step
	for _, s := range all[:min(len(all), longestList)] {
		out = append(out, Step{Rule: s.Rule, From: s.From, To: s.To, Reason: short(s.Reason)})
	}
	return out
}

func reasons(all []scaling.Reason) []Reason {
	var out []Reason
	for _, r := range all[:min(len(all), longestList)] {
		out = append(out, Reason{Code: r.Code, Message: short(r.Message)})
	}
	return out
}
