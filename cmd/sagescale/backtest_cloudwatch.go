package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sagescale/internal/capacity"
	"sagescale/internal/cloudwatch"
	"sagescale/internal/deployment"
	"sagescale/internal/history"
	"sagescale/internal/policy"
	"sagescale/internal/report"
	"sagescale/internal/scaling"
	"sagescale/internal/trace"
)

// cloudWatchOptions are the flags for a load that is read from CloudWatch.
type cloudWatchOptions struct {
	from, save    string
	days, devices int
}

const (
	defaultDays = 14
	maxDevices  = 1024
)

func (o *cloudWatchOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.from, "from-cloudwatch", "", "read the load of a `target`, ENDPOINT/VARIANT, from CloudWatch, in place of --trace")
	f.IntVar(&o.days, "days", defaultDays, "`number` of days that --from-cloudwatch reads, 1 to 63")
	f.IntVar(&o.devices, "devices", 0, "`number` of GPUs of an instance, or of CPUs where it has none, to estimate its capacity by")
	f.StringVar(&o.save, "save-trace", "", "CSV `file` for the load that --from-cloudwatch reads")
}

// check refuses flags that make no sense.
func (o cloudWatchOptions) check(cmd *cobra.Command) error {
	for _, flag := range []string{"days", "devices", "save-trace", "profile", "region"} {
		if o.from == "" && cmd.Flags().Changed(flag) {
			return invalid(fmt.Errorf("--%s is for --from-cloudwatch, which is not given", flag))
		}
	}
	if o.from == "" {
		return nil
	}
	if _, err := parseVariant(o.from); err != nil {
		return invalid(fmt.Errorf("--from-cloudwatch %w", err))
	}
	return o.checkNumbers(cmd)
}

// checkNumbers refuses days and devices that there cannot be.
func (o cloudWatchOptions) checkNumbers(cmd *cobra.Command) error {
	if o.days < 1 || o.days > history.MaxDays {
		return invalid(fmt.Errorf("--days %d is not from 1 to %d, which is how long CloudWatch keeps datapoints of five minutes", o.days, history.MaxDays))
	}
	if cmd.Flags().Changed("devices") && (o.devices < 1 || o.devices > maxDevices) {
		return invalid(fmt.Errorf("--devices %d is not from 1 to %d", o.devices, maxDevices))
	}
	return nil
}

// account is where a load is read, at a time.
type account struct {
	metrics           *cloudwatch.Metrics
	region            string
	endpoint, variant string
	now               time.Time
}

// read reads the load of the variant that is named.
func (o cloudWatchOptions) read(ctx context.Context, in deployment.Account, served float64, now time.Time) (report.Backtest, float64, error) {
	a := account{metrics: in.Metrics, region: in.Region, now: now}
	a.endpoint, a.variant, _ = strings.Cut(o.from, "/")
	return o.load(ctx, a, served)
}

// load reads the load from an account. Without a capacity it is estimated. What must be
// known of both is in the notes of the run.
func (o cloudWatchOptions) load(ctx context.Context, a account, served float64) (report.Backtest, float64, error) {
	run := report.Backtest{Load: a.endpoint + "/" + a.variant + " in CloudWatch"}
	load, err := history.Read(ctx, a.metrics, a.endpoint, a.variant, o.days, a.now)
	if err != nil {
		return run, 0, a.explain(err, o.days)
	}
	run.Trace, run.Notes = load.Trace, []string{gaps(load)}
	if served == 0 {
		var note string
		if served, note, err = a.capacity(ctx, o.devices, min(o.days, fineDays)); err != nil {
			return run, 0, a.explain(err, o.days)
		}
		run.Notes = append(run.Notes, note)
	}
	if o.save != "" {
		err = saveTrace(o.save, load.Trace)
	}
	return run, served, err
}

// explain says what the user can do about an error, where something can be done.
func (a account) explain(err error, days int) error {
	if errors.Is(err, history.ErrNone) {
		return invalid(fmt.Errorf("CloudWatch has no Invocations of endpoint %s, variant %s in %s in the last %d days", a.endpoint, a.variant, a.region, days))
	}
	return err
}

