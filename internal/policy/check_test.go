package policy_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"sagescale/internal/policy"
)

// base returns a valid policy of one target, new each time.
func base() policy.Spec {
	return policy.Spec{Version: new(1), Targets: []policy.TargetSpec{{
		Endpoint: new("chat-llm"),
		Variant:  new("AllTraffic"),
		ScalingSpec: policy.ScalingSpec{
			MinCapacity:    new(1),
			MaxCapacity:    new(8),
			TargetTracking: []policy.TargetTrackingSpec{tracking(policy.InvocationsPerInstance)},
		},
	}}}
}

func tracking(predefined string) policy.TargetTrackingSpec {
	return policy.TargetTrackingSpec{Metric: &policy.MetricSpec{Predefined: predefined}, TargetValue: new(700.0)}
}

// custom returns a target tracking of a metric of the user's.
func custom(change func(*policy.MetricSpec)) []policy.TargetTrackingSpec {
	m := policy.MetricSpec{
		Name: new("gpu"), Namespace: new("/aws/sagemaker/Endpoints"),
		MetricName: new("GPUUtilization"), Statistic: new("Average"),
	}
	change(&m)
	return []policy.TargetTrackingSpec{{Metric: &m, TargetValue: new(60.0)}}
}

func duration(d time.Duration) *policy.Duration { return new(policy.Duration(d)) }

// action returns a valid scheduled action with a change.
func action(name string, change func(*policy.ScheduledActionSpec)) policy.ScheduledActionSpec {
	a := policy.ScheduledActionSpec{Name: &name, Schedule: new("rate(1 day)"), MinCapacity: new(2), MaxCapacity: new(4)}
	change(&a)
	return a
}

func unchanged(*policy.ScheduledActionSpec) {}

// rule is a change to the base policy that breaks the rules in want.
type rule struct {
	name   string
	change func(s *policy.Spec, t *policy.TargetSpec)
	want   []string
}

func checkRules(t *testing.T, rules []rule) {
	t.Helper()
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			s := base()
			r.change(&s, &s.Targets[0])
			p, faults := policy.Compile(s)
			if (p == nil) != (faults != nil) {
				t.Errorf("policy %v with faults %v", p, faults)
			}
			if got := lines(faults); !slices.Equal(got, r.want) {
				t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(r.want, "\n"))
			}
		})
	}
}

