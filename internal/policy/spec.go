package policy

import (
	"fmt"
	"time"
)

// The comments of the fields below are the descriptions of the JSON Schema,
// which package policyfile generates from these types.

// Spec is a policy file as its user wrote it: all policies of one deployment.
// A nil field was left out.
type Spec struct {
	// Version of the format: 1.
	Version *int `json:"version" jsonschema:"enum=1"`
	// Any field of a target but endpoint, variant and scheduledActions, for the
	// targets that leave it out. A list or a behavior of the target takes the place
	// of the defaults' as a whole.
	Defaults *ScalingSpec `json:"defaults,omitempty"`
	// The scalable targets: production variants of endpoints.
	Targets []TargetSpec `json:"targets" jsonschema:"minItems=1"`
}

// TargetSpec is how one production variant of one endpoint scales.
type TargetSpec struct {
	// Name of the SageMaker endpoint.
	Endpoint *string `json:"endpoint" jsonschema:"pattern=^[a-zA-Z0-9]([a-zA-Z0-9-]{0\\,61}[a-zA-Z0-9])?$"`
	// Name of its production variant.
	Variant     *string `json:"variant" jsonschema:"pattern=^[a-zA-Z0-9]([a-zA-Z0-9-]{0\\,61}[a-zA-Z0-9])?$"`
	ScalingSpec `json:",inline"`
	// Limits that change at set times.
	ScheduledActions []ScheduledActionSpec `json:"scheduledActions,omitempty" jsonschema:"maxItems=200"`
}

// ScalingSpec holds the fields of a target that may also stand in the defaults.
type ScalingSpec struct {
	// Smallest number of instances. Required, here or in the defaults.
	MinCapacity *int `json:"minCapacity,omitempty" jsonschema:"minimum=1,maximum=2147483647"`
	// Largest number of instances, at least minCapacity. Required, here or in
	// the defaults.
	MaxCapacity *int `json:"maxCapacity,omitempty" jsonschema:"minimum=1,maximum=2147483647"`
	// After a scale-out is in service nothing is removed for this long, and what it
	// added is credited against the next one; at most 24h. The default is that of
	// Application Auto Scaling.
	ScaleOutCooldown *Duration `json:"scaleOutCooldown,omitempty" jsonschema:"default=5m"`
	// After a scale-in is done no other may follow for this long, at most 24h; a
	// scale-out ends it. The default is that of Application Auto Scaling.
	ScaleInCooldown *Duration `json:"scaleInCooldown,omitempty" jsonschema:"default=5m"`
	// Never remove capacity because of a metric.
	DisableScaleIn *bool `json:"disableScaleIn,omitempty" jsonschema:"default=false"`
	// Decide and record, never act.
	DryRun *bool `json:"dryRun,omitempty" jsonschema:"default=false"`
	// Metrics to keep at a value per instance, one entry for each metric. The
	// largest capacity wins; all must agree to scale in.
	TargetTracking []TargetTrackingSpec `json:"targetTracking,omitempty"`
	// Changes by steps, as far as a metric is from a threshold. A step scale-in
	// does not need the agreement of target tracking, as in Application Auto
	// Scaling.
	StepScaling []StepScalingSpec `json:"stepScaling,omitempty"`
	// Metrics that forbid every scale-in while they are above a maximum, such as
	// errors or latency: a failing service whose load falls is not shrunk.
	ScaleInGuards []ScaleInGuardSpec `json:"scaleInGuards,omitempty"`
	// How fast and how steadily the capacity moves: stabilization, tolerance and
	// velocity, as in the Kubernetes HPA. When absent they limit nothing.
	Behavior *BehaviorSpec `json:"behavior,omitempty"`
	// Predictive scaling: by what the load will be when the capacity serves. It needs a
	// targetTracking of InvocationsPerInstance, whose load it is.
	Predictive *PredictiveSpec `json:"predictive,omitempty"`
}

// TargetTrackingSpec keeps one metric at a value per instance.
type TargetTrackingSpec struct {
	// A predefined metric by its name, or a metric of your own as a mapping.
	Metric *MetricSpec `json:"metric"`
	// Value to keep per instance and, where there are several, per device; for
	// InvocationsPerInstance requests per minute, as in Application Auto Scaling. A
	// metric of your own must be one per instance, such as a utilization: its value is
	// multiplied by the instances in service. For what belongs to all of them, such as
	// a queue, use a step policy, or metric math that divides it.
	TargetValue *float64 `json:"targetValue" jsonschema:"exclusiveMinimum=0"`
	// How many datapoints above the target make a scale-out. When absent: 3 of 3.
	ScaleOut *WindowSpec `json:"scaleOut,omitempty"`
	// How many datapoints below the threshold make a scale-in. When absent: all of
	// the last 15 minutes.
	ScaleIn *ScaleInSpec `json:"scaleIn,omitempty"`
	// Never remove capacity because of this metric, and have no say when others
	// do.
	DisableScaleIn *bool `json:"disableScaleIn,omitempty" jsonschema:"default=false"`
	// The target's scaleOutCooldown for this metric alone. When absent: the target's.
	ScaleOutCooldown *Duration `json:"scaleOutCooldown,omitempty"`
	// The target's scaleInCooldown for this metric alone. When absent: the target's.
	ScaleInCooldown *Duration `json:"scaleInCooldown,omitempty"`
}