// gaps says what of a load was not measured, by the minute or at all.
func gaps(l history.Load) string {
	text := fmt.Sprintf("Of %d minutes %d had no datapoint", len(l.Trace.Requests), l.Missing)
	if l.Missing > 0 {
		text += fmt.Sprintf(": %d of them, in gaps of more than five minutes, are taken for minutes without requests, the others for the mean of their neighbours", l.Zero)
	}
	if l.Coarse > 0 {
		text += fmt.Sprintf(". The first %d are older than 15 days, of which CloudWatch keeps five minutes together: these are spread evenly", l.Coarse)
	}
	return text + "."
}

// fineDays is how long CloudWatch keeps datapoints of a minute, a day left out.
const fineDays = 14

// loadTest is what every estimate ends with.
const loadTest = " Only a load test says what an instance serves in time: give it as --instance-capacity."

// capacity estimates what an instance serves in a minute, and says how.
func (a account) capacity(ctx context.Context, devices, days int) (float64, string, error) {
	const instances = "/aws/sagemaker/Endpoints"
	from := a.now.Add(-time.Duration(days) * 24 * time.Hour)
	ask := func(namespace, name, statistic string) scaling.Query {
		return scaling.Query{Metric: history.Metric(namespace, name, statistic, a.endpoint, a.variant), From: from}
	}
	all, err := a.metrics.Read(ctx, []scaling.Query{
		ask("AWS/SageMaker", policy.InvocationsPerInstance, "Sum"),
		ask(instances, "GPUUtilization", "Average"),
		ask(instances, "CPUUtilization", "Average"),
	}, a.now)
	if err != nil {
		return 0, "", fmt.Errorf("read the utilization: %w", err)
	}
	for _, series := range all {
		if series.Incomplete != "" {
			return 0, "", fmt.Errorf("read the utilization: %s", series.Incomplete)
		}
	}
	loads := values(all[0])
	used, device := all[1], "GPU"
	if len(used.Datapoints) == 0 {
		used, device = all[2], "CPU"
	}
	estimate, err := byUtilization(loads, values(used), device, devices)
	if err == nil {
		return estimate.Load, fmt.Sprintf("By its %ss an instance serves %.0f requests a minute (%.0f to %.0f at 95 %%): "+
			"there they would be used up, and requests wait before that. They were %.0f %% used at most.",
			device, estimate.Load, estimate.Low, estimate.High, 100*estimate.Busiest) + loadTest, nil
	}
	least := capacity.AtLeast(slices.Collect(maps.Values(loads)))
	if least == 0 {
		return 0, "", invalid(fmt.Errorf("--instance-capacity is required: CloudWatch has no InvocationsPerInstance of %s/%s to estimate it by", a.endpoint, a.variant))
	}
	return least, fmt.Sprintf("An instance serves at least %.0f requests a minute, because it did. How much more is not known: %s.", least, err) + loadTest, nil
}

// values are the datapoints by their minute, but for those that are no measurement.
func values(s scaling.Series) map[int64]float64 {
	out := map[int64]float64{}
	for _, d := range s.Datapoints {
		if d.Value >= 0 && !math.IsInf(d.Value, 0) {
			out[d.Time.Unix()/60] = d.Value
		}
	}
	return out
}

// byUtilization fits the utilization, in percent and summed over the devices of an
// instance, to the load of an instance.
func byUtilization(loads, used map[int64]float64, device string, devices int) (capacity.Estimate, error) {
	if len(used) == 0 {
		return capacity.Estimate{}, errors.New("CloudWatch has neither GPUUtilization nor CPUUtilization")
	}
	if devices == 0 {
		return capacity.Estimate{}, fmt.Errorf("%sUtilization is a sum over the %ss of an instance, whose number --devices must say", device, device)
	}
	var samples []capacity.Sample
	for _, minute := range slices.Sorted(maps.Keys(used)) {
		if used[minute] > 100*float64(devices)*1.01 {
			return capacity.Estimate{}, fmt.Errorf("%sUtilization goes to %.0f %%, which %d of them cannot: look at --devices", device, used[minute], devices)
		}
		if load, ok := loads[minute]; ok {
			samples = append(samples, capacity.Sample{Block: int(minute / 60), Load: load, Utilization: used[minute] / 100 / float64(devices)})
		}
	}
	return capacity.ByUtilization(samples)
}

// saveTrace writes the load to a file.
func saveTrace(path string, t trace.Trace) error {
	file, err := create(path)
	if err != nil {
		return err
	}
	defer file.Discard()
	if err := trace.Write(file, t); err != nil {
		return err
	}
	return file.Commit()
}
