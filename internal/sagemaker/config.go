package sagemaker

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
)

// configs is what is used of SageMaker to read how endpoints are to be deployed.
type configs interface {
	DescribeEndpointConfig(context.Context, *sagemaker.DescribeEndpointConfigInput, ...func(*sagemaker.Options)) (*sagemaker.DescribeEndpointConfigOutput, error)
}

// Configs reads the configurations of endpoints.
type Configs struct{ client configs }

// NewConfigs returns Configs on a client: the SDK's, or what behaves like it.
func NewConfigs(client configs) *Configs { return &Configs{client} }

// Initial returns the number of instances that each variant of a configuration begins
// with, by its name. One that is not deployed by a number of instances is not there.
func (c *Configs) Initial(ctx context.Context, config string) (map[string]int, error) {
	out, err := c.client.DescribeEndpointConfig(ctx, &sagemaker.DescribeEndpointConfigInput{EndpointConfigName: &config})
	if err != nil {
		return nil, fmt.Errorf("call DescribeEndpointConfig: %w", classify(err))
	}
	initial := map[string]int{}
	for _, v := range out.ProductionVariants {
		if v.InitialInstanceCount != nil {
			initial[aws.ToString(v.VariantName)] = int(*v.InitialInstanceCount)
		}
	}
	return initial, nil
}
