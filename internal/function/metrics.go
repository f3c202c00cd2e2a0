package function

import (
	"log/slog"
	"time"

	"sagescale/internal/autoscaler"
	"sagescale/internal/config"
)

// metric is a value of a metric.
type metric struct {
	Name, Unit string
	value      float64
}

// ofForesight returns the metrics of forecasts: where there are none CloudWatch has none
// to charge for.
func ofForesight(s autoscaler.Foresight) []metric {
	var out []metric
	if s.Forecast+s.Reactive > 0 {
		out = append(out, metric{config.MetricReactive, "Count", float64(s.Reactive)})
	}
	if s.Forecast > 0 {
		out = append(out, metric{config.MetricForecastAge, "Seconds", s.Age.Seconds()}, metric{config.MetricForecastError, "None", s.Error})
	}
	return out
}

// ofProvisioning returns the metric of how long a scale-out took, where one was seen to
// have come into service.
func ofProvisioning(took time.Duration) []metric {
	if took <= 0 {
		return nil
	}
	return []metric{{config.MetricTimeToInService, "Seconds", took.Seconds()}}
}

// values are the attributes of a log line that the metrics take their values from.
func values(metrics []metric) []slog.Attr {
	out := make([]slog.Attr, len(metrics))
	for i, m := range metrics {
		out[i] = slog.Float64(m.Name, m.value)
	}
	return out
}

// embedded is the metadata that turns a log line into metrics, with the line's
// attributes of those names as their dimensions.
func embedded(now time.Time, metrics []metric, dimensions ...string) slog.Attr {
	return slog.Any("_aws", map[string]any{
		"Timestamp": now.UnixMilli(),
		"CloudWatchMetrics": []any{map[string]any{
			"Namespace":  config.MetricNamespace,
			"Dimensions": [][]string{dimensions},
			"Metrics":    metrics,
		}},
	})
}
