package policyfile_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	generator "github.com/invopop/jsonschema"

	"sagescale/internal/policy"
	"sagescale/internal/policyfile"
)

var update = flag.Bool("update", false, "write scaling.schema.json and the golden files anew")

// TestSchema fails when the schema that is shipped is not what the types make.
// After a change of the types:
//
//	go test ./internal/policyfile -run TestSchema -update
func TestSchema(t *testing.T) {
	want := generate(t)
	if *update {
		if err := os.WriteFile("scaling.schema.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(policyfile.Schema(), want) {
		t.Error("scaling.schema.json is not what the types make: run this test with -update")
	}
}

// TestSchemaIsClosed walks the schema: nothing may stand in a policy that it
// does not know, and everything that it knows is described.
func TestSchemaIsClosed(t *testing.T) {
	var root map[string]any
	if err := json.Unmarshal(policyfile.Schema(), &root); err != nil {
		t.Fatal(err)
	}
	var walk func(path string, node any)
	walk = func(path string, node any) {
		object, ok := node.(map[string]any)
		if !ok {
			return
		}
		if object["type"] == "object" && object["additionalProperties"] != false && !strings.HasSuffix(path, "/dimensions") {
			t.Errorf("%s allows unknown fields", path)
		}
		for key, value := range object {
			walk(path+"/"+key, value)
		}
		if object["type"] != "object" {
			return // conditions name the fields of others
		}
		properties, _ := object["properties"].(map[string]any)
		for name, value := range properties {
			if value.(map[string]any)["description"] == nil {
				t.Errorf("%s/%s has no description", path, name)
			}
		}
	}
	walk("#", root)
	for key, want := range map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   "sagescale policy file",
	} {
		if root[key] != want {
			t.Errorf("%s is %v, want %v", key, root[key], want)
		}
	}
}

// TestSchemaDefaults: a default that the schema names is the one that is used.
// Each # in the text below is a place for the defaults of a type.
func TestSchemaDefaults(t *testing.T) {
	var root struct {
		Defs map[string]struct {
			Properties map[string]struct{ Default any }
		} `json:"$defs"`
	}
	if err := json.Unmarshal(policyfile.Schema(), &root); err != nil {
		t.Fatal(err)
	}
	const text = `{version: 1, targets: [{endpoint: chat-llm, variant: AllTraffic, minCapacity: 1, maxCapacity: 8 #Target,
  targetTracking: [{
    metric: {name: gpu, namespace: n, metricName: m, statistic: Average #CloudWatchMetric}, targetValue: 5,
    scaleOut: { #Window}, scaleIn: {datapoints: 1, periods: 1 #ScaleIn} #TargetTracking}],
  stepScaling: [{
    name: a, metric: InvocationsPerInstance, threshold: 5, comparison: LessThanThreshold, adjustmentType: PercentChangeInCapacity,
    stepAdjustments: [{upperBound: 0, adjustment: -1 #StepAdjustment}] #StepScaling}],
  scaleInGuards: [{
    metric: {name: m, expression: a, metrics: [{id: a, namespace: n, metricName: m, statistic: Sum}] #MetricMath},
    maximum: 5 #ScaleInGuard}],
  behavior: {
    scaleOut: {policies: [{type: Percent, value: 1, period: 1m #Velocity}] #BehaviorRule},
    scaleIn: {policies: [{type: Percent, value: 1, period: 1m}] #BehaviorRule} #Behavior},
  predictive: {mode: "Off" #Predictive},
  scheduledActions: [{name: a, schedule: rate(1 day), maxCapacity: 8 #ScheduledAction}]}]}`
	var seen []string
	fill := func(place string) string {
		filled := ""
		for name, property := range root.Defs[place[1:]].Properties {
			if property.Default != nil {
				filled += fmt.Sprintf(", %s: %v", name, property.Default)
				seen = append(seen, place[1:]+"."+name)
			}
		}
		return filled
	}
	place := regexp.MustCompile(`#[A-Za-z]+`)
	full := strings.ReplaceAll(place.ReplaceAllStringFunc(text, fill), "{ , ", "{")
	want, err := policyfile.Parse("f", []byte(place.ReplaceAllString(text, "")))
	if err != nil {
		t.Fatal(err)
	}
	got, err := policyfile.Parse("f", []byte(full))
	if err != nil || got.Digest != want.Digest {
		t.Errorf("with the defaults of the schema: %+v, %v\n%s", got, err, full)
	}
	for name, def := range root.Defs {
		for field, property := range def.Properties {
			// What stands in the defaults of a file stands in a target too.
			if property.Default != nil && name != "Scaling" && !slices.Contains(seen, name+"."+field) {
				t.Errorf("the default of %s.%s is not tried", name, field)
			}
		}
	}
}

