package policy

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The names that SageMaker and CloudWatch accept, by their API models.
var (
	resourceName   = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$`)
	metricName     = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_.-]{0,254}$`)
	inputID        = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]{0,254}$`)
	metricText     = regexp.MustCompile(`^[!-9;-~][ -~]{0,254}$`)
	dimensionValue = regexp.MustCompile(`^[ -~]*[!-~][ -~]*$`)
	actionName     = regexp.MustCompile(`^[0-9a-zA-Z_.-]{1,64}$`)
	printable      = regexp.MustCompile(`^[ -~]+$`)

	// expressionToken matches one part of an expression after the other: a string
	// literal, which may lack its end; a number; a word; any other character.
	expressionToken = regexp.MustCompile(`"[^"]*"?|'[^']*'?|[0-9][0-9a-zA-Z_.]*|[a-zA-Z_][0-9a-zA-Z_]*|.`)
)

const (
	resourceNameRule = "must be 1 to 63 letters, digits and inner hyphens, as SageMaker names endpoints and variants"
	metricTextRule   = "1 to 255 printable ASCII characters, the first no blank and no colon, as CloudWatch wants it"
	maxCooldown      = 24 * time.Hour
	maxWindow        = 24 * time.Hour // of an alarm, by CloudWatch
	// Of metrics of less than a minute, which CloudWatch keeps for three hours, with
	// a stabilization window and time for late datapoints to spare.
	maxHighResolution = 105 * time.Minute
	maxStabilization  = time.Hour // as in the HPA
	maxActions        = 200       // per target, by Application Auto Scaling
	maxDevices        = 1024      // more than any instance has
	maxMagnitude      = 0x1p360   // of a threshold or target value, by Application Auto Scaling
)

// name checks a required name against a pattern.
func (f *faults) name(path Path, field string, v *string, pattern *regexp.Regexp, rule string) {
	if f.required(path, field, v != nil) && !pattern.MatchString(*v) {
		f.add(path.with(field), *v, "%s", rule)
	}
}

// oneOf checks a string that must be one of a few.
func (f *faults) oneOf(path Path, field string, v *string, values ...string) {
	if v != nil && !slices.Contains(values, *v) {
		f.add(path.with(field), *v, "must be one of %s", strings.Join(values, ", "))
	}
}

// atLeastOne checks an integer that must be 1 or more and fit SageMaker's int32.
func (f *faults) atLeastOne(path Path, field string, v *int) {
	if v != nil && (*v < 1 || *v > math.MaxInt32) {
		f.add(path.with(field), *v, "must be a whole number from 1 to %d", math.MaxInt32)
	}
}

// positive checks a number that must be finite and above zero.
func (f *faults) positive(path Path, field string, v *float64) {
	if v != nil && (!(*v > 0) || math.IsInf(*v, 0)) {
		f.add(path.with(field), *v, "must be a finite number above 0")
		return
	}
	f.finite(path, field, v)
}

// finite checks a number that may have either sign. Its magnitude is bounded as in
// Application Auto Scaling, so that nothing made of it is beyond a float.
func (f *faults) finite(path Path, field string, v *float64) {
	switch {
	case v == nil:
	case math.IsNaN(*v) || math.IsInf(*v, 0):
		f.add(path.with(field), *v, "must be a finite number")
	case math.Abs(*v) > maxMagnitude:
		f.add(path.with(field), *v, "must be from -2^360 to 2^360, as in Application Auto Scaling")
	}
}

// duration checks a duration that must be whole seconds from low to high.
func (f *faults) duration(path Path, field string, v *Duration, low, high time.Duration) {
	if v == nil {
		return
	}
	if d := time.Duration(*v); d < low || d > high || d%time.Second != 0 {
		f.add(path.with(field), Brief(d), "must be whole seconds from %s to %s", Brief(low), Brief(high))
	}
}

// measurable checks a number that datapoints are compared with.
func (f *faults) measurable(path Path, field string, v *float64) {
	if v != nil && *v < 0 {
		f.add(path.with(field), *v, "must be 0 or more: a negative datapoint counts as missing")
		return
	}
	f.finite(path, field, v)
}

