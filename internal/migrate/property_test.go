package migrate_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sagescale/internal/migrate"
	"sagescale/internal/policy"
	"sagescale/internal/policyfile"
)

// maybe draws a value, or none.
func maybe[T any](t *rapid.T, label string, of *rapid.Generator[T]) *T {
	if rapid.Bool().Draw(t, "has "+label) {
		return nil
	}
	return new(of.Draw(t, label))
}

// texts are what people, and others, write.
func texts() *rapid.Generator[string] {
	return rapid.OneOf(rapid.StringMatching(`[A-Za-z][A-Za-z0-9_]{0,12}`), rapid.String(),
		rapid.SampledFrom([]string{"yes", "no", "1e3", "0x10", "null", "~", "a: b", "# c", "- d", "{e}", "2026-11-23", "\u2028", "!!str", "*a", "%d"}))
}

func metricOf(t *rapid.T) *migrate.Metric {
	statistics := []string{"Average", "Sum", "Minimum", "Maximum", "SampleCount", "p90"}
	m := &migrate.Metric{
		Namespace:  rapid.OneOf(rapid.Just("AWS/SageMaker"), texts()).Draw(t, "namespace"),
		Name:       rapid.OneOf(rapid.SampledFrom([]string{"Invocations", "InvocationsPerInstance", "ModelLatency"}), texts()).Draw(t, "metric"),
		Statistic:  rapid.SampledFrom(statistics).Draw(t, "statistic"),
		Unit:       rapid.SampledFrom([]string{"", "None", "Count"}).Draw(t, "unit"),
		Dimensions: rapid.MapOfN(texts(), texts(), 0, 3).Draw(t, "dimensions"),
	}
	return m
}

func queriesOf(t *rapid.T) []migrate.Query {
	periods := rapid.SampledFrom([]time.Duration{0, 10 * time.Second, 20 * time.Second, time.Minute, 5 * time.Minute})
	if rapid.Bool().Draw(t, "alone") {
		return []migrate.Query{{Metric: metricOf(t), Period: periods.Draw(t, "period"), Returned: true}}
	}
	period := periods.Draw(t, "period")
	all := []migrate.Query{
		{ID: "a", Metric: metricOf(t), Period: period},
		{ID: "b", Metric: metricOf(t), Period: period},
		{ID: "e", Expression: rapid.SampledFrom([]string{"a / b", "a", "f", "FILL(a, 0)"}).Draw(t, "e")},
		{ID: "f", Expression: rapid.SampledFrom([]string{"e * 2 + b", "SEARCH('x')", "e", "'"}).Draw(t, "f")},
	}
	if i := rapid.IntRange(0, 4).Draw(t, "returned"); i < 4 {
		all[i].Returned = true
	}
	return all
}

func cooldowns() *rapid.Generator[time.Duration] {
	return rapid.Map(rapid.SampledFrom([]int{0, 1, 60, 300, 301, 86400, 90000}), func(n int) time.Duration { return time.Duration(n) * time.Second })
}

func trackingOf(t *rapid.T) *migrate.Tracking {
	out := &migrate.Tracking{
		TargetValue:      rapid.OneOf(rapid.Float64Range(0.001, 1e6), rapid.Float64()).Draw(t, "target"),
		ScaleOutCooldown: maybe(t, "out", cooldowns()),
		ScaleInCooldown:  maybe(t, "in", cooldowns()),
		DisableScaleIn:   rapid.Bool().Draw(t, "disabled"),
	}
	if rapid.Bool().Draw(t, "own") {
		out.Queries = queriesOf(t)
		return out
	}
	out.Predefined = rapid.SampledFrom([]string{
		"SageMakerVariantInvocationsPerInstance", "SageMakerVariantConcurrentRequestsPerModelHighResolution",
		"SageMakerVariantProvisionedConcurrencyUtilization", "SageMakerInferenceComponentInvocationsPerCopy", "Other",
	}).Draw(t, "predefined")
	return out
}

func stepOf(t *rapid.T, arn string) (*migrate.Step, []migrate.Alarm) {
	s := &migrate.Step{
		AdjustmentType: rapid.SampledFrom([]string{"ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity"}).Draw(t, "type"),
		Aggregation:    rapid.SampledFrom([]string{"", "Average", "Maximum"}).Draw(t, "aggregation"),
		MinAdjustment:  maybe(t, "magnitude", rapid.IntRange(0, 3)),
		Cooldown:       maybe(t, "cooldown", cooldowns()),
		Adjustments: []migrate.Adjustment{
			{Lower: maybe(t, "low", rapid.Float64Range(0, 1)), Upper: new(10.0), Adjustment: rapid.IntRange(-3, 3).Draw(t, "first")},
			{Lower: new(10.0), Upper: maybe(t, "high", rapid.Float64Range(11, 12)), Adjustment: 2},
		},
	}
	var alarms []migrate.Alarm
	for i := range rapid.IntRange(0, 2).Draw(t, "alarms") {
		alarms = append(alarms, migrate.Alarm{
			Name: fmt.Sprint("alarm", i), Enabled: rapid.IntRange(0, 5).Draw(t, "enabled") > 0, Actions: []string{arn}, Queries: queriesOf(t),
			Threshold:  maybe(t, "threshold", rapid.Float64Range(-1, 1e6)),
			Comparison: rapid.SampledFrom([]string{"GreaterThanThreshold", "LessThanOrEqualToThreshold", "GreaterThanUpperThreshold"}).Draw(t, "comparison"),
			Periods:    rapid.IntRange(1, 5).Draw(t, "periods"), Datapoints: rapid.IntRange(0, 5).Draw(t, "datapoints"),
			MissingData: rapid.SampledFrom([]string{"", "missing", "ignore", "breaching", "notBreaching"}).Draw(t, "missing"),
		})
	}
	return s, alarms
}

