package migrate_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sagescale/internal/migrate"
	"sagescale/internal/policyfile"
)

// now is a Monday.
func now() time.Time { return time.Date(2026, 11, 23, 10, 0, 17, 0, time.UTC) }

const arn = "arn:aws:autoscaling:eu-west-1:111122223333:scalingPolicy:u:resource/sagemaker/endpoint/chat/variant/blue:policyName/p"

// chat is a registration with policies and actions.
func chat(parts ...any) migrate.Registered {
	r := migrate.Registered{Endpoint: "chat", Variant: "blue", Min: 1, Max: 8}
	for _, p := range parts {
		switch p := p.(type) {
		case migrate.Policy:
			r.Policies = append(r.Policies, p)
		case migrate.Action:
			r.Actions = append(r.Actions, p)
		case migrate.Suspension:
			r.Suspended = p
		}
	}
	return r
}

// tracking is a target tracking policy of requests, changed.
func tracking(change func(*migrate.Tracking)) migrate.Policy {
	t := &migrate.Tracking{TargetValue: 700, Predefined: "SageMakerVariantInvocationsPerInstance"}
	if change != nil {
		change(t)
	}
	return migrate.Policy{Name: "p", ARN: arn, Kind: migrate.TargetTracking, Tracking: t}
}

// own is a target tracking policy of metrics of one's own.
func own(all ...migrate.Query) migrate.Policy {
	return tracking(func(t *migrate.Tracking) { t.Predefined, t.TargetValue, t.Queries = "", 60, all })
}

// series is a query of the variant's metric.
func series(id, name, statistic string) migrate.Query {
	return migrate.Query{ID: id, Metric: &migrate.Metric{
		Namespace: "/aws/sagemaker/Endpoints", Name: name, Statistic: statistic,
		Dimensions: map[string]string{"EndpointName": "chat", "VariantName": "blue"},
	}}
}

func returned(q migrate.Query) migrate.Query { q.Returned = true; return q }

func expression(id, text string) migrate.Query { return migrate.Query{ID: id, Expression: text} }

// step is a step policy of one alarm, both changed.
func step(change func(*migrate.Step, *migrate.Alarm)) migrate.Policy {
	s := &migrate.Step{AdjustmentType: "ChangeInCapacity", Adjustments: []migrate.Adjustment{
		{Lower: new(0.0), Upper: new(10.0), Adjustment: 1}, {Lower: new(10.0), Adjustment: 3},
	}}
	q := returned(series("", "CPUUtilization", "Average"))
	q.Period = time.Minute
	a := migrate.Alarm{
		Name: "busy", Enabled: true, Actions: []string{"arn:other", arn}, Queries: []migrate.Query{q},
		Threshold: new(80.0), Comparison: "GreaterThanThreshold", Periods: 3,
	}
	if change != nil {
		change(s, &a)
	}
	return migrate.Policy{Name: "p", ARN: arn, Kind: migrate.StepScaling, Step: s, Alarms: []migrate.Alarm{a}}
}

// action is a scheduled action, changed.
func action(change func(*migrate.Action)) migrate.Action {
	a := migrate.Action{Name: "office", Schedule: "cron(0 8 ? * MON-FRI *)", Timezone: "UTC", Min: new(2), Max: new(8)}
	if change != nil {
		change(&a)
	}
	return a
}

func seconds(n int) *time.Duration { return new(time.Duration(n) * time.Second) }