// scaling checks the fields that stand in s, one by one.
func (f *faults) scaling(path Path, s ScalingSpec) {
	f.atLeastOne(path, "minCapacity", s.MinCapacity)
	f.atLeastOne(path, "maxCapacity", s.MaxCapacity)
	f.duration(path, "scaleOutCooldown", s.ScaleOutCooldown, 0, maxCooldown)
	f.duration(path, "scaleInCooldown", s.ScaleInCooldown, 0, maxCooldown)
	for i, t := range s.TargetTracking {
		f.targetTracking(path.with("targetTracking", i), t)
	}
	f.uniqueMetrics(path, s.TargetTracking)
	f.stepScaling(path, s.StepScaling)
	f.scaleInGuards(path, s.ScaleInGuards)
	f.behavior(path.with("behavior"), s.Behavior)
	f.predictive(path.with("predictive"), s.Predictive)
}

func (f *faults) targetTracking(path Path, t TargetTrackingSpec) {
	f.requiredMetric(path, t.Metric)
	if f.required(path, "targetValue", t.TargetValue != nil) {
		f.positive(path, "targetValue", t.TargetValue)
	}
	f.duration(path, "scaleOutCooldown", t.ScaleOutCooldown, 0, maxCooldown)
	f.duration(path, "scaleInCooldown", t.ScaleInCooldown, 0, maxCooldown)
	period := t.Metric.period()
	if t.ScaleOut != nil {
		f.window(path.with("scaleOut"), *t.ScaleOut, period, path.with("metric", "period"))
	}
	if t.ScaleIn != nil {
		f.window(path.with("scaleIn"), t.ScaleIn.WindowSpec, period, path.with("metric", "period"))
		if v := t.ScaleIn.Threshold; v != nil && (!(*v > 0) || *v > 1) {
			f.add(path.with("scaleIn", "threshold"), *v, "must be above 0 and at most 1, a share of targetValue")
		}
	}
}

// window checks M of N for a metric of that period, which stands in the fields
// that related names.
func (f *faults) window(path Path, w WindowSpec, period time.Duration, related Path) {
	if w.Datapoints == nil && w.Periods == nil {
		return
	}
	if !f.required(path, "datapoints", w.Datapoints != nil) || !f.required(path, "periods", w.Periods != nil) {
		return
	}
	longest, why := maxWindow, "CloudWatch looks back one day at most"
	if period < time.Minute {
		longest, why = maxHighResolution, "CloudWatch keeps datapoints of less than a minute for three hours"
	}
	switch most := int(longest / period); {
	case *w.Periods < 1 || *w.Periods > most:
		f.add(path.with("periods"), *w.Periods, "must be from 1 to %d: %s", most, why).Related = []Path{related}
	case *w.Datapoints < 1 || *w.Datapoints > *w.Periods:
		f.add(path.with("datapoints"), *w.Datapoints, "must be from 1 to periods (%d)", *w.Periods)
	}
}

// requiredMetric checks a metric that must be there.
func (f *faults) requiredMetric(path Path, m *MetricSpec) {
	if f.required(path, "metric", m != nil) {
		f.metric(path.with("metric"), *m)
	}
}

func (f *faults) metric(path Path, m MetricSpec) {
	if m.Predefined != "" {
		f.oneOf(path[:len(path)-1], "metric", &m.Predefined, InvocationsPerInstance, ConcurrentRequestsPerModel)
		return
	}
	f.name(path, "name", m.Name, metricName, "must be a letter and up to 254 letters, digits, dots, hyphens and underscores")
	if m.Name != nil && slices.Contains([]string{InvocationsPerInstance, ConcurrentRequestsPerModel, Invocations}, *m.Name) {
		f.add(path.with("name"), *m.Name, "is the name of a predefined metric: choose another")
	}
	f.source(path, m)
	if p := time.Duration(value(m.Period, Duration(DefaultPeriod))); !validPeriod(p) {
		f.add(path.with("period"), Brief(p), "must be 10s, 30s or whole minutes up to 1h")
	}
	if v := m.Devices; v != nil && (*v < 1 || *v > maxDevices) {
		f.add(path.with("devices"), *v, "must be a whole number from 1 to %d", maxDevices)
	}
}

