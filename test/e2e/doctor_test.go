//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"sagescale/internal/doctor"
)

// The endpoints of the examination: one that is well, and one that does not exist.
const (
	examined = "E2E-examined"
	missing  = "e2e-missing"
)

// A deployment that is well has no problem, and three faults that are planted are found,
// each with what to do.
func TestDoctorFindsWhatIsWrong(t *testing.T) {
	s := newStage(t)
	s.createEndpoint(t, examined, 2)
	if err := s.account.Bootstrap(t.Context()); err != nil {
		t.Fatal(err)
	}
	target := func(endpoint string) string {
		return "- endpoint: " + endpoint + "\n  variant: AllTraffic\n  minCapacity: 2\n  maxCapacity: 4\n" +
			"  targetTracking:\n  - {metric: InvocationsPerInstance, targetValue: 700}\n" +
			"  scheduledActions:\n  - {name: morning, schedule: cron(0 8 * * ? *), timezone: Europe/Paris, minCapacity: 2, maxCapacity: 4}\n"
	}
	well := s.writePolicy(t, "well.yaml", "version: 1\ntargets:\n"+target(examined))
	s.deploy(t, well)
	s.serve(t, examined, func(time.Duration) float64 { return 1000 })
	within(t, 4*time.Minute, func() (bool, string) {
		r, text := s.examine(t, "--policy", well)
		return r.Summary.Problems == 0 && says(r, doctor.OK, "every target was evaluated"), text
	})

	s.deploy(t, s.writePolicy(t, "ill.yaml", "version: 1\ntargets:\n"+target(examined)+target(missing)))
	s.stop(t)
	s.register(t)
	r, text := s.examine(t, "--policy", well)
	for _, want := range []string{
		"its reserved concurrency is 0", "There is no endpoint " + missing, "Application Auto Scaling scales the variant too",
		"the file removes " + missing + "/AllTraffic",
	} {
		if !says(r, doctor.Problem, want) {
			t.Errorf("no problem is %q", want)
		}
	}
	t.Log(text)
}

// says reports whether a finding of a level says something.
func says(r doctor.Report, l doctor.Level, what string) bool {
	return slices.ContainsFunc(r.Findings, func(f doctor.Finding) bool { return f.Level == l && strings.Contains(f.What, what) })
}

// examine runs doctor and returns its report, and what it says to a person.
func (s *stage) examine(t *testing.T, args ...string) (doctor.Report, string) {
	t.Helper()
	var r doctor.Report
	if err := json.Unmarshal(s.doctor(t, append(args, "--format", "json")...), &r); err != nil {
		t.Fatal(err)
	}
	return r, string(s.doctor(t, append(args, "--verbose")...))
}

// doctor runs doctor, which may fail by what it finds.
func (s *stage) doctor(t *testing.T, args ...string) []byte {
	t.Helper()
	command := filepath.Join(s.dir, "sagescale")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", command, "sagescale/cmd/sagescale").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), command, append([]string{"doctor", "--stack", stack}, args...)...)
	cmd.Env = s.account.Env()
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		t.Fatalf("%v: %s", err, out)
	}
	return out
}

// stop is the emergency stop of the README.
func (s *stage) stop(t *testing.T) {
	t.Helper()
	_, err := lambda.NewFromConfig(s.account.AWSConfig()).PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{
		FunctionName: aws.String(s.output(t, "ScheduleFunction")), ReservedConcurrentExecutions: aws.Int32(0),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// register registers the variant with Application Auto Scaling.
func (s *stage) register(t *testing.T) {
	t.Helper()
	client := applicationautoscaling.NewFromConfig(s.account.AWSConfig(), func(o *applicationautoscaling.Options) {
		o.BaseEndpoint = &s.account.SageMakerEndpoint
	})
	_, err := client.RegisterScalableTarget(t.Context(), &applicationautoscaling.RegisterScalableTargetInput{
		ServiceNamespace: aastypes.ServiceNamespaceSagemaker, ScalableDimension: aastypes.ScalableDimensionSageMakerVariantDesiredInstanceCount,
		ResourceId: aws.String("endpoint/" + examined + "/variant/AllTraffic"), MinCapacity: aws.Int32(1), MaxCapacity: aws.Int32(4),
	})
	if err != nil {
		t.Fatal(err)
	}
}
