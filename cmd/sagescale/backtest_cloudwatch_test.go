package main

import (
	"bytes"
	"context"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"sagescale/internal/trace"
)

// fakeCloudWatch answers GetMetricData on this machine: every metric has the value of its
// function at every period that is kept, in pages of a thousand datapoints.
type fakeCloudWatch struct {
	t       *testing.T
	values  map[string]func(at time.Time) float64 // per minute; NaN for none
	refuses []string                              // error codes, one a request, before it answers
	calls   int
}

func today() time.Time { return time.Date(2026, 11, 23, 10, 0, 17, 0, time.UTC) }

func (f *fakeCloudWatch) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	value, err := cbor.Decode(body)
	request, ok := value.(cbor.Map)
	if err != nil || !ok {
		f.t.Errorf("no request: %v", err)
	}
	f.calls++
	w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	w.Header().Set("Content-Type", "application/cbor")
	if len(f.refuses) > 0 {
		code := f.refuses[0]
		f.refuses = f.refuses[1:]
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write(cbor.Encode(cbor.Map{"__type": cbor.String(code), "message": cbor.String("because")}))
		return
	}
	_, _ = w.Write(cbor.Encode(f.page(request)))
}

// page is one page; the token is the number of minutes that are done.
func (f *fakeCloudWatch) page(request cbor.Map) cbor.Map {
	start, _ := cbor.AsTime(request["StartTime"])
	end, _ := cbor.AsTime(request["EndTime"])
	from := start
	if token, ok := request["NextToken"].(cbor.String); ok {
		from, _ = time.Parse(time.RFC3339, string(token))
	}
	var next time.Time
	var results cbor.List
	for _, q := range request["MetricDataQueries"].(cbor.List) {
		stat := q.(cbor.Map)["MetricStat"].(cbor.Map)
		metric := stat["Metric"].(cbor.Map)
		seconds := stat["Period"].(cbor.Uint)
		period := time.Duration(seconds * 1e9)
		f.checkAsked(start, period, metric)
		next = from.Add(1000 * period)
		var times, values cbor.List
		for at := from; at.Before(next) && !at.Add(period).After(end.Add(-time.Minute)); at = at.Add(period) {
			if of, ok := f.values[string(metric["MetricName"].(cbor.String))]; ok && !math.IsNaN(of(at)) {
				times = append(times, &cbor.Tag{ID: 1, Value: cbor.Float64(float64(at.Unix()))})
				values = append(values, cbor.Float64(of(at)*period.Minutes()))
			}
		}
		status := "Complete"
		if next.Before(end) {
			status = "PartialData"
		}
		results = append(results, cbor.Map{"Id": q.(cbor.Map)["Id"], "StatusCode": cbor.String(status), "Timestamps": times, "Values": values})
	}
	page := cbor.Map{"MetricDataResults": results}
	if next.Before(end) {
		page["NextToken"] = cbor.String(next.Format(time.RFC3339))
	}
	return page
}

// checkAsked checks that what is asked for is kept, and of whom.
func (f *fakeCloudWatch) checkAsked(start time.Time, period time.Duration, metric cbor.Map) {
	kept := 15 * 24 * time.Hour
	if period == 5*time.Minute {
		kept = 63 * 24 * time.Hour
	}
	if today().Sub(start) >= kept {
		f.t.Errorf("datapoints of %s from %s are asked for", period, start)
	}
	for i, want := range []string{"chat", "blue"} {
		if got := metric["Dimensions"].(cbor.List)[i].(cbor.Map)["Value"]; got != cbor.String(want) {
			f.t.Errorf("dimension %v, want %s", got, want)
		}
	}
}

// rising is a load that rises and falls within two days.
func rising(at time.Time) float64 { return 500 + 400*math.Sin(float64(at.Unix())/27500) }

// fromCloudWatch runs a backtest by a fake.
func fromCloudWatch(t *testing.T, f *fakeCloudWatch, region string, args ...string) (code int, out, errs string) {
	t.Helper()
	f.t = t
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	none := filepath.Join(t.TempDir(), "none")
	for name, value := range map[string]string{
		"AWS_CONFIG_FILE": none, "AWS_SHARED_CREDENTIALS_FILE": none, "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_REGION": region, "AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
	} {
		t.Setenv(name, value)
	}
	var o, e bytes.Buffer
	args = append([]string{"backtest", "--from-cloudwatch", "chat/blue", "--peers", "none"}, args...)
	code = run(context.Background(), args, strings.NewReader(""), &o, &e, today)
	return code, strings.Join(strings.Fields(o.String()), " "), e.String()
}

// followed is a policy without a capacity.
func followed(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "scaling.yaml")
	write(t, path, `version: 1
targets:
- endpoint: chat
  variant: blue
  minCapacity: 1
  maxCapacity: 60
  targetTracking:
  - {metric: InvocationsPerInstance, targetValue: 70}
`)
	return path
}

