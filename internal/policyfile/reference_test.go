package policyfile_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	generator "github.com/invopop/jsonschema"

	"sagescale/internal/policyfile"
	"sagescale/test/page"
)

// The page that explains every field has what the types make, between its marks. After a
// change of the types:
//
//	go test ./internal/policyfile -run TestReference -update
func TestReference(t *testing.T) {
	page.Shows(t, "../../docs/policy-reference.md", "fields", fieldTables(t), *update)
}

// of is what the page calls the fields of a type, by its name in the schema. Those of
// the defaults are among a target's, and a metric is one of two kinds.
func of(kind string) string {
	return map[string]string{
		"":                 "The file",
		"Target":           "A target",
		"TargetTracking":   "An entry of targetTracking",
		"Window":           "A scaleOut of targetTracking",
		"ScaleIn":          "A scaleIn of targetTracking",
		"CloudWatchMetric": "A metric of your own",
		"MetricMath":       "A metric that is computed",
		"MetricInput":      "A metric that an expression calls",
		"StepScaling":      "An entry of stepScaling",
		"StepAdjustment":   "An entry of stepAdjustments",
		"ScaleInGuard":     "An entry of scaleInGuards",
		"Behavior":         "A behavior",
		"BehaviorRule":     "A scaleOut or scaleIn of a behavior",
		"Velocity":         "An entry of the policies of a behavior",
		"Predictive":       "A predictive",
		"ScheduledAction":  "An entry of scheduledActions",
	}[kind]
}

// fieldTables renders a table for every type of the schema, in the order in which the
// fields name them.
func fieldTables(t *testing.T) string {
	t.Helper()
	var root generator.Schema
	if err := json.Unmarshal(policyfile.Schema(), &root); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	waiting, done := []string{""}, []string{"Scaling", "Metric"}
	for len(waiting) > 0 {
		kind := waiting[0]
		waiting = waiting[1:]
		if slices.Contains(done, kind) {
			continue
		}
		done = append(done, kind)
		schema := &root
		if kind != "" {
			schema = root.Definitions[kind]
		}
		if of(kind) == "" {
			t.Errorf("the page has no name for the type %s", kind)
		}
		fmt.Fprintf(&b, "\n### %s\n\n| field | type | default | meaning |\n| --- | --- | --- | --- |\n", of(kind))
		waiting = append(fieldRows(&b, schema), waiting...)
	}
	if len(done) != len(root.Definitions)+1 {
		t.Errorf("the page has the types %v, the schema others", done)
	}
	b.WriteString("\n")
	return b.String()
}

// fieldRows writes a row for every field, and returns the types that they name.
//
// Where no value can say what a field is when it is left out, the end of its comment
// does, from "When absent:" on.
func fieldRows(b *strings.Builder, of *generator.Schema) []string {
	var named []string
	whenAbsent := regexp.MustCompile(`^(.+) When absent: (.+)\.$`)
	for p := of.Properties.Oldest(); p != nil; p = p.Next() {
		meaning, preset := p.Value.Description, "none"
		if m := whenAbsent.FindStringSubmatch(meaning); m != nil {
			meaning, preset = m[1], asCode(m[2])
		}
		switch {
		case slices.Contains(of.Required, p.Key):
			preset = "required"
		case p.Value.Default != nil:
			preset = fmt.Sprintf("`%v`", p.Value.Default)
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", p.Key, typeWords(p.Value), preset, asCode(meaning))
		named = append(named, typesOf(p.Value)...)
	}
	return named
}

// typesOf returns the types with fields of their own that a field names.
func typesOf(s *generator.Schema) []string {
	if s.Items != nil {
		s = s.Items
	}
	name := strings.TrimPrefix(s.Ref, "#/$defs/")
	switch name {
	case "":
		return nil
	case "Metric":
		return []string{"CloudWatchMetric", "MetricMath"}
	}
	return []string{name}
}

// typeWords says what may stand in a field.
func typeWords(s *generator.Schema) string {
	switch {
	case len(s.Enum) > 0:
		var all []string
		for _, v := range s.Enum {
			all = append(all, fmt.Sprintf("`%v`", v))
		}
		return strings.Join(all, ", ")
	case strings.HasSuffix(s.Ref, "/Metric"):
		return "`InvocationsPerInstance`, `ConcurrentRequestsPerModel`, or " + links("a", typesOf(s))
	case s.Items != nil:
		return links("list of", typesOf(s)) + count(s)
	case s.Ref != "":
		return links("", typesOf(s))
	case strings.Contains(s.Pattern, "ms|s|m|h"):
		return "duration"
	case s.Format == "date-time":
		return "time"
	case s.Type == "object":
		return "mapping"
	case s.Type == "string":
		return "text" + length(s)
	}
	return s.Type + limits(s)
}

// links refers to the tables of types.
func links(lead string, kinds []string) string {
	var all []string
	for _, kind := range kinds {
		if kind == "Scaling" {
			kind = "Target"
		}
		anchor := strings.ReplaceAll(strings.ToLower(of(kind)), " ", "-")
		text := strings.TrimPrefix(strings.TrimPrefix(of(kind), "An entry of "), "A ")
		all = append(all, "["+text+"](#"+anchor+")")
	}
	return strings.TrimSpace(lead + " " + strings.Join(all, " or "))
}

func count(s *generator.Schema) string {
	switch {
	case s.MinItems != nil && s.MaxItems != nil:
		return fmt.Sprintf(", %d to %d", *s.MinItems, *s.MaxItems)
	case s.MaxItems != nil:
		return fmt.Sprintf(", at most %d", *s.MaxItems)
	case s.MinItems != nil:
		return fmt.Sprintf(", at least %d", *s.MinItems)
	}
	return ""
}

func length(s *generator.Schema) string {
	if s.MaxLength != nil {
		return fmt.Sprintf(", at most %d characters", *s.MaxLength)
	}
	return ""
}

// limits says which numbers a field takes; that an integer has 32 bits goes without
// saying.
func limits(s *generator.Schema) string {
	var all []string
	for _, bound := range []struct {
		words string
		value json.Number
	}{{"from", s.Minimum}, {"above", s.ExclusiveMinimum}, {"to", s.Maximum}, {"below", s.ExclusiveMaximum}} {
		if bound.value != "" && !strings.Contains(string(bound.value), "214748364") {
			all = append(all, bound.words+" "+string(bound.value))
		}
	}
	if len(all) == 0 {
		return ""
	}
	return ", " + strings.Join(all, " ")
}

// asCode marks what is code in a description: names of fields and values, and
// expressions. A bar would end the cell.
func asCode(text string) string {
	code := regexp.MustCompile(`\{[^}]*\}|\b(?:at|rate|cron)\([^)]*\)|AWS/SageMaker|GPUUtilization|errors / FILL\(requests, 1\)|/aws/sagemaker/\w+|\b[a-z]+[A-Z]\w*|\b[A-Z]\w*[a-z][A-Z]\w*|\b\d+(?:s|m|h)\b`)
	text = code.ReplaceAllStringFunc(text, func(s string) string {
		if slices.Contains([]string{"SageMaker", "CloudWatch", "AllTraffic"}, s) {
			return s
		}
		return "`" + s + "`"
	})
	return strings.ReplaceAll(text, "|", `\|`)
}
