package cloudwatch_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"sagescale/internal/cloudwatch"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

func now() time.Time { return time.Date(2026, 11, 23, 10, 0, 17, 500_000_000, time.UTC) }

func from() time.Time { return now().Add(-20 * time.Minute) }

// at is a datapoint of some minutes after from.
func at(minutes int, value float64) scaling.Datapoint {
	return scaling.Datapoint{Time: from().Truncate(time.Minute).Add(time.Duration(minutes) * time.Minute), Value: value}
}

// queriesFor asks for metrics from the same time on.
func queriesFor(of ...policy.Metric) []scaling.Query {
	out := make([]scaling.Query, len(of))
	for i, m := range of {
		out[i] = scaling.Query{Metric: m, From: from()}
	}
	return out
}

func metric(name string) policy.Metric {
	return policy.Metric{
		Name: name, Namespace: "AWS/SageMaker", MetricName: "Invocations", Statistic: "Sum", Period: time.Minute,
		Dimensions: []policy.Dimension{{Name: "EndpointName", Value: "chat-llm"}, {Name: "VariantName", Value: name}},
	}
}

func several(n int) []policy.Metric {
	out := make([]policy.Metric, n)
	for i := range out {
		out[i] = metric("v" + strconv.Itoa(i))
	}
	return out
}

// echo answers every query with one datapoint: the number in the metric's name.
func echo(t *testing.T) answer {
	return func(request cbor.Map) (int, []byte) {
		var results []cbor.Map
		for _, q := range queries(t, request) {
			variant := member[cbor.String](t, walk(t, q, "MetricStat", "Metric", "Dimensions", 1), "Value")
			n, err := strconv.Atoi(strings.TrimPrefix(string(variant), "v"))
			if err != nil {
				t.Errorf("variant %s: %v", variant, err)
			}
			results = append(results, result(string(member[cbor.String](t, q, "Id")), "Complete", at(1, float64(n))))
		}
		return http.StatusOK, cbor.Encode(page("", results...))
	}
}

// queries returns the queries of a request.
func queries(t *testing.T, request cbor.Map) []cbor.Map {
	t.Helper()
	var out []cbor.Map
	for _, q := range member[cbor.List](t, request, "MetricDataQueries") {
		m, _ := q.(cbor.Map)
		out = append(out, m)
	}
	return out
}

func member[T cbor.Value](t *testing.T, m cbor.Map, name string) T {
	t.Helper()
	v, ok := m[name].(T)
	if !ok {
		t.Errorf("member %s is %T %v", name, m[name], m[name])
	}
	return v
}

// walk goes down to a map by the names of members and the indices of lists.
func walk(t *testing.T, v cbor.Value, path ...any) cbor.Map {
	t.Helper()
	for _, step := range path {
		switch s := step.(type) {
		case string:
			m, _ := v.(cbor.Map)
			v = m[s]
		case int:
			l, _ := v.(cbor.List)
			if s >= len(l) {
				t.Fatalf("no element %d in %v", s, l)
			}
			v = l[s]
		}
	}
	m, ok := v.(cbor.Map)
	if !ok {
		t.Fatalf("%v is %T, no map", path, v)
	}
	return m
}

func TestRequest(t *testing.T) {
	gpu := policy.Metric{
		Name: "gpu", Namespace: "/aws/sagemaker/Endpoints", MetricName: "GPUUtilization", Statistic: "p90", Period: 10 * time.Second,
		Dimensions: []policy.Dimension{{Name: "A", Value: "1"}, {Name: "B", Value: "2"}, {Name: "C", Value: "3"}},
	}
	bare := policy.Metric{Name: "bare", Namespace: "N", MetricName: "M", Statistic: "Average", Period: 10 * time.Second}
	s := serve(t, ok(page("")))
	if _, err := s.metrics().Read(bounded(t), queriesFor(gpu, bare), now()); err != nil {
		t.Fatal(err)
	}
	requests := s.seen()
	if len(requests) != 1 {
		t.Fatalf("%d requests, want 1", len(requests))
	}
	request := requests[0]
	check(t, "StartTime", timeOf(t, request["StartTime"]), from().Truncate(10*time.Second))
	check(t, "EndTime", timeOf(t, request["EndTime"]), now())
	delete(request, "StartTime")
	delete(request, "EndTime")
	dimension := func(name, value string) cbor.Map {
		return cbor.Map{"Name": cbor.String(name), "Value": cbor.String(value)}
	}
	check(t, "request", request, cbor.Map{
		"ScanBy": cbor.String("TimestampAscending"),
		"MetricDataQueries": cbor.List{
			cbor.Map{"Id": cbor.String("m0"), "MetricStat": cbor.Map{
				"Period": cbor.Uint(10), "Stat": cbor.String("p90"),
				"Metric": cbor.Map{
					"Namespace": cbor.String("/aws/sagemaker/Endpoints"), "MetricName": cbor.String("GPUUtilization"),
					"Dimensions": cbor.List{dimension("A", "1"), dimension("B", "2"), dimension("C", "3")},
				},
			}},
			cbor.Map{"Id": cbor.String("m1"), "MetricStat": cbor.Map{
				"Period": cbor.Uint(10), "Stat": cbor.String("Average"),
				"Metric": cbor.Map{"Namespace": cbor.String("N"), "MetricName": cbor.String("M")},
			}},
		},
	})
}

