package policy

import (
	"slices"
	"time"
)

// The predefined metrics, named as in Application Auto Scaling without the
// prefix SageMakerVariant.
const (
	// InvocationsPerInstance is requests per minute and instance.
	InvocationsPerInstance = "InvocationsPerInstance"
	// ConcurrentRequestsPerModel is requests in flight per instance, those in
	// the container's queue among them, at a resolution of 10 s.
	ConcurrentRequestsPerModel = "ConcurrentRequestsPerModel"
	// Invocations is requests per minute to all instances of a variant: what is
	// read in place of InvocationsPerInstance, because it does not contain the
	// capacity of the moment.
	Invocations = "Invocations"
)

const namespaceSageMaker = "AWS/SageMaker"

// Metric is a CloudWatch metric under a name of its own, or an expression of
// several, which has Expression and Inputs in place of Namespace, MetricName,
// Statistic and Dimensions. Its values are sums over Devices of an instance.
type Metric struct {
	Name       string        `json:"name"`
	Namespace  string        `json:"namespace"`
	MetricName string        `json:"metricName"`
	Statistic  string        `json:"statistic"`
	Dimensions []Dimension   `json:"dimensions"`
	Period     time.Duration `json:"period"`
	Devices    int           `json:"devices"`
	Expression string        `json:"expression,omitempty"`
	Inputs     []MetricInput `json:"metrics,omitempty"`
}

// MetricInput is a CloudWatch metric that an expression calls by its ID, with the
// period of the expression. Inputs are in the order of their IDs.
type MetricInput struct {
	ID         string      `json:"id"`
	Namespace  string      `json:"namespace"`
	MetricName string      `json:"metricName"`
	Statistic  string      `json:"statistic"`
	Dimensions []Dimension `json:"dimensions"`
}

// Dimension is one dimension of a metric. A metric's dimensions are in the order
// of their names.
type Dimension struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Measured returns the metric that is read to size by m: Invocations, the load
// of all instances, for InvocationsPerInstance; m itself for any other.
func (m Metric) Measured() Metric {
	if m.Predefined() && m.Name == InvocationsPerInstance {
		m.Name, m.MetricName = Invocations, Invocations
	}
	return m
}

// PerDevice returns a value of the metric for one device.
func (m Metric) PerDevice(v float64) float64 { return v / float64(max(1, m.Devices)) }

// AllDevices returns the value of the metric that is v for each of its devices: the
// inverse of PerDevice.
func (m Metric) AllDevices(v float64) float64 { return v * float64(max(1, m.Devices)) }

// FreeID returns id, or one like it that no input of the metric has.
func (m Metric) FreeID(id string) string {
	for slices.ContainsFunc(m.Inputs, func(in MetricInput) bool { return in.ID == id }) {
		id += "_"
	}
	return id
}

// Computed reports whether the metric is an expression.
func (m Metric) Computed() bool { return m.Expression != "" }

// Predefined reports whether m is one of the predefined metrics.
func (m Metric) Predefined() bool {
	return m.Namespace == namespaceSageMaker && m.Name == m.MetricName &&
		(m.Name == InvocationsPerInstance || m.Name == ConcurrentRequestsPerModel)
}

// predefined returns the predefined metric of that name for a variant.
func predefined(name, endpoint, variant string) (Metric, bool) {
	m := Metric{
		Name:       name,
		Namespace:  namespaceSageMaker,
		MetricName: name,
		Dimensions: variantDimensions(endpoint, variant),
		Devices:    1,
	}
	switch name {
	case InvocationsPerInstance:
		m.Statistic, m.Period = "Sum", time.Minute
	case ConcurrentRequestsPerModel:
		m.Statistic, m.Period = "Maximum", 10*time.Second
	default:
		return Metric{}, false
	}
	return m, true
}

func variantDimensions(endpoint, variant string) []Dimension {
	return []Dimension{{"EndpointName", endpoint}, {"VariantName", variant}}
}

// name returns the name that a metric is known by in its target, empty if it has
// none.
func (m *MetricSpec) name() string {
	switch {
	case m == nil:
		return ""
	case m.Predefined != "":
		return m.Predefined
	}
	return value(m.Name, "")
}