// checkRelated checks which other fields the one fault of s depends on.
func checkRelated(t *testing.T, s policy.Spec, want ...string) {
	t.Helper()
	_, faults := policy.Compile(s)
	if len(faults) != 1 {
		t.Fatalf("faults %v, want one", faults)
	}
	var got []string
	for _, path := range faults[0].Related {
		got = append(got, path.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: related %v, want %v", faults[0], got, want)
	}
}

func lines(faults []policy.Fault) []string {
	var out []string
	for _, f := range faults {
		out = append(out, f.String())
	}
	return out
}

// Faults: G1
func TestRulesOfThePolicy(t *testing.T) {
	checkRules(t, []rule{
		{"none broken", func(*policy.Spec, *policy.TargetSpec) {}, nil},
		{"no version", func(s *policy.Spec, _ *policy.TargetSpec) { s.Version = nil }, []string{"version: is required"}},
		{"version", func(s *policy.Spec, _ *policy.TargetSpec) { s.Version = new(2) }, []string{"version: 2: must be 1"}},
		{"no targets", func(s *policy.Spec, _ *policy.TargetSpec) { s.Targets = nil },
			[]string{"targets: must list at least one target"}},
		{"target twice", func(s *policy.Spec, _ *policy.TargetSpec) { s.Targets = append(s.Targets, s.Targets[0]) },
			[]string{`targets[1]: "chat-llm/AllTraffic": is a target already: targets[0]`}},
		{"target twice, in other letters", func(s *policy.Spec, _ *policy.TargetSpec) {
			again := s.Targets[0]
			again.Endpoint = new("Chat-LLM")
			s.Targets = append(s.Targets, again)
		}, []string{`targets[1]: "Chat-LLM/AllTraffic": is a target already: targets[0]`}},
		{"target three times", func(s *policy.Spec, _ *policy.TargetSpec) {
			s.Targets = append(s.Targets, s.Targets[0], s.Targets[0])
		}, []string{
			`targets[1]: "chat-llm/AllTraffic": is a target already: targets[0]`,
			`targets[2]: "chat-llm/AllTraffic": is a target already: targets[0]`,
		}},
		{"two without a name are not the same", func(s *policy.Spec, t *policy.TargetSpec) {
			t.Endpoint = nil
			s.Targets = append(s.Targets, *t)
		}, []string{"targets[0].endpoint: is required", "targets[1].endpoint: is required"}},
		{"defaults are checked", func(s *policy.Spec, _ *policy.TargetSpec) {
			s.Defaults = &policy.ScalingSpec{MaxCapacity: new(0), ScaleInCooldown: duration(-time.Second)}
		}, []string{
			"defaults.maxCapacity: 0: must be a whole number from 1 to 2147483647",
			`defaults.scaleInCooldown: "-1s": must be whole seconds from 0s to 24h`,
		}},
		{"limits of defaults", func(s *policy.Spec, _ *policy.TargetSpec) {
			s.Defaults = &policy.ScalingSpec{MinCapacity: new(5), MaxCapacity: new(4)}
		}, []string{"defaults.minCapacity: 5: must be at most maxCapacity (4)"}},
		{"limits of defaults meet", func(s *policy.Spec, _ *policy.TargetSpec) {
			s.Defaults = &policy.ScalingSpec{MinCapacity: new(4), MaxCapacity: new(4)}
		}, nil},
		{"time beyond JSON", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.ScheduledActions = []policy.ScheduledActionSpec{action("a", func(a *policy.ScheduledActionSpec) {
				a.EndTime = new(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))
			})}
		}, []string{": marshal policy: json: error calling MarshalJSON for type time.Time: " +
			"Time.MarshalJSON: year outside of range [0,9999]"}},
	})
}

// Faults: G1
func TestRulesOfATarget(t *testing.T) {
	const name = "must be 1 to 63 letters, digits and inner hyphens, as SageMaker names endpoints and variants"
	checkRules(t, []rule{
		{"no names", func(_ *policy.Spec, t *policy.TargetSpec) { t.Endpoint, t.Variant = nil, nil },
			[]string{"targets[0].endpoint: is required", "targets[0].variant: is required"}},
		{"names", func(_ *policy.Spec, t *policy.TargetSpec) { t.Endpoint, t.Variant = new("a_b"), new("-a") },
			[]string{`targets[0].endpoint: "a_b": ` + name, `targets[0].variant: "-a": ` + name}},
		{"names of every length", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.Endpoint, t.Variant = new("a"), new("b"+strings.Repeat("-", 61)+"c")
		}, nil},
		{"names too long", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.Endpoint, t.Variant = new(""), new("b"+strings.Repeat("-", 62)+"c")
		}, []string{
			`targets[0].endpoint: "": ` + name,
			`targets[0].variant: "b` + strings.Repeat("-", 62) + `c": ` + name,
		}},
		{"no limits", func(_ *policy.Spec, t *policy.TargetSpec) { t.MinCapacity, t.MaxCapacity = nil, nil },
			[]string{"targets[0].minCapacity: is required", "targets[0].maxCapacity: is required"}},
		{"no minimum", func(_ *policy.Spec, t *policy.TargetSpec) { t.MinCapacity = nil }, []string{"targets[0].minCapacity: is required"}},
		{"no maximum", func(_ *policy.Spec, t *policy.TargetSpec) { t.MaxCapacity = nil }, []string{"targets[0].maxCapacity: is required"}},
		{"limits meet", func(_ *policy.Spec, t *policy.TargetSpec) { t.MinCapacity = new(8) }, nil},
		{"limits", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.MinCapacity, t.MaxCapacity = new(0), new(math.MaxInt32+1)
		}, []string{
			"targets[0].minCapacity: 0: must be a whole number from 1 to 2147483647",
			"targets[0].maxCapacity: 2147483648: must be a whole number from 1 to 2147483647",
		}},
		{"limits crossed", func(_ *policy.Spec, t *policy.TargetSpec) { t.MinCapacity = new(9) },
			[]string{"targets[0].minCapacity: 9: must be at most maxCapacity (8)"}},
		{"limits crossed by the default", func(s *policy.Spec, t *policy.TargetSpec) {
			s.Defaults, t.MinCapacity = &policy.ScalingSpec{MinCapacity: new(9)}, nil
		}, []string{"targets[0].maxCapacity: 8: must be at least minCapacity (9)"}},
		{"cooldowns", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.ScaleOutCooldown, t.ScaleInCooldown = duration(1500*time.Millisecond), duration(24*time.Hour+time.Second)
		}, []string{
			`targets[0].scaleOutCooldown: "1.5s": must be whole seconds from 0s to 24h`,
			`targets[0].scaleInCooldown: "24h0m1s": must be whole seconds from 0s to 24h`,
		}},
		{"longest cooldown and none", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.ScaleOutCooldown, t.ScaleInCooldown = duration(0), duration(24*time.Hour)
		}, nil},
	})
}