// TestSchemaRefuses: a change to the full sample that makes it wrong the schema
// refuses as Parse does, and one that does not neither of them.
func TestSchemaRefuses(t *testing.T) {
	full, schema := string(mustRead(t, "testdata/full.yaml")), compileSchema(t)
	for _, c := range []struct {
		name, old, new string
		valid          bool
	}{
		{"comparison", "comparison: GreaterThanThreshold", "comparison: GreaterThan", false},
		{"another comparison", "comparison: GreaterThanThreshold", "comparison: GreaterThanOrEqualToThreshold", true},
		{"adjustment type", "adjustmentType: ChangeInCapacity", "adjustmentType: Change", false},
		{"aggregation", "metricAggregationType: Maximum", "metricAggregationType: Sum", false},
		{"missing data of steps", "treatMissingData: ignore", "treatMissingData: hold", false},
		{"missing data of guards", "treatMissingData: notBreaching", "treatMissingData: ignore", false},
		{"missing data of guards breaches", "treatMissingData: notBreaching", "treatMissingData: breaching", true},
		{"minimum of a percentage", "minAdjustmentMagnitude: 2", "minAdjustmentMagnitude: 1", true},
		{"no minimum of a percentage", "minAdjustmentMagnitude: 2", "minAdjustmentMagnitude: 0", false},
		{"minimum of a change", "adjustmentType: ChangeInCapacity", "adjustmentType: ChangeInCapacity\n    minAdjustmentMagnitude: 1", false},
		{"minimum of a capacity", "adjustmentType: ExactCapacity", "adjustmentType: ExactCapacity\n    minAdjustmentMagnitude: 1", false},
		{"capacity of 0", "upperBound: 0, adjustment: 2", "upperBound: 0, adjustment: 0", true},
		{"capacity below 0", "upperBound: 0, adjustment: 2", "upperBound: 0, adjustment: -1", false},
		{"percentage below 0", "{lowerBound: 1000000, adjustment: 50}", "{lowerBound: 1000000, adjustment: -50}", true},
		{"fraction of a percent", "adjustment: 50}", "adjustment: 0.5}", false},
		{"adjustment beyond", "adjustment: 50}", "adjustment: 2147483648}", false},
		{"lowest adjustment", "{lowerBound: 1000000, adjustment: 50}", "{lowerBound: 1000000, adjustment: -2147483648}", true},
		{"adjustment below", "adjustment: 50}", "adjustment: -2147483649}", false},
		{"no adjustment", ", adjustment: 50}", "}", false},
		{"no bounds", "{lowerBound: 0, adjustment: 2}", "{adjustment: 2}", false},
		{"an upper bound alone", "{lowerBound: 0, adjustment: 2}", "{upperBound: 0, adjustment: 2}", true},
		{"no steps", "    stepAdjustments:\n    - {lowerBound: 0, adjustment: 2}", "    stepAdjustments: []", false},
		{"20 steps", "- {lowerBound: 0, adjustment: 2}", ladder(20), true},
		{"21 steps", "- {lowerBound: 0, adjustment: 2}", ladder(21), false},
		{"datapoints of steps without periods", "    periods: 3\n", "", false},
		{"periods of steps without datapoints", "    datapoints: 2\n    periods: 3\n", "    periods: 3\n", false},
		{"no window of steps", "    datapoints: 2\n    periods: 3\n", "", true},
		{"datapoints of a guard without periods", "    periods: 10\n", "", false},
		{"periods of a guard without datapoints", "    datapoints: 2\n    periods: 10\n", "    periods: 10\n", false},
		{"no window of a guard", "    datapoints: 2\n    periods: 10\n", "", true},
		{"no maximum", "    maximum: 10\n", "", false},
		{"maximum below 0", "maximum: 10\n", "maximum: -10.5\n", false},
		{"tolerance of 1 out", "tolerance: 0.1", "tolerance: 1", true},
		{"tolerance of 1 in", "tolerance: 0.05", "tolerance: 1", false},
		{"tolerance below 1 in", "tolerance: 0.05", "tolerance: 0.99", true},
		{"tolerance of 0", "tolerance: 0.05", "tolerance: 0", true},
		{"tolerance below 0", "tolerance: 0.05", "tolerance: -0.01", false},
		{"selection", "selectPolicy: Min", "selectPolicy: min", false},
		{"disabled", "selectPolicy: Min", "selectPolicy: Disabled", true},
		{"no velocities", "{type: Instances, value: 1, period: 5m}", "{}", false},
		{"velocity of pods", "type: Instances, value: 1", "type: Pods, value: 1", false},
		{"no velocity", "type: Instances, value: 1", "type: Instances, value: 0", false},
		{"velocity without a period", "value: 1, period: 5m", "value: 1", false},
		{"no devices", "devices: 4", "devices: 0", false},
		{"most devices", "devices: 4", "devices: 1024", true},
		{"too many devices", "devices: 4", "devices: 1025", false},
		{"an expression and a metric", "expression: failed", "namespace: n\n      expression: failed", false},
		{"an expression and dimensions", "expression: failed", "dimensions: {}\n      expression: failed", false},
		{"a metric and metrics of an expression", "devices: 4", "devices: 4\n      metrics: [{id: a, namespace: n, metricName: m, statistic: Sum}]", false},
		{"metrics without an expression", "      expression: failed / FILL(requests, 1)\n", "", false},
		{"an empty expression", "expression: failed / FILL(requests, 1)", "expression: ''", false},
		{"another expression", "expression: failed / FILL(requests, 1)", "expression: FILL(failed, 0) * 100 / requests", true},
		{"the longest expression", "FILL(requests, 1)", "requests" + strings.Repeat("+1", 1014) + "+10", true},
		{"an expression that is too long", "FILL(requests, 1)", "requests" + strings.Repeat("+1", 1016), false},
		{"an expression in another script", "FILL(requests, 1)", "FILL(requests, \u0661)", false},
		{"an id with a capital letter", "- id: failed", "- id: Failed", false},
		{"a metric without an id", "- id: failed\n        namespace", "- namespace", false},
		{"a metric of an expression without a statistic", "        statistic: Sum # of those", "", false},
		{"a period for one metric", "statistic: Sum # of those", "statistic: Sum\n        period: 60s", false},
		{"a statistic of no use", "statistic: Sum # of those", "statistic: Median", false},
		{"a dimension without a name", "dimensions: {VariantName: AllTraffic}", "dimensions: {'': AllTraffic}", false},
		{"no dimensions", "dimensions: {VariantName: AllTraffic}", "dimensions: {}", true},
		{"cooldown of a metric without a unit", "scaleInCooldown: 24h", "scaleInCooldown: 24", false},
		{"disabled by a text", "    disableScaleIn: true", "    disableScaleIn: 'true'", false},
		{"predefined metric", "metric: InvocationsPerInstance\n", "metric: Invocations\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(full, c.old, c.new, 1)
			if text == full {
				t.Fatalf("%q is not in the sample", c.old)
			}
			if _, err := policyfile.Parse("f", []byte(text)); (err == nil) != c.valid {
				t.Errorf("Parse: %v", err)
			}
			if err := schema.Validate(plain(t, []byte(text))); (err == nil) != c.valid {
				t.Errorf("schema: %v", err)
			}
		})
	}
}

