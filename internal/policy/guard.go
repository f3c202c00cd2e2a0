package policy

// ScaleInGuardSpec forbids every scale-in while its metric is above a maximum.
type ScaleInGuardSpec struct {
	// A predefined metric by its name, or a metric of your own as a mapping.
	Metric *MetricSpec `json:"metric"`
	// Value of the metric above which nothing is removed.
	Maximum *float64 `json:"maximum" jsonschema:"minimum=0"`
	// How many datapoints above the maximum forbid a scale-in. When absent: 1 of 5.
	WindowSpec `json:",inline"`
	// What a missing datapoint counts for: breaching forbids the scale-in, because
	// missing is not zero; notBreaching is for metrics that are published only
	// when there is something to count.
	TreatMissingData *string `json:"treatMissingData,omitempty" jsonschema:"enum=breaching,enum=notBreaching,default=breaching"`
}

// ScaleInGuard forbids a scale-in when Window.Datapoints of the last
// Window.Periods are above Maximum.
type ScaleInGuard struct {
	Metric           Metric  `json:"metric"`
	Maximum          float64 `json:"maximum"`
	Window           Window  `json:"window"`
	TreatMissingData string  `json:"treatMissingData"`
}

func (f *faults) scaleInGuards(path Path, all []ScaleInGuardSpec) {
	for i, g := range all {
		at := path.with("scaleInGuards", i)
		f.requiredMetric(at, g.Metric)
		if f.required(at, "maximum", g.Maximum != nil) {
			f.measurable(at, "maximum", g.Maximum)
		}
		f.window(at, g.WindowSpec, g.Metric.period(), at.with("metric", "period"))
		f.oneOf(at, "treatMissingData", g.TreatMissingData, TreatBreaching, TreatNotBreaching)
	}
}

func compileGuard(spec ScaleInGuardSpec, endpoint, variant string) ScaleInGuard {
	out := ScaleInGuard{
		Maximum:          value(spec.Maximum, 0),
		Window:           spec.compile(Window{1, DefaultGuardPeriods}),
		TreatMissingData: value(spec.TreatMissingData, TreatBreaching),
	}
	if spec.Metric != nil {
		out.Metric = compileMetric(*spec.Metric, endpoint, variant)
	}
	return out
}