// converted is the file of a registration and its differences but those of kind
// Otherwise, one a line.
func converted(t *testing.T, r migrate.Registered) (text, differences string) {
	t.Helper()
	target, err := migrate.Convert(r, now())
	if err != nil {
		t.Fatal(err)
	}
	file := written(t, target)
	if _, err := policyfile.Parse("f", file); err != nil {
		t.Fatalf("%v\n%s", err, file)
	}
	var body []string
	for line := range strings.Lines(string(file)) {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") && strings.TrimSpace(line) != "" {
			body = append(body, line)
		}
	}
	var said []string
	for _, d := range target.Differences {
		if d.Kind != migrate.Otherwise {
			said = append(said, string(d.Kind)+": "+d.About+": "+d.What)
		}
	}
	if target.Complete() != !strings.Contains(strings.Join(said, "\n"), "left-out: ") {
		t.Errorf("complete: %v\n%s", target.Complete(), said)
	}
	text, _ = strings.CutPrefix(strings.Join(body, ""), "version: 1\ntargets:\n- endpoint: chat\n  variant: blue\n")
	return text, strings.Join(said, "\n")
}

// written is the policy file of targets.
func written(t *testing.T, all ...migrate.Target) []byte {
	t.Helper()
	file, err := policyfile.Format(migrate.File(all))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// What is registered stands in the policy, and what does not is said.
func TestConvert(t *testing.T) {
	const limits = "  minCapacity: 1\n  maxCapacity: 8\n"
	const requests = "  targetTracking:\n  - metric: InvocationsPerInstance\n    targetValue: 700\n"
	const cpu = `      namespace: /aws/sagemaker/Endpoints
      metricName: CPUUtilization
      statistic: Average
      dimensions: {EndpointName: chat, VariantName: blue}
`
	const busy = "  stepScaling:\n  - name: p\n    metric:\n      name: CPUUtilization\n" + cpu +
		"    threshold: 80\n    comparison: GreaterThanThreshold\n    adjustmentType: ChangeInCapacity\n"
	const ladder = "    stepAdjustments:\n    - {lowerBound: 0, upperBound: 10, adjustment: 1}\n    - {lowerBound: 10, adjustment: 3}\n"
	const office = "  scheduledActions:\n  - name: office\n    schedule: cron(0 8 ? * MON-FRI *)\n"
	with := func(change func(*migrate.Tracking)) migrate.Registered { return chat(tracking(change)) }
	stepped := func(change func(*migrate.Step, *migrate.Alarm)) migrate.Registered { return chat(step(change)) }
	acting := func(change func(*migrate.Action)) migrate.Registered { return chat(action(change)) }
	for name, tt := range map[string]struct {
		registered   migrate.Registered
		want, differ string
	}{
		"limits alone":   {chat(), limits, ""},
		"a minimum of 0": {migrate.Registered{Endpoint: "chat", Variant: "blue", Max: 8}, limits, "left-out: the limits: its MinCapacity is 0, and a real-time variant has one instance at least: the policy says 1"},
		"limits of 0": {migrate.Registered{Endpoint: "chat", Variant: "blue"}, "  minCapacity: 1\n  maxCapacity: 1\n",
			"left-out: the limits: its MinCapacity is 0, and a real-time variant has one instance at least: the policy says 1\n" +
				"left-out: the limits: its MaxCapacity is 0, and a real-time variant has one instance at least: the policy says 1"},
		"requests": {with(nil), limits + requests, ""},
		"cooldowns": {with(func(t *migrate.Tracking) { t.ScaleInCooldown, t.ScaleOutCooldown = seconds(600), seconds(0) }),
			limits + "  scaleOutCooldown: 0s\n  scaleInCooldown: 10m\n" + requests, ""},
		"the default cooldowns": {with(func(t *migrate.Tracking) { t.ScaleInCooldown, t.ScaleOutCooldown = seconds(300), seconds(300) }), limits + requests, ""},
		"a cooldown of days": {with(func(t *migrate.Tracking) { t.ScaleInCooldown = seconds(172800) }), limits + "  scaleInCooldown: 24h\n" + requests,
			`changed: policy "p": its scaleInCooldown is 48h, and the longest here is 24h`},
		"cooldowns that differ": {chat(tracking(func(t *migrate.Tracking) { t.ScaleInCooldown = seconds(60) }),
			tracking(func(t *migrate.Tracking) {
				t.Predefined, t.TargetValue = "SageMakerVariantConcurrentRequestsPerModelHighResolution", 4
			})),
			limits + requests + "    scaleInCooldown: 1m\n  - metric: ConcurrentRequestsPerModel\n    targetValue: 4\n", ""},
		"no scale-in": {with(func(t *migrate.Tracking) { t.DisableScaleIn = true }), limits + requests + "    disableScaleIn: true\n", ""},
		"a serverless one": {with(func(t *migrate.Tracking) { t.Predefined = "SageMakerVariantProvisionedConcurrencyUtilization" }), limits,
			`left-out: policy "p": SageMakerVariantProvisionedConcurrencyUtilization scales the provisioned concurrency of a serverless variant, and sagescale scales instances. ` + nothing},
		"an inference component": {with(func(t *migrate.Tracking) { t.Predefined = "SageMakerInferenceComponentInvocationsPerCopy" }), limits,
			`left-out: policy "p": "SageMakerInferenceComponentInvocationsPerCopy" scales the copies of an inference component, and sagescale scales instances. ` + nothing},
		"an unknown metric": {with(func(t *migrate.Tracking) { t.Predefined = "New" }), limits, `left-out: policy "p": "New" is no predefined metric of a variant that sagescale knows. ` + nothing},
		"a target of 0": {with(func(t *migrate.Tracking) { t.TargetValue = 0 }), limits,
			`left-out: policy "p": the policy file does not take it: targetValue: 0: must be a finite number above 0`},
		"a metric of one's own": {chat(own(returned(series("", "CPUUtilization", "Average")))),
			limits + "  targetTracking:\n  - metric:\n      name: CPUUtilization\n" + cpu + "    targetValue: 60\n", ""},
		"a metric without dimensions": {chat(own(returned(migrate.Query{Metric: &migrate.Metric{Namespace: "Mine", Name: "10 percent", Statistic: "Sum", Unit: "Percent"}}))),
			limits + "  targetTracking:\n  - metric:\n      name: percent\n      namespace: Mine\n      metricName: 10 percent\n      statistic: Sum\n      dimensions: {}\n    targetValue: 60\n",
			`changed: policy "p": it asks for datapoints of the unit "Percent" alone, and the policy for those of any`},
		"a statistic without meaning": {chat(own(returned(migrate.Query{Metric: &migrate.Metric{Namespace: "AWS/SageMaker", Name: "InvocationsPerInstance", Statistic: "Average"}}))), limits,
			`left-out: policy "p": the policy file does not take it: metric.statistic: "Average": must be Sum for InvocationsPerInstance`},
		"metric math": {chat(own(series("a", "CPUUtilization", "Average"), series("unused", "X", "Sum"), returned(expression("e", "FILL(a, 0) / 4")))),
			limits + "  targetTracking:\n  - metric:\n      name: p\n      expression: FILL(a, 0) / 4\n      metrics:\n      - id: a\n" +
				strings.ReplaceAll(cpu, "      ", "        ") + "    targetValue: 60\n", ""},
		"expressions of expressions": {chat(own(series("a", "CPUUtilization", "Average"), expression("e", "a * 2"), returned(expression("f", "e + IF(e > 1, e, 'e')")))),
			limits + "  targetTracking:\n  - metric:\n      name: p\n      expression: (a * 2) + IF((a * 2) > 1, (a * 2), 'e')\n      metrics:\n      - id: a\n" +
				strings.ReplaceAll(cpu, "      ", "        ") + "    targetValue: 60\n", ""},
		"a circle": {chat(own(expression("e", "f + 1"), returned(expression("f", "e + 1")))), limits, `left-out: policy "p": its expression "f" calls itself. ` + nothing},
		"a search": {chat(own(series("a", "A", "Sum"), returned(expression("e", "SUM(METRICS()) + a")))), limits,
			`left-out: policy "p": the policy file does not take it: metric.expression: "SUM(METRICS()) + a": has METRICS, which sees more than the metrics of its expression or makes several series of them`},
		"no series":     {chat(own(series("a", "A", "Sum"))), limits, `left-out: policy "p": it returns no series. ` + nothing},
		"another kind":  {chat(migrate.Policy{Name: "x\x1b", Kind: "PredictiveScaling"}), limits, `left-out: policy "x\x1b": a policy of the kind "PredictiveScaling" is none that sagescale knows`},
		"no tracking":   {chat(migrate.Policy{Name: "p", Kind: migrate.TargetTracking}), limits, `left-out: policy "p": a policy of the kind "TargetTrackingScaling" is none that sagescale knows`},
		"a step policy": {stepped(nil), limits + busy + ladder, ""},
		"all of a step policy": {stepped(func(s *migrate.Step, a *migrate.Alarm) {
			s.AdjustmentType, s.Aggregation, s.MinAdjustment, s.Cooldown = "PercentChangeInCapacity", "Maximum", new(2), seconds(60)
			a.Comparison, a.Periods, a.Datapoints, a.MissingData = "LessThanOrEqualToThreshold", 5, 4, "notBreaching"
			a.Queries[0].Period = 5 * time.Minute
			s.Adjustments = []migrate.Adjustment{{Upper: new(0.0), Adjustment: -10}}
		}), limits + "  stepScaling:\n  - name: p\n    metric:\n      name: CPUUtilization\n" + cpu + `      period: 5m
    threshold: 80
    comparison: LessThanOrEqualToThreshold
    adjustmentType: PercentChangeInCapacity
    metricAggregationType: Maximum
    minAdjustmentMagnitude: 2
    cooldown: 1m
    datapoints: 4
    periods: 5
    treatMissingData: notBreaching
    stepAdjustments:
    - {upperBound: 0, adjustment: -10}
`, ""},
		"the defaults said": {stepped(func(s *migrate.Step, a *migrate.Alarm) {
			s.Aggregation, s.Cooldown, a.Datapoints, a.MissingData = "Average", seconds(300), 3, "missing"
		}), limits + busy + ladder, ""},
		"a magnitude without a percentage": {stepped(func(s *migrate.Step, _ *migrate.Alarm) { s.MinAdjustment = new(2) }), limits + busy + ladder,
			`changed: policy "p": its MinAdjustmentMagnitude of 2 is not written: it is for percentages alone`},
		"a gap": {stepped(func(s *migrate.Step, _ *migrate.Alarm) { s.Adjustments[1].Lower = new(11.0) }), limits,
			`left-out: policy "p": the policy file does not take it: stepAdjustments[1]: leaves a gap after stepScaling[0].stepAdjustments[0], from 10 to 11`},
		"a percentile": {stepped(func(_ *migrate.Step, a *migrate.Alarm) { a.Queries[0].Metric.Statistic = "p90" }), limits,
			`left-out: policy "p": the policy file does not take it: metric.statistic: "p90": must be one of Average, Sum, Minimum, Maximum, SampleCount`},
		"an anomaly band": {stepped(func(_ *migrate.Step, a *migrate.Alarm) { a.Threshold = nil }), limits,
			`left-out: policy "p": its alarm "busy" has no number for a threshold, as one by an anomaly band. No step of it is taken`},
		"a composite alarm": {stepped(func(_ *migrate.Step, a *migrate.Alarm) { a.Queries = nil }), limits,
			`left-out: policy "p": its alarm "busy" watches other alarms, or something else that is no metric. No step of it is taken`},
		"a wall clock": {stepped(func(_ *migrate.Step, a *migrate.Alarm) { a.WallClock = true }), limits,
			`left-out: policy "p": the periods of its alarm "busy" go by the wall clock, and those of a policy slide. No step of it is taken`},
		"another account": {stepped(func(_ *migrate.Step, a *migrate.Alarm) { a.Queries[0].Account = "444455556666" }), limits,
			`left-out: policy "p": its metric is one of another account, and only those of its own are read. No step of it is taken`},
		"several periods": {stepped(func(_ *migrate.Step, a *migrate.Alarm) {
			b := series("b", "B", "Sum")
			b.Period = 5 * time.Minute
			a.Queries = append(a.Queries, b)
		}), limits, `left-out: policy "p": its series have several periods, of 1m and 5m, and an expression has one here. No step of it is taken`},
		"actions are disabled": {stepped(func(_ *migrate.Step, a *migrate.Alarm) { a.Enabled = false }), limits, `left-out: policy "p": its alarm "busy" has its actions disabled, so it does nothing by it`},
		"called when all is well": {stepped(func(_ *migrate.Step, a *migrate.Alarm) { a.Actions = []string{arn + "2"} }), limits,
			`left-out: policy "p": its alarm "busy" does not call it when it goes off, so it does nothing by it`},
		"no alarm": {chat(func() migrate.Policy { p := step(nil); p.Alarms = nil; return p }()), limits,
			`left-out: policy "p": no alarm of CloudWatch has it among its actions, so it does nothing, and there is no metric to go by`},
		"two alarms of a long name": {chat(func() migrate.Policy {
			p := step(nil)
			p.Name = strings.Repeat("a b", 40)
			p.Alarms = append(p.Alarms, p.Alarms[0])
			return p
		}()), limits + strings.ReplaceAll(busy, "name: p\n", "name: "+strings.Repeat("a-b", 22)[:64]+"\n") + ladder +
			strings.ReplaceAll(strings.TrimPrefix(busy, "  stepScaling:\n"), "name: p\n", "name: "+strings.Repeat("a-b", 22)[:62]+"-2\n") + ladder,
			`changed: policy "` + strings.Repeat("a b", 40)[:80] + `": it is called ` + strings.Repeat("a-b", 22)[:64] + " in the policy\n" +
				`changed: policy "` + strings.Repeat("a b", 40)[:80] + `": it is called ` + strings.Repeat("a-b", 22)[:62] + "-2 in the policy"},
		"an action": {acting(nil), limits + office + "    minCapacity: 2\n    maxCapacity: 8\n", ""},
		"all of an action": {acting(func(a *migrate.Action) {
			a.Name, a.Timezone, a.Start, a.End, a.Min = "a/b", "Europe/Paris", new(now().In(time.FixedZone("", 3600))), new(now().AddDate(1, 0, 0)), nil
		}), limits + strings.ReplaceAll(office, "office", "a-b") + "    timezone: Europe/Paris\n    startTime: 2026-11-23T10:00:17Z\n    endTime: 2027-11-23T10:00:17Z\n    maxCapacity: 8\n",
			`changed: scheduled action "a/b": it is called a-b in the policy`},
		"an action to zero": {acting(func(a *migrate.Action) { a.Min, a.Max = new(0), new(0) }), limits + office + "    minCapacity: 1\n    maxCapacity: 1\n",
			`left-out: scheduled action "office": its MinCapacity is 0, and a real-time variant has one instance at least: the policy says 1` + "\n" +
				`left-out: scheduled action "office": its MaxCapacity is 0, and a real-time variant has one instance at least: the policy says 1`},
		"an action that is over": {acting(func(a *migrate.Action) { a.Schedule = "at(2026-11-23T09:59:00)" }), limits,
			`changed: scheduled action "office": it is not written, because it fires no more; the limits that it set are in those that are registered, unless others came later`},
		"an action that ended": {acting(func(a *migrate.Action) { a.End = new(now()) }), limits,
			`changed: scheduled action "office": it is not written, because it fires no more; the limits that it set are in those that are registered, unless others came later`},
		"an action to come": {acting(func(a *migrate.Action) { a.Schedule = "at(2026-11-23T10:01:00)" }),
			limits + strings.ReplaceAll(office, "cron(0 8 ? * MON-FRI *)", "at(2026-11-23T10:01:00)") + "    minCapacity: 2\n    maxCapacity: 8\n", ""},
		"a schedule of seven fields": {acting(func(a *migrate.Action) { a.Schedule = "cron(0 0 8 ? * MON-FRI *)" }), limits,
			`left-out: scheduled action "office": the policy file does not take it: schedule: "cron(0 0 8 ? * MON-FRI *)": `},
		"a zone of no country": {acting(func(a *migrate.Action) { a.Timezone = "Mars/Base" }), limits,
			`left-out: scheduled action "office": the policy file does not take it: timezone: "Mars/Base": must be an IANA time zone such as Europe/Paris`},
		"an action of nothing": {acting(func(a *migrate.Action) { a.Min, a.Max = nil, nil }), limits,
			`left-out: scheduled action "office": the policy file does not take it: must set minCapacity, maxCapacity or both`},
		"limits that may cross": {acting(func(a *migrate.Action) { a.Min, a.Max = new(9), nil }), limits,
			`left-out: scheduled action "office": the policy file does not take it: minCapacity: 9: may exceed the maxCapacity in force (8): set maxCapacity in this action too`},
		"all is suspended": {chat(tracking(nil), action(nil), migrate.Suspension{In: true, Out: true, Scheduled: true}),
			limits + "  dryRun: true\n" + requests + office + "    minCapacity: 2\n    maxCapacity: 8\n",
			"changed: the suspended state: all scaling is suspended in Application Auto Scaling, so the policy has dryRun: it decides and never acts"},
		"scaling in is suspended": {chat(tracking(nil), migrate.Suspension{In: true}), limits + "  disableScaleIn: true\n" + requests,
			"changed: the suspended state: scaling in is suspended in Application Auto Scaling, so the policy has disableScaleIn"},
		"scaling out and schedules are suspended": {chat(tracking(nil), action(nil), migrate.Suspension{Out: true, Scheduled: true}),
			limits + requests + "  behavior:\n    scaleOut:\n      selectPolicy: Disabled\n",
			`left-out: scheduled action "office": scheduled scaling is suspended in Application Auto Scaling, so it does nothing there either` + "\n" +
				"changed: the suspended state: scaling out is suspended in Application Auto Scaling, so the policy's behavior disables it"},
	} {
		t.Run(name, func(t *testing.T) {
			text, differences := converted(t, tt.registered)
			if text != tt.want {
				t.Errorf("got\n%s\nwant\n%s", text, tt.want)
			}
			open := strings.HasSuffix(tt.differ, ": ") // what follows is another package's
			if differences != tt.differ && (!open || !strings.HasPrefix(differences, tt.differ)) {
				t.Errorf("differs:\n%s\nwant:\n%s", differences, tt.differ)
			}
		})
	}
}

const nothing = "Nothing of it adds capacity, and nothing of it keeps another policy from removing some"

// What sagescale does otherwise with the same settings is said where it applies, and
// nowhere else.
func TestOtherwise(t *testing.T) {
	removing := step(func(s *migrate.Step, a *migrate.Alarm) {
		a.MissingData, a.Comparison = "breaching", "LessThanThreshold"
		s.Adjustments = []migrate.Adjustment{{Upper: new(0.0), Adjustment: -1}}
	})
	for name, tt := range map[string]struct {
		registered migrate.Registered
		want       []string
	}{
		"limits":              {chat(), nil},
		"requests":            {chat(tracking(nil)), []string{"InvocationsPerInstance is sized", "a scale-in waits"}},
		"requests, out alone": {chat(tracking(func(t *migrate.Tracking) { t.DisableScaleIn = true })), []string{"InvocationsPerInstance is sized"}},
		"concurrency": {chat(tracking(func(t *migrate.Tracking) { t.Predefined = "SageMakerVariantConcurrentRequestsPerModelHighResolution" })),
			[]string{"ConcurrentRequestsPerModel is read", "a scale-in waits"}},
		"steps":                    {chat(step(nil)), []string{"what any scale-out has added"}},
		"steps in":                 {chat(removing), []string{"what any scale-out has added", "missing datapoints", "a scale-in waits"}},
		"an action":                {chat(action(func(a *migrate.Action) { a.Min, a.Max = new(1), new(8) })), []string{"minCapacity and maxCapacity are those registered now"}},
		"an action, since changed": {chat(action(nil)), []string{"minCapacity and maxCapacity are those registered now", "by the scheduled actions they are 2 to 8 now, and 1 to 8 are registered"}},
		"a rate":                   {chat(action(func(a *migrate.Action) { a.Schedule, a.Min = "rate(1 day)", new(1) })), []string{"a rate without a startTime", "minCapacity and"}},
		"a zone":                   {chat(action(func(a *migrate.Action) { a.Timezone, a.Min = "Europe/Paris", new(1) })), []string{"a local time", "minCapacity and"}},
	} {
		t.Run(name, func(t *testing.T) {
			target, err := migrate.Convert(tt.registered, now())
			if err != nil || !target.Complete() {
				t.Fatal(err, target.Differences)
			}
			if len(target.Differences) != len(tt.want) {
				t.Fatalf("got %q", target.Differences)
			}
			for i, want := range tt.want {
				if d := target.Differences[i]; d.Kind != migrate.Otherwise || !strings.HasPrefix(d.What, want) {
					t.Errorf("got %+v, want %q", d, want)
				}
			}
		})
	}
}

// A registration that Application Auto Scaling would not take makes an error, not a policy.
func TestConvertFails(t *testing.T) {
	r := chat()
	r.Min = 9
	target, err := migrate.Convert(r, now())
	if err == nil || !strings.Contains(err.Error(), "make a policy of the registration of chat/blue: minCapacity: 9: must be at most maxCapacity (8)") || target.Spec.Endpoint != nil {
		t.Errorf("got %+v, %v", target, err)
	}
}

// Expressions that double each other end.
func TestExpressionsThatGrow(t *testing.T) {
	all := []migrate.Query{series("m0", "A", "Sum")}
	for i := range 60 {
		id := "m" + string(rune('A'+i%26)) + string(rune('a'+i/26))
		last := all[len(all)-1].ID
		all = append(all, expression(id, last+" + "+last))
	}
	all[len(all)-1].Returned = true
	_, differences := converted(t, chat(own(all...)))
	if !strings.Contains(differences, "its expressions make a very long one") {
		t.Errorf("got %s", differences)
	}
}

// The file says what differs, above its target, and where each entry comes from; what
// others wrote ends no comment.
func TestFile(t *testing.T) {
	hostile := tracking(nil)
	hostile.Name = "a\u2028b\nc: d"
	first, err := migrate.Convert(chat(hostile, tracking(func(t *migrate.Tracking) { t.TargetValue = -1 })), now())
	if err != nil {
		t.Fatal(err)
	}
	other := chat(action(nil))
	other.Endpoint = "embed"
	second, err := migrate.Convert(other, now())
	if err != nil {
		t.Fatal(err)
	}
	file := written(t, first, second)
	p, err := policyfile.Parse("f", file)
	if err != nil || len(p.Targets) != 2 || p.Targets[1].Key() != "embed/blue" {
		t.Fatalf("%v\n%s", err, file)
	}
	lines := strings.Split(string(file), "\n")
	for _, want := range []string{
		`# LEFT OUT: policy "p": the policy file does not take it: targetValue: -1:`,
		"# otherwise: scaling in: a scale-in waits for the cooldown of the last",
		`  # policy "a\u2028b\nc: d"`,
		`  # scheduled action "office"`,
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %q in\n%s", want, file)
		}
	}
}