func TestBacktestFromCloudWatch(t *testing.T) {
	gap := func(at time.Time) float64 {
		switch since := today().Sub(at); {
		case since > 50*time.Hour && since < 51*time.Hour, since > 10*time.Hour && since < 10*time.Hour+3*time.Minute:
			return math.NaN()
		}
		return rising(at)
	}
	saved := filepath.Join(t.TempDir(), "saved.csv")
	f := &fakeCloudWatch{values: map[string]func(time.Time) float64{"Invocations": gap}, refuses: []string{"ThrottlingException"}}
	code, out, errs := fromCloudWatch(t, f, "eu-west-3", "--policy", followed(t), "--instance-capacity", "100", "--days", "30", "--save-trace", saved)
	if code != exitDone || errs != "" {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, want := range []string{
		"chat/blue of chat/blue in CloudWatch: 43,1", "of which an instance serves 100 a minute",
		"had no datapoint: 60 of them, in gaps of more than five minutes, are taken for minutes without requests",
		"The first 21600 are older than 15 days",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
	file, err := os.Open(saved)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	load, err := trace.Read(saved, file)
	if err != nil || len(load.Requests) < 30*1440-15 || load.Requests[30000] != rising(load.Start.Add(30000*time.Minute)) {
		t.Errorf("saved %d minutes: %v", len(load.Requests), err)
	}
	if f.calls < 20 {
		t.Errorf("%d calls: the pages are not tried", f.calls)
	}
}

// Without a capacity it is estimated, as far as the history tells.
func TestBacktestEstimatesTheCapacity(t *testing.T) {
	used := func(at time.Time) float64 { return rising(at) / 1250 * 200 }
	all := map[string]func(time.Time) float64{"Invocations": rising, "InvocationsPerInstance": rising, "GPUUtilization": used}
	noGPU := map[string]func(time.Time) float64{"Invocations": rising, "InvocationsPerInstance": rising, "CPUUtilization": used}
	for _, c := range []struct {
		name   string
		values map[string]func(time.Time) float64
		args   []string
		want   string
	}{
		{"GPUs", all, []string{"--devices", "2"}, "By its GPUs an instance serves 1250 requests a minute (1250 to 1250 at 95 %)"},
		{"CPUs", noGPU, []string{"--devices", "2"}, "By its CPUs an instance serves 1250 requests"},
		{"number of devices not known", all, nil, "serves at least 900 requests a minute, because it did. How much more is not known: GPUUtilization is a sum"},
		{"number of devices wrong", all, []string{"--devices", "1"}, "GPUUtilization goes to 1"},
		{"no utilization", map[string]func(time.Time) float64{"Invocations": rising, "InvocationsPerInstance": rising}, []string{"--devices", "1"}, "CloudWatch has neither"},
		{"utilization does not tell", map[string]func(time.Time) float64{"Invocations": rising, "InvocationsPerInstance": rising, "GPUUtilization": func(time.Time) float64 { return 5 }},
			[]string{"--devices", "1"}, "the utilization does not tell the capacity: it was 5 % at most"},
		{"given by the user", all, []string{"--instance-capacity", "100"}, "of which an instance serves 100 a minute. Of "},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, errs := fromCloudWatch(t, &fakeCloudWatch{values: c.values}, "eu-west-3", append(c.args, "--policy", followed(t))...)
			if code != exitDone || !strings.Contains(out, c.want) {
				t.Errorf("exit %d, no %q in %s%s", code, c.want, out, errs)
			}
		})
	}
}

func TestBacktestFromCloudWatchFails(t *testing.T) {
	values := map[string]func(time.Time) float64{"Invocations": rising}
	throttled := []string{"Throttling", "Throttling", "Throttling", "Throttling", "Throttling"}
	for _, c := range []struct {
		name, region string
		f            fakeCloudWatch
		code         int
		want         string
	}{
		{"denied", "eu-west-3", fakeCloudWatch{refuses: []string{"AccessDenied"}}, exitFailed,
			"sagescale: these credentials lack the IAM action cloudwatch:GetMetricData\n"},
		{"none", "eu-west-3", fakeCloudWatch{}, exitInvalid,
			"sagescale: CloudWatch has no Invocations of endpoint chat, variant blue in eu-west-3 in the last 2 days\n"},
		{"no Region", "", fakeCloudWatch{values: values}, exitInvalid, "no Region is set: give --region, or AWS_REGION"},
		{"no capacity", "eu-west-3", fakeCloudWatch{values: values}, exitInvalid,
			"--instance-capacity is required: CloudWatch has no InvocationsPerInstance of chat/blue to estimate it by"},
		{"throttled for long", "eu-west-3", fakeCloudWatch{values: values, refuses: throttled}, exitFailed, "Throttling"},
	} {
		t.Run(c.name, func(t *testing.T) {
			saved := filepath.Join(t.TempDir(), "saved.csv")
			code, out, errs := fromCloudWatch(t, &c.f, c.region, "--policy", followed(t), "--days", "2", "--save-trace", saved)
			if code != c.code || !strings.Contains(errs, c.want) || out != "" || strings.Count(errs, "sagescale: ") != len(lines(errs)) {
				t.Errorf("exit %d: %s%s", code, out, errs)
			}
			if _, err := os.Stat(saved); err == nil {
				t.Error("a trace is left behind")
			}
		})
	}
}
