package policy_test

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"sagescale/internal/policy"
)

func ExampleStepScaling_Step() {
	s := policy.StepScaling{Comparison: policy.GreaterOrEqual, Adjustments: []policy.StepAdjustment{
		{Lower: new(0.0), Upper: new(10.0), Adjustment: 1},
		{Lower: new(10.0), Adjustment: 3},
	}}
	for _, difference := range []float64{-1, 0, 9.9, 10} {
		fmt.Println(s.Step(difference))
	}
	// Output:
	// 0 false
	// 1 true
	// 1 true
	// 3 true
}

func TestComparison(t *testing.T) {
	for c, want := range map[policy.Comparison]struct{ below, at, above, high bool }{
		policy.GreaterOrEqual: {false, true, true, true},
		policy.Greater:        {false, false, true, true},
		policy.Less:           {true, false, false, false},
		policy.LessOrEqual:    {true, true, false, false},
	} {
		t.Run(string(c), func(t *testing.T) {
			for value, want := range map[float64]bool{49.5: want.below, 50: want.at, 50.5: want.above} {
				if got := c.Holds(value, 50); got != want {
					t.Errorf("%v %s 50 is %t", value, c, got)
				}
			}
			if got := c.Above(); got != want.high {
				t.Errorf("looks for high values: %t", got)
			}
			if c.Holds(math.NaN(), 50) {
				t.Error("holds for NaN")
			}
		})
	}
}

// TestStep: a bound belongs to the step that the alarm's values come to first,
// the lower one when they are high, the upper one when they are low.
func TestStep(t *testing.T) {
	steps := []policy.StepAdjustmentSpec{ // as no one would write them
		{LowerBound: new(0.0), UpperBound: new(10.0), Adjustment: new(2)},
		{LowerBound: new(10.0), Adjustment: new(3)},
		{UpperBound: new(-10.0), Adjustment: new(-2)},
		{LowerBound: new(-10.0), UpperBound: new(0.0), Adjustment: new(-1)},
	}
	const none = math.MinInt
	for _, c := range []struct {
		difference float64
		high, low  int // by comparisons for high values and for low ones
	}{
		{-1e300, -2, -2}, {-10.5, -2, -2}, {-10, -1, -2}, {-9.5, -1, -1},
		{0, 2, -1}, {0.5, 2, 2}, {10, 3, 2}, {10.5, 3, 3}, {1e300, 3, 3}, {math.NaN(), none, none},
		{10 - 1e-9, 3, 2}, {10 + 1e-9, 3, 2}, {10 - 1e-6, 2, 2}, {10 + 1e-6, 3, 3}, // what floating point adds or takes away
	} {
		for comparison, want := range map[policy.Comparison]int{
			policy.GreaterOrEqual: c.high, policy.Greater: c.high, policy.Less: c.low, policy.LessOrEqual: c.low,
		} {
			s := base()
			spec := step()
			spec.Comparison, spec.StepAdjustments = new(string(comparison)), steps
			s.Targets[0].StepScaling = []policy.StepScalingSpec{spec}
			got, ok := mustCompile(t, s).Targets[0].StepScaling[0].Step(50 + c.difference)
			if ok != (want != none) || ok && got != want || !ok && got != 0 {
				t.Errorf("%s, difference %v: step %d, %t; want %d", comparison, c.difference, got, ok, want)
			}
		}
	}
}

// TestStepsOneSided: where no step goes there is no change.
func TestStepsOneSided(t *testing.T) {
	up := []policy.StepAdjustment{{Lower: new(5.0), Upper: new(10.0), Adjustment: 1}, {Lower: new(10.0), Adjustment: 0}}
	down := []policy.StepAdjustment{{Upper: new(-10.0), Adjustment: -2}, {Lower: new(-10.0), Upper: new(-5.0), Adjustment: -1}}
	for _, c := range []struct {
		comparison policy.Comparison
		steps      []policy.StepAdjustment
		difference float64
		want       int
		ok         bool
	}{
		{policy.Greater, up, 4.9, 0, false}, {policy.Greater, up, 5, 1, true}, {policy.Greater, up, 10, 0, true},
		{policy.Less, down, -4.9, 0, false}, {policy.Less, down, -5, -1, true}, {policy.Less, down, -10, -2, true},
		{policy.Less, up, 5, 0, false}, {policy.Greater, down, -5, 0, false},
		{policy.Greater, nil, 0, 0, false},
	} {
		got, ok := policy.StepScaling{Comparison: c.comparison, Adjustments: c.steps}.Step(c.difference)
		if got != c.want || ok != c.ok {
			t.Errorf("%s, difference %v of %d steps: %d, %t; want %d, %t", c.comparison, c.difference, len(c.steps), got, ok, c.want, c.ok)
		}
	}
}

