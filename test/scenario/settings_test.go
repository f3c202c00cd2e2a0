package scenario

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sagescale/internal/event"
	"sagescale/internal/policy"
	"sagescale/internal/simulate"
	"sagescale/internal/trace"
)

// settings are what a scenario sets.
type settings struct {
	simulate.Config
	minutes  int
	capacity float64
	loads    []change
	quotas   []change
	gaps     []span
	lost     map[event.Kind][]span
	rivals   []span
}

// change is a value from a time on, for one target or, without a name, for all.
type change struct {
	at     time.Duration
	value  float64
	target string
}

// span is from a time to another, without it.
type span struct{ from, to time.Duration }

func newSettings(p *policy.Policy) *settings {
	s := &settings{minutes: 120, capacity: 1000, lost: map[event.Kind][]span{}}
	s.Config = simulate.Config{Policy: p, Start: trace.Epoch(), Provisioning: 6 * time.Minute, ScaleIn: 2 * time.Minute}
	return s
}

// set applies one line: a name and its values.
//
//	start 2027-03-27T00:00:00Z    for 03:00          how long it goes on
//	capacity 1000                 what an instance serves in a minute
//	provisioning 6m               scale-in 2m        delay 0s       tick 5m
//	gap 00:10 00:40               no datapoints of these minutes
//	lose-Tick 00:10 00:40         events that are lost: lose-Alarm, lose-EndpointState, ...
//	quota 00:00 4                 instances per endpoint from then on
//	other 00:30 chat/main 5       somebody else's update
//	override 00:10 chat/main {"pause": "in", "until": "2026-11-23T00:40:00Z"}
//	rival 00:10 00:40             another scaler scales the targets too
func (s *settings) set(line string) error {
	name, rest, _ := strings.Cut(line, " ")
	values := append(strings.Fields(rest), "", "", "")
	var err error
	switch name {
	case "start":
		s.Start, err = time.Parse(time.RFC3339, values[0])
	case "for":
		var d time.Duration
		d, err = clock(values[0])
		s.minutes = int(d / time.Minute)
	case "capacity":
		s.capacity, err = strconv.ParseFloat(values[0], 64)
	case "provisioning":
		s.Provisioning, err = time.ParseDuration(values[0])
	case "scale-in":
		s.ScaleIn, err = time.ParseDuration(values[0])
	case "delay":
		s.Delay, err = time.ParseDuration(values[0])
	case "tick":
		s.Tick, err = time.ParseDuration(values[0])
	default:
		return s.setHappening(name, values)
	}
	return err
}

// setHappening applies a line about something that happens at a time.
func (s *settings) setHappening(name string, values []string) error {
	at, err := clock(values[0])
	if err != nil {
		return err
	}
	kind, lose := strings.CutPrefix(name, "lose-")
	switch {
	case name == "gap" || lose:
		var to time.Duration
		to, err = clock(values[1])
		if lose {
			s.lost[event.Kind(kind)] = append(s.lost[event.Kind(kind)], span{at, to})
		} else {
			s.gaps = append(s.gaps, span{at, to})
		}
	case name == "rival":
		var to time.Duration
		to, err = clock(values[1])
		s.rivals = append(s.rivals, span{at, to})
	case name == "override":
		o := simulate.Override{At: s.Start.Add(at)}
		o.Endpoint, o.Variant, _ = strings.Cut(values[1], "/")
		err = json.Unmarshal([]byte(strings.Join(values[2:], " ")), &o.Override)
		s.Overrides = append(s.Overrides, o)
	case name == "quota":
		var n float64
		n, err = strconv.ParseFloat(values[1], 64)
		s.quotas = append(s.quotas, change{at: at, value: n})
	case name == "other":
		u := simulate.Update{At: s.Start.Add(at)}
		u.Endpoint, u.Variant, _ = strings.Cut(values[1], "/")
		u.Instances, err = strconv.Atoi(values[2])
		s.Updates = append(s.Updates, u)
	default:
		return fmt.Errorf("unknown setting %s", name)
	}
	return err
}

// load applies one line of the load.
func (s *settings) load(line string) error {
	fields := append(strings.Fields(line), "")
	at, err := clock(fields[0])
	if err != nil {
		return err
	}
	n, err := strconv.ParseFloat(strings.TrimSuffix(fields[1], "/min"), 64)
	s.loads = append(s.loads, change{at, n, fields[2]})
	return err
}

// config returns what is to be simulated.
func (s *settings) config() simulate.Config {
	c := s.Config
	c.Loads = map[string]simulate.Load{}
	for _, t := range c.Policy.Targets {
		load := simulate.Load{InstanceCapacity: s.capacity}
		for m := range s.minutes {
			load.Requests = append(load.Requests, value(s.loads, time.Duration(m)*time.Minute, t.Key()))
		}
		c.Loads[t.Key()] = load
	}
	c.Gap = func(at time.Time) bool { return within(s.gaps, at.Sub(s.Start)) }
	c.Conflict = func(_, _ string, at time.Time) string {
		if within(s.rivals, at.Sub(s.Start)) {
			return "another scaler scales the variant too"
		}
		return ""
	}
	c.Lost = func(kind event.Kind, at time.Time) bool { return within(s.lost[kind], at.Sub(s.Start)) }
	if s.quotas != nil {
		c.Quota = func(at time.Time) int { return int(value(s.quotas, at.Sub(s.Start), "")) }
	}
	return c
}

// value returns the last value for a target that begins at or before a time.
func value(changes []change, at time.Duration, target string) float64 {
	v := 0.0
	for _, c := range changes {
		if c.at <= at && (c.target == "" || c.target == target) {
			v = c.value
		}
	}
	return v
}

func within(spans []span, at time.Duration) bool {
	for _, s := range spans {
		if s.from <= at && at < s.to {
			return true
		}
	}
	return false
}

// clock reads hours and minutes.
func clock(text string) (time.Duration, error) {
	var h, m int
	if _, err := fmt.Sscanf(text, "%d:%d", &h, &m); err != nil {
		return 0, fmt.Errorf("read time %q: %w", text, err)
	}
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute, nil
}
