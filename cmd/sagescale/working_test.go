package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// What takes long is told, once; what does not is not.
func TestWorking(t *testing.T) {
	for _, tt := range []struct {
		takes time.Duration
		want  string
	}{
		{time.Second, ""},
		{10 * time.Second, "asking AWS ...\n"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var out strings.Builder
			done := working(&out, "asking AWS")
			time.Sleep(tt.takes)
			done()
			time.Sleep(time.Minute)
			if out.String() != tt.want {
				t.Errorf("after %s: %q, want %q", tt.takes, out.String(), tt.want)
			}
		})
	}
}
