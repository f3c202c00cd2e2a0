package cloudwatch_test

import (
	"testing"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"sagescale/internal/scaling"
)

// Two weeks by the minute are read whole, over pages.
func TestWeeks(t *testing.T) {
	const points = 15 * 1440
	begin := now().Add(-points * time.Minute).Truncate(time.Minute).Add(time.Minute)
	var first, second []scaling.Datapoint
	for i := range points - 1 {
		d := scaling.Datapoint{Time: begin.Add(time.Duration(i) * time.Minute), Value: 1}
		if i < points/2 {
			first = append(first, d)
		} else {
			second = append(second, d)
		}
	}
	s := serve(t, func(request cbor.Map) (int, []byte) {
		// By the token: a large answer may be asked for again.
		if request["NextToken"] == nil {
			return ok(page("more", result("m0", "PartialData", first...)))(request)
		}
		return ok(page("", result("m0", "Complete", second...)))(request)
	})
	got, err := s.metrics().Read(bounded(t), []scaling.Query{{Metric: metric("v1"), From: begin}}, now())
	if err != nil || got[0].Incomplete != "" || len(got[0].Datapoints) != points-1 {
		t.Errorf("%d datapoints, %q: %v", len(got[0].Datapoints), got[0].Incomplete, err)
	}
}
