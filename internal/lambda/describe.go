package lambda

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// ErrNoFunction says that there is no function of a name.
var ErrNoFunction = errors.New("there is no such function")

// Function is what Lambda says of a function. State is Active where it can be invoked, and
// Update Successful where its last change is in force; Reason says why they are otherwise.
// Reserved is the concurrency that is kept for it, nil where it takes its share of the
// account's: 0 keeps it from ever running. Role is an ARN, Logs the name of its log group.
type Function struct {
	ARN, State, Update, Reason, Role, Logs string
	Reserved                               *int
	Environment                            map[string]string
}

// Describe returns what Lambda says of a function. ErrNoFunction says that there is none of
// the name.
func (f *Functions) Describe(ctx context.Context, function string) (Function, error) {
	out, err := f.client.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &function})
	if _, none := errors.AsType[*types.ResourceNotFoundException](err); none {
		return Function{}, ErrNoFunction
	}
	if err != nil {
		return Function{}, fmt.Errorf("call GetFunction: %w", err)
	}
	c := out.Configuration
	if c == nil {
		return Function{}, errors.New("call GetFunction: the answer has no configuration")
	}
	described := Function{
		ARN:    aws.ToString(c.FunctionArn),
		State:  string(c.State),
		Update: string(c.LastUpdateStatus),
		Reason: firstText(c.StateReason, c.LastUpdateStatusReason),
		Role:   aws.ToString(c.Role),
	}
	if c.LoggingConfig != nil {
		described.Logs = aws.ToString(c.LoggingConfig.LogGroup)
	}
	if c.Environment != nil {
		described.Environment = c.Environment.Variables
	}
	if out.Concurrency != nil && out.Concurrency.ReservedConcurrentExecutions != nil {
		described.Reserved = aws.Int(int(*out.Concurrency.ReservedConcurrentExecutions))
	}
	return described, nil
}

// firstText returns the first text that there is.
func firstText(all ...*string) string {
	for _, s := range all {
		if aws.ToString(s) != "" {
			return *s
		}
	}
	return ""
}
