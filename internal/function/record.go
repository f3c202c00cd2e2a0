package function

import (
	"context"
	"log/slog"
	"slices"

	"sagescale/internal/autoscaler"
	"sagescale/internal/config"
	"sagescale/internal/plain"
	"sagescale/internal/scaling"
)

// messageRecord is the message of the line of a record.
const messageRecord = config.MessageRecord

// LogRecord returns a recorder that logs every decision record, and keeps it for those who
// are to be told. What it logs of errors is cut: the names of an item that somebody else
// wrote may stand there.
//
// In front of the record stands what it comes to. Logs Insights takes no more than 200
// fields from a line, of which the datapoints of a record alone may be as many.
func LogRecord(log *slog.Logger) func(context.Context, autoscaler.Record) {
	return func(ctx context.Context, r autoscaler.Record) { logRecord(ctx, log, r, nil) }
}

// MeasureRecord returns a recorder that does what LogRecord's does, and makes what a
// record comes to metrics of its target.
func MeasureRecord(log *slog.Logger) func(context.Context, autoscaler.Record) {
	return func(ctx context.Context, r autoscaler.Record) {
		var measured []slog.Attr
		if metrics := gist(r); metrics != nil {
			measured = append(measured, embedded(r.Time, metrics, config.FieldEndpoint, config.FieldVariant))
		}
		logRecord(ctx, log, r, measured)
	}
}

// logRecord logs a record, with so much between what it comes to and itself.
func logRecord(ctx context.Context, log *slog.Logger, r autoscaler.Record, between []slog.Attr) {
	keepRecord(ctx, r)
	front := []slog.Attr{
		slog.String(config.FieldEndpoint, r.Endpoint),
		slog.String(config.FieldVariant, r.Variant),
		slog.String(config.FieldReason, reason(r)),
	}
	line := slices.Concat(front, values(gist(r)), between, []slog.Attr{slog.Any("record", cut(r))})
	log.LogAttrs(ctx, slog.LevelInfo, messageRecord, line...)
}

// cut returns the record with the texts of others cut.
func cut(r autoscaler.Record) autoscaler.Record {
	r.Error = plain.Cut(r.Error, longestText)
	d := &r.Decision
	d.Steps, d.NotScaledReasons = slices.Clone(d.Steps), slices.Clone(d.NotScaledReasons)
	for i := range d.Steps {
		d.Steps[i].Reason = plain.Cut(d.Steps[i].Reason, longestText)
	}
	for i := range d.NotScaledReasons {
		d.NotScaledReasons[i].Message = plain.Cut(d.NotScaledReasons[i].Message, longestText)
	}
	return r
}

// gist is what a record comes to in numbers: nothing where the target was not seen.
func gist(r autoscaler.Record) []metric {
	o, d := r.Observation, r.Decision
	if o.DesiredCapacity == 0 {
		return nil // not found, not to be scaled by instances, or not asked for: no capacity is none of 0
	}
	desired := o.DesiredCapacity
	if r.Activity != nil {
		desired = r.Activity.To
	}
	out := []metric{
		{config.MetricInService, "Count", float64(o.CurrentCapacity)},
		{config.MetricDesired, "Count", float64(desired)},
		{config.MetricRecommended, "Count", float64(d.Recommended())},
		{config.MetricMinimum, "Count", float64(d.MinCapacity)},
		{config.MetricMaximum, "Count", float64(d.MaxCapacity)},
	}
	if f := d.Forecast; f != nil && f.Unused == "" {
		out = append(out,
			metric{config.MetricForecastLoad, "Count", f.Expected},
			metric{config.MetricForecastUpper, "Count", f.Upper})
	}
	return out
}

// reason says in one word what came of an evaluation: the change that it started, or
// the code of what had the last word against one. A decision that was never made has none.
func reason(r autoscaler.Record) string {
	reasons := r.Decision.NotScaledReasons
	switch {
	case r.Activity != nil && r.Activity.ScaleOut():
		return "ScaleOut"
	case r.Activity != nil:
		return "ScaleIn"
	case len(reasons) == 0:
		return string(scaling.EvaluationFailed)
	}
	return string(reasons[len(reasons)-1].Code)
}
