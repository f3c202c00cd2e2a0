//go:build local

package contract

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"

	"sagescale/internal/activity"
	"sagescale/internal/sagemaker"
	"sagescale/internal/simulate"
	"sagescale/test/localaccount"
)

// endpoints is the port of package autoscaler.
type endpoints interface {
	Describe(ctx context.Context, endpoint string) (activity.Endpoint, error)
	SetCapacity(ctx context.Context, endpoint, variant string, instances int) error
}

// quota is how many instances an endpoint may have, where there is a limit.
const quota = 20

// endpointsSubject is the port and what is needed to test it.
type endpointsSubject struct {
	endpoints
	// create puts an endpoint in service; a variant that is Unsupported is made
	// serverless.
	create func(ctx context.Context, name string, variants ...activity.Variant) error
	// finish lets updates come to their end.
	finish func()
}

func simulatedEndpoints() implementation[endpointsSubject] {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	double := &simulate.SageMaker{
		Now:          func() time.Time { return now },
		Provisioning: 6 * time.Minute,
		ScaleIn:      2 * time.Minute,
		Quota:        func(time.Time) int { return quota },
	}
	return implementation[endpointsSubject]{name: "simulate", subject: endpointsSubject{
		endpoints: double,
		create: func(_ context.Context, name string, variants ...activity.Variant) error {
			double.Create(activity.Endpoint{Name: name, CreationTime: now.AddDate(0, -1, 0), Variants: variants})
			return nil
		},
		finish: func() {
			now = now.Add(10 * time.Minute)
			double.Advance()
		},
	}}
}

func motoEndpoints(account *localaccount.Account) implementation[endpointsSubject] {
	client := sdk.NewFromConfig(account.AWSConfig())
	return implementation[endpointsSubject]{
		name: "moto",
		subject: endpointsSubject{
			endpoints: sagemaker.New(client),
			create: func(ctx context.Context, name string, variants ...activity.Variant) error {
				return create(ctx, client, name, variants)
			},
			finish: func() {},
		},
		skip: map[string]string{
			"a busy endpoint refuses":          "moto carries an update out at once: an endpoint is never busy",
			"an account limit refuses":         "moto has no limits",
			"an update under way can be seen":  "moto carries an update out at once: an endpoint is never busy",
			"removed instances take some time": "moto carries an update out at once: an endpoint is never busy",
		},
	}
}

// create creates a model, a configuration and an endpoint of it.
func create(ctx context.Context, client *sdk.Client, name string, variants []activity.Variant) error {
	_, err := client.CreateModel(ctx, &sdk.CreateModelInput{
		ModelName:        &name,
		ExecutionRoleArn: aws.String("arn:aws:iam::" + localaccount.AccountID + ":role/model"),
		PrimaryContainer: &types.ContainerDefinition{Image: aws.String("image")},
	})
	if err != nil {
		return fmt.Errorf("create model: %w", err)
	}
	config := &sdk.CreateEndpointConfigInput{EndpointConfigName: &name}
	for _, v := range variants {
		p := types.ProductionVariant{ModelName: &name, VariantName: &v.Name, InitialVariantWeight: aws.Float32(1)}
		if v.Unsupported != "" {
			p.ServerlessConfig = &types.ProductionVariantServerlessConfig{MaxConcurrency: aws.Int32(5), MemorySizeInMB: aws.Int32(1024)}
		} else {
			p.InstanceType = types.ProductionVariantInstanceTypeMlM5Large
			p.InitialInstanceCount = aws.Int32(int32(v.Desired))
		}
		config.ProductionVariants = append(config.ProductionVariants, p)
	}
	if _, err := client.CreateEndpointConfig(ctx, config); err != nil {
		return fmt.Errorf("create endpoint configuration: %w", err)
	}
	_, err = client.CreateEndpoint(ctx, &sdk.CreateEndpointInput{EndpointName: &name, EndpointConfigName: &name})
	if err != nil {
		return fmt.Errorf("create endpoint: %w", err)
	}
	return nil
}

