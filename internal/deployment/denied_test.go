package deployment_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/smithy-go"

	"sagescale/internal/deployment"
)

func TestDenied(t *testing.T) {
	call := func(service, code string) error {
		return fmt.Errorf("read: %w", &smithy.OperationError{
			ServiceID: service, OperationName: "Describe", Err: &smithy.GenericAPIError{Code: code},
		})
	}
	for _, tt := range []struct {
		err  error
		want string
	}{
		{call("SageMaker", "AccessDeniedException"), "sagemaker:Describe"},
		{call("CloudFormation", "AccessDenied"), "cloudformation:Describe"},
		{call("CloudWatch Logs", "AccessDeniedException"), "logs:Describe"},
		{call("EventBridge", "AccessDeniedException"), "events:Describe"},
		{call("Application Auto Scaling", "AccessDeniedException"), "application-autoscaling:Describe"},
		{call("SageMaker", "ValidationException"), ""},
		{&smithy.GenericAPIError{Code: "AccessDenied"}, ""},
		{errors.New("AccessDenied"), ""},
		{errors.Join(call("SageMaker", "ThrottlingException"), call("CloudWatch", "AccessDenied")), "cloudwatch:Describe"},
		{errors.Join(errors.New("slow"), fmt.Errorf("read: %w", errors.Join(call("DynamoDB", "AccessDeniedException")))), "dynamodb:Describe"},
		{nil, ""},
	} {
		if got, ok := deployment.Denied(tt.err); got != tt.want || ok != (tt.want != "") {
			t.Errorf("%v: got %q, %v, want %q", tt.err, got, ok, tt.want)
		}
	}
}
