package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"sagescale/internal/scaling"
)

// lowCase is a case whose load needs 1 of the 10 instances that serve, with places for
// the status, for how many were asked for, and for more of the observation.
const lowCase = `{"now": "2026-11-23T10:00:00Z",
 "policy": {"endpoint": "chat-llm", "variant": "AllTraffic", "minCapacity": 1, "maxCapacity": 20,
   "targetTracking": [{"metric": "InvocationsPerInstance", "targetValue": 100, "scaleIn": {"datapoints": 1, "periods": 1}}]},
 "observation": {"status": "%s", "currentCapacity": 10, "desiredCapacity": %d, "metrics": [
   {"metric": "InvocationsPerInstance", "datapoints": [{"time": "2026-11-23T09:59:00Z", "value": 10}]}]%s}}`

// A case may say when the endpoint was last changed, and when by what nobody knows, as
// the functions see it.
func TestDecideByWhenTheEndpointWasChanged(t *testing.T) {
	tests := []struct {
		name   string
		status string
		asked  int
		more   string
		want   int
		code   scaling.Code
	}{
		{"no times", "InService", 10, ``, 1, ""},
		{"no time at all", "InService", 10, `, "touchedTime": null, "lastModifiedTime": null, "busySinceTime": null`, 1, ""},
		{"touched within the cooldown", "InService", 10, `, "touchedTime": "2026-11-23T10:58:00+01:00"`, 10, scaling.ScaleInCooldown},
		{"touched before it", "InService", 10, `, "touchedTime": "2026-11-23T09:55:00Z"`, 1, ""},
		{"asked for more, who knows when", "InService", 12, ``, 10, scaling.CapacityNotInService},
		{"asked for more just now", "InService", 12, `, "lastModifiedTime": "2026-11-23T09:59:00Z"`, 10, scaling.CapacityNotInService},
		{"asked for more an hour ago", "InService", 12, `, "lastModifiedTime": "2026-11-23T09:00:00Z"`, 1, ""},
		{"updating", "Updating", 10, `, "busySinceTime": "2026-11-23T09:30:00Z"`, 10, scaling.Unscalable},
		{"updating for an hour", "Updating", 10, `, "busySinceTime": "2026-11-23T09:00:00Z"`, 10, scaling.UpdateOverdue},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errs := decide(t, fmt.Appendf(nil, lowCase, tt.status, tt.asked, tt.more))
			var d scaling.Decision
			if err := json.Unmarshal([]byte(out), &d); err != nil || code != exitDone {
				t.Fatalf("exit code %d, %v: %s%s", code, err, out, errs)
			}
			said := scaling.Code("")
			if len(d.NotScaledReasons) > 0 {
				said = d.NotScaledReasons[0].Code
			}
			if d.DesiredCapacity != tt.want || said != tt.code {
				t.Errorf("got %d %s, want %d %s", d.DesiredCapacity, said, tt.want, tt.code)
			}
		})
	}
}

// The times are read as strictly as all of a case.
func TestDecideRefusesBadTimes(t *testing.T) {
	for more, want := range map[string]string{
		`, "touchedTime": "yesterday"`:             "standard input:4:17: yesterday: is no time such as 2026-11-23T10:00:00Z\n",
		`, "lastModifiedTime": "2026-11-23"`:       "standard input:4:17: 2026-11-23: is no time such as",
		`, "lastModifiedTime": 1795429508`:         "standard input:4:17: ",
		`, "lastmodifiedtime": null`:               `standard input:5:106: unknown field "lastmodifiedtime"`,
		`, "touchedTime": null, "touchedTime": ""`: `"touchedTime" stands twice`,
	} {
		code, out, errs := decide(t, fmt.Appendf(nil, lowCase, "InService", 10, more))
		if code != exitInvalid || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%s: exit code %d: %s%s; want %s", more, code, out, errs, want)
		}
	}
}
