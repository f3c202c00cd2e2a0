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

// An expression is sent as it is written, and with it each of its metrics, which is
// not answered, under its own id.
func TestRequestOfAnExpression(t *testing.T) {
	const text = `errors / FILL(m1, 1) + "errors" * 'm1'`
	rate := errorRate(text, "errors", "m1")
	rate.Period = 7 * time.Minute
	rate.Inputs[1].Dimensions = nil
	s := serve(t, ok(page("")))
	if _, err := s.metrics().Read(bounded(t), queriesFor(rate), now()); err != nil {
		t.Fatal(err)
	}
	input := func(id string, dimensions ...cbor.Value) cbor.Map {
		metric := cbor.Map{"Namespace": cbor.String("N"), "MetricName": cbor.String("M-" + id)}
		if dimensions != nil {
			metric["Dimensions"] = cbor.List(dimensions)
		}
		return cbor.Map{
			"Id": cbor.String(id), "ReturnData": cbor.Bool(false),
			"MetricStat": cbor.Map{"Period": cbor.Uint(420), "Stat": cbor.String("Sum"), "Metric": metric},
		}
	}
	request := s.seen()[0]
	check(t, "StartTime", timeOf(t, request["StartTime"]), from().Truncate(time.Second).Add(-time.Duration(from().Unix()%420)*time.Second))
	check(t, "queries", queries(t, request), []cbor.Map{
		{"Id": cbor.String("m0"), "Expression": cbor.String(text), "Period": cbor.Uint(420)},
		input("errors", cbor.Map{"Name": cbor.String("D"), "Value": cbor.String("errors")}),
		input("m1"),
	})
}

// The id of an expression's query is none of its metrics'.
func TestIDsOfTheUser(t *testing.T) {
	for want, ids := range map[string][]string{
		"m0":   {"m1", "m0_", "m00", strings.Repeat("m", 255)},
		"m0_":  {"m0", "m0__"},
		"m0__": {"m0_", "a", "m0"},
	} {
		s := serve(t, echoIDs(t))
		got, err := s.metrics().Read(bounded(t), queriesFor(errorRate(strings.Join(ids, "+"), ids...)), now())
		if err != nil {
			t.Fatal(err)
		}
		if len(got[0].Datapoints) != 1 || got[0].Incomplete != "" {
			t.Errorf("%s: %+v", want, got[0])
		}
		var asked []string
		for _, q := range queries(t, s.seen()[0]) {
			asked = append(asked, string(member[cbor.String](t, q, "Id")))
		}
		check(t, "ids", asked, append([]string{want}, ids...))
	}
}

// Each expression has a call of its own after those of the other metrics, which are
// 500 queries each, and the answers are in the order asked.
func TestEachExpressionHasACall(t *testing.T) {
	rate, slow, hour := errorRate("a + b + c", "a", "b", "c"), errorRate("a", "a"), metric("v501")
	slow.Period, hour.Period = time.Hour, time.Hour
	of := append([]policy.Metric{rate, hour, slow}, several(501)...)
	of = append(of, rate)
	s := serve(t, echoIDs(t))
	got, err := s.metrics().Read(bounded(t), queriesFor(of...), now())
	if err != nil {
		t.Fatal(err)
	}
	for i, series := range got {
		check(t, "series", series, scaling.Series{
			Metric: of[i].Name, Datapoints: []scaling.Datapoint{at(1, 1)}, DueThrough: now().Add(-cloudwatch.PublicationDelay),
		})
	}
	var sizes []int
	for _, request := range s.calls() {
		sizes = append(sizes, len(queries(t, request)))
	}
	check(t, "queries in each call", sizes, []int{1, 500, 1, 4, 2, 4})
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

// An expression that CloudWatch refuses costs no other metric, and its series has
// CloudWatch's reason; so has one that is not answered at all.
func TestRefusedExpression(t *testing.T) {
	bad := errorRate("BAD(a)", "a")
	bad.Name = "bad"
	of := []policy.Metric{bad, metric("v0"), errorRate("a", "a"), metric("v1")}
	tests := map[string]struct {
		refusal answer
		want    string
	}{
		"refused":     {fault(400, "ValidationError"), "ValidationError: because"},
		"unavailable": {fault(500, "InternalServiceFault"), "InternalServiceFault"},
		"endless":     {ok(page("again")), "too many pages"},
		"long": {func(cbor.Map) (int, []byte) {
			return 400, cbor.Encode(cbor.Map{"__type": cbor.String("E"), "message": cbor.String(strings.Repeat("x", 10_000))})
		}, "E: xxx"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(request cbor.Map) (int, []byte) {
				if queries(t, request)[0]["Expression"] == cbor.String("BAD(a)") {
					return test.refusal(request)
				}
				return echoIDs(t)(request)
			})
			got, err := s.metrics().Read(bounded(t), queriesFor(of...), now())
			if err != nil {
				t.Fatal(err)
			}
			if why := got[0].Incomplete; !strings.Contains(why, test.want) || len(why) > 500 {
				t.Errorf("incomplete %q, want %q in up to 500 bytes", why, test.want)
			}
			check(t, "the refused", got[0], scaling.Series{Metric: "bad", Incomplete: got[0].Incomplete})
			for i, series := range got[1:] {
				if series.Metric != of[i+1].Name || series.Incomplete != "" || len(series.Datapoints) != 1 {
					t.Errorf("got %+v", series)
				}
			}
		})
	}
}

// A fault of other metrics is one of the whole, and expressions are not asked for.
func TestFaultBesideAnExpression(t *testing.T) {
	s := serve(t, fault(403, "AccessDenied"), echoIDs(t))
	got, err := s.metrics().Read(bounded(t), queriesFor(errorRate("a", "a"), metric("v0")), now())
	if err == nil || got != nil {
		t.Errorf("got %+v, %v, want an error alone", got, err)
	}
	if n := len(s.seen()); n != 1 {
		t.Errorf("%d calls, want 1", n)
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
		"one of its metrics": {[]cbor.Map{page("", result("m0", "Complete", at(1, 1)), result("a", "Complete", at(1, 7)))},
			[]scaling.Datapoint{at(1, 1)}, `not asked: "a"`},
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
