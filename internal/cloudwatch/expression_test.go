package cloudwatch_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"sagescale/internal/cloudwatch"
	"sagescale/internal/policy"
	"sagescale/internal/scaling"
)

// errorRate is an expression of two metrics.
func errorRate(expression string, ids ...string) policy.Metric {
	m := policy.Metric{Name: "error-rate", Expression: expression, Period: time.Minute}
	for _, id := range ids {
		m.Inputs = append(m.Inputs, policy.MetricInput{
			ID: id, Namespace: "N", MetricName: "M-" + id, Statistic: "Sum",
			Dimensions: []policy.Dimension{{Name: "D", Value: id}},
		})
	}
	return m
}

// An expression is one query, and each of its metrics one that is not answered,
// under a name that nobody else has in the call.
func TestRequestOfAnExpression(t *testing.T) {
	s := serve(t, ok(page("")))
	of := []policy.Metric{
		metric("v0"),
		errorRate(`errors / FILL(m0, 1) + "errors" * 'm0' - errors2e`, "errors", "errors2e", "m0"),
		errorRate("errors", "errors"),
	}
	of[2].Inputs[0].Dimensions = nil
	if _, err := s.metrics().Read(bounded(t), queriesFor(of...), now()); err != nil {
		t.Fatal(err)
	}
	if n := len(s.seen()); n != 1 {
		t.Fatalf("%d requests, want 1", n)
	}
	input := func(query, id string) cbor.Map {
		return cbor.Map{
			"Id": cbor.String(query), "ReturnData": cbor.Bool(false),
			"MetricStat": cbor.Map{
				"Period": cbor.Uint(60), "Stat": cbor.String("Sum"),
				"Metric": cbor.Map{
					"Namespace": cbor.String("N"), "MetricName": cbor.String("M-" + id),
					"Dimensions": cbor.List{cbor.Map{"Name": cbor.String("D"), "Value": cbor.String(id)}},
				},
			},
		}
	}
	expression := func(query, text string) cbor.Map {
		return cbor.Map{
			"Id": cbor.String(query), "Expression": cbor.String(text),
			"Period": cbor.Uint(60), "ReturnData": cbor.Bool(true),
		}
	}
	alone := input("m2_errors", "errors")
	delete(walk(t, alone, "MetricStat", "Metric"), "Dimensions")
	got := queries(t, s.seen()[0])
	if got[0]["ReturnData"] != nil || got[0]["Expression"] != nil {
		t.Errorf("a metric alone is %v", got[0])
	}
	check(t, "queries", got[1:], []cbor.Map{
		expression("m1", `m1_errors / FILL(m1_m0, 1) + "errors" * 'm0' - m1_errors2e`),
		input("m1_errors", "errors"), input("m1_errors2e", "errors2e"), input("m1_m0", "m0"),
		expression("m2", "m2_errors"), alone,
	})
}

// The longest ids that a policy may have would be too long with the name of a
// query before them.
func TestLongIDs(t *testing.T) {
	a, b := strings.Repeat("a", 252), strings.Repeat("b", 255)
	s := serve(t, ok(page("")))
	if _, err := s.metrics().Read(bounded(t), queriesFor(errorRate(a+"/"+b, a, b)), now()); err != nil {
		t.Fatal(err)
	}
	got := queries(t, s.seen()[0])
	check(t, "expression", got[0]["Expression"], cbor.Value(cbor.String("m0_"+a+"/m0_1")))
	check(t, "first id", got[1]["Id"], cbor.Value(cbor.String("m0_"+a)))
	check(t, "second id", got[2]["Id"], cbor.Value(cbor.String("m0_1")))
}

// The longest expression that a policy may have, in the last place of a call, is
// one that CloudWatch takes.
func TestLongExpressions(t *testing.T) {
	m := errorRate(strings.Repeat("a+", 199)+"a"+strings.Repeat(" ", 1024-399), "a")
	s := serve(t, ok(page("")))
	if _, err := s.metrics().Read(bounded(t), queriesFor(append(several(498), m)...), now()); err != nil {
		t.Fatal(err)
	}
	text := member[cbor.String](t, queries(t, s.seen()[0])[498], "Expression")
	if n := len(text); n > 2048 || !strings.HasPrefix(string(text), "m498_a+m498_a+") {
		t.Errorf("an expression of %d characters: %s", n, text)
	}
}