// MetricSpec is the name of a predefined metric, or a metric with a name of the
// user's: one of CloudWatch, or an expression of several. Exactly one of
// Predefined and the other fields is set; of these, Namespace, MetricName,
// Statistic and Dimensions exclude Expression and Metrics.
type MetricSpec struct {
	Predefined string `json:"-"`
	// Name of your choice, unique in the target; used in records and reasons.
	// Those of the predefined metrics are taken.
	Name *string `json:"name" jsonschema:"pattern=^[a-zA-Z][a-zA-Z0-9_.-]{0\\,254}$"`
	// Namespace in CloudWatch, such as /aws/sagemaker/Endpoints.
	Namespace *string `json:"namespace" jsonschema:"minLength=1,maxLength=255"`
	// Name in CloudWatch, such as GPUUtilization.
	MetricName *string `json:"metricName" jsonschema:"minLength=1,maxLength=255"`
	// Statistic of a period.
	Statistic *string `json:"statistic" jsonschema:"enum=Average,enum=Sum,enum=Minimum,enum=Maximum,enum=SampleCount"`
	// Dimensions by name, at most 30. When absent: EndpointName and VariantName
	// of the target.
	Dimensions map[string]string `json:"dimensions,omitempty"`
	// CloudWatch metric math that makes one series of the metrics, each called by
	// its id, such as errors / FILL(requests, 1).
	Expression *string `json:"expression,omitempty" jsonschema:"minLength=1,maxLength=2048,pattern=^[ -~]+$"`
	// Metrics of the expression, which uses each.
	Metrics []MetricInputSpec `json:"metrics,omitempty" jsonschema:"minItems=1,maxItems=10"`
	// Length of a period: 10s, 30s or whole minutes up to 1h.
	Period *Duration `json:"period,omitempty" jsonschema:"default=1m"`
	// Devices of an instance that the metric is a sum over, such as the GPUs of
	// GPUUtilization, which goes to 400 with 4 of them: its values are divided by it.
	Devices *int `json:"devices,omitempty" jsonschema:"minimum=1,maximum=1024,default=1"`
}

// MetricInputSpec is a CloudWatch metric that an expression calls by its ID.
type MetricInputSpec struct {
	// Name in the expression: a small letter, then letters, digits and underscores.
	ID *string `json:"id" jsonschema:"pattern=^[a-z][a-zA-Z0-9_]{0\\,254}$"`
	// Namespace in CloudWatch, such as AWS/SageMaker.
	Namespace *string `json:"namespace" jsonschema:"minLength=1,maxLength=255"`
	// Name in CloudWatch, such as Invocations.
	MetricName *string `json:"metricName" jsonschema:"minLength=1,maxLength=255"`
	// Statistic of a period.
	Statistic *string `json:"statistic" jsonschema:"enum=Average,enum=Sum,enum=Minimum,enum=Maximum,enum=SampleCount"`
	// Dimensions by name, at most 30. When absent: EndpointName and VariantName
	// of the target.
	Dimensions map[string]string `json:"dimensions,omitempty"`
}

// WindowSpec asks for a number of datapoints in the last periods: M of N.
type WindowSpec struct {
	// Number of datapoints (M) of the periods, at most as many. Both or none.
	Datapoints *int `json:"datapoints,omitempty" jsonschema:"minimum=1,maximum=2147483647"`
	// Number of the last periods (N), one day at most.
	Periods *int `json:"periods,omitempty" jsonschema:"minimum=1,maximum=2147483647"`
}

// ScaleInSpec is a window and the share of the target value below which its
// datapoints count.
type ScaleInSpec struct {
	WindowSpec `json:",inline"`
	// Share of targetValue. The default is that of Application Auto Scaling.
	Threshold *float64 `json:"threshold,omitempty" jsonschema:"exclusiveMinimum=0,maximum=1,default=0.9"`
}

// ScheduledActionSpec changes the limits at set times.
type ScheduledActionSpec struct {
	// Name of your choice, unique in the target.
	Name *string `json:"name" jsonschema:"pattern=^[0-9a-zA-Z_.-]{1\\,64}$"`
	// When it fires, in AWS grammar: at(yyyy-mm-ddThh:mm:ss), rate(5 minutes) or
	// a cron(0 8 ? * MON-FRI *) of six fields, in which 1 is Sunday. A rate counts from
	// startTime, without one from 1970.
	Schedule *string `json:"schedule" jsonschema:"pattern=^(at|rate|cron)\\(.+\\)$"`
	// IANA time zone of the schedule.
	Timezone *string `json:"timezone,omitempty" jsonschema:"default=UTC,pattern=^[A-Z]"`
	// No firing before; the action also fires at this time.
	StartTime *time.Time `json:"startTime,omitempty"`
	// No firing after.
	EndTime *time.Time `json:"endTime,omitempty"`
	// Smallest number of instances from then on. One of the two limits is needed.
	MinCapacity *int `json:"minCapacity,omitempty" jsonschema:"minimum=1,maximum=2147483647,anyof_required=minCapacity"`
	// Largest number of instances from then on.
	MaxCapacity *int `json:"maxCapacity,omitempty" jsonschema:"minimum=1,maximum=2147483647,anyof_required=maxCapacity"`
	// The limits revert after this long, 1m to 366 days. When absent they stay,
	// as in Application Auto Scaling.
	Duration *Duration `json:"duration,omitempty"`
}

// Duration is a time.Duration written as Go writes it, such as 5m or 1h30m.
type Duration time.Duration

// MarshalText writes the duration as Go does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads a Go duration.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a duration such as 90s, 5m or 1h30m", text)
	}
	*d = Duration(v)
	return nil
}