// CloudWatch counts periods from the start of a call: each period has a call of its
// own that begins with one of them, and the answers are in the order asked.
func TestEachPeriodHasACall(t *testing.T) {
	s := serve(t, echo(t))
	of := several(5)
	for i, p := range []time.Duration{7 * time.Minute, time.Minute, 10 * time.Second, 7 * time.Minute, time.Minute} {
		of[i].Period = p
	}
	got, err := s.metrics().Read(bounded(t), queriesFor(of...), now())
	if err != nil {
		t.Fatal(err)
	}
	for i, series := range got {
		check(t, "name", series.Metric, of[i].Name)
	}
	var sizes []int
	for _, request := range s.seen() {
		all := queries(t, request)
		sizes = append(sizes, len(all))
		period := int64(member[cbor.Uint](t, member[cbor.Map](t, all[0], "MetricStat"), "Period"))
		begin := timeOf(t, request["StartTime"])
		if begin.Unix()%period != 0 || begin.After(from()) || from().Sub(begin) >= time.Duration(period)*time.Second {
			t.Errorf("the call for a period of %d s begins at %s", period, begin)
		}
	}
	check(t, "queries in each call", sizes, []int{2, 2, 1})
}

// Faults: D15, G3
func TestBatches(t *testing.T) {
	tests := map[int][]int{0: nil, 1: {1}, 500: {500}, 501: {500, 1}, 1001: {500, 500, 1}}
	for n, want := range tests {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			s := serve(t, echo(t))
			of := several(n)
			got, err := s.metrics().Read(bounded(t), queriesFor(of...), now())
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != n {
				t.Fatalf("%d series for %d metrics", len(got), n)
			}
			for i, series := range got {
				check(t, "series "+strconv.Itoa(i), series, scaling.Series{
					Metric:     of[i].Name,
					Datapoints: []scaling.Datapoint{at(1, float64(i))},
					DueThrough: now().Add(-cloudwatch.PublicationDelay),
				})
			}
			var sizes []int
			for _, request := range s.calls() {
				all := queries(t, request)
				sizes = append(sizes, len(all))
				for i, q := range all {
					check(t, "id", q["Id"], cbor.Value(cbor.String(fmt.Sprintf("m%d", i))))
				}
			}
			check(t, "queries in each call", sizes, want)
		})
	}
}