// TestRelatedOfLimits: a fault of limits depends on every field that they may
// come from.
func TestRelatedOfLimits(t *testing.T) {
	all := []string{"targets[0].minCapacity", "targets[0].maxCapacity", "defaults.minCapacity", "defaults.maxCapacity"}
	defaults := func(low, high *int) *policy.ScalingSpec {
		return &policy.ScalingSpec{MinCapacity: low, MaxCapacity: high}
	}
	for name, c := range map[string]struct {
		change func(s *policy.Spec, t *policy.TargetSpec)
		want   []string
	}{
		"no minimum":            {func(_ *policy.Spec, t *policy.TargetSpec) { t.MinCapacity = nil }, []string{"defaults.minCapacity"}},
		"no maximum":            {func(_ *policy.Spec, t *policy.TargetSpec) { t.MaxCapacity = nil }, []string{"defaults.maxCapacity"}},
		"crossed":               {func(_ *policy.Spec, t *policy.TargetSpec) { t.MinCapacity = new(9) }, all},
		"crossed by the target": {func(s *policy.Spec, t *policy.TargetSpec) { s.Defaults, t.MinCapacity = defaults(new(9), nil), nil }, all},
		"an action of a minimum": {actions(action("a", func(a *policy.ScheduledActionSpec) { a.MinCapacity, a.MaxCapacity = new(9), nil })),
			append(all, "targets[0].scheduledActions[0].maxCapacity")},
		"an action of a maximum": {func(s *policy.Spec, t *policy.TargetSpec) {
			t.MinCapacity = new(5)
			actions(action("a", func(a *policy.ScheduledActionSpec) { a.MinCapacity = nil }))(s, t)
		}, append(all, "targets[0].scheduledActions[0].minCapacity")},
	} {
		t.Run(name, func(t *testing.T) {
			s := base()
			c.change(&s, &s.Targets[0])
			checkRelated(t, s, c.want...)
		})
	}
}

