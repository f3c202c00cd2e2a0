package dynamodb_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"sagescale/internal/forecast"
)

// learnt is what has been learned of two days.
func learnt() forecast.Model {
	l := forecast.NewLearner(now().Add(-48 * time.Hour))
	for i := range 48 * 60 {
		l.Observe(1000 + 800*math.Sin(2*math.Pi*float64(i)/1440) + float64(i%7))
	}
	return l.Model()
}

// forecastOf is the item that a forecast is written as.
func forecastOf(t *testing.T, variant string, m forecast.Model) object {
	t.Helper()
	body, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return object{
		"pk": text("chat-llm"), "sk": text("forecast#" + variant), "forecast": text(string(body)),
		"schema": number("1"), "expires": number(strconv.FormatInt(m.Through.Unix()+14*86_400, 10)),
	}
}

func TestSaveForecast(t *testing.T) {
	s := serve(t, ok(object{}))
	if err := s.store().SaveForecast(bounded(t), "chat-llm", "AllTraffic", learnt()); err != nil {
		t.Fatal(err)
	}
	call := s.seen()[0]
	if call.target != "DynamoDB_20120810.PutItem" {
		t.Errorf("called %s", call.target)
	}
	check(t, "request", call.request, object{"TableName": "sagescale-state", "Item": forecastOf(t, "AllTraffic", learnt())})
	spoilt := learnt()
	spoilt.Mean = math.NaN()
	if err := s.store().SaveForecast(bounded(t), "chat-llm", "AllTraffic", spoilt); err == nil || len(s.seen()) != 1 {
		t.Errorf("%v: what is no number was written", err)
	}
}

func TestForecasts(t *testing.T) {
	s := serve(t, pageBefore(keyOf("forecast#a"), forecastOf(t, "a", learnt())), page(forecastOf(t, "b", learnt())))
	got, err := s.store().Forecasts(bounded(t), "chat-llm")
	if want := map[string]forecast.Model{"a": learnt(), "b": learnt()}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%d forecasts, %v", len(got), err)
	}
	calls := s.seen()
	if len(calls) != 2 || calls[0].target != "DynamoDB_20120810.Query" {
		t.Fatalf("%d calls", len(calls))
	}
	check(t, "request", calls[0].request, object{
		"TableName": "sagescale-state", "ConsistentRead": true,
		"KeyConditionExpression":    "#pk = :endpoint AND begins_with(#sk, :from)",
		"ExpressionAttributeNames":  object{"#pk": "pk", "#sk": "sk"},
		"ExpressionAttributeValues": object{":endpoint": text("chat-llm"), ":from": text("forecast#")},
	})
	none, err := serve(t, page()).store().Forecasts(bounded(t), "chat-llm")
	if err != nil || none == nil || len(none) != 0 {
		t.Errorf("of nothing: %v, %v", none, err)
	}
	if all, err := serve(t, fault(500, "InternalServerError")).store().Forecasts(bounded(t), "chat-llm"); err == nil || all != nil {
		t.Errorf("without an answer: %v, %v", all, err)
	}
}

// One that cannot be understood is told of, and the others are there.
func TestForecastsThatCannotBeUnderstood(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(object)
		want  string
	}{
		"a newer schema": {func(o object) { o["schema"] = number("2") }, "newer"},
		"no schema":      {func(o object) { delete(o, "schema") }, "schema"},
		"no forecast":    {func(o object) { delete(o, "forecast") }, "no string"},
		"no JSON":        {func(o object) { o["forecast"] = text("{") }, "unmarshal forecast"},
		"another form":   {func(o object) { o["forecast"] = text(`{"form": 9}`) }, "its form is 9"},
		"a wrong number": {func(o object) { o["forecast"] = text(`{"form": 1, "mean": -4}`) }, "numbers that no model has"},
		"no sort key":    {func(o object) { delete(o, "sk") }, "sk"},
	} {
		t.Run(name, func(t *testing.T) {
			item := forecastOf(t, "a", learnt())
			c.spoil(item)
			got, err := serve(t, page(item, forecastOf(t, "b", learnt()))).store().Forecasts(bounded(t), "chat-llm")
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "chat-llm") {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if _, there := got["b"]; len(got) != 1 || !there {
				t.Errorf("%d forecasts are there", len(got))
			}
		})
	}
}
