package main

import (
	"fmt"
	"strings"
	"time"
)

// How a moment is written: for an error, and for a flag.
const (
	aboutMoments = "such as 2026-11-23T03:12:00Z, the last 03:12 in UTC, or 2h ago"
	moments      = "RFC 3339, 03:12 in UTC, or 2h ago"
)

// parseMoment reads a moment of the past: a time, a time of day in UTC, which is the last
// one, or how long ago it is.
func parseMoment(flag, text string, now time.Time) (time.Time, error) {
	now = now.UTC()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		at, err = timeOfDay(text, now)
	}
	if err != nil {
		var ago time.Duration
		if ago, err = time.ParseDuration(strings.TrimSuffix(text, " ago")); err == nil && ago < 0 {
			return time.Time{}, fmt.Errorf("--%s %s is negative", flag, text)
		}
		at = now.Add(-ago)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("--%s %.40q is no time %s", flag, text, aboutMoments)
	}
	if at.After(now) {
		return time.Time{}, fmt.Errorf("--%s %s is to come: it is %s", flag, text, now.Format(time.RFC3339))
	}
	return at.UTC(), nil
}

// timeOfDay reads a time of day: today's, or yesterday's if today's is to come.
func timeOfDay(text string, now time.Time) (at time.Time, err error) {
	text = strings.TrimSuffix(text, "Z")
	clock, err := time.Parse("15:04:05", text)
	if err != nil {
		clock, err = time.Parse("15:04", text)
	}
	if err != nil {
		return at, err
	}
	at = time.Date(now.Year(), now.Month(), now.Day(), clock.Hour(), clock.Minute(), clock.Second(), 0, time.UTC)
	if at.After(now) {
		at = at.AddDate(0, 0, -1)
	}
	return at, nil
}