func TestRulesOfTargetTracking(t *testing.T) {
	share := "must be above 0 and at most 1, a share of targetValue"
	at := "targets[0].targetTracking[0]"
	change := func(change func(*policy.TargetTrackingSpec)) func(*policy.Spec, *policy.TargetSpec) {
		return func(_ *policy.Spec, t *policy.TargetSpec) { change(&t.TargetTracking[0]) }
	}
	window := func(datapoints, periods *int) *policy.WindowSpec {
		return &policy.WindowSpec{Datapoints: datapoints, Periods: periods}
	}
	threshold := func(v float64) func(*policy.Spec, *policy.TargetSpec) {
		return change(func(t *policy.TargetTrackingSpec) { t.ScaleIn = &policy.ScaleInSpec{Threshold: &v} })
	}
	value := func(v float64) func(*policy.Spec, *policy.TargetSpec) {
		return change(func(t *policy.TargetTrackingSpec) { t.TargetValue = &v })
	}
	checkRules(t, []rule{
		{"empty", change(func(t *policy.TargetTrackingSpec) { *t = policy.TargetTrackingSpec{} }),
			[]string{at + ".metric: is required", at + ".targetValue: is required"}},
		{"zero", value(0), []string{at + ".targetValue: 0: must be a finite number above 0"}},
		{"negative", value(-0.1), []string{at + ".targetValue: -0.1: must be a finite number above 0"}},
		{"NaN", value(math.NaN()), []string{at + ".targetValue: NaN: must be a finite number above 0"}},
		{"infinite", value(math.Inf(1)), []string{at + ".targetValue: +Inf: must be a finite number above 0"}},
		{"threshold 0", threshold(0), []string{at + ".scaleIn.threshold: 0: " + share}},
		{"threshold 1.1", threshold(1.1), []string{at + ".scaleIn.threshold: 1.1: " + share}},
		{"threshold NaN", threshold(math.NaN()), []string{at + ".scaleIn.threshold: NaN: " + share}},
		{"threshold 1", threshold(1), nil},
		{"window without datapoints", change(func(t *policy.TargetTrackingSpec) { t.ScaleOut = window(nil, new(3)) }),
			[]string{at + ".scaleOut.datapoints: is required"}},
		{"window without periods", change(func(t *policy.TargetTrackingSpec) { t.ScaleOut = window(new(3), nil) }),
			[]string{at + ".scaleOut.periods: is required"}},
		{"empty window", change(func(t *policy.TargetTrackingSpec) { t.ScaleOut = window(nil, nil) }), nil},
		{"more datapoints than periods", change(func(t *policy.TargetTrackingSpec) { t.ScaleOut = window(new(4), new(3)) }),
			[]string{at + ".scaleOut.datapoints: 4: must be from 1 to periods (3)"}},
		{"no datapoints", change(func(t *policy.TargetTrackingSpec) { t.ScaleOut = window(new(0), new(3)) }),
			[]string{at + ".scaleOut.datapoints: 0: must be from 1 to periods (3)"}},
		{"no periods", change(func(t *policy.TargetTrackingSpec) { t.ScaleOut = window(new(1), new(0)) }),
			[]string{at + ".scaleOut.periods: 0: must be from 1 to 1440: CloudWatch looks back one day at most"}},
		{"beyond a day in", change(func(t *policy.TargetTrackingSpec) {
			t.ScaleIn = &policy.ScaleInSpec{WindowSpec: *window(new(1), new(1441))}
		}), []string{at + ".scaleIn.periods: 1441: must be from 1 to 1440: CloudWatch looks back one day at most"}},
		{"a day", change(func(t *policy.TargetTrackingSpec) { t.ScaleOut = window(new(1), new(1440)) }), nil},
		{"105 minutes of 10 s", change(func(t *policy.TargetTrackingSpec) {
			t.Metric.Predefined, t.ScaleOut = policy.ConcurrentRequestsPerModel, window(new(1), new(630))
		}), nil},
		{"more of 10 s", change(func(t *policy.TargetTrackingSpec) {
			t.Metric.Predefined, t.ScaleOut = policy.ConcurrentRequestsPerModel, window(new(1), new(631))
		}), []string{at + ".scaleOut.periods: 631: must be from 1 to 630: CloudWatch keeps datapoints of less than a minute for three hours"}},
		{"a day of hours", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking = custom(func(m *policy.MetricSpec) { m.Period = duration(time.Hour) })
			t.TargetTracking[0].ScaleOut = window(new(1), new(25))
		}, []string{at + ".scaleOut.periods: 25: must be from 1 to 24: CloudWatch looks back one day at most"}},
		{"cooldowns", change(func(t *policy.TargetTrackingSpec) {
			t.ScaleOutCooldown, t.ScaleInCooldown = duration(-time.Second), duration(24*time.Hour+time.Second)
		}), []string{
			at + `.scaleOutCooldown: "-1s": must be whole seconds from 0s to 24h`,
			at + `.scaleInCooldown: "24h0m1s": must be whole seconds from 0s to 24h`,
		}},
		{"cooldowns the other way round", change(func(t *policy.TargetTrackingSpec) {
			t.ScaleOutCooldown, t.ScaleInCooldown = duration(24*time.Hour+time.Second), duration(-time.Second)
		}), []string{
			at + `.scaleOutCooldown: "24h0m1s": must be whole seconds from 0s to 24h`,
			at + `.scaleInCooldown: "-1s": must be whole seconds from 0s to 24h`,
		}},
		{"longest cooldown and none", change(func(t *policy.TargetTrackingSpec) {
			t.ScaleOutCooldown, t.ScaleInCooldown = duration(24*time.Hour), duration(0)
		}), nil},
		{"none and longest cooldown", change(func(t *policy.TargetTrackingSpec) {
			t.ScaleOutCooldown, t.ScaleInCooldown = duration(0), duration(24*time.Hour)
		}), nil},
		{"without a say in scale-ins", change(func(t *policy.TargetTrackingSpec) { t.DisableScaleIn = new(true) }), nil},
		{"metric twice", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking = append(t.TargetTracking, t.TargetTracking[0])
		}, []string{`targets[0].targetTracking[1].metric: "InvocationsPerInstance": has a policy already: ` + at}},
		{"name twice", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking = append(custom(func(*policy.MetricSpec) {}), custom(func(*policy.MetricSpec) {})...)
		}, []string{`targets[0].targetTracking[1].metric: "gpu": has a policy already: ` + at}},
		{"name three times", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking = slices.Repeat(custom(func(*policy.MetricSpec) {}), 3)
		}, []string{
			`targets[0].targetTracking[1].metric: "gpu": has a policy already: ` + at,
			`targets[0].targetTracking[2].metric: "gpu": has a policy already: ` + at,
		}},
		{"two without a name are not the same", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking = slices.Repeat(custom(func(m *policy.MetricSpec) { m.Name = nil }), 2)
		}, []string{at + ".metric.name: is required", "targets[0].targetTracking[1].metric.name: is required"}},
	})
}