func actionOf(t *rapid.T) migrate.Action {
	times := rapid.Map(rapid.Int64Range(-400, 400), func(hours int64) time.Time { return now().Add(time.Duration(hours) * time.Hour) })
	return migrate.Action{
		Schedule: rapid.SampledFrom([]string{
			"cron(0 8 ? * MON-FRI *)", "cron(0 20 * * ? *)", "rate(1 day)", "rate(5 minutes)", "at(2026-12-01T08:00:00)", "at(2020-01-01T00:00:00)", "cron(0 0 8 * * ? *)", "x",
		}).Draw(t, "schedule"),
		Timezone: rapid.SampledFrom([]string{"", "UTC", "Europe/Paris", "Local", "Nowhere"}).Draw(t, "zone"),
		Start:    maybe(t, "start", times), End: maybe(t, "end", times),
		Min: maybe(t, "min", rapid.IntRange(0, 12)), Max: maybe(t, "max", rapid.IntRange(0, 12)),
	}
}

// registeredOf draws what may be registered. Names are unique, as the service has them.
func registeredOf(t *rapid.T) migrate.Registered {
	r := migrate.Registered{Endpoint: "chat", Variant: "blue", Min: rapid.IntRange(0, 4).Draw(t, "minimum")}
	r.Max = r.Min + rapid.IntRange(0, 8).Draw(t, "more")
	r.Suspended = migrate.Suspension{In: rapid.Bool().Draw(t, "in"), Out: rapid.Bool().Draw(t, "out"), Scheduled: rapid.Bool().Draw(t, "scheduled")}
	for i := range rapid.IntRange(0, 4).Draw(t, "policies") {
		name := texts().Draw(t, "name") + fmt.Sprint(i)
		p := migrate.Policy{Name: name, ARN: "arn:" + name, Kind: migrate.TargetTracking}
		if rapid.Bool().Draw(t, "steps") {
			p.Kind = migrate.StepScaling
			p.Step, p.Alarms = stepOf(t, p.ARN)
		} else {
			p.Tracking = trackingOf(t)
		}
		r.Policies = append(r.Policies, p)
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "actions") {
		a := actionOf(t)
		a.Name = fmt.Sprint(i) + texts().Draw(t, "name")
		r.Actions = append(r.Actions, a)
	}
	return r
}

// What is written is read as what was meant, equal registrations give equal files, and
// everything that is registered is either in the policy or said not to be.
func TestWhatIsWrittenIsWhatIsMeant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := registeredOf(t)
		target, err := migrate.Convert(r, now())
		if err != nil {
			t.Fatal(err)
		}
		spec, comments := migrate.File([]migrate.Target{target})
		file, err := policyfile.Format(spec, comments)
		if err != nil {
			t.Fatal(err)
		}
		read, err := policyfile.Parse("f", file)
		if err != nil {
			t.Fatalf("%v\n%s", err, file)
		}
		meant, faults := policy.Compile(spec)
		if faults != nil || read.Digest != meant.Digest {
			t.Fatalf("%v: another policy:\n%s", faults, file)
		}
		if again, err := migrate.Convert(r, now()); err != nil || !reflect.DeepEqual(again, target) {
			t.Fatalf("another target: %v", err)
		}
		checkNothingIsLost(t, r, target)
	})
}

// checkNothingIsLost checks that every policy and every action is an entry, or said.
func checkNothingIsLost(t *rapid.T, r migrate.Registered, target migrate.Target) {
	told := slices.Collect(maps.Values(target.Origins))
	for _, d := range target.Differences {
		if d.Kind == migrate.LeftOut || d.Kind == migrate.Changed && strings.Contains(d.What, "not written, because") {
			told = append(told, d.About)
		}
	}
	for _, p := range r.Policies {
		if !slices.Contains(told, fmt.Sprintf("policy %.80q", p.Name)) {
			t.Fatalf("nothing is told of policy %q", p.Name)
		}
	}
	for _, a := range r.Actions {
		if !slices.Contains(told, fmt.Sprintf("scheduled action %.80q", a.Name)) {
			t.Fatalf("nothing is told of action %q", a.Name)
		}
	}
}
