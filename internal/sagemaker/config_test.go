package sagemaker_test

import (
	"errors"
	"net/http"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sagemaker"

	"sagescale/internal/activity"
	"sagescale/internal/sagemaker"
)

// configs returns the adapter on the SDK's client for the server.
func (s *server) configs() *sagemaker.Configs {
	return sagemaker.NewConfigs(sdk.New(sdk.Options{Region: "us-east-1", BaseEndpoint: aws.String(s.URL), Retryer: aws.NopRetryer{}}))
}

func TestInitial(t *testing.T) {
	s := serve(t, ok(`{"EndpointConfigName": "c", "ProductionVariants": [
		{"VariantName": "AllTraffic", "InitialInstanceCount": 2}, {"VariantName": "serverless", "ServerlessConfig": {"MaxConcurrency": 1}}]}`))
	got, err := s.configs().Initial(bounded(t), "c")
	if err != nil || !reflect.DeepEqual(got, map[string]int{"AllTraffic": 2}) {
		t.Errorf("got %v, %v", got, err)
	}
	if calls := s.seen(); len(calls) != 1 || calls[0].Target != "SageMaker.DescribeEndpointConfig" || calls[0].Body != `{"EndpointConfigName":"c"}` {
		t.Errorf("calls %+v", calls)
	}
}

func TestInitialFails(t *testing.T) {
	s := serve(t, fault(http.StatusBadRequest, "ValidationException", "Could not find endpoint configuration"))
	if got, err := s.configs().Initial(bounded(t), "c"); err == nil || !errors.Is(err, activity.ErrNotFound) || got != nil {
		t.Errorf("got %v, %v", got, err)
	}
}
