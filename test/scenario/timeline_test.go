package scenario

import (
	"fmt"
	"strings"
	"time"

	"sagescale/internal/activity"
	"sagescale/internal/autoscaler"
	"sagescale/internal/simulate"
)

// timeline has a line for every minute in which something changed for a target.
func timeline(r simulate.Result, records []autoscaler.Record) string {
	type key struct {
		at     time.Time
		target string
	}
	decisive := map[key]autoscaler.Record{}
	for _, rec := range records {
		k := key{rec.Time, rec.Endpoint + "/" + rec.Variant}
		if before, ok := decisive[k]; !ok || before.Activity == nil && before.Settled == nil {
			decisive[k] = rec
		}
	}
	var b strings.Builder
	said := make([]string, len(r.Targets))
	why := make([]string, len(r.Targets))
	for t := range r.Targets[0].Rows {
		for i, target := range r.Targets {
			row := target.Rows[t]
			if rec, ok := decisive[key{row.Time, target.Key()}]; ok {
				why[i] = because(rec)
			}
			line := fmt.Sprintf("%s  %2d in service %2d desired  %s", target.Key(), row.InService, row.Desired, why[i])
			if line != said[i] {
				at := row.Time.Sub(target.Rows[0].Time)
				fmt.Fprintf(&b, "%02d:%02d %s\n", at/time.Hour, at%time.Hour/time.Minute, line)
				said[i] = line
			}
		}
	}
	return b.String()
}

// because says what woke an evaluation that did something, its steps, and the
// codes of the reasons why it did no more.
func because(r autoscaler.Record) string {
	var parts []string
	for _, a := range r.Outside {
		parts = append(parts, fmt.Sprintf("(others %d>%d)", a.From, a.To))
	}
	if r.Activity != nil {
		parts = append(parts, r.Trigger.Kind+":")
	}
	for _, s := range r.Decision.Steps {
		parts = append(parts, fmt.Sprintf("%s %d>%d", s.Rule, s.From, s.To))
	}
	for _, reason := range r.Decision.NotScaledReasons {
		if len(parts) == 0 || !strings.HasPrefix(parts[len(parts)-1], string(reason.Code)+" ") {
			parts = append(parts, string(reason.Code))
		}
	}
	if r.Settled != nil && r.Settled.Status != activity.Successful {
		parts = append(parts, "settled "+string(r.Settled.Status))
	}
	return strings.Join(parts, " ")
}
