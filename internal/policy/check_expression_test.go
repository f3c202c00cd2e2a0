package policy_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"sagescale/internal/policy"
)

// input returns a metric of an expression.
func input(id string) policy.MetricInputSpec {
	return policy.MetricInputSpec{ID: &id, Namespace: new("AWS/SageMaker"), MetricName: new("Invocation5XXErrors"), Statistic: new("Sum")}
}

// computed returns a target tracking of an expression.
func computed(change func(*policy.MetricSpec)) []policy.TargetTrackingSpec {
	m := policy.MetricSpec{
		Name: new("error-rate"), Expression: new("errors / FILL(requests, 1)"),
		Metrics: []policy.MetricInputSpec{input("errors"), input("requests")},
	}
	change(&m)
	return []policy.TargetTrackingSpec{{Metric: &m, TargetValue: new(60.0)}}
}

// inputChanges make another metric of the one that computed returns.
func inputChanges() map[string]func(*policy.MetricSpec) {
	return map[string]func(*policy.MetricSpec){
		"text": func(m *policy.MetricSpec) { m.Expression = new("errors / requests") },
		"id": func(m *policy.MetricSpec) {
			m.Expression, m.Metrics[1].ID = new("errors / FILL(all, 1)"), new("all")
		},
		"namespace":  func(m *policy.MetricSpec) { m.Metrics[0].Namespace = new("x") },
		"metricName": func(m *policy.MetricSpec) { m.Metrics[0].MetricName = new("x") },
		"statistic":  func(m *policy.MetricSpec) { m.Metrics[0].Statistic = new("Average") },
		"dimensions": func(m *policy.MetricSpec) { m.Metrics[0].Dimensions = map[string]string{} },
		"one metric more": func(m *policy.MetricSpec) {
			m.Expression, m.Metrics = new(*m.Expression+"+more"), append(m.Metrics, input("more"))
		},
	}
}