// source checks where the values of a metric come from: one metric of CloudWatch
// or an expression of several.
func (f *faults) source(path Path, m MetricSpec) {
	alone, computed := m.alone(), []Path{path.with("expression"), path.with("metrics")}
	switch {
	case m.Expression != nil || m.Metrics != nil:
		f.notBeside(path, alone)
		f.expression(path, m)
	case alone.Namespace == nil && alone.MetricName == nil && alone.Statistic == nil && alone.Dimensions == nil:
		f.add(path, nil, "must have namespace, metricName and statistic, or expression and metrics").Related = append(computed,
			path.with("namespace"), path.with("metricName"), path.with("statistic"), path.with("dimensions"))
	default:
		f.input(path, alone, computed...)
	}
}

// input checks one metric of CloudWatch. Related are the fields that would stand
// in its place.
func (f *faults) input(path Path, m MetricInputSpec, related ...Path) {
	for _, field := range []struct {
		name  string
		value *string
	}{{"namespace", m.Namespace}, {"metricName", m.MetricName}} {
		if f.required(path, field.name, field.value != nil, related...) && !metricText.MatchString(*field.value) {
			f.add(path.with(field.name), *field.value, "must be "+metricTextRule)
		}
	}
	f.required(path, "statistic", m.Statistic != nil, related...)
	f.oneOf(path, "statistic", m.Statistic, "Average", "Sum", "Minimum", "Maximum", "SampleCount")
	f.dimensions(path.with("dimensions"), m.Dimensions)
	f.statistic(path, m)
}

// statistic checks that a metric of SageMaker is asked for a statistic that means
// something: another one CloudWatch answers too, with numbers of no use.
func (f *faults) statistic(path Path, m MetricInputSpec) {
	if value(m.Namespace, "") != namespaceSageMaker || m.Statistic == nil {
		return
	}
	useful := map[string][]string{
		Invocations:                {"Sum"},
		InvocationsPerInstance:     {"Sum"},
		ConcurrentRequestsPerModel: {"Minimum", "Maximum"},
	}[value(m.MetricName, "")]
	if useful != nil && !slices.Contains(useful, *m.Statistic) {
		f.add(path.with("statistic"), *m.Statistic, "must be %s for %s", strings.Join(useful, " or "), *m.MetricName)
	}
}

// dimensions checks what CloudWatch asks of a metric's dimensions.
func (f *faults) dimensions(path Path, all map[string]string) {
	if len(all) > 30 {
		f.add(path, len(all), "must be at most 30 dimensions, as in CloudWatch")
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !metricText.MatchString(name) {
			f.add(path.with(name), name, "must be a name of "+metricTextRule)
		}
		if v := all[name]; !dimensionValue.MatchString(v) || len(v) > 1024 {
			f.add(path.with(name), v, "must be 1 to 1024 printable ASCII characters and not blank")
		}
	}
}

// period returns the metric's period, or the default where it is left out or
// wrong, so that what hangs on it can still be checked.
func (m *MetricSpec) period() time.Duration {
	switch {
	case m == nil:
	case m.Predefined == ConcurrentRequestsPerModel:
		return 10 * time.Second
	case m.Period != nil && validPeriod(time.Duration(*m.Period)):
		return time.Duration(*m.Period)
	}
	return DefaultPeriod
}

func validPeriod(p time.Duration) bool {
	return p == 10*time.Second || p == 30*time.Second || p >= time.Minute && p <= time.Hour && p%time.Minute == 0
}

// uniqueMetrics checks that no metric and no name stands twice: as in
// Application Auto Scaling, one policy for a metric.
func (f *faults) uniqueMetrics(path Path, all []TargetTrackingSpec) {
	first := map[string]int{}
	for i, t := range all {
		if t.Metric == nil {
			continue
		}
		name := t.Metric.name()
		if name == "" {
			continue
		}
		if j, seen := first[name]; seen {
			f.add(path.with("targetTracking", i, "metric"), name, "has a policy already: %s", path.with("targetTracking", j))
			continue
		}
		first[name] = i
	}
}
