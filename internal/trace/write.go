package trace

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"time"
)

// Write writes a trace as CSV that Read reads as the same trace: a row for every step,
// its time in RFC 3339. A trace of one step is read as one of a minute.
func Write(w io.Writer, t Trace) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "timestamp,requests")
	for i, r := range t.Requests {
		fmt.Fprintf(out, "%s,%s\n", stamp(t.Start.Add(time.Duration(i)*t.Step)), strconv.FormatFloat(r, 'f', -1, 64))
	}
	// What failed on the way the buffer says here.
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write trace: %w", err)
	}
	return nil
}