func TestRulesOfMetricsWithAnExpression(t *testing.T) {
	at := "targets[0].targetTracking[0].metric"
	change := func(change func(*policy.MetricSpec)) func(*policy.Spec, *policy.TargetSpec) {
		return func(_ *policy.Spec, t *policy.TargetSpec) { t.TargetTracking = computed(change) }
	}
	const excludes = "excludes expression and metrics: a metric has either them or namespace, metricName, statistic and dimensions"
	const ids = "must be a small letter and up to 254 letters, digits and underscores, as CloudWatch wants it"
	metrics := func(n int) func(*policy.MetricSpec) {
		return func(m *policy.MetricSpec) {
			var all []string
			m.Metrics = nil
			for i := range n {
				id := fmt.Sprintf("a%d", i)
				all, m.Metrics = append(all, id), append(m.Metrics, input(id))
			}
			m.Expression = new(strings.Join(all, "+"))
		}
	}
	checkRules(t, []rule{
		{"none broken", change(same), nil},
		{"10 metrics", change(metrics(10)), nil},
		{"11 metrics", change(metrics(11)), []string{at + ".metrics: 11: must be 1 to 10 metrics, as in an alarm of CloudWatch"}},
		{"an empty list", change(func(m *policy.MetricSpec) { m.Metrics = []policy.MetricInputSpec{} }),
			[]string{at + ".metrics: 0: must be 1 to 10 metrics, as in an alarm of CloudWatch"}},
		{"no metrics", change(func(m *policy.MetricSpec) { m.Metrics = nil }), []string{at + ".metrics: is required"}},
		{"no expression", change(func(m *policy.MetricSpec) { m.Expression = nil }), []string{at + ".expression: is required"}},
		{"both", change(func(m *policy.MetricSpec) {
			m.Namespace, m.MetricName, m.Statistic = new("n"), new("m"), new("Mean")
			m.Dimensions = map[string]string{}
		}), []string{
			at + `.namespace: "n": ` + excludes, at + `.metricName: "m": ` + excludes,
			at + `.statistic: "Mean": ` + excludes, at + ".dimensions: " + excludes,
		}},
		{"a statistic beside metrics alone", change(func(m *policy.MetricSpec) { m.Statistic, m.Expression = new("Sum"), nil }),
			[]string{at + `.statistic: "Sum": ` + excludes, at + ".expression: is required"}},
		{"no fields of a metric", change(func(m *policy.MetricSpec) { m.Metrics[1] = policy.MetricInputSpec{} }), []string{
			at + ".metrics[1].id: is required", at + ".metrics[1].namespace: is required",
			at + ".metrics[1].metricName: is required", at + ".metrics[1].statistic: is required",
		}},
		{"rules of a metric alone", change(func(m *policy.MetricSpec) {
			in := &m.Metrics[0]
			in.Namespace, in.MetricName, in.Statistic = new(":n"), new(""), new("p99")
			in.Dimensions = map[string]string{"a": " "}
		}), []string{
			at + `.metrics[0].namespace: ":n": must be 1 to 255 printable ASCII characters, the first no blank and no colon, as CloudWatch wants it`,
			at + `.metrics[0].metricName: "": must be 1 to 255 printable ASCII characters, the first no blank and no colon, as CloudWatch wants it`,
			at + `.metrics[0].statistic: "p99": must be one of Average, Sum, Minimum, Maximum, SampleCount`,
			at + `.metrics[0].dimensions.a: " ": must be 1 to 1024 printable ASCII characters and not blank`,
		}},
		{"statistics of SageMaker's metrics", change(func(m *policy.MetricSpec) {
			m.Metrics[1].MetricName, m.Metrics[1].Statistic = new("Invocations"), new("Average")
		}), []string{at + `.metrics[1].statistic: "Average": must be Sum for Invocations`}},
		{"an id twice", change(func(m *policy.MetricSpec) { m.Expression, m.Metrics[1].ID = new("errors"), new("errors") }),
			[]string{at + `.metrics[1].id: "errors": is the id of another metric: ` + at + ".metrics[0]"}},
		{"an id three times", change(func(m *policy.MetricSpec) {
			m.Expression, m.Metrics = new("a"), []policy.MetricInputSpec{input("a"), input("a"), input("a")}
		}), []string{
			at + `.metrics[1].id: "a": is the id of another metric: ` + at + ".metrics[0]",
			at + `.metrics[2].id: "a": is the id of another metric: ` + at + ".metrics[0]",
		}},
		{"one metric, which is not used", change(func(m *policy.MetricSpec) {
			m.Expression, m.Metrics = new("b"), []policy.MetricInputSpec{input("a")}
		}), []string{
			at + `.metrics[0].id: "a": is not used in expression`,
			at + `.expression: "b": has b, which is not the id of one of metrics`,
		}},
		{"ids that CloudWatch refuses", change(func(m *policy.MetricSpec) {
			m.Metrics = append(m.Metrics, input(""), input("1st"), input("Errors"), input("a-b"), input("_a"), input(strings.Repeat("x", 256)))
		}), []string{
			at + `.metrics[2].id: "": ` + ids, at + `.metrics[3].id: "1st": ` + ids, at + `.metrics[4].id: "Errors": ` + ids,
			at + `.metrics[5].id: "a-b": ` + ids, at + `.metrics[6].id: "_a": ` + ids,
			at + `.metrics[7].id: "` + strings.Repeat("x", 80) + `": ` + ids,
		}},
		{"the longest id", change(func(m *policy.MetricSpec) {
			id := strings.Repeat("x", 255)
			m.Expression, m.Metrics = &id, []policy.MetricInputSpec{input(id)}
		}), nil},
		{"period and devices are those of all", change(func(m *policy.MetricSpec) { m.Period, m.Devices = duration(1), new(0) }), []string{
			at + `.period: "1ns": must be 10s, 30s or whole minutes up to 1h`,
			at + ".devices: 0: must be a whole number from 1 to 1024",
		}},
	})
}

// TestRulesOfExpressions: an expression makes one series of its own metrics.
func TestRulesOfExpressions(t *testing.T) {
	at := "targets[0].targetTracking[0].metric.expression: "
	const (
		length = "must be 1 to 2048 printable ASCII characters on one line"
		quotes = "has a string without an end, or a backslash, with which the end would be a guess"
		sees   = ", which sees more than the metrics of its expression or makes several series of them"
		words  = ": functions are in capital letters, ids begin with a small one"
		id     = ", which is not the id of one of metrics"
	)
	for _, c := range []struct {
		expression string // of the metrics a and b
		want       []string
	}{
		{"a + b", nil},
		{"a/b*100", nil},
		{"SUM([a, b])", nil},
		{"IF(a >= 1.5e3 && HOUR(b) != 2, -a ^ 2, FILL(b, REPEAT))", nil},
		{"LOG10(a) || MAX([a,b])", nil},
		{`a + b + "x.search y" + 'it"s METRICS()'`, nil},
		{`a + b + "it's"`, nil},
		{"a + b" + strings.Repeat(" ", 2043), nil},
		{"a + b" + strings.Repeat(" ", 2044), []string{length}},
		{"", []string{length}},
		{"a +\nb", []string{length}},
		{"a + b + é", []string{length}},
		{"a + b + 'x", []string{quotes}},
		{`a + b + "`, []string{quotes}},
		{`a + b + 'it\'s'`, []string{quotes}},
		{`a \ b`, []string{quotes}},
		{"a + c + b + c", []string{"has c" + id}},
		{"a + b + aa + b1", []string{"has aa" + id, "has b1" + id}},
		{"a and b", []string{"has and" + id}},
		{"a + b + z", []string{"has z" + id}},
		{"Avg(a) + Zero(b)", []string{"has Avg" + words, "has Zero" + words}},
		{"Fill(a, 0) + Bytes + b", []string{"has Bytes" + words, "has Fill" + words}},
		{"a + _b + b", []string{"has _b" + words}},
		{"SUM(METRICS()) + a + b", []string{"has METRICS" + sees}},
		{"SEARCH('{AWS/SageMaker}', 'Sum') + a + b", []string{"has SEARCH" + sees}},
		{"SORT(SLICE([a, b], 0, 1), AVG, ASC)", []string{"has SLICE" + sees, "has SORT" + sees}},
		{strings.Repeat("a+", 1023) + "b", nil},
	} {
		var want []string
		for _, rule := range c.want {
			text := fmt.Sprintf("%.80q: ", c.expression)
			want = append(want, at+text+rule)
		}
		checkRules(t, []rule{{c.expression, func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking = computed(func(m *policy.MetricSpec) {
				m.Expression, m.Metrics = &c.expression, []policy.MetricInputSpec{input("a"), input("b")}
			})
		}, want}})
	}
	for _, name := range []string{"ANOMALY_DETECTION_BAND", "DB_PERF_INSIGHTS", "INSIGHT_RULE_METRIC", "LAMBDA", "REMOVE_EMPTY", "SELECT"} {
		expression := name + "(errors) / requests"
		checkRules(t, []rule{{name, func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking = computed(func(m *policy.MetricSpec) { m.Expression = &expression })
		}, []string{at + `"` + expression + `": has ` + name + sees}}})
	}
}

