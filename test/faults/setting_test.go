package faults

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"sagescale/internal/activity"
	"sagescale/internal/dynamodb"
	"sagescale/internal/forecast"
	"sagescale/internal/policy"
	"sagescale/internal/policyfile"
)

// How long a run has faults, and at most until all is well again.
const (
	storm = 2 * time.Hour
	calm  = 5 * time.Hour
)

// variantOf is a variant of the world, a target or not.
type variantOf struct{ endpoint, variant string }

// setting is what a run has: endpoints with their variants, and a policy for each.
type setting struct {
	targets []variantOf
	names   []string // of the endpoints
}

// newSetting draws the endpoints of a run.
func (d dice) newSetting() setting {
	var s setting
	all := []string{"chat", "Search-2", "rank"}
	for _, name := range all[:1+d.pick(3, "endpoints")] {
		s.names = append(s.names, name)
		s.targets = append(s.targets, variantOf{name, "AllTraffic"})
		if d.chance(0.4, "second variant", len(s.names)) {
			s.targets = append(s.targets, variantOf{name, "canary"})
		}
	}
	return s
}

// policyText draws the policy file of a setting; edition tells one deployment from
// another.
func (d dice) policyText(s setting, edition int) string {
	var b strings.Builder
	b.WriteString("version: 1\ntargets:\n")
	for i, t := range s.targets {
		least := 1 + d.pick(3, "min", i, edition)
		fmt.Fprintf(&b, "- endpoint: %s\n  variant: %s\n  minCapacity: %d\n  maxCapacity: %d\n", t.endpoint, t.variant, least,
			least+2+d.pick(12, "max", i, edition))
		fmt.Fprintf(&b, "  scaleOutCooldown: %s\n  scaleInCooldown: %s\n", d.cooldown("out", i), d.cooldown("in", i))
		if i > 0 && d.chance(0.15, "dry run", i) {
			b.WriteString("  dryRun: true\n")
		}
		fmt.Fprintf(&b, "  targetTracking:\n  - metric: InvocationsPerInstance\n    targetValue: 100\n")
		fmt.Fprintf(&b, "    scaleOut: {datapoints: %d, periods: 3}\n    scaleIn: {datapoints: 10, periods: 10}\n", 1+d.pick(3, "datapoints", i))
		if d.chance(0.25, "second metric", i) {
			fmt.Fprintf(&b, "  - metric: {name: gpu, namespace: /aws/sagemaker/Endpoints, metricName: GPUUtilization, statistic: Average,\n"+
				"      dimensions: {EndpointName: %s, VariantName: %s}}\n    targetValue: 60\n    scaleIn: {datapoints: 10, periods: 10}\n", t.endpoint, t.variant)
		}
		if d.chance(0.3, "guard", i) {
			fmt.Fprintf(&b, "  scaleInGuards:\n  - metric: {name: errors, namespace: AWS/SageMaker, metricName: Invocation5XXErrors, statistic: Average,\n"+
				"      dimensions: {EndpointName: %s, VariantName: %s}}\n    maximum: 0.02\n    datapoints: 1\n    periods: 5\n", t.endpoint, t.variant)
		}
		if d.predicts(i) {
			fmt.Fprintf(&b, "  predictive: {mode: ForecastAndScale, instanceCapacity: %d, serviceObjective: 0.%s}\n",
				60+d.pick(150, "capacity", i), strings.Repeat("9", 1+d.pick(4, "objective", i)))
		}
		if d.chance(0.3, "velocity", i) {
			b.WriteString("  behavior:\n    scaleOut: {policies: [{type: Instances, value: 4, period: 10m}]}\n" +
				"    scaleIn: {policies: [{type: Instances, value: 2, period: 10m}]}\n")
		}
	}
	return b.String()
}

// predicts draws whether a target scales ahead of its load.
func (d dice) predicts(i int) bool { return d.chance(0.12, "predictive", i) }

