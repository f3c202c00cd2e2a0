package trace

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What a trace may be at most. A million minutes are nearly two years.
const (
	maxTraceBytes   = 64 << 20
	maxTraceMinutes = 1 << 20
	maxTraceStep    = time.Hour
	maxRequests     = 1e12
)

// Fault is what is wrong with a trace. Line and Column count from 1, the
// column in bytes.
type Fault struct {
	File         string
	Line, Column int
	Field        string
	Value        string
	Rule         string
}

// Error returns place, field, value and rule on one line:
//
//	load.csv:7:22: requests: "-3": must be 0 or more
func (f *Fault) Error() string {
	text := fmt.Sprintf("%s:%d:%d: ", f.File, f.Line, f.Column)
	if f.Field != "" {
		text += fmt.Sprintf("%s: %.60q: ", f.Field, f.Value)
	}
	return text + f.Rule
}

// Read reads a trace: CSV with a header that has the columns timestamp and
// requests; others are ignored. A timestamp is RFC 3339, or whole seconds from
// the start, which is then Epoch. The steps must be even: 1 s to 30 s that
// divide a minute, or whole minutes up to an hour. A trace of one row has a step
// of a minute.
//
// The first thing that is wrong is returned as a *Fault; name stands for
// the file in it.
func Read(name string, r io.Reader) (Trace, error) {
	limited := &io.LimitedReader{R: r, N: maxTraceBytes + 1}
	buffered := bufio.NewReader(limited)
	if bom, _ := buffered.Peek(3); string(bom) == "\xef\xbb\xbf" {
		_, _ = buffered.Discard(3) // they were just seen
	}
	in := reader{csv: csv.NewReader(buffered), file: name, line: 1, column: 1}
	in.csv.ReuseRecord = true
	t, err := in.read()
	if limited.N <= 0 {
		return Trace{}, &Fault{File: name, Line: in.line, Column: 1,
			Rule: fmt.Sprintf("the file is larger than %d MiB", maxTraceBytes>>20)}
	}
	return t, err
}

// reader reads one trace. line and column are those of the last record.
type reader struct {
	csv          *csv.Reader
	file         string
	line, column int
	// The positions of the two columns.
	timestamp, requests int
	dated               bool
}

func (in *reader) read() (Trace, error) {
	if err := in.header(); err != nil {
		return Trace{}, err
	}
	t := Trace{Step: minute}
	var last time.Time
	for {
		record, err := in.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			last, err = in.row(record, &t, last)
		}
		if err != nil {
			return Trace{}, err
		}
	}
	if len(t.Requests) == 0 {
		rule := "the trace has no row after its header"
		return Trace{}, &Fault{File: in.file, Line: in.line, Column: 1, Rule: rule}
	}
	return t, nil
}

// row appends a record to t and returns its time; last is that of the one before.
func (in *reader) row(record []string, t *Trace, last time.Time) (time.Time, error) {
	text := record[in.timestamp]
	at, err := in.time(text, len(t.Requests) == 0)
	if err != nil {
		return at, err
	}
	if err := in.follows(t, last, at, text); err != nil {
		return at, err
	}
	n, err := in.count(record[in.requests])
	t.Requests = append(t.Requests, n)
	return at, err
}

// next returns the next record, or io.EOF.
func (in *reader) next() ([]string, error) {
	record, err := in.csv.Read()
	var parse *csv.ParseError
	switch {
	case errors.As(err, &parse):
		rule := parse.Err.Error()
		return nil, &Fault{File: in.file, Line: parse.Line, Column: max(1, parse.Column), Rule: rule}
	case errors.Is(err, io.EOF):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("read trace %s: %w", in.file, err)
	}
	in.line, in.column = in.csv.FieldPos(0)
	return record, nil
}

// header finds the two columns.
func (in *reader) header() error {
	record, err := in.next()
	if errors.Is(err, io.EOF) {
		rule := "the file is empty: it must begin with the header timestamp,requests"
		return &Fault{File: in.file, Line: 1, Column: 1, Rule: rule}
	}
	if err != nil {
		return err
	}
	for _, want := range []struct {
		name string
		at   *int
	}{{"timestamp", &in.timestamp}, {"requests", &in.requests}} {
		first := slices.Index(record, want.name)
		if first < 0 || slices.Contains(record[first+1:], want.name) {
			return in.fault(0, "header", strings.Join(record, ","), "must have one column "+want.name)
		}
		*want.at = first
	}
	return nil
}

// time reads a timestamp. The first one says of which form all are.
func (in *reader) time(text string, first bool) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if first {
		in.dated = err == nil
	}
	if in.dated {
		if err != nil || at.Year() < 1970 || at.Year() > 2199 {
			return at, in.fault(in.timestamp, "timestamp", text,
				"must be a time of 1970 to 2199 as in RFC 3339, such as 2026-11-23T00:00:00Z")
		}
		return at.UTC(), nil
	}
	seconds, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return at, in.fault(in.timestamp, "timestamp", text,
			"must be as in RFC 3339, such as 2026-11-23T00:00:00Z, or whole seconds from the start, all rows alike")
	}
	return Epoch().Add(time.Duration(seconds) * time.Second), nil
}

// follows checks that at is the next step of t, and notes start and step where
// they become known.
func (in *reader) follows(t *Trace, last, at time.Time, text string) error {
	step := at.Sub(last)
	switch n := len(t.Requests); {
	case n == 0:
		t.Start = at
		return nil
	case step <= 0:
		return in.fault(in.timestamp, "timestamp", text, "must be after the one before, "+stamp(last))
	case n == 1 && !validStep(step):
		return in.fault(in.timestamp, "timestamp", text,
			fmt.Sprintf("is %s after the one before: a step must divide a minute or be whole minutes up to an hour", step))
	case n == 1:
		t.Step = step
	case step != t.Step:
		return in.fault(in.timestamp, "timestamp", text,
			fmt.Sprintf("is %s after the one before: all steps must be %s as the first", step, t.Step))
	}
	if time.Duration(len(t.Requests)+1)*t.Step > maxTraceMinutes*minute {
		return in.fault(in.timestamp, "timestamp", text,
			fmt.Sprintf("a trace may have %d minutes at most", maxTraceMinutes))
	}
	return nil
}

func validStep(d time.Duration) bool {
	if d%time.Second != 0 {
		return false
	}
	return d < minute && minute%d == 0 || d <= maxTraceStep && d%minute == 0
}

// count reads a number of requests.
func (in *reader) count(text string) (float64, error) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || strings.ContainsAny(text, "xX_") {
		return 0, in.fault(in.requests, "requests", text, "must be a decimal number")
	}
	if math.IsNaN(n) || n < 0 || n > maxRequests {
		return 0, in.fault(in.requests, "requests", text, "must be a number from 0 to 1e12")
	}
	return n, nil
}

// fault is what is wrong with a field of the last record.
func (in *reader) fault(field int, name, value, rule string) error {
	line, column := in.csv.FieldPos(field)
	return &Fault{File: in.file, Line: line, Column: column, Field: name, Value: value, Rule: rule}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