func TestRulesOfMetrics(t *testing.T) {
	at := "targets[0].targetTracking[0].metric"
	change := func(change func(*policy.MetricSpec)) func(*policy.Spec, *policy.TargetSpec) {
		return func(_ *policy.Spec, t *policy.TargetSpec) { t.TargetTracking = custom(change) }
	}
	period := func(d time.Duration) func(*policy.Spec, *policy.TargetSpec) {
		return change(func(m *policy.MetricSpec) { m.Period = duration(d) })
	}
	dimensions := func(d map[string]string) func(*policy.Spec, *policy.TargetSpec) {
		return change(func(m *policy.MetricSpec) { m.Dimensions = d })
	}
	long := strings.Repeat("x", 256)
	many := map[string]string{}
	for i := range 31 {
		many[fmt.Sprint("d", i)] = "x"
	}
	most := maps.Clone(many)
	delete(most, "d0")
	rules := []rule{
		{"predefined", func(_ *policy.Spec, t *policy.TargetSpec) { t.TargetTracking[0].Metric.Predefined = "Latency" },
			[]string{at + `: "Latency": must be one of InvocationsPerInstance, ConcurrentRequestsPerModel`}},
		{"empty", change(func(m *policy.MetricSpec) { *m = policy.MetricSpec{} }), []string{
			at + ".name: is required", at + ": must have namespace, metricName and statistic, or expression and metrics",
		}},
		{"a name and dimensions", change(func(m *policy.MetricSpec) {
			*m = policy.MetricSpec{Name: new("x"), Dimensions: map[string]string{}}
		}), []string{at + ".namespace: is required", at + ".metricName: is required", at + ".statistic: is required"}},
		{"name", change(func(m *policy.MetricSpec) { m.Name = new("1st") }),
			[]string{at + `.name: "1st": must be a letter and up to 254 letters, digits, dots, hyphens and underscores`}},
		{"no namespace", change(func(m *policy.MetricSpec) { m.Namespace = new("") }),
			[]string{at + `.namespace: "": must be 1 to 255 printable ASCII characters, the first no blank and no colon, as CloudWatch wants it`}},
		{"a namespace that CloudWatch refuses", change(func(m *policy.MetricSpec) { m.Namespace = new(":bad") }),
			[]string{at + `.namespace: ":bad": must be 1 to 255 printable ASCII characters, the first no blank and no colon, as CloudWatch wants it`}},
		{"a metric that CloudWatch refuses", change(func(m *policy.MetricSpec) { m.MetricName = new("é") }),
			[]string{at + `.metricName: "é": must be 1 to 255 printable ASCII characters, the first no blank and no colon, as CloudWatch wants it`}},
		{"a blank dimension", dimensions(map[string]string{"a": "  "}),
			[]string{at + `.dimensions.a: "  ": must be 1 to 1024 printable ASCII characters and not blank`}},
		{"long name", change(func(m *policy.MetricSpec) { m.MetricName = &long }),
			[]string{at + `.metricName: "` + long[:80] + `": must be 1 to 255 printable ASCII characters, the first no blank and no colon, as CloudWatch wants it`}},
		{"statistic", change(func(m *policy.MetricSpec) { m.Statistic = new("p99") }),
			[]string{at + `.statistic: "p99": must be one of Average, Sum, Minimum, Maximum, SampleCount`}},
		{"30 dimensions", dimensions(most), nil},
		{"the longest dimension", dimensions(map[string]string{long[:255]: strings.Repeat("x", 1024)}), nil},
		{"31 dimensions", dimensions(many), []string{at + ".dimensions: 31: must be at most 30 dimensions, as in CloudWatch"}},
		{"dimension names", dimensions(map[string]string{":a": "x", "": "x", long: "x"}), []string{
			at + `.dimensions[""]: "": must be a name of 1 to 255 printable ASCII characters, the first no blank and no colon, as CloudWatch wants it`,
			at + `.dimensions[":a"]: ":a": must be a name of 1 to 255 printable ASCII characters, the first no blank and no colon, as CloudWatch wants it`,
			at + `.dimensions["` + long[:80] + `"]: "` + long[:80] + `": must be a name of 1 to 255 printable ASCII characters, the first no blank and no colon, as CloudWatch wants it`,
		}},
		{"dimension values", dimensions(map[string]string{"a": "", "b": strings.Repeat(long, 4) + "x"}), []string{
			at + `.dimensions.a: "": must be 1 to 1024 printable ASCII characters and not blank`,
			at + `.dimensions.b: "` + long[:80] + `": must be 1 to 1024 printable ASCII characters and not blank`,
		}},
	}
	for _, name := range []string{"InvocationsPerInstance", "ConcurrentRequestsPerModel", "Invocations"} {
		rules = append(rules, rule{name, change(func(m *policy.MetricSpec) { m.Name = &name }),
			[]string{at + `.name: "` + name + `": is the name of a predefined metric: choose another`}})
	}
	for text, d := range map[string]time.Duration{
		"0s": 0, "-1m": -time.Minute, "20s": 20 * time.Second, "1m30s": 90 * time.Second, "2h": 2 * time.Hour, "1h1m": 61 * time.Minute,
	} {
		rules = append(rules, rule{text, period(d), []string{at + `.period: "` + text + `": must be 10s, 30s or whole minutes up to 1h`}})
	}
	for _, d := range []time.Duration{10 * time.Second, 30 * time.Second, time.Minute, time.Hour} {
		rules = append(rules, rule{d.String(), period(d), nil})
	}
	checkRules(t, rules)
}