// ladder returns a list of steps.
func ladder(n int) string {
	steps := ""
	for i := range n - 1 {
		steps += fmt.Sprintf("- {lowerBound: %d, upperBound: %d, adjustment: %d}\n    ", i, i+1, i)
	}
	return steps + fmt.Sprintf("- {lowerBound: %d, adjustment: 50}", n-1)
}

// TestSchemaIsACopy: who changes what Schema returns changes nothing else.
func TestSchemaIsACopy(t *testing.T) {
	policyfile.Schema()[0] = 'x'
	if got := policyfile.Schema()[0]; got != '{' {
		t.Errorf("schema begins with %q", got)
	}
}

// generate returns the schema that the types of package policy make.
func generate(t *testing.T) []byte {
	t.Helper()
	r := &generator.Reflector{
		Anonymous:      true,
		ExpandedStruct: true,
		Mapper:         mapper,
		Namer:          func(t reflect.Type) string { return strings.TrimSuffix(t.Name(), "Spec") },
	}
	if err := r.AddGoComments("sagescale/internal/policyfile", "../policy"); err != nil {
		t.Fatal(err)
	}
	for name, text := range r.CommentMap {
		// One line of text; and none for types, whose comments speak of Go.
		r.CommentMap[name] = strings.Join(strings.Fields(text), " ")
		if strings.Count(name[strings.LastIndex(name, "/"):], ".") < 2 {
			delete(r.CommentMap, name)
		}
	}
	schema := r.Reflect(&policy.Spec{})
	schema.Title = "sagescale policy file"
	schema.Description = "How the production variants of SageMaker endpoints scale."
	finish(schema.Definitions)
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

// mapper has the types that stand as texts.
func mapper(t reflect.Type) *generator.Schema {
	switch t {
	case reflect.TypeFor[policy.Duration]():
		return &generator.Schema{Type: "string", Pattern: `^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`, Examples: []any{"90s", "5m", "1h30m"}}
	}
	return nil
}

// finish adds what struct tags cannot say.
func finish(types generator.Definitions) {
	finishMetrics(types)
	for _, name := range []string{"startTime", "endTime"} {
		field, _ := types["ScheduledAction"].Properties.Get(name)
		field.Pattern = `^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$`
	}
	finishWindows(types)
	finishSteps(types)
	scaleIn, _ := types["Behavior"].Properties.Get("scaleIn")
	scaleIn.Properties = having("tolerance", &generator.Schema{ExclusiveMaximum: "1"}).Properties
}

// finishWindows adds to the M of N datapoints that one is not given without the other,
// and what both are when they are left out, which differs from type to type.
func finishWindows(types generator.Definitions) {
	out := policy.Window{Datapoints: policy.DefaultScaleOutDatapoints, Periods: policy.DefaultScaleOutDatapoints}
	for name, absent := range map[string]policy.Window{
		"Window":       out,
		"StepScaling":  out,
		"ScaleInGuard": {Datapoints: 1, Periods: policy.DefaultGuardPeriods},
		"ScaleIn":      {}, // a time, whose datapoints depend on the metric's period
	} {
		types[name].DependentRequired = map[string][]string{"datapoints": {"periods"}, "periods": {"datapoints"}}
		datapoints, _ := types[name].Properties.Get("datapoints")
		periods, _ := types[name].Properties.Get("periods")
		if absent == (policy.Window{}) {
			datapoints.Description += " When absent: all."
			periods.Description += " When absent: those of 15 minutes."
			continue
		}
		datapoints.Default, periods.Default = absent.Datapoints, absent.Periods
	}
}

// finishMetrics tells the shapes of a metric apart: a name, a metric of CloudWatch
// and an expression.
func finishMetrics(types generator.Definitions) {
	types["CloudWatchMetric"] = without(types["Metric"], "expression", "metrics")
	types["MetricMath"] = without(types["Metric"], "namespace", "metricName", "statistic", "dimensions")
	types["MetricMath"].Required = append(types["MetricMath"].Required, "expression", "metrics")
	types["Metric"] = &generator.Schema{OneOf: []*generator.Schema{
		{Type: "string", Enum: []any{policy.InvocationsPerInstance, policy.ConcurrentRequestsPerModel}},
		{Ref: "#/$defs/CloudWatchMetric"},
		{Ref: "#/$defs/MetricMath"},
	}}
	most, one := uint64(30), uint64(1)
	for _, name := range []string{"CloudWatchMetric", "MetricInput"} {
		dimensions, _ := types[name].Properties.Get("dimensions")
		dimensions.MaxProperties = &most
		dimensions.PropertyNames = &generator.Schema{Pattern: "^[^:]", MaxLength: new(uint64(255))}
		dimensions.AdditionalProperties = &generator.Schema{Type: "string", MinLength: &one, MaxLength: new(uint64(1024))}
	}
}

// without returns a schema that does not know some of the properties.
func without(s *generator.Schema, names ...string) *generator.Schema {
	out := *s
	out.Properties = generator.NewProperties()
	for p := s.Properties.Oldest(); p != nil; p = p.Next() {
		if !slices.Contains(names, p.Key) {
			out.Properties.Set(p.Key, p.Value)
		}
	}
	out.Required = slices.DeleteFunc(slices.Clone(s.Required), func(name string) bool { return slices.Contains(names, name) })
	return &out
}

// finishSteps adds the rules that one field of a step policy makes for another.
func finishSteps(types generator.Definitions) {
	types["StepAdjustment"].AnyOf = []*generator.Schema{{Required: []string{"lowerBound"}}, {Required: []string{"upperBound"}}}
	kind := func(value string) *generator.Schema {
		return having("adjustmentType", &generator.Schema{Const: value})
	}
	steps := types["StepScaling"]
	steps.DependentSchemas = map[string]*generator.Schema{"minAdjustmentMagnitude": kind(policy.PercentChangeInCapacity)}
	steps.If = kind(policy.ExactCapacity)
	steps.If.Required = []string{"adjustmentType"}
	steps.Then = having("stepAdjustments", &generator.Schema{
		Items: having("adjustment", &generator.Schema{Minimum: "0"}),
	})
}

// having returns what a schema says of one property.
func having(name string, property *generator.Schema) *generator.Schema {
	out := &generator.Schema{Properties: generator.NewProperties()}
	out.Properties.Set(name, property)
	return out
}
