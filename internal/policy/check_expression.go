package policy

import (
	"slices"
	"strings"
)

// What AWS documents of metric math, in the CloudWatch User Guide and in the API
// models: the names of functions are in capital letters, ids begin with a small
// one, an id is unique in a call, an alarm takes 10 metrics beside its expression,
// an expression has 2048 characters at most and must make a single series for an
// alarm. An operator takes a missing value for 0 and drops a division by 0.
const (
	maxInputs     = 10 // of an alarm
	maxExpression = 2048
)

// foreign lists what would make several series (METRICS among them), or see more
// than the metrics of its own expression: those of the account (SEARCH; SELECT of
// Metrics Insights), or other sources.
func foreign() []string {
	return []string{
		"ANOMALY_DETECTION_BAND", "DB_PERF_INSIGHTS", "INSIGHT_RULE_METRIC", "LAMBDA", "METRICS",
		"REMOVE_EMPTY", "SEARCH", "SELECT", "SLICE", "SORT",
	}
}

// alone returns the one metric of CloudWatch that stands in the mapping itself.
func (m MetricSpec) alone() MetricInputSpec {
	return MetricInputSpec{Namespace: m.Namespace, MetricName: m.MetricName, Statistic: m.Statistic, Dimensions: m.Dimensions}
}

// identifier reports whether a token of an expression is the id of a metric, known
// or not.
func identifier(token string) bool { return 'a' <= token[0] && token[0] <= 'z' }

// notBeside notes the fields that stand beside an expression and exclude it.
func (f *faults) notBeside(path Path, m MetricInputSpec) {
	const rule = "excludes expression and metrics: a metric has either them or namespace, metricName, statistic and dimensions"
	for _, field := range []struct {
		name  string
		value *string
	}{{"namespace", m.Namespace}, {"metricName", m.MetricName}, {"statistic", m.Statistic}} {
		if field.value != nil {
			f.add(path.with(field.name), *field.value, rule)
		}
	}
	if m.Dimensions != nil {
		f.add(path.with("dimensions"), nil, rule)
	}
}

// expression checks an expression, its metrics, and that it uses each of them and
// no other.
func (f *faults) expression(path Path, m MetricSpec) {
	sound := f.inputs(path, m.Metrics)
	if !f.required(path, "expression", m.Expression != nil) {
		return
	}
	at, text := path.with("expression"), *m.Expression
	tokens := expressionToken.FindAllString(text, -1)
	switch {
	case len(text) > maxExpression || !printable.MatchString(text):
		f.add(at, text, "must be 1 to %d printable ASCII characters on one line", maxExpression)
		return
	case strings.Contains(text, `\`) || open(tokens[len(tokens)-1]):
		f.add(at, text, "has a string without an end, or a backslash, with which the end would be a guess")
		return
	}
	slices.Sort(tokens)
	tokens = slices.Compact(tokens)
	for _, token := range tokens {
		f.token(at, text, token)
	}
	if sound {
		f.calls(path, m, tokens)
	}
}

// open reports whether a token is a string without an end.
func open(token string) bool {
	first, last := token[0], token[len(token)-1]
	return (first == '"' || first == '\'') && (len(token) == 1 || first != last)
}

// inputs checks the metrics of an expression and reports whether their ids are
// sound.
func (f *faults) inputs(path Path, all []MetricInputSpec) bool {
	if f.required(path, "metrics", all != nil) && (len(all) < 1 || len(all) > maxInputs) {
		f.add(path.with("metrics"), len(all), "must be 1 to %d metrics, as in an alarm of CloudWatch", maxInputs)
	}
	sound := len(all) > 0
	first := map[string]int{}
	for i, in := range all {
		at := path.with("metrics", i)
		f.name(at, "id", in.ID, inputID, "must be a small letter and up to 254 letters, digits and underscores, as CloudWatch wants it")
		f.input(at, in)
		if in.ID == nil || !inputID.MatchString(*in.ID) {
			sound = false
			continue
		}
		if j, seen := first[*in.ID]; seen {
			f.add(at.with("id"), *in.ID, "is the id of another metric: %s", path.with("metrics", j))
			continue
		}
		first[*in.ID] = i
	}
	return sound
}

// token checks one part of an expression that is not the id of a metric.
func (f *faults) token(at Path, text, token string) {
	switch c := token[0]; {
	case slices.Contains(foreign(), token):
		f.add(at, text, "has %.80s, which sees more than the metrics of its expression or makes several series of them", token)
	case c == '_' || 'A' <= c && c <= 'Z' && strings.ToUpper(token) != token:
		f.add(at, text, "has %.80s: functions are in capital letters, ids begin with a small one", token)
	}
}

// calls checks that an expression uses all of its metrics and no other.
func (f *faults) calls(path Path, m MetricSpec, tokens []string) {
	var ids []string
	for i, in := range m.Metrics {
		ids = append(ids, *in.ID)
		if !slices.Contains(tokens, *in.ID) {
			at := path.with("metrics", i, "id")
			f.add(at, *in.ID, "is not used in expression").Related = []Path{path.with("expression")}
		}
	}
	for _, token := range tokens {
		if identifier(token) && !slices.Contains(ids, token) {
			at := path.with("expression")
			f.add(at, *m.Expression, "has %.80s, which is not the id of one of metrics", token).Related = []Path{path.with("metrics")}
		}
	}
}
