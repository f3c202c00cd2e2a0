package faults

import (
	"fmt"
	"strings"
)

// tale is what happened in a run, in words, if anybody listens.
type tale struct {
	listening bool
	lines     []string
	told      map[string]string // the last line of each target
}

// tell adds a line. It is called by the scheduler alone, or while it waits.
func (w *world) tell(format string, args ...any) {
	if !w.listening {
		return
	}
	line := fmt.Sprintf("%s  ", w.now().Format("15:04:05.000")) + fmt.Sprintf(format, args...)
	w.lines = append(w.lines, line)
}

// String is the whole tale.
func (t tale) String() string { return strings.Join(t.lines, "\n") }