// A call takes 500 queries, and an expression stays in one call with its metrics.
func TestBatchesOfExpressions(t *testing.T) {
	rate := errorRate("a + b + c", "a", "b", "c")
	of := func(n int, more ...policy.Metric) []policy.Metric { return append(several(n), more...) }
	tests := map[string]struct {
		of   []policy.Metric
		want []int
	}{
		"full":                   {of(496, rate), []int{500}},
		"one more":               {of(497, rate), []int{497, 4}},
		"the next fits again":    {of(497, rate, metric("v7")), []int{497, 5}},
		"expressions alone":      {[]policy.Metric{rate, rate}, []int{8}},
		"an expression at first": {append([]policy.Metric{rate}, several(497)...), []int{500, 1}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, echoIDs(t))
			got, err := s.metrics().Read(bounded(t), queriesFor(test.of...), now())
			if err != nil {
				t.Fatal(err)
			}
			for i, series := range got {
				if series.Metric != test.of[i].Name || series.Incomplete != "" || len(series.Datapoints) != 1 {
					t.Errorf("series %d: %+v", i, series)
				}
			}
			var sizes []int
			for _, request := range s.seen() {
				ids := map[string]bool{}
				for _, q := range queries(t, request) {
					ids[string(member[cbor.String](t, q, "Id"))] = true
				}
				sizes = append(sizes, len(ids))
			}
			check(t, "different ids in each call", sizes, test.want)
		})
	}
}

// echoIDs answers every query whose data is asked for.
func echoIDs(t *testing.T) answer {
	return func(request cbor.Map) (int, []byte) {
		var results []cbor.Map
		for _, q := range queries(t, request) {
			if q["ReturnData"] != cbor.Bool(false) {
				results = append(results, result(string(member[cbor.String](t, q, "Id")), "Complete", at(1, 1)))
			}
		}
		return http.StatusOK, cbor.Encode(page("", results...))
	}
}

func TestAnswersToAnExpression(t *testing.T) {
	tests := map[string]struct {
		pages      []cbor.Map
		datapoints []scaling.Datapoint
		incomplete string // part of the text; "" for a complete one
	}{
		"complete": {[]cbor.Map{page("", result("m0", "Complete", at(1, 0.5), at(2, 0)))},
			[]scaling.Datapoint{at(1, 0.5), at(2, 0)}, ""},
		"pages": {[]cbor.Map{page("a", result("m0", "PartialData", at(1, 1))), page("", result("m0", "Complete", at(2, 2)))},
			[]scaling.Datapoint{at(1, 1), at(2, 2)}, ""},
		"partial": {[]cbor.Map{page("", result("m0", "PartialData", at(1, 1)))}, []scaling.Datapoint{at(1, 1)}, "PartialData"},
		"none":    {[]cbor.Map{page("")}, nil, "did not answer"},
		"one of its metrics": {[]cbor.Map{page("", result("m0", "Complete", at(1, 1)), result("m0_a", "Complete", at(1, 7)))},
			[]scaling.Datapoint{at(1, 1)}, `not asked: "m0_a"`},
		"several series": {[]cbor.Map{page("", result("m0", "Complete", at(1, 1), at(2, 1)), result("m0", "Complete", at(1, 7), at(2, 7)))},
			nil, "several series"},
		"several series, on two pages": {[]cbor.Map{page("a", result("m0", "Complete", at(1, 1))), page("", result("m0", "Complete", at(1, 7)))},
			nil, "several series"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var answers []answer
			for _, p := range test.pages {
				answers = append(answers, ok(p))
			}
			got, err := serve(t, answers...).metrics().Read(bounded(t), queriesFor(errorRate("a/b", "a", "b")), now())
			if err != nil {
				t.Fatal(err)
			}
			s := got[0]
			if fmt.Sprint(s.Datapoints) != fmt.Sprint(test.datapoints) || s.Metric != "error-rate" ||
				!s.DueThrough.Equal(now().Add(-cloudwatch.PublicationDelay)) {
				t.Errorf("got %+v", s)
			}
			if (s.Incomplete == "") != (test.incomplete == "") || !strings.Contains(s.Incomplete, test.incomplete) {
				t.Errorf("incomplete %q, want %q", s.Incomplete, test.incomplete)
			}
		})
	}
}
