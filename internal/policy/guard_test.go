package policy_test

import (
	"math"
	"testing"
	"time"

	"sagescale/internal/policy"
)

// guard returns a valid scale-in guard, new each time.
func guard() policy.ScaleInGuardSpec {
	return policy.ScaleInGuardSpec{
		Metric: &policy.MetricSpec{
			Name: new("errors"), Namespace: new("AWS/SageMaker"), MetricName: new("Invocation5XXErrors"), Statistic: new("Average"),
		},
		Maximum: new(0.01),
	}
}

func TestRulesOfGuards(t *testing.T) {
	at := "targets[0].scaleInGuards[0]"
	one := func(change func(*policy.ScaleInGuardSpec)) func(*policy.Spec, *policy.TargetSpec) {
		return func(_ *policy.Spec, t *policy.TargetSpec) {
			g := guard()
			change(&g)
			t.ScaleInGuards = []policy.ScaleInGuardSpec{g}
		}
	}
	maximum := func(v float64) func(*policy.Spec, *policy.TargetSpec) {
		return one(func(g *policy.ScaleInGuardSpec) { g.Maximum = &v })
	}
	missing := func(v string) func(*policy.Spec, *policy.TargetSpec) {
		return one(func(g *policy.ScaleInGuardSpec) { g.TreatMissingData = &v })
	}
	checkRules(t, []rule{
		{"valid", one(func(*policy.ScaleInGuardSpec) {}), nil},
		{"none", func(_ *policy.Spec, t *policy.TargetSpec) { t.ScaleInGuards = []policy.ScaleInGuardSpec{} }, nil},
		{"empty", one(func(g *policy.ScaleInGuardSpec) { *g = policy.ScaleInGuardSpec{} }),
			[]string{at + ".metric: is required", at + ".maximum: is required"}},
		{"in the defaults", func(s *policy.Spec, _ *policy.TargetSpec) {
			s.Defaults = &policy.ScalingSpec{ScaleInGuards: []policy.ScaleInGuardSpec{guard(), {Metric: guard().Metric}}}
		}, []string{"defaults.scaleInGuards[1].maximum: is required"}},
		{"metric", one(func(g *policy.ScaleInGuardSpec) { g.Metric.Statistic = new("p99") }),
			[]string{at + `.metric.statistic: "p99": must be one of Average, Sum, Minimum, Maximum, SampleCount`}},
		{"predefined", one(func(g *policy.ScaleInGuardSpec) {
			g.Metric = &policy.MetricSpec{Predefined: policy.ConcurrentRequestsPerModel}
		}), nil},
		{"maximum 0", maximum(0), nil},
		{"maximum below 0", maximum(-1), []string{at + ".maximum: -1: must be 0 or more: a negative datapoint counts as missing"}},
		{"maximum NaN", maximum(math.NaN()), []string{at + ".maximum: NaN: must be a finite number"}},
		{"maximum infinite", maximum(math.Inf(1)), []string{at + ".maximum: +Inf: must be a finite number"}},
		{"missing holds", missing("breaching"), nil},
		{"missing is none", missing("notBreaching"), nil},
		{"missing is ignored", missing("ignore"), []string{at + `.treatMissingData: "ignore": must be one of breaching, notBreaching`}},
		{"missing is missing", missing("missing"), []string{at + `.treatMissingData: "missing": must be one of breaching, notBreaching`}},
		{"every guard", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.ScaleInGuards = []policy.ScaleInGuardSpec{guard(), {Metric: guard().Metric}, {Maximum: new(1.0)}}
		}, []string{"targets[0].scaleInGuards[1].maximum: is required", "targets[0].scaleInGuards[2].metric: is required"}},
	})
	checkWindow(t, at, func(t *policy.TargetSpec, m *policy.MetricSpec, w policy.WindowSpec) {
		t.ScaleInGuards = []policy.ScaleInGuardSpec{{Metric: m, Maximum: new(1.0), WindowSpec: w}}
	})
}

// checkWindow checks the rules for M of N that stand flat at a path; set writes
// them and their metric there.
func checkWindow(t *testing.T, at string, set func(*policy.TargetSpec, *policy.MetricSpec, policy.WindowSpec)) {
	t.Helper()
	window := func(period time.Duration, datapoints, periods *int) func(*policy.Spec, *policy.TargetSpec) {
		return func(_ *policy.Spec, t *policy.TargetSpec) {
			m := custom(func(m *policy.MetricSpec) { m.Period = duration(period) })[0].Metric
			set(t, m, policy.WindowSpec{Datapoints: datapoints, Periods: periods})
		}
	}
	const day, three = "CloudWatch looks back one day at most", "CloudWatch keeps datapoints of less than a minute for three hours"
	checkRules(t, []rule{
		{"default window", window(time.Minute, nil, nil), nil},
		{"window without datapoints", window(time.Minute, nil, new(3)), []string{at + ".datapoints: is required"}},
		{"window without periods", window(time.Minute, new(3), nil), []string{at + ".periods: is required"}},
		{"all datapoints", window(time.Minute, new(3), new(3)), nil},
		{"more datapoints than periods", window(time.Minute, new(4), new(3)), []string{at + ".datapoints: 4: must be from 1 to periods (3)"}},
		{"one datapoint", window(time.Minute, new(1), new(1)), nil},
		{"no datapoints", window(time.Minute, new(0), new(3)), []string{at + ".datapoints: 0: must be from 1 to periods (3)"}},
		{"no periods", window(time.Minute, new(1), new(0)), []string{at + ".periods: 0: must be from 1 to 1440: " + day}},
		{"a day", window(time.Minute, new(1), new(1440)), nil},
		{"beyond a day", window(time.Minute, new(1), new(1441)), []string{at + ".periods: 1441: must be from 1 to 1440: " + day}},
		{"a day of hours", window(time.Hour, new(24), new(24)), nil},
		{"beyond a day of hours", window(time.Hour, new(1), new(25)), []string{at + ".periods: 25: must be from 1 to 24: " + day}},
		{"105 minutes of 30 s", window(30*time.Second, new(1), new(210)), nil},
		{"more of 30 s", window(30*time.Second, new(1), new(211)), []string{at + ".periods: 211: must be from 1 to 210: " + three}},
		{"without a metric it is of minutes", func(_ *policy.Spec, t *policy.TargetSpec) {
			set(t, nil, policy.WindowSpec{Datapoints: new(1), Periods: new(1441)})
		}, []string{at + ".metric: is required", at + ".periods: 1441: must be from 1 to 1440: " + day}},
		{"of a predefined metric", func(_ *policy.Spec, t *policy.TargetSpec) {
			set(t, &policy.MetricSpec{Predefined: policy.ConcurrentRequestsPerModel}, policy.WindowSpec{Datapoints: new(1), Periods: new(631)})
		}, []string{at + ".periods: 631: must be from 1 to 630: " + three}},
	})
	s := base()
	window(time.Minute, new(1), new(1441))(&s, &s.Targets[0])
	checkRelated(t, s, at+".metric.period")
}