// Faults: D11, D12, D14
func TestAnswers(t *testing.T) {
	message := func(p cbor.Map) cbor.Map {
		p["Messages"] = cbor.List{cbor.Map{"Code": cbor.String("MaxMetricsExceeded"), "Value": cbor.String("too many")}}
		return p
	}
	uneven := result("m0", "Complete", at(1, 1), at(2, 2))
	uneven["Values"] = cbor.List{cbor.Float64(1)}
	both := []scaling.Datapoint{at(1, 1), at(2, 2)}
	tests := map[string]struct {
		pages      []cbor.Map
		datapoints [][]scaling.Datapoint
		incomplete []string // parts of the texts; "" for a complete one
	}{
		"complete": {
			[]cbor.Map{page("", result("m1", "Complete", at(3, 7)), result("m0", "Complete", both...))},
			[][]scaling.Datapoint{both, {at(3, 7)}}, []string{"", ""},
		},
		"no datapoints": {
			[]cbor.Map{page("", result("m0", "Complete"), result("m1", "Complete"))},
			[][]scaling.Datapoint{nil, nil}, []string{"", ""},
		},
		"values as they come": {
			[]cbor.Map{page("", result("m0", "Complete", at(2, -1), at(1, 0)), result("m1", "Complete", at(1, math.Inf(1)), at(1, 1e300)))},
			[][]scaling.Datapoint{{at(2, -1), at(1, 0)}, {at(1, math.Inf(1)), at(1, 1e300)}}, []string{"", ""},
		},
		"one query answered twice": {
			[]cbor.Map{page("", result("m0", "Complete", at(2, 2)), result("m1", "Complete"), result("m0", "Complete", at(2, 2)))},
			[][]scaling.Datapoint{{at(2, 2), at(2, 2)}, nil}, []string{"", ""},
		},
		"pages": {
			[]cbor.Map{
				page("a", result("m0", "PartialData", at(1, 1)), result("m1", "Complete")),
				page("b"),
				page("", result("m0", "Complete", at(2, 2))),
			},
			[][]scaling.Datapoint{both, nil}, []string{"", ""},
		},
		"partial to the end": {
			[]cbor.Map{page("a", result("m0", "PartialData", at(1, 1)), result("m1", "Complete")), page("", result("m0", "PartialData", at(2, 2)))},
			[][]scaling.Datapoint{both, nil}, []string{"PartialData", ""},
		},
		"internal error, then complete": {
			[]cbor.Map{page("a", result("m0", "InternalError"), result("m1", "Complete")), page("", result("m0", "Complete", both...))},
			[][]scaling.Datapoint{both, nil}, []string{"", ""},
		},
		"internal error": {
			[]cbor.Map{page("", result("m0", "InternalError"), result("m1", "Complete", at(1, 1)))},
			[][]scaling.Datapoint{nil, {at(1, 1)}}, []string{"InternalError", ""},
		},
		"forbidden": {
			[]cbor.Map{page("", result("m0", "Complete"), result("m1", "Forbidden"))},
			[][]scaling.Datapoint{nil, nil}, []string{"", "Forbidden"},
		},
		"unknown status": {
			[]cbor.Map{page("", result("m0", "Complete"), result("m1", "Pondering"))},
			[][]scaling.Datapoint{nil, nil}, []string{"", "Pondering"},
		},
		"no status": {
			[]cbor.Map{page("", result("m0", "", at(1, 1)), result("m1", "Complete"))},
			[][]scaling.Datapoint{{at(1, 1)}, nil}, []string{"did not answer", ""},
		},
		"missing result": {
			[]cbor.Map{page("", result("m0", "Complete"))},
			[][]scaling.Datapoint{nil, nil}, []string{"", "did not answer"},
		},
		"nothing at all": {
			[]cbor.Map{{}},
			[][]scaling.Datapoint{nil, nil}, []string{"did not answer", "did not answer"},
		},
		"message": {
			[]cbor.Map{message(page("", result("m0", "Complete", at(1, 1)), result("m1", "Complete")))},
			[][]scaling.Datapoint{{at(1, 1)}, nil}, []string{"MaxMetricsExceeded: too many", "MaxMetricsExceeded"},
		},
		"message on an early page": {
			[]cbor.Map{message(page("a", result("m0", "Complete"))), page("", result("m1", "Complete"))},
			[][]scaling.Datapoint{nil, nil}, []string{"MaxMetricsExceeded", "MaxMetricsExceeded"},
		},
		"different lengths": {
			[]cbor.Map{page("", uneven, result("m1", "Complete", at(1, 1)))},
			[][]scaling.Datapoint{nil, {at(1, 1)}}, []string{"2 times and 1 values", "2 times and 1 values"},
		},
	}
	for _, id := range []string{"", "m2", "m-1", "m", "x0", "m0x", "m00", "m+1", " m0", "m99999999999999999999"} {
		tests["unknown id "+strconv.Quote(id)] = struct {
			pages      []cbor.Map
			datapoints [][]scaling.Datapoint
			incomplete []string
		}{
			[]cbor.Map{page("", result("m0", "Complete"), result("m1", "Complete"), result(id, "Complete", at(1, 1)))},
			[][]scaling.Datapoint{nil, nil}, []string{"not asked", "not asked"},
		}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var answers []answer
			for _, p := range test.pages {
				answers = append(answers, ok(p))
			}
			s := serve(t, answers...)
			got, err := s.metrics().Read(bounded(t), queriesFor(several(2)...), now())
			if err != nil {
				t.Fatal(err)
			}
			if n := len(s.seen()); n != len(test.pages) {
				t.Errorf("%d calls for %d pages", n, len(test.pages))
			}
			for i, series := range got {
				check(t, series.Metric, series.Datapoints, test.datapoints[i])
				want := test.incomplete[i]
				if (series.Incomplete == "") != (want == "") || !strings.Contains(series.Incomplete, want) {
					t.Errorf("%s: incomplete %q, want %q", series.Metric, series.Incomplete, want)
				}
			}
		})
	}
}

