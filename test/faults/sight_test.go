package faults

import (
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
)

// sight is what a worker has been answered: the grounds on which it may act.
type sight struct {
	mu        *sync.Mutex
	evidence  map[string]*evidence
	endpoints map[string]described
	loaded    map[string]time.Time
	conflicts map[string]bool
}

// described is what SageMaker has last answered of an endpoint.
type described struct {
	at      time.Time
	status  string
	current map[string]int
	desired map[string]int
	times   int // how often it was asked
}

func newSight() sight {
	return sight{
		mu: &sync.Mutex{}, evidence: map[string]*evidence{}, endpoints: map[string]described{},
		loaded: map[string]time.Time{}, conflicts: map[string]bool{},
	}
}

func (s *sight) load(endpoint string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loaded[endpoint] = now
}

func (s *sight) conflict(resource string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conflicts[resource] = true
}

func (s *sight) describe(endpoint string, out *sagemaker.DescribeEndpointOutput, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := described{
		at: now, status: string(out.EndpointStatus), times: s.endpoints[endpoint].times + 1,
		current: map[string]int{}, desired: map[string]int{},
	}
	for _, v := range out.ProductionVariants {
		d.current[aws.ToString(v.VariantName)] = int(aws.ToInt32(v.CurrentInstanceCount))
		d.desired[aws.ToString(v.VariantName)] = int(aws.ToInt32(v.DesiredInstanceCount))
	}
	s.endpoints[endpoint] = d
}