// foretell puts forecasts into the table: whatever they say, and whether they can be
// understood at all, what is promised holds.
func (w *world) foretell(s setting) {
	for i, t := range s.targets {
		if !w.predicts(i) {
			continue
		}
		l := forecast.NewLearner(epoch().Add(-12 * time.Hour))
		level := []float64{1, 300, 20_000, 1e11}[w.pick(4, "foretold level", i)]
		for m := range 12 * 60 {
			l.Observe(level * (1 + math.Sin(float64(m)/120)/2) * (0.5 + w.share("foretold", i, m)))
		}
		client := &writer{Client: nil, table: w.table, now: w.now()}
		if err := dynamodb.New(client, tableName).SaveForecast(context.Background(), t.endpoint, t.variant, l.Model()); err != nil {
			panic(err)
		}
		w.table.items[t.endpoint]["forecast#"+t.variant] = w.spoilt(w.table.items[t.endpoint]["forecast#"+t.variant], i)
	}
}

// spoilt draws what is wrong with the item of a forecast, mostly nothing.
func (w *world) spoilt(i item, target int) item {
	switch w.pick(8, "spoilt forecast", target) {
	case 0:
		i["forecast"] = &types.AttributeValueMemberS{Value: "{"}
	case 1:
		i["schema"] = &types.AttributeValueMemberN{Value: "7"}
	case 2:
		body := textOf(i["forecast"])
		i["forecast"] = &types.AttributeValueMemberS{Value: strings.ReplaceAll(body, `"mean":`, `"mean":-`)}
	}
	return i
}

// writer puts items into the table at once.
type writer struct {
	*sdk.Client // of which nothing else is called
	table       *table
	now         time.Time
}

func (w *writer) PutItem(_ context.Context, in *sdk.PutItemInput, _ ...func(*sdk.Options)) (*sdk.PutItemOutput, error) {
	return w.table.put(in, w.now)
}

func (d dice) cooldown(which string, i int) string {
	return []string{"1m", "5m", "12m"}[d.pick(3, "cooldown "+which, i)]
}

// parse compiles a policy file.
func (w *world) parse(text string) *policy.Policy {
	p, err := policyfile.Parse("scaling.yaml", []byte(text))
	if err != nil {
		panic(fmt.Sprintf("the policy of a run is invalid: %v\n%s", err, text))
	}
	return p
}

// settleIn makes the endpoints of a setting, a month old, as sagescale has seen them
// before.
func (w *world) settleIn(s setting) {
	w.setting = s
	for i, name := range s.names {
		e := activity.Endpoint{Name: name, Config: "v1", CreationTime: epoch().AddDate(0, -1, -i)}
		for _, t := range s.targets {
			if t.endpoint == name {
				spec, _ := target(w.policyNow(), t.endpoint, t.variant)
				n := spec.Limits.Min + w.pick(spec.Limits.Max-spec.Limits.Min+1, "initial "+t.variant, i)
				e.Variants = append(e.Variants, activity.Variant{Name: t.variant, Desired: n})
			}
		}
		w.sageMaker.Create(e)
		for _, v := range e.Variants {
			w.capacity[name+"/"+v.Name] = v.Desired
		}
	}
}

// number returns the number of an endpoint, -1 for none.
func (w *world) number(endpoint string) int { return slices.Index(w.setting.names, endpoint) }

// loads draws the load of every target: a level for half an hour each, with noise, and
// one level in the end.
func (w *world) loads(s setting) {
	index := func(endpoint, variant string) int { return slices.Index(s.targets, variantOf{endpoint, variant}) }
	w.metrics.load = func(endpoint, variant string, minute int) float64 {
		i := index(endpoint, variant)
		block := min(minute, int(storm/time.Minute)) / 25
		level := 1400 * math.Pow(w.share("level", i, block), 2)
		if at(minute).Sub(epoch()) > storm {
			return math.Round(level)
		}
		level *= 0.9 + 0.2*w.share("noise", i, minute)
		switch {
		case w.onAt("no load", minute):
			w.hit("no load")
			return 0
		case w.onAt("load three times as high", minute):
			w.hit("load three times as high")
			level *= 3
		case w.onAt("one minute's peak", minute) && minute%7 == 0:
			w.hit("one minute's peak")
			level *= 5
		case w.onAt("clients fail", minute):
			w.hit("clients fail")
			level /= 5
		}
		return math.Round(level)
	}
	w.metrics.failing = func(_, _ string, minute int) float64 {
		if w.onAt("clients fail", minute) {
			return 0.5
		}
		return 0
	}
	w.metrics.served = map[string][]int{}
}