// TestRulesOfDevices: the values of a metric are divided by them.
func TestRulesOfDevices(t *testing.T) {
	at := "targets[0].targetTracking[0].metric.devices: "
	for n, valid := range map[int]bool{-1: false, 0: false, 1: true, 4: true, 1024: true, 1025: false} {
		var want []string
		if !valid {
			want = []string{at + fmt.Sprint(n) + ": must be a whole number from 1 to 1024"}
		}
		checkRules(t, []rule{{fmt.Sprint(n), func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking = custom(func(m *policy.MetricSpec) { m.Devices = &n })
		}, want}})
	}
}

// TestRulesOfStatistics: SageMaker's metrics are asked for what they mean
// something by; nobody knows that of other metrics.
func TestRulesOfStatistics(t *testing.T) {
	all := []string{"Average", "Sum", "Minimum", "Maximum", "SampleCount"}
	for _, c := range []struct {
		namespace, metric string
		valid             []string
		rule              string
	}{
		{"AWS/SageMaker", "Invocations", []string{"Sum"}, "must be Sum for Invocations"},
		{"AWS/SageMaker", "InvocationsPerInstance", []string{"Sum"}, "must be Sum for InvocationsPerInstance"},
		{"AWS/SageMaker", "ConcurrentRequestsPerModel", []string{"Minimum", "Maximum"}, "must be Minimum or Maximum for ConcurrentRequestsPerModel"},
		{"AWS/SageMaker", "ModelLatency", all, ""},
		{"MyService", "Invocations", all, ""},
		{"/aws/sagemaker/Endpoints", "InvocationsPerInstance", all, ""},
	} {
		for _, statistic := range all {
			var want []string
			if !slices.Contains(c.valid, statistic) {
				want = []string{`targets[0].targetTracking[0].metric.statistic: "` + statistic + `": ` + c.rule}
			}
			checkRules(t, []rule{{c.namespace + " " + c.metric + " " + statistic, func(_ *policy.Spec, t *policy.TargetSpec) {
				t.TargetTracking = custom(func(m *policy.MetricSpec) {
					m.Namespace, m.MetricName, m.Statistic = &c.namespace, &c.metric, &statistic
				})
			}, want}})
		}
	}
	checkRules(t, []rule{
		{"none", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking = custom(func(m *policy.MetricSpec) {
				m.Namespace, m.MetricName, m.Statistic = new("AWS/SageMaker"), new("Invocations"), nil
			})
		}, []string{"targets[0].targetTracking[0].metric.statistic: is required"}},
		{"of no metric", func(_ *policy.Spec, t *policy.TargetSpec) {
			t.TargetTracking = custom(func(m *policy.MetricSpec) { m.Namespace, m.MetricName = new("AWS/SageMaker"), nil })
		}, []string{"targets[0].targetTracking[0].metric.metricName: is required"}},
	})
}