func TestNaNIsPassedOn(t *testing.T) {
	s := serve(t, ok(page("", result("m0", "Complete", at(1, math.NaN())))))
	got, err := s.metrics().Read(bounded(t), queriesFor(several(1)...), now())
	if err != nil {
		t.Fatal(err)
	}
	if points := got[0].Datapoints; len(points) != 1 || !math.IsNaN(points[0].Value) {
		t.Errorf("got %+v, want one NaN", points)
	}
}

// A text of CloudWatch may be as long as it likes: it ends up in records.
//
// Faults: H5
func TestLongMessageIsCut(t *testing.T) {
	p := page("", result("m0", "Complete"))
	p["Messages"] = cbor.List{cbor.Map{"Code": cbor.String("C"), "Value": cbor.String(strings.Repeat("x", 10_000))}}
	got, err := serve(t, ok(p)).metrics().Read(bounded(t), queriesFor(several(1)...), now())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(got[0].Incomplete); n == 0 || n > 300 {
		t.Errorf("a text of %d bytes", n)
	}
}

func TestTokenLeadsToTheNextPage(t *testing.T) {
	s := serve(t, ok(page("a")), ok(page("b")), ok(page("")), ok(page("")))
	if _, err := s.metrics().Read(bounded(t), queriesFor(several(501)...), now()); err != nil {
		t.Fatal(err)
	}
	var tokens []cbor.Value
	for _, request := range s.seen() {
		tokens = append(tokens, request["NextToken"])
	}
	check(t, "tokens", tokens, []cbor.Value{nil, cbor.String("a"), cbor.String("b"), nil})
}

// Faults: D13
func TestEndlessTokenIsAnError(t *testing.T) {
	s := serve(t, ok(page("again", result("m0", "PartialData"))))
	got, err := s.metrics().Read(bounded(t), queriesFor(several(1)...), now())
	if err == nil || got != nil {
		t.Errorf("got %+v, %v, want an error", got, err)
	}
	if n := len(s.seen()); n > 100 {
		t.Errorf("%d calls", n)
	}
}

// Pages that say the same again make no more of it than there can be.
//
// Faults: D13
func TestMoreDatapointsThanPeriods(t *testing.T) {
	again := ok(page("again", result("m0", "Complete", at(1, 7), at(2, 8))))
	pages := append(slices.Repeat([]answer{again}, 30), ok(page("", result("m0", "Complete", at(3, 9)))))
	got, err := serve(t, pages...).metrics().Read(bounded(t), queriesFor(several(1)...), now())
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Datapoints != nil || got[0].Incomplete != "CloudWatch answered 61 datapoints for 21 periods" {
		t.Errorf("got %+v", got[0])
	}
}

// Faults: D12, D13, D15
func TestFaults(t *testing.T) {
	garbage := func(cbor.Map) (int, []byte) { return http.StatusOK, []byte("garbage") }
	good := ok(page("", result("m0", "Complete")))
	tests := map[string]struct {
		answers []answer
		calls   int
		fails   bool
	}{
		"500 once":          {[]answer{fault(500, "InternalServiceFault"), good}, 2, false},
		"throttled":         {[]answer{fault(400, "ThrottlingException"), good}, 2, false},
		"500 for ever":      {[]answer{fault(500, "InternalServiceFault")}, 3, true},
		"access denied":     {[]answer{fault(403, "AccessDenied")}, 1, true},
		"bad token, page 2": {[]answer{ok(page("a")), fault(400, "InvalidNextToken")}, 2, true},
		"garbage":           {[]answer{garbage}, 1, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, test.answers...)
			got, err := s.metrics().Read(bounded(t), queriesFor(several(1)...), now())
			if (err != nil) != test.fails || test.fails && got != nil {
				t.Errorf("got %+v, %v", got, err)
			}
			if n := len(s.seen()); n != test.calls {
				t.Errorf("%d calls, want %d", n, test.calls)
			}
		})
	}
}

// A fault of one batch is one of the whole: nothing was read.
func TestFaultInTheSecondBatch(t *testing.T) {
	s := serve(t, echo(t), fault(403, "AccessDenied"))
	got, err := s.metrics().Read(bounded(t), queriesFor(several(501)...), now())
	if err == nil || got != nil {
		t.Errorf("got %d series, %v, want an error alone", len(got), err)
	}
}

func TestReadEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(bounded(t))
	endless := func(cbor.Map) (int, []byte) {
		cancel()
		return http.StatusOK, cbor.Encode(page("again"))
	}
	s := serve(t, endless)
	if _, err := s.metrics().Read(ctx, queriesFor(several(1)...), now()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if n := len(s.seen()); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
}
