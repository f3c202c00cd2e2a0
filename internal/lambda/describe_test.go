package lambda_test

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"sagescale/internal/lambda"
)

// describing answers with what Lambda says of a function, or fails.
type describing struct {
	out sdk.GetFunctionOutput
	err error
}

func (d describing) GetFunction(context.Context, *sdk.GetFunctionInput, ...func(*sdk.Options)) (*sdk.GetFunctionOutput, error) {
	return &d.out, d.err
}

func TestDescribe(t *testing.T) {
	full := sdk.GetFunctionOutput{
		Concurrency: &types.Concurrency{ReservedConcurrentExecutions: aws.Int32(0)},
		Configuration: &types.FunctionConfiguration{
			FunctionArn: aws.String("arn"), State: types.StateFailed, LastUpdateStatus: types.LastUpdateStatusSuccessful, StateReason: aws.String("no image"),
			LastUpdateStatusReason: aws.String("another"), Role: aws.String("role"), LoggingConfig: &types.LoggingConfig{LogGroup: aws.String("logs")},
			Environment: &types.EnvironmentResponse{Variables: map[string]string{"A": "b"}},
		},
	}
	for _, tt := range []struct {
		out  sdk.GetFunctionOutput
		want lambda.Function
	}{
		{full, lambda.Function{
			ARN: "arn", State: "Failed", Update: "Successful", Reason: "no image", Role: "role", Logs: "logs", Reserved: aws.Int(0), Environment: map[string]string{"A": "b"},
		}},
		{sdk.GetFunctionOutput{Configuration: &types.FunctionConfiguration{LastUpdateStatusReason: aws.String("late")}}, lambda.Function{Reason: "late"}},
	} {
		if got, err := lambda.New(describing{out: tt.out}, http.DefaultClient).Describe(t.Context(), "F"); err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("got %+v, %v", got, err)
		}
	}
}

func TestDescribeFails(t *testing.T) {
	for want, err := range map[string]error{
		lambda.ErrNoFunction.Error(): &types.ResourceNotFoundException{},
		"call GetFunction: slow":     errors.New("slow"),
		"has no configuration":       nil,
	} {
		if got, err := lambda.New(describing{err: err}, http.DefaultClient).Describe(t.Context(), "F"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %+v, %v, want %s", got, err, want)
		}
	}
}
