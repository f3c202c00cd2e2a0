package cloudwatch_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"sagescale/internal/cloudwatch"
	"sagescale/internal/scaling"
)

// environ is the SDK's environment and no file.
func environ(t *testing.T, more map[string]string) {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	none := filepath.Join(t.TempDir(), "none")
	all := map[string]string{"AWS_CONFIG_FILE": none, "AWS_SHARED_CREDENTIALS_FILE": none, "AWS_EC2_METADATA_DISABLED": "true"}
	for _, m := range []map[string]string{all, more} {
		for name, value := range m {
			t.Setenv(name, value)
		}
	}
}

func TestOpen(t *testing.T) {
	s := serve(t, ok(page("", result("m0", "Complete", at(1, 7)))))
	environ(t, map[string]string{
		"AWS_REGION": "eu-west-3", "AWS_ENDPOINT_URL_CLOUDWATCH": s.URL, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
	})
	m, region, err := cloudwatch.Open(bounded(t))
	if err != nil || region != "eu-west-3" {
		t.Fatalf("%s: %v", region, err)
	}
	got, err := m.Read(bounded(t), queriesFor(metric("v1")), now())
	if err != nil {
		t.Fatal(err)
	}
	check(t, "datapoints", got[0].Datapoints, []scaling.Datapoint{at(1, 7)})
}

func TestOpenWithoutRegionOrCredentials(t *testing.T) {
	environ(t, map[string]string{"AWS_REGION": "eu-west-3"})
	if _, _, err := cloudwatch.Open(bounded(t)); err == nil || !strings.Contains(err.Error(), "get AWS credentials: ") {
		t.Errorf("got %v", err)
	}
	environ(t, nil)
	if _, _, err := cloudwatch.Open(bounded(t)); !errors.Is(err, cloudwatch.ErrNoRegion) {
		t.Errorf("got %v", err)
	}
	environ(t, map[string]string{"AWS_PROFILE": "none"})
	if _, _, err := cloudwatch.Open(bounded(t)); err == nil || !strings.Contains(err.Error(), "load AWS configuration") {
		t.Errorf("got %v", err)
	}
}

func TestDenied(t *testing.T) {
	for _, c := range []struct {
		answer answer
		want   bool
	}{
		{fault(http.StatusForbidden, "AccessDenied"), true},
		{fault(http.StatusBadRequest, "AccessDeniedException"), true},
		{fault(http.StatusBadRequest, "ThrottlingException"), false},
	} {
		_, err := serve(t, c.answer).metrics().Read(bounded(t), queriesFor(metric("v1")), now())
		if err == nil || cloudwatch.Denied(err) != c.want {
			t.Errorf("%v: denied %v", err, cloudwatch.Denied(err))
		}
	}
	if cloudwatch.Denied(nil) {
		t.Error("nothing is denied")
	}
}

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
