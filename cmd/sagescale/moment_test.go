package main

import (
	"strings"
	"testing"
	"time"
)

// A moment is read as people write one, at 10:00:17Z.
func TestParseMoment(t *testing.T) {
	for text, want := range map[string]string{
		"2026-11-22T03:12:00+01:00": "2026-11-22T02:12:00Z",
		"2026-11-23T10:00:17Z":      "2026-11-23T10:00:17Z",
		"03:12":                     "2026-11-23T03:12:00Z",
		"03:12:09Z":                 "2026-11-23T03:12:09Z",
		"21:18":                     "2026-11-22T21:18:00Z",
		"2h":                        "2026-11-23T08:00:17Z",
		"90m ago":                   "2026-11-23T08:30:17Z",
		"0s":                        "2026-11-23T10:00:17Z",
	} {
		got, err := parseMoment("at", text, today())
		if err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%s: got %s, %v, want %s", text, got, err, want)
		}
	}
}

func TestMomentsThatAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                     `--at "" is no time such as 2026-11-23T03:12:00Z, the last 03:12 in UTC, or 2h ago`,
		"yesterday":            `--at "yesterday" is no time such as`,
		"25:00":                `--at "25:00" is no time such as`,
		"-2h":                  "--at -2h is negative",
		"2026-11-23T10:00:18Z": "--at 2026-11-23T10:00:18Z is to come: it is 2026-11-23T10:00:17Z",
	} {
		if _, err := parseMoment("at", text, today()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}