// TestUnusedMetricsOfExpressions: a metric that is not used is a mistake, and one
// in a string is not used.
func TestUnusedMetricsOfExpressions(t *testing.T) {
	at := "targets[0].targetTracking[0].metric"
	unused := `.metrics[1].id: "requests": is not used in expression`
	for _, expression := range []string{"errors", "errors + 'requests'", `errors + "requests"`, "errors + REQUESTS", "errors + 1requests"} {
		s := base()
		s.Targets[0].TargetTracking = computed(func(m *policy.MetricSpec) { m.Expression = &expression })
		_, faults := policy.Compile(s)
		if got := lines(faults); len(got) != 1 || got[0] != at+unused {
			t.Errorf("%s: %v", expression, got)
		}
		checkRelated(t, s, at+".expression")
	}
	s := base()
	s.Targets[0].TargetTracking = computed(func(m *policy.MetricSpec) { m.Expression = new(*m.Expression + "+ c") })
	checkRelated(t, s, at+".metrics")
	s.Targets[0].TargetTracking = custom(func(m *policy.MetricSpec) { m.Statistic = nil })
	checkRelated(t, s, at+".expression", at+".metrics")
	s.Targets[0].TargetTracking = custom(func(m *policy.MetricSpec) { *m = policy.MetricSpec{Name: m.Name} })
	checkRelated(t, s, at+".expression", at+".metrics", at+".namespace", at+".metricName", at+".statistic", at+".dimensions")
}

// TestExpression: inputs are in the order of their ids, and their dimensions are
// those of the variant unless they have their own.
func TestExpression(t *testing.T) {
	s := base()
	s.Targets[0].TargetTracking = append(custom(same), computed(func(m *policy.MetricSpec) {
		m.Metrics[0], m.Metrics[1] = m.Metrics[1], m.Metrics[0]
		m.Metrics[1].Dimensions = map[string]string{"b": "2", "c": "3", "a": "1"}
		m.Devices = new(2)
	})...)
	got := mustCompile(t, s).Targets[0].TargetTracking
	if got[0].Metric.Computed() || !got[1].Metric.Computed() {
		t.Error("the second metric is computed, and no other")
	}
	rate := got[1].Metric
	want := policy.Metric{
		Name: "error-rate", Period: policy.DefaultPeriod, Devices: 2, Expression: "errors / FILL(requests, 1)",
		Inputs: []policy.MetricInput{
			{ID: "errors", Namespace: "AWS/SageMaker", MetricName: "Invocation5XXErrors", Statistic: "Sum",
				Dimensions: []policy.Dimension{{Name: "a", Value: "1"}, {Name: "b", Value: "2"}, {Name: "c", Value: "3"}}},
			{ID: "requests", Namespace: "AWS/SageMaker", MetricName: "Invocation5XXErrors", Statistic: "Sum",
				Dimensions: []policy.Dimension{{Name: "EndpointName", Value: "chat-llm"}, {Name: "VariantName", Value: "AllTraffic"}}},
		},
	}
	if !reflect.DeepEqual(rate, want) {
		t.Errorf("got  %+v\nwant %+v", rate, want)
	}
	if rate.Predefined() || !reflect.DeepEqual(rate.Measured(), rate) || rate.PerDevice(3) != 1.5 {
		t.Errorf("%+v is measured by %+v, %v for a device", rate, rate.Measured(), rate.PerDevice(3))
	}
}