// TestStepsFromZero: a threshold of 0 parts steps as any other does, in whatever
// order they stand.
func TestStepsFromZero(t *testing.T) {
	s := policy.StepScaling{Adjustments: []policy.StepAdjustment{
		{Lower: new(10.0), Adjustment: 3}, {Lower: new(0.0), Upper: new(10.0), Adjustment: 2}, {Upper: new(0.0), Adjustment: 1},
	}}
	for range 2 {
		for _, c := range []struct {
			value     float64
			high, low int // by comparisons for high values and for low ones
		}{
			{0, 2, 1}, {1e-12, 2, 2}, {10, 3, 2}, {10 - 1e-9, 3, 2}, {10 + 1e-9, 3, 2}, {10 - 1e-6, 2, 2}, {10 + 1e-6, 3, 3},
		} {
			for comparison, want := range map[policy.Comparison]int{policy.GreaterOrEqual: c.high, policy.LessOrEqual: c.low} {
				s.Comparison = comparison
				if got, ok := s.Step(c.value); !ok || got != want {
					t.Errorf("%s, value %v: step %d, %t; want %d", comparison, c.value, got, ok, want)
				}
			}
		}
		slices.Reverse(s.Adjustments)
	}
}

// TestDefaultsOfSteps: what a step policy is when nothing optional is written.
func TestDefaultsOfSteps(t *testing.T) {
	s := base()
	s.Targets[0].StepScaling = []policy.StepScalingSpec{step()}
	target := mustCompile(t, s).Targets[0]
	want := policy.StepScaling{
		Name: "latency", Metric: target.TargetTracking[0].Metric, Threshold: 50, Comparison: policy.Greater,
		AdjustmentType: policy.ChangeInCapacity, Aggregation: policy.Average, MinAdjustment: 1, Cooldown: 5 * time.Minute,
		Alarm: policy.Window{Datapoints: 3, Periods: 3}, TreatMissingData: policy.TreatMissing,
		Adjustments: []policy.StepAdjustment{{Lower: new(0.0), Adjustment: 1}},
	}
	if got := target.StepScaling; len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("got:\n%+v\nwant:\n%+v", got, want)
	}
}

// TestStepsAsWritten: what is written takes the place of every default.
func TestStepsAsWritten(t *testing.T) {
	spec := step()
	spec.Metric = custom(func(*policy.MetricSpec) {})[0].Metric
	spec.Comparison, spec.AdjustmentType, spec.MetricAggregationType = new("LessThanOrEqualToThreshold"), new("PercentChangeInCapacity"), new("Maximum")
	spec.MinAdjustmentMagnitude, spec.Cooldown, spec.TreatMissingData = new(2), duration(0), new("notBreaching")
	spec.WindowSpec = policy.WindowSpec{Datapoints: new(2), Periods: new(4)}
	spec.StepAdjustments = []policy.StepAdjustmentSpec{
		{LowerBound: new(-10.0), UpperBound: new(0.0), Adjustment: new(-10)}, {UpperBound: new(-10.0), Adjustment: new(-50)},
	}
	s := base()
	s.Targets[0].StepScaling = []policy.StepScalingSpec{step(), spec}
	s.Targets[0].StepScaling[0].Name = new("first")
	target := mustCompile(t, s).Targets[0]
	want := policy.StepScaling{
		Name: "latency", Threshold: 50, Comparison: policy.LessOrEqual, Metric: policy.Metric{
			Name: "gpu", Namespace: "/aws/sagemaker/Endpoints", MetricName: "GPUUtilization", Statistic: "Average", Period: time.Minute, Devices: 1,
			Dimensions: []policy.Dimension{{Name: "EndpointName", Value: "chat-llm"}, {Name: "VariantName", Value: "AllTraffic"}},
		},
		AdjustmentType: policy.PercentChangeInCapacity, Aggregation: policy.Maximum, MinAdjustment: 2,
		Alarm: policy.Window{Datapoints: 2, Periods: 4}, TreatMissingData: policy.TreatNotBreaching,
		Adjustments: []policy.StepAdjustment{
			{Upper: new(-10.0), Adjustment: -50}, {Lower: new(-10.0), Upper: new(0.0), Adjustment: -10},
		},
	}
	if got := target.StepScaling; len(got) != 2 || !reflect.DeepEqual(got[1], want) {
		t.Errorf("got:\n%+v\nwant:\n%+v", got, want)
	}
	if spec.StepAdjustments[0].LowerBound == nil {
		t.Error("compiling sorts the steps of the file")
	}
}

func TestGuardsCompiled(t *testing.T) {
	s := base()
	written := guard()
	written.WindowSpec, written.TreatMissingData = policy.WindowSpec{Datapoints: new(2), Periods: new(3)}, new("notBreaching")
	written.Metric = &policy.MetricSpec{Predefined: policy.InvocationsPerInstance}
	s.Targets[0].ScaleInGuards = []policy.ScaleInGuardSpec{guard(), written}
	target := mustCompile(t, s).Targets[0]
	want := []policy.ScaleInGuard{
		{
			Metric: policy.Metric{
				Name: "errors", Namespace: "AWS/SageMaker", MetricName: "Invocation5XXErrors", Statistic: "Average", Period: time.Minute, Devices: 1,
				Dimensions: []policy.Dimension{{Name: "EndpointName", Value: "chat-llm"}, {Name: "VariantName", Value: "AllTraffic"}},
			},
			Maximum: 0.01, Window: policy.Window{Datapoints: 1, Periods: 5}, TreatMissingData: policy.TreatBreaching,
		},
		{
			Metric: target.TargetTracking[0].Metric, Maximum: 0.01,
			Window: policy.Window{Datapoints: 2, Periods: 3}, TreatMissingData: policy.TreatNotBreaching,
		},
	}
	if !reflect.DeepEqual(target.ScaleInGuards, want) {
		t.Errorf("got:\n%+v\nwant:\n%+v", target.ScaleInGuards, want)
	}
}