// TestRulesOfMagnitude: a number that others are made of is at most 2^360, either
// way, wherever it stands.
//
// Faults: G1
func TestRulesOfMagnitude(t *testing.T) {
	for path, set := range map[string]func(*policy.TargetSpec, float64){
		"targetTracking[0].targetValue": func(t *policy.TargetSpec, v float64) { t.TargetTracking[0].TargetValue = new(math.Abs(v)) },
		"stepScaling[0].threshold": func(t *policy.TargetSpec, v float64) {
			t.StepScaling = []policy.StepScalingSpec{step()}
			t.StepScaling[0].Threshold = &v
		},
		"stepScaling[0].stepAdjustments[0].upperBound": func(t *policy.TargetSpec, v float64) {
			t.StepScaling = []policy.StepScalingSpec{step()}
			t.StepScaling[0].StepAdjustments = []policy.StepAdjustmentSpec{bound(infinite(), v), bound(0, infinite())}
			t.StepScaling[0].StepAdjustments[1].LowerBound = new(min(max(v, -0x1p360), 0x1p360))
		},
		"stepScaling[0].stepAdjustments[0].lowerBound": func(t *policy.TargetSpec, v float64) {
			t.StepScaling = []policy.StepScalingSpec{step()}
			t.StepScaling[0].StepAdjustments = []policy.StepAdjustmentSpec{bound(v, infinite()), bound(infinite(), 0)}
			t.StepScaling[0].StepAdjustments[1].UpperBound = new(min(max(v, -0x1p360), 0x1p360))
		},
		"scaleInGuards[0].maximum": func(t *policy.TargetSpec, v float64) {
			t.ScaleInGuards = []policy.ScaleInGuardSpec{guard()}
			t.ScaleInGuards[0].Maximum = &v
		},
	} {
		beyond := math.Nextafter(0x1p360, math.Inf(1))
		for v, valid := range map[float64]bool{0x1p360: true, -0x1p360: true, beyond: false, -beyond: false} {
			if v < 0 && (strings.HasSuffix(path, ".threshold") || strings.HasSuffix(path, ".maximum")) {
				continue // refused for being negative
			}
			s := base()
			set(&s.Targets[0], v)
			_, faults := policy.Compile(s)
			wrong := len(faults) == 1 && faults[0].Path.String() == "targets[0]."+path &&
				faults[0].Rule == "must be from -2^360 to 2^360, as in Application Auto Scaling"
			if valid != (faults == nil) || !valid && !wrong {
				t.Errorf("%s of %v: %v", path, v, faults)
			}
		}
	}
}