func endpointsBehaviours() []behaviour[endpointsSubject] {
	return []behaviour[endpointsSubject]{
		{"an unknown endpoint is not found", func(ctx context.Context, t *testing.T, s endpointsSubject, name string) {
			got, err := s.Describe(ctx, name)
			if !errors.Is(err, activity.ErrNotFound) || !reflect.DeepEqual(got, activity.Endpoint{}) {
				t.Errorf("got %+v, %v, want %v", got, err, activity.ErrNotFound)
			}
		}},
		{"describe shows status, variants and counts", func(ctx context.Context, t *testing.T, s endpointsSubject, name string) {
			s.put(ctx, t, name, counts("a", 2), counts("b", 5))
			got := s.see(ctx, t, name)
			if got.Name != name || got.Status != activity.InService {
				t.Errorf("got %+v", got)
			}
			wantCounts(t, got, inService("a", 2), inService("b", 5))
		}},
		{"the creation time stays", func(ctx context.Context, t *testing.T, s endpointsSubject, name string) {
			s.put(ctx, t, name, counts("a", 2))
			before := s.see(ctx, t, name).CreationTime
			s.set(ctx, t, name, "a", 3)
			after := s.see(ctx, t, name).CreationTime
			if before.IsZero() || before.Location() != time.UTC || !before.Equal(after) {
				t.Errorf("%s before an update, %s after it", before, after)
			}
		}},
		{"a serverless variant is unsupported", func(ctx context.Context, t *testing.T, s endpointsSubject, name string) {
			s.put(ctx, t, name, counts("a", 2), activity.Variant{Name: "b", Unsupported: "serverless"})
			got := s.see(ctx, t, name)
			a, _ := got.Variant("a")
			b, _ := got.Variant("b")
			if a.Unsupported != "" || b.Unsupported == "" {
				t.Errorf("got %+v", got.Variants)
			}
		}},
		{"an update changes the desired count of its variant alone", func(ctx context.Context, t *testing.T, s endpointsSubject, name string) {
			s.put(ctx, t, name, counts("a", 2), counts("b", 5))
			s.set(ctx, t, name, "a", 4)
			got := s.see(ctx, t, name)
			if a, _ := got.Variant("a"); a.Desired != 4 {
				t.Errorf("got %+v, want 4 desired", a)
			}
			if b, _ := got.Variant("b"); b != inService("b", 5) {
				t.Errorf("got %+v", b)
			}
		}},
		{"added instances come into service", func(ctx context.Context, t *testing.T, s endpointsSubject, name string) {
			s.put(ctx, t, name, counts("a", 2))
			s.set(ctx, t, name, "a", 7)
			s.finish()
			got := s.see(ctx, t, name)
			wantCounts(t, got, inService("a", 7))
			if got.Status != activity.InService {
				t.Errorf("status %s", got.Status)
			}
		}},
		{"removed instances go out of service", func(ctx context.Context, t *testing.T, s endpointsSubject, name string) {
			s.put(ctx, t, name, counts("a", 7))
			s.set(ctx, t, name, "a", 1)
			s.finish()
			wantCounts(t, s.see(ctx, t, name), inService("a", 1))
		}},
		{"an update under way can be seen", func(ctx context.Context, t *testing.T, s endpointsSubject, name string) {
			s.put(ctx, t, name, counts("a", 2))
			s.set(ctx, t, name, "a", 3)
			got := s.see(ctx, t, name)
			wantCounts(t, got, activity.Variant{Name: "a", Current: 2, Desired: 3})
			if got.Status != "Updating" {
				t.Errorf("status %s", got.Status)
			}
		}},
		{"removed instances take some time", func(ctx context.Context, t *testing.T, s endpointsSubject, name string) {
			s.put(ctx, t, name, counts("a", 3))
			s.set(ctx, t, name, "a", 2)
			if got := s.see(ctx, t, name); got.Status != "Updating" {
				t.Errorf("status %s", got.Status)
			}
		}},
		{"a busy endpoint refuses", func(ctx context.Context, t *testing.T, s endpointsSubject, name string) {
			s.put(ctx, t, name, counts("a", 2), counts("b", 2))
			s.set(ctx, t, name, "a", 3)
			for _, variant := range []string{"a", "b"} {
				refused(ctx, t, s, activity.ErrBusy, name, variant, 4)
			}
			s.finish()
			s.set(ctx, t, name, "b", 4)
		}},
		{"an account limit refuses", func(ctx context.Context, t *testing.T, s endpointsSubject, name string) {
			s.put(ctx, t, name, counts("a", 2), counts("b", 2))
			refused(ctx, t, s, activity.ErrLimitExceeded, name, "a", quota-1)
			s.set(ctx, t, name, "a", quota-2)
		}},
		{"an unknown variant is refused", func(ctx context.Context, t *testing.T, s endpointsSubject, name string) {
			s.put(ctx, t, name, counts("a", 2))
			refused(ctx, t, s, activity.ErrRefused, name, "c", 3)
		}},
		{"a count out of range is refused", func(ctx context.Context, t *testing.T, s endpointsSubject, name string) {
			s.put(ctx, t, name, counts("a", 2))
			for _, n := range []int{-1, 0, math.MaxInt32 + 1} {
				refused(ctx, t, s, activity.ErrRefused, name, "a", n)
			}
		}},
		{"an update of an unknown endpoint is not found", func(ctx context.Context, t *testing.T, s endpointsSubject, name string) {
			if err := s.SetCapacity(ctx, name, "a", 3); !errors.Is(err, activity.ErrNotFound) {
				t.Errorf("got %v, want %v", err, activity.ErrNotFound)
			}
		}},
	}
}

// counts is a variant to create.
func counts(name string, desired int) activity.Variant {
	return activity.Variant{Name: name, Desired: desired}
}

// inService is a variant whose instances all serve.
func inService(name string, n int) activity.Variant {
	return activity.Variant{Name: name, Current: n, Desired: n}
}

func (s endpointsSubject) put(ctx context.Context, t *testing.T, name string, variants ...activity.Variant) {
	t.Helper()
	if err := s.create(ctx, name, variants...); err != nil {
		t.Fatal(err)
	}
}

func (s endpointsSubject) see(ctx context.Context, t *testing.T, name string) activity.Endpoint {
	t.Helper()
	got, err := s.Describe(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (s endpointsSubject) set(ctx context.Context, t *testing.T, name, variant string, n int) {
	t.Helper()
	if err := s.SetCapacity(ctx, name, variant, n); err != nil {
		t.Fatal(err)
	}
}

func wantCounts(t *testing.T, got activity.Endpoint, want ...activity.Variant) {
	t.Helper()
	if !reflect.DeepEqual(got.Variants, want) {
		t.Errorf("got variants %+v, want %+v", got.Variants, want)
	}
}

// refused checks that an update is refused for that reason and changes nothing.
func refused(ctx context.Context, t *testing.T, s endpointsSubject, want error, name, variant string, n int) {
	t.Helper()
	before := s.see(ctx, t, name)
	if err := s.SetCapacity(ctx, name, variant, n); !errors.Is(err, want) {
		t.Errorf("%s to %d: got %v, want %v", variant, n, err, want)
	}
	if after := s.see(ctx, t, name); !reflect.DeepEqual(after, before) {
		t.Errorf("%s to %d: changed\nfrom %+v\nto   %+v", variant, n, before, after)
	}
}
