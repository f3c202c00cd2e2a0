package policyfile

import (
	"math"
	"reflect"
	"regexp"
	"strconv"
	"time"

	"go.yaml.in/yaml/v4"

	"sagescale/internal/policy"
)

// The one way in which each type is written.
var (
	integerForm  = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)
	numberForm   = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)
	durationForm = regexp.MustCompile(`^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`)
	timeForm     = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$`)
)

// metric decodes a predefined metric's name or the mapping of another metric.
func (d *decoder) metric(n *yaml.Node, path policy.Path, out *policy.MetricSpec) {
	switch target := resolve(n); {
	case target.Kind == yaml.MappingNode:
		d.collection(n, path, reflect.ValueOf(out).Elem())
	case target.Tag == "!!str" && target.Value != "":
		out.Predefined = target.Value
	default:
		d.fail(n, path, "must be the name of a predefined metric or a mapping, is "+describe(n))
	}
}

// texts decodes a mapping of names to texts.
func (d *decoder) texts(n *yaml.Node, path policy.Path, out *map[string]string) {
	target := resolve(n)
	if target.Kind != yaml.MappingNode {
		d.fail(n, path, "must be a mapping of names to texts, is "+describe(n))
		return
	}
	*out = map[string]string{}
	entries, _ := d.entries(target, path)
	for _, e := range entries {
		at, text := join(path, e.name), ""
		if d.sound(e.value, at) {
			d.text(e.value, at, &text)
		}
		(*out)[e.name] = text
	}
}

func (d *decoder) text(n *yaml.Node, path policy.Path, out *string) {
	target := resolve(n)
	if target.Kind != yaml.ScalarNode || target.Tag != "!!str" {
		d.fail(n, path, "must be a text, is "+describe(n)+hint(n))
		return
	}
	*out = target.Value
}

// hint says how a scalar that is no text becomes one.
func hint(n *yaml.Node) string {
	if n = resolve(n); n.Kind == yaml.ScalarNode && n.Tag != "!!str" {
		return ": quote it"
	}
	return ""
}

func (d *decoder) boolean(n *yaml.Node, path policy.Path, out *bool) {
	target := resolve(n)
	switch {
	case target.Tag != "!!bool":
		d.fail(n, path, "must be true or false, is "+describe(n))
	case target.Value != "true" && target.Value != "false":
		d.fail(n, path, "must be true or false, in small letters")
	default:
		*out = target.Value == "true"
	}
}

func (d *decoder) integer(n *yaml.Node, path policy.Path, out *int) {
	target := resolve(n)
	switch {
	case target.Tag != "!!int" && target.Tag != "!!float":
		d.fail(n, path, "must be a whole number, is "+describe(n))
		return
	case !integerForm.MatchString(target.Value):
		d.fail(n, path, "must be a whole number in decimal digits only, such as 8")
		return
	}
	v, err := strconv.ParseInt(target.Value, 10, 32)
	switch {
	case err == nil:
		*out = int(v)
	case v < 0:
		d.fail(n, path, "must be a whole number, at least "+strconv.Itoa(math.MinInt32))
	default:
		d.fail(n, path, "must be a whole number, at most "+strconv.Itoa(math.MaxInt32))
	}
}

func (d *decoder) number(n *yaml.Node, path policy.Path, out *float64) {
	target := resolve(n)
	switch {
	case !numeric(target):
		d.fail(n, path, "must be a number, is "+describe(n))
		return
	case !numberForm.MatchString(target.Value):
		d.fail(n, path, "must be a finite decimal number, such as 0.9 or 700")
		return
	}
	v, err := strconv.ParseFloat(target.Value, 64)
	if err != nil {
		d.fail(n, path, "must be a finite decimal number, is too large")
		return
	}
	*out = v
}

// numeric reports whether n is a number. One beyond every range, such as 1e999,
// is a text to YAML.
func numeric(n *yaml.Node) bool {
	beyond := n.Tag == "!!str" && n.Style == 0 && numberForm.MatchString(n.Value)
	return n.Tag == "!!int" || n.Tag == "!!float" || beyond
}

func (d *decoder) duration(n *yaml.Node, path policy.Path, out *policy.Duration) {
	target := resolve(n)
	switch {
	case target.Tag == "!!int" || target.Tag == "!!float":
		d.fail(n, path, "must be a duration such as "+withUnit(target.Value)+": write the unit")
	case target.Tag != "!!str":
		d.fail(n, path, "must be a duration such as 90s, 5m or 1h30m, is "+describe(n))
	case !durationForm.MatchString(target.Value) || out.UnmarshalText([]byte(target.Value)) != nil:
		d.fail(n, path, "must be a duration such as 90s, 5m or 1h30m")
	}
}

// withUnit returns a number as seconds, if it can be that.
func withUnit(number string) string {
	if integerForm.MatchString(number) && number[0] != '-' && len(number) < 6 {
		return number + "s"
	}
	return "300s"
}

func (d *decoder) time(n *yaml.Node, path policy.Path, out *time.Time) {
	target := resolve(n)
	if target.Tag == "!!str" || target.Tag == "!!timestamp" {
		v, err := time.Parse(time.RFC3339, target.Value)
		if err == nil && timeForm.MatchString(target.Value) {
			*out = v
			return
		}
	}
	d.fail(n, path, "must be a time with its zone, such as 2026-12-01T00:00:00Z")
}
